"""Exercises of chapter 2: slide, flip, compose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from stlib.exercises import draw
from stlib.exercises.compare import Unfit, difference, numbers, show
from stlib.exercises.exercise import Exercise
from stlib.exercises.search import strategies
from stlib.tensor_train import compose

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["EXERCISES"]

_FIRST, _SECOND = [1, 2, 1], [3, 0, -1]


def _slide(kernel: Sequence[float], signal: Sequence[float]) -> list[float]:
    """Slide a kernel along a signal that is zero outside; keep all it can reach."""
    return np.correlate(signal, kernel, mode="full").tolist()


# 2-hand: one kernel for two layers. The answer is a kernel, the inputs are signals.


def _one_kernel(answer: Any, signal: list[int]) -> list[float]:
    kernel = numbers(answer, "the kernel")
    if len(kernel) % 2 == 0:
        raise Unfit(f"a kernel of {len(kernel)} numbers has no centre")
    return _slide(kernel, signal)


def _two_layers(signal: list[int]) -> list[float]:
    return _slide(_SECOND, _slide(_FIRST, signal))


def _compare_signals(given: list[float], expected: list[float]) -> str:
    """Name the first pixel that differs, and no other: all of them would be the answer."""
    surplus = (len(given) - len(expected)) // 2  # a longer kernel writes further out, on both sides
    mine = np.pad(given, max(-surplus, 0))
    right = np.pad(expected, max(surplus, 0))
    wrong = np.flatnonzero(~np.isclose(mine, right))
    if not wrong.size:
        return ""
    pixel = int(wrong[0]) - max(surplus, 0) - (len(_FIRST) + len(_SECOND) - 2) // 2
    return (
        f"at pixel {pixel} your kernel writes {show(mine[wrong[0]])}, "
        f"the two layers write {show(right[wrong[0]])}"
    )


# 2-prove: the table of terms behind 'composition multiplies polynomials'.


def _terms(outer: list[int], inner: list[int]) -> list[list[int]]:
    size = len(outer) + len(inner) - 1
    return [
        [w * inner[m - i] if 0 <= m - i < len(inner) else 0 for i, w in enumerate(outer)]
        for m in range(size)
    ]


def _two_kernels() -> SearchStrategy[tuple[list[int], list[int]]]:
    return strategies().tuples(draw.digits(4), draw.digits(4))


# 2-measure: how wide is wide?


def _spread(layers: int, width: int) -> tuple[float, float]:
    # Variances add: one uniform kernel has (width² - 1) / 12.
    return layers * (width - 1) / 2, float(np.sqrt(layers * (width**2 - 1) / 12))


def _stacks() -> SearchStrategy[tuple[int, int]]:
    return draw.among(*((layers, width) for layers in range(1, 9) for width in (1, 3, 5, 7)))


# 2-break: two zero-padded layers that no single one replaces.


@dataclass(frozen=True)
class _Replacement:
    """Two layers, and the one kernel that does the same on this canvas, if there is one."""

    inner: list[float]
    outer: list[float]
    kernel: list[float] | None


def _replacement(answer: Callable[[int], Any], width: int) -> _Replacement:
    pair = answer(width)
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        raise Unfit(f"yours should return (inner, outer), got {show(pair)}")
    inner, outer = numbers(pair[0], "inner"), numbers(pair[1], "outer")
    for name, kernel in (("inner", inner), ("outer", outer)):
        if len(kernel) % 2 == 0:
            raise Unfit(f"{name} should hold an odd number of entries, got {show(kernel)}")
        if min(kernel) < 0:
            raise Unfit(f"no weight of {name} should be negative, got {show(kernel)}")
    both = _matrix(outer, width) @ _matrix(inner, width)
    # One layer has a matrix that is constant along each diagonal, and any such is one layer.
    diagonals = [np.diagonal(both, offset) for offset in range(1 - width, width)]
    constant = all(np.allclose(diagonal, diagonal[0]) for diagonal in diagonals)
    single = [float(diagonal[0]) for diagonal in diagonals] if constant else None
    return _Replacement(inner, outer, single)


def _matrix(kernel: list[float], width: int) -> np.ndarray:
    """The zero-padded layer as a matrix: row p holds what pixel p reads."""
    radius = len(kernel) // 2
    rows = np.zeros((width, width))
    for p in range(width):
        for q in range(max(0, p - radius), min(width, p + radius + 1)):
            rows[p, q] = kernel[q - p + radius]
    return rows


def _compare_replacements(given: _Replacement, expected: None) -> str:
    if given.kernel is None:
        return ""
    return (
        f"yours:    inner {show(given.inner)}, outer {show(given.outer)}\n"
        f"but the single kernel {show(given.kernel)} does the same to every signal of that width"
    )


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="2-hand",
        tier="hand",
        arguments=("signal",),
        inputs=(lambda: strategies().tuples(draw.digits(4)),),
        reference=_two_layers,
        evaluate=_one_kernel,
        compare=_compare_signals,
        wants_function=False,
    ),
    Exercise(
        name="2-code",
        tier="code",
        arguments=("outer", "inner"),
        inputs=(lambda: draw.layers(1), lambda: draw.layers(2)),
        reference=compose,
    ),
    Exercise(
        name="2-prove",
        tier="prove",
        arguments=("outer", "inner"),
        inputs=(_two_kernels,),
        reference=_terms,
    ),
    Exercise(
        name="2-measure",
        tier="measure",
        arguments=("layers", "width"),
        inputs=(_stacks,),
        reference=_spread,
        compare=partial(difference, names=("half_width", "deviation")),
    ),
    Exercise(
        name="2-break",
        tier="break",
        arguments=("width",),
        inputs=(lambda: draw.among(*((width,) for width in range(2, 9))),),
        reference=lambda width: None,
        evaluate=_replacement,
        compare=_compare_replacements,
    ),
)
