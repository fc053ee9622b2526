"""A 3D convolution that does not look ahead, one time step at a time."""

from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from stlib.cells.shapes import check_channels, check_shape
from stlib.cells.widths import check_odd

__all__ = ["CausalConv3d", "Recent"]


class Recent(NamedTuple):
    """What a filter over time still has to see.

    Attributes:
        inputs: the last inputs before this one, oldest first, ``[batch, inputs, time, …]``.

    Source: this book.
    """

    inputs: Float[Tensor, "_batch _inputs _time _height _width"]


class CausalConv3d(nn.Module):
    """One layer of causal 3D convolution, with a ReLU, at one time step.

    Read frame by frame it says what ``nn.Conv3d`` says of the whole clip with zeros before it. Its
    memory is finite: what lies ``times`` frames back cannot reach its output.

    Args:
        inputs: channels of x.
        outputs: channels of h.
        kernel: height and width of the filter, odd.
        times: frames that the filter spans, this one among them.

    Raises:
        ValueError: a number below 1, or an even kernel.

    Source: Su et al., section B.2, "causal 3D-convolutional layer"; it prints neither the size of
    the filter nor an activation; the ReLU is ours.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, times: int = 3) -> None:
        super().__init__()
        if inputs < 1 or outputs < 1 or times < 1:
            raise ValueError(f"{inputs=}, {outputs=}, {times=}: all must be at least 1")
        check_odd("kernel", kernel)
        self.inputs, self.times = inputs, times
        size = (times, kernel, kernel)
        self.filter = nn.Conv3d(inputs, outputs, size, padding=(0, kernel // 2, kernel // 2))

    def forward(
        self,
        x: Float[Tensor, "batch _inputs height width"],
        state: Recent | None = None,
        m: Any = None,
    ) -> tuple[Float[Tensor, "batch _outputs height width"], Recent, Any]:
        """Read one map.

        Args:
            x: ``[batch, inputs, height, width]``.
            state: of the step before; ``None`` is zeros.
            m: handed on untouched.

        Returns:
            h ``[batch, outputs, height, width]``, the new state, m.

        Raises:
            ValueError: channels, batch or size that do not fit.

        Source: Su et al., section B.2.
        """
        before = self._resume(state, x).inputs
        seen = torch.cat([before, x[:, :, None]], dim=2)
        h = self.filter(seen).squeeze(2).relu()
        return h, Recent(seen[:, :, 1:]), m

    def _resume(self, state: Recent | None, x: Tensor) -> Recent:
        check_channels(x, self.inputs)
        shape = (*x.shape[:2], self.times - 1, *x.shape[2:])
        if state is None:
            return Recent(x.new_zeros(shape))
        check_shape("inputs", state.inputs, shape)
        return state
