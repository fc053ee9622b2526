"""The networks of Table 3 of Miao et al., counted: ResNet-50 with several kinds of middle layer.

Its table of the architecture is not at hand, so that the choices are this book's: see `ResNet3d`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property, partial
from typing import Literal

import torch
from torch import nn

from stlib.cost import macs, parameters
from stlib.joint_filter import Rank1Conv3d
from stlib.networks import ResNet3d
from stlib.networks.resnet_3d import flat, joint, rank_1, regular
from stlib.printed.number import Printed
from stlib.printed.tables import table

__all__ = [
    "CITED",
    "FRAMES",
    "VideoNetwork",
    "as_many",
    "basic_parameters",
    "video_networks",
]

FRAMES = 8  # of a clip
TABLE = "stdcf-table-3"  # stdcf-table-3
CITED = ("SlowFast [8]", "TIN [21]")
"""Rows of Table 3 whose networks this book does not build: cited, not counted."""


@dataclass(frozen=True)
class VideoNetwork:
    """A network over clips of 8 frames that tells 400 classes apart.

    Attributes:
        name: in this book.
        build: makes it.
        row: of Table 3, or None where nothing is printed.
        side: height and width of the frames that the printed FLOPs are taken to be of.

    Source: Miao et al., Table 3 and section 3.2.
    """

    name: str
    build: Callable[[], nn.Module]
    row: str | None = None
    side: int = 256

    def printed(self, column: Literal["Params", "GFLOPs"]) -> Printed | None:
        """What Table 3 has for it."""
        return None if self.row is None else table(TABLE).number(self.row, column)

    def parameters(self) -> int:
        """Numbers stored."""
        return parameters(self.network)

    def macs(self, side: int | None = None) -> int:
        """MACs of one clip, forward.

        Args:
            side: of the frames; None is `self.side`.
        """
        side = self.side if side is None else side
        return macs(self.network, torch.zeros(1, FRAMES, 3, side, side, device="meta"))

    def giga(self, side: int | None = None) -> Fraction:
        """The same in units of 10^9, exactly, to be compared with the printed."""
        return Fraction(self.macs(side), 10**9)

    @cached_property
    def network(self) -> nn.Module:
        """On the ``meta`` device: shapes without numbers."""
        with torch.device("meta"):
            return self.build()


def as_many(channels: int, stride: int) -> Rank1Conv3d:
    """A rank-1 middle that has as many weights as a whole 3x3x3 filter, to the next channel.

    Source: Tran et al. 2018: so many channels between make R(2+1)D as large as the 3D network.
    """
    pair = 9 * channels + 3 * channels  # weights that one channel between costs
    return rank_1(channels, stride, between=27 * channels**2 // pair)


@cache
def video_networks() -> tuple[VideoNetwork, ...]:
    """The rows of Table 3 that this book builds, and what they are made of.

    STDCF-R50 stands there twice, for the two ways of computing, and once more with as many atoms as
    the example of section 2.4 has.

    Source: Miao et al., Table 3; Lin et al. 2019 for TSM; Tran et al. 2018 for R(2+1)D.
    """
    ours = "STDCF-R50"
    return (
        VideoNetwork("2D ResNet-50", partial(ResNet3d, flat), side=224),
        VideoNetwork("3D ResNet-50", partial(ResNet3d, regular)),
        VideoNetwork("R(2+1)D, 50 layers", partial(ResNet3d, as_many), "R(2+1)D [26]"),
        VideoNetwork("TSM, 50 layers", partial(ResNet3d, flat, shift=8), "TSM [15]", side=224),
        VideoNetwork(
            "STDCF-R50, M = 6, N = 2, by atoms",
            partial(ResNet3d, partial(joint, way="atoms")),
            ours,
        ),
        VideoNetwork(
            "STDCF-R50, M = 6, N = 2, multiplied out",
            partial(ResNet3d, partial(joint, way="filter")),
            ours,
        ),
        VideoNetwork(
            "STDCF-R50, M = 3, N = 2, by atoms",
            partial(ResNet3d, partial(joint, m=3, way="atoms")),
            ours,
        ),
    )


def basic_parameters(
    blocks: Sequence[int] = (3, 4, 6, 3), taps: int = 3, classes: int = 400
) -> int:
    """Numbers that a residual network of two whole filters a block stores.

    Its parts are 64, 128, 256 and 512 channels wide. Each filter is `taps` frames long and 3x3, or
    7x7 in the stem, and has a normalisation; where the width changes, so has a 1x1x1 shortcut.

    Args:
        blocks: of each part; (3, 4, 6, 3) are 34 layers, with the stem and what decides.
        taps: 3 for a 3D network, 1 for a 2D one. R(2+1)D is as large as the 3D network, by the
            choice of what passes between its halves.
        classes: to tell apart.

    Source: He et al. 2016; Tran et al. 2018.
    """
    inputs, stored = 64, taps * 49 * 3 * 64 + 2 * 64
    for count, width in zip(blocks, (64, 128, 256, 512), strict=True):
        stored += 9 * taps * (inputs + (2 * count - 1) * width) * width + 2 * count * 2 * width
        if inputs != width:
            stored += inputs * width + 2 * width
        inputs = width
    return stored + classes * (inputs + 1)
