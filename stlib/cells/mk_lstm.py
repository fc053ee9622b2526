"""MK-LSTM: one output, and a memory for each width of the kernel."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from stlib.cells.step import Step, resume
from stlib.cells.widths import check_odd

__all__ = ["MKLSTM", "Memories"]


class Memories(NamedTuple):
    """The state of `MKLSTM` after one time step.

    Attributes:
        h: the output, ``[batch, outputs, height, width]``.
        c: one memory for each kernel, each in the shape of h, in the order of the kernels.

    Source: Ma et al., *MS-LSTM*, Eq. 3.
    """

    h: Float[Tensor, "_batch _outputs _height _width"]
    c: tuple[Float[Tensor, "_batch _outputs _height _width"], ...]


class MKLSTM(nn.Module):
    """One layer of MK-LSTM at one time step.

    Each kernel has input gate, forget gate, candidate and memory of its own, as a ConvLSTM has. The
    output gate is one: it adds what every kernel says of x, of h and of its own *new* memory. The
    maps of x and h are one convolution of both, as in `ConvLSTM`, and so are the gates: the first
    three and that kernel's share of the fourth.

    Args:
        inputs: channels of x; 0 for a layer that reads its own state alone.
        outputs: channels of h and of each memory.
        kernels: widths, odd; the paper's are 3 and 5.
        biases: 2, one each for the maps of x and h, as the paper's number of parameters needs, or
            1, shared by them.

    Raises:
        ValueError: a number out of its range, no kernel, an even one, or biases other than 1 or 2.

    Source: Ma et al., *MS-LSTM*, Eq. 3 and Figure 3.
    """

    def __init__(
        self, inputs: int, outputs: int, kernels: Sequence[int] = (3, 5), biases: int = 2
    ) -> None:
        super().__init__()
        if inputs < 0 or outputs < 1:
            raise ValueError(f"{inputs=}, {outputs=}: must be at least 0 and 1")
        if not kernels:
            raise ValueError("kernels=(): need one at least")
        for kernel in kernels:
            check_odd("kernel", kernel)
        if biases not in (1, 2):
            raise ValueError(f"{biases=}: must be 1 or 2")
        self.inputs, self.outputs, self.kernels = inputs, outputs, tuple(kernels)
        # One convolution a kernel for all gates; it writes i, f, g, o and reads x, h.
        self.gates = nn.ModuleList(
            nn.Conv2d(inputs + outputs, 4 * outputs, kernel, padding=kernel // 2)
            for kernel in kernels
        )
        self.second_bias = (
            nn.Parameter(torch.zeros(len(kernels), 4 * outputs)) if biases == 2 else None
        )
        self.looks = nn.ModuleList(
            nn.Conv2d(outputs, outputs, kernel, padding=kernel // 2) for kernel in kernels
        )
        self.mix = nn.Conv2d(len(kernels) * outputs, outputs, 1)

    def forward(
        self,
        x: Float[Tensor, "batch _inputs height width"],
        state: Memories | None = None,
        m: Any = None,
    ) -> tuple[Float[Tensor, "batch _outputs height width"], Memories, Any]:
        """Read one map.

        Args:
            x: ``[batch, inputs, height, width]``.
            state: of the step before; ``None`` is zeros.
            m: handed on untouched.

        Returns:
            h ``[batch, outputs, height, width]``, the new state, m.

        Raises:
            ValueError: channels, batch, size or number of memories that do not fit.

        Source: Ma et al., *MS-LSTM*, Eq. 3.
        """
        h, before = self._resume(state, x)
        both = torch.cat([x, h], dim=1)
        memories, opening = [], torch.zeros_like(h)
        for kernel, c in enumerate(before):  # ms-eq-3
            i, f, g, o = self._maps(kernel, both).chunk(4, dim=1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            opening = opening + o + self.looks[kernel](c)
            memories.append(c)
        h = opening.sigmoid() * self.mix(torch.cat(memories, dim=1)).tanh()
        return h, Memories(h, tuple(memories)), m

    def _maps(self, kernel: int, both: Tensor) -> Tensor:
        gates = self.gates[kernel]
        assert isinstance(gates, nn.Conv2d)
        bias = gates.bias
        if bias is not None and self.second_bias is not None:
            bias = bias + self.second_bias[kernel]
        return F.conv2d(both, gates.weight, bias, padding=gates.padding)

    def _resume(self, state: Memories | None, x: Tensor) -> Memories:
        if state is None:
            h, zeros = resume(None, x, self.inputs, self.outputs)
            return Memories(h, (zeros,) * len(self.kernels))
        if len(state.c) != len(self.kernels):
            raise ValueError(
                f"the state has {len(state.c)} memories, kernels={self.kernels} need "
                f"{len(self.kernels)}"
            )
        for c in state.c:
            resume(Step(state.h, c), x, self.inputs, self.outputs)
        return state
