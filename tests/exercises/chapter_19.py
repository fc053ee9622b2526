"""Answers to the exercises of chapter 19: right ones, each written twice, and mistakes."""

from functools import partial

import numpy as np
import torch

# What the letters of an unfolding say: rows | columns.
RIGHT_WAY = ((3, 0), (2, 1))  # (n, output) | (m, input)


def unfolded(alpha, rows, columns):
    return alpha.permute(*rows, *columns).flatten(2).flatten(0, 1)


def split_by_svd(alpha, spare=0, root=True, at_least=1, least=1e-9):
    """Singular vectors; the keywords make mistakes."""
    outputs, inputs, m, n = alpha.shape
    u, s, v = torch.linalg.svd(unfolded(alpha, *RIGHT_WAY), full_matrices=False)
    kept = min(len(s), max(at_least, int((s > least).sum()) + spare))
    strong = s[:kept].sqrt() if root else s[:kept]
    nu, mu = u[:, :kept] * strong, strong[:, None] * v[:kept]
    return mu.reshape(kept, m, inputs).transpose(1, 2), nu.reshape(n, outputs, kept).movedim(0, 2)


def split_by_columns(alpha):
    """The first columns of A that are independent, and how they make the others."""
    outputs, inputs, m, n = alpha.shape
    a = unfolded(alpha, *RIGHT_WAY).numpy()
    chosen = []
    for place in range(a.shape[1]):
        if np.linalg.matrix_rank(a[:, [*chosen, place]]) > len(chosen):
            chosen.append(place)
    if not chosen:
        return np.zeros((1, inputs, m)), np.zeros((outputs, 1, n))
    nu = a[:, chosen]
    mu = np.linalg.lstsq(nu, a, rcond=None)[0]
    return (
        mu.reshape(-1, m, inputs).transpose(0, 2, 1),
        nu.reshape(n, outputs, -1).transpose(1, 2, 0),
    )


def split_through_inputs(alpha):
    """Every input and spatial atom a channel of its own: exact, and as many as there are."""
    outputs, inputs, m, n = alpha.shape
    nu = alpha.permute(0, 1, 2, 3).reshape(outputs, inputs * m, n)
    mu = torch.eye(inputs * m).double().reshape(inputs * m, inputs, m)
    return mu, nu


def split_of_pairs(alpha):
    """A rank 1 for every pair of channels: what the name says."""
    u, s, v = torch.linalg.svd(alpha.transpose(2, 3), full_matrices=False)
    nu = u[..., 0] * s[..., :1]  # [output, input, n]
    inputs, m = alpha.shape[1:3]
    mu = torch.zeros(inputs, inputs, m).double()
    mu[range(inputs), range(inputs)] = v[0, :, 0]
    return mu, nu


def split_crosswise(alpha):
    """Atoms of space with the outputs, of time with the inputs, read as if they were not."""
    outputs, inputs, m, n = alpha.shape
    u, s, v = torch.linalg.svd(unfolded(alpha, (3, 0), (1, 2)), full_matrices=False)
    kept = max(1, int((s > 1e-9).sum()))
    return (s[:kept, None] * v[:kept]).reshape(kept, m, inputs).transpose(1, 2), u[
        :, :kept
    ].reshape(n, outputs, kept).movedim(0, 2)


def dimension_by_steps(outputs, inputs, between, m, n):
    """Stored less idle, with no more channels than can be told apart."""
    rows, columns = outputs * n, inputs * m
    used = sorted((between, rows, columns))[0]
    return rows * used + used * columns - used**2


def dimension_by_echelon(outputs, inputs, between, m, n):
    """Row by row: independent ones are free, each other one is a mixture of them."""
    rows, columns = outputs * n, inputs * m
    used = min(between, rows, columns)
    return sum(columns if row < used else used for row in range(rows))


