"""CMS-LSTM against loops, against numbers computed elsewhere, and against slips of its wiring."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

from stlib.cells import CMSLSTM, Step
from stlib.cells.context import embed_context
from stlib.cells.patch_attention import PatchAttention
from stlib.cost import macs, parameters
from stlib.networks import Stack
from tests.compiled import compiles_whole, untyped
from tests.drawn import filled, normal
from tests.loops import gates_of, logistic, mapped
from tests.test_cells import by_loops as lstm_by_loops

# --- attention within patches


def attended(module, joined):
    """Pixel by pixel: the softmax over all pixels whose patch has the same place as its own."""
    query, key, value = (mapped(each, joined) for each in (module.query, module.key, module.value))
    batch, _, height, both = joined.shape
    width = both // 2
    tall, broad = height // module.patches, width // module.patches
    out = np.zeros(joined.shape)
    for b, r, s in np.ndindex(batch, height, both):
        patch = (r // tall, s % width // broad)
        seen = [
            (y, z) for y, z in np.ndindex(height, both) if (y // tall, z % width // broad) == patch
        ]
        weights = np.exp([query[b, :, r, s] @ key[b, :, y, z] for y, z in seen])
        for weight, (y, z) in zip(weights / weights.sum(), seen, strict=True):
            out[b, :, r, s] += weight * value[b, :, y, z]
    return out


@settings(max_examples=6, deadline=None)
@given(*[st.integers(1, n) for n in (2, 2, 3, 2, 1)], st.integers(0, 99))
def test_attention_by_loops(batch, channels, patches, tall, broad, seed):
    module = filled(PatchAttention(channels, patches), seed)
    joined = normal(batch, channels, tall * patches, 2 * broad * patches, seed=seed + 9)
    known = torch.from_numpy(attended(module, joined.numpy()))
    assert_close(module(joined), known, rtol=0, atol=1e-12)


def test_a_bias_of_the_keys_would_change_nothing():
    """The released code has one: 3 numbers a channel more than ours."""
    module, joined = filled(PatchAttention(3, 2)), normal(1, 3, 4, 8)
    without = module(joined)
    module.key.bias = nn.Parameter(5 * normal(3))
    assert_close(module(joined), without, rtol=0, atol=1e-12)
    for c in (1, 4, 32):
        assert parameters(CMSLSTM(c, c)) + 3 * c == 182 * c**2 + 27 * c


@settings(max_examples=30)
@given(*[st.integers(1, 4)] * 3)
def test_attention_refuses_what_cannot_be_cut(patches, height, both):
    module, joined = PatchAttention(1, patches), torch.zeros(1, 1, height, both)
    if height % patches == 0 and both % (2 * patches) == 0:
        assert module(joined).shape == joined.shape
    else:
        with pytest.raises(ValueError, match=f"patches along them, {patches}"):
            module(joined)


# --- the cell


def by_loops(cell, x, h, c):
    """Round by round and pixel by pixel; the released wiring."""
    x, h, c = x.numpy(), h.numpy(), c.numpy()
    for turn in range(1, cell.rounds + 1):
        if turn % 2:
            x = 2 * logistic(mapped(cell.of_h, h)) * x
        else:
            h = 2 * logistic(mapped(cell.of_x, x)) * h
    h, c = lstm_by_loops(cell.lstm, x, h, c)
    joined = np.concatenate([h, c], axis=3)
    scaled = [joined + attended(each, joined) for each in cell.attentions]
    mixed = mapped(cell.mix, np.concatenate(scaled, axis=1))
    width = x.shape[3]
    halves = np.concatenate([mixed[..., :width], mixed[..., width:]], axis=1)
    i, g, o = gates_of(cell.gates, h, mapped(cell.unite, halves))
    c = (1 - logistic(i)) * c + logistic(i) * np.tanh(g)
    return logistic(o) * c, c


@settings(max_examples=5, deadline=None)
@given(
    st.integers(1, 2), st.integers(1, 2), st.integers(2, 5),
    st.sampled_from([(1, 2), (2,), (1,), (2, 1)]), st.integers(0, 99),
)  # fmt: skip
def test_cms_lstm_eq_by_loops(inputs, outputs, rounds, scales, seed):
    cell = filled(CMSLSTM(inputs, outputs, rounds, scales), seed)  # cms-lstm-eq
    x = normal(2, inputs, 2, 4, seed=seed + 50)
    state = Step(*(normal(2, outputs, 2, 4, seed=seed + k) for k in (60, 70)))
    h, after, _ = cell(x, state)
    known, memory = by_loops(cell, x, *state)
    assert_close(h, torch.from_numpy(known), rtol=0, atol=1e-12)
    assert_close(after.c, torch.from_numpy(memory), rtol=0, atol=1e-12)
    assert after.h is h


# --- vectors computed elsewhere, and slips that keep the number of parameters


def told(cell, weight, bias, h, c):
    with torch.no_grad():
        for name, parameter in cell.double().named_parameters():
            parameter.fill_(bias if "bias" in name else weight)
        row, column = torch.meshgrid(*[torch.arange(4).double()] * 2, indexing="ij")
        x = (1 + row + 3 * column) / 20
        h, c = h(row, column), c(row, column)
        h, state, _ = cell(x[None, None], Step(h[None, None], c[None, None]))
    return [each[0, 0, r, s].item() for each in (h, state.c) for r, s in ((0, 0), (1, 2))]


def vector_a(cell):
    """Weights of 0.1, no biases, states of 0.5 on 4x4: no smaller map can be cut in four."""
    half = torch.zeros_like
    return told(cell, 0.1, 0.0, lambda r, s: half(r) + 0.5, lambda r, s: half(r) + 0.5)


def vector_b(cell):
    """Weights of 0.05 and biases of 0.03, and states that differ from pixel to pixel."""
    return told(
        cell, 0.05, 0.03, lambda r, s: (1 + 3 * r + s) / 20, lambda r, s: (2 + 2 * r + s) / 20
    )


KNOWN_A = (0.199231, 0.519780, 0.353084, 0.765580)
KNOWN_B = (0.056541, 0.165473, 0.107915, 0.302277)


def check_vectors(make):
    assert vector_a(make()) == pytest.approx(KNOWN_A, abs=6e-7)
    assert vector_b(make()) == pytest.approx(KNOWN_B, abs=6e-7)


def test_cms_lstm_eq_known_numbers():
    check_vectors(lambda: CMSLSTM(1, 1))


class NoSeam(CMSLSTM):
    """Scales are mixed in h and in c, not across the seam between them."""

    def _attended(self, h, c):
        joined = torch.cat([h, c], dim=3)
        scaled = torch.cat([joined + attend(joined) for attend in self.attentions], dim=1)
        return self.unite(torch.cat([self.mix(each) for each in scaled.chunk(2, 3)], dim=1))


class Apart(CMSLSTM):
    """h attends to h, and c to c."""

    def _attended(self, h, c):
        def alone(attend, map_):
            return attend(torch.cat([map_, map_], dim=3)).chunk(2, dim=3)[0]

        scaled = [
            torch.cat([h + alone(attend, h), c + alone(attend, c)], dim=3)
            for attend in self.attentions
        ]
        mixed = self.mix(torch.cat(scaled, dim=1))
        return self.unite(torch.cat(mixed.chunk(2, dim=3), dim=1))


class Slip(CMSLSTM):
    """One step written again, with room for a slip."""

    slip = "none"

    def forward(self, x, state, m=None):
        h, c = state
        if self.slip == "h first":
            h, x = embed_context(h, x, self.of_x, self.of_h, self.rounds)
        else:
            x, h = embed_context(x, h, self.of_h, self.of_x, self.rounds)
        h, (_, new), _ = self.lstm(x, Step(h, c))
        before = c if self.slip == "the gates keep the old c" else new
        i, g, o = self.gates(torch.cat([h, self._attended(h, new)], dim=1)).chunk(3, dim=1)
        i = i.sigmoid()
        c = (1 - i) * before + i * g.tanh()
        h = o.sigmoid() * (c.tanh() if self.slip == "tanh" else c)
        return h, Step(h, c), m


def slipped(slip):
    return type("Wrong", (Slip,), {"slip": slip})


def test_the_frame_of_the_slips_is_right():
    check_vectors(lambda: Slip(1, 1))


@pytest.mark.parametrize(
    ("make", "known"),
    [
        (NoSeam, (0.056401, 0.165198)),
        (Apart, (0.056538, 0.165476)),
        (slipped("h first"), (0.056540, 0.165211)),
        (slipped("tanh"), (0.056322, 0.160611)),
        (slipped("the gates keep the old c"), None),
    ],
)
def test_a_slip_is_rejected(make, known):
    if known:
        assert vector_b(make(1, 1))[:2] == pytest.approx(known, abs=6e-7)
    with pytest.raises(AssertionError):
        check_vectors(lambda: make(1, 1))
    cell = filled(make(2, 2, scales=(1, 2)))
    x, state = normal(1, 2, 2, 4, seed=9), Step(*normal(2, 1, 2, 2, 4, seed=8))
    h, _ = by_loops(cell, x, *state)
    assert abs(cell(x, state)[0].numpy(force=True) - h).max() > 1e-3


# --- a cell like the others


def test_no_state_is_zeros_and_m_is_handed_on():
    cell, m = filled(CMSLSTM(2, 3)), object()
    x, zeros = normal(2, 2, 4, 8), torch.zeros(2, 3, 4, 8).double()
    first, again = cell(x, None, m), cell(x, Step(zeros, zeros), m)
    assert_close(first[0], again[0], rtol=0, atol=0)
    assert first[2] is again[2] is m
    assert not list(cell.buffers())


def test_gradcheck():
    cell = filled(CMSLSTM(1, 2, rounds=2, scales=(1, 2)))
    given = [normal(1, n, 2, 2, seed=n + k) for k, n in enumerate((1, 2, 2))]

    def step(x, h, c):
        h, after, _ = cell(x, Step(h, c))
        return h, after.c

    assert torch.autograd.gradcheck(step, [a.requires_grad_() for a in given], fast_mode=True)


def test_every_parameter_learns_from_two_steps():
    torch.manual_seed(0)
    cell = CMSLSTM(2, 3).double()
    _, state, _ = cell(normal(2, 2, 4, 4))
    h, _, _ = cell(normal(2, 2, 4, 4, seed=1), state)
    h.square().sum().backward()
    for name, weight in cell.named_parameters():
        assert bool((weight.grad != 0).all()), name


def test_bfloat16_and_autocast_stay_near():
    cell = filled(CMSLSTM(2, 3), scale=0.2).float()
    x, state = normal(2, 2, 4, 4).float(), Step(*normal(2, 2, 3, 4, 4, seed=1).float())
    exact, _, _ = cell(x, state)
    with torch.autocast("cpu", torch.bfloat16):
        rough, _, _ = cell(x, state)
    assert 0 < (rough - exact).abs().max() < 0.05
    h, after, _ = cell.bfloat16()(x.bfloat16(), Step(*(each.bfloat16() for each in state)))
    assert {h.dtype, after.c.dtype} == {torch.bfloat16}
    assert 0 < (h - exact).abs().max() < 0.05


def test_compiles_without_a_break(monkeypatch):
    untyped(monkeypatch)
    cell = filled(CMSLSTM(2, 3, rounds=2, scales=(1, 2)))
    x, state = normal(2, 2, 4, 4), Step(*normal(2, 2, 3, 4, 4, seed=1))
    compiles_whole(cell, x, state)


def test_macs_of_a_step_and_its_attention():
    """TaxiBJ, 7 steps of 32×32: 25.6G, 14.8G of them attention, which Ma et al.'s 11.5G lacks."""
    with torch.device("meta"), torch.no_grad():
        network, attention = Stack(CMSLSTM, 1), CMSLSTM(32, 32).attentions
        joined = torch.zeros(1, 32, 32, 64)
        frame = joined[:, :1, :, :32]
        looks = sum(macs(each, joined) - 3 * 32**2 * joined[0, 0].numel() for each in attention)
        assert 7 * macs(network, frame) == pytest.approx(25.6e9, abs=5e7)
    assert 7 * 6 * looks == pytest.approx(14.8e9, abs=5e7)
    # A pixel meets all 2·32² of both maps, then a quarter of them, then a sixteenth.
    assert looks == sum(2 * 32 * 2048 * 2048 // patches**2 for patches in (1, 2, 4))


# --- bad input


@settings(max_examples=40, deadline=None)
@given(
    st.integers(-1, 2), st.integers(-1, 2), st.integers(0, 3),
    st.lists(st.integers(0, 2), max_size=3), st.integers(0, 3),
)  # fmt: skip
def test_a_constructor_builds_or_names_what_is_wrong(inputs, outputs, rounds, scales, kernel):
    good = inputs > 0 and outputs > 0 and rounds > 1 and scales and min(scales) > 0
    if good and kernel in (1, 3):
        cell = CMSLSTM(inputs, outputs, rounds, scales, kernel)
        h, state, _ = cell(torch.zeros(1, inputs, 2, 4))
        assert h.shape == state.c.shape == (1, outputs, 2, 4)
    else:
        with pytest.raises(ValueError, match=r"=.*(must be|need)"):
            CMSLSTM(inputs, outputs, rounds, scales, kernel)


def test_input_that_does_not_fit_is_named():
    cell, good, zeros = CMSLSTM(2, 3), torch.zeros(2, 2, 4, 8), torch.zeros(2, 3, 4, 8)
    with pytest.raises(ValueError, match="x has 1 channels, the cell reads 2"):
        cell(good[:, :1])
    with pytest.raises(ValueError, match=r"c is \(1, 3.*for this x it must be \(2, 3"):
        cell(good, Step(zeros, zeros[:1]))
    with pytest.raises(ValueError, match=r"x is 4×6: for scales=\(1, 2, 4\) .* divisible by 4"):
        cell(good[..., :6])
    with pytest.raises(ValueError, match=r"for scales=\(2, 3\) .* divisible by 6"):
        CMSLSTM(2, 3, scales=(2, 3))(good)
    with pytest.raises(ValueError, match="channels=0, patches=1"):
        PatchAttention(0, 1)
