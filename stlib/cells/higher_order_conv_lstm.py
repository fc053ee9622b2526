"""The ConvLSTM that hears its last N outputs instead of one."""

from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from stlib.cells.history import HistoryConstructor, SeparateHistory
from stlib.cells.past import Past, resume_past
from stlib.cells.widths import check_odd

__all__ = ["HigherOrderConvLSTM"]


class HigherOrderConvLSTM(nn.Module):
    """One layer of ConvLSTM of order N at one time step.

    Args:
        inputs: channels of x.
        outputs: channels of h and c.
        order: N, how many past outputs it hears.
        kernel: width of the map of x, odd.
        history: Φ, called once as ``history(outputs, 4 * outputs, order)``.

    Raises:
        ValueError: a number below 1, or an even kernel.

    Source: Su et al., Eq. 6 and 1b, with one bias.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        order: int,
        kernel: int = 3,
        history: HistoryConstructor = SeparateHistory,
    ) -> None:
        super().__init__()
        if min(inputs, outputs, order) < 1:
            raise ValueError(f"{inputs=}, {outputs=}, {order=}: all must be at least 1")
        check_odd("kernel", kernel)
        self.inputs, self.outputs, self.order = inputs, outputs, order
        # The map of x writes i, f, g, o and holds the one bias.
        self.gates = nn.Conv2d(inputs, 4 * outputs, kernel, padding=kernel // 2)
        self.history = history(outputs, 4 * outputs, order)

    def forward(
        self,
        x: Float[Tensor, "batch _inputs height width"],
        state: Past | None = None,
        m: Any = None,
    ) -> tuple[Float[Tensor, "batch _outputs height width"], Past, Any]:
        """Read one map.

        Args:
            x: ``[batch, inputs, height, width]``.
            state: of the step before; ``None`` is zeros.
            m: handed on untouched.

        Returns:
            h ``[batch, outputs, height, width]``, the new state, m.

        Raises:
            ValueError: channels, batch, size or order that do not fit.

        Source: Su et al., Eq. 6 and 1b.
        """
        hs, c = resume_past(state, x, self.inputs, self.outputs, self.order)
        i, f, g, o = (self.gates(x) + self.history(hs)).chunk(4, dim=1)  # ctt-eq-6
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        return h, Past((h, *hs[:-1]), c), m
