"""Φ of a history: the functions, the cells that hear it, its cost, and the three requirements."""

from functools import partial, reduce

import numpy as np
import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import correlate2d
from torch.testing import assert_close

from stlib import cost, history_cost
from stlib.cells import LSTM, ConvLSTM, HigherOrderConvLSTM, HigherOrderLSTM, Past, Step
from stlib.cells.history import (
    Flattened,
    LinearHistory,
    PolynomialHistory,
    PolynomialTrainHistory,
    SeparateHistory,
    TensorTrainHistory,
)
from stlib.cells.past import resume_past
from stlib.higher_order import linear, polynomial, polynomial_train, separate
from stlib.networks import SkipNet
from stlib.requirements import Requirements, growth, measure
from stlib.rollout import forecast
from stlib.tensor_train import direct, kernels, recursive
from tests.drawn import filled, normal


def many(count, *shape, seed=0):
    return list(normal(count, *shape, seed=seed))


orders, sizes, seeds = st.integers(1, 4), st.integers(1, 3), st.integers(0, 99)


# ------------------------------------------------------------------------------ the functions


@settings(max_examples=25, deadline=None)
@given(orders, sizes, sizes, sizes, seeds)
def test_linear_ctt_eq_4_is_one_matrix_for_all_states_side_by_side(n, batch, features, out, seed):
    # ctt-eq-4
    matrices, states = many(n, out, features, seed=seed), many(n, batch, features, seed=seed + 1)
    expected = torch.cat(states, dim=1).numpy() @ torch.cat(matrices, dim=1).numpy().T
    assert_close(linear(matrices, states), torch.from_numpy(expected), rtol=0, atol=1e-12)


def outer_product(states):
    """h(t-1) ⊗ … ⊗ h(t-N) of one item, by numpy."""
    return reduce(np.multiply.outer, [h.numpy() for h in states])


@settings(max_examples=25, deadline=None)
@given(orders, sizes, sizes, sizes, seeds)
def test_polynomial_ctt_eq_5_is_an_inner_product_an_output(n, batch, features, out, seed):
    # ctt-eq-5
    tensor, states = normal(out, *[features] * n, seed=seed), many(n, batch, features, seed=seed)
    expected = [
        [float((part.numpy() * outer_product([h[b] for h in states])).sum()) for part in tensor]
        for b in range(batch)
    ]
    assert_close(
        polynomial(tensor, states), torch.tensor(expected, dtype=torch.float64), rtol=0, atol=1e-11
    )


def test_polynomial_ctt_eq_5_as_printed_is_one_number():
    # ctt-eq-5
    """With T in the shape of the product, nothing is left but a number; four gates need more."""
    states = many(3, 1, 2)
    printed = np.tensordot(normal(2, 2, 2).numpy(), outer_product([h[0] for h in states]), axes=3)
    assert printed.shape == ()
    assert polynomial(normal(4, 2, 2, 2), states).shape == (1, 4)


def test_polynomial_by_hand():
    tensor = torch.tensor([[[1.0, 2], [3, 4]], [[0, 1], [0, 0]]])
    states = [torch.tensor([[10.0, 1]]), torch.tensor([[5.0, 7]])]
    # 1*10*5 + 2*10*7 + 3*1*5 + 4*1*7, and 1*10*7
    assert polynomial(tensor, states).tolist() == [[233, 70]]


@settings(max_examples=25, deadline=None)
@given(orders, sizes, sizes, sizes, sizes, seeds)
def test_polynomial_train_ctt_eq_5_equals_polynomial(n, batch, features, out, bond, seed):
    # ctt-eq-5
    """The tensor multiplied out by numpy, letter by letter."""
    bonds = [out, *[bond] * (n - 1), 1]
    cores = [normal(bonds[i], features, bonds[i + 1], seed=seed + i) for i in range(n)]
    states = many(n, batch, features, seed=seed)
    tensor = cores[0].numpy()
    for core in cores[1:]:
        tensor = np.tensordot(tensor, core.numpy(), axes=1)
    expected = polynomial(torch.from_numpy(tensor[..., 0]), states)
    assert_close(polynomial_train(cores, states), expected, rtol=1e-10, atol=1e-10)


