"""What a trained network, and predictors that learn nothing, make of held-out clips."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor, nn

from stlib import baselines, metrics
from stlib.checkpoints import load_tensors, save_tensors
from stlib.data.digits import Digits, digits, fingerprint
from stlib.metrics.perceptual import Inputs, Trunk
from stlib.recipes import Recipe
from stlib.rollout import forecast

__all__ = [
    "Clips",
    "evaluate",
    "load_predictions",
    "perceptual_scores",
    "predictors",
    "save_predictions",
    "scores",
]

Frames: TypeAlias = Float[Tensor, "_batch _time _channel _height _width"]
Predictor: TypeAlias = Callable[[Frames], Frames]

MEAN_OF = 500  # training clips behind the mean frame
WINDOW = 9  # pixels around each, in which a motion is looked for


@dataclass(frozen=True)
class Clips:
    """Held-out clips and what is asked of them.

    Attributes:
        context: the frames seen.
        future: the frames to foretell.

    Source: this book.
    """

    context: Frames
    future: Frames


def scores(prediction: Frames, truth: Frames) -> dict[str, Any]:
    """Every metric, step by step and on average; the prediction is cut to [0, 1] first.

    Args:
        prediction: ``[batch, time, channel, height, width]``.
        truth: the same shape, in [0, 1].

    Returns:
        For each metric ``{'steps': [...], 'mean': ...}``, errors per pixel times 1000 and per
        frame, PSNR in dB; or ``{'unavailable': why}`` where a library is missing.

    Raises:
        ValueError: shapes that differ.

    Source: this book, chapter 7.
    """
    prediction = prediction.clamp(0, 1)
    told: dict[str, Callable[[], Tensor]] = {
        "mse_e3": lambda: 1e3 * metrics.mse(prediction, truth),
        "mse_per_frame": lambda: metrics.mse(prediction, truth, "frame"),
        "mae_e3": lambda: 1e3 * metrics.mae(prediction, truth),
        "mae_per_frame": lambda: metrics.mae(prediction, truth, "frame"),
        "psnr_db": lambda: metrics.psnr(prediction, truth, 1, floor=1e-10),
        "ssim_gaussian": lambda: metrics.ssim(prediction, truth, "gaussian"),
        "ssim_uniform": lambda: metrics.ssim(prediction, truth, "uniform"),
        "ssim_uniform_range2": lambda: metrics.ssim(prediction, truth, "uniform-range2"),
    }
    found: dict[str, Any] = {}
    for name, tell in told.items():
        try:
            found[name] = _averaged(tell())
        except ImportError as error:
            found[name] = {"unavailable": str(error)}
    return found


def perceptual_scores(
    prediction: Frames, truth: Frames, trunk: Trunk, inputs: Inputs, download: bool
) -> dict[str, Any]:
    """LPIPS step by step and on average, or why there is none.

    Args:
        prediction: ``[batch, time, channel, height, width]``.
        truth: the same shape, in [0, 1].
        trunk: 'alex', 'vgg' or 'squeeze'.
        inputs: 'signed' or 'unit', as in `metrics.lpips`.
        download: fetch the trunk if it is not there.

    Raises:
        ValueError: what `metrics.lpips` raises.

    Source: Zhang et al. 2018.
    """
    network = metrics.perceptual_network(trunk, download=download)
    found = metrics.lpips(prediction.clamp(0, 1), truth, network, inputs)
    if isinstance(found, metrics.Unavailable):
        return {"unavailable": found.reason}
    return {**_averaged(found), "trunk": trunk, "inputs": inputs}


def predictors(network: nn.Module, recipe: Recipe, found: Digits) -> dict[str, Predictor]:
    """The network, and the four that learn nothing, each from context to forecast.

    Args:
        network: trained, on its device.
        recipe: which clips, how many frames.
        found: the digits.

    Source: this book, chapter 1.
    """
    horizon = recipe.horizon
    training = recipe.data.dataset(found, "training", seed=0)
    some = range(min(MEAN_OF, len(training)))
    mean = torch.stack([training[index].mean(0) for index in some]).mean(0)
    device = next(network.parameters()).device

    def learnt(context: Frames) -> Frames:
        return forecast(network, context.to(device), horizon).float().cpu()

    return {
        "network": learnt,
        "black": lambda context: baselines.black(context, horizon),
        "mean_frame": lambda context: baselines.mean_frame(context, horizon, mean),
        "copy_last": lambda context: baselines.copy_last(context, horizon),
        "constant_velocity": lambda context: baselines.constant_velocity(
            context, horizon, window=WINDOW
        ),
    }


@torch.no_grad()
def evaluate(
    network: nn.Module, recipe: Recipe, *, clips: int | None = None, keep: Path | None = None
) -> dict[str, Any]:
    """Score a network and the baselines on the first clips of the test split.

    Args:
        network: trained, on its device.
        recipe: which clips, how many frames.
        clips: how many; None is the recipe's own number.
        keep: file for the network's predictions, so that other scores can be added later.

    Returns:
        What was measured, for a `Result`: a table a predictor, the data and its fingerprint.

    Raises:
        ValueError: more clips than there are, or none.
        OSError: the predictions cannot be written.

    Source: this book, chapter 5.
    """
    found = digits(recipe.digits)
    test = recipe.data.dataset(found, "test", seed=0)
    wanted = recipe.test_clips if clips is None else clips
    if not 1 <= wanted <= len(test):
        raise ValueError(f"clips={wanted}: expected 1 to the {len(test)} of the test split")
    whole = torch.stack([test[index] for index in range(wanted)])
    held = Clips(whole[:, : recipe.context], whole[:, recipe.context :])
    measured: dict[str, Any] = {}
    network.eval()
    for name, predict in predictors(network, recipe, found).items():
        parts = torch.split(held.context, recipe.batch)
        prediction = torch.cat([predict(context) for context in parts])
        measured[name] = scores(prediction, held.future)
        if name == "network" and keep is not None:
            save_predictions(held, prediction, keep)
    return {
        "predictors": measured,
        "lpips": {"unavailable": "not asked for; predict, then lpips, add it"},
        "split": "test",
        "clips": wanted,
        "horizon": recipe.horizon,
        "clipped_to": [0, 1],
        "data": found.name,
        "data_sha256": fingerprint(found),
    }


def save_predictions(clips: Clips, prediction: Frames, path: str | Path) -> Path:
    """Keep context, truth and prediction in half precision.

    Raises:
        OSError: the file cannot be written.

    Source: this book.
    """
    tensors = {"context": clips.context, "future": clips.future, "prediction": prediction}
    halves = {name: frames.half() for name, frames in tensors.items()}
    return save_tensors(halves, {"holds": "predictions"}, path)


def load_predictions(path: str | Path) -> tuple[Clips, Frames]:
    """Read what `save_predictions` wrote.

    Raises:
        OSError: the file cannot be read.
        ValueError: it holds something else.

    Source: this book.
    """
    tensors, about = load_tensors(path)
    if about.get("holds") != "predictions":
        raise ValueError(f"{path}: expected predictions, found {sorted(tensors)[:3]}")
    frames = {name: tensor.float() for name, tensor in tensors.items()}
    return Clips(frames["context"], frames["future"]), frames["prediction"]


def _averaged(frame_scores: Tensor) -> dict[str, Any]:
    averages = metrics.average(frame_scores)
    return {
        "steps": [round(value, 6) for value in averages.steps.tolist()],
        "mean": round(float(averages.mean), 6),
    }
