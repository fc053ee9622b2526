"""The runs behind Tables 1 and 2: three networks, two shares, and nothing else that differs."""

from dataclasses import replace
from operator import eq

import pytest
import torch

from stlib.cells import CausalConv3d, ConvLSTM, ConvTTLSTM
from stlib.commands.work import evaluate
from stlib.experiments import jobs, report, run
from stlib.networks import Classifier2D, Classifier3D
from stlib.recipes import early_activity, experiment
from stlib.recipes.data import Something
from stlib.recipes.early_activity import seeing
from stlib.training import Machine

CELLS = {"3d-cnn": CausalConv3d, "convlstm": ConvLSTM, "conv-tt-lstm": ConvTTLSTM}


def test_ctt_table_1_and_ctt_table_2_have_three_networks_at_two_shares():
    # ctt-table-1, ctt-table-2
    names = [f"early-activity-{name}-{percent}" for percent in (25, 50) for name in CELLS]
    assert [each.name for each in early_activity.EXPERIMENTS] == names
    for scale in ("lab", "paper"):
        base = experiment(names[0]).at(scale)
        for name in names:
            recipe = experiment(name).at(scale)
            cell, percent = name.removeprefix("early-activity-").rsplit("-", 1)
            assert recipe.context * 100 == int(percent) * recipe.data.frames
            with torch.device("meta"):
                network = recipe.network.build()
            assert {type(layer) for layer in network.middle.cells} == {CELLS[cell]}
            same = replace(
                recipe,
                context=base.context,
                network=replace(recipe.network, cell=base.network.cell),
            )
            assert same == base, "they differ in their cells and in what they see alone"


def test_the_papers_setting():
    recipe = experiment("early-activity-conv-tt-lstm-25").paper
    assert isinstance(recipe.data, Something)
    assert (recipe.classes, recipe.horizon, recipe.clip, recipe.data.canvas) == (41, 10, 1.0, 224)
    assert recipe.context == recipe.network.classifier.steps == 16
    with torch.device("meta"):
        network = recipe.network.build()
    assert isinstance(network.classifier, Classifier3D)
    assert len(network.middle.cells) == 8
    # 55,111 films, of which a tenth is held back: the steps of an epoch
    assert recipe.validate_every == 55_111 * 9 // 10 // recipe.batch


def test_the_lab_names_six_actions_by_the_classifier_of_section_4_1():
    recipe = experiment("early-activity-convlstm-50").lab
    assert isinstance(recipe.network.build().classifier, Classifier2D)
    assert recipe.data.open("test").classes[:2] == ("walking", "jogging")
    assert (recipe.classes, recipe.horizon, recipe.context) == (6, 5, 12)


def test_a_share_that_cannot_be_cut_is_named():
    recipe = experiment("early-activity-convlstm-25").lab
    assert seeing(recipe, 3).context == 8
    with pytest.raises(ValueError, match="parts=5: expected a divisor of the 24 frames"):
        seeing(recipe, 5)


@pytest.mark.parametrize("cell", CELLS)
def test_a_smoke_run_trains_is_scored_and_told(cell, tmp_path, capsys):
    name = f"early-activity-{cell}-25"
    queue = jobs([name], [0], "smoke", tmp_path)
    (done,) = run(queue, machine=Machine(cpu=True))
    assert done.evaluated
    told = report(queue)[name]["recognition"]["0"]
    assert len(told["named"]) == experiment(name).smoke.test_clips
    assert told["accuracy"] == pytest.approx(
        sum(map(eq, told["named"], told["labels"])) / len(told["named"]), abs=1e-6
    )
    evaluate(queue[0].folder, cpu=True)
    assert f"named right after 60% of a clip: {told['accuracy']:.1%} of" in capsys.readouterr().out
