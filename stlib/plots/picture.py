"""A still figure in two themes, with its alt text."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from io import StringIO
from pathlib import Path
from typing import Any

from stlib.extras import load
from stlib.files import replacing
from stlib.plots.alt import described
from stlib.plots.style import DARK, LIGHT, Theme, matplotlib_style

__all__ = ["Picture", "picture"]

# The book's theme knows the two classes; notebooks do not, so the pair brings its own rule. Where
# even that is stripped, `hidden` leaves the light image, and no reader hears the text twice.
RULE = (
    "<style>"
    ".stlib-picture img{max-width:100%;height:auto}"
    ":is(html[data-theme=dark],body[data-jp-theme-light=false],body.vscode-dark)"
    " .stlib-picture img.only-light{display:none!important}"
    ":is(html[data-theme=dark],body[data-jp-theme-light=false],body.vscode-dark)"
    " .stlib-picture img.only-dark{display:inline!important}"
    "</style>"
)


@dataclass(frozen=True)
class Picture:
    """A figure drawn for a light and for a dark page; notebooks and the book show the right one.

    Source: this book.
    """

    alt: str
    light: str
    dark: str

    def save(self, stem: str | Path) -> tuple[Path, Path]:
        """Write both variants; a file that exists is replaced in one step.

        Args:
            stem: path without ending; ``-light.svg`` and ``-dark.svg`` are added.

        Returns:
            The two paths.

        Raises:
            OSError: the folder is missing or cannot be written.
        """
        light, dark = Path(f"{stem}-light.svg"), Path(f"{stem}-dark.svg")
        for path, svg in ((light, self.light), (dark, self.dark)):
            with replacing(path) as file:
                file.write(svg.encode())
        return light, dark

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        pair = _image(self.light, self.alt, "only-light") + _image(
            self.dark, self.alt, "only-dark", " hidden"
        )
        return {
            "text/html": f'<span class="stlib-picture">{RULE}{pair}</span>',
            "text/plain": self.alt,
        }


def picture(
    paint: Callable[[Any], object], *, alt: str, width: float = 7.0, height: float = 3.2
) -> Picture:
    """Draw one figure twice, for a light and for a dark page.

    Args:
        paint: draws on the empty matplotlib figure it is given; called once a theme. Take colours
            from the style (``'C0'`` … ``'C6'``, the default colour map) so that both are readable.
        alt: what is seen, then what follows from it, with numbers.
        width: of the figure, in inches.
        height: of the figure, in inches.

    Returns:
        The pair, the same bytes for the same input.

    Raises:
        ValueError: the alt text is empty or too short.
        ImportError: matplotlib is missing.

    Source: this book.
    """
    alt = described(alt)
    light, dark = (_draw(paint, theme, (width, height)) for theme in (LIGHT, DARK))
    return Picture(alt=alt, light=light, dark=dark)


def _draw(paint: Callable[[Any], object], theme: Theme, size: tuple[float, float]) -> str:
    rc_context, figure = (
        load("matplotlib", "book").rc_context,
        load("matplotlib.figure", "book").Figure,
    )
    with rc_context(matplotlib_style(theme)):
        # Constrained, and cells that stay square do not push labels over the edge.
        canvas = figure(figsize=size, layout="compressed")
        paint(canvas)
        file = StringIO()
        canvas.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return file.getvalue()


def _image(svg: str, alt: str, variant: str, attributes: str = "") -> str:
    data = b64encode(svg.encode()).decode()
    source = f"data:image/svg+xml;base64,{data}"
    return f'<img class="{variant}" src="{source}" alt="{escape(alt)}"{attributes}>'
