"""How many of many counts would have a printed figure by chance."""

from collections.abc import Iterable
from fractions import Fraction
from math import ceil

from stlib.printed.number import Printed

__all__ = ["by_chance", "fitting"]

AROUND = Fraction(1, 4)


def fitting(counts: Iterable[int], printed: Printed) -> int:
    """How many counts round to a figure.

    Args:
        counts: of the configurations that were tried; one that is tried twice counts twice.
        printed: the figure.

    Source: this book, chapter 25.
    """
    low, high = map(ceil, printed.bounds())
    return sum(low <= count < high for count in counts)


def by_chance(counts: Iterable[int], printed: Printed, around: Fraction = AROUND) -> Fraction:
    """How many would round to a figure that nothing ties to them, on average.

    Such a figure has as many digits and is anywhere near the printed one, each place as likely as
    any other. So the counts that lie near are shared among as many figures as there are.

    Args:
        counts: of the configurations that were tried.
        printed: the figure.
        around: how far from it is near, as a share of it, between 0 and 1.

    Raises:
        ValueError: `around` out of its range.

    Source: this book, chapter 25.
    """
    if not 0 < around < 1:
        raise ValueError(f"{around=}, expected between 0 and 1, such as 1/4")
    low, high = printed.value * (1 - around), printed.value * (1 + around)
    least, most = ceil(low), ceil(high)
    near = sum(least <= count < most for count in counts)
    return near * printed.step / (high - low)
