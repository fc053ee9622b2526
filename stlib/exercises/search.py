"""Looking for the smallest input on which an answer fails."""

import contextlib
import copy
import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stlib.exercises.compare import Unfit, same
from stlib.exercises.exercise import Counterexample, Exercise
from stlib.extras import load

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["smallest", "strategies", "trial"]


def strategies() -> Any:
    """Import hypothesis' strategies, which describe the inputs to try.

    Raises:
        ImportError: hypothesis is missing; ``pip install 'stlib[book]'`` brings it.

    Source: this book.
    """
    return load("hypothesis.strategies", "book")


def trial(exercise: Exercise, answer: Any, inputs: tuple[Any, ...]) -> Counterexample | None:
    """Try one input: None if the answer passes.

    An exception, and a change made to the input, count as failures. What the answer prints is
    swallowed: a search would repeat it a hundred times.

    Source: this book.
    """
    expected = exercise.reference(*copy.deepcopy(inputs))
    passed_in = copy.deepcopy(inputs)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            given = exercise.evaluate(answer, *passed_in)
    except Unfit as unfit:
        return Counterexample(inputs, unfit, expected, str(unfit))
    except Exception as error:
        first_line = str(error).split("\n")[0]
        raised = f"yours raised {type(error).__name__}" + (f": {first_line}" if first_line else "")
        return Counterexample(inputs, error, expected, raised)
    changed = [
        name
        for name, before, after in zip(exercise.arguments, inputs, passed_in, strict=True)
        if not same(before, after)
    ]
    if changed:
        fault = f"yours changed its input {changed[0]}: work on a copy"
        return Counterexample(inputs, given, expected, fault)
    fault = exercise.compare(given, expected)
    return Counterexample(inputs, given, expected, fault) if fault else None


def smallest(exercise: Exercise, answer: Any) -> Counterexample | None:
    """Search for an input on which the answer fails, and shrink it.

    The same answer meets the same inputs every time.

    Returns:
        The smallest counterexample found, or None after ``exercise.cases`` inputs without one.

    Raises:
        ImportError: hypothesis is missing.

    Source: hypothesis.
    """
    *simpler, full = (make() for make in exercise.inputs)
    failure = _find(exercise, answer, full, shrink=not simpler)
    if failure is None or not simpler:
        return failure
    for inputs in (*simpler, full):
        smaller = _find(exercise, answer, inputs)
        if smaller is not None:
            return smaller
    return failure  # the answer failed once, and not again


def _find(
    exercise: Exercise,
    answer: Any,
    inputs: "SearchStrategy[tuple[Any, ...]]",
    shrink: bool = True,
) -> Counterexample | None:
    import hypothesis
    from hypothesis.errors import Flaky, NoSuchExample

    settings = hypothesis.settings(
        max_examples=exercise.cases,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate] + [hypothesis.Phase.shrink] * shrink,
    )
    failures: list[Counterexample] = []

    def fails(values: tuple[Any, ...]) -> bool:
        failure = trial(exercise, answer, values)
        if failure is not None:
            failures.append(failure)
        return failure is not None

    try:
        hypothesis.find(inputs, fails, settings=settings)
    except NoSuchExample:
        return None
    except Flaky:
        return replace(failures[-1], explanation=_UNSTEADY)
    return failures[-1]  # hypothesis ends on the smallest


_UNSTEADY = "yours gives different values for the same input"
