"""The memory that climbs through the layers instead of staying in one."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from stlib.cells.climbing import climbed
from stlib.cells.gate_map import GateMap

__all__ = ["Zigzag"]


class Zigzag(nn.Module):
    """What one layer forgets of the climbing memory m, and what it writes into it.

    The layer above takes the new m at the same time step; from the top it goes to the lowest layer
    of the next. So every layer must be equally wide. `PrecipLSTM` writes two more memories in this
    way, which stay in their layer.

    Args:
        inputs: channels of x.
        outputs: channels of m.
        kernel: width of the maps, odd.
        biases: 2, one each for the maps of x and m, or 1, shared by them.

    Raises:
        ValueError: as `GateMap`.

    Source: Wang et al., *PredRNN*, 2017.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, biases: int = 2) -> None:
        super().__init__()
        self.outputs = outputs
        # One convolution for all gates; it writes i, f, g and reads x, m.
        self.gates = GateMap(inputs + outputs, 3 * outputs, kernel, biases)

    def forward(
        self, x: Float[Tensor, "batch _inputs height width"], m: Tensor | None
    ) -> tuple[
        Float[Tensor, "batch _outputs height width"], Float[Tensor, "batch _outputs height width"]
    ]:
        """Read one map.

        Args:
            x: ``[batch, inputs, height, width]``.
            m: of the layer below, or of the top layer a step before, ``[batch, outputs, height,
                width]``; ``None`` is zeros.

        Returns:
            The new m, and what was written into it.

        Raises:
            ValueError: another shape of m.

        Source: Wang et al., *PredRNN*, 2017.
        """
        m = climbed(m, x, self.outputs)
        i, f, g = self.gates(torch.cat([x, m], dim=1)).chunk(3, dim=1)
        written = i.sigmoid() * g.tanh()
        return f.sigmoid() * m + written, written
