"""Constructors of a network's layers: one for all of them, or one for each."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from torch import nn

__all__ = ["CellConstructor", "Layers", "one_a_layer"]

CellConstructor: TypeAlias = Callable[[int, int], nn.Module]
Layers: TypeAlias = CellConstructor | Sequence[CellConstructor]


def one_a_layer(cell: Layers, layers: int) -> tuple[CellConstructor, ...]:
    """A constructor for each layer.

    Args:
        cell: called as ``cell(inputs, outputs)`` for every layer; or one such for each of them,
            lowest first, where layers differ.
        layers: how many there are.

    Raises:
        ValueError: not as many constructors as layers.

    Source: this book.
    """
    if callable(cell):
        return (cell,) * layers
    if len(cell) != layers:
        raise ValueError(f"cell: {len(cell)} constructors, expected {layers}, one a layer")
    return tuple(cell)
