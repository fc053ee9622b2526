"""Exercises of chapter 14: three ways to see further."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any, TypeAlias

from stlib.exercises import draw
from stlib.exercises.compare import Unfit, difference, numbers, show
from stlib.exercises.exercise import Exercise
from stlib.exercises.search import strategies
from stlib.receptive_field import Layer, field

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["EXERCISES"]

# 14-hand: two conventions for a pool. The answer is two lists, the input is a map's place.

_MAPS = ("first convolution", "first pool", "second convolution", "second pool", "last convolution")
_KERNEL, _POOL = Layer(3), Layer(1, pool=2)
_CHAIN = (_KERNEL, _POOL, _KERNEL, _POOL, _KERNEL)


def _by_lists(answer: Any, place: int) -> tuple[float, float]:
    if not isinstance(answer, list | tuple) or len(answer) != 2:
        raise Unfit(f"the answer should be (windows, seconds), got {show(answer)}")
    windows, seconds = (
        numbers(row, name, len(_MAPS))
        for row, name in zip(answer, ("windows", "seconds"), strict=True)
    )
    return windows[place], seconds[place]


def _by_chain(place: int) -> tuple[int, int]:
    chain = _CHAIN[: place + 1]
    second = [Layer(1, stride=2) if layer == _POOL else layer for layer in chain]
    return field(chain).size, field(second).size


def _compare_sizes(given: tuple[float, float], expected: tuple[int, int]) -> str:
    """Say in which direction, not how far: the number would be the answer."""
    for name, yours, right in zip(("windows", "seconds"), given, expected, strict=True):
        if yours != right:
            way = "more" if yours < right else "fewer"
            return f"{name}: you say {show(yours)}, but a pixel there reads {way}"
    return ""


# 14-code: the pixels read, on a canvas with edges.

_Read: TypeAlias = tuple[list[tuple[int, int, int, int]], int, int]


def _sides(layers: Sequence[tuple[int, int, int, int]], size: int) -> list[int]:
    """Pixels of the frame, of the first convolution, of its pool, of the second convolution, …"""
    sides = [size]
    for _, stride, _, pool in layers:
        sides.append((sides[-1] - 1) // stride + 1)
        sides.append(-(-sides[-1] // pool))
    return sides


def _pixels(layers: Sequence[tuple[int, int, int, int]], size: int, at: int) -> list[int]:
    sides = _sides(layers, size)
    places = {at}
    for number in reversed(range(len(layers))):
        kernel, stride, dilation, pool = layers[number]
        below, between = sides[2 * number], sides[2 * number + 1]
        places = {p * pool + j for p in places for j in range(pool) if p * pool + j < between}
        taps = [dilation * (j - kernel // 2) for j in range(kernel)]
        places = {p * stride + tap for p in places for tap in taps if 0 <= p * stride + tap < below}
    return sorted(places)


def _chains(most: int) -> Callable[[], SearchStrategy[_Read]]:
    """Up to so many layers, a canvas, and an output pixel that is on it."""

    def strategy() -> SearchStrategy[_Read]:
        st = strategies()
        small = st.integers(1, 3)
        layer = st.tuples(st.sampled_from([1, 3, 5]), small, small, small)

        def draw_read(draw_one: Any) -> _Read:
            layers = draw_one(st.lists(layer, min_size=1, max_size=most))
            size = draw_one(st.integers(1, 15))
            return layers, size, draw_one(st.integers(0, _sides(layers, size)[-1] - 1))

        return st.composite(draw_read)()

    return strategy


# 14-prove: the size in closed form.


def _size(k: int, p: int, n: int) -> int:
    return field([*[Layer(k, pool=p)] * n, Layer(k)]).size


# 14-measure: width and deviation of uniform kernels below and above a pool.


def _weights(below: int, above: int, p: int) -> tuple[int, float]:
    width = field([*[_KERNEL] * below, Layer(1, pool=p), *[_KERNEL] * above]).size
    variance = below * 2 / 3 + (p * p - 1) / 12 + p * p * above * 2 / 3
    return width, float(variance**0.5)


def _around() -> SearchStrategy[tuple[int, int, int]]:
    return draw.among(*sorted(product(range(4), range(4), (1, 2, 3)), key=sum))


# 14-break: a network that a pool of two widens by less than a factor.

_LARGEST = 100_000


def _fault(answer: Callable[[float], Any], factor: float) -> str:
    below, above = numbers(answer(factor), "(below, above)", 2)
    if not (below.is_integer() and above.is_integer()):
        raise Unfit(f"layers are whole numbers, got {show(below)} and {show(above)}")
    if not (1 <= above <= _LARGEST and 0 <= below <= _LARGEST):
        raise Unfit(f"from 0 layers below and 1 above to {_LARGEST}, got {below:g} and {above:g}")
    before = 1 + 2 * (int(below) + int(above))
    after = before + 2 * int(above) + 1
    if Fraction(after, before) < Fraction(str(factor)):
        return ""
    return f"{before} pixels without the pool, {after} with it: {after / before:.3f} times as many"


def _said(given: str, expected: None) -> str:
    return given


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="14-hand",
        tier="hand",
        arguments=("map",),
        inputs=(lambda: draw.among(*((place,) for place in range(len(_MAPS)))),),
        reference=_by_chain,
        evaluate=_by_lists,
        compare=_compare_sizes,
        wants_function=False,
    ),
    Exercise(
        name="14-code",
        tier="code",
        arguments=("layers", "size", "at"),
        inputs=(_chains(1), _chains(3)),
        reference=_pixels,
        cases=80,
    ),
    Exercise(
        name="14-prove",
        tier="prove",
        arguments=("k", "p", "n"),
        inputs=(lambda: draw.among(*product((1, 3, 5, 7), (1, 2, 3), range(5))),),
        reference=_size,
        cases=60,
    ),
    Exercise(
        name="14-measure",
        tier="measure",
        arguments=("below", "above", "p"),
        inputs=(_around,),
        reference=_weights,
        compare=partial(difference, names=("width", "deviation")),
        cases=48,
    ),
    Exercise(
        name="14-break",
        tier="break",
        arguments=("factor",),
        inputs=(lambda: draw.among(*((f,) for f in (1.9, 1.75, 1.5, 1.25, 1.1, 1.01))),),
        reference=lambda factor: None,
        evaluate=_fault,
        compare=_said,
    ),
)
