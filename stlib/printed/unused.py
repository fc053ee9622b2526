"""Parts that released networks hold, and that no output depends on; printed costs count them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from stlib.cells import MIM, GradientHighway, MotionGRU
from stlib.cells.gate_map import GateMap
from stlib.cost import parameters
from stlib.tally import Tally, tally

__all__ = ["UNUSED", "WIDTH", "Unused"]

WIDTH = 32  # of every layer


@dataclass(frozen=True)
class Unused:
    """A part without influence: its gradient is zero at every step.

    Attributes:
        what: it is.
        times: how often the network has it.
        part: makes one; or how many numbers it stores, where it computes nothing.
        call: how the released code runs one on a map of its layer, so that its FLOPs are printed
            too; None where it never does.

    Source: this book.
    """

    what: str
    times: int
    part: Callable[[], nn.Module] | int
    call: Callable[[nn.Module, Tensor], Any] | None = None

    @property
    def parameters(self) -> int:
        """Numbers stored, in all of them."""
        each = self.part if isinstance(self.part, int) else parameters(self._module)
        return self.times * each

    def tally(self, side: int) -> Tally:
        """What all of them execute in one step.

        Args:
            side: height and width of the layer's map.
        """
        if self.call is None:
            return Tally()
        x = torch.zeros(1, WIDTH, side, side, device="meta")
        return tally(self.call, self._module, x) * self.times

    @cached_property
    def _module(self) -> nn.Module:
        assert not isinstance(self.part, int)
        with torch.device("meta"):
            return self.part()


def _highway() -> nn.Module:
    """Its own maps, without the cell behind it."""
    return GradientHighway(WIDTH, WIDTH, cell=lambda inputs, outputs: nn.Identity())


_MIM = (
    Unused("memory N of layer 1", 1, lambda: MIM(WIDTH, WIDTH).changing, lambda n, x: n(x, x)),
    Unused("memory S of layer 1", 1, lambda: MIM(WIDTH, WIDTH).lasting, lambda s, x: s(x, x, x)),
    Unused(
        "forget gates of layers 2 to 6",
        5,
        lambda: GateMap(2 * WIDTH, WIDTH, 3, 2),
        lambda gate, x: gate(torch.cat([x, x], dim=1)),
    ),
)
UNUSED: dict[str, tuple[Unused, ...]] = {
    "PredRNN++ [18]": (
        Unused("gradient highways of layers 1 and 3 to 6, never called", 5, _highway),
    ),
    "MIM [19]": _MIM,
    "MotionRNN [20]": (
        *_MIM,
        Unused("MotionGRU of layer 6", 1, lambda: MotionGRU(WIDTH), lambda moves, x: moves(x)),
    ),
    "CMS-LSTM [59]": (Unused("biases of keys, which no softmax sees", 6, 3 * WIDTH),),
    "Earthformer [57]": (Unused("entries of tables for distances that do not occur", 8, 20 * 4),),
}
"""By the rows of Ma et al."""
