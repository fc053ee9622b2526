"""ResNet-50 over clips, with any 3D layer in the middle of its bottlenecks."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

from jaxtyping import Float
from torch import Tensor, nn

from stlib.joint_filter import Conv3d, Geometry, JointConv3d, Rank1Conv3d, RegularConv3d, Way
from stlib.networks.temporal_shift import temporal_shift

__all__ = ["Bottleneck", "Middle", "ResNet3d", "flat", "joint", "rank_1", "regular"]

Middle: TypeAlias = Callable[[int, int], Conv3d]
"""Called as ``middle(channels, stride)``: a layer of as many channels, strided over space."""

EXPANSION = 4  # of the channels, from the middle of a bottleneck to its end


def regular(channels: int, stride: int) -> RegularConv3d:
    """3x3x3, whole.

    Source: Miao et al., section 3.2: the inflated 3D-R50.
    """
    return RegularConv3d(channels, channels, geometry=_over_space(stride), bias=False)


def flat(channels: int, stride: int) -> RegularConv3d:
    """1x3x3: no frame sees another.

    Source: He et al. 2016, frame by frame.
    """
    return RegularConv3d(channels, channels, (1, 3, 3), _over_space(stride), bias=False)


def rank_1(channels: int, stride: int, between: int | None = None) -> Rank1Conv3d:
    """1x3x3 and 3x1x1, with so many channels between; None is as many as there are.

    Source: Miao et al., section 2.1.1; Tran et al. 2018 choose more.
    """
    return Rank1Conv3d(channels, channels, between, geometry=_over_space(stride), bias=False)


def joint(channels: int, stride: int, m: int = 6, n: int = 2, way: Way = "cheaper") -> JointConv3d:
    """Joint filters of M spatial and N temporal atoms, computed in that way.

    Source: Miao et al., section 3.2: M = 6, N = 2.
    """
    over = _over_space(stride)
    return JointConv3d(channels, channels, m, n, geometry=over, bias=False, way=way)


class Bottleneck(nn.Module):
    """1x1 down, the middle, 1x1 up, and what came in, added.

    Args:
        inputs: channels.
        width: of the middle.
        middle: makes the layer between the two 1x1.
        stride: over space, in the middle and in the shortcut.
        shift: of the branch's channels one in so many moves in time, either way; None is none.

    Source: He et al. 2016, with the stride in the middle as Miao et al.'s count needs; the shift:
    Lin et al. 2019.
    """

    def __init__(
        self, inputs: int, width: int, middle: Middle, stride: int, shift: int | None = None
    ) -> None:
        super().__init__()
        outputs = EXPANSION * width
        self.shift = shift
        self.branch = nn.Sequential(
            *_layer(inputs, width),
            nn.ReLU(inplace=True),
            middle(width, stride),
            nn.BatchNorm3d(width),
            nn.ReLU(inplace=True),
            *_layer(width, outputs),
        )
        same = inputs == outputs and stride == 1
        self.shortcut = nn.Sequential() if same else nn.Sequential(*_layer(inputs, outputs, stride))

    def forward(
        self, x: Float[Tensor, "batch _inputs time _height _width"]
    ) -> Float[Tensor, "batch _outputs time _rows _columns"]:
        """Read one batch of maps.

        Source: He et al. 2016.
        """
        shifted = x if self.shift is None else temporal_shift(x, self.shift)
        y: Tensor = self.branch(shifted) + self.shortcut(x)
        return y.relu()


class ResNet3d(nn.Module):
    """Names what a clip shows; time is kept whole until the mean at the end.

    Args:
        middle: the 3x3 layer of every bottleneck: `regular`, `flat`, `rank_1`, `joint`, or one of
            them by ``functools.partial``.
        classes: to tell apart.
        channels: of a frame.
        blocks: bottlenecks in each of the four parts; these are the 50 layers.
        width: of the first part; each next one has twice as many, at half the size.
        stem: taps of the first convolution along time; the paper's table of it is not at hand, and
            1 comes nearest to its FLOPs.
        shift: see `Bottleneck`.

    Raises:
        ValueError: a number below 1, or a stem of an even number of frames.

    Source: Miao et al., section 3.2 and Table 3; its Table C is not at hand.
    """

    def __init__(
        self,
        middle: Middle,
        classes: int = 400,
        channels: int = 3,
        blocks: Sequence[int] = (3, 4, 6, 3),
        width: int = 64,
        stem: int = 1,
        shift: int | None = None,
    ) -> None:
        super().__init__()
        if min(classes, channels, width, stem, *blocks) < 1 or stem % 2 == 0:
            raise ValueError(
                f"{classes=}, {channels=}, blocks={tuple(blocks)}, {width=}, {stem=}: each counts "
                "from 1, and the stem is odd"
            )
        self.channels = channels
        self.stem = nn.Sequential(
            nn.Conv3d(channels, width, (stem, 7, 7), (1, 2, 2), (stem // 2, 3, 3), bias=False),
            nn.BatchNorm3d(width),
            nn.ReLU(inplace=True),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)),
        )
        parts, inputs = [], width
        for part, count in enumerate(blocks):
            inside = width * 2**part
            for block in range(count):
                stride = 2 if part > 0 and block == 0 else 1
                parts.append(Bottleneck(inputs, inside, middle, stride, shift))
                inputs = EXPANSION * inside
        self.body = nn.Sequential(*parts)
        self.decide = nn.Linear(inputs, classes)

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

        Source: Miao et al., section 3.2.
        """
        if clips.shape[2] != self.channels:
            raise ValueError(f"{clips.shape[2]} channels, the network reads {self.channels}")
        maps = self.body(self.stem(clips.transpose(1, 2)))
        return self.decide(maps.mean((2, 3, 4)))


def _layer(inputs: int, outputs: int, stride: int = 1) -> tuple[nn.Module, nn.Module]:
    over = partial(nn.Conv3d, kernel_size=1, stride=(1, stride, stride), bias=False)
    return over(inputs, outputs), nn.BatchNorm3d(outputs)


def _over_space(stride: int) -> Geometry:
    return Geometry(stride=(1, stride, stride))
