"""Exercises of chapter 12: the Conv-TT-LSTM cell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from stlib.cells import windows
from stlib.exercises import draw
from stlib.exercises.compare import Unfit, difference, numbers, show
from stlib.exercises.exercise import Exercise
from stlib.exercises.search import strategies

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["EXERCISES"]


# 12-hand: two windows over four states. The answer is a table, the inputs are ages.


@dataclass(frozen=True)
class _Reading:
    """Which cores read the state of one age, and how many pixels wide the gates see it."""

    cores: list[int]
    width: float


def _by_table(answer: Any, age: int) -> _Reading:
    if not isinstance(answer, list | tuple) or len(answer) != 2:
        raise Unfit(f"the answer should be (table, widths), got {show(answer)}")
    rows = answer[0].tolist() if hasattr(answer[0], "tolist") else answer[0]
    if not isinstance(rows, list | tuple) or len(rows) != 2:
        raise Unfit(f"the table should hold two rows, one a core, got {show(answer[0])}")
    table = [numbers(row, f"row {i}", 3) for i, row in enumerate(rows, start=1)]
    widths = numbers(answer[1], "widths", 4)
    return _Reading([i for i, row in enumerate(table, start=1) if age in row], widths[age - 1])


def _by_windows(age: int) -> _Reading:
    cores = [i for i, lags in enumerate(windows("sliding", 2, 4), start=1) if age in lags]
    return _Reading(cores, max(cores) * 2 + 1 + 2)  # K(i), and P adds K - 1


def _compare_readings(given: _Reading, expected: _Reading) -> str:
    """Name what is wrong with one state; what is right would be the answer."""
    if given.cores != expected.cores:
        told = " and ".join(map(str, given.cores)) if given.cores else "none"
        return f"cores that read it in your table: {told}; the window has others"
    if given.width != expected.width:
        return f"{show(given.width)} pixels is not how wide the gates see this state"
    return ""


# 12-code: the sliding windows, projected.


def _condense(past: list[Tensor], P: list[Tensor]) -> list[Tensor]:
    size = len(past) - len(P) + 1
    return [
        F.conv2d(torch.cat(past[i : i + size], dim=1), kernel, padding="same")
        for i, kernel in enumerate(P)
    ]


def _histories(
    orders: int, channels: int, taps: int
) -> SearchStrategy[tuple[list[Tensor], list[Tensor]]]:
    """M states and N kernels that read windows of them."""
    st = strategies()

    def tensor(*shape: int) -> SearchStrategy[Tensor]:
        count = prod(shape)
        return st.lists(st.integers(-2, 2), min_size=count, max_size=count).map(
            lambda values: torch.tensor(values, dtype=torch.float64).reshape(shape)
        )

    def draw_history(draw_one: Any) -> tuple[list[Tensor], list[Tensor]]:
        order, size = draw_one(st.integers(1, orders)), draw_one(st.integers(1, 2))
        deep, width = draw_one(st.integers(1, channels)), draw_one(st.integers(1, taps))
        ranks = [draw_one(st.integers(1, channels)) for _ in range(order)]
        past = [draw_one(tensor(1, deep, 1, width)) for _ in range(order + size - 1)]
        return past, [draw_one(tensor(rank, size * deep, 1, taps)) for rank in ranks]

    return st.composite(draw_history)()


# 12-prove: every bias that P can carry, carried by P.


def _merge(p: list[list[int]], g: list[list[int]]) -> tuple[list[list[int]], list[list[int]]]:
    later = [*g[1:], [0] * len(p[-1])]
    merged = [[a + b for a, b in zip(*pair, strict=True)] for pair in zip(p, later, strict=True)]
    return merged, [g[0], *([0] * len(bias) for bias in g[1:])]


def _biases(channels: int) -> SearchStrategy[tuple[list[list[int]], list[list[int]]]]:
    """p(1) … p(N) with C(1) … C(N) numbers, g(1) … g(N) with C(0) … C(N-1)."""
    st = strategies()

    def draw_biases(draw_one: Any) -> tuple[list[list[int]], list[list[int]]]:
        order = draw_one(st.integers(1, 3))
        ranks = [draw_one(st.integers(1, channels)) for _ in range(order + 1)]
        row = [st.lists(st.integers(-3, 3), min_size=rank, max_size=rank) for rank in ranks]
        return [draw_one(each) for each in row[1:]], [draw_one(each) for each in row[:-1]]

    return st.composite(draw_biases)()


# 12-measure: parameters of one layer, kernels 5 wide, ranks 8.


def _layer(inputs: int, outputs: int, order: int, steps: int) -> int:
    window = steps - order + 1
    maps = inputs * 4 * outputs + 4 * outputs * 8 + (order - 1) * 8 * 8
    return 25 * (maps + order * window * outputs * 8) + 4 * outputs + (2 * order - 1) * 8


def _layers() -> SearchStrategy[tuple[int, ...]]:
    return draw.among(
        *(
            (inputs, outputs, order, order + more)
            for order, more in product((1, 2, 3), (0, 1, 2))
            for inputs, outputs in ((1, 1), (1, 2), (3, 2))
        )
    )


# 12-break: the first step at which a pointer modulo N is caught.


def _ages_read(t: int, order: int, steps: int, wrap: int) -> list[list[int]]:
    """For each core the ages it reads at step t, oldest first; 0 is a slot still empty."""
    slots = [0] * steps
    for now in range(1, t):
        slots[(now - 1) % wrap] = now
    ages = [t - then if then else 0 for then in slots]
    start, size = (t - 1) % wrap, steps - order + 1
    return [
        [ages[(start + order - i + place) % steps] for place in range(size)]
        for i in range(1, order + 1)
    ]


def _caught(answer: Callable[[int, int], Any], N: int, M: int) -> str:
    """What is wrong with the step and the core that an answer names; '' if nothing."""
    given = answer(N, M)
    first = next((t for t in range(1, 4 * M) if _differ(t, N, M)), None)
    if given is None:
        return "there is a step at which a core reads something else" if first else ""
    t, i = numbers(given, "(t, i)", 2)
    if not (t.is_integer() and i.is_integer() and 1 <= t <= 1000 and 1 <= i <= N):
        raise Unfit(f"t counts the steps from 1, i the cores from 1 to {N}; got {show(given)}")
    if int(i) not in _differ(int(t), N, M):
        return f"at step {t:g} core {i:g} reads the same with both pointers"
    return "a core reads something else at an earlier step, too" if first and t > first else ""


def _differ(t: int, N: int, M: int) -> list[int]:
    right, wrong = (_ages_read(t, N, M, wrap) for wrap in (M, N))
    return [i for i, (a, b) in enumerate(zip(right, wrong, strict=True), start=1) if a != b]


def _said(given: str, expected: None) -> str:
    return given


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="12-hand",
        tier="hand",
        arguments=("age",),
        inputs=(lambda: draw.among(*((age,) for age in range(1, 5))),),
        reference=_by_windows,
        evaluate=_by_table,
        compare=_compare_readings,
        wants_function=False,
    ),
    Exercise(
        name="12-code",
        tier="code",
        arguments=("past", "P"),
        inputs=(
            lambda: _histories(orders=2, channels=1, taps=1),
            lambda: _histories(orders=1, channels=1, taps=3),
            lambda: _histories(orders=3, channels=2, taps=3),
        ),
        reference=_condense,
        cases=40,
    ),
    Exercise(
        name="12-prove",
        tier="prove",
        arguments=("p", "g"),
        inputs=(lambda: _biases(1), lambda: _biases(2)),
        reference=_merge,
        compare=partial(difference, names=("p", "g")),
        cases=60,
    ),
    Exercise(
        name="12-measure",
        tier="measure",
        arguments=("inputs", "outputs", "order", "steps"),
        inputs=(_layers,),
        reference=_layer,
        cases=27,
    ),
    Exercise(
        name="12-break",
        tier="break",
        arguments=("N", "M"),
        inputs=(
            lambda: draw.among(*((N, N + more) for N in range(1, 5) for more in (1, 0, 2, 3))),
        ),
        reference=lambda N, M: None,
        evaluate=_caught,
        compare=_said,
    ),
)
