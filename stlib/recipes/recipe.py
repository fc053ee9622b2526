"""What is trained to foretell, on what, how, and for how long."""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal, TypeAlias, get_args

from stlib.data.clips import sides
from stlib.recipes.data import DataChoice
from stlib.recipes.feeding import Feeding, OnPlateau, Reverse
from stlib.recipes.limits import check
from stlib.recipes.networks import (
    ActivityNetOf,
    DecoupledOf,
    EarthformerOf,
    EncoderForecasterOf,
    NetworkChoice,
    SimVPOf,
)
from stlib.recipes.optimizers import ADAM, OptimizerChoice
from stlib.recipes.recognition import Recognition
from stlib.stages import WHOLE, Stage, View, total_steps

__all__ = ["Loss", "Recipe", "smoke"]

Loss: TypeAlias = Literal["l2_mean", "l1_l2_mean", "l1_l2_per_frame", "l1_l2_sum", "l1_sum"]


@dataclass(frozen=True)
class Recipe:
    """One training; variants by `dataclasses.replace`.

    Attributes:
        source: where the setting is printed, and what is ours.
        network: its numbers.
        data: clips and canvas.
        feeding: who feeds each step.
        stages: how long and how fast.
        loss: a function of `stlib.losses`.
        batch: clips of one optimiser step, on all devices together.
        clip: largest norm of the gradient; None leaves it.
        context: real frames before the forecast.
        validate_every: optimiser steps between two validations.
        validation_clips: how many clips each of them reads; 0 is no validation.
        test_clips: how many clips the evaluation reads.
        foretell: frames that the evaluation asks for; None is as many as in training.
        recognition: for a network that also names its clips; None for all others.
        decoupling: weight of the likeness, from 0 to 1, of what is written into two memories, for a
            `Decoupled` network; 0 for all others. It is added to the loss, whatever that adds up.

    Raises:
        ValueError: a number out of its range.

    Source: this book.
    """

    source: str
    network: NetworkChoice
    data: DataChoice
    feeding: Feeding
    stages: tuple[Stage, ...]
    loss: Loss = "l1_l2_mean"
    batch: int = 16
    clip: float | None = 1.0
    context: int = 10
    validate_every: int = 100
    validation_clips: int = 64
    test_clips: int = 500
    foretell: int | None = None
    recognition: Recognition | None = None
    decoupling: float = 0.0

    optimizer: ClassVar[OptimizerChoice] = ADAM
    test_view: ClassVar[View] = WHOLE

    def __post_init__(self) -> None:
        check(self)
        if self.loss not in get_args(Loss):
            raise ValueError(f"loss={self.loss!r}, expected one of {', '.join(get_args(Loss))}")
        if not 1 <= self.context < self.data.frames:
            raise ValueError(
                f"context={self.context}: expected 1 to {self.data.frames - 1}, "
                "for a clip holds a frame to foretell too"
            )
        if any(stage.view != WHOLE for stage in self.stages):
            raise ValueError("stages.view: expected the whole of a clip, for frames are foretold")
        if self.foretell is not None and self.foretell < 1:
            raise ValueError(f"foretell={self.foretell}: expected at least 1, or None")
        if isinstance(self.feeding, OnPlateau) and not self.validation_clips:
            raise ValueError("validation_clips=0: expected some, for OnPlateau waits for them")
        self._check_network()

    def _check_network(self) -> None:
        network = self.network
        counts = (EncoderForecasterOf, SimVPOf, EarthformerOf)
        if isinstance(network, counts) and network.context != self.context:
            raise ValueError(
                f"network.context={network.context}: expected the recipe's own, {self.context}"
            )
        if isinstance(network, EarthformerOf) and sides(network.canvas) != sides(self.data.canvas):
            raise ValueError(
                f"network.canvas={network.canvas}: expected the data's own, {self.data.canvas}"
            )
        if isinstance(network, SimVPOf | EarthformerOf) and isinstance(self.feeding, Reverse):
            raise ValueError(
                f"feeding={self.feeding}: expected one that shows the whole context, for "
                f"{type(network).__name__} has no forecast to read there"
            )
        names = isinstance(network, ActivityNetOf)
        if names != (self.recognition is not None):
            wanted = "a Recognition" if names else "None"
            raise ValueError(
                f"recognition={self.recognition}: expected {wanted} for {type(network).__name__}"
            )
        if not 0 <= self.decoupling < float("inf"):
            raise ValueError(f"decoupling={self.decoupling}: expected 0 or more")
        if (self.decoupling > 0) != isinstance(network, DecoupledOf):
            wanted = "above 0" if isinstance(network, DecoupledOf) else "0"
            raise ValueError(
                f"decoupling={self.decoupling}: expected {wanted} for {type(network).__name__}"
            )
        if self.recognition is not None and self.foretell is not None:
            raise ValueError(f"foretell={self.foretell}: expected None where clips are to be named")
        if self.recognition is not None and not self.validation_clips:
            raise ValueError("validation_clips=0: expected some, for Recognition waits for them")

    @property
    def steps(self) -> int:
        """Optimiser steps in all."""
        return total_steps(self.stages)

    @property
    def horizon(self) -> int:
        """Frames to foretell: all that follow, unless what is to be named says otherwise."""
        after = self.data.frames - self.context
        return after if self.recognition is None else min(after, self.recognition.horizon)

    @property
    def frames(self) -> int:
        """Frames of a clip that are read or foretold; a clip to be named may have more."""
        return self.context + self.horizon

    @property
    def silent(self) -> int:
        """Steps at the start that foretell nothing: a network of whole contexts is still reading.

        They are no part of the loss.
        """
        return self.context - 1 if isinstance(self.network, SimVPOf | EarthformerOf) else 0

    @property
    def classes(self) -> int:
        """How many the network tells apart; 0 for one that names nothing."""
        return self.network.classes if isinstance(self.network, ActivityNetOf) else 0

    @property
    def tested(self) -> "Recipe":
        """The recipe with clips as long as the evaluation asks for."""
        if self.foretell is None:
            return self
        data = replace(self.data, frames=self.context + self.foretell)
        return replace(self, data=data)


def smoke(recipe: Recipe) -> Recipe:
    """Two steps a stage, on a few short clips: the same network, loss and feeding in seconds.

    Films that are not free are replaced by stick figures, and the source says so.

    Source: this book.
    """
    data, network = recipe.data.smoke(), recipe.network
    replaced = type(data) is not type(recipe.data)
    if isinstance(network, EncoderForecasterOf | SimVPOf):
        network = replace(network, context=3)
    elif isinstance(network, EarthformerOf):
        network = replace(network, context=3, canvas=data.canvas)
    return replace(
        recipe,
        source=f"{recipe.source}; on other data, {data.source}" if replaced else recipe.source,
        network=network,
        data=data,
        stages=tuple(
            replace(stage, steps=2, warmup=min(stage.warmup, 2)) for stage in recipe.stages
        ),
        batch=2,
        context=3,
        validate_every=1,
        validation_clips=data.validation,
        test_clips=data.test,
        foretell=None if recipe.foretell is None else 4,
    )
