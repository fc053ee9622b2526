"""The configurations among which a printed figure is looked for, declared before looking.

Table 6 and 7 say what the authors tried. Beside it stand readings that the text leaves open: which
window, how wide the cores and P are, whether P is one for all cores, how channels are split, how
wide the convolution on top is, colour or grey, skips or none, biases or none.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Literal, get_args

from stlib.cells import Window
from stlib.printed.counts import (
    Classic,
    CountedCell,
    Forecaster,
    Layers,
    Numbers,
    Split,
    Train,
    Whole,
)

__all__ = [
    "CHANNELS",
    "CONVENTIONS",
    "Convention",
    "classics",
    "forecasters",
    "in_table_6",
    "networks",
    "trains",
    "wholes",
]

KERNELS = (3, 5)
ORDERS = (1, 2, 3, 5)
RANKS = (4, 8, 16)
STEPS = (1, 3, 5)
CHANNELS = (1, 3)  # grey, colour


def wholes() -> Iterator[Whole]:
    """ConvLSTM cells.

    Source: Su et al., Table 6: its widths.
    """
    yield from map(Whole, KERNELS)


def trains() -> Iterator[Train]:
    """Conv-TT-LSTM cells: Table 6, and the layouts that the text leaves open; each cell once.

    Source: Su et al., Table 6, section 3.2 and appendix B.1.
    """
    for order, steps, kernel in product(ORDERS, STEPS, KERNELS):
        if steps < order:
            continue
        cores = [(kernel, kernel), (1, 1)] + ([(kernel, 1)] if order > 1 else [])
        for first, others in cores:
            if steps == order:  # P is absent, and the ranks are the outputs
                yield Train(order, steps, 0, kernel, first, others, 0, "none")
            for rank, projection in product(RANKS, (kernel, 1)):
                # One core has one window and one P, so that nothing is left to choose.
                windows: Sequence[Window] = ("fixed",) if order == 1 else ("sliding", "fixed")
                for window, shared in product(windows, (False,) if order == 1 else (False, True)):
                    yield Train(
                        order, steps, rank, kernel, first, others, projection, window, shared
                    )


def in_table_6(cell: Train) -> bool:
    """Whether a cell is the text's own, at a setting of Table 6: all maps K wide, each core a P.

    Source: Su et al., Table 6.
    """
    wide = cell.first == cell.others == cell.projection == cell.kernel
    return wide and cell.window != "none" and not cell.shared


def classics() -> Iterator[Classic]:
    """Compressed ConvLSTM cells: Table 7, and how gates and channels may be split.

    Source: Su et al., Table 7 and Eq. 13.
    """
    for factors, rank, trains in product((2, 3), (8, 16, 32), (1, 4)):
        splits: Sequence[Split] = get_args(Split) if factors == 3 else ("larger first",)
        for split in splits:
            yield Classic(factors, rank, trains, split)


def networks(
    cells: Iterable[CountedCell],
    hidden: tuple[int, ...],
    joined: tuple[tuple[int, int], ...],
) -> Iterator[Layers]:
    """Networks of these cells, with and without what the text leaves open.

    Args:
        cells: to try.
        hidden: widths of the layers.
        joined: skips, as in `Layers`, which may also be left out.

    Source: Su et al., section B.2.
    """
    skips = (joined, ()) if joined else ((),)
    for cell, skip, channels, readout, biases in product(
        cells, skips, CHANNELS, (1, 3, 5), (True, False)
    ):
        yield Layers(cell, hidden, skip, channels, readout, biases)


def forecasters() -> Iterator[Forecaster]:
    """Encoder-forecasters: with what peepholes, how wide maps, grey or colour.

    Source: Shi et al., *Convolutional LSTM Network*, 2015.
    """
    peepholes: tuple[Literal["none", "channel", "place"], ...] = ("place", "channel", "none")
    for peephole, kernel, channels in product(peepholes, KERNELS, CHANNELS):
        yield Forecaster(peephole, kernel, channels=channels)


@dataclass(frozen=True)
class Convention:
    """What is called a FLOP, and how many are a G.

    Attributes:
        biases: whether adding a bias counts.
        products: whether the gates' products of two maps count.
        each: 1 for a multiply-accumulate, 2 for its two operations.
        binary: whether a G is 2^30.

    Source: this book; the paper says multiplications.
    """

    biases: bool = False
    products: bool = False
    each: int = 1
    binary: bool = False

    def per_pixel(self, numbers: Numbers) -> int:
        """Counted operations at each pixel of one frame."""
        extra = self.biases * numbers.biases + self.products * numbers.products
        return self.each * (numbers.weights + extra)

    @property
    def giga(self) -> Fraction:
        """What the count is multiplied by for its G to be 10^9."""
        return Fraction(10**9, 2**30) if self.binary else Fraction(1)


CONVENTIONS = tuple(
    Convention(biases, products, each, binary)
    for binary, each, products, biases in product(
        (False, True), (1, 2), (False, True), (False, True)
    )
)
