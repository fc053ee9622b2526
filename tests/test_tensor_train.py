"""Both algorithms against NumPy polynomials, SciPy, loops, autograd and each other."""

from inspect import unwrap

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import convolve2d
from torch.testing import assert_close

from stlib import witnesses
from stlib.tensor_train import (
    classic_kernel,
    classic_tensor_train,
    compose,
    correlate,
    direct,
    enlarge,
    hybrid,
    kernels,
    reach,
    recursive,
    ring_width,
)

RANKS = (4, 3, 2, 5, 1, 2)  # C(0) … C(5), unequal on purpose


def history(order, k, height=13, width=11, ranks=RANKS, seed=0, requires_grad=False):
    """Random cores and states; `k` is one width or (height, width)."""
    cores, states = witnesses.history(k, ranks[: order + 1], (height, width), batch=2, seed=seed)
    for x in cores + states:
        x.requires_grad_(requires_grad)
    return cores, states


def relative(a, b):
    return float((a - b).abs().max() / b.abs().max())


def interior(x, width):
    """What lies at least `width` pixels from every edge."""
    return x[..., width : x.shape[-2] - width, width : x.shape[-1] - width]


orders = st.integers(1, 5)
odd = st.sampled_from([1, 3, 5, 7])
ranks = st.lists(st.integers(1, 4), min_size=6, max_size=6)


def test_compose_multiplies_polynomials():
    outer, inner = [1.0, 2.0, 3.0], [4.0, 5.0, 6.0]
    rows = [torch.tensor(row, dtype=torch.float64).reshape(1, 1, 1, 3) for row in (outer, inner)]
    assert compose(*rows).flatten().tolist() == np.polymul(outer, inner).tolist()


def test_compose_equals_scipy_channel_by_channel():
    (outer, inner), _ = history(2, 5)
    built = compose(outer, inner)
    for o in range(outer.shape[0]):
        for d in range(inner.shape[1]):
            expected = sum(
                convolve2d(outer[o, c].numpy(), inner[c, d].numpy()) for c in range(inner.shape[0])
            )
            assert_close(built[o, d], torch.from_numpy(expected), rtol=0, atol=1e-12)


def test_correlate_slides_without_flipping():
    x = torch.tensor([0.0, 0, 1, 0, 0], dtype=torch.float64).reshape(1, 1, 1, 5)
    k = torch.tensor([1.0, 2, 3], dtype=torch.float64).reshape(1, 1, 1, 3)
    assert correlate(x, k).flatten().tolist() == [0, 3, 2, 1, 0]
    assert correlate(x, k, "full").flatten().tolist() == [0, 0, 3, 2, 1, 0, 0]
    assert correlate(x.roll(2, -1), k, "circular").flatten().tolist() == [1, 0, 0, 3, 2]


def test_correlate_circular_when_the_kernel_is_wider_than_the_canvas():
    x, k = torch.randn(1, 1, 1, 4).double(), torch.randn(1, 1, 1, 11).double()
    expected = [
        sum(float(k[..., 0, j]) * float(x[..., 0, (p + j - 5) % 4]) for j in range(11))
        for p in range(4)
    ]
    assert correlate(x, k, "circular").flatten().tolist() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("order", range(1, 6))
@pytest.mark.parametrize("k", [1, 3, 5])
def test_kernels_ctt_eq_8_ctt_eq_15_every_path_through_the_ranks(order, k):
    # ctt-eq-8, ctt-eq-15
    """The definition: a sum over all rank indices of convolved chains, here by brute force."""
    cores, _ = history(order, k)
    built = kernels(cores)[-1]
    o, d = 1, 0
    total = 0.0
    for path in np.ndindex(*RANKS[1:order]):
        chain = np.ones((1, 1))
        for i, core in enumerate(cores):
            row = o if i == 0 else path[i - 1]
            column = d if i == order - 1 else path[i]
            chain = convolve2d(chain, core[row, column].numpy())
        total = total + chain
    assert built.shape == (4, RANKS[order], order * (k - 1) + 1, order * (k - 1) + 1)
    assert_close(built[o, d], torch.from_numpy(total), rtol=1e-10, atol=1e-10)


