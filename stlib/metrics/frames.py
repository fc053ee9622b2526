"""What every metric compares: two clips of one shape."""

from typing import TypeAlias

from jaxtyping import Float
from torch import Tensor

__all__ = ["FrameScores", "Frames", "check_frames"]

# An underscore: the name explains the axis; that both clips agree is checked by `check_frames`.
Frames: TypeAlias = Float[Tensor, "_batch _time _channel _height _width"]
FrameScores: TypeAlias = Float[Tensor, "_batch _time"]


def check_frames(prediction: Frames, truth: Frames) -> None:
    """Refuse clips that do not match, element by element, or have empty frames.

    Raises:
        ValueError: shapes that differ, or frames without pixels.

    Source: this book.
    """
    if prediction.shape != truth.shape:
        raise ValueError(
            f"prediction is {tuple(prediction.shape)}, truth is {tuple(truth.shape)}: "
            "they must be the same"
        )
    if 0 in truth.shape[2:]:
        raise ValueError(f"frames are {tuple(truth.shape[2:])}: they have no pixels")
