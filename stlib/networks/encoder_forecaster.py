"""Two stacks, back to back: one reads the past, the other tells the future from what it kept."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from stlib.networks.memory import check_widths
from stlib.networks.patched import folded

__all__ = ["EncoderForecaster", "EncoderForecasterMemory"]


class EncoderForecasterMemory(NamedTuple):
    """How far an encoder-forecaster has come.

    Attributes:
        seen: frames that the encoder has read.
        encoder: the state of each of its layers, lowest first.
        forecaster: the state of each of its layers, first to last.

    Source: this book.
    """

    seen: int
    encoder: tuple[Any, ...]
    forecaster: tuple[Any, ...]


class EncoderForecaster(nn.Module):
    """An encoder that reads `context` frames, and a forecaster that starts where it ended.

    The forecaster has the encoder's layers in reverse, and each of its layers starts from the state
    of its counterpart. Its first layer reads nothing, so that all it foretells comes out of those
    states; the readout sees all of its layers. Frames are folded into patches before, and unfolded
    after.

    Shi et al. run one loop over the past and one over the future. A network here makes one step and
    cannot know whether the frame it is handed is a real one, so it counts: up to `context` the
    encoder reads the frame, and the forecaster makes one step from the states copied just then; its
    answer during the context is what it would say were this the last frame. Afterwards the encoder
    rests, and the forecaster goes on from its own states. As in the paper a forecast is fed no
    frame, real or own, so that after the context all truth matrices are the same to it.

    Args:
        cell: called as ``cell(inputs, outputs)``, once a layer, also with no inputs.
        channels: of the frames it reads and writes.
        hidden: width of the encoder's layers, lowest first.
        context: frames to read before the forecast.
        patch: height and width of the squares that are folded into channels.

    Raises:
        ValueError: no layer, or a number below 1.

    Source: Shi et al., *Convolutional LSTM Network*, 2015, sections 3.2 and 4.1; with 5×5 maps and
    peepholes the first rows of Su et al., Table 4, whose 7.58M is 7,585,296 cut short.
    """

    def __init__(
        self,
        cell: Callable[[int, int], nn.Module],
        channels: int,
        hidden: Sequence[int] = (128, 64, 64),
        context: int = 10,
        patch: int = 4,
    ) -> None:
        super().__init__()
        check_widths(channels, hidden)
        if context < 1 or patch < 1:
            raise ValueError(f"{context=}, {patch=}: both must be at least 1")
        self.channels, self.context, self.patch = channels, context, patch
        folded = channels * patch**2
        up = pairwise((folded, *hidden))
        down = pairwise((0, *reversed(hidden)))
        self.encoder = nn.ModuleList(cell(inputs, outputs) for inputs, outputs in up)
        self.forecaster = nn.ModuleList(cell(inputs, outputs) for inputs, outputs in down)
        self.readout = nn.Conv2d(sum(hidden), folded, 1)

    def forward(
        self,
        frame: Float[Tensor, "batch _channel height width"],
        state: EncoderForecasterMemory | None = None,
    ) -> tuple[Float[Tensor, "batch _channel height width"], EncoderForecasterMemory]:
        """Read one frame, or none any more; predict the next.

        Args:
            frame: ``[batch, channel, height, width]``; its sides are multiples of `patch`.
            state: of the step before; ``None`` is zeros.

        Returns:
            The prediction, in the shape of the frame, and the new state.

        Raises:
            ValueError: a frame or a state that does not fit, or a cell with a memory that climbs.

        Source: Shi et al., 2015, its Figure 3.
        """
        seen, encoder, forecaster = self._recall(frame, state)
        x = folded(frame, self.patch)
        if seen < self.context:
            seen, encoder = seen + 1, self._through(self.encoder, x, encoder)[1]
            forecaster = encoder[::-1]
        outputs, forecaster = self._through(self.forecaster, x[:, :0], forecaster)
        y = self.readout(torch.cat(outputs, dim=1))
        return F.pixel_shuffle(y, self.patch), EncoderForecasterMemory(seen, encoder, forecaster)

    def _recall(
        self, frame: Tensor, state: EncoderForecasterMemory | None
    ) -> EncoderForecasterMemory:
        if frame.shape[1] != self.channels:
            raise ValueError(
                f"the frame has {frame.shape[1]} channels, the network reads {self.channels}"
            )
        layers = len(self.encoder)
        if state is None:
            return EncoderForecasterMemory(0, (None,) * layers, (None,) * layers)
        if len(state.encoder) != layers or len(state.forecaster) != layers:
            raise ValueError(
                f"the state is of {len(state.encoder)} and {len(state.forecaster)} layers, "
                f"the network has {layers} and {layers}"
            )
        return state

    @staticmethod
    def _through(
        cells: nn.ModuleList, x: Tensor, states: tuple[Any, ...]
    ) -> tuple[list[Tensor], tuple[Any, ...]]:
        """What every layer says, and the states after."""
        outputs, after = [], []
        for cell, state in zip(cells, states, strict=True):
            x, state, m = cell(x, state)
            if m is not None:
                raise ValueError(
                    f"{type(cell).__name__} hands a memory to the layer above, and the forecaster "
                    "has no place for it: choose a cell that keeps its memories"
                )
            outputs.append(x)
            after.append(state)
        return outputs, tuple(after)
