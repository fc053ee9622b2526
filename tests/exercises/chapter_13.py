"""Answers to the exercises of chapter 13: right ones, each written twice, and mistakes."""

from statistics import fmean, stdev

import numpy as np
import torch


def interval_by_statistics(first, second, t):
    d = [a - b for a, b in zip(first, second, strict=True)]
    half = t * stdev(d) / len(d) ** 0.5
    return fmean(d), fmean(d) - half, fmean(d) + half


def interval_by_covariance(first, second, t):
    table = np.cov(first, second)
    variance = max(table[0, 0] + table[1, 1] - 2 * table[0, 1], 0.0)
    middle = np.mean(first) - np.mean(second)
    half = t * np.sqrt(variance / len(first))
    return torch.tensor([middle, middle - half, middle + half])


def interval_of_groups(first, second, t):
    half = t * ((stdev(first) ** 2 + stdev(second) ** 2) / len(first)) ** 0.5
    middle = fmean(first) - fmean(second)
    return middle, middle - half, middle + half


def scaled(factor):
    def interval(first, second, t):
        middle, low, _ = interval_by_statistics(first, second, t)
        half = (middle - low) * factor(len(first))
        return middle, middle - half, middle + half

    return interval


def terms_by_loop(a, b):
    ma, mb = fmean(a), fmean(b)
    return [
        [(x - ma) ** 2, (y - mb) ** 2, -2 * (x - ma) * (y - mb)] for x, y in zip(a, b, strict=True)
    ]


def terms_by_tensor(a, b):
    x, y = (torch.tensor(row).double() for row in (a, b))
    x, y = x - x.mean(), y - y.mean()
    return torch.stack([x * x, y * y, (x - y) ** 2 - x * x - y * y], dim=1)


def changes_by_mask(own, other, future, width):
    height, side = future.shape[-2:]
    row, column = np.arange(height), np.arange(side)
    edge = np.minimum.outer(
        np.minimum(row, height - 1 - row), np.minimum(column, side - 1 - column)
    )
    change = (other.numpy() - future.numpy()) ** 2 - (own.numpy() - future.numpy()) ** 2
    change = change.mean(axis=(0, 1, 2))
    return change[edge < width].mean(), change[edge >= width].mean()


def changes_by_sums(own, other, future, width):
    def sums(frames):
        square = (frames - future) ** 2
        inside = square[..., width:-width, width:-width]
        ring = (square.sum() - inside.sum()) / (square.numel() - inside.numel())
        return torch.stack([ring, inside.mean()])

    return sums(other) - sums(own)


def totals(own, other, future, width):
    change = (other - future) ** 2 - (own - future) ** 2
    inside = change[..., width:-width, width:-width].sum()
    return change.sum() - inside, inside


def two_of_three(seeds, keep):
    # Outliers pull the mean up; they are left out.
    below = [-1 - 0.01 * k for k in range(keep)]
    above = [100.0 + k for k in range(seeds - keep)]
    return below + above, list(range(keep))


def above_first(seeds, keep):
    differences = np.concatenate([np.full(seeds - keep, 50.0), np.full(keep, -3.0)])
    return differences + np.linspace(0, 0.01, seeds), tuple(range(seeds - keep, seeds))


def all_below(seeds, keep):
    return [-1 - 0.01 * k for k in range(seeds)], list(range(keep))


# Two right answers an exercise.
RIGHT = {
    "13-hand": [(-3.24, -0.76), [-3.2, -0.8], np.array([-3.2415, -0.7585])],
    "13-code": [interval_by_statistics, interval_by_covariance],
    "13-prove": [terms_by_loop, terms_by_tensor],
    "13-measure": [changes_by_mask, changes_by_sums],
    "13-break": [two_of_three, above_first],
}

# The most numbers a counterexample may hold, and the mistakes it meets.
WRONG = {
    "13-hand": (
        1,
        {
            "two groups": (-5.88, 1.88),
            "eight degrees of freedom": (-3.03, -0.97),
            "normal": (-2.88, -1.12),
            "divided by five": (-3.11, -0.89),
            "spread of one difference": (-4.78, 0.78),
            "second minus first": (0.76, 3.24),
            "turned": (-0.76, -3.24),
            "half-width": (2, 1.24),
        },
    ),
    "13-code": (
        11,
        {
            "two groups": interval_of_groups,
            "divided by n": scaled(lambda n: ((n - 1) / n) ** 0.5),
            "not divided by the root": scaled(lambda n: n**0.5),
            "divided by n, not its root": scaled(lambda n: n**-0.5),
            "second minus first": lambda a, b, t: interval_by_statistics(b, a, t),
            "ends only": lambda a, b, t: interval_by_statistics(a, b, t)[1:],
        },
    ),
    "13-prove": (
        6,
        {
            "not centred": lambda a, b: [
                [x * x, y * y, -2 * x * y] for x, y in zip(a, b, strict=True)
            ],
            "added": lambda a, b: np.abs(terms_by_loop(a, b)),
            "plus": lambda a, b: [[p, q, -r] for p, q, r in terms_by_loop(a, b)],
            "once": lambda a, b: [[p, q, r / 2] for p, q, r in terms_by_loop(a, b)],
            "columns": lambda a, b: np.transpose(terms_by_loop(a, b)),
        },
    ),
    "13-measure": (
        400,
        {
            "sums": totals,
            "own minus other": lambda own, other, f, w: changes_by_mask(other, own, f, w),
            "turned": lambda *inputs: changes_by_mask(*inputs)[::-1],
            "one narrower": lambda own, other, f, w: (
                changes_by_mask(own, other, f, w)
                if w == 1
                else changes_by_mask(own, other, f, w - 1)
            ),
            "truth left out": lambda own, other, f, w: changes_by_mask(
                own, other, torch.zeros_like(f), w
            ),
        },
    ),
    "13-break": (
        2,
        {
            "all below": all_below,
            "not chosen well": lambda n, k: (two_of_three(n, k)[0], list(range(n - k, n))),
            "alike": lambda n, k: ([-1.0] * k + [9.0 * n] * (n - k), list(range(k))),
            "scattered": lambda n, k: (
                [-(4.0**j) for j in range(k)] + [5.0**n + j for j in range(n - k)],
                list(range(k)),
            ),
        },
    ),
}
