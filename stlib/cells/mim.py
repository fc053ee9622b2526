"""MIM: what forgets is itself a small recurrent network, fed with differences in time."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from stlib.cells.gate_map import GateMap
from stlib.cells.shapes import check_shape
from stlib.cells.step import Step, resume
from stlib.cells.zigzag import Zigzag

__all__ = ["MIM", "Differenced"]


class Differenced(NamedTuple):
    """The state of `MIM` after one time step.

    Attributes:
        h: the output, ``[batch, outputs, height, width]``.
        c: the memory that stays in the layer, in the same shape.
        n: the memory of what changed, in the same shape.
        s: the memory of what stayed, in the same shape.
        x: what was read, ``[batch, inputs, height, width]``: the next difference needs it.

    Source: Wang et al., *Memory in Memory*, 2019.
    """

    h: Float[Tensor, "_batch _outputs _height _width"]
    c: Float[Tensor, "_batch _outputs _height _width"]
    n: Float[Tensor, "_batch _outputs _height _width"]
    s: Float[Tensor, "_batch _outputs _height _width"]
    x: Float[Tensor, "_batch _inputs _height _width"]


class MIM(nn.Module):
    """One layer of MIM above the lowest, at one time step.

    An `STLSTM` whose forget gate is replaced. What x changed since the step before goes into a
    first memory, n; what that says, and the old c, go into a second, s; what *that* says takes the
    place of what c would have kept. The maps of two sources are one convolution of both.

    The difference is that of x itself, which the state keeps. The code that Ma et al. compare takes
    the output of the layer below, a step ago, instead: in a `Stack` that is the same, but where a
    `Pyramid` adds a skip to x, the skip is missing in what is subtracted, and the difference is
    none. The lowest layer of MIM is an `STLSTM`. That code gives it n and s too, and every layer
    above a forget gate, and uses none of them: 243 c² + 27 c parameters of six layers that
    `stlib.printed` counts and nothing here has.

    Args:
        inputs: channels of x; 0 for a layer that reads its own state alone.
        outputs: channels of h, of its memories and of m; one number for all layers of a network.
        kernel: width of the maps, odd.
        biases: 2, one for each source of a map, as the paper's number of parameters needs, or 1,
            shared by both.

    Raises:
        ValueError: a number out of its range, an even kernel, or biases other than 1 or 2.

    Source: Wang et al., *Memory in Memory*, 2019; as Ma et al., *MS-LSTM*, compare it.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, biases: int = 2) -> None:
        super().__init__()
        if inputs < 0 or outputs < 1:
            raise ValueError(f"{inputs=}, {outputs=}: must be at least 0 and 1")
        self.inputs, self.outputs = inputs, outputs
        self.changing = _Changing(inputs, outputs, kernel, biases)
        self.lasting = _Lasting(outputs, kernel, biases)
        # It writes i, g, o and reads x, h: nothing is left to forget.
        self.gates = GateMap(inputs + outputs, 3 * outputs, kernel, biases)
        self.zigzag = Zigzag(inputs, outputs, kernel, biases)
        self.look = GateMap(2 * outputs, outputs, kernel, biases)
        self.mix = nn.Conv2d(2 * outputs, outputs, 1)

    def forward(
        self,
        x: Float[Tensor, "batch _inputs height width"],
        state: Differenced | None = None,
        m: Tensor | None = None,
    ) -> tuple[Float[Tensor, "batch _outputs height width"], Differenced, Tensor]:
        """Read one map.

        Args:
            x: ``[batch, inputs, height, width]``.
            state: of the step before; ``None`` is zeros, the x before among them.
            m: of the layer below, ``[batch, outputs, height, width]``; ``None`` is zeros.

        Returns:
            h ``[batch, outputs, height, width]``, the new state, the new m.

        Raises:
            ValueError: channels, batch or size that do not fit.

        Source: Wang et al., *Memory in Memory*, 2019.
        """
        h, after, m, _ = self.gated(x, state, m)
        return h, after, m

    def gated(
        self,
        x: Float[Tensor, "batch _inputs height width"],
        state: Differenced | None = None,
        m: Tensor | None = None,
    ) -> tuple[
        Float[Tensor, "batch _outputs height width"],
        Differenced,
        Tensor,
        Float[Tensor, "batch _outputs height width"],
    ]:
        """The same, and how far the output gate stood open: between 0 and 1, in the shape of h."""
        h, c, n, s, before = self._resume(state, x)
        changed, n = self.changing(x - before, n)
        kept, s = self.lasting(changed, c, s)
        i, g, o = self.gates(torch.cat([x, h], dim=1)).chunk(3, dim=1)
        c = kept + i.sigmoid() * g.tanh()  # mim-eq
        m, _ = self.zigzag(x, m)
        both = torch.cat([c, m], dim=1)
        o = (o + self.look(both)).sigmoid()
        h = o * self.mix(both).tanh()
        return h, Differenced(h, c, n, s, x), m, o

    def _resume(self, state: Differenced | None, x: Tensor) -> Differenced:
        before = None if state is None else Step(state.h, state.c)
        h, c = resume(before, x, self.inputs, self.outputs)
        if state is None:
            return Differenced(h, c, c, c, torch.zeros_like(x))
        check_shape("n", state.n, h.shape)
        check_shape("s", state.s, h.shape)
        check_shape("the x before", state.x, x.shape)
        return state


class _Changing(nn.Module):
    """MIM-N: a memory of differences, and what it says of them."""

    def __init__(self, inputs: int, outputs: int, kernel: int, biases: int) -> None:
        super().__init__()
        # It writes i, f, g and reads the difference, n; the output gate sees n when it is new.
        self.gates = GateMap(inputs + outputs, 3 * outputs, kernel, biases)
        self.look = GateMap(inputs + outputs, outputs, kernel, biases)

    def forward(self, difference: Tensor, n: Tensor) -> tuple[Tensor, Tensor]:
        i, f, g = self.gates(torch.cat([difference, n], dim=1)).chunk(3, dim=1)
        n = f.sigmoid() * n + i.sigmoid() * g.tanh()  # mim-eq-n
        o = self.look(torch.cat([difference, n], dim=1))
        return o.sigmoid() * n.tanh(), n


class _Lasting(nn.Module):
    """MIM-S: a memory of what stays, given what changed, and what of c is to be kept."""

    def __init__(self, outputs: int, kernel: int, biases: int) -> None:
        super().__init__()
        # It writes i, f, g, o and reads what changed, c.
        self.gates = GateMap(2 * outputs, 4 * outputs, kernel, biases)
        self.look = nn.Conv2d(outputs, outputs, kernel, padding=kernel // 2)

    def forward(self, changed: Tensor, c: Tensor, s: Tensor) -> tuple[Tensor, Tensor]:
        i, f, g, o = self.gates(torch.cat([changed, c], dim=1)).chunk(4, dim=1)
        s = f.sigmoid() * s + i.sigmoid() * g.tanh()  # mim-eq-s
        return (o + self.look(s)).sigmoid() * s.tanh(), s
