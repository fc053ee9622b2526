"""Answers to the exercises of chapter 8: right ones, each written twice, and mistakes."""

import numpy as np
import torch


def cut_twice(tensor, ranks, keep=lambda number, rank: slice(rank), strengths=True):
    """From the right; `keep` says which terms, `strengths` whether they are multiplied in."""
    rows, columns, frames = tensor.shape
    rest, width, cores = tensor.reshape(-1, frames), frames, []
    for rank in ranks[::-1]:
        u, s, v = torch.linalg.svd(rest, full_matrices=False)
        kept = keep(len(s), rank)
        cores.insert(0, v[kept].reshape(-1, *([columns] if cores else []), width))
        left = u[:, kept] * (s[kept] if strengths else 1)
        rest, width = left.reshape(rows, -1), len(v[kept])
    return rest, *cores


def train_by_gram(tensor, ranks):
    """Eigenvectors of Gram matrices, in numpy."""
    array = tensor.numpy()
    rows, columns, frames = array.shape
    last = array.reshape(-1, frames)
    third = np.linalg.eigh(last.T @ last)[1][:, ::-1][:, : ranks[1]].T
    rest = (last @ third.T).reshape(rows, -1)
    right = np.linalg.eigh(rest.T @ rest)[1][:, ::-1][:, : ranks[0]].T
    return [rest @ right.T, right.reshape(-1, columns, len(third)).tolist(), third]


def train_from_the_left(tensor, ranks):
    rows, columns, frames = tensor.shape
    u, s, v = torch.linalg.svd(tensor.reshape(rows, -1), full_matrices=False)
    first, rest = u[:, : ranks[0]], s[: ranks[0], None] * v[: ranks[0]]
    u, s, v = torch.linalg.svd(rest.reshape(-1, frames), full_matrices=False)
    second = u[:, : ranks[1]].reshape(first.shape[1], columns, -1)
    return first, second, s[: ranks[1], None] * v[: ranks[1]]


def strengths_twice(tensor, ranks):
    first, second, third = cut_twice(tensor, ranks)
    return first * torch.linalg.norm(first, dim=0), second, third


def crossed(tensor, ranks):
    """The middle core's axes in another order, then forced into shape."""
    first, second, third = cut_twice(tensor, ranks)
    return first, second.permute(0, 2, 1).reshape(second.shape), third


def bonds_by_svd(tensor, tolerance):
    widths, size = [], 1
    for length in tensor.shape[:-1]:
        size *= length
        s = torch.linalg.svdvals(tensor.reshape(size, -1))
        widths.append(
            next(r for r in range(len(s) + 1) if s[r:].norm() <= tolerance * tensor.norm())
        )
    return widths


def bonds_by_energy(tensor, tolerance):
    array = tensor.numpy()
    widths = []
    for cut in range(1, array.ndim):
        matrix = array.reshape(int(np.prod(array.shape[:cut])), -1)
        energies = np.sort(np.linalg.eigvalsh(matrix @ matrix.T))[::-1].clip(0)
        left = energies.sum() - np.cumsum(energies)
        widths.append(1 + int((left > tolerance**2 * energies.sum()).sum()))
    return np.array(widths)


def bonds_of_axes(tensor, tolerance):
    return [
        bonds_by_svd(tensor.movedim(axis, 0).reshape(tensor.shape[axis], -1), tolerance)[0]
        for axis in range(tensor.ndim - 1)
    ]


def strong_enough(tensor, tolerance):
    values = [
        torch.linalg.svdvals(tensor.reshape(int(np.prod(tensor.shape[:cut])), -1))
        for cut in range(1, tensor.ndim)
    ]
    return [int((s > tolerance * s[0]).sum()) for s in values]


def ranks_only(tensor, tolerance):
    return bonds_by_svd(tensor, 1e-9)


def one_row(width):
    """The first row holds ones; the order deals them out to the diagonal."""
    weights = [1] * width + [0] * (width**2 - width)
    rest = iter(range(width, width**2))
    order = [
        row if row == column else next(rest) for row in range(width) for column in range(width)
    ]
    return weights, order


def one_column(width):
    weights = torch.zeros(width, width)
    weights[:, 0] = torch.arange(1, width + 1)
    order = np.arange(width**2).reshape(width, width)
    for row in range(1, width):
        order[row, 0], order[row, row] = order[row, row], order[row, 0]
    return weights.flatten(), order.flatten()


