"""Answers to the exercises of chapter 12: right ones, each written twice, and mistakes."""

from collections import deque
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F

from stlib.cells import ConvTTLSTM
from stlib.cost import parameters


def condense_by_slices(past, P, pick=lambda i, D: slice(i, i + D)):
    D = len(past) - len(P) + 1
    rows = []
    for i, kernel in enumerate(P):
        window = torch.cat(past[pick(i, D)], dim=1)
        padding = (kernel.shape[2] // 2, kernel.shape[3] // 2)
        rows.append(F.conv2d(window, kernel, padding=padding))
    return rows


def condense_once(past, P):
    """Each state through all blocks, then sums only."""
    D, deep = len(past) - len(P) + 1, past[0].shape[1]
    total = [0] * len(P)
    for age, h in enumerate(past):
        for i, kernel in enumerate(P):
            if 0 <= age - i < D:
                block = kernel[:, (age - i) * deep : (age - i + 1) * deep]
                total[i] = total[i] + F.conv2d(h, block, padding="same")
    return tuple(total)


def condense_interleaved(past, P):
    """The channels of the window's states alternate."""
    D = len(past) - len(P) + 1
    mixed = [torch.stack(past[i : i + D], dim=2).flatten(1, 2) for i in range(len(P))]
    return [F.conv2d(x, kernel, padding="same") for x, kernel in zip(mixed, P, strict=True)]


def condense_oldest_first(past, P):
    D = len(past) - len(P) + 1
    return [
        F.conv2d(torch.cat(past[i : i + D][::-1], dim=1), kernel, padding="same")
        for i, kernel in enumerate(P)
    ]


def merge_by_arrays(p, g):
    p, g = [np.array(bias) for bias in p], [np.array(bias) for bias in g]
    for i in range(1, len(g)):
        p[i - 1] = p[i - 1] + g[i]
        g[i] = 0 * g[i]
    return p, g


def merge_by_tensors(p, g):
    sums = [torch.tensor(a) + torch.tensor(b) for a, b in zip(p[:-1], g[1:], strict=True)]
    return [*sums, p[-1]], [g[0], *(torch.zeros(len(bias)) for bias in g[1:])]


def merge_in_place(p, g):
    for i in range(1, len(g)):
        p[i - 1] = [a + b for a, b in zip(p[i - 1], g[i], strict=True)]
        g[i] = [0] * len(g[i])
    return p, g


def layer_built(inputs, outputs, order, steps, **options):
    with torch.device("meta"):
        return parameters(ConvTTLSTM(inputs, outputs, order=order, steps=steps, **options))


def layer_summed(inputs, outputs, order, steps, D=None, shared=False, gates=4):
    D = steps - order + 1 if D is None else D
    total = 25 * inputs * 4 * outputs + 4 * outputs
    for i in range(1, order + 1):
        total += 25 * 8 * (gates * outputs if i == 1 else 8) + (8 if i > 1 else 0)
        if i == 1 or not shared:
            total += 25 * D * outputs * 8 + 8
    return total


def caught_by_formula(N, M):
    return None if M == N else (N + 1, N)


def caught_by_simulation(N, M):
    """Rings of frame numbers, turned so that the slot to be overwritten comes first."""
    rings = {wrap: ([0] * M, deque(range(wrap))) for wrap in (N, M)}
    for t in range(1, 40):
        read = []
        for slots, turn in rings.values():
            found = [slots[(turn[0] + place) % M] for place in range(M)]
            read.append([found[N - i : N - i + M - N + 1] for i in range(1, N + 1)])
            slots[turn[0]] = t
            turn.rotate(-1)
        for i, (a, b) in enumerate(zip(read[0], read[-1], strict=True), start=1):
            if a != b:
                return np.array([t, i])
    return None


# Two right answers an exercise.
RIGHT = {
    "12-hand": [
        ([[1, 2, 3], [2, 3, 4]], [5, 7, 7, 7]),
        (np.array([[3, 2, 1], [4, 3, 2]]), torch.tensor([5, 7, 7, 7])),
        [((1, 2, 3), (4, 2, 3)), (5.0, 7.0, 7.0, 7.0)],
    ],
    "12-code": [condense_by_slices, condense_once],
    "12-prove": [merge_by_arrays, merge_by_tensors],
    "12-measure": [layer_built, layer_summed],
    "12-break": [caught_by_formula, caught_by_simulation],
}

# The most numbers a counterexample may hold, and the mistakes it meets.
WRONG = {
    "12-hand": (
        1,
        {
            "side by side": ([[1, 2, 2], [3, 4, 4]], [5, 5, 7, 7]),
            "fixed": ([[1, 2, 3], [1, 2, 3]], [7, 7, 7, 7]),
            "from zero": ([[0, 1, 2], [1, 2, 3]], [5, 7, 7, 7]),
            "without P": ([[1, 2, 3], [2, 3, 4]], [3, 5, 5, 5]),
            "grows with age": ([[1, 2, 3], [2, 3, 4]], [5, 7, 9, 11]),
            "younger core": ([[1, 2, 3], [2, 3, 4]], [5, 5, 5, 7]),
        },
    ),
    "12-code": (
        30,
        {
            "oldest first": condense_oldest_first,
            "one window for all": partial(condense_by_slices, pick=lambda i, D: slice(0, D)),
            "side by side": partial(condense_by_slices, pick=lambda i, D: slice(i * D, i * D + D)),
            "fixed window": partial(condense_by_slices, pick=lambda i, D: slice(None)),
            "older cores younger states": lambda past, P: condense_by_slices(past[::-1], P),
            "interleaved": condense_interleaved,
            "turned kernels": lambda past, P: condense_by_slices(past, [k.flip(3) for k in P]),
            "no padding": lambda past, P: [
                F.conv2d(torch.cat(past[i : i + len(past) - len(P) + 1], dim=1), kernel)
                for i, kernel in enumerate(P)
            ],
            "summed": lambda past, P: sum(condense_by_slices(past, P)),
        },
    ),
    "12-prove": (
        8,
        {
            "own core": lambda p, g: (
                [[a + b for a, b in zip(*pair, strict=True)] for pair in zip(p, g, strict=True)],
                [[0] * len(bias) for bias in g],
            ),
            "not taken away": lambda p, g: (merge_by_arrays(p, g)[0], g),
            "left alone": lambda p, g: (p, g),
            "last one lost": lambda p, g: (
                [*merge_by_arrays(p, g)[0][:-1], [0] * len(p[-1])],
                merge_by_arrays(p, g)[1],
            ),
            "first one too": lambda p, g: (
                merge_by_arrays(p, g)[0],
                [[0] * len(bias) for bias in g],
            ),
            "input changed": merge_in_place,
        },
    ),
    "12-measure": (
        4,
        {
            "no biases": lambda a, b, n, m: layer_summed(a, b, n, m) - 4 * b - 8 * (2 * n - 1),
            "all M": lambda a, b, n, m: layer_summed(a, b, n, m, D=m),
            "one place short": lambda a, b, n, m: layer_summed(a, b, n, m, D=m - n),
            "one P": lambda a, b, n, m: layer_summed(a, b, n, m, shared=True),
            "one gate": lambda a, b, n, m: layer_summed(a, b, n, m, gates=1),
            "a bias of G(1)": lambda a, b, n, m: layer_summed(a, b, n, m) + 4 * b,
            "merged biases": lambda a, b, n, m: layer_summed(a, b, n, m) - 8 * (n - 1),
        },
    ),
    "12-break": (
        2,
        {
            "never": lambda N, M: None,
            "when it is full": lambda N, M: None if M == N else (M + 1, N),
            "the last good step": lambda N, M: None if M == N else (N, N),
            "always": lambda N, M: (N + 1, N),
            "swapped": lambda N, M: None if M == N else (N, N + 1),
            "a core from zero": lambda N, M: None if M == N else (N + 1, 0),
        },
    ),
}
