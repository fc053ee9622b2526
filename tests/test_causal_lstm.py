"""Causal LSTM and its highway: loops, numbers computed elsewhere, and slips of their wiring."""

from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

from stlib.cells import CausalLSTM, ConvLSTM, GradientHighway, Highway, Step
from stlib.cells.climbing import climbed
from stlib.cost import parameters
from stlib.networks import Stack
from stlib.recipes.cells import PredRNNPlusPlusCell
from tests.compiled import compiles_whole, untyped
from tests.drawn import filled, normal
from tests.learning import learns_from_two_steps
from tests.loops import logistic, mapped, numpy


def by_loops(cell, x, h, c, m):
    """The causal LSTM as printed, in NumPy."""
    i, f, g = np.split(mapped(cell.first, x, h, c), 3, axis=1)
    c = logistic(f) * c + logistic(i) * np.tanh(g)
    i, f, g = np.split(mapped(cell.second, x, c, m), 3, axis=1)
    m = logistic(f) * np.tanh(mapped(cell.keep, m)) + logistic(i) * np.tanh(g)
    o = np.tanh(mapped(cell.open, x, c, m))
    return o * np.tanh(mapped(cell.mix, c, m)), c, m


def z_by_loops(unit, x, z):
    """The highway as printed, in NumPy: what is proposed, then the switch."""
    proposed, switch = np.split(mapped(unit.of_x, x) + mapped(unit.of_z, z), 2, axis=1)
    s = logistic(switch)
    return s * np.tanh(proposed) + (1 - s) * z


def maps(count, outputs, height=3, width=4, batch=2, seed=0):
    return [normal(batch, outputs, height, width, seed=seed + 60 + k) for k in range(count)]


def check_loops(cell, seed=0):
    x, (h, c, m) = normal(2, cell.inputs, 3, 4, seed=seed + 50), maps(3, cell.outputs, seed=seed)
    said, after, climbing = cell(x, Step(h, c), m)
    expected = by_loops(cell, *(numpy(a) for a in (x, h, c, m)))
    for ours, known in zip((said, after.c, climbing), expected, strict=True):
        assert_close(ours, torch.from_numpy(known), rtol=0, atol=1e-12)
    assert after.h is said


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2), st.integers(1, 3), st.sampled_from([1, 3, 5]), st.integers(0, 99))
def test_causal_lstm_eq_by_loops(inputs, outputs, kernel, seed):
    # causal-lstm-eq
    check_loops(filled(CausalLSTM(inputs, outputs, kernel), seed), seed)


@settings(max_examples=12, deadline=None)
@given(st.integers(1, 3), st.integers(1, 3), st.sampled_from([1, 3, 5]), st.integers(0, 99))
def test_gradient_highway_eq_by_loops(inputs, outputs, kernel, seed):
    # gradient-highway-eq
    unit = filled(GradientHighway(inputs, outputs, partial(CausalLSTM, kernel=1), kernel), seed)
    x, (z,) = normal(2, inputs, 3, 4, seed=seed + 50), maps(1, inputs, seed=seed)
    h, c, m = maps(3, outputs, seed=seed + 9)
    said, after, climbing = unit(x, Highway(z, Step(h, c)), m)
    assert_close(after.z, torch.from_numpy(z_by_loops(unit, numpy(x), numpy(z))))
    again, inner, expected = unit.cell(after.z, Step(h, c), m)
    for ours, known in ((said, again), (climbing, expected), (after.cell.c, inner.c)):
        assert_close(ours, known, rtol=0, atol=0)


# --- numbers computed elsewhere, and slips that keep the number of parameters


