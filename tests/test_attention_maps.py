"""Maps of where a network looks: gradients by hand, planted networks, SciPy, cases by hand."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from torch import nn
from torch.testing import assert_close

from stlib.attention_maps import cascade, grad_cam, rank_correlation, share_on, summed_over
from stlib.joint_filter import JointConv3d, Rank1Conv3d, RegularConv3d, swap
from stlib.networks.action_net import ActionNet
from tests.drawn import filled, normal

LAYERS = (RegularConv3d, Rank1Conv3d, JointConv3d)


def network(layer=JointConv3d, seed=0):
    torch.manual_seed(seed)
    return filled(ActionNet(layer, 3, hidden=(2, 3), pools=((2, 2, 2),)), seed).eval()


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("rectified", [True, False])
@pytest.mark.parametrize("place", [0, 2, -1])
def test_grad_cam_equals_the_gradients_written_out(place, rectified, layer):
    net, clips, classes = network(layer), normal(2, 4, 1, 6, 8), torch.tensor([2, 0])
    maps = net.body[: place % len(net.body) + 1](clips.transpose(1, 2)).detach().requires_grad_()
    late = net.body[place % len(net.body) + 1 :](maps).mean((2, 3, 4))
    net.decide(late)[[0, 1], classes].sum().backward()
    expected = torch.zeros(2, *maps.shape[2:]).double()
    for clip in range(2):
        for channel in range(maps.shape[1]):
            weight = maps.grad[clip, channel].sum() / maps[clip, channel].numel()
            expected[clip] += weight * maps[clip, channel].detach()
    if rectified:
        expected = expected.clamp(min=0)
    expected = F.interpolate(expected[:, None], (4, 6, 8), mode="trilinear")[:, 0]
    found = grad_cam(net, net.body[place], clips, classes, rectified)
    assert_close(found, expected, rtol=0, atol=1e-12)


def test_the_last_layers_map_shares_the_logit_out():
    # With no pool the map is as large as the clip, and nothing is interpolated.
    torch.manual_seed(0)
    net = filled(ActionNet(JointConv3d, 3, hidden=(2, 3), pools=((1, 1, 1),))).eval()
    clips, classes = normal(3, 4, 1, 5, 6), torch.tensor([0, 1, 2])
    found = grad_cam(net, net.body[-1], clips, classes, rectified=False)
    logits = net(clips)[range(3), classes] - net.decide.bias[classes]
    assert_close(found.sum((1, 2, 3)), logits, rtol=0, atol=1e-12)


class Planted(nn.Module):
    """Class 0 is spoken for by what is bright, class 1 by what is dark."""

    def __init__(self):
        super().__init__()
        self.body = nn.Identity()
        self.decide = nn.Linear(2, 2, bias=False, dtype=torch.float64)
        with torch.no_grad():
            self.decide.weight.copy_(torch.eye(2))

    def forward(self, clips):
        bright = clips.transpose(1, 2)
        return self.decide(self.body(torch.cat([bright, 1 - bright], 1)).mean((2, 3, 4)))


def test_a_planted_network_has_the_map_that_was_planted():
    clips = torch.rand(2, 3, 1, 4, 5, generator=torch.Generator().manual_seed(0)).double()
    net = Planted().eval()
    found = grad_cam(net, net.body, clips, torch.tensor([0, 1]))
    # The mean's gradient is one over as many places as there are.
    assert_close(60 * found, torch.stack([clips[0, :, 0], 1 - clips[1, :, 0]]))


def test_grad_cam_leaves_network_and_clips_alone_and_refuses_one_that_is_training():
    net, clips = network(), normal(1, 4, 1, 6, 8)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    found = grad_cam(net, net.body[-1], clips, torch.tensor([1]))
    assert not found.requires_grad
    assert not clips.requires_grad
    assert all(parameter.grad is None for parameter in net.parameters())
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert not any(module._forward_hooks for module in net.modules())
    with pytest.raises(ValueError, match="is training"):
        grad_cam(net.train(), net.body[-1], clips, torch.tensor([1]))


def test_summed_maps_are_stretched_and_added_to_the_frames():
    maps = torch.tensor([[[[[0.0, 2.0]]], [[[1.0, 3.0]]]]]).double()  # two channels, two pixels
    clips = torch.tensor([[[[[0.25, 0.5]]]]]).double()
    assert_close(summed_over(maps, clips), torch.tensor([[[[0.25, 1.5]]]]).double())
    flat = summed_over(torch.ones_like(maps), clips)
    assert_close(flat, clips[:, :, 0])


@pytest.mark.parametrize("layer", LAYERS)
def test_a_cascade_ends_at_the_fresh_network_and_leaves_the_first_alone(layer):
    net, fresh, clips = network(layer), network(layer, seed=9), normal(2, 4, 1, 6, 8)
    before = net(clips)
    steps = list(cascade(net, fresh))
    assert [name for name, _ in steps] == ["decide", "body.5", "body.4", "body.1", "body.0"]
    for place, (name, mixed) in enumerate(steps):
        drawn = [each for each, _ in steps[: place + 1]]
        for key, value in mixed.state_dict().items():
            source = fresh if key.rpartition(".")[0] in drawn else net
            assert torch.equal(value, source.state_dict()[key]), (name, key)
    assert_close(steps[-1][1](clips), fresh(clips), rtol=0, atol=0)
    assert_close(net(clips), before, rtol=0, atol=0)


def test_a_cascade_keeps_dilations_and_wants_the_same_architecture():
    net, fresh = network(), network(seed=9)
    swap(net, temporal_dilation=2)
    *_, (_, last) = cascade(net, fresh)
    assert last.body[0].geometry.dilation == (2, 1, 1)
    with pytest.raises(ValueError, match="expected the same parameters"):
        next(cascade(net, network(RegularConv3d)))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_rank_correlation_is_scipys_with_ties_and_without(data):
    size = data.draw(st.integers(2, 20))
    whole = st.lists(st.integers(-3, 3), min_size=size, max_size=size)
    rows = st.lists(whole.filter(lambda row: len(set(row)) > 1), min_size=2, max_size=2)
    first, second = (torch.tensor(data.draw(rows)).double() for _ in range(2))
    expected = [spearmanr(a, b).statistic for a, b in zip(first, second, strict=True)]
    assert_close(rank_correlation(first, second), torch.tensor(expected), rtol=0, atol=1e-12)


def test_rank_correlation_in_cases_by_hand():
    map_ = torch.tensor([[0.0, 1.0, 5.0], [2.0, 2.0, 2.0]])
    same = rank_correlation(map_, map_.exp())
    assert_close(same, torch.tensor([1.0, float("nan")]), equal_nan=True)
    assert_close(rank_correlation(map_[:1], -map_[:1]), torch.tensor([-1.0]))
    with pytest.raises(ValueError, match="two pixels"):
        rank_correlation(torch.ones(2, 1), torch.ones(2, 1))


def test_share_on_some_pixels():
    maps = torch.tensor([[1.0, 3.0], [0.0, 0.0]])
    places = torch.tensor([[0.0, 1.0], [1.0, 1.0]])
    assert_close(share_on(maps, places), torch.tensor([0.75, float("nan")]), equal_nan=True)
    with pytest.raises(ValueError, match="holds -3"):
        share_on(-maps, places)
