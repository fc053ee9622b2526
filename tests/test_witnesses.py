"""The witnesses let the true proof stand, and refute three wrong ones."""

import pytest
import torch
import torch.nn.functional as F

from stlib import tensor_train
from stlib.witnesses import Induction, composition, impulse_response, induction, invariant
from stlib.witnesses import history as draw
from tests.test_tensor_train import history, relative

EQUAL_RANKS = (3, 3, 3, 3, 3, 3)  # so that a swapped core still fits
CASES = [(order, k) for order in range(1, 6) for k in (1, 3, 5, 7)]


def unflipped(outer, inner):
    """The mistake: correlate the kernels instead of convolving them."""
    full = (inner.shape[2] - 1, inner.shape[3] - 1)
    return F.conv2d(outer, inner.transpose(0, 1), padding=full)


def unflipped_kernels(cores):
    return tensor_train.kernels(cores, unflipped)


def swapped_kernels(cores):
    """The mistake: the last two cores in the wrong order."""
    return tensor_train.kernels([*cores[:-2], *reversed(cores[-2:])])


def swapped_recursion(cores, states, boundary):
    return tensor_train.recursive([*cores[:-2], *reversed(cores[-2:])], states, boundary)


def shifted_recursion(cores, states, boundary):
    """The mistake: every core meets the state one step too old."""
    return tensor_train.recursive(cores, [*states[1:], states[0]], boundary)


@pytest.mark.parametrize("boundary", ["full", "circular"])
@pytest.mark.parametrize(("order", "k"), CASES)
def test_every_step_stands_ctt_eq_18(order, k, boundary):
    # ctt-eq-18
    cores, states = history(order, k, 9, 8)
    assert max(impulse_response(cores)) < 1e-12
    residuals = invariant(cores, states, boundary)
    assert len(residuals) == order + 1
    assert max(residuals) < 1e-10
    if order > 1:
        assert composition(cores[0], cores[1], states[1], boundary) < 1e-12


@pytest.mark.parametrize(("order", "k"), [(n, k) for n, k in CASES if n > 1 and k > 1])
def test_an_unflipped_kernel_is_refuted_at_every_step(order, k):
    cores, states = history(order, k, 9, 8)
    assert composition(cores[0], cores[1], states[1], compose=unflipped) > 0.1
    assert max(impulse_response(cores, unflipped_kernels)) > 0.1
    assert max(invariant(cores, states, kernels=unflipped_kernels)) > 0.1


def test_one_core_or_one_tap_cannot_reveal_the_flip():
    for order, k in [(1, 5), (4, 1)]:
        cores, states = history(order, k, 9, 8)
        assert max(impulse_response(cores, unflipped_kernels)) < 1e-12
        assert max(invariant(cores, states, kernels=unflipped_kernels)) < 1e-12


@pytest.mark.parametrize(("order", "k"), [(n, k) for n, k in CASES if n > 1])
def test_swapped_cores_are_refuted_at_every_step(order, k):
    cores, states = history(order, k, 9, 8, EQUAL_RANKS)
    wrong = tensor_train.compose(cores[1], cores[0])
    assert composition(cores[0], cores[1], states[1], compose=lambda *_: wrong) > 0.1
    assert max(impulse_response(cores, swapped_kernels)) > 0.1
    assert max(invariant(cores, states, kernels=swapped_kernels)) > 0.1
    assert max(invariant(cores, states, recursive=swapped_recursion)) > 0.1


@pytest.mark.parametrize(("order", "k"), [(n, k) for n, k in CASES if n > 1])
def test_a_shifted_index_is_refuted_ctt_eq_16(order, k):
    # ctt-eq-16
    cores, states = history(order, k, 9, 8, EQUAL_RANKS)
    assert max(impulse_response(cores, lambda g: tensor_train.kernels(g)[1:] + g[:1])) > 0.1
    assert max(invariant(cores, states, recursive=shifted_recursion)) > 0.1


def test_zero_padding_breaks_the_invariant_but_not_its_start():
    cores, states = history(3, 3, 9, 8)
    start, *rest = invariant(cores, states, "zero")
    assert start < 1e-12
    assert min(rest) > 0.01


