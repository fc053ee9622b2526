"""Clips out of a series of measurements: stretches without a gap."""

from itertools import pairwise

import numpy as np
from jaxtyping import Int64

__all__ = ["windows"]


def windows(
    moments: Int64[np.ndarray, " moments"], frames: int, every: int
) -> Int64[np.ndarray, " _windows"]:
    """Where the stretches begin that hold a measurement at each moment.

    Args:
        moments: at which something was measured, ascending; one more is the next.
        frames: of a stretch.
        every: moments from the start of one stretch to that of the next. After a gap they begin
            anew.

    Returns:
        Places in `moments`.

    Raises:
        ValueError: a number below 1, or moments that do not ascend.

    Source: this book.
    """
    if min(frames, every) < 1:
        raise ValueError(f"{frames=}, {every=}: each counts from 1")
    steps = np.diff(moments)
    if len(steps) and steps.min() < 1:
        place = int(np.argmax(steps < 1))
        raise ValueError(
            f"moment {moments[place + 1]} follows {moments[place]}: expected them to ascend"
        )
    gaps = np.flatnonzero(steps > 1) + 1
    ends = [0, *gaps.tolist(), len(moments)]
    runs = [range(a, b - frames + 1, every) for a, b in pairwise(ends)]
    return np.array([first for run in runs for first in run], np.int64)
