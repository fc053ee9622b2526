"""Painters: each puts one kind of array on matplotlib axes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from stlib.extras import load
from stlib.plots.lightness import between

__all__ = ["filmstrip", "heat", "stems"]


def heat(
    axes: Any,
    values: ArrayLike,
    *,
    label: str,
    log: bool = False,
    signed: bool = False,
    written: bool = False,
    x: str = "",
    y: str = "",
) -> Any:
    """Draw a matrix as coloured cells.

    Args:
        axes: matplotlib axes of a figure that `picture` draws.
        values: ``[height, width]``.
        label: what the colour means, with its unit; it stands beside the colour bar.
        log: a logarithmic scale; cells at zero or below stay empty.
        signed: zero fades into the page, and both signs stand out alike.
        written: write each value into its cell, and leave the colour bar out.
        x: what the columns are.
        y: what the rows are.

    Returns:
        The matplotlib image.

    Raises:
        ValueError: not a matrix, both scales at once, or a logarithmic scale with nothing
            above zero.
        ImportError: matplotlib is missing.

    Source: this book.
    """
    matrix = np.asarray(values, dtype=float)
    if matrix.ndim != 2 or not matrix.size:
        raise ValueError(f"values has shape {matrix.shape}, expected [height, width]")
    if log and signed:
        raise ValueError("log=True and signed=True, expected at most one of them")
    options: dict[str, Any] = {}
    if log:
        if not (matrix > 0).any():
            raise ValueError("log=True, expected at least one value above zero")
        matrix = np.where(matrix > 0, matrix, np.nan)
        options["norm"] = load("matplotlib.colors", "book").LogNorm()
    if signed:
        largest = float(np.nanmax(np.abs(matrix))) or 1.0
        colour = load("matplotlib.colors", "book").to_hex
        page = load("matplotlib", "book").rcParams["legend.facecolor"]
        options |= {
            "cmap": between(colour("C0"), page, colour("C1")),
            "vmin": -largest,
            "vmax": largest,
        }
    image = axes.imshow(matrix, **options)
    axes.grid(False)
    axes.spines[:].set_visible(True)
    axes.set(xlabel=x, ylabel=y)
    _whole_ticks(axes.xaxis, axes.yaxis)
    if written:
        _write_values(axes, image, matrix)
        axes.set_title(label)
    else:
        bar = axes.figure.colorbar(image, ax=axes, label=label)
        bar.outline.set_visible(False)
    return image


def filmstrip(
    figure: Any, frames: ArrayLike, *, titles: Sequence[str] = (), title: str = ""
) -> list[Any]:
    """Draw frames side by side, in the order of time.

    Args:
        figure: the matplotlib figure, or a subfigure, that is filled.
        frames: ``[time, channel, height, width]`` in [0, 1]; one channel is grey, three are
            red, green, blue.
        titles: one a frame; without them frames are numbered from 1.
        title: stands above the strip.

    Returns:
        The axes, one a frame.

    Raises:
        ValueError: another shape, values outside [0, 1], or a wrong number of titles.

    Source: this book.
    """
    film = np.asarray(frames, dtype=float)
    if film.ndim != 4 or film.shape[1] not in (1, 3) or not film.size:
        raise ValueError(f"frames has shape {film.shape}, expected [time, 1 or 3, height, width]")
    low, high = film.min(), film.max()
    if not (low >= 0 and high <= 1):  # NaN is neither
        raise ValueError(f"frames lie in [{low}, {high}], expected [0, 1]")
    names = list(titles) or [str(t + 1) for t in range(len(film))]
    if len(names) != len(film):
        raise ValueError(f"{len(names)} titles for {len(film)} frames: expected one a frame")
    row = list(figure.subplots(1, len(film), squeeze=False)[0])
    for axes, frame, name in zip(row, film, names, strict=True):
        # One channel is drawn through the grey map; three are taken as they are.
        axes.imshow(frame.transpose(1, 2, 0), cmap="gray", vmin=0, vmax=1)
        axes.grid(False)
        axes.spines[:].set_visible(True)
        axes.set(xticks=[], yticks=[])
        axes.set_title(name, loc="center")
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize="medium")
    return row


def stems(
    axes: Any, values: ArrayLike, *, start: int = 0, label: str = "", colour: str = "C0"
) -> None:
    """Draw a signal or a kernel on a line: a stem a place, its value written at its head.

    Args:
        axes: matplotlib axes of a figure that `picture` draws.
        values: ``[places]``.
        start: the place of the first value; minus the radius centres a kernel on zero.
        label: stands above.
        colour: of the style's cycle.

    Raises:
        ValueError: not a vector.

    Source: this book.
    """
    signal = np.asarray(values, dtype=float)
    if signal.ndim != 1 or not signal.size:
        raise ValueError(f"values has shape {signal.shape}, expected [places]")
    places = np.arange(start, start + len(signal))
    axes.vlines(places, 0, signal, color=colour, linewidth=2.4)
    axes.plot(places, signal, linestyle="", marker="o", color=colour, markersize=7)
    axes.axhline(0, color=load("matplotlib", "book").rcParams["xtick.color"], linewidth=1)
    for place, value in zip(places, signal, strict=True):
        axes.annotate(
            _short(value),
            (place, value),
            xytext=(0, 6 if value >= 0 else -6),
            textcoords="offset points",
            ha="center",
            va="bottom" if value >= 0 else "top",
        )
    axes.grid(False)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.tick_params(bottom=False)
    axes.set(yticks=[], xlim=(places[0] - 0.6, places[-1] + 0.6))
    axes.margins(y=0.25)
    axes.set_title(label)
    _whole_ticks(axes.xaxis)


def _short(value: float) -> str:
    return f"{value:.3g}".replace("-", "\N{MINUS SIGN}")


def _whole_ticks(*many: Any) -> None:
    locator = load("matplotlib.ticker", "book").MaxNLocator
    for axis in many:
        axis.set_major_locator(locator(nbins=8, integer=True, min_n_ticks=1))


def _write_values(axes: Any, image: Any, matrix: np.ndarray) -> None:
    for (row, column), value in np.ndenumerate(matrix):
        if np.isnan(value):
            continue
        red, green, blue, _ = image.cmap(image.norm(value))
        bright = 0.299 * red + 0.587 * green + 0.114 * blue > 0.5
        axes.text(
            column,
            row,
            _short(value),
            ha="center",
            va="center",
            color="black" if bright else "white",
        )
