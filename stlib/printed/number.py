"""A number as a paper prints it: with a unit, and with few digits."""

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Literal, TypeAlias

__all__ = ["Agreement", "Printed"]

Agreement: TypeAlias = Literal["rounds", "cut short", "differs"]
UNITS = {"": 1, "M": 10**6, "G": 10**9}
FORM = re.compile(r"(\d+(?:\.(\d+))?)([MG]?)")


@dataclass(frozen=True)
class Printed:
    """A number of a table.

    Attributes:
        text: what is printed: digits, perhaps a point, perhaps M (10^6) or G (10^9).

    Raises:
        ValueError: a text of another form.

    Source: this book.
    """

    text: str

    def __post_init__(self) -> None:
        if not FORM.fullmatch(self.text):
            raise ValueError(f"{self.text!r}: expected a number such as 25.81, 3.97M or 15.88G")

    @property
    def value(self) -> Fraction:
        """The number itself, exactly."""
        digits, _, unit = self._parts()
        return Fraction(digits) * UNITS[unit]

    @property
    def digits(self) -> int:
        """Digits behind the point."""
        return len(self._parts()[1])

    @property
    def step(self) -> Fraction:
        """The unit of the last digit."""
        return Fraction(UNITS[self._parts()[2]], 10**self.digits)

    def bounds(self) -> tuple[Fraction, Fraction]:
        """What rounds to it: from the first, below the second."""
        return self.value - self.step / 2, self.value + self.step / 2

    def agreement(self, count: int | Fraction) -> Agreement:
        """Whether a count rounds to it, is cut short to it, or neither."""
        low, high = self.bounds()
        if low <= count < high:
            return "rounds"
        return "cut short" if floor(count / self.step) * self.step == self.value else "differs"

    def residual(self, count: int | Fraction) -> float:
        """The count less the printed number, in units of one."""
        return float(count - self.value)

    def _parts(self) -> tuple[Decimal, str, str]:
        found = FORM.fullmatch(self.text)
        assert found is not None  # __post_init__ has seen to it
        return Decimal(found[1]), found[2] or "", found[3]
