"""`lab-cell` and `lab-figure`: what a lab computed, in a chapter.

A lab's cell carries the tag `name:…`. A chapter shows its source and printed output, or its figure,
so that code and results in the book are those that `make labs` runs and compares.
"""

from pathlib import Path
from typing import Any, ClassVar

import nbformat
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

Output = dict[str, Any]


def find_cell(notebook: Path, name: str) -> nbformat.NotebookNode:
    """The cell of `notebook` that is tagged ``name:<name>``.

    Raises:
        LookupError: no such notebook, no such cell, or more than one.
    """
    if not notebook.is_file():
        raise LookupError(f"no notebook {notebook}")
    tag = f"name:{name}"
    cells = nbformat.read(notebook, as_version=4).cells
    found = [cell for cell in cells if tag in cell.metadata.get("tags", [])]
    if len(found) != 1:
        raise LookupError(f"{notebook}: {len(found)} cells are tagged {tag}, expected one")
    return found[0]


def printed(outputs: list[Output]) -> str:
    """What a cell printed, and the text of its values; a figure's text is not printed twice."""
    texts = []
    for output in outputs:
        if output["output_type"] == "stream" and output["name"] == "stdout":
            texts.append(output["text"])
        elif "text/plain" in output.get("data", {}) and "text/html" not in output["data"]:
            texts.append(output["data"]["text/plain"] + "\n")
    return "".join(texts).rstrip()


def drawn(outputs: list[Output]) -> str:
    """The HTML of a cell's figures."""
    return "\n".join(
        output["data"]["text/html"] for output in outputs if "text/html" in output.get("data", {})
    )


class FromLab(SphinxDirective):
    """A directive whose arguments are a lab's name, without a suffix, and a cell's name."""

    required_arguments = 2

    def cell(self) -> nbformat.NotebookNode:
        """The named cell; the chapter is read again when the lab changes."""
        lab, name = self.arguments
        notebook = Path(self.env.srcdir) / "notebooks" / f"{lab}.ipynb"
        self.env.note_dependency(str(notebook))
        try:
            return find_cell(notebook, name)
        except LookupError as error:
            raise self.error(f"{self.name}: {error}") from error


class LabCell(FromLab):
    """The source of a cell and what it printed, looking as they do in the lab's own page."""

    option_spec: ClassVar = {"output-only": directives.flag}

    def run(self) -> list[nodes.Node]:
        cell = self.cell()
        whole = nodes.container(classes=["cell", "docutils"])
        if "output-only" not in self.options:
            source = nodes.literal_block(cell.source, cell.source, language="ipython3")
            whole += nodes.container("", source, classes=["cell_input", "docutils"])
        if text := printed(cell.outputs):
            block = nodes.literal_block(text, text, language="none", classes=["output", "stream"])
            whole += nodes.container("", block, classes=["cell_output", "docutils"])
        elif "output-only" in self.options:
            raise self.error(f"{self.name}: the cell {self.arguments[1]} printed nothing")
        return [whole]


class NumberedFigure(SphinxDirective):
    """A directive that puts HTML into a numbered figure, its content being the caption."""

    has_content = True

    def figure(self, html: str) -> list[nodes.Node]:
        """A figure of `html`; the first paragraph is the caption, the rest its legend.

        Raises:
            docutils.utils.SystemMessagePropagation: no name or no caption.
        """
        if "name" not in self.options or not self.content:
            raise self.error(f"{self.name} {self.arguments[0]}: needs a :name: and a caption")
        figure = nodes.figure("", nodes.raw("", html, format="html"), classes=["lab-figure"])
        self.set_source_info(figure)
        caption, *legend = self.parse_content_to_nodes()
        figure += nodes.caption(caption.rawsource, "", *caption.children)
        if legend:
            figure += nodes.legend("", *legend)
        self.add_name(figure)
        return [figure]


class LabFigure(NumberedFigure, FromLab):
    """A figure that a lab drew."""

    option_spec: ClassVar = {"name": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        html = drawn(self.cell().outputs)
        if not html:
            raise self.error(f"{self.name}: the cell {self.arguments[1]} drew nothing")
        return self.figure(html)


def setup(app: Sphinx) -> None:
    """Register the two directives."""
    app.add_directive("lab-cell", LabCell)
    app.add_directive("lab-figure", LabFigure)
