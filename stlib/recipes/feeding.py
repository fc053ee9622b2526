"""Who feeds each step during training, as a recipe names it; see `stlib.sampling`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from jaxtyping import Bool
from torch import Generator, Tensor

from stlib import sampling

__all__ = [
    "ByEpoch",
    "ByIteration",
    "Curriculum",
    "Feeding",
    "OnPlateau",
    "Progress",
    "Reverse",
    "TeacherForcing",
    "WholeBatch",
]


class WholeBatch(NamedTuple):
    """What a truth matrix is made for.

    Attributes:
        batch: samples of one optimiser step, on all devices together.
        steps: of the rollout.
        context: real frames at the start.
    """

    batch: int
    steps: int
    context: int


class Progress(NamedTuple):
    """How far training has come.

    Attributes:
        step: optimiser steps done.
        steps: in all.
        epoch: passes over the training clips done, rounded down.
        validations: validation losses so far, first to last.
    """

    step: int
    steps: int
    epoch: int
    validations: Sequence[float]


@dataclass(frozen=True)
class TeacherForcing:
    """Every step reads the real frame.

    Source: Williams and Zipser, 1989.
    """

    def truth(
        self, size: WholeBatch, progress: Progress, generator: Generator
    ) -> Bool[Tensor, "_batch _steps"]:
        """The truth matrix of one optimiser step."""
        return sampling.teacher_forcing(size.batch, size.steps)


@dataclass(frozen=True)
class ByIteration:
    """The chance of a real frame falls in a straight line, to 0 after a share of training.

    Attributes:
        until: that share, above 0 and up to 1; afterwards every forecast is fed its own frames.

    Source: Ma et al., *MS-LSTM*, with ``until=1``; reported of its released code.
    """

    until: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.until <= 1:
            raise ValueError(f"until={self.until}: expected above 0 and up to 1")

    def truth(
        self, size: WholeBatch, progress: Progress, generator: Generator
    ) -> Bool[Tensor, "_batch _steps"]:
        """The truth matrix of one optimiser step."""
        falling = max(1, round(self.until * progress.steps))
        past = progress.step >= falling
        p = 0.0 if past else sampling.linear_by_iteration(progress.step, falling)
        return sampling.scheduled(*size, p, generator)


@dataclass(frozen=True)
class ByEpoch:
    """The chance of a real frame stays 1 until an epoch, then falls by a step an epoch.

    Attributes:
        start: the last epoch at 1, from 0.
        step: the fall, not negative.

    Source: Bengio et al., *Scheduled Sampling*, 2015.
    """

    start: int
    step: float

    def __post_init__(self) -> None:
        if self.start < 0 or not self.step >= 0:
            raise ValueError(f"start={self.start}, step={self.step}: expected both from 0")

    def truth(
        self, size: WholeBatch, progress: Progress, generator: Generator
    ) -> Bool[Tensor, "_batch _steps"]:
        """The truth matrix of one optimiser step."""
        p = sampling.linear_by_epoch(progress.epoch, self.start, self.step)
        return sampling.scheduled(*size, p, generator)


@dataclass(frozen=True)
class OnPlateau:
    """The chance of a real frame falls once validation has stalled.

    Attributes:
        patience: validations without improvement that are forgiven.
        step: the fall after each further one, not negative.

    Source: Su et al., section 4.1; both numbers are reported of the released code.
    """

    patience: int = 20
    step: float = 4e-3

    def __post_init__(self) -> None:
        if self.patience < 0 or not self.step >= 0:
            raise ValueError(f"patience={self.patience}, step={self.step}: expected both from 0")

    def truth(
        self, size: WholeBatch, progress: Progress, generator: Generator
    ) -> Bool[Tensor, "_batch _steps"]:
        """The truth matrix of one optimiser step."""
        p = sampling.on_plateau(progress.validations, self.patience, self.step)
        return sampling.scheduled(*size, p, generator)


@dataclass(frozen=True)
class Reverse:
    """Own frames within the context too, ever fewer; and ever more after it.

    Source: Wang et al., *PredRNN-V2*, 2022.
    """

    def truth(
        self, size: WholeBatch, progress: Progress, generator: Generator
    ) -> Bool[Tensor, "_batch _steps"]:
        """The truth matrix of one optimiser step."""
        chances = sampling.reverse_chances(progress.step, progress.steps)
        return sampling.reverse(*size, chances, generator)


@dataclass(frozen=True)
class Curriculum:
    """Lessons of growing horizon, each an equal share of training.

    Attributes:
        horizons: how many frames ahead each lesson predicts at most.

    Source: this book, chapter 6.
    """

    horizons: tuple[int, ...] = (1, 2, 5, 10)

    def __post_init__(self) -> None:
        if not self.horizons or min(self.horizons) < 1:
            raise ValueError(f"horizons={self.horizons}: expected one at least, each from 1")

    def truth(
        self, size: WholeBatch, progress: Progress, generator: Generator
    ) -> Bool[Tensor, "_batch _steps"]:
        """The truth matrix of one optimiser step."""
        lesson = len(self.horizons) * progress.step // progress.steps
        return sampling.curriculum(*size, self.horizons[lesson])


Feeding: TypeAlias = TeacherForcing | ByIteration | ByEpoch | OnPlateau | Reverse | Curriculum
