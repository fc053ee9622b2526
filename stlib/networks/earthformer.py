"""Video prediction with attention only: an axial transformer on two scales."""

from typing import TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor, nn

from stlib.networks.axial_blocks import AxialBlock, CrossBlock

__all__ = ["Earthformer", "PatchMerge", "Positions"]

Film: TypeAlias = Float[Tensor, "_batch _time _height _width _channel"]


class Positions(nn.Module):
    """A learned vector for each frame and one for each pixel; a position has the sum of both.

    Args:
        lengths: of a film: frames, height, width.
        channels: of the vectors.

    Source: Gao et al., *Earthformer*, 2022, its setting for Moving MNIST.
    """

    def __init__(self, lengths: tuple[int, int, int], channels: int) -> None:
        super().__init__()
        frames, height, width = lengths
        self.time = nn.Parameter(_drawn(frames, 1, 1, channels))
        self.place = nn.Parameter(_drawn(height, width, channels))

    def forward(self) -> Float[Tensor, "_time _height _width _channel"]:
        """The vectors of all positions.

        Source: Gao et al., *Earthformer*, 2022.
        """
        return self.time + self.place


class PatchMerge(nn.Module):
    """Squares of 2×2 positions become one: normed together, then mapped.

    Args:
        inputs: channels of a position.
        outputs: channels of a square.

    Source: Gao et al., *Earthformer*, 2022, after Liu et al. 2021.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4 * inputs)
        self.map = nn.Linear(4 * inputs, outputs, bias=False)

    def forward(self, x: Film) -> Film:
        """A film of half the resolution.

        Source: Gao et al., *Earthformer*, 2022.
        """
        batch, time, height, width, channels = x.shape
        squares = x.reshape(batch, time, height // 2, 2, width // 2, 2, channels)
        merged: Tensor = self.map(self.norm(squares.transpose(3, 4).flatten(4)))
        return merged


class Earthformer(nn.Module):
    """An encoder reads the past on two scales, and a decoder asks it for the future.

    A stem halves the resolution; after `depth` blocks it is halved again and `depth` more follow.
    The decoder begins at the coarse scale with learned positions, the same for every film, and only
    its cross-attention to the encoder's blocks of the same scale tells one film from another; a
    head brings the frames back to full resolution.

    Args:
        channels: of a frame.
        size: height and width of a frame, multiples of 4.
        frames: that it reads, and writes.
        width: channels at half the resolution, a multiple of the heads and of the groups; twice as
            many below.
        depth: blocks a scale.
        heads: of the attention.
        groups: of the norms in stem and head.

    Raises:
        ValueError: a number below 1, sides that cannot be halved twice, or widths that cannot be
            divided so.

    Source: Gao et al., *Earthformer: Exploring Space-Time Transformers for Earth System
    Forecasting*, 2022, in the axial setting without global vectors; with these numbers it has
    the 6.7M parameters of Ma et al., *MS-LSTM*, Table 6. The slope of the rectifiers is ours.
    """

    def __init__(
        self,
        channels: int,
        size: tuple[int, int],
        frames: int = 10,
        width: int = 64,
        depth: int = 4,
        heads: int = 4,
        groups: int = 16,
    ) -> None:
        super().__init__()
        if min(channels, frames, width, depth, heads, groups) < 1:
            raise ValueError(
                f"{channels=}, {frames=}, {width=}, {depth=}, {heads=}, {groups=}: "
                "all must be at least 1"
            )
        if width % groups or width % heads:
            raise ValueError(f"{width=}: must be a multiple of {groups=} and of {heads=}")
        if min(size) < 4 or size[0] % 4 or size[1] % 4:
            raise ValueError(f"{size=}: both sides must be multiples of 4")
        self.channels, self.frames, self.size = channels, frames, tuple(size)
        fine = (frames, size[0] // 2, size[1] // 2)
        coarse = (frames, size[0] // 4, size[1] // 4)
        self.stem = nn.Sequential(*_conv(channels, width, groups), *_conv(width, width, groups))
        self.patches = PatchMerge(width, width)
        self.positions = Positions(fine, width)
        self.encode_fine = nn.ModuleList(AxialBlock(width, fine, heads) for _ in range(depth))
        self.merge = PatchMerge(width, 2 * width)
        self.encode_coarse = nn.ModuleList(
            AxialBlock(2 * width, coarse, heads) for _ in range(depth)
        )
        self.start = Positions(coarse, 2 * width)
        self.begin = nn.Linear(2 * width, 2 * width)
        # The first of the coarse blocks has no self-attention: all films are still alike there.
        self.coarse = nn.ModuleList(AxialBlock(2 * width, coarse, heads) for _ in range(depth - 1))
        self.coarse_cross = nn.ModuleList(
            CrossBlock(2 * width, frames, heads) for _ in range(depth)
        )
        self.grow = _double(2 * width, width)
        self.fine = nn.ModuleList(AxialBlock(width, fine, heads) for _ in range(depth))
        self.fine_cross = nn.ModuleList(CrossBlock(width, frames, heads) for _ in range(depth))
        self.head = nn.Sequential(
            _double(width, width),
            *_conv(width, width, groups),
            *_conv(width, width, groups),
            nn.Conv2d(width, channels, 1),
        )

    def forward(
        self, frames: Float[Tensor, "batch _time _channel height width"]
    ) -> Float[Tensor, "batch _time _channel height width"]:
        """The frames that follow.

        Args:
            frames: ``[batch, time, channel, height, width]``.

        Returns:
            As many again.

        Raises:
            ValueError: frames of another number or shape.

        Source: Gao et al., *Earthformer*, 2022, its Figure 2.
        """
        expected = (self.frames, self.channels, *self.size)
        if tuple(frames.shape[1:]) != expected:
            raise ValueError(
                f"frames are {tuple(frames.shape)}: the model reads (batch, "
                f"{', '.join(map(str, expected))})"
            )
        fine = self.patches(_each_frame(self.stem, frames).movedim(2, -1)) + self.positions()
        for block in self.encode_fine:
            fine = block(fine)
        coarse = self.merge(fine)
        for block in self.encode_coarse:
            coarse = block(coarse)
        return self._told(fine, coarse)

    def _told(
        self,
        fine: Film,
        coarse: Film,
    ) -> Float[Tensor, "_batch _time _channel _height _width"]:
        """The future, of what the encoder has at either scale."""
        x = self.begin(self.start()).expand_as(coarse)
        first, *others = self.coarse_cross
        x = first(x, coarse)
        for block, cross in zip(self.coarse, others, strict=True):
            x = cross(block(x), coarse)
        x = _each_frame(self.grow, x.movedim(-1, 2)).movedim(2, -1)
        for block, cross in zip(self.fine, self.fine_cross, strict=True):
            x = cross(block(x), fine)
        return _each_frame(self.head, x.movedim(-1, 2))


def _conv(inputs: int, outputs: int, groups: int) -> tuple[nn.Module, ...]:
    return (
        nn.Conv2d(inputs, outputs, 3, padding=1),
        nn.GroupNorm(groups, outputs),
        nn.LeakyReLU(0.1),
    )


def _double(inputs: int, outputs: int) -> nn.Sequential:
    """Twice the resolution: every position four times, then 3×3."""
    return nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(inputs, outputs, 3, padding=1))


def _each_frame(
    layer: nn.Module, frames: Float[Tensor, "batch time _channel _height _width"]
) -> Float[Tensor, "batch time _channels _height2 _width2"]:
    """A layer of images on every frame of a film."""
    out: Tensor = layer(frames.flatten(0, 1))
    return out.reshape(*frames.shape[:2], *out.shape[1:])


def _drawn(*shape: int) -> Tensor:
    return nn.init.trunc_normal_(torch.empty(*shape), std=0.02)
