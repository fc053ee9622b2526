"""Networks as a recipe names them: numbers that build a module."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from torch import nn

from stlib.cells import CompressedConvLSTM, ConvLSTM, ConvTTLSTM, Window
from stlib.networks import SkipNet, Stack, draw_xavier

__all__ = [
    "CellChoice",
    "CompressedConvLSTMCell",
    "ConvLSTMCell",
    "ConvTTLSTMCell",
    "NetworkChoice",
    "SkipNetOf",
    "StackOf",
]


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
class ConvTTLSTMCell:
    """`ConvTTLSTM`, by its own arguments.

    Source: this book.
    """

    order: int = 3
    steps: int = 3
    ranks: int | tuple[int, ...] = 8
    kernel: int = 5
    core: int | None = None
    projection: int | None = None
    window: Window = "sliding"
    direct: int = 1
    train: int | None = None

    def constructor(self) -> Callable[[int, int], nn.Module]:
        """What a network calls as ``cell(inputs, outputs)``."""
        return partial(
            ConvTTLSTM,
            order=self.order,
            steps=self.steps,
            ranks=self.ranks,
            kernel=self.kernel,
            core=self.core,
            projection=self.projection,
            window=self.window,
            direct=self.direct,
            train=self.train,
        )


@dataclass(frozen=True)
class CompressedConvLSTMCell:
    """`CompressedConvLSTM`, by its own arguments.

    Source: this book.
    """

    kernel: int = 5
    rank: int = 8
    factors: int = 2
    trains: int = 1

    def constructor(self) -> Callable[[int, int], nn.Module]:
        """What a network calls as ``cell(inputs, outputs)``."""
        return partial(
            CompressedConvLSTM,
            kernel=self.kernel,
            rank=self.rank,
            factors=self.factors,
            trains=self.trains,
        )


CellChoice: TypeAlias = ConvLSTMCell | ConvTTLSTMCell | CompressedConvLSTMCell


@dataclass(frozen=True)
class StackOf:
    """`Stack` of one cell; its first weights are PyTorch's, or `draw_xavier`'s.

    Source: this book.
    """

    cell: CellChoice = ConvLSTMCell()
    hidden: tuple[int, ...] = (32,) * 6
    channels: int = 1
    embed: bool = True
    xavier: bool = False

    def build(self) -> nn.Module:
        """The network, with first weights from torch's generator.

        Raises:
            ValueError: a number that no network can have.
        """
        network = Stack(self.cell.constructor(), self.channels, self.hidden, self.embed)
        if self.xavier:
            draw_xavier(network)
        return network


@dataclass(frozen=True)
class SkipNetOf:
    """`SkipNet` of one cell; its first weights are PyTorch's, or `draw_xavier`'s.

    Source: this book.
    """

    cell: CellChoice = ConvLSTMCell(kernel=5)
    hidden: tuple[int, int, int, int] = (32, 48, 48, 32)
    layers_each: int = 3
    channels: int = 1
    sigmoid: bool = False
    xavier: bool = False

    def build(self) -> nn.Module:
        """The network, with first weights from torch's generator.

        Raises:
            ValueError: a number that no network can have.
        """
        cell = self.cell.constructor()
        network = SkipNet(cell, self.channels, self.hidden, self.layers_each, self.sigmoid)
        if self.xavier:
            draw_xavier(network)
        return network


NetworkChoice: TypeAlias = StackOf | SkipNetOf
