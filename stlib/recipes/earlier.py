"""Recipes as earlier versions wrote them, brought to the form of this one."""

from collections.abc import Mapping
from typing import Any

__all__ = ["current"]

# What earlier versions did not write, by the kind of the entry, and what they did.
SINCE: dict[Any, dict[str, Any]] = {
    "Recipe": {"recognition": None},
    "StackOf": {"embed": True, "xavier": False},
    "SkipNetOf": {"xavier": False},
}


def current(plain: Any) -> Any:
    """What an earlier version wrote of a recipe, as this one writes it; anything else untouched.

    Version 0.1 named the digits beside the data, as if every data set had some.

    Args:
        plain: as JSON gives it back.

    Source: this book.
    """
    if not isinstance(plain, Mapping) or plain.get("kind") != "Recipe":
        return plain
    if "digits" in plain:
        rest = {key: value for key, value in plain.items() if key != "digits"}
        data = plain.get("data")
        if not isinstance(data, Mapping) or data.get("kind") != "Preset" or "digits" in data:
            return plain
        plain = {**rest, "data": {**data, "digits": plain["digits"]}}
    return _completed(plain)


def _completed(plain: Any) -> Any:
    """The same with every field that is younger than it, at the value that it had before."""
    if isinstance(plain, list):
        return [_completed(entry) for entry in plain]
    if not isinstance(plain, Mapping):
        return plain
    kind = plain.get("kind")
    since = SINCE.get(kind, {}) if isinstance(kind, str) else {}
    return {**since, **{key: _completed(value) for key, value in plain.items()}}
