"""The same convolutional layer with fewer multiplications, by Toom's and Cook's rule.

A row of m outputs of a kernel r wide is the product of two polynomials, and a polynomial of degree
below n = m + r - 1 is known from its values at n points. So: take values, multiply them point by
point, and come back. On a picture this is done along both axes: 64 multiplications give 4x4
outputs of a 5x5 kernel, where one after the other they take 400. Channels are summed between the
values, so that taking them and coming back costs little where there are many channels.

Values at large or close points cancel: float32 loses about one decimal digit, half precision all.
"""

from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

__all__ = ["toom_cook"]

TILE = 4  # outputs along each axis; more of them multiply less and cancel more
POINTS = (0, 1, -1, 2, -2, 1 / 2, -1 / 2)  # and infinity, which reads the highest coefficient


def toom_cook(
    x: Float[Tensor, "batch _in height width"],
    kernel: Float[Tensor, "out _in _side _side"],
    bias: Float[Tensor, " out"] | None = None,
) -> Float[Tensor, "batch out height width"]:
    """Apply one convolutional layer, zero-padded to the size of x, as PyTorch does.

    Args:
        x: what the layer reads, float32 or float64.
        kernel: square, 1, 3 or 5 wide, applied unflipped.
        bias: one number for each output.

    Returns:
        ``[batch, out, height, width]``; for float64 what ``F.conv2d`` gives to 1e-13 of its size,
        for float32 to 1e-5.

    Raises:
        ValueError: another width, or half precision, autocast's included.

    Source: Toom 1963; Cook 1966; for layers with many channels Lavin and Gray 2016.
    """
    side = kernel.shape[2]
    if side not in (1, 3, 5) or kernel.shape[3] != side:
        raise ValueError(f"the kernel is {tuple(kernel.shape[2:])}: must be 1, 3 or 5 wide, square")
    if x.dtype not in (torch.float32, torch.float64) or torch.is_autocast_enabled(x.device.type):
        raise ValueError(
            f"x is {x.dtype}, or autocast is on: half precision cancels; use F.conv2d there"
        )
    batch, inputs, height, width = x.shape
    outputs = kernel.shape[0]
    reads, weighs, writes = (torch.as_tensor(each).to(x) for each in _both_axes(side))
    points = side + TILE - 1

    down, right = -(-height // TILE), -(-width // TILE)  # tiles; the last may stick out
    room = side // 2
    x = F.pad(x, (room, right * TILE - width + room, room, down * TILE - height + room))
    tiles = x.unfold(2, points, TILE).unfold(3, points, TILE).permute(4, 5, 1, 0, 2, 3)
    values = (reads @ tiles.reshape(points**2, -1)).view(points**2, inputs, -1)
    weights = (weighs @ kernel.permute(2, 3, 0, 1).reshape(side**2, -1)).view(-1, outputs, inputs)
    products = weights @ values
    y = (writes @ products.view(points**2, -1)).view(TILE, TILE, outputs, batch, down, right)
    y = y.permute(3, 2, 4, 0, 5, 1).reshape(batch, outputs, down * TILE, right * TILE)
    y = y[..., :height, :width]
    return y if bias is None else y + bias[:, None, None]


@lru_cache
def _both_axes(side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """From tiles to values, from a kernel to values, from products to outputs.

    A layer correlates, and correlating is the transpose of multiplying polynomials: so the
    interpolation, transposed, is what reads, and the evaluation, transposed, is what writes.
    """
    count = side + TILE - 1
    weighs, reads = _values(side, count), np.linalg.inv(_values(count, count)).T
    # Divided here and multiplied there, so that values of kernels are as large as its weights.
    size = np.abs(weighs).sum(axis=1, keepdims=True)
    reads, weighs, writes = reads * size, weighs / size, _values(TILE, count).T
    return np.kron(reads, reads), np.kron(weighs, weighs), np.kron(writes, writes)


def _values(coefficients: int, count: int) -> np.ndarray:
    """The matrix that evaluates a polynomial at the first `count` - 1 points and at infinity."""
    powers = np.vander(np.array(POINTS[: count - 1]), coefficients, increasing=True)
    return np.vstack([powers, np.eye(coefficients)[-1:]])
