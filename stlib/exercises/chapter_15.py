"""Exercises of chapter 15: what a cell costs."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from stlib.exercises import draw
from stlib.exercises.compare import Unfit, difference, numbers, show
from stlib.exercises.exercise import Exercise
from stlib.exercises.search import strategies
from stlib.scale_cost import CONV_LSTM, MK_LSTM, interpolated, network_macs, pixels
from stlib.tally import MACS, PROFILER, tally

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["EXERCISES"]


# 15-hand: both units, two channels, on a map of 4x4.

NAMES = ("weights", "MACs", "FLOPs")


def _by_hand(answer: Any, unit: str) -> list[float]:
    if not isinstance(answer, dict) or unit not in answer:
        raise Unfit(f"the answer should be a dict with an entry {unit!r}, got {show(answer)}")
    return numbers(answer[unit], unit, 3)


def _by_count(unit: str) -> list[float]:
    weights = {"ConvLSTM": CONV_LSTM, "MK-LSTM": MK_LSTM}[unit].weights * 2**2
    return [weights, weights * 16, 2 * weights * 16]


def _compare_counts(given: list[float], expected: list[float]) -> str:
    """Name the first that is wrong; what is right would be the answer."""
    for name, mine, right in zip(NAMES, given, expected, strict=True):
        if mine != right:
            way = "many" if mine > right else "few"
            return f"{name}: {show(mine)} is too {way}"
    return ""


# 15-code: a chain of convolutions with strides, on a frame of any size.


def _count(layers: list[tuple[int, int, int, int]], height: int, width: int) -> tuple[int, int]:
    stored = macs = 0
    for inputs, outputs, kernel, stride in layers:
        height, width = -(-height // stride), -(-width // stride)
        stored += outputs * (inputs * kernel**2 + 1)
        macs += outputs * inputs * kernel**2 * height * width
    return stored, macs


def _chains(longest: int, widest: int) -> SearchStrategy[tuple[Any, ...]]:
    st = strategies()

    def draw_chain(draw_one: Any) -> tuple[Any, ...]:
        channels = draw_one(st.lists(st.integers(1, 3), min_size=2, max_size=longest + 1))
        layers = [
            (inputs, outputs, draw_one(st.sampled_from((1, 3, 5))), draw_one(st.integers(1, 2)))
            for inputs, outputs in pairwise(channels)
        ]
        return layers, draw_one(st.integers(1, widest)), draw_one(st.integers(1, widest))

    return st.composite(draw_chain)()


# 15-prove: what a pyramid of any depth costs, when its pools are any size.


def _full_layers(n: int, s: int) -> Fraction:
    return sum((Fraction(2, s ** (2 * j)) for j in range(n)), Fraction(0))


def _exactly(answer: Callable[[int, int], Any], n: int, s: int) -> Any:
    value = answer(n, s)
    return float(value) if isinstance(value, Fraction) else value


# 15-measure: what the profiler counts for MS-LSTM.


def _profiled(side: int, steps: int) -> int:
    macs = network_macs(MK_LSTM, 32, pixels(3, side, side), side, side)
    return int(steps * (macs + PROFILER.bilinear * interpolated(32, 3, side, side)))


# 15-break: a convolution of which no counter knows.


class _Heard(NamedTuple):
    """What an answer computed, and how many MACs were heard."""

    value: Any
    macs: int


def _overheard(answer: Callable[[Tensor, Tensor], Any], x: Tensor, weight: Tensor) -> _Heard:
    said: list[Any] = []
    counted = tally(lambda: said.append(answer(x, weight)))
    return _Heard(said[0], MACS.total(counted))


def _compare_heard(given: _Heard, expected: Tensor) -> str:
    fault = difference(given.value, expected)
    if fault:
        return fault
    return f"the right map, but the counter heard {given.macs} MACs" if given.macs else ""


def _maps() -> SearchStrategy[tuple[Tensor, Tensor]]:
    st = strategies()

    def tensor(draw_one: Any, *shape: int) -> Tensor:
        count = int(torch.Size(shape).numel())
        entries = draw_one(st.lists(st.integers(-2, 2), min_size=count, max_size=count))
        return torch.tensor(entries, dtype=torch.float64).reshape(shape)

    def draw_maps(draw_one: Any) -> tuple[Tensor, Tensor]:
        inputs, outputs = draw_one(st.integers(1, 2)), draw_one(st.integers(1, 2))
        height, width = draw_one(st.integers(1, 2)), draw_one(st.integers(1, 3))
        return (
            tensor(draw_one, 1, inputs, height, width),
            tensor(draw_one, outputs, inputs, 3, 3),
        )

    return st.composite(draw_maps)()


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="15-hand",
        tier="hand",
        arguments=("unit",),
        inputs=(lambda: draw.among(("ConvLSTM",), ("MK-LSTM",)),),
        reference=_by_count,
        evaluate=_by_hand,
        compare=_compare_counts,
        wants_function=False,
    ),
    Exercise(
        name="15-code",
        tier="code",
        arguments=("layers", "height", "width"),
        inputs=(lambda: _chains(1, 3), lambda: _chains(3, 9)),
        reference=_count,
        compare=lambda given, expected: difference(given, expected, names=("parameters", "MACs")),
        cases=30,
    ),
    Exercise(
        name="15-prove",
        tier="prove",
        arguments=("n", "s"),
        inputs=(lambda: draw.among(*((n, s) for n, s in product((1, 2, 3, 5), (2, 3)))),),
        reference=lambda n, s: float(_full_layers(n, s)),
        evaluate=_exactly,
    ),
    Exercise(
        name="15-measure",
        tier="measure",
        arguments=("side", "steps"),
        inputs=(lambda: draw.among(*product((4, 12), (1, 7))),),
        reference=_profiled,
        cases=4,
    ),
    Exercise(
        name="15-break",
        tier="break",
        arguments=("x", "weight"),
        inputs=(_maps,),
        reference=lambda x, weight: F.conv2d(x, weight, padding=1),
        evaluate=_overheard,
        compare=_compare_heard,
        cases=25,
    ),
)
