"""ConvLSTM whose input map is stored as a classic tensor train."""

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from stlib.cells.step import Step, resume
from stlib.cells.stored_kernel import TrainKernel, WholeKernel
from stlib.cells.widths import check_odd

__all__ = ["CompressedConvLSTM"]


class CompressedConvLSTM(nn.Module):
    """One layer of ConvLSTM at one time step, with a compressed input map W and a whole K.

    Args:
        inputs: channels of x.
        outputs: channels of h and c.
        kernel: width of the maps, odd.
        rank: every bond of the trains.
        factors: of a train, 2 or 3; see `TrainKernel`.
        trains: 1, for all four gates together, or 4, one each.

    Raises:
        ValueError: a number below 1, an even kernel, factors other than 2 and 3, or trains other
            than 1 and 4.

    Source: Su et al., Eq. 12 and 13, the last factor corrected; the idea is Yang et al. 2017. The
    paper prints order 2 and rank 8, and 2.20 million parameters, which they do not give.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 5,
        rank: int = 8,
        factors: int = 2,
        trains: int = 1,
    ) -> None:
        super().__init__()
        if inputs < 1 or outputs < 1:
            raise ValueError(f"{inputs=}, {outputs=}: both must be at least 1")
        check_odd("kernel", kernel)
        if trains not in (1, 4):
            raise ValueError(f"{trains=}: must be 1 or 4")
        self.inputs, self.outputs = inputs, outputs
        reads = inputs + outputs
        self.input = nn.ModuleList(
            TrainKernel(inputs, 4 * outputs // trains, kernel, rank, factors, reads)
            for _ in range(trains)
        )
        self.hidden = WholeKernel(outputs, 4 * outputs, kernel, reads)
        self.bias = nn.Parameter(torch.zeros(4 * outputs))

    def forward(
        self,
        x: Float[Tensor, "batch _inputs height width"],
        state: Step | None = None,
        m: Any = None,
    ) -> tuple[Float[Tensor, "batch _outputs height width"], Step, Any]:
        """Read one map.

        Args:
            x: ``[batch, inputs, height, width]``.
            state: of the step before; ``None`` is zeros.
            m: handed on untouched.

        Returns:
            h ``[batch, outputs, height, width]``, the new state, m.

        Raises:
            ValueError: channels, batch or size that do not fit.

        Source: Su et al., Eq. 12 and 1b.
        """
        h, c = resume(state, x, self.inputs, self.outputs)
        whole = torch.cat([train() for train in self.input])
        kernel = torch.cat([whole, self.hidden()], dim=1)
        both = torch.cat([x, h], dim=1)
        maps = F.conv2d(both, kernel, self.bias, padding=kernel.shape[2] // 2)  # ctt-eq-12
        i, f, g, o = maps.chunk(4, dim=1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()  # ctt-eq-1, its part b
        h = o.sigmoid() * c.tanh()
        return h, Step(h, c), m
