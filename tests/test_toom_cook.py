"""Toom's and Cook's layer against PyTorch's, and its multiplications counted."""

from inspect import unwrap

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from stlib.cost import macs
from stlib.toom_cook import toom_cook


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).double()


@settings(max_examples=25, deadline=None)
@given(
    st.tuples(st.integers(1, 2), st.integers(1, 3), st.integers(1, 11), st.integers(1, 11)),
    st.integers(1, 3),
    st.sampled_from([1, 3, 5]),
    st.booleans(),
    st.integers(0, 99),
)
def test_it_is_the_layer_of_torch(shape, outputs, side, biased, seed):
    x, kernel = normal(*shape, seed=seed), normal(outputs, shape[1], side, side, seed=seed + 1)
    bias = normal(outputs, seed=seed + 2) if biased else None
    assert_close(
        toom_cook(x, kernel, bias),
        F.conv2d(x, kernel, bias, padding=side // 2),
        rtol=0,
        atol=1e-12,
    )


def test_its_gradients_too():
    inputs = [normal(2, 3, 9, 6).requires_grad_(), normal(4, 3, 5, 5).requires_grad_()]
    weight = normal(2, 4, 9, 6, seed=7)
    ours = torch.autograd.grad((toom_cook(*inputs) * weight).sum(), inputs)
    theirs = torch.autograd.grad((F.conv2d(*inputs, padding=2) * weight).sum(), inputs)
    assert_close(ours, theirs, rtol=0, atol=1e-11)


@pytest.mark.parametrize("side", [3, 5])
def test_float32_loses_what_the_docstring_says(side):
    x, kernel = normal(1, 32, 32, 32), normal(16, 32, side, side, seed=1)
    exact = F.conv2d(x, kernel, padding=side // 2)
    error = (toom_cook(x.float(), kernel.float()).double() - exact).norm() / exact.norm()
    assert 0 < error < 1e-5


def test_with_many_channels_it_multiplies_a_third_as_often():
    """64 products stand for 400; taking values and coming back costs the rest."""
    x, kernel = torch.zeros(1, 56, 64, 64), torch.zeros(192, 56, 5, 5)
    plainly = macs(lambda: F.conv2d(x, kernel, padding=2))
    tiles = 16 * 16
    assert macs(toom_cook, x, kernel) == (
        64 * tiles * 56 * 192 + 64**2 * tiles * 56 + 64 * 25 * 56 * 192 + 16 * 64 * tiles * 192
    )
    assert macs(toom_cook, x, kernel) < plainly / 3


def test_it_refuses_what_it_cannot_do():
    layer = unwrap(toom_cook)
    x, kernel = torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 3, 3)
    with pytest.raises(ValueError, match=r"\(7, 7\)"):
        layer(x, torch.zeros(1, 1, 7, 7))
    with pytest.raises(ValueError, match=r"\(3, 5\)"):
        layer(x, torch.zeros(1, 1, 3, 5))
    with pytest.raises(ValueError, match="bfloat16"):
        layer(x.bfloat16(), kernel.bfloat16())
    with torch.autocast("cpu", dtype=torch.bfloat16), pytest.raises(ValueError, match="autocast"):
        layer(x, kernel)
