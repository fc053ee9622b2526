"""E3D-LSTM against loops, against numbers computed elsewhere, and against slips of its wiring."""

from functools import partial
from inspect import unwrap

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from stlib.cells import E3DLSTM, Eidetic, e3d_lstm
from stlib.cost import macs, parameters
from stlib.networks import Pyramid, SkipNet, Stack, draw_xavier
from stlib.recipes.cells import E3DLSTMCell
from stlib.rollout import unroll
from tests.compiled import compiles_whole, untyped
from tests.drawn import filled, normal
from tests.learning import learns_from_two_steps
from tests.loops import logistic, numpy


def film(folded):
    """``[batch, 2k + j, height, width]`` as ``[batch, k, j, height, width]``."""
    return np.stack([folded[:, 0::2], folded[:, 1::2]], axis=2)


def folded(film_):
    both = np.empty((film_.shape[0], 2 * film_.shape[1], *film_.shape[3:]))
    both[:, 0::2], both[:, 1::2] = film_[:, :, 0], film_[:, :, 1]
    return both


def over(conv, x):
    """A filter of two frames, tap by tap: frame j reads j and j + 1, and zeros behind the last."""
    weight = numpy(conv.weight)
    k, (height, width) = weight.shape[3], x.shape[3:]
    around = (k // 2, k // 2)
    padded = np.pad(x, ((0, 0), (0, 0), (0, weight.shape[2] - 1), around, around))
    y = np.zeros((x.shape[0], weight.shape[0], *x.shape[2:]))
    for q, p, a, u, v in np.ndindex(*weight.shape):
        taken = padded[:, p, a : a + x.shape[2], u : u + height, v : v + width]
        y[:, q] += weight[q, p, a, u, v] * taken
    return y if conv.bias is None else y + numpy(conv.bias)[:, None, None, None]


def recalled(r, cells):
    """Place by place: a softmax over every place of every memory."""
    answer = np.zeros_like(r)
    for b, j, row, column in np.ndindex(r.shape[0], *r.shape[2:]):
        places = np.concatenate([c[b].reshape(c.shape[1], -1) for c in cells], axis=1).T
        weights = np.exp(places @ r[b, :, j, row, column])
        answer[b, :, j, row, column] = weights @ places / weights.sum()
    return answer


def normalised(norm, a):
    flat = a.reshape(len(a), -1)
    unit = (flat - flat.mean(1, keepdims=True)) / np.sqrt(flat.var(1, keepdims=True) + norm.eps)
    scale, shift = (numpy(p)[:, None, None, None] for p in (norm.weight, norm.bias))
    return unit.reshape(a.shape) * scale + shift


def by_loops(cell, x, h, cells, before, m):
    """The cell as released, map by map, in NumPy; m is handed on."""
    x = film(x) if before is None else np.stack([before, x], axis=2)
    h, m, cells = film(h), film(m), [film(c) for c in cells]
    i, r, g, i_m, f_m, g_m, o = np.split(over(cell.of_x, x), 7, axis=1)
    i_h, r_h, g_h, o_h = np.split(over(cell.of_h, h), 4, axis=1)
    i_k, f_k, g_k, kept = np.split(over(cell.of_m, m), 4, axis=1)
    c = normalised(cell.norm, cells[-1] + recalled(logistic(r + r_h), cells))
    c = c + logistic(i + i_h) * np.tanh(g + g_h)
    m = logistic(f_m + f_k + 1) * np.tanh(kept) + logistic(i_m + i_k) * np.tanh(g_m + g_k)
    o = logistic(np.tanh(o + o_h + over(cell.look_c, c) + over(cell.look_m, m)))
    h = o * np.tanh(over(cell.mix, np.concatenate([c, m], axis=1)))
    return folded(h), folded(c), folded(m)


def state_of(cell, batch=2, height=3, width=2, memories=2, seed=0):
    shape = (batch, cell.outputs, height, width)
    h, m, *cells = [normal(*shape, seed=seed + 20 + k) for k in range(2 + memories)]
    x = normal(batch, cell.inputs, height, width, seed=seed + 40) if cell.lowest else None
    return Eidetic(h, tuple(cells), x), m


def check_loops(cell, seed=0, memories=2):
    state, m = state_of(cell, memories=memories, seed=seed)
    x = normal(2, cell.inputs, 3, 2, seed=seed + 50)
    h, after, climbing = cell(x, state, m)
    before = None if state.x is None else numpy(state.x)
    cells = [numpy(c) for c in state.cells]
    expected = by_loops(cell, numpy(x), numpy(state.h), cells, before, numpy(m))
    for ours, known in zip((h, after.cells[-1], climbing), expected, strict=True):
        assert_close(ours, torch.from_numpy(known), rtol=0, atol=1e-11)
    assert after.h is h
    assert after.x is (x if cell.lowest else None)


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 2), st.integers(1, 2), st.sampled_from([1, 3]), st.booleans(),
       st.booleans(), st.integers(1, 3), st.integers(1, 20), st.integers(0, 99))  # fmt: skip
