"""The causal cell against torch's 3D convolution of the whole clip."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

from stlib.cells import CausalConv3d
from stlib.cells.causal_conv3d import Recent
from stlib.cost import parameters
from tests.drawn import normal


def filled(inputs, outputs, kernel, times, seed=0):
    """In float64, with weights and biases of our own."""
    cell = CausalConv3d(inputs, outputs, kernel, times).double()
    with torch.no_grad():
        for number, weight in enumerate(cell.parameters()):
            weight.copy_(normal(*weight.shape, seed=seed + number))
    return cell


def read(cell, clip):
    """Frame by frame, ``[batch, channel, time, height, width]`` to the same."""
    said, state = [], None
    for x in clip.unbind(2):
        h, state, _ = cell(x, state)
        said.append(h)
    return torch.stack(said, dim=2)


counts = st.integers(1, 3)


@settings(max_examples=25, deadline=None)
@given(counts, counts, st.sampled_from([1, 3, 5]), st.integers(1, 4), st.integers(1, 6),
       st.integers(1, 4), st.integers(1, 4), st.integers(0, 99))  # fmt: skip
def test_frame_by_frame_it_is_conv3d_of_the_padded_clip(
    inputs, outputs, kernel, times, frames, height, width, seed
):
    cell, clip = (
        filled(inputs, outputs, kernel, times, seed),
        normal(2, inputs, frames, height, width),
    )
    half = kernel // 2
    whole = nn.Conv3d(inputs, outputs, (times, kernel, kernel)).double()
    whole.load_state_dict(cell.filter.state_dict())
    expected = F.relu(whole(F.pad(clip, (half, half, half, half, times - 1, 0))))
    assert_close(read(cell, clip), expected, rtol=0, atol=1e-12)


def test_one_pixel_by_hand():
    """Weights 1, 2, 4 for the oldest, the last and this frame; a bias of -10."""
    cell = CausalConv3d(1, 1, kernel=1, times=3).double()
    with torch.no_grad():
        cell.filter.weight.copy_(torch.tensor([1.0, 2.0, 4.0]).reshape(1, 1, 3, 1, 1))
        cell.filter.bias.fill_(-10)
    clip = torch.tensor([1.0, 2.0, 3.0, 4.0]).double().reshape(1, 1, 4, 1, 1)
    # 4 - 10, 2 + 8 - 10, 1 + 4 + 12 - 10, 2 + 6 + 16 - 10
    assert read(cell, clip).flatten().tolist() == [0, 0, 7, 14]


def test_it_looks_neither_ahead_nor_further_back_than_its_filter():
    cell, clip = filled(1, 2, 3, 3), normal(1, 1, 6, 4, 4)
    for t in range(6):
        other = clip.clone()
        other[:, :, t] += 1
        changed = (read(cell, other) != read(cell, clip)).any(dim=4).any(dim=3).any(dim=1)[0]
        assert changed.nonzero().flatten().tolist() == list(range(t, min(t + 3, 6)))


def test_the_state_is_the_last_inputs():
    cell, clip = filled(2, 3, 3, 4), normal(2, 2, 5, 3, 4)
    state = None
    for x in clip.unbind(2):
        _, state, m = cell(x, state, "m")
    assert torch.equal(state.inputs, clip[:, :, 2:])
    assert m == "m"
    assert not list(cell.buffers())
    h, alone, _ = CausalConv3d(2, 3, 3, 1).double()(clip[:, :, 0])
    assert (alone.inputs.shape, h.shape) == ((2, 2, 0, 3, 4), (2, 3, 3, 4))


def test_every_weight_learns_and_there_are_as_many_as_there_should_be():
    torch.manual_seed(0)
    cell = CausalConv3d(3, 5, kernel=3, times=2)
    nn.init.ones_(cell.filter.bias)  # above 0, so that no unit is dead
    read(cell, torch.rand(2, 3, 3, 6, 6)).square().sum().backward()
    assert all(bool((weight.grad != 0).all()) for weight in cell.parameters())
    assert parameters(cell) == 5 * 3 * 2 * 9 + 5


@settings(max_examples=25, deadline=None)
@given(*[st.integers(-1, 4)] * 4)
def test_a_constructor_builds_or_names_what_is_wrong(inputs, outputs, kernel, times):
    if min(inputs, outputs, kernel, times) > 0 and kernel % 2 == 1:
        h, _, _ = CausalConv3d(inputs, outputs, kernel, times)(torch.zeros(1, inputs, 2, 3))
        assert h.shape == (1, outputs, 2, 3)
    else:
        with pytest.raises(ValueError, match=r"=-?\d+.*must be"):
            CausalConv3d(inputs, outputs, kernel, times)


def test_input_that_does_not_fit_is_named():
    cell, x = CausalConv3d(2, 3), torch.zeros(1, 2, 4, 4)
    with pytest.raises(ValueError, match="x has 1 channels, the cell reads 2"):
        cell(x[:, :1])
    with pytest.raises(ValueError, match=r"inputs is \(1, 2, 1, 4, 4\), .* be \(1, 2, 2, 4, 4\)"):
        cell(x, Recent(torch.zeros(1, 2, 1, 4, 4)))