HAND = ([[1], [3]], [[[1, 0], [2, 1]]], [[1, 0], [0, 1]])
ROTATED = (
    torch.tensor([[2.0], [6.0]]),
    np.array([[[0, 0.5], [0.5, 1]]]),
    [[0, 1], [1, 0]],
)


# Two right answers an exercise.
RIGHT = {
    "8-hand": [HAND, ROTATED],
    "8-code": [cut_twice, train_by_gram],
    "8-prove": [
        lambda u, v, other_u, other_v: torch.linalg.pinv(u) @ other_u,
        lambda u, v, other_u, other_v: (v.numpy() @ np.linalg.pinv(other_v.numpy())).tolist(),
    ],
    "8-measure": [bonds_by_svd, bonds_by_energy],
    "8-break": [one_row, one_column],
}

# The most numbers a counterexample may hold, and the mistakes it meets.
WRONG = {
    "8-hand": (
        3,
        {
            "frames have rank 1": ([[1], [3]], [[[1], [2]]], [[1, 0]]),
            "too wide": (
                [[1, 0], [0, 1]],
                [[[1, 0], [2, 1]], [[3, 0], [6, 3]]],
                [[1, 0], [0, 1]],
            ),
            "rows first": (HAND[0][::-1], HAND[1], HAND[2]),
            "frames swapped": (HAND[0], HAND[1], HAND[2][::-1]),
            "not a chain": (HAND[0], HAND[1], [[1, 0]]),
            "two cores": HAND[:2],
            "core transposed": (HAND[0], [[[1, 2], [0, 1]]], HAND[2]),
        },
    ),
    "8-code": (
        14,
        {
            "from the left": train_from_the_left,
            "strengths forgotten": lambda tensor, ranks: cut_twice(tensor, ranks, strengths=False),
            "strengths twice": strengths_twice,
            "weakest kept": lambda tensor, ranks: cut_twice(
                tensor, ranks, keep=lambda number, rank: slice(max(0, number - rank), None)
            ),
            "axes crossed": crossed,
            "never cut": lambda tensor, ranks: cut_twice(tensor, (9, 9)),
            "one bond for all": lambda tensor, ranks: cut_twice(tensor, (min(ranks),) * 2),
            "ranks swapped": lambda tensor, ranks: cut_twice(tensor, ranks[::-1]),
            "zeros": lambda tensor, ranks: [0 * core for core in cut_twice(tensor, ranks)],
            "not a tuple": lambda tensor, ranks: tensor,
        },
    ),
    "8-prove": (
        16,
        {
            "transposed": lambda u, v, other_u, other_v: (torch.linalg.pinv(u) @ other_u).T,
            "inverse": lambda u, v, other_u, other_v: torch.linalg.pinv(other_u) @ u,
            "right angles assumed": lambda u, v, other_u, other_v: u.T @ other_u,
            "outer": lambda u, v, other_u, other_v: other_u @ torch.linalg.pinv(u),
            "nothing between": lambda u, v, other_u, other_v: torch.eye(u.shape[1]),
        },
    ),
    "8-measure": (
        14,
        {
            "rank": ranks_only,
            "squares": lambda tensor, tolerance: bonds_by_svd(tensor, tolerance**0.5),
            "each value": strong_enough,
            "each axis": bonds_of_axes,
            "one too few": lambda t, tolerance: [w - 1 for w in bonds_by_svd(t, tolerance)],
            "the widest": lambda tensor, tolerance: [max(bonds_by_svd(tensor, tolerance))],
            "absolute": lambda t, tolerance: bonds_by_svd(t, tolerance / float(t.norm())),
        },
    ),
    "8-break": (
        1,
        {
            "nothing moved": lambda width: (one_row(width)[0], list(range(width**2))),
            "reversed": lambda width: (one_row(width)[0], list(range(width**2))[::-1]),
            "transposed": lambda width: (
                one_row(width)[0],
                np.arange(width**2).reshape(width, width).T.flatten(),
            ),
            "all equal": lambda width: ([1] * width**2, one_row(width)[1]),
            "not a permutation": lambda width: (one_row(width)[0], [0] * width**2),
            "the other way": lambda width: (np.eye(width).flatten(), one_row(width)[1]),
            "two only": lambda width: (
                one_row(width)[0],
                [0, *range(2, width + 1), 1, *range(width + 1, width**2)],
            ),
        },
    ),
}
