"""MoDeRNN: a ConvLSTM whose input and last output first weigh each other at several widths."""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from stlib.cells.context import embed_context
from stlib.cells.conv_lstm import ConvLSTM
from stlib.cells.step import Step, resume
from stlib.cells.widths import check_odd

__all__ = ["MoDeRNN"]


class MoDeRNN(nn.Module):
    """One layer of MoDeRNN at one time step.

    Its detail block is a context embedding (`stlib.cells.context`) whose maps are the mean of one
    convolution a kernel. What comes out of it enters a `ConvLSTM` with two biases.

    Args:
        inputs: channels of x, 1 at least: without any there is nothing to weigh.
        outputs: channels of h and c.
        rounds: of the detail block, 2 at least, so that each weighs the other.
        kernels: widths of the detail block, odd.
        kernel: width of the gates' maps, odd.

    Raises:
        ValueError: a number out of its range, no kernel, or an even one.

    Source: Chai et al., *MoDeRNN: Towards Fine-Grained Motion Details for Spatiotemporal Predictive
    Learning*, 2022; without its layer norms, as in the code that Ma et al., *MS-LSTM*, released.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        rounds: int = 5,
        kernels: Sequence[int] = (3, 5, 7),
        kernel: int = 3,
    ) -> None:
        super().__init__()
        if inputs < 1 or outputs < 1 or rounds < 2:
            raise ValueError(f"{inputs=}, {outputs=}, {rounds=}: must be at least 1, 1 and 2")
        if not kernels:
            raise ValueError("kernels=(): need one at least")
        for width in kernels:
            check_odd("kernel", width)
        self.inputs, self.outputs, self.rounds = inputs, outputs, rounds
        self.details_of_h = nn.ModuleList(
            nn.Conv2d(outputs, inputs, width, padding=width // 2) for width in kernels
        )
        self.details_of_x = nn.ModuleList(
            nn.Conv2d(inputs, outputs, width, padding=width // 2) for width in kernels
        )
        self.lstm = ConvLSTM(inputs, outputs, kernel, biases=2)

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

        Source: Chai et al., *MoDeRNN*, 2022.
        """
        h, c = resume(state, x, self.inputs, self.outputs)
        x, h = embed_context(x, h, self._of_h, self._of_x, self.rounds)  # mode-rnn-eq
        h, after, _ = self.lstm(x, Step(h, c))
        return h, after, m

    def _of_h(self, h: Tensor) -> Tensor:
        return _mean(each(h) for each in self.details_of_h)

    def _of_x(self, x: Tensor) -> Tensor:
        return _mean(each(x) for each in self.details_of_x)


def _mean(maps: Iterable[Tensor]) -> Tensor:
    return torch.stack(tuple(maps)).mean(0)
