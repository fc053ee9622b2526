"""Answers to the exercises of chapter 21: right ones, each written twice, and mistakes."""

import numpy as np
import torch
from scipy.stats import spearmanr

from stlib.attention_maps import rank_correlation


def map_by_loops(maps, gradients):
    total = torch.zeros_like(maps[0])
    for channel, gradient in zip(maps, gradients, strict=True):
        total += channel * gradient.sum() / gradient.numel()
    return torch.relu(total)


def map_in_one_line(maps, gradients):
    return torch.einsum("c,cthw->thw", gradients.flatten(1).mean(1), maps).clamp(min=0)


def whole_by_counting(logits, frames):
    every = len(logits)
    total = torch.zeros_like(logits[0])
    for frame in range(frames):
        total = total + logits[frame % every] / frames
    return total


def whole_by_shares(logits, frames):
    every = len(logits)
    shares = [-((phase - frames) // every) / frames for phase in range(every)]
    return sum(share * z for share, z in zip(shares, logits, strict=True))


def alike_by_order(first, second, ties="mean"):
    """Ranks by sorting; the keyword makes a mistake."""

    def ranks(row):
        order = sorted(row)
        if ties == "mean":
            return [order.index(v) + (row.count(v) + 1) / 2 for v in row]
        if ties == "first":
            return [order.index(v) + 1 for v in row]
        return np.argsort(np.argsort(row, kind="stable"), kind="stable").tolist()

    return float(np.corrcoef(ranks(first), ranks(second))[0, 1])


def alike_of_the_package(first, second):
    rows = (torch.tensor([row]).double() for row in (first, second))
    return float(rank_correlation(*rows))


def clip(frames):
    return [1, 1, 0, 0] * (frames // 4)


# Two right answers an exercise.
RIGHT = {
    "21-hand": [
        ([12, 12, 3, 1], [4, 24, 1, 2], [12, 24, 3, 2]),
        (np.array([12, 12, 3, 1]), torch.tensor([4, 24, 1, 2]), (12, 24, 3, 2)),
    ],
    "21-code": [map_by_loops, map_in_one_line],
    "21-prove": [whole_by_counting, whole_by_shares],
    "21-measure": [lambda a, b: float(spearmanr(a, b).statistic), alike_of_the_package],
    "21-break": [clip, lambda frames: torch.tensor(([0, 0, 1, 1] * frames)[:frames])],
}

# The most numbers a counterexample may hold, and the mistakes it meets.
WRONG = {
    "21-hand": (
        0,
        {
            "dilated where it shrinks": ([12, 12, 1, 2], [4, 24, 3, 1], [12, 24, 3, 2]),
            "never dilated": ([12, 12, 1, 1], [4, 24, 1, 1], [12, 24, 1, 1]),
            "undilated in the test": ([12, 12, 3, 1], [4, 24, 1, 2], [12, 24, 1, 1]),
            "stages in the other order": ([4, 24, 1, 2], [12, 12, 3, 1], [12, 24, 3, 2]),
        },
    ),
    "21-code": (
        16,
        {
            "not rectified": lambda maps, g: (g.mean((1, 2, 3), keepdim=True) * maps).sum(0),
            "rectified too early": lambda maps, g: (
                (g.mean((1, 2, 3), keepdim=True) * maps).clamp(min=0).sum(0)
            ),
            "summed gradients": lambda maps, g: (
                (g.sum((1, 2, 3), keepdim=True) * maps).sum(0).clamp(min=0)
            ),
            "place by place": lambda maps, g: (g * maps).sum(0).clamp(min=0),
            "rectified gradients": lambda maps, g: map_in_one_line(maps, g.clamp(min=0)),
        },
    ),
    "21-prove": (
        6,
        {
            "all phases alike": lambda logits, frames: sum(logits) / len(logits),
            "the first phase": lambda logits, frames: logits[0],
            "summed": lambda logits, frames: sum(logits),
            "short phases first": lambda logits, frames: whole_by_shares(logits[::-1], frames),
        },
    ),
    "21-measure": (
        10,
        {
            "values": lambda a, b: float(np.corrcoef(a, b)[0, 1]),
            "ties by place": lambda a, b: alike_by_order(a, b, "place"),
            "ties by the first": lambda a, b: alike_by_order(a, b, "first"),
            "without sign": lambda a, b: abs(alike_by_order(a, b)),
        },
    ),
    "21-break": (
        1,
        {
            "dark": lambda frames: [0] * frames,
            "bright": lambda frames: [1] * frames,
            "every second": lambda frames: [1, 0] * (frames // 2),
            "pairs apart": lambda frames: [1, 0, 0, 1] * (frames // 4),
        },
    ),
}
