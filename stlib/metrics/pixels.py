"""Errors pixel by pixel: squared, absolute, and squared on a logarithmic scale."""

from math import prod
from typing import Literal, TypeAlias, get_args

from torch import Tensor

from stlib.metrics.frames import Frames, FrameScores, check_frames

__all__ = ["Per", "mae", "mse", "per_frame", "per_pixel", "psnr"]

Per: TypeAlias = Literal["pixel", "frame"]


def mse(prediction: Frames, truth: Frames, per: Per = "pixel") -> FrameScores:
    """Squared error of each frame.

    Args:
        prediction: ``[batch, time, channel, height, width]``.
        truth: the same shape and unit.
        per: ``'pixel'``: the mean over channels, rows and columns, as Su et al. print it (times
            1000). ``'frame'``: their sum, as Ma et al. print it.

    Returns:
        ``[batch, time]``, float64, in squared units of the frames.

    Raises:
        ValueError: shapes that differ, frames without pixels, or an unknown `per`.

    Source: Su et al., Table 4; Ma et al., *MS-LSTM*.
    """
    return _reduce(_difference(prediction, truth) ** 2, per)


def mae(prediction: Frames, truth: Frames, per: Per = "pixel") -> FrameScores:
    """Absolute error of each frame.

    Args:
        prediction: ``[batch, time, channel, height, width]``.
        truth: the same shape and unit.
        per: ``'pixel'``: the mean over channels, rows and columns. ``'frame'``: their sum.

    Returns:
        ``[batch, time]``, float64, in units of the frames.

    Raises:
        ValueError: shapes that differ, frames without pixels, or an unknown `per`.

    Source: Ma et al., *MS-LSTM*.
    """
    return _reduce(_difference(prediction, truth).abs(), per)


def psnr(
    prediction: Frames, truth: Frames, data_range: float | int, floor: float = 0.0
) -> FrameScores:
    """Peak signal-to-noise ratio of each frame, ``10 log10(data_range² / (MSE + floor))``.

    Averaging it over frames and converting the average MSE are two different numbers, the first
    never smaller and reported of the code released with Su et al.

    Args:
        prediction: ``[batch, time, channel, height, width]``.
        truth: the same shape and unit.
        data_range: what lies between black and white: 1 for frames in [0, 1].
        floor: added to the MSE. With 0, two identical frames score infinity, and so does every
            average they enter. With 1e-5 and a range of 1 no frame scores above 50 dB, which is
            reported of the code released with Ma et al.; it lowers every other score a little.

    Returns:
        ``[batch, time]``, float64, in dB.

    Raises:
        ValueError: shapes that differ, frames without pixels, a range that is not positive, or a
            negative floor.

    Source: Su et al., Table 4; Ma et al., *MS-LSTM*.
    """
    if not data_range > 0:
        raise ValueError(f"{data_range=}: must be positive")
    if not floor >= 0:
        raise ValueError(f"{floor=}: must not be negative")
    return 10 * (data_range**2 / (mse(prediction, truth) + floor)).log10()


def per_frame(error: float, frame: tuple[int, int, int]) -> float:
    """Convert an error per pixel, a mean, to one per frame, a sum.

    Args:
        error: MSE or MAE per pixel.
        frame: channels, height and width.

    Raises:
        ValueError: a frame without pixels.

    Source: this book, chapter 7.
    """
    return error * _pixels(frame)


def per_pixel(error: float, frame: tuple[int, int, int]) -> float:
    """Convert an error per frame, a sum, to one per pixel, a mean.

    Args:
        error: MSE or MAE per frame.
        frame: channels, height and width.

    Raises:
        ValueError: a frame without pixels.

    Source: this book, chapter 7.
    """
    return error / _pixels(frame)


def _difference(prediction: Frames, truth: Frames) -> Tensor:
    check_frames(prediction, truth)
    return prediction.double() - truth.double()


def _reduce(error: Tensor, per: str) -> FrameScores:
    if per == "pixel":
        return error.mean((-3, -2, -1))
    if per == "frame":
        return error.sum((-3, -2, -1))
    raise ValueError(f"{per=} is none of {get_args(Per)}")


def _pixels(frame: tuple[int, int, int]) -> int:
    if min(frame) < 1:
        raise ValueError(f"{frame=}: channels, height and width count from 1")
    return prod(frame)
