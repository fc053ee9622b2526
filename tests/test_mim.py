"""MIM against loops, against numbers computed elsewhere, and against slips of its wiring."""

from itertools import count

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from stlib.cells import MIM, STLSTM, Differenced, Step
from stlib.cells.gate_map import GateMap
from stlib.cost import parameters
from stlib.recipes.cells import MIMCell
from stlib.recipes.networks import StackOf
from tests.compiled import compiles_whole, untyped
from tests.drawn import filled, normal
from tests.learning import learns_from_two_steps
from tests.loops import gates_of, logistic, of_vector_b, plain
from tests.test_st_lstm import number_maps


def updated(gates, memory):
    i, f, g, *_ = gates
    return logistic(f) * memory + logistic(i) * np.tanh(g)


def by_loops(cell, x, h, c, n, s, before, m):
    """As printed: h, c, n, s, m and the output gate."""
    lasting, changing = cell.lasting, cell.changing
    difference = x - before
    n = updated(gates_of(changing.gates, difference, n), n)
    changed = logistic(plain(changing.look, difference, n)) * np.tanh(n)
    gates = gates_of(lasting.gates, changed, c)
    s = updated(gates, s)
    kept = logistic(gates[3] + plain(lasting.look, s)) * np.tanh(s)
    i, g, o = gates_of(cell.gates, x, h)
    c = kept + logistic(i) * np.tanh(g)
    m = updated(gates_of(cell.zigzag.gates, x, m), m)
    o = logistic(o + plain(cell.look, c, m))
    return o * np.tanh(plain(cell.mix, c, m)), c, n, s, m, o


def maps_of(cell, batch, height, width, seed=0):
    """x, h, c, n, s, the x before, m."""
    inputs, outputs = cell.inputs, cell.outputs
    widths = (inputs, outputs, outputs, outputs, outputs, inputs, outputs)
    return [normal(batch, k, height, width, seed=seed + i) for i, k in enumerate(widths)]


def known_from(cell, maps):
    return [torch.from_numpy(each) for each in by_loops(cell, *(each.numpy() for each in maps))]


@settings(max_examples=6, deadline=None)
@given(
    st.integers(0, 2), st.integers(1, 2), st.sampled_from([1, 3]), st.sampled_from([1, 2]),
    st.integers(1, 4), st.integers(1, 3), st.integers(0, 99),
)  # fmt: skip
def test_mim_eq_n_mim_eq_s_and_mim_eq_by_loops(
    inputs, outputs, kernel, biases, height, width, seed
):
    """All three: mim-eq-n, mim-eq-s, mim-eq."""
    cell = filled(MIM(inputs, outputs, kernel, biases), seed)
    x, *state, m = maps = maps_of(cell, 2, height, width, seed + 50)
    h, after, m, o = cell.gated(x, Differenced(*state), m)
    assert after.h is h
    assert after.x is x
    found = (h, after.c, after.n, after.s, m, o)
    for ours, known in zip(found, known_from(cell, maps), strict=True):
        assert_close(ours, known, rtol=0, atol=1e-12)


# --- vectors computed elsewhere, and slips that keep the number of parameters


def vector_a(cell):
    """Weights of 0.1, no biases, states of 0.5 on 2x2: every sum is a sum by hand."""
    with torch.no_grad():
        for name, weight in cell.double().named_parameters():
            weight.fill_(0.0 if "bias" in name else 0.1)
    x = torch.tensor([[0.1, 0.2], [0.3, 0.4]]).double()[None, None]
    half = torch.full((1, 1, 2, 2), 0.5).double()
    h, state, m = cell(x, Differenced(half, half, half, half, half), half)
    return [each[0, 0, 1, 0].item() for each in (h, state.c, m, state.n, state.s)]


def number_all(cell):
    """Hundredths in turn; 19 and 23 would be the forget gate's, which is not there."""
    hundredths = count(1)
    with torch.no_grad():
        for name, weight in cell.double().named_parameters():
            weight.fill_(0.03 if "bias" in name else 0.0)
        changing, lasting = cell.changing, cell.lasting
        for conv, gates, sources in (
            (changing.gates, 3, 2), (changing.look, 1, 2), (lasting.gates, 4, 2),
            (lasting.look, 1, 1),
        ):  # fmt: skip
            for source in range(sources):
                for gate in range(gates):
                    conv.weight[gate, source] = next(hundredths) / 100
        for source in range(2):
            for gate, number in zip("ifgo", hundredths, strict=False):
                shown = cell.writes.find(gate)
                if shown >= 0:
                    cell.gates.weight[shown, source] = number / 100
                if gate == "o":
                    break
        for conv, gates in ((cell.zigzag.gates, 3), (cell.look, 1), (cell.mix, 1)):
            for source in range(2):
                for gate in range(gates):
                    conv.weight[gate, source] = next(hundredths) / 100
    assert next(hundredths) == 36
    return cell