def test_printed_ctt_eq_20_and_ctt_eq_22_do_not_hold():
    # ctt-eq-20, ctt-eq-22
    """H(N)+H(N) in place of V(N)+H(N), and G(N-1) in place of G(N), as printed."""
    cores, states = history(4, 3, 9, 8, EQUAL_RANKS)
    states = tensor_train.enlarge(cores, states)
    built = tensor_train.kernels(cores)

    def side(last):
        head = sum(tensor_train.correlate(h, k) for h, k in zip(states[:3], built, strict=False))
        return head + tensor_train.correlate(last, built[3])

    phi = tensor_train.direct(cores, states)
    v, h = torch.zeros_like(states[3]), states[3]
    assert relative(side(v + h), phi) < 1e-12
    assert relative(side(h + h), phi) > 0.5
    assert relative(tensor_train.compose(built[2], cores[3]), built[3]) < 1e-12
    assert relative(tensor_train.compose(built[2], cores[2]), built[3]) > 0.5


@pytest.mark.parametrize("boundary", ["full", "circular"])
def test_induction_ctt_eq_19_ctt_eq_20_ctt_eq_21_ctt_eq_22_ctt_eq_23_ctt_eq_24_ctt_eq_25(boundary):
    # ctt-eq-19, ctt-eq-20, ctt-eq-21, ctt-eq-22, ctt-eq-23, ctt-eq-24, ctt-eq-25
    """The chain from n to n - 1, each equality on its own, for every n."""
    cores, states = history(5, 3, 9, 8)
    for n in range(5, 0, -1):
        assert max(induction(cores, states, n, boundary)) < 1e-12


def test_only_the_regrouping_needs_the_hypothesis():
    cores, states = history(3, 3, 9, 8)
    step = induction(cores, states, 2, "zero")
    assert step.regrouping > 0.01
    assert max(step._replace(regrouping=0.0)) < 1e-12


def test_each_equality_of_the_induction_can_fail():
    """Three mistakes and a layer that is not linear; each shows where it is made, for every n."""
    cores, states = history(4, 3, 9, 8, EQUAL_RANKS)
    steps = range(4, 0, -1)

    def broken(name, n, **claim):
        return getattr(induction(cores, states, n, **claim), name) > 0.1

    assert [broken("unfolding", n, kernels=unflipped_kernels) for n in steps] == [1, 1, 1, 0]
    assert [broken("unfolding", n, kernels=swapped_kernels) for n in steps] == [1, 1, 0, 0]
    assert [broken("recursion", n, recursive=swapped_recursion) for n in steps] == [0, 1, 0, 0]
    assert [broken("recursion", n, recursive=shifted_recursion) for n in steps] == [0, 1, 1, 1]

    def affine(x, kernel, boundary):
        return tensor_train.correlate(x, kernel, boundary) + 1

    assert all(induction(cores, states, n, correlate=affine).linearity > 1e-6 for n in steps)


def test_a_claim_that_returns_no_number_is_refuted_and_zeros_are_equal():
    cores, states = history(3, 3, 9, 8)

    def undefined(*claim):
        return tensor_train.recursive(*claim) * float("nan")

    assert max(invariant(cores, states, recursive=undefined)) == float("inf")
    nothing = [torch.zeros_like(g) for g in cores]
    assert invariant(nothing, states) == [0.0] * 4
    assert induction(nothing, states, 2) == Induction(0.0, 0.0, 0.0, 0.0)


def test_a_claim_of_another_shape_is_refuted():
    (outer, inner), (_, x) = history(2, 3, 9, 8)
    assert composition(
        outer, inner, x, compose=lambda a, b: tensor_train.compose(a, b)[:1]
    ) == float("inf")


@pytest.mark.parametrize("n", [0, 3])
def test_induction_names_a_step_that_is_not_there(n):
    cores, states = history(2, 3)
    with pytest.raises(ValueError, match=f"n={n}: must lie between 1 and the order, 2"):
        induction(cores, states, n)


def test_history_draws_what_was_asked_for_and_the_same_for_the_same_seed():
    cores, states = draw((3, 5), (2, 1, 4), (6, 7), batch=2)
    assert [tuple(g.shape) for g in cores] == [(2, 1, 3, 5), (1, 4, 3, 5)]
    assert [tuple(h.shape) for h in states] == [(2, 1, 6, 7), (2, 4, 6, 7)]
    again, other = (draw((3, 5), (2, 1, 4), (6, 7), seed=seed)[0] for seed in (0, 1))
    assert torch.equal(cores[0], again[0])
    assert not torch.equal(cores[0], other[0])


@pytest.mark.parametrize(
    ("k", "ranks", "says"),
    [(3, (2,), r"ranks=\(2,\)"), (3, (2, 0), r"ranks=\(2, 0\)"), (4, (2, 1), "k=4: .* odd")],
)
def test_history_names_bad_input(k, ranks, says):
    with pytest.raises(ValueError, match=says):
        draw(k, ranks, (4, 4))
