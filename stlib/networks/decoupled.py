"""A network that tells how alike the two memories of its cells are fed."""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from stlib.networks.memory import Memory

__all__ = ["Alike", "Decoupled"]


class Alike(NamedTuple):
    """The state of a `Decoupled` after some time steps.

    Attributes:
        memory: of the network inside.
        penalty: one number for each sample, from 0 to the number of steps: the sum over steps of
            how alike what was written into both memories was.

    Source: this book.
    """

    memory: Memory
    penalty: Float[Tensor, " _batch"]


class Decoupled(nn.Module):
    """A network whose cells are to write different things into c and m.

    In every layer and at every step both increments, Δc and Δm, go through one 1×1 map, which all
    layers share. For every channel the absolute cosine of the two maps over all pixels says how
    alike they are: 0 is at right angles, 1 the same but for a factor. The state adds up their mean
    over layers and channels, step by step; divided by the number of steps it lies between 0 and 1,
    and the loss adds it with some weight. What the network predicts is untouched.

    The paper's code takes the mean too, weighted 0.1 beside a squared error that is a mean, and a
    map without bias. Ma et al. *add* layers and channels, weighted 0.01 beside a loss that adds
    pixels: here that is a weight of ``0.01 * layers * channels``, 1.92 for six layers of 32. Their
    map has a bias, as here.

    In a `Pyramid` each layer's increments are compared at its own scale.

    Args:
        network: whose cells' states hold ``dc`` and ``dm``: those of ``STLSTM(increments=True)``.
        channels: of c and m; one number for all layers.

    Raises:
        ValueError: channels below 1.

    Source: Wang et al., *PredRNN-V2*, 2022; Ma et al., *MS-LSTM*, for the number of parameters.
    """

    def __init__(self, network: nn.Module, channels: int) -> None:
        super().__init__()
        if channels < 1:
            raise ValueError(f"{channels=}: must be at least 1")
        self.network = network
        self.adapter = nn.Conv2d(channels, channels, 1)

    def forward(
        self, frame: Float[Tensor, "batch _channel height width"], state: Alike | None = None
    ) -> tuple[Float[Tensor, "batch _channel height width"], Alike]:
        """Read one frame, predict the next.

        Args:
            frame: ``[batch, channel, height, width]``.
            state: of the step before; ``None`` is zeros.

        Returns:
            The prediction, in the shape of the frame, and the new state.

        Raises:
            ValueError: cells that do not tell what they write, or a frame or state that does not
                fit the network.

        Source: Wang et al., *PredRNN-V2*, 2022.
        """
        prediction, memory = self.network(frame, None if state is None else state.memory)
        alike = [self.likeness(cell) for cell in memory.cells]
        penalty = torch.stack(alike).mean(0)
        return prediction, Alike(memory, penalty if state is None else state.penalty + penalty)

    def likeness(self, cell: Any) -> Float[Tensor, " _batch"]:
        """How alike one layer's increments are, from 0 to 1, the mean over channels.

        Raises:
            ValueError: a state without increments.
        """
        if not hasattr(cell, "dc") or not hasattr(cell, "dm"):
            raise ValueError(
                f"the state of a cell is {type(cell).__name__}: expected one with dc and dm, what "
                "was written into both memories"
            )
        c, m = (self.adapter(each).flatten(2) for each in (cell.dc, cell.dm))
        fine = torch.promote_types(c.dtype, torch.float32)  # sums over pixels, whatever c is in
        c, m = c.to(fine), m.to(fine)
        return F.cosine_similarity(c, m, dim=2).abs().mean(1)  # pred-rnn-v2-eq
