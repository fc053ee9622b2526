"""Cells against torch's own LSTM, against loops, and against numbers computed elsewhere."""

from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from stlib.cells import (
    LSTM,
    CausalConv3d,
    CompressedConvLSTM,
    ConvLSTM,
    ConvTTLSTM,
    HigherOrderConvLSTM,
    Step,
)
from stlib.cells.shapes import check_channels, check_shape
from stlib.cells.step import resume
from stlib.cells.widths import check_odd
from stlib.cost import parameters
from tests.compiled import compiles_whole, untyped
from tests.drawn import filled, normal

OPTIONS = [{}, {"biases": 2}, {"peepholes": True}, {"kernel": 5, "biases": 2, "peepholes": True}]


def logistic(a):
    return 1 / (1 + np.exp(-a))


def by_loops(cell, x, h, c):
    """Shi et al.'s ConvLSTM, pixel by pixel; absent biases and peepholes are zero."""
    weight, bias = cell.gates.weight.detach().numpy(), cell.gates.bias.detach().numpy()
    if cell.second_bias is not None:
        bias = bias + cell.second_bias.detach().numpy()
    outputs, k = cell.outputs, weight.shape[2]
    peep = np.zeros((3, outputs)) if cell.peepholes is None else cell.peepholes.detach().numpy()
    w_i, w_f, w_o = peep.reshape(3, outputs)
    both = np.concatenate([x, h], axis=1)
    batch, inputs, height, width = both.shape
    new_h, new_c = np.zeros_like(h), np.zeros_like(c)
    for b, q, r, s in np.ndindex(batch, outputs, height, width):
        pre = []
        for gate in range(4):
            row = gate * outputs + q
            total = bias[row]
            for p, u, v in np.ndindex(inputs, k, k):
                y, z = r + u - k // 2, s + v - k // 2
                if 0 <= y < height and 0 <= z < width:
                    total += weight[row, p, u, v] * both[b, p, y, z]
            pre.append(total)
        i = logistic(pre[0] + w_i[q] * c[b, q, r, s])
        f = logistic(pre[1] + w_f[q] * c[b, q, r, s])
        new_c[b, q, r, s] = f * c[b, q, r, s] + i * np.tanh(pre[2])
        o = logistic(pre[3] + w_o[q] * new_c[b, q, r, s])
        new_h[b, q, r, s] = o * np.tanh(new_c[b, q, r, s])
    return new_h, new_c


# --- LSTM


def torch_twin(cell):
    """torch's LSTMCell with the same weights: two biases, and gates in torch's own order."""
    twin = torch.nn.LSTMCell(cell.inputs, cell.outputs).double()
    with torch.no_grad():
        twin.weight_ih.copy_(cell.gates.weight[:, : cell.inputs])
        twin.weight_hh.copy_(cell.gates.weight[:, cell.inputs :])
        twin.bias_ih.copy_(cell.gates.bias / 4)
        twin.bias_hh.copy_(cell.gates.bias * 3 / 4)
    return twin


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 4), st.integers(1, 5), st.integers(1, 4), st.integers(0, 99))
def test_ctt_eq_1_lstm_equals_torch(batch, inputs, outputs, seed):
    # ctt-eq-1
    cell = filled(LSTM(inputs, outputs), seed)
    twin, state, theirs = torch_twin(cell), None, None
    for t in range(3):
        x = normal(batch, inputs, seed=seed + t)
        h, state, _ = cell(x, state)
        theirs = twin(x, theirs)
        assert_close((h, state.c), theirs, rtol=0, atol=1e-13)
        assert state.h is h


def test_ctt_eq_1_by_hand():
    # ctt-eq-1
    """One feature, x = 1, h = c = 1/2: every gate reads its own weights."""
    cell = LSTM(1, 1).double()
    with torch.no_grad():
        cell.gates.weight.copy_(torch.tensor([[0.1, 0.5], [0.2, 0.6], [0.3, 0.7], [0.4, 0.8]]))
        cell.gates.bias.copy_(torch.tensor([0.01, 0.02, 0.03, 0.04]))
    i, f, o = logistic(0.36), logistic(0.52), logistic(0.84)
    c = f * 0.5 + i * np.tanh(0.68)
    half = torch.full((1, 1), 0.5).double()
    h, state, _ = cell(torch.ones(1, 1).double(), Step(half, half))
    assert state.c.item() == pytest.approx(c, rel=1e-7)
    assert h.item() == pytest.approx(o * np.tanh(c), rel=1e-7)


