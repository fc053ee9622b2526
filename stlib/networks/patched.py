"""Any network on patches: small squares of the frame, laid on top of one another as channels."""

from collections.abc import Callable
from typing import Any

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

__all__ = ["Patched", "folded"]


class Patched(nn.Module):
    """A network that reads and writes patches instead of pixels.

    A frame of ``channels`` becomes one of ``channels * patch**2``, its sides `patch` times shorter;
    the prediction is unfolded again. Every layer costs ``patch**2`` times less, and a pixel's
    neighbours in its own patch are other channels, not neighbours.

    Args:
        network: called once as ``network(channels)`` with the channels of the folded frame.
        channels: of the frames it reads and writes.
        patch: height and width of the squares.

    Raises:
        ValueError: a patch or channels below 1.

    Source: Ma et al., *MS-LSTM*, section 6; Shi et al., *Convolutional LSTM Network*, 2015.
    """

    def __init__(self, network: Callable[[int], nn.Module], channels: int, patch: int) -> None:
        super().__init__()
        if channels < 1 or patch < 1:
            raise ValueError(f"{channels=}, {patch=}: both must be at least 1")
        self.channels, self.patch = channels, patch
        self.network = network(channels * patch**2)

    def forward(
        self, frame: Float[Tensor, "batch _channel height width"], state: Any = None
    ) -> tuple[Float[Tensor, "batch _channel height width"], Any]:
        """Read one frame, predict the next.

        Args:
            frame: ``[batch, channel, height, width]``; its sides are multiples of the patch.
            state: of the step before, the inner network's; ``None`` is zeros.

        Returns:
            The prediction, in the shape of the frame, and the new state.

        Raises:
            ValueError: a frame that cannot be folded, or does not fit the network.

        Source: Ma et al., *MS-LSTM*, section 6.
        """
        if frame.shape[1] != self.channels:
            raise ValueError(
                f"the frame has {frame.shape[1]} channels, the network reads {self.channels}"
            )
        y, state = self.network(folded(frame, self.patch), state)
        return F.pixel_shuffle(y, self.patch), state


def folded(
    frame: Float[Tensor, "batch _channel _height _width"], patch: int
) -> Float[Tensor, "batch _folded _rows _columns"]:
    """Squares of `patch` pixels a side as channels.

    Raises:
        ValueError: a side that is no multiple of the patch.

    Source: Shi et al., *Convolutional LSTM Network*, 2015.
    """
    if frame.shape[2] % patch or frame.shape[3] % patch:
        raise ValueError(
            f"the frame is {tuple(frame.shape[2:])}, its sides must be multiples of the patch, "
            f"{patch}"
        )
    return F.pixel_unshuffle(frame, patch)
