"""CMS-LSTM: a ConvLSTM with a context before it, and after it attention in patches of any size."""

from collections.abc import Sequence
from math import lcm
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from stlib.cells.context import embed_context
from stlib.cells.conv_lstm import ConvLSTM
from stlib.cells.gate_map import GateMap
from stlib.cells.patch_attention import PatchAttention
from stlib.cells.step import Step, resume
from stlib.cells.widths import check_odd

__all__ = ["CMSLSTM"]


class CMSLSTM(nn.Module):
    """One layer of CMS-LSTM at one time step.

    First x and h weigh each other (`stlib.cells.context`), then a `ConvLSTM` with two biases reads
    them. Its h and its memory, side by side, attend to one another in patches, once for each scale;
    what is seen is added to them, one convolution mixes the scales, and three more gates write the
    new memory and h. The output is not squashed: no tanh.

    Args:
        inputs: channels of x, 1 at least: without any there is nothing to weigh.
        outputs: channels of h and c.
        rounds: of the context embedding, 2 at least, so that each weighs the other.
        scales: patches along a side, one number a scale. The sides of a map must be divisible by
            all of them; at quarter size in a pyramid, the frame's by four times as much.
        kernel: width of the maps, odd.

    Raises:
        ValueError: a number out of its range, no scale, or an even kernel.

    Source: Chai et al., *CMS-LSTM: Context Embedding and Multi-Scale Spatiotemporal Expression LSTM
    for Predictive Learning*, 2022; without its layer norms, as in the code that Ma et al.,
    *MS-LSTM*, released.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        rounds: int = 5,
        scales: Sequence[int] = (1, 2, 4),
        kernel: int = 3,
    ) -> None:
        super().__init__()
        if inputs < 1 or outputs < 1 or rounds < 2:
            raise ValueError(f"{inputs=}, {outputs=}, {rounds=}: must be at least 1, 1 and 2")
        if not scales or min(scales) < 1:
            raise ValueError(f"scales={tuple(scales)}: need one at least, each at least 1")
        check_odd("kernel", kernel)
        self.inputs, self.outputs, self.rounds = inputs, outputs, rounds
        self.scales = tuple(scales)
        half = kernel // 2
        self.of_h = nn.Conv2d(outputs, inputs, kernel, padding=half)
        self.of_x = nn.Conv2d(inputs, outputs, kernel, padding=half)
        self.lstm = ConvLSTM(inputs, outputs, kernel, biases=2)
        self.attentions = nn.ModuleList(PatchAttention(outputs, scale) for scale in scales)
        self.mix = nn.Conv2d(len(scales) * outputs, outputs, kernel, padding=half)
        self.unite = nn.Conv2d(2 * outputs, outputs, 1)
        # It writes i, g, o and reads what was said and what was seen.
        self.gates = GateMap(2 * outputs, 3 * outputs, kernel)

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
            ValueError: channels, batch or size that do not fit, or sides that cannot be cut.

        Source: Chai et al., *CMS-LSTM*, 2022.
        """
        h, c = resume(state, x, self.inputs, self.outputs)
        self._check_sides(x)
        x, h = embed_context(x, h, self.of_h, self.of_x, self.rounds)
        h, (_, c), _ = self.lstm(x, Step(h, c))
        i, g, o = self.gates(torch.cat([h, self._attended(h, c)], dim=1)).chunk(3, dim=1)
        i = i.sigmoid()
        c = (1 - i) * c + i * g.tanh()  # cms-lstm-eq
        h = o.sigmoid() * c
        return h, Step(h, c), m

    def _attended(self, h: Tensor, c: Tensor) -> Tensor:
        """What h and c see of one another, at all scales."""
        joined = torch.cat([h, c], dim=3)
        scaled = torch.cat([joined + attend(joined) for attend in self.attentions], dim=1)
        united: Tensor = self.unite(torch.cat(self.mix(scaled).chunk(2, dim=3), dim=1))
        return united

    def _check_sides(self, x: Tensor) -> None:
        height, width = x.shape[2:]
        need = lcm(*self.scales)
        if height % need or width % need:
            raise ValueError(
                f"x is {height}×{width}: for scales={self.scales} its sides must be divisible "
                f"by {need}"
            )
