"""A model that foretells all frames at once, as a network that is handed one frame a step."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

__all__ = ["WholeContext", "WholeContextMemory"]


class WholeContextMemory(NamedTuple):
    """What a model of whole contexts has read, and what it has yet to say.

    Attributes:
        read: the frames that its next call sees; as many as the context once it is full.
        told: forecasts that are made and not handed out yet.

    Source: this book.
    """

    read: Float[Tensor, "_batch _read _channel _height _width"]
    told: Float[Tensor, "_batch _left _channel _height _width"]


class WholeContext(nn.Module):
    """A network around a model that reads `context` frames and writes as many, all in one call.

    While frames are still missing, the answer is the frame just read: an honest forecast that costs
    nothing and teaches nothing, so that training leaves these steps out of its loss. With the last
    frame of the context the model is called, and its forecasts are handed out one a step; meanwhile
    no frame is read, real or own. Once the last is out, the model reads its own forecasts and goes
    on.

    Args:
        model: called with ``[batch, context, channel, height, width]``; returns the same shape.
        channels: of a frame.
        context: frames that the model reads, and writes.

    Raises:
        ValueError: channels or a context below 1.

    Source: this book.
    """

    def __init__(self, model: nn.Module, channels: int, context: int) -> None:
        super().__init__()
        if channels < 1 or context < 1:
            raise ValueError(f"{channels=}, {context=}: both must be at least 1")
        self.channels, self.context = channels, context
        self.model = model

    def forward(
        self,
        frame: Float[Tensor, "batch _channel height width"],
        state: WholeContextMemory | None = None,
    ) -> tuple[Float[Tensor, "batch _channel height width"], WholeContextMemory]:
        """Read one frame, or none while forecasts are left; predict the next.

        Args:
            frame: ``[batch, channel, height, width]``.
            state: of the step before; ``None`` is the start of the context.

        Returns:
            The prediction, in the shape of the frame, and the new state.

        Raises:
            ValueError: a frame or a state that does not fit.

        Source: this book.
        """
        read, told = self._recall(frame, state)
        if not told.shape[1]:
            if read.shape[1] < self.context:
                read = torch.cat([read, frame[:, None]], dim=1)
            if read.shape[1] < self.context:
                return frame, WholeContextMemory(read, told)
            read = told = self.model(read)
        return told[:, 0], WholeContextMemory(read, told[:, 1:])

    def _recall(self, frame: Tensor, state: WholeContextMemory | None) -> WholeContextMemory:
        if frame.shape[1] != self.channels:
            raise ValueError(
                f"the frame has {frame.shape[1]} channels, the network reads {self.channels}"
            )
        if state is None:
            none = frame[:, None][:, :0]
            return WholeContextMemory(none, none)
        for held in state:
            if held.shape[0] != frame.shape[0] or held.shape[2:] != frame.shape[1:]:
                raise ValueError(
                    f"the state holds frames of {tuple(held.shape)}, the frame is "
                    f"{tuple(frame.shape)}: all but time must agree"
                )
        if max(state.read.shape[1], state.told.shape[1]) > self.context:
            raise ValueError(
                f"the state holds {state.read.shape[1]} frames read and {state.told.shape[1]} to "
                f"tell, expected up to {self.context} of each"
            )
        return state
