"""The family tree of the cells: who changed whose equations, and what was added.

It is nested lists of links, drawn as a tree by book/assets/cards.css, so that keyboards, screen
readers and narrow windows have it as everyone has.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Member:
    """A cell, or a network without one.

    Attributes:
        key: the name of its page.
        name: what it is called.
        year: of its publication.
        adds: what it adds to its parent.
        parent: key of the cell that it changes; empty for the first and for networks without one.
        recipe: class of `stlib.recipes.cells` that builds its layers.
        settings: that class's arguments, where they are not its own defaults.
        network: class of `stlib.recipes.networks` that builds it, where there is no cell.
    """

    key: str
    name: str
    year: int
    adds: str
    parent: str = ""
    recipe: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    network: str = ""


def read(file: Path) -> dict[str, Member]:
    """All members of a file, by their keys.

    Raises:
        ValueError: a parent who is no member, or was younger.
    """
    entries = tomllib.loads(file.read_text(encoding="utf-8"))["member"]
    for entry in entries:
        entry["settings"] = entry.pop("with", {})
    members = {entry["key"]: Member(**entry) for entry in entries}
    for member in members.values():
        parent = members.get(member.parent)
        if member.parent and (parent is None or parent.year > member.year):
            raise ValueError(f"{member.name}: {member.parent!r} is no member of {member.year}")
    return members


def tree(members: Sequence[Member]) -> str:
    """Nested lists, each member a link to its page; children in the order of their years."""
    roots = [member for member in members if not member.parent]
    return f'<div class="family">{_siblings(roots, members)}</div>'


def _siblings(siblings: Sequence[Member], members: Sequence[Member]) -> str:
    if not siblings:
        return ""
    items = []
    for member in siblings:
        children = sorted(
            (each for each in members if each.parent == member.key), key=lambda each: each.year
        )
        kind = "cell" if member.recipe else "network"
        items.append(
            f'<li><div><a class="reference internal {kind}" href="{member.key}.html">'
            f'{escape(member.name)}</a> <span class="year">{member.year}</span> '
            f"<span>{escape(member.adds)}</span></div>{_siblings(children, members)}</li>"
        )
    return f"<ul>{''.join(items)}</ul>"
