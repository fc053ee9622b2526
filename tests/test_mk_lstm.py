"""MK-LSTM against loops, against numbers computed elsewhere, and against slips of its wiring."""

from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from stlib.cells import MKLSTM, Memories, Step
from stlib.cells.step import resume
from stlib.cost import parameters
from tests.compiled import compiles_whole, untyped
from tests.drawn import filled, normal
from tests.learning import learns_from_two_steps


def logistic(a):
    return 1 / (1 + np.exp(-a))


def convolved(weight, bias, x):
    """Cross-correlation with zeros around, pixel by pixel."""
    outputs, inputs, k, _ = weight.shape
    batch, _, height, width = x.shape
    y = np.zeros((batch, outputs, height, width))
    for b, q, r, s in np.ndindex(*y.shape):
        total = bias[q]
        for p, u, v in np.ndindex(inputs, k, k):
            row, column = r + u - k // 2, s + v - k // 2
            if 0 <= row < height and 0 <= column < width:
                total += weight[q, p, u, v] * x[b, p, row, column]
        y[b, q, r, s] = total
    return y


def by_loops(cell, x, state):
    """Eq. 3 as printed, map by map, and the 16 of them apart."""
    numpy = partial(torch.Tensor.numpy, force=True)
    x, h = x.numpy(), state.h.numpy()
    n, total, memories = cell.outputs, 0, []
    for k, before in enumerate(state.c):
        weight, bias = numpy(cell.gates[k].weight), numpy(cell.gates[k].bias)
        if cell.second_bias is not None:
            bias = bias + numpy(cell.second_bias[k])
        none = np.zeros(n)
        pre = {}
        for place, gate in enumerate("ifgo"):
            rows = slice(place * n, place * n + n)
            pre[gate] = convolved(weight[rows, : cell.inputs], bias[rows], x)
            pre[gate] += convolved(weight[rows, cell.inputs :], none, h)
        c = logistic(pre["f"]) * before.numpy() + logistic(pre["i"]) * np.tanh(pre["g"])
        look = cell.looks[k]
        total = total + pre["o"] + convolved(numpy(look.weight), numpy(look.bias), c)
        memories.append(c)
    both = np.concatenate(memories, axis=1)
    mixed = convolved(numpy(cell.mix.weight), numpy(cell.mix.bias), both)
    return logistic(total) * np.tanh(mixed), memories


def state_of(cell, batch, height, width, seed=0):
    maps = [normal(batch, cell.outputs, height, width, seed=seed + 1 + k) for k in range(3)]
    return Memories(maps[0], tuple(maps[1 : 1 + len(cell.kernels)]))


@settings(max_examples=8, deadline=None)
@given(
    st.integers(0, 2), st.integers(1, 2), st.sampled_from([(3, 5), (3,), (5, 1)]),
    st.sampled_from([1, 2]), st.integers(1, 4), st.integers(1, 4), st.integers(0, 99),
)  # fmt: skip
def test_ms_eq_3_by_loops(inputs, outputs, kernels, biases, height, width, seed):
    cell = filled(MKLSTM(inputs, outputs, kernels, biases), seed)
    x = normal(2, inputs, height, width, seed=seed + 50)
    state = state_of(cell, 2, height, width, seed)
    h, after, _ = cell(x, state)
    expected, memories = by_loops(cell, x, state)
    assert_close(h, torch.from_numpy(expected), rtol=0, atol=1e-12)
    assert after.h is h
    for c, known in zip(after.c, memories, strict=True):
        assert_close(c, torch.from_numpy(known), rtol=0, atol=1e-12)


# --- vectors computed elsewhere, and slips that keep the number of parameters


def vector_a(cell):
    """Weights of 0.1, no biases, states of 0.5 on 2x2: every sum is a sum by hand."""
    with torch.no_grad():
        for name, weight in cell.double().named_parameters():
            weight.fill_(0.0 if "bias" in name else 0.1)
    x = torch.tensor([[0.1, 0.2], [0.3, 0.4]]).double()[None, None]
    half = torch.full((1, 1, 2, 2), 0.5).double()
    h, state, _ = cell(x, Memories(half, (half, half)))
    return [h[0, 0, 0, 0].item(), *(c[0, 0, 1, 1].item() for c in state.c)]


