"""What a joint filter costs beside a whole one, as formulas: section 2.4 of Miao et al.

Plain sums and products, so that integers give counts and sympy symbols give polynomials;
`stlib.cost.macs` counts what a module executes. All MACs are of one output pixel with strides of 1,
biases left aside.
"""

from typing import Any, Literal, NamedTuple, TypeAlias

__all__ = [
    "First",
    "Layer",
    "between_maps",
    "flat_weights",
    "joint_macs",
    "joint_parameters",
    "multiplying_out_macs",
    "whole_weights",
]

First: TypeAlias = Literal["spatial", "temporal"]


class Layer(NamedTuple):
    """Channels in and out of a layer, and the size of its filters.

    Attributes:
        inputs, outputs: channels.
        t: frames that a filter reads.
        k: its height and width.

    Source: Miao et al., section 2.4.
    """

    inputs: Any
    outputs: Any
    t: Any = 3
    k: Any = 3


def flat_weights(layer: Layer) -> Any:
    """Weights of a 2D layer, and its MACs at a pixel.

    Source: Miao et al., section 2.4.
    """
    return layer.inputs * layer.outputs * layer.k**2


def whole_weights(layer: Layer) -> Any:
    """Weights of a regular 3D layer, and its MACs at a pixel.

    Source: Miao et al., section 2.4.
    """
    return flat_weights(layer) * layer.t


def joint_parameters(layer: Layer, m: Any, n: Any) -> Any:
    """Numbers in M spatial atoms, N temporal atoms and the coefficients.

    Source: Miao et al., section 2.4.
    """
    return m * layer.k**2 + n * layer.t + layer.inputs * layer.outputs * m * n


def joint_macs(layer: Layer, m: Any, n: Any, first: First = "spatial") -> Any:
    """MACs at a pixel of the three convolutions.

    The first kind of atom meets the clip, the second kind every map that the first has made.

    Args:
        layer: of which sizes.
        m, n: atoms.
        first: the kind that comes first; the paper counts spatial atoms first.

    Raises:
        ValueError: another word.

    Source: Miao et al., section 2.4.
    """
    if first not in ("spatial", "temporal"):
        raise ValueError(f"{first=}, expected 'spatial' or 'temporal'")
    space, time = m * layer.k**2, n * layer.t
    atoms = space + m * time if first == "spatial" else time + n * space
    return layer.inputs * atoms + layer.inputs * layer.outputs * m * n


def multiplying_out_macs(layer: Layer, m: Any, n: Any) -> Any:
    """MACs of multiplying a joint filter out, once a call: time first, then space.

    Source: this book; Miao et al., Eq. 2.
    """
    return layer.inputs * layer.outputs * (m * n * layer.t + m * layer.t * layer.k**2)


def between_maps(layer: Layer, m: Any, n: Any, first: First = "spatial") -> Any:
    """Maps that the three convolutions make on the way, as large as the clip, each of one channel.

    For training all are kept: those of the first atoms for the second, those of both for the
    coefficients. The filter multiplied out makes none.

    Args:
        layer, m, n, first: as in `joint_macs`.

    Source: this book; Z and Y of Miao et al., Eq. 1.
    """
    return layer.inputs * ((m if first == "spatial" else n) + m * n)
