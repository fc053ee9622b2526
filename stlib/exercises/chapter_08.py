"""Exercises of chapter 8: cutting tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from stlib.exercises import draw
from stlib.exercises.compare import Unfit, numbers, show
from stlib.exercises.exercise import Exercise
from stlib.exercises.search import strategies

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["EXERCISES"]

_CLOSE = 1e-6

# Reading what a learner wrote, and drawing and cutting tensors.


def _array(value: Any, what: str, axes: int) -> np.ndarray:
    """Read an array of finite numbers that a learner wrote as nested lists, array or tensor."""
    try:
        array = np.asarray(_plain(value), dtype=float)
    except (TypeError, ValueError):
        raise Unfit(f"{what} should hold numbers, in rows of equal length") from None
    if array.ndim != axes:
        raise Unfit(f"{what} should have {axes} axes, yours has the shape {list(array.shape)}")
    if not np.isfinite(array).all():
        raise Unfit(f"{what} should hold finite numbers only")
    return array


def _plain(value: Any) -> Any:
    """Tensors and arrays as lists, wherever in a nest of lists they stand."""
    if isinstance(value, Tensor):
        return value.detach().tolist()
    if isinstance(value, np.ndarray):
        return value.tolist()
    return [_plain(entry) for entry in value] if isinstance(value, list | tuple) else value


def _three(value: Any) -> Sequence[Any]:
    if not isinstance(value, list | tuple) or len(value) != 3:
        raise Unfit("a tuple or a list of three cores is wanted")
    return value


def _cores(value: Any, shape: Sequence[int]) -> list[np.ndarray]:
    """Three cores ``[n1, r1]``, ``[r1, n2, r2]``, ``[r2, n3]`` that fit a tensor and each other."""
    parts = zip(_three(value), ("first", "middle", "last"), (2, 3, 2), strict=True)
    first, second, third = (_array(part, f"the {name} core", axes) for part, name, axes in parts)
    sizes = [first.shape[0], second.shape[1], third.shape[1]]
    if sizes != list(shape):
        raise Unfit(f"the free axes of your cores are {sizes} long, the tensor's {list(shape)}")
    for name, left, right in (
        ("first", first.shape[1], second.shape[0]),
        ("second", second.shape[2], third.shape[0]),
    ):
        if left != right:
            raise Unfit(f"your {name} bond is {left} wide on its left and {right} on its right")
    return [first, second, third]


def _multiply(cores: Sequence[np.ndarray]) -> np.ndarray:
    return np.einsum("ia,ajb,bk->ijk", *cores)


def _tails(tensor: Tensor, cut: int) -> list[float]:
    """What remains of an unfolding's length when its first 0, 1, 2, … terms are kept."""
    matrix = tensor.detach().numpy().reshape(prod(tensor.shape[:cut]), -1)
    values = np.linalg.svd(matrix, compute_uv=False)
    return [float(np.linalg.norm(values[kept:])) for kept in range(len(values) + 1)]


def _tensors(axes: int, longest: int) -> SearchStrategy[Tensor]:
    """A tensor of small whole numbers, not all zero."""
    st = strategies()

    def draw_tensor(draw: Any) -> Tensor:
        shape = [draw(st.integers(1, longest)) for _ in range(axes)]
        count = prod(shape)
        entries = draw(st.lists(st.integers(-2, 2), min_size=count, max_size=count).filter(any))
        return torch.tensor(entries, dtype=torch.float64).reshape(shape)

    return st.composite(draw_tensor)()


# 8-hand: a train for two frames of two by two pixels. The inputs are the places of a number.

_FILM = np.array([[[1, 0], [2, 1]], [[3, 0], [6, 3]]])  # [row, column, frame]
_NARROWEST = (1, 2)


def _entry(answer: Any, row: int, column: int, frame: int) -> float:
    cores = _cores(answer, _FILM.shape)
    widths = (cores[0].shape[1], cores[2].shape[0])
    if any(width > least for width, least in zip(widths, _NARROWEST, strict=True)):
        raise Unfit(f"your bonds are {widths[0]} and {widths[1]} wide; a narrower train will do")
    return float(_multiply(cores)[row, column, frame])