def test_lstm_with_permuted_gates_is_another():
    cell = filled(LSTM(3, 2))
    x, (i, f, g, o) = normal(2, 3), cell.gates.weight.detach().clone().chunk(4)
    for order in [(i, f, o, g), (f, i, g, o), (i, o, g, f)]:
        wrong = filled(LSTM(3, 2))
        with torch.no_grad():
            wrong.gates.weight.copy_(torch.cat(order))
        start = Step(normal(2, 2, seed=1), normal(2, 2, seed=2))
        assert (wrong(x, start)[0] - cell(x, start)[0]).abs().max() > 1e-3


def test_the_printed_memory_of_ctt_alg_1_and_ctt_alg_2_grows_that_of_ctt_eq_1_does_not():
    # ctt-alg-1, ctt-alg-2, ctt-eq-1
    """A constant input, 200 steps: with the forget gate c settles, without it c is a sum."""
    cell, x = LSTM(1, 1).double(), torch.zeros(1, 1).double()
    with torch.no_grad():
        cell.gates.weight.zero_()
        cell.gates.bias.copy_(torch.tensor([0.0, 0.0, 1.0, 0.0]))  # f = 1/2
    state, printed = None, 0.0
    for _ in range(200):
        _, state, _ = cell(x, state)
        printed += logistic(0.0) * np.tanh(1.0)  # C(t) = C(t-1) + C~(t) o I(t), nothing else
    assert state.c.item() == pytest.approx(np.tanh(1), rel=1e-12)
    assert printed == pytest.approx(76.159, abs=1e-3)
    assert 1 - np.tanh(printed) ** 2 == 0  # h no longer answers to c
    with torch.no_grad():
        cell.gates.bias[1] = torch.inf  # f = 1
    state = None
    for _ in range(200):
        _, state, _ = cell(x, state)
    assert state.c.item() == pytest.approx(printed, rel=1e-12)


# --- ConvLSTM: loops


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_ctt_eq_2_ms_eq_2_conv_lstm_equals_loops(options):
    # ctt-eq-2, ms-eq-2
    cell = filled(ConvLSTM(2, 3, **options))
    x, h, c = normal(2, 2, 4, 5), normal(2, 3, 4, 5, seed=1), normal(2, 3, 4, 5, seed=2)
    expected = by_loops(cell, *(a.numpy() for a in (x, h, c)))
    out, state, _ = cell(x, Step(h, c))
    assert_close(out.detach(), torch.from_numpy(expected[0]), rtol=0, atol=1e-12)
    assert_close(state.c.detach(), torch.from_numpy(expected[1]), rtol=0, atol=1e-12)


@settings(max_examples=15, deadline=None)
@given(
    st.integers(1, 2),
    st.integers(1, 2),
    st.integers(1, 4),
    st.integers(1, 4),
    st.sampled_from([1, 3, 5, 7]),
    st.integers(0, 99),
)
def test_ctt_eq_2_on_odd_sizes_with_kernels_wider_than_the_map(b, c, height, width, kernel, seed):
    # ctt-eq-2
    cell = filled(ConvLSTM(c, 1, kernel=kernel), seed)
    x, zeros = normal(b, c, height, width, seed=seed), np.zeros((b, 1, height, width))
    expected, _ = by_loops(cell, x.numpy(), zeros, zeros)
    assert_close(cell(x)[0].detach(), torch.from_numpy(expected), rtol=0, atol=1e-12)


def test_on_one_pixel_conv_lstm_is_lstm():
    conv, flat = filled(ConvLSTM(3, 2, kernel=1)), LSTM(3, 2).double()
    with torch.no_grad():
        flat.gates.weight.copy_(conv.gates.weight.flatten(1))
        flat.gates.bias.copy_(conv.gates.bias)
    x, h, c = normal(4, 3), normal(4, 2, seed=1), normal(4, 2, seed=2)
    one = [a[..., None, None] for a in (x, h, c)]
    ours, theirs = conv(one[0], Step(*one[1:])), flat(x, Step(h, c))
    assert_close(ours[0][..., 0, 0], theirs[0])
    assert_close(ours[1].c[..., 0, 0], theirs[1].c)


