"""What a history costs, as formulas in its order N: parameters, and MACs for one item of a batch.

Plain sums and products, so that integers give counts and sympy symbols give polynomials. What a
convolutional tensor train costs stands in `stlib.cost`.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

__all__ = [
    "linear_cost",
    "polynomial_macs",
    "polynomial_parameters",
    "polynomial_train_macs",
    "polynomial_train_parameters",
    "separate_macs",
    "separate_parameters",
]


def linear_cost(features: Any, outputs: Any, order: Any) -> Any:
    """Parameters of `linear`, and its MACs too: every weight is used once.

    Args:
        features: of a state.
        outputs: of Φ.
        order: how many states.

    Source: Su et al., Eq. 4.
    """
    return order * outputs * features


def polynomial_parameters(features: Any, outputs: Any, order: Any) -> Any:
    """Numbers in the tensor of `polynomial`.

    Args:
        features: of a state.
        outputs: of Φ.
        order: how many states.

    Source: Su et al., Eq. 5.
    """
    return outputs * features**order


def polynomial_macs(features: Any, outputs: Any, order: int) -> Any:
    """MACs of `polynomial`, which contracts one state after the other.

    Args:
        features: of a state.
        outputs: of Φ.
        order: how many states.

    Source: Su et al., Eq. 5.
    """
    return sum(outputs * features**i for i in range(1, order + 1))


def polynomial_train_parameters(features: Any, bonds: Sequence[Any]) -> Any:
    """Numbers in the cores of `polynomial_train`.

    Args:
        features: of a state.
        bonds: r(0) … r(N); r(0) is the number of outputs, r(N) is 1.

    Source: Yu et al. 2017.
    """
    return sum(before * features * after for before, after in pairwise(bonds))


def polynomial_train_macs(features: Any, bonds: Sequence[Any]) -> Any:
    """MACs of `polynomial_train`: every weight once; behind a bond its state comes in extra.

    Args:
        features: of a state.
        bonds: r(0) … r(N); r(0) is the number of outputs, r(N) is 1.

    Source: Yu et al. 2017.
    """
    coming_in = sum(before * features for before in bonds[:-2])
    return polynomial_train_parameters(features, bonds) + coming_in


def separate_parameters(widths: Sequence[Any], channels: Any, outputs: Any, axes: int = 2) -> Any:
    """Numbers in the kernels of `separate`.

    Args:
        widths: of K(1) … K(N).
        channels: of a state.
        outputs: of Φ.
        axes: 2 for images, 1 for rows.

    Source: Su et al., Eq. 7.
    """
    return sum(width**axes for width in widths) * channels * outputs


def separate_macs(
    widths: Sequence[Any], channels: Any, outputs: Any, pixels: Any, axes: int = 2
) -> Any:
    """MACs of `separate`: every weight is used once a pixel.

    Args:
        widths: of K(1) … K(N).
        channels: of a state.
        outputs: of Φ.
        pixels: of one map.
        axes: 2 for images, 1 for rows.

    Source: Su et al., Eq. 7.
    """
    return separate_parameters(widths, channels, outputs, axes) * pixels
