"""MotionRNN against loops, against numbers computed elsewhere, and against slips of its wiring."""

from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

from stlib.cells import (
    MIM,
    STLSTM,
    ConvLSTM,
    Differenced,
    Motion,
    MotionGRU,
    MotionRNN,
    Moving,
    Step,
)
from stlib.cost import parameters
from stlib.recipes.cells import MotionRNNCell
from stlib.recipes.networks import StackOf
from tests.compiled import compiles_whole, untyped
from tests.drawn import filled, normal
from tests.loops import logistic, numpy, of_vector_b, plain


def halved(conv, h):
    """Each 2x2 to one pixel; behind an odd side there are zeros."""
    weight, bias = numpy(conv.weight), numpy(conv.bias)
    h = np.pad(h, ((0, 0), (0, 0), (0, h.shape[2] % 2), (0, h.shape[3] % 2)))
    y = np.zeros((len(h), len(weight), h.shape[2] // 2, h.shape[3] // 2)) + bias[:, None, None]
    for u, v in np.ndindex(2, 2):
        y += np.einsum("qp,bphw->bqhw", weight[:, :, u, v], h[:, :, u::2, v::2])
    return y


def doubled(conv, d, height, width):
    """Each pixel spreads over 4x4, two apart, of which the first row and column are cut off."""
    weight, bias = numpy(conv.weight), numpy(conv.bias)
    batch, _, rows, columns = d.shape
    y = np.zeros((batch, weight.shape[1], 2 * rows + 2, 2 * columns + 2))
    for r, s, u, v in np.ndindex(rows, columns, 4, 4):
        y[:, :, 2 * r + u, 2 * s + v] += d[:, :, r, s] @ weight[:, :, u, v]
    return y[:, :, 1 : height + 1, 1 : width + 1] + bias[:, None, None]


def read_at(code, b, row, column):
    """Bilinear, zero outside."""
    _, channels, rows, columns = code.shape
    total, top, left = np.zeros(channels), int(np.floor(row)), int(np.floor(column))
    for r, s in ((top, left), (top, left + 1), (top + 1, left), (top + 1, left + 1)):
        if 0 <= r < rows and 0 <= s < columns:
            total += (1 - abs(row - r)) * (1 - abs(column - s)) * code[b, :, r, s]
    return total


def by_loops(cell, h, flow, trend):
    """As printed: the moved map, the flow, the trend."""
    code, k = halved(cell.encode, h), cell.kernel
    u, r = np.split(logistic(plain(cell.gates, code, flow)), 2, axis=1)
    candidate = np.tanh(plain(cell.candidate, code, r * flow))
    trend = trend + 0.5 * (flow - trend)
    flow = u * candidate + (1 - u) * flow + trend
    masks = logistic(plain(cell.masks, code))
    batch, narrow, rows, columns = code.shape
    read = np.zeros((batch, k * k * narrow, rows, columns))
    for b, tap, row, column in np.ndindex(batch, k * k, rows, columns):
        right, down = flow[b, 2 * tap, row, column], flow[b, 2 * tap + 1, row, column]
        if cell.offsets:
            down, right = down + tap // k - k // 2, right + tap % k - k // 2
        found = read_at(code, b, row + down, column + right)
        read[b, tap * narrow : (tap + 1) * narrow, row, column] = masks[b, tap, row, column] * found
    moved = doubled(cell.decode, plain(cell.fuse, read), *h.shape[2:])
    share = logistic(plain(cell.mix, moved, h))
    return share * h + (1 - share) * moved, flow, trend


def maps_of(cell, batch, height, width, seed=0):
    """h, flow, trend; flows of some pixels."""
    half = (2 * cell.kernel**2, -(-height // 2), -(-width // 2))
    h = normal(batch, cell.channels, height, width, seed=seed)
    return h, *(2 * normal(batch, *half, seed=seed + k) for k in (1, 2))


@settings(max_examples=6, deadline=None)
@given(
    st.sampled_from([4, 8]), st.sampled_from([1, 3]), st.booleans(), st.integers(1, 6),
    st.integers(1, 5), st.integers(0, 99),
)  # fmt: skip
def test_motion_rnn_eq_by_loops(channels, kernel, offsets, height, width, seed):
    """Odd sides too."""
    cell = filled(MotionGRU(channels, kernel, offsets), seed)  # motion-rnn-eq
    h, flow, trend = maps_of(cell, 2, height, width, seed + 50)
    found, state = cell(h, Motion(flow, trend))
    expected = by_loops(cell, h.numpy(), flow.numpy(), trend.numpy())
    for ours, known in zip((found, *state), expected, strict=True):
        assert_close(ours, torch.from_numpy(known), rtol=0, atol=1e-12)


# --- vectors computed elsewhere: of released code, and with its slips mended one by one


class Ordered(MotionGRU):
    """The taps all start from the pixel, in the right order, at exact positions."""

    def __init__(self, channels, kernel=3, offsets=False):
        super().__init__(channels, kernel, offsets=False)


class OffGrid(Ordered):
    """Positions laid over the map as if its corners were its corner pixels' middles, and read as if
    they were not: at p W / (W - 1) - 1/2."""

    def read(self, code, flow):
        rows, columns = code.shape[2:]
        r = torch.arange(rows, dtype=code.dtype)[:, None] + flow[:, 1::2]
        s = torch.arange(columns, dtype=code.dtype) + flow[:, 0::2]
        s = s * columns / max(columns - 1, 1) - 0.5 - torch.arange(columns)
        r = r * rows / max(rows - 1, 1) - 0.5 - torch.arange(rows)[:, None]
        return super().read(code, torch.stack([s, r], dim=2).flatten(1, 2))


class Released(OffGrid):
    """The taps are flattened with their number running fastest, as if it were a place."""

    def read(self, code, flow):
        return (
            super()
            .read(code, flow)
            .movedim(1, -1)
            .reshape(len(code), self.kernel**2, -1, *code.shape[2:])
        )


class Exchanged(Ordered):
    """Flows of a batch are regrouped without being transposed."""

    def read(self, code, flow):
        taps = self.kernel**2
        mixed = flow.reshape(len(flow), taps, 2, *flow.shape[2:]).transpose(0, 1)
        return super().read(code, mixed.reshape(flow.shape))


def layer(motion, channels=4, base=MIM):
    """A layer with another `MotionGRU`."""
    cell = MotionRNN(channels, channels, base)
    cell.motion = motion(channels)
    return cell


def weighed(cell, weight, bias):
    with torch.no_grad():
        for name, each in cell.double().named_parameters():
            each.fill_(bias if "bias" in name else weight)
    return cell


def stepped(cell, x, value):
    """One step from states, m and previous input that are one number."""
    full = torch.full_like(x, value)
    half = torch.full((len(x), 18, x.shape[2] // 2, x.shape[3] // 2), value).double()
    base = Step(full, full) if isinstance(cell.base, STLSTM) else Differenced(*[full] * 5)
    return cell(x, Moving(base, Motion(half, half)), full)


def test_motion_rnn_eq_known_numbers_a():
    x = torch.tensor([[0.1, 0.2], [0.3, 0.4]]).double().expand(1, 4, 2, 2)
    h, state, m = stepped(weighed(layer(Released), 0.1, 0.0), x, 0.5)
    expected = [0.430289, 0.430921, 0.431552, 0.432183]
    assert h[0, 0].flatten().tolist() == pytest.approx(expected, abs=6e-7)
    found = (state.base.c, m, state.motion.flow, state.motion.trend)
    assert [each[0, 0, 0, 0].item() for each in found] == pytest.approx(
        [1.386699, 1.024947, 1.112154, 0.5], abs=6e-7
    )
    h, _, _ = stepped(weighed(layer(Released, base=STLSTM), 0.1, 0.0), x, 0.5)
    expected = [0.383071, 0.384191, 0.385312, 0.386433]
    assert h[0, 0].flatten().tolist() == pytest.approx(expected, abs=6e-7)


def vector_b(motion):
    cell = weighed(layer(motion), 0.03, 0.01)
    h, _, _ = stepped(cell, of_vector_b().expand(1, 4, 4, 4), 0.2)
    return [h[0, 0, r, s].item() for r, s in ((0, 0), (1, 2), (3, 3))]


@pytest.mark.parametrize(
    ("motion", "known"),
    [
        (Released, (0.043089, 0.131559, 0.232794)),
        (OffGrid, (0.043147, 0.131559, 0.232775)),
        (Ordered, (0.043152, 0.131750, 0.232825)),
    ],
)
def test_motion_rnn_eq_known_numbers_b(motion, known):
    """As released; with the taps in order; and at exact positions."""
    assert vector_b(motion) == pytest.approx(known, abs=6e-7)


def test_samples_exchange_flows_in_the_released_order_and_not_in_ours():
    x = normal(2, 4, 4, 4)
    for motion, apart in ((MotionGRU, True), (Ordered, True), (Exchanged, False)):
        cell = filled(layer(motion))
        together, _, _ = cell(x, cell(x)[1])
        alone = [cell(each, cell(each)[1])[0] for each in x.split(1)]
        assert torch.allclose(together, torch.cat(alone), rtol=0, atol=1e-12) == apart


# --- slips that keep the number of parameters


class Slip(Ordered):
    """One step written again, with room for a slip."""

    slip = "none"

    def forward(self, h, state):
        code, (before, trend) = self.encode(h), state
        u, r = self.gates(torch.cat([code, before], dim=1)).sigmoid().chunk(2, dim=1)
        if self.slip == "u and r swapped":
            u, r = r, u
        candidate = self.candidate(torch.cat([code, r * before], dim=1)).tanh()
        short = u * candidate + (1 - u) * before
        trend = trend + 0.5 * ((short if self.slip == "trend of the new" else before) - trend)
        flow = short + trend
        if self.slip == "down before right":
            flow = flow.unflatten(1, (-1, 2)).flip(2).flatten(1, 2)
        if self.slip == "backwards":
            flow = -flow
        read = self.read(code, flow) * self.masks(code).sigmoid()[:, :, None]
        moved = self.decode(self.fuse(read.flatten(1, 2)))
        both = [h, moved] if self.slip == "sources swapped" else [moved, h]
        share = self.mix(torch.cat(both, dim=1)).sigmoid()
        return share * h + (1 - share) * moved, Motion(flow, trend)


class Shut(MotionRNN):
    """The highway hands on x where the gate is open."""

    def forward(self, x, state, m):
        h, base, m, o = self.base.gated(x, state.base, m)
        moved, motion = self.motion(h, state.motion)
        return o * moved + (1 - o) * x, Moving(base._replace(h=h), motion), m


def test_the_frame_of_the_slips_is_right():
    assert vector_b(Slip) == vector_b(Ordered)


@pytest.mark.parametrize(
    "slip",
    [
        "u and r swapped", "trend of the new", "down before right", "backwards", "sources swapped",
    ],
)  # fmt: skip
def test_the_loops_reject_a_slip(slip):
    cell = filled(type("Wrong", (Slip,), {"slip": slip})(8))
    h, flow, trend = maps_of(cell, 2, 6, 4)
    found, _ = cell(h, Motion(flow, trend))
    expected, *_ = by_loops(cell, h.numpy(), flow.numpy(), trend.numpy())
    assert abs(found.numpy(force=True) - expected).max() > 1e-3


@pytest.mark.parametrize("slip", ["trend of the new", "backwards"])
def test_the_vectors_reject_a_slip(slip):
    """Weights alike in all channels tell no others apart."""
    right, wrong = vector_b(Ordered), vector_b(type("Wrong", (Slip,), {"slip": slip}))
    assert wrong != pytest.approx(right, abs=6e-7)


def test_the_vectors_reject_another_highway():
    cell = weighed(Shut(4, 4), 0.03, 0.01)
    cell.motion.offsets = False
    h, _, _ = stepped(cell, of_vector_b().expand(1, 4, 4, 4), 0.2)
    assert h[0, 0, 0, 0].item() != pytest.approx(0.043152, abs=6e-7)


# --- a layer of a network


def test_the_layers_of_a_network():
    lowest, middle, top = (make(4, 4) for make in MotionRNNCell(offsets=False).layers(3))
    assert (type(lowest.base), type(middle.base), type(top)) == (STLSTM, MIM, MIM)
    assert not lowest.motion.offsets
    (only,) = MotionRNNCell().layers(1)
    assert isinstance(only(4, 4), STLSTM)


def test_the_papers_parameters():
    """1,899,859 as released, where 259,059 are dead: those of MIM, and the top's `MotionGRU`."""
    for c in (4, 32):
        whole = parameters(MotionGRU(c))
        assert whole == (7.5625 * c**2 + 15.75 * c + 972) + (2.5 * c + 63)
    network = StackOf(MotionRNNCell()).build()
    assert parameters(network) == 1_899_859 - 259_059
    assert parameters(MotionGRU(32)) == 259_059 - 249_696


def test_the_layer_remembers_what_it_hands_on():
    cell = filled(MotionRNN(4, 4))
    x = normal(2, 4, 4, 6)
    h, state, m = cell(x)
    inner, base, climbing, o = cell.base.gated(x)
    moved, motion = cell.motion(inner)
    assert_close(h, moved + (1 - o) * x)
    assert_close((state.base.h, state.motion, m), (h, motion, climbing), rtol=0, atol=0)
    assert_close(state.base._replace(h=base.h), base, rtol=0, atol=0)


def test_where_widths_differ_the_highway_has_a_map():
    plain_layer, widening = MotionRNN(4, 4), MotionRNN(2, 4)
    assert isinstance(plain_layer.carry, nn.Identity)
    assert parameters(widening.carry) == 2 * 4 + 4
    assert widening(torch.zeros(1, 2, 4, 4))[0].shape == (1, 4, 4, 4)


def test_no_state_is_zeros():
    cell = filled(MotionRNN(4, 4))
    x = normal(2, 4, 4, 6)
    zeros, half = torch.zeros_like(x), torch.zeros(2, 18, 2, 3).double()
    again = cell(x, Moving(Differenced(*[zeros] * 5), Motion(half, half)), zeros)
    assert_close(cell(x), again, rtol=0, atol=0)
    assert not list(cell.buffers())


def test_gradcheck():
    """Away from whole pixels, where the slope of bilinear reading jumps."""
    cell = filled(MotionGRU(4, kernel=1))

    def step(h, flow, trend):
        moved, state = cell(h, Motion(flow, trend))
        return moved, *state

    maps = [each.requires_grad_() for each in maps_of(cell, 1, 4, 4)]
    assert torch.autograd.gradcheck(step, maps, fast_mode=True)


def test_every_parameter_learns_from_three_steps():
    torch.manual_seed(0)
    cell, state, m = MotionRNN(3, 4), None, None
    for _ in range(3):
        h, state, m = cell(torch.randn(2, 3, 8, 8), state, m)
    h.square().sum().backward()
    for name, weight in cell.named_parameters():
        assert bool((weight.grad != 0).any()), name


def test_bfloat16_and_autocast_stay_near():
    cell = filled(MotionRNN(4, 4), scale=0.2).float()
    x = normal(2, 4, 6, 6).float()
    exact, state, _ = cell(x)
    with torch.autocast("cpu", torch.bfloat16):
        rough, _, _ = cell(x)
    assert 0 < (rough - exact).abs().max() < 0.05
    h, state, _ = cell.bfloat16()(x.bfloat16())
    assert {h.dtype, state.motion.flow.dtype} == {torch.bfloat16}


def test_compiles_without_a_break(monkeypatch):
    untyped(monkeypatch)
    cell = filled(MotionRNN(4, 4, partial(STLSTM, kernel=1)))
    x = normal(2, 4, 4, 4)
    with torch.no_grad():
        _, state, m = cell(x)
    compiles_whole(cell, x, state, m)


# --- bad input


@settings(max_examples=20, deadline=None)
@given(st.integers(-1, 9), st.integers(-1, 4))
def test_a_constructor_builds_or_names_what_is_wrong(channels, kernel):
    if channels > 0 and channels % 4 == 0 and kernel > 0 and kernel % 2:
        h, state = MotionGRU(channels, kernel)(torch.zeros(1, channels, 2, 3))
        assert h.shape == (1, channels, 2, 3)
        assert state.flow.shape == (1, 2 * kernel**2, 1, 2)
    else:
        with pytest.raises(ValueError, match=r"=.*must be"):
            MotionGRU(channels, kernel)


def test_input_that_does_not_fit_is_named():
    cell, good = MotionGRU(4), torch.zeros(2, 4, 4, 4)
    with pytest.raises(ValueError, match="h has 3 channels, MotionGRU reads 4"):
        cell(good[:, :3])
    flow = torch.zeros(2, 18, 2, 2)
    with pytest.raises(ValueError, match=r"trend is \(1, 18.*for this h it must be \(2, 18, 2, 2"):
        cell(good, Motion(flow, flow[:1]))
    with pytest.raises(ValueError, match="inputs=0: must be at least 1"):
        MotionRNN(0, 4)
    with pytest.raises(ValueError, match="base=ConvLSTM: must tell its output gate"):
        MotionRNN(4, 4, ConvLSTM)
