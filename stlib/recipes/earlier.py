"""Recipes as earlier versions wrote them, brought to the form of this one."""

from collections.abc import Mapping
from typing import Any

__all__ = ["current"]


def current(plain: Any) -> Any:
    """What an earlier version wrote of a recipe, as this one writes it; anything else untouched.

    Version 0.1 named the digits beside the data, as if every data set had some, and recognised
    nothing.

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
    return {"recognition": None, **plain}
