"""Thick lines with round ends and soft edges, many frames at a time."""

import numpy as np
from jaxtyping import Float

from stlib.data.clips import Canvas, sides

__all__ = ["painted"]

SOFT = 0.5  # pixels to either side of an edge, over which the ink fades


def painted(
    ends: Float[np.ndarray, "_time _segment 2 2"],
    radius: Float[np.ndarray, " _segment"],
    shade: Float[np.ndarray, " _segment"],
    canvas: Canvas,
) -> Float[np.ndarray, "_time _height _width"]:
    """Draw segments on black; where two meet, the brighter shows.

    A pixel's ink falls from all to nothing over one pixel across the edge. What lies beyond the
    canvas is not drawn. Each frame depends on its own segments alone, to the bit.

    Args:
        ends: row and column of both ends, in pixels; a pixel's centre is a whole number.
        radius: half the thickness, in pixels.
        shade: brightness.
        canvas: height and width in pixels; one number is both.

    Source: this book; the distance from a point to a segment.
    """
    frames, size = len(ends), np.array(sides(canvas))
    reach = radius + SOFT
    low = np.floor(ends.min(axis=2) - reach[:, None]).astype(np.intp)
    high = np.ceil(ends.max(axis=2) + reach[:, None]).astype(np.intp)
    spans = (high - low).max(axis=(0, 2), initial=0) + 1
    margin = int(spans.max(initial=0))
    low = low.clip(-margin, size)  # so that every window fits on the sheet
    sheet = np.zeros((frames, *(size + 2 * margin)))
    time = np.arange(frames)[:, None, None]
    for segment, span in enumerate(spans.tolist()):
        window = low[:, segment, :, None] + np.arange(span)
        start, way = ends[:, segment, 0], ends[:, segment, 1] - ends[:, segment, 0]
        row, column = ((window[:, axis] - start[:, axis, None]) for axis in (0, 1))
        row, column = row[:, :, None], column[:, None, :]
        down, right = way[:, 0, None, None], way[:, 1, None, None]
        length = np.maximum(down * down + right * right, np.finfo(float).tiny)
        along = ((row * down + column * right) / length).clip(0, 1)
        away = np.sqrt((row - along * down) ** 2 + (column - along * right) ** 2)
        ink = shade[segment] * (reach[segment] - away).clip(0, 1)
        place = (time, margin + window[:, 0, :, None], margin + window[:, 1, None, :])
        sheet[place] = np.maximum(sheet[place], ink)
    rows, columns = (slice(margin, margin + side) for side in size)
    return sheet[:, rows, columns]