# --- ConvLSTM: vectors computed with other code, two pixels each

A_STATES, B_STATES = (0.5, 0.5), (0.5, 0.4)
A_X = torch.tensor([[0.1, 0.2], [0.3, 0.4]]).double()[None, None]
B_X = ((1 + torch.arange(4)[:, None] + 3 * torch.arange(4)) / 20).double()[None, None]


def vector_a(kind, biases, **options):
    """All weights .1, no bias; every pixel the same: h, c."""
    cell = kind(1, 1, biases=biases, **options).double()
    with torch.no_grad():
        for name, weight in cell.named_parameters():
            weight.fill_(0 if "bias" in name else 0.1)
    h, c = run(cell, A_X, A_STATES)
    assert_close(h, h[:1, :1].expand(2, 2), rtol=0, atol=1e-12)
    return [h[0, 0].item(), c[0, 0].item()]


def vector_b(kind, biases, **options):
    """Kernels .01, .02, … : x to i, f, g, o, h to i, f, g, o, peepholes; pixels (0, 0), (1, 2)."""
    cell = kind(1, 1, biases=biases, **options).double()
    with torch.no_grad():
        numbers = torch.arange(1, 9).double() / 100
        cell.gates.weight.copy_(numbers.reshape(2, 4).T[..., None, None].expand(4, 2, 3, 3))
        cell.gates.bias.fill_(0.03)
        if cell.second_bias is not None:
            cell.second_bias.fill_(0.03)
        if cell.peepholes is not None:
            cell.peepholes.copy_(torch.tensor([0.09, 0.10, 0.11]).reshape(3, 1, 1, 1))
    h, c = run(cell, B_X, B_STATES)
    return [a[at].item() for a in (h, c) for at in ((0, 0), (1, 2))]


def run(cell, x, states):
    h, state, _ = cell(x, Step(*(torch.full_like(x, value) for value in states)))
    return h[0, 0].detach(), state.c[0, 0].detach()


def six(*numbers):
    return pytest.approx(numbers, abs=6e-7)


def check_plain(kind):
    assert vector_a(kind, biases=2) == six(0.244507, 0.454564)
    assert vector_b(kind, biases=2) == six(0.181276, 0.294386, 0.335333, 0.499686)


def check_peepholes(kind):
    assert vector_a(kind, biases=1, peepholes=True) == six(0.253922, 0.464198)
    assert vector_b(kind, biases=1, peepholes=True) == six(0.174458, 0.290542, 0.321010, 0.487194)


def test_ctt_eq_2_known_vectors():
    # ctt-eq-2
    check_plain(ConvLSTM)


def test_known_vectors_with_peepholes():
    check_peepholes(ConvLSTM)


class Wrong(ConvLSTM):
    """The equations again, with one slip."""

    slip = ""

    def forward(self, x, state, m=None):
        h, c = state
        i, f, g, o = self._maps(torch.cat([x, h], dim=1)).chunk(4, dim=1)
        if self.slip == "g and o swapped":
            g, o = o, g
        w_i, w_f, w_o = self.peepholes if self.peepholes is not None else (0, 0, 0)
        old, c = c, torch.sigmoid(f + w_f * c) * c + torch.sigmoid(i + w_i * c) * torch.tanh(g)
        o = o + w_o * (old if self.slip == "o sees the old c" else c)
        h = o.sigmoid() * torch.tanh(old if self.slip == "h of the old c" else c)
        return h, Step(h, c), m


def wrong(slip):
    return type("Slip", (Wrong,), {"slip": slip})


def test_the_frame_of_the_mutants_is_right():
    check_plain(wrong("none"))
    check_peepholes(wrong("none"))


@pytest.mark.parametrize(
    ("slip", "known"),
    [("g and o swapped", (0.185800, 0.302917)), ("h of the old c", (0.213037, 0.242171))],
)
def test_vectors_reject_a_slip(slip, known):
    assert vector_b(wrong(slip), biases=2)[:2] == six(*known)
    with pytest.raises(AssertionError):
        check_plain(wrong(slip))


def test_vectors_reject_a_peephole_on_the_old_memory():
    check_plain(wrong("o sees the old c"))  # without peepholes it is no slip
    with pytest.raises(AssertionError):
        check_peepholes(wrong("o sees the old c"))


