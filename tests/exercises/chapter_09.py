"""Answers to the exercises of chapter 9: right ones, each written twice, and mistakes."""

from fractions import Fraction

import numpy as np
import torch


def train_by_matrices(cores, states):
    """Let the state choose a matrix from each core; multiply from the left, item by item."""
    rows = []
    for item in zip(*states, strict=True):
        product = torch.eye(cores[0].shape[0], dtype=torch.float64)
        for core, h in zip(cores, item, strict=True):
            product = product @ torch.tensordot(h, core, dims=([0], [1]))
        rows.append(product[:, 0])
    return torch.stack(rows)


def train_from_the_oldest(cores, states):
    v = torch.ones(len(states[0]), 1, dtype=torch.float64)
    for core, h in zip(cores[::-1], states[::-1], strict=True):
        v = torch.einsum("rcs,bc,bs->br", core, h, v)
    return v


def unbonded(cores, states):
    """Each core summed over its bonds before it meets its neighbour."""
    phi = torch.ones(len(states[0]), cores[0].shape[0], dtype=torch.float64)
    for place, (core, h) in enumerate(zip(cores, states, strict=True)):
        summed = core.sum(2) if place == 0 else core.sum((0, 2)).expand(phi.shape[1], -1)
        phi = phi * (h @ summed.T)
    return phi


def added(cores, states):
    """A sum where a product belongs."""
    v = torch.zeros(len(states[0]), 1, dtype=torch.float64)
    for core, h in zip(cores[::-1], states[::-1], strict=True):
        v = torch.einsum("rcs,bc->br", core, h) + v.sum(1, keepdim=True)
    return v


def shared_by_rolling(matrix):
    matrix = np.array(matrix, dtype=float)
    return np.mean([np.roll(matrix, (s, s), (0, 1)) for s in range(len(matrix))], axis=0)


def shared_by_loops(matrix):
    n = len(matrix)
    return [
        [sum(matrix[(p + s) % n][(q + s) % n] for s in range(n)) / n for q in range(n)]
        for p in range(n)
    ]


def unwrapped(matrix):
    matrix = np.array(matrix, dtype=float)
    n = len(matrix)
    return [[np.diagonal(matrix, q - p).mean() for q in range(n)] for p in range(n)]


def opposite(matrix):
    matrix = np.array(matrix, dtype=float)
    return np.mean([np.roll(matrix, (s, -s), (0, 1)) for s in range(len(matrix))], axis=0)


def longest(budget, K, axes):
    order, spent = 0, K**axes
    while spent <= budget:
        order += 1
        spent += ((order + 1) * (K - 1) + 1) ** axes
    return order


def affordable_by_summing(budget, K):
    return longest(budget, K, 2), budget // (K * K)


def affordable_by_formula(budget, K):
    d = K - 1
    n = 0
    while d * d * (n + 1) * (n + 2) * (2 * n + 3) // 6 + d * (n + 1) * (n + 2) + n + 1 <= budget:
        n += 1
    return torch.tensor([n, budget // K**2])


def with_changed_end(first):
    """A kernel that the first one does make, plus the first impulse that it does not."""
    kernel = np.convolve(first, [1, 2, 1]).astype(float)
    columns = np.array([np.convolve(first, unit) for unit in np.eye(3)])
    for place in range(5):
        moved = kernel + np.eye(5)[place]
        if np.linalg.matrix_rank(np.vstack([columns, moved])) == 4:
            return moved
    return kernel


# Two right answers an exercise.
RIGHT = {
    "9-hand": [
        [4 / 3, 4, 11 / 3],
        (Fraction(4, 3), 4, Fraction(11, 3)),
        np.array([4, 12, 11]) / 3,
    ],
    "9-code": [train_by_matrices, train_from_the_oldest],
    "9-prove": [shared_by_rolling, shared_by_loops],
    "9-measure": [affordable_by_summing, affordable_by_formula],
    "9-break": [lambda first: [1, 0, 0, 0, 1], with_changed_end],
}

# The most numbers a counterexample may hold, and the mistakes it meets.
WRONG = {
    "9-hand": (
        1,
        {
            "rows, not squares": [0, 1, 2],
            "five wide": [16 / 3, 12, 23 / 3],
            "without the one": [4 / 3, 2, 2 / 3],
            "one size": [0, 0, 9],
            "leading term": [4 / 3, 0, 0],
            "starts at one": [4 / 3, 0, -1 / 3],
        },
    ),
    "9-code": (
        12,
        {
            "oldest first": lambda cores, states: train_from_the_oldest(cores, states[::-1]),
            "bonds summed": unbonded,
            "states added": added,
            "bonds swapped": lambda cores, states: train_from_the_oldest(
                [core.transpose(0, 2) for core in cores[::-1]], states[::-1]
            ),
            "one number": lambda cores, states: train_from_the_oldest(cores, states).sum(),
            "batch averaged": lambda cores, states: train_from_the_oldest(
                cores, [h.mean(0, keepdim=True).expand_as(h) for h in states]
            ),
            "one item": lambda cores, states: train_from_the_oldest(cores, [h[:1] for h in states]),
        },
    ),
    "9-prove": (
        9,
        {
            "nothing shared": lambda matrix: matrix,
            "without wrapping": unwrapped,
            "the other diagonals": opposite,
            "summed": lambda matrix: shared_by_rolling(matrix) * len(matrix),
            "transposed": lambda matrix: shared_by_rolling(matrix).T,
            "rows averaged": lambda matrix: np.tile(np.mean(matrix, 0), (len(matrix), 1)),
            "first row repeated": lambda matrix: [
                [matrix[0][(q - p) % len(matrix)] for q in range(len(matrix))]
                for p in range(len(matrix))
            ],
        },
    ),
    "9-measure": (
        2,
        {
            "one too many": lambda budget, K: (
                longest(budget, K, 2) + 1, budget // K**2,
            ),
            "must stay below": lambda budget, K: affordable_by_summing(max(budget - 1, 0), K),
            "on rows": lambda budget, K: (longest(budget, K, 1), budget // K),
            "leading term": lambda budget, K: (
                int((3 * budget / (K - 1) ** 2) ** (1 / 3)), budget // K**2,
            ),
            "widest kernel only": lambda budget, K: (
                max(int((budget**0.5 - 1) // (K - 1)), 0), budget // K**2,
            ),
        },
    ),
    "9-break": (
        3,
        {
            "composed": lambda first: np.convolve(first, [1, 2, 1]),
            "nothing": lambda first: [0, 0, 0, 0, 0],
            "an impulse": lambda first: [0, 0, 1, 0, 0],
            "a bell": lambda first: [1, 2, 3, 2, 1],
            "the first, padded": lambda first: [0, *first, 0],
            "three taps": lambda first: [1, 0, 1],
        },
    ),
}  # fmt: skip
