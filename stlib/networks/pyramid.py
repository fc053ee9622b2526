"""Layers at mirrored scales: down by pooling, up by interpolation, and skips that add."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from stlib.networks.layers import Layers, one_a_layer
from stlib.networks.memory import Memory, check_widths, recall

__all__ = ["Pyramid"]


class Pyramid(nn.Module):
    """A `Stack` whose first half climbs to coarser scales and whose second half comes back.

    Between two layers of the first half a 2x2 max-pool halves the map; between two of the second
    half a bilinear interpolation doubles it, and what the layer of the same scale in the first half
    said is added. Six layers stand at scales 1, 1/2, 1/4, 1/4, 1/2, 1. None of this has parameters,
    so that the network has as many as the `Stack`. A state stays at its layer's scale; what cells
    pass on as `m` is pooled and doubled too, and nothing is added to it.

    Where a side is odd, the last pool covers one pixel instead of two, and the last interpolated
    pixel is dropped: no pixel goes unread, and pixels stay where they are.

    Args:
        cell: called as ``cell(inputs, outputs)``, once a layer; or one such for each layer.
        channels: of the frames it reads and writes.
        hidden: width of each layer, lowest first; an even number of them. The embedding has the
            first; a layer of the second half reads what its mirror writes, so that ``hidden[j]``
            equals ``hidden[-2 - j]``.

    Raises:
        ValueError: no layer, an odd number of them, widths below 1, or unequal ones where two maps
            are added.

    Source: Ma et al., *MS-LSTM*, section 4.1 and Figure 2. Odd sides are ours: the paper has none.
    """

    def __init__(
        self,
        cell: Layers,
        channels: int,
        hidden: Sequence[int] = (32,) * 6,
    ) -> None:
        super().__init__()
        check_widths(channels, hidden)
        if len(hidden) % 2:
            raise ValueError(f"hidden={tuple(hidden)}: need an even number of layers")
        self.channels, self.levels = channels, len(hidden) // 2
        for lower in range(self.levels - 1):
            if hidden[lower] != hidden[-2 - lower]:
                raise ValueError(
                    f"hidden={tuple(hidden)}: layers {lower + 1} and {len(hidden) - 1 - lower} are "
                    "added and must be equally wide"
                )
        self.embed = nn.Conv2d(channels, hidden[0], 1)
        widths = (hidden[0], *hidden)
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
            frame: ``[batch, channel, height, width]``, of any size.
            state: of the step before; ``None`` is zeros.

        Returns:
            The prediction, in the shape of the frame, and the new state.

        Raises:
            ValueError: a frame or a state that does not fit.

        Source: Ma et al., *MS-LSTM*, Figure 2.
        """
        memories, m = recall(state, frame, len(self.cells), self.channels)
        x: Tensor = self.embed(frame)
        after, finer = [], []
        for layer, (cell, memory) in enumerate(zip(self.cells, memories, strict=True), start=1):
            x, memory, m = cell(x, memory, m)
            after.append(memory)
            if layer < self.levels:
                finer.append(x)
                x, m = _halved(x), _every_map(_halved, m)
            elif layer > self.levels and finer:
                skip = finer.pop()
                x, m = _doubled(x, skip) + skip, _every_map(partial(_doubled, like=skip), m)
        return self.readout(x), Memory(tuple(after), m)


def _halved(x: Tensor) -> Tensor:
    return F.max_pool2d(x, 2, ceil_mode=True)


def _doubled(x: Tensor, like: Tensor) -> Tensor:
    height, width = like.shape[2:]
    return F.interpolate(x, scale_factor=2, mode="bilinear")[..., :height, :width]


def _every_map(change: Callable[[Tensor], Tensor], m: Any) -> Any:
    """`m` with every map in it changed: one, several in a NamedTuple, or none."""
    if m is None:
        return None
    if isinstance(m, Tensor):
        return change(m)
    return type(m)(*(_every_map(change, each) for each in m))
