"""Trainings that begin with what another has learnt."""

import hashlib
from dataclasses import replace

import pytest
import torch

from stlib import experiments, recipes
from stlib.commands import work
from stlib.experiments import Job, first_run, jobs, run
from stlib.fine_tuning import first_of, take_over
from stlib.recipes import Experiment, from_plain, recipe_from_plain, to_plain
from stlib.recipes.clip_recipe import ClipRecipe, smoke
from stlib.recipes.data import StickKTH
from stlib.recipes.earlier import current
from stlib.recipes.trained_before import TrainedBefore
from stlib.runs import Run
from stlib.stages import Stage
from stlib.training import Machine, fit
from tests.test_clip_training import TINY

CPU = Machine(cpu=True, checkpoint_every=1)
ONE_STEP = 1e-9  # minutes
BEFORE = replace(TINY, stages=(Stage(steps=2, rate=0.01),), validation_clips=0)
GAITS = ("walking", "running")
TUNED = replace(
    BEFORE,
    network=replace(BEFORE.network, classes=2),
    data=replace(BEFORE.data, actions=GAITS),
    first=TrainedBefore("before"),
)


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """A finished run of the experiment that comes first."""
    folder = tmp_path_factory.mktemp("runs") / "before" / "lab" / "seed-0"
    assert fit(BEFORE, folder, name="before", machine=CPU).finished
    return folder


def test_everything_is_taken_over_but_what_is_new(before):
    torch.manual_seed(1)
    network = TUNED.network.build()
    drawn = {name: weight.clone() for name, weight in network.state_dict().items()}
    held = first_of(TUNED.first, before)
    told = take_over(network, held, TUNED.first.new)
    trained, _ = held.network()
    for name, weight in network.state_dict().items():
        expected = drawn if name.startswith("decide.") else trained
        assert torch.equal(weight, expected[name]), name
    digest = hashlib.sha256((before / "network.safetensors").read_bytes()).hexdigest()
    assert told == {"run": str(before), "sha256": digest}


def test_a_training_begins_there_and_needs_it_no_more_once_it_goes(before, tmp_path):
    """Stopped after its first step and resumed elsewhere, it ends with the same bits."""
    seen = {}

    def watched(network, held, new):
        told = take_over(network, held, new)
        seen["weights"] = {name: weight.clone() for name, weight in network.state_dict().items()}
        return told

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stlib.training.take_over", watched)
        assert fit(TUNED, tmp_path / "whole", machine=CPU, first=before).finished
    torch.manual_seed(0)
    fresh = TUNED.network.build().state_dict()
    assert torch.equal(seen["weights"]["decide.weight"], fresh["decide.weight"])
    fit(TUNED, tmp_path / "parts", machine=CPU, first=before, minutes=ONE_STEP)
    assert Run(tmp_path / "parts").about()["first"]["run"] == str(before)
    assert fit(TUNED, tmp_path / "parts", machine=CPU, resume=True).finished
    whole, parts = (Run(tmp_path / name).network()[0] for name in ("whole", "parts"))
    assert all(torch.equal(parts[name], weight) for name, weight in whole.items())


def test_first_weights_that_do_not_fit_are_named(before, tmp_path):
    with pytest.raises(ValueError, match="first=None: expected the folder of a run of before"):
        fit(TUNED, tmp_path / "a", machine=CPU)
    with pytest.raises(ValueError, match=r"expected none, for the recipe draws all its weights"):
        fit(BEFORE, tmp_path / "a", machine=CPU, first=before)
    with pytest.raises(FileNotFoundError, match="holds no run"):
        fit(TUNED, tmp_path / "a", machine=CPU, first=tmp_path)
    other = replace(TUNED, first=TrainedBefore("another"))
    with pytest.raises(ValueError, match="holds a run of before, expected one of another"):
        fit(other, tmp_path / "a", machine=CPU, first=before)
    wider = replace(TUNED, network=replace(TUNED.network, hidden=(2, 4)))
    with pytest.raises(ValueError, match=r"safetensors: body\.\S+ is \(3.*expected \(4"):
        fit(wider, tmp_path / "a", machine=CPU, first=before)
    deeper = replace(
        TUNED, network=replace(TUNED.network, hidden=(2, 3, 3), pools=((1, 2, 2), (1, 1, 1)))
    )
    with pytest.raises(ValueError, match=r"body\.\S+ is None, expected"):
        fit(deeper, tmp_path / "a", machine=CPU, first=before)
    misspelt = replace(TUNED, first=TrainedBefore("before", new=("head.*",)))
    with pytest.raises(ValueError, match=r"new='head\.\*' fits no weight"):
        fit(misspelt, tmp_path / "a", machine=CPU, first=before)
    assert not (tmp_path / "a").exists()
    unfinished = tmp_path / "unfinished"
    fit(BEFORE, unfinished, name="before", machine=CPU, minutes=ONE_STEP)
    with pytest.raises(FileNotFoundError, match="training is not over"):
        fit(TUNED, tmp_path / "a", machine=CPU, first=unfinished)


def test_a_queue_finds_the_run_of_the_same_scale_and_seed(tmp_path, monkeypatch):
    held = {"before": BEFORE, "tuned": TUNED}
    known = {name: Experiment(name, each, each, each) for name, each in held.items()}
    monkeypatch.setattr(experiments, "experiment", known.__getitem__)
    queue = jobs(["before", "tuned"], [3], "lab", tmp_path)
    assert [job.first for job in queue] == [None, tmp_path / "before" / "lab" / "seed-3"]
    assert all(each.evaluated for each in run(queue, machine=CPU))
    assert Run(queue[1].folder).about()["first"]["run"] == str(queue[0].folder)
    assert first_run(TUNED, tmp_path / "tuned" / "paper" / "seed-7") == (
        tmp_path / "before" / "paper" / "seed-7"
    )
    with pytest.raises(FileNotFoundError, match=r"seed-4 holds no run"):
        run([Job("tuned", "lab", 4, tmp_path / "tuned" / "lab" / "seed-4")], machine=CPU)


def test_a_command_finds_it_too_or_is_told_where(before, tmp_path, monkeypatch):
    asked = []

    def noted(recipe, folder, **how):
        asked.append((folder, how["first"]))
        raise InterruptedError

    monkeypatch.setattr(work, "fit", noted)
    for options in (work.Train(seed=2), work.Train(first=before, out=tmp_path)):
        with pytest.raises(InterruptedError):
            work.train("tuned", TUNED, options)
    assert [str(first) for _, first in asked] == ["runs/before/lab/seed-2", str(before)]


def test_a_fine_tuning_comes_back_from_json_and_an_earlier_recipe_had_none():
    plain = to_plain(TUNED)
    assert recipe_from_plain(plain) == from_plain(ClipRecipe, plain) == TUNED
    before = {name: value for name, value in to_plain(BEFORE).items() if name != "first"}
    assert current(before) == to_plain(BEFORE)
    assert recipe_from_plain(before) == BEFORE
    assert smoke(TUNED).first is None


def test_table_4_begins_with_table_3_of_the_same_kind():
    for kind in ("full", "two-stage"):
        tuned = recipes.experiment(f"stdcf-table-4-{kind}")
        for scale in ("lab", "paper"):
            recipe = tuned.at(scale)
            before = recipes.experiment(recipe.first.experiment).at(scale)
            assert recipe.first.experiment == f"stdcf-table-3-{kind}"
            assert before.network == replace(recipe.network, classes=before.classes)
            assert recipe.test_view == before.test_view
    assert isinstance(recipes.experiment("stdcf-table-4-full").lab.data, StickKTH)
