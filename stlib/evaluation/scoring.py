"""Every metric of frames, frame by frame and on average."""

from collections.abc import Callable
from typing import Any, TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor

from stlib import metrics
from stlib.data.clips import ClipSet

__all__ = [
    "FLOOR",
    "FrameScores",
    "Frames",
    "averaged",
    "frame_scores",
    "mean_frame",
    "scores",
    "told",
]

Frames: TypeAlias = Float[Tensor, "_batch _time _channel _height _width"]
FrameScores: TypeAlias = Float[Tensor, "_batch _time"]

MEAN_OF = 500  # training clips behind the mean frame
FLOOR = 1e-10  # added to the squared error: identical frames score 100 dB
METRICS: dict[str, Callable[[Frames, Frames], FrameScores]] = {
    "mse_e3": lambda prediction, truth: 1e3 * metrics.mse(prediction, truth),
    "mse_per_frame": lambda prediction, truth: metrics.mse(prediction, truth, "frame"),
    "mae_e3": lambda prediction, truth: 1e3 * metrics.mae(prediction, truth),
    "mae_per_frame": lambda prediction, truth: metrics.mae(prediction, truth, "frame"),
    "psnr_db": lambda prediction, truth: metrics.psnr(prediction, truth, 1, floor=FLOOR),
    "ssim_gaussian": lambda prediction, truth: metrics.ssim(prediction, truth, "gaussian"),
    "ssim_uniform": lambda prediction, truth: metrics.ssim(prediction, truth, "uniform"),
    "ssim_uniform_range2": lambda prediction, truth: metrics.ssim(
        prediction, truth, "uniform-range2"
    ),
}


def scores(prediction: Frames, truth: Frames) -> dict[str, Any]:
    """Every metric, step by step and on average; the prediction is cut to [0, 1] first.

    Args:
        prediction: ``[batch, time, channel, height, width]``.
        truth: the same shape, in [0, 1].

    Returns:
        For each metric ``{'steps': [...], 'mean': ...}``, errors per pixel times 1000 and per
        frame, PSNR in dB, at most 100; or ``{'unavailable': why}`` where a library is missing.

    Raises:
        ValueError: shapes that differ, or frames smaller than a metric's window.

    Source: this book, chapter 7.
    """
    return told([frame_scores(prediction, truth)])


def frame_scores(prediction: Frames, truth: Frames) -> dict[str, FrameScores | str]:
    """Every metric a frame; or why it is not available. The prediction is cut to [0, 1] first.

    Args:
        prediction: ``[batch, time, channel, height, width]``.
        truth: the same shape, in [0, 1].

    Raises:
        ValueError: shapes that differ, or frames smaller than a metric's window.

    Source: this book, chapter 7.
    """
    found: dict[str, FrameScores | str] = {}
    for name, tell in METRICS.items():
        try:
            found[name] = tell(prediction.clamp(0, 1), truth)
        except ImportError as error:
            found[name] = str(error)
    return found


def told(parts: list[dict[str, FrameScores | str]]) -> dict[str, Any]:
    """The averages over parts of the clips, as `scores` tells them of one.

    Source: this book, chapter 7.
    """
    found: dict[str, Any] = {}
    for name in METRICS:
        frames = [part[name] for part in parts]
        tensors = [part for part in frames if isinstance(part, Tensor)]
        whole = len(tensors) == len(frames)
        found[name] = averaged(torch.cat(tensors)) if whole else {"unavailable": frames[0]}
    return found


def mean_frame(training: ClipSet) -> Float[Tensor, "_channel _height _width"]:
    """The mean of all frames of the first training clips, 500 at most.

    Source: this book, chapter 1.
    """
    some = range(min(MEAN_OF, len(training)))
    return torch.stack([training[index].mean(0) for index in some]).mean(0)


def averaged(scores_of_frames: FrameScores) -> dict[str, Any]:
    """The mean of each step, and of all, rounded to six places.

    Source: this book.
    """
    averages = metrics.average(scores_of_frames)
    return {
        "steps": [round(value, 6) for value in averages.steps.tolist()],
        "mean": round(float(averages.mean), 6),
    }
