"""Exercises of chapter 13: did history help?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from stlib.exercises import draw
from stlib.exercises.compare import Unfit, difference, numbers, show
from stlib.exercises.exercise import Exercise
from stlib.exercises.search import strategies
from stlib.paired import Paired, paired, verdict

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["EXERCISES"]

Row: TypeAlias = Sequence[float]


# 13-hand: the interval of five pairs. The answer is two ends, the inputs are candidates.

_FIRST, _SECOND = [17, 21, 17, 22, 23], [20, 22, 19, 25, 24]
_CANDIDATES = [round(-5 + 0.05 * place, 2) for place in range(100)]


def _allows(interval: Row, candidate: float) -> bool:
    return interval[0] <= candidate <= interval[1]


def _asked(answer: Any, candidate: float) -> bool:
    interval = numbers(answer, "the interval", 2)
    if interval[0] > interval[1]:
        raise Unfit(f"the interval should be (low, high), got {show(answer)}")
    return _allows(interval, candidate)


def _compare_sides(given: bool, expected: bool) -> str:
    if given == expected:
        return ""
    words = {True: "holds", False: "does not hold"}
    return f"your interval {words[given]} it, the one of the five pairs {words[expected]} it"


# 13-code: the interval of any pairs, Student's number being given.


def _interval(first: list[int], second: list[int], t: float) -> tuple[float, float, float]:
    d = np.subtract(first, second)
    half = t * float(d.std(ddof=1)) / len(d) ** 0.5
    return float(d.mean()), float(d.mean()) - half, float(d.mean()) + half


def _pairs(most: int) -> SearchStrategy[tuple[list[int], list[int]]]:
    """Two rows of one length, from two numbers to so many."""
    st = strategies()
    pair = st.tuples(st.integers(-3, 3), st.integers(-3, 3))
    return st.lists(pair, min_size=2, max_size=most).map(
        lambda pairs: ([a for a, _ in pairs], [b for _, b in pairs])
    )


def _pairs_with_t(most: int) -> SearchStrategy[tuple[list[int], list[int], float]]:
    st = strategies()
    return st.tuples(_pairs(most), st.sampled_from((1.0, 2.0, 4.0))).map(
        lambda drawn: (*drawn[0], drawn[1])
    )


# 13-prove: what each pair adds to the variance of the difference.


def _terms(a: list[int], b: list[int]) -> list[list[float]]:
    x, y = (np.subtract(row, np.mean(row)) for row in (a, b))
    return np.stack([x**2, y**2, -2 * x * y], axis=1).tolist()


# 13-measure: ring and interior.


def _changes(own: Tensor, other: Tensor, future: Tensor, width: int) -> tuple[float, float]:
    change = ((other - future) ** 2 - (own - future) ** 2).mean((0, 1, 2))
    inside = torch.zeros_like(change, dtype=torch.bool)
    inside[width:-width, width:-width] = True
    return float(change[~inside].mean()), float(change[inside].mean())


def _forecasts() -> SearchStrategy[tuple[Tensor, Tensor, Tensor, int]]:
    st = strategies()

    def draw_forecasts(draw_one: Any) -> tuple[Tensor, Tensor, Tensor, int]:
        width = draw_one(st.sampled_from((1, 2)))
        sides = [2 * width + draw_one(st.integers(1, 2)) for _ in range(2)]
        batch, time = draw_one(st.sampled_from(((1, 1), (2, 1), (1, 2))))
        seed = draw_one(st.integers(0, 2**16))
        generator = torch.Generator().manual_seed(seed)
        films = torch.randint(0, 3, (3, batch, time, 1, *sides), generator=generator).double()
        return films[0], films[1], films[2], width

    return st.composite(draw_forecasts)()


# 13-break: a choice that says the contrary of all.


@dataclass(frozen=True)
class _Choice:
    """Differences, some of them, and the interval of those."""

    every: list[float]
    some: list[float]
    interval: Paired


def _chosen(answer: Callable[[int, int], Any], seeds: int, keep: int) -> _Choice:
    pair = answer(seeds, keep)
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        raise Unfit(f"yours should return (differences, chosen), got {show(pair)}")
    every = numbers(pair[0], "differences", seeds)
    places = numbers(pair[1], "chosen", keep)
    if len(set(every)) < seeds:
        raise Unfit(f"no two differences should be alike, got {show(every)}")
    if sorted(set(places)) != sorted(places) or not set(places) <= set(range(seeds)):
        raise Unfit(
            f"chosen should hold {keep} different places from 0 to {seeds - 1}, got {show(places)}"
        )
    some = [every[int(place)] for place in places]
    return _Choice(every, some, paired(some, [0.0] * keep))


def _compare_choices(given: _Choice, expected: None) -> str:
    total = float(np.mean(given.every))
    if not total > 0:
        return f"the mean of all your differences is {show(total)}, and should be above zero"
    if verdict(given.interval) != "lower":
        ends = f"{given.interval.low:.4g} to {given.interval.high:.4g}"
        return f"the interval of {show(given.some)} is {ends}, and should lie below zero"
    return ""


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="13-hand",
        tier="hand",
        arguments=("difference",),
        inputs=(lambda: draw.among(*((value,) for value in _CANDIDATES)),),
        reference=lambda difference: _allows(paired(_FIRST, _SECOND)[1:], difference),
        evaluate=_asked,
        compare=_compare_sides,
        wants_function=False,
        cases=200,
    ),
    Exercise(
        name="13-code",
        tier="code",
        arguments=("first", "second", "t"),
        inputs=(lambda: _pairs_with_t(2), lambda: _pairs_with_t(5)),
        reference=_interval,
        compare=partial(difference, names=("mean", "low", "high")),
    ),
    Exercise(
        name="13-prove",
        tier="prove",
        arguments=("a", "b"),
        inputs=(lambda: _pairs(3),),
        reference=_terms,
    ),
    Exercise(
        name="13-measure",
        tier="measure",
        arguments=("own", "other", "future", "width"),
        inputs=(_forecasts,),
        reference=_changes,
        compare=partial(difference, names=("ring", "interior")),
        cases=60,
    ),
    Exercise(
        name="13-break",
        tier="break",
        arguments=("seeds", "keep"),
        inputs=(lambda: draw.among(*((n, k) for n in range(3, 9) for k in range(2, n))),),
        reference=lambda seeds, keep: None,
        evaluate=_chosen,
        compare=_compare_choices,
    ),
)
