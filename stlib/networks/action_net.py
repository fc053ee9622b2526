"""A small 3D network that names actions: a few layers, pools, the mean, one linear map."""

from collections.abc import Callable, Sequence
from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn

from stlib.joint_filter import Conv3d
from stlib.joint_filter.geometry import Triple

__all__ = ["ActionNet"]


class ActionNet(nn.Module):
    """3D layers, each with normalisation and ReLU, pools between, and a linear map of the mean.

    Without a pool over time, and without a stride, dilated atoms read a clip of more frames exactly
    as the plain ones read every second frame of it; a pool over time ends that.

    Args:
        layer: called as ``layer(inputs, outputs)``, once a layer.
        classes: to tell apart.
        channels: of a frame.
        hidden: width of each layer.
        pools: width and stride of the max-pool behind each layer but the last, as time, height,
            width.

    Raises:
        ValueError: a number below 1, or not one pool between every two layers.

    Source: Miao et al., section 3.1: "a simple three-layer 3D CNN". Its Table B is not at hand;
    widths, pools and head are ours, those whose memory comes nearest to the printed 459.7M.
    """

    def __init__(
        self,
        layer: Callable[[int, int], Conv3d],
        classes: int = 6,
        channels: int = 1,
        hidden: Sequence[int] = (16, 32, 64),
        pools: Sequence[Triple] = ((1, 2, 2), (2, 2, 2)),
    ) -> None:
        super().__init__()
        if not hidden or min(classes, channels, *hidden) < 1:
            raise ValueError(
                f"{classes=}, {channels=}, hidden={tuple(hidden)}: need one layer, and each counts "
                "from 1"
            )
        if len(pools) != len(hidden) - 1 or any(min(pool) < 1 for pool in pools):
            raise ValueError(
                f"pools={tuple(pools)}: expected {len(hidden) - 1}, one behind each layer but the "
                "last, each width from 1"
            )
        self.channels = channels
        parts: list[nn.Module] = []
        for place, (inputs, outputs) in enumerate(pairwise((channels, *hidden))):
            parts += [layer(inputs, outputs), nn.BatchNorm3d(outputs), nn.ReLU()]
            if place < len(pools) and max(pools[place]) > 1:
                parts.append(nn.MaxPool3d(pools[place]))
        self.body = nn.Sequential(*parts)
        self.decide = nn.Linear(hidden[-1], classes)

    def features(
        self, clips: Float[Tensor, "batch _time _channel _height _width"]
    ) -> Float[Tensor, "batch _hidden _frames _rows _columns"]:
        """The maps of the last layer, channels before time.

        Raises:
            ValueError: another number of channels.

        Source: Miao et al., Figure 3b and Figure 6.
        """
        if clips.shape[2] != self.channels:
            raise ValueError(f"{clips.shape[2]} channels, the network reads {self.channels}")
        maps: Tensor = self.body(clips.transpose(1, 2))
        return maps

    def forward(
        self, clips: Float[Tensor, "batch _time _channel _height _width"]
    ) -> Float[Tensor, "batch _classes"]:
        """Name clips.

        Args:
            clips: ``[batch, time, channel, height, width]``.

        Returns:
            One logit a class, ``[batch, classes]``.

        Raises:
            ValueError: another number of channels.

        Source: Miao et al., section 3.1.
        """
        return self.decide(self.features(clips).mean((2, 3, 4)))