def test_e3d_lstm_eq_by_loops(inputs, outputs, kernel, lowest, bias, memories, chunk, seed):
    # e3d-lstm-eq
    inputs = inputs if lowest else 2 * inputs
    cell = E3DLSTM(inputs, 2 * outputs, kernel, lowest, bias=bias, chunk=chunk)
    check_loops(filled(cell, seed), seed, memories)


L = float(np.log(3))

# --- numbers computed elsewhere, and slips that keep the number of parameters


class Released(E3DLSTM):
    """A benchmark's: no padding in time, its one slice copied to both frames; m is not handed on.

    With one channel its other slip, channels that are not moved behind the places, does nothing.
    """

    def _over(self, conv, film):
        return conv(film).expand(-1, -1, 2, -1, -1)

    def forward(self, x, state=None, m=None):
        h, after, _ = super().forward(x, state, m)
        return h, after, torch.zeros_like(h) if m is None else m


class Slip(E3DLSTM):
    """One step written again, with room for a slip."""

    slip = "none"

    def forward(self, x, state=None, m=None):
        old, cells, _ = state
        unfold = e3d_lstm._unfolded
        slip, last = self.slip, unfold(cells[-1])
        h, film, m = unfold(old), unfold(x), unfold(m)
        i, r, g, i_m, f_m, g_m, o = self._over(self.of_x, film).chunk(7, dim=1)
        i_h, r_h, g_h, o_h = self._over(self.of_h, h).chunk(4, dim=1)
        asked = (r + r_h).sigmoid()
        if slip == "a scaled softmax":
            asked = asked / 4
        added = (i + i_h).sigmoid() * (g + g_h).tanh()
        if slip == "the memory of this step can be recalled":
            new = self.norm(last + self._recalled(asked, cells)) + added
            cells = (*cells, new.flatten(1, 2))
        answer = self._recalled(asked, cells)
        if slip == "normalised behind what is added":
            c = self.norm(last + answer + added)
        else:
            c = self.norm(last + answer) + added
        i_k, f_k, g_k, kept = self._over(self.of_m, m).chunk(4, dim=1)
        f = (f_m + f_k + (0 if slip == "m forgets" else 1)).sigmoid()
        new = f * kept.tanh() + (i_m + i_k).sigmoid() * (g_m + g_k).tanh()
        seen = m if slip == "o sees the old m" else new
        o = o + o_h + self._over(self.look_c, c) + self._over(self.look_m, seen)
        o = o.sigmoid() if slip == "no tanh in o" else o.tanh().sigmoid()
        h = (o * self.mix(torch.cat([c, new], dim=1)).tanh()).flatten(1, 2)
        return h, Eidetic(h, (*cells, c.flatten(1, 2))), new.flatten(1, 2)


def released(kind):
    """The cell of `kind` with the benchmark's way over time."""
    return type("Kind", (kind,), {"_over": Released._over})(2, 2, bias=False)


def vector_a(cell):
    """Frames [0, x], weights of 0.1, and two memories to recall."""
    with torch.no_grad():
        for name, weight in cell.double().named_parameters():
            if "norm" not in name:
                weight.fill_(0.1)
    x = torch.tensor([[[0.0, 0.0], [0.0, 0.0]], [[0.1, 0.2], [0.3, 0.4]]]).double()[None]
    half = torch.full((1, 2, 2, 2), 0.5).double()
    c = (torch.arange(8) / 10).double().reshape(1, 2, 2, 2)
    h, after, _ = cell(x, Eidetic(half, (half, c)), half)
    written = after.cells[-1].flatten().tolist()
    return [*h.flatten().tolist(), written[0], written[-1]]