def test_polynomial_train_never_forms_the_tensor():
    """Forty states of four features: T would hold 4^40 numbers."""
    cores = [normal(3, 4, 3, seed=i) / 4 for i in range(39)] + [normal(3, 4, 1)]
    assert polynomial_train(cores, many(40, 2, 4)).isfinite().all()


def test_a_silent_state_silences_the_polynomial_and_not_the_sum():
    states = many(3, 1, 2)
    states[1] = torch.zeros(1, 2).double()
    assert not polynomial(normal(4, 2, 2, 2), states).any()
    assert linear(many(3, 4, 2), states).all()


@settings(max_examples=20, deadline=None)
@given(orders, sizes, st.lists(st.sampled_from([1, 3, 5]), min_size=4, max_size=4), seeds)
def test_separate_ctt_eq_7_equals_scipy(n, channels, widths, seed):
    # ctt-eq-7
    maps = [normal(2, channels, k, k, seed=seed + k) for k in widths[:n]]
    states = many(n, 1, channels, 4, 6, seed=seed)
    for boundary, mode in (("zero", "fill"), ("circular", "wrap")):
        phi = separate(maps, states, boundary)
        for o in range(2):
            expected = sum(
                correlate2d(h[0, c].numpy(), k[o, c].numpy(), "same", mode)
                for k, h in zip(maps, states, strict=True)
                for c in range(channels)
            )
            assert_close(phi[0, o], torch.from_numpy(expected), rtol=0, atol=1e-11)


def test_separate_with_composed_kernels_ctt_eq_7_is_the_tensor_train_ctt_eq_9():
    # ctt-eq-7, ctt-eq-9
    cores = [normal(4, 2, 3, 3), normal(2, 2, 3, 3, seed=1), normal(2, 2, 3, 3, seed=2)]
    states = many(3, 1, 2, 6, 7)
    for boundary in ("zero", "circular", "full"):
        expected = direct(cores, states, boundary)
        assert_close(separate(kernels(cores), states, boundary), expected)
    assert_close(separate(kernels(cores), states, "full"), recursive(cores, states, "full"))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda h: linear([], []), "no states"),
        (lambda h: linear([normal(4, 2)], h), "2 states for 1 matrices"),
        (lambda h: linear([normal(4, 2), normal(4, 3)], h), r"h\(t-2\) has 2 .* T\(2\) reads 3"),
        (lambda h: polynomial(normal(4, 2), h), "2 states for 1 axes"),
        (lambda h: polynomial(normal(4, 3, 2), h), r"h\(t-1\) has 2 .* axis 1 of T reads 3"),
        (lambda h: polynomial_train([normal(4, 2, 3)], h), "2 states for 1 cores"),
        (
            lambda h: polynomial_train([normal(4, 2, 3), normal(2, 2, 1)], h),
            r"A\(1\) ends in a bond of 3, expected 2",
        ),
        (
            lambda h: polynomial_train([normal(4, 2, 3), normal(3, 2, 2)], h),
            r"A\(2\) ends in a bond of 2, expected 1",
        ),
        (lambda h: separate([normal(1, 3, 3, 3)], [normal(1, 2, 4, 4)]), r"K\(1\) reads 3"),
        (lambda h: separate([normal(1, 2, 2, 2)], [normal(1, 2, 4, 4)]), "must be odd"),
    ],
)
def test_bad_histories_are_named(call, says):
    with pytest.raises(ValueError, match=says):
        call(many(2, 1, 2))


# ---------------------------------------------------------------------------------- the cells

VECTORS = {
    "linear": LinearHistory,
    "polynomial": PolynomialHistory,
    "polynomial train": partial(PolynomialTrainHistory, bond=2),
}
MAPS = {
    "one size": SeparateHistory,
    "growing": partial(SeparateHistory, grows=True),
    "tensor train": TensorTrainHistory,
    "tensor train, direct": partial(TensorTrainHistory, algorithm=direct),
}
CELLS = {name: (HigherOrderLSTM, history, ()) for name, history in VECTORS.items()}
CELLS |= {name: (HigherOrderConvLSTM, history, (5, 4)) for name, history in MAPS.items()}
every_cell = pytest.mark.parametrize(("kind", "history", "space"), CELLS.values(), ids=CELLS)


