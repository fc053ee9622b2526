"""Kinetics-400 and Something-Something V1 in recipes: from films to names, crops and all."""

import json
from dataclasses import replace
from inspect import unwrap

import pytest
import torch

from stlib.data.clips import Turns
from stlib.data.crops import Crops
from stlib.evaluation import crop_logits_of, evaluate
from stlib.experiments import finish, trained
from stlib.metrics import accuracy, top_accuracy
from stlib.recipes import ClipRecipe, experiment, from_plain, to_plain
from stlib.recipes.clip_networks import JointLayer, Rank1Layer, RegularLayer, ResNet3dOf
from stlib.recipes.data import Kinetics, SomethingV1, StickKTH
from stlib.runs import Run
from stlib.stages import View
from stlib.training import Batches, Machine, fit
from stlib.viewing import laid_out, seen
from tests import test_kinetics, test_something_v1
from tests.drawn import normal

films, folder = test_kinetics.films, test_kinetics.folder
images = test_something_v1.images
KINETICS = Kinetics(
    "these tests", frames=3, every=5, canvas=16, shorts=(18, 24), crops=Crops(4, 3, 18), test=2
)
TINY = ResNet3dOf(JointLayer(3, 2), classes=2, blocks=(1, 1), width=2)
RECIPE = replace(
    experiment("stdcf-table-3-two-stage").smoke,
    network=TINY,
    data=KINETICS,
    test_clips=2,
    validation_clips=1,
    batch=4,
)


def test_a_recipe_trains_on_films_and_names_them_by_all_their_crops(folder, tmp_path):
    assert fit(RECIPE, tmp_path / "run", name="x", machine=Machine(cpu=True)).finished
    about = Run(tmp_path / "run").about()["same"]
    assert about["data"]["name"] == "Kinetics-400, 55 of 55 films"
    told = json.loads(finish(tmp_path / "run", cpu=True).read_text())
    recipe, network = trained(tmp_path / "run")
    assert recipe == RECIPE
    measured = evaluate(network, recipe)
    assert told["measured"]["recognition"] == json.loads(json.dumps(measured["recognition"]))
    test, view = KINETICS.open("test"), RECIPE.test_view
    assert view == View(temporal_dilation=2, spatial_dilation=2)
    rows = []
    with torch.no_grad(), laid_out(network, view):
        for index in range(2):
            logits = [network(seen(crop[None], view))[0] for crop in test.crops(index)]
            assert len(logits) == 12
            rows.append(torch.stack(logits).double().softmax(1).mean(0))
    expected = torch.stack(rows)
    found = crop_logits_of(network, test, 2, view, batch=5)
    torch.testing.assert_close(found.exp(), expected, atol=1e-6, rtol=0)
    named = measured["recognition"]
    assert named["named"] == expected.argmax(1).tolist()
    assert named["confidence"] == pytest.approx(expected.amax(1).tolist(), abs=1e-4)
    with pytest.raises(ValueError, match="wanted=3: expected 1 to the 2 films"):
        crop_logits_of(network, test, 3, view)


