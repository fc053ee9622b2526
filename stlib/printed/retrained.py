"""The two networks of other papers whose parameters Su et al. print too, in closed form.

What they were retrained with, the text does not say; of each, what its own paper describes and a
near alternative are counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from stlib.printed.number import Printed
from stlib.printed.tables import table

__all__ = ["Retrained", "causal_parameters", "eidetic_parameters", "retrained"]

FOLDED = 16  # channels of a frame whose squares of 4x4 pixels are folded


@dataclass(frozen=True)
class Retrained:
    """A network that may be the one of a printed number.

    Attributes:
        row: of Su et al., Table 4.
        words: its setting.
        count: its parameters.

    Source: this book.
    """

    row: str
    words: str
    count: int

    @property
    def printed(self) -> Printed:
        """The number of parameters in Table 4, the same for both data sets."""
        return table("table-4-moving-mnist").number(self.row, "Params")


def causal_parameters(hidden: tuple[int, ...], kernel: int, folded: int = FOLDED) -> int:
    """Parameters of PredRNN++, whose layers may differ in width.

    Args:
        hidden: width of each layer, lowest first; the highway behind the first has its width.
        kernel: of the maps.
        folded: channels of the folded frame.

    Source: Wang et al., *PredRNN++*, 2018, Eq. 3 and 4.
    """
    maps, singles, biases = 0, 0, 0
    for (reads, width), climbs in zip(
        pairwise((folded, *hidden)), (hidden[-1], *hidden[:-1]), strict=True
    ):
        maps += (reads + 2 * width) * 3 * width  # x, h, c
        maps += (reads + width + climbs) * 3 * width  # x, c, m
        maps += (reads + 2 * width) * width  # x, c and the new m
        singles += climbs * width + 2 * width * width
        biases += 9 * width
    maps += 4 * hidden[0] ** 2
    biases += 4 * hidden[0]
    return kernel**2 * maps + singles + biases + hidden[-1] * folded + folded


def eidetic_parameters(width: int, layers: int = 4, kernel: int = 5, folded: int = FOLDED) -> int:
    """Parameters of E3D-LSTM, without biases; windows of two frames, equally wide layers.

    Args:
        width: channels of each frame of a layer.
        layers: how many.
        kernel: height and width of the filters.
        folded: channels of the folded frame.

    Source: Wang et al., *Eidetic 3D LSTM*, 2019.
    """
    inner = (4 + 4 + 1 + 1) * width**2
    maps = layers * inner + 7 * width * (folded + (layers - 1) * width)
    norms, joins = layers * 2 * width, layers * 2 * width**2
    return 2 * kernel**2 * maps + joins + norms + 2 * width * folded


def retrained() -> Iterator[Retrained]:
    """What we have counted, row by row.

    Source: Su et al., Table 4; Wang et al., 2018 and 2019, for the settings.
    """
    for hidden in ((128, 64, 64, 64), (128,) * 4):
        words = f"5×5, {'-'.join(map(str, hidden))}, patches of 4×4"
        yield Retrained("PredRNN++ [6]", words, causal_parameters(hidden, 5))
    for width in (64, 128):
        words = f"2×5×5, {'-'.join([str(width)] * 4)}, patches of 4×4"
        yield Retrained("E3D-LSTM [7]", words, eidetic_parameters(width))
