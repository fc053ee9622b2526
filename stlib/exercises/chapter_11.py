"""Exercises of chapter 11: the border ring."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch import Tensor

from stlib.exercises import draw
from stlib.exercises.compare import Unfit, difference, numbers, show
from stlib.exercises.exercise import Exercise
from stlib.exercises.search import strategies
from stlib.tensor_train import direct, recursive

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["EXERCISES"]

Polynomial: TypeAlias = dict[int, float]  # exponent to coefficient; exponents may be negative


# 11-hand: F1's default, for any K, read from the algorithms themselves.


def _lost_paths(K: int) -> tuple[int, int, list[int]]:
    cores = [torch.ones(1, 1, 1, K, dtype=torch.float64)] * 2
    impulse = torch.zeros(1, 1, 1, K, dtype=torch.float64)
    impulse[..., 0] = 1
    states = [torch.zeros_like(impulse), impulse]
    readings = (int(run(cores, states)[0, 0, 0, 0]) for run in (direct, recursive))
    return (*readings, list(range(-(K // 2), 0)))  # type: ignore[return-value]


def _sort_paths(answer: Callable[[int], Any], K: int) -> tuple[Any, Any, Any]:
    """Call the answer; the order in which it names the lost pixels does not matter."""
    given = answer(K)
    if not isinstance(given, list | tuple) or len(given) != 3:
        raise Unfit(f"yours should return (direct, nested, lost), got {show(given)}")
    return given[0], given[1], sorted(numbers(list(given[2]), "lost"))


# 11-code: where the algorithms may differ.


def _mask(N: int, K: int, height: int, width: int) -> Tensor:
    ring = (N - 1) * (K - 1) // 2
    return torch.tensor(
        [
            [
                min(row, height - 1 - row, column, width - 1 - column) < ring
                for column in range(width)
            ]
            for row in range(height)
        ]
    )


def _canvases() -> SearchStrategy[tuple[int, int, int, int]]:
    sides = range(1, 10)
    return draw.among(
        *((N, K, h, w) for h in sides for w in sides for N in (1, 2, 3) for K in (1, 3, 5))
    )


# 11-prove: two polynomials for which cropping is not multiplicative.


@dataclass(frozen=True)
class _Cropped:
    """A product cropped once, at the end, and the same product of cropped factors."""

    p: Polynomial
    q: Polynomial
    once: Polynomial
    every_time: Polynomial


def _multiply(p: Polynomial, q: Polynomial) -> Polynomial:
    product: Polynomial = {}
    for i, a in p.items():
        for j, b in q.items():
            product[i + j] = product.get(i + j, 0) + a * b
    return product


def _crop(p: Polynomial, width: int) -> Polynomial:
    return {exponent: c for exponent, c in p.items() if 0 <= exponent < width and c}


def _crop_both_ways(answer: Callable[[int], Any], width: int) -> _Cropped:
    pair = answer(width)
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        raise Unfit(f"yours should return (p, q), got {show(pair)}")
    for name, polynomial in zip("pq", pair, strict=True):
        if not isinstance(polynomial, dict) or not all(type(e) is int for e in polynomial):
            raise Unfit(f"{name} should be {{exponent: coefficient}}, got {show(polynomial)}")
        numbers(list(polynomial.values()), f"the coefficients of {name}")
    p, q = pair
    once = _crop(_multiply(p, q), width)
    every_time = _crop(_multiply(_crop(p, width), _crop(q, width)), width)
    return _Cropped(p, q, once, every_time)


def _compare_crops(given: _Cropped, expected: None) -> str:
    if given.once != given.every_time:
        return ""
    return f"p = {show(given.p)} and q = {show(given.q)} give {show(given.once)} on both sides"


# 11-measure: share of the canvas, and size of the difference.


def _discrepancy(cores: list[Tensor], states: list[Tensor]) -> tuple[float, float]:
    one, two = direct(cores, states), recursive(cores, states)
    differs = ((one - two).abs() > _EQUAL).any(dim=1)  # a pixel counts once, whatever its channels
    relative = (one - two).square().mean().sqrt() / one.square().mean().sqrt()
    return float(differs.double().mean()), float(relative)


def _histories(channels: int) -> SearchStrategy[draw.Train]:
    """Histories that keep apart the ways to say where two pictures differ."""
    st = strategies()

    def draw_history(draw_one: Any) -> draw.Train:
        vary = draw_one(st.sampled_from(_VARIANTS))
        cores, states = draw_one(draw.trains((2, 3), channels))
        return vary(cores), states

    # Where Φ is zero there is nothing to divide by.
    return st.composite(draw_history)().filter(
        lambda history: bool(direct(*history).abs().amax() > _EQUAL)
    )


_EQUAL = 1e-9  # the exercise's own threshold

_Variant: TypeAlias = Callable[[list[Tensor]], list[Tensor]]


def _some_channels(cores: list[Tensor]) -> list[Tensor]:
    return [torch.cat([cores[0], torch.zeros_like(cores[0])]), *cores[1:]]


def _other_channels(cores: list[Tensor]) -> list[Tensor]:
    return [torch.cat([torch.zeros_like(cores[0]), cores[0]]), *cores[1:]]


def _opposite_channels(cores: list[Tensor]) -> list[Tensor]:
    return [torch.cat([cores[0], 0 - cores[0]]), *cores[1:]]


def _rounded(cores: list[Tensor]) -> list[Tensor]:
    return [0.7 * core for core in cores]


def _barely(cores: list[Tensor]) -> list[Tensor]:
    return [1.5 * _EQUAL * cores[0], *cores[1:]]


_VARIANTS: tuple[_Variant, ...] = (
    list,
    _some_channels,
    _other_channels,
    _opposite_channels,
    *[_rounded] * 3,  # what they refute is rare
    *[_barely] * 3,
)


# 11-break: cores for which the ring is empty. Both algorithms are linear: impulses suffice.


def _disagreement(answer: Any, width: int, i: int, pixel: int) -> tuple[list[float], list[float]]:
    if not isinstance(answer, list | tuple) or len(answer) != 3:
        raise Unfit(f"the answer should be a list of three cores, got {show(answer)}")
    cores = [numbers(core, f"G({n})", 3) for n, core in enumerate(answer, start=1)]
    for n, core in enumerate(cores, start=1):
        if not core[0] and not core[2]:
            raise Unfit(f"G({n}) = {show(core)} holds nothing beside its centre")
        if any(tap != int(tap) or abs(tap) > 9 for tap in core):
            raise Unfit(f"G({n}) should hold whole numbers from -9 to 9, got {show(core)}")
    weights = [torch.tensor(core, dtype=torch.float64).reshape(1, 1, 1, 3) for core in cores]
    states = [torch.zeros(1, 1, 1, width, dtype=torch.float64) for _ in cores]
    states[i - 1][..., pixel] = 1
    one, two = (run(weights, states).flatten().tolist() for run in (direct, recursive))
    return one, two


def _compare_algorithms(given: tuple[list[float], list[float]], expected: None) -> str:
    one, two = given
    if one == two:  # whole numbers: no rounding
        return ""
    return (
        "the states are zero, save a 1 in H(i) at that pixel\n"
        f"Algorithm 1: {show(one)}\nAlgorithm 2: {show(two)}"
    )


def _impulses() -> SearchStrategy[tuple[int, int, int]]:
    # Two steps of one pixel: what happens at one end of seven pixels is blind to the other.
    return draw.among(
        *((w, i, pixel) for w in range(1, 8) for i in (1, 2, 3) for pixel in range(w))
    )


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="11-hand",
        tier="hand",
        arguments=("K",),
        inputs=(lambda: draw.among(*((K,) for K in (1, 3, 5, 7, 9))),),
        reference=_lost_paths,
        evaluate=_sort_paths,
        compare=partial(difference, names=("direct", "nested", "lost")),
    ),
    Exercise(
        name="11-code",
        tier="code",
        arguments=("N", "K", "height", "width"),
        inputs=(_canvases,),
        reference=_mask,
    ),
    Exercise(
        name="11-prove",
        tier="prove",
        arguments=("width",),
        inputs=(lambda: draw.among(*((width,) for width in range(1, 9))),),
        reference=lambda width: None,
        evaluate=_crop_both_ways,
        compare=_compare_crops,
    ),
    Exercise(
        name="11-measure",
        tier="measure",
        arguments=("cores", "states"),
        inputs=(
            lambda: draw.trains((1, 2, 3), 1, entries=(1, 3)),  # nothing cancels
            lambda: _histories(1),
            lambda: _histories(2),
        ),
        reference=_discrepancy,
        compare=partial(difference, names=("share", "size")),
    ),
    Exercise(
        name="11-break",
        tier="break",
        arguments=("width", "i", "pixel"),
        inputs=(_impulses,),
        reference=lambda width, i, pixel: None,
        evaluate=_disagreement,
        compare=_compare_algorithms,
        wants_function=False,
        cases=200,
    ),
)
