"""`cell-wiring`, `cell-code`, `cell-cost`, `cell-costs`, `network-cost`, `family-tree`: on cards.

All of it is made from book/reference/cells/*.toml and from stlib when the book is built.
"""

import ast
import inspect
import textwrap
from pathlib import Path
from pydoc import locate
from types import FunctionType

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import stlib

from . import cell_cost, family, wiring
from .lab import NumberedFigure
from .score import draw


class FromCards(SphinxDirective):
    """A directive that reads one of the two files of the cards."""

    def members(self) -> dict[str, family.Member]:
        """The family; the page is read again when it changes."""
        return family.read(self.file("family.toml"))

    def member(self, members: dict[str, family.Member]) -> family.Member:
        """The one that the argument names."""
        if self.arguments[0] not in members:
            raise self.error(f"{self.name}: no member {self.arguments[0]}")
        return members[self.arguments[0]]

    def file(self, name: str) -> Path:
        """A file of book/reference/cells."""
        path = Path(self.env.srcdir) / "book" / "reference" / "cells" / name
        self.env.note_dependency(str(path))
        return path


class CellWiring(NumberedFigure, FromCards):
    """The wiring of a cell, drawn as a difference from ConvLSTM."""

    required_arguments = 1
    option_spec = {"name": directives.unchanged_required}  # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        drawn = wiring.read(self.file("wiring.toml"))
        key = self.arguments[0]
        if key not in drawn:
            raise self.error(f"{self.name}: no cell {key}")
        changed = wiring.difference(drawn[key], drawn[wiring.BASE])
        return self.figure(draw(drawn[key], changed))


class CellCode(SphinxDirective):
    """What methods of stlib do, without their docstrings: ``cells.conv_lstm.ConvLSTM.forward``."""

    required_arguments = 1
    optional_arguments = 3

    def run(self) -> list[nodes.Node]:
        return [node for name in self.arguments for node in self.method(name)]

    def method(self, name: str) -> list[nodes.Node]:
        """One method, below the name of its file."""
        found = inspect.unwrap(locate(f"stlib.{name}"))  # type: ignore[arg-type]
        if not inspect.isfunction(found):
            raise self.error(f"{self.name}: stlib.{name} is no method")
        file = Path(inspect.getfile(found))
        self.env.note_dependency(str(file))
        place = file.relative_to(Path(stlib.__file__).parents[1]).as_posix()
        text = body(found)
        above = nodes.paragraph("", "", nodes.literal("", place), nodes.Text(", "))
        above += nodes.literal("", found.__qualname__)
        return [above, nodes.literal_block(text, text, language="python")]


def body(function: FunctionType) -> str:
    """The statements of a function as they stand in its file."""
    source = textwrap.dedent(inspect.getsource(function))
    (defined,) = ast.parse(source).body
    assert isinstance(defined, ast.FunctionDef)
    first = defined.body[1] if ast.get_docstring(defined) else defined.body[0]
    return textwrap.dedent("\n".join(source.splitlines()[first.lineno - 1 :]))


class Counted(FromCards):
    """A directive that shows a table of costs; the page is read again, since stlib may change."""

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()
        try:
            made = self.table(self.members())
        except LookupError as error:
            raise self.error(f"{self.name}: {error}") from error
        return self.parse_text_to_nodes(made)

    def table(self, members: dict[str, family.Member]) -> str:
        """In MyST."""
        raise NotImplementedError


class CellCost(Counted):
    """What a cell costs."""

    required_arguments = 1

    def table(self, members: dict[str, family.Member]) -> str:
        return cell_cost.card_table(self.member(members), members[wiring.BASE])


class NetworkCost(Counted):
    """What a network without a cell costs."""

    required_arguments = 1

    def table(self, members: dict[str, family.Member]) -> str:
        return cell_cost.network_table(self.member(members), members[wiring.BASE])


class CellCosts(Counted):
    """What all cells cost."""

    def table(self, members: dict[str, family.Member]) -> str:
        recurrent = [member for member in members.values() if member.recipe]
        return cell_cost.all_table(recurrent, members[wiring.BASE])


class FamilyTree(FromCards):
    """The tree, each cell a link to its card."""

    def run(self) -> list[nodes.Node]:
        made = family.tree(list(self.members().values()))
        return [nodes.raw("", made, format="html")]


def setup(app: Sphinx) -> None:
    """Register the directives."""
    app.add_directive("cell-wiring", CellWiring)
    app.add_directive("cell-code", CellCode)
    app.add_directive("cell-cost", CellCost)
    app.add_directive("cell-costs", CellCosts)
    app.add_directive("network-cost", NetworkCost)
    app.add_directive("family-tree", FamilyTree)
