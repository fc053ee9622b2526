"""Four blocks of layers; the last two also hand on what the first two said."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from stlib.networks.layers import Layers, one_a_layer
from stlib.networks.memory import Memory, check_widths, recall

__all__ = ["SkipNet"]


class SkipNet(nn.Module):
    """Recurrent layers in four blocks, and two skips that concatenate.

    The third block's output is joined by the first's, the fourth's by the second's: with three
    layers a block, 9 by 3 and 12 by 6. The lowest layer reads the frame itself, the 1×1 readout
    the last joined map.

    Args:
        cell: called as ``cell(inputs, outputs)``, once a layer; or one such for each layer.
        channels: of the frames it reads and writes.
        hidden: width of the layers in each of the four blocks.
        layers_each: how many layers a block has.
        sigmoid: squash the prediction into (0, 1), as the paper does for KTH.

    Raises:
        ValueError: not four blocks, a number below 1, or not one constructor a layer.

    Source: Su et al., section B.2 and Figure 6a.
    """

    def __init__(
        self,
        cell: Layers,
        channels: int,
        hidden: Sequence[int] = (32, 48, 48, 32),
        layers_each: int = 3,
        sigmoid: bool = False,
    ) -> None:
        super().__init__()
        check_widths(channels, hidden)
        if len(hidden) != 4:
            raise ValueError(f"hidden={tuple(hidden)}: need 4 widths, one a block")
        if layers_each < 1:
            raise ValueError(f"{layers_each=}: must be at least 1")
        self.channels, self.layers_each, self.sigmoid = channels, layers_each, sigmoid
        first, second, third, fourth = hidden
        makes = iter(one_a_layer(cell, 4 * layers_each))
        cells, inputs = [], channels
        for outputs, joined in ((first, 0), (second, 0), (third, first), (fourth, second)):
            for _ in range(layers_each):
                cells.append(next(makes)(inputs, outputs))
                inputs = outputs
            inputs += joined
        self.cells = nn.ModuleList(cells)
        self.readout = nn.Conv2d(inputs, channels, 1)

    def forward(
        self, frame: Float[Tensor, "batch _channel height width"], state: Memory | None = None
    ) -> tuple[Float[Tensor, "batch _channel height width"], Memory]:
        """Read one frame, predict the next.

        Args:
            frame: ``[batch, channel, height, width]``.
            state: of the step before; ``None`` is zeros.

        Returns:
            The prediction, in the shape of the frame, and the new state.

        Raises:
            ValueError: a frame or a state that does not fit.

        Source: Su et al., Figure 6a.
        """
        memories, m = recall(state, frame, len(self.cells), self.channels)
        each = self.layers_each
        joined_by = {3 * each: each, 4 * each: 2 * each}
        x, after, outputs = frame, [], {}
        for layer, (cell, memory) in enumerate(zip(self.cells, memories, strict=True), start=1):
            x, memory, m = cell(x, memory, m)
            after.append(memory)
            outputs[layer] = x
            if layer in joined_by:
                x = torch.cat([x, outputs[joined_by[layer]]], dim=1)
        y = self.readout(x)
        return y.sigmoid() if self.sigmoid else y, Memory(tuple(after), m)