def vector_b(cell):
    """Every scalar map has its own weight, hundredths in turn, and biases of 0.03."""
    hundredth = iter(range(1, 21))
    with torch.no_grad():
        for weight in cell.double().parameters():
            weight.fill_(0.0)
        for gates in cell.gates:
            for source in range(2):
                for gate in range(4):
                    gates.weight[gate, source] = next(hundredth) / 100
            gates.bias.fill_(0.06)  # the map of x and the map of h have 0.03 each
        for look in cell.looks:
            look.weight.fill_(next(hundredth) / 100)
            look.bias.fill_(0.03)
        for memory in range(2):
            cell.mix.weight[0, memory] = next(hundredth) / 100
        cell.mix.bias.fill_(0.03)
    row, column = torch.meshgrid(torch.arange(4), torch.arange(4), indexing="ij")
    x = ((1 + row + 3 * column) / 20).double()[None, None]
    h, c, wide = (torch.full((1, 1, 4, 4), value).double() for value in (0.5, 0.4, 0.2))
    h, state, _ = cell(x, Memories(h, (c, wide)))
    return [each[0, 0, r, s].item() for each in (h, *state.c) for r, s in ((0, 0), (1, 2))]


KNOWN_B = (0.213699, 0.306568, 0.335333, 0.499686, 0.670739, 0.964528)


def check_vectors(make):
    assert vector_a(make()) == pytest.approx([0.065627, 0.454564, 0.454564], abs=6e-7)
    assert vector_b(make()) == pytest.approx(KNOWN_B, abs=6e-7)


def test_ms_eq_3_known_numbers():
    check_vectors(lambda: MKLSTM(1, 1))


class Slip(MKLSTM):
    """One step written again, with room for a slip."""

    slip = "none"

    def forward(self, x, state, m=None):
        both, opening, memories = torch.cat([x, state.h], dim=1), 0, []
        for kernel, before in enumerate(state.c):
            i, f, g, o = self._maps(kernel, both).chunk(4, dim=1)
            candidate = g.sigmoid() if self.slip == "sigmoid for tanh" else g.tanh()
            entering = i.tanh() if self.slip == "tanh for sigmoid" else i.sigmoid()
            memories.append(f.sigmoid() * before + entering * candidate)
            opening = opening + o
        for kernel, look in enumerate(self.looks):
            seen = memories[kernel]
            if self.slip == "o sees the old c":
                seen = state.c[kernel]
            if self.slip == "kernels swapped":
                seen = memories[1 - kernel]
            opening = opening + look(seen)
        if self.slip == "tanh inside the mix":
            return opening.sigmoid() * self._mixed([c.tanh() for c in memories]), state, m
        if self.slip == "memories swapped":
            memories = memories[::-1]
        h = opening.sigmoid() * self._mixed(memories).tanh()
        return h, Memories(h, tuple(memories)), m

    def _mixed(self, memories):
        return self.mix(torch.cat(memories, dim=1))


def test_the_frame_of_the_slips_is_right():
    check_vectors(lambda: Slip(1, 1))


@pytest.mark.parametrize(
    ("slip", "known"),
    [
        ("o sees the old c", (0.196098, 0.300984)),
        ("kernels swapped", (0.208679, 0.305854)),
        ("tanh inside the mix", (0.198934, 0.266154)),
        ("memories swapped", (0.210658, 0.302367)),
        ("tanh for sigmoid", None),
        ("sigmoid for tanh", None),
    ],
)
def test_the_vectors_reject_a_slip(slip, known):
    make = type("Wrong", (Slip,), {"slip": slip})
    if known:
        assert vector_b(make(1, 1))[:2] == pytest.approx(known, abs=6e-7)
    with pytest.raises(AssertionError):
        check_vectors(lambda: make(1, 1))
    cell = filled(make(2, 2))
    x, state = normal(1, 2, 4, 4, seed=9), state_of(cell, 1, 4, 4)
    assert abs(cell(x, state)[0].numpy(force=True) - by_loops(cell, x, state)[0]).max() > 1e-3


