"""Answers to the exercises of chapter 14: right ones, each written twice, and mistakes."""

import math
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F


def sides_of(layers, size):
    sides = [size]
    for _, stride, _, pool in layers:
        sides.append(math.ceil(sides[-1] / stride))
        sides.append(math.ceil(sides[-1] / pool))
    return sides


def read_by_walking(layers, size, at, *, pool_of=lambda pool: pool, clip=True, fill=False):
    """Down from the output, pixel by pixel."""
    sides = sides_of(layers, size)
    seen = [at]
    for kernel, stride, dilation, pool in layers[::-1]:
        sides.pop()
        seen = [p * pool + j for p in seen for j in range(pool_of(pool))]
        seen = [p for p in seen if not clip or p < sides[-1]]
        sides.pop()
        reach = range(-(kernel // 2), kernel // 2 + 1)
        seen = {p * stride + dilation * j for p in seen for j in reach}
        seen = [p for p in seen if not clip or 0 <= p < sides[-1]]
    if not clip:
        seen = [p for p in seen if 0 <= p < size]
    if fill and seen:
        seen = range(min(seen), max(seen) + 1)
    return sorted(set(seen))


def read_by_gradient(layers, size, at):
    x = torch.ones(1, 1, size, dtype=torch.float64, requires_grad=True)
    y = x
    for kernel, stride, dilation, pool in layers:
        ones = torch.ones(1, 1, kernel, dtype=torch.float64)
        y = F.conv1d(y, ones, stride=stride, dilation=dilation, padding=dilation * (kernel // 2))
        y = F.avg_pool1d(y, pool, ceil_mode=True)
    (gradient,) = torch.autograd.grad(y[0, 0, at], x)
    return gradient.flatten().nonzero().flatten().tolist()


def changed(change):
    """A mistake: right for other layers than were asked for."""
    return lambda layers, size, at: read_by_walking(
        [change(*layer) for layer in layers], size, min(at, size - 1)
    )


def size_in_closed_form(k, p, n):
    return k + n * (k - 1) if p == 1 else p**n * k + (k - 1) * (p**n - 1) // (p - 1)


def size_by_sums(k, p, n):
    return np.int64(p**n + sum(p**i * (k - 1) for i in range(n + 1)))


def weights_by_composing(below, above, p, pool=True):
    """From the output down: a kernel convolves, a pool spreads each weight over its window."""
    weights = np.ones(1)
    for _ in range(above):
        weights = np.convolve(weights, np.ones(3) / 3)
    if pool:
        weights = np.repeat(weights, p) / p
    for _ in range(below):
        weights = np.convolve(weights, np.ones(3) / 3)
    place = np.arange(len(weights)) - (len(weights) - 1) / 2
    return len(weights), np.sqrt(weights @ place**2)


def weights_by_gradient(below, above, p):
    x = torch.zeros(1, 1, 120, dtype=torch.float64, requires_grad=True)
    third = torch.full((1, 1, 3), 1 / 3, dtype=torch.float64)
    y = x
    for _ in range(below):
        y = F.conv1d(y, third, padding=1)
    y = F.avg_pool1d(y, p)
    for _ in range(above):
        y = F.conv1d(y, third, padding=1)
    (gradient,) = torch.autograd.grad(y[0, 0, y.shape[2] // 2], x)
    row = gradient.flatten()
    place = torch.arange(120, dtype=torch.float64)
    mean = (row * place).sum()
    return torch.tensor(float((row > 0).sum())), ((row * (place - mean) ** 2).sum()).sqrt()


def layers_by_formula(factor):
    return math.ceil(1.5 / (factor - 1)), 1


def layers_by_search(factor):
    below = 0
    while 1 + 5 / (5 + 2 * below) >= factor:
        below += 1
    return torch.tensor([below, 2])


# Two right answers an exercise.
RIGHT = {
    "14-hand": [
        ([3, 4, 8, 10, 18], [3, 3, 7, 7, 15]),
        (np.array([3, 4, 8, 10, 18]), torch.tensor([3, 3, 7, 7, 15])),
    ],
    "14-code": [read_by_walking, read_by_gradient],
    "14-prove": [size_in_closed_form, size_by_sums],
    "14-measure": [weights_by_composing, weights_by_gradient],
    "14-break": [layers_by_formula, layers_by_search],
}

# The most numbers a counterexample may hold, and the mistakes it meets.
WRONG = {
    "14-hand": (
        1,
        {
            "doubled": ([3, 6, 8, 16, 18], [3, 3, 7, 7, 15]),
            "walked down": ([3, 6, 8, 16, 18], [3, 5, 7, 13, 15]),
            "swapped": ([3, 3, 7, 7, 15], [3, 4, 8, 10, 18]),
            "no stride": ([3, 4, 6, 7, 9], [3, 3, 5, 5, 7]),
            "radii": ([1, 2, 4, 5, 9], [1, 1, 3, 3, 7]),
            "one list": [3, 4, 8, 10, 18],
        },
    ),
    "14-code": (
        14,
        {
            "every second": partial(read_by_walking, pool_of=lambda pool: 1),
            "first pixel too many": lambda layers, size, at: [
                at,
                *read_by_walking(layers, size, at),
            ],
            "over the edge": partial(read_by_walking, clip=False),
            "holes filled": partial(read_by_walking, fill=True),
            "no dilation": changed(lambda k, s, d, p: (k, s, 1, p)),
            "no pools": changed(lambda k, s, d, p: (k, s, d, 1)),
            "no strides": changed(lambda k, s, d, p: (k, 1, d, p)),
            "pool first": changed(lambda k, s, d, p: (k, p, d, s)),
            "from the top": lambda layers, size, at: read_by_walking(layers[::-1], size, at),
        },
    ),
    "14-prove": (
        3,
        {
            "doubles": lambda k, p, n: p**n * (k + n * (k - 1)),
            "every second": lambda k, p, n: k + sum(p**i * (k - 1) for i in range(1, n + 1)),
            "no pools": lambda k, p, n: k + n * (k - 1),
            "one pool too many": lambda k, p, n: size_in_closed_form(k, p, n + 1),
            "floats": lambda k, p, n: p**n * k + (k - 1) * (p**n - 1) / (p - 1),
        },
    ),
    "14-measure": (
        3,
        {
            "variance": lambda below, above, p: (
                weights_by_composing(below, above, p)[0],
                weights_by_composing(below, above, p)[1] ** 2,
            ),
            "other way up": lambda below, above, p: weights_by_composing(above, below, p),
            "no window": lambda below, above, p: (
                weights_by_composing(below, above, p)[0],
                (below * 2 / 3 + p * p * above * 2 / 3) ** 0.5,
            ),
            "pool forgotten": lambda below, above, p: weights_by_composing(
                below, above, p, pool=False
            ),
            "all scaled": lambda below, above, p: (
                p * (1 + 2 * (below + above)),
                p * ((below + above) * 2 / 3) ** 0.5,
            ),
        },
    ),
    "14-break": (
        1,
        {
            "nothing below": lambda factor: (0, 1),
            "always the same": lambda factor: (10, 1),
            "all above": lambda factor: (0, 1000),
            "as much above": lambda factor: (500, 500),
            "no layer above": lambda factor: (1000, 0),
            "half a layer": lambda factor: (1.5 / (factor - 1) + 0.25, 1),
            "one number": lambda factor: 1000,
        },
    ),
}
