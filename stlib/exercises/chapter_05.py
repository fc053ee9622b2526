"""Exercises of chapter 5: ConvLSTM."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from stlib.cells import ConvLSTM
from stlib.exercises import draw
from stlib.exercises.compare import Unfit, difference, numbers, show
from stlib.exercises.exercise import Exercise
from stlib.exercises.search import strategies

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["EXERCISES"]

_Size: TypeAlias = tuple[int, int]  # height and width


# 5-hand: walk with the forget gate half open. The answer is a kernel, the inputs are memories.


def _half_kept(answer: Any, memory: list[int]) -> list[float]:
    """One step with i = o = 1, f = 1/2 and no tanh, a pixel more on either side."""
    left, here, right = numbers(answer, "the kernel", 3)
    c = np.pad(np.array(memory, dtype=float), 2)
    g = left * c[:-2] + here * c[1:-1] + right * c[2:]
    return (c[1:-1] / 2 + g).tolist()


def _walked(memory: list[int]) -> list[float]:
    return [0.0, 0.0, *map(float, memory)]


def _compare_memories(given: list[float], expected: list[float]) -> str:
    """Name the first pixel that differs, and no other: all of them would be the answer."""
    wrong = np.flatnonzero(~np.isclose(given, expected))
    if not wrong.size:
        return ""
    pixel = int(wrong[0])
    return (
        f"after one step pixel {pixel - 1} holds {show(given[pixel])}, "
        f"it should hold {show(expected[pixel])}"
    )


# 5-code: one step from convolutions.


def _step(
    x: Tensor, h: Tensor, c: Tensor, Wx: Tensor, Wh: Tensor, bias: Tensor
) -> tuple[Tensor, Tensor]:
    maps = F.conv2d(x, Wx, bias, padding="same") + F.conv2d(h, Wh, padding="same")
    i, f, g, o = maps.chunk(4, dim=1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def _pair(answer: Callable[..., Any], *inputs: Any) -> tuple[Any, Any]:
    given = answer(*inputs)
    if not isinstance(given, list | tuple) or len(given) != 2:
        raise Unfit(f"yours should return (h, c), got {show(given)}")
    return given[0], given[1]


def _steps(canvas: _Size, taps: _Size) -> SearchStrategy[tuple[Tensor, ...]]:
    """One channel, in halves that shrink; no gate is driven to its end."""
    st = strategies()

    def tensor(shape: tuple[int, ...]) -> SearchStrategy[Tensor]:
        halves = st.lists(st.integers(-2, 2), min_size=prod(shape), max_size=prod(shape))
        return halves.map(lambda ns: torch.tensor(ns, dtype=torch.float64).reshape(shape) / 2)

    return st.tuples(*map(tensor, _shapes(1, 1, canvas, taps)))


def _any_steps() -> SearchStrategy[tuple[Tensor, ...]]:
    """Up to two channels and two axes, drawn in one go from a seed: quick, and hard to read."""
    st = strategies()

    def halves(case: tuple[int, int, _Size, _Size, int]) -> tuple[Tensor, ...]:
        inputs, outputs, canvas, taps, seed = case
        generator = torch.Generator().manual_seed(seed)
        return tuple(
            torch.randint(-2, 3, shape, generator=generator).double() / 2
            for shape in _shapes(inputs, outputs, canvas, taps)
        )

    channels = st.integers(1, 2)
    canvases = st.sampled_from(((1, 1), (1, 2), (2, 3)))
    kernels = st.sampled_from(((1, 1), (1, 3), (3, 1), (3, 3)))
    return st.tuples(channels, channels, canvases, kernels, st.integers(0, 99)).map(halves)


def _shapes(inputs: int, outputs: int, canvas: _Size, taps: _Size) -> list[tuple[int, ...]]:
    pictures = [(1, inputs, *canvas), (1, outputs, *canvas), (1, outputs, *canvas)]
    return [*pictures, (4 * outputs, inputs, *taps), (4 * outputs, outputs, *taps), (4 * outputs,)]


# 5-prove: the table behind 'shifts pass through'.


def _terms(kernel: list[int], row: list[int]) -> list[list[int]]:
    radius = len(kernel) // 2
    return [
        [w * row[(p + k - radius) % len(row)] for k, w in enumerate(kernel)]
        for p in range(len(row))
    ]


def _circles() -> SearchStrategy[tuple[list[int], list[int]]]:
    st = strategies()
    taps = st.sampled_from([1, 3, 5]).flatmap(
        lambda size: st.lists(st.integers(-3, 3), min_size=size, max_size=size)
    )
    return st.tuples(taps, draw.digits(5))


# 5-measure: how far the border has come.


def _untouched(layers: int, steps: int, kernel: int, width: int) -> int:
    return max(0, width - 2 * (layers + steps - 1) * (kernel // 2))


def _canvases() -> SearchStrategy[tuple[int, int, int, int]]:
    return draw.among(
        *(
            (layers, steps, kernel, width)
            for layers in (1, 2, 3)
            for steps in (1, 2, 3)
            for kernel in (1, 3, 5)
            for width in (5, 12)
        )
    )


# 5-break: two films that no 3-wide layer tells apart at one pixel, and that go on differently.

_Track: TypeAlias = tuple[int, int]  # where the bright pixel starts, and its speed


@dataclass(frozen=True)
class _Verdict:
    """What a cell says at the pixel for the two films, and what the next frames show there."""

    said: tuple[float, float]
    next_frames: tuple[int, int]


def _whole(value: Any, what: str) -> int:
    number = numbers([value], what)[0]
    if number != int(number):
        raise Unfit(f"{what} should be a whole number, got {show(value)}")
    return int(number)


def _track(value: Any, what: str, steps: int, width: int) -> _Track:
    start, speed = (_whole(number, what) for number in numbers(value, what, 2))
    for t in (0, steps):
        if not 0 <= start + speed * t < width:
            raise Unfit(
                f"{what} = {show((start, speed))} is at pixel {start + speed * t} in frame {t}, "
                f"off a canvas of {width}"
            )
    return start, speed


def _tell_apart(answer: Callable[[int, int], Any], steps: int, width: int) -> _Verdict:
    given = answer(steps, width)
    if not isinstance(given, list | tuple) or len(given) != 3:
        raise Unfit(f"yours should return (one, other, pixel), got {show(given)}")
    tracks = [_track(given[n], name, steps, width) for n, name in enumerate(("one", "other"))]
    pixel = _whole(given[2], "pixel")
    if not 0 <= pixel < width:
        raise Unfit(f"pixel {pixel} is not on a canvas of {width}")
    one, other = (_say(track, steps, width, pixel) for track in tracks)
    following = [int(start + speed * steps == pixel) for start, speed in tracks]
    return _Verdict((one, other), (following[0], following[1]))


def _say(track: _Track, steps: int, width: int, pixel: int) -> float:
    """What a cell with positive weights says at the pixel after it has read the whole film."""
    cell = ConvLSTM(1, 1, kernel=3).double()
    state, h = None, torch.zeros(1, 1, 1, width)
    with torch.no_grad():
        for weight in cell.parameters():
            weight.fill_(0.5)
        for t in range(steps):
            frame = torch.zeros(1, 1, 1, width, dtype=torch.float64)
            frame[..., track[0] + track[1] * t] = 1
            h, state, _ = cell(frame, state)
    return float(h[0, 0, 0, pixel])


def _compare_films(given: _Verdict, expected: None) -> str:
    if given.next_frames[0] == given.next_frames[1]:
        return f"at your pixel the next frame is {given.next_frames[0]} in both films"
    one, other = given.said
    if abs(one - other) > 1e-12:
        return (
            "a cell whose parameters are all 0.5 tells your films apart: at your pixel it says "
            f"{one:.6f} and {other:.6f}"
        )
    return ""


def _films() -> SearchStrategy[tuple[int, int]]:
    return draw.among(
        *((steps, width) for steps in range(1, 5) for width in range(2 * steps + 1, 13))
    )


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="5-hand",
        tier="hand",
        arguments=("memory",),
        inputs=(lambda: strategies().tuples(draw.digits(4)),),
        reference=_walked,
        evaluate=_half_kept,
        compare=_compare_memories,
        wants_function=False,
    ),
    Exercise(
        name="5-code",
        tier="code",
        arguments=("x", "h", "c", "Wx", "Wh", "bias"),
        inputs=(
            lambda: _steps((1, 1), (1, 1)),
            lambda: _steps((1, 2), (1, 3)),
            _any_steps,
        ),
        reference=_step,
        evaluate=_pair,
        compare=partial(difference, names=("h", "c")),
        cases=60,
    ),
    Exercise(
        name="5-prove",
        tier="prove",
        arguments=("kernel", "row"),
        inputs=(_circles,),
        reference=_terms,
    ),
    Exercise(
        name="5-measure",
        tier="measure",
        arguments=("layers", "steps", "kernel", "width"),
        inputs=(_canvases,),
        reference=_untouched,
        cases=54,
    ),
    Exercise(
        name="5-break",
        tier="break",
        arguments=("steps", "width"),
        inputs=(_films,),
        reference=lambda steps, width: None,
        evaluate=_tell_apart,
        compare=_compare_films,
    ),
)
