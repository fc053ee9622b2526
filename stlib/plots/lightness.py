"""Colour maps whose lightness moves in even steps."""

from typing import Any

import numpy as np

from stlib.extras import load

__all__ = ["between"]

# Björn Ottosson's OKLab, 2020: linear sRGB -> cone responses -> lightness and two opponents.
CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
OPPONENTS = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def between(low: str, zero: str, high: str) -> Any:
    """Return the map that runs from one colour through a middle one to another.

    Args:
        low: the colour of the smallest value, as ``#RRGGBB``.
        zero: the colour of the middle.
        high: the colour of the largest value; its lightness is set to that of `low`.

    Returns:
        A matplotlib colour map of 255 colours, so that one of them is exactly the middle.

    Raises:
        ImportError: matplotlib is missing.

    Source: this book.
    """
    colours = load("matplotlib.colors", "book")
    ends = [_oklab(np.array(colours.to_rgb(colour))) for colour in (low, zero, high)]
    ends[2][0] = ends[0][0]  # neither sign may look larger than the other
    half = np.linspace(0, 1, 128)[:, None]
    falling = ends[0] + half * (ends[1] - ends[0])
    rising = ends[1] + half * (ends[2] - ends[1])
    return colours.ListedColormap(_rgb(np.concatenate([falling, rising[1:]])), name="diverging")


def _oklab(rgb: np.ndarray) -> np.ndarray:
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return np.cbrt(linear @ CONES.T) @ OPPONENTS.T


def _rgb(oklab: np.ndarray) -> np.ndarray:
    linear = (oklab @ np.linalg.inv(OPPONENTS).T) ** 3 @ np.linalg.inv(CONES).T
    linear = linear.clip(0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