@every_cell
def test_ctt_eq_3_and_ctt_eq_6_with_the_gates_written_out(kind, history, space):
    # ctt-eq-3, ctt-eq-6
    """Gate by gate, in numpy: which quarter is which, and which state comes first."""
    cell = filled(kind(2, 3, 3, history=history))
    x, c = normal(2, 2, *space), normal(2, 3, *space, seed=1)
    hs = tuple(many(3, 2, 3, *space, seed=2))
    before = (cell.gates(x) + cell.history(hs)).detach().numpy()
    i, f, g, o = np.split(before, 4, axis=1)
    memory = c.numpy() / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
    expected = np.tanh(memory) / (1 + np.exp(-o))
    h, state, m = cell(x, Past(hs, c), "m")
    assert_close(h.detach(), torch.from_numpy(expected), rtol=0, atol=1e-12)
    assert_close(state.c.detach(), torch.from_numpy(memory), rtol=0, atol=1e-12)
    assert state.hs[0] is h
    assert state.hs[1:] == hs[:-1]
    assert m == "m"


def test_ctt_eq_3_of_order_1_is_ctt_eq_1():
    # ctt-eq-3, ctt-eq-1
    ours, plain = filled(HigherOrderLSTM(2, 3, 1)), LSTM(2, 3).double()
    with torch.no_grad():
        plain.gates.weight.copy_(torch.cat([ours.gates.weight, ours.history.matrices[0]], dim=1))
        plain.gates.bias.copy_(ours.gates.bias)
    check_same(ours, plain, ())


@pytest.mark.parametrize("history", MAPS.values(), ids=MAPS)
def test_ctt_eq_6_of_order_1_is_ctt_eq_2(history):
    # ctt-eq-6, ctt-eq-2
    ours, plain = filled(HigherOrderConvLSTM(2, 3, 1, history=history)), ConvLSTM(2, 3).double()
    (weight,) = ours.history.parameters()
    with torch.no_grad():
        plain.gates.weight.copy_(torch.cat([ours.gates.weight, weight], dim=1))
        plain.gates.bias.copy_(ours.gates.bias)
    check_same(ours, plain, (5, 4))


def check_same(ours, plain, space):
    state = their_state = None
    for t in range(4):
        x = normal(2, 2, *space, seed=t)
        h, state, _ = ours(x, state)
        theirs, their_state, _ = plain(x, their_state)
        assert_close(h, theirs, rtol=0, atol=1e-12)
        assert_close(state.c, their_state.c, rtol=0, atol=1e-12)


def test_order_3_hears_what_order_1_has_forgotten():
    cell = filled(HigherOrderLSTM(1, 1, 3))
    hs = many(3, 1, 1)
    for place in range(3):
        changed = list(hs)
        changed[place] = changed[place] + 1
        zeros = torch.zeros(1, 1).double()
        a, b = (cell(zeros, Past(tuple(past), zeros))[0] for past in (hs, changed))
        assert (a - b).abs() > 1e-6


@every_cell
def test_no_state_is_zeros(kind, history, space):
    cell = filled(kind(2, 3, 2, history=history))
    x, zeros = normal(2, 2, *space), torch.zeros(2, 3, *space).double()
    assert_close(cell(x)[0], cell(x, Past((zeros, zeros), zeros))[0], rtol=0, atol=0)
    assert cell(x)[2] is None
    assert not list(cell.buffers())


@every_cell
def test_every_parameter_learns_once_the_history_is_full(kind, history, space):
    torch.manual_seed(0)
    cell, state = kind(2, 3, 2, history=history), None
    for _ in range(3):
        h, state, _ = cell(torch.randn(2, 2, *space), state)
    h.square().sum().backward()
    for name, weight in cell.named_parameters():
        assert bool((weight.grad != 0).all()), name


@every_cell
def test_forward_and_backward_on_the_meta_device(kind, history, space):
    cell = kind(2, 3, 2, history=history).to("meta")
    x = torch.zeros(2, 2, *space, device="meta", requires_grad=True)
    _, state, _ = cell(x)
    h, state, _ = cell(x, state)
    h.sum().backward()
    assert (h.shape, h.device.type) == ((2, 3, *space), "meta")
    assert all(weight.grad.is_meta for weight in cell.parameters())


