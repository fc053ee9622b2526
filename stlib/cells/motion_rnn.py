"""MotionRNN: any cell with an output gate, and its output moved along a flow."""

from collections.abc import Callable
from typing import Any, NamedTuple

from jaxtyping import Float
from torch import Tensor, nn

from stlib.cells.mim import MIM
from stlib.cells.motion_gru import Motion, MotionGRU

__all__ = ["MotionRNN", "Moving"]


class Moving(NamedTuple):
    """The state of `MotionRNN` after one time step.

    Attributes:
        base: the state of the cell inside; its h is that of the whole layer.
        motion: the state of `MotionGRU`.

    Source: Wu et al., *MotionRNN*, 2021.
    """

    base: Any
    motion: Motion


class MotionRNN(nn.Module):
    """One layer of MotionRNN, of all but the top one, at one time step.

    A cell, then a `MotionGRU` on its new h, then a highway: where the cell's output gate is shut,
    the layer hands on its own input. The result is the layer's h: it rises, and is what the layer
    remembers. The top layer of the network is the cell alone. The code that Ma et al. compare gives
    it a `MotionGRU` too, and uses it not.

    Args:
        inputs: channels of x, from 1. Where there are not as many as outputs, the highway has a 1×1
            map: ours, as the paper's layers are equally wide.
        outputs: channels of h and of the memories, a multiple of 4.
        base: the cell, called as ``base(inputs, outputs)``: `MIM`, or `STLSTM` in the lowest layer.
            Its ``gated`` returns the output gate besides.
        kernel: width of the neighbourhood that `MotionGRU` reads, odd.
        offsets: as in `MotionGRU`.

    Raises:
        ValueError: a number out of its range, or a cell that does not tell its output gate.

    Source: Wu et al., *MotionRNN*, 2021; its cell is that of Ma et al., *MS-LSTM*.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        base: Callable[[int, int], nn.Module] = MIM,
        kernel: int = 3,
        offsets: bool = True,
    ) -> None:
        super().__init__()
        if inputs < 1:
            raise ValueError(f"{inputs=}: must be at least 1, for the highway hands on x")
        self.base: Any = base(inputs, outputs)
        if not hasattr(self.base, "gated"):
            raise ValueError(
                f"base={type(self.base).__name__}: must tell its output gate, as STLSTM and MIM do"
            )
        self.motion = MotionGRU(outputs, kernel, offsets)
        self.carry = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(
        self,
        x: Float[Tensor, "batch _inputs height width"],
        state: Moving | None = None,
        m: Tensor | None = None,
    ) -> tuple[Float[Tensor, "batch _outputs height width"], Moving, Tensor]:
        """Read one map.

        Args:
            x: ``[batch, inputs, height, width]``.
            state: of the step before; ``None`` is zeros.
            m: as the cell takes it.

        Returns:
            h ``[batch, outputs, height, width]``, the new state, the new m.

        Raises:
            ValueError: channels, batch or size that do not fit.

        Source: Wu et al., *MotionRNN*, 2021.
        """
        base, motion = (None, None) if state is None else state
        h, base, m, o = self.base.gated(x, base, m)
        moved, motion = self.motion(h, motion)
        h = moved + (1 - o) * self.carry(x)
        return h, Moving(base._replace(h=h), motion), m
