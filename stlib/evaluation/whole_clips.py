"""What a trained network that reads whole clips makes of held-out ones: names, or the clips again.

Clips are drawn and scored a batch at a time: memory does not grow with their number.
"""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from stlib.crops import average_crops
from stlib.data.clips import ClipSet
from stlib.data.film_clips import FilmClips
from stlib.evaluation.naming import naming_scores
from stlib.evaluation.scoring import FLOOR, Frames, FrameScores, frame_scores, mean_frame, told
from stlib.recipes import ClipRecipe, to_plain
from stlib.recipes.recognition import labelled
from stlib.stages import View
from stlib.viewing import laid_out, seen

__all__ = ["crop_logits_of", "evaluate_clips", "logits_of"]


@torch.no_grad()
def evaluate_clips(
    network: nn.Module, recipe: ClipRecipe, *, clips: int | None = None
) -> dict[str, Any]:
    """Score a network on the first clips of the test split, under the recipe's test view.

    Args:
        network: trained, on its device; left in evaluation mode, undilated or as it was.
        recipe: which clips, what is seen of them.
        clips: how many; None is the recipe's own number.

    Returns:
        What was measured, for a `Result`: of a network that names clips what `naming_scores` says,
        under 'recognition', films being named by all their crops; of one that gives them back a
        table a predictor, frame by frame, beside a black clip and the mean frame of the training
        clips; the data and its fingerprint.

    Raises:
        ValueError: more clips than there are, or none; clips without labels.

    Source: this book.
    """
    test = recipe.data.open("test")
    wanted = recipe.test_clips if clips is None else clips
    if not 1 <= wanted <= len(test):
        raise ValueError(f"clips={wanted}: expected 1 to the {len(test)} of the test split")
    if recipe.task == "name":
        labelled(test, recipe.classes)
        measured = _named(network, recipe, test, wanted)
    else:
        measured = _given_back(network, recipe, test, wanted)
    origin = recipe.data.origin()
    return {
        **measured,
        "split": "test",
        "clips": wanted,
        "view": to_plain(recipe.test_view),
        "data": origin.name,
        "data_sha256": origin.sha256,
    }


@torch.no_grad()
def logits_of(
    network: nn.Module, clips: ClipSet, wanted: int, view: View, batch: int = 16
) -> Tensor:
    """What a network makes of the first clips under a view.

    Args:
        network: on its device; left in evaluation mode, its dilations as they were.
        clips: of one split.
        wanted: how many.
        view: what is seen of them.
        batch: how many at once.

    Returns:
        One row a clip, in double precision on the CPU.

    Raises:
        ValueError: a view that does not fit the clips, or no clip.

    Source: this book.
    """
    if not 1 <= wanted <= len(clips):
        raise ValueError(f"{wanted=}: expected 1 to the {len(clips)} clips")
    device = next(network.parameters()).device
    network.eval()
    with laid_out(network, view):
        rows = [
            network(seen(part.to(device), view)).double().cpu()
            for part in _batches(clips, wanted, batch)
        ]
    return torch.cat(rows)


@torch.no_grad()
def crop_logits_of(
    network: nn.Module, films: FilmClips, wanted: int, view: View, batch: int = 16
) -> Tensor:
    """What a network makes of the first films, from all their crops together.

    Args:
        network: on its device; left in evaluation mode, its dilations as they were.
        films: of one split.
        wanted: how many.
        view: what is seen of each crop.
        batch: how many crops at once.

    Returns:
        One row a film, in double precision on the CPU: logarithms of the mean probabilities.

    Raises:
        ValueError: a view that does not fit the crops, or no film.

    Source: Miao et al., section 3.2.1.
    """
    if not 1 <= wanted <= len(films):
        raise ValueError(f"{wanted=}: expected 1 to the {len(films)} films")
    device = next(network.parameters()).device
    network.eval()
    with laid_out(network, view):
        rows = [
            average_crops(
                lambda crops: network(seen(crops.to(device), view)), films.crops(index), batch
            )
            for index in range(wanted)
        ]
    return torch.stack(rows).log().cpu()


def _named(network: nn.Module, recipe: ClipRecipe, test: ClipSet, wanted: int) -> dict[str, Any]:
    held = labelled(test, recipe.classes)
    if isinstance(test, FilmClips):
        logits = crop_logits_of(network, test, wanted, recipe.test_view, recipe.batch)
    else:
        logits = logits_of(network, test, wanted, recipe.test_view, recipe.batch)
    labels = torch.tensor(held.labels[:wanted])
    return {"recognition": naming_scores(logits, labels, held.classes)}


def _given_back(
    network: nn.Module, recipe: ClipRecipe, test: ClipSet, wanted: int
) -> dict[str, Any]:
    view = recipe.test_view
    device = next(network.parameters()).device
    mean = seen(mean_frame(recipe.data.open("training"))[None, None], view)
    each: dict[str, Callable[[Frames], Frames]] = {
        "network": lambda shown: network(shown.to(device)).float().cpu(),
        "black": torch.zeros_like,
        "mean_frame": lambda shown: mean.expand_as(shown),
    }
    parts: dict[str, list[dict[str, FrameScores | str]]] = {name: [] for name in each}
    network.eval()
    with laid_out(network, view):
        for clips in _batches(test, wanted, recipe.batch):
            shown = seen(clips, view)
            for name, give_back in each.items():
                parts[name].append(frame_scores(give_back(shown), shown))
    tables = {name: told(scored) for name, scored in parts.items()}
    return {"predictors": tables, "clipped_to": [0, 1], "psnr_floor": FLOOR}


def _batches(clips: ClipSet, wanted: int, batch: int) -> Iterator[Frames]:
    for first in range(0, wanted, batch):
        some = range(first, min(first + batch, wanted))
        yield torch.stack([clips[index] for index in some])
