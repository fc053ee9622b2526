"""Exercises of chapter 21: two-stage learning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from stlib.exercises import draw
from stlib.exercises.compare import Unfit, numbers, show
from stlib.exercises.exercise import Exercise
from stlib.exercises.search import strategies

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["EXERCISES"]


# 21-hand: what each stage and the test read, at γ = 3 and β = 2, of 12 frames of 24 by 24.

_READ = {"t": (12, 12, 3, 1), "s": (4, 24, 1, 2), "test": (12, 24, 3, 2)}
_ENTRIES = ("frames", "pixels", "temporal dilation", "spatial dilation")


@dataclass(frozen=True)
class _Row:
    """What is read of a clip, and how far apart the taps stand."""

    entries: tuple[float, ...]


def _by_rows(answer: Any, stage: str) -> _Row:
    if not isinstance(answer, list | tuple) or len(answer) != 3:
        raise Unfit(f"the answer should be (stage_t, stage_s, test), got {show(answer)}")
    rows = dict(zip(_READ, answer, strict=True))
    return _Row(tuple(numbers(rows[stage], stage, 4)))


def _compare_rows(given: _Row, expected: _Row) -> str:
    for name, mine, right in zip(_ENTRIES, given.entries, expected.entries, strict=True):
        if mine != right:
            return f"{name}: {show(mine)} does not fit"
    return ""


# 21-code: Grad-CAM, once maps and gradients are there.


def _map(maps: Tensor, gradients: Tensor) -> Tensor:
    return (gradients.mean((1, 2, 3), keepdim=True) * maps).sum(0).clamp(min=0)


def _layers(channels: int, side: int) -> SearchStrategy[tuple[Tensor, Tensor]]:
    st = strategies()

    def draw_layer(draw_one: Any) -> tuple[Tensor, Tensor]:
        deep = draw_one(st.integers(1, channels))
        size = [draw_one(st.integers(1, side)) for _ in range(3)]
        count = deep * size[0] * size[1] * size[2]
        row = st.lists(st.integers(-3, 3), min_size=count, max_size=count)
        maps, gradients = (
            torch.tensor(draw_one(row), dtype=torch.float64).reshape(deep, *size) for _ in range(2)
        )
        return maps, gradients

    return st.composite(draw_layer)()


# 21-prove: the logits of a clip from those of its phases, whatever its length.


def _whole(logits: list[Tensor], frames: int) -> Tensor:
    every = len(logits)
    counts = [len(range(phase, frames, every)) for phase in range(every)]
    return sum(n * z for n, z in zip(counts, logits, strict=True)) / torch.tensor(float(frames))


def _phases(every: int, frames: int) -> SearchStrategy[tuple[list[Tensor], int]]:
    st = strategies()

    def draw_phases(draw_one: Any) -> tuple[list[Tensor], int]:
        count = draw_one(st.integers(1, every))
        length = draw_one(st.integers(count, frames))
        row = st.lists(st.integers(-3, 3), min_size=2, max_size=2)
        logits = [torch.tensor(draw_one(row), dtype=torch.float64) for _ in range(count)]
        return logits, length

    return st.composite(draw_phases)()


# 21-measure: Spearman's coefficient, equal pixels sharing the mean of their ranks.


def _alike(first: list[int], second: list[int]) -> float:
    a, b = (_ranks(row) for row in (first, second))
    a, b = a - a.mean(), b - b.mean()
    return float((a @ b) / (a.norm() * b.norm()))


def _ranks(row: list[int]) -> Tensor:
    lower = torch.tensor([sum(other < value for other in row) for value in row])
    equal = torch.tensor([sum(other == value for other in row) for value in row])
    return lower.double() + (equal + 1) / 2


def _pairs(longest: int, top: int) -> SearchStrategy[tuple[list[int], list[int]]]:
    st = strategies()

    def draw_pair(draw_one: Any) -> tuple[list[int], list[int]]:
        size = draw_one(st.integers(2, longest))
        row = st.lists(st.integers(0, top), min_size=size, max_size=size)
        varied = row.filter(lambda values: len(set(values)) > 1)
        return draw_one(varied), draw_one(varied)

    return st.composite(draw_pair)()


# 21-break: a clip that a pool over time lets both phases name rightly and the whole wrongly.


def _says(row: Tensor) -> float:
    """The friend's network: the mean of maxima of pairs, less three quarters."""
    return float(row.reshape(-1, 2).amax(1).mean()) - 0.75


def _broken(answer: Callable[[int], Any], frames: int) -> str:
    """What is wrong with the clip that an answer names; '' if nothing."""
    row = numbers(answer(frames), "the clip", frames)
    if not set(row) <= {0.0, 1.0}:
        raise Unfit("the clip should hold 0 and 1 only")
    clip = torch.tensor(row)
    even, odd, whole = _says(clip[::2]), _says(clip[1::2]), _says(clip)
    if even <= 0 or odd <= 0:
        return f"the phases say {show(even)} and {show(odd)}; both should be above 0"
    if whole >= 0:
        return f"the whole clip says {show(whole)}, which agrees with the phases"
    return ""


def _said(given: str, expected: None) -> str:
    return given


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="21-hand",
        tier="hand",
        arguments=("stage",),
        inputs=(lambda: draw.among(("t",), ("s",), ("test",)),),
        reference=lambda stage: _Row(_READ[stage]),
        evaluate=_by_rows,
        compare=_compare_rows,
        wants_function=False,
    ),
    Exercise(
        name="21-code",
        tier="code",
        arguments=("maps", "gradients"),
        inputs=(lambda: _layers(1, 1), lambda: _layers(2, 2), lambda: _layers(2, 3)),
        reference=_map,
        cases=40,
    ),
    Exercise(
        name="21-prove",
        tier="prove",
        arguments=("logits", "frames"),
        inputs=(lambda: _phases(2, 3), lambda: _phases(3, 8)),
        reference=_whole,
        cases=60,
    ),
    Exercise(
        name="21-measure",
        tier="measure",
        arguments=("first", "second"),
        inputs=(lambda: _pairs(4, 3), lambda: _pairs(6, 4)),
        reference=_alike,
        cases=60,
    ),
    Exercise(
        name="21-break",
        tier="break",
        arguments=("frames",),
        inputs=(lambda: draw.among((4,), (8,), (12,), (16,)),),
        reference=lambda frames: None,
        evaluate=_broken,
        compare=_said,
    ),
)
