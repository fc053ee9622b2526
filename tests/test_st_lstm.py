"""ST-LSTM against loops, against numbers computed elsewhere, and against slips of its wiring."""

from itertools import count

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from stlib.cells import STLSTM, Step, Written
from stlib.cells.zigzag import Zigzag
from stlib.cost import parameters
from tests.compiled import compiles_whole, untyped
from tests.drawn import filled, normal
from tests.learning import learns_from_two_steps
from tests.loops import gates_of, logistic, of_vector_b, plain


def by_loops(cell, x, h, c, m):
    """As printed: h, c, m, and what was written into both memories."""
    i, f, g, o = gates_of(cell.gates, x, h)
    dc = logistic(i) * np.tanh(g)
    c = logistic(f) * c + dc
    i, f, g = gates_of(cell.zigzag.gates, x, m)
    dm = logistic(i) * np.tanh(g)
    m = logistic(f) * m + dm
    o = logistic(o + plain(cell.look, c, m))
    return o * np.tanh(plain(cell.mix, c, m)), c, m, dc, dm, o


def maps_of(cell, batch, height, width, seed=0):
    """x, h, c, m."""
    widths = (cell.inputs, *(cell.outputs,) * 3)
    return [normal(batch, n, height, width, seed=seed + k) for k, n in enumerate(widths)]


@settings(max_examples=8, deadline=None)
@given(
    st.integers(0, 2), st.integers(1, 2), st.sampled_from([1, 3, 5]), st.sampled_from([1, 2]),
    st.integers(1, 4), st.integers(1, 4), st.integers(0, 99),
)  # fmt: skip
def test_pred_rnn_eq_by_loops(inputs, outputs, kernel, biases, height, width, seed):
    cell = filled(STLSTM(inputs, outputs, kernel, biases, increments=True), seed)  # pred-rnn-eq
    x, h, c, m = maps_of(cell, 2, height, width, seed + 50)
    *expected, opened = by_loops(cell, *(each.numpy() for each in (x, h, c, m)))
    h, state, m, o = cell.gated(x, Step(h, c), m)
    assert state.h is h
    found = (h, state.c, m, state.dc, state.dm, o)
    for ours, known in zip(found, (*expected, opened), strict=True):
        assert_close(ours, torch.from_numpy(known), rtol=0, atol=1e-12)


# --- vectors computed elsewhere, and slips that keep the number of parameters


def vector_a(cell):
    """Weights of 0.1, no biases, states of 0.5 on 2x2: every sum is a sum by hand."""
    with torch.no_grad():
        for name, weight in cell.double().named_parameters():
            weight.fill_(0.0 if "bias" in name else 0.1)
    x = torch.tensor([[0.1, 0.2], [0.3, 0.4]]).double()[None, None]
    half = torch.full((1, 1, 2, 2), 0.5).double()
    h, state, m = cell(x, Step(half, half), half)
    return [each[0, 0, 1, 0].item() for each in (h, state.c, m)]


def number_maps(cell, hundredths):
    """Every scalar map its own weight, hundredths in turn, and each map a bias of 0.03."""
    with torch.no_grad():
        for name, weight in cell.double().named_parameters():
            weight.fill_(0.03 if "bias" in name else 0.0)
        for conv, gates in ((cell.gates, 4), (cell.zigzag.gates, 3), (cell.look, 1), (cell.mix, 1)):
            for source in range(2):
                for gate in range(gates):
                    conv.weight[gate, source] = next(hundredths) / 100
    return cell


def vector_b(cell):
    number_maps(cell, count(1))
    h, c, m = (torch.full((1, 1, 4, 4), value).double() for value in (0.5, 0.4, 0.3))
    h, state, m = cell(of_vector_b(), Step(h, c), m)
    return [each[0, 0, r, s].item() for each in (h, state.c, m) for r, s in ((0, 0), (1, 2))]


KNOWN_B = (0.101325, 0.203056, 0.335333, 0.499686, 0.331809, 0.662447)


