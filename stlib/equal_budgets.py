"""Networks as large as one another, and what a learning curve says where a budget ends it."""

from collections.abc import Callable, Iterable, Sequence
from math import floor
from statistics import mean
from typing import TypeAlias

import numpy as np
import torch
from torch import nn

from stlib.cost import parameters

__all__ = ["Curve", "affordable", "last_fifth", "level", "nearest_width", "slope"]

Curve: TypeAlias = Sequence[tuple[float, float]]
"""Steps done and the error then, in the order of the steps."""


def nearest_width(build: Callable[[int], nn.Module], target: int, widths: Iterable[int]) -> int:
    """The width whose network has the number of parameters nearest to a target.

    Args:
        build: makes the network of a width; it is called on the ``meta`` device, so that no
            weight takes memory.
        target: parameters wanted.
        widths: to choose from; of two equally near ones the first.

    Raises:
        ValueError: no width, or a width that `build` refuses.

    Source: this book, chapter 23.
    """

    def apart(width: int) -> int:
        with torch.device("meta"):
            return abs(parameters(build(width)) - target)

    found = sorted(((apart(width), place, width) for place, width in enumerate(widths)))
    if not found:
        raise ValueError("widths: expected one at least, found none")
    return found[0][2]


def affordable(budget: float, price: float, most: int) -> int:
    """How many steps a budget pays for.

    Args:
        budget: in the unit of the price: MACs, seconds, clips.
        price: of one step.
        most: steps that were made; no budget buys more of them.

    Raises:
        ValueError: a price or a budget that is not above 0, or fewer than 1 step made.

    Source: this book, chapter 23.
    """
    if not (budget > 0 and price > 0 and most >= 1):
        raise ValueError(f"{budget=}, {price=}, {most=}: expected all above 0")
    return min(most, floor(budget / price * (1 + 1e-12)))  # 300 * 0.1 / 0.1 pays for 300


def last_fifth(curve: Curve, steps: float) -> list[tuple[float, float]]:
    """The measured points in the last fifth of the first `steps` steps.

    Where none falls there, the last one before is the only one.

    Args:
        curve: steps done, and the error then.
        steps: where the curve is cut.

    Raises:
        ValueError: no point up to there.

    Source: this book, chapter 23.
    """
    before = [(float(x), float(y)) for x, y in curve if x <= steps]
    if not before:
        raise ValueError(f"{steps=}: the curve has no point up to there")
    return [(x, y) for x, y in before if x >= 0.8 * steps] or before[-1:]


def level(curve: Curve, steps: float) -> float:
    """The mean error over the last fifth of the first `steps` steps.

    At a constant rate a network's error goes up and down from one validation to the next; the
    mean of a few says more of a cut than the last one does.

    Args:
        curve: steps done, and the error then.
        steps: where the curve is cut.

    Raises:
        ValueError: no point up to there.

    Source: this book, chapter 23.
    """
    return mean(y for _, y in last_fifth(curve, steps))


def slope(curve: Curve, steps: float) -> float:
    """How the error still moves where the curve is cut: by least squares over its last fifth.

    Args:
        curve: steps done, and the error then.
        steps: where the curve is cut.

    Returns:
        Change of the error in 100 steps, as a share of its `level`; below 0 it still falls.

    Raises:
        ValueError: fewer than two points there.

    Source: this book, chapter 23.
    """
    points = last_fifth(curve, steps)
    if len(points) < 2:
        raise ValueError(f"{steps=}: one point in the last fifth, expected two at least")
    x, y = np.array(points).T
    return float(100 * np.polyfit(x - x.mean(), y, 1)[0] / y.mean())
