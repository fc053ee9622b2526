"""What a trained network, and predictors that learn nothing, make of held-out clips.

Clips are drawn, foretold and scored a batch at a time: memory does not grow with their number.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor, nn

from stlib import baselines, metrics
from stlib.checkpoints import load_tensors, save_tensors
from stlib.evaluation.naming import naming_scores
from stlib.evaluation.scoring import (
    FLOOR,
    Frames,
    FrameScores,
    averaged,
    frame_scores,
    mean_frame,
    told,
)
from stlib.metrics import Contingency
from stlib.metrics.perceptual import Inputs, Trunk
from stlib.recipes import Recipe
from stlib.recipes.data import Rainfall
from stlib.recipes.recognition import labelled
from stlib.recognition import classify
from stlib.rollout import forecast

__all__ = [
    "Clips",
    "evaluate_forecasts",
    "load_predictions",
    "perceptual_scores",
    "predictions",
    "predictors",
    "rain_scores",
    "recognition_scores",
    "save_predictions",
]

Predictor: TypeAlias = Callable[[Frames], Frames]

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


def rain_scores(prediction: Frames, truth: Frames, data: Rainfall) -> dict[str, Any]:
    """Did it rain where rain was forecast: CSI and HSS from each threshold on.

    Args:
        prediction: ``[batch, time, channel, height, width]``, cut to [0, 1] first.
        truth: the same shape, in [0, 1].
        data: whose units and thresholds they are.

    Returns:
        For each score and threshold, as in ``'csi_0.5_mm_h'``, ``{'steps': [...], 'mean': ...,
        'pooled': ...}``: of the counts of all clips a step; their average; of the counts of all
        steps together. None where a score is not defined, for nothing happened.

    Raises:
        ValueError: shapes that differ, or a value that is no number.

    Source: Ma et al., Table 11 and Figure 10, who do not say how they average.
    """
    return _rained([_rain_counts(prediction, truth, data)])


def perceptual_scores(
    prediction: Frames, truth: Frames, trunk: Trunk, inputs: Inputs, download: bool
) -> dict[str, Any]:
    """LPIPS step by step and on average, or why there is none.

    Args:
        prediction: ``[batch, time, channel, height, width]``, cut to [0, 1] first.
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
    return {**averaged(found), "trunk": trunk, "inputs": inputs}


def predictors(network: nn.Module, recipe: Recipe) -> dict[str, Predictor]:
    """The network, and the four that learn nothing, each from context to forecast.

    Args:
        network: trained, on its device.
        recipe: which clips, how many frames.

    Source: this book, chapter 1.
    """
    horizon = recipe.tested.horizon
    mean = mean_frame(recipe.data.open("training"))
    return {
        "network": _learnt(network, horizon),
        "black": lambda context: baselines.black(context, horizon),
        "mean_frame": lambda context: baselines.mean_frame(context, horizon, mean),
        "copy_last": lambda context: baselines.copy_last(context, horizon),
        "constant_velocity": lambda context: baselines.constant_velocity(
            context, horizon, window=WINDOW
        ),
    }


@torch.no_grad()
def evaluate_forecasts(
    network: nn.Module, recipe: Recipe, *, clips: int | None = None
) -> dict[str, Any]:
    """Score a network and the baselines on the first clips of the test split.

    Args:
        network: trained, on its device; left in evaluation mode.
        recipe: which clips, how many frames.
        clips: how many; None is the recipe's own number.

    Returns:
        What was measured, for a `Result`: a table a predictor, step by step as far as the recipe
        foretells, of rain also what `rain_scores` says; the data and its fingerprint; where clips
        are to be named, also what `recognition_scores` says.

    Raises:
        ValueError: more clips than there are, or none.

    Source: this book, chapter 5.
    """
    wanted, batches = _held_out(recipe, clips)
    network.eval()
    each = predictors(network, recipe)
    parts: dict[str, list[dict[str, FrameScores | str]]] = defaultdict(list)
    rain: dict[str, list[dict[float, Contingency]]] = defaultdict(list)
    for held in batches:
        for name, predict in each.items():
            foretold = predict(held.context)
            parts[name].append(frame_scores(foretold, held.future))
            if isinstance(recipe.data, Rainfall):
                rain[name].append(_rain_counts(foretold, held.future, recipe.data))
    origin = recipe.data.origin()
    named = {} if recipe.recognition is None else recognition_scores(network, recipe, clips=clips)
    return {
        **({"recognition": named} if named else {}),
        "predictors": {
            name: {**told(each_part), **_rained(rain[name])} for name, each_part in parts.items()
        },
        "lpips": {"unavailable": "not asked for; predict, then lpips, add it"},
        "split": "test",
        "clips": wanted,
        "horizon": recipe.tested.horizon,
        "clipped_to": [0, 1],
        "psnr_floor": FLOOR,
        "data": origin.name,
        "data_sha256": origin.sha256,
    }