@every_cell
def test_bfloat16_in_is_bfloat16_out(kind, history, space):
    cell = kind(2, 3, 2, history=history).bfloat16()
    h, state, _ = cell(torch.zeros(2, 2, *space, dtype=torch.bfloat16))
    assert h.dtype == state.hs[0].dtype == state.c.dtype == torch.bfloat16


@every_cell
def test_gradcheck(kind, history, space):
    cell = filled(kind(1, 2, 2, history=history))
    x, c = normal(1, 1, *space[:1], *space[:1]), normal(1, 2, *space[:1], *space[:1], seed=1)
    h1, h2 = many(2, 1, 2, *space[:1], *space[:1], seed=2)
    inputs = [a.requires_grad_() for a in (x, h1, h2, c)]
    assert torch.autograd.gradcheck(
        lambda x, h1, h2, c: cell(x, Past((h1, h2), c))[0], inputs, fast_mode=True
    )


def test_any_history_fits_the_paper_s_network():
    torch.manual_seed(0)
    for history in MAPS.values():
        cell = partial(HigherOrderConvLSTM, order=3, history=history)
        network = SkipNet(cell, channels=1, hidden=(2, 3, 3, 2), layers_each=1)
        frames = forecast(network, torch.rand(1, 4, 1, 6, 6), horizon=2)
        assert frames.shape == (1, 2, 1, 6, 6)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: HigherOrderLSTM(1, 1, 0), "order=0"),
        (lambda: HigherOrderConvLSTM(1, 0, 1), "outputs=0"),
        (lambda: HigherOrderConvLSTM(1, 1, 1, kernel=2), "kernel=2"),
        (lambda: LinearHistory(1, 1, 0), "order=0"),
        (lambda: PolynomialTrainHistory(1, 1, 1, bond=0), "bond=0"),
        (lambda: SeparateHistory(1, 1, 1, kernel=4), "kernel=4"),
        (lambda: HigherOrderLSTM(2, 1, 1)(torch.zeros(1, 3)), "x has 3 channels"),
        (
            lambda: HigherOrderLSTM(2, 1, 2)(
                torch.zeros(1, 2), Past((torch.zeros(1, 1),), torch.zeros(1, 1))
            ),
            "holds 1 outputs, the cell has order 2",
        ),
        (
            lambda: resume_past(
                Past((torch.zeros(1, 1), torch.zeros(1, 2)), torch.zeros(1, 1)),
                torch.zeros(1, 2), 2, 1, 2,
            ),
            r"h\(t-2\) is \(1, 2\), for this x it must be \(1, 1\)",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_a_cell_is_named(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_a_plain_state_is_not_a_past():
    zeros = torch.zeros(1, 1)
    with pytest.raises(Exception, match="state"):
        HigherOrderLSTM(2, 1, 1)(torch.zeros(1, 2), Step(zeros, zeros))


# --------------------------------------------------------------------------------- the cost


@pytest.mark.parametrize("order", range(1, 6))
def test_formulas_are_what_torch_stores_and_executes(order):
    features, outputs, bond = 3, 4, 2
    bonds = [outputs, *[bond] * (order - 1), 1]
    states = [torch.zeros(1, features) for _ in range(order)]
    linear_ = history_cost.linear_cost(features, outputs, order)
    check_cost(LinearHistory(features, outputs, order), states, linear_, linear_)
    check_cost(
        PolynomialHistory(features, outputs, order),
        states,
        history_cost.polynomial_parameters(features, outputs, order),
        history_cost.polynomial_macs(features, outputs, order),
    )
    check_cost(
        PolynomialTrainHistory(features, outputs, order, bond),
        states,
        history_cost.polynomial_train_parameters(features, bonds),
        history_cost.polynomial_train_macs(features, bonds),
    )
    maps = [torch.zeros(1, features, 6, 5) for _ in range(order)]
    for grows in (False, True):
        widths = [cost.kernel_size(i, 3) if grows else 3 for i in range(1, order + 1)]
        check_cost(
            SeparateHistory(features, outputs, order, grows=grows),
            maps,
            history_cost.separate_parameters(widths, features, outputs),
            history_cost.separate_macs(widths, features, outputs, 30),
        )
    ranks = [outputs, *[features] * order]
    check_cost(
        TensorTrainHistory(features, outputs, order),
        maps,
        cost.core_parameters(3, ranks),
        cost.recursive_macs(3, ranks, 30),
    )


def check_cost(history, states, parameters, macs):
    assert cost.parameters(history) == parameters
    assert cost.macs(history, states) == macs


@pytest.mark.parametrize(("axes", "degree"), [(1, 2), (2, 3), (3, 4)])
def test_growing_kernels_cost_one_degree_more_than_there_are_axes(axes, degree):
    """The sums, interpolated by sympy, against closed forms."""
    k, n = sympy.symbols("k n", positive=True)

    def growing(order):
        widths = [cost.kernel_size(i, k) for i in range(1, order + 1)]
        return history_cost.separate_parameters(widths, 1, 1, axes)

    law = sympy.expand(sympy.interpolate([(m, growing(m)) for m in range(1, 8)], n))
    assert sympy.degree(law, n) == degree
    assert sympy.simplify(law.coeff(n, degree) - (k - 1) ** axes / (axes + 1)) == 0
    d, triangle = k - 1, n * (n + 1)
    closed = {
        1: d * triangle / 2 + n,
        2: d**2 * triangle * (2 * n + 1) / 6 + d * triangle + n,
        3: d**3 * (triangle / 2) ** 2
        + d**2 * triangle * (2 * n + 1) / 2
        + 3 * d * triangle / 2
        + n,
    }
    assert sympy.expand(law - closed[axes]) == 0


# -------------------------------------------------------------------- the three requirements

CANVAS = (7, 7)
flat = partial(Flattened, canvas=CANVAS)
# What each candidate keeps, how far it sees of H(t-1), H(t-2), H(t-3), growth of its cost.
TABLE = {
    "linear": (flat, False, (3, 3, 3), "linear", "linear"),
    "polynomial": (
        partial(flat, history=PolynomialHistory), False, (3, 3, 3), "exponential", "exponential",
    ),
    "polynomial train": (
        partial(flat, history=PolynomialTrainHistory), False, (3, 3, 3), "linear", "linear",
    ),
    "one size": (
        partial(SeparateHistory, boundary="circular"), True, (1, 1, 1), "linear", "linear",
    ),
    "growing": (
        partial(SeparateHistory, grows=True, boundary="circular"),
        True, (1, 2, 3), "cubic", "cubic",
    ),
    "tensor train, direct": (
        partial(TensorTrainHistory, boundary="circular", algorithm=direct),
        True, (1, 2, 3), "linear", "cubic",
    ),
    "tensor train": (
        partial(TensorTrainHistory, boundary="circular"), True, (1, 2, 3), "linear", "linear",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("history", "keeps", "radii", "parameters", "macs"), TABLE.values(), ids=TABLE
)
def test_each_cell_of_the_table_ctt_eq_7(history, keeps, radii, parameters, macs):
    # ctt-eq-4, ctt-eq-5, ctt-eq-7
    found = measure(history, CANVAS)
    assert found.keeps_structure == keeps
    assert found.shift_gap < 1e-12 if keeps else found.shift_gap > 0.1
    assert found.radii == radii
    assert found.seen == tuple((2 * radius + 1) ** 2 for radius in radii)
    assert found.field_grows == (radii == (1, 2, 3))
    assert (growth(found.parameters), growth(found.macs)) == (parameters, macs)
    assert found.cost_is_linear == ({parameters, macs} == {"linear"})


def test_only_the_nested_tensor_train_meets_all_three():
    meets = [
        name
        for name, (history, *_) in TABLE.items()
        for found in [measure(history, CANVAS)]
        if found.keeps_structure and found.field_grows and found.cost_is_linear
    ]
    assert meets == ["tensor train"]


class OffCentre(torch.nn.Module):
    """A mutant: its convolution is followed by a ramp, so that place matters."""

    def __init__(self, inputs, outputs, order):
        super().__init__()
        self.history = SeparateHistory(inputs, outputs, order, boundary="circular")

    def forward(self, states):
        ramp = torch.arange(states[0].shape[-1], dtype=states[0].dtype, device=states[0].device)
        return self.history(states) * (1 + ramp)


class Rows(torch.nn.Module):
    """A mutant: a weight of its own for each row, so that only shifts along a row commute."""

    def __init__(self, inputs, outputs, order):
        super().__init__()
        self.weights = torch.nn.Parameter(torch.ones(order, 1, 1, 7, 1))

    def forward(self, states):
        return sum(w * h for w, h in zip(self.weights, states, strict=True))


def test_a_place_that_matters_is_noticed_along_either_axis():
    assert measure(OffCentre).shift_gap > 0.1
    assert measure(Rows).shift_gap > 0.1


def test_under_zero_padding_the_edge_breaks_the_structure_and_the_interior_keeps_it():
    assert measure(SeparateHistory).shift_gap > 0.01
    maps, states = many(2, 1, 1, 3, 3), many(2, 1, 1, 9, 9)
    phi, shifted = separate(maps, states), separate(maps, [h.roll((1, 2), (2, 3)) for h in states])
    inside = (phi.roll((1, 2), (2, 3)) - shifted)[..., 3:-3, 4:-4]
    assert inside.abs().max() < 1e-12


def test_requirements_say_what_they_hold():
    found = Requirements(0.0, (1, 2, 2), (9, 25, 25), (1, 2, 3, 4, 5, 6), (1, 4, 9, 16, 25, 36))
    assert found.keeps_structure
    assert not found.field_grows
    assert not found.cost_is_linear


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=4), st.integers(1, 5))
def test_growth_finds_the_degree(coefficients, start):
    counts = [sum(a * n**d for d, a in enumerate(coefficients)) for n in range(start, start + 6)]
    degree = max((d for d, a in enumerate(coefficients) if a), default=0)
    assert growth(counts) == ("constant", "linear", "quadratic", "cubic")[degree]


def test_growth_knows_exponentials_and_refuses_the_rest():
    assert growth([7 * 3**n for n in range(6)]) == "exponential"
    assert growth([5 + 2 * 10**n for n in range(10, 17)]) == "exponential"
    for other in ([n**4 for n in range(6)], [1, 2, 4, 8, 16, 33], [64, 32, 16, 8, 4, 2]):
        with pytest.raises(ValueError, match="neither"):
            growth(other)
    with pytest.raises(ValueError, match="5 counts"):
        growth([1, 2, 3, 4, 5])


def test_a_measurement_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match=r"canvas=\(6, 7\)"):
        measure(SeparateHistory, (6, 7))
    with pytest.raises(ValueError, match="must follow each other"):
        measure(SeparateHistory, orders=[2, 4, 6, 8, 10, 12])


