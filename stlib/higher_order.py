"""Φ: what the last N states of a recurrent cell say together.

Four ways to combine a history. `linear` adds one matrix a state. `polynomial` multiplies the states
with one another through one large tensor, `polynomial_train` through the same tensor cut into a
train. `separate` is `linear` for maps: a convolution in the place of each matrix. The fifth way, a
convolutional tensor train, is `stlib.tensor_train`.

Conventions. ``states[0]`` is h(t-1), the most recent; ``states[-1]`` is h(t-N).

Source: Su et al., *Convolutional Tensor-Train LSTM for Spatio-Temporal Learning*, 2020, sections 2
and 3.1.
"""

from collections.abc import Sequence
from functools import reduce
from typing import TypeAlias

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from stlib.tensor_train import Boundary, Canvas, Kernel, correlate

__all__ = ["linear", "polynomial", "polynomial_train", "separate"]

# An underscore: the name explains the axis, and need not be the same size everywhere.
Vector: TypeAlias = Float[Tensor, "_batch _feature"]


def linear(
    matrices: Sequence[Float[Tensor, "_out _feature"]], states: Sequence[Vector]
) -> Float[Tensor, "_batch _out"]:
    """Apply one matrix to each state, and add.

    Args:
        matrices: T(1) … T(N), each ``[out, feature]``.
        states: h(t-1) … h(t-N), each ``[batch, feature]``.

    Returns:
        Φ, ``[batch, out]``.

    Raises:
        ValueError: numbers, features or batches that do not match.

    Source: Su et al., Eq. 4; Soltani and Jiang 2016.
    """
    _check_states(states, len(matrices), "matrices")
    for i, (matrix, h) in enumerate(zip(matrices, states, strict=True), start=1):
        _check_reads(f"T({i})", matrix.shape[1], h, i)
    pairs = zip(matrices, states, strict=True)
    return reduce(torch.add, [F.linear(h, matrix) for matrix, h in pairs])  # ctt-eq-4


def polynomial(
    tensor: Float[Tensor, "_out *_features"], states: Sequence[Vector]
) -> Float[Tensor, "_batch _out"]:
    """Multiply all states with one another, each product with a weight of its own.

    Entry ``tensor[o, a, b, …]`` weighs the product of feature a of h(t-1), feature b of h(t-2), …
    in output o. Without its first axis the result would be one number.

    Args:
        tensor: T, ``[out, feature, …, feature]``, one axis of features a state.
        states: h(t-1) … h(t-N), each ``[batch, feature]``.

    Returns:
        Φ, ``[batch, out]``: of degree 1 in each state, and 0 where any state is 0.

    Raises:
        ValueError: axes, features or batches that do not match.

    Source: Su et al., Eq. 5, with an axis for the outputs; Yu et al. 2017.
    """
    _check_states(states, tensor.ndim - 1, "axes of features")
    for i, h in enumerate(states, start=1):
        _check_reads(f"axis {i} of T", tensor.shape[i], h, i)
    # The oldest first: each contraction takes the last axis away.
    phi = torch.einsum("...c,bc->b...", tensor, states[-1])
    for h in reversed(states[:-1]):
        phi = torch.einsum("b...c,bc->b...", phi, h)  # ctt-eq-5
    return phi


def polynomial_train(
    cores: Sequence[Float[Tensor, "_before _feature _after"]], states: Sequence[Vector]
) -> Float[Tensor, "_batch _out"]:
    """Return what `polynomial` returns for a T in tensor-train format, without forming T.

    ``T[o, a, b, …]`` is a product of matrices, one from each core: row o of ``A(1)[:, a]``, times
    ``A(2)[:, b]``, and so on. The states come in from the oldest, one a step.

    Args:
        cores: A(1) … A(N); A(i) is ``[r(i-1), feature, r(i)]``. r(0) is the number of outputs,
            r(N) is 1.
        states: h(t-1) … h(t-N), each ``[batch, feature]``.

    Returns:
        Φ, ``[batch, r(0)]``.

    Raises:
        ValueError: numbers, bonds, features or batches that do not match.

    Source: Yu et al. 2017; Oseledets 2011 for the format.
    """
    _check_states(states, len(cores), "cores")
    for i, (core, h) in enumerate(zip(cores, states, strict=True), start=1):
        _check_reads(f"A({i})", core.shape[1], h, i)
        bond = cores[i].shape[0] if i < len(cores) else 1
        if core.shape[2] != bond:
            raise ValueError(f"A({i}) ends in a bond of {core.shape[2]}, expected {bond}")
    v = F.linear(states[-1], cores[-1].squeeze(2))
    for core, h in zip(reversed(cores[:-1]), reversed(states[:-1]), strict=True):
        waiting = torch.einsum("rcs,bs->brc", core, v)
        v = torch.einsum("brc,bc->br", waiting, h)  # ctt-eq-5, in a train
    return v


def separate(
    kernels: Sequence[Kernel], states: Sequence[Canvas], boundary: Boundary = "zero"
) -> Canvas:
    """Apply one convolution to each state, and add. The kernels may differ in size.

    Args:
        kernels: K(1) … K(N), each ``[out, in, height, width]`` with odd sizes.
        states: H(t-1) … H(t-N), each ``[batch, in, height, width]``.
        boundary: see `stlib.tensor_train.correlate`. Under ``'full'`` all terms stand on one
            canvas, larger by the radius of the largest kernel on each side.

    Returns:
        Φ, ``[batch, out, height, width]``, larger under ``'full'``.

    Raises:
        ValueError: numbers, channels or sizes that do not match.

    Source: Su et al., Eq. 7.
    """
    _check_states(states, len(kernels), "kernels")
    for i, (kernel, h) in enumerate(zip(kernels, states, strict=True), start=1):
        _check_reads(f"K({i})", kernel.shape[1], h, i)
    if boundary == "full":
        down, right = (max(k.shape[axis] // 2 for k in kernels) for axis in (2, 3))
        states, boundary = [F.pad(h, (right, right, down, down)) for h in states], "zero"
    pairs = zip(kernels, states, strict=True)
    return reduce(torch.add, [correlate(h, k, boundary) for k, h in pairs])  # ctt-eq-7


def _check_states(states: Sequence[Tensor], count: int, what: str) -> None:
    if len(states) == 0:
        raise ValueError("no states: need one at least")
    if len(states) != count:
        raise ValueError(f"{len(states)} states for {count} {what}: need one each")


def _check_reads(reader: str, reads: int, h: Tensor, i: int) -> None:
    if h.shape[1] != reads:
        raise ValueError(f"h(t-{i}) has {h.shape[1]} features, {reader} reads {reads}")
