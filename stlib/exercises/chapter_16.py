"""Exercises of chapter 16: two kernels, one pyramid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from stlib.exercises import draw
from stlib.exercises.compare import Unfit, difference, numbers, show
from stlib.exercises.exercise import Exercise
from stlib.exercises.search import strategies
from stlib.metrics import raster

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["EXERCISES"]

Memories = list[Tensor]


# 16-hand: how wide each part sees the first frame, in two steps.

_PARTS = ("C", "C tilde", "o")
_WIDTHS = {("C", 1): 3, ("C tilde", 1): 5, ("o", 1): 9, ("C", 2): 11, ("C tilde", 2): 13}


@dataclass(frozen=True)
class _Wide:
    """How many pixels of the first frame a part of the unit sees."""

    pixels: float


def _by_list(answer: Any, part: str, step: int) -> _Wide:
    if not isinstance(answer, list | tuple) or len(answer) != 2:
        raise Unfit(f"the answer should be (first, second), got {show(answer)}")
    rows = [numbers(row, name, 3) for row, name in zip(answer, ("first", "second"), strict=True)]
    return _Wide(rows[step - 1][_PARTS.index(part)])


def _by_widths(part: str, step: int) -> _Wide:
    return _Wide(_WIDTHS.get((part, step), 17))


def _compare_widths(given: _Wide, expected: _Wide) -> str:
    if given.pixels == expected.pixels:
        return ""
    return f"{show(given.pixels)} is not how many pixels of the first frame it sees then"


# 16-code: one step without biases.


def _step(
    x: Tensor, h: Tensor, memories: Memories, gates: Memories, looks: Memories, mix: Tensor
) -> tuple[Tensor, Memories]:
    both, opening, new = torch.cat([x, h], dim=1), torch.zeros_like(h), []
    for c, of_both, look in zip(memories, gates, looks, strict=True):
        i, f, g, o = F.conv2d(both, of_both, padding="same").chunk(4, dim=1)
        new.append(f.sigmoid() * c + i.sigmoid() * g.tanh())
        opening = opening + o + F.conv2d(new[-1], look, padding="same")
    h = opening.sigmoid() * F.conv2d(torch.cat(new, dim=1), mix).tanh()
    return h, new


def _units(
    kernels: tuple[int, ...], channels: int, width: int
) -> SearchStrategy[tuple[Tensor, Tensor, Memories, Memories, Memories, Tensor]]:
    """A frame, a state and the weights of a unit, on a row of pixels."""
    st = strategies()

    def tensor(*shape: int) -> SearchStrategy[Tensor]:
        count = prod(shape)
        return st.lists(st.integers(-2, 2), min_size=count, max_size=count).map(
            lambda values: torch.tensor(values, dtype=torch.float64).reshape(shape)
        )

    def draw_unit(
        draw_one: Any,
    ) -> tuple[Tensor, Tensor, Memories, Memories, Memories, Tensor]:
        deep, out = draw_one(st.integers(1, channels)), draw_one(st.integers(1, channels))
        row = draw_one(st.integers(1, width))
        x, h = draw_one(tensor(1, deep, 1, row)), draw_one(tensor(1, out, 1, row))
        each = [
            (
                draw_one(tensor(1, out, 1, row)),
                draw_one(tensor(4 * out, deep + out, 1, k)),
                draw_one(tensor(out, out, 1, k)),
            )
            for k in kernels
        ]
        memories, gates, looks = (list(part) for part in zip(*each, strict=True))
        return x, h, memories, gates, looks, draw_one(tensor(out, len(kernels) * out, 1, 1))

    return st.composite(draw_unit)()


# 16-prove: how far a stack of units sees.


def _reach(radii: tuple[int, ...], layers: int, lag: int) -> int:
    return 2 * max(radii) * (layers + lag)


def _stacks() -> SearchStrategy[tuple[Any, ...]]:
    radii = ((1,), (1, 2), (2, 1), (1, 1), (0, 1), (3, 1), (1, 2, 3))
    return draw.among(*((r, n, k) for n, k, r in product((1, 2, 3), (0, 1, 2), radii)))


# 16-measure: the raster of an error.


def _rows(patches: tuple[int, ...], frames: int) -> SearchStrategy[tuple[Tensor, int]]:
    st = strategies()

    def draw_error(draw_one: Any) -> tuple[Tensor, int]:
        patch = draw_one(st.sampled_from(patches))
        height, width = patch, patch * draw_one(st.integers(2, 3))
        count = draw_one(st.integers(1, frames))
        size = count * height * width
        values = draw_one(st.lists(st.integers(-3, 3), min_size=size, max_size=size))
        error = torch.tensor(values, dtype=torch.float64)
        # a step inside a patch, so that there is something to divide by
        error[0], error[1] = 0, 1
        return error.reshape(1, count, 1, height, width), patch

    return st.composite(draw_error)()


# 16-break: two frames that tell the friend's unit from the right one.


def _first_step(x: Tensor, r: int, old: bool) -> Tensor:
    """The output of a unit with one kernel of radius r, all its weights one, from zero."""
    kernel = torch.ones(1, 1, 2 * r + 1, dtype=x.dtype)
    sums = F.conv1d(x[None, None], kernel, padding=r)
    memory = sums.sigmoid() * sums.tanh()
    looked = torch.zeros_like(memory) if old else F.conv1d(memory, kernel, padding=r)
    return ((sums + looked).sigmoid() * memory.tanh())[0, 0]


def _caught(answer: Callable[[int], Any], r: int) -> str:
    """What is wrong with the frames and the pixel that an answer names; '' if nothing."""
    given = answer(r)
    if not isinstance(given, list | tuple) or len(given) != 3:
        raise Unfit(f"the answer should be (one, other, pixel), got {show(given)}")
    one, other = (numbers(row, name) for row, name in zip(given, ("one", "other"), strict=False))
    (pixel,) = numbers([given[2]], "pixel", 1)
    if len(one) != len(other) or not 1 <= len(one) <= 100:
        raise Unfit(f"two rows of one length, up to 100, are wanted; got {len(one)}, {len(other)}")
    if not pixel.is_integer() or not 0 <= pixel < len(one):
        raise Unfit(f"pixel counts from 0 to {len(one) - 1}, got {show(pixel)}")
    if not set(one + other) <= {0.0, 1.0}:
        raise Unfit("the frames should hold 0 and 1 only")
    differ = [place for place, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    if len(differ) != 1:
        return f"the frames differ at {len(differ)} pixels, and should at one"
    rows = [torch.tensor(row, dtype=torch.float64) for row in (one, other)]
    right, friends = (
        abs(float(a[int(pixel)] - b[int(pixel)]))
        for a, b in ([_first_step(row, r, old) for row in rows] for old in (False, True))
    )
    if friends > 1e-12:
        return "the friend's unit tells the two frames apart there, too"
    if right <= 1e-12:
        far = abs(differ[0] - int(pixel))
        why = "it is too far away" if far > 2 * r else "the gate moves, and there is nothing to say"
        return f"the right unit does not tell them apart there: {why}"
    return ""


def _said(given: str, expected: None) -> str:
    return given


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="16-hand",
        tier="hand",
        arguments=("part", "step"),
        inputs=(lambda: draw.among(*((part, step) for step in (1, 2) for part in _PARTS)),),
        reference=_by_widths,
        evaluate=_by_list,
        compare=_compare_widths,
        wants_function=False,
    ),
    Exercise(
        name="16-code",
        tier="code",
        arguments=("x", "h", "memories", "gates", "looks", "mix"),
        inputs=(
            lambda: _units((1,), 1, 1),
            lambda: _units((1, 3), 1, 3),
            lambda: _units((1, 3), 2, 3),
        ),
        reference=_step,
        compare=lambda given, expected: difference(given, expected, ("h", "memories")),
        cases=30,
    ),
    Exercise(
        name="16-prove",
        tier="prove",
        arguments=("radii", "layers", "lag"),
        inputs=(_stacks,),
        reference=_reach,
        cases=63,
    ),
    Exercise(
        name="16-measure",
        tier="measure",
        arguments=("error", "patch"),
        inputs=(lambda: _rows((2,), 1), lambda: _rows((2, 3), 2)),
        reference=raster,
        cases=40,
    ),
    Exercise(
        name="16-break",
        tier="break",
        arguments=("r",),
        inputs=(lambda: draw.among((1,), (2,), (3,), (4,)),),
        reference=lambda r: None,
        evaluate=_caught,
        compare=_said,
    ),
)
