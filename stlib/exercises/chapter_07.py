"""Exercises of chapter 7: the honest blur."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from stlib.exercises import draw
from stlib.exercises.compare import Unfit, difference, numbers, show
from stlib.exercises.exercise import Exercise
from stlib.exercises.search import strategies
from stlib.losses import PixelLoss, best_constant, expected_loss
from stlib.metrics import Contingency, contingency, csi, mse, pool

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["EXERCISES"]

_LOSSES: tuple[PixelLoss, ...] = ("l2", "l1", "l1+l2")
_CHANCES = (0.45, 0.35, 0.2)

Frame: TypeAlias = tuple[int, int, int, int]  # hits, misses, false alarms, correct negatives


# 7-hand: three futures, three losses. A wrong pixel is told its price, not the right one.


@dataclass(frozen=True)
class _Pixel:
    """A drawn brightness, what it is charged for, and whether another one costs less."""

    brightness: float
    loss: PixelLoss
    chance: float


def _drawn(answer: Any, loss: PixelLoss, chance: float) -> _Pixel:
    rows = answer.tolist() if isinstance(answer, Tensor | np.ndarray) else answer
    if not isinstance(rows, list | tuple) or len(rows) != len(_LOSSES):
        raise Unfit(f"three rows of three numbers are wanted, got {show(answer)}")
    row = numbers(rows[_LOSSES.index(loss)], f"the row of {loss}", len(_CHANCES))
    return _Pixel(row[_CHANCES.index(chance)], loss, chance)


def _best(loss: PixelLoss, chance: float) -> _Pixel:
    return _Pixel(best_constant(_number(chance), loss).item(), loss, chance)


def _compare_pixels(given: _Pixel, expected: _Pixel) -> str:
    if np.isclose(given.brightness, expected.brightness, atol=1e-6):
        return ""
    price = expected_loss(_number(given.brightness), _number(given.chance), given.loss).item()
    other = "brighter" if given.brightness < expected.brightness else "darker"
    return (
        f"your {show(given.brightness)} costs {show(price)} on average; "
        f"some {other} pixel costs less"
    )


def _number(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


# 7-code: the best pixel for any list of equally likely values, under l1 + l2.


def _best_pixel(values: list[int]) -> float:
    # The slope 2 (q - mean) + share below - share above grows with q: halve until it is caught.
    low, high = float(min(values)), float(max(values))
    for _ in range(60):
        q = (low + high) / 2
        below = sum(value <= q for value in values)
        slope = 2 * (q - sum(values) / len(values)) + (2 * below - len(values)) / len(values)
        low, high = (q, high) if slope < 0 else (low, q)
    return high


def _futures() -> SearchStrategy[tuple[list[int]]]:
    return strategies().tuples(
        strategies().lists(strategies().integers(0, 3), min_size=1, max_size=5)
    )


# 7-prove: the slopes of the expected loss beside 0 and beside 1.


def _slopes(p: float, weight: int) -> list[list[float]]:
    l1_at_0, l1_at_1 = (-1.0, 1 - 2 * p), (1 - 2 * p, 1.0)
    return [
        [weight * slope - 2 * p for slope in l1_at_0],
        [weight * s + 2 - 2 * p for s in l1_at_1],
    ]


def _coins() -> SearchStrategy[tuple[float, int]]:
    tenths = [n / 10 for n in (0, 10, 5, 2, 1, 3, 4, 6, 7, 8, 9)]
    return draw.among(*((p, weight) for weight in (1, 0, 2, 3) for p in tenths))


# 7-measure: one score, averaged in two ways.


def _two_scores(frames: list[Frame]) -> tuple[float, float]:
    table = Contingency(*(torch.tensor(count)[:, None] for count in zip(*frames, strict=True)))
    return csi(table).nanmean().item(), csi(pool(table)).item()


def _forecasts() -> SearchStrategy[tuple[list[Frame]]]:
    st = strategies()
    count = st.integers(0, 4)
    dry = count.map(lambda negatives: (0, 0, 0, negatives))  # rare among the others
    frame = st.one_of(dry, st.tuples(count, count, count, count))
    some_event = st.lists(frame, min_size=1, max_size=3).filter(
        lambda frames: any(sum(counts[:3]) for counts in frames)
    )
    return st.tuples(some_event)


# 7-break: less squared error, and nothing found.


@dataclass(frozen=True)
class _Verdict:
    """Squared error and CSI of two forecasts of one truth."""

    errors: tuple[float, float]
    scores: tuple[float, float]


def _verdict(answer: Callable[[list[int]], Any], truth: list[int]) -> _Verdict:
    pair = answer(truth)
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        raise Unfit(f"yours should return (grey, bold), got {show(pair)}")
    rows = [
        numbers(row, name, len(truth)) for name, row in zip(("grey", "bold"), pair, strict=True)
    ]
    for name, row in zip(("grey", "bold"), rows, strict=True):
        if min(row) < 0 or max(row) > 1:
            raise Unfit(f"{name} should lie in [0, 1], got {show(row)}")
    clip = _clip([float(value) for value in truth])
    errors = [mse(_clip(row), clip).item() for row in rows]
    scores = [csi(contingency(_clip(row), clip, 0.5)).item() for row in rows]
    return _Verdict((errors[0], errors[1]), (scores[0], scores[1]))


def _clip(row: list[float]) -> Tensor:
    return torch.tensor(row, dtype=torch.float64).reshape(1, 1, 1, 1, -1)


def _compare_verdicts(given: _Verdict, expected: None) -> str:
    table = (
        f"grey: MSE {show(given.errors[0])}, CSI {show(given.scores[0])}\n"
        f"bold: MSE {show(given.errors[1])}, CSI {show(given.scores[1])}\n"
    )
    if not given.errors[0] < given.errors[1] - 1e-9:
        return f"{table}the squared error of grey should be the smaller one"
    if not given.scores[0] < given.scores[1] - 1e-9:
        return f"{table}the CSI of grey should be the smaller one"
    return ""


def _truths() -> SearchStrategy[tuple[list[int]]]:
    rows = [
        [int(bit) for bit in f"{n:0{width}b}"] for width in (2, 3, 4) for n in range(1, 2**width)
    ]
    return draw.among(*((row,) for row in rows))


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="7-hand",
        tier="hand",
        arguments=("loss", "probability"),
        inputs=(lambda: draw.among(*((loss, p) for loss in _LOSSES for p in _CHANCES)),),
        reference=_best,
        evaluate=_drawn,
        compare=_compare_pixels,
        wants_function=False,
    ),
    Exercise(
        name="7-code",
        tier="code",
        arguments=("values",),
        inputs=(_futures,),
        reference=_best_pixel,
    ),
    Exercise(
        name="7-prove",
        tier="prove",
        arguments=("p", "weight"),
        inputs=(_coins,),
        reference=_slopes,
    ),
    Exercise(
        name="7-measure",
        tier="measure",
        arguments=("frames",),
        inputs=(_forecasts,),
        reference=_two_scores,
        compare=partial(difference, names=("mean_of_scores", "score_of_sums")),
        cases=60,
    ),
    Exercise(
        name="7-break",
        tier="break",
        arguments=("truth",),
        inputs=(_truths,),
        reference=lambda truth: None,
        evaluate=_verdict,
        compare=_compare_verdicts,
    ),
)