def check_vectors(make):
    assert vector_a(make()) == pytest.approx([0.059845, 0.454564, 0.454564], abs=6e-7)
    assert vector_b(make()) == pytest.approx(KNOWN_B, abs=6e-7)


def test_pred_rnn_eq_known_numbers():
    check_vectors(lambda: STLSTM(1, 1))


def test_what_was_written_is_known_too():
    cell = number_maps(STLSTM(1, 1, increments=True), count(1))
    h, c, m = (torch.full((1, 1, 4, 4), value).double() for value in (0.5, 0.4, 0.3))
    _, state, _ = cell(of_vector_b(), Step(h, c), m)
    found = [each[0, 0, r, s].item() for each in (state.dc, state.dm) for r, s in ((0, 0), (1, 2))]
    assert found == pytest.approx([0.116191, 0.260019, 0.161239, 0.457326], abs=6e-7)


class Slip(STLSTM):
    """One step written again, with room for a slip."""

    slip = "none"

    def forward(self, x, state, m):
        (h, c), old = state, m
        i, f, g, o = self.gates(torch.cat([x, h], dim=1)).chunk(4, dim=1)
        new = f.sigmoid() * c + i.sigmoid() * g.tanh()
        i, f_m, g = self.zigzag.gates(torch.cat([x, m], dim=1)).chunk(3, dim=1)
        m = (f if self.slip == "one forget gate" else f_m).sigmoid() * m + i.sigmoid() * g.tanh()
        seen = [c, old] if self.slip == "o sees old memories" else [new, m]
        o = (o + self.look(torch.cat(seen, dim=1))).sigmoid()
        both = [m, new] if self.slip == "memories swapped" else [new, m]
        mixed = self.mix(torch.cat(both, dim=1))
        h = o * (mixed if self.slip == "no tanh" else mixed.tanh())
        return h, Step(h, new), m


def test_the_frame_of_the_slips_is_right():
    check_vectors(lambda: Slip(1, 1))


@pytest.mark.parametrize(
    ("slip", "known"),
    [
        ("o sees old memories", (0.098503, 0.191234)),
        ("one forget gate", (0.100336, 0.198570)),
        ("memories swapped", (0.101349, 0.201695)),
        ("no tanh", None),
    ],
)
def test_the_vectors_reject_a_slip(slip, known):
    make = type("Wrong", (Slip,), {"slip": slip})
    if known:
        assert vector_b(make(1, 1))[:2] == pytest.approx(known, abs=6e-7)
    with pytest.raises(AssertionError):
        check_vectors(lambda: make(1, 1))
    cell = filled(make(2, 2))
    x, h, c, m = maps_of(cell, 1, 4, 4)
    expected, *_ = by_loops(cell, *(each.numpy() for each in (x, h, c, m)))
    assert abs(cell(x, Step(h, c), m)[0].numpy(force=True) - expected).max() > 1e-3


def test_a_memory_that_climbs_by_hand():
    """Without weights half is kept and nothing written; a bias of g writes half of its tanh."""
    zigzag, m = Zigzag(1, 1).double(), normal(1, 1, 2, 3)
    with torch.no_grad():
        for weight in zigzag.parameters():
            weight.zero_()
        kept, written = zigzag(torch.ones_like(m), m)
        assert_close((kept, written), (m / 2, torch.zeros_like(m)))
        zigzag.gates.second_bias[2] = 1.0
        kept, written = zigzag(torch.ones_like(m), None)
    half = torch.full_like(m, np.tanh(1) / 2)
    assert_close((kept, written), (half, half))


# --- a cell like the others


def test_no_state_is_zeros():
    cell = filled(STLSTM(2, 3))
    x, zeros = normal(2, 2, 3, 4), torch.zeros(2, 3, 3, 4).double()
    first, again = cell(x), cell(x, Step(zeros, zeros), zeros)
    for ours, theirs in ((first[0], again[0]), (first[1].c, again[1].c), (first[2], again[2])):
        assert_close(ours, theirs, rtol=0, atol=0)
    assert not list(cell.buffers())


