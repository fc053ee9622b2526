"""A small 3D network that rebuilds a clip from a code with fewer numbers than the clip has."""

from collections.abc import Callable
from math import prod

from jaxtyping import Float
from torch import Tensor, nn

from stlib.joint_filter import Conv3d
from stlib.joint_filter.geometry import Triple

__all__ = ["ClipAutoencoder"]


class ClipAutoencoder(nn.Module):
    """Two 3D layers make the code, with a mean over blocks behind each; a third one reads it.

    The third layer writes all pixels of a block at once, as channels, which are then laid out. As
    the code has fewer numbers than a clip, no weights give every clip back.

    Args:
        layer: called as ``layer(inputs, outputs)``, once for each of the three.
        channels: of a frame.
        hidden: width of the first layer.
        code: width of the second: channels of the code.
        blocks: what is averaged behind the first and behind the second, as time, height, width.

    Raises:
        ValueError: a number below 1, or a code with as many numbers as the clip, or more.

    Source: Miao et al., section 2.1.1: "a 3-layer 3D CNN". Its Appendix B is not at hand; the code,
    the blocks and the widths are ours.
    """

    def __init__(
        self,
        layer: Callable[[int, int], Conv3d],
        channels: int = 1,
        hidden: int = 24,
        code: int = 18,
        blocks: tuple[Triple, Triple] = ((1, 2, 2), (2, 2, 2)),
    ) -> None:
        super().__init__()
        widths = [size for block in blocks for size in block]
        if min(channels, hidden, code, *widths) < 1:
            raise ValueError(f"{channels=}, {hidden=}, {code=}, {blocks=}: each counts from 1")
        self.block: Triple = _product(*blocks)
        pixels = channels * prod(self.block)
        if code >= pixels:
            raise ValueError(
                f"{code=} channels for blocks of {pixels} numbers: expected fewer, or a clip can "
                "be copied"
            )
        self.channels = channels
        self.encode = nn.Sequential(
            layer(channels, hidden),
            nn.BatchNorm3d(hidden),
            nn.ReLU(),
            nn.AvgPool3d(blocks[0]),
            layer(hidden, code),
            nn.BatchNorm3d(code),
            nn.ReLU(),
            nn.AvgPool3d(blocks[1]),
        )
        self.decode = layer(code, pixels)

    def forward(
        self, clips: Float[Tensor, "batch time channel height width"]
    ) -> Float[Tensor, "batch time channel height width"]:
        """Rebuild clips.

        Args:
            clips: ``[batch, time, channel, height, width]``.

        Returns:
            As many frames; white is 1, but nothing keeps a pixel within [0, 1].

        Raises:
            ValueError: another number of channels, or a clip that is not made of whole blocks.

        Source: Miao et al., section 2.1.1 and Figure 2.
        """
        if clips.shape[2] != self.channels:
            raise ValueError(f"{clips.shape[2]} channels, the network reads {self.channels}")
        size = (clips.shape[1], *clips.shape[3:])
        if any(whole % part for whole, part in zip(size, self.block, strict=True)):
            raise ValueError(f"clips of {size} pixels: expected multiples of {self.block}")
        blocks: Tensor = self.decode(self.encode(clips.transpose(1, 2)))
        c, (time, height, width) = self.channels, self.block
        b, _, t, h, w = blocks.shape
        apart = blocks.reshape(b, c, time, height, width, t, h, w)
        # Each axis of a block goes behind the axis along which the blocks lie.
        laid = apart.permute(0, 5, 2, 1, 6, 3, 7, 4)
        return laid.reshape(b, t * time, c, h * height, w * width)


def _product(first: Triple, second: Triple) -> Triple:
    return first[0] * second[0], first[1] * second[1], first[2] * second[2]
