"""Layer upon layer, with nothing between them."""

from collections.abc import Sequence
from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn

from stlib.networks.layers import Layers, one_a_layer
from stlib.networks.memory import Memory, check_widths, recall

__all__ = ["Stack"]


class Stack(nn.Module):
    """Recurrent layers between a 1×1 embedding and a 1×1 readout; no activation on either end.

    Args:
        cell: called as ``cell(inputs, outputs)``, once a layer; or one such for each layer.
        channels: of the frames it reads and writes.
        hidden: width of each layer, lowest first; the embedding has the first.
        embed: whether there is an embedding; without one the lowest layer reads the frame itself.

    Raises:
        ValueError: no layer, a width below 1, or not one constructor a layer.

    Source: Ma et al., *MS-LSTM*: the network of its tables, without the pyramid. Without an
    embedding, Su et al., Table 8: the rows of four layers.
    """

    def __init__(
        self,
        cell: Layers,
        channels: int,
        hidden: Sequence[int] = (32,) * 6,
        embed: bool = True,
    ) -> None:
        super().__init__()
        check_widths(channels, hidden)
        self.channels = channels
        self.embed = nn.Conv2d(channels, hidden[0], 1) if embed else None
        widths = (hidden[0] if embed else channels, *hidden)
        makes = one_a_layer(cell, len(hidden))
        self.cells = nn.ModuleList(
            make(*reads_and_writes)
            for make, reads_and_writes in zip(makes, pairwise(widths), strict=True)
        )
        self.readout = nn.Conv2d(hidden[-1], channels, 1)

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

        Source: Ma et al., *MS-LSTM*, its figure 2 without the pyramid.
        """
        memories, m = recall(state, frame, len(self.cells), self.channels)
        x: Tensor = frame if self.embed is None else self.embed(frame)
        after = []
        for cell, memory in zip(self.cells, memories, strict=True):
            x, memory, m = cell(x, memory, m)
            after.append(memory)
        return self.readout(x), Memory(tuple(after), m)
