"""Exercises of chapter 17: what layers say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from stlib.exercises import draw
from stlib.exercises.compare import Unfit, difference, numbers, show
from stlib.exercises.exercise import Exercise
from stlib.exercises.search import strategies
from stlib.layer_outputs import channel_rms, fit_readout, foreground_area, lens, radial_spectrum

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["EXERCISES"]


# 17-hand: a bar under a pool of 4, and a row doubled. The inputs are places of the answer.

_BAR, _POOL, _ROW = 3, 4, (0, 0, 8, 4)


@dataclass(frozen=True)
class _Entry:
    """One number of the answer, and which it is."""

    what: str
    value: float


def _entry_of(answer: Any, part: str, place: int) -> _Entry:
    if not isinstance(answer, list | tuple) or len(answer) != 2:
        raise Unfit(f"the answer should be (widths, row), got {show(answer)}")
    widths, row = numbers(answer[0], "widths", _POOL), numbers(answer[1], "the row", 2 * len(_ROW))
    return _Entry(part, (widths if part == "widths" else row)[place])


def _right_entry(part: str, place: int) -> _Entry:
    if part == "row":
        doubled = F.interpolate(torch.tensor([[_ROW]]).double(), scale_factor=2, mode="linear")
        return _Entry(part, float(doubled[0, 0, place]))
    bar = torch.zeros(1, 1, 4 * _POOL)
    bar[..., _POOL + place : _POOL + place + _BAR] = 1
    return _Entry(part, float(F.max_pool1d(bar, _POOL).sum()) * _POOL)


def _compare_entries(given: _Entry, expected: _Entry) -> str:
    """Name the entry that is wrong; what is right would be the answer."""
    if abs(given.value - expected.value) < 1e-6:
        return ""
    where = "a bar that begins there" if expected.what == "widths" else "the doubled row there"
    return f"{show(given.value)} is not what {where} has"


# 17-code: energy by ring.


def _rings(picture: Tensor) -> list[float]:
    found: list[float] = radial_spectrum(picture).tolist()
    return found


def _pictures(most: int) -> SearchStrategy[tuple[Tensor]]:
    """A square picture of small whole numbers."""
    st = strategies()

    def draw_picture(draw_one: Any) -> tuple[Tensor]:
        side = draw_one(st.integers(1, most))
        values = draw_one(st.lists(st.integers(-2, 2), min_size=side**2, max_size=side**2))
        return (torch.tensor(values, dtype=torch.float64).reshape(side, side),)

    return st.composite(draw_picture)()


# 17-prove: how strongly each wave survives when every pixel is written s times.


def _copied(n: int, s: int) -> list[float]:
    """From the transform of an impulse, which holds every wave of n pixels equally."""
    impulse = np.zeros(n)
    impulse[0] = n
    waves = np.abs(np.fft.fft(np.repeat(impulse, s))) / (n * s)
    return [float(wave) for wave in waves[: n * s // 2 + 1]]


# 17-measure: the least error of any 1x1 readout with a bias.


def _read_off(h: Tensor, frames: Tensor) -> float:
    found = lens(fit_readout(h, frames), h)
    return float((found - frames).square().mean())


def _layers(clips: int, channels: int, side: int) -> SearchStrategy[tuple[Tensor, Tensor]]:
    """What a layer says of some frames, and the frames, in small whole numbers."""
    st = strategies()

    def tensor(draw_one: Any, *shape: int) -> Tensor:
        count = prod(shape)
        values = draw_one(st.lists(st.integers(-2, 2), min_size=count, max_size=count))
        return torch.tensor(values, dtype=torch.float64).reshape(shape)

    def draw_layer(draw_one: Any) -> tuple[Tensor, Tensor]:
        size = [draw_one(st.integers(1, most)) for most in (clips, channels, side)]
        return (
            tensor(draw_one, size[0], size[1], size[2], size[2]),
            tensor(draw_one, size[0], 1, size[2], size[2]),
        )

    return st.composite(draw_layer)()


# 17-break: flat, untrained, and coarse to fine in every picture.

_SIDE = 32


def _faked(answer: Callable[[int], Any], depth: int, row: int, column: int) -> str:
    """What gives the fake away; '' if nothing does."""
    kernels = answer(depth)
    if not isinstance(kernels, list | tuple) or len(kernels) != depth:
        raise Unfit(f"{depth} kernels are wanted, got {show(kernels)}")
    frame = torch.zeros(1, 1, _SIDE, _SIDE, dtype=torch.float64)
    frame[..., row : row + 3, column : column + 2] = 1
    x, last = torch.cat([frame, torch.zeros_like(frame)], dim=1), float("inf")
    for layer, kernel in enumerate(kernels):
        if not isinstance(kernel, Tensor) or kernel.ndim != 4 or tuple(kernel.shape[:2]) != (2, 2):
            raise Unfit(f"each kernel should be a tensor [2, 2, k, k], got {show(kernel)}")
        if kernel.shape[2] != kernel.shape[3] or kernel.shape[2] % 2 == 0:
            raise Unfit(f"each kernel should be square and odd, got {list(kernel.shape)}")
        x = F.conv2d(x, kernel.double(), padding=kernel.shape[-1] // 2)
        area = float(foreground_area(channel_rms(x))) * _SIDE**2
        if not torch.allclose(x[:, :1], frame, atol=1e-9):
            return f"channel 0 of layer {layer} is not the frame any more"
        if area >= last:
            return f"layer {layer} shows {area:g} bright pixels, the layer before {last:g}"
        last = area
    return ""


def _said(given: str, expected: None) -> str:
    return given


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="17-hand",
        tier="hand",
        arguments=("part", "place"),
        inputs=(
            lambda: draw.among(
                *(("widths", place) for place in range(_POOL)),
                *(("row", place) for place in range(2 * len(_ROW))),
            ),
        ),
        reference=_right_entry,
        evaluate=_entry_of,
        compare=_compare_entries,
        wants_function=False,
    ),
    Exercise(
        name="17-code",
        tier="code",
        arguments=("picture",),
        inputs=(lambda: _pictures(2), lambda: _pictures(6)),
        reference=_rings,
        cases=40,
    ),
    Exercise(
        name="17-prove",
        tier="prove",
        arguments=("n", "s"),
        inputs=(lambda: draw.among(*((n, s) for n in range(1, 7) for s in range(1, 5))),),
        reference=_copied,
        compare=difference,
        cases=24,
    ),
    Exercise(
        name="17-measure",
        tier="measure",
        arguments=("h", "frames"),
        inputs=(lambda: _layers(1, 1, 2), lambda: _layers(3, 3, 4)),
        reference=_read_off,
        cases=40,
    ),
    Exercise(
        name="17-break",
        tier="break",
        arguments=("depth", "row", "column"),
        inputs=(
            lambda: draw.among(
                *(
                    (depth, row, column)
                    for depth in (1, 2, 3, 4)
                    for row, column in ((14, 15), (12, 17))
                )
            ),
        ),
        reference=lambda depth, row, column: None,
        evaluate=_faked,
        compare=_said,
    ),
)
