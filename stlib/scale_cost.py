"""What a network of several scales costs, as formulas: Tables 1 and 2 of Ma et al., and their sums.

Plain sums and products, so that integers give counts and sympy symbols give polynomials. `c` is the
number of channels, `k` a kernel's width; `stlib.tally` counts what a module executes.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

__all__ = [
    "CONV_LSTM",
    "MK_LSTM",
    "Unit",
    "conv_lstm",
    "interpolated",
    "kept_bytes",
    "mk_lstm",
    "network_macs",
    "network_parameters",
    "pixels",
]


class Unit(NamedTuple):
    """A recurrent unit that reads and writes `c` channels.

    Attributes:
        weights: of its convolutions, in units of c².
        biases: in units of c.
        maps: outputs of convolutions, activations and products, each as large as h: the memory
            that Ma et al. count; a sum takes none.
        kept: maps that autograd keeps of this book's unit for the backward pass: what convolutions
            read, what activations wrote, and the old memories, each once.

    Source: Ma et al., *MS-LSTM*, Tables 1 and 2.
    """

    weights: Any
    biases: Any
    maps: Any
    kept: Any

    def parameters(self, c: Any) -> Any:
        """Weights and biases."""
        return self.weights * c**2 + self.biases * c

    def flops(self, b: Any, c: Any, h: Any, w: Any) -> Any:
        """Two operations a weight, item and pixel; biases and gates are ignored."""
        return 2 * b * self.weights * c**2 * h * w

    def memory(self, b: Any, c: Any, h: Any, w: Any) -> Any:
        """Numbers in its maps."""
        return self.maps * b * c * h * w


def conv_lstm(k: Any) -> Unit:
    """ConvLSTM: 8 convolutions, a bias each; 5 activations and 3 products.

    Source: Ma et al., *MS-LSTM*, Table 1.
    """
    return Unit(8 * k**2, 8, 8 + 5 + 3, 2 + 5 + 1)  # ms-table-1


def mk_lstm(kernels: Sequence[Any]) -> Unit:
    """MK-LSTM: for each kernel 8 convolutions and a look at its memory, and one 1x1 map of all.

    The 1x1 map reads every memory, so that two kernels make it 2 c² weights. Ma et al. print 307
    for the whole, which is what one c² would make.

    Source: Ma et al., *MS-LSTM*, Table 2 and Eq. 3.
    """
    n = len(kernels)
    convolutions, activations, products = 9 * n + 1, 3 * n + 2, 2 * n + 1
    weights = sum(9 * k**2 for k in kernels) + n  # ms-table-2
    kept = 2 + activations + 2 * n  # x and h; the old memories, and the new ones side by side
    return Unit(weights, convolutions, convolutions + activations + products, kept)


CONV_LSTM = conv_lstm(3)
MK_LSTM = mk_lstm((3, 5))


def network_parameters(unit: Unit, c: Any, layers: Any = 6, channels: Any = 1) -> Any:
    """Of `Stack` or `Pyramid`: the layers, a 1x1 embedding and a 1x1 readout.

    Source: Ma et al., *MS-LSTM*, Figures 1 and 2.
    """
    return layers * unit.parameters(c) + (channels + 1) * c + (c + 1) * channels


def pixels(levels: int, h: Any, w: Any) -> Any:
    """Pixels of all layers of a pyramid with two layers a scale; h and w divide by 2^(levels - 1).

    Source: Ma et al., *MS-LSTM*, section 4.1.
    """
    return sum(2 * h * w / 4**level for level in range(levels))


def interpolated(c: Any, levels: int, h: Any, w: Any) -> Any:
    """Numbers that a pyramid's bilinear interpolations write.

    Source: Ma et al., *MS-LSTM*, section 4.1.
    """
    return sum(c * h * w / 4**level for level in range(levels - 1))


def network_macs(unit: Unit, c: Any, spread: Any, h: Any, w: Any, channels: Any = 1) -> Any:
    """MACs of one step: every layer's weights at each of its pixels, the 1x1 maps at the finest.

    Args:
        unit: of every layer.
        c: its channels.
        spread: pixels of all layers together: ``6 * h * w`` for six layers of a `Stack`, `pixels`
            for a `Pyramid`.
        h: height of the frames.
        w: width of the frames.
        channels: of the frames.

    Source: Ma et al., *MS-LSTM*, section 4.3.1.
    """
    return unit.weights * c**2 * spread + 2 * channels * c * h * w


def kept_bytes(unit: Unit, c: Any, spread: Any, h: Any, w: Any, pooled: Any = 0) -> Any:
    """What autograd keeps of one step of a network, in bytes of float32.

    The units' maps, what the readout reads, and for each pool what it read and, in eight bytes a
    number, where it found each maximum.

    Args:
        unit, c, spread, h, w: as in `network_macs`.
        pooled: numbers that the pools read; a pyramid's read as many as `interpolated` writes.

    Source: this book; `stlib.training_memory.saved_bytes` measures it.
    """
    return 4 * (unit.kept * c * spread + c * h * w + pooled) + 8 * pooled / 4
