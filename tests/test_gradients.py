"""Gradients against lag: a case by hand, and finite differences."""

from inspect import unwrap

import pytest
import torch

from stlib.cells import ConvLSTM, ConvTTLSTM
from stlib.cells.step import Step
from stlib.gradients import gradient_by_lag
from tests.drawn import normal


def test_a_cell_that_halves_halves_the_gradient_with_every_lag():
    scale = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)

    def cell(x, state=None):
        h = x * scale / scale if state is None else scale * state + x
        return h, h, None

    frames = torch.zeros(1, 5, 1, 1, 1, dtype=torch.float64)
    frames[:, -1] = 3  # so that the last output is 3
    assert gradient_by_lag(cell, frames, 4) == pytest.approx([1.5, 0.75, 0.375, 0.1875])


@pytest.mark.parametrize("window", ["sliding", "fixed", "none"])
@pytest.mark.parametrize("lag", [1, 2, 4])
def test_it_is_how_the_loss_moves_with_the_state(window, lag):
    """The steepest push of that state, by central differences."""
    torch.manual_seed(0)
    cell = ConvTTLSTM(1, 2, 3, 3, 2, 3, window=window).double()
    frames = normal(1, 6, 1, 5, 4)

    def loss(push):
        state = None
        for t in range(6):
            h, state, _ = cell(frames[:, t], state)
            if t == 5 - lag:
                state = state._replace(h=state.h + push)
        return h.square().sum() / 2

    push = torch.zeros(1, 2, 5, 4, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(loss(push), push)
    steepest = slope / slope.norm()
    with torch.no_grad():
        rise = (loss(1e-4 * steepest) - loss(-1e-4 * steepest)) / 2e-4
    assert gradient_by_lag(cell, frames, 5)[lag - 1] == pytest.approx(float(rise), rel=1e-6)


def test_it_refuses_a_lag_without_a_frame():
    cell, frames = ConvLSTM(1, 2, 3).double(), normal(1, 3, 1, 4, 4)
    assert isinstance(cell(frames[:, 0])[1], Step)
    for lags in (0, 3):
        with pytest.raises(ValueError, match=f"{lags=}"):
            unwrap(gradient_by_lag)(cell, frames, lags)
