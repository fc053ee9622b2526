"""What a value from 0 to 1 stands for: vehicles, or millimetres of rain an hour."""

import math
from dataclasses import dataclass
from typing import TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["Linear", "Logarithmic", "Units"]


@dataclass(frozen=True)
class Linear:
    """Evenly: half of the largest value is 0.5.

    Attributes:
        name: of the unit, per what.
        most: what 1 stands for; 0 stands for 0.

    Raises:
        ValueError: `most` is not above 0.

    Source: this book; min-max scaling of data whose least value is 0.
    """

    name: str
    most: float

    def __post_init__(self) -> None:
        _positive("most", self.most)

    def to_units(self, frames: Float[Tensor, "*axes"]) -> Float[Tensor, "*axes"]:
        """From [0, 1] to the unit; what lies outside goes on evenly."""
        return frames * self.most

    def from_units(self, values: Float[Tensor, "*axes"]) -> Float[Tensor, "*axes"]:
        """From the unit to [0, 1]; what is more than `most` is cut to it.

        Raises:
            ValueError: a value below 0, or that is no number.
        """
        return (_measured(values, self.name) / self.most).clamp(max=1)


@dataclass(frozen=True)
class Logarithmic:
    """A little and a lot are both told apart: x = log(1 + r / knee) / log(1 + most / knee).

    Values of rain lie close to 0 with a long tail. Evenly scaled, half a millimetre an hour would
    be a two-hundredth of 100, and a squared error would see heavy rain alone.

    Attributes:
        name: of the unit, per what.
        knee: below it the scale is nearly even, above it nearly logarithmic.
        most: what 1 stands for; 0 stands for 0.

    Raises:
        ValueError: `knee` or `most` is not above 0.

    Source: this book; Ma et al. do not say how they scale rain.
    """

    name: str
    knee: float
    most: float

    def __post_init__(self) -> None:
        _positive("knee", self.knee)
        _positive("most", self.most)

    def to_units(self, frames: Float[Tensor, "*axes"]) -> Float[Tensor, "*axes"]:
        """From [0, 1] to the unit; what lies outside goes on as it would."""
        return self.knee * torch.expm1(frames * math.log1p(self.most / self.knee))

    def from_units(self, values: Float[Tensor, "*axes"]) -> Float[Tensor, "*axes"]:
        """From the unit to [0, 1]; what is more than `most` is cut to it.

        Raises:
            ValueError: a value below 0, or that is no number.
        """
        logarithm = torch.log1p(_measured(values, self.name) / self.knee)
        return (logarithm / math.log1p(self.most / self.knee)).clamp(max=1)


Units: TypeAlias = Linear | Logarithmic


def _positive(name: str, value: float) -> None:
    if not 0 < value < math.inf:
        raise ValueError(f"{name}={value}, expected more than 0")


def _measured(values: Tensor, name: str) -> Tensor:
    wrong = values[~(values >= 0)]  # NaN is not
    if len(wrong):
        raise ValueError(f"{float(wrong[0])} {name}, expected numbers from 0")
    return values