class Deaf(torch.nn.Module):
    """A mutant: it does not hear the oldest state."""

    def __init__(self, inputs, outputs, order):
        super().__init__()
        self.history = SeparateHistory(inputs, outputs, order, boundary="circular")

    def forward(self, states):
        return self.history([*states[:-1], torch.zeros_like(states[-1])])


def test_a_state_that_is_not_heard_is_reported():
    with pytest.raises(ValueError, match="sees nothing of a state"):
        measure(Deaf)


def test_flattened_reads_row_by_row():
    history = Flattened(1, 1, 2, canvas=(2, 3)).double()
    states = many(2, 1, 1, 2, 3)
    weights = [weight.detach().numpy() for weight in history.parameters()]
    expected = sum(w @ h.numpy().ravel() for w, h in zip(weights, states, strict=True))
    assert_close(history(states).detach().flatten(), torch.from_numpy(expected))


def test_a_shift_invariant_matrix_ctt_eq_4_is_a_convolution_ctt_eq_7():
    # ctt-eq-4, ctt-eq-7
    """Averaged over all shifts, a matrix on a circle is one kernel for all pixels."""
    matrix, h = normal(7, 7), normal(1, 7, seed=1)
    shared = sum(matrix.roll((s, s), (0, 1)) for s in range(7)) / 7
    assert_close(linear([shared], [h.roll(2, 1)]), linear([shared], [h]).roll(2, 1))
    kernel = shared[3].reshape(1, 1, 1, 7)  # pixel 3 reads pixels 0 … 6: offsets -3 … 3
    expected = separate([kernel], [h.reshape(1, 1, 1, 7)], "circular")
    assert_close(linear([shared], [h]).flatten(), expected.flatten())
