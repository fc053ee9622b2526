"""3D filters from their parts, and the parts that come nearest to a filter.

A filter is ``[output, input, time, height, width]``, input channels those of one group.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = [
    "JointFilter",
    "Rank1Filter",
    "coefficients_for",
    "coefficients_matrix",
    "distance",
    "joint_filter",
    "nearest_joint",
    "nearest_rank_1",
    "rank_1_filter",
]

ROUNDS = 100  # of alternating least squares, at most


class JointFilter(NamedTuple):
    """A filter in atoms.

    Attributes:
        spatial: M atoms, ``[M, height, width]``.
        temporal: N atoms, ``[N, time]``.
        coefficients: how much of each pair, ``[output, input, M, N]``.

    Source: Miao et al., Eq. 2.
    """

    spatial: Float[Tensor, "_m _height _width"]
    temporal: Float[Tensor, "_n _time"]
    coefficients: Float[Tensor, "_output _input _m _n"]


class Rank1Filter(NamedTuple):
    """A spatial filter and a temporal one behind it, with channels of their own between.

    Attributes:
        spatial: ``[between, input, height, width]``.
        temporal: ``[output, between, time]``.

    Source: Miao et al., section 2.1.1.
    """

    spatial: Float[Tensor, "_between _input _height _width"]
    temporal: Float[Tensor, "_output _between _time"]


def joint_filter(
    spatial: Float[Tensor, "m height width"],
    temporal: Float[Tensor, "n time"],
    coefficients: Float[Tensor, "output input m n"],
) -> Float[Tensor, "output input time height width"]:
    """Multiply a joint filter out: the sum over all pairs of atoms.

    Source: Miao et al., Eq. 2, whose arguments (u, t) are left out there.
    """
    return torch.einsum("oimn,nt,mhw->oithw", coefficients, temporal, spatial)  # stdcf-eq-2


def rank_1_filter(
    spatial: Float[Tensor, "between input height width"],
    temporal: Float[Tensor, "output between time"],
) -> Float[Tensor, "output input time height width"]:
    """Multiply a rank-1 filter out: the sum over the channels between.

    Source: Miao et al., section 2.1.1.
    """
    return torch.einsum("obt,bihw->oithw", temporal, spatial)


def distance(filter: Float[Tensor, "*shape"], other: Float[Tensor, "*shape"]) -> Float[Tensor, ""]:
    """Length of the difference of two filters over the length of the first.

    Raises:
        ValueError: the first is zero.

    Source: this book, chapter 18.
    """
    length = filter.norm()
    if not length > 0:
        raise ValueError("the filter is zero: no difference can be measured in its length")
    return (filter - other).norm() / length


def coefficients_for(
    filter: Float[Tensor, "output input time height width"],
    spatial: Float[Tensor, "m height width"],
    temporal: Float[Tensor, "n time"],
) -> Float[Tensor, "output input m n"]:
    """The coefficients with which given atoms come nearest to a filter, by least squares.

    Among equally near ones (of atoms that depend on one another) the smallest.

    Source: this book, chapter 18.
    """
    of_space = torch.linalg.pinv(spatial.flatten(1))  # [height * width, m]
    of_time = torch.linalg.pinv(temporal)  # [time, n]
    return torch.einsum("oitp,pm,tn->oimn", filter.flatten(3), of_space, of_time)


def nearest_joint(
    filter: Float[Tensor, "output input time height width"], m: int, n: int
) -> JointFilter:
    """The atoms and coefficients that come nearest to a filter; the atoms are orthonormal.

    Alternating least squares from the truncated singular vectors: exact where the filter has such
    a form, else a local optimum that is never farther than the start.

    Args:
        filter: ``[output, input, time, height, width]``.
        m: spatial atoms, from 1 to height x width.
        n: temporal atoms, from 1 to time.

    Raises:
        ValueError: more atoms than a filter has places, or none.

    Source: De Lathauwer et al. 2000, higher-order orthogonal iteration, on two of the axes.
    """
    time, height, width = filter.shape[2:]
    if not 1 <= m <= height * width or not 1 <= n <= time:
        raise ValueError(f"{m=}, {n=}: expected 1 to {height * width} and 1 to {time}")
    flat = filter.flatten(3).flatten(0, 1)  # [output * input, time, height * width]
    of_time = _leading(flat.movedim(1, 0), n)
    before = flat.new_tensor(float("inf"))
    for _ in range(ROUNDS):
        of_space = _leading(torch.einsum("atp,nt->pan", flat, of_time), m)
        of_time = _leading(torch.einsum("atp,mp->tam", flat, of_space), n)
        core = torch.einsum("atp,nt,mp->amn", flat, of_time, of_space)
        left = flat.norm() ** 2 - core.norm() ** 2
        if not left < before - torch.finfo(flat.dtype).eps * flat.norm() ** 2:
            break
        before = left
    coefficients = core.reshape(*filter.shape[:2], m, n)
    return JointFilter(of_space.reshape(m, height, width), of_time, coefficients)


def nearest_rank_1(
    filter: Float[Tensor, "output input time height width"], between: int
) -> Rank1Filter:
    """The rank-1 filter that comes nearest to a filter, with so many channels between.

    Laid out as a matrix of (output, time) by (input, height, width), a rank-1 filter is any matrix
    whose rank is at most `between`: the singular values beyond are what is lost.

    Args:
        filter: ``[output, input, time, height, width]``.
        between: channels, from 1; more than the matrix has singular values are filled with zeros.

    Raises:
        ValueError: no channel.

    Source: this book, chapter 19; Eckart and Young 1936.
    """
    if between < 1:
        raise ValueError(f"{between=}: expected 1 or more")
    outputs, inputs, time, height, width = filter.shape
    u, s, v = torch.linalg.svd(filter.transpose(1, 2).reshape(outputs * time, -1), False)
    kept = min(between, len(s))
    root = s[:kept].sqrt()
    temporal, spatial = u[:, :kept] * root, root[:, None] * v[:kept]
    if between > kept:
        temporal = torch.cat([temporal, temporal.new_zeros(len(u), between - kept)], dim=1)
        spatial = torch.cat([spatial, spatial.new_zeros(between - kept, spatial.shape[1])])
    return Rank1Filter(
        spatial.reshape(between, inputs, height, width),
        temporal.reshape(outputs, time, between).transpose(1, 2),
    )


def coefficients_matrix(
    coefficients: Float[Tensor, "output input m n"],
) -> Float[Tensor, "_rows _columns"]:
    """Coefficients as the matrix A of (n, output) by (m, input).

    With independent atoms a rank-1 filter equals the joint one if and only if it has at least
    rank A channels between.

    Source: this book, chapter 19.
    """
    return coefficients.permute(3, 0, 2, 1).flatten(2).flatten(0, 1)


def _leading(matrix: Tensor, count: int) -> Tensor:
    """The first left singular vectors of a tensor unfolded along its first axis, as rows."""
    vectors: Tensor = torch.linalg.svd(matrix.flatten(1), False).U
    if vectors.shape[1] < count:  # fewer columns than asked for: any orthonormal ones complete them
        return torch.linalg.qr(matrix.flatten(1), "complete").Q[:, :count].T
    return vectors[:, :count].T
