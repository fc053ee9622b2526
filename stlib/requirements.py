"""The three requirements on a history of maps, measured.

Su et al. ask that Φ keep the spatial structure of its states, that it see more of an older state,
and that its cost grow no faster than the number of states. `measure` asks any Φ the same.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, NamedTuple, TypeAlias

import torch
from torch import Tensor, nn

from stlib.cells.history import HistoryConstructor
from stlib.cost import macs, parameters
from stlib.receptive_field import support

__all__ = ["Growth", "Requirements", "growth", "measure"]

Growth: TypeAlias = Literal["constant", "linear", "quadratic", "cubic", "exponential"]
_DEGREES: tuple[Growth, ...] = ("constant", "linear", "quadratic", "cubic")
_ROUNDING = 1e-10


class Requirements(NamedTuple):
    """What was measured of a history.

    Attributes:
        shift_gap: how far Φ of shifted states is from the shifted Φ, relative to its size: the
            larger of a shift by one row and by one column, on a circle.
        radii: how far the centre pixel of Φ sees in H(t-1), H(t-2), …, to the side.
        seen: how many pixels it sees there.
        parameters: for one order after the other.
        macs: for the same orders.

    Source: Su et al., section 3.1, requirements (1) to (3).
    """

    shift_gap: float
    radii: tuple[int, ...]
    seen: tuple[int, ...]
    parameters: tuple[int, ...]
    macs: tuple[int, ...]

    @property
    def keeps_structure(self) -> bool:
        """Requirement (1): shifting the states shifts Φ, to rounding."""
        return self.shift_gap < _ROUNDING

    @property
    def field_grows(self) -> bool:
        """Requirement (2): of every older state more is seen, to the side."""
        return all(younger < older for younger, older in pairwise(self.radii))

    @property
    def cost_is_linear(self) -> bool:
        """Requirement (3): parameters and MACs grow at most linearly with the order."""
        return {growth(self.parameters), growth(self.macs)} <= {"constant", "linear"}


def measure(
    history: HistoryConstructor,
    canvas: tuple[int, int] = (7, 7),
    order: int = 3,
    orders: Sequence[int] = range(2, 8),
) -> Requirements:
    """Ask a history the three questions.

    Numbers are drawn in float64 for the first two: weights and states of any sign for the shift,
    positive ones for the field, so that nothing cancels. Costs are counted on the meta device,
    where tensors have shapes and no numbers.

    Args:
        history: called as ``history(1, 1, order)``. It should close its maps to a circle; under
            zero padding the edge alone breaks the structure.
        canvas: height and width of a map; odd, so that there is a centre.
        order: how many states the first two questions take. The canvas must hold their kernels.
        orders: for which the cost is counted, one after the other.

    Returns:
        What was measured.

    Raises:
        ValueError: an even canvas, or orders that do not follow each other.

    Source: Su et al., section 3.1.
    """
    height, width = canvas
    if height % 2 == 0 or width % 2 == 0:
        raise ValueError(f"{canvas=}: both numbers must be odd")
    if list(orders) != list(range(orders[0], orders[0] + len(orders))):
        raise ValueError(f"orders={list(orders)}: must follow each other")
    draw = torch.Generator().manual_seed(0)
    phi = history(1, 1, order).double()
    with torch.no_grad():
        for weight in phi.parameters():
            weight.copy_(torch.randn(weight.shape, generator=draw, dtype=torch.float64))
    states = [torch.randn(1, 1, *canvas, generator=draw, dtype=torch.float64) for _ in range(order)]
    gap = _shift_gap(phi, states)
    with torch.no_grad():
        for weight in phi.parameters():
            weight.abs_()
    fields = [_field(phi, [h.abs() for h in states], age) for age in range(order)]
    numbers, work = zip(*(_cost(history, canvas, n) for n in orders), strict=True)
    return Requirements(
        shift_gap=gap,
        radii=tuple(_radius(field) for field in fields),
        seen=tuple(int(field.sum()) for field in fields),
        parameters=numbers,
        macs=work,
    )


def growth(counts: Sequence[int]) -> Growth:
    """Name the law of a sequence of counts for consecutive orders, exactly, by its differences.

    The differences of a polynomial of degree d vanish after d + 1 rounds; those of an exponential
    keep a constant ratio.

    Args:
        counts: at least six whole numbers.

    Raises:
        ValueError: fewer than six, or neither law.

    Source: this book, chapter 9.
    """
    if len(counts) < 6:
        raise ValueError(f"{len(counts)} counts: need 6, so that a cubic is seen to be one")
    first = differences = [after - before for before, after in pairwise(counts)]
    for name in _DEGREES:
        if not any(differences):
            return name
        differences = [after - before for before, after in pairwise(differences)]
    if first[1] > first[0] > 0 and all(
        after * first[0] == before * first[1] for before, after in pairwise(first)
    ):
        return "exponential"
    raise ValueError(f"counts={list(counts)}: neither a polynomial up to degree 3 nor exponential")


def _shift_gap(phi: nn.Module, states: Sequence[Tensor]) -> float:
    with torch.no_grad():
        before = phi(states)
        gaps = [
            (phi([h.roll(1, axis) for h in states]) - before.roll(1, axis)).abs().max()
            for axis in (2, 3)
        ]
    return float(max(gaps) / before.abs().max())


def _field(phi: nn.Module, states: Sequence[Tensor], age: int) -> Tensor:
    """What the centre pixel sees of one state, the others held."""

    def of_one(h: Tensor) -> Tensor:
        combined: Tensor = phi([*states[:age], h, *states[age + 1 :]])
        return combined

    height, width = states[age].shape[2:]
    return support(of_one, states[age], (height // 2, width // 2))


def _radius(field: Tensor) -> int:
    columns = field.any(0).nonzero().flatten()
    if not len(columns):
        raise ValueError("the centre of Φ sees nothing of a state: its weights are not used")
    return int((columns - field.shape[1] // 2).abs().max())


def _cost(history: HistoryConstructor, canvas: tuple[int, int], order: int) -> tuple[int, int]:
    with torch.device("meta"):
        phi = history(1, 1, order)
        states = [torch.empty(1, 1, *canvas) for _ in range(order)]
    return parameters(phi), macs(phi, states)
