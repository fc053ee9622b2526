"""Exercises of chapter 19: what rank-1 loses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from stlib.exercises import draw
from stlib.exercises.compare import Unfit, numbers, show
from stlib.exercises.exercise import Exercise
from stlib.exercises.search import strategies
from stlib.joint_filter import coefficients_matrix

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["EXERCISES"]

_CLOSE = 1e-6


# 19-hand: the rank of a pair of channels, and the channels that a layer needs.

_ASKED = ("the rank of every pair", "the channels between")
_FOUND = {("first", 0): 2, ("first", 1): 2, ("second", 0): 1, ("second", 1): 4}


@dataclass(frozen=True)
class _Count:
    """One of the four numbers."""

    number: float


def _by_layers(answer: Any, layer: str, asked: str) -> _Count:
    if not isinstance(answer, list | tuple) or len(answer) != 2:
        raise Unfit(f"the answer should be (first, second), got {show(answer)}")
    rows = [numbers(row, name, 2) for row, name in zip(answer, ("first", "second"), strict=True)]
    return _Count(rows[layer == "second"][_ASKED.index(asked)])


def _by_table(layer: str, asked: str) -> _Count:
    return _Count(_FOUND[layer, _ASKED.index(asked)])


def _compare_counts(given: _Count, expected: _Count) -> str:
    return "" if given.number == expected.number else f"{show(given.number)} is not it"


# 19-code: coefficients as a product through as few channels as can be.


@dataclass(frozen=True)
class _Halves:
    """The two halves of a pair: how many channels stand between, and what they multiply to."""

    between: int
    product: Tensor


def _array(value: Any, what: str, shape: Sequence[int | None]) -> Tensor:
    """Read a tensor of numbers in which the sizes that are not None are given."""
    try:
        array = torch.as_tensor(np.asarray(_plain(value), dtype=float))
    except (TypeError, ValueError):
        raise Unfit(f"{what} should hold numbers, in rows of equal length") from None
    wanted = ", ".join("between" if size is None else str(size) for size in shape)
    fits = array.ndim == len(shape) and all(
        size in (None, found) for size, found in zip(shape, array.shape, strict=True)
    )
    if not fits:
        raise Unfit(f"{what} should have the shape [{wanted}], yours is {list(array.shape)}")
    if not bool(array.isfinite().all()):
        raise Unfit(f"{what} should hold finite numbers only")
    return array


def _plain(value: Any) -> Any:
    """Tensors and arrays as lists, wherever in a nest of lists they stand."""
    if isinstance(value, Tensor):
        return value.detach().tolist()
    if isinstance(value, np.ndarray):
        return value.tolist()
    return [_plain(entry) for entry in value] if isinstance(value, list | tuple) else value


def _split(answer: Any, alpha: Tensor) -> _Halves:
    outputs, inputs, m, n = alpha.shape
    given = answer(alpha)
    if not isinstance(given, list | tuple) or len(given) != 2:
        raise Unfit(f"the answer should be (mu, nu), got {show(given)}")
    mu = _array(given[0], "mu", (None, inputs, m))
    nu = _array(given[1], "nu", (outputs, None, n))
    if len(mu) != nu.shape[1]:
        raise Unfit(f"mu has {len(mu)} channels between, nu has {nu.shape[1]}")
    return _Halves(len(mu), torch.einsum("obn,bim->oimn", nu, mu))


def _fewest(alpha: Tensor) -> _Halves:
    return _Halves(max(1, int(torch.linalg.matrix_rank(coefficients_matrix(alpha)))), alpha)


def _compare_halves(given: _Halves, expected: _Halves) -> str:
    far = (given.product - expected.product).abs() > _CLOSE
    if bool(far.any()):
        place = far.nonzero()[0].tolist()
        mine, right = (float(half.product[tuple(place)]) for half in (given, expected))
        return f"at [output, input, m, n] = {place} yours says {show(mine)}, alpha {show(right)}"
    if given.between > expected.between:
        return f"yours has {given.between} channels between, {expected.between} would do"
    return ""


def _tensor(shape: Sequence[int]) -> SearchStrategy[Tensor]:
    """A float64 tensor of small whole numbers."""
    st, count = strategies(), prod(shape)
    return st.lists(st.integers(-2, 2), min_size=count, max_size=count).map(
        lambda values: torch.tensor(values, dtype=torch.float64).reshape(tuple(shape))
    )


def _products(channels: int, atoms: int) -> SearchStrategy[tuple[Tensor]]:
    """Coefficients that are a product through few channels."""
    st = strategies()

    def draw_alpha(draw_one: Any) -> tuple[Tensor]:
        outputs, inputs, between = (draw_one(st.integers(1, channels)) for _ in range(3))
        m, n = (draw_one(st.integers(1, atoms)) for _ in range(2))
        mu, nu = draw_one(_tensor((between, inputs, m))), draw_one(_tensor((outputs, between, n)))
        return (torch.einsum("obn,bim->oimn", nu, mu),)

    return st.composite(draw_alpha)()


# 19-prove: the dimension of what a pair can be.


def _dimension(outputs: int, inputs: int, between: int, m: int, n: int) -> int:
    down, across = n * outputs, m * inputs
    rank = min(between, down, across)
    return rank * (down + across - rank)


def _pairs() -> SearchStrategy[tuple[Any, ...]]:
    sizes = product((1, 2, 3), (1, 2), (1, 2, 3, 5), (1, 2, 3), (1, 2))
    return draw.among(*sorted(sizes, key=sum))


# 19-measure: the share of squared length that a pair loses.


def _lost(alpha: Tensor, between: int) -> float:
    squares = torch.linalg.svdvals(coefficients_matrix(alpha)).square()
    return float(squares[between:].sum() / squares.sum())


def _filters(channels: int, atoms: int) -> SearchStrategy[tuple[Tensor, int]]:
    """Coefficients that are not all zero, and channels between."""
    st = strategies()

    def draw_filter(draw_one: Any) -> tuple[Tensor, int]:
        outputs, inputs = (draw_one(st.integers(1, channels)) for _ in range(2))
        m, n = (draw_one(st.integers(1, atoms)) for _ in range(2))
        alpha = draw_one(_tensor((outputs, inputs, m, n)).filter(lambda a: bool(a.any())))
        return alpha, draw_one(st.integers(1, channels))

    return st.composite(draw_filter)()


# 19-break: a clip for which a ReLU between two halves is heard.


def _heard(answer: Any, mu: Tensor, nu: Tensor) -> str:
    """What is wrong with the clip that an answer names; '' if nothing."""
    x = torch.tensor(numbers(answer(mu, nu), "the clip", mu.shape[1]), dtype=torch.float64)
    hidden = mu @ x
    if float((nu @ hidden.relu() - nu @ hidden).abs().max()) > _CLOSE:
        return ""
    if bool((hidden >= 0).all()):
        return f"the channels between hold {show(hidden.tolist())}: the ReLU changes none of them"
    return "the ReLU changes channels between, and the outputs cancel what it changed"


def _layers(channels: int) -> SearchStrategy[tuple[Tensor, Tensor]]:
    """Two matrices whose product is not zero."""
    st = strategies()

    def draw_layer(draw_one: Any) -> tuple[Tensor, Tensor]:
        rows, between, columns = (draw_one(st.integers(1, channels)) for _ in range(3))
        return draw_one(_tensor((between, columns))), draw_one(_tensor((rows, between)))

    return st.composite(draw_layer)().filter(lambda pair: bool((pair[1] @ pair[0]).any()))


def _said(given: str, expected: None) -> str:
    return given


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="19-hand",
        tier="hand",
        arguments=("layer", "asked"),
        inputs=(lambda: draw.among(*product(("first", "second"), _ASKED)),),
        reference=_by_table,
        evaluate=_by_layers,
        compare=_compare_counts,
        wants_function=False,
    ),
    Exercise(
        name="19-code",
        tier="code",
        arguments=("alpha",),
        inputs=(lambda: _products(1, 2), lambda: _products(2, 2), lambda: _products(3, 3)),
        reference=_fewest,
        evaluate=_split,
        compare=_compare_halves,
        cases=40,
    ),
    Exercise(
        name="19-prove",
        tier="prove",
        arguments=("outputs", "inputs", "between", "m", "n"),
        inputs=(_pairs,),
        reference=_dimension,
        cases=144,
    ),
    Exercise(
        name="19-measure",
        tier="measure",
        arguments=("alpha", "between"),
        inputs=(lambda: _filters(1, 2), lambda: _filters(2, 2), lambda: _filters(3, 2)),
        reference=_lost,
        cases=40,
    ),
    Exercise(
        name="19-break",
        tier="break",
        arguments=("mu", "nu"),
        inputs=(lambda: _layers(2), lambda: _layers(3)),
        reference=lambda mu, nu: None,
        evaluate=_heard,
        compare=_said,
        cases=60,
    ),
)
