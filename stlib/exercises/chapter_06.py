"""Exercises of chapter 6: whose frame?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from stlib.exercises import draw
from stlib.exercises.compare import Unfit, numbers, show
from stlib.exercises.exercise import Exercise
from stlib.exercises.search import strategies
from stlib.sampling import curriculum

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["EXERCISES"]


def _reads(value: Any, what: str, count: int) -> list[int]:
    """A row of the truth matrix, typed with 0 and 1 or with False and True."""
    entries = value.tolist() if isinstance(value, Tensor | np.ndarray) else value
    if isinstance(entries, list | tuple):
        entries = [float(e) if isinstance(e, bool | np.bool_) else e for e in entries]
    row = numbers(entries, what, count)
    if not set(row) <= {0, 1}:
        raise Unfit(f"{what} should hold 0 and 1, or False and True, got {show(value)}")
    return [int(entry) for entry in row]


# 6-hand: from what a network said to what it read. The answer is a matrix, the input is a sample.

_FRAMES = {"A": [4, 5, 6, 7], "B": [2, 6, 1, 5]}
_SAID = {"A": [5, 7, 11, 11], "B": [1, 9, 15, 27]}


def _says(answer: Any, sample: str) -> list[float]:
    """What 'twice what I read, less 3' says, reading as the matrix has it."""
    rows = answer.tolist() if isinstance(answer, Tensor | np.ndarray) else answer
    if not isinstance(rows, list | tuple) or len(rows) != len(_FRAMES):
        raise Unfit(f"the matrix should hold {len(_FRAMES)} rows, got {show(answer)}")
    place = list(_FRAMES).index(sample)
    reads = _reads(rows[place], f"row {place}", len(_FRAMES[sample]))
    if not reads[0]:
        raise Unfit(f"row {place}: step 0 has nothing else to read than the real frame")
    said: list[float] = []
    for real, frame in zip(reads, _FRAMES[sample], strict=True):
        said.append(2 * (frame if real else said[-1]) - 3)
    return said


def _compare_said(given: list[float], expected: list[float]) -> str:
    for step, (mine, right) in enumerate(zip(given, expected, strict=True)):
        if mine != right:
            return f"with your row the network says {show(mine)} in step {step}, not {show(right)}"
    return ""


# 6-code: the curriculum's row.


def _lesson(answer: Callable[[int, int, int], Any], *size: int) -> list[int]:
    return _reads(answer(*size), "the row", size[0])


def _lessons() -> SearchStrategy[tuple[int, int, int]]:
    sizes = [(s, c, h) for s in range(1, 8) for c in range(1, s + 1) for h in range(1, 5)]
    return draw.among(*sizes)


# 6-prove: whose mistake is it?


def _debts(slope: int, mistakes: list[int], reads: list[int]) -> list[list[int]]:
    table = []
    for t in range(len(reads)):
        since = max(j for j in range(t + 1) if reads[j])  # the last real frame
        table.append(
            [slope ** (t - j) * m if since <= j <= t else 0 for j, m in enumerate(mistakes)]
        )
    return table


def _rollouts() -> SearchStrategy[tuple[int, list[int], list[int]]]:
    st = strategies()

    def draw_rollout(draw: Any) -> tuple[int, list[int], list[int]]:
        steps = draw(st.integers(1, 5))
        slope = draw(st.integers(-3, 3))
        mistakes = draw(st.lists(st.integers(-3, 3), min_size=steps, max_size=steps))
        later = st.lists(st.integers(0, 1), min_size=steps - 1, max_size=steps - 1)
        return slope, mistakes, [1, *draw(later)]

    return st.composite(draw_rollout)()


# 6-measure: what is left of a gradient that is clipped at 1.

_SHAPES = ((1, 1, 1, 1, 1), (1, 1, 1, 1, 2), (1, 2, 1, 1, 2), (2, 2, 1, 2, 1))


def _left(prediction: Tensor, target: Tensor) -> list[float]:
    norm = 2 * float((prediction - target).norm())
    batch, time = prediction.shape[:2]
    return [min(1.0, norm / divisor) for divisor in (1, batch * time, prediction.numel())]


def _measured(answer: Callable[[Tensor, Tensor], Any], *clips: Tensor) -> list[float]:
    return numbers(answer(*clips), "yours", 3)


def _compare_norms(given: list[float], expected: list[float]) -> str:
    for name, mine, right in zip(("sum", "per frame", "mean"), given, expected, strict=True):
        if not np.isclose(mine, right, rtol=1e-6, atol=1e-9):
            return f"{name}: yours leaves a norm of {show(mine)}, a norm of {show(right)} is left"
    return ""


def _clips() -> SearchStrategy[tuple[Tensor, Tensor]]:
    st = strategies()

    def draw_clips(draw: Any) -> tuple[Tensor, Tensor]:
        shape = draw(st.sampled_from(_SHAPES))
        count = int(np.prod(shape))
        halves = st.lists(st.integers(-4, 4), min_size=count, max_size=count)
        both = (torch.tensor(draw(halves), dtype=torch.float64).reshape(shape) / 4 for _ in "pt")
        prediction, target = both
        return prediction, target

    return st.composite(draw_clips)()


# 6-break: a small training error and a large one in use.

_SMALL, _LARGE = 0.01, 1.0
_SLACK = 1e-9


@dataclass(frozen=True)
class _Film:
    """A network and a film: its worst step on real frames, and where it ends on its own."""

    frames: list[float]
    slope: float
    offset: float
    forced: float
    free: float


def _film(answer: Callable[[int], Any], steps: int) -> _Film:
    made = answer(steps)
    if not isinstance(made, list | tuple) or len(made) != 3:
        raise Unfit(f"yours should return (slope, offset, frames), got {show(made)}")
    slope, offset = numbers(list(made[:2]), "slope and offset", 2)
    frames = numbers(made[2], "frames", steps + 1)
    if not 0 <= min(frames) <= max(frames) <= 1:
        raise Unfit(f"frames should lie between 0 and 1, got {show(frames)}")
    forced = max(abs(slope * x + offset - y) for x, y in pairwise(frames))
    own = frames[0]
    for _ in range(steps):
        own = slope * own + offset
    return _Film(frames, slope, offset, forced, abs(own - frames[-1]))


def _compare_films(given: _Film, expected: None) -> str:
    about = (
        f"yours:    slope {show(given.slope)}, offset {show(given.offset)}, "
        f"frames {show(given.frames)}\n"
    )
    if given.forced > _SMALL + _SLACK:
        return f"{about}but on real frames it is wrong by {show(given.forced)} in one step"
    if not given.free > _LARGE:
        return f"{about}but on its own it is wrong by {show(given.free)} only, at the end"
    return ""


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="6-hand",
        tier="hand",
        arguments=("sample",),
        inputs=(lambda: draw.among(*((sample,) for sample in _FRAMES)),),
        reference=lambda sample: [float(word) for word in _SAID[sample]],
        evaluate=_says,
        compare=_compare_said,
        wants_function=False,
    ),
    Exercise(
        name="6-code",
        tier="code",
        arguments=("steps", "context", "horizon"),
        inputs=(_lessons,),
        reference=lambda *size: curriculum(1, *size)[0].int().tolist(),
        evaluate=_lesson,
        cases=200,
    ),
    Exercise(
        name="6-prove",
        tier="prove",
        arguments=("slope", "mistakes", "reads"),
        inputs=(_rollouts,),
        reference=_debts,
    ),
    Exercise(
        name="6-measure",
        tier="measure",
        arguments=("prediction", "target"),
        inputs=(_clips,),
        reference=_left,
        evaluate=_measured,
        compare=_compare_norms,
    ),
    Exercise(
        name="6-break",
        tier="break",
        arguments=("steps",),
        inputs=(lambda: draw.among(*((steps,) for steps in range(2, 9))),),
        reference=lambda steps: None,
        evaluate=_film,
        compare=_compare_films,
    ),
)
