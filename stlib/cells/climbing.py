"""The memory that climbs through the layers and, a step later, starts again at the lowest."""

from typing import Any

from jaxtyping import Float
from torch import Tensor

__all__ = ["climbed"]


def climbed(
    m: Any, x: Float[Tensor, "_batch _inputs _height _width"], outputs: int
) -> Float[Tensor, "_batch _outputs _height _width"]:
    """Check the memory that a cell was handed; where there is none yet, start from zeros.

    Args:
        m: of the layer below, in the lowest layer of the top layer a step ago; or ``None``.
        x: what this layer reads, ``[batch, inputs, height, width]``.
        outputs: channels that m must have.

    Returns:
        The memory to go on from.

    Raises:
        ValueError: something else than one such map, or another shape.

    Source: Wang et al., *PredRNN*, 2017.
    """
    shape = (x.shape[0], outputs, *x.shape[2:])
    if m is None:
        return x.new_zeros(shape)
    if not isinstance(m, Tensor):
        raise ValueError(f"m is a {type(m).__name__}: this cell hands on one map, and takes one")
    if m.shape != shape:
        raise ValueError(
            f"m is {tuple(m.shape)}, for this x it must be {shape}: it climbs from layer to layer, "
            "so all of them must be equally wide"
        )
    return m
