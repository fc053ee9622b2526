"""Exercises of chapter 25: auditing a paper."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from numbers import Integral
from typing import TYPE_CHECKING, Any

from stlib.exercises import draw
from stlib.exercises.compare import Unfit, numbers, show
from stlib.exercises.exercise import Exercise
from stlib.exercises.search import strategies
from stlib.printed import Printed, basic_parameters, table

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["EXERCISES", "unfair"]


# 25-hand: points, percent and an interval. As precise as its text asks.

_BY_HAND = {"points": (6.99,), "percent": (11.7,), "interval": (-11.97, -2.03)}
_NEAR = {"points": 0.001, "percent": 0.051, "interval": 0.011}


def _entry(answer: Any, which: str) -> list[float]:
    if not isinstance(answer, dict) or which not in answer:
        raise Unfit(f"the answer should be a dict with an entry {which!r}, got {show(answer)}")
    given = answer[which]
    return numbers(given if which == "interval" else [given], which, len(_BY_HAND[which]))


def _off(given: list[float], expected: tuple[str, tuple[float, ...]]) -> str:
    which, right = expected
    for mine, exact in zip(given, right, strict=True):
        if abs(mine - exact) > _NEAR[which]:
            return f"{show(mine)} is too {'large' if mine > exact else 'small'}"
    return ""


# 25-code: the conventions that have a printed figure.


def _fitting(weights: int, biases: int, gates: int, pixels: int, printed: str) -> list[Any]:
    said = Printed(printed)
    return [
        [each, with_biases, with_gates]
        for each, with_biases, with_gates in product((1, 2), (0, 1), (0, 1))
        if said.agreement(each * pixels * (weights + with_biases * biases + with_gates * gates))
        == "rounds"
    ]


def _counts() -> SearchStrategy[tuple[Any, ...]]:
    """Networks whose counts are near a figure, on its edge, or far from it."""
    st = strategies()

    def draw_count(draw_one: Any) -> tuple[Any, ...]:
        digits = draw_one(st.integers(0, 1))
        step = 10 ** (6 - digits)
        figure = draw_one(st.integers(1, 30))
        pixels = draw_one(st.sampled_from((1000, 2500)))
        biases, gates = (draw_one(st.integers(0, 3)) * step // (4 * pixels) for _ in range(2))
        quarter = draw_one(st.integers(-3, 3))  # of a step, so that edges are met
        times = draw_one(st.sampled_from((1, 2)))
        count = (4 * figure + quarter) * step // (4 * times * pixels)
        text = f"{figure * step / 10**6:.{digits}f}M"
        return (
            max(count - draw_one(st.sampled_from((0, biases, gates))), 1),
            biases,
            gates,
            pixels,
            text,
        )

    return st.composite(draw_count)()


# 25-prove: hits of figures that anything may be.


def _chance(counts: list[int], step: int, low: int, high: int) -> tuple[Fraction, Fraction]:
    figures = range(low, high + 1, step)
    hit = {(2 * count + step) // (2 * step) * step for count in counts}
    return Fraction(len(counts), len(figures)), Fraction(len(hit), len(figures))


def _both(answer: Callable[..., Any], *inputs: Any) -> list[float]:
    given = answer(*inputs)
    if not isinstance(given, list | tuple) or len(given) != 2:
        raise Unfit(f"the answer should be (mean, share), got {show(given)}")
    return numbers([float(each) for each in given], "the answer", 2)


def _unlike(given: list[float], expected: tuple[Fraction, Fraction]) -> str:
    for name, mine, right in zip(("mean", "share"), given, expected, strict=True):
        if abs(mine - float(right)) > 1e-9:
            return f"{name}: yours {show(mine)}, expected {show(float(right))}"
    return ""


def _tries(most: int, widest: int) -> SearchStrategy[tuple[Any, ...]]:
    st = strategies()

    def draw_tries(draw_one: Any) -> tuple[Any, ...]:
        step = draw_one(st.sampled_from((1, 2, 10)))
        first = draw_one(st.integers(1, 3))
        last = first + draw_one(st.integers(0, widest))
        low, high = first * step, last * step
        one = st.integers(low - step // 2, high + (step - 1) // 2)
        counts = draw_one(st.lists(one, min_size=1, max_size=most))
        return counts, step, low, high

    return st.composite(draw_tries)()


# 25-break: an erratum that a stranger can check and its subject can bear.

ROW, COLUMN = "R(2+1)D [26]", "Params"
FIFTY = 46_962_128  # of 50 layers in 3D, 400 classes: `video_networks`, "3D ResNet-50"
PARTS = ("place", "printed", "counted", "found", "severity", "evidence", "consequence", "caution")
SEVERITIES = (
    "slip",
    "ambiguity",
    "contradiction",
    "missing hypothesis",
    "not reproduced",
    "unclear",
)
_TOO_MUCH = {  # what two counts do not show, or what they refute
    "slip": "says that the number is misprinted: nothing shows that another one was meant",
    "contradiction": "says that no reading helps: a network of another depth has the figure",
    "missing hypothesis": "is of a theorem, and there is none here",
    "not reproduced": "says that nothing has the figure: `found` has",
}
UNFAIR = (  # what words begin with
    "careless", "cheat", "deliberate", "dishonest", "fake", "mislead", "must have known",
    "must have wanted", "obviously",
    "of course", "sloppy", "to hide", "trick", "wanted to",
)  # fmt: skip


def unfair(text: str) -> str:
    """The first word of a text that speaks of people where it should speak of numbers; else ''.

    Source: this book, chapter 25.
    """
    for word in UNFAIR:
        if re.search(rf"\b{word}", text, re.IGNORECASE):
            return word
    return ""


def _fault_of(answer: Any, part: str) -> str:
    """What is wrong with a part of an erratum; '' if nothing."""
    if not isinstance(answer, dict):
        raise Unfit(f"an erratum is a dict with the parts {', '.join(PARTS)}, got {show(answer)}")
    if part not in answer:
        return "is missing"
    given = answer[part]
    if part in ("counted", "found"):
        return _fault_of_count(given, part)
    if not isinstance(given, str) or not given.strip():
        return "should be a text"
    if word := unfair(given):
        return f"says {word!r}: speak of what is printed, not of who printed it"
    return _TEXTS[part](given)


def _fault_of_count(given: Any, part: str) -> str:
    if not isinstance(given, Integral):
        return "should be a whole number, every digit of it"
    said = table("stdcf-table-3").number(ROW, COLUMN)
    rounds = said.agreement(int(given)) == "rounds"
    if part == "found":
        if not rounds:
            return f"does not round to {said.text}"
        counted = int(given) == basic_parameters()
        return "" if counted else "rounds, but is not what the network of 25-measure stores"
    if rounds:
        return f"rounds to {said.text}: then there is nothing to report"
    return "" if int(given) == FIFTY else "is not what 50 layers store, to the last digit"


def _severity(text: str) -> str:
    """How grave: what the count shows, and no more."""
    if text not in SEVERITIES:
        return f"is none of {', '.join(SEVERITIES)}"
    return _TOO_MUCH.get(text, "")


def _place(text: str) -> str:
    return "" if "Table 3" in text and "R(2+1)D" in text else "should name the table and the row"


def _evidence(text: str) -> str:
    """What a stranger runs: a test's name, or a command, in code font."""
    if re.search(r"`(test_\w+|python [^`]+|[\w.]+\([^`]*\))`", text):
        return ""
    return "should name, between backticks, a test, a call or a command that a stranger can run"


