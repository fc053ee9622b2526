"""Exercises of chapter 23: one table, all cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, product
from typing import TYPE_CHECKING, Any, TypeAlias

from stlib.exercises import draw
from stlib.exercises.compare import Unfit, numbers, show
from stlib.exercises.exercise import Exercise
from stlib.exercises.search import strategies
from stlib.paired import paired, verdict

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["EXERCISES"]

Curve: TypeAlias = list[tuple[int, int]]
Steps: TypeAlias = tuple[int, int, int]


# 23-hand: from which budget on B is ahead. The inputs are budgets; the answer says who is ahead.

_KINDS = ("steps", "MACs", "seconds")
_FROM = {"steps": 20, "MACs": 80, "seconds": 50}


@dataclass(frozen=True)
class _Ahead:
    """Whether B is."""

    b: bool


def _by_thresholds(answer: Any, kind: str, budget: int) -> _Ahead:
    return _Ahead(budget > numbers(answer, "the answer", 3)[_KINDS.index(kind)])


def _by_curves(kind: str, budget: int) -> _Ahead:
    return _Ahead(budget > _FROM[kind])


def _compare_ahead(given: _Ahead, expected: _Ahead) -> str:
    if given == expected:
        return ""
    names = {True: "B", False: "A"}
    return f"yours says that {names[given.b]} is ahead, and it is {names[expected.b]}"


# 23-code: the mean error over the last fifth of what a budget pays for.


def _level(curve: Curve, budget: int, price: int) -> float:
    steps = min(budget // price, curve[-1][0])
    before = [(x, y) for x, y in curve if x <= steps]
    last = [y for x, y in before if 5 * x >= 4 * steps] or [before[-1][1]]
    return sum(last) / len(last)


def _curves(points: int) -> SearchStrategy[tuple[Curve, int, int]]:
    """A curve of so many points at most, and a budget that pays for the first one at least."""
    st = strategies()

    def draw_curve(draw_one: Any) -> tuple[Curve, int, int]:
        every = draw_one(st.sampled_from((5, 10)))
        ys = draw_one(st.lists(st.integers(0, 9), min_size=1, max_size=points))
        curve = [(every * place, y) for place, y in enumerate(ys, start=1)]
        price = draw_one(st.integers(1, 3))
        most = price * (curve[-1][0] + every)
        return curve, draw_one(st.integers(price * every, most)), price

    return st.composite(draw_curve)()


# 23-prove: the earliest budget at which the dearer network can be ahead.


def _earliest(first: int, cheap: int, dear: int) -> int:
    return first * dear


# 23-measure: how many pairs of cells are resolved.


def _resolved(errors: Sequence[Sequence[int]]) -> int:
    pairs = combinations(errors, 2)
    return sum(verdict(paired(one, other)) != "not resolved" for one, other in pairs)


def _tables(cells: int) -> SearchStrategy[tuple[list[list[int]]]]:
    st = strategies()

    def draw_table(draw_one: Any) -> tuple[list[list[int]]]:
        seeds = draw_one(st.integers(2, 4))
        row = st.lists(st.integers(0, 9), min_size=seeds, max_size=seeds)
        return (draw_one(st.lists(row, min_size=2, max_size=cells)),)

    return st.composite(draw_table)()


# 23-break: three curves, so that each budget has a winner of its own.


def _winner(curves: list[list[float]], steps: Steps) -> int | None:
    """Which curve is lowest where the steps end it; None where two are."""
    ends = [curve[n - 1] for curve, n in zip(curves, steps, strict=True)]
    return ends.index(min(ends)) if ends.count(min(ends)) == 1 else None


def _three(answer: Callable[..., Any], most: int, macs: Steps, seconds: Steps) -> str:
    """What is wrong with the curves that an answer names; '' if nothing."""
    given = answer(most, macs, seconds)
    if not isinstance(given, list | tuple) or len(given) != 3:
        raise Unfit(f"three curves are wanted, got {show(given)}")
    curves = [numbers(curve, f"curve {place}", most) for place, curve in enumerate(given, start=1)]
    for place, curve in enumerate(curves, start=1):
        if any(after > before for before, after in pairwise(curve)):
            raise Unfit(f"curve {place} rises: {show(curve)}")
    budgets = {"clips": (most, most, most), "MACs": macs, "seconds": seconds}
    won = {kind: _winner(curves, steps) for kind, steps in budgets.items()}
    for kind, winner in won.items():
        if winner is None:
            return f"at equal {kind} two curves are lowest"
    if len(set(won.values())) < 3:
        told = ", ".join(
            f"{kind} {winner + 1}" for kind, winner in won.items() if winner is not None
        )
        return f"the winners are not three: {told}"
    return ""


def _said(given: str, expected: None) -> str:
    return given


def _prices() -> SearchStrategy[tuple[Any, ...]]:
    """What budgets of MACs and seconds pay for, of networks that can all come first."""
    cases = product((2, 3, 5), (1, 2, 4), (1, 2, 4))
    return draw.among(
        *((most, (most, b, c), (c, most, b)) for most, b, c in cases if max(b, c) < most)
    )


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="23-hand",
        tier="hand",
        arguments=("kind", "budget"),
        inputs=(
            lambda: draw.among(
                *(
                    (kind, budget)
                    for budget in range(6, 150)
                    for kind in _KINDS
                    if budget != _FROM[kind]
                )
            ),
        ),
        reference=_by_curves,
        evaluate=_by_thresholds,
        compare=_compare_ahead,
        wants_function=False,
        cases=500,
    ),
    Exercise(
        name="23-code",
        tier="code",
        arguments=("curve", "budget", "price"),
        inputs=(lambda: _curves(2), lambda: _curves(8)),
        reference=_level,
        cases=200,
    ),
    Exercise(
        name="23-prove",
        tier="prove",
        arguments=("first", "cheap", "dear"),
        inputs=(
            lambda: draw.among(
                *((n, a, b) for b in (1, 2, 3, 5) for a in (1, 2, 3) for n in (1, 2, 7) if a <= b)
            ),
        ),
        reference=_earliest,
        cases=40,
    ),
    Exercise(
        name="23-measure",
        tier="measure",
        arguments=("errors",),
        inputs=(lambda: _tables(2), lambda: _tables(4)),
        reference=_resolved,
        cases=60,
    ),
    Exercise(
        name="23-break",
        tier="break",
        arguments=("most", "macs", "seconds"),
        inputs=(_prices,),
        reference=lambda most, macs, seconds: None,
        evaluate=_three,
        compare=_said,
    ),
)
