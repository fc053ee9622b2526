"""What every cell asks of what it is handed."""

from jaxtyping import Float
from torch import Tensor

__all__ = ["check_channels", "check_shape"]


def check_channels(x: Float[Tensor, "_batch _channel ..."], inputs: int) -> None:
    """Refuse what a cell cannot read.

    Args:
        x: what it is to read, ``[batch, channel, …]``.
        inputs: how many channels the cell reads.

    Raises:
        ValueError: another number of them.

    Source: this book.
    """
    if x.shape[1] != inputs:
        raise ValueError(f"x has {x.shape[1]} channels, the cell reads {inputs}")


def check_shape(name: str, value: Float[Tensor, "..."], shape: tuple[int, ...]) -> None:
    """Refuse a part of a state that does not belong to what is read.

    Args:
        name: what it is called.
        value: the part.
        shape: that it must have.

    Raises:
        ValueError: another shape.

    Source: this book.
    """
    if value.shape != shape:
        raise ValueError(f"{name} is {tuple(value.shape)}, for this x it must be {tuple(shape)}")
