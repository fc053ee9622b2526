"""Conv-TT-LSTM and compressed ConvLSTM, against the paper's equations written out the long way."""

from functools import partial
from inspect import unwrap
from itertools import product

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from stlib.cells import CompressedConvLSTM, ConvLSTM, ConvTTLSTM, History, windows
from stlib.cells.stored_kernel import TrainKernel, WholeKernel, balanced
from stlib.cost import parameters
from stlib.networks import SkipNet, Stack
from stlib.tensor_train import direct, kernels
from tests import drawn
from tests.drawn import normal

filled = partial(drawn.filled, scale=0.25)


def same(x, kernel, bias=None):
    return F.conv2d(x, kernel, bias, padding=kernel.shape[2] // 2)


def paper_projections(cell):
    """P(1) … P(N) as the paper has them: each reads the concatenation of its window."""
    size = len(cell.windows[0])
    blocks = cell.project.weight.split(cell.pieces)
    return [torch.cat(blocks[i * size : (i + 1) * size], dim=1) for i in range(len(cell.windows))]


def by_equations(cell, frames):
    """Su et al., Eq. 10, 16, 11 and 1b, all past states kept as they are, all maps apart."""
    batch, _, height, width = frames[0].shape
    zero = torch.zeros(batch, cell.outputs, height, width, dtype=frames[0].dtype)
    past, c, outputs = [zero] * cell.steps, zero, []
    for x in frames:
        condensed = []
        for i, lags in enumerate(cell.windows):
            window = torch.cat([past[lag - 1] for lag in lags], dim=1)
            if cell.project is not None:
                window = same(window, paper_projections(cell)[i], cell.project_biases[i])
            condensed.append(window)
        biases = [None, *cell.core_biases]
        v = torch.zeros_like(condensed[-1])
        for i in reversed(range(len(condensed))):
            v = same(v + condensed[i], cell.cores[i](), biases[i])
        gates = v + same(x, cell.input(), cell.gate_bias)
        i, f, g, o = gates.split(cell.outputs, dim=1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        past = [torch.sigmoid(o) * torch.tanh(c), *past[:-1]]
        outputs.append(past[0])
    return outputs


def outputs_of(cell, frames):
    state, outputs = None, []
    for x in frames:
        h, state, _ = cell(x, state)
        outputs.append(h)
    return outputs


SETTINGS = [
    {"order": 1, "steps": 1},
    {"order": 1, "steps": 3, "kernel": 5},
    {"order": 2, "steps": 2, "ranks": (1, 3)},
    {"order": 3, "steps": 3},
    {"order": 3, "steps": 5, "ranks": (2, 1, 3)},
    {"order": 3, "steps": 4, "window": "fixed"},
    {"order": 3, "steps": 3, "window": "none"},
    {"order": 3, "steps": 3, "core": 1},
    {"order": 2, "steps": 4, "projection": 1},
    {"order": 2, "steps": 3, "train": 2},
]


@pytest.mark.parametrize("options", SETTINGS, ids=str)
def test_ctt_eq_10_ctt_eq_11_ctt_eq_26_ctt_alg_2_as_written_out(options):
    # ctt-eq-10, ctt-eq-11, ctt-eq-26, ctt-alg-2
    cell = filled(ConvTTLSTM(2, 3, **{"kernel": 3, "ranks": 2, **options}))
    frames = [normal(2, 2, 6, 5, seed=t) for t in range(7)]
    for ours, theirs in zip(outputs_of(cell, frames), by_equations(cell, frames), strict=True):
        assert_close(ours, theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("options", SETTINGS, ids=str)
def test_gradients_too(options):
    cell = filled(ConvTTLSTM(1, 2, **{"kernel": 3, "ranks": 2, **options}))
    frames = [normal(1, 1, 4, 5, seed=t) for t in range(6)]
    weights = list(cell.parameters())
    ours = torch.autograd.grad(sum(h.square().sum() for h in outputs_of(cell, frames)), weights)
    theirs = torch.autograd.grad(sum(h.square().sum() for h in by_equations(cell, frames)), weights)
    assert_close(ours, theirs, rtol=1e-9, atol=1e-12)
    assert all(bool(gradient.abs().max() > 0) for gradient in ours)


def test_ctt_eq_10_ctt_eq_26_which_states_feed_which_core():
    # ctt-eq-10, ctt-eq-26
    assert windows("sliding", 3, 5) == ((1, 2, 3), (2, 3, 4), (3, 4, 5))
    assert windows("sliding", 3, 3) == windows("none", 3, 3) == ((1,), (2,), (3,))
    assert windows("fixed", 2, 3) == ((1, 2, 3), (1, 2, 3))
    for order, steps in product(range(1, 5), range(1, 8)):
        if steps >= order:
            sliding = windows("sliding", order, steps)
            assert {lag for lags in sliding for lag in lags} == set(range(1, steps + 1))
            assert {len(lags) for lags in sliding} == {steps - order + 1}  # Table 5: D


def test_ctt_table_5_sizes_as_read():
    # ctt-table-5: the cores K(1) wide, not K(0); the rest as printed, [out, in] in stlib.
    cell = ConvTTLSTM(2, 3, order=3, steps=5, ranks=(4, 5, 6), kernel=3)
    C_out, D, C = 3, 5 - 3 + 1, {0: 4 * 3, 1: 4, 2: 5, 3: 6}
    assert cell.input.weight.shape == (C[0], 2, 3, 3)  # W
    for i, core in enumerate(cell.cores, start=1):
        assert core.weight.shape == (C[i - 1], C[i], 3, 3)  # G(i)
    for i, kernel in enumerate(paper_projections(cell), start=1):
        assert kernel.shape == (C[i], D * C_out, 3, 3)  # P(i)
    built = kernels([core() for core in cell.cores])
    assert [kernel.shape[2] for kernel in built] == [i * (3 - 1) + 1 for i in (1, 2, 3)]  # K(i)


@pytest.mark.parametrize("options", SETTINGS, ids=str)
def test_ctt_eq_26_a_state_counts_exactly_at_the_lags_of_its_windows(options):
    # ctt-eq-26
    """H̃(i) depends on the state of lag l if and only if the window says so."""
    cell = filled(ConvTTLSTM(2, 3, **{"kernel": 3, "ranks": 2, **options}))
    channels = cell.outputs if cell.project is None else sum(cell.pieces)
    past = [normal(1, channels, 4, 4, seed=lag).requires_grad_() for lag in range(cell.steps)]
    for lags, condensed in zip(cell.windows, cell.condensed(past), strict=True):
        given = torch.autograd.grad(condensed.sum(), past, retain_graph=True, allow_unused=True)
        told = {
            lag
            for lag, gradient in enumerate(given, start=1)
            if gradient is not None and gradient.abs().max() > 0
        }
        assert told == set(lags)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 4), st.integers(0, 3), st.sampled_from([1, 3, 5]), st.integers(0, 99))
def test_ctt_alg_1_ctt_alg_2_and_the_hybrid_agree_inside(order, more, kernel, seed):
    # ctt-alg-1, ctt-alg-2
    """One step from a random past: equal but for (N-1)(K-1)/2 pixels at the edge."""
    size = 2 * (order * (kernel // 2)) + 4
    cells = [
        filled(ConvTTLSTM(1, 2, order, order + more, 2, kernel, projection=1, direct=n), seed)
        for n in range(1, order + 1)
    ]
    x, h, c = (normal(1, channels, size, size, seed=seed + channels) for channels in (1, 2, 2))
    zero = cells[0](x)[1]
    past = tuple(normal(*p.shape, seed=seed + 9 + i) for i, p in enumerate(zero.past))
    made = [cell(x, zero._replace(h=h, c=c, past=past))[0] for cell in cells]
    ring = (order - 1) * (kernel // 2)
    inside = slice(ring, size - ring)
    for other in made[1:]:
        assert_close(other[..., inside, inside], made[0][..., inside, inside], rtol=0, atol=1e-12)


def test_ctt_alg_1_whole_is_the_sum_over_composed_kernels():
    # ctt-alg-1
    cell = filled(ConvTTLSTM(2, 3, kernel=3, ranks=2, direct=3))
    x, state = normal(1, 2, 8, 8), None
    for t in range(4):
        _, state, _ = cell(normal(1, 2, 8, 8, seed=t), state)
    states = cell.condensed((cell._projected(state.h), *state.past))
    built = kernels([core() for core in cell.cores])
    phi = sum(same(h, k) for h, k in zip(states, built, strict=True))
    i, f, g, o = (phi + same(x, cell.input(), cell.gate_bias)).split(3, dim=1)
    c = f.sigmoid() * state.c + i.sigmoid() * g.tanh()
    assert_close(cell(x, state)[0], o.sigmoid() * c.tanh(), rtol=0, atol=1e-13)
    assert_close(direct([core() for core in cell.cores], states), phi, rtol=0, atol=1e-13)


def test_order_1_over_one_step_without_a_window_is_a_convlstm():
    cell = filled(ConvTTLSTM(2, 3, 1, 1, kernel=3, window="none"))
    twin = ConvLSTM(2, 3, 3).double()
    with torch.no_grad():
        twin.gates.weight.copy_(torch.cat([cell.input.weight, cell.cores[0].weight], dim=1))
        twin.gates.bias.copy_(cell.gate_bias)
    frames = [normal(2, 2, 5, 6, seed=t) for t in range(4)]
    for ours, theirs in zip(outputs_of(cell, frames), outputs_of(twin, frames), strict=True):
        assert_close(ours, theirs, rtol=0, atol=1e-13)


def test_two_of_its_biases_are_one():
    """The bias of P(i) and that of G(i+1) only ever act as their sum."""
    cell = filled(ConvTTLSTM(1, 2, kernel=3, ranks=2))
    frames = [normal(1, 1, 5, 5, seed=t) for t in range(5)]
    before = outputs_of(cell, frames)
    with torch.no_grad():
        for i, bias in enumerate(cell.core_biases):
            bias.add_(1.5)
            cell.project_biases[i].sub_(1.5)
    for ours, theirs in zip(outputs_of(cell, frames), before, strict=True):
        assert_close(ours, theirs, rtol=0, atol=1e-12)


def test_a_state_older_than_m_is_forgotten_but_through_c():
    cell = filled(ConvTTLSTM(1, 2, 2, 3, kernel=3, ranks=2))
    state = None
    for t in range(3):
        _, state, _ = cell(normal(1, 1, 5, 5, seed=t), state)
    assert isinstance(state, History)
    assert len(state.past) == 2
    first = state.past[-1]
    _, later, _ = cell(normal(1, 1, 5, 5, seed=9), state)
    assert all(kept is not first for kept in later.past)
    assert later.past[1] is state.past[0]  # projected once, then handed on


@pytest.mark.parametrize(
    ("network", "count"),
    [
        (lambda: SkipNet(ConvTTLSTM, 1), 2_687_281),  # printed 2.69M
        (lambda: SkipNet(partial(ConvTTLSTM, steps=5), 1), 3_263_281),  # M = 5, as the text says
        (lambda: SkipNet(partial(ConvTTLSTM, order=1), 1), 2_648_497),  # printed 2.65M for FW
        (lambda: Stack(partial(ConvLSTM, kernel=5), 1, (128,) * 4, embed=False), 11_483_777),
        (lambda: Stack(partial(ConvTTLSTM, order=1), 1, (128,) * 4, embed=False), 5_647_009),
        (lambda: SkipNet(CompressedConvLSTM, 1), 2_633_009),  # Eq. 13 to the letter
        (lambda: SkipNet(partial(CompressedConvLSTM, factors=3, trains=4), 1), 2_204_497),
        (lambda: SkipNet(partial(CompressedConvLSTM, factors=3, trains=4), 3), 2_208_755),
    ],
)
def test_parameters_to_the_digit(network, count):
    with torch.device("meta"):
        assert parameters(network()) == count


# --- Eq. 12 and the stored kernels


def by_gates(cell, x, h, c):
    """Eq. 12 with W multiplied out by a plain sum over the bonds."""
    kernels = []
    for train in cell.input:
        space, *channels = train.factors
        if len(channels) == 1:
            kernels.append(torch.einsum("hwr,tsr->tshw", space, channels[0]))
        else:
            two = torch.einsum("hwr,abru,cdu->acbdhw", space, *channels)
            kernels.append(two.flatten(0, 1).flatten(1, 2))
    maps = same(x, torch.cat(kernels)) + same(h, cell.hidden.weight, cell.bias)
    i, f, g, o = maps.split(cell.outputs, dim=1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


@pytest.mark.parametrize(("factors", "trains"), list(product((2, 3), (1, 4))))
def test_ctt_eq_12_ctt_eq_13_as_written_out(factors, trains):
    # ctt-eq-12, ctt-eq-13
    cell = filled(CompressedConvLSTM(6, 4, 3, rank=2, factors=factors, trains=trains))
    x, h, c = (normal(2, channels, 5, 6, seed=channels) for channels in (6, 4, 4))
    first, state, _ = cell(x)
    zero = torch.zeros_like(h)
    assert_close((first, state.c), by_gates(cell, x, zero, zero), rtol=0, atol=1e-13)
    second, after, _ = cell(x, state._replace(h=h, c=c))
    assert_close((second, after.c), by_gates(cell, x, h, c), rtol=0, atol=1e-13)


def test_a_train_starts_with_the_variance_of_a_whole_kernel():
    torch.manual_seed(0)
    whole = WholeKernel(48, 192, 5)().square().mean()
    for factors in (2, 3):
        drawn = torch.stack(
            [TrainKernel(48, 192, 5, 8, factors)().square().mean() for _ in range(20)]
        )
        error = drawn.std() / 20**0.5
        assert abs(drawn.mean() - whole) < 4 * error < whole / 2


def test_balanced_factors():
    assert [balanced(n) for n in (1, 3, 32, 48, 80)] == [(1, 1), (3, 1), (8, 4), (8, 6), (10, 8)]
    with pytest.raises(ValueError, match="number=0"):
        balanced(0)


# --- what is refused


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ConvTTLSTM(0, 2), "inputs=0"),
        (lambda: ConvTTLSTM(1, 2, ranks=(1, 2)), "3 ranks or one"),
        (lambda: ConvTTLSTM(1, 2, ranks=0), "ranks=0"),
        (lambda: ConvTTLSTM(1, 2, order=0), "order=0"),
        (lambda: ConvTTLSTM(1, 2, order=3, steps=2), "steps=2"),
        (lambda: ConvTTLSTM(1, 2, steps=4, window="none"), "one state for each core"),
        (lambda: unwrap(windows)("round", 1, 1), "sliding, fixed, none"),
        (lambda: ConvTTLSTM(1, 2, kernel=4), "kernel=4"),
        (lambda: ConvTTLSTM(1, 2, core=2), "core=2"),
        (lambda: ConvTTLSTM(1, 2, projection=0), "projection=0"),
        (lambda: ConvTTLSTM(1, 2, direct=4), "direct=4"),
        (lambda: ConvTTLSTM(1, 2, direct=0), "direct=0"),
        (lambda: ConvTTLSTM(1, 2, train=0), "rank=0"),
        (lambda: CompressedConvLSTM(0, 2), "inputs=0"),
        (lambda: CompressedConvLSTM(2, 2, kernel=2), "kernel=2"),
        (lambda: CompressedConvLSTM(2, 2, rank=0), "rank=0"),
        (lambda: CompressedConvLSTM(2, 2, factors=4), "factors=4"),
        (lambda: CompressedConvLSTM(2, 2, trains=2), "trains=2"),
    ],
)
def test_a_cell_refuses_what_makes_no_sense(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_state_of_another_cell_is_refused():
    forward = unwrap(ConvTTLSTM.forward)
    cell, other = ConvTTLSTM(1, 2, 2, 2, kernel=3), ConvTTLSTM(1, 2, 2, 3, kernel=3)
    x = torch.zeros(1, 1, 4, 4)
    with pytest.raises(ValueError, match="past holds"):
        forward(cell, x, other(x)[1])
    with pytest.raises(ValueError, match="h is"):
        forward(cell, torch.zeros(1, 1, 5, 5), cell(x)[1])
    with pytest.raises(ValueError, match="the cell reads 1"):
        forward(cell, torch.zeros(1, 2, 4, 4))
