"""Exercises of chapter 20: changing tempo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F

from stlib.exercises import draw
from stlib.exercises.compare import Unfit, difference, numbers, show
from stlib.exercises.exercise import Exercise
from stlib.exercises.search import strategies

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

__all__ = ["EXERCISES"]


def _read(row: Sequence[float], atom: Sequence[float], dilation: int) -> list[float]:
    """An atom on a row, zeros beyond both ends, as many frames as before."""
    clip = torch.tensor([[list(row)]], dtype=torch.float64)
    weight = torch.tensor([[list(atom)]], dtype=torch.float64)
    padding = dilation * (len(atom) // 2)
    found: list[float] = F.conv1d(clip, weight, padding=padding, dilation=dilation)[0, 0].tolist()
    return found


# 20-hand: one atom, an odd number of frames. The inputs are places of the answer.

_ROW, _ATOM = (2, 7, 1, 8, 2, 8, 1), (1, -2, 1)
_ASKED = {"slow": 7, "fast": 4, "unswapped": 4}


@dataclass(frozen=True)
class _Entry:
    """One number of the answer, and of which row it is."""

    row: str
    value: float


def _entry_of(answer: Any, row: str, frame: int) -> _Entry:
    if not isinstance(answer, list | tuple) or len(answer) != len(_ASKED):
        raise Unfit(f"the answer should be ({', '.join(_ASKED)}), got {show(answer)}")
    given = {
        name: numbers(each, name, count)
        for (name, count), each in zip(_ASKED.items(), answer, strict=True)
    }
    return _Entry(row, given[row][frame])


def _right_entry(row: str, frame: int) -> _Entry:
    film = _ROW if row == "slow" else _ROW[::2]
    return _Entry(row, _read(film, _ATOM, 1 if row == "fast" else 2)[frame])


def _compare_entries(given: _Entry, expected: _Entry) -> str:
    """Name the entry that is wrong; what is right would be the answer."""
    if abs(given.value - expected.value) < 1e-6:
        return ""
    return f"{show(given.value)} is not what the atom says there"


# 20-code: a dilated atom.


def _rows(longest: int) -> SearchStrategy[tuple[list[int], list[int], int]]:
    """A row, an atom of odd width, a dilation."""
    st = strategies()

    def draw_row(draw_one: Any) -> tuple[list[int], list[int], int]:
        width = draw_one(st.sampled_from((1, 3, 5)))
        atom = draw_one(st.lists(st.integers(-3, 3), min_size=width, max_size=width))
        return draw_one(draw.digits(longest)), atom, draw_one(st.integers(1, 4))

    return st.composite(draw_row)()


# 20-prove: into how many networks a dilated one falls.

_FAR = 64


def _networks(dilations: list[int]) -> int:
    """Frames that some output reads together, joined; counted in the middle of a long clip."""
    reads = {sum(step) for step in product(*((-d, 0, d) for d in dilations))}
    group = list(range(2 * _FAR))

    def root(frame: int) -> int:
        while group[frame] != frame:
            frame = group[frame]
        return frame

    for output in range(2 * _FAR):
        near = [output + step for step in sorted(reads) if 0 <= output + step < 2 * _FAR]
        for frame in near[1:]:
            group[root(frame)] = root(near[0])
    return len({root(frame) for frame in range(_FAR // 2, 3 * _FAR // 2)})


# 20-measure: Figure 3b for one pixel.


def _apart(row: Sequence[float], atoms: Sequence[Sequence[float]], dilation: int) -> float:
    """Sum of absolute differences on shared frames, a ReLU between the atoms."""

    def said(film: Sequence[float], spread: int) -> list[float]:
        maps = list(film)
        for place, atom in enumerate(atoms):
            maps = _read([max(0.0, each) for each in maps] if place else maps, atom, spread)
        return maps

    slow, fast = said(row, 2)[::2], said(row[::2], dilation)
    return sum(abs(a - b) for a, b in zip(slow, fast, strict=True))


def _stacks(longest: int, deepest: int) -> SearchStrategy[tuple[list[int], list[list[int]], int]]:
    """A row, some atoms of three frames, a dilation."""
    st = strategies()

    def draw_stack(draw_one: Any) -> tuple[list[int], list[list[int]], int]:
        atom = st.lists(st.integers(-2, 2), min_size=3, max_size=3)
        atoms = draw_one(st.lists(atom, min_size=1, max_size=deepest))
        return draw_one(draw.digits(longest)), atoms, draw_one(st.sampled_from((1, 2, 3)))

    return st.composite(draw_stack)()


# 20-break: a lamp whose label is its tempo.

_FRAMES = 12


def _lamp(answer: Callable[[int], Any], tempo: int) -> str:
    """What is wrong with the film; '' if it does what it should."""
    film = numbers(answer(tempo), "the film", _FRAMES)
    if set(film) - {0.0, 1.0}:
        raise Unfit(f"the lamp is off, 0, or on, 1; got {show(film)}")
    changes = [t for t in range(1, _FRAMES) if film[t] != film[t - 1]]
    if any(later - sooner < tempo for sooner, later in pairwise(changes)):
        close = f"changes at frames {changes}, some fewer than {tempo} apart"
        return f"this lamp is not at rest: it {close}"
    fast = film[::tempo]
    if any(a == b for a, b in pairwise(fast)):
        return f"{tempo} times as fast it is {[int(each) for each in fast]}: no alarm"
    return ""


def _said(given: str, expected: None) -> str:
    return given


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="20-hand",
        tier="hand",
        arguments=("row", "frame"),
        inputs=(
            lambda: draw.among(
                *((row, frame) for row, count in _ASKED.items() for frame in range(count))
            ),
        ),
        reference=_right_entry,
        evaluate=_entry_of,
        compare=_compare_entries,
        wants_function=False,
    ),
    Exercise(
        name="20-code",
        tier="code",
        arguments=("row", "atom", "dilation"),
        inputs=(lambda: _rows(3), lambda: _rows(9)),
        reference=_read,
        cases=60,
    ),
    Exercise(
        name="20-prove",
        tier="prove",
        arguments=("dilations",),
        inputs=(
            lambda: draw.among(
                *(([a],) for a in range(1, 7)),
                *(([a, b],) for a in range(1, 7) for b in range(1, 7)),
                ([2, 4, 6],), ([3, 6, 6],), ([4, 6, 3],), ([4, 4, 2],),
            ),
        ),
        reference=_networks,
        compare=difference,
        cases=24,
    ),
    Exercise(
        name="20-measure",
        tier="measure",
        arguments=("row", "atoms", "dilation"),
        inputs=(lambda: _stacks(4, 2), lambda: _stacks(9, 3)),
        reference=_apart,
        cases=60,
    ),
    Exercise(
        name="20-break",
        tier="break",
        arguments=("tempo",),
        inputs=(lambda: draw.among((2,), (3,)),),
        reference=lambda tempo: None,
        evaluate=_lamp,
        compare=_said,
    ),
)  # fmt: skip