@torch.no_grad()
def recognition_scores(
    network: nn.Module, recipe: Recipe, *, clips: int | None = None
) -> dict[str, Any]:
    """How well a network names the first clips of the test split from their beginning.

    Args:
        network: trained, on its device; left in evaluation mode.
        recipe: which clips, how many frames it sees.
        clips: how many; None is the recipe's own number.

    Returns:
        The share of each clip that is ``seen``, and what `naming_scores` says.

    Raises:
        ValueError: clips without labels, of other classes than the network's, or more than there
            are.

    Source: Su et al., Tables 1 and 2, Figure 4.
    """
    test = labelled(recipe.data.open("test"), recipe.classes)
    wanted, batches = _held_out(recipe, clips)
    network.eval()
    device = next(network.parameters()).device
    logits = torch.cat(
        [classify(network, held.context.to(device)).double().cpu() for held in batches]
    )
    labels = torch.tensor(test.labels[:wanted])
    return {
        "seen": recipe.context / recipe.data.frames,
        **naming_scores(logits, labels, test.classes),
    }


@torch.no_grad()
def predictions(
    network: nn.Module, recipe: Recipe, *, clips: int | None = None
) -> tuple[Clips, Frames]:
    """The first clips of the test split, and what a network foretells.

    Args:
        network: trained, on its device; left in evaluation mode.
        recipe: which clips, how many frames.
        clips: how many; None is the recipe's own number.

    Raises:
        ValueError: more clips than there are, or none.

    Source: this book.
    """
    _, batches = _held_out(recipe, clips)
    network.eval()
    predict, held = _learnt(network, recipe.tested.horizon), list(batches)
    whole = Clips(
        torch.cat([part.context for part in held]), torch.cat([part.future for part in held])
    )
    return whole, torch.cat([predict(part.context) for part in held])


def save_predictions(clips: Clips, prediction: Frames, path: str | Path) -> Path:
    """Keep context, truth and prediction in half precision.

    Args:
        clips: context and truth.
        prediction: in the shape of the truth.
        path: of the file; its folder must exist.

    Raises:
        ImportError: safetensors is missing.
        OSError: the file cannot be written.

    Source: this book.
    """
    tensors = {"context": clips.context, "future": clips.future, "prediction": prediction}
    halves = {name: frames.half() for name, frames in tensors.items()}
    return save_tensors(halves, {"holds": "predictions"}, path)


def load_predictions(path: str | Path) -> tuple[Clips, Frames]:
    """Read what `save_predictions` wrote.

    Raises:
        ImportError: safetensors is missing.
        OSError: the file cannot be read.
        ValueError: it holds something else.

    Source: this book.
    """
    tensors, about = load_tensors(path)
    if about.get("holds") != "predictions":
        raise ValueError(f"{path}: expected predictions, found {sorted(tensors)[:3]}")
    frames = {name: tensor.float() for name, tensor in tensors.items()}
    return Clips(frames["context"], frames["future"]), frames["prediction"]


def _held_out(recipe: Recipe, clips: int | None) -> tuple[int, Iterator[Clips]]:
    """How many test clips are asked for, and they themselves in batches."""
    test = recipe.tested.data.open("test")
    wanted = recipe.test_clips if clips is None else clips
    if not 1 <= wanted <= len(test):
        raise ValueError(f"clips={wanted}: expected 1 to the {len(test)} of the test split")

    def draw() -> Iterator[Clips]:
        for first in range(0, wanted, recipe.batch):
            some = range(first, min(first + recipe.batch, wanted))
            whole = torch.stack([test[index] for index in some])
            asked = whole[:, : recipe.tested.frames]
            yield Clips(asked[:, : recipe.context], asked[:, recipe.context :])

    return wanted, draw()


def _learnt(network: nn.Module, horizon: int) -> Predictor:
    device = next(network.parameters()).device

    def predict(context: Frames) -> Frames:
        return forecast(network, context.to(device), horizon).float().cpu()

    return predict


def _rain_counts(prediction: Frames, truth: Frames, data: Rainfall) -> dict[float, Contingency]:
    """Hits and misses in each frame, by threshold."""
    # Thresholds come to the clips' scale: on the way back, rain of exactly 5 mm/h would be less.
    scaled = data.units.from_units(torch.tensor(data.thresholds, dtype=torch.float64)).float()
    return {
        least: metrics.contingency(prediction.clamp(0, 1), truth, float(here))
        for least, here in zip(data.thresholds, scaled, strict=True)
    }


def _rained(parts: Sequence[dict[float, Contingency]]) -> dict[str, Any]:
    """The scores of all parts of the clips together."""
    told: dict[str, Any] = {}
    for least in parts[0] if parts else ():
        counts = zip(*(part[least] for part in parts), strict=True)
        whole = Contingency(*(torch.cat(count) for count in counts))
        by_step, all_steps = metrics.pool(whole, "batch"), metrics.pool(whole)
        for name, score in (("csi", metrics.csi), ("hss", metrics.hss)):
            steps = score(by_step)
            told[f"{name}_{least:g}_mm_h"] = {
                "steps": [_defined(step) for step in steps],
                "mean": _defined(steps.nanmean()),
                "pooled": _defined(score(all_steps)),
            }
    return told


def _defined(score: Float[Tensor, ""]) -> float | None:
    return None if score.isnan() else round(float(score), 6)
