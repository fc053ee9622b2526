"""Foretelling frames and naming the clip: two losses, weighted."""

from collections.abc import Sequence
from typing import Any

from jaxtyping import Bool, Float
from torch import Tensor, nn

from stlib.data.clips import ClipSet
from stlib.recipes import Recipe, Recognition
from stlib.recognition import Recognized, classify, joint_loss, recognize
from stlib.stages import View
from stlib.tasks.forecasting import Drawn, Forecasting, Unrolled
from stlib.tasks.labels import Labels, labels_of, picked
from stlib.tasks.task import named

__all__ = ["Recognizing"]


class _Recognizer(Unrolled):
    """All steps of a network that names the clips, too, once their context is over."""

    def __init__(self, network: nn.Module, step: Any, context: int) -> None:
        super().__init__(network, step)
        self.context = context

    def forward(  # type: ignore[override]
        self,
        frames: Float[Tensor, "_batch _time _channel _height _width"],
        truth: Bool[Tensor, "_batch _steps"],
    ) -> Recognized:
        classifier: Any = self.network.classify
        return recognize(self._step[0], classifier, frames, truth, self.context)


class Recognizing(Forecasting):
    """The `Task` of a recipe with a `Recognition`; its validation is the names' cross-entropy.

    Args:
        recipe: which frames, which losses, who feeds.

    Raises:
        ValueError: a recipe that names nothing.

    Source: Su et al., section 4.1.
    """

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        if recipe.recognition is None:
            raise ValueError("recognition=None: expected a Recognition")
        self.recognition: Recognition = recipe.recognition
        self.labels = Labels()

    def check(self, training: ClipSet, validation: ClipSet | None) -> None:
        """Take note of the labels."""
        self.labels = labels_of(training, validation, self.recipe.classes)

    def module(self, network: nn.Module, called: Any) -> nn.Module:
        """All steps, and the name."""
        return _Recognizer(network, called, self.recipe.context)

    def loss(
        self,
        module: nn.Module,
        clips: Float[Tensor, "_batch _time _channel _height _width"],
        rows: slice,
        drawn: Drawn,
        parts: int,
    ) -> Float[Tensor, ""]:
        """The loss of the frames, weighted, and of the names."""
        said: Recognized = module(clips, drawn.truth[rows])
        frames = self.of_frames(said.predictions, clips, parts)
        moment = drawn.moment
        shown = picked(self.labels.training, moment.which, clips.device)
        weight = self.recognition.weight_after(moment.validations)
        return joint_loss(frames, said.logits, shown[rows], weight)

    def held_out(
        self,
        network: nn.Module,
        clips: Float[Tensor, "_batch _time _channel _height _width"],
        which: Sequence[int],
        view: View,
    ) -> dict[str, Float[Tensor, " _errors"]]:
        """As `named` has it."""
        labels = picked(self.labels.validation, which, clips.device)
        logits = classify(network, clips[:, : self.recipe.context])
        return named(logits, labels)
