"""A gradient highway: what a layer reads becomes a slow memory of what it has read."""

from collections.abc import Callable
from typing import Any, NamedTuple

from jaxtyping import Float
from torch import Tensor, nn

from stlib.cells.causal_lstm import CausalLSTM
from stlib.cells.shapes import check_channels, check_shape
from stlib.cells.widths import check_odd

__all__ = ["GradientHighway", "Highway"]


class Highway(NamedTuple):
    """The state of `GradientHighway` after one time step.

    Attributes:
        z: what the cell behind it has read, ``[batch, inputs, height, width]``.
        cell: that cell's own state.

    Source: Wang et al., *PredRNN++*, 2018.
    """

    z: Float[Tensor, "_batch _inputs _height _width"]
    cell: Any


class GradientHighway(nn.Module):
    """A cell, and before it a unit that leads past it in time.

    The unit keeps one map z, as wide as x. A switch s says at each place how much of z is replaced
    by what x and z propose; the cell reads z instead of x. Where s is near 0, z goes from step to
    step unchanged, and so does a gradient: along this way it meets one product a step, not the
    three or four maps of a cell. PredRNN++ has one, before its second layer. The released code
    makes one in each layer and calls one; the printed number of parameters counts them all.

    Args:
        inputs: channels of x and z.
        outputs: channels that the cell writes.
        cell: called once as ``cell(inputs, outputs)``.
        kernel: width of the unit's maps, odd.

    Raises:
        ValueError: inputs below 1, an even kernel, or what the cell refuses.

    Source: Wang et al., *PredRNN++*, 2018, its gradient highway unit.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        cell: Callable[[int, int], nn.Module] = CausalLSTM,
        kernel: int = 3,
    ) -> None:
        super().__init__()
        if inputs < 1:
            raise ValueError(f"{inputs=}: must be at least 1, the highway carries them")
        check_odd("kernel", kernel)
        self.inputs = inputs
        # They write what is proposed and the switch, and have a bias each.
        self.of_x = nn.Conv2d(inputs, 2 * inputs, kernel, padding=kernel // 2)
        self.of_z = nn.Conv2d(inputs, 2 * inputs, kernel, padding=kernel // 2)
        self.cell = cell(inputs, outputs)

    def forward(
        self,
        x: Float[Tensor, "batch _inputs height width"],
        state: Highway | None = None,
        m: Any = None,
    ) -> tuple[Float[Tensor, "batch _outputs height width"], Highway, Any]:
        """Read one map.

        Args:
            x: ``[batch, inputs, height, width]``.
            state: of the step before; ``None`` is zeros.
            m: for the cell.

        Returns:
            h ``[batch, outputs, height, width]``, the new state, the cell's m.

        Raises:
            ValueError: channels, batch or size that do not fit.

        Source: Wang et al., *PredRNN++*, 2018.
        """
        z, inner = self._resume(state, x)
        proposed, switch = (self.of_x(x) + self.of_z(z)).chunk(2, dim=1)
        s = switch.sigmoid()
        z = s * proposed.tanh() + (1 - s) * z  # gradient-highway-eq
        h, inner, m = self.cell(z, inner, m)
        return h, Highway(z, inner), m

    def _resume(self, state: Highway | None, x: Tensor) -> Highway:
        check_channels(x, self.inputs)
        if state is None:
            return Highway(x.new_zeros(x.shape), None)
        check_shape("z", state.z, x.shape)
        return state
