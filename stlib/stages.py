"""Training as a list of stages: how long, how fast, what stands still, and what is seen.

Each stage has an optimiser of its own, fresh, over what learns in it. The learning rate is a pure
function of the step, so that a resumed run needs no state to know it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import cos, pi
from typing import Literal, NamedTuple, TypeAlias, get_args

__all__ = ["WHOLE", "Decay", "Place", "Stage", "View", "place", "total_steps"]

Decay: TypeAlias = Literal["constant", "cosine", "stairs"]


@dataclass(frozen=True)
class View:
    """How much of its clips a network gets to see, and how far apart its taps stand then.

    Attributes:
        every: of so many frames one is kept, γ; 1 keeps all.
        shrink: squares of so many pixels a side become one, their mean, β.
        temporal_dilation, spatial_dilation: of all 3D layers.

    Raises:
        ValueError: a number below 1.

    Source: Miao et al., sections 2.2 and 2.3.
    """

    every: int = 1
    shrink: int = 1
    temporal_dilation: int = 1
    spatial_dilation: int = 1

    def __post_init__(self) -> None:
        if min(self.every, self.shrink, self.temporal_dilation, self.spatial_dilation) < 1:
            raise ValueError(f"{self}: expected each from 1")


WHOLE = View()
"""All of a clip, with undilated filters."""


@dataclass(frozen=True)
class Stage:
    """One stretch of training.

    Attributes:
        steps: of the optimiser.
        rate: the highest learning rate.
        warmup: steps in which the rate rises in a straight line up to `rate`.
        decay: 'constant' keeps it, 'cosine' lets it fall to 0 after the last step, 'stairs'
            multiplies it by `factor` after every `every` steps.
        factor, every: of 'stairs'.
        frozen: patterns of the names of parameters that do not learn, such as ``'*.spatial'``.
        view: what the network sees meanwhile.

    Raises:
        ValueError: a number out of its range, or an unknown decay.

    Source: this book.
    """

    steps: int
    rate: float = 1e-3
    warmup: int = 0
    decay: Decay = "constant"
    factor: float = 1.0
    every: int = 1
    frozen: tuple[str, ...] = ()
    view: View = WHOLE

    def __post_init__(self) -> None:
        if self.steps < 1 or not 0 <= self.warmup <= self.steps or self.every < 1:
            raise ValueError(
                f"steps={self.steps}, warmup={self.warmup}, every={self.every}: "
                "expected steps and every from 1, and warmup from 0 to steps"
            )
        if not (0 < self.rate < float("inf") and 0 < self.factor <= 1):
            raise ValueError(
                f"rate={self.rate}, factor={self.factor}: expected a positive rate, "
                "and a factor above 0 and up to 1"
            )
        if self.decay not in get_args(Decay):
            raise ValueError(f"decay={self.decay!r}, expected one of {', '.join(get_args(Decay))}")

    def rate_at(self, step: int) -> float:
        """The learning rate of a step, counted from 0 within the stage.

        Raises:
            ValueError: the stage has no such step.
        """
        if not 0 <= step < self.steps:
            raise ValueError(f"{step=}, expected 0 to {self.steps - 1}")
        rise = min(1.0, (step + 1) / self.warmup) if self.warmup else 1.0
        if self.decay == "cosine":
            return self.rate * rise * (1 + cos(pi * step / self.steps)) / 2
        if self.decay == "stairs":
            return self.rate * rise * self.factor ** (step // self.every)
        return self.rate * rise

    def learns(self, names: Sequence[str]) -> list[str]:
        """Which of a network's parameters learn.

        Args:
            names: of all of them.

        Raises:
            ValueError: a pattern that none of them fits, or nothing that learns.
        """
        for pattern in self.frozen:
            if not any(fnmatchcase(name, pattern) for name in names):
                raise ValueError(f"frozen={pattern!r} fits no parameter; there are {names[:9]} …")
        left = [name for name in names if not any(fnmatchcase(name, p) for p in self.frozen)]
        if not left:
            raise ValueError(f"frozen={self.frozen} leaves nothing that learns")
        return left


class Place(NamedTuple):
    """Where in the list of stages a step lies.

    Attributes:
        stage: its index.
        step: within the stage, from 0.
    """

    stage: int
    step: int


def place(stages: Sequence[Stage], step: int) -> Place:
    """Find a step of the whole training.

    Args:
        stages: in the order in which they come.
        step: from 0.

    Raises:
        ValueError: training has no such step.

    Source: this book.
    """
    if not 0 <= step < total_steps(stages):
        raise ValueError(f"{step=}, expected 0 to {total_steps(stages) - 1}")
    index = 0
    while step >= stages[index].steps:
        step -= stages[index].steps
        index += 1
    return Place(index, step)


def total_steps(stages: Sequence[Stage]) -> int:
    """Optimiser steps of all stages together.

    Source: this book.
    """
    return sum(stage.steps for stage in stages)
