"""Answers to the exercises of chapter 18: right ones, each written twice, and mistakes."""

import numpy as np
import torch
import torch.nn.functional as F

from stlib.joint_filter import joint_filter


def films(flip=(0, 1, 0, 0, 0), rest=(1, 0, 0, 0, 2), bar=(1, 0, 0, 1 / 2, 1)):
    return {"flip": flip, "rest": rest, "bar": bar}


def one_convolution(clip, spatial, temporal, coefficients):
    whole = joint_filter(spatial, temporal, coefficients)
    return F.conv3d(clip, whole, padding=[width // 2 for width in whole.shape[2:]])


def by_groups(clip, spatial, temporal, coefficients, order="imn", pad=True, flip=False, relu=False):
    """Spatial atoms, temporal atoms and coefficients as three grouped convolutions."""
    if flip:
        spatial, temporal = spatial.flip(1, 2), temporal.flip(1)
    inputs, (m, *sides), time = clip.shape[1], spatial.shape, temporal.shape[1]
    of_space = spatial[:, None, None].repeat(inputs, 1, 1, 1, 1)
    of_time = temporal[:, None, :, None, None].repeat(inputs * m, 1, 1, 1, 1)
    z = F.conv3d(clip, of_space, padding=(0, *(s // 2 for s in sides)), groups=inputs)
    if relu:
        z = z.relu()
    y = F.conv3d(z, of_time, padding=(pad * (time // 2), 0, 0), groups=inputs * m)
    axes = {"imn": (0, 1, 2, 3), "inm": (0, 1, 3, 2), "mni": (0, 2, 3, 1)}[order]
    mix = coefficients.permute(axes).reshape(len(coefficients), -1)
    return F.conv3d(y, mix[..., None, None, None])


def by_einsum(clip, spatial, temporal, coefficients, turn="oimn"):
    """Windows instead of convolutions, temporal atoms first."""
    (_, _, frames, rows, columns), (_, high, wide) = clip.shape, spatial.shape
    time = temporal.shape[1]
    wide_clip = F.pad(clip, [wide // 2] * 2 + [high // 2] * 2 + [time // 2] * 2)
    y = torch.stack([wide_clip[:, :, t : t + frames] for t in range(time)], dim=-1) @ temporal.T
    windows = y.unfold(3, high, 1).unfold(4, wide, 1)  # [b, i, t, r, s, n, h, w]
    assert windows.shape[3:5] == (rows, columns)
    return torch.einsum(f"{turn},bitrsnhw,mhw->botrs", coefficients, windows, spatial)


def slid(alpha, times=1):
    """Energies of a long film and its mirror image."""
    atoms = torch.tensor([[0.0, 1, 0], [-1, 0, 1]]).double()
    detector = joint_filter(atoms[:, None], atoms, torch.tensor(alpha).double()[None, None])[0, 0]
    film = torch.zeros(3, 1, 9).double()
    film[[0, 1, 2], 0, [3, 4, 5]] = 1
    right, left = (
        F.conv2d(each[:, 0][None, None], detector[:, 0][None, None]).square().sum()
        for each in (film, film.flip(2))
    )
    return times * float(right - left)


def by_formula(alpha, sign=1, factor=8):
    (p, q), (r, s) = alpha
    return factor * (p * s - sign * q * r)


def first_paying(m, n, k, t, atoms=lambda m, n, k, t: m * k * k + m * n * t, strict=1):
    saved = k * k * t - m * n
    return 0 if saved <= 0 else (atoms(m, n, k, t) + (0 if strict else -1)) // saved + 1


def tried(m, n, k, t):
    return next(
        (c for c in range(1, 9999) if m * k**2 + m * n * t + m * n * c < k**2 * t * c), 0
    )  # fmt: skip


def one_place_a_pair(m, n, channels=(27, 1)):
    """Every pair of channels looks at another place."""
    return torch.eye(27).reshape(*channels, 3, 3, 3)


def orthonormal(m, n):
    generator = torch.Generator().manual_seed(0)
    square = torch.linalg.qr(torch.randn(27, 27, generator=generator, dtype=torch.float64)).Q
    return square.reshape(9, 3, 3, 3, 3)


# Two right answers an exercise.
RIGHT = {
    "18-hand": [films(), {name: np.array(row) for name, row in films().items()}],
    "18-code": [by_groups, by_einsum, one_convolution],
    "18-prove": [by_formula, slid],
    "18-measure": [first_paying, tried],
    "18-break": [one_place_a_pair, orthonormal],
}

# The most numbers a counterexample may hold, and the mistakes it meets.
WRONG = {
    "18-hand": (
        1,
        {
            "time down the rows": films(flip=(0, 0, 1, 0, 0)),
            "not divided by the lengths": films(bar=(1, 0, 0, 2, 1)),
            "three frames": films(rest=(3, 0, 0, 0, 2)),
            "nothing left": films(bar=(1, 0, 0, 1 / 2, 0)),
            "the length": films(rest=(1, 0, 0, 0, 2**0.5)),
            "exact": films(bar=(1, 0, 0, 1, 0)),
            "four numbers": films(bar=(1, 0, 0, 1 / 2)),
        },
    ),
    "18-code": (
        30,
        {
            "other order": lambda *a: by_groups(*a, order="inm"),
            "inputs last": lambda *a: by_groups(*a, order="mni"),
            "no padding in time": lambda *a: by_groups(*a, pad=False),
            "flipped": lambda *a: by_groups(*a, flip=True),
            "ReLU between": lambda *a: by_groups(*a, relu=True),
            "the first atoms alone": lambda x, s, t, a: by_groups(x, s[:1], t[:1], a[:, :, :1, :1]),
            "a sum of halves": lambda x, s, t, a: (
                by_groups(x, s, t[:, t.shape[1] // 2, None], a)
                + by_groups(x, s[:, :1, s.shape[2] // 2, None], t, a)
            ),
        },
    ),
    "18-prove": (
        4,
        {
            "permanent": lambda alpha: by_formula(alpha, sign=-1),
            "four": lambda alpha: by_formula(alpha, factor=4),
            "diagonal": lambda alpha: 8 * alpha[0][0] * alpha[1][1],
            "to the left": lambda alpha: -by_formula(alpha),
            "its size": lambda alpha: abs(by_formula(alpha)),
            "one energy": lambda alpha: sum(e * e for row in alpha for e in row),
            "nothing": lambda alpha: 0,
        },
    ),
    "18-measure": (
        4,
        {
            "no atoms": lambda m, n, k, t: first_paying(m, n, k, t, lambda *_: 0),
            "temporal first": lambda *a: first_paying(*a, lambda m, n, k, t: n * t + m * n * k * k),
            "N t": lambda *a: first_paying(*a, lambda m, n, k, t: m * k * k + n * t),
            "equal is fewer": lambda *a: first_paying(*a, strict=0),
            "never refused": lambda m, n, k, t: (m * k * k + m * n * t) // (k * k * t) + 1,
            "one too few": lambda *a: first_paying(*a) - 1,
        },
    ),
    "18-break": (
        2,
        {
            "a bar": lambda m, n: torch.eye(3).double()[None, None, :, None].expand(1, 1, 3, 3, 3),
            "by chance": lambda m, n: torch.randn(
                32, 32, 3, 3, 3, generator=torch.Generator().manual_seed(0)
            ),
            "one place": lambda m, n: one_place_a_pair(m, n)[:1],
            "all ones": lambda m, n: torch.ones(8, 8, 3, 3, 3),
            "two dimensions": lambda m, n: torch.eye(9).reshape(9, 1, 3, 3),
            "most of the places": lambda m, n: one_place_a_pair(m, n)[:26],
        },
    ),
}
