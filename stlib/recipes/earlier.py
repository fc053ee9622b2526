"""Recipes as earlier versions wrote them, brought to the form of this one."""

from collections.abc import Mapping
from typing import Any

__all__ = ["current"]

# What a network has since version 0.1, and what it was before.
ADDED: dict[str, dict[str, bool]] = {
    "StackOf": {"embed": True, "xavier": False},
    "SkipNetOf": {"xavier": False},
}
ON_PATCHES = ("StackOf", "SkipNetOf")  # since they may; before, they read pixels


def current(plain: Any) -> Any:
    """What an earlier version wrote of a recipe, as this one writes it; anything else untouched.

    Version 0.1 named the digits beside the data, as if every data set had some. It foretold as many
    frames as in training; its networks drew their first weights as PyTorch does, and a stack had an
    embedding. Until chapter 14 no stack or skip net read patches.

    Args:
        plain: as JSON gives it back.

    Source: this book.
    """
    if not isinstance(plain, Mapping) or plain.get("kind") != "Recipe":
        return plain
    network, data = plain.get("network"), plain.get("data")
    if isinstance(network, Mapping) and network.get("kind") in ON_PATCHES:
        network = {"patch": 1, **network}
        plain = {**plain, "network": network}
    if "digits" not in plain or not isinstance(data, Mapping):
        return plain
    if data.get("kind") != "Preset" or "digits" in data:
        return plain
    rest = {"foretell": None, "recognition": None, **plain}
    del rest["digits"]
    if isinstance(network, Mapping):
        rest["network"] = {**ADDED.get(str(network.get("kind")), {}), **network}
    return {**rest, "data": {**data, "digits": plain["digits"]}}
