"""PrecipLSTM against loops, against numbers computed elsewhere, and against slips of its wiring."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from stlib.cells import (
    LocalAttention,
    PrecipLSTM,
    PrecipMemory,
)
from stlib.cost import macs, parameters
from stlib.networks import Stack
from tests.compiled import compiles_whole, untyped
from tests.drawn import filled, normal
from tests.learning import learns_from_two_steps
from tests.loops import gates_of, logistic, mapped, numpy
from tests.test_local_attention import by_loops as looked_around


def written(gates, memory):
    i, f, g = gates
    return logistic(f) * memory + logistic(i) * np.tanh(g)


def by_loops(cell, x, state, m):
    """The cell as printed, memory by memory, in NumPy."""
    around = numpy(looked_around(cell.attention, x))
    x, h, c, s, t, before, m = (numpy(a) for a in (x, *state, m))
    seen = x + mapped(cell.merge, around)
    *gates, o = gates_of(cell.gates, seen, h)
    c = written(gates, c)
    m = written(gates_of(cell.m.gates, seen, m), m)
    s = written(gates_of(cell.s.gates, seen, s), s)
    t = written(gates_of(cell.t.gates, x - before, t), t)
    for look, memory in zip(cell.looks, (c, m, s, t), strict=True):
        o = o + mapped(look, memory)
    h = logistic(o) * np.tanh(mapped(cell.mix, c, s, t, m))
    return h, c, s, t, m


def state_of(cell, batch=2, height=3, width=4, seed=0):
    shape = (batch, cell.outputs, height, width)
    maps = [normal(*shape, seed=seed + 20 + k) for k in range(5)]
    x = normal(batch, cell.inputs, height, width, seed=seed + 30)
    return PrecipMemory(*maps[:4], x), maps[4]


def check_loops(cell, seed=0):
    x = normal(2, cell.inputs, 3, 4, seed=seed + 50)
    state, m = state_of(cell, seed=seed)
    h, after, climbing = cell(x, state, m)
    expected = by_loops(cell, x, state, m)
    for ours, known in zip((h, *after[1:4], climbing), expected, strict=True):
        assert_close(ours, torch.from_numpy(known), rtol=0, atol=1e-12)
    assert after.h is h
    assert after.x is x


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 2), st.integers(1, 2), st.sampled_from([1, 3]), st.integers(1, 6),
       st.integers(1, 5), st.integers(0, 99))  # fmt: skip
def test_precip_lstm_eq_by_loops(inputs, outputs, kernel, window, chunk, seed):
    # precip-lstm-eq
    check_loops(filled(PrecipLSTM(inputs, outputs, kernel, window, chunk), seed), seed)


# --- numbers computed elsewhere, and slips that keep the number of parameters


def constants(side, *values):
    return [torch.full((1, 1, side, side), value).double() for value in values]


def read_at(maps, places):
    return [each[0, 0, r, s].item() for each in maps for r, s in places]


def vector_a(cell):
    """Weights of 0.1, no biases, states of 0.5 on 2x2."""
    with torch.no_grad():
        for name, weight in cell.double().named_parameters():
            weight.fill_(0.0 if "bias" in name else 0.1)
    x = torch.tensor([[0.1, 0.2], [0.3, 0.4]]).double()[None, None]
    *state, m = constants(2, *[0.5] * 6)
    h, after, m = cell(x, PrecipMemory(*state), m)
    return read_at([h, after.c, m, after.s, after.t], [(1, 0)])


def vector_b(cell):
    """Every scalar map has its own weight, hundredths in turn, and biases of 0.03."""
    hundredth = iter(range(1, 36))

    def fill(conv):
        """Sources outer, gates inner."""
        for source, gate in np.ndindex(conv.weight.shape[1], conv.weight.shape[0]):
            conv.weight[gate, source] = next(hundredth) / 100

    with torch.no_grad():
        for name, weight in cell.double().named_parameters():
            weight.fill_(0.03 if "bias" in name else 0.0)
        for conv in (cell.gates, cell.m.gates, cell.s.gates, cell.t.gates):
            fill(conv)
        for conv in (*cell.looks, cell.mix, cell.merge):
            fill(conv)
        cell.attention.maps.weight.copy_(torch.tensor([1.0, 2.0, 3.0]).reshape(3, 1, 1, 1))
    row, column = torch.meshgrid(torch.arange(4), torch.arange(4), indexing="ij")
    x = ((1 + row + 3 * column) / 20).double()[None, None]
    *state, m = constants(4, 0.5, 0.4, 0.2, 0.1, 0.15, 0.3)
    h, after, m = cell(x, PrecipMemory(*state), m)
    around = cell.attention(x)
    return read_at([h, around, after.c, m, after.s, after.t], [(0, 0), (1, 2)])


KNOWN_A = (0.120632, 0.454576, 0.454576, 0.454576, 0.314813)
KNOWN_B = (
    *(0.347353, 0.688718, 0.019495, 0.026563, 0.341046, 0.514084, 0.354271, 0.711838),
    *(0.327732, 0.763486, 0.141591, 0.523682),
)


def check_vectors(make):
    assert vector_a(make()) == pytest.approx(KNOWN_A, abs=6e-7)
    assert vector_b(make()) == pytest.approx(KNOWN_B, abs=6e-7)


@pytest.mark.parametrize("chunk", [1, 3, 16])
def test_precip_lstm_eq_known_numbers(chunk):
    check_vectors(lambda: PrecipLSTM(1, 1, chunk=chunk))


class Slip(PrecipLSTM):
    """One step written again, with room for a slip."""

    slip = "none"

    def forward(self, x, state=None, m=None):
        h, c, s, t, before = state
        slip = self.slip
        seen = x + self.merge(self.attention(x))
        if slip == "the look around is not merged":
            seen = x + self.attention(x)
        *gates, o = self.gates(torch.cat([seen, h], dim=1)).chunk(4, dim=1)
        old = (c, m, s, t)
        c = gates[1].sigmoid() * c + gates[0].sigmoid() * gates[2].tanh()
        if slip == "m and s exchanged":
            m, s = s, m
        m, _ = self.m(seen, m)
        s, _ = self.s(seen, s)
        change = (seen if slip == "t of what was seen around" else x) - before
        t, _ = self.t(-change if slip == "the difference turned" else change, t)
        memories = old if slip == "o sees the old memories" else (c, m, s, t)
        for look, memory in zip(self.looks, memories, strict=True):
            o = o + look(memory)
        both = [c, m, s, t] if slip == "mixed in the order of o" else [c, s, t, m]
        h = o.sigmoid() * self.mix(torch.cat(both, dim=1)).tanh()
        return h, PrecipMemory(h, c, s, t, x), m


class Masked(LocalAttention):
    """Places outside do not count."""

    def forward(self, x):
        q, k, v = self.maps(x).flatten(2).chunk(3, dim=1)
        weights = (q.mT @ k).softmax(dim=2)
        return (v @ weights.mT).reshape(x.shape)


def masked(*sizes):
    cell = PrecipLSTM(*sizes)
    cell.attention = Masked(cell.inputs)
    return cell


def test_the_frame_of_the_slips_is_right():
    check_vectors(lambda: Slip(1, 1))
    check_loops(filled(Slip(2, 2)))


@pytest.mark.parametrize(
    ("slip", "known"),
    [
        ("t of what was seen around", (0.361360, 0.705449)),
        ("mixed in the order of o", (0.345523, 0.688005)),
        ("o sees the old memories", None),
        ("m and s exchanged", None),
        ("the difference turned", None),
        ("the look around is not merged", None),
        ("places outside do not count", (0.682863, 0.851461)),
    ],
)
def test_the_vectors_reject_a_slip(slip, known):
    make = type("Wrong", (Slip,), {"slip": slip})
    if slip == "places outside do not count":
        make = masked
    if known:
        assert vector_b(make(1, 1))[:2] == pytest.approx(known, abs=6e-7)
    with pytest.raises(AssertionError):
        check_vectors(lambda: make(1, 1))
    with pytest.raises(AssertionError):
        check_loops(filled(make(2, 2)))


# --- a cell like the others


def test_no_state_and_no_m_are_zeros():
    cell = filled(PrecipLSTM(2, 3))
    x, zeros = normal(2, 2, 3, 4), torch.zeros(2, 3, 3, 4).double()
    state = PrecipMemory(zeros, zeros, zeros, zeros, torch.zeros_like(x))
    (first, _, m), (again, _, n) = cell(x), cell(x, state, zeros)
    assert_close(first, again, rtol=0, atol=0)
    assert_close(m, n, rtol=0, atol=0)
    assert not list(cell.buffers())


def test_gradcheck():
    cell = filled(PrecipLSTM(1, 1, window=4, chunk=2))
    state, m = state_of(cell, 1, 3, 3)

    def step(x, h, c, s, t, before, m):
        h, after, m = cell(x, PrecipMemory(h, c, s, t, before), m)
        return h, *after[1:4], m

    given_ = [a.requires_grad_() for a in (normal(1, 1, 3, 3), *state, m)]
    assert torch.autograd.gradcheck(step, given_, fast_mode=True)


def test_every_parameter_learns_from_two_steps():
    learns_from_two_steps(lambda: PrecipLSTM(2, 3), 2)


def test_bfloat16_and_autocast_stay_near():
    cell = filled(PrecipLSTM(2, 3), scale=0.3).float()
    x = normal(2, 2, 5, 5).float()
    exact, _, _ = cell(x)
    with torch.autocast("cpu", torch.bfloat16):
        rough, _, _ = cell(x)
    assert 0 < (rough - exact).abs().max() < 0.05
    h, state, m = cell.bfloat16()(x.bfloat16())
    again, _, _ = cell(x.bfloat16(), state, m)
    assert {h.dtype, m.dtype, again.dtype} == {torch.bfloat16}


def test_compiles_without_a_break(monkeypatch):
    untyped(monkeypatch)
    cell = filled(PrecipLSTM(2, 3, chunk=2))
    x, (state, m) = normal(2, 2, 2, 4), state_of(cell, 2, 2, 4)
    compiles_whole(cell, x, state, m)


def test_parameters_and_products():
    for c in (1, 4, 32):
        assert parameters(PrecipLSTM(c, c)) == 286 * c**2 + 32 * c
    with torch.device("meta"):
        assert parameters(Stack(PrecipLSTM, 1)) == 1_763_425
        small, x = PrecipLSTM(4, 4), torch.zeros(1, 4, 8, 8)
        assert macs(small, x) == 286 * 4**2 * 64 + 2 * 4 * 64**2


# --- bad input


@settings(max_examples=40, deadline=None)
@given(*[st.integers(-1, 3)] * 5)
def test_a_constructor_builds_or_names_what_is_wrong(inputs, outputs, kernel, window, chunk):
    sizes = (inputs, outputs, kernel, window, chunk)
    if min(sizes) > 0 and kernel % 2:
        h, _, m = PrecipLSTM(*sizes)(torch.zeros(1, inputs, 2, 3))
        assert h.shape == m.shape == (1, outputs, 2, 3)
    else:
        with pytest.raises(ValueError, match=r"=.*must be"):
            PrecipLSTM(*sizes)


def test_input_that_does_not_fit_is_named():
    cell, good = PrecipLSTM(2, 3).double(), torch.zeros(2, 2, 3, 4).double()
    state, m = state_of(cell)
    with pytest.raises(ValueError, match="x has 1 channels, the cell reads 2"):
        cell(good[:, :1])
    with pytest.raises(ValueError, match=r"t is \(1, 3.*for this x it must be \(2, 3"):
        cell(good, state._replace(t=state.t[:1]), m)
    with pytest.raises(ValueError, match=r"the x before is \(1, 2, 3, 4\), .* it must be \(2, 2"):
        cell(good, state._replace(x=state.x[:1]), m)
    with pytest.raises(ValueError, match=r"m is \(1, 3, .* must be \(2, 3"):
        cell(good, state, m[:1])
