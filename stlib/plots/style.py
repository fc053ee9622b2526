"""One style in two themes, for matplotlib and for plotly.

The colours start from Okabe and Ito's palette. They are moved in lightness until each stands out
from its background and no two look alike to a reader who lacks a cone type. Line style and marker
change together with the colour, so that a figure also reads in grey.
"""

from dataclasses import dataclass
from typing import Any

from stlib.extras import load
from stlib.plots.lightness import between

__all__ = ["DARK", "LIGHT", "Theme", "diverging", "matplotlib_style", "plotly_template"]


@dataclass(frozen=True)
class Theme:
    """The colours of one theme, as ``#RRGGBB``."""

    background: str  # of the page; figures are transparent
    ink: str
    muted: str  # axes and ticks
    grid: str
    cycle: tuple[str, ...]


LIGHT = Theme(
    background="#FFFFFF",
    ink="#23262B",
    muted="#5A6270",
    grid="#DDE1E7",
    cycle=("#0B4FA0", "#AE3504", "#068C72", "#D85FB2", "#A08A10", "#2390EC", "#332F36"),
)
DARK = Theme(
    background="#121212",
    ink="#E6EAF0",
    muted="#A4ADBA",
    grid="#343A44",
    cycle=("#58BDF5", "#EA6E2A", "#0DA888", "#EDB9D0", "#F5B536", "#4F6CC4", "#F4F8FF"),
)

# One entry a colour: (matplotlib line, matplotlib marker, plotly line, plotly marker).
SHAPES = (
    ("-", "o", "solid", "circle"),
    ((0, (5, 2)), "s", "dash", "square"),
    ((0, (1, 1.4)), "^", "dot", "triangle-up"),
    ((0, (6, 2, 1, 2)), "D", "dashdot", "diamond"),
    ((0, (9, 2.5)), "v", "longdash", "triangle-down"),
    ((0, (9, 2, 1, 2, 1, 2)), "P", "longdashdot", "cross"),
    ((0, (3, 1.2, 1, 1.2)), "X", "5px,2px,1px,2px", "x"),
)

SEQUENTIAL = "cividis"  # even steps in lightness, the same to readers who lack a cone type


def matplotlib_style(theme: Theme) -> dict[str, Any]:
    """Say a theme in matplotlib's words.

    Args:
        theme: `LIGHT` or `DARK`.

    Returns:
        Settings for ``matplotlib.rc_context``.

    Raises:
        ImportError: matplotlib is missing.

    Source: this book.
    """
    cycler = load("matplotlib", "book").cycler
    lines, markers = [shape[0] for shape in SHAPES], [shape[1] for shape in SHAPES]
    return {
        "axes.prop_cycle": cycler(color=theme.cycle, linestyle=lines, marker=markers),
        "axes.axisbelow": True,
        "axes.edgecolor": theme.muted,
        "axes.facecolor": "none",
        "axes.grid": True,
        "axes.labelcolor": theme.ink,
        "axes.labelsize": 11,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlecolor": theme.ink,
        "axes.titlelocation": "left",
        "axes.titlesize": 11,
        "boxplot.flierprops.markeredgecolor": theme.muted,
        "figure.facecolor": "none",
        "font.family": "DejaVu Sans",  # comes with matplotlib: the same bytes on every machine
        "font.size": 11,
        "grid.color": theme.grid,
        "grid.linewidth": 0.8,
        "hatch.color": theme.muted,
        "image.cmap": SEQUENTIAL,
        "image.interpolation": "nearest",
        "legend.facecolor": theme.background,  # the page's own; `heat` fades zero into it
        "legend.frameon": False,
        "legend.handlelength": 3.2,  # long enough to tell the line styles apart
        "lines.linewidth": 1.8,
        "lines.markersize": 5,
        "mathtext.fontset": "dejavusans",
        "patch.edgecolor": theme.background,
        "savefig.facecolor": "none",
        "svg.fonttype": "path",  # no font is asked of the reader's machine
        "svg.hashsalt": "stlib",  # the same identifiers every time
        "text.color": theme.ink,
        "xtick.color": theme.muted,
        "xtick.labelcolor": theme.ink,
        "xtick.labelsize": 10,
        "ytick.color": theme.muted,
        "ytick.labelcolor": theme.ink,
        "ytick.labelsize": 10,
    }


def plotly_template(theme: Theme) -> dict[str, Any]:
    """Say a theme in plotly's words, for the page and the notebook alike.

    Args:
        theme: `LIGHT` or `DARK`.

    Returns:
        A plotly template: ``{'layout': …, 'data': …}``.

    Raises:
        ImportError: matplotlib, which holds the colour maps, is missing.

    Source: this book.
    """
    sequential = _stops(load("matplotlib", "book").colormaps[SEQUENTIAL])
    axis = {
        "automargin": True,
        "constrain": "domain",  # square cells shrink the axes, not lengthen them
        "gridcolor": theme.grid,
        "linecolor": theme.muted,
        "ticks": "outside",
        "tickcolor": theme.muted,
        "title": {"font": {"size": 15}, "standoff": 8},
        "zerolinecolor": theme.muted,
        "zerolinewidth": 1,
    }
    bar = {"outlinewidth": 0, "thickness": 14, "tickcolor": theme.muted, "ticks": "outside"}
    lines = [
        {"line": {"dash": dash, "width": 2.2}, "marker": {"size": 7, "symbol": symbol}}
        for *_, dash, symbol in SHAPES
    ]
    return {
        "layout": {
            "colorscale": {"diverging": _stops(diverging(theme)), "sequential": sequential},
            "colorway": list(theme.cycle),
            "dragmode": False,  # a finger that scrolls the page must not zoom the plot
            "font": {"color": theme.ink, "size": 14},
            "height": 380,
            "hoverlabel": {
                "bgcolor": theme.background,
                "bordercolor": theme.muted,
                "font": {"color": theme.ink},
            },
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
            "margin": {"b": 48, "l": 56, "r": 16, "t": 48},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "xaxis": axis,
            "yaxis": axis,
        },
        "data": {
            "bar": [{"marker": {"line": {"width": 0}}}],
            "heatmap": [{"colorbar": bar, "colorscale": sequential}],
            "scatter": lines,
        },
    }


def diverging(theme: Theme) -> Any:
    """Return the map for values with a sign: zero fades into the page, both signs stand out.

    Args:
        theme: `LIGHT` or `DARK`.

    Returns:
        A matplotlib colour map from the cycle's blue (negative) to its vermilion (positive). Its
        lightness moves in even steps, equal for both signs.

    Raises:
        ImportError: matplotlib is missing.

    Source: this book.
    """
    return between(theme.cycle[0], theme.background, theme.cycle[1])


def _stops(colour_map: Any, count: int = 17) -> list[list[float | str]]:
    """A matplotlib colour map as plotly's list of places and colours."""
    to_hex = load("matplotlib.colors", "book").to_hex
    places = [i / (count - 1) for i in range(count)]
    return [[place, to_hex(colour_map(place))] for place in places]
