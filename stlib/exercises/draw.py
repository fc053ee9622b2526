"""Inputs to try: small whole numbers, so that every answer is exact and a reader can redo it."""

from __future__ import annotations

from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch import Tensor

from stlib.exercises.search import strategies

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["Train", "among", "digits", "layers", "trains"]

Train: TypeAlias = tuple[list[Tensor], list[Tensor]]


def among(*cases: tuple[Any, ...]) -> SearchStrategy[tuple[Any, ...]]:
    """One of the given inputs, the first being the smallest. All are tried if `cases` allows.

    Source: this book.
    """
    return strategies().sampled_from(cases)


def digits(longest: int) -> SearchStrategy[list[int]]:
    """A list of 1 to `longest` numbers from -3 to 3.

    Source: this book.
    """
    st = strategies()
    return st.lists(st.integers(-3, 3), min_size=1, max_size=longest)


def layers(channels: int) -> SearchStrategy[tuple[Tensor, Tensor]]:
    """Two kernels that fit each other, outer and inner, with at most so many channels.

    Source: this book.
    """
    st = strategies()

    def draw_layers(draw: Any) -> tuple[Tensor, Tensor]:
        out, middle, deep = (draw(st.integers(1, channels)) for _ in range(3))
        outer, inner = (draw(st.sampled_from(_SIZES)) for _ in range(2))
        return draw(_tensor((out, middle, *outer))), draw(_tensor((middle, deep, *inner)))

    return st.composite(draw_layers)()


def trains(
    orders: tuple[int, ...],
    channels: int,
    entries: tuple[int, int] = (-2, 2),
    roomy: bool = False,
) -> SearchStrategy[Train]:
    """Cores G(1) … G(N) and states H(1) … H(N) on a small canvas.

    Args:
        orders: the N to choose from, smallest first.
        channels: the most that any of C(0) … C(N) may be.
        entries: the least and the largest number in them.
        roomy: no canvas is smaller than a core, so that no tap reads a pixel twice.

    Source: this book.
    """
    st = strategies()

    def draw_train(draw: Any) -> Train:
        order = draw(st.sampled_from(orders))
        ranks = [draw(st.integers(1, channels)) for _ in range(order + 1)]
        size = draw(st.sampled_from(_SIZES))
        room = [(h, w) for h, w in _CANVASES if h >= size[0] and w >= size[1]]
        canvas = draw(st.sampled_from(room if roomy else _CANVASES))
        cores = [draw(_tensor((before, rank, *size), entries)) for before, rank in pairwise(ranks)]
        states = [draw(_tensor((1, rank, *canvas), entries)) for rank in ranks[1:]]
        return cores, states

    return st.composite(draw_train)()


_SIZES = ((1, 1), (1, 3), (3, 1))
_CANVASES = ((1, 1), (1, 2), (1, 3), (3, 1), (2, 4))


def _tensor(shape: tuple[int, ...], entries: tuple[int, int] = (-2, 2)) -> SearchStrategy[Tensor]:
    st, count = strategies(), prod(shape)
    return st.lists(st.integers(*entries), min_size=count, max_size=count).map(
        lambda values: torch.tensor(values, dtype=torch.float64).reshape(shape)
    )
