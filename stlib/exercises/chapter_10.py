"""Exercises of chapter 10: Horner for films."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import log2
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from stlib.cost import direct_macs, recursive_macs
from stlib.exercises import draw
from stlib.exercises.compare import Unfit, difference, numbers, show
from stlib.exercises.exercise import Exercise
from stlib.exercises.search import strategies
from stlib.tensor_train import Boundary, correlate, direct, kernels, recursive

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["EXERCISES"]


# 10-hand: the widest kernel of each algorithm, counted on kernels that were really built.


def _widths(N: int, K: int) -> tuple[int, int]:
    cores = [torch.ones(1, 1, 1, K) for _ in range(N)]
    return max(core.shape[3] for core in cores), max(built.shape[3] for built in kernels(cores))


def _orders_and_sizes() -> SearchStrategy[tuple[int, int]]:
    return draw.among(*((N, K) for N in range(1, 7) for K in (1, 3, 5, 7)))


# 10-code: any way to evaluate Φ on a circular canvas; the algorithms agree there.


def _evaluate(cores: list[Tensor], states: list[Tensor]) -> Tensor:
    return recursive(cores, states, "circular")


# 10-prove: the three sums of the step from n to n-1.


def _step(
    cores: list[Tensor], states: list[Tensor], n: int, boundary: Boundary
) -> tuple[Tensor, Tensor, Tensor]:
    built = kernels(cores)
    v = [torch.zeros_like(states[-1])]  # V(N), then V(N-1), …
    for core, h in zip(reversed(cores), reversed(states), strict=True):
        v.append(correlate(v[-1] + h, core, boundary))
    v.reverse()  # now v[n] is V(n)
    terms = [correlate(h, k, boundary) for k, h in zip(built, states, strict=True)]
    kept = sum(terms[: n - 1], torch.zeros_like(terms[0]))
    before = correlate(states[n - 1] + v[n], built[n - 1], boundary)
    after = correlate(v[n - 1], built[n - 2], boundary)
    return kept, before, after


def _steps(channels: int, roomy: bool = False) -> SearchStrategy[tuple[Any, ...]]:
    st = strategies()

    def draw_step(draw_one: Any) -> tuple[Any, ...]:
        cores, states = draw_one(draw.trains((2, 3), channels, roomy=roomy))
        n = draw_one(st.integers(2, len(cores)))
        return cores, states, n, draw_one(st.sampled_from(["circular", "zero"]))

    return st.composite(draw_step)()


# 10-measure: local exponents, K = 5, rank 8, 128 outputs.


@dataclass(frozen=True)
class _Growth:
    """MACs of both algorithms for n states and for 2n, and the exponents between them."""

    n: int
    direct: tuple[int, int]
    nested: tuple[int, int]

    @property
    def exponents(self) -> tuple[float, float]:
        return log2(self.direct[1] / self.direct[0]), log2(self.nested[1] / self.nested[0])


def _growth(n: int) -> _Growth:
    ranks = [128] + [8] * (2 * n)
    once, twice = ranks[: n + 1], ranks
    return _Growth(
        n,
        (direct_macs(5, once, 1), direct_macs(5, twice, 1)),
        (recursive_macs(5, once, 1), recursive_macs(5, twice, 1)),
    )


def _compare_exponents(given: Any, expected: _Growth) -> str:
    fault = difference(given, expected.exponents, names=("direct", "nested"))
    if not fault:
        return ""
    lines = [
        f"{name} MACs a pixel: {once} at N = {expected.n}, {twice} at N = {2 * expected.n}"
        for name, (once, twice) in (("direct", expected.direct), ("nested", expected.nested))
    ]
    return "\n".join([fault, *lines])


# 10-break: the smallest history that a missing flip cannot survive.


@dataclass(frozen=True)
class _Exposure:
    """What Algorithm 1 reads with and without the flip, and how large the history is."""

    flipped: Tensor
    unflipped: Tensor
    order: int
    pixels: int
    entries: int


def _unflipped(outer: Tensor, inner: Tensor) -> Tensor:
    full = (outer.shape[2] - 1, outer.shape[3] - 1)
    return F.conv2d(inner.transpose(0, 1), outer, padding=full).transpose(0, 1)


def _exposure(answer: Any) -> _Exposure:
    if not isinstance(answer, list | tuple) or len(answer) != 2:
        raise Unfit(f"the answer should be (cores, states), got {show(answer)}")
    if not all(isinstance(part, list | tuple) and part for part in answer):
        raise Unfit(f"cores and states should be lists of lists, got {show(answer)}")
    cores = [numbers(core, f"G({i})", 3) for i, core in enumerate(answer[0], start=1)]
    states = [numbers(h, f"H({i})") for i, h in enumerate(answer[1], start=1)]
    if len(cores) != len(states):
        raise Unfit(f"{len(cores)} cores need as many states, got {len(states)}")
    if not states[0] or any(len(h) != len(states[0]) for h in states):
        raise Unfit(f"the states should be equally long, got {show(states)}")
    weights, canvases = _rows(cores), _rows(states)
    wrong = [
        correlate(h, k, "circular")
        for k, h in zip(kernels(weights, _unflipped), canvases, strict=True)
    ]
    entries = int(np.count_nonzero(cores) + np.count_nonzero(states))
    right = direct(weights, canvases, "circular")
    return _Exposure(right, torch.stack(wrong).sum(0), len(cores), len(states[0]), entries)


def _rows(lists: list[list[float]]) -> list[Tensor]:
    return [torch.tensor(row, dtype=torch.float64).reshape(1, 1, 1, -1) for row in lists]


def _compare_exposures(given: _Exposure, expected: None) -> str:
    if torch.allclose(given.flipped, given.unflipped):
        return f"with and without the flip Φ reads {show(given.flipped.flatten().tolist())}"
    # Two cores to have something to flip, three pixels to tell left from right on a circle, and
    # one number each in G(1), G(2) and H(2), without which K(2) or its term is zero.
    for name, count, least in (
        ("cores", given.order, 2),
        ("pixels", given.pixels, 3),
        ("non-zero numbers", given.entries, 3),
    ):
        if count > least:
            return f"it shows the mistake, and so does one with fewer than {count} {name}"
    return ""


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="10-hand",
        tier="hand",
        arguments=("N", "K"),
        inputs=(_orders_and_sizes,),
        reference=_widths,
        compare=partial(difference, names=("nested", "direct")),
    ),
    Exercise(
        name="10-code",
        tier="code",
        arguments=("cores", "states"),
        inputs=(
            lambda: draw.trains((1, 2, 3), 1, roomy=True),
            lambda: draw.trains((1, 2, 3), 2, roomy=True),
            lambda: draw.trains((1, 2, 3), 1),
            lambda: draw.trains((1, 2, 3), 2),
        ),
        reference=_evaluate,
        cases=60,
    ),
    Exercise(
        name="10-prove",
        tier="prove",
        arguments=("cores", "states", "n", "boundary"),
        inputs=(lambda: _steps(1, roomy=True), lambda: _steps(2, roomy=True), lambda: _steps(2)),
        reference=_step,
        compare=partial(difference, names=("kept", "before", "after")),
        cases=40,
    ),
    Exercise(
        name="10-measure",
        tier="measure",
        arguments=("n",),
        inputs=(lambda: draw.among(*((n,) for n in range(1, 33))),),
        reference=_growth,
        compare=_compare_exponents,
    ),
    Exercise(
        name="10-break",
        tier="break",
        arguments=(),
        inputs=(lambda: strategies().just(()),),
        reference=lambda: None,
        evaluate=_exposure,
        compare=_compare_exposures,
        wants_function=False,
    ),
)
