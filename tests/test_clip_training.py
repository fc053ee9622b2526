"""Training on whole clips: the loop against a plain one, under changing views."""

from dataclasses import replace
from itertools import count

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.testing import assert_close

from stlib.data.clips import ClipSet
from stlib.evaluation import evaluate, evaluate_clips, logits_of, naming_scores
from stlib.evaluation.scoring import mean_frame
from stlib.experiments import finish, jobs, report, trained
from stlib.joint_filter import JointConv3d
from stlib.recipes import ClipRecipe, recipe_from_plain, to_plain
from stlib.recipes.clip_networks import ActionNetOf, JointLayer, Rank1Layer, RegularLayer
from stlib.recipes.clip_recipe import smoke
from stlib.recipes.data import StickKTH
from stlib.recipes.optimizers import SGD, Adam
from stlib.runs import Run
from stlib.stages import Stage, View
from stlib.tasks import Moment, Naming, task_of
from stlib.tasks.task import named
from stlib.training import Batches, Machine, fit
from stlib.viewing import laid_out, seen
from tests.drawn import normal

ONE_STEP = 1e-9  # minutes
CPU = Machine(cpu=True, log_every=1, checkpoint_every=2)
SLOW, SMALL = View(every=2, spatial_dilation=2), View(shrink=2, temporal_dilation=2)
TINY = ClipRecipe(
    source="these tests",
    network=ActionNetOf(JointLayer(2, 2), hidden=(2, 3), pools=((1, 2, 2),)),
    data=StickKTH(training=18, validation=6, test=7, frames=6, canvas=16),
    stages=(
        Stage(steps=3, rate=0.02, frozen=("*.spatial",), view=SMALL),
        Stage(steps=2, rate=0.01, frozen=("*.temporal",), view=SLOW),
    ),
    optimizer=SGD(momentum=0.9, weight_decay=0.01),
    batch=4,
    clip=1.0,
    validate_every=2,
    validation_clips=5,
    test_clips=7,
    test_view=View(temporal_dilation=2, spatial_dilation=2),
)


class GivesBack(nn.Module):
    """A reconstruction through one joint layer."""

    def __init__(self):
        super().__init__()
        self.layer = JointConv3d(1, 1)

    def forward(self, clips):
        return self.layer(clips.transpose(1, 2)).transpose(1, 2)


def weights(folder):
    return Run(folder).network()[0]


def plainly(recipe, seed):
    """The same training, written out; the weights at the end of each stage."""
    torch.manual_seed(seed)
    network = recipe.network.build()
    data, batches, step = recipe.data.open("training"), Batches(18, recipe.batch, seed), count()
    for stage in recipe.stages:
        frozen = [pattern.removeprefix("*") for pattern in stage.frozen]
        for layer in network.body:
            if isinstance(layer, JointConv3d):
                time, space = stage.view.temporal_dilation, stage.view.spatial_dilation
                layer.geometry = layer.geometry._replace(dilation=(time, space, space))
        learning = [
            weight
            for name, weight in network.named_parameters()
            if not any(name.endswith(end) for end in frozen)
        ]
        optimizer = torch.optim.SGD(learning, stage.rate, momentum=0.9, weight_decay=0.01)
        network.train()
        for _ in range(stage.steps):
            which = batches.at(next(step))
            clips = torch.stack([data[index] for index in which])[:, :: stage.view.every]
            if stage.view.shrink == 2:
                a, b = clips[..., ::2, :], clips[..., 1::2, :]
                clips = (a[..., ::2] + a[..., 1::2] + b[..., ::2] + b[..., 1::2]) / 4
            labels = torch.tensor([data.labels[index] for index in which])
            loss = F.cross_entropy(network(clips), labels)
            network.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(learning, recipe.clip)
            optimizer.step()
        yield {name: tensor.clone() for name, tensor in network.state_dict().items()}


def test_the_loop_is_the_plain_one(tmp_path):
    fit(TINY, tmp_path, seed=3, machine=CPU)
    *_, expected = plainly(TINY, 3)
    found = weights(tmp_path)
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        assert_close(found[name], tensor, atol=1e-6, rtol=1e-5)


def test_stopped_at_every_step_the_bits_are_the_same(tmp_path):
    fit(TINY, tmp_path / "whole", machine=CPU)
    for _ in range(TINY.steps):
        outcome = fit(TINY, tmp_path / "parts", resume=True, machine=CPU, minutes=ONE_STEP)
    assert outcome.finished
    whole, parts = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert all(torch.equal(whole[name], parts[name]) for name in whole)
    assert Run(tmp_path / "whole").memory()["stages"] == Run(tmp_path / "parts").memory()["stages"]


