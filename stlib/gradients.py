"""How much of a loss arrives at earlier states: the gradient against the lag."""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["gradient_by_lag"]


def gradient_by_lag(
    cell: Callable[[Tensor, Any], tuple[Tensor, Any, Any]],
    frames: Float[Tensor, "_batch _time _channel _height _width"],
    lags: int,
) -> list[float]:
    """Norm of the gradient of the last step's loss with respect to each earlier output.

    The loss is half the sum of squares of the last output h(t). Every road from h(t - lag) to it
    counts, through windows of past states and through the memory c. Compare the shares of what
    there is at lag 1: the norms themselves depend on how large the outputs are.

    Args:
        cell: one recurrent layer; the output it returns is the state it goes on from.
        frames: what it reads, one step each.
        lags: the largest.

    Returns:
        One norm for each of lags 1 … `lags`; 0 where no road leads.

    Raises:
        ValueError: no lag, or no frame for it.

    Source: this book, for the question of Su et al., whether a history eases vanishing gradients.
    """
    if not 1 <= lags < frames.shape[1]:
        raise ValueError(f"{lags=}, expected 1 to {frames.shape[1] - 1}, one less than the frames")
    state, outputs = None, []
    with torch.enable_grad():
        for x in frames.unbind(1):
            h, state, _ = cell(x, state)
            outputs.append(h)
        loss = outputs[-1].square().sum() / 2
    earlier = outputs[-1 - lags : -1][::-1]
    found = torch.autograd.grad(loss, earlier, allow_unused=True)
    return [0.0 if each is None else float(each.norm()) for each in found]
