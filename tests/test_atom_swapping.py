"""Atoms in one another's place: what changes, what does not, and where a swap is exact."""

from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

from stlib.joint_filter import Geometry, JointConv3d, Rank1Conv3d, RegularConv3d, Swap, swap
from tests.drawn import normal

KINDS = {
    "regular": RegularConv3d,
    "rank-1": Rank1Conv3d,
    "joint": JointConv3d,
}
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def network(kind=JointConv3d, widths=(1, 3, 4, 2), between=nn.ReLU, seed=0):
    torch.manual_seed(seed)
    layers = [module for a, b in pairwise(widths) for module in (kind(a, b), between())]
    return nn.Sequential(*layers[:-1]).double()


def everything(module):
    return {name: value.detach().clone() for name, value in module.named_parameters()}


# --- the identity: a dilated network on a clip is the plain one on every d-th frame or pixel of it


@every_kind
@settings(max_examples=12, deadline=None)
@given(st.integers(1, 3), st.integers(1, 3), *[st.integers(4, 9)] * 3, st.integers(0, 99))
def test_dilation_is_decimation(kind, in_time, in_space, time, height, width, seed):
    """Exact without stride, without pooling, with 'same' padding; odd sizes included."""
    net, clip = network(kind, seed=seed), normal(1, 1, time, height, width, seed=seed)
    grid = (..., slice(None, None, in_time), *[slice(None, None, in_space)] * 2)
    expected = net(clip[grid])
    with swap(net, temporal_dilation=in_time, spatial_dilation=in_space):
        assert_close(net(clip)[grid], expected, rtol=0, atol=1e-10)


def test_a_dilated_network_is_interleaved_networks():
    """Even and odd frames never meet; each is the plain network on its half."""
    net, clip = network(), normal(1, 1, 8, 6, 6)
    even, odd = net(clip[:, :, ::2]), net(clip[:, :, 1::2])
    with swap(net, temporal_dilation=2):
        y = net(clip)
        changed = clip.clone()
        changed[:, :, 1::2] = 0
        assert_close(net(changed)[:, :, ::2], y[:, :, ::2], rtol=0, atol=0)
    assert_close(y, torch.stack([even, odd], 3).flatten(2, 3), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "pool", [lambda: nn.MaxPool3d((2, 1, 1), 1), lambda: nn.AvgPool3d((2, 1, 1), 1)]
)
def test_a_pool_over_time_breaks_it_unless_it_is_dilated(pool):
    net, clip = network(between=pool), normal(1, 1, 12, 5, 5)
    expected = net(clip[:, :, ::2])
    with swap(net, temporal_dilation=2):
        y = net(clip)[:, :, ::2]
    shared = min(y.shape[2], expected.shape[2])
    assert (y[:, :, :shared] - expected[:, :, :shared]).norm() > 0.1 * expected.norm()
    if isinstance(net[1], nn.MaxPool3d):
        for module in net:
            if isinstance(module, nn.MaxPool3d):
                module.dilation = (2, 1, 1)
        with swap(net, temporal_dilation=2):
            y = net(clip)[:, :, ::2]
        assert_close(y[:, :, : expected.shape[2]], expected, rtol=0, atol=1e-10)


def test_averaging_frames_is_not_leaving_some_out():
    """A clip made shorter by averages is another clip: the identity is of decimation alone."""
    net, clip = network(), normal(1, 1, 8, 6, 6)
    averaged = F.avg_pool3d(clip, (2, 1, 1))
    with swap(net, temporal_dilation=2):
        y = net(clip)[:, :, ::2]
    assert (y - net(averaged)).norm() > 0.1 * y.norm()


def test_the_mean_over_the_whole_clip_still_differs():
    """What is pooled at the end averages both halves: features agree, the answer need not."""
    net, clip = network(), normal(1, 1, 8, 6, 6)
    expected = net(clip[:, :, ::2])
    with swap(net, temporal_dilation=2):
        y = net(clip)
    assert_close(y[:, :, ::2], expected, rtol=0, atol=1e-12)
    assert (y.mean((2, 3, 4)) - expected.mean((2, 3, 4))).norm() > 1e-3


# --- what a swap touches


