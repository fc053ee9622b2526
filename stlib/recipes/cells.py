"""Cells as a recipe names them: numbers that build the layers of a network."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, TypeAlias

from stlib.cells import (
    CMSLSTM,
    E3DLSTM,
    MIM,
    MKLSTM,
    STLSTM,
    CausalConv3d,
    CausalLSTM,
    CompressedConvLSTM,
    ConvLSTM,
    ConvTTLSTM,
    GradientHighway,
    MoDeRNN,
    MotionRNN,
    PrecipLSTM,
    TrajGRU,
    Window,
)
from stlib.networks.layers import CellConstructor

__all__ = [
    "CMSLSTMCell",
    "CausalConv3dCell",
    "CellChoice",
    "CompressedConvLSTMCell",
    "ConvLSTMCell",
    "ConvTTLSTMCell",
    "E3DLSTMCell",
    "MIMCell",
    "MKLSTMCell",
    "MoDeRNNCell",
    "MotionRNNCell",
    "PrecipLSTMCell",
    "PredRNNPlusPlusCell",
    "STLSTMCell",
    "TrajGRUCell",
    "one_for_all",
]


class _Cell:
    """A choice of cell."""

    climbs: ClassVar[bool] = False  # whether a memory goes from layer to layer


class _Alike(_Cell):
    """A choice whose layers are all built alike."""

    def constructor(self) -> CellConstructor:
        """What a network calls as ``cell(inputs, outputs)``."""
        raise NotImplementedError

    def layers(self, count: int) -> tuple[CellConstructor, ...]:
        """One constructor a layer, lowest first."""
        return (self.constructor(),) * count


@dataclass(frozen=True)
class ConvLSTMCell(_Alike):
    """`ConvLSTM`, by its own arguments.

    Source: this book.
    """

    kernel: int = 3
    biases: int = 1
    peepholes: bool = False

    def constructor(self) -> CellConstructor:
        """What a network calls as ``cell(inputs, outputs)``."""
        return partial(ConvLSTM, kernel=self.kernel, biases=self.biases, peepholes=self.peepholes)


@dataclass(frozen=True)
class ConvTTLSTMCell(_Alike):
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

    def constructor(self) -> CellConstructor:
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
class CompressedConvLSTMCell(_Alike):
    """`CompressedConvLSTM`, by its own arguments.

    Source: this book.
    """

    kernel: int = 5
    rank: int = 8
    factors: int = 2
    trains: int = 1

    def constructor(self) -> CellConstructor:
        """What a network calls as ``cell(inputs, outputs)``."""
        return partial(
            CompressedConvLSTM,
            kernel=self.kernel,
            rank=self.rank,
            factors=self.factors,
            trains=self.trains,
        )


@dataclass(frozen=True)
class CausalConv3dCell(_Alike):
    """`CausalConv3d`, by its own arguments.

    Source: this book.
    """

    kernel: int = 3
    times: int = 3

    def constructor(self) -> CellConstructor:
        """What a network calls as ``cell(inputs, outputs)``."""
        return partial(CausalConv3d, kernel=self.kernel, times=self.times)


@dataclass(frozen=True)
class MKLSTMCell(_Alike):
    """`MKLSTM`, by its own arguments.

    Source: this book.
    """

    kernels: tuple[int, ...] = (3, 5)
    biases: int = 2

    def constructor(self) -> CellConstructor:
        """What a network calls as ``cell(inputs, outputs)``."""
        return partial(MKLSTM, kernels=self.kernels, biases=self.biases)


@dataclass(frozen=True)
class TrajGRUCell(_Alike):
    """`TrajGRU`, by its own arguments.

    Source: this book.
    """

    links: int = 10
    kernel: int = 3

    def constructor(self) -> CellConstructor:
        """What a network calls as ``cell(inputs, outputs)``."""
        return partial(TrajGRU, links=self.links, kernel=self.kernel)


@dataclass(frozen=True)
class STLSTMCell(_Alike):
    """`STLSTM`, by its own arguments: PredRNN; with increments, that of PredRNN-V2.

    Source: this book.
    """

    kernel: int = 3
    biases: int = 2
    increments: bool = False

    climbs: ClassVar[bool] = True

    def constructor(self) -> CellConstructor:
        """What a network calls as ``cell(inputs, outputs)``."""
        return partial(STLSTM, kernel=self.kernel, biases=self.biases, increments=self.increments)


@dataclass(frozen=True)
class PredRNNPlusPlusCell(_Cell):
    """`CausalLSTM`, with a `GradientHighway` before the second layer.

    Source: Wang et al., *PredRNN++*, 2018.
    """

    kernel: int = 3

    climbs: ClassVar[bool] = True

    def layers(self, count: int) -> tuple[CellConstructor, ...]:
        """One constructor a layer, lowest first; a single layer has no highway."""
        cell = partial(CausalLSTM, kernel=self.kernel)
        highway = partial(GradientHighway, cell=cell, kernel=self.kernel)
        return tuple(highway if layer == 1 else cell for layer in range(count))


@dataclass(frozen=True)
class PrecipLSTMCell(_Alike):
    """`PrecipLSTM`, by its own arguments.

    Source: this book.
    """

    kernel: int = 3
    window: int = 30
    chunk: int = 16

    climbs: ClassVar[bool] = True

    def constructor(self) -> CellConstructor:
        """What a network calls as ``cell(inputs, outputs)``."""
        return partial(PrecipLSTM, kernel=self.kernel, window=self.window, chunk=self.chunk)


@dataclass(frozen=True)
class MoDeRNNCell(_Alike):
    """`MoDeRNN`, by its own arguments.

    Source: this book.
    """

    rounds: int = 5
    kernels: tuple[int, ...] = (3, 5, 7)
    kernel: int = 3

    def constructor(self) -> CellConstructor:
        """What a network calls as ``cell(inputs, outputs)``."""
        return partial(MoDeRNN, rounds=self.rounds, kernels=self.kernels, kernel=self.kernel)


@dataclass(frozen=True)
class CMSLSTMCell(_Alike):
    """`CMSLSTM`, by its own arguments.

    Source: this book.
    """

    rounds: int = 5
    scales: tuple[int, ...] = (1, 2, 4)
    kernel: int = 3

    def constructor(self) -> CellConstructor:
        """What a network calls as ``cell(inputs, outputs)``."""
        return partial(CMSLSTM, rounds=self.rounds, scales=self.scales, kernel=self.kernel)


@dataclass(frozen=True)
class E3DLSTMCell(_Cell):
    """`E3DLSTM`, by its own arguments; the lowest layer reads single frames.

    Source: Wang et al., *Eidetic 3D LSTM*, 2019.
    """

    kernel: int = 5
    history: int | None = None
    bias: bool = True
    chunk: int = 256

    climbs: ClassVar[bool] = True

    def layers(self, count: int) -> tuple[CellConstructor, ...]:
        """One constructor a layer, lowest first."""
        cell = partial(
            E3DLSTM,
            kernel=self.kernel,
            history=self.history,
            bias=self.bias,
            chunk=self.chunk,
        )
        return (partial(cell, lowest=True), *(cell,) * (count - 1))


@dataclass(frozen=True)
class MIMCell(_Cell):
    """`MIM`, by its own arguments; the lowest layer is an `STLSTM`.

    Source: this book.
    """

    kernel: int = 3
    biases: int = 2

    climbs: ClassVar[bool] = True

    def layers(self, count: int) -> tuple[CellConstructor, ...]:
        """One constructor a layer, lowest first."""
        lowest: CellConstructor = partial(STLSTM, kernel=self.kernel, biases=self.biases)
        above: CellConstructor = partial(MIM, kernel=self.kernel, biases=self.biases)
        return (lowest, *[above] * (count - 1))


@dataclass(frozen=True)
class MotionRNNCell(_Cell):
    """`MotionRNN` around the layers of `MIMCell`, the top one excepted, by its own arguments.

    Source: this book.
    """

    kernel: int = 3
    biases: int = 2
    offsets: bool = True

    climbs: ClassVar[bool] = True

    def layers(self, count: int) -> tuple[CellConstructor, ...]:
        """One constructor a layer, lowest first."""
        *lower, top = MIMCell(self.kernel, self.biases).layers(count)
        moving = (partial(MotionRNN, base=base, offsets=self.offsets) for base in lower)
        return (*moving, top)


CellChoice: TypeAlias = (
    ConvLSTMCell
    | ConvTTLSTMCell
    | CompressedConvLSTMCell
    | CausalConv3dCell
    | MKLSTMCell
    | TrajGRUCell
    | STLSTMCell
    | PredRNNPlusPlusCell
    | PrecipLSTMCell
    | MoDeRNNCell
    | CMSLSTMCell
    | E3DLSTMCell
    | MIMCell
    | MotionRNNCell
)


def one_for_all(cell: object) -> CellConstructor:
    """The one constructor of a cell whose layers are all built alike.

    Raises:
        ValueError: another cell, for a network that cannot tell its layers apart.

    Source: this book.
    """
    if isinstance(cell, _Alike):
        return cell.constructor()
    raise ValueError(f"cell={cell!r}: this network needs a cell whose layers are all alike")
