"""Foretelling frames: a loss over steps, some of which read their own forecasts."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Generator, Tensor, nn

from stlib import losses
from stlib.data.clips import ClipSet
from stlib.recipes import Recipe
from stlib.recipes.feeding import Progress, WholeBatch
from stlib.rollout import forecast, rollout, unroll
from stlib.stages import View
from stlib.tasks.task import Moment

__all__ = ["Drawn", "Forecasting", "Foretold", "Unrolled"]

LOSSES = {
    "l2_mean": losses.l2_mean,
    "l1_l2_mean": losses.l1_l2_mean,
    "l1_l2_per_frame": losses.l1_l2_per_frame,
    "l1_l2_sum": losses.l1_l2_sum,
    "l1_sum": losses.l1_sum,
}
ADD = ("l1_l2_sum", "l1_sum")  # losses of parts of a batch are added, not averaged


class Drawn(NamedTuple):
    """What a step draws.

    Attributes:
        truth: who feeds each step of each clip.
        moment: for which it was drawn.

    Source: this book.
    """

    truth: Bool[Tensor, "_batch _steps"]
    moment: Moment


class Foretold(NamedTuple):
    """What a `Decoupled` network foretells, and how alike it fed both memories.

    Attributes:
        predictions: one for every step, ``[batch, steps, channel, height, width]``.
        alike: from 0 to 1, the mean over the steps of each sample, ``[batch]``.

    Source: this book.
    """

    predictions: Float[Tensor, "_batch _steps _channel _height _width"]
    alike: Float[Tensor, " _batch"]


class Unrolled(nn.Module):
    """The network over all steps, in one call: what is distributed over processes.

    Source: this book.
    """

    def __init__(self, network: nn.Module, step: Any) -> None:
        super().__init__()
        self.network = network
        self._step = [step]  # in a list, so that a compiled step is not a second set of weights

    def forward(
        self,
        frames: Float[Tensor, "_batch _time _channel _height _width"],
        truth: Bool[Tensor, "_batch _steps"],
    ) -> Float[Tensor, "_batch _steps _channel _height _width"]:
        """As `stlib.rollout.rollout`.

        Source: this book.
        """
        return rollout(self._step[0], frames, truth)


class _Decoupled(Unrolled):
    """All steps of a `Decoupled` network, and how alike it fed both memories."""

    def forward(  # type: ignore[override]
        self,
        frames: Float[Tensor, "_batch _time _channel _height _width"],
        truth: Bool[Tensor, "_batch _steps"],
    ) -> Foretold:
        predictions, state = unroll(self._step[0], frames, truth)
        return Foretold(predictions, state.penalty / predictions.shape[1])


class Forecasting:
    """The `Task` of a recipe that foretells frames; its validation is their squared error.

    Args:
        recipe: which frames, which loss, who feeds.

    Source: this book.
    """

    layout: torch.memory_format | None = torch.channels_last

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe

    def check(self, training: ClipSet, validation: ClipSet | None) -> None:
        """Any clips will do."""

    def module(self, network: nn.Module, called: Any) -> nn.Module:
        """All steps."""
        kind = _Decoupled if self.recipe.decoupling else Unrolled
        return kind(network, called)

    def lay_out(self, network: nn.Module, view: View) -> None:
        """Nothing to prepare: a recipe that foretells sees whole clips."""

    def draw(self, moment: Moment) -> Drawn:
        """Who feeds each step."""
        recipe = self.recipe
        size = WholeBatch(recipe.batch, recipe.frames - 1, recipe.context)
        generator = Generator().manual_seed(_drawn((moment.seed, 2, moment.step)))
        progress = Progress(moment.step, recipe.steps, moment.epoch, moment.validations)
        return Drawn(recipe.feeding.truth(size, progress, generator), moment)

    def loss(
        self,
        module: nn.Module,
        clips: Float[Tensor, "_batch _time _channel _height _width"],
        rows: slice,
        drawn: Drawn,
        parts: int,
    ) -> Float[Tensor, ""]:
        """The recipe's loss of what each step foretells, and of memories fed alike."""
        said = module(clips, drawn.truth[rows])
        if not self.recipe.decoupling:
            return self.of_frames(said, clips, parts)
        frames = self.of_frames(said.predictions, clips, parts)
        return frames + self.recipe.decoupling * said.alike.mean()

    def of_frames(
        self,
        predictions: Float[Tensor, "_batch _steps _channel _height _width"],
        clips: Float[Tensor, "_batch _time _channel _height _width"],
        parts: int,
    ) -> Float[Tensor, ""]:
        """The recipe's loss of forecasts."""
        silent, frames = self.recipe.silent, self.recipe.frames
        loss = LOSSES[self.recipe.loss](predictions[:, silent:], clips[:, 1 + silent : frames])
        # Parts are averaged; a loss that adds is to be added.
        return loss * (parts if self.recipe.loss in ADD else 1)

    def told(self, drawn: Drawn) -> dict[str, Any]:
        """Which share of the steps after the context reads real frames."""
        after = drawn.truth[:, self.recipe.context :]
        return {"share_true": float(after.float().mean()) if after.numel() else 1.0}

    def held_out(
        self,
        network: nn.Module,
        clips: Float[Tensor, "_batch _time _channel _height _width"],
        which: Sequence[int],
        view: View,
    ) -> dict[str, Float[Tensor, " _errors"]]:
        """The squared error of every pixel foretold."""
        context, future = clips.tensor_split((self.recipe.context,), dim=1)
        predicted = forecast(network, context, self.recipe.horizon)
        return {"loss": ((predicted.float() - future).double() ** 2).flatten()}


def _drawn(key: tuple[int, ...]) -> int:
    """A seed for torch, from several numbers."""
    return int(np.random.SeedSequence(key).generate_state(1)[0])
