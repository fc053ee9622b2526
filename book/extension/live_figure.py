"""`live-figure`: a custom element that computes in the page, in a numbered figure.

With the argument `nested_sum` it puts `<nested-sum …>` on the page, and `<tempo-figure …>` with
`tempo`, since the name of such an element has a hyphen. The element is defined by
book/assets/nested_sum.js, one module without imports, which is written into the page once, and
before the first of them book/assets/live_element.js, on which all stand: a browser loads no module
from a file:// address.
"""

from collections import defaultdict
from html import escape
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx

from .assets import ASSETS
from .lab import NumberedFigure


class LiveFigure(NumberedFigure):
    """The element, its script and style, its caption; options other than `name` are attributes."""

    required_arguments = 1
    option_spec: ClassVar = defaultdict(
        lambda: directives.unchanged, name=directives.unchanged_required
    )

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        tag = name.replace("_", "-") if "_" in name else f"{name}-figure"
        attributes = "".join(
            f' {key}="{escape(value)}"' for key, value in self.options.items() if key != "name"
        )
        return self.figure(f"{self.definition(name)}<{tag}{attributes}></{tag}>")

    def definition(self, name: str) -> str:
        """The element's style and script, the first time a page asks for them."""
        defined = self.env.temp_data.setdefault("live-figures", set())
        if name in defined:
            return ""
        base = "" if defined else self.module("live_element")
        defined.add(name)
        return f"<style>{self.asset(f'{name}.css')}</style>\n{base}{self.module(name)}"

    def module(self, name: str) -> str:
        """The script, in the page itself."""
        return f'<script type="module">\n{self.asset(f"{name}.js")}\n</script>\n'

    def asset(self, file: str) -> str:
        """The text of a file of book/assets; the page is read again when it changes."""
        path = ASSETS / file
        if not path.is_file():
            raise self.error(f"{self.name}: no file book/assets/{file}")
        self.env.note_dependency(str(path))
        return path.read_text(encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("live-figure", LiveFigure)
