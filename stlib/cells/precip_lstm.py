"""PrecipLSTM: four memories, and a look around before each step."""

from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from stlib.cells.gate_map import GateMap
from stlib.cells.local_attention import LocalAttention
from stlib.cells.shapes import check_shape
from stlib.cells.step import Step, resume
from stlib.cells.widths import check_odd
from stlib.cells.zigzag import Zigzag

__all__ = ["PrecipLSTM", "PrecipMemory"]


class PrecipMemory(NamedTuple):
    """The state of `PrecipLSTM` after one time step.

    Attributes:
        h: the output, ``[batch, outputs, height, width]``.
        c: the memory that a ConvLSTM has, in the shape of h.
        s: the spatial memory of this layer, in the shape of h.
        t: the memory of differences in time, in the shape of h.
        x: what the layer has read, ``[batch, inputs, height, width]``; the next difference needs
            it.

    Source: Ma et al., *PrecipLSTM*, 2022.
    """

    h: Float[Tensor, "_batch _outputs _height _width"]
    c: Float[Tensor, "_batch _outputs _height _width"]
    s: Float[Tensor, "_batch _outputs _height _width"]
    t: Float[Tensor, "_batch _outputs _height _width"]
    x: Float[Tensor, "_batch _inputs _height _width"]


class PrecipLSTM(nn.Module):
    """One layer of PrecipLSTM at one time step.

    Attention over a wide window first tells each pixel of the map what stands around it. Then four
    memories are written, each with an input gate, a forget gate and a candidate of its own: c sees
    the map and h; m, which climbs through the layers and starts again at the lowest a step later,
    the map and itself, and so does s, which stays in its layer; t sees itself and what has changed
    since the step before, of the map as it came. The output gate sees all four, new.

    Every map of a source has a bias of its own, as the paper's number of parameters needs.

    Args:
        inputs: channels of x.
        outputs: channels of h and of each memory: as many in every layer that hands m on.
        kernel: width of the maps, odd.
        window: height and width of what a pixel looks at.
        chunk: see `LocalAttention`; it changes cost, not results.

    Raises:
        ValueError: a number below 1, or an even kernel.

    Source: Ma et al., *PrecipLSTM*, 2022, as Ma et al., *MS-LSTM*, compare it.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int = 3, window: int = 30, chunk: int = 16
    ) -> None:
        super().__init__()
        if inputs < 1 or outputs < 1:
            raise ValueError(f"{inputs=}, {outputs=}: both must be at least 1")
        check_odd("kernel", kernel)
        self.inputs, self.outputs = inputs, outputs
        self.attention = LocalAttention(inputs, window, chunk)
        self.merge = nn.Conv2d(inputs, inputs, kernel, padding=kernel // 2)
        self.gates = GateMap(inputs + outputs, 4 * outputs, kernel)  # i, f, g, o of x, h
        # Memory m climbs; s and t are written as it is, and stay.
        self.m, self.s, self.t = (Zigzag(inputs, outputs, kernel) for _ in range(3))
        self.looks = nn.ModuleList(  # at c, m, s, t
            nn.Conv2d(outputs, outputs, kernel, padding=kernel // 2) for _ in range(4)
        )
        self.mix = nn.Conv2d(4 * outputs, outputs, 1)

    def forward(
        self,
        x: Float[Tensor, "batch _inputs height width"],
        state: PrecipMemory | None = None,
        m: Any = None,
    ) -> tuple[Float[Tensor, "batch _outputs height width"], PrecipMemory, Tensor]:
        """Read one map.

        Args:
            x: ``[batch, inputs, height, width]``.
            state: of the step before; ``None`` is zeros, for the map that was read too.
            m: the memory of the layer below, in the shape of h; ``None`` is zeros.

        Returns:
            h ``[batch, outputs, height, width]``, the new state, the new m.

        Raises:
            ValueError: channels, batch or size that do not fit.

        Source: Ma et al., *PrecipLSTM*, 2022.
        """
        h, c, s, t, before = self._resume(state, x)
        seen = x + self.merge(self.attention(x))
        i, f, g, o = self.gates(torch.cat([seen, h], dim=1)).chunk(4, dim=1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        m, _ = self.m(seen, m)
        s, _ = self.s(seen, s)
        t, _ = self.t(x - before, t)
        for look, memory in zip(self.looks, (c, m, s, t), strict=True):
            o = o + look(memory)
        h = o.sigmoid() * self.mix(torch.cat([c, s, t, m], dim=1)).tanh()  # precip-lstm-eq
        return h, PrecipMemory(h, c, s, t, x), m

    def _resume(self, state: PrecipMemory | None, x: Tensor) -> PrecipMemory:
        before = None if state is None else Step(state.h, state.c)
        h, c = resume(before, x, self.inputs, self.outputs)
        if state is None:
            return PrecipMemory(h, c, c, c, torch.zeros_like(x))
        check_shape("s", state.s, h.shape)
        check_shape("t", state.t, h.shape)
        check_shape("the x before", state.x, x.shape)
        return state
