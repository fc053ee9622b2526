"""Networks that name clips: their sizes, their costs, and what a frame can see."""

from functools import partial

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from stlib.cost import macs, parameters
from stlib.joint_filter import JointConv3d, Rank1Conv3d, RegularConv3d, swap
from stlib.networks import ActionNet, ResNet3d, temporal_shift
from stlib.networks.resnet_3d import Bottleneck, flat, joint, rank_1, regular
from tests.drawn import normal

KINDS = {"regular": RegularConv3d, "rank-1": Rank1Conv3d, "joint": JointConv3d}


# --- ResNet-50


def on_meta(make):
    with torch.device("meta"):
        return make()


def test_stdcf_table_3_a_stem_of_three_frames_costs_more_than_is_printed():
    """Printed: 52.2; with a stem of one frame there are 50.4."""
    network = on_meta(lambda: ResNet3d(partial(joint, way="atoms"), stem=3))
    assert round(macs(network, torch.zeros(1, 8, 3, 256, 256, device="meta")) / 1e8) == 529


def test_two_dimensions_are_torchvisions():
    """The 2D network has the weights of ResNet-50: 25,557,032, less 600 of 1,000 classes."""
    count = parameters(on_meta(lambda: ResNet3d(flat)))
    assert count == 25_557_032 - 600 * (2048 + 1)


@pytest.mark.parametrize("middle", [regular, flat, rank_1, joint])
def test_a_small_one_names_clips(middle):
    torch.manual_seed(0)
    network = ResNet3d(middle, 5, 2, (1, 1), 4, stem=3, shift=4)
    logits = network(torch.rand(2, 4, 2, 32, 24))
    assert logits.shape == (2, 5)
    logits.square().sum().backward()
    for name, weight in network.named_parameters():
        assert bool(weight.grad.any()), name
    maps = network.body(network.stem(torch.rand(1, 2, 4, 32, 24)))
    assert maps.shape == (1, 32, 4, 4, 3)  # time is whole, space eight times less


def test_flat_frames_see_one_another_only_through_the_shift():
    torch.manual_seed(0)
    for shift, reach in [(None, {2}), (4, {1, 2, 3})]:
        block = Bottleneck(8, 4, flat, 1, shift).double().eval()
        clip = normal(1, 8, 5, 4, 4).requires_grad_()
        (slope,) = torch.autograd.grad(block(clip)[:, :, 2].square().sum(), clip)
        assert {t for t in range(5) if slope[:, :, t].any()} == reach


def test_temporal_shift_by_loops():
    clip, expected = normal(2, 5, 4, 1, 1), torch.zeros(2, 5, 4, 1, 1).double()
    for t in range(4):
        for c in range(5):
            source = t + {0: 1, 1: 0, 2: 0, 3: 0, 4: 0}[c] - (c == 1)
            if 0 <= source < 4:
                expected[:, c, t] = clip[:, c, source]
    assert_close(temporal_shift(clip, 4), expected, rtol=0, atol=0)


# --- the action net


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_an_action_net_names_clips(kind):
    torch.manual_seed(0)
    network = ActionNet(kind)
    clips = torch.rand(2, 4, 1, 12, 16)
    logits = network(clips)
    assert (logits.shape, network.features(clips).shape) == ((2, 6), (2, 64, 2, 3, 4))
    logits.square().sum().backward()
    for name, weight in network.named_parameters():
        assert weight.grad is not None, name
        if "bias" not in name:  # a bias before a normalisation is heard by nobody
            assert bool(weight.grad.any()), name


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("over_time", [1, 2])
def test_features_at_another_tempo_are_the_same_until_time_is_pooled(kind, over_time):
    torch.manual_seed(0)
    network = ActionNet(kind, hidden=(2, 3, 4), pools=((1, 2, 2), (over_time, 2, 2)))
    network = network.double().eval()
    clips = normal(1, 8, 1, 8, 8)
    expected = network.features(clips[:, ::2])
    with swap(network, temporal_dilation=2):
        gap = (
            network.features(clips)[:, :, :: 2 // over_time]
            - expected.repeat_interleave(over_time, 2)[:, :, :4]
        )
    assert (gap.abs().max().item() < 1e-10) is (over_time == 1)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: ActionNet(RegularConv3d, hidden=()), r"hidden=\(\): need one layer"),
        (lambda: ActionNet(RegularConv3d, classes=0), "classes=0"),
        (lambda: ActionNet(RegularConv3d, pools=((1, 2, 2),)), "expected 2, one behind"),
        (lambda: ActionNet(RegularConv3d)(torch.zeros(1, 4, 2, 8, 8)), "2 channels, .* reads 1"),
        (lambda: ResNet3d(flat, blocks=(0,)), r"blocks=\(0,\)"),
        (lambda: ResNet3d(flat, stem=2), "the stem is odd"),
        (lambda: ResNet3d(flat, 2, 3, (1,), 4)(torch.zeros(1, 2, 1, 8, 8)), "1 channels"),
        (lambda: temporal_shift(torch.zeros(1, 3, 2, 1, 1), 4), "share=4: expected 2 to the 3"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_named(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_no_layer_of_torchs_hides_in_the_middle():
    """All 3x3 of the 50 layers are ours, so that one swap reaches them: sixteen."""
    network = on_meta(lambda: ResNet3d(joint))
    assert len(swap(network, temporal_dilation=2, spatial_dilation=2).layers) == 16
    wide = [
        m for m in network.body.modules() if isinstance(m, nn.Conv3d) and max(m.kernel_size) > 1
    ]
    assert wide == []
