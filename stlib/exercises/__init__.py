"""The checks behind the exercise sheets: a wrong answer is met by an input that shows it.

>>> from stlib.exercises import check
>>> check("10-hand", lambda N, K: (K, N * K))  # doctest: +SKIP
10-hand: not yet. The smallest input found on which it fails:
  N = 2
  K = 3
yours:    (3, 6)
expected: (3, 5)
first difference in direct
"""

from collections.abc import Iterable
from typing import Any

from stlib.exercises import (
    chapter_01,
    chapter_02,
    chapter_03,
    chapter_04,
    chapter_05,
    chapter_06,
    chapter_07,
    chapter_08,
    chapter_09,
    chapter_10,
    chapter_11,
    chapter_12,
    chapter_13,
    chapter_14,
    chapter_15,
    chapter_16,
    chapter_17,
    chapter_18,
    chapter_19,
    chapter_20,
    chapter_21,
    chapter_24,
    chapter_25,
)
from stlib.exercises.compare import Unfit, show
from stlib.exercises.exercise import Counterexample, Exercise, Result
from stlib.exercises.search import smallest

__all__ = ["Counterexample", "Exercise", "Result", "check", "exercises"]


def exercises() -> tuple[Exercise, ...]:
    """Every exercise of the book, in the order of its chapters.

    Source: this book.
    """
    return (
        *chapter_01.EXERCISES,
        *chapter_02.EXERCISES,
        *chapter_03.EXERCISES,
        *chapter_04.EXERCISES,
        *chapter_05.EXERCISES,
        *chapter_06.EXERCISES,
        *chapter_07.EXERCISES,
        *chapter_08.EXERCISES,
        *chapter_09.EXERCISES,
        *chapter_10.EXERCISES,
        *chapter_11.EXERCISES,
        *chapter_12.EXERCISES,
        *chapter_13.EXERCISES,
        *chapter_14.EXERCISES,
        *chapter_15.EXERCISES,
        *chapter_16.EXERCISES,
        *chapter_17.EXERCISES,
        *chapter_18.EXERCISES,
        *chapter_19.EXERCISES,
        *chapter_20.EXERCISES,
        *chapter_21.EXERCISES,
        *chapter_24.EXERCISES,
        *chapter_25.EXERCISES,
    )


def check(name: str, answer: Any, *, strict: bool = False) -> Result:
    """Check an answer and print the verdict: one line, or the smallest input that refutes it.

    A check samples inputs: it can refute an answer, not prove it.

    Args:
        name: chapter and tier of the exercise, ``'10-code'``.
        answer: what the exercise asks for: a function, a kernel, a tuple.
        strict: raise where the answer is wrong, instead of printing.

    Returns:
        A `Result`, true if the answer is right, so that ``assert check(…)`` works too.

    Raises:
        ValueError: no exercise of that name.
        AssertionError: a wrong answer, if `strict`.
        ImportError: hypothesis is missing; ``pip install 'stlib[book]'`` brings it.

    Source: this book.
    """
    result = _verdict(_named(name, exercises()), answer)
    if strict and not result:
        raise AssertionError(result.message)
    print(result.message)
    return result


def _named(name: str, known: Iterable[Exercise]) -> Exercise:
    by_name = {exercise.name: exercise for exercise in known}
    if name not in by_name:
        raise ValueError(f"{name=} is no exercise; there are {', '.join(by_name)}")
    return by_name[name]


def _verdict(exercise: Exercise, answer: Any) -> Result:
    wants_function = exercise.wants_function
    if wants_function and not callable(answer):
        return Result(False, f"{exercise.name}: a function is wanted, got {show(answer)}")
    failure = smallest(exercise, answer)
    if failure is None:
        return Result(True, f"{exercise.name}: right.")
    about_an_input = bool(failure.inputs) and (
        wants_function or not isinstance(failure.given, Unfit)
    )
    if not about_an_input:
        return Result(False, f"{exercise.name}: not yet: {failure.explanation}", failure)
    lines = [f"{exercise.name}: not yet. The smallest input found on which it fails:"]
    for argument, value in zip(exercise.arguments, failure.inputs, strict=True):
        lines.append(f"  {argument} = {show(value)}")
    return Result(False, "\n".join([*lines, failure.explanation]), failure)
