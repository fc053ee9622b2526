"""The LSTM that hears its last N outputs instead of one."""

from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from stlib.cells.history import HistoryConstructor, LinearHistory
from stlib.cells.past import Past, resume_past

__all__ = ["HigherOrderLSTM"]


class HigherOrderLSTM(nn.Module):
    """One layer of LSTM of order N at one time step.

    Args:
        inputs: features of x.
        outputs: features of h and c.
        order: N, how many past outputs it hears.
        history: Φ, called once as ``history(outputs, 4 * outputs, order)``.

    Raises:
        ValueError: a number below 1.

    Source: Su et al., Eq. 3 and 1b, with one bias.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        order: int,
        history: HistoryConstructor = LinearHistory,
    ) -> None:
        super().__init__()
        if min(inputs, outputs, order) < 1:
            raise ValueError(f"{inputs=}, {outputs=}, {order=}: all must be at least 1")
        self.inputs, self.outputs, self.order = inputs, outputs, order
        # The map of x writes i, f, g, o and holds the one bias.
        self.gates = nn.Linear(inputs, 4 * outputs)
        self.history = history(outputs, 4 * outputs, order)

    def forward(
        self, x: Float[Tensor, "batch _inputs"], state: Past | None = None, m: Any = None
    ) -> tuple[Float[Tensor, "batch _outputs"], Past, Any]:
        """Read one vector.

        Args:
            x: ``[batch, inputs]``.
            state: of the step before; ``None`` is zeros.
            m: handed on untouched.

        Returns:
            h ``[batch, outputs]``, the new state, m.

        Raises:
            ValueError: features, batch or order that do not fit.

        Source: Su et al., Eq. 3 and 1b.
        """
        hs, c = resume_past(state, x, self.inputs, self.outputs, self.order)
        i, f, g, o = (self.gates(x) + self.history(hs)).chunk(4, dim=1)  # ctt-eq-3
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        return h, Past((h, *hs[:-1]), c), m