def test_each_epoch_looks_anew_and_as_a_stopped_run_would(folder, tmp_path):
    """What training reads, against a list written out."""
    few = replace(RECIPE, data=replace(KINETICS, training=8))
    read, clips = [], few.data.open("training")

    def noted(self, number):
        read.append(number)
        return self.clips.at_turn(number % 8, number // 8)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Turns, "__getitem__", noted)
        fit(few, tmp_path / "run", machine=Machine(cpu=True))
    batches = Batches(8, 4, seed=0)
    assert read == [
        8 * (step // 2) + clip for step in range(few.steps) for clip in batches.at(step)
    ]
    turns = Turns(clips)
    assert torch.equal(turns[3], clips[3])
    assert torch.equal(turns[19], clips.at_turn(3, 2))
    assert not torch.equal(turns[3], turns[11])
    sticks = StickKTH(training=6, frames=3, canvas=16).open("training")
    assert torch.equal(Turns(sticks)[14], sticks[2]), "most clips are the same at every turn"


def test_choices_open_what_they_say(folder, images, tmp_path, monkeypatch):
    test = KINETICS.open("test")
    assert (len(test), len(KINETICS.open("validation"))) == (2, 1)
    assert test[0].shape == (3, 3, 16, 16)
    assert [crop.shape for crop in test.crops(0)] == 12 * [(3, 3, 18, 18)]
    assert KINETICS.origin().name == "Kinetics-400, 55 of 55 films"
    root = tmp_path / "something-v1"
    for number in (1, 2):
        film = root / "20bn-something-something-v1" / str(number)
        film.parent.mkdir(parents=True, exist_ok=True)
        film.symlink_to(images)
    for which, text in (("labels", "Poking"), ("train", "1;Poking"), ("validation", "2;Poking")):
        (root / f"something-something-v1-{which}.csv").write_text(text)
    choice = SomethingV1("these tests", frames=4, canvas=12, shorts=(14, 18), crops=Crops(2, 3, 14))
    assert choice.open("training")[0].shape == (4, 3, 12, 12)
    assert len(list(choice.open("test").crops(0))) == 6
    assert choice.origin().name == "Something-Something V1, 2 films"
    for each in (KINETICS, choice):
        assert each.smoke().channels == each.channels == 3
        assert replace(each, validation=0).smoke().validation == 0
        with pytest.raises(ValueError, match="split='holdout', expected one of training"):
            unwrap(type(each).open)(each, "holdout")
        recipe = replace(RECIPE, data=each)
        assert from_plain(ClipRecipe, json.loads(json.dumps(to_plain(recipe)))) == recipe


@pytest.mark.parametrize("layer", [RegularLayer(), Rank1Layer(0.5), JointLayer(2, 2)])
def test_a_resnet_of_each_kind_of_layer_is_built(layer):
    network = replace(TINY, layer=layer, channels=1).build().eval()
    clips = normal(2, 4, 1, 16, 16).float()
    plain = network(clips)
    with laid_out(network, View(temporal_dilation=2, spatial_dilation=2)):
        apart = network(clips)
    assert plain.shape == apart.shape == (2, 2)
    assert not torch.allclose(plain, apart)
    middle = network.body[1].branch[3]
    assert middle.geometry.stride == (1, 2, 2)
    assert type(middle) is type(layer.constructor()(1, 1))


def test_the_papers_numbers_stand_in_the_recipes():
    """Miao et al., sections 3.2.1 and 3.3."""
    full, staged = (experiment(f"stdcf-table-3-{kind}").paper for kind in ("full", "two-stage"))
    epoch = full.validate_every
    assert [stage.steps / epoch for stage in staged.stages] == [256, 50, 50, 50, 50, 50]
    assert [stage.rate for stage in staged.stages] == [0.03] + 5 * [5e-4]
    assert {(each.optimizer.momentum, each.optimizer.weight_decay) for each in (full, staged)} == {
        (0.9, 1e-4)
    }
    stage_t, stage_s = (stage.view for stage in staged.stages[:2])
    assert (full.data.frames, full.data.canvas, full.data.every) == (8, 224, 8)
    assert (224 // stage_t.shrink, 8 // stage_s.every) == (112, 4)
    full, staged = (experiment(f"stdcf-table-4-{kind}").paper for kind in ("full", "two-stage"))
    epoch = full.validate_every
    rates = [full.stages[0].rate_at(each * epoch) for each in (0, 29, 30, 49)]
    assert rates == pytest.approx([1e-3, 1e-3, 1e-4, 1e-4])
    assert (len(full.stages), full.stages[0].steps, full.batch) == (1, 50 * epoch, 64)
    assert [stage.steps for stage in staged.stages] == 4 * [20 * epoch]
    rates = [staged.stages[2].rate_at(each * epoch) for each in (0, 14, 15, 19)]
    assert rates == pytest.approx([2e-4, 2e-4, 2e-5, 2e-5])
    assert full.classes == staged.classes == 174


def test_the_right_name_among_the_first_five():
    logits, labels = normal(40, 12), torch.arange(40) % 12
    ranks = [(row > row[label]).sum().item() for row, label in zip(logits, labels, strict=True)]
    for top in (1, 5, 12):
        expected = sum(rank < top for rank in ranks) / 40
        assert top_accuracy(logits, labels, top) == pytest.approx(expected)
    assert top_accuracy(logits, labels, 1) == accuracy(logits, labels)
    for top in (0, 13):
        with pytest.raises(ValueError, match=f"top={top}: expected 1 to the 12 classes"):
            top_accuracy(logits, labels, top)
