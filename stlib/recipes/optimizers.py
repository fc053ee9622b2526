"""Optimisers as a recipe names them: numbers that make one over some parameters."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from torch import nn, optim

__all__ = ["ADAM", "SGD", "Adam", "OptimizerChoice"]


@dataclass(frozen=True)
class Adam:
    """`torch.optim.Adam`, by its own arguments.

    Attributes:
        weight_decay: λ of the squared weights.

    Raises:
        ValueError: a negative number.

    Source: Kingma and Ba 2015.
    """

    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.weight_decay < float("inf"):
            raise ValueError(f"weight_decay={self.weight_decay}: expected 0 or more")

    def over(self, parameters: Sequence[nn.Parameter], rate: float) -> optim.Optimizer:
        """The optimiser of some parameters."""
        return optim.Adam(parameters, lr=rate, weight_decay=self.weight_decay)


@dataclass(frozen=True)
class SGD:
    """`torch.optim.SGD`, by its own arguments.

    Attributes:
        momentum: share of the last step that is kept.
        weight_decay: λ of the squared weights.

    Raises:
        ValueError: a number out of its range.

    Source: Robbins and Monro 1951; Miao et al., section 3.2.1, for the numbers.
    """

    momentum: float = 0.9
    weight_decay: float = 1e-4

    def __post_init__(self) -> None:
        if not 0 <= self.momentum < 1 or not 0 <= self.weight_decay < float("inf"):
            raise ValueError(
                f"momentum={self.momentum}, weight_decay={self.weight_decay}: expected 0 to below "
                "1, and 0 or more"
            )

    def over(self, parameters: Sequence[nn.Parameter], rate: float) -> optim.Optimizer:
        """The optimiser of some parameters."""
        return optim.SGD(
            parameters, lr=rate, momentum=self.momentum, weight_decay=self.weight_decay
        )


OptimizerChoice: TypeAlias = Adam | SGD

ADAM = Adam()
"""As torch has it."""
