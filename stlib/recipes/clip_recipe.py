"""Training of a network that reads whole clips: to name them, or to give them back."""

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, get_args

from stlib.recipes.clip_networks import ActionNetOf, ClipNetworkChoice, ResNet3dOf
from stlib.recipes.data import DataChoice
from stlib.recipes.limits import check
from stlib.recipes.optimizers import ADAM, OptimizerChoice
from stlib.recipes.trained_before import TrainedBefore
from stlib.stages import WHOLE, Stage, View, total_steps

__all__ = ["ClipRecipe", "Task", "smoke"]

Task: TypeAlias = Literal["name", "reconstruct"]


@dataclass(frozen=True)
class ClipRecipe:
    """One training; variants by `dataclasses.replace`.

    Attributes:
        source: where the setting is printed, and what is ours.
        network: its numbers.
        data: clips and canvas.
        stages: how long, how fast, and what is seen meanwhile.
        task: 'name' learns the labels by cross-entropy, 'reconstruct' the clips by squared error.
        optimizer: of every stage, anew.
        batch: clips of one optimiser step, on all devices together.
        clip: largest norm of the gradient; None leaves it.
        validate_every: optimiser steps between two validations.
        validation_clips: how many clips each of them reads; 0 is no validation.
        test_clips: how many clips the evaluation reads.
        test_view: what is seen in validation and test.
        first: whose weights come first, in a fine-tuning; None draws all.

    Raises:
        ValueError: a number out of its range, or an unknown task.

    Source: this book.
    """

    source: str
    network: ClipNetworkChoice
    data: DataChoice
    stages: tuple[Stage, ...]
    task: Task = "name"
    optimizer: OptimizerChoice = ADAM
    batch: int = 16
    clip: float | None = None
    validate_every: int = 100
    validation_clips: int = 64
    test_clips: int = 500
    test_view: View = WHOLE
    first: TrainedBefore | None = None

    def __post_init__(self) -> None:
        check(self)
        if self.task not in get_args(Task):
            raise ValueError(f"task={self.task!r}, expected one of {', '.join(get_args(Task))}")
        if (self.task == "name") != (self.classes > 0):
            raise ValueError(
                f"task={self.task!r}: {type(self.network).__name__} "
                f"{'names clips' if self.classes else 'has no classes'}"
            )

    @property
    def steps(self) -> int:
        """Optimiser steps in all."""
        return total_steps(self.stages)

    @property
    def classes(self) -> int:
        """How many the network tells apart; 0 for one that names nothing."""
        network = self.network
        return network.classes if isinstance(network, ActionNetOf | ResNet3dOf) else 0


def smoke(recipe: ClipRecipe) -> ClipRecipe:
    """Two steps a stage, on a few short clips: the same network, task and views in seconds.

    A fine-tuning draws its first weights then, for there may be no others.

    Source: this book.
    """
    data = recipe.data.smoke()
    replaced = type(data) is not type(recipe.data)
    return replace(
        recipe,
        source=f"{recipe.source}; on other data, {data.source}" if replaced else recipe.source,
        data=data,
        stages=tuple(
            replace(stage, steps=2, warmup=min(stage.warmup, 2)) for stage in recipe.stages
        ),
        batch=2,
        validate_every=1,
        validation_clips=data.validation,
        test_clips=data.test,
        first=None,
    )
