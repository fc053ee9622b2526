"""The network that gives clips back: its code, its blocks, and that it cannot copy."""

from dataclasses import replace
from math import prod

import pytest
import torch

from benchmarks.joint_filters import layers
from benchmarks.nearest_filters import by_layer
from stlib.cost import parameters
from stlib.joint_filter import JointConv3d, Rank1Conv3d, RegularConv3d
from stlib.networks import ClipAutoencoder
from stlib.recipes.clip_networks import ClipAutoencoderOf, RegularLayer
from stlib.recipes.stdcf_reconstruction import EXPERIMENTS, LAYERS
from tests.drawn import filled, normal

KINDS = {"regular": RegularConv3d, "rank-1": Rank1Conv3d, "joint": JointConv3d}
BLOCKS = [((1, 2, 2), (2, 2, 2)), ((2, 1, 3), (1, 2, 1)), ((1, 1, 1), (2, 2, 1))]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("blocks", BLOCKS)
@pytest.mark.parametrize("channels", [1, 2])
def test_a_clip_of_its_own_size_comes_back_and_every_weight_is_heard(kind, blocks, channels):
    torch.manual_seed(0)
    network = ClipAutoencoder(kind, channels, hidden=4, code=3, blocks=blocks)
    clips = torch.rand(2, 4, channels, 12, 12)
    made = network(clips)
    assert made.shape == clips.shape
    made.square().sum().backward()
    for name, weight in network.named_parameters():
        assert weight.grad is not None, name
        if not name.startswith("encode") or "bias" not in name:  # normalised away
            assert bool(weight.grad.any()), name


@pytest.mark.parametrize("blocks", BLOCKS)
def test_blocks_are_laid_out_where_they_came_from(blocks):
    """Written out: the pixel at (t, y, x) is one channel of the block that holds it."""
    channels = 2
    network = ClipAutoencoder(RegularConv3d, channels, hidden=4, code=3, blocks=blocks)
    network = filled(network).eval()
    clips = normal(1, 4, channels, 12, 12)
    written = network.decode(network.encode(clips.transpose(1, 2)))
    made, (time, height, width) = network(clips), network.block
    for t in range(4):
        for c in range(channels):
            for y in range(12):
                for x in range(12):
                    inside = (t % time * height + y % height) * width + x % width
                    channel = c * time * height * width + inside
                    block = written[0, channel, t // time, y // height, x // width]
                    assert made[0, t, c, y, x] == block


def test_the_code_has_fewer_numbers_than_the_clip_so_that_it_loses_some():
    """A small change of a clip that changes nothing: the derivative is never of full rank."""
    network = filled(ClipAutoencoder(RegularConv3d, hidden=4, code=3, blocks=BLOCKS[2])).eval()
    clip = normal(1, 4, 1, 4, 4)
    code = network.encode(clip.transpose(1, 2))
    assert code.numel() < clip.numel()
    slope = torch.autograd.functional.jacobian(network, clip)
    assert torch.linalg.matrix_rank(slope.reshape(clip.numel(), -1)) <= code.numel()


def test_at_lab_scale_the_code_is_eighteen_of_thirty_two():
    network = ClipAutoencoder(JointConv3d)
    code = network.encode(torch.rand(1, 1, 8, 32, 32))
    assert code.shape == (1, 18, 4, 8, 8)
    assert prod(network.block) == 32


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"hidden": 0}, "channels=1, hidden=0, code=18"),
        ({"code": 0}, "code=0"),
        ({"channels": 0}, "channels=0"),
        ({"blocks": ((1, 2, 2), (0, 2, 2))}, "each counts from 1"),
        ({"code": 32}, "code=32 channels for blocks of 32 numbers: expected fewer"),
    ],
)
def test_a_network_that_cannot_be_is_named(wrong, says):
    with pytest.raises(ValueError, match=says):
        ClipAutoencoder(RegularConv3d, **wrong)


def test_clips_that_do_not_fit_are_named():
    network = ClipAutoencoder(RegularConv3d, 1, 4, 3)
    with pytest.raises(ValueError, match="2 channels, the network reads 1"):
        network(torch.rand(1, 4, 2, 8, 8))
    for size in ((3, 8, 8), (4, 6, 8), (4, 8, 10)):
        with pytest.raises(ValueError, match=r"expected multiples of \(2, 4, 4\)"):
            network(torch.rand(1, size[0], 1, *size[1:]))


# --- Figure 2


def test_stdcf_figure_2_networks_to_be_compared_have_as_many_parameters():
    # stdcf-figure-2
    size = {
        name: parameters(each.lab.network.build())
        for name, each in zip(LAYERS, EXPERIMENTS, strict=True)
    }
    for joint, rank_1 in (("joint", "rank-1-as-joint"), ("joint-m-6", "rank-1-as-joint-m-6")):
        assert 1 <= size[rank_1] / size[joint] < 1.006
    assert size["rank-1"] > size["joint-m-6"]
    assert size["regular"] == max(size.values())


def test_stdcf_figure_2_recipes_differ_in_the_layer_alone():
    # stdcf-figure-2
    for scale in ("smoke", "lab", "paper"):
        recipes = [each.at(scale) for each in EXPERIMENTS]
        layers = [recipe.network.layer for recipe in recipes]
        assert layers == list(LAYERS.values())
        alike = {replace(r, network=replace(r.network, layer=layers[0])) for r in recipes}
        assert alike == {recipes[0]}


def test_a_recipe_builds_it_by_its_own_arguments():
    choice = ClipAutoencoderOf(RegularLayer(bias=True), hidden=4, code=3, blocks=BLOCKS[2])
    built = choice.build()
    expected = ClipAutoencoder(RegularConv3d, hidden=4, code=3, blocks=BLOCKS[2])
    assert {k: v.shape for k, v in built.state_dict().items()} == {
        k: v.shape for k, v in expected.state_dict().items()
    }


def test_stdcf_figure_2_what_the_nearest_filters_miss_is_told_layer_by_layer():
    # stdcf-figure-2
    torch.manual_seed(0)
    first, middle, last = by_layer(EXPERIMENTS[0].lab.network.build())
    assert first["rank-1"] < 1e-12  # one channel goes in: 24 between are more than can be needed
    assert min(middle["rank-1"], last["rank-1"]) > 0.01
    assert max(layer["joint"] for layer in (first, middle, last)) < 1e-12  # it is one itself
    pairs = by_layer(EXPERIMENTS[2].lab.network.build())
    assert max(layer["rank-1"] for layer in pairs) < 1e-12
    assert min(layer["joint-m-6"] for layer in pairs) > 0.01


def test_stdcf_figure_2_layers_say_their_channels_and_parameters():
    said = {name: layers(each.name, "lab") for name, each in zip(LAYERS, EXPERIMENTS, strict=True)}
    for name, each in zip(LAYERS, EXPERIMENTS, strict=True):
        assert [(layer["inputs"], layer["outputs"]) for layer in said[name]] == [
            (1, 24),
            (24, 18),
            (18, 32),
        ]
        normalisations = 2 * (24 + 18)
        assert sum(layer["parameters"] for layer in said[name]) + normalisations == parameters(
            each.lab.network.build()
        )
    assert [layer["between"] for layer in said["rank-1"]] == [24, 18, 32]
    assert [layer["between"] for layer in said["rank-1-as-joint"]] == [10, 8, 13]
    assert {(layer["m"], layer["n"]) for layer in said["joint-m-6"]} == {(6, 2)}
