"""The LSTM of vectors: the cell that all the others vary."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from stlib.cells.step import Step, resume

__all__ = ["LSTM"]


class LSTM(nn.Module):
    """One layer of LSTM at one time step.

    Args:
        inputs: features of x.
        outputs: features of h and c.

    Raises:
        ValueError: a number below 1.

    Source: Su et al., Eq. 1, with a bias. σ is the logistic function for i, f and o, and tanh for
    the candidate g and for c.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        if inputs < 1 or outputs < 1:
            raise ValueError(f"{inputs=}, {outputs=}: both must be at least 1")
        self.inputs, self.outputs = inputs, outputs
        # One product for all gates; its rows are i, f, g, o and its columns x, h.
        self.gates = nn.Linear(inputs + outputs, 4 * outputs)

    def forward(
        self, x: Float[Tensor, "batch _inputs"], state: Step | None = None, m: Any = None
    ) -> tuple[Float[Tensor, "batch _outputs"], Step, Any]:
        """Read one vector.

        Args:
            x: ``[batch, inputs]``.
            state: of the step before; ``None`` is zeros.
            m: handed on untouched.

        Returns:
            h ``[batch, outputs]``, the new state, m.

        Raises:
            ValueError: features or batch that do not fit.

        Source: Su et al., Eq. 1.
        """
        h, c = resume(state, x, self.inputs, self.outputs)
        both = torch.cat([x, h], dim=1)
        i, f, g, o = self.gates(both).chunk(4, dim=1)  # ctt-eq-1, its part a
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()  # ctt-eq-1, its part b
        h = o.sigmoid() * c.tanh()
        return h, Step(h, c), m