def test_what_held_out_clips_say_before_and_after_each_stage(tmp_path):
    fit(TINY, tmp_path, seed=3, machine=CPU)
    told = Run(tmp_path).memory()["stages"]
    held = TINY.data.open("validation")
    clips = torch.stack([held[index] for index in range(5)])
    labels = torch.tensor(held.labels[:5])
    network = TINY.network.build()
    for stage, states, entry in zip(TINY.stages, plainly(TINY, 3), told, strict=True):
        network.load_state_dict(states)
        network.eval()
        for key, view in (("stage", stage.view), ("test", TINY.test_view)):
            with laid_out(network, view), torch.no_grad():
                logits = network(seen(clips, view))
            assert entry["after"][key]["loss"] == pytest.approx(
                F.cross_entropy(logits, labels).item(), abs=1e-4
            )
            right = (logits.argmax(1) == labels).float().mean().item()
            assert entry["after"][key]["accuracy"] == pytest.approx(right)
    # The test sees the same before a stage as after the last.
    assert told[1]["before"]["test"] == told[0]["after"]["test"]
    rows = Run(tmp_path).log()
    assert float(rows[-1]["validation"]) == told[1]["after"]["test"]["loss"]


def test_frozen_atoms_stand_still(tmp_path):
    fit(TINY, tmp_path, machine=CPU)
    torch.manual_seed(0)
    first, last = TINY.network.build().state_dict(), weights(tmp_path)
    only = replace(TINY, stages=TINY.stages[:1])
    fit(only, tmp_path / "only", machine=CPU)
    middle = weights(tmp_path / "only")
    for layer in ("body.0", "body.4"):
        spatial, temporal = f"{layer}.spatial", f"{layer}.temporal"
        assert torch.equal(first[spatial], middle[spatial])
        assert not torch.equal(first[temporal], middle[temporal])
        assert torch.equal(middle[temporal], last[temporal])
        assert not torch.equal(middle[spatial], last[spatial])


def test_a_few_clips_are_learnt_by_heart(tmp_path):
    recipe = replace(
        TINY,
        network=ActionNetOf(JointLayer(), hidden=(8, 16), pools=((1, 2, 2),)),
        data=replace(TINY.data, training=6),
        stages=(Stage(steps=60, rate=0.02),),
        optimizer=Adam(),
        batch=6,
        validation_clips=0,
    )
    fit(recipe, tmp_path, machine=CPU)
    rows = Run(tmp_path).log()
    assert float(rows[0]["loss"]) > 1
    assert float(rows[-1]["loss"]) < 0.1
    assert Run(tmp_path).memory()["stages"] == [{"before": {}, "after": {}}]


def test_a_run_is_evaluated_reported_and_built_again(tmp_path):
    queue = jobs(["first-convlstm"], [0], "smoke", tmp_path)  # a name that the report knows
    fit(TINY, queue[0].folder, name="first-convlstm", scale="smoke", machine=CPU)
    finish(queue[0].folder, cpu=True)
    recipe, network = trained(queue[0].folder)
    assert recipe == TINY
    test = TINY.data.open("test")
    with laid_out(network, TINY.test_view):
        logits = network(torch.stack([test[index] for index in range(7)]))
    told = evaluate(network, recipe)
    assert told["recognition"]["named"] == logits.argmax(1).tolist()
    assert told["recognition"]["labels"] == list(test.labels)
    assert_close(logits_of(network, test, 7, TINY.test_view, batch=3), logits.double())
    with pytest.raises(ValueError, match="recipe"):
        report(queue)  # for it is another experiment's recipe
    with pytest.raises(ValueError, match="foretells no frames"):
        finish(queue[0].folder, horizon=3, cpu=True)


def test_naming_by_hand():
    logits = torch.tensor([[2.0, 0.0], [0.0, 2.0], [0.0, 2.0], [2.0, 0.0]]).double()
    labels = torch.tensor([0, 1, 1, 1])
    told = naming_scores(logits, labels, ("a", "b"))
    assert (told["accuracy"], told["accuracy_by_class"]) == (0.75, [1.0, 0.666667])
    right, wrong = torch.tensor([0.126928, 2.126928]).double()
    assert told["cross_entropy"] == pytest.approx(float((3 * right + wrong) / 4), abs=1e-6)
    each = named(logits, labels)
    assert each["accuracy"].tolist() == [1, 1, 1, 0]
    assert_close(each["loss"], torch.stack([right, right, right, wrong]), atol=1e-6, rtol=0)


