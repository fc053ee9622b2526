"""MoDeRNN against loops, against numbers computed elsewhere, and against slips of its wiring."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from stlib.cells import MoDeRNN, Step
from stlib.cells.context import embed_context
from stlib.cost import parameters
from tests.compiled import compiles_whole, untyped
from tests.drawn import filled, normal
from tests.learning import learns_from_two_steps
from tests.loops import convolved, logistic
from tests.test_cells import by_loops as lstm_by_loops


def test_context_by_hand():
    """x of 1 and h of 2, and maps that answer 0, which weighs by 1, or a lot, which doubles."""
    one, none = torch.ones(1, 1, 1, 1), torch.zeros_like

    def lots(map_):
        return torch.full_like(map_, 99.0)

    for rounds, (of_x, of_h) in enumerate([(1, 2), (2, 2), (2, 4), (4, 4), (4, 8), (8, 8)]):
        x, h = embed_context(one, 2 * one, lots, lots, rounds)
        assert (x.item(), h.item()) == (of_x, of_h)
    x, h = embed_context(one, 2 * one, none, lots, 5)
    assert (x.item(), h.item()) == (1, 8)


def test_context_reads_the_latest():
    """Round by round: σ(0) and σ(log 3) are 1/2 and 3/4, so that the factors are 1 and 3/2."""
    read = []

    def kept(map_):
        read.append(map_.item())
        return torch.full_like(map_, np.log(3))

    one = torch.ones(1, 1, 1, 1).double()
    x, h = embed_context(one, 10 * one, kept, kept, 4)
    assert read == pytest.approx([10, 1.5, 15, 2.25])
    assert (x.item(), h.item()) == pytest.approx((2.25, 22.5))


def by_loops(cell, x, h, c):
    """Round by round, the three maps apart."""
    x, h = x.numpy(), h.numpy()
    for turn in range(1, cell.rounds + 1):
        total = 0
        for conv in cell.details_of_h if turn % 2 else cell.details_of_x:
            weight, bias = conv.weight.numpy(force=True), conv.bias.numpy(force=True)
            total = total + convolved(weight, bias, h if turn % 2 else x)
        factor = 2 * logistic(total / len(cell.details_of_h))
        x, h = (factor * x, h) if turn % 2 else (x, factor * h)
    return lstm_by_loops(cell.lstm, x, h, c.numpy())


@settings(max_examples=6, deadline=None)
@given(
    st.integers(1, 2), st.integers(1, 2), st.integers(2, 5),
    st.sampled_from([(3, 5), (3,), (5, 1, 7)]), st.integers(1, 3), st.integers(1, 3),
    st.integers(0, 99),
)  # fmt: skip
def test_mode_rnn_eq_by_loops(inputs, outputs, rounds, kernels, height, width, seed):
    cell = filled(MoDeRNN(inputs, outputs, rounds, kernels), seed)  # mode-rnn-eq
    x = normal(2, inputs, height, width, seed=seed + 50)
    state = Step(*(normal(2, outputs, height, width, seed=seed + k) for k in (60, 70)))
    h, after, _ = cell(x, state)
    known, memory = by_loops(cell, x, *state)
    assert_close(h, torch.from_numpy(known), rtol=0, atol=1e-12)
    assert_close(after.c, torch.from_numpy(memory), rtol=0, atol=1e-12)
    assert after.h is h


# --- vectors computed elsewhere, and slips that keep the number of parameters


def vector_a(cell):
    """Weights of 0.1, no biases, states of 0.5 on 2x2: every sum is a sum by hand."""
    with torch.no_grad():
        for name, weight in cell.double().named_parameters():
            weight.fill_(0.0 if "bias" in name else 0.1)
    x = torch.tensor([[0.1, 0.2], [0.3, 0.4]]).double()[None, None]
    half = torch.full((1, 1, 2, 2), 0.5).double()
    h, state, _ = cell(x, Step(half, half))
    return [h[0, 0, 0, 0].item(), state.c[0, 0, 1, 1].item()]


def vector_b(cell):
    """Every scalar map has its own weight, hundredths in turn, and biases of 0.03."""
    hundredth = iter(range(1, 15))
    with torch.no_grad():
        for parameter in cell.double().parameters():
            parameter.fill_(0.03)
        for detail in (*cell.details_of_h, *cell.details_of_x):
            detail.weight.fill_(next(hundredth) / 100)
        for source in range(2):
            for gate in range(4):
                cell.lstm.gates.weight[gate, source] = next(hundredth) / 100
    row, column = torch.meshgrid(torch.arange(4), torch.arange(4), indexing="ij")
    x = ((1 + row + 3 * column) / 20).double()[None, None]
    h, c = (torch.full((1, 1, 4, 4), value).double() for value in (0.5, 0.4))
    h, state, _ = cell(x, Step(h, c))
    return [each[0, 0, r, s].item() for each in (h, state.c) for r, s in ((0, 0), (1, 2))]


KNOWN_A, KNOWN_B = (0.270704, 0.497038), (0.285619, 0.579844, 0.497765, 0.928367)


def check_vectors(make):
    assert vector_a(make()) == pytest.approx(KNOWN_A, abs=6e-7)
    assert vector_b(make()) == pytest.approx(KNOWN_B, abs=6e-7)


def test_mode_rnn_eq_known_numbers():
    check_vectors(lambda: MoDeRNN(1, 1))


class SumOfMaps(MoDeRNN):
    """The maps of the detail block added, not averaged."""

    def _of_h(self, h):
        return len(self.details_of_h) * super()._of_h(h)

    def _of_x(self, x):
        return len(self.details_of_x) * super()._of_x(x)


class FourRounds(MoDeRNN):
    """One round too few."""

    def __init__(self, inputs, outputs):
        super().__init__(inputs, outputs, rounds=4)


class WrittenAgain(MoDeRNN):
    """One step, with the parts of it open to a slip."""

    def forward(self, x, state, m=None):
        h, after, _ = self.lstm(*self.entering(x, state))
        return h, after, m


class OutputFirst(WrittenAgain):
    """h is weighed before x."""

    def entering(self, x, state):
        h, x = embed_context(state.h, x, self._of_x, self._of_h, self.rounds)
        return x, Step(h, state.c)


class AtOnce(WrittenAgain):
    """Both are weighed by what the other was a round before."""

    def entering(self, x, state):
        h = state.h
        for turn in range(self.rounds):
            if turn % 2 == 0:
                old, x = x, 2 * self._of_h(h).sigmoid() * x
            else:
                h = 2 * self._of_x(old).sigmoid() * h
        return x, Step(h, state.c)


class OldOutput(WrittenAgain):
    """The gates read the h that was not weighed."""

    def entering(self, x, state):
        x, _ = embed_context(x, state.h, self._of_h, self._of_x, self.rounds)
        return x, state


@pytest.mark.parametrize(
    ("make", "known"),
    [
        (SumOfMaps, (0.396950, 0.752339)),
        (FourRounds, (0.282742, 0.568685)),
        (OutputFirst, (0.299590, 0.598555)),
        (AtOnce, None),
        (OldOutput, None),
    ],
)
def test_a_slip_is_rejected(make, known):
    assert parameters(make(2, 2)) == parameters(MoDeRNN(2, 2))
    if known:
        assert vector_b(make(1, 1))[:2] == pytest.approx(known, abs=6e-7)
    with pytest.raises(AssertionError):
        check_vectors(lambda: make(1, 1))
    cell, right = filled(make(2, 2)), filled(MoDeRNN(2, 2))
    x, state = normal(1, 2, 4, 4, seed=9), Step(normal(1, 2, 4, 4), normal(1, 2, 4, 4, seed=1))
    h, _ = by_loops(right, x, *state)
    assert abs(cell(x, state)[0].numpy(force=True) - h).max() > 1e-3


# --- a cell like the others


def test_no_state_is_zeros_and_m_is_handed_on():
    cell, m = filled(MoDeRNN(2, 3)), object()
    x, zeros = normal(2, 2, 3, 4), torch.zeros(2, 3, 3, 4).double()
    first, again = cell(x, None, m), cell(x, Step(zeros, zeros), m)
    assert_close(first[0], again[0], rtol=0, atol=0)
    assert first[2] is again[2] is m
    assert not list(cell.buffers())


def test_gradcheck():
    cell = filled(MoDeRNN(1, 2, kernels=(3, 5)))
    given = [normal(1, n, 2, 3, seed=n + k) for k, n in enumerate((1, 2, 2))]

    def step(x, h, c):
        h, after, _ = cell(x, Step(h, c))
        return h, after.c

    assert torch.autograd.gradcheck(step, [a.requires_grad_() for a in given], fast_mode=True)


def test_every_parameter_learns_from_two_steps():
    learns_from_two_steps(lambda: MoDeRNN(2, 3), 2)


def test_bfloat16_and_autocast_stay_near():
    cell = filled(MoDeRNN(2, 3), scale=0.2).float()
    x, state = normal(2, 2, 5, 5).float(), Step(*normal(2, 2, 3, 5, 5, seed=1).float())
    exact, _, _ = cell(x, state)
    with torch.autocast("cpu", torch.bfloat16):
        rough, _, _ = cell(x, state)
    assert 0 < (rough - exact).abs().max() < 0.05
    h, after, _ = cell.bfloat16()(x.bfloat16(), Step(*(each.bfloat16() for each in state)))
    assert {h.dtype, after.c.dtype} == {torch.bfloat16}
    assert 0 < (h - exact).abs().max() < 0.05


def test_compiles_without_a_break(monkeypatch):
    untyped(monkeypatch)
    cell = filled(MoDeRNN(2, 3))
    x, state = normal(2, 2, 4, 4), Step(*normal(2, 2, 3, 4, 4, seed=1))
    compiles_whole(cell, x, state)


def test_ms_table_7_parameters():
    for c in (1, 4, 32):
        assert parameters(MoDeRNN(c, c)) == 238 * c**2 + 14 * c


# --- bad input


@settings(max_examples=40, deadline=None)
@given(
    st.integers(-1, 2), st.integers(-1, 2), st.integers(0, 3),
    st.lists(st.integers(-1, 5), max_size=3), st.integers(0, 3),
)  # fmt: skip
def test_a_constructor_builds_or_names_what_is_wrong(inputs, outputs, rounds, kernels, kernel):
    good = inputs > 0 and outputs > 0 and rounds > 1 and kernels
    if good and all(k > 0 and k % 2 for k in (*kernels, kernel)):
        cell = MoDeRNN(inputs, outputs, rounds, kernels, kernel)
        h, state, _ = cell(torch.zeros(1, inputs, 2, 3))
        assert h.shape == state.c.shape == (1, outputs, 2, 3)
    else:
        with pytest.raises(ValueError, match=r"=.*(must be|need)"):
            MoDeRNN(inputs, outputs, rounds, kernels, kernel)


def test_input_that_does_not_fit_is_named():
    cell, good, zeros = MoDeRNN(2, 3), torch.zeros(2, 2, 3, 4), torch.zeros(2, 3, 3, 4)
    with pytest.raises(ValueError, match="x has 1 channels, the cell reads 2"):
        cell(good[:, :1])
    with pytest.raises(ValueError, match=r"c is \(1, 3.*for this x it must be \(2, 3"):
        cell(good, Step(zeros, zeros[:1]))