def lost_by_svd(alpha, between, power=2, way=RIGHT_WAY, of="all", shift=0):
    s = torch.linalg.svdvals(unfolded(alpha, *way)) ** power
    whole = s.sum() if of == "all" else s[:between].sum()
    return float(s[between + shift :].sum() / whole)


def lost_by_projection(alpha, between):
    """What a projection onto the strongest eigenvectors of A Aᵀ leaves."""
    a = alpha.permute(3, 0, 2, 1).reshape(alpha.shape[3] * alpha.shape[0], -1).numpy()
    _, vectors = np.linalg.eigh(a @ a.T)
    kept = vectors[:, ::-1][:, :between]
    return float(((a - kept @ (kept.T @ a)) ** 2).sum() / (a**2).sum())


def clip_by_sign(mu, nu):
    """Some clip that the two halves answer, or its negative."""
    for x in torch.eye(mu.shape[1]).double():
        for clip in (x, -x):
            if not torch.allclose(nu @ (mu @ clip).relu(), nu @ mu @ clip):
                return clip
    return torch.zeros(mu.shape[1])


def clip_of_the_product(mu, nu):
    """A row of the product is a clip that is answered; one of its two signs is enough."""
    product = (nu @ mu).numpy()
    x = product[int(np.abs(product).sum(1).argmax())]
    bent = nu.numpy() @ np.maximum(mu.numpy() @ x, 0)
    return list(-x if np.allclose(bent, product @ x) else x)


# Two right answers an exercise.
RIGHT = {
    "19-hand": [((2, 2), (1, 4)), ([2.0, 2], torch.tensor([1, 4]))],
    "19-code": [split_by_svd, split_by_columns],
    "19-prove": [dimension_by_steps, dimension_by_echelon],
    "19-measure": [lost_by_svd, lost_by_projection],
    "19-break": [clip_by_sign, clip_of_the_product],
}

# The most numbers a counterexample may hold, and the mistakes it meets.
WRONG = {
    "19-hand": (
        0,
        {
            "the name taken at its word": ((1, 2), (1, 2)),
            "as many as pairs have rank": ((2, 2), (1, 1)),
            "enough for all": ((2, 4), (1, 4)),
            "channels": ((2, 2), (1, 2)),
        },
    ),
    "19-code": (
        36,
        {
            "rank 1 for every pair": split_of_pairs,
            "one channel each": split_through_inputs,
            "one too many": partial(split_by_svd, spare=1),
            "one too few": partial(split_by_svd, spare=-1),
            "strength twice": partial(split_by_svd, root=False),
            "crosswise": split_crosswise,
        },
    ),
    "19-prove": (
        5,
        {
            "stored": lambda o, i, b, m, n: b * (n * o + m * i),
            "the other way round": lambda o, i, b, m, n: dimension_by_steps(o, i, b, n, m),
            "no end": lambda o, i, b, m, n: b * (n * o + m * i - b),
            "joint": lambda o, i, b, m, n: m * n * o * i,
            "scales only": lambda o, i, b, m, n: min(b, n * o, m * i) * (n * o + m * i - 1),
            "at C'' = C": lambda o, i, b, m, n: (m + n - 1) * o * i,
        },
    ),
    "19-measure": (
        13,
        {
            "lengths": partial(lost_by_svd, power=1),
            "of what is kept": partial(lost_by_svd, of="kept"),
            "pairs": partial(lost_by_svd, way=((0, 1), (2, 3))),
            "crosswise": partial(lost_by_svd, way=((2, 0), (3, 1))),
            "one fewer": partial(lost_by_svd, shift=-1),
            "kept": lambda alpha, between: 1 - lost_by_svd(alpha, between),
        },
    ),
    "19-break": (
        8,
        {
            "darkness": lambda mu, nu: torch.zeros(mu.shape[1]),
            "light": lambda mu, nu: torch.ones(mu.shape[1]),
            "against the first channel": lambda mu, nu: -mu[0],
            "one sign only": lambda mu, nu: (nu @ mu)[0],
        },
    ),
}
