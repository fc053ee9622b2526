"""Parameters and multiplications of the networks of Su et al., in closed form.

`stlib.cost` counts a module; a search through thousands of configurations cannot build them. These
dataclasses only count, and a test holds them to the modules.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple, Protocol, TypeAlias

from stlib.cells import Window, windows
from stlib.cells.stored_kernel import balanced
from stlib.cost import core_parameters

__all__ = ["Classic", "CountedCell", "Forecaster", "Layers", "Numbers", "Split", "Train", "Whole"]

Split: TypeAlias = Literal[
    "larger first", "smaller first", "crossed", "outputs first", "inputs first"
]


class Numbers(NamedTuple):
    """What a network stores, and how many products its gates make.

    Attributes:
        weights: of convolutions; each is one multiplication a pixel.
        biases: one number each.
        products: of two maps, a pixel: three for each channel of a memory.
        peepholes: one number each, and one multiplication a pixel.

    Source: this book.
    """

    weights: int
    biases: int
    products: int
    peepholes: int = 0

    @property
    def parameters(self) -> int:
        """All numbers stored."""
        return self.weights + self.biases + self.peepholes


class CountedCell(Protocol):
    """A recurrent layer that can be counted.

    Source: this book.
    """

    def stored(self, inputs: int, outputs: int) -> tuple[int, int]:
        """Weights and biases of a layer that reads `inputs` and writes `outputs` channels."""
        ...


@dataclass(frozen=True)
class Whole:
    """`ConvLSTM`, its biases shared.

    Source: Su et al., Eq. 2.
    """

    kernel: int = 5

    def stored(self, inputs: int, outputs: int) -> tuple[int, int]:
        """Weights and biases of one layer."""
        return self.kernel**2 * (inputs + outputs) * 4 * outputs, 4 * outputs


@dataclass(frozen=True)
class Train:
    """`ConvTTLSTM`, and two layouts more that the text does not rule out.

    Attributes:
        order, steps, rank, kernel, projection, window: as in `ConvTTLSTM`; without a window the
            ranks are the outputs.
        first, others: width of G(1) and of the other cores.
        shared: one P for all cores, where the paper writes P(i).

    Raises:
        ValueError: as `stlib.cells.windows`.

    Source: Su et al., Eq. 10, 11 and 26.
    """

    order: int = 3
    steps: int = 3
    rank: int = 8
    kernel: int = 5
    first: int = 5
    others: int = 5
    projection: int = 5
    window: Window = "sliding"
    shared: bool = False

    def stored(self, inputs: int, outputs: int) -> tuple[int, int]:
        """Weights and biases of one layer; W and G(1) have one bias, as in `ConvTTLSTM`."""
        reads = windows(self.window, self.order, self.steps)
        rank = outputs if self.window == "none" else self.rank
        weights = self.kernel**2 * inputs * 4 * outputs
        weights += core_parameters(self.first, (4 * outputs, rank))
        weights += core_parameters(self.others, (rank,) * self.order)
        biases = 4 * outputs + rank * (self.order - 1)
        if self.window != "none":
            projections = 1 if self.shared else self.order
            weights += projections * len(reads[0]) * self.projection**2 * outputs * rank
            biases += projections * rank
        return weights, biases


@dataclass(frozen=True)
class Classic:
    """`CompressedConvLSTM`: the map of the input is a classic tensor train, that of h is whole.

    Attributes:
        factors: G(0) … G(N-1), the first for space.
        rank: every bond.
        trains: 1 for all gates together, or 4.
        split: how channels become the pairs of G(1) and G(2): two factors as equal as can be,
            outputs and inputs alike or crossed; or all outputs in one and all inputs in the other.
            With two factors there is nothing to split.
        kernel: width of both maps.

    Raises:
        ValueError: factors other than 2 and 3.

    Source: Su et al., Eq. 12 and 13.
    """

    factors: int = 2
    rank: int = 8
    trains: int = 1
    split: Split = "larger first"
    kernel: int = 5

    def __post_init__(self) -> None:
        if self.factors not in (2, 3):
            raise ValueError(f"factors={self.factors}: expected 2 or 3")

    def stored(self, inputs: int, outputs: int) -> tuple[int, int]:
        """Weights, as they are stored and not as they are multiplied out, and biases."""
        pairs = self._pairs(4 * outputs // self.trains, inputs)
        train = self.kernel**2 * self.rank
        train += sum(self.rank**2 * t * s for t, s in pairs[:-1])
        train += self.rank * pairs[-1][0] * pairs[-1][1]
        return self.trains * train + self.kernel**2 * outputs * 4 * outputs, 4 * outputs

    def _pairs(self, writes: int, reads: int) -> list[tuple[int, int]]:
        """Outputs and inputs of G(1) … G(N-1)."""
        if self.factors == 2:
            return [(writes, reads)]
        (most, least), (more, less) = balanced(writes), balanced(reads)
        return {
            "larger first": [(most, more), (least, less)],
            "smaller first": [(least, less), (most, more)],
            "crossed": [(most, less), (least, more)],
            "outputs first": [(writes, 1), (1, reads)],
            "inputs first": [(1, reads), (writes, 1)],
        }[self.split]


@dataclass(frozen=True)
class Layers:
    """Recurrent layers and a convolution on top: `SkipNet`, or `Stack` without an embedding.

    Attributes:
        cell: of every layer.
        hidden: width of each layer, lowest first.
        joined: layer l reads layer l' too, as ``{l: l'}`` pairs say; the readout counts as the
            layer above the last.
        channels: of the frames.
        readout: width of the convolution on top.
        biases: whether there are any.

    Source: Su et al., section B.2 and Figure 6a.
    """

    cell: CountedCell
    hidden: tuple[int, ...] = (32,) * 3 + (48,) * 6 + (32,) * 3
    joined: tuple[tuple[int, int], ...] = ((10, 3), (13, 6))
    channels: int = 1
    readout: int = 1
    biases: bool = True

    def numbers(self) -> Numbers:
        """What the network stores."""
        *pairs, last = self._widths()
        weights = self.readout**2 * last[0] * self.channels
        biases = self.channels
        for (inputs, outputs), times in Counter(pairs).items():
            layer_weights, layer_biases = self.cell.stored(inputs, outputs)
            weights += times * layer_weights
            biases += times * layer_biases
        return Numbers(weights, biases if self.biases else 0, 3 * sum(self.hidden))

    def _widths(self) -> Iterator[tuple[int, int]]:
        """Channels that each layer reads and writes, and the readout."""
        joined = dict(self.joined)
        for layer, (below, outputs) in enumerate(
            pairwise((self.channels, *self.hidden, self.channels)), start=1
        ):
            extra = self.hidden[joined[layer] - 1] if layer in joined else 0
            yield below + extra, outputs


@dataclass(frozen=True)
class Forecaster:
    """`EncoderForecaster` of ConvLSTM, as Shi et al. describe it.

    Attributes:
        peepholes: numbers for each channel and gate: none, one, or one for every place of a map
            that is `side` high and wide.
        kernel: width of the maps.
        hidden, patch, channels: as in `EncoderForecaster`.

    Source: Shi et al., *Convolutional LSTM Network*, 2015, sections 3.2 and 4.1.
    """

    peepholes: Literal["none", "channel", "place"] = "channel"
    kernel: int = 5
    hidden: tuple[int, ...] = (128, 64, 64)
    patch: int = 4
    side: int = 16
    channels: int = 1

    def numbers(self) -> Numbers:
        """What both stacks and the 1×1 readout store."""
        folded, each = self.channels * self.patch**2, Whole(self.kernel)
        pairs = [*pairwise((folded, *self.hidden)), *pairwise((0, *self.hidden[::-1]))]
        layers = [each.stored(inputs, outputs) for inputs, outputs in pairs]
        weights, biases = (sum(column) for column in zip(*layers, strict=True))
        places = {"none": 0, "channel": 1, "place": self.side**2}[self.peepholes]
        memories = 2 * sum(self.hidden)
        return Numbers(
            weights + sum(self.hidden) * folded,
            biases + folded,
            3 * memories,
            3 * memories * places,
        )
