"""What an LSTM remembers from one time step to the next."""

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

from stlib.cells.shapes import check_channels, check_shape

__all__ = ["Step", "resume"]


class Step(NamedTuple):
    """The state after one time step.

    Attributes:
        h: the output, ``[batch, outputs, …]``.
        c: the memory, in the same shape.

    Source: Su et al., Eq. 1b.
    """

    h: Float[Tensor, "_batch _outputs ..."]
    c: Float[Tensor, "_batch _outputs ..."]


def resume(
    state: Step | None, x: Float[Tensor, "_batch _inputs ..."], inputs: int, outputs: int
) -> Step:
    """Check what a cell was handed; where there is no state yet, start from zeros shaped like x.

    Args:
        state: of the step before, or ``None``.
        x: what the cell reads, ``[batch, inputs, …]``.
        inputs: channels that the cell reads.
        outputs: channels that the cell writes.

    Returns:
        The state to go on from.

    Raises:
        ValueError: channels, batch or size that do not fit.

    Source: this book.
    """
    check_channels(x, inputs)
    shape = (x.shape[0], outputs, *x.shape[2:])
    if state is None:
        zeros = x.new_zeros(shape)
        return Step(zeros, zeros)
    for name, value in zip(state._fields, state, strict=True):
        check_shape(name, value, shape)
    return state