KNOWN = [
    *(-0.044691, -0.014304, 0.016138, 0.046518, 0.076722, 0.106638, 0.136158, 0.165179),
    *(-1.239731, 1.815029),
]


def test_e3d_lstm_eq_known_numbers_of_the_released_way_over_time():
    assert vector_a(Released(2, 2, bias=False)) == pytest.approx(KNOWN, abs=6e-7)
    assert vector_a(released(E3DLSTM)) == pytest.approx(KNOWN, abs=6e-7)
    assert vector_a(E3DLSTM(2, 2, bias=False)) != pytest.approx(KNOWN, abs=1e-3)


def test_the_frame_of_the_slips_is_right():
    assert vector_a(released(Slip)) == pytest.approx(KNOWN, abs=6e-7)
    check_loops(filled(Slip(4, 4, 3)))


@pytest.mark.parametrize(
    "slip",
    [
        "the memory of this step can be recalled",
        "a scaled softmax",
        "normalised behind what is added",
        "m forgets",
        "o sees the old m",
        "no tanh in o",
    ],
)
def test_the_vector_and_the_loops_reject_a_slip(slip):
    """But the vector cannot see what is recalled: all its places ask alike, so that the answer is
    one number everywhere, and the normalisation takes that away."""
    make = type("Wrong", (Slip,), {"slip": slip})
    assert parameters(make(2, 2)) == parameters(E3DLSTM(2, 2))
    blind = slip in ("the memory of this step can be recalled", "a scaled softmax")
    assert (vector_a(released(make)) == pytest.approx(KNOWN, abs=6e-7)) is blind
    with pytest.raises(AssertionError):
        check_loops(filled(make(4, 4, 3)))


def test_what_is_recalled_by_hand():
    """One place of two frames; two memories. Weights 1, 3, 3, 1 where r is 1, and equal at 0."""
    cells = [torch.tensor(values).double().reshape(1, 2, 1, 1) for values in ([0, L], [L, 0])]
    r = torch.tensor([1.0, 0.0]).double().reshape(1, 1, 2, 1, 1)
    answer = E3DLSTM(2, 2)._recalled(r, tuple(cells))
    assert answer.flatten().tolist() == pytest.approx([6 / 8 * L, L / 2])


def test_released_layers_hand_on_a_memory_that_stays_zero():
    """The paper's climbs; in both released codes what the layers are handed is never written."""
    left = {}
    for kind in (E3DLSTM, Released):
        makes = [partial(kind, kernel=3, lowest=True), partial(kind, kernel=3)]
        network, state = filled(Stack(makes, 1, (2, 2))), None
        for t in range(3):
            _, state = network(normal(1, 1, 4, 4, seed=t), state)
        left[kind] = state.m.abs().max().item()
    assert left[Released] == 0
    assert left[E3DLSTM] > 0.1


# --- the window, and what can be recalled


def test_the_lowest_layer_sees_the_frame_before():
    """Reading single frames, it says what a layer says that is handed both, folded."""
    lowest, other = filled(E3DLSTM(3, 4, 3, lowest=True)), filled(E3DLSTM(6, 4, 3))
    frames, state, theirs = [normal(2, 3, 4, 5, seed=t) for t in range(3)], None, None
    for before, x in zip([torch.zeros_like(frames[0]), *frames], frames, strict=False):
        h, state, _ = lowest(x, state)
        known, theirs, _ = other(torch.stack([before, x], dim=2).flatten(1, 2), theirs)
        assert_close(h, known, rtol=0, atol=1e-12)
        assert state.x is x


def test_memories_pile_up_unless_they_are_bounded():
    for history, counts in ((None, [2, 3, 4, 5]), (2, [2, 2, 2, 2]), (1, [1, 1, 1, 1])):
        cell, state, found = filled(E3DLSTM(2, 2, 3, history=history)), None, []
        for t in range(4):
            _, state, _ = cell(normal(1, 2, 3, 3, seed=t), state)
            found.append(len(state.cells))
        assert found == counts
    kept = filled(E3DLSTM(2, 2, 3)), filled(E3DLSTM(2, 2, 3, history=9))
    x, (state, m) = normal(2, 2, 3, 2), state_of(kept[0], memories=5)
    assert_close(*(cell(x, state, m)[0] for cell in kept), rtol=0, atol=0)


