"""One network that tells how a clip goes on and what it shows."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from stlib.networks.classifiers import Classifier2D, Classifier3D
from stlib.networks.memory import Memory, check_widths
from stlib.networks.skip_net import SkipNet

__all__ = ["ActivityMemory", "ActivityNet"]

SHRINK = 4  # two strides of 2


class ActivityMemory(NamedTuple):
    """What an activity net has in mind after one time step.

    Attributes:
        middle: the state of the recurrent layers.
        maps: what they said in the last steps, oldest first, as many as the classifier reads; zeros
            for steps before the first.

    Source: this book.
    """

    middle: Memory
    maps: tuple[Tensor, ...]


class ActivityNet(nn.Module):
    """Recurrent layers on small maps, between an encoder and a decoder; and a classifier on them.

    Two strided convolutions bring a frame to a quarter of its height and width, eight recurrent
    layers (`SkipNet` with two a block) foretell the next map, and two transposed convolutions bring
    that to the size of a frame. The classifier reads the last maps that the recurrent layers gave,
    with zeros for steps before the first. It is asked when the time has come:
    ``network.classify(state)``.

    Open in the text, and ours: filters (4×4: with stride 2 they cover every pixel equally often), a
    ReLU after each strided convolution, the 1×1 readout that turns the decoder's 64 channels into a
    frame's, and the widths of the recurrent layers (those of the network for video prediction).

    Args:
        cell: called as ``cell(inputs, outputs)``, once a recurrent layer.
        classifier: reads maps of `width` channels.
        channels: of the frames it reads and writes.
        width: channels of encoder and decoder.
        hidden: width of the recurrent layers in each of the four blocks.
        layers_each: how many recurrent layers a block has.

    Raises:
        ValueError: a classifier of other maps, not four blocks, or a number below 1.

    Source: Su et al., appendix B.2 and its Figure 6b.
    """

    def __init__(
        self,
        cell: Callable[[int, int], nn.Module],
        classifier: Classifier2D | Classifier3D,
        channels: int = 3,
        width: int = 64,
        hidden: Sequence[int] = (32, 48, 48, 32),
        layers_each: int = 2,
    ) -> None:
        super().__init__()
        check_widths(channels, (width,))
        if classifier.inputs != width:
            raise ValueError(
                f"the classifier reads maps of {classifier.inputs} channels: expected {width=}"
            )
        self.channels = channels
        self.encoder = nn.Sequential(
            nn.Conv2d(channels, width, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, width, 4, stride=2, padding=1),
            nn.ReLU(),
        )
        self.middle = SkipNet(cell, width, hidden, layers_each)
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(width, width, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(width, width, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, channels, 1),
        )
        self.classifier = classifier

    def forward(
        self,
        frame: Float[Tensor, "batch _channel height width"],
        state: ActivityMemory | None = None,
    ) -> tuple[Float[Tensor, "batch _channel height width"], ActivityMemory]:
        """Read one frame, predict the next.

        Args:
            frame: ``[batch, channel, height, width]``; its sides are multiples of 4.
            state: of the step before; ``None`` is zeros.

        Returns:
            The prediction, in the shape of the frame, and the new state.

        Raises:
            ValueError: a frame or a state that does not fit.

        Source: Su et al., Figure 6b.
        """
        if frame.shape[1] != self.channels:
            raise ValueError(
                f"the frame has {frame.shape[1]} channels, the network reads {self.channels}"
            )
        if frame.shape[2] % SHRINK or frame.shape[3] % SHRINK:
            raise ValueError(
                f"the frame is {tuple(frame.shape[2:])}: both sides must be multiples of {SHRINK}"
            )
        middle = None if state is None else state.middle
        said, middle = self.middle(self.encoder(frame), middle)
        # As many from the start: a compiled step is compiled anew for another number of maps.
        zeros = (torch.zeros_like(said),) * self.classifier.steps
        maps = zeros if state is None else state.maps
        return self.decoder(said), ActivityMemory(middle, (*maps[1:], said))

    def classify(self, state: ActivityMemory) -> Float[Tensor, "_batch _classes"]:
        """Name what has been seen so far.

        Args:
            state: after the last frame that counts.

        Returns:
            One logit a class, ``[batch, classes]``.

        Source: Su et al., appendix B.2, "takes the last 16 frames".
        """
        return self.classifier(torch.stack(state.maps, dim=1))
