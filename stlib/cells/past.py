"""What a cell of higher order remembers: its last N outputs, and its memory."""

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

from stlib.cells.shapes import check_channels, check_shape

__all__ = ["Past", "resume_past"]


class Past(NamedTuple):
    """The state after one time step.

    Attributes:
        hs: the last N outputs, the most recent first, each ``[batch, outputs, …]``.
        c: the memory, in the same shape.

    Source: Su et al., Eq. 3 and 6.
    """

    hs: tuple[Float[Tensor, "_batch _outputs ..."], ...]
    c: Float[Tensor, "_batch _outputs ..."]


def resume_past(
    state: Past | None,
    x: Float[Tensor, "_batch _inputs ..."],
    inputs: int,
    outputs: int,
    order: int,
) -> Past:
    """Check what a cell was handed; where there is no state yet, start from zeros shaped like x.

    Args:
        state: of the step before, or ``None``.
        x: what the cell reads, ``[batch, inputs, …]``.
        inputs: channels that the cell reads.
        outputs: channels that the cell writes.
        order: how many outputs the state holds.

    Returns:
        The state to go on from.

    Raises:
        ValueError: channels, batch, size or order that do not fit.

    Source: this book.
    """
    check_channels(x, inputs)
    shape = (x.shape[0], outputs, *x.shape[2:])
    if state is None:
        zeros = x.new_zeros(shape)
        return Past((zeros,) * order, zeros)
    if len(state.hs) != order:
        raise ValueError(f"the state holds {len(state.hs)} outputs, the cell has order {order}")
    for name, value in [*((f"h(t-{i})", h) for i, h in enumerate(state.hs, 1)), ("c", state.c)]:
        check_shape(name, value, shape)
    return state
