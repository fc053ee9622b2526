"""Formulas against what PyTorch executes and stores."""

import math

import pytest
import sympy
import torch
import torch.nn.functional as F
from torch import nn

from stlib import cost
from stlib.tensor_train import (
    classic_tensor_train,
    compose,
    direct,
    hybrid,
    kernels,
    recursive,
)
from tests.test_tensor_train import RANKS, history


@pytest.mark.parametrize("axes", [1, 2])
@pytest.mark.parametrize("order", range(1, 6))
@pytest.mark.parametrize("k", [1, 3, 5])
def test_macs_equal_those_that_torch_counts(order, k, axes):
    cores, states = history(order, (1, k) if axes == 1 else k)
    ranks, pixels = RANKS[: order + 1], 2 * 13 * 11
    building = cost.building_macs(k, ranks, axes)
    applying = cost.direct_macs(k, ranks, pixels, axes)
    assert cost.macs(kernels, cores) == building
    assert cost.macs(direct, cores, states) == applying + building
    assert cost.macs(recursive, cores, states) == cost.recursive_macs(k, ranks, pixels, axes)


@pytest.mark.parametrize("axes", [1, 2])
@pytest.mark.parametrize(("order", "n"), [(o, n) for o in range(1, 6) for n in range(1, o + 1)])
def test_ctt_eq_18_macs_of_the_hybrid_equal_those_that_torch_counts(order, n, axes):
    # ctt-eq-18
    cores, states = history(order, (1, 3) if axes == 1 else 3)
    ranks, pixels = RANKS[: order + 1], 2 * 13 * 11
    building = cost.building_macs(3, ranks[: n + 1], axes)
    applying = cost.hybrid_macs(3, ranks, pixels, n, axes)
    assert cost.macs(hybrid, cores, states, n) == applying + building


def test_the_hybrid_lies_between_the_two_algorithms():
    ranks = (128, 8, 8, 8, 8)
    counts = [cost.hybrid_macs(5, ranks, 1, n) for n in range(1, 5)]
    assert counts == sorted(set(counts))
    assert counts[0] == cost.recursive_macs(5, ranks, 1)
    assert counts[-1] == cost.direct_macs(5, ranks, 1)
    for n in (0, 5):
        with pytest.raises(ValueError, match=f"{n=}"):
            cost.hybrid_macs(5, ranks, 1, n)


@pytest.mark.parametrize("axes", [1, 2])
def test_parameters_are_the_numbers_stored(axes):
    shape = (1, 5) if axes == 1 else (5, 5)
    cores, _ = history(4, shape)
    assert cost.core_parameters(5, RANKS[:5], axes) == sum(g.numel() for g in cores)
    assert cost.kernel_parameters(5, RANKS[:5], axes) == sum(g.numel() for g in kernels(cores))
    assert cost.kernel_size(4, 5) == kernels(cores)[-1].shape[-1]


def test_orders_are_three_and_one_in_n():
    """Symbolic width and rank: sums of N terms are polynomials in N of degree 3 and 1."""
    k, c, n = sympy.symbols("k c n", positive=True)
    points = [(order, (c,) * (order + 1)) for order in range(1, 7)]
    cubic = sympy.interpolate([(o, cost.direct_macs(k, r, 1)) for o, r in points], n)
    linear = sympy.interpolate([(o, cost.recursive_macs(k, r, 1)) for o, r in points], n)
    assert sympy.degree(cubic, n) == 3
    assert sympy.degree(linear, n) == 1
    assert sympy.simplify(cubic.coeff(n, 3) - c**2 * (k - 1) ** 2 / 3) == 0


