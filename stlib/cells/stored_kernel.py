"""A convolution kernel as a module stores it: whole, or as a classic tensor train."""

from collections.abc import Sequence
from math import isqrt, prod, sqrt

import torch
from jaxtyping import Float
from torch import Tensor, nn

from stlib.tensor_train import classic_kernel

__all__ = ["TrainKernel", "WholeKernel", "balanced"]


class WholeKernel(nn.Module):
    """A kernel with a number of its own at every place.

    Args:
        inputs, outputs: channels.
        size: width, odd.
        reads: channels of everything that is added up with what this kernel gives; None is
            `inputs`. The first weights are drawn as PyTorch draws those of one layer that reads
            them all.

    Source: this book.
    """

    def __init__(self, inputs: int, outputs: int, size: int, reads: int | None = None) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs, size, size))
        self.draw(1 / (3 * (inputs if reads is None else reads) * size**2))

    def draw(self, variance: float) -> None:
        """Draw every number anew, evenly about 0 with that variance."""
        bound = sqrt(3 * variance)
        with torch.no_grad():
            self.weight.uniform_(-bound, bound)

    def forward(self) -> Float[Tensor, "_outputs _inputs _height _width"]:
        """The kernel."""
        return self.weight


class TrainKernel(nn.Module):
    """A kernel stored as a classic tensor train, multiplied out where it is used.

    Args:
        inputs, outputs: channels.
        size: width, odd.
        rank: every bond.
        factors: how many, G(0) for space included; 2 leaves the channels whole, 3 splits each of
            them into two factors as equal as can be, the larger first.
        reads: as for `WholeKernel`; the kernel multiplied out has that variance.

    Raises:
        ValueError: a rank below 1, or factors other than 2 and 3.

    Source: Su et al., Eq. 13 with its last factor corrected; Novikov et al. 2015.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        size: int,
        rank: int,
        factors: int = 2,
        reads: int | None = None,
    ) -> None:
        super().__init__()
        if rank < 1 or factors not in (2, 3):
            raise ValueError(f"{rank=}, {factors=}: expected a rank from 1, and 2 or 3 factors")
        split: Sequence[tuple[int, int]] = [(outputs, inputs)]
        if factors == 3:
            split = list(zip(balanced(outputs), balanced(inputs), strict=True))
        shapes: list[tuple[int, ...]] = [(size, size, rank)]
        shapes += [(t, s, rank, rank) for t, s in split[:-1]] + [(*split[-1], rank)]
        self.factors = nn.ParameterList(torch.empty(shape) for shape in shapes)
        self.draw(1 / (3 * (inputs if reads is None else reads) * size**2))

    def draw(self, variance: float) -> None:
        """Draw every factor anew, normal, so that the kernel multiplied out has that variance."""
        # A product of numbers drawn apart has the product of their variances, once a bond's path.
        paths = prod(factor.shape[-1] for factor in self.factors[:-1])
        each = (variance / paths) ** (1 / len(self.factors))
        with torch.no_grad():
            for factor in self.factors:
                factor.normal_(0, sqrt(each))

    def forward(self) -> Float[Tensor, "_outputs _inputs _height _width"]:
        """The kernel, multiplied out."""
        return classic_kernel(list(self.factors))


def balanced(number: int) -> tuple[int, int]:
    """The two factors of a number that lie closest together, the larger first.

    Raises:
        ValueError: a number below 1.

    Source: this book; the papers do not print how they split channels.
    """
    if number < 1:
        raise ValueError(f"{number=}, expected 1 or more")
    small = next(each for each in range(isqrt(number), 0, -1) if number % each == 0)
    return number // small, small