def _compare_entries(given: float, expected: float) -> str:
    if np.isclose(given, expected, rtol=_CLOSE, atol=_CLOSE):
        return ""
    return f"there your train says {show(given)}, the film says {show(expected)}"


def _places() -> SearchStrategy[tuple[int, int, int]]:
    return draw.among(*np.ndindex(*_FILM.shape))


# 8-code: TT-SVD from the right. Many trains are right, so the error is compared.


def _miss(
    answer: Callable[[Tensor, tuple[int, int]], Any], tensor: Tensor, ranks: tuple[int, int]
) -> float:
    truth = tensor.numpy().copy()
    cores = _cores(answer(tensor, ranks), truth.shape)
    for name, core, allowed in (("first", cores[0], ranks[0]), ("second", cores[1], ranks[1])):
        if core.shape[-1] > allowed:
            raise Unfit(f"your {name} bond is {core.shape[-1]} wide, allowed are {allowed}")
    for name, core in (("middle", cores[1]), ("last", cores[2])):
        rows = core.reshape(len(core), -1)
        if not np.allclose(rows @ rows.T, np.eye(len(rows)), atol=_CLOSE):
            raise Unfit(f"the rows of your {name} core should have length 1, at right angles")
    return float(np.linalg.norm(_multiply(cores) - truth))


def _bound(tensor: Tensor, ranks: tuple[int, int]) -> float:
    squares = [0.0, 0.0]
    for place, rank in enumerate(ranks):
        tails = _tails(tensor, place + 1)
        squares[place] = tails[min(rank, len(tails) - 1)] ** 2
    return float(np.sqrt(sum(squares)))


def _compare_misses(given: float, expected: float) -> str:
    if given <= expected + _CLOSE:
        return ""
    return f"your train misses the tensor by {show(given)}, TT-SVD by {show(expected)} at most"


def _to_cut(longest: int) -> SearchStrategy[tuple[Tensor, tuple[int, int]]]:
    st = strategies()
    ranks = st.tuples(st.integers(1, 2), st.integers(1, 2))
    return st.tuples(_tensors(3, longest), ranks)


# 8-prove: two thinnest cuts of one matrix, and the one matrix between them.

_LEFT = {
    1: ([[2]], [[1], [2]], [[0], [3]]),
    2: ([[1, 1], [0, 1]], [[1, 2], [1, 1], [0, 1]], [[0, 2], [1, 0]]),
}
_RIGHT = {
    1: ([[1]], [[1, 2]], [[3, 1]]),
    2: ([[1, 0], [1, 1]], [[1, 0, 2], [0, 1, 1]], [[2, 1], [1, 1]]),
}
_MIX = {1: ([[2]], [[-1]], [[4]]), 2: ([[1, 1], [0, 1]], [[1, 0], [3, 1]], [[2, 1], [1, 1]])}


