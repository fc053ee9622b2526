"""The classes of training and held-out clips, for a task that names them."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from stlib.data.clips import ClipSet
from stlib.recipes.recognition import labelled

__all__ = ["Labels", "labels_of", "picked"]


class Labels(NamedTuple):
    """A class for each clip.

    Attributes:
        training, validation: by the clips' places.

    Source: this book.
    """

    training: tuple[int, ...] = ()
    validation: tuple[int, ...] = ()


def labels_of(training: ClipSet, validation: ClipSet | None, classes: int) -> Labels:
    """What the clips show.

    Args:
        training, validation: clips of the two splits.
        classes: that the network tells apart.

    Raises:
        ValueError: clips without labels, or of another number of classes.

    Source: this book.
    """
    held = () if validation is None else labelled(validation, classes).labels
    return Labels(labelled(training, classes).labels, held)


def picked(
    labels: Sequence[int], which: Sequence[int], device: torch.device
) -> Int[Tensor, " _clips"]:
    """The classes of some clips.

    Source: this book.
    """
    return torch.tensor([labels[clip] for clip in which], device=device)
