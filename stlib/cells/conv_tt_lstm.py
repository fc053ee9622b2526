"""Conv-TT-LSTM: the gates see many past states, through a convolutional tensor train."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from stlib.cells.step import Step, resume
from stlib.cells.stored_kernel import TrainKernel, WholeKernel
from stlib.cells.widths import check_odd
from stlib.cells.window import Window, windows
from stlib.tensor_train import hybrid, recursive

__all__ = ["ConvTTLSTM", "History"]


class History(NamedTuple):
    """The state after one time step.

    Attributes:
        h: the output, ``[batch, outputs, height, width]``.
        c: the memory, in the same shape.
        past: what the M - 1 states before h give to the cores, most recent first; each state is
            projected once.

    Source: Su et al., Algorithm 2.
    """

    h: Float[Tensor, "_batch _outputs _height _width"]
    c: Float[Tensor, "_batch _outputs _height _width"]
    past: tuple[Float[Tensor, "_batch _projected _height _width"], ...]


class ConvTTLSTM(nn.Module):
    """One layer of Conv-TT-LSTM at one time step.

    ``P(i)`` reads a window of past states and writes ``H̃(i)``, ``C(i)`` channels. It is linear, so
    what one state gives to every core is one convolution, made once and kept; a window only adds.

    Args:
        inputs: channels of x.
        outputs: channels of h and c.
        order: N, cores.
        steps: M, past states; at least N.
        ranks: C(1) … C(N), or one number for all; without a window they are `outputs`.
        kernel: width of the maps, odd.
        core: width of the cores, odd; None is `kernel`. With 1 nothing of the train convolves.
        projection: width of P, odd; None is `kernel`. With 1 it mixes channels only.
        window: 'sliding' (the paper's), 'fixed', or 'none': no P, and M = N. With 'sliding' and
            M = N each H̃(i) holds one state, and P reduces channels alone.
        direct: how many of the most recent states meet kernels that are multiplied out. 1 is
            Algorithm 2, N is Algorithm 1, between them is the hybrid; where nothing is lost at the
            border all are the same function of the same weights.
        train: rank of the classic tensor trains in which the cores are stored; None stores them
            whole.

    Raises:
        ValueError: a number below 1, an even width, ranks or steps that do not fit, or `direct`
            out of 1 … N.

    Source: Su et al., Eq. 11, Algorithms 1 and 2 with the forget gate of Eq. 1b; biases and the
    one bias of W and G(1) are reported of the released code, and the printed number of parameters
    needs them.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        order: int = 3,
        steps: int = 3,
        ranks: int | Sequence[int] = 8,
        kernel: int = 5,
        core: int | None = None,
        projection: int | None = None,
        window: Window = "sliding",
        direct: int = 1,
        train: int | None = None,
    ) -> None:
        super().__init__()
        core = kernel if core is None else core
        projection = kernel if projection is None else projection
        self.windows = windows(window, order, steps)
        each = (ranks,) * order if isinstance(ranks, int) else tuple(ranks)
        self.ranks = (outputs,) * order if window == "none" else each
        if min(inputs, outputs, *self.ranks) < 1 or len(self.ranks) != order:
            raise ValueError(
                f"{inputs=}, {outputs=}, {ranks=}: expected each from 1, and {order} ranks or one"
            )
        for name, width in (("kernel", kernel), ("core", core), ("projection", projection)):
            check_odd(name, width)
        if not 1 <= direct <= order:
            raise ValueError(f"{direct=}, expected 1 to the order, {order}")
        self.inputs, self.outputs, self.steps, self.direct = inputs, outputs, steps, direct

        reads = inputs + self.ranks[0]
        self.input = WholeKernel(inputs, 4 * outputs, kernel, reads)
        self.gate_bias = nn.Parameter(torch.zeros(4 * outputs))
        self.cores = nn.ModuleList()
        for i, (before, after) in enumerate(pairwise((4 * outputs, *self.ranks))):
            sees = reads if i == 0 else None
            self.cores.append(
                WholeKernel(after, before, core, sees)
                if train is None
                else TrainKernel(after, before, core, train, reads=sees)
            )
        self.core_biases = nn.ParameterList(torch.zeros(rank) for rank in self.ranks[:-1])
        self.project: WholeKernel | None = None
        if window != "none":
            size = len(self.windows[0])
            # Its outputs: core by core, and for each core its window's lags, C(i) channels each.
            self.pieces = [rank for rank in self.ranks for _ in range(size)]
            self.project = WholeKernel(outputs, sum(self.pieces), projection, size * outputs)
            self.project_biases = nn.ParameterList(torch.zeros(rank) for rank in self.ranks)

    def forward(
        self,
        x: Float[Tensor, "batch _inputs height width"],
        state: History | None = None,
        m: Any = None,
    ) -> tuple[Float[Tensor, "batch _outputs height width"], History, Any]:
        """Read one map.

        Args:
            x: ``[batch, inputs, height, width]``.
            state: of the step before; ``None`` is zeros.
            m: handed on untouched.

        Returns:
            h ``[batch, outputs, height, width]``, the new state, m.

        Raises:
            ValueError: channels, batch, size or number of past states that do not fit.

        Source: Su et al., Eq. 11 and 1b.
        """
        before = None if state is None else Step(state.h, state.c)
        h, c = resume(before, x, self.inputs, self.outputs)
        born = self._projected(h)
        past = (born, *self._older(state, born))
        i, f, g, o = self._gates(x, self.condensed(past)).chunk(4, dim=1)  # ctt-eq-11
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()  # ctt-eq-1, its part b
        h = o.sigmoid() * c.tanh()
        return h, History(h, c, past[:-1]), m

    def condensed(
        self, past: Sequence[Float[Tensor, "batch _projected height width"]]
    ) -> list[Float[Tensor, "batch _rank height width"]]:
        """H̃(1) … H̃(N), from what each of the last M states gives to the cores.

        The bias of G(i+1) is added to H̃(i) here: the recursion would add it to V(i), which meets
        H̃(i) at once. It and the bias of P(i) are therefore one vector, kept as two.

        Args:
            past: one for each of H(t-1) … H(t-M).

        Source: Su et al., Eq. 10; Eq. 26 with its part a corrected.
        """
        if self.project is None:
            states, biases = list(past), []
        else:
            size = len(self.windows[0])
            pieces = [torch.split(given, self.pieces, dim=1) for given in past]
            states = [
                _sum([pieces[lag - 1][i * size + place] for place, lag in enumerate(lags)])
                for i, lags in enumerate(self.windows)  # ctt-eq-10, ctt-eq-26
            ]
            biases = list(self.project_biases)
        for added in (biases, self.core_biases):
            for i, bias in enumerate(added):
                states[i] = states[i] + bias[:, None, None]
        return states

    def _gates(self, x: Tensor, states: list[Tensor]) -> Tensor:
        """W * X + Φ + b; one convolution does W and G(1) where it can."""
        cores: list[Tensor] = [core() for core in self.cores]
        whole = self.input()
        if self.direct == 1 and cores[0].shape[2] == whole.shape[2]:  # ctt-alg-2
            if len(cores) > 1:
                states = [recursive(cores[1:], states[1:]) + states[0]]
            both = torch.cat([x, states[0]], dim=1)
            kernel = torch.cat([whole, cores[0]], dim=1)
            return _padded(both, kernel, self.gate_bias)
        phi = hybrid(cores, states, self.direct)  # ctt-alg-1, where direct is the order
        return phi + _padded(x, whole, self.gate_bias)

    def _projected(self, h: Tensor) -> Tensor:
        """What one state gives to the cores, all windows' places at once."""
        return h if self.project is None else _padded(h, self.project())

    def _older(self, state: History | None, born: Tensor) -> tuple[Tensor, ...]:
        if state is None:
            return (torch.zeros_like(born),) * (self.steps - 1)
        if len(state.past) != self.steps - 1 or any(p.shape != born.shape for p in state.past):
            raise ValueError(
                f"past holds {[tuple(p.shape) for p in state.past]}, for this x it must be "
                f"{self.steps - 1} times {tuple(born.shape)}"
            )
        return state.past


def _padded(x: Tensor, kernel: Tensor, bias: Tensor | None = None) -> Tensor:
    """A layer that keeps the size of x."""
    return F.conv2d(x, kernel, bias, padding=kernel.shape[2] // 2)


def _sum(pieces: Sequence[Tensor]) -> Tensor:
    total = pieces[0]
    for piece in pieces[1:]:
        total = total + piece
    return total
