"""Exercises of chapter 24: which model, which motion?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from stlib.exercises import draw
from stlib.exercises.compare import Unfit, numbers, show
from stlib.exercises.exercise import Exercise
from stlib.exercises.search import strategies

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

__all__ = ["EXERCISES"]

Row: TypeAlias = list[int]
Film: TypeAlias = tuple[list[Row], int]  # what was seen, and what the middle shows next

# 24-hand: the last column that a column reads, for two stacks on patches. An input is a place of
# the answer.

_PATCH, _COLUMN, _LAYERS = 2, 21, 4
_STEPS = {"single": 1, "train": 2}  # patches that the cone gains on each side from lag to lag
_LAGS = 4


@dataclass(frozen=True)
class _Place:
    """One number of the answer, and of which list it is."""

    which: str
    value: float


def _place_of(answer: Any, which: str, lag: int) -> _Place:
    if not isinstance(answer, list | tuple) or len(answer) != len(_STEPS):
        raise Unfit(f"the answer should be ({', '.join(_STEPS)}), got {show(answer)}")
    given = {name: numbers(each, name, _LAGS) for name, each in zip(_STEPS, answer, strict=True)}
    return _Place(which, given[which][lag])


def _last_column(which: str, lag: int) -> _Place:
    patch = _COLUMN // _PATCH + _LAYERS + _STEPS[which] * lag
    return _Place(which, _PATCH * patch + _PATCH - 1)


def _compare_places(given: _Place, expected: _Place) -> str:
    """Say in which direction, not how far: the number would be the answer."""
    if given.value == expected.value:
        return ""
    if given.value < expected.value:
        return f"you say {show(given.value)}, but there is a path from further right"
    return f"you say {show(given.value)}, but no path comes from so far right"


# 24-code: a bar over the last frames.


def _covered(film: list[Row], first: int, columns: int, hidden: int) -> list[Row]:
    shown = [list(row) for row in film]
    for row in shown[len(shown) - hidden :]:
        row[first : first + columns] = [0] * columns
    return shown


def _bars(longest: int, widest: int) -> SearchStrategy[tuple[list[Row], int, int, int]]:
    """A film, a bar that lies within it, and how many of its frames are covered."""
    st = strategies()

    def draw_bar(draw_one: Any) -> tuple[list[Row], int, int, int]:
        time, width = draw_one(st.integers(1, longest)), draw_one(st.integers(1, widest))
        row = st.lists(st.integers(1, 9), min_size=width, max_size=width)
        film = draw_one(st.lists(row, min_size=time, max_size=time))
        first = draw_one(st.integers(0, width - 1))
        columns = draw_one(st.integers(0, width - first))
        return film, first, columns, draw_one(st.integers(0, time))

    return st.composite(draw_bar)()


# 24-prove: the least error that a cone allows.


def _floor(films: Sequence[Film], radius: int) -> float:
    """The mean variance of what comes next, among films that look alike through the cone."""
    alike = defaultdict(list)
    for context, truth in films:
        middle = len(context[0]) // 2
        seen = tuple(
            tuple(row[max(0, middle - radius - lag) : middle + radius + lag + 1])
            for lag, row in enumerate(reversed(context))
        )
        alike[seen].append(truth)
    return float(sum(len(group) * np.var(group) for group in alike.values()) / len(films))


def _films(most: int, times: int, half: int) -> SearchStrategy[tuple[list[Film], int]]:
    """Films of one length and odd width, whose rows are mostly dark; and a radius."""
    st = strategies()

    def draw_films(draw_one: Any) -> tuple[list[Film], int]:
        time, width = draw_one(st.integers(1, times)), 2 * draw_one(st.integers(0, half)) + 1
        row = st.lists(st.sampled_from((0, 0, 0, 1)), min_size=width, max_size=width)
        film = st.tuples(st.lists(row, min_size=time, max_size=time), st.integers(0, 3))
        return draw_one(st.lists(film, min_size=1, max_size=most)), draw_one(st.integers(0, 1))

    return st.composite(draw_films)()


def _twins() -> SearchStrategy[tuple[list[Film], int]]:
    """Two films of two rows of three, at most one pixel of each row bright."""
    st = strategies()
    row = st.sampled_from(([0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]))
    film = st.tuples(st.lists(row, min_size=2, max_size=2), st.integers(0, 1))
    return st.tuples(st.lists(film, min_size=1, max_size=2), st.just(0))


# 24-measure: how many of some tracks can be followed.


def _followed(tracks: Sequence[Row], radii: Sequence[int], patch: int) -> float:
    return float(
        np.mean(
            [
                all(
                    abs(track[0] // patch - past // patch) <= radius
                    for past, radius in zip(track[1:], radii, strict=True)
                )
                for track in tracks
            ]
        )
    )


def _tracks(most: int, far: int, looks: int) -> SearchStrategy[tuple[list[Row], Row, int]]:
    """Tracks, latest place first; a radius for each earlier place; a patch."""
    st = strategies()

    def draw_tracks(draw_one: Any) -> tuple[list[Row], Row, int]:
        lags = draw_one(st.integers(1, looks))
        place = st.integers(0, far)
        track = st.lists(place, min_size=lags + 1, max_size=lags + 1)
        tracks = draw_one(st.lists(track, min_size=1, max_size=most))
        radii = draw_one(st.lists(st.integers(0, 4), min_size=lags, max_size=lags))
        return tracks, radii, draw_one(st.integers(1, 3))

    return st.composite(draw_tracks)()


# 24-break: two films that no memory tells apart.


def _memory(answer: Callable[[int, int], Any], frames: int, columns: int) -> str:
    """What gives the two films away; '' if nothing does."""
    films = answer(frames, columns)
    if not isinstance(films, list | tuple) or len(films) != 2:
        raise Unfit(f"two films are wanted, (start, velocity) each; got {show(films)}")
    (one, v), (other, w) = (numbers(film, "a film", 2) for film in films)
    for name, speed in (("first", v), ("second", w)):
        if speed == 0:
            return f"the {name} point does not move"

    def hidden(place: float) -> bool:
        return 0 <= place <= columns - 1

    for t in range(frames):
        here, there = one + v * t, other + w * t
        alike = (hidden(here) and hidden(there)) or np.isclose(here, there)
        if not alike:
            shown = " and ".join(
                "hidden" if hidden(place) else f"at {show(place)}" for place in (here, there)
            )
            return f"frame {t} tells them apart: {shown}"
    here, there = one + v * frames, other + w * frames
    if hidden(here) or hidden(there):
        return f"in frame {frames} a point is still behind the bar: {show(here)}, {show(there)}"
    if np.isclose(here, there):
        return f"in frame {frames} both are at {show(here)}: nothing is there to be foretold"
    return ""


def _said(given: str, expected: None) -> str:
    return given


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="24-hand",
        tier="hand",
        arguments=("which", "lag"),
        inputs=(
            lambda: draw.among(*((which, lag) for which in _STEPS for lag in range(_LAGS))),
        ),
        reference=_last_column,
        evaluate=_place_of,
        compare=_compare_places,
        wants_function=False,
    ),
    Exercise(
        name="24-code",
        tier="code",
        arguments=("film", "first", "columns", "hidden"),
        inputs=(lambda: _bars(2, 3), lambda: _bars(4, 6)),
        reference=_covered,
        cases=60,
    ),
    Exercise(
        name="24-prove",
        tier="prove",
        arguments=("films", "radius"),
        inputs=(_twins, lambda: _films(5, 3, 3)),
        reference=_floor,
        cases=100,
    ),
    Exercise(
        name="24-measure",
        tier="measure",
        arguments=("tracks", "radii", "patch"),
        inputs=(lambda: _tracks(2, 6, 2), lambda: _tracks(5, 15, 3)),
        reference=_followed,
        cases=100,
    ),
    Exercise(
        name="24-break",
        tier="break",
        arguments=("frames", "columns"),
        inputs=(
            lambda: draw.among(*((f, c) for f in (2, 3, 5) for c in (6, 9, 14))),
        ),
        reference=lambda frames, columns: None,
        evaluate=_memory,
        compare=_said,
    ),
)  # fmt: skip
