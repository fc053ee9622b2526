"""What a network remembers from one time step to the next."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from jaxtyping import Float
from torch import Tensor

__all__ = ["Memory", "check_widths", "recall"]


class Memory(NamedTuple):
    """The state of a network after one time step.

    Attributes:
        cells: the state of each layer, lowest first.
        m: what the top layer passed on, for the bottom layer of the next step; ``None`` for cells
            without use for it.

    Source: this book.
    """

    cells: tuple[Any, ...]
    m: Any = None


def recall(
    memory: Memory | None,
    frame: Float[Tensor, "_batch _channel _height _width"],
    layers: int,
    channels: int,
) -> Memory:
    """Check what a network was handed; where there is no memory yet, every cell starts from None.

    Args:
        memory: of the step before, or ``None``.
        frame: what the network reads.
        layers: how many it has.
        channels: that its frames have.

    Returns:
        The memory to go on from.

    Raises:
        ValueError: another number of channels or layers.

    Source: this book.
    """
    if frame.shape[1] != channels:
        raise ValueError(f"the frame has {frame.shape[1]} channels, the network reads {channels}")
    if memory is None:
        return Memory((None,) * layers)
    if len(memory.cells) != layers:
        raise ValueError(f"the state is of {len(memory.cells)} layers, the network has {layers}")
    return memory


def check_widths(channels: int, hidden: Sequence[int]) -> None:
    """Refuse widths that no layer can have.

    Args:
        channels: of a frame.
        hidden: widths of the layers.

    Raises:
        ValueError: no layer, or a width below 1.

    Source: this book.
    """
    if channels < 1 or not hidden or min(hidden) < 1:
        raise ValueError(f"{channels=}, hidden={tuple(hidden)}: need one layer, and widths from 1")
