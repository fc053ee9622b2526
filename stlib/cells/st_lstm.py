"""ST-LSTM, the cell of PredRNN: a memory that stays in the layer, and one that climbs."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from stlib.cells.gate_map import GateMap
from stlib.cells.step import Step, resume
from stlib.cells.zigzag import Zigzag

__all__ = ["STLSTM", "Written"]


class Written(NamedTuple):
    """The state of an `STLSTM` that also tells what it wrote into its memories.

    Attributes:
        h: the output, ``[batch, outputs, height, width]``.
        c: the memory that stays in the layer, in the same shape.
        dc: what this step added to what c kept, in the same shape.
        dm: what this step added to what m kept, in the same shape.

    Source: Wang et al., *PredRNN-V2*, 2022.
    """

    h: Float[Tensor, "_batch _outputs _height _width"]
    c: Float[Tensor, "_batch _outputs _height _width"]
    dc: Float[Tensor, "_batch _outputs _height _width"]
    dm: Float[Tensor, "_batch _outputs _height _width"]


class STLSTM(nn.Module):
    """One layer of PredRNN at one time step.

    Memory c goes forward in time within the layer. Memory m climbs through the layers, has gates of
    its own, and comes back from the top to the lowest layer of the next step. The output gate sees
    both of them new, and h is read out of both. The maps of two sources are one convolution of
    both: of x and h, of x and m, of c and m.

    Args:
        inputs: channels of x; 0 for a layer that reads its own state alone.
        outputs: channels of h, c and m; one number for all layers of a network.
        kernel: width of the maps, odd.
        biases: 2, one for each source of a map, as the paper's number of parameters needs, or 1,
            shared by both.
        increments: let the state tell what was written into c and m, as `Decoupled` needs it.

    Raises:
        ValueError: a number out of its range, an even kernel, or biases other than 1 or 2.

    Source: Wang et al., *PredRNN*, 2017; as Ma et al., *MS-LSTM*, compare it.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 3,
        biases: int = 2,
        increments: bool = False,
    ) -> None:
        super().__init__()
        if inputs < 0 or outputs < 1:
            raise ValueError(f"{inputs=}, {outputs=}: must be at least 0 and 1")
        self.inputs, self.outputs, self.increments = inputs, outputs, increments
        # One convolution for all gates; it writes i, f, g, o and reads x, h.
        self.gates = GateMap(inputs + outputs, 4 * outputs, kernel, biases)
        self.zigzag = Zigzag(inputs, outputs, kernel, biases)
        self.look = GateMap(2 * outputs, outputs, kernel, biases)
        self.mix = nn.Conv2d(2 * outputs, outputs, 1)

    def forward(
        self,
        x: Float[Tensor, "batch _inputs height width"],
        state: Step | Written | None = None,
        m: Tensor | None = None,
    ) -> tuple[Float[Tensor, "batch _outputs height width"], Step | Written, Tensor]:
        """Read one map.

        Args:
            x: ``[batch, inputs, height, width]``.
            state: of the step before; ``None`` is zeros.
            m: of the layer below, or of the top layer a step before, ``[batch, outputs, height,
                width]``; ``None`` is zeros.

        Returns:
            h ``[batch, outputs, height, width]``, the new state, the new m.

        Raises:
            ValueError: channels, batch or size that do not fit.

        Source: Wang et al., *PredRNN*, 2017.
        """
        h, after, m, _ = self.gated(x, state, m)
        return h, after, m

    def gated(
        self,
        x: Float[Tensor, "batch _inputs height width"],
        state: Step | Written | None = None,
        m: Tensor | None = None,
    ) -> tuple[
        Float[Tensor, "batch _outputs height width"],
        Step | Written,
        Tensor,
        Float[Tensor, "batch _outputs height width"],
    ]:
        """The same, and how far the output gate stood open: between 0 and 1, in the shape of h."""
        before = None if state is None else Step(state.h, state.c)
        h, c = resume(before, x, self.inputs, self.outputs)
        i, f, g, o = self.gates(torch.cat([x, h], dim=1)).chunk(4, dim=1)
        dc = i.sigmoid() * g.tanh()
        c = f.sigmoid() * c + dc
        m, dm = self.zigzag(x, m)
        both = torch.cat([c, m], dim=1)
        o = (o + self.look(both)).sigmoid()
        h = o * self.mix(both).tanh()  # pred-rnn-eq
        return h, Written(h, c, dc, dm) if self.increments else Step(h, c), m, o
