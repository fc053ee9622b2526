"""Frames of which a bar hides a part."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor

__all__ = ["behind_bar"]


def behind_bar(
    clips: Float[Tensor, "*_batch time _channel height width"],
    first: int,
    columns: int,
    frames: Sequence[int],
    ink: float = 0.0,
) -> Float[Tensor, "*_batch time _channel height width"]:
    """The clips with an upright bar over some of their frames; what is given stays as it is.

    Args:
        clips: in [0, 1].
        first: the bar's first column, from 0.
        columns: its width; 0 hides nothing.
        frames: which frames it stands in; as in a list, -1 is the last.
        ink: what the bar shows, in [0, 1].

    Raises:
        ValueError: a bar that leaves the canvas, a frame that is not there, or ink out of range.

    Source: this book, chapter 24.
    """
    time, width = clips.shape[-4], clips.shape[-1]
    if not 0 <= first <= first + columns <= width or columns < 0:
        raise ValueError(f"{first=}, {columns=}: expected a bar within the {width} columns")
    if any(not -time <= frame < time for frame in frames):
        raise ValueError(f"frames={tuple(frames)}: there are {time}")
    if not 0 <= ink <= 1:
        raise ValueError(f"{ink=}, expected 0 to 1")
    covered = clips.clone()
    for frame in frames:
        covered[..., frame, :, :, first : first + columns] = ink
    return covered