# --- every cell

CELLS = {
    "LSTM": (lambda: LSTM(2, 3), ()),
    "ConvLSTM": (lambda: ConvLSTM(2, 3), (3, 4)),
    "two biases, peepholes": (lambda: ConvLSTM(2, 3, biases=2, peepholes=True), (3, 4)),
}
every_cell = pytest.mark.parametrize(("make", "space"), CELLS.values(), ids=CELLS)


@every_cell
def test_no_state_is_zeros(make, space):
    cell = filled(make())
    x, zeros = normal(2, 2, *space), torch.zeros(2, 3, *space).double()
    assert_close(cell(x)[0], cell(x, Step(zeros, zeros))[0], rtol=0, atol=0)


@every_cell
def test_a_cell_keeps_nothing_and_hands_m_on(make, space):
    cell, m = filled(make()), object()
    x, before = normal(2, 2, *space), {**vars(cell)}
    first = cell(x, None, m)
    again = cell(x, None, m)
    assert_close(first[0], again[0], rtol=0, atol=0)
    assert first[2] is again[2] is m
    assert vars(cell) == before
    assert cell(x)[2] is None
    assert not list(cell.buffers())


@every_cell
def test_gradcheck(make, space):
    cell = filled(make())
    inputs = [normal(1, n, *space[:1], *space[:1], seed=n) for n in (2, 3, 3)]
    x, h, c = (a.requires_grad_() for a in inputs)
    assert torch.autograd.gradcheck(lambda x, h, c: tuple(cell(x, Step(h, c))[1]), (x, h, c))
    names = [name for name, _ in cell.named_parameters()]
    values = [weight.detach().clone().requires_grad_() for weight in cell.parameters()]

    def of_weights(*values):
        call = torch.func.functional_call
        _, state, _ = call(cell, dict(zip(names, values, strict=True)), (x.detach(), Step(h, c)))
        return tuple(state)

    assert torch.autograd.gradcheck(of_weights, values, fast_mode=True)


@every_cell
def test_every_parameter_learns_from_two_steps(make, space):
    torch.manual_seed(0)
    cell = make()  # as constructed, zero peepholes included
    _, state, _ = cell(torch.randn(2, 2, *space))
    h, _, _ = cell(torch.randn(2, 2, *space), state)
    h.square().sum().backward()
    for name, weight in cell.named_parameters():
        assert bool((weight.grad != 0).all()), name


@every_cell
def test_forward_and_backward_on_the_meta_device(make, space):
    cell = make().to("meta")
    x = torch.zeros(2, 2, *space, device="meta", requires_grad=True)
    _, state, _ = cell(x)
    h, state, _ = cell(x, state)
    h.sum().backward()
    assert (h.shape, h.device.type) == ((2, 3, *space), "meta")
    assert x.grad.shape == x.shape
    assert all(weight.grad.is_meta for weight in cell.parameters())


@every_cell
def test_autocast_stays_near(make, space):
    cell = filled(make()).float()
    xs = [normal(2, 2, *space, seed=t).float() for t in range(3)]

    def last(state=None):
        for x in xs:
            h, state, _ = cell(x, state)
        return h

    exact = last()
    with torch.autocast("cpu", torch.bfloat16):
        rough = last()
    rough.sum().backward()
    assert 0 < (rough - exact).abs().max() < 0.05
    assert all(bool(weight.grad.isfinite().all()) for weight in cell.parameters())


@every_cell
def test_bfloat16_in_is_bfloat16_out(make, space):
    h, state, _ = make().bfloat16()(torch.zeros(2, 2, *space, dtype=torch.bfloat16))
    assert h.dtype == state.h.dtype == state.c.dtype == torch.bfloat16


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_channels_last_is_equal_and_stays_so(options):
    cell, plain = filled(ConvLSTM(2, 4, **options)), filled(ConvLSTM(2, 4, **options))
    cell = cell.to(memory_format=torch.channels_last)
    xs = [normal(2, 2, 6, 7, seed=t) for t in range(3)]
    ours = theirs = None
    for x in xs:
        h, ours, _ = cell(x.to(memory_format=torch.channels_last), ours)
        expected, theirs, _ = plain(x, theirs)
        assert_close(h, expected, rtol=0, atol=1e-12)
        for a in ours:
            assert a.is_contiguous(memory_format=torch.channels_last)


