"""Video prediction with convolutions only: time is a matter of channels."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from stlib.networks.inception import Inception

__all__ = ["SimVP"]


class SimVP(nn.Module):
    """An encoder of single frames, a translator of all of them at once, a decoder of single frames.

    Between encoder and decoder the frames of a clip lie on top of one another as channels, and a
    small U-net of `Inception` units turns those of the past into those of the future. The decoder's
    last layer also sees the first of the encoder, at full resolution: of frame t of the past for
    frame t of the future.

    Args:
        channels: of a frame.
        frames: that it reads, and writes.
        width: channels of encoder and decoder, even.
        hidden: channels of the translator.
        layers: of the encoder, and of the decoder; every second halves the resolution.
        depth: units of the translator on the way down, and up.
        kernels: of the units.
        groups: of channels in the units.

    Raises:
        ValueError: a number below 1, widths that cannot be grouped, or what `Inception` raises.

    Source: Gao et al., *SimVP: Simpler yet Better Video Prediction*, 2022, section 3. With these
    numbers it has the 43.2M parameters of Ma et al., *MS-LSTM*, Table 6.
    """

    def __init__(
        self,
        channels: int,
        frames: int = 10,
        width: int = 64,
        hidden: int = 512,
        layers: int = 4,
        depth: int = 3,
        kernels: Sequence[int] = (3, 5, 7, 11),
        groups: int = 4,
    ) -> None:
        super().__init__()
        if min(channels, frames, layers) < 1 or depth < 2:
            raise ValueError(
                f"{channels=}, {frames=}, {layers=}, {depth=}: all must be at least 1, and depth 2"
            )
        if width < 2 or width % 2 or hidden < 2 or hidden % 2:
            raise ValueError(f"{width=}, {hidden=}: both must be even, and at least 2")
        self.channels, self.frames = channels, frames
        halves = [layer % 2 == 1 for layer in range(layers)]
        self.shrink: int = 2 ** sum(halves)
        self.encoder = nn.ModuleList(
            _down(width if layer else channels, width, half) for layer, half in enumerate(halves)
        )
        self.decoder = nn.ModuleList(
            _up(2 * width if layer == 0 else width, width, half)
            for layer, half in reversed(list(enumerate(halves)))
        )
        self.readout = nn.Conv2d(width, channels, 1)
        outer = frames * width

        def unit(inputs: int, outputs: int) -> Inception:
            return Inception(inputs, hidden // 2, outputs, kernels, groups)

        levels = range(depth)
        self.down = nn.ModuleList(unit(hidden if level else outer, hidden) for level in levels)
        self.up = nn.ModuleList(
            unit(hidden if level == depth - 1 else 2 * hidden, hidden if level else outer)
            for level in reversed(levels)
        )

    def forward(
        self, frames: Float[Tensor, "batch _time _channel height width"]
    ) -> Float[Tensor, "batch _time _channel height width"]:
        """The frames that follow.

        Args:
            frames: ``[batch, time, channel, height, width]``; sides are multiples of `shrink`.

        Returns:
            As many again.

        Raises:
            ValueError: frames of another number, channels, or sides that cannot be halved so often.

        Source: Gao et al., *SimVP*, 2022, its Figure 2.
        """
        batch, time, channels, height, width = frames.shape
        if (time, channels) != (self.frames, self.channels):
            raise ValueError(
                f"{time} frames of {channels} channels: the model reads {self.frames} of "
                f"{self.channels}"
            )
        if height % self.shrink or width % self.shrink:
            raise ValueError(
                f"the frames are {height}x{width}, sides must be multiples of {self.shrink}"
            )
        first, *others = self.encoder
        x = skip = first(frames.flatten(0, 1))
        for layer in others:
            x = layer(x)
        coarse = x.shape[2:]
        x = self._translated(x.reshape(batch, -1, *coarse))
        x = x.reshape(batch * time, -1, *coarse)
        *others, last = self.decoder
        for layer in others:
            x = layer(x)
        x = self.readout(last(torch.cat([x, skip], dim=1)))
        return x.reshape(frames.shape)

    def _translated(
        self, x: Float[Tensor, "batch outer height width"]
    ) -> Float[Tensor, "batch outer height width"]:
        """Down and up, at one resolution; what went down joins, the deepest first."""
        kept = []
        for unit in self.down:
            x = unit(x)
            kept.append(x)
        kept.pop()  # it is where the way up begins
        deepest, *others = self.up
        x = deepest(x)
        for unit in others:
            x = unit(torch.cat([x, kept.pop()], dim=1))
        return x


def _down(inputs: int, outputs: int, half: bool) -> nn.Sequential:
    """3×3, normed in two groups and rectified; it may halve the resolution."""
    conv = nn.Conv2d(inputs, outputs, 3, stride=2 if half else 1, padding=1)
    return _normed(conv, outputs)


def _up(inputs: int, outputs: int, double: bool) -> nn.Sequential:
    """The same, but it may double the resolution."""
    if not double:
        return _down(inputs, outputs, half=False)
    conv = nn.ConvTranspose2d(inputs, outputs, 3, stride=2, padding=1, output_padding=1)
    return _normed(conv, outputs)


def _normed(conv: nn.Module, outputs: int) -> nn.Sequential:
    return nn.Sequential(conv, nn.GroupNorm(2, outputs), nn.LeakyReLU(0.2))
