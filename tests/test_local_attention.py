"""Local attention against loops over every place of the window, and what it holds in memory."""

from inspect import unwrap

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from stlib.cells import LocalAttention
from stlib.cells.local_attention import _mean
from stlib.cost import macs, parameters
from tests.drawn import filled, normal
from tests.loops import mapped, numpy


def by_loops(module, x):
    """Every pixel, every place of its window: beyond the border a logit of 0 and a value of 0."""
    q, k, v = np.split(mapped(module.maps, numpy(x)), 3, axis=1)
    said = np.zeros_like(v)
    low, high = -(module.window // 2), module.window - module.window // 2
    batch, _, height, width = x.shape
    for b, r, s in np.ndindex(batch, height, width):
        logits, values = [], []
        for row in range(r + low, r + high):
            for column in range(s + low, s + high):
                within = 0 <= row < height and 0 <= column < width
                logits.append(q[b, :, r, s] @ k[b, :, row, column] if within else 0.0)
                values.append(v[b, :, row, column] if within else np.zeros(v.shape[1]))
        weights = np.exp(np.array(logits) - max(logits))
        said[b, :, r, s] = weights @ np.array(values) / weights.sum()
    return torch.from_numpy(said)


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 3), st.integers(1, 7), st.integers(1, 6), st.integers(1, 5),
       st.integers(1, 5), st.integers(0, 99))  # fmt: skip
def test_every_pixel_by_loops(channels, window, chunk, height, width, seed):
    module = filled(LocalAttention(channels, window, chunk), seed)
    x = normal(2, channels, height, width, seed=seed + 9)
    assert_close(module(x), by_loops(module, x), rtol=0, atol=1e-12)


def test_the_papers_window_reaches_from_15_before_to_14_behind():
    """A map of one row: which pixels see its first and its last."""
    module, x = filled(LocalAttention(1)), normal(1, 1, 1, 17)
    assert_close(module(x), by_loops(module, x), rtol=0, atol=1e-12)
    other = x.clone()
    other[..., 0] += 1
    assert (module(other) != module(x)).flatten().tolist() == [True] * 16 + [False]
    other = x.clone()
    other[..., -1] += 1
    assert (module(other) != module(x)).flatten().tolist() == [False] * 2 + [True] * 15


def test_outside_places_take_their_share():
    """Equal logits: each of the four pixels of a 2x2 map has 1/900, and the rest is zero."""
    module = LocalAttention(1).double()
    with torch.no_grad():
        module.maps.weight.copy_(torch.tensor([0.0, 0.0, 900.0]).reshape(3, 1, 1, 1))
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]]).double()[None, None]
    assert_close(module(x), torch.full_like(x, 10.0))


@pytest.mark.parametrize("chunk", [1, 2, 5, 16, 40])
def test_a_chunk_changes_neither_result_nor_gradient(chunk):
    whole, tiled = filled(LocalAttention(2, 6, 99)), filled(LocalAttention(2, 6, chunk))
    x = normal(2, 2, 9, 7).requires_grad_()
    results = []
    for module in (whole, tiled):
        y = module(x)
        results.append([y, *torch.autograd.grad(y.square().sum(), [x, module.maps.weight])])
    for ours, theirs in zip(*results, strict=True):
        assert_close(ours, theirs, rtol=0, atol=1e-11)
    with torch.no_grad():
        assert_close(tiled(x), results[0][0], rtol=0, atol=1e-12)


class Largest(TorchDispatchMode):
    """Remembers how many numbers the largest tensor has that any operation makes."""

    numbers = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        sizes = [each.numel() for each in tree_leaves(made) if isinstance(each, torch.Tensor)]
        self.numbers = max([self.numbers, *sizes])
        return made


@pytest.mark.parametrize("chunk", [4, 8])
def test_no_tensor_is_larger_than_a_tile_and_none_of_them_is_kept(chunk):
    """Forward and backward, on a map whose whole attention would be (48·48)² numbers."""
    window, side, kept = 10, 48, []
    module, x = LocalAttention(2, window, chunk), torch.rand(2, 2, side, side, requires_grad=True)

    def keep(tensor):
        kept.append(tensor.untyped_storage())
        return tensor

    with (
        Largest() as largest,
        torch.autograd.graph.saved_tensors_hooks(keep, lambda kept_: kept_),
    ):
        y = module(x)
        y.square().sum().backward()
    tile = chunk**2 * ((chunk + window - 1) ** 2 + 1)
    assert largest.numbers <= 2 * max(tile, 3 * 2 * side**2)
    assert largest.numbers < side**4 / 100
    assert max(storage.nbytes() for storage in kept) <= 4 * 2 * 3 * 2 * side**2


def test_with_one_query_at_a_time_the_products_are_those_of_the_window():
    """The paper's Germany: 78.4G in six layers and seven steps, which its profiler cannot see."""
    channels, window, side = 3, 5, 7
    x = torch.zeros(2, channels, side, side, device="meta")
    reach = [min(r + 2, side - 1) - max(r - 2, 0) + 1 for r in range(side)]
    within = sum(reach) ** 2
    maps = 3 * channels**2 * side**2
    with torch.device("meta"):
        counted = {chunk: macs(LocalAttention(channels, window, chunk), x) for chunk in (1, 2, 9)}
    assert counted[1] == 2 * (maps + 2 * channels * within)
    assert counted[9] == 2 * (maps + 2 * channels * side**4)
    assert counted[1] < counted[2] < counted[9]
    assert pytest.approx(78.4e9, abs=5e7) == 6 * 7 * 2 * 32 * 900 * 180**2


def test_gradcheck_and_parameters():
    module, x = filled(LocalAttention(2, 4, 2)), normal(1, 2, 3, 4).requires_grad_()
    assert torch.autograd.gradcheck(module, [x], fast_mode=True)
    assert parameters(module) == 3 * 4


def test_bfloat16_and_autocast_stay_near():
    module, x = filled(LocalAttention(3, 6, 2)).float(), normal(2, 3, 5, 5).float()
    exact = module(x)
    with torch.autocast("cpu", torch.bfloat16):
        rough = module(x)
    assert rough.dtype == torch.bfloat16
    assert 0 < (rough - exact).abs().max() < 0.05
    assert module.bfloat16()(x.bfloat16()).dtype == torch.bfloat16


@pytest.mark.parametrize("sizes", [(0, 3, 3), (1, 0, 3), (1, 3, 0)])
def test_a_number_below_1_is_named(sizes):
    with pytest.raises(ValueError, match=r"channels=\d+, window=\d+, chunk=\d+: all must"):
        LocalAttention(*sizes)


def test_the_mean_of_a_tile_by_hand():
    """Logits 0 and log 3, one far key, and 4 places outside: weights 1/8, 3/8, 0, and 4/8."""
    q = torch.ones(1, 1, 1).double()
    k = torch.tensor([[[0.0, np.log(3), 5.0]]]).double()
    v = torch.tensor([[[8.0, 16.0, 99.0]]]).double()
    near, outside = torch.tensor([[True, True, False]]), torch.tensor([4])
    assert_close(unwrap(_mean)(q, k, v, near, outside), torch.full((1, 1, 1), 7.0).double())
