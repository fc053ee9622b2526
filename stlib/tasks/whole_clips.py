"""Reading whole clips under a view, to name them or to give them back."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from stlib.data.clips import ClipSet
from stlib.recipes import ClipRecipe
from stlib.stages import View
from stlib.tasks.labels import Labels, labels_of, picked
from stlib.tasks.task import Moment, named
from stlib.viewing import laid_out, seen

__all__ = ["Naming", "Reconstructing"]


class _Called(nn.Module):
    """The network, or its compiled form, as what is distributed over processes."""

    def __init__(self, network: nn.Module, called: Any) -> None:
        super().__init__()
        self.network = network
        self._called = [called]  # in a list: a compiled form is not a second set of weights

    def forward(
        self, clips: Float[Tensor, "_batch _time _channel _height _width"]
    ) -> Float[Tensor, "_batch *_answer"]:
        answer: Tensor = self._called[0](clips)
        return answer


class _WholeClips:
    """What naming and giving back have in common."""

    layout: torch.memory_format | None = None  # weights of joint layers have 2 to 5 axes

    def __init__(self, recipe: ClipRecipe) -> None:
        self.recipe = recipe

    def check(self, training: ClipSet, validation: ClipSet | None) -> None:
        """Any clips will do."""

    def module(self, network: nn.Module, called: Any) -> nn.Module:
        """The network."""
        return _Called(network, called)

    def lay_out(self, network: nn.Module, view: View) -> None:
        """Dilate as the view asks."""
        laid_out(network, view)

    def draw(self, moment: Moment) -> Moment:
        """Nothing is drawn."""
        return moment

    def told(self, drawn: Moment) -> dict[str, Any]:
        """Nothing besides the loss."""
        return {}


class Naming(_WholeClips):
    """The `Task` of a recipe whose network names clips: cross-entropy.

    Args:
        recipe: which clips.

    Source: Miao et al., section 3.1.
    """

    def __init__(self, recipe: ClipRecipe) -> None:
        super().__init__(recipe)
        self.labels = Labels()

    def check(self, training: ClipSet, validation: ClipSet | None) -> None:
        """Take note of the labels."""
        self.labels = labels_of(training, validation, self.recipe.classes)

    def loss(
        self,
        module: nn.Module,
        clips: Float[Tensor, "_batch _time _channel _height _width"],
        rows: slice,
        drawn: Moment,
        parts: int,
    ) -> Float[Tensor, ""]:
        """The mean cross-entropy."""
        shown = picked(self.labels.training, drawn.which, clips.device)
        return F.cross_entropy(module(seen(clips, drawn.view)).float(), shown[rows])

    def held_out(
        self,
        network: nn.Module,
        clips: Float[Tensor, "_batch _time _channel _height _width"],
        which: Sequence[int],
        view: View,
    ) -> dict[str, Float[Tensor, " _errors"]]:
        """As `named` has it."""
        labels = picked(self.labels.validation, which, clips.device)
        return named(network(seen(clips, view)), labels)


class Reconstructing(_WholeClips):
    """The `Task` of a recipe whose network gives clips back: squared error.

    Args:
        recipe: which clips.

    Source: Miao et al., section 2.1.1.
    """

    def loss(
        self,
        module: nn.Module,
        clips: Float[Tensor, "_batch _time _channel _height _width"],
        rows: slice,
        drawn: Moment,
        parts: int,
    ) -> Float[Tensor, ""]:
        """The mean over pixels."""
        shown = seen(clips, drawn.view)
        return F.mse_loss(module(shown).float(), shown)

    def held_out(
        self,
        network: nn.Module,
        clips: Float[Tensor, "_batch _time _channel _height _width"],
        which: Sequence[int],
        view: View,
    ) -> dict[str, Float[Tensor, " _errors"]]:
        """The squared error of every pixel."""
        shown = seen(clips, view)
        return {"loss": ((network(shown).float() - shown).double() ** 2).flatten()}