def test_to_tell_what_was_written_changes_nothing_else():
    plain_cell, telling = (filled(STLSTM(2, 3, increments=told)) for told in (False, True))
    x, h, c, m = maps_of(telling, 2, 3, 4)
    ours, state, climbing = plain_cell(x, Step(h, c), m)
    theirs, told, other = telling(x, Written(h, c, c, c), m)
    assert_close((ours, state.c, climbing), (theirs, told.c, other), rtol=0, atol=0)
    assert (type(state), type(told)) == (Step, Written)
    assert_close(cell_kept(telling, x, c, m), (told.c - told.dc, other - told.dm))


def cell_kept(cell, x, c, m):
    """What both forget gates leave, by differences in c and m: everything else is written."""
    h = maps_of(cell, 2, 3, 4)[1]
    _, with_c, with_m = cell(x, Step(h, c), m)
    _, without, _ = cell(x, Step(h, torch.zeros_like(c)), m)
    return with_c.c - without.c, with_m - with_c.dm


def test_gradcheck():
    cell = filled(STLSTM(1, 2))

    def step(x, h, c, m):
        h, after, m = cell(x, Step(h, c), m)
        return h, after.c, m

    given_maps = [each.requires_grad_() for each in maps_of(cell, 1, 3, 3)]
    assert torch.autograd.gradcheck(step, given_maps, fast_mode=True)


def test_every_parameter_learns_from_two_steps():
    learns_from_two_steps(lambda: STLSTM(2, 3), 2)


def test_bfloat16_and_autocast_stay_near():
    cell = filled(STLSTM(2, 3)).float()
    x = normal(2, 2, 5, 5).float()
    exact, _, _ = cell(x)
    with torch.autocast("cpu", torch.bfloat16):
        rough, _, _ = cell(x)
    assert 0 < (rough - exact).abs().max() < 0.05
    h, state, m = cell.bfloat16()(x.bfloat16())
    assert {h.dtype, state.c.dtype, m.dtype} == {torch.bfloat16}


def test_compiles_without_a_break(monkeypatch):
    untyped(monkeypatch)
    cell = filled(STLSTM(2, 3))
    x, h, c, m = maps_of(cell, 2, 4, 4)
    compiles_whole(cell, x, Step(h, c), m)


def test_the_papers_parameters():
    for c in (1, 4, 32):
        assert parameters(STLSTM(c, c)) == 146 * c**2 + 17 * c
        assert parameters(STLSTM(c, c, biases=1)) == 146 * c**2 + 9 * c


# --- bad input


@settings(max_examples=40, deadline=None)
@given(st.integers(-1, 2), st.integers(-1, 2), st.integers(-1, 6), st.integers(0, 3))
def test_a_constructor_builds_or_names_what_is_wrong(inputs, outputs, kernel, biases):
    if inputs >= 0 and outputs > 0 and kernel > 0 and kernel % 2 and biases in (1, 2):
        h, state, m = STLSTM(inputs, outputs, kernel, biases)(torch.zeros(1, inputs, 2, 3))
        assert h.shape == state.c.shape == m.shape == (1, outputs, 2, 3)
    else:
        with pytest.raises(ValueError, match=r"=.*must be"):
            STLSTM(inputs, outputs, kernel, biases)


def test_input_that_does_not_fit_is_named():
    cell, zeros = STLSTM(2, 3), torch.zeros(2, 3, 3, 4)
    good = torch.zeros(2, 2, 3, 4)
    with pytest.raises(ValueError, match="x has 1 channels, the cell reads 2"):
        cell(good[:, :1])
    with pytest.raises(ValueError, match=r"c is \(1, 3.*for this x it must be \(2, 3"):
        cell(good, Step(zeros, zeros[:1]))
    with pytest.raises(ValueError, match=r"m is \(2, 4, .* must be \(2, 3, .*equally wide"):
        cell(good, None, torch.zeros(2, 4, 3, 4))
