"""What trained networks make of held-out clips: forecasts, names, reconstructions."""

from typing import Any

from torch import nn

from stlib.evaluation.forecasts import (
    Clips,
    evaluate_forecasts,
    load_predictions,
    perceptual_scores,
    predictions,
    predictors,
    rain_scores,
    recognition_scores,
    save_predictions,
)
from stlib.evaluation.naming import naming_scores
from stlib.evaluation.scoring import scores
from stlib.evaluation.whole_clips import crop_logits_of, evaluate_clips, logits_of
from stlib.recipes import AnyRecipe, ClipRecipe

__all__ = [
    "Clips",
    "crop_logits_of",
    "evaluate",
    "evaluate_clips",
    "evaluate_forecasts",
    "load_predictions",
    "logits_of",
    "naming_scores",
    "perceptual_scores",
    "predictions",
    "predictors",
    "rain_scores",
    "recognition_scores",
    "save_predictions",
    "scores",
]


def evaluate(network: nn.Module, recipe: AnyRecipe, *, clips: int | None = None) -> dict[str, Any]:
    """Score a network on the first clips of the test split, by what its recipe asks of it.

    Args:
        network: trained, on its device; left in evaluation mode.
        recipe: which clips.
        clips: how many; None is the recipe's own number.

    Returns:
        What `evaluate_clips` or `evaluate_forecasts` returns.

    Raises:
        ValueError: as they do.

    Source: this book.
    """
    if isinstance(recipe, ClipRecipe):
        return evaluate_clips(network, recipe, clips=clips)
    return evaluate_forecasts(network, recipe, clips=clips)
