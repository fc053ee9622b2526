"""Layers recorded and measured: loops, NumPy, cases by hand, and Parseval."""

from inspect import unwrap

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

from stlib.cells import MKLSTM, ConvLSTM
from stlib.layer_outputs import (
    channel_rms,
    channel_sum,
    contrast,
    cut_skip,
    enlarged,
    fit_readout,
    foreground_area,
    layer_outputs,
    lens,
    mean_frequency,
    radial_spectrum,
    recording,
    silenced,
)
from stlib.networks import Pyramid, Stack
from stlib.rollout import forecast, rollout
from stlib.sampling import inference
from tests.drawn import normal


def hooks(network):
    return sum(len(module._forward_hooks) for module in network.modules())


# Recording


@pytest.mark.parametrize("cell", [ConvLSTM, MKLSTM])
@pytest.mark.parametrize("kind", [Stack, Pyramid])
def test_what_is_recorded_is_what_the_states_hold(kind, cell):
    torch.manual_seed(0)
    network, frames = kind(cell, 1, (2, 2)), normal(2, 3, 1, 4, 4).float()
    by_hand, state = [], None
    with torch.no_grad():
        for frame in frames.unbind(1):
            _, state = network(frame, state)
            by_hand.append([memory.h for memory in state.cells])
        found = layer_outputs(network.cells, lambda: rollout(network, frames, inference(2, 3, 3)))
    for layer, h in enumerate(found):
        assert_close(h, torch.stack([step[layer] for step in by_hand], 1), rtol=0, atol=0)


def test_a_forecast_is_recorded_too_and_stays_what_it_was():
    torch.manual_seed(0)
    network, frames = Pyramid(ConvLSTM, 1, (3, 3, 3, 3)), normal(2, 3, 1, 8, 8).float()
    with torch.no_grad():
        plain = forecast(network, frames, 2)
        found = layer_outputs(network.cells, lambda: forecast(network, frames, 2))
        assert_close(lens(network.readout, found[-1])[:, 2:], plain, rtol=0, atol=1e-6)
    assert [tuple(h.shape) for h in found] == [(2, 4, 3, side, side) for side in (8, 4, 4, 8)]
    assert hooks(network) == 0


def test_any_module_can_be_recorded_and_a_failed_call_leaves_no_hook():
    network = Stack(ConvLSTM, 1, (2,))
    with recording([network.embed, network.cells[0]]) as told:
        network(torch.zeros(1, 1, 4, 4))
    assert [len(each) for each in told] == [1, 1]
    with pytest.raises(ValueError, match="3 channels"), recording(network.cells):
        network(torch.zeros(1, 3, 4, 4))
    assert hooks(network) == 0
    network(torch.zeros(1, 1, 4, 4))
    assert [len(each) for each in told] == [1, 1]  # over is over


def test_a_layer_that_says_nothing_or_no_tensor_is_named():
    idle = nn.Conv2d(1, 1, 1)
    with pytest.raises(ValueError, match="layer 0 said nothing"):
        layer_outputs([nn.Identity(), idle], lambda: None)
    odd = nn.Identity()
    with pytest.raises(TypeError, match="Identity returned list"):
        layer_outputs([odd], lambda: odd([1]))
    assert hooks(odd) == 0


# Cutting


def test_two_cuts_leave_one_road_each():
    """By hand: a pyramid of two scales is layer 0, then down, around and up, plus what it said."""
    torch.manual_seed(0)
    network, frame = Pyramid(ConvLSTM, 1, (2, 2, 2, 2)), torch.rand(1, 1, 4, 4)
    lowest, *_, top = network.cells
    with torch.no_grad(), recording([network.cells[2]]) as told:
        x, *_ = lowest(network.embed(frame))
        whole, _ = network(frame)
        around = enlarged(told[0][0], 4)
        for cut, read in (
            (silenced([network.cells[2]]), x),
            (cut_skip(lowest, top), around),
        ):
            with cut:
                found, _ = network(frame)
            assert_close(found, network.readout(top(read)[0]), rtol=0, atol=1e-6)
            assert not torch.allclose(found, whole, atol=1e-4)
        assert_close(network(frame)[0], whole, rtol=0, atol=0)


@pytest.mark.parametrize("cut", [lambda cells: silenced(cells), lambda cells: cut_skip(*cells)])
def test_a_cut_ends_with_its_block(cut):
    network = Stack(ConvLSTM, 1, (2, 2))
    with pytest.raises(ValueError, match="3 channels"), cut(network.cells):
        network(torch.zeros(1, 3, 4, 4))
    assert hooks(network) + sum(len(m._forward_pre_hooks) for m in network.modules()) == 0


# Pictures


def test_pictures_are_sums_over_channels():
    h = normal(2, 3, 4, 5, 6)
    array = h.numpy()
    assert_close(channel_sum(h).numpy(), array.sum(2), rtol=1e-12, atol=1e-12)
    assert_close(channel_rms(h).numpy(), np.sqrt((array**2).mean(2)), rtol=1e-12, atol=0)


def test_contrast_does_not_see_what_is_everywhere():
    h = torch.zeros(2, 5, 5)
    h[0, 2, 2], h[1, 2, 3] = 3, -4
    expected = torch.zeros(5, 5)
    expected[2, 2], expected[2, 3] = 3 / 2**0.5, 4 / 2**0.5
    loud = h + torch.tensor([7.0, -2.0])[:, None, None]
    assert_close(contrast(loud), expected)
    assert channel_rms(loud)[0, 0] > 4


