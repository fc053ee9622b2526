"""The page face: every figure computed beforehand, and native controls that choose among them."""

import json
from collections.abc import Callable, Sequence
from html import escape
from itertools import product
from math import isfinite, prod
from typing import Any

from stlib.extras import load
from stlib.plots.controls import Control
from stlib.plots.style import DARK, LIGHT, plotly_template

__all__ = ["frames", "page_face"]

MOST_FRAMES = 400  # more makes a page heavy; a script that computes serves the reader better
DIGITS = 6  # of a number in the page, more than a screen can show


def page_face(figure: Callable[..., Any], controls: Sequence[Control], alt: str) -> tuple[Any, str]:
    """Compute every figure that the controls can ask for, and write them as HTML.

    Args:
        figure: takes the controls' values as keywords and returns a plotly figure.
        controls: what the reader can set.
        alt: what is seen at the start; it stands in the page until a script draws the figure.

    Returns:
        The figure at the start, and the HTML. ``book/assets/explore.js`` draws and wires it.

    Raises:
        ValueError: more figures than a page should carry.
        ImportError: plotly is missing.

    Source: this book.
    """
    load("plotly.graph_objects", "book")
    content = {
        **frames(figure, controls),
        "themes": {"light": plotly_template(LIGHT), "dark": plotly_template(DARK)},
    }
    first = figure(**{control.name: control.values[control.start] for control in controls})
    # A '<' inside a script could end it.
    data = json.dumps(content, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    text = escape(alt)
    html = (
        f'<div class="stlib-explore" role="group" aria-label="{text}">'
        f'<form class="stlib-controls" hidden>{"".join(map(_control, controls))}</form>'
        '<div class="stlib-plot"></div>'
        f'<p class="stlib-fallback">{text} '
        "<em>It moves once it is drawn: in the book, or by running its cell.</em></p>"
        '<details class="stlib-table" hidden><summary>Data as a table</summary></details>'
        '<p class="stlib-status" role="status"></p>'
        f'<script type="application/json">{data}</script>'
        "</div>"
    )
    return first, html


def frames(figure: Callable[..., Any], controls: Sequence[Control]) -> dict[str, Any]:
    """Compute every figure that the controls can ask for, each trace and layout stored once.

    Args:
        figure: takes the controls' values as keywords and returns a plotly figure.
        controls: what the reader can set.

    Returns:
        ``traces`` and ``layouts``, without repetition, and ``frames``, which maps the controls'
        positions, as in ``'2,0'``, to ``[layout, [trace, …]]``, indices into the two. Numbers are
        rounded to six significant digits.

    Raises:
        ValueError: more figures than a page should carry.

    Source: this book.
    """
    counts = [len(control.values) for control in controls]
    if prod(counts) > MOST_FRAMES:
        sizes = " x ".join(f"{control.name}: {len(control.values)}" for control in controls)
        raise ValueError(
            f"{sizes} = {prod(counts)} figures, expected at most {MOST_FRAMES}: take larger steps"
        )
    traces, layouts, chosen = _Pool(), _Pool(), {}
    for places in product(*map(range, counts)):
        values = {c.name: c.values[i] for c, i in zip(controls, places, strict=True)}
        made = figure(**values)
        layout = made.layout.to_plotly_json()
        layout.pop("template", None)  # the page's theme brings its own
        chosen[",".join(map(str, places))] = [
            layouts.index(layout),
            [traces.index(trace.to_plotly_json()) for trace in made.data],
        ]
    return {"traces": traces.items, "layouts": layouts.items, "frames": chosen}


class _Pool:
    """A list without repetition."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self._places: dict[str, int] = {}

    def index(self, item: Any) -> int:
        item = _plain(item)
        place = self._places.setdefault(json.dumps(item, sort_keys=True), len(self.items))
        if place == len(self.items):
            self.items.append(item)
        return place


def _plain(value: Any) -> Any:
    """Arrays as lists, numbers rounded, what JSON cannot say (infinite, undefined) as null."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if isfinite(value) else None
    return value


def _control(control: Control) -> str:
    """A native control: reached by keyboard and spoken without any script of ours."""
    name, label = escape(control.name), escape(control.label)
    values = [escape(str(value)) for value in control.values]
    if control.slides:
        options = escape(json.dumps([str(value) for value in control.values]))
        field = (
            f'<input type="range" name="{name}" min="0" max="{len(values) - 1}" step="1" '
            f'value="{control.start}" aria-valuetext="{values[control.start]}" '
            f'data-values="{options}" autocomplete="off">'
        )
        return (
            f'<div class="stlib-control"><label><span>{label}</span> {field}</label>'
            f'<span class="stlib-value" aria-hidden="true">{values[control.start]}</span></div>'
        )
    items = "".join(
        f'<option value="{i}"{" selected" if i == control.start else ""}>{value}</option>'
        for i, value in enumerate(values)
    )
    return (
        f'<div class="stlib-control"><label><span>{label}</span> '
        f'<select name="{name}" autocomplete="off">{items}</select></label></div>'
    )
