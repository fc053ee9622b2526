"""Exercises of chapter 1: what happens next?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from stlib.exercises import draw
from stlib.exercises.compare import Unfit, numbers, show
from stlib.exercises.exercise import Exercise
from stlib.exercises.search import strategies

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["EXERCISES"]

Row: TypeAlias = list[float]


def _squared_error(foretold: Sequence[float], came: Sequence[float]) -> float:
    return sum((a - b) ** 2 for a, b in zip(foretold, came, strict=True))


def _pixels(longest: int) -> SearchStrategy[list[int]]:
    """A short row of brightnesses."""
    st = strategies()
    return st.lists(st.integers(0, 3), min_size=1, max_size=longest)


# 1-hand: five squared errors on one row.


_SEEN = [0, 0, 1, 3, 1, 0, 0, 0, 0]
_CASES = ("black", *(f"copy, {step} {'pixel' if step == 1 else 'pixels'}" for step in range(1, 5)))


@dataclass(frozen=True)
class _Miss:
    """A prediction, what came, and the squared error between them: right, or a reader's."""

    foretold: list[int]
    came: list[int]
    error: float


def _miss(case: str) -> _Miss:
    step = max(1, _CASES.index(case))
    foretold = [0] * len(_SEEN) if case == "black" else _SEEN
    came = [0] * step + _SEEN[:-step]
    return _Miss(foretold, came, _squared_error(foretold, came))


def _claimed(answer: Any, case: str) -> float:
    return numbers(answer, "the errors", len(_CASES))[_CASES.index(case)]


def _compare_misses(given: float, expected: _Miss) -> str:
    """Show the two rows and on which side of the truth the answer lies, not the number."""
    if given == expected.error:
        return ""
    side = "more" if given < expected.error else "less"
    return (
        f"foretold: {show(expected.foretold)}\n"
        f"came:     {show(expected.came)}\n"
        f"the squared differences add up to {side} than {show(given)}"
    )


# 1-code: tracking on a circular row.


def _follow(before: Row, after: Row) -> Row:
    def shifted(row: Row, shift: int) -> Row:
        return [row[(place - shift) % len(row)] for place in range(len(row))]

    best = min(range(len(after)), key=lambda shift: _squared_error(shifted(before, shift), after))
    return shifted(after, best)


def _two_rows() -> SearchStrategy[tuple[list[int], list[int]]]:
    """Two rows of one length, with nothing in common but that."""
    st = strategies()
    return st.integers(1, 5).flatmap(
        lambda size: st.tuples(
            *(st.lists(st.integers(0, 3), min_size=size, max_size=size) for _ in range(2))
        )
    )


# 1-prove: the table behind 'of all constants the mean has the least squared error'.


def _terms(values: list[int], constant: int) -> list[Row]:
    mean = sum(values) / len(values)
    return [
        [
            (value - constant) ** 2,
            (value - mean) ** 2,
            2 * (value - mean) * (mean - constant),
            (mean - constant) ** 2,
        ]
        for value in values
    ]


def _values_and_constant() -> SearchStrategy[tuple[list[int], int]]:
    st = strategies()
    return st.tuples(draw.digits(4), st.integers(-3, 3))


# 1-measure: from which step on does copying lose?


def _lost_at(blob: list[int]) -> int:
    energy = sum(pixel**2 for pixel in blob)
    return next(
        step
        for step in range(1, len(blob) + 1)
        if 2 * sum(a * b for a, b in zip(blob, blob[step:], strict=False)) < energy
    )


def _blobs() -> SearchStrategy[tuple[list[int]]]:
    return strategies().tuples(_pixels(5).filter(any))


# 1-break: a film that tracking foretells exactly, and then worse than black.


@dataclass(frozen=True)
class _Film:
    """Frames 2 and 3, as tracking foretells them and as they come."""

    foretold: tuple[Row, Row]
    came: tuple[Row, Row]


def _film(answer: Callable[[int], Any], width: int) -> _Film:
    film = answer(width)
    if not isinstance(film, list | tuple) or len(film) != 3:
        raise Unfit(f"yours should return (blob, start, step), got {show(film)}")
    blob = numbers(film[0], "the blob")
    start, step = (_whole(number, name) for number, name in zip(film[1:], _NAMES, strict=True))
    room = width - len(blob)
    if not blob or min(blob) < 0 or not any(blob):
        raise Unfit(f"the blob should be bright somewhere and nowhere negative, got {show(blob)}")
    if room < 1:
        raise Unfit(f"a blob of {len(blob)} pixels cannot move on a row of {width}")
    if not 0 <= start <= room:
        raise Unfit(f"start should lie between 0 and {room}, got {start}")
    places = [room - abs((start + step * time) % (2 * room) - room) for time in range(4)]
    moved = places[1] - places[0]
    tracked = [places[1] + moved, places[1] + 2 * moved]
    return _Film(
        (_drawn(blob, tracked[0], width), _drawn(blob, tracked[1], width)),
        (_drawn(blob, places[2], width), _drawn(blob, places[3], width)),
    )


_NAMES = ("start", "step")


def _whole(value: Any, name: str) -> int:
    (number,) = numbers([value], name)
    if number != int(number):
        raise Unfit(f"{name} should be a whole number, got {show(value)}")
    return int(number)


def _drawn(blob: Row, place: int, width: int) -> Row:
    """The blob on a black row; what lies beyond an end is cut off."""
    return [
        blob[pixel - place] if 0 <= pixel - place < len(blob) else 0.0 for pixel in range(width)
    ]


def _compare_films(given: _Film, expected: None) -> str:
    third, fourth = (
        f"tracking: {show(foretold)}\nfilm:     {show(came)}\n"
        for foretold, came in zip(given.foretold, given.came, strict=True)
    )
    if given.foretold[0] != given.came[0]:
        return third + "this is frame 2, and tracking should be exact there"
    tracking = _squared_error(given.foretold[1], given.came[1])
    black = _squared_error([0.0] * len(given.came[1]), given.came[1])
    if tracking > black:
        return ""
    return fourth + (
        f"this is frame 3: tracking misses by {show(tracking)}, black by {show(black)}, "
        "which is no worse"
    )


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="1-hand",
        tier="hand",
        arguments=("case",),
        inputs=(lambda: draw.among(*((case,) for case in _CASES)),),
        reference=_miss,
        evaluate=_claimed,
        compare=_compare_misses,
        wants_function=False,
    ),
    Exercise(
        name="1-code",
        tier="code",
        arguments=("before", "after"),
        inputs=(_two_rows,),
        reference=_follow,
    ),
    Exercise(
        name="1-prove",
        tier="prove",
        arguments=("values", "constant"),
        inputs=(_values_and_constant,),
        reference=_terms,
    ),
    Exercise(
        name="1-measure",
        tier="measure",
        arguments=("blob",),
        inputs=(_blobs,),
        reference=_lost_at,
    ),
    Exercise(
        name="1-break",
        tier="break",
        arguments=("width",),
        inputs=(lambda: draw.among(*((width,) for width in range(4, 13))),),
        reference=lambda width: None,
        evaluate=_film,
        compare=_compare_films,
    ),
)
