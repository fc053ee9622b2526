"""Exercises of chapter 3: the light cone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from stlib.exercises import draw
from stlib.exercises.compare import difference, numbers, show
from stlib.exercises.exercise import Exercise
from stlib.exercises.search import strategies
from stlib.receptive_field import recurrent_radii

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["EXERCISES"]

# 3-hand: the radii of one stack. The answer is a list, the input is a lag.

_STACK = (1, 2, 1)  # radii of the layers, lowest first: kernels 3, 5, 3
_ASKED = 5  # lags


def _radius(answer: Any, lag: int) -> float:
    return numbers(answer, "the list", _ASKED)[lag]


def _stack_radius(lag: int) -> int:
    return sum(_STACK) + lag * max(_STACK)


def _compare_radius(given: float, expected: int) -> str:
    """Say in which direction, not how far: the number would be the answer."""
    if given == expected:
        return ""
    if given < expected:
        return f"you say {show(given)}, but there is a path that reaches further"
    return f"you say {show(given)}, but no path reaches so far"


# 3-code: radii of layers that read several states back.


def _radii(layers: list[tuple[int, list[int]]], lags: int) -> list[int]:
    longest = max(len(steps) for _, steps in layers)
    # A jump of j steps is taken in the layer where it brings most; one that no layer has is not.
    steps = [max(steps[j] for _, steps in layers if j < len(steps)) for j in range(longest)]
    return recurrent_radii(sum(radius for radius, _ in layers), steps, lags)


def _layers(most: int, past: int) -> Callable[[], SearchStrategy[Any]]:
    """Up to so many layers that look up to so many steps back."""

    def strategy() -> SearchStrategy[Any]:
        st = strategies()
        steps = st.lists(st.integers(0, 3), min_size=1, max_size=past)
        layer = st.tuples(st.integers(0, 2), steps)
        return st.tuples(st.lists(layer, min_size=1, max_size=most), st.integers(1, 6))

    return strategy


# 3-prove: the table of longest paths, for layers of different radii.


def _longest(radii: list[int], lags: int) -> list[list[int]]:
    """From layer l back k steps: all that is above, and the widest layer that may step back."""
    layers = len(radii)
    return [
        [sum(radii[layer:]) + lag * max(radii[max(layer - 1, 0) :]) for lag in range(lags)]
        for layer in range(layers + 1)
    ]


def _stacks() -> SearchStrategy[tuple[list[int], int]]:
    st = strategies()
    radii = st.lists(st.integers(0, 3), min_size=1, max_size=4)
    return st.tuples(radii, st.integers(1, 4))


# 3-measure: reach and spread of a layer whose memory stays where it is.


def _field(lag: int, stay: float) -> tuple[float, float]:
    moves = lag if stay < 1 else 0
    # Variances add: one uniform kernel of width 3 has 2/3; a step back moves with chance 1 - stay.
    return 1 + moves, float(np.sqrt((1 + lag * (1 - stay)) * 2 / 3))


def _memories() -> SearchStrategy[tuple[int, float]]:
    return draw.among(*product(range(7), (0.0, 0.25, 0.5, 0.75, 1.0)))


# 3-break: two points that one pixel cannot tell apart.

_LONG = 60  # lags looked at: by then two steady points and the cone have parted or never will


@dataclass(frozen=True)
class _Films:
    """Two films, and what gives them away, if anything."""

    place: float
    speeds: tuple[float, float]
    fault: str


def _films(answer: Callable[[int], Any], layers: int) -> _Films:
    place, first, second = numbers(answer(layers), "what yours returns", 3)
    return _Films(place, (first, second), _fault(layers, place, first, second))


def _fault(layers: int, place: float, first: float, second: float) -> str:
    if abs(place) > layers:
        return f"at lag 0 the point is at {show(place)}, where the pixel does not see it"
    if not np.isclose(place + first, 0):
        return f"the first point will be at {show(place + first)}, not at pixel 0"
    if np.isclose(first, second):
        return "both points have the same velocity"
    for lag in range(1, _LONG):
        for name, speed in (("first", first), ("second", second)):
            at = place - speed * lag
            if abs(at) <= layers + lag:
                return f"at lag {lag} the pixel sees the {name} point, at {show(at)}"
    return ""


def _compare_films(given: _Films, expected: None) -> str:
    if not given.fault:
        return ""
    first, second = given.speeds
    return f"yours:    at {show(given.place)}, by {show(first)} or {show(second)}\n{given.fault}"


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="3-hand",
        tier="hand",
        arguments=("lag",),
        inputs=(lambda: draw.among(*((lag,) for lag in range(_ASKED))),),
        reference=_stack_radius,
        evaluate=_radius,
        compare=_compare_radius,
        wants_function=False,
    ),
    Exercise(
        name="3-code",
        tier="code",
        arguments=("layers", "lags"),
        inputs=(_layers(1, 3), _layers(3, 3)),
        reference=_radii,
        cases=60,
    ),
    Exercise(
        name="3-prove",
        tier="prove",
        arguments=("radii", "lags"),
        inputs=(_stacks,),
        reference=_longest,
    ),
    Exercise(
        name="3-measure",
        tier="measure",
        arguments=("lag", "stay"),
        inputs=(_memories,),
        reference=_field,
        compare=partial(difference, names=("radius", "deviation")),
    ),
    Exercise(
        name="3-break",
        tier="break",
        arguments=("layers",),
        inputs=(lambda: draw.among(*((layers,) for layers in range(2, 9))),),
        reference=lambda layers: None,
        evaluate=_films,
        compare=_compare_films,
    ),
)
