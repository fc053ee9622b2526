"""From one value a frame to one a step and one for all."""

from typing import Literal, NamedTuple, TypeAlias, get_args

from jaxtyping import Float
from torch import Tensor

from stlib.metrics.frames import FrameScores

__all__ = ["Average", "average"]

Undefined: TypeAlias = Literal["spread", "skip"]


class Average(NamedTuple):
    """A metric after averaging.

    Attributes:
        steps: one value a time step, averaged over the batch, ``[time]``.
        mean: one value for all, averaged over frames.
    """

    steps: Float[Tensor, " _time"]
    mean: Float[Tensor, ""]


def average(frames: FrameScores, undefined: Undefined = "spread") -> Average:
    """Average a metric over clips, and over clips and steps.

    Args:
        frames: one value a frame, ``[batch, time]``.
        undefined: what NaN does. ``'spread'``: it makes every average that it enters NaN, so that a
            network that has diverged is seen. ``'skip'``: it is left out, as event scores without
            events must be; what is left may be few frames, and `pool` is the better way.

    Returns:
        The averages. `mean` weighs every frame alike, so under ``'skip'`` it need not be the mean
        of `steps`; where all is undefined the average is NaN.

    Raises:
        ValueError: no frames, or an unknown treatment of NaN.

    Source: this book, chapter 7.
    """
    if undefined not in get_args(Undefined):
        raise ValueError(f"{undefined=} is none of {get_args(Undefined)}")
    if frames.numel() == 0:
        raise ValueError(f"scores are {tuple(frames.shape)}: nothing to average")
    if undefined == "skip":
        return Average(frames.nanmean(0), frames.nanmean())
    return Average(frames.mean(0), frames.mean())
