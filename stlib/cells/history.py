"""Φ as modules: each holds the weights with which a cell hears its last N states.

Called as ``history(inputs, outputs, order)``, so that a cell can take any of them; other options
are set with `functools.partial`. None has a bias: that of the gates is enough.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import prod
from typing import TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor, nn

from stlib.cells.widths import check_odd
from stlib.higher_order import linear, polynomial, polynomial_train, separate
from stlib.tensor_train import Boundary, Canvas, Kernel, recursive

__all__ = [
    "Flattened",
    "HistoryConstructor",
    "LinearHistory",
    "PolynomialHistory",
    "PolynomialTrainHistory",
    "SeparateHistory",
    "TensorTrainHistory",
]

HistoryConstructor: TypeAlias = Callable[[int, int, int], nn.Module]
Vector: TypeAlias = Float[Tensor, "_batch _feature"]


class LinearHistory(nn.Module):
    """One matrix a state.

    Args:
        inputs: features of a state.
        outputs: features of Φ.
        order: how many states.

    Raises:
        ValueError: a number below 1.

    Source: Su et al., Eq. 4.
    """

    def __init__(self, inputs: int, outputs: int, order: int) -> None:
        super().__init__()
        _check(inputs, outputs, order)
        self.matrices = nn.ParameterList(_drawn(outputs, inputs) for _ in range(order))

    def forward(self, states: Sequence[Vector]) -> Vector:
        """Combine the states, most recent first.

        Raises:
            ValueError: states that do not fit.

        Source: Su et al., Eq. 4.
        """
        return linear(list(self.matrices), states)


class PolynomialHistory(nn.Module):
    """One weight for every product of features, one feature from each state.

    Args:
        inputs: features of a state.
        outputs: features of Φ.
        order: how many states. There are ``outputs * inputs ** order`` weights.

    Raises:
        ValueError: a number below 1.

    Source: Su et al., Eq. 5, with an axis for the outputs.
    """

    def __init__(self, inputs: int, outputs: int, order: int) -> None:
        super().__init__()
        _check(inputs, outputs, order)
        self.tensor = _drawn(outputs, *[inputs] * order)

    def forward(self, states: Sequence[Vector]) -> Vector:
        """Combine the states, most recent first.

        Raises:
            ValueError: states that do not fit.

        Source: Su et al., Eq. 5.
        """
        return polynomial(self.tensor, states)


class PolynomialTrainHistory(nn.Module):
    """`PolynomialHistory` with its tensor in a train.

    Args:
        inputs: features of a state.
        outputs: features of Φ.
        order: how many states.
        bond: width of the bonds between the cores.

    Raises:
        ValueError: a number below 1.

    Source: Yu et al. 2017.
    """

    def __init__(self, inputs: int, outputs: int, order: int, bond: int = 8) -> None:
        super().__init__()
        _check(inputs, outputs, order)
        if bond < 1:
            raise ValueError(f"{bond=}: must be at least 1")
        bonds = [outputs, *[bond] * (order - 1), 1]
        self.cores = nn.ParameterList(
            _drawn(before, inputs, after) for before, after in pairwise(bonds)
        )

    def forward(self, states: Sequence[Vector]) -> Vector:
        """Combine the states, most recent first.

        Raises:
            ValueError: states that do not fit.

        Source: Yu et al. 2017.
        """
        return polynomial_train(list(self.cores), states)


class SeparateHistory(nn.Module):
    """One convolution a state.

    Args:
        inputs: channels of a state.
        outputs: channels of Φ.
        order: how many states.
        kernel: width of K(1), odd.
        grows: whether K(i) is ``i * (kernel - 1) + 1`` wide; else all are `kernel` wide.
        boundary: what lies outside a map; it must keep the size.

    Raises:
        ValueError: a number below 1, or an even kernel.

    Source: Su et al., Eq. 7.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        order: int,
        kernel: int = 3,
        grows: bool = False,
        boundary: Boundary = "zero",
    ) -> None:
        super().__init__()
        _check(inputs, outputs, order, kernel)
        self.boundary: Boundary = boundary
        widths = [i * (kernel - 1) + 1 if grows else kernel for i in range(1, order + 1)]
        self.kernels = nn.ParameterList(_drawn(outputs, inputs, k, k) for k in widths)

    def forward(self, states: Sequence[Canvas]) -> Canvas:
        """Combine the states, most recent first.

        Raises:
            ValueError: states that do not fit.

        Source: Su et al., Eq. 7.
        """
        return separate(list(self.kernels), states, self.boundary)


class TensorTrainHistory(nn.Module):
    """One convolution a state, K(i) composed of the first i of N cores.

    Args:
        inputs: channels of a state, and of every bond.
        outputs: channels of Φ.
        order: how many states.
        kernel: width of a core, odd.
        boundary: what lies outside a map; it must keep the size.
        algorithm: `recursive` or `direct` of `stlib.tensor_train`.

    Raises:
        ValueError: a number below 1, or an even kernel.

    Source: Su et al., Eq. 8 and 9.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        order: int,
        kernel: int = 3,
        boundary: Boundary = "zero",
        algorithm: Callable[[Sequence[Kernel], Sequence[Canvas], Boundary], Canvas] = recursive,
    ) -> None:
        super().__init__()
        _check(inputs, outputs, order, kernel)
        self.boundary: Boundary = boundary
        self.algorithm = algorithm
        self.cores = nn.ParameterList(
            _drawn(outputs if i == 0 else inputs, inputs, kernel, kernel) for i in range(order)
        )

    def forward(self, states: Sequence[Canvas]) -> Canvas:
        """Combine the states, most recent first.

        Raises:
            ValueError: states that do not fit.

        Source: Su et al., Eq. 9.
        """
        return self.algorithm(list(self.cores), states, self.boundary)


class Flattened(nn.Module):
    """A history of vectors put to maps: every map is read as one long vector.

    Args:
        inputs: channels of a state.
        outputs: channels of Φ.
        order: how many states.
        canvas: height and width of the maps; no others fit.
        history: of vectors.

    Raises:
        ValueError: a number below 1.

    Source: this book, chapter 9.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        order: int,
        canvas: tuple[int, int],
        history: HistoryConstructor = LinearHistory,
    ) -> None:
        super().__init__()
        _check(inputs, outputs, order)
        self.outputs, self.canvas = outputs, canvas
        self.history = history(inputs * prod(canvas), outputs * prod(canvas), order)

    def forward(self, states: Sequence[Canvas]) -> Canvas:
        """Combine the states, most recent first.

        Raises:
            ValueError: states that do not fit.

        Source: this book, chapter 9.
        """
        phi = self.history([h.flatten(1) for h in states])
        return phi.reshape(len(phi), self.outputs, *self.canvas)


def _check(inputs: int, outputs: int, order: int, kernel: int = 1) -> None:
    if min(inputs, outputs, order) < 1:
        raise ValueError(f"{inputs=}, {outputs=}, {order=}: all must be at least 1")
    check_odd("kernel", kernel)


def _drawn(*shape: int) -> nn.Parameter:
    """A weight as PyTorch draws it: within the root of what one output reads, inverted."""
    bound = prod(shape[1:]) ** -0.5
    return nn.Parameter(torch.empty(shape).uniform_(-bound, bound))
