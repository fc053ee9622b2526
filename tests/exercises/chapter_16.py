"""Answers to the exercises of chapter 16: right ones, each written twice, and mistakes."""

from functools import partial

import numpy as np
import torch
import torch.nn.functional as F

from stlib.cells import MKLSTM
from stlib.cells.mk_lstm import Memories


def step_written(x, h, memories, gates, looks, mix, look="new", own=False, cat=True):
    """Eq. 3 with every map apart; the keywords make mistakes."""
    out, total, new = h.shape[1], 0, []
    for c, weight, see in zip(memories, gates, looks, strict=True):
        of_x, of_h = weight[:, : x.shape[1]], weight[:, x.shape[1] :]
        maps = F.conv2d(x, of_x, padding="same") + F.conv2d(h, of_h, padding="same")
        i, f, g, o = (maps[:, k * out : (k + 1) * out] for k in range(4))
        after = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        total = (o if own else total + o) + F.conv2d(c if look == "old" else after, see,
                                                     padding="same") * (look != "none")  # fmt: skip
        new.append(after)
    mixed = sum(F.conv2d(c, w) for c, w in zip(new, mix.split(out, dim=1), strict=True))
    return torch.sigmoid(total) * torch.tanh(mixed), new


def step_of_the_package(x, h, memories, gates, looks, mix):
    unit = MKLSTM(x.shape[1], h.shape[1], tuple(w.shape[-1] for w in gates), biases=1).double()
    with torch.no_grad():
        for weight in unit.parameters():
            weight.zero_()
        for mine, theirs in zip((*unit.gates, *unit.looks), (*gates, *looks), strict=True):
            mine.weight[:, :, mine.weight.shape[2] // 2] = theirs[:, :, 0]
        unit.mix.weight.copy_(mix)
        h, state, _ = unit(x, Memories(h, tuple(memories)))
    return h, list(state.c)


def mixed_first(x, h, memories, gates, looks, mix):
    """tanh of each memory, then the mix."""
    _, new = step_written(x, h, memories, gates, looks, mix)
    gate = sum(
        F.conv2d(torch.cat([x, h], 1), w, padding="same").chunk(4, 1)[3]
        + F.conv2d(c, see, padding="same")
        for c, w, see in zip(new, gates, looks, strict=True)
    )
    return gate.sigmoid() * F.conv2d(torch.cat(new, 1).tanh(), mix), new


def turned(x, h, memories, gates, looks, mix):
    """The memories in the other order where they are mixed."""
    _, new = step_written(x, h, memories, gates, looks, mix)
    out = h.shape[1]
    other = torch.cat(mix.split(out, dim=1)[::-1], dim=1)
    return step_written(x, h, memories, gates, looks, other)[0], new


def in_place(x, h, memories, gates, looks, mix):
    new_h, new = step_written(x, h, memories, gates, looks, mix)
    for k, c in enumerate(new):
        memories[k] = c
    return new_h, new


def raster_by_arrays(error, patch):
    error = error.numpy()
    across, inside = [], []
    for axis in (3, 4):
        steps = np.diff(error, axis=axis) ** 2
        where = (np.arange(steps.shape[axis]) + 1) % patch == 0
        across.append(np.compress(where, steps, axis).ravel())
        inside.append(np.compress(~where, steps, axis).ravel())
    return float(np.concatenate(across).mean() / np.concatenate(inside).mean())


def raster_by_masks(error, patch, shift=0, power=2, both=True, mean=True):
    sums = {True: [0.0, 0], False: [0.0, 0]}
    for axis in (-1, -2) if both else (-1,):
        size = error.shape[axis]
        for k in range(size - 1):
            step = error.select(axis, k + 1) - error.select(axis, k)
            border = (k + 1 + shift) % patch == 0
            sums[border][0] += float((step.abs() ** power).sum())
            sums[border][1] += step.numel()
    a, b = ((total / count if mean else total) for total, count in (sums[True], sums[False]))
    return a / b


def frames_by_hand(r):
    """A bright pixel far off, and another beside the pixel, to be let through."""
    dark = [0] * (3 * r + 2)
    dark[2 * r + 1] = 1
    return [1, *dark[1:]], dark, 2 * r


def frames_all_bright(r):
    ones = torch.ones(4 * r + 1)
    other = ones.clone()
    other[0] = 0
    return ones, other, r + 1


def frames_alone(r):
    return [1] + [0] * (4 * r), [0] * (4 * r + 1), 2 * r


# Two right answers an exercise.
RIGHT = {
    "16-hand": [
        ([3, 5, 9], [11, 13, 17]),
        (np.array([3, 5, 9]), torch.tensor([11.0, 13.0, 17.0])),
    ],
    "16-code": [step_written, step_of_the_package],
    "16-prove": [
        lambda radii, layers, lag: 2 * max(radii) * (layers + lag),
        lambda radii, layers, lag: sum(2 * max(radii) for _ in range(layers + lag)),
    ],
    "16-measure": [raster_by_arrays, raster_by_masks],
    "16-break": [frames_by_hand, frames_all_bright],
}

# The most numbers a counterexample may hold, and the mistakes it meets.
WRONG = {
    "16-hand": (
        1,
        {
            "one convolution": ([3, 5, 5], [7, 9, 9]),
            "widths added": ([3, 5, 8], [11, 13, 16]),
            "one step only": ([3, 5, 9], [3, 5, 9]),
            "both kernels in a row": ([3, 5, 13], [11, 13, 17]),
            "memory sees the gate's": ([3, 5, 9], [9, 9, 17]),
        },
    ),
    "16-code": (
        60,
        {
            "looks at old memories": partial(step_written, look="old"),
            "looks at none": partial(step_written, look="none"),
            "last kernel's gate": partial(step_written, own=True),
            "tanh before the mix": mixed_first,
            "mixed in the other order": turned,
            "no mix": lambda x, h, m, g, k, w: (
                step_written(x, h, m, g, k, w)[0] * 0,
                step_written(x, h, m, g, k, w)[1],
            ),
            "input changed": in_place,
        },
    ),
    "16-prove": (
        5,
        {
            "one convolution a unit": lambda radii, n, k: max(radii) * (n + k),
            "all radii": lambda radii, n, k: 2 * sum(radii) * (n + k),
            "widths": lambda radii, n, k: (4 * max(radii) + 1) * (n + k),
            "no time": lambda radii, n, k: 2 * max(radii) * n,
            "slower in time": lambda radii, n, k: 2 * max(radii) * n + max(radii) * k,
            "the last kernel": lambda radii, n, k: 2 * radii[-1] * (n + k),
        },
    ),
    "16-measure": (
        13,
        {
            "grid one further": partial(raster_by_masks, shift=1),
            "absolute": partial(raster_by_masks, power=1),
            "sums": partial(raster_by_masks, mean=False),
            "turned round": lambda error, patch: 1 / (raster_by_masks(error, patch) + 1e-9),
        },
    ),
    "16-break": (
        1,
        {
            "nothing to say": frames_alone,
            "near": lambda r: ([1] * 3, [0, 1, 1], 1),
            "too far": lambda r: ([1] + [1] * (4 * r + 2), [0] + [1] * (4 * r + 2), 2 * r + 1),
            "two pixels": lambda r: ([1] * (4 * r + 1), [0, 0] + [1] * (4 * r - 1), r + 1),
            "brightness": lambda r: ([2] + [1] * (4 * r), [1] * (4 * r + 1), r + 1),
        },
    ),
}
