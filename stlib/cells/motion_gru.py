"""MotionGRU: learns where each pixel comes from, and moves the map along."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from stlib.cells.warp import warp
from stlib.cells.widths import check_odd

__all__ = ["Motion", "MotionGRU"]

TREND_RATE = 0.5  # how much of the last flow enters its trend: the paper's


class Motion(NamedTuple):
    """The state of `MotionGRU` after one time step, at half the map's height and width.

    Attributes:
        flow: for each of ``kernel**2`` taps how many pixels to the right and down it reads, in
            turn, ``[batch, 2 * kernel**2, rows, columns]``.
        trend: what the flow has been of late, in the same shape.

    Source: Wu et al., *MotionRNN*, 2021.
    """

    flow: Float[Tensor, "_batch _taps _rows _columns"]
    trend: Float[Tensor, "_batch _taps _rows _columns"]


class MotionGRU(nn.Module):
    """Moves a map along a flow that a small GRU foretells.

    The map is brought to half its sides and a quarter of its channels. At each pixel it is read at
    ``kernel**2`` other places: the neighbourhood of a convolution, each tap moved by a flow of its
    own and weighted by a mask. What is read is brought back to the map's size and mixed with it.
    The flow is a short-lived change, which the GRU keeps, plus a trend, which follows slowly.

    Positions are exact, and samples do not exchange flows, unlike in the code that Ma et al.
    compare. That code also reads all taps from the pixel itself, without a neighbourhood:
    ``offsets=False``. A side that is odd is read with a row or column of zeros behind its last.

    Args:
        channels: of the map, a multiple of 4.
        kernel: width of the neighbourhood, odd.
        offsets: whether the taps start from the neighbourhood of the pixel, as the paper has it, or
            all from the pixel.

    Raises:
        ValueError: channels that are no positive multiple of 4, or an even kernel.

    Source: Wu et al., *MotionRNN*, 2021; its widths are those of Ma et al., *MS-LSTM*.
    """

    def __init__(self, channels: int, kernel: int = 3, offsets: bool = True) -> None:
        super().__init__()
        if channels < 1 or channels % 4:
            raise ValueError(f"{channels=}: must be a positive multiple of 4")
        check_odd("kernel", kernel)
        self.channels, self.kernel, self.offsets = channels, kernel, offsets
        narrow, taps = channels // 4, kernel**2
        self.encode = nn.Conv2d(channels, narrow, 2, stride=2)
        # The GRU's gates, u and r, are one map of the code and the old flow.
        self.gates = nn.Conv2d(narrow + 2 * taps, 4 * taps, 1)
        self.candidate = nn.Conv2d(narrow + 2 * taps, 2 * taps, 1)
        self.masks = nn.Conv2d(narrow, taps, 1)
        self.fuse = nn.Conv2d(taps * narrow, narrow, 1)
        self.decode = nn.ConvTranspose2d(narrow, channels, 4, stride=2, padding=1)
        self.mix = nn.Conv2d(2 * channels, channels, 1)

    def forward(
        self, h: Float[Tensor, "batch _channels height width"], state: Motion | None = None
    ) -> tuple[Float[Tensor, "batch _channels height width"], Motion]:
        """Move one map.

        Args:
            h: ``[batch, channels, height, width]``.
            state: of the step before; ``None`` is zeros.

        Returns:
            The moved map, in the shape of h, and the new state.

        Raises:
            ValueError: channels, batch or size that do not fit.

        Source: Wu et al., *MotionRNN*, 2021.
        """
        if h.shape[1] != self.channels:
            raise ValueError(f"h has {h.shape[1]} channels, MotionGRU reads {self.channels}")
        height, width = h.shape[2:]
        code = self.encode(F.pad(h, (0, width % 2, 0, height % 2)))
        before, trend = self._resume(state, code)
        u, r = self.gates(torch.cat([code, before], dim=1)).sigmoid().chunk(2, dim=1)
        candidate = self.candidate(torch.cat([code, r * before], dim=1)).tanh()
        trend = trend + TREND_RATE * (before - trend)
        flow = u * candidate + (1 - u) * before + trend  # motion-rnn-eq
        read = self.read(code, flow) * self.masks(code).sigmoid()[:, :, None]
        moved = self.decode(self.fuse(read.flatten(1, 2)))[..., :height, :width]
        share = self.mix(torch.cat([moved, h], dim=1)).sigmoid()
        return share * h + (1 - share) * moved, Motion(flow, trend)

    def read(
        self,
        code: Float[Tensor, "batch narrow rows columns"],
        flow: Float[Tensor, "batch _flows rows columns"],
    ) -> Float[Tensor, "batch _taps narrow rows columns"]:
        """The map at every tap, zero outside."""
        pairs = flow.reshape(len(flow), -1, 2, *flow.shape[2:])  # to the right, down
        if self.offsets:
            pairs = pairs + self._neighbourhood(pairs)
        return warp(code, pairs).transpose(1, 2)

    def _neighbourhood(self, pairs: Tensor) -> Tensor:
        """Where the taps of a convolution lie, row by row, as flows."""
        reach = torch.arange(self.kernel, dtype=pairs.dtype, device=pairs.device)
        down, right = torch.meshgrid(reach, reach, indexing="ij")
        return torch.stack([right, down], dim=-1).reshape(-1, 2, 1, 1) - self.kernel // 2

    def _resume(self, state: Motion | None, code: Tensor) -> Motion:
        shape = (code.shape[0], 2 * self.kernel**2, *code.shape[2:])
        if state is None:
            zeros = code.new_zeros(shape)
            return Motion(zeros, zeros)
        for name, value in zip(state._fields, state, strict=True):
            if value.shape != shape:
                raise ValueError(f"{name} is {tuple(value.shape)}, for this h it must be {shape}")
        return state
