"""Answers to the exercises of chapter 11: right ones, each written twice, and mistakes."""

import numpy as np
import torch
import torch.nn.functional as F

from stlib.tensor_train import direct, recursive


def mask_by_slicing(N, K, height, width):
    ring = (N - 1) * (K // 2)
    mask = torch.ones(height, width, dtype=torch.bool)
    mask[ring : max(height - ring, ring), ring : max(width - ring, ring)] = False
    return mask


def mask_by_padding(N, K, height, width):
    ring = (N - 1) * (K - 1) // 2
    inside = [max(side - 2 * ring, 0) for side in (height, width)]
    if not all(inside):
        return torch.full((height, width), True)
    return F.pad(torch.zeros(inside), (ring,) * 4, value=1.0).bool()


def discrepancy(cores, states):
    one, two = direct(cores, states), recursive(cores, states)
    share = ((one - two).abs().amax(dim=1) > 1e-9).double().mean()
    return share, (one - two).norm() / one.norm()


def discrepancy_by_numpy(cores, states):
    one, two = (run(cores, states)[0].numpy() for run in (direct, recursive))
    wrong = np.abs(one - two).max(axis=0) > 1e-9
    size = np.sqrt(np.mean((one - two) ** 2) / np.mean(one**2))
    return wrong.sum() / wrong.size, float(size)


def mask_of_slices(N, K, height, width):
    ring = (N - 1) * (K - 1) // 2
    mask = torch.zeros(height, width, dtype=torch.bool)
    mask[:ring] = mask[-ring:] = mask[:, :ring] = mask[:, -ring:] = True  # -0 is everything
    return mask


def mask_of_ring(ring):
    def mask(N, K, height, width):
        y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        edges = torch.stack([y, x, height - 1 - y, width - 1 - x])
        return edges.amin(dim=0) < ring(N, K)

    return mask


def share_by(differs):
    """A discrepancy that is wrong only in where it says that two outputs differ."""

    def wrong(cores, states):
        share = differs(direct(cores, states) - recursive(cores, states)).double().mean()
        return share, discrepancy(cores, states)[1]

    return wrong


def size_by(size):
    """A discrepancy that is wrong only in the size of the difference."""

    def wrong(cores, states):
        share, _ = discrepancy(cores, states)
        return share, size(direct(cores, states), recursive(cores, states))

    return wrong


# Two right answers an exercise.
RIGHT = {
    "11-hand": [
        lambda K: (K, (K + 1) // 2, range(-(K // 2), 0)),
        lambda K: [K, K - K // 2, [-m for m in range(1, K // 2 + 1)]],
    ],
    "11-code": [mask_by_slicing, mask_by_padding],
    "11-prove": [lambda width: ({-1: 1}, {1: 1}), lambda width: ({width: 2.0}, {-1: 1, -2: 1})],
    "11-measure": [discrepancy, discrepancy_by_numpy],
    "11-break": [[[0, 1, 1]] * 3, [[1, 1, 0], [2, 0, 0], np.array([-3.0, 3, 0])]],
}

# The most numbers a counterexample may hold, and the mistakes it meets.
WRONG = {
    "11-hand": (
        1,
        {
            "only this one": lambda K: (3, 2, [-1]),
            "other side": lambda K: (K, (K + 1) // 2, list(range(1, K // 2 + 1))),
            "both lose": lambda K: ((K + 1) // 2, (K + 1) // 2, list(range(-(K // 2), 0))),
        },
    ),
    "11-code": (
        4,
        {
            "whole reach": mask_of_ring(lambda N, K: N * (K - 1) // 2),
            "one too wide": mask_of_ring(lambda N, K: (N - 1) * (K - 1) // 2 + 1),
            "one too narrow": mask_of_ring(lambda N, K: (N - 1) * (K - 1) // 2 - 1),
            "twice as wide": mask_of_ring(lambda N, K: (N - 1) * (K - 1)),
            "rows for columns": lambda N, K, h, w: mask_by_slicing(N, K, w, h),
            "minus zero": mask_of_slices,
            "inside out": lambda N, K, h, w: ~mask_by_slicing(N, K, h, w),
            "numbers": lambda N, K, h, w: mask_by_slicing(N, K, h, w).double(),
        },
    ),
    "11-prove": (
        1,
        {
            "kept": lambda width: ({1: 1}, {0: 2}),
            "upwards": lambda width: ({width - 1: 1}, {1: 1}),
            "nothing": lambda width: ({}, {-1: 1}),
            "out for good": lambda width: ({-5: 1}, {1: 1}),
            "lists": lambda width: ([1, 2], [3, 4]),
        },
    ),
    "11-measure": (
        24,
        {
            "mean over channels": share_by(lambda d: d.abs() > 1e-9),
            "first channel": share_by(lambda d: d[:, 0].abs() > 1e-9),
            "last channel": share_by(lambda d: d[:, -1].abs() > 1e-9),
            "all channels": share_by(lambda d: (d.abs() > 1e-9).all(1)),
            "signed": share_by(lambda d: (d > 1e-9).any(1)),
            "largest": share_by(lambda d: d.amax(1).abs() > 1e-9),
            "mean of channels": share_by(lambda d: d.mean(1).abs() > 1e-9),
            "rounding counts": share_by(lambda d: (d != 0).any(1)),
            "default tolerance": share_by(
                lambda d: ~torch.isclose(d, torch.zeros_like(d)).all(1, keepdim=True)
            ),
            "relative to nested": size_by(lambda one, two: (one - two).norm() / two.norm()),
            "not relative": size_by(lambda one, two: (one - two).square().mean().sqrt()),
            "mean size": size_by(lambda one, two: (one - two).abs().mean() / one.abs().mean()),
            "of the first channel": size_by(
                lambda one, two: (one - two)[:, 0].norm() / one[:, 0].norm()
            ),
            "circular": lambda c, s: (0.0, 0.0),
            "percent": lambda c, s: [100 * number for number in discrepancy(c, s)],
        },
    ),
    "11-break": (
        3,
        {
            "ones": [[1, 1, 1]] * 3,
            "out and back": [[0, 1, 1], [1, 1, 0], [0, 1, 1]],
            "one turns": [[0, 1, 1], [0, 1, 1], [1, 1, 1]],
            "no step": [[0, 1, 1], [0, 1, 0], [0, 1, 1]],
            "two cores": [[0, 1, 1]] * 2,
            "nearly": [[1e-6, 1, 1], [0, 1, 1], [0, 1, 1]],
            "drowned": [[1, 1, 1e12], [0, 1, 1], [0, 1, 1]],
        },
    ),
}