def _cut_twice() -> SearchStrategy[tuple[Tensor, Tensor, Tensor, Tensor]]:
    st = strategies()

    def draw_cuts(draw: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        rank = draw(st.sampled_from((1, 2)))
        u, v, mix = (
            torch.tensor(draw(st.sampled_from(kind[rank])), dtype=torch.float64)
            for kind in (_LEFT, _RIGHT, _MIX)
        )
        return u, v, u @ mix, torch.linalg.solve(mix, v)

    return st.composite(draw_cuts)()


def _between(u: Tensor, v: Tensor, other_u: Tensor, other_v: Tensor) -> np.ndarray:
    return np.linalg.lstsq(u.numpy(), other_u.numpy(), rcond=None)[0]


def _mixing(answer: Callable[..., Any], *cuts: Tensor) -> np.ndarray:
    return _array(answer(*cuts), "the matrix", 2)


def _compare_mixing(given: np.ndarray, expected: np.ndarray) -> str:
    if given.shape != expected.shape:
        wanted, got = list(expected.shape), list(given.shape)
        return f"the matrix should have the shape {wanted}, yours has {got}"
    if np.allclose(given, expected, rtol=_CLOSE, atol=_CLOSE):
        return ""
    yours, right = (show(matrix.round(6).tolist()) for matrix in (given, expected))
    return f"yours:    {yours}\nexpected: {right}"


# 8-measure: how wide must each bond be?


def _bonds(tensor: Tensor, tolerance: float) -> list[int]:
    widths = []
    for cut in range(1, tensor.ndim):
        tails = _tails(tensor, cut)
        widths.append(next(kept for kept, tail in enumerate(tails) if tail <= tolerance * tails[0]))
    return widths


def _widths(answer: Callable[[Tensor, float], Any], tensor: Tensor, tolerance: float) -> list[int]:
    row = numbers(answer(tensor, tolerance), "the answer")
    if any(width != int(width) for width in row):
        raise Unfit(f"the answer should hold whole numbers, got {show(row)}")
    return [int(width) for width in row]


def _compare_widths(given: list[int], expected: list[int]) -> str:
    if given == expected:
        return ""
    return f"yours:    {given}\nexpected: {expected}"


def _to_measure(*tensors: SearchStrategy[Tensor]) -> SearchStrategy[tuple[Tensor, float]]:
    st = strategies()
    # No square of these is a quotient of two small whole numbers: no tail lies on the border.
    return st.tuples(st.one_of(*tensors), st.sampled_from((0.62, 0.31, 0.01)))


# 8-break: new numbers for the channels, and the rank is another.


@dataclass(frozen=True)
class _Ranks:
    """The rank of a row of weights read as a square, before and after it is put in order."""

    before: int
    after: int


def _renumbered(answer: Callable[[int], Any], width: int) -> _Ranks:
    pair = answer(width)
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        raise Unfit(f"yours should return (weights, order), got {show(pair)}")
    weights = numbers(pair[0], "weights", width**2)
    order = [int(place) for place in numbers(pair[1], "order", width**2)]
    if sorted(order) != list(range(width**2)):
        raise Unfit(f"order should name each of 0 to {width**2 - 1} once, got {show(order)}")
    return _Ranks(_rank(weights, width), _rank([weights[place] for place in order], width))


def _rank(weights: list[float], width: int) -> int:
    return int(np.linalg.matrix_rank(np.reshape(weights, (width, width))))


def _compare_ranks(given: _Ranks, expected: _Ranks) -> str:
    if given == expected:
        return ""
    return (
        f"yours:    rank {given.before} before, rank {given.after} after\n"
        f"expected: rank {expected.before} before, rank {expected.after} after"
    )


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="8-hand",
        tier="hand",
        arguments=("row", "column", "frame"),
        inputs=(_places,),
        reference=lambda row, column, frame: float(_FILM[row, column, frame]),
        evaluate=_entry,
        compare=_compare_entries,
        wants_function=False,
    ),
    Exercise(
        name="8-code",
        tier="code",
        arguments=("tensor", "ranks"),
        inputs=(lambda: _to_cut(2), lambda: _to_cut(3)),
        reference=_bound,
        evaluate=_miss,
        compare=_compare_misses,
        cases=40,
    ),
    Exercise(
        name="8-prove",
        tier="prove",
        arguments=("u", "v", "other_u", "other_v"),
        inputs=(_cut_twice,),
        reference=_between,
        evaluate=_mixing,
        compare=_compare_mixing,
        cases=40,
    ),
    Exercise(
        name="8-measure",
        tier="measure",
        arguments=("tensor", "tolerance"),
        inputs=(
            lambda: _to_measure(_tensors(2, 2)),
            lambda: _to_measure(_tensors(2, 3), _tensors(3, 2)),
        ),
        reference=_bonds,
        evaluate=_widths,
        compare=_compare_widths,
        cases=40,
    ),
    Exercise(
        name="8-break",
        tier="break",
        arguments=("width",),
        inputs=(lambda: draw.among(*((width,) for width in range(2, 8))),),
        reference=lambda width: _Ranks(1, width),
        evaluate=_renumbered,
        compare=_compare_ranks,
    ),
)
