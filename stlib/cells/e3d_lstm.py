"""E3D-LSTM: two frames at a time, and attention to everything the memory has ever been."""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from stlib.cells.climbing import climbed
from stlib.cells.shapes import check_channels, check_shape
from stlib.cells.step import resume
from stlib.cells.widths import check_odd

__all__ = ["E3DLSTM", "Eidetic"]

FRAMES = 2  # in a window


class Eidetic(NamedTuple):
    """The state of `E3DLSTM` after one time step.

    Attributes:
        h: the output, ``[batch, outputs, height, width]``.
        cells: every memory that can still be recalled, oldest first, each in the shape of h; the
            last is that of this step.
        x: in the lowest layer the frame read, ``[batch, inputs, height, width]``; else ``None``.

    Source: Wang et al., *Eidetic 3D LSTM*, 2019.
    """

    h: Float[Tensor, "_batch _outputs _height _width"]
    cells: tuple[Float[Tensor, "_batch _outputs _height _width"], ...]
    x: Float[Tensor, "_batch _inputs _height _width"] | None = None


class E3DLSTM(nn.Module):
    """One layer of E3D-LSTM at one time step.

    Every map is a short film of two frames, and every convolution one of space and time. There is
    no forget gate for the memory c: a gate r asks, at each of its places, all places of all
    memories of this layer so far, and what the answer recalls is added to the last one before a
    normalisation. The other memory, m, climbs through the layers and starts again at the lowest a
    step later.

    The window is folded into channels, channel by channel: channel k of frame j is number
    ``2k + j``. So pools, interpolations and skips treat a film as they treat a map, and a 1×1
    readout of it reads both frames. The lowest layer reads single frames, and its film is the last
    frame and this one.

    Convolutions over time have two taps and pad a zero frame *behind* the window. The memories are
    normalised over channels, frames and space together, with one scale and shift a channel: that
    fits any canvas. The released layer has one scale and shift for each number of the map instead.

    What is recalled grows: step t compares ``2·height·width`` places with ``2·height·width·(t+1)``,
    so that the cost of a step grows with time, and that of a clip with the square of its length. It
    is bearable on small maps, such as patches; or `history` bounds it.

    Args:
        inputs: channels of x: of two frames, folded; in the lowest layer of one.
        outputs: channels of h, m and each memory, two frames folded: an even number, the same in
            every layer that hands m on.
        kernel: height and width of the filters, odd.
        lowest: whether x is one frame.
        history: how many old memories can be recalled, the last ones; ``None`` is all of them.
        bias: whether maps have one each; the released code of a benchmark has none.
        chunk: how many places ask at a time. Their weights are computed anew in the backward pass
            instead of stored. It changes cost, not results.

    Raises:
        ValueError: a number below 1, an odd number of folded channels, or an even kernel.

    Source: Wang et al., *Eidetic 3D LSTM*, 2019, as its released code computes it, but for two
    things: that code returns the m it was given, which so is zero for ever, where the paper hands
    the new one on, as here; and for the scales and shifts above.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 5,
        lowest: bool = False,
        history: int | None = None,
        bias: bool = True,
        chunk: int = 256,
    ) -> None:
        super().__init__()
        if min(inputs, outputs, chunk) < 1 or (history is not None and history < 1):
            raise ValueError(f"{inputs=}, {outputs=}, {history=}, {chunk=}: all must be at least 1")
        if outputs % FRAMES or (inputs % FRAMES and not lowest):
            raise ValueError(
                f"{inputs=}, {outputs=}: must be even, they are channels of two frames; only the "
                "lowest layer reads single ones"
            )
        check_odd("kernel", kernel)
        self.inputs, self.outputs = inputs, outputs
        self.lowest, self.history, self.chunk = lowest, history, chunk
        n, reads = outputs // FRAMES, inputs if lowest else inputs // FRAMES

        def film(reads: int, writes: int) -> nn.Conv3d:
            half = kernel // 2
            size = (FRAMES, kernel, kernel)
            return nn.Conv3d(reads, writes, size, padding=(0, half, half), bias=bias)

        self.of_x = film(reads, 7 * n)  # it writes i, r, g of c; i, f, g of m; o
        self.of_h = film(n, 4 * n)  # i, r, g, o
        self.of_m = film(n, 4 * n)  # i, f, g, and what may be kept of m
        self.look_c, self.look_m = film(n, n), film(n, n)
        self.norm = nn.GroupNorm(1, n)
        self.mix = nn.Conv3d(2 * n, n, 1, bias=bias)

    def forward(
        self,
        x: Float[Tensor, "batch _inputs height width"],
        state: Eidetic | None = None,
        m: Any = None,
    ) -> tuple[Float[Tensor, "batch _outputs height width"], Eidetic, Tensor]:
        """Read one map.

        Args:
            x: ``[batch, inputs, height, width]``, two frames folded; in the lowest layer one.
            state: of the step before; ``None`` is zeros, and zeros to recall.
            m: the memory of the layer below, in the shape of h; ``None`` is zeros.

        Returns:
            h ``[batch, outputs, height, width]``, the new state, the new m.

        Raises:
            ValueError: channels, batch, size or number of memories that do not fit.

        Source: Wang et al., *Eidetic 3D LSTM*, 2019.
        """
        old, cells, before = self._resume(state, x)
        h, film = _unfolded(old), _unfolded(x) if before is None else torch.stack([before, x], 2)
        m = _unfolded(climbed(m, x, self.outputs))
        i, r, g, i_m, f_m, g_m, o = self._over(self.of_x, film).chunk(7, dim=1)
        i_h, r_h, g_h, o_h = self._over(self.of_h, h).chunk(4, dim=1)
        recalled = self._recalled((r + r_h).sigmoid(), cells)
        c = self.norm(_unfolded(cells[-1]) + recalled)
        c = c + (i + i_h).sigmoid() * (g + g_h).tanh()  # e3d-lstm-eq

        i_k, f_k, g_k, kept = self._over(self.of_m, m).chunk(4, dim=1)
        f = (f_m + f_k + 1).sigmoid()  # towards keeping, at first
        m = f * kept.tanh() + (i_m + i_k).sigmoid() * (g_m + g_k).tanh()
        o = o + o_h + self._over(self.look_c, c) + self._over(self.look_m, m)
        said = o.tanh().sigmoid() * self.mix(torch.cat([c, m], dim=1)).tanh()
        cells = (*cells, c.flatten(1, 2))
        if self.history is not None:
            cells = cells[-self.history :]
        h = said.flatten(1, 2)
        return h, Eidetic(h, cells, x if self.lowest else None), m.flatten(1, 2)

    def _over(self, conv: nn.Conv3d, film: Tensor) -> Tensor:
        """The convolution, with a frame of zeros behind the window."""
        return conv(F.pad(film, (0, 0, 0, 0, 0, FRAMES - 1)))

    def _recalled(self, r: Tensor, cells: tuple[Tensor, ...]) -> Tensor:
        """What the gate r draws from all old memories: a mean, weighted by softmax(r·c)."""
        films = torch.cat([_unfolded(each) for each in cells], dim=2).flatten(2)
        asked = torch.split(r.flatten(2), self.chunk, dim=2)
        if torch.is_grad_enabled():
            means = [
                checkpoint(_mean, each, films, use_reentrant=False, preserve_rng_state=False)
                for each in asked
            ]
        else:
            means = [_mean(each, films) for each in asked]
        return torch.cat(means, dim=2).reshape(r.shape)

    def _resume(self, state: Eidetic | None, x: Tensor) -> Eidetic:
        if state is None:
            h, zeros = resume(None, x, self.inputs, self.outputs)
            return Eidetic(h, (zeros,), x.new_zeros(x.shape) if self.lowest else None)
        if not state.cells or len(state.cells) > (self.history or len(state.cells)):
            raise ValueError(
                f"the state has {len(state.cells)} memories: expected 1 at least, and at most "
                f"history={self.history}"
            )
        shape = (x.shape[0], self.outputs, *x.shape[2:])
        check_channels(x, self.inputs)
        for name, value in [("h", state.h), *(("c", c) for c in state.cells)]:
            check_shape(name, value, shape)
        before = None if state.x is None else tuple(state.x.shape)
        if before != (tuple(x.shape) if self.lowest else None):
            raise ValueError(
                f"the frame before is {before}: the lowest layer needs one of {tuple(x.shape)}, "
                "another none"
            )
        return state


def _unfolded(x: Tensor) -> Tensor:
    """``[batch, channel * frame, height, width]`` as a film, channels before frames."""
    return x.reshape(len(x), -1, FRAMES, *x.shape[2:])


def _mean(
    asked: Float[Tensor, "batch channels asked"], films: Float[Tensor, "batch channels places"]
) -> Float[Tensor, "batch channels asked"]:
    logits = asked.mT @ films
    return films @ logits.softmax(dim=2).to(films.dtype).mT