def test_a_step_costs_more_than_the_one_before():
    """By one comparison of all places with all places, and one mean: 2·(2·height·width)²·n."""
    with torch.device("meta"):
        cell, x, state, costs = E3DLSTM(4, 6, 3), torch.zeros(1, 4, 5, 3), None, []
        for _ in range(4):
            costs.append(macs(cell, x, state))
            _, state, _ = cell(x, state)
        bounded = E3DLSTM(4, 6, 3, history=2)
        assert macs(bounded, x, state._replace(cells=state.cells[-2:])) == costs[1]
    assert np.diff(costs).tolist() == [2 * (2 * 15) ** 2 * 3] * 3


@pytest.mark.parametrize("chunk", [1, 5, 999])
def test_a_chunk_changes_neither_result_nor_gradient(chunk):
    results = []
    for each in (12, chunk):
        cell = filled(E3DLSTM(2, 4, 3, chunk=each))
        state, m = state_of(cell)
        x = normal(2, 2, 3, 2).requires_grad_()
        h, _, _ = cell(x, state, m)
        results.append([h, *torch.autograd.grad(h.square().sum(), [x, *cell.parameters()])])
        with torch.no_grad():
            assert_close(cell(x, state, m)[0], h, rtol=0, atol=0)
    for ours, theirs in zip(*results, strict=True):
        assert_close(ours, theirs, rtol=0, atol=1e-11)


# --- a cell like the others


@pytest.mark.parametrize("lowest", [False, True])
def test_no_state_and_no_m_are_zeros(lowest):
    cell = filled(E3DLSTM(2, 4, 3, lowest))
    x, zeros = normal(2, 2, 3, 4), torch.zeros(2, 4, 3, 4).double()
    state = Eidetic(zeros, (zeros,), torch.zeros_like(x) if lowest else None)
    (first, _, m), (again, _, n) = cell(x), cell(x, state, zeros)
    assert_close(first, again, rtol=0, atol=0)
    assert_close(m, n, rtol=0, atol=0)
    assert not list(cell.buffers())


def test_gradcheck():
    cell = filled(E3DLSTM(1, 2, 3, lowest=True, chunk=5))
    state, m = state_of(cell, 1, 2, 3)

    def step(x, h, before, m, *cells):
        h, after, m = cell(x, Eidetic(h, cells, before), m)
        return h, after.cells[-1], m

    given_ = [normal(1, 1, 2, 3), state.h, state.x, m, *state.cells]
    given_ = [a.requires_grad_() for a in given_]
    assert torch.autograd.gradcheck(step, given_, fast_mode=True)


def test_every_parameter_learns_from_two_steps():
    learns_from_two_steps(lambda: E3DLSTM(4, 6), 4)


def test_bfloat16_and_autocast_stay_near():
    cell = filled(E3DLSTM(2, 4, 3), scale=0.2).float()
    x = normal(2, 2, 5, 5).float()
    exact, state, m = cell(x)
    exact, _, _ = cell(x, state, m)
    with torch.autocast("cpu", torch.bfloat16):
        _, state, m = cell(x)
        rough, _, _ = cell(x, state, m)
    assert 0 < (rough - exact).abs().max() < 0.05
    h, state, m = cell.bfloat16()(x.bfloat16())
    again, _, _ = cell(x.bfloat16(), state, m)
    assert {h.dtype, m.dtype, again.dtype} == {torch.bfloat16}


def test_a_softmax_over_a_long_history_is_not_rough():
    """As exact as weights computed in float32, to a rounding of what comes in and out."""
    asked, films = normal(1, 2, 8).bfloat16(), normal(1, 2, 4000).bfloat16()
    logits = asked.mT @ films
    weights = logits.float().softmax(dim=2).bfloat16()
    assert torch.equal(unwrap(e3d_lstm._mean)(asked, films), films @ weights.mT)


def test_compiles_without_a_break(monkeypatch):
    untyped(monkeypatch)
    cell = filled(E3DLSTM(2, 4, 3))
    x, (state, m) = normal(2, 2, 3, 2), state_of(cell)
    compiles_whole(cell, x, state, m)


NETWORKS = {
    "Stack": lambda makes: Stack(makes, 1, (2,) * 4),
    "Pyramid": lambda makes: Pyramid(makes, 1, (2,) * 4),
    "SkipNet": lambda makes: SkipNet(makes, 1, (2,) * 4, 1),
}


