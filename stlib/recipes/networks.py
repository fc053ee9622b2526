"""Networks as a recipe names them: numbers that build a module."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from torch import nn

from stlib.cells import ConvLSTM
from stlib.networks import SkipNet, Stack

__all__ = ["ConvLSTMCell", "NetworkChoice", "SkipNetOf", "StackOf"]


@dataclass(frozen=True)
class ConvLSTMCell:
    """`ConvLSTM`, by its own arguments.

    Source: this book.
    """

    kernel: int = 3
    biases: int = 1
    peepholes: bool = False

    def constructor(self) -> Callable[[int, int], nn.Module]:
        """What a network calls as ``cell(inputs, outputs)``."""
        return partial(ConvLSTM, kernel=self.kernel, biases=self.biases, peepholes=self.peepholes)


@dataclass(frozen=True)
class StackOf:
    """`Stack` of one cell.

    Source: this book.
    """

    cell: ConvLSTMCell = ConvLSTMCell()
    hidden: tuple[int, ...] = (32,) * 6
    channels: int = 1

    def build(self) -> nn.Module:
        """The network, with first weights from torch's generator.

        Raises:
            ValueError: a number that no network can have.
        """
        return Stack(self.cell.constructor(), self.channels, self.hidden)


@dataclass(frozen=True)
class SkipNetOf:
    """`SkipNet` of one cell.

    Source: this book.
    """

    cell: ConvLSTMCell = ConvLSTMCell(kernel=5)
    hidden: tuple[int, int, int, int] = (32, 48, 48, 32)
    layers_each: int = 3
    channels: int = 1
    sigmoid: bool = False

    def build(self) -> nn.Module:
        """The network, with first weights from torch's generator.

        Raises:
            ValueError: a number that no network can have.
        """
        cell = self.cell.constructor()
        return SkipNet(cell, self.channels, self.hidden, self.layers_each, self.sigmoid)


NetworkChoice: TypeAlias = StackOf | SkipNetOf
