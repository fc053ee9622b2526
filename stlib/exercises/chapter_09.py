"""Exercises of chapter 9: looking further back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from stlib.cost import kernel_size
from stlib.exercises import draw
from stlib.exercises.compare import difference, numbers, show
from stlib.exercises.exercise import Exercise
from stlib.exercises.search import strategies
from stlib.higher_order import polynomial_train

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["EXERCISES"]


# 9-hand: the weights of kernels 3, 5, 7, … pixels wide. The answer is a polynomial, the inputs
# are orders.


def _polynomial(answer: Any, N: int) -> float:
    a, b, c = numbers(answer, "the answer", 3)
    return a * N**3 + b * N**2 + c * N


def _weights(N: int, K: int = 3) -> int:
    return sum(kernel_size(i, K) ** 2 for i in range(1, N + 1))


def _compare_weights(given: float, expected: int) -> str:
    if np.isclose(given, expected, rtol=1e-6):
        return ""
    return f"your polynomial gives {show(given)}, the kernels hold {expected} weights"


# 9-code: the polynomial Φ with its tensor in a train.


def _train_histories(
    longest: int, features: int, items: int
) -> SearchStrategy[tuple[list[Tensor], list[Tensor]]]:
    st = strategies()

    def draw_history(draw_one: Any) -> tuple[list[Tensor], list[Tensor]]:
        order = draw_one(st.integers(1, longest))
        bonds = [draw_one(st.integers(1, 2)) for _ in range(order)] + [1]
        widths = [draw_one(st.integers(1, features)) for _ in range(order)]
        batch = draw_one(st.integers(1, items))
        of_cores = [
            (before, width, after)
            for (before, after), width in zip(pairwise(bonds), widths, strict=True)
        ]
        shapes = [*of_cores, *((batch, width) for width in widths)]
        # One list for all entries: many short ones take long to shrink.
        counts = [prod(shape) for shape in shapes]
        entries = draw_one(st.lists(st.integers(-2, 2), min_size=sum(counts), max_size=sum(counts)))
        parts = np.split(np.array(entries, dtype=float), np.cumsum(counts)[:-1])
        tensors = [
            torch.tensor(part).reshape(shape) for part, shape in zip(parts, shapes, strict=True)
        ]
        return tensors[:order], tensors[order:]

    return st.composite(draw_history)()


# 9-prove: what is left of a matrix when it must treat all places alike.


def _shared(matrix: list[list[int]]) -> list[list[float]]:
    size = len(matrix)
    offsets = [sum(matrix[p][(p + d) % size] for p in range(size)) / size for d in range(size)]
    return [[offsets[(q - p) % size] for q in range(size)] for p in range(size)]


def _matrices() -> SearchStrategy[tuple[list[list[int]]]]:
    st = strategies()

    def rows(size: int) -> SearchStrategy[list[list[int]]]:
        row = st.lists(st.integers(-3, 3), min_size=size, max_size=size)
        return st.lists(row, min_size=size, max_size=size)

    return st.tuples(st.integers(1, 4).flatmap(rows))


# 9-measure: how long a history so many weights pay for.


def _affordable(budget: int, K: int) -> tuple[int, int]:
    order = 0
    while _weights(order + 1, K) <= budget:
        order += 1
    return order, budget // K**2


def _budgets() -> SearchStrategy[tuple[int, int]]:
    budgets = (0, 8, 9, 25, 33, 34, 49, 83, 106, 218, 275, 1000, 1005, 6610, 10_000, 100_000)
    return draw.among(*((budget, K) for budget in budgets for K in (3, 5, 7)))


# 9-break: a kernel that no second core makes.


@dataclass(frozen=True)
class _Remade:
    """A kernel of five taps, and the core that makes it from the first, if there is one."""

    kernel: list[float]
    core: list[float] | None


def _remade(answer: Callable[[list[int]], Any], first: list[int]) -> _Remade:
    kernel = numbers(answer(first), "K(2)", 5)
    # Composition with `first` as a matrix: column j holds it moved by j taps.
    columns = np.array([np.convolve(first, unit) for unit in np.eye(3)]).T
    core, *_ = np.linalg.lstsq(columns, np.array(kernel))
    missed = np.abs(columns @ core - kernel).max()
    made = missed <= 1e-6 * max(np.abs(kernel))
    return _Remade(kernel, [float(tap) for tap in core] if made else None)


def _compare_remade(given: _Remade, expected: None) -> str:
    if given.core is None:
        return ""
    core = [0.0 if abs(tap) < 1e-9 else tap for tap in given.core]
    return (
        f"yours:    {show(given.kernel)}\n"
        f"but the core G(2) = {show(core)} makes just that, composed with K(1)"
    )


def _first_kernels() -> SearchStrategy[tuple[list[int]]]:
    st = strategies()
    return st.tuples(st.lists(st.integers(-3, 3), min_size=3, max_size=3).filter(any))


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="9-hand",
        tier="hand",
        arguments=("N",),
        inputs=(lambda: draw.among(*((N,) for N in range(1, 9))),),
        reference=_weights,
        evaluate=_polynomial,
        compare=_compare_weights,
        wants_function=False,
    ),
    Exercise(
        name="9-code",
        tier="code",
        arguments=("cores", "states"),
        inputs=(
            lambda: _train_histories(2, 1, 2),
            lambda: _train_histories(2, 2, 1),
            lambda: _train_histories(3, 2, 2),
        ),
        reference=polynomial_train,
        cases=30,
    ),
    Exercise(
        name="9-prove",
        tier="prove",
        arguments=("matrix",),
        inputs=(_matrices,),
        reference=_shared,
    ),
    Exercise(
        name="9-measure",
        tier="measure",
        arguments=("budget", "K"),
        inputs=(_budgets,),
        reference=_affordable,
        compare=partial(difference, names=("free", "composed")),
    ),
    Exercise(
        name="9-break",
        tier="break",
        arguments=("first",),
        inputs=(_first_kernels,),
        reference=lambda first: None,
        evaluate=_remade,
        compare=_compare_remade,
    ),
)