# --- a cell like the others


def test_no_state_is_zeros_and_m_is_handed_on():
    cell, m = filled(MKLSTM(2, 3)), object()
    x, zeros = normal(2, 2, 3, 4), torch.zeros(2, 3, 3, 4).double()
    first, again = cell(x, None, m), cell(x, Memories(zeros, (zeros, zeros)), m)
    assert_close(first[0], again[0], rtol=0, atol=0)
    assert first[2] is again[2] is m
    assert not list(cell.buffers())


def test_gradcheck():
    cell = filled(MKLSTM(1, 2))
    state = state_of(cell, 1, 3, 3)
    given = [normal(1, 1, 3, 3), state.h, *state.c]

    def step(x, h, *c):
        h, after, _ = cell(x, Memories(h, c))
        return h, *after.c

    assert torch.autograd.gradcheck(step, [a.requires_grad_() for a in given], fast_mode=True)


def test_every_parameter_learns_from_two_steps():
    learns_from_two_steps(lambda: MKLSTM(2, 3), 2)


def test_bfloat16_and_autocast_stay_near():
    cell = filled(MKLSTM(2, 3)).float()
    x = normal(2, 2, 5, 5).float()
    exact, _, _ = cell(x)
    with torch.autocast("cpu", torch.bfloat16):
        rough, _, _ = cell(x)
    assert 0 < (rough - exact).abs().max() < 0.05
    h, state, _ = cell.bfloat16()(x.bfloat16())
    assert {h.dtype, *(c.dtype for c in state.c)} == {torch.bfloat16}


def test_compiles_without_a_break(monkeypatch):
    untyped(monkeypatch)
    cell = filled(MKLSTM(2, 3))
    x, state = normal(2, 2, 4, 4), state_of(cell, 2, 4, 4)
    compiles_whole(cell, x, state)


def test_ms_table_2_parameters():
    """308 c² weights: the paper prints 307, as if the 1x1 map read c channels; it reads 2c."""
    for c in (1, 4, 32):
        assert parameters(MKLSTM(c, c)) == 308 * c**2 + 19 * c
        assert parameters(MKLSTM(c, c, biases=1)) == 308 * c**2 + 11 * c


# --- bad input


@settings(max_examples=40, deadline=None)
@given(
    st.integers(-1, 2), st.integers(-1, 2), st.lists(st.integers(-1, 6), max_size=3),
    st.integers(0, 3),
)  # fmt: skip
def test_a_constructor_builds_or_names_what_is_wrong(inputs, outputs, kernels, biases):
    good = inputs >= 0 and outputs > 0 and kernels and all(k > 0 and k % 2 for k in kernels)
    if good and biases in (1, 2):
        h, state, _ = MKLSTM(inputs, outputs, kernels, biases)(torch.zeros(1, inputs, 2, 3))
        assert (h.shape, len(state.c)) == ((1, outputs, 2, 3), len(kernels))
    else:
        with pytest.raises(ValueError, match=r"=.*(must be|need)"):
            MKLSTM(inputs, outputs, kernels, biases)


def test_input_that_does_not_fit_is_named():
    cell, zeros = MKLSTM(2, 3), torch.zeros(2, 3, 3, 4)
    good = torch.zeros(2, 2, 3, 4)
    with pytest.raises(ValueError, match="x has 1 channels, the cell reads 2"):
        cell(good[:, :1])
    with pytest.raises(ValueError, match=r"1 memories, kernels=\(3, 5\) need 2"):
        cell(good, Memories(zeros, (zeros,)))
    with pytest.raises(ValueError, match=r"c is \(1, 3.*for this x it must be \(2, 3"):
        cell(good, Memories(zeros, (zeros, zeros[:1])))
    assert resume(Step(zeros, zeros), good, 2, 3)