@every_cell
def test_compiles_without_a_break(make, space, monkeypatch):
    untyped(monkeypatch)
    state = Step(normal(2, 3, *space, seed=1), normal(2, 3, *space, seed=2))
    compiles_whole(filled(make()), normal(2, 2, *space), state)


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ({}, 4 * 5 * 8 * 9 + 20),
        ({"biases": 2}, 4 * 5 * 8 * 9 + 40),
        ({"kernel": 5}, 4 * 5 * 8 * 25 + 20),
        ({"peepholes": True}, 4 * 5 * 8 * 9 + 20 + 15),
    ],
    ids=str,
)
def test_parameters(options, count):
    assert parameters(ConvLSTM(3, 5, **options)) == count
    assert parameters(LSTM(3, 5)) == 4 * 5 * 8 + 20


# --- bad input


@settings(max_examples=40, deadline=None)
@given(st.integers(-2, 3), st.integers(-2, 3), st.integers(-2, 6), st.integers(-1, 4))
def test_a_constructor_builds_or_names_what_is_wrong(inputs, outputs, kernel, biases):
    good = inputs >= 0 and outputs > 0 and kernel > 0 and kernel % 2 == 1 and biases in (1, 2)
    if good:
        h, _, _ = ConvLSTM(inputs, outputs, kernel, biases)(torch.zeros(1, inputs, 2, 3))
        assert h.shape == (1, outputs, 2, 3)
    else:
        with pytest.raises(ValueError, match=r"=-?\d+.*must be"):
            ConvLSTM(inputs, outputs, kernel, biases)


@given(st.integers(-5, 20))
def test_a_width_is_odd_or_named(width):
    if any(width == 2 * radius + 1 for radius in range(20)):
        check_odd("side", width)
    else:
        with pytest.raises(ValueError, match=f"^side={width}: must be odd and positive$"):
            check_odd("side", width)


@pytest.mark.parametrize(
    "cell",
    [
        CausalConv3d,
        CompressedConvLSTM,
        ConvLSTM,
        ConvTTLSTM,
        partial(HigherOrderConvLSTM, order=1),
    ],
)
def test_every_cell_of_maps_names_an_even_width(cell):
    with pytest.raises(ValueError, match=r"^kernel=4: must be odd and positive"):
        cell(1, 1, kernel=4)


@pytest.mark.parametrize(("inputs", "outputs"), [(0, 2), (2, 0), (-1, 2)])
def test_lstm_needs_features(inputs, outputs):
    with pytest.raises(ValueError, match=f"{inputs=}, {outputs=}: both must be at least 1"):
        LSTM(inputs, outputs)


@every_cell
def test_input_that_does_not_fit_is_named(make, space):
    cell = make()
    good, zeros = torch.zeros(2, 2, *space), torch.zeros(2, 3, *space)
    with pytest.raises(ValueError, match="x has 1 channels, the cell reads 2"):
        cell(good[:, :1])
    with pytest.raises(ValueError, match=r"c is \(1, 3.*for this x it must be \(2, 3"):
        cell(good, Step(zeros, zeros[:1]))
    with pytest.raises(ValueError, match=r"h is \(2, 2"):
        cell(good, Step(zeros[:, :2], zeros))
    if space:
        with pytest.raises(ValueError, match=r"h is \(2, 3, 2, 4\), .* \(2, 3, 3, 4\)"):
            cell(good, Step(zeros[:, :, :2], zeros))


def test_resume_hands_on_what_fits():
    state = Step(torch.ones(2, 3), torch.zeros(2, 3))
    assert resume(state, torch.zeros(2, 5), 5, 3) is state
    assert [a.shape for a in resume(None, torch.zeros(2, 5, 4, 4), 5, 3)] == [(2, 3, 4, 4)] * 2


def test_what_every_cell_asks_of_what_it_is_handed():
    x = torch.zeros(2, 3, 4, 5)
    check_channels(x, 3)
    check_shape("h", x, (2, 3, 4, 5))
    with pytest.raises(ValueError, match="x has 3 channels, the cell reads 4"):
        check_channels(x, 4)
    with pytest.raises(ValueError, match=r"h is \(2, 3, .*, for this x it must be \(1, 3, 4, 5\)"):
        check_shape("h", x, (1, 3, 4, 5))
