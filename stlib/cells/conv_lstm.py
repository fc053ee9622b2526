"""ConvLSTM: the LSTM whose vectors became maps and whose products became convolutions."""

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from stlib.cells.step import Step, resume
from stlib.cells.widths import check_odd

__all__ = ["ConvLSTM"]


class ConvLSTM(nn.Module):
    """One layer of ConvLSTM at one time step.

    The maps of x and h are one convolution of both. Its bias, and the range from which PyTorch
    draws its first weights, are those of one map that reads ``inputs + outputs`` channels.

    Args:
        inputs: channels of x; 0 for a layer that reads its own state alone.
        outputs: channels of h and c.
        kernel: width of the maps, odd.
        biases: 1, shared by the maps of x and h (Su et al.), or 2, one each (Ma et al.). What can
            be expressed is the same; the number of parameters and the optimiser's steps are not.
        peepholes: let the gates see the memory, one weight a channel and gate: i and f the old c,
            o the new. They start at zero.

    Raises:
        ValueError: a number out of its range, an even kernel, or biases other than 1 or 2.

    Source: Su et al., Eq. 2; Ma et al., *MS-LSTM*, Eq. 2; the peepholes: Shi et al.,
    *Convolutional LSTM Network*, 2015, there one weight a pixel.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 3,
        biases: int = 1,
        peepholes: bool = False,
    ) -> None:
        super().__init__()
        if inputs < 0 or outputs < 1:
            raise ValueError(f"{inputs=}, {outputs=}: must be at least 0 and 1")
        check_odd("kernel", kernel)
        if biases not in (1, 2):
            raise ValueError(f"{biases=}: must be 1 or 2")
        self.inputs, self.outputs = inputs, outputs
        # One convolution for all gates; it writes i, f, g, o and reads x, h.
        self.gates = nn.Conv2d(inputs + outputs, 4 * outputs, kernel, padding=kernel // 2)
        self.second_bias = nn.Parameter(torch.zeros(4 * outputs)) if biases == 2 else None
        self.peepholes = nn.Parameter(torch.zeros(3, outputs, 1, 1)) if peepholes else None

    def forward(
        self,
        x: Float[Tensor, "batch _inputs height width"],
        state: Step | None = None,
        m: Any = None,
    ) -> tuple[Float[Tensor, "batch _outputs height width"], Step, Any]:
        """Read one map.

        Args:
            x: ``[batch, inputs, height, width]``.
            state: of the step before; ``None`` is zeros.
            m: handed on untouched.

        Returns:
            h ``[batch, outputs, height, width]``, the new state, m.

        Raises:
            ValueError: channels, batch or size that do not fit.

        Source: Su et al., Eq. 2 and 1b.
        """
        h, c = resume(state, x, self.inputs, self.outputs)
        i, f, g, o = self._maps(torch.cat([x, h], dim=1)).chunk(4, dim=1)  # ctt-eq-2, ms-eq-2
        if self.peepholes is not None:
            i, f = i + self.peepholes[0] * c, f + self.peepholes[1] * c
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        if self.peepholes is not None:
            o = o + self.peepholes[2] * c
        h = o.sigmoid() * c.tanh()
        return h, Step(h, c), m

    def _maps(self, both: Tensor) -> Tensor:
        bias = self.gates.bias
        if bias is not None and self.second_bias is not None:
            bias = bias + self.second_bias
        return F.conv2d(both, self.gates.weight, bias, padding=self.gates.padding)
