"""Networks that read whole clips, as a recipe names them: numbers that build a module."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from torch import nn

from stlib.joint_filter import Conv3d, JointConv3d, Rank1Conv3d, RegularConv3d
from stlib.joint_filter.convolve import Way
from stlib.joint_filter.geometry import PLAIN, Geometry, Triple
from stlib.networks import ActionNet, ClipAutoencoder, ResNet3d

__all__ = [
    "ActionNetOf",
    "ClipAutoencoderOf",
    "ClipNetworkChoice",
    "JointLayer",
    "LayerChoice",
    "Rank1Layer",
    "RegularLayer",
    "ResNet3dOf",
]


@dataclass(frozen=True)
class RegularLayer:
    """`RegularConv3d`, by its own arguments.

    Source: this book.
    """

    bias: bool = False

    def constructor(self, geometry: Geometry = PLAIN) -> Callable[[int, int], Conv3d]:
        """What a network calls as ``layer(inputs, outputs)``."""
        return partial(RegularConv3d, geometry=geometry, bias=self.bias)


@dataclass(frozen=True)
class Rank1Layer:
    """`Rank1Conv3d`, by its own arguments.

    Attributes:
        between: channels between the halves, C'', over those of the output; rounded, one at least.
        bias: whether there is one.

    Raises:
        ValueError: no channel between.

    Source: this book.
    """

    between: float = 1.0
    bias: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.between < float("inf"):
            raise ValueError(f"between={self.between}: expected a share above 0")

    def constructor(self, geometry: Geometry = PLAIN) -> Callable[[int, int], Conv3d]:
        """What a network calls as ``layer(inputs, outputs)``."""

        def layer(inputs: int, outputs: int) -> Conv3d:
            channels = max(1, round(self.between * outputs))
            return Rank1Conv3d(inputs, outputs, channels, geometry=geometry, bias=self.bias)

        return layer


@dataclass(frozen=True)
class JointLayer:
    """`JointConv3d`, by its own arguments.

    Source: this book.
    """

    m: int = 3
    n: int = 2
    way: Way = "cheaper"
    bias: bool = False

    def constructor(self, geometry: Geometry = PLAIN) -> Callable[[int, int], Conv3d]:
        """What a network calls as ``layer(inputs, outputs)``."""
        return partial(
            JointConv3d, m=self.m, n=self.n, geometry=geometry, way=self.way, bias=self.bias
        )


LayerChoice: TypeAlias = RegularLayer | Rank1Layer | JointLayer


@dataclass(frozen=True)
class ActionNetOf:
    """`ActionNet`, by its own arguments.

    Source: this book.
    """

    layer: LayerChoice = JointLayer()
    classes: int = 6
    channels: int = 1
    hidden: tuple[int, ...] = (16, 32, 64)
    pools: tuple[Triple, ...] = ((1, 2, 2), (2, 2, 2))

    def build(self) -> nn.Module:
        """A new network with first weights drawn from torch's generator."""
        layer = self.layer.constructor()
        return ActionNet(layer, self.classes, self.channels, self.hidden, self.pools)


@dataclass(frozen=True)
class ClipAutoencoderOf:
    """`ClipAutoencoder`, by its own arguments.

    Source: this book.
    """

    layer: LayerChoice = JointLayer()
    channels: int = 1
    hidden: int = 24
    code: int = 18
    blocks: tuple[Triple, Triple] = ((1, 2, 2), (2, 2, 2))

    def build(self) -> nn.Module:
        """A new network with first weights drawn from torch's generator."""
        layer = self.layer.constructor()
        return ClipAutoencoder(layer, self.channels, self.hidden, self.code, self.blocks)


@dataclass(frozen=True)
class ResNet3dOf:
    """`ResNet3d`, by its own arguments.

    Attributes:
        layer: in the middle of every bottleneck.
        classes, channels, blocks, width, stem: as in `ResNet3d`.

    Source: Miao et al., section 3.2.1, for the 50 layers and M = 6, N = 2.
    """

    layer: LayerChoice = JointLayer(m=6, n=2)
    classes: int = 400
    channels: int = 3
    blocks: tuple[int, ...] = (3, 4, 6, 3)
    width: int = 64
    stem: int = 1

    def build(self) -> nn.Module:
        """A new network with first weights drawn from torch's generator."""
        return ResNet3d(
            self._middle, self.classes, self.channels, self.blocks, self.width, self.stem
        )

    def _middle(self, channels: int, stride: int) -> Conv3d:
        over_space = Geometry(stride=(1, stride, stride))
        return self.layer.constructor(over_space)(channels, channels)


ClipNetworkChoice: TypeAlias = ActionNetOf | ClipAutoencoderOf | ResNet3dOf
