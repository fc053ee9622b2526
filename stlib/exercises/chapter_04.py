"""Exercises of chapter 4: gates and time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from stlib.exercises import draw
from stlib.exercises.compare import Unfit, difference, numbers, show
from stlib.exercises.exercise import Exercise
from stlib.exercises.search import strategies

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["EXERCISES"]

_GATES = (1 / 2, 4 / 5, 1 / 4)


# 4-hand: what a memory holds of its start and of three things written to it. The answer is four
# weights, the inputs are what they weigh.


def _weighed(answer: Any, start: int, first: int, second: int, third: int) -> float:
    weights = numbers(answer, "the weights", count=1 + len(_GATES))
    return sum(w * a for w, a in zip(weights, (start, first, second, third), strict=True))


def _remembered(start: int, *written: int) -> float:
    c = float(start)
    for f, a in zip(_GATES, written, strict=True):
        c = f * c + a
    return c


def _compare_memories(given: float, expected: float) -> str:
    if math.isclose(given, expected, rel_tol=1e-6, abs_tol=1e-6):
        return ""
    return f"your weights give {show(given)}, the memory holds {show(expected)}"


# 4-code: backpropagation through time for one number, with an error at every step.


def _states(w: float, xs: Sequence[float]) -> list[float]:
    h = [0.0]
    for x in xs:
        h.append(math.tanh(w * h[-1] + x))
    return h


def _loss_and_slope(w: float, xs: Sequence[float], ys: Sequence[float]) -> tuple[float, float]:
    h = _states(w, xs)
    slope = change = loss = 0.0
    for t, y in enumerate(ys, start=1):
        change = (1 - h[t] ** 2) * (h[t - 1] + w * change)  # dh(t)/dw, forward in time
        loss += (h[t] - y) ** 2 / 2
        slope += (h[t] - y) * change
    return loss, slope


def _series() -> SearchStrategy[tuple[int, list[int], list[int]]]:
    st = strategies()

    def draw_series(choose: Any) -> tuple[int, list[int], list[int]]:
        w, length = choose(st.integers(-2, 2)), choose(st.integers(1, 3))
        rows = st.lists(st.integers(-2, 2), min_size=length, max_size=length)
        return w, choose(rows), choose(rows)

    return st.composite(draw_series)()


# 4-prove: the table of Jacobians behind 'a plain memory fades'.


def _jacobians(w: float, xs: Sequence[float]) -> list[list[float]]:
    h = _states(w, xs)
    factors = [w * (1 - a**2) for a in h]  # of step t, for t ≥ 1
    return [
        [math.prod(factors[s + 1 : t + 1]) if s <= t else 0.0 for s in range(len(h))]
        for t in range(len(h))
    ]


def _inputs() -> SearchStrategy[tuple[int, list[int]]]:
    st = strategies()
    return st.tuples(st.integers(-2, 2), st.lists(st.integers(-1, 1), min_size=1, max_size=3))


# 4-measure: what a forget bias is worth.


def _lasting(bias: float, lag: int) -> tuple[float, float]:
    gate = 1 / (1 + math.exp(-bias))
    return gate**lag, math.log(1 / 2) / math.log(gate)


def _biases() -> SearchStrategy[tuple[int, int]]:
    return draw.among(*((bias, lag) for lag in (1, 2, 3, 10, 50) for bias in range(-2, 7)))


# 4-break: a memory that never fades, read by an output that does not listen.


@dataclass(frozen=True)
class _Ending:
    """The last memory, the product of the forget gates, the slope of h by the first memory."""

    c: float
    kept: float
    slope: float


def _ending(answer: Callable[[int, int], Any], start: int, steps: int) -> _Ending:
    given = answer(start, steps)
    rows = given.tolist() if hasattr(given, "tolist") else given
    if not isinstance(rows, list | tuple) or len(rows) != steps:
        raise Unfit(f"yours should return {steps} steps, got {show(given)}")
    c, kept, o = float(start), 1.0, 1.0
    for place, row in enumerate(rows, start=1):
        i, f, g, o = numbers(row, f"step {place}", count=4)
        if not (0 <= i <= 1 and 0 <= f <= 1 and 0.5 <= o <= 1 and -1 <= g <= 1):
            raise Unfit(
                f"step {place} is (i, f, g, o) = {show((i, f, g, o))}: i and f lie in [0, 1], "
                "g in [-1, 1], o in [1/2, 1]"
            )
        c, kept = f * c + i * g, kept * f
    return _Ending(c, kept, kept * o * (1 - math.tanh(c) ** 2))


def _compare_endings(given: _Ending, expected: None) -> str:
    if given.kept < 1:
        return f"your memory fades: {show(given.kept)} of its start is left"
    if given.slope < 0.01:
        return ""
    return f"your last memory is {show(given.c)}, and the slope of h still {show(given.slope)}"


def _starts() -> SearchStrategy[tuple[int, int]]:
    return draw.among(*((start, steps) for steps in range(3, 9) for start in (0, 1, -1, 2, -2)))


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="4-hand",
        tier="hand",
        arguments=("start", "first", "second", "third"),
        inputs=(lambda: strategies().tuples(*[strategies().integers(0, 9)] * 4),),
        reference=_remembered,
        evaluate=_weighed,
        compare=_compare_memories,
        wants_function=False,
    ),
    Exercise(
        name="4-code",
        tier="code",
        arguments=("w", "xs", "ys"),
        inputs=(_series,),
        reference=_loss_and_slope,
        compare=partial(difference, names=("loss", "slope")),
        cases=60,
    ),
    Exercise(
        name="4-prove",
        tier="prove",
        arguments=("w", "xs"),
        inputs=(_inputs,),
        reference=_jacobians,
        cases=60,
    ),
    Exercise(
        name="4-measure",
        tier="measure",
        arguments=("bias", "lag"),
        inputs=(_biases,),
        reference=_lasting,
        compare=partial(difference, names=("left", "half_life")),
    ),
    Exercise(
        name="4-break",
        tier="break",
        arguments=("start", "steps"),
        inputs=(_starts,),
        reference=lambda start, steps: None,
        evaluate=_ending,
        compare=_compare_endings,
    ),
)
