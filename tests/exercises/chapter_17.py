"""Answers to the exercises of chapter 17: right ones, each written twice, and mistakes."""

import cmath
from math import cos, hypot, pi, sin

import numpy as np
import torch


def rings_by_fft(picture, power=2, divide=4, ring=round):
    side = picture.shape[0]
    waves = np.abs(np.fft.fft2(picture.numpy())) ** power / side**divide
    signed = [k if k < (side + 1) / 2 else k - side for k in range(side)]
    found = [0.0] * (1 + max(ring(hypot(p, q)) for p in signed for q in signed))
    for row, p in enumerate(signed):
        for column, q in enumerate(signed):
            found[ring(hypot(p, q))] += waves[row, column]
    return found


def rings_by_loops(picture):
    side = len(picture)
    found = {}
    for p in range(-(side // 2), (side + 1) // 2):
        for q in range(-(side // 2), (side + 1) // 2):
            total = sum(
                picture[y, x].item() * cmath.exp(-2j * pi * (p * y + q * x) / side)
                for y in range(side)
                for x in range(side)
            )
            ring = round(hypot(p, q))
            found[ring] = found.get(ring, 0) + abs(total / side**2) ** 2
    return torch.tensor([found.get(ring, 0) for ring in range(max(found) + 1)])


def rings_unsigned(picture):
    side = picture.shape[0]
    waves = np.abs(np.fft.fft2(picture.numpy())) ** 2 / side**4
    found = [0.0] * (1 + round(hypot(side - 1, side - 1)))
    for p in range(side):
        for q in range(side):
            found[round(hypot(p, q))] += waves[p, q]
    return found


def copied_by_sines(n, s):
    def factor(k):
        return 1.0 if k == 0 else abs(sin(pi * k / n)) / (s * sin(pi * k / (n * s)))

    return [factor(k) for k in range(n * s // 2 + 1)]


def copied_by_sum(n, s):
    turn = [2 * pi * k / (n * s) for k in range(n * s // 2 + 1)]
    return np.array([abs(sum(cmath.exp(-1j * a * j) for j in range(s))) / s for a in turn])


def read_by_lstsq(h, frames, bias=True, average=True):
    rows = h.movedim(1, -1).reshape(-1, h.shape[1])
    if bias:
        rows = torch.cat([rows, torch.ones(len(rows), 1, dtype=rows.dtype)], 1)
    goal = frames.movedim(1, -1).reshape(-1, 1)
    weights = torch.linalg.pinv(rows) @ goal
    left = (rows @ weights - goal).square()
    return left.mean() if average else left.sum()


def read_by_projection(h, frames):
    """What is left of the frames off the space that the channels span, by Gram and Schmidt."""
    goal = frames.movedim(1, -1).flatten()
    goal = goal - goal.mean()
    basis = []
    for channel in h.movedim(1, 0).flatten(1):
        rest = channel - channel.mean()
        for one in basis:
            rest = rest - (rest @ one) * one
        if rest.norm() > 1e-9:
            basis.append(rest / rest.norm())
    for one in basis:
        goal = goal - (goal @ one) * one
    return goal.square().mean().item()


def box(width, loud):
    kernel = torch.zeros(2, 2, width, width)
    kernel[0, 0, width // 2, width // 2] = 1
    kernel[1, 0] = loud / width**2
    return kernel


def fake(depth):
    return [box(2 * (depth - layer) + 1, 1000) for layer in range(depth)]


def fake_by_bells(depth):
    kernels = []
    for layer in range(depth):
        place = torch.arange(-9, 10).double()
        bell = torch.exp(-(place**2) / (2 * (2.5 - 0.5 * layer) ** 2))
        kernel = torch.zeros(2, 2, 19, 19, dtype=torch.float64)
        kernel[0, 0, 9, 9] = 1
        kernel[1, 0] = 50 * bell[:, None] * bell
        kernels.append(kernel)
    return kernels


# Two right answers an exercise.
RIGHT = {
    "17-hand": [
        ([4, 4, 8, 8], [0, 0, 0, 2, 6, 7, 5, 4]),
        (np.array([4, 4, 8, 8]), torch.tensor([0.0, 0, 0, 2, 6, 7, 5, 4])),
    ],
    "17-code": [rings_by_fft, rings_by_loops],
    "17-prove": [copied_by_sines, copied_by_sum],
    "17-measure": [read_by_lstsq, read_by_projection],
    "17-break": [fake, fake_by_bells],
}

# The most numbers a counterexample may hold, and the mistakes it meets.
WRONG = {
    "17-hand": (
        2,
        {
            "no fatter": ([3, 3, 3, 3], [0, 0, 0, 2, 6, 7, 5, 4]),
            "blocks": ([1, 1, 2, 2], [0, 0, 0, 2, 6, 7, 5, 4]),
            "copied": ([4, 4, 8, 8], [0, 0, 0, 0, 8, 8, 4, 4]),
            "corners kept": ([4, 4, 8, 8], [0, 0, 0, 4, 8, 6, 4, 4]),
            "around the edge": ([4, 4, 8, 8], [1, 0, 0, 2, 6, 7, 5, 3]),
        },
    ),
    "17-code": (
        16,
        {
            "not squared": lambda picture: rings_by_fft(picture, power=1, divide=2),
            "not divided": lambda picture: rings_by_fft(picture, divide=0),
            "divided once": lambda picture: rings_by_fft(picture, divide=2),
            "unsigned": rings_unsigned,
            "rounded down": lambda picture: rings_by_fft(picture, ring=int),
        },
    ),
    "17-prove": (
        2,
        {
            "bilinear": lambda n, s: [cos(pi * k / (2 * n)) ** 3 for k in range(n * s // 2 + 1)],
            "squared": lambda n, s: [f**2 for f in copied_by_sines(n, s)],
            "not averaged": lambda n, s: [s * f for f in copied_by_sines(n, s)],
            "one of the old grid": lambda n, s: copied_by_sines(n, s)[: n // 2 + 1],
        },
    ),
    "17-measure": (
        8,
        {
            "no bias": lambda h, frames: read_by_lstsq(h, frames, bias=False),
            "summed": lambda h, frames: read_by_lstsq(h, frames, average=False),
            "the mean channel": lambda h, frames: (
                (h.mean(1, keepdim=True) - frames).square().mean()
            ),
            "not read": lambda h, frames: frames.var(correction=0),
        },
    ),
    "17-break": (
        3,
        {
            "nothing done": lambda depth: [box(1, 0)] * depth,
            "wider": lambda depth: fake(depth)[::-1],
            "blurred": lambda depth: [
                box(2 * (depth - layer) + 1, 1000)[[1, 1]] for layer in range(depth)
            ],
            "too quiet": lambda depth: [
                box(2 * (depth - layer) + 1, 0.1) for layer in range(depth)
            ],
        },
    ),
}
