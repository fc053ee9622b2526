"""What an exercise is, and what a check of an answer returns."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from stlib.exercises.compare import difference

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["Counterexample", "Exercise", "Result", "Tier", "call"]

Tier: TypeAlias = Literal["hand", "code", "prove", "measure", "break"]


def call(answer: Callable[..., Any], *inputs: Any) -> Any:
    """Evaluate an answer that is a function.

    Raises:
        Exception: whatever the answer raises.

    Source: this book.
    """
    return answer(*inputs)


@dataclass(frozen=True)
class Exercise:
    """One question: which inputs to try, what a right answer gives, how to tell.

    Attributes:
        name: chapter and tier, ``'10-code'``.
        tier: what it asks of a reader.
        arguments: what the inputs are called, in order.
        inputs: functions that make hypothesis strategies of input tuples, so that hypothesis is
            imported only where something is checked. The last one decides; the ones before draw
            simpler inputs, in which a counterexample is looked for once there is one.
        reference: the right value for an input.
        evaluate: the answer's value for an input. Answers that are no functions bring their own.
        compare: ``(given, expected)`` to what is wrong, or ``''``.
        wants_function: whether the answer is a function, rather than numbers.
        cases: how many inputs to try.
    """

    name: str
    tier: Tier
    arguments: tuple[str, ...]
    inputs: tuple[Callable[[], "SearchStrategy[tuple[Any, ...]]"], ...]
    reference: Callable[..., Any]
    evaluate: Callable[..., Any] = call
    compare: Callable[[Any, Any], str] = difference
    wants_function: bool = True
    cases: int = 100


@dataclass(frozen=True)
class Counterexample:
    """An input on which an answer fails and the reference does not.

    Attributes:
        inputs: what was put in.
        given: what the answer made of it, or the exception it raised.
        expected: what the reference makes of it.
        explanation: the lines a reader sees.
    """

    inputs: tuple[Any, ...]
    given: Any
    expected: Any
    explanation: str


@dataclass(frozen=True)
class Result:
    """What a check found. True if the answer is right.

    Attributes:
        passed: whether it is.
        message: what `check` printed; also the repr.
        counterexample: the smallest failing input found, where there is one.
    """

    passed: bool
    message: str
    counterexample: Counterexample | None = None

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        return self.message

    def _ipython_display_(self) -> None:
        """Show nothing more in a notebook: `check` has printed the message."""
