"""Networks as a recipe names them: numbers that build a module."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from torch import nn

from stlib.data.clips import Canvas, sides
from stlib.networks import (
    ActivityNet,
    Classifier2D,
    Classifier3D,
    Decoupled,
    Earthformer,
    EncoderForecaster,
    Patched,
    Pyramid,
    SimVP,
    SkipNet,
    Stack,
    WholeContext,
    draw_xavier,
)
from stlib.recipes.cells import CellChoice, ConvLSTMCell, MKLSTMCell, STLSTMCell, one_for_all

__all__ = [
    "ActivityNetOf",
    "Classifier2DOf",
    "Classifier3DOf",
    "DecoupledOf",
    "EarthformerOf",
    "EncoderForecasterOf",
    "NetworkChoice",
    "PyramidOf",
    "SimVPOf",
    "SkipNetOf",
    "StackOf",
]


def _check_equal(cell: CellChoice, hidden: tuple[int, ...]) -> None:
    if cell.climbs and len(set(hidden)) > 1:
        raise ValueError(
            f"hidden={hidden}: expected equal widths, for a memory of {cell!r} climbs through all "
            "layers"
        )


@dataclass(frozen=True)
class StackOf:
    """`Stack` of one cell; its first weights are PyTorch's, or `draw_xavier`'s.

    With a `patch` above 1 it stands in a `Patched`; so do the next two.

    Source: this book.
    """

    cell: CellChoice = ConvLSTMCell()
    hidden: tuple[int, ...] = (32,) * 6
    channels: int = 1
    embed: bool = True
    xavier: bool = False
    patch: int = 1

    def __post_init__(self) -> None:
        _check_equal(self.cell, self.hidden)

    def build(self) -> nn.Module:
        """The network, with first weights from torch's generator.

        Raises:
            ValueError: a number that no network can have.
        """
        stack = partial(
            Stack, self.cell.layers(len(self.hidden)), hidden=self.hidden, embed=self.embed
        )
        network = _on_patches(stack, self.channels, self.patch)
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
    patch: int = 1

    def __post_init__(self) -> None:
        _check_equal(self.cell, self.hidden)

    def build(self) -> nn.Module:
        """The network, with first weights from torch's generator.

        Raises:
            ValueError: a number that no network can have.
        """
        skip_net = partial(
            SkipNet,
            self.cell.layers(len(self.hidden) * self.layers_each),
            hidden=self.hidden,
            layers_each=self.layers_each,
            sigmoid=self.sigmoid,
        )
        network = _on_patches(skip_net, self.channels, self.patch)
        if self.xavier:
            draw_xavier(network)
        return network


@dataclass(frozen=True)
class PyramidOf:
    """`Pyramid` of one cell; its first weights are PyTorch's, or `draw_xavier`'s.

    Source: this book.
    """

    cell: CellChoice = MKLSTMCell()
    hidden: tuple[int, ...] = (32,) * 6
    channels: int = 1
    xavier: bool = False
    patch: int = 1

    def __post_init__(self) -> None:
        _check_equal(self.cell, self.hidden)

    def build(self) -> nn.Module:
        """The network, with first weights from torch's generator.

        Raises:
            ValueError: a number that no network can have.
        """
        pyramid = partial(Pyramid, self.cell.layers(len(self.hidden)), hidden=self.hidden)
        network = _on_patches(pyramid, self.channels, self.patch)
        if self.xavier:
            draw_xavier(network)
        return network


@dataclass(frozen=True)
class DecoupledOf:
    """`Decoupled` around a network of `STLSTM` cells that tell what they write: PredRNN-V2.

    How much their likeness counts, the recipe's `decoupling` says.

    Raises:
        ValueError: cells that do not tell.

    Source: this book.
    """

    network: StackOf | SkipNetOf | PyramidOf = StackOf(STLSTMCell(increments=True))

    def __post_init__(self) -> None:
        cell = self.network.cell
        if not (isinstance(cell, STLSTMCell) and cell.increments):
            raise ValueError(f"network.cell={cell}: expected an STLSTMCell with increments=True")

    @property
    def channels(self) -> int:
        """Of the frames."""
        return self.network.channels

    def build(self) -> nn.Module:
        """The network, with first weights from torch's generator.

        Raises:
            ValueError: a number that no network can have.
        """
        network = Decoupled(self.network.build(), self.network.hidden[0])
        if self.network.xavier:
            draw_xavier(network.adapter)
        return network


@dataclass(frozen=True)
class EncoderForecasterOf:
    """`EncoderForecaster` of one cell; `context` is the recipe's own, `xavier` as in `StackOf`.

    Source: this book.
    """

    cell: CellChoice = ConvLSTMCell(kernel=5, peepholes=True)
    hidden: tuple[int, ...] = (128, 64, 64)
    context: int = 10
    patch: int = 4
    channels: int = 1
    xavier: bool = False

    def __post_init__(self) -> None:
        one_for_all(self.cell)
        if self.cell.climbs:
            raise ValueError(
                f"cell={self.cell!r}: expected one whose memories stay in their layers, for an "
                "encoder-forecaster hands none on"
            )

    def build(self) -> nn.Module:
        """The network, with first weights from torch's generator.

        Raises:
            ValueError: a number that no network can have.
        """
        cell = one_for_all(self.cell)
        network = EncoderForecaster(cell, self.channels, self.hidden, self.context, self.patch)
        if self.xavier:
            draw_xavier(network)
        return network


@dataclass(frozen=True)
class SimVPOf:
    """`SimVP` in a `WholeContext`; `context` is the recipe's own.

    Source: this book.
    """

    context: int = 10
    width: int = 64
    hidden: int = 512
    layers: int = 4
    depth: int = 3
    kernels: tuple[int, ...] = (3, 5, 7, 11)
    groups: int = 4
    channels: int = 1

    def build(self) -> nn.Module:
        """The network, with first weights from torch's generator.

        Raises:
            ValueError: a number that no network can have.
        """
        model = SimVP(
            self.channels,
            self.context,
            self.width,
            self.hidden,
            self.layers,
            self.depth,
            self.kernels,
            self.groups,
        )
        return WholeContext(model, self.channels, self.context)


@dataclass(frozen=True)
class EarthformerOf:
    """`Earthformer` in a `WholeContext`; `context` and `canvas` are the recipe's own.

    Source: this book.
    """

    context: int = 10
    canvas: Canvas = 64
    width: int = 64
    depth: int = 4
    heads: int = 4
    groups: int = 16
    channels: int = 1

    def build(self) -> nn.Module:
        """The network, with first weights from torch's generator.

        Raises:
            ValueError: a number that no network can have.
        """
        model = Earthformer(
            self.channels,
            sides(self.canvas),
            self.context,
            self.width,
            self.depth,
            self.heads,
            self.groups,
        )
        return WholeContext(model, self.channels, self.context)


@dataclass(frozen=True)
class Classifier2DOf:
    """`Classifier2D`, by its own arguments: section 4.1 of Su et al.

    Source: this book.
    """

    steps: int = 16
    width: int = 128
    side: int = 7

    def build(self, inputs: int, classes: int) -> Classifier2D:
        """The classifier, with first weights from torch's generator.

        Raises:
            ValueError: a number that it cannot have.
        """
        return Classifier2D(inputs, classes, self.steps, self.width, self.side)


@dataclass(frozen=True)
class Classifier3DOf:
    """`Classifier3D`, by its own arguments: appendix B.2 of Su et al.

    Source: this book.
    """

    steps: int = 16
    width: int = 128
    hidden: int = 512
    side: int = 7

    def build(self, inputs: int, classes: int) -> Classifier3D:
        """The classifier, with first weights from torch's generator.

        Raises:
            ValueError: a number that it cannot have.
        """
        return Classifier3D(inputs, classes, self.steps, self.width, self.hidden, self.side)


@dataclass(frozen=True)
class ActivityNetOf:
    """`ActivityNet` of one cell and one classifier; `classes` are as many as the data's.

    The paper says that all its convolutions start from `draw_xavier`'s weights.

    Source: this book.
    """

    cell: CellChoice = ConvLSTMCell(kernel=5)
    classifier: Classifier2DOf | Classifier3DOf = Classifier3DOf()
    classes: int = 41
    channels: int = 3
    width: int = 64
    hidden: tuple[int, int, int, int] = (32, 48, 48, 32)
    layers_each: int = 2
    xavier: bool = True

    def build(self) -> nn.Module:
        """The network, with first weights from torch's generator.

        Raises:
            ValueError: a number that no network can have.
        """
        cell = one_for_all(self.cell)
        classifier = self.classifier.build(self.width, self.classes)
        network = ActivityNet(
            cell, classifier, self.channels, self.width, self.hidden, self.layers_each
        )
        if self.xavier:
            draw_xavier(network)
        return network


NetworkChoice: TypeAlias = (
    StackOf
    | SkipNetOf
    | PyramidOf
    | EncoderForecasterOf
    | SimVPOf
    | EarthformerOf
    | ActivityNetOf
    | DecoupledOf
)


def _on_patches(network: Callable[[int], nn.Module], channels: int, patch: int) -> nn.Module:
    return network(channels) if patch == 1 else Patched(network, channels, patch)
