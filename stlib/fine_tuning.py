"""A network takes over what another training has learnt."""

import hashlib
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import torch
from torch import nn

from stlib.recipes.trained_before import TrainedBefore
from stlib.runs import Run

__all__ = ["first_of", "take_over"]


def first_of(wanted: TrainedBefore | None, folder: str | Path | None) -> Run | None:
    """The run whose weights come first.

    Args:
        wanted: by the recipe; None draws all weights.
        folder: of the run; None is none.

    Raises:
        FileNotFoundError: the folder holds no run.
        ValueError: a folder where none is wanted, none where one is, or that of another experiment.

    Source: this book.
    """
    if wanted is None:
        if folder is not None:
            raise ValueError(f"first={folder}: expected none, for the recipe draws all its weights")
        return None
    if folder is None:
        raise ValueError(f"first=None: expected the folder of a run of {wanted.experiment}")
    held = Run(folder)
    if (name := held.about().get("name")) != wanted.experiment:
        raise ValueError(f"{folder} holds a run of {name}, expected one of {wanted.experiment}")
    return held


@torch.no_grad()
def take_over(network: nn.Module, held: Run, new: Sequence[str]) -> dict[str, Any]:
    """Give a network the weights of a trained run, but for those that are new.

    Args:
        network: freshly made; its weights are overwritten in place.
        held: whose training is over.
        new: patterns of the names of weights that stay as they were drawn.

    Returns:
        Where the weights come from, and a hash of their file.

    Raises:
        FileNotFoundError: training is not over.
        ValueError: a pattern that fits no weight; a weight that the run lacks, or has in another
            shape.

    Source: this book.
    """
    weights, _ = held.network()
    mine = network.state_dict()
    for pattern in new:
        if not any(fnmatchcase(name, pattern) for name in mine):
            raise ValueError(f"new={pattern!r} fits no weight of the network")
    for name, weight in mine.items():
        if any(fnmatchcase(name, pattern) for pattern in new):
            continue
        given = weights.get(name)
        if given is None or given.shape != weight.shape:
            found = None if given is None else tuple(given.shape)
            raise ValueError(
                f"{held.network_file}: {name} is {found}, expected {tuple(weight.shape)}"
            )
        weight.copy_(given)
    digest = hashlib.sha256(held.network_file.read_bytes()).hexdigest()
    return {"run": str(held.folder), "sha256": digest}
