"""What an output can depend on, found by staining: NaN is handed on wherever it is read."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from jaxtyping import Bool
from torch import Tensor, nn

__all__ = ["stained"]


@torch.no_grad()
def stained(
    network: nn.Module, side: int, lags: int = 1, channels: int = 1
) -> Bool[Tensor, "lags side side"]:
    """Which columns of a prediction change when a column of an earlier frame does.

    A column of one frame is made NaN; a sum, a maximum or a product that reads it is NaN too,
    whatever the weights are. So a pixel counts even where its weight is zero, or where a maximum
    chooses another: this is what *can* be read, as `stlib.reach` counts it.

    Args:
        network: ``(frame, state) -> (frame, state)``; a copy in double precision is run, for
            faster sums in single precision may hand NaN to neighbours that do not read it.
        side: pixels of the square frames.
        lags: how many frames are read; lag 0 is the last of them.
        channels: of a frame.

    Returns:
        ``[lag, read, written]``: whether column `written` of the next frame can depend on column
        `read` of the frame of that lag.

    Raises:
        ValueError: a number below 1, or a network that the frames do not fit.

    Source: this book, chapter 24.
    """
    if min(side, lags, channels) < 1:
        raise ValueError(f"{side=}, {lags=}, {channels=}: each counts from 1")
    run: Callable[..., Any] = deepcopy(network).double().eval()
    clean = torch.zeros(side, channels, side, side, dtype=torch.float64)
    dirty = clean.clone()
    dirty[range(side), :, :, range(side)] = torch.nan  # of sample j, column j
    found = []
    for lag in range(lags):
        y, state = dirty, None
        for step in reversed(range(lag + 1)):
            y, state = run(dirty if step == lag else clean, state)
        found.append(y.isnan().any(1).any(1))
    return torch.stack(found)
