"""What a network sees of its clips, and how far its taps stand apart then."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

from stlib.joint_filter import Geometry, JointConv3d, Rank1Conv3d, RegularConv3d
from stlib.stages import WHOLE, Stage, View
from stlib.viewing import laid_out, seen
from tests.drawn import normal


@given(
    every=st.integers(1, 4),
    shrink=st.integers(1, 3),
    time=st.integers(1, 7),
    rows=st.integers(1, 3),
)
def test_what_is_seen_is_every_nth_frame_of_means(every, shrink, time, rows):
    clips = normal(2, time, 3, rows * shrink, 2 * shrink)
    found = seen(clips, View(every=every, shrink=shrink))
    for t in range(found.shape[1]):
        for y in range(rows):
            for x in range(2):
                square = clips[:, every * t, :, y * shrink : (y + 1) * shrink]
                expected = square[..., x * shrink : (x + 1) * shrink].mean((-2, -1))
                assert_close(found[:, t, :, y, x], expected)
    assert found.shape[1] == (time - 1) // every + 1


def test_half_the_size_is_what_bilinear_interpolation_makes_of_it():
    clips = normal(2, 3, 1, 6, 8)
    expected = F.interpolate(clips.flatten(0, 1), scale_factor=0.5, mode="bilinear")
    assert_close(seen(clips, View(shrink=2)).flatten(0, 1), expected)


@pytest.mark.parametrize("kind", [RegularConv3d, Rank1Conv3d, JointConv3d])
def test_a_network_is_laid_out_whatever_it_was(kind):
    network = nn.Sequential(
        kind(1, 2), nn.ReLU(), kind(2, 2, geometry=Geometry(dilation=(3, 2, 2)))
    )
    clips = normal(1, 1, 5, 9, 9).float()
    before = network(clips)
    with laid_out(network, View(temporal_dilation=2, spatial_dilation=3)):
        assert [network[at].geometry.dilation for at in (0, 2)] == [(2, 3, 3)] * 2
        found = network(clips)
        filters = [F.conv3d(clips, network[0].filter(), padding=(2, 3, 3), dilation=(2, 3, 3))]
        expected = F.relu(filters[0] + network[0].bias[:, None, None, None])
        assert_close(F.relu(network[0](clips)), expected)
        assert found.shape == before.shape
    assert_close(network(clips), before, rtol=0, atol=0)
    laid_out(network, WHOLE)
    assert network[2].geometry.dilation == (1, 1, 1)


def test_a_view_that_cannot_be_is_named():
    with pytest.raises(ValueError, match="expected each from 1"):
        View(every=0)
    with pytest.raises(ValueError, match="shrink=2: expected a divisor of the frame's 3 and 4"):
        seen(normal(1, 1, 1, 3, 4), View(shrink=2))
    with pytest.raises(ValueError, match="no 3D layer"):
        laid_out(nn.Linear(1, 1), WHOLE)


def test_patterns_say_what_learns():
    names = ["body.0.spatial", "body.0.temporal", "body.4.spatial", "decide.weight"]
    assert Stage(1, frozen=("*.spatial",)).learns(names) == ["body.0.temporal", "decide.weight"]
    assert Stage(1).learns(names) == names
    assert Stage(1, frozen=("body.0.*",)).learns(names) == names[2:]
    with pytest.raises(ValueError, match="fits no parameter"):
        Stage(1, frozen=("spatial",)).learns(names)
    with pytest.raises(ValueError, match="leaves nothing that learns"):
        Stage(1, frozen=("*",)).learns(names)


def test_gradients_flow_through_what_is_seen():
    clips = normal(1, 4, 1, 4, 4).requires_grad_()
    seen(clips, View(every=2, shrink=2)).sum().backward()
    expected = torch.zeros_like(clips)
    expected[:, ::2] = 0.25
    assert_close(clips.grad, expected)
