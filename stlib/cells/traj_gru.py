"""TrajGRU: a recurrent unit that hears its past along paths it chooses for every pixel."""

from typing import Any, NamedTuple

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from stlib.cells.step import Step, resume
from stlib.cells.warp import warp
from stlib.cells.widths import check_odd

__all__ = ["Hidden", "TrajGRU"]

SLOPE = 0.2  # of the leaky rectifier, below zero


class Hidden(NamedTuple):
    """The state of `TrajGRU` after one time step: it has no memory beside what it says.

    Attributes:
        h: the output, ``[batch, outputs, height, width]``.

    Source: Shi et al., *Deep Learning for Precipitation Nowcasting*, 2017.
    """

    h: Float[Tensor, "_batch _outputs _height _width"]


class TrajGRU(nn.Module):
    """One layer of TrajGRU at one time step.

    A small network of x and h draws a flow for every link; along it h is read, and 1×1 maps mix
    what the links have read. No other map reads h: the gates see it only through the links.

    Args:
        inputs: channels of x; 0 for a layer that reads its own state alone.
        outputs: channels of h.
        links: how many places of the past a pixel hears.
        kernel: width of the maps of x and of the flow, odd.

    Raises:
        ValueError: a number out of its range, or an even kernel.

    Source: Shi et al., *Deep Learning for Precipitation Nowcasting*, 2017. That the flow's network
    is as wide as h, that links and kernel are the same in all layers, and that the reset gate
    multiplies what is mixed: the code that Ma et al., *MS-LSTM*, released.
    """

    def __init__(self, inputs: int, outputs: int, links: int = 10, kernel: int = 3) -> None:
        super().__init__()
        if inputs < 0 or outputs < 1 or links < 1:
            raise ValueError(f"{inputs=}, {outputs=}, {links=}: must be at least 0, 1 and 1")
        check_odd("kernel", kernel)
        self.inputs, self.outputs, self.links = inputs, outputs, links
        half = kernel // 2
        # What x says: to the flow, then to the gates z and r and to the candidate n.
        self.read = nn.Conv2d(inputs, 4 * outputs, kernel, padding=half) if inputs else None
        self.look = nn.Conv2d(outputs, outputs, kernel, padding=half)
        self.flow = nn.Conv2d(outputs, 2 * links, kernel, padding=half)
        self.mix = nn.Conv2d(links * outputs, 3 * outputs, 1)  # z, r, n of every link's h

    def forward(
        self,
        x: Float[Tensor, "batch _inputs height width"],
        state: Hidden | None = None,
        m: Any = None,
    ) -> tuple[Float[Tensor, "batch _outputs height width"], Hidden, Any]:
        """Read one map.

        Args:
            x: ``[batch, inputs, height, width]``.
            state: of the step before; ``None`` is zeros.
            m: handed on untouched.

        Returns:
            h ``[batch, outputs, height, width]``, the new state, m.

        Raises:
            ValueError: channels, batch or size that do not fit.

        Source: Shi et al., *Deep Learning for Precipitation Nowcasting*, 2017.
        """
        before = None if state is None else Step(state.h, state.h)
        h, _ = resume(before, x, self.inputs, self.outputs)
        to_flow, z_x, r_x, n_x = self._said(x).chunk(4, dim=1)
        flow = self.flow(F.leaky_relu(to_flow + self.look(h), SLOPE))
        # What moves by the flow comes from where it was.
        linked = warp(h, -flow.reshape(len(x), self.links, 2, *x.shape[2:]))
        z_h, r_h, n_h = self.mix(linked.flatten(1, 2)).chunk(3, dim=1)
        z, r = (z_x + z_h).sigmoid(), (r_x + r_h).sigmoid()  # traj-gru-eq
        n = F.leaky_relu(n_x + r * n_h, SLOPE)
        h = (1 - z) * n + z * h
        return h, Hidden(h), m

    def _said(self, x: Tensor) -> Tensor:
        if self.read is None:
            return x.new_zeros(len(x), 4 * self.outputs, *x.shape[2:])
        said: Tensor = self.read(x)
        return said