@every_kind
def test_undo_puts_back_the_very_same(kind):
    net, clip = network(kind), normal(1, 1, 5, 5, 5)
    before, held, y = everything(net), list(net.parameters()), net(clip)
    made = swap(net, spatial_dilation=2)
    assert isinstance(made, Swap)
    assert made.layers == ("0", "2", "4")
    assert (net(clip) - y).norm() > 1e-3
    made.undo()
    assert_close(net(clip), y, rtol=0, atol=0)
    assert all(a is b for a, b in zip(net.parameters(), held, strict=True))
    assert_close(everything(net), before, rtol=0, atol=0)


def test_atoms_of_another_size_take_their_place():
    """A dilated atom is the larger one with zeros between; padding follows, and outputs stay."""
    net, clip = network(), normal(1, 1, 6, 7, 5)
    coefficients = [layer.coefficients for layer in net[::2]]

    def spread(atoms):
        wide = atoms.new_zeros(*atoms.shape[:-1], 5)
        wide[..., ::2] = atoms
        return wide

    with swap(net, temporal_dilation=2):
        expected = net(clip)
    with swap(net, temporal=spread):
        assert net[0].size == (5, 3, 3)
        assert_close(net(clip), expected, rtol=0, atol=1e-12)
        assert all(a is layer.coefficients for a, layer in zip(coefficients, net[::2], strict=True))
    with swap(net, spatial=lambda atoms: spread(spread(atoms.transpose(1, 2)).transpose(1, 2))):
        y = net(clip)
    with swap(net, spatial_dilation=2):
        assert_close(net(clip), y, rtol=0, atol=1e-12)
    assert net[0].size == (3, 3, 3)


def test_a_frozen_atom_stays_frozen():
    layer = JointConv3d(1, 1)
    layer.spatial.requires_grad_(False)
    swap(layer, spatial=lambda atoms: atoms * 2, temporal=lambda atoms: atoms * 2)
    assert (layer.spatial.requires_grad, layer.temporal.requires_grad) == (False, True)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 4), st.integers(1, 3), st.integers(1, 3), st.integers(1, 2))
def test_given_padding_follows(padding, old, new, stride):
    """As many outputs, in the same places: the middle of each span stays where it was."""
    layer = RegularConv3d(
        1, 1, (3, 3, 3), Geometry((1, stride, 1), (1, old, 1), (1, padding, 1)), bias=False
    ).double()
    clip = normal(1, 1, 3, 12, 3)
    with torch.no_grad():
        layer.weight.zero_()
        layer.weight[:, :, :, 1] = 1  # the middle tap alone: dilation does not move it
    before = layer(clip)
    if padding + new - old < 0:
        with pytest.raises(ValueError, match="padding from 0"):
            swap(layer, spatial_dilation=new)
        return
    layer.geometry = layer.geometry._replace(dilation=(1, old, 1))
    swapped = layer.geometry.swapped((3, 3, 3), (3, 3, 3), (1, new, 1))
    layer.geometry = swapped
    assert_close(layer(clip), before)


@pytest.mark.parametrize("dilation", [1, 3])
def test_even_atoms_keep_the_number_of_outputs(dilation):
    """'Same' padding of an even filter grows faster than its span; a swap keeps to the span."""
    layer = JointConv3d(2, 2, 2, 2, size=(2, 3, 3))
    clip = torch.zeros(1, 2, 8, 5, 5)
    before = layer(clip).shape
    with swap(layer, temporal_dilation=dilation):
        assert layer(clip).shape == before
    assert layer.geometry.padding is None


# --- refusals


def test_what_does_not_fit_is_named_and_nothing_is_changed():
    net = nn.Sequential(JointConv3d(1, 2), RegularConv3d(2, 1))
    before, geometry = everything(net), net[0].geometry
    for options, says in [
        ({"temporal": lambda atoms: atoms}, "1 is a RegularConv3d: it has no atoms to swap"),
        ({"spatial": lambda atoms: atoms[:1]}, r"0: spatial atoms \(1, 3, 3\) in place of \(3, 3"),
        ({"temporal": lambda atoms: atoms[:, :2]}, "0: size .* no common middle"),
        ({"temporal": lambda atoms: atoms[0]}, r"temporal atoms \(3,\) in place of \(2, 3\)"),
        ({"temporal_dilation": 0}, "0: .*dilations, groups count from 1"),
    ]:
        with pytest.raises(ValueError, match=says):
            swap(net, **options)
    assert net[0].geometry == geometry
    assert_close(everything(net), before, rtol=0, atol=0)
    with pytest.raises(ValueError, match="Conv3d holds no 3D layer"):
        swap(nn.Conv3d(1, 1, 3), temporal_dilation=2)
