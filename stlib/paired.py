"""Two things measured under the same luck, seed by seed: is one lower, and by how much?"""

from collections.abc import Sequence
from math import isfinite
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from stlib.extras import load

__all__ = ["Paired", "Verdict", "paired", "verdict"]

Verdict: TypeAlias = Literal["lower", "higher", "not resolved"]


class Paired(NamedTuple):
    """By how much the first differs from the second, and what else the pairs allow.

    Attributes:
        mean: of the differences, first minus second.
        low: end of the interval.
        high: end of the interval.

    Source: Student 1908.
    """

    mean: float
    low: float
    high: float


def paired(first: Sequence[float], second: Sequence[float], level: float = 0.95) -> Paired:
    """The interval for the mean difference of pairs, by Student's t.

    It holds the true mean in a share `level` of all repetitions, if the differences are
    independent draws of one normal distribution. A few seeds cannot tell whether they are.

    Args:
        first: one number a seed.
        second: of the same seeds, in the same order.
        level: between 0 and 1.

    Returns:
        The mean of the differences, first minus second, and the interval.

    Raises:
        ValueError: rows of two lengths, fewer than two pairs, a number that is not finite, or a
            level out of its range.
        ImportError: SciPy is missing.

    Source: Student 1908.
    """
    if len(first) != len(second) or len(first) < 2:
        raise ValueError(
            f"{len(first)} numbers and {len(second)}: expected as many of one as of the other, "
            "two at least, in the order of their seeds"
        )
    for place, value in enumerate((*first, *second)):
        if not isfinite(value):
            raise ValueError(f"number {place % len(first)} is {value}: drop that seed from both")
    if not 0 < level < 1:
        raise ValueError(f"{level=}, expected between 0 and 1, such as 0.95")
    d = np.asarray(first, dtype=float) - np.asarray(second, dtype=float)
    n = len(d)
    t = load("scipy.stats", "book").t.ppf((1 + level) / 2, n - 1)
    mean, half = float(d.mean()), float(t * d.std(ddof=1) / np.sqrt(n))
    return Paired(mean, mean - half, mean + half)


def verdict(found: Paired) -> Verdict:
    """What an interval says of the first against the second.

    An interval that holds zero resolves nothing: it does not say that the two are equal.

    Source: this book, chapter 13.
    """
    if found.high < 0:
        return "lower"
    return "higher" if found.low > 0 else "not resolved"