def test_foreground_is_counted():
    picture = torch.tensor([[0.0, 1.0, 2.0], [4.0, 3.0, 0.0]])
    areas = [foreground_area(picture, level).item() for level in (0.25, 0.5, 0.75, 1.0)]
    assert areas == pytest.approx([4 / 6, 3 / 6, 2 / 6, 1 / 6])
    assert foreground_area(torch.zeros(2, 3, 3)).tolist() == [0, 0]
    larger = picture.repeat_interleave(2, 0).repeat_interleave(2, 1)
    assert foreground_area(larger).item() == pytest.approx(0.5)  # whatever the grid


@pytest.mark.parametrize("level", [0.0, -0.5, 1.01])
def test_foreground_refuses_a_level(level):
    with pytest.raises(ValueError, match="expected above 0 and up to 1"):
        foreground_area(torch.ones(2, 2), level)


def test_foreground_refuses_a_picture_below_zero():
    with pytest.raises(ValueError, match=r"a pixel is -0.5"):
        foreground_area(torch.tensor([[1.0, -0.5]]))


# The spectrum


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 99))
def test_rings_add_up_to_the_mean_square(height, width, seed):
    picture = normal(2, height, width, seed=seed)
    found = radial_spectrum(picture)
    assert_close(found.sum(-1), picture.square().mean((-2, -1)), rtol=1e-10, atol=0)
    assert_close(found[:, 0], picture.mean((-2, -1)).square(), rtol=1e-8, atol=1e-12)


def test_the_spectrum_by_loops():
    picture = normal(6, 5).numpy()
    rows, columns = np.mgrid[0:6, 0:5]
    expected = np.zeros(5)
    for p in range(-3, 3):
        for q in range(-2, 3):
            wave = np.exp(-2j * np.pi * (p * rows / 6 + q * columns / 5))
            expected[round(float(np.hypot(p, q)))] += abs((picture * wave).mean()) ** 2
    assert_close(radial_spectrum(torch.tensor(picture)).numpy(), expected, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("waves", [1, 3, 7])
def test_a_wave_lies_in_its_ring_on_every_grid(waves):
    for side in (16, 32):
        place = torch.arange(side) / side
        picture = torch.cos(2 * torch.pi * waves * place).expand(side, side).double()
        found = radial_spectrum(picture)
        assert found[waves].item() == pytest.approx(0.5)
        assert mean_frequency(found).item() == pytest.approx(waves)


# The lens


@pytest.mark.parametrize(("small", "side"), [(4, 4), (4, 8), (3, 12)])
def test_enlarging_is_the_pyramid_s_own_doubling(small, side):
    picture = normal(2, 3, small, small)
    expected = picture
    while expected.shape[-1] < side:
        expected = nn.functional.interpolate(expected, scale_factor=2, mode="bilinear")
    assert_close(enlarged(picture, side), expected, rtol=0, atol=0)
    assert_close(enlarged(torch.ones(small, small), side), torch.ones(side, side))


@pytest.mark.parametrize(("shape", "side"), [((4, 4), 6), ((4, 4), 2), ((4, 2), 8), ((3, 3), 8)])
def test_enlarging_refuses_what_no_doubling_makes(shape, side):
    with pytest.raises(ValueError, match=f"{shape[0]}x{shape[1]} cannot be doubled"):
        unwrap(enlarged)(torch.zeros(shape), side)


def test_a_lens_is_a_weighted_sum():
    readout, h = nn.Conv2d(3, 2, 1).double(), normal(2, 4, 3, 5, 6)
    weights, bias = readout.weight[:, :, 0, 0], readout.bias
    by_hand = torch.einsum("fc,btcij->btfij", weights, h) + bias[:, None, None]
    assert_close(lens(readout, h), by_hand, rtol=1e-12, atol=1e-12)


def test_a_lens_refuses_another_width_and_a_wide_kernel():
    with pytest.raises(ValueError, match="the layer has 4 channels, the readout reads 3"):
        lens(nn.Conv2d(3, 1, 1), torch.zeros(1, 4, 5, 5))
    with pytest.raises(ValueError, match=r"expected \(1, 1\)"):
        lens(nn.Conv2d(3, 1, 3), torch.zeros(1, 3, 5, 5))


def test_a_fitted_readout_is_numpy_s_least_squares():
    h, frames = normal(3, 2, 4, 6, 6), normal(3, 2, 1, 6, 6, seed=1)
    rows = h.movedim(2, -1).reshape(-1, 4).numpy()
    goal = frames.reshape(-1).numpy()
    expected, *_ = np.linalg.lstsq(np.hstack([rows, np.ones((len(rows), 1))]), goal, rcond=None)
    found = fit_readout(h, frames)
    assert_close(found.weight.flatten().numpy(), expected[:4], rtol=1e-8, atol=1e-10)
    assert found.bias.item() == pytest.approx(expected[4])


def test_a_fitted_readout_finds_the_frames_where_they_are_said():
    frames = normal(5, 1, 8, 8)
    small = frames[..., ::2, ::2]
    h = torch.cat([small, small, -3 * small + 2], dim=1)  # of rank one: the fit must choose
    found = fit_readout(h, enlarged(small, 8))
    assert_close(enlarged(lens(found, h), 8), enlarged(small, 8), rtol=0, atol=1e-6)
    worse = fit_readout(h[:, :1] * 0, frames)
    assert worse.bias.item() == pytest.approx(frames.mean().item())
