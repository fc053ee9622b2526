"""How many directions a family of filters can move in: formulas, and the rank that shows it."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

__all__ = ["jacobian_rank", "joint_dimension", "rank_1_dimension"]


def joint_dimension(c: int, m: int, n: int, space: int, time: int) -> int:
    """Dimension of the joint filters with M spatial and N temporal atoms.

    The numbers stored, ``M N C² + M k² + N t``, less what changes nothing: atoms mixed among
    themselves and unmixed in the coefficients, ``M² + N²``.

    Args:
        c: channels, on either side.
        m, n: atoms.
        space: places of a spatial atom, k².
        time: places of a temporal atom, t.

    Raises:
        ValueError: a number below 1, more atoms than places, or more atoms of one kind than C²
            times those of the other, which no coefficients can tell apart.

    Source: this book, chapter 19: the dimension of a Tucker-2 family.
    """
    if min(c, m, n) < 1 or m > min(space, n * c * c) or n > min(time, m * c * c):
        raise ValueError(
            f"{c=}, {m=}, {n=}, {space=}, {time=}: too many atoms, or a number below 1"
        )
    return m * n * c * c + m * (space - m) + n * (time - n)


def rank_1_dimension(c: int, between: int, m: int, n: int) -> int:
    """Dimension of the coefficients that a rank-1 filter in fixed, independent atoms can have.

    They are the matrices of N C by M C whose rank is at most C'', of dimension
    ``r (N C + M C - r)`` with r the smallest of the three. At C'' = C it is ``(M + N - 1) C²`` (if
    M, N >= 1): the count ``(M + N) C²`` of the paper takes C² too many, the invertible maps that
    can be put between the two halves and taken out again.

    Args:
        c: channels, on either side.
        between: channels between, C''.
        m, n: atoms.

    Raises:
        ValueError: a number below 1.

    Source: this book, chapter 19; the dimension of matrices of bounded rank.
    """
    if min(c, between, m, n) < 1:
        raise ValueError(f"{c=}, {between=}, {m=}, {n=}: each counts from 1")
    rank = min(between, n * c, m * c)
    return rank * (n * c + m * c - rank)


def jacobian_rank(family: Callable[..., Tensor], at: Sequence[Tensor]) -> int:
    """Rank of the derivative of a family at one point: its dimension, where the point is generic.

    Args:
        family: from parameters to a tensor, differentiable.
        at: the parameters, in float64.

    Raises:
        ValueError: parameters of another precision, in which small singular values drown.

    Source: this book, chapter 19.
    """
    if any(each.dtype != torch.float64 for each in at):
        raise ValueError(f"dtypes {[each.dtype for each in at]}: expected float64")
    jacobian = torch.func.jacrev(family, argnums=tuple(range(len(at))))(*at)
    size = family(*at).numel()
    return int(torch.linalg.matrix_rank(torch.cat([j.reshape(size, -1) for j in jacobian], dim=1)))