def test_a_reconstruction_is_scored_frame_by_frame():
    recipe = replace(TINY, task="name")
    object.__setattr__(recipe, "task", "reconstruct")
    network = GivesBack()
    told = evaluate_clips(network, recipe)["predictors"]
    test = TINY.data.open("test")
    clips = torch.stack([test[index] for index in range(7)])
    with laid_out(network, TINY.test_view), torch.no_grad():
        given = network(clips).clamp(0, 1)
    error = 1e3 * (given - clips).square().mean((0, 2, 3, 4))
    assert told["network"]["mse_e3"]["steps"] == pytest.approx(error.tolist(), abs=1e-5)
    mean = mean_frame(TINY.data.open("training"))
    assert told["mean_frame"]["mse_e3"]["mean"] == pytest.approx(
        1e3 * (mean - clips).square().mean().item(), abs=1e-5
    )
    assert told["black"]["mse_e3"]["mean"] == pytest.approx(
        1e3 * clips.square().mean().item(), abs=1e-5
    )
    task = task_of(recipe)
    moment = Moment(0, 0, 0, [], range(7), SMALL)
    shown = seen(clips, SMALL)
    loss = task.loss(task.module(network, network), clips, slice(0, 7), task.draw(moment), 1)
    assert_close(loss, (network(shown) - shown).square().mean())
    held = task.held_out(network, clips, range(7), SMALL)["loss"]
    assert_close(held.mean().float(), loss)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"task": "reconstruct"}, "task='reconstruct': ActionNetOf names clips"),
        ({"stages": ()}, "expected one stage"),
        ({"batch": 19}, "batch=19: expected 1 to the 18"),
        ({"clip": 0.0}, "clip=0.0: expected a positive norm"),
        ({"validate_every": 0}, "validate_every=0"),
        ({"test_clips": 8}, "test_clips=8: expected 0 to the 7"),
        ({"network": ActionNetOf(channels=3)}, "network.channels=3: expected 1"),
    ],
)
def test_a_recipe_that_cannot_be_is_named(change, says):
    with pytest.raises(ValueError, match=says):
        replace(TINY, **change)


def test_what_cannot_be_trained_is_refused_before_anything_is_written(tmp_path):
    other = replace(TINY, network=ActionNetOf(classes=4))
    with pytest.raises(ValueError, match="classes=4: expected the 6"):
        fit(other, tmp_path / "other", machine=CPU)
    nothing = replace(TINY, stages=(Stage(steps=1, frozen=("body.0.atoms",)),))
    with pytest.raises(ValueError, match="fits no parameter"):
        fit(nothing, tmp_path / "nothing", machine=CPU)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_task_is_named():
    wrong = {**to_plain(TINY), "task": "guess"}
    with pytest.raises(ValueError, match="task='guess', expected one of"):
        recipe_from_plain(wrong)


@pytest.mark.parametrize("layer", [RegularLayer(), Rank1Layer(0.5), JointLayer(4, 1, "filter")])
@pytest.mark.parametrize("optimizer", [Adam(1e-3), SGD()])
def test_a_recipe_comes_back_from_json(layer, optimizer):
    recipe = replace(TINY, network=replace(TINY.network, layer=layer), optimizer=optimizer)
    assert recipe_from_plain(to_plain(recipe)) == recipe
    small = smoke(recipe)
    assert small.network == recipe.network
    assert [stage.view for stage in small.stages] == [stage.view for stage in recipe.stages]
    assert small.steps == 4


def test_channels_between_are_a_share_of_the_outputs():
    layer = Rank1Layer(0.4).constructor()
    assert layer(3, 8).spatial.shape == (3, 3, 3, 3)
    assert layer(3, 1).spatial.shape == (1, 3, 3, 3)


@pytest.mark.parametrize(
    "make",
    [lambda: Rank1Layer(0.0), lambda: Adam(-1.0), lambda: SGD(1.0), lambda: SGD(0.5, -1.0)],
)
def test_a_choice_that_cannot_be_is_named(make):
    with pytest.raises(ValueError, match="expected"):
        make()


def test_optimisers_are_torchs():
    weight = nn.Parameter(normal(3))
    for choice, kind in ((Adam(0.1), torch.optim.Adam), (SGD(0.5, 0.1), torch.optim.SGD)):
        made = choice.over([weight], 0.3)
        assert type(made) is kind
        assert (made.defaults["lr"], made.defaults["weight_decay"]) == (0.3, 0.1)


def test_naming_needs_labels():
    with pytest.raises(ValueError, match="has no labels"):
        Naming(TINY).check(ClipSet(), None)
