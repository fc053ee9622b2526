"""`python -m stlib cost` of networks that read whole clips."""

import json
from dataclasses import replace

import pytest
import torch

from stlib.commands import catalogue
from stlib.cost import parameters
from stlib.joint_cost import Layer, joint_macs, multiplying_out_macs, whole_weights
from stlib.recipes import ClipRecipe, Experiment
from stlib.recipes.clip_networks import ActionNetOf, JointLayer, RegularLayer
from stlib.recipes.data import StickKTH
from stlib.stages import Stage, View

FULL = ClipRecipe(
    source="these tests",
    network=ActionNetOf(JointLayer(3, 2, way="atoms"), hidden=(4, 8), pools=((1, 1, 1),)),
    data=StickKTH(training=18, validation=6, test=7, frames=8, canvas=16),
    stages=(Stage(steps=10),),
    batch=4,
    validation_clips=6,
    test_clips=7,
)
TEMPORAL = View(shrink=2, temporal_dilation=2)
SPATIAL = View(every=2, spatial_dilation=2)
IN_STAGES = replace(
    FULL,
    stages=(Stage(steps=10, view=TEMPORAL), Stage(steps=5, view=SPATIAL), Stage(steps=2)),
    test_view=View(temporal_dilation=2, spatial_dilation=2),
)


def told(recipe, monkeypatch, name="made-up", scale="lab"):
    made = Experiment(name, recipe, recipe, recipe)
    monkeypatch.setattr(catalogue, "experiment", lambda _: made)
    return catalogue.costs(name, scale)


def clip_macs(pixels):
    """By the formulas: two joint layers at each pixel, and the linear map of the mean."""
    return pixels * sum(joint_macs(Layer(*width), 3, 2) for width in ((1, 4), (4, 8))) + 8 * 6


def test_a_clip_costs_what_the_formulas_of_its_layers_say(monkeypatch):
    said = told(FULL, monkeypatch)
    pixels = 8 * 16 * 16
    assert said["macs_per_clip"] == said["executed_per_clip"]["macs"] == clip_macs(pixels)
    assert said["macs_by_stage"] == [clip_macs(pixels)]
    assert said["macs_in_training"] == 10 * 4 * clip_macs(pixels)
    assert (said["frames"], said["canvas"], said["clips"]) == (8, 16, 40)
    with torch.device("meta"):
        assert said["parameters"] == parameters(FULL.network.build())
    assert said["printed"] == []


def test_stages_cost_a_quarter_and_a_half_and_dilation_costs_nothing(monkeypatch):
    said = told(IN_STAGES, monkeypatch)
    pixels = 8 * 16 * 16
    expected = [clip_macs(pixels // 4), clip_macs(pixels // 2), clip_macs(pixels)]
    assert said["macs_by_stage"] == expected
    assert said["macs_per_clip"] == expected[-1]
    assert said["macs_in_training"] == 4 * (10 * expected[0] + 5 * expected[1] + 2 * expected[2])


@pytest.mark.parametrize(
    ("m", "says"),
    [
        (3, "M = 3, N = 2: 2/9 of a 3D filter's weights, 2/3 of a 2D one's"),
        (6, "M = 6, N = 2: 4/9 of a 3D filter's weights, 4/3 of a 2D one's"),
    ],
)
def test_joint_layers_say_their_share(m, says, monkeypatch):
    recipe = replace(FULL, network=replace(FULL.network, layer=JointLayer(m=m)))
    assert told(recipe, monkeypatch)["joint_layers"] == [says]


def test_a_regular_layer_costs_its_weights(monkeypatch):
    recipe = replace(FULL, network=replace(FULL.network, layer=RegularLayer()))
    weights = whole_weights(Layer(1, 4)) + whole_weights(Layer(4, 8))
    assert told(recipe, monkeypatch)["macs_per_clip"] == 8 * 16 * 16 * weights + 8 * 6


def test_it_is_printed_for_people_and_for_programs(monkeypatch, capsys):
    said = told(IN_STAGES, monkeypatch)
    catalogue.cost("made-up")
    lines = capsys.readouterr().out.splitlines()
    assert f"macs by stage     {'; '.join(f'{each:,}' for each in said['macs_by_stage'])}" in lines
    assert any(line.startswith("a clip executes   macs ") for line in lines)
    catalogue.cost("made-up", json=True)
    assert json.loads(capsys.readouterr().out) == said


@pytest.mark.parametrize(
    ("name", "scale", "printed"),
    [
        ("stdcf-table-3-full", "paper", ["18.5M", "52.2G", "52.2G"]),
        ("stdcf-table-3-full", "lab", []),
        ("stdcf-table-2-joint-full", "paper", []),
    ],
)
def test_stdcf_table_3_stands_beside_its_experiments(name, scale, printed, monkeypatch):
    # stdcf-table-3
    network = ActionNetOf(JointLayer(way="atoms"), channels=3, hidden=(4,), pools=())
    recipe = replace(FULL, network=network, data=replace(FULL.data, channels=3))
    said = told(recipe, monkeypatch, name, scale)["printed"]
    assert [each["text"] for each in said] == printed
    if printed:
        pixels = 8 * 256 * 256
        layer = Layer(3, 4)
        multiplied_out = pixels * whole_weights(layer) + multiplying_out_macs(layer, 3, 2)
        counted = [
            said[0]["counted"],
            pixels * joint_macs(layer, 3, 2) + 4 * 6,
            multiplied_out + 4 * 6,
        ]
        assert counted[0] == told(recipe, monkeypatch)["parameters"]
        assert [each["counted"] for each in said] == counted
        assert [each["canvas"] for each in said] == [None, 256, 256]
        assert said[1]["residual"] == counted[1] - 52.2e9
