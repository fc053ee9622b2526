"""Causal LSTM: two memories in cascade, the cell of PredRNN++."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from stlib.cells.climbing import climbed
from stlib.cells.step import Step, resume
from stlib.cells.widths import check_odd

__all__ = ["CausalLSTM"]


class CausalLSTM(nn.Module):
    """One layer of causal LSTM at one time step.

    Two LSTMs, one behind the other: the first writes the temporal memory c and sees its old value,
    the second reads the *new* c and writes the memory m, which climbs through the layers and starts
    again at the lowest a step later. So a frame passes more maps in one layer. What of the old m
    is kept has gone through a 1x1 map and a tanh. The output gate is a tanh, between -1 and 1, and
    does not see h. The gates of one source are one map, with one bias.

    Args:
        inputs: channels of x; 0 for a layer that reads its own state alone.
        outputs: channels of h, c and m: as many in every layer that hands m on.
        kernel: width of the maps of the gates, odd.

    Raises:
        ValueError: a number out of its range, or an even kernel.

    Source: Wang et al., *PredRNN++*, 2018, its causal LSTM, as Ma et al., *MS-LSTM*, compare it.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int = 3) -> None:
        super().__init__()
        if inputs < 0 or outputs < 1:
            raise ValueError(f"{inputs=}, {outputs=}: must be at least 0 and 1")
        check_odd("kernel", kernel)
        self.inputs, self.outputs = inputs, outputs
        # They write i, f, g and read x, h, c and x, c, m.
        self.first = nn.Conv2d(inputs + 2 * outputs, 3 * outputs, kernel, padding=kernel // 2)
        self.second = nn.Conv2d(inputs + 2 * outputs, 3 * outputs, kernel, padding=kernel // 2)
        self.keep = nn.Conv2d(outputs, outputs, 1)
        self.open = nn.Conv2d(inputs + 2 * outputs, outputs, kernel, padding=kernel // 2)
        self.mix = nn.Conv2d(2 * outputs, outputs, 1)

    def forward(
        self,
        x: Float[Tensor, "batch _inputs height width"],
        state: Step | None = None,
        m: Any = None,
    ) -> tuple[Float[Tensor, "batch _outputs height width"], Step, Tensor]:
        """Read one map.

        Args:
            x: ``[batch, inputs, height, width]``.
            state: of the step before; ``None`` is zeros.
            m: the memory of the layer below, in the shape of h; ``None`` is zeros.

        Returns:
            h ``[batch, outputs, height, width]``, the new state, the new m.

        Raises:
            ValueError: channels, batch or size that do not fit.

        Source: Wang et al., *PredRNN++*, 2018.
        """
        h, c = resume(state, x, self.inputs, self.outputs)
        m = climbed(m, x, self.outputs)
        i, f, g = self.first(torch.cat([x, h, c], dim=1)).chunk(3, dim=1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        i, f, g = self.second(torch.cat([x, c, m], dim=1)).chunk(3, dim=1)  # causal-lstm-eq
        m = f.sigmoid() * self.keep(m).tanh() + i.sigmoid() * g.tanh()
        o = self.open(torch.cat([x, c, m], dim=1)).tanh()
        h = o * self.mix(torch.cat([c, m], dim=1)).tanh()
        return h, Step(h, c), m