def test_kernels_ctt_eq_17_one_step_at_a_time():
    # ctt-eq-17
    cores, _ = history(4, 3)
    built = kernels(cores)
    for i in range(1, 4):
        assert_close(built[i], compose(built[i - 1], cores[i]), rtol=0, atol=0)
    assert built[0] is cores[0]


def test_direct_ctt_eq_9_ctt_eq_14_as_loops():
    # ctt-eq-9, ctt-eq-14
    cores, states = history(3, 3, height=6, width=5, ranks=(2, 2, 1, 2))
    phi = direct(cores, states)
    expected = np.zeros(phi.shape)
    for kernel, h in zip(kernels(cores), states, strict=True):
        r = kernel.shape[-1] // 2
        for b, o, y, x in np.ndindex(*phi.shape):
            for c, dy, dx in np.ndindex(*kernel.shape[1:]):
                row, column = y + dy - r, x + dx - r
                if 0 <= row < 6 and 0 <= column < 5:
                    expected[b, o, y, x] += float(kernel[o, c, dy, dx] * h[b, c, row, column])
    assert_close(phi, torch.from_numpy(expected), rtol=0, atol=1e-11)


def test_recursive_ctt_eq_16_ctt_alg_2_written_out_for_three():
    # ctt-eq-16, ctt-alg-2
    (g1, g2, g3), (h1, h2, h3) = history(3, 5)
    nested = F.conv2d(h1 + F.conv2d(h2 + F.conv2d(h3, g3, padding=2), g2, padding=2), g1, padding=2)
    assert_close(recursive((g1, g2, g3), (h1, h2, h3)), nested, rtol=0, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(orders, odd, ranks, st.sampled_from(["full", "circular"]), st.integers(0, 99))
def test_ctt_alg_1_equals_ctt_alg_2_where_nothing_is_lost(order, k, ranks, boundary, seed):
    # ctt-alg-1, ctt-alg-2
    cores, states = history(order, k, 6, 7, ranks, seed)
    assert relative(recursive(cores, states, boundary), direct(cores, states, boundary)) < 1e-10


@pytest.mark.parametrize("boundary", ["full", "circular", "zero"])
@pytest.mark.parametrize("order", range(1, 6))
def test_ctt_alg_1_and_ctt_alg_2_have_the_same_gradients(order, boundary):
    # ctt-alg-1, ctt-alg-2
    """Everywhere when nothing is lost; under zero padding when only the interior is read."""
    cores, states = history(order, 3, requires_grad=True)
    down, _ = ring_width(cores)
    torch.manual_seed(1)
    gradients = []
    for algorithm in (direct, recursive):
        phi = algorithm(cores, states, boundary)
        read = interior(phi, down) if boundary == "zero" else phi
        torch.manual_seed(1)
        gradients.append(torch.autograd.grad((read * torch.randn_like(read)).sum(), cores + states))
    for ours, theirs in zip(*gradients, strict=True):
        assert relative(ours, theirs) < 1e-10


@settings(max_examples=40, deadline=None)
@given(orders, st.sampled_from([3, 5]), st.integers(0, 99))
def test_zero_padding_differs_exactly_in_the_ring(order, k, seed):
    cores, states = history(order, k, 23, 21, seed=seed)
    width = (order - 1) * (k - 1) // 2
    assert ring_width(cores) == (width, width)
    phi, nested = direct(cores, states), recursive(cores, states)
    inside = interior(phi, width)
    assert relative(interior(nested, width), inside) < 1e-10
    difference = (phi - nested).abs().amax((0, 1))
    outside = torch.ones_like(difference, dtype=torch.bool)
    interior(outside, width)[:] = False
    assert bool((difference[outside] > 1e-6 * phi.abs().max()).all())


def test_the_ring_ignores_the_last_core_and_each_axis_has_its_own():
    cores, states = history(3, (3, 5))
    cores[2] = torch.randn(2, 5, 1, 1).double()
    states[2] = torch.randn(2, 5, 13, 11).double()
    assert ring_width(cores) == (2, 4)
    assert reach(cores) == (2, 4)
    cores, states = history(2, (5, 1))
    assert ring_width(cores) == (2, 0)
    assert reach(cores) == (4, 0)
    difference = (direct(cores, states) - recursive(cores, states)).abs().amax((0, 1))
    assert (difference.amax(1) > 1e-6).nonzero().flatten().tolist() == [0, 1, 11, 12]


@settings(max_examples=40, deadline=None)
@given(orders, odd, ranks, st.sampled_from(["circular", "full"]), st.integers(0, 2**20))
def test_hybrid_ctt_eq_18_at_every_n_where_nothing_is_lost(order, k, ranks, boundary, seed):
    cores, states = history(order, k, ranks=ranks, seed=seed)
    phi = direct(cores, states, boundary)
    for n in range(1, order + 1):
        assert relative(hybrid(cores, states, n, boundary), phi) < 1e-12


@pytest.mark.parametrize("k", [3, 5])
def test_hybrid_with_zero_padding_loses_only_what_is_written_by_the_older_cores(k):
    """The recursion stops at V(n): the ring is that of the cores G(n+1) … G(N), carried on."""
    order, wide = 4, k // 2
    cores, states = history(order, k, 40, 40)
    exact = direct(cores, states)
    for n in range(1, order + 1):
        gap = (hybrid(cores, states, n) - exact).abs().amax(dim=(0, 1)) / exact.abs().max()
        ring = 0 if n == order else (order - 1) * wide
        assert interior(gap, ring).max() < 1e-14
        if n < order:
            assert gap[ring - 1].max() > 1e-6
    assert torch.equal(hybrid(cores, states, 1), recursive(cores, states))
    assert torch.equal(hybrid(cores, states, order), exact)


def test_the_smallest_example_reads_three_and_two():
    ones = torch.ones(1, 1, 1, 3)
    nothing, impulse = torch.zeros(1, 1, 1, 7), F.one_hot(torch.tensor(0), 7).float()
    states = (nothing, impulse.reshape(1, 1, 1, 7))
    assert direct((ones, ones), states)[..., 0].item() == 3
    assert recursive((ones, ones), states)[..., 0].item() == 2


@pytest.mark.parametrize("k", [3, (5, 1), (1, 3)])
def test_full_is_the_middle_of_any_larger_canvas(k):
    cores, states = history(3, k, 5, 4)
    down, right = reach(cores)
    larger = [F.pad(h, (right + 2, right + 2, down + 2, down + 2)) for h in states]
    assert_close(interior(direct(cores, larger), 2), direct(cores, states, "full"))
    assert enlarge(cores, states)[0].shape[-2:] == (5 + 2 * down, 4 + 2 * right)


@pytest.mark.parametrize("boundary", ["zero", "circular", "full"])
@pytest.mark.parametrize("algorithm", [direct, recursive])
def test_both_run_forward_and_backward_on_meta(algorithm, boundary):
    """No tensor is made on another device than the input's: so it runs on any."""
    cores, states = ([x.to("meta").requires_grad_() for x in part] for part in history(3, 3))
    phi = algorithm(cores, states, boundary)
    slopes = torch.autograd.grad(phi.sum(), cores + states)
    assert phi.is_meta
    assert [slope.shape for slope in slopes] == [x.shape for x in cores + states]


@pytest.mark.parametrize("k", [3, 5])
def test_gradcheck(k):
    cores, states = history(2, k, 4, 4, ranks=(2, 1, 2), requires_grad=True)
    for algorithm in (direct, recursive):
        assert torch.autograd.gradcheck(
            lambda g1, g2, h1, h2, run=algorithm: run((g1, g2), (h1, h2)), (*cores, *states)
        )


def test_ctt_eq_13_full_rank_is_exact_and_error_falls_with_rank():
    # ctt-eq-13
    torch.manual_seed(0)
    kernel = torch.randn(32, 12, 5, 5, dtype=torch.float64)
    errors = []
    for rank in (1, 4, 16, 64):
        factors = classic_tensor_train(kernel, (8, 4), (4, 3), rank)
        assert factors[0].shape[:2] == (5, 5)
        assert factors[-1].ndim == 3
        errors.append(float((classic_kernel(factors) - kernel).norm() / kernel.norm()))
    assert errors[-1] < 1e-12
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > 0.1


def test_ctt_eq_13_recovers_a_planted_train_and_sums_as_printed():
    # ctt-eq-13
    """Planted factors of rank 3; the sum is written with numpy's einsum, letter by letter."""
    draw = np.random.default_rng(0)
    g0, g1, g2 = (draw.normal(size=s) for s in [(3, 3, 3), (4, 2, 3, 3), (2, 3, 3)])
    printed = np.einsum("ija,tsab,uvb->tusvij", g0, g1, g2).reshape(8, 6, 3, 3)
    planted = classic_kernel([torch.from_numpy(g) for g in (g0, g1, g2)])
    assert_close(planted, torch.from_numpy(printed))
    again = classic_tensor_train(planted, (4, 2), (2, 3), rank=3)
    assert [tuple(g.shape) for g in again] == [(3, 3, 3), (4, 2, 3, 3), (2, 3, 3)]
    assert relative(classic_kernel(again), planted) < 1e-12


def test_ctt_eq_13_error_is_the_truncated_singular_values():
    # ctt-eq-13
    """With two factors a train is one SVD, whose error is known (Eckart and Young)."""
    torch.manual_seed(0)
    kernel = torch.randn(4, 6, 3, 3, dtype=torch.float64)
    values = torch.linalg.svdvals(kernel.permute(2, 3, 0, 1).reshape(9, 24))
    for rank in (1, 3, 6):
        error = (classic_kernel(classic_tensor_train(kernel, (4,), (6,), rank)) - kernel).norm()
        assert float(error) == pytest.approx(float(values[rank:].norm()), rel=1e-10)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda g, h: direct([], []), "no cores"),
        (lambda g, h: recursive(g, h[:1]), "1 states for 2 cores"),
        (lambda g, h: recursive(g[::-1], h), r"G\(2\) writes 4 channels, G\(1\) reads 2"),
        (lambda g, h: hybrid(g, h, 0), "direct=0, expected 1 to the order, 2"),
        (lambda g, h: hybrid(g, h, 3), "direct=3"),
        (lambda g, h: direct(g, [h[0], h[0]]), r"H\(2\) has 3 channels, G\(2\) reads 2"),
        (lambda g, h: direct(g, [h[0], h[1][..., :3]]), "must agree"),
        (lambda g, h: direct(g, [h[0], h[1][..., :3, :]]), "must agree"),
        (lambda g, h: direct(g, [h[0], h[1][:1]]), "must agree"),
        (lambda g, h: unwrap(correlate)(h[0], g[0], "reflect"), "boundary='reflect'"),
        (lambda g, h: correlate(h[1], g[0]), "x has 2 channels, the kernel reads 3"),
        (lambda g, h: correlate(h[0], g[0][..., :2]), "must be odd"),
        (lambda g, h: correlate(h[0], g[0][..., :2, :]), "must be odd"),
        (lambda g, h: compose(g[1], g[0]), "outer reads 2 channels, inner writes 4"),
        (lambda g, h: classic_tensor_train(g[0], (2, 3), (3, 1), 2), "multiply to 6"),
        (lambda g, h: classic_tensor_train(g[0], (4,), (3, 1), 2), "as many"),
        (lambda g, h: classic_tensor_train(g[0], (4,), (3,), 0), "rank=0"),
        (lambda g, h: classic_kernel([g[0][0]]), "1 factors"),
        (
            lambda g, h: classic_kernel([h[0][0], h[1][0, ..., :5]]),
            "factor 1 expects bond 5, .* gives 11",
        ),
    ],
)
def test_bad_input_is_named(call, says):
    """`unwrap` takes the tests' type checks off: most callers have none."""
    cores, states = history(2, 3, ranks=(4, 3, 2))
    with pytest.raises(ValueError, match=says):
        call(cores, states)