_TEXTS: dict[str, Callable[[str], str]] = {
    "place": _place,
    "printed": lambda text: "" if text.strip() == "63.7M" else "should be as it is printed",
    "severity": _severity,
    "evidence": _evidence,
    "consequence": lambda text: "" if len(text.split()) > 4 else "should be a sentence",
    "caution": lambda text: (
        ""
        if re.search(r"mis(read|taken|understood)|may be wrong|correct", text, re.IGNORECASE)
        else "should say that the mistake may be yours"
    ),
}


def _same(given: str, expected: Any) -> str:
    return given


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="25-hand",
        tier="hand",
        arguments=("which",),
        inputs=(lambda: draw.among(*((which,) for which in _BY_HAND)),),
        reference=lambda which: (which, _BY_HAND[which]),
        evaluate=_entry,
        compare=_off,
        wants_function=False,
    ),
    Exercise(
        name="25-code",
        tier="code",
        arguments=("weights", "biases", "gates", "pixels", "printed"),
        inputs=(_counts,),
        reference=_fitting,
        cases=150,
    ),
    Exercise(
        name="25-prove",
        tier="prove",
        arguments=("counts", "step", "low", "high"),
        inputs=(lambda: _tries(2, 1), lambda: _tries(5, 4)),
        reference=_chance,
        evaluate=_both,
        compare=_unlike,
    ),
    Exercise(
        name="25-measure",
        tier="measure",
        arguments=("blocks", "taps", "classes"),
        inputs=(
            lambda: draw.among(
                *(
                    (list(blocks), taps, classes)
                    for blocks, taps, classes in product(
                        ((1, 1, 1, 1), (2, 2, 2, 2), (1, 2, 3, 1)), (1, 3), (10, 400)
                    )
                )
            ),
        ),
        reference=basic_parameters,
    ),
    Exercise(
        name="25-break",
        tier="break",
        arguments=("part",),
        inputs=(lambda: draw.among(*((part,) for part in PARTS)),),
        reference=lambda part: None,
        evaluate=_fault_of,
        compare=_same,
        wants_function=False,
    ),
)
