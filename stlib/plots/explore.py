"""One figure with controls, two faces: a page without a kernel, and a live notebook."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

from stlib.plots.alt import described
from stlib.plots.controls import read_controls
from stlib.plots.live import live_face
from stlib.plots.page import page_face

__all__ = ["Explorer", "explore"]

Face: TypeAlias = Literal["live", "page"]


@dataclass(frozen=True)
class Explorer:
    """A figure that a reader moves.

    `figure` is the plotly figure in its present state. `controls` holds the live widgets by name,
    so that a test can set one; on a page it is empty.

    Source: this book.
    """

    alt: str
    figure: Any
    controls: Mapping[str, Any]
    show: Callable[[], dict[str, Any]] = field(repr=False)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {**self.show(), "text/plain": self.alt}


def explore(
    figure: Callable[..., Any], *, alt: str, face: Face | None = None, **controls: Any
) -> Explorer:
    """Let the reader set the arguments of a function that draws.

    Args:
        figure: takes the controls as keywords and returns a plotly figure; it leaves colours to
            the style. A parameter's default says where its control starts.
        alt: what is seen at the start, then what the controls change.
        face: ``'live'`` computes each figure when it is asked for, with ipywidgets. ``'page'``
            computes all of them now and needs no kernel. Without it, the environment variable
            ``STLIB_FACE`` decides, else it is live.
        **controls: as in ipywidgets: ``n=(1, 6)`` or ``k=(1, 7, 2)`` a slider, a list a choice.

    Returns:
        What a notebook or the book shows.

    Raises:
        ValueError: a poor alt text, an unknown face, a control that cannot be read, or on a page
            more figures than it should carry.
        ImportError: plotly, or on the live face ipywidgets or anywidget, is missing.

    Source: this book.
    """
    alt = described(alt)
    settings = read_controls(figure, controls)
    face_name = face or os.environ.get("STLIB_FACE", "live")
    if face_name == "page":
        first, html = page_face(figure, settings, alt)
        return Explorer(alt, first, {}, lambda: {"text/html": html})
    if face_name == "live":
        shown, widgets, box = live_face(figure, settings, alt)
        return Explorer(alt, shown, widgets, box._repr_mimebundle_)
    raise ValueError(f"face={face_name!r} is none of {get_args(Face)}")
