"""Recipes as earlier versions wrote them, brought to the form of this one."""

from collections.abc import Mapping
from typing import Any

__all__ = ["current"]

# What a network has since version 0.1, and what it was before.
NETWORKS: dict[str, dict[str, bool]] = {
    "StackOf": {"embed": True, "xavier": False},
    "SkipNetOf": {"xavier": False},
}
# What came after that, by the entry of the recipe and its kind.
LATER: dict[str, dict[str, dict[str, Any]]] = {
    "network": {"StackOf": {"patch": 1}, "SkipNetOf": {"patch": 1}},
    "data": {"StickKTH": {"actions": []}, "KTH": {"actions": [], "division": "sixteen train"}},
}

WHOLE_VIEW = {
    "kind": "View",
    "every": 1,
    "shrink": 1,
    "temporal_dilation": 1,
    "spatial_dilation": 1,
}


def current(plain: Any) -> Any:
    """What an earlier version wrote of a recipe, as this one writes it; anything else untouched.

    Version 0.1 named the digits beside the data, as if every data set had some. It foretold as many
    frames as in training; its networks drew their first weights as PyTorch does, and a stack had an
    embedding. For a while KTH always showed all six actions, and until chapter 14 no stack or skip
    net read patches; until chapter 18 KTH's subjects were divided in one way. Frozen weights were
    named by how their names begin, and every stage saw whole clips. The first clip recipes drew all
    their weights. Until chapter 23 nothing but the frames, and names, had a loss.

    Args:
        plain: as JSON gives it back.

    Source: this book.
    """
    if not isinstance(plain, Mapping) or plain.get("kind") not in ("Recipe", "ClipRecipe"):
        return plain
    if plain["kind"] == "ClipRecipe":
        plain = {"first": None, **plain}
    elif "stages" in plain:
        plain = {"decoupling": 0.0, **plain}
    plain = _beside_the_data(plain)
    for name, kinds in LATER.items():
        entry = plain.get(name)
        added = kinds.get(str(entry.get("kind")), {}) if isinstance(entry, Mapping) else {}
        if added:
            plain = {**plain, name: {**added, **entry}}
    stages = plain.get("stages")
    if isinstance(stages, list | tuple):
        plain = {**plain, "stages": [_with_view(stage) for stage in stages]}
    return plain


def _with_view(stage: Any) -> Any:
    """A stage from before a network's view could change."""
    if not isinstance(stage, Mapping) or stage.get("kind") != "Stage" or "view" in stage:
        return stage
    frozen = stage.get("frozen")
    patterns = [f"{each}*" for each in frozen] if isinstance(frozen, list | tuple) else frozen
    return {**stage, "frozen": patterns, "view": WHOLE_VIEW}


def _beside_the_data(plain: Mapping[str, Any]) -> Mapping[str, Any]:
    """With the digits where they belong, and what came with that."""
    if "digits" not in plain:
        return plain
    rest = {"foretell": None, "recognition": None, **plain}
    del rest["digits"]
    data = plain.get("data")
    if not isinstance(data, Mapping) or data.get("kind") != "Preset" or "digits" in data:
        return plain
    network = plain.get("network")
    if isinstance(network, Mapping):
        rest["network"] = {**NETWORKS.get(str(network.get("kind")), {}), **network}
    return {**rest, "data": {**data, "digits": plain["digits"]}}
