"""What the training loop needs to know of a task."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from stlib.data.clips import ClipSet
from stlib.stages import View

__all__ = ["Moment", "Task", "named"]


class Moment(NamedTuple):
    """Where a training stands.

    Attributes:
        seed: of the training.
        step: of the optimiser, from 0.
        epoch: from 0.
        validations: so far.
        which: the clips of this step, their places in the training split.
        view: what is seen of them.

    Source: this book.
    """

    seed: int
    step: int
    epoch: int
    validations: Sequence[float]
    which: Sequence[int]
    view: View


def named(
    logits: Float[Tensor, "batch _classes"], labels: Int[Tensor, " batch"]
) -> dict[str, Float[Tensor, " batch"]]:
    """How well clips were named.

    Returns:
        Their cross-entropies as 'loss', and as 'accuracy' 1 for each that is right, else 0.

    Source: this book.
    """
    right = (logits.argmax(1) == labels).double()
    return {
        "loss": F.cross_entropy(logits.double(), labels, reduction="none"),
        "accuracy": right,
    }


@runtime_checkable
class Task(Protocol):
    """What is asked of a network.

    Source: this book.
    """

    layout: torch.memory_format | None
    """How a GPU likes its weights; None leaves them."""

    def check(self, training: ClipSet, validation: ClipSet | None) -> None:
        """Take note of the clips, and refuse what cannot be asked of them."""

    def module(self, network: nn.Module, called: Any) -> nn.Module:
        """What is distributed over processes; `called` is the network, or its compiled form."""

    def lay_out(self, network: nn.Module, view: View) -> None:
        """Prepare the network for what it is to see."""

    def draw(self, moment: Moment) -> Any:
        """What a step needs besides its clips, for the whole batch."""

    def loss(
        self,
        module: nn.Module,
        clips: Float[Tensor, "_batch _time _channel _height _width"],
        rows: slice,
        drawn: Any,
        parts: int,
    ) -> Float[Tensor, ""]:
        """Of some clips, which are those rows of the batch and one of so many parts of it."""

    def told(self, drawn: Any) -> dict[str, Any]:
        """What the log says of a step besides."""

    def held_out(
        self,
        network: nn.Module,
        clips: Float[Tensor, "_batch _time _channel _height _width"],
        which: Sequence[int],
        view: View,
    ) -> dict[str, Float[Tensor, " _errors"]]:
        """What validation takes the means of; its ``'loss'`` says how wrong the network is."""
