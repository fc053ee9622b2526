"""Answers to the exercises of chapter 23: right ones, each written twice, and mistakes."""

from functools import partial
from itertools import combinations

import numpy as np
import torch
from scipy.stats import t as student

from stlib.equal_budgets import affordable, level
from stlib.paired import paired, verdict


def level_of_the_package(curve, budget, price):
    return level(curve, affordable(budget, price, curve[-1][0]))


def level_by_arrays(curve, budget, price, share=0.8, whole=True, last=False, most=True):
    """The keywords make mistakes."""
    x, y = np.array(curve, dtype=float).T
    steps = budget // price if whole else budget
    steps = min(steps, x[-1]) if most else steps
    inside = (x <= steps) & (x >= share * steps - 1e-9)
    if last or not inside.any():
        return float(y[x <= steps][-1])
    return float(y[inside].mean())


def resolved_by_hand(errors, shared=True, level=0.95):
    found = 0
    for one, other in combinations(np.array(errors, dtype=float), 2):
        d, n = one - other, len(one)
        if shared:
            half = student.ppf((1 + level) / 2, n - 1) * d.std(ddof=1) / n**0.5
        else:
            spread = ((one.var(ddof=1) + other.var(ddof=1)) / n) ** 0.5
            half = student.ppf((1 + level) / 2, 2 * n - 2) * spread
        found += abs(d.mean()) > half
    return int(found)


def resolved_of_the_package(errors):
    said = [verdict(paired(one, other)) for one, other in combinations(errors, 2)]
    return len(said) - said.count("not resolved")


def curves_late(most, macs, seconds):
    """All fall at their last step, the third the lowest."""
    return [[9] * (most - 1) + [end] for end in (4, 4, 3)]


def curves_of_tensors(most, macs, seconds):
    flat = torch.full((3, most), 1.0)
    flat[:, -1] = torch.tensor([0.5, 0.5, 0.25])
    return list(flat)


# Two right answers an exercise.
RIGHT = {
    "23-hand": [(20, 80, 50), torch.tensor([20.0, 80.0, 50.0])],
    "23-code": [level_of_the_package, level_by_arrays],
    "23-prove": [
        lambda first, cheap, dear: first * dear,
        lambda first, cheap, dear: sum(dear for _ in range(first)),
    ],
    "23-measure": [resolved_by_hand, resolved_of_the_package],
    "23-break": [curves_late, curves_of_tensors],
}

# The most numbers a counterexample may hold, and the mistakes it meets.
WRONG = {
    "23-hand": (
        1,
        {
            "steps for all": (20, 20, 20),
            "steps times the price": (20, 60, 40),
            "prices exchanged": (20, 50, 80),
            "price forgotten on one side": (20, 120, 50),
        },
    ),
    "23-code": (
        18,
        {
            "the last point": partial(level_by_arrays, last=True),
            "all points": partial(level_by_arrays, share=0),
            "the last tenth": partial(level_by_arrays, share=0.9),
            "no price": partial(level_by_arrays, whole=False),
            "steps never made": partial(level_by_arrays, most=False),
        },
    ),
    "23-prove": (
        3,
        {
            "the cheap price": lambda first, cheap, dear: first * cheap,
            "their ratio": lambda first, cheap, dear: first * dear / cheap,
            "their difference": lambda first, cheap, dear: first * (dear - cheap + 1),
            "the same": lambda first, cheap, dear: first,
        },
    ),
    "23-measure": (
        16,
        {
            "two groups": partial(resolved_by_hand, shared=False),
            "different means": lambda errors: sum(
                sum(a) != sum(b) for a, b in combinations(errors, 2)
            ),
            "against the first": lambda errors: sum(
                verdict(paired(errors[0], other)) != "not resolved" for other in errors[1:]
            ),
            "lower only": lambda errors: sum(
                verdict(paired(a, b)) == "lower" for a, b in combinations(errors, 2)
            ),
        },
    ),
    "23-break": (
        7,
        {
            "one is best": lambda most, macs, seconds: [[9] * most, [8] * most, [7] * most],
            "all alike": lambda most, macs, seconds: [[9] * most] * 3,
            "two winners": lambda most, macs, seconds: [
                [9] * (most - 1) + [1],
                [5] * most,
                [6] * most,
            ],
            "a curve that rises": lambda most, macs, seconds: [
                [1] + [9] * (most - 1),
                [5] * most,
                [9] * (most - 1) + [4],
            ],
        },
    ),
}
