"""Exercises of chapter 18: a filter in atoms."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from stlib.exercises import draw
from stlib.exercises.compare import Unfit, numbers, show
from stlib.exercises.exercise import Exercise
from stlib.exercises.search import strategies
from stlib.joint_cost import Layer, joint_macs, whole_weights
from stlib.joint_filter import (
    JointFilter,
    coefficients_for,
    distance,
    joint_convolution,
    joint_filter,
    nearest_joint,
)

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["EXERCISES"]

MIDDLE, DIFFERENCE = (0.0, 1.0, 0.0), (-1.0, 0.0, 1.0)
ATOMS = torch.tensor([MIDDLE, DIFFERENCE], dtype=torch.float64)  # of space, and of time


# 18-hand: three films of three frames and three pixels, in two spatial and two temporal atoms.

FILMS = {
    "flip": ((0, -1, 0), (0, 0, 0), (0, 1, 0)),
    "rest": ((0, 1, 0), (0, 1, 0), (0, 1, 0)),
    "bar": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
}
PLACES = ("entry 1, 1", "entry 1, 2", "entry 2, 1", "entry 2, 2", "squared length left")


def _by_hand(answer: Any, film: str) -> list[float]:
    if not isinstance(answer, dict) or film not in answer:
        raise Unfit(f"the answer should be a dict with an entry {film!r}, got {show(answer)}")
    return numbers(answer[film], film, 5)


def _by_least_squares(film: str) -> list[float]:
    filter = torch.tensor(FILMS[film], dtype=torch.float64)[None, None, :, None]
    alpha = coefficients_for(filter, ATOMS[:, None], ATOMS)
    left = (filter - joint_filter(ATOMS[:, None], ATOMS, alpha)).square().sum()
    return [*alpha.flatten().tolist(), float(left)]


def _compare_films(given: list[float], expected: list[float]) -> str:
    """Name the first that is wrong; what is right would be the answer."""
    for name, mine, right in zip(PLACES, given, expected, strict=True):
        if not np.isclose(mine, right):
            return f"{name}: {show(mine)} is too {'large' if mine > right else 'small'}"
    return ""


# 18-code: three convolutions in place of one.


def _three(clip: Tensor, spatial: Tensor, temporal: Tensor, coefficients: Tensor) -> Tensor:
    return joint_convolution(clip, JointFilter(spatial, temporal, coefficients), way="filter")


def _clips(most: int) -> SearchStrategy[tuple[Any, ...]]:
    st = strategies()

    def tensor(draw_one: Any, *shape: int) -> Tensor:
        count = int(torch.Size(shape).numel())
        entries = draw_one(st.lists(st.integers(-2, 2), min_size=count, max_size=count))
        return torch.tensor(entries, dtype=torch.float64).reshape(shape)

    def draw_clip(draw_one: Any) -> tuple[Tensor, ...]:
        inputs, outputs, m, n = (draw_one(st.integers(1, most)) for _ in range(4))
        time, width = (draw_one(st.sampled_from((1, 3))) for _ in range(2))
        frames, pixels = draw_one(st.integers(1, most)), draw_one(st.integers(1, most))
        return (
            tensor(draw_one, 1, inputs, frames, 1, pixels),
            tensor(draw_one, m, 1, width),
            tensor(draw_one, n, time),
            tensor(draw_one, outputs, inputs, m, n),
        )

    return st.composite(draw_clip)()


# 18-prove: which way a detector of middle and difference prefers.


def _gap(alpha: list[list[int]]) -> float:
    """The energy of a bar to the right less that of one to the left, by sliding."""
    detector = np.einsum("ij,ix,jt->tx", alpha, ATOMS.numpy(), ATOMS.numpy())
    right, left = (
        sum(np.trace(each, place) ** 2 for place in range(-2, 3))
        for each in (detector, detector[:, ::-1])
    )
    return float(right - left)


# 18-measure: from how many outputs on three convolutions take fewer MACs.


def _outputs(m: int, n: int, k: int, t: int) -> int:
    layers = (Layer(1, outputs, t, k) for outputs in range(1, 1000))
    paying = (each for each in layers if joint_macs(each, m, n) < whole_weights(each))
    return next((int(layer.outputs) for layer in paying), 0)


# 18-break: the filter that loses most.


class _Lost(NamedTuple):
    """What of a filter is left out by its nearest atoms, and the most that can be."""

    lost: float
    most: float


def _worst(m: int, n: int) -> _Lost:
    most = (1 - m * n / 27) ** 0.5
    return _Lost(most, most)


def _measured(answer: Callable[[int, int], Any], m: int, n: int) -> _Lost:
    filter = answer(m, n)
    if not isinstance(filter, Tensor) or filter.ndim != 5 or filter.shape[2:] != (3, 3, 3):
        shape = list(filter.shape) if isinstance(filter, Tensor) else type(filter).__name__
        raise Unfit(f"a tensor [outputs, inputs, 3, 3, 3] is wanted, got {shape}")
    if max(filter.shape[:2]) > 64:
        raise Unfit(f"at most 64 channels on a side are wanted, got {list(filter.shape[:2])}")
    filter = filter.double()
    if not 0 < float(filter.norm()) < float("inf"):
        raise Unfit(f"a filter with a length is wanted, got one of {float(filter.norm())}")
    lost = float(distance(filter, joint_filter(*nearest_joint(filter, m, n))))
    return _Lost(lost, (1 - m * n / 27) ** 0.5)


def _compare_lost(given: _Lost, expected: _Lost) -> str:
    if given.lost > expected.most - 1e-6:
        return ""
    return f"yours loses {given.lost:.4f} of its length; there is a filter that loses more"


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="18-hand",
        tier="hand",
        arguments=("film",),
        inputs=(lambda: draw.among(*((film,) for film in FILMS)),),
        reference=_by_least_squares,
        evaluate=_by_hand,
        compare=_compare_films,
        wants_function=False,
    ),
    Exercise(
        name="18-code",
        tier="code",
        arguments=("clip", "spatial", "temporal", "coefficients"),
        inputs=(lambda: _clips(2), lambda: _clips(3)),
        reference=_three,
        cases=40,
    ),
    Exercise(
        name="18-prove",
        tier="prove",
        arguments=("alpha",),
        inputs=(
            lambda: strategies()
            .lists(strategies().integers(-3, 3), min_size=4, max_size=4)
            .map(lambda four: ([four[:2], four[2:]],)),
        ),
        reference=_gap,
        cases=40,
    ),
    Exercise(
        name="18-measure",
        tier="measure",
        arguments=("m", "n", "k", "t"),
        inputs=(
            lambda: draw.among(
                (1, 1, 1, 1), (3, 2, 3, 3), (6, 2, 3, 3), (8, 3, 3, 3), (9, 3, 3, 3), (2, 1, 5, 3),
                (1, 1, 3, 1), (4, 3, 5, 3), (3, 1, 1, 3), (5, 5, 3, 5),
            ),
        ),
        reference=_outputs,
        cases=20,
    ),
    Exercise(
        name="18-break",
        tier="break",
        arguments=("m", "n"),
        inputs=(lambda: draw.among((1, 1), (3, 2), (6, 2), (8, 3)),),
        reference=_worst,
        evaluate=_measured,
        compare=_compare_lost,
        cases=4,
    ),
)  # fmt: skip