def fill(conv, *weights):
    """One number a source and gate, sources outer and gates inner; and a bias of 0.03."""
    with torch.no_grad():
        gates = conv.weight.shape[0]
        for place, weight in enumerate(weights):
            conv.weight[place % gates, place // gates] = weight
        conv.bias.fill_(0.03)


def hundredths(first, last):
    return [k / 100 for k in range(first, last + 1)]


def filled_b(cell):
    fill(cell.first, *hundredths(1, 9))
    fill(cell.second, *hundredths(10, 18))
    fill(cell.keep, 0.19)
    fill(cell.open, *hundredths(20, 22))
    fill(cell.mix, 0.23, 0.24)
    return cell


def read_at(maps_, places=((0, 0), (1, 2))):
    return [each[0, 0, r, s].item() for each in maps_ for r, s in places]


def constants(side, *values):
    return [torch.full((1, 1, side, side), value).double() for value in values]


def vectors(make, highway=GradientHighway):
    """Both vectors, without and with the highway: h, c, m, and z."""
    found = []
    row, column = torch.meshgrid(torch.arange(4), torch.arange(4), indexing="ij")
    x_a = torch.tensor([[0.1, 0.2], [0.3, 0.4]]).double()[None, None]
    x_b = ((1 + row + 3 * column) / 20).double()[None, None]
    for unit in (make(1, 1).double(), highway(1, 1, make).double()):
        with torch.no_grad():
            for name, weight in unit.named_parameters():
                weight.fill_(0.0 if "bias" in name else 0.1)
        h, c, m, z = constants(2, 0.5, 0.5, 0.5, 0.5)
        found.append(read_at(step(unit, x_a, h, c, m, z), ((0, 0),)))
        if isinstance(unit, GradientHighway):
            fill(unit.of_x, 0.25, 0.26)
            fill(unit.of_z, 0.27, 0.28)
        filled_b(unit.cell if isinstance(unit, GradientHighway) else unit)
        h, c, m, z = constants(4, 0.5, 0.4, 0.3, 0.2)
        found.append(read_at(step(unit, x_b, h, c, m, z)))
    return found


def step(unit, x, h, c, m, z):
    if isinstance(unit, GradientHighway):
        h, after, m = unit(x, Highway(z, Step(h, c)), m)
        return h, after.cell.c, m, after.z
    h, after, m = unit(x, Step(h, c), m)
    return h, after.c, m


KNOWN = [
    (0.041645, 0.598879, 0.342769),
    (0.170876, 0.360705, 0.395119, 0.647932, 0.403508, 0.833481),
    (0.051536, 0.635914, 0.382809, 0.380121),
    (0.217043, 0.380369, 0.418396, 0.679620, 0.499538, 0.894140, 0.322852, 0.768132),
]


def check_vectors(make, highway=GradientHighway):
    for found, known in zip(vectors(make, highway), KNOWN, strict=True):
        assert found == pytest.approx(known, abs=6e-7)


def test_causal_lstm_eq_known_numbers():
    check_vectors(CausalLSTM)


class Slip(CausalLSTM):
    """One step written again, with room for a slip."""

    slip = "none"

    def forward(self, x, state=None, m=None):
        h, old = state
        i, f, g = self.first(torch.cat([x, h, old], dim=1)).chunk(3, dim=1)
        c = f.sigmoid() * old + i.sigmoid() * g.tanh()
        seen = old if self.slip == "the second reads the old c" else c
        i, f, g = self.second(torch.cat([x, seen, m], dim=1)).chunk(3, dim=1)
        kept = self.keep(m) if self.slip == "keep without tanh" else self.keep(m).tanh()
        kept = self.keep(m.tanh()) if self.slip == "tanh inside keep" else kept
        new = f.sigmoid() * kept + i.sigmoid() * g.tanh()
        o = self.open(torch.cat([x, c, m if self.slip == "o sees the old m" else new], dim=1))
        o = o.sigmoid() if self.slip == "a sigmoid for o" else o.tanh()
        both = [new, c] if self.slip == "memories swapped" else [c, new]
        h = o * self.mix(torch.cat(both, dim=1)).tanh()
        return h, Step(h, c), new


def test_the_frame_of_the_slips_is_right():
    check_vectors(Slip)
    check_loops(filled(Slip(2, 2)))


@pytest.mark.parametrize(
    ("slip", "known"),
    [
        ("the second reads the old c", (0.160989, 0.348743)),
        ("a sigmoid for o", (0.160447, 0.347802)),
        ("keep without tanh", (0.170912, 0.360744)),
        ("tanh inside keep", None),
        ("o sees the old m", None),
        ("memories swapped", None),
    ],
)
def test_the_vectors_reject_a_slip(slip, known):
    make = type("Wrong", (Slip,), {"slip": slip})
    if known:
        assert vectors(make)[1][:2] == pytest.approx(known, abs=6e-7)
    with pytest.raises(AssertionError):
        check_vectors(make)
    with pytest.raises(AssertionError):
        check_loops(filled(make(2, 2)))


class Turned(GradientHighway):
    """The switch the other way round."""

    def forward(self, x, state=None, m=None):
        proposed, switch = (self.of_x(x) + self.of_z(state.z)).chunk(2, dim=1)
        z = (1 - switch.sigmoid()) * proposed.tanh() + switch.sigmoid() * state.z
        h, inner, m = self.cell(z, state.cell, m)
        return h, Highway(z, inner), m


class Beside(GradientHighway):
    """The cell reads x, and the highway leads nowhere."""

    def forward(self, x, state=None, m=None):
        _, after, _ = super().forward(x, state, m)
        h, inner, m = self.cell(x, state.cell, m)
        return h, Highway(after.z, inner), m


class Behind(GradientHighway):
    """The highway behind its cell, and not before it."""

    def forward(self, x, state=None, m=None):
        h, inner, m = self.cell(x, None if state is None else state.cell, m)
        z = h.new_zeros(h.shape) if state is None else state.z
        proposed, switch = (self.of_x(h) + self.of_z(z)).chunk(2, dim=1)
        s = switch.sigmoid()
        z = s * proposed.tanh() + (1 - s) * z
        return z, Highway(z, inner), m


@pytest.mark.parametrize("kind", [Turned, Beside, Behind])
def test_the_vectors_reject_another_highway(kind):
    with pytest.raises(AssertionError):
        check_vectors(CausalLSTM, kind)


# --- cells like the others


def cells():
    return [filled(CausalLSTM(2, 3)), filled(GradientHighway(2, 3))]


def state_of(cell, batch=2, height=3, width=4, seed=0):
    z, h, c = maps(1, 2, height, width, batch, seed) + maps(2, 3, height, width, batch, seed + 5)
    return Highway(z, Step(h, c)) if isinstance(cell, GradientHighway) else Step(h, c)


@pytest.mark.parametrize("cell", cells(), ids=["cell", "highway"])
def test_no_state_and_no_m_are_zeros(cell):
    x, three, two = normal(2, 2, 3, 4), torch.zeros(2, 3, 3, 4).double(), torch.zeros(2, 2, 3, 4)
    state = Step(three, three)
    if isinstance(cell, GradientHighway):
        state = Highway(two.double(), state)
    (first, _, m), (again, _, n) = cell(x), cell(x, state, three)
    assert_close(first, again, rtol=0, atol=0)
    assert_close(m, n, rtol=0, atol=0)
    assert not list(cell.buffers())


def test_a_highway_stands_before_any_cell():
    unit, m = filled(GradientHighway(2, 3, ConvLSTM)), object()
    h, state, same = unit(normal(2, 2, 3, 4), None, m)
    assert (h.shape, type(state.cell), same) == ((2, 3, 3, 4), Step, m)


def test_a_closed_switch_leaves_z_and_its_gradient_alone():
    """Ten steps with s near 0: z stays, and so does what a loss at the end says of the start."""
    unit = filled(GradientHighway(1, 1))
    with torch.no_grad():
        unit.of_x.bias[1] = -60.0
    start = normal(1, 1, 3, 3).requires_grad_()
    state = Highway(start, None)
    for t in range(10):
        _, state, _ = unit(normal(1, 1, 3, 3, seed=t), state)
    (slope,) = torch.autograd.grad(state.z.sum(), start)
    assert_close(state.z, start, rtol=0, atol=1e-12)
    assert_close(slope, torch.ones_like(slope), rtol=0, atol=1e-12)


def test_gradcheck():
    cell = filled(GradientHighway(1, 2))
    given_ = [normal(1, 1, 3, 3), *maps(1, 1, 3, 3, 1), *maps(3, 2, 3, 3, 1, 7)]

    def one_step(x, z, h, c, m):
        h, after, m = cell(x, Highway(z, Step(h, c)), m)
        return h, after.z, after.cell.c, m

    given_ = [a.requires_grad_() for a in given_]
    assert torch.autograd.gradcheck(one_step, given_, fast_mode=True)


@pytest.mark.parametrize("make", [CausalLSTM, GradientHighway])
def test_every_parameter_learns_from_two_steps(make):
    learns_from_two_steps(lambda: make(2, 3), 2)


@pytest.mark.parametrize("cell", cells(), ids=["cell", "highway"])
def test_bfloat16_and_autocast_stay_near(cell):
    cell = cell.float()
    x = normal(2, 2, 5, 5).float()
    exact, _, _ = cell(x)
    with torch.autocast("cpu", torch.bfloat16):
        rough, _, _ = cell(x)
    assert 0 < (rough - exact).abs().max() < 0.05
    h, state, m = cell.bfloat16()(x.bfloat16())
    again, _, _ = cell(x.bfloat16(), state, m)
    assert {h.dtype, m.dtype, again.dtype} == {torch.bfloat16}


@pytest.mark.parametrize("cell", cells(), ids=["cell", "highway"])
def test_compiles_without_a_break(cell, monkeypatch):
    untyped(monkeypatch)
    x, state, (m,) = normal(2, 2, 3, 4), state_of(cell), maps(1, 3, seed=20)
    compiles_whole(cell, x, state, m)


def test_the_highway_is_of_the_second_layer():
    makes = PredRNNPlusPlusCell(kernel=5).layers(4)
    kinds = [type(make(2, 2)) for make in makes]
    assert kinds == [CausalLSTM, GradientHighway, CausalLSTM, CausalLSTM]
    assert {each.kernel_size for make in makes for each in wide(make(2, 2))} == {(5, 5)}
    assert [type(make(2, 2)) for make in PredRNNPlusPlusCell().layers(1)] == [CausalLSTM]


def wide(cell):
    return [m for m in cell.modules() if isinstance(m, nn.Conv2d) and m.kernel_size != (1, 1)]


def test_parameters():
    """The paper prints 1.4M: six highways. One is called, and one is built."""
    for c in (1, 4, 32):
        assert parameters(CausalLSTM(c, c)) == 192 * c**2 + 9 * c
        assert parameters(GradientHighway(c, c)) == (192 + 36) * c**2 + (9 + 4) * c
    assert parameters(Stack(PredRNNPlusPlusCell().layers(6), 1)) == 1_218_465
    assert parameters(Stack(GradientHighway, 1)) == 1_403_425


# --- bad input


@settings(max_examples=40, deadline=None)
@given(st.integers(-1, 2), st.integers(-1, 2), st.integers(-1, 6), st.booleans())
def test_a_constructor_builds_or_names_what_is_wrong(inputs, outputs, kernel, highway):
    make = GradientHighway if highway else CausalLSTM
    if inputs >= highway and outputs > 0 and kernel > 0 and kernel % 2:
        h, _, m = make(inputs, outputs, kernel=kernel)(torch.zeros(1, inputs, 2, 3))
        assert h.shape == m.shape == (1, outputs, 2, 3)
    else:
        with pytest.raises(ValueError, match=r"=.*must be"):
            make(inputs, outputs, kernel=kernel)


def test_input_that_does_not_fit_is_named():
    cell, unit, zeros = CausalLSTM(2, 3), GradientHighway(2, 3), torch.zeros(2, 3, 3, 4)
    good = torch.zeros(2, 2, 3, 4)
    for each in (cell, unit):
        with pytest.raises(ValueError, match="x has 1 channels, the cell reads 2"):
            each(good[:, :1])
    with pytest.raises(ValueError, match=r"c is \(1, 3.*for this x it must be \(2, 3"):
        cell(good, Step(zeros, zeros[:1]))
    with pytest.raises(ValueError, match=r"z is \(2, 3.*for this x it must be \(2, 2"):
        unit(good, Highway(zeros, None))
    with pytest.raises(ValueError, match=r"m is \(2, 2, .* must be \(2, 3, .* equally wide"):
        cell(good, None, good)
    with pytest.raises(ValueError, match="m is a Step: this cell hands on one map"):
        cell(good, None, Step(zeros, zeros))
    assert climbed(zeros, good, 3) is zeros