def test_the_two_never_cross_while_no_rank_exceeds_the_outputs():
    """And the hypothesis is needed: one output behind ranks of 8."""
    thin = (1, 8, 8)
    assert cost.direct_macs(5, thin, 1) < cost.recursive_macs(5, thin, 1)
    for k in (3, 5, 7):
        for ranks in [(128, *[8] * 8), (4, *[4] * 8), (1, *[1] * 8)]:
            for order in range(2, 9):
                used = ranks[: order + 1]
                assert cost.direct_macs(k, used, 1) > cost.recursive_macs(k, used, 1)
            assert cost.direct_macs(k, ranks[:2], 1) == cost.recursive_macs(k, ranks[:2], 1)


def test_parameters_and_macs_of_a_module():
    layer = nn.Conv2d(3, 8, 5, padding=2)
    assert cost.parameters(layer) == 8 * 3 * 25 + 8
    assert cost.parameters(nn.Sequential(layer, layer).requires_grad_(False)) == 8 * 3 * 25 + 8
    assert cost.macs(layer, torch.zeros(2, 3, 10, 12)) == 2 * 10 * 12 * 8 * 3 * 25


def test_building_counts_each_composition_with_its_padding():
    cores, _ = history(3, 3)
    assert cost.macs(compose, cores[0], cores[1]) == 5 * 5 * 3 * 3 * 4 * 3 * 2


@pytest.mark.parametrize("rank", [1, 2, 5, 8, 40])
@pytest.mark.parametrize(
    ("k", "outputs", "inputs"),
    [(3, (4, 2), (2, 3)), (5, (4, 2), (4, 2)), (1, (3,), (2,)), (3, (2, 2, 2), (1, 3, 1))],
)
def test_a_classic_train_stores_as_many_numbers_as_its_factors_hold(k, outputs, inputs, rank):
    channels = [math.prod(outputs), math.prod(inputs)]
    kernel = torch.randn(*channels, k, k, generator=torch.Generator().manual_seed(0))
    factors = classic_tensor_train(kernel.double(), outputs, inputs, rank)
    stored = sum(factor.numel() for factor in factors)
    assert cost.classic_parameters(k, outputs, inputs, rank) == stored


def test_a_classic_train_of_full_rank_stores_more_than_the_kernel():
    """The two cores of Conv-TT-LSTM at the paper's sizes, counted by hand."""
    small, large = (5, (4, 2), (4, 2)), (5, (16, 8), (4, 2))
    assert cost.classic_parameters(*small, 8) == 25 * 8 + 8 * 16 * 4 + 4 * 4 < 25 * 8 * 8
    assert cost.classic_parameters(*small, 99) == 25 * 25 + 25 * 16 * 4 + 4 * 4 > 25 * 8 * 8
    assert cost.classic_parameters(*large, 8) == 25 * 8 + 8 * 64 * 8 + 8 * 16 < 25 * 128 * 8
    assert cost.classic_parameters(*large, 99) == 25 * 25 + 25 * 64 * 16 + 16 * 16 > 25 * 128 * 8


@pytest.mark.parametrize(
    ("outputs", "inputs", "rank", "says"),
    [((4, 2), (4,), 8, "as many"), ((), (), 8, "1 at least"), ((4,), (4,), 0, "rank=0")],
)
def test_what_is_no_train_is_named(outputs, inputs, rank, says):
    with pytest.raises(ValueError, match=says):
        cost.classic_parameters(5, outputs, inputs, rank)


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_attention_is_two_products_wherever_it_runs(device):
    query, key = torch.zeros(2, 3, 5, 4, device=device), torch.zeros(2, 3, 7, 4, device=device)
    products = 2 * 3 * 5 * 7 * 4 * 2
    assert cost.macs(F.scaled_dot_product_attention, query, key, key) == products


def test_attention_is_counted_backward_too():
    query, key = (torch.ones(2, 3, n, 4, requires_grad=True) for n in (5, 7))
    product = 2 * 3 * 5 * 7 * 4
    said = F.scaled_dot_product_attention(query, key, key).sum()
    assert cost.macs(said.backward) == 5 * product  # one anew, and four by the product rule
