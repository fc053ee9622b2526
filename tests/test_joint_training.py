"""Training that foretells and names: the plain loop, to the bit after a stop, on two processes."""

import os
import socket
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn import metrics as sklearn_metrics
from torch import nn

from stlib import metrics
from stlib.data.clips import ClipSet
from stlib.evaluation import evaluate, predictions, recognition_scores
from stlib.recipes import Recipe, Recognition, from_plain, to_plain
from stlib.recipes.cells import CausalConv3dCell, ConvLSTMCell
from stlib.recipes.feeding import ByIteration, TeacherForcing
from stlib.recipes.networks import (
    ActivityNetOf,
    Classifier2DOf,
    Classifier3DOf,
    EncoderForecasterOf,
    StackOf,
)
from stlib.recipes.recipe import smoke
from stlib.recipes.recognition import labelled
from stlib.recognition import classify
from stlib.runs import Run
from stlib.stages import Stage
from stlib.training import Batches, fit, load_tensors, rebuilt
from tests.labelled_clips import GlidesOf, UnnamedOf
from tests.test_training import FORK, OFTEN, close, losses, same_bits, weights

NETWORK = ActivityNetOf(
    cell=ConvLSTMCell(kernel=3),
    classifier=Classifier3DOf(steps=4, width=8, hidden=8, side=2),
    classes=3,
    channels=1,
    width=4,
    hidden=(2, 2, 2, 2),
    layers_each=1,
)
JOINT = Recipe(
    source="these tests",
    network=NETWORK,
    data=GlidesOf(18, 6, 12, "these tests", frames=8, canvas=16),
    feeding=ByIteration(),
    stages=(Stage(steps=7, rate=0.01),),
    loss="l1_l2_mean",
    batch=4,
    context=3,
    validate_every=1,
    validation_clips=6,
    test_clips=12,
    recognition=Recognition(weight=2.0, fall=0.75, patience=0, horizon=3),
)


def validations(folder):
    return [float(row["validation"]) for row in Run(folder).log()]


# --- training


def test_the_loop_is_the_plain_one(tmp_path):
    """The ten lines of chapter 5 with a second task: λ · forecast + name, both from one rollout."""
    recipe = replace(JOINT, feeding=TeacherForcing())
    fit(recipe, tmp_path, seed=3, machine=OFTEN)
    torch.manual_seed(3)
    network = recipe.network.build()
    clips, held = recipe.data.open("training"), recipe.data.open("validation")
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    plain, crossed, weight, best = [], [], 2.0, np.inf
    for step in range(7):
        chosen = Batches(18, 4, seed=3).at(step)
        frames = torch.stack([clips[index] for index in chosen])
        state, foretold = None, []
        for t in range(5):  # frames 0 … 4 are read, 1 … 5 foretold; two more are never seen
            prediction, state = network(frames[:, t], state)
            foretold.append(prediction)
            if t == 2:
                logits = network.classify(state)
        error = torch.stack(foretold, 1) - frames[:, 1:6]
        shown = torch.tensor([clips.labels[index] for index in chosen])
        loss = weight * (error**2 + error.abs()).mean() + F.cross_entropy(logits, shown)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        plain.append(loss.item())
        with torch.no_grad():
            state = None
            for t in range(3):
                _, state = network(torch.stack([held[i][t] for i in range(6)]), state)
            crossed.append(
                F.cross_entropy(network.classify(state), torch.tensor(held.labels)).item()
            )
        if crossed[-1] < best:
            best = crossed[-1]
        else:
            weight = max(weight - 0.75, 0)
    np.testing.assert_allclose(losses(tmp_path), plain, rtol=1e-5)
    np.testing.assert_allclose(validations(tmp_path), crossed, rtol=1e-5)
    assert close(weights(tmp_path), network.state_dict()) < 1e-5
    assert weight < 2.0, "λ never fell: the schedule was not part of this test"


def test_stopped_at_every_step_the_bits_are_the_same_while_lambda_falls(tmp_path):
    fit(JOINT, tmp_path / "whole", seed=3, machine=OFTEN)
    stops, finished = 0, False
    while not finished:
        finished = fit(
            JOINT, tmp_path / "parts", seed=3, machine=OFTEN, resume=True, minutes=1e-9
        ).finished
        stops += 1
    assert stops == 7
    assert same_bits(weights(tmp_path / "parts"), weights(tmp_path / "whole"))
    assert losses(tmp_path / "parts") == losses(tmp_path / "whole")
    path = [JOINT.recognition.weight_after(validations(tmp_path / "whole")[:n]) for n in range(8)]
    assert path[0] == 2.0
    assert path[-1] < 2.0