def vector_b(cell):
    number_all(cell)
    h, c, n, s, before, m = (
        torch.full((1, 1, 4, 4), value).double() for value in (0.5, 0.4, 0.2, 0.1, 0.15, 0.3)
    )
    h, state, m = cell(of_vector_b(), Differenced(h, c, n, s, before), m)
    found = (h, state.c, m, state.n, state.s)
    return [each[0, 0, r, s].item() for each in found for r, s in ((0, 0), (1, 2))]


KNOWN_B = (
    0.355997, 0.663339, 0.533166, 1.153683, 0.534762, 1.077451, 0.161260, 0.234254, 0.248281,
    0.466809,
)  # fmt: skip


def check_vectors(make):
    expected = [0.056706, 0.411724, 0.454564, 0.314813, 0.427153]
    assert vector_a(make()) == pytest.approx(expected, abs=6e-7)
    assert vector_b(make()) == pytest.approx(KNOWN_B, abs=6e-7)


class Ordered(MIM):
    """The cell, and what its main map writes."""

    writes = "igo"


def test_mim_eq_known_numbers():
    check_vectors(lambda: Ordered(1, 1))


def test_the_lowest_layer_is_an_st_lstm():
    cell = number_maps(STLSTM(1, 1), count(18))
    h, c, m = (torch.full((1, 1, 4, 4), value).double() for value in (0.5, 0.4, 0.3))
    h, state, m = cell(of_vector_b(), Step(h, c), m)
    found = [each[0, 0, r, s].item() for each in (h, state.c) for r, s in ((0, 0), (1, 2))]
    assert found == pytest.approx([0.385188, 0.662200, 0.635840, 1.147503], abs=6e-7)
    lowest, *above = MIMCell(kernel=5, biases=1).layers(4)
    assert isinstance(lowest(1, 2), STLSTM)
    assert [type(make(2, 2)) for make in above] == [MIM] * 3
    assert parameters(lowest(1, 2)) == parameters(STLSTM(1, 2, 5, 1))
    assert parameters(above[0](2, 2)) == parameters(MIM(2, 2, 5, 1))


class Slip(Ordered):
    """One step written again, with room for a slip."""

    slip = "none"

    def forward(self, x, state, m):
        h, c, n, s, before = state
        difference = before - x if self.slip == "sign" else x - before
        difference = x if self.slip == "no difference" else difference
        i, f, g = self.changing.gates(torch.cat([difference, n], dim=1)).chunk(3, dim=1)
        old, n = n, f.sigmoid() * n + i.sigmoid() * g.tanh()
        seen = old if self.slip == "o sees the old n" else n
        changed = self.changing.look(torch.cat([difference, seen], dim=1)).sigmoid() * n.tanh()
        both = [c, changed] if self.slip == "sources of s swapped" else [changed, c]
        i, f, g, o = self.lasting.gates(torch.cat(both, dim=1)).chunk(4, dim=1)
        s = f.sigmoid() * s + i.sigmoid() * g.tanh()
        kept = (o + self.lasting.look(s)).sigmoid() * s.tanh()
        c, o = self.main(x, h, c, kept)
        m, _ = self.zigzag(x, m)
        both = torch.cat([c, m], dim=1)
        h = (o + self.look(both)).sigmoid() * self.mix(both).tanh()
        return h, Differenced(h, c, n, s, x), m

    def main(self, x, h, c, kept):
        i, g, o = self.gates(torch.cat([x, h], dim=1)).chunk(3, dim=1)
        return kept + i.sigmoid() * g.tanh(), o


def test_the_frame_of_the_slips_is_right():
    check_vectors(lambda: Slip(1, 1))


@pytest.mark.parametrize(
    ("slip", "known"),
    [
        ("sign", (0.355236, 0.659766)),
        ("no difference", (0.356795, 0.664623)),
        ("o sees the old n", None),
        ("sources of s swapped", None),
    ],
)
def test_the_vectors_reject_a_slip(slip, known):
    make = type("Wrong", (Slip,), {"slip": slip})
    if known:
        assert vector_b(make(1, 1))[:2] == pytest.approx(known, abs=6e-7)
    with pytest.raises(AssertionError):
        check_vectors(lambda: make(1, 1))
    cell = filled(make(2, 2))
    x, *state, m = maps = maps_of(cell, 1, 4, 4)
    h, _, _ = cell(x, Differenced(*state), m)
    assert (h - known_from(cell, maps)[0]).abs().max() > 1e-3