@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize("history", [None, 2])
def test_the_whole_is_its_first_part_and_the_rest(make, history):
    network = filled(make(E3DLSTMCell(kernel=3, history=history).layers(4)))
    frames, truth = normal(2, 5, 1, 4, 6), torch.ones(2, 5, dtype=torch.bool)
    truth[:, 3:] = False
    whole, first = unroll(network, frames, truth), unroll(network, frames[:, :2], truth[:, :2])
    rest = unroll(network, frames[:, 2:], truth[:, 2:], first)
    joined = torch.cat([first.predictions, rest.predictions], dim=1)
    assert_close(joined, whole.predictions, rtol=0, atol=0)


def test_only_the_lowest_layer_reads_single_frames():
    cells = [make(2, 2) for make in E3DLSTMCell(kernel=3, history=4, chunk=7).layers(3)]
    assert [cell.lowest for cell in cells] == [True, False, False]
    assert {(cell.history, cell.chunk, cell.of_h.kernel_size) for cell in cells} == {
        (4, 7, (2, 3, 3))
    }
    network = Stack(E3DLSTMCell().layers(2), 1, (4, 4))
    draw_xavier(network)
    assert not network.cells[1].of_x.bias.any()


def test_parameters():
    """51,347,456 has the released network on 4×4 patches of 64×64 frames; 524,288 of them are
    scales and shifts, one a number of the map, where ours has one a channel."""
    for n in (1, 3, 16):
        assert parameters(E3DLSTM(2 * n, 2 * n)) == 852 * n**2 + 18 * n + 2 * n
        assert parameters(E3DLSTM(2 * n, 2 * n, bias=False)) == 852 * n**2 + 2 * n
        assert parameters(E3DLSTM(n, 2 * n, lowest=True)) == 852 * n**2 + 20 * n
    with torch.device("meta"):
        network = Stack(E3DLSTMCell(bias=False).layers(4), 16, (256,) * 4, embed=False)
    theirs = 4 * 2 * 128 * 2 * 16 * 16
    assert theirs == 524_288
    assert parameters(network) - 16 == 51_347_456 - theirs + 4 * 2 * 128  # less a bias at the end


# --- bad input


@settings(max_examples=40, deadline=None)
@given(st.integers(-1, 3), st.integers(-1, 4), st.integers(-1, 3), st.booleans(),
       st.sampled_from([None, 0, 1, 2]), st.integers(0, 2))  # fmt: skip
def test_a_constructor_builds_or_names_what_is_wrong(
    inputs, outputs, kernel, lowest, history, chunk
):
    make = partial(E3DLSTM, inputs, outputs, kernel, lowest, history, chunk=chunk)
    good = min(inputs, outputs, kernel, chunk) > 0 and history != 0 and kernel % 2
    if good and outputs % 2 == 0 and (lowest or inputs % 2 == 0):
        h, state, m = make()(torch.zeros(1, inputs, 2, 3))
        assert h.shape == m.shape == state.cells[-1].shape == (1, outputs, 2, 3)
    else:
        with pytest.raises(ValueError, match=r"=.*must be"):
            make()


def test_input_that_does_not_fit_is_named():
    cell, good = E3DLSTM(2, 4, 3, history=2), torch.zeros(2, 2, 3, 2)
    state, m = state_of(cell)
    one = state.h[:1]
    for wrong, says in [
        (Eidetic(one, state.cells), r"h is \(1, 4.*for this x it must be \(2, 4"),
        (Eidetic(state.h, (state.h, one)), r"c is \(1, 4.*for this x it must be \(2, 4"),
        (Eidetic(state.h, ()), "has 0 memories: expected 1 at least, and at most history=2"),
        (Eidetic(state.h, (state.h,) * 3), "has 3 memories: expected 1 at least"),
        (state._replace(x=good), r"the frame before is \(2, 2, 3, 2\): .* another none"),
    ]:
        with pytest.raises(ValueError, match=says):
            cell(good, wrong, m)
    with pytest.raises(ValueError, match=r"the frame before is None: .* one of \(2, 2, 3, 2\)"):
        E3DLSTM(2, 4, 3, lowest=True)(good, state, m)
    for before in (None, state):
        with pytest.raises(ValueError, match="x has 1 channels, the cell reads 2"):
            cell(good[:, :1], before)
    with pytest.raises(ValueError, match=r"m is \(1, 4, .* must be \(2, 4"):
        cell(good, state, m[:1])