def test_two_processes_follow_one_at_the_same_batch(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    children = [FORK.Process(target=one_of_two, args=(rank, port, tmp_path)) for rank in (0, 1)]
    for child in children:
        child.start()
    fit(ADDED, tmp_path / "one", machine=OFTEN)
    for child in children:
        child.join(120)
        assert child.exitcode == 0
    np.testing.assert_allclose(losses(tmp_path / "two"), losses(tmp_path / "one"), rtol=1e-4)
    np.testing.assert_allclose(
        validations(tmp_path / "two"), validations(tmp_path / "one"), rtol=1e-4
    )
    assert close(weights(tmp_path / "two"), weights(tmp_path / "one")) < 1e-4


# The loss that adds: the forecast's share grows with the batch, the name's does not.
ADDED = replace(JOINT, loss="l1_l2_sum", stages=(Stage(steps=4, rate=0.01),), clip=50.0)


def one_of_two(rank, port, folder):
    torch.set_num_threads(1)
    os.environ |= {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": "2",
        "LOCAL_WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "ACCELERATE_USE_CPU": "true",
    }
    fit(ADDED, folder / "two", machine=OFTEN)


@pytest.mark.parametrize("loss", ["l1_l2_mean", "l1_l2_sum"])
def test_a_batch_in_parts_has_the_same_gradient(loss, tmp_path):
    recipe = replace(JOINT, loss=loss, clip=None, stages=(Stage(steps=1),))
    for parts in (1, 2):
        fit(recipe, tmp_path / str(parts), machine=replace(OFTEN, accumulate=parts))
    np.testing.assert_allclose(losses(tmp_path / "2"), losses(tmp_path / "1"), rtol=1e-5)
    kept = [load_tensors(Run(tmp_path / str(n)).checkpoints()[-1])[0] for n in (1, 2)]
    for name in kept[0]:
        if name.endswith("exp_avg"):  # a tenth of the gradient, after one step
            torch.testing.assert_close(kept[0][name], kept[1][name], rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_without_weight_the_decoder_learns_nothing(weight, tmp_path):
    recipe = replace(JOINT, recognition=replace(JOINT.recognition, weight=weight, fall=0.0))
    torch.manual_seed(0)
    before = recipe.network.build().state_dict()
    fit(recipe, tmp_path, seed=0, machine=OFTEN)
    for name, after in weights(tmp_path).items():
        still = weight == 0 and name.startswith("decoder")
        assert torch.equal(after, before[name]) == still, name


def test_a_few_clips_are_learnt_by_heart(tmp_path):
    recipe = replace(
        JOINT,
        network=replace(NETWORK, classifier=Classifier2DOf(steps=3, width=16, side=2), width=8),
        data=replace(JOINT.data, training=6),
        stages=(Stage(steps=60, rate=0.01),),
        batch=6,
        validate_every=60,
        recognition=Recognition(weight=0.1),
    )
    fit(recipe, tmp_path, machine=replace(OFTEN, log_every=60, checkpoint_every=60))
    network, clips = rebuilt(recipe, weights(tmp_path)), recipe.data.open("training")
    with torch.no_grad():
        logits = classify(network, torch.stack([clips[index][:3] for index in range(6)]))
    assert logits.argmax(1).tolist() == list(clips.labels)


# --- evaluation


def test_scores_are_those_of_scikit_learn():
    network = JOINT.network.build()
    measured = evaluate(network, JOINT)
    told, test = measured["recognition"], JOINT.data.open("test")
    clips = torch.stack([test[index] for index in range(12)])
    with torch.no_grad():
        chances = classify(network, clips[:, :3]).double().softmax(1)
    named = chances.argmax(1)
    assert told["labels"] == list(test.labels)
    assert told["named"] == named.tolist()
    assert told["accuracy"] == pytest.approx(
        sklearn_metrics.accuracy_score(test.labels, named), abs=1e-6
    )
    assert told["accuracy_by_class"] == pytest.approx(
        list(sklearn_metrics.recall_score(test.labels, named, average=None, zero_division=0)),
        abs=1e-6,
    )
    assert told["cross_entropy"] == pytest.approx(
        sklearn_metrics.log_loss(test.labels, chances), abs=1e-6
    )
    assert told["confidence"] == pytest.approx(chances.amax(1).tolist(), abs=1e-4)
    assert (told["seen"], told["classes"]) == (3 / 8, ["left", "right", "up"])
    assert measured["horizon"] == 3
    assert len(measured["predictors"]["network"]["mse_e3"]["steps"]) == 3


def test_a_class_that_is_not_shown_has_no_accuracy():
    logits, labels = torch.eye(3), torch.tensor([0, 0, 2])
    by_class = metrics.accuracy_by_class(logits, labels)
    assert by_class[:1].tolist() == [0.5]
    assert by_class[2:].tolist() == [1.0]
    assert bool(by_class[1].isnan())
    assert metrics.accuracy(logits, labels) == pytest.approx(2 / 3)
    assert metrics.confidence(logits).tolist() == pytest.approx([np.e / (np.e + 2)] * 3)
    told = recognition_scores(JOINT.network.build(), JOINT, clips=1)
    assert told["accuracy_by_class"].count(None) == 2


@pytest.mark.parametrize("labels", [[], [3], [-1]])
def test_labels_without_a_logit_are_named(labels):
    wrong = torch.tensor(labels, dtype=torch.int64)
    for metric in (metrics.accuracy, metrics.accuracy_by_class):
        with pytest.raises(ValueError, match=r"expected one at least, each below 3"):
            metric(torch.zeros(len(labels), 3), wrong)


def test_predictions_end_with_the_horizon():
    clips, prediction = predictions(JOINT.network.build(), JOINT, clips=2)
    assert clips.context.shape == (2, 3, 1, 16, 16)
    assert clips.future.shape == prediction.shape == (2, 3, 1, 16, 16)


# --- recipes


def test_sizes_of_a_recipe_that_names():
    assert (JOINT.context, JOINT.horizon, JOINT.frames, JOINT.classes) == (3, 3, 6, 3)
    far = replace(JOINT, recognition=Recognition(horizon=10))
    assert (far.horizon, far.frames) == (5, 8)
    plain = replace(JOINT, network=StackOf(), recognition=None)
    assert (plain.horizon, plain.frames, plain.classes) == (5, 8, 0)


@pytest.mark.parametrize(
    "network",
    [
        NETWORK,
        replace(NETWORK, cell=CausalConv3dCell(3, 2), classifier=Classifier2DOf(3, 8, 2)),
        EncoderForecasterOf(hidden=(4, 2), context=3),
    ],
)
def test_every_choice_builds_and_comes_back_from_json(network):
    names = isinstance(network, ActivityNetOf)
    recipe = replace(JOINT, network=network, recognition=JOINT.recognition if names else None)
    plain = to_plain(recipe)
    plain["data"]["kind"] = "Preset"
    read = from_plain(Recipe, plain)
    assert (read.network, read.recognition) == (recipe.network, recipe.recognition)
    y, _ = network.build()(torch.zeros(1, 1, 16, 16))
    assert y.shape == (1, 1, 16, 16)
    if not names:
        assert smoke(recipe).network.context == smoke(recipe).context == 3


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"recognition": None}, "recognition=None: expected a Recognition for ActivityNetOf"),
        ({"network": StackOf()}, "recognition=Recognition.*: expected None for StackOf"),
        ({"validation_clips": 0}, "validation_clips=0: .* Recognition waits"),
        ({"foretell": 4}, "foretell=4: expected None where clips are to be named"),
        (
            {"network": EncoderForecasterOf(context=4), "recognition": None},
            "network.context=4: expected the recipe's own, 3",
        ),
    ],
)
def test_a_recipe_that_cannot_be_is_named(wrong, says):
    with pytest.raises(ValueError, match=says):
        replace(JOINT, **wrong)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"weight": -1.0}, "weight=-1.0"),
        ({"fall": -0.1}, "fall=-0.1"),
        ({"patience": -1}, "patience=-1"),
        ({"horizon": 0}, "horizon=0: expected at least 1"),
    ],
)
def test_a_recognition_that_cannot_be_is_named(wrong, says):
    with pytest.raises(ValueError, match=says):
        Recognition(**wrong)


def test_clips_that_cannot_be_named_are_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ValueError, match=r"network\.classes=3: expected the 4 of Unnamed"):
        fit(replace(JOINT, data=UnnamedOf(*vars(JOINT.data).values())), tmp_path, machine=OFTEN)
    with pytest.raises(ValueError, match="ClipSet has no labels: expected clips of known classes"):
        labelled(ClipSet(), 3)
    assert list(tmp_path.iterdir()) == []
    clips = JOINT.data.open("test")
    assert labelled(clips, 3) is clips