class WithForgetGate(Slip):
    """As released: the main map writes a forget gate too, and does not use it."""

    writes = "ifgo"

    def __init__(self, inputs, outputs):
        super().__init__(inputs, outputs)
        self.gates = GateMap(inputs + outputs, 4 * outputs)

    def main(self, x, h, c, kept):
        i, f, g, o = self.gates(torch.cat([x, h], dim=1)).chunk(4, dim=1)
        kept = {
            "none": kept,
            "f beside it": kept + f.sigmoid() * c,
            "f over it": f.sigmoid() * kept,
        }[self.slip]
        return kept + i.sigmoid() * g.tanh(), o


def test_the_forget_gate_of_the_released_layer_is_dead():
    """243 c² + 27 c of six layers: layer 1's n and s, and this gate in the five above."""
    check_vectors(lambda: WithForgetGate(1, 1))
    for slip, known in (("f beside it", (0.433154, 0.723717)), ("f over it", (0.339186, 0.653607))):
        make = type("Wrong", (WithForgetGate,), {"slip": slip})
        assert vector_b(make(1, 1))[:2] == pytest.approx(known, abs=6e-7)
    for c in (1, 4, 32):
        whole = parameters(WithForgetGate(c, c))
        assert whole == 299 * c**2 + 34 * c
        lowest, above = parameters(STLSTM(c, c)), parameters(MIM(c, c))
        assert 6 * whole - lowest - 5 * above == 243 * c**2 + 27 * c
    assert 1_843_681 - parameters(StackOf(MIMCell()).build()) == 249_696


# --- a cell like the others


def test_no_state_is_zeros():
    cell = filled(MIM(2, 3))
    x, zeros = normal(2, 2, 3, 4), torch.zeros(2, 3, 3, 4).double()
    first = cell(x)
    again = cell(x, Differenced(zeros, zeros, zeros, zeros, torch.zeros_like(x)), zeros)
    assert_close(first, again, rtol=0, atol=0)
    assert not list(cell.buffers())


def test_gradcheck():
    cell = filled(MIM(1, 2))

    def step(x, *maps):
        h, after, m = cell(x, Differenced(*maps[:-1]), maps[-1])
        return h, *after[1:-1], m

    maps = [each.requires_grad_() for each in maps_of(cell, 1, 2, 3)]
    assert torch.autograd.gradcheck(step, maps, fast_mode=True)


def test_every_parameter_learns_from_two_steps():
    learns_from_two_steps(lambda: MIM(2, 3), 2)


def test_bfloat16_and_autocast_stay_near():
    cell = filled(MIM(2, 3)).float()
    x = normal(2, 2, 5, 5).float()
    exact, _, _ = cell(x)
    with torch.autocast("cpu", torch.bfloat16):
        rough, _, _ = cell(x)
    assert 0 < (rough - exact).abs().max() < 0.05
    h, state, m = cell.bfloat16()(x.bfloat16())
    assert {h.dtype, m.dtype, *(each.dtype for each in state)} == {torch.bfloat16}


def test_compiles_without_a_break(monkeypatch):
    untyped(monkeypatch)
    cell = filled(MIM(2, 3))
    x, *state, m = maps_of(cell, 2, 4, 4)
    compiles_whole(cell, x, Differenced(*state), m)


# --- bad input


@settings(max_examples=30, deadline=None)
@given(st.integers(-1, 2), st.integers(-1, 2), st.integers(-1, 6), st.integers(0, 3))
def test_a_constructor_builds_or_names_what_is_wrong(inputs, outputs, kernel, biases):
    if inputs >= 0 and outputs > 0 and kernel > 0 and kernel % 2 and biases in (1, 2):
        h, state, m = MIM(inputs, outputs, kernel, biases)(torch.zeros(1, inputs, 2, 3))
        assert h.shape == state.n.shape == m.shape == (1, outputs, 2, 3)
    else:
        with pytest.raises(ValueError, match=r"=.*must be"):
            MIM(inputs, outputs, kernel, biases)


def test_input_that_does_not_fit_is_named():
    cell, good, zeros = MIM(2, 3), torch.zeros(2, 2, 3, 4), torch.zeros(2, 3, 3, 4)
    with pytest.raises(ValueError, match="x has 1 channels, the cell reads 2"):
        cell(good[:, :1])
    with pytest.raises(ValueError, match=r"s is \(1, 3.*for this x it must be \(2, 3"):
        cell(good, Differenced(zeros, zeros, zeros, zeros[:1], good))
    with pytest.raises(ValueError, match=r"the x before is \(1, 2, .* it must be \(2, 2, 3, 4\)"):
        cell(good, Differenced(zeros, zeros, zeros, zeros, good[:1]))
    with pytest.raises(ValueError, match=r"m is .*equally wide"):
        cell(good, None, zeros[:, :2])
