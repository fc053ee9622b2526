"""Comparing a learner's value with the right one, and writing both down."""

from collections.abc import Sequence
from numbers import Real
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

__all__ = ["Unfit", "difference", "numbers", "same", "show"]

_TOLERANCE = 1e-6
_LONGEST = 100  # numbers of a tensor, or characters of anything else, that still help a reader
_UNSAID = (torch.float32, torch.int64, torch.bool)  # torch.tensor guesses them from the numbers

_Fault: TypeAlias = tuple[tuple[str, ...], str]  # the places that lead to it, and what it is


class Unfit(ValueError):
    """An answer that does not have the form its exercise asks for."""


def difference(given: Any, expected: Any, names: Sequence[str] = ()) -> str:
    """Say how a value differs from the right one.

    Numbers agree within one part in a million, tensors if shape and dtype agree too, tuples and
    lists entry by entry.

    Args:
        given: the learner's.
        expected: the reference's.
        names: what the entries of `expected` are called, where that is a tuple.

    Returns:
        Lines to print, ``''`` if nothing differs.

    Source: this book.
    """
    fault = _fault(given, expected, names)
    if fault is None:
        return ""
    lines = [f"yours:    {show(given)}", f"expected: {show(expected)}", _say(fault)]
    return "\n".join(line for line in lines if line)


def numbers(value: Any, what: str, count: int | None = None) -> list[float]:
    """Read a list of numbers that a learner typed as a list, tuple, array or tensor.

    Args:
        value: the learner's.
        what: its name in the message.
        count: how many are wanted, if that is fixed.

    Raises:
        Unfit: not a row of finite numbers, or not `count` of them.

    Source: this book.
    """
    entries = value.tolist() if isinstance(value, Tensor | np.ndarray) else value
    if not isinstance(entries, Sequence) or isinstance(entries, str):
        raise Unfit(f"{what} should be a list of numbers, got {show(value)}")
    if not all(_is_number(entry) and np.isfinite(float(entry)) for entry in entries):
        raise Unfit(f"{what} should hold finite numbers only, got {show(value)}")
    if count is not None and len(entries) != count:
        raise Unfit(f"{what} should hold {count} numbers, got {show(value)}")
    return [float(entry) for entry in entries]


def same(a: Any, b: Any) -> bool:
    """Whether two inputs hold the same values, tensors and nested lists included.

    Source: this book.
    """
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return a.shape == b.shape and a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return type(a) is type(b) and bool(a == b)


def show(value: Any) -> str:
    """Write a value so that it can be read, and where it is small, pasted.

    A tensor is written as PyTorch writes it, with the dtype where the numbers do not tell it.

    Source: this book.
    """
    if isinstance(value, Tensor):
        if value.numel() > _LONGEST:
            return f"tensor of shape {list(value.shape)}, {value.dtype}"
        entries = _floats(value.tolist()) if value.is_floating_point() else show(value.tolist())
        unsaid = value.dtype in _UNSAID or value.ndim == 0
        return f"tensor({entries})" if unsaid else f"tensor({entries}, dtype={value.dtype})"
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if _is_number(value):
        return f"{float(value) + 0.0:.6g}"  # -0.0 + 0.0 is 0.0
    if isinstance(value, list):
        return f"[{', '.join(show(entry) for entry in value)}]"
    if isinstance(value, tuple):
        return f"({', '.join(show(entry) for entry in value)}{',' if len(value) == 1 else ''})"
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _floats(entries: Any) -> str:
    """Numbers of a tensor, with a point even where they are whole."""
    if isinstance(entries, list):
        return f"[{', '.join(_floats(entry) for entry in entries)}]"
    text = show(entries)
    return text if set(text) & set(".en") else f"{text}."


def _say(fault: _Fault) -> str:
    places, what = fault
    where = ", ".join(places)
    if not where:
        return what
    where = where if where.startswith("at ") else f"in {where}"
    return f"{where}: {what}" if what else f"first difference {where}"


def _fault(given: Any, expected: Any, names: Sequence[str] = ()) -> _Fault | None:
    """None if nothing differs. Place and fault may both be empty: the values say it all."""
    if given is None:
        return (), "yours returned None: is there a `return`?"
    if isinstance(expected, Tensor):
        return _tensor_fault(given, expected)
    if isinstance(expected, list | tuple):
        return _row_fault(given, expected, names)
    return _number_fault(given, expected)


def _tensor_fault(given: Any, expected: Tensor) -> _Fault | None:
    if not isinstance(given, Tensor):
        return (), f"a torch tensor is wanted, got {type(given).__name__}"
    if given.shape != expected.shape:
        return (), f"the shape should be {list(expected.shape)}, got {list(given.shape)}"
    if given.dtype != expected.dtype:
        return (), f"the dtype should be {expected.dtype}, got {given.dtype}"
    if given.is_floating_point() and bool(given.isnan().any()):
        return (), "yours contains NaN"
    far = ~torch.isclose(given, expected, rtol=_TOLERANCE, atol=_TOLERANCE)
    if not bool(far.any()):
        return None
    return ((f"at {far.nonzero()[0].tolist()}",) if far.numel() > 1 else ()), ""


def _row_fault(given: Any, expected: Sequence[Any], names: Sequence[str]) -> _Fault | None:
    entries = given.tolist() if isinstance(given, Tensor | np.ndarray) else given
    if not isinstance(entries, list | tuple):
        return (), f"a row of {len(expected)} is wanted, got {type(given).__name__}"
    if len(entries) != len(expected):
        return (), f"a row of {len(expected)} is wanted, got {len(entries)}"
    table = all(isinstance(row, list | tuple) for row in expected)
    for place, (mine, right) in enumerate(zip(entries, expected, strict=True)):
        columns = [f"column {c}" for c in range(len(right))] if table else ()
        fault = _fault(mine, right, columns)
        if fault is not None:
            name = names[place] if names else f"{'row' if table else 'entry'} {place}"
            return (name, *fault[0]), fault[1]
    return None


def _number_fault(given: Any, expected: Any) -> _Fault | None:
    number = given.item() if isinstance(given, Tensor) and given.numel() == 1 else given
    if not _is_number(number):
        return (), f"a number is wanted, got {type(given).__name__}"
    if np.isnan(float(number)):
        return (), "yours is NaN"
    close = np.isclose(float(number), float(expected), rtol=_TOLERANCE, atol=_TOLERANCE)
    return None if close else ((), "")


def _is_number(value: Any) -> bool:
    return isinstance(value, Real | np.number) and not isinstance(value, bool | np.bool_)
