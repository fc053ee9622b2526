"""What a recipe asks of its network, task by task."""

from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from stlib import losses
from stlib.evaluation import evaluate_forecasts, scores
from stlib.evaluation.scoring import averaged, frame_scores, told
from stlib.recipes.clip_networks import ClipNetworkChoice
from stlib.recognition import joint_loss, recognize
from stlib.rollout import rollout
from stlib.stages import WHOLE
from stlib.tasks import (
    Forecasting,
    Moment,
    Naming,
    Recognizing,
    Reconstructing,
    Task,
    task_of,
)
from stlib.tasks.forecasting import Drawn, Unrolled
from stlib.tasks.labels import Labels, labels_of, picked
from tests.drawn import normal
from tests.test_clip_training import TINY as WHOLE_CLIPS
from tests.test_joint_training import JOINT
from tests.test_training import TINY as FRAMES

MOMENT = Moment(seed=5, step=2, epoch=0, validations=[], which=[3, 1, 2, 0], view=WHOLE)


def clips_of(recipe, which):
    data = recipe.data.open("training")
    return torch.stack([data[index] for index in which])


@pytest.mark.parametrize(
    ("recipe", "kind"),
    [(FRAMES, Forecasting), (JOINT, Recognizing), (WHOLE_CLIPS, Naming)],
)
def test_every_recipe_has_its_task(recipe, kind):
    task = task_of(recipe)
    assert type(task) is kind
    assert isinstance(task, Task)
    assert isinstance(Reconstructing(WHOLE_CLIPS), Task)
    assert isinstance(WHOLE_CLIPS.network, ClipNetworkChoice)


@pytest.mark.parametrize("loss", ["l1_l2_mean", "l1_l2_sum"])
def test_parts_of_a_batch_make_the_loss_of_the_whole(loss):
    recipe = replace(FRAMES, loss=loss)
    task, network, clips = task_of(recipe), recipe.network.build(), clips_of(recipe, MOMENT.which)
    drawn = task.draw(MOMENT)
    module = task.module(network, network)
    assert isinstance(module, Unrolled)
    assert isinstance(drawn, Drawn)
    assert torch.equal(drawn.truth, task.draw(MOMENT).truth)
    expected = getattr(losses, loss)(rollout(network, clips, drawn.truth), clips[:, 1:])
    assert_close(task.loss(module, clips, slice(0, 4), drawn, 1), expected)
    halves = [task.loss(module, clips[rows], rows, drawn, 2) for rows in (slice(0, 2), slice(2, 4))]
    assert_close(sum(halves) / 2, expected)


def test_naming_and_foretelling_at_once():
    task, network, clips = task_of(JOINT), JOINT.network.build(), clips_of(JOINT, MOMENT.which)
    training = JOINT.data.open("training")
    task.check(training, JOINT.data.open("validation"))
    drawn = task.draw(MOMENT)
    said = recognize(network, network.classify, clips, drawn.truth, JOINT.context)
    frames = losses.l1_l2_mean(said.predictions, clips[:, 1 : JOINT.frames])
    labels = torch.tensor([training.labels[index] for index in MOMENT.which])
    expected = joint_loss(frames, said.logits, labels, JOINT.recognition.weight)
    assert_close(task.loss(task.module(network, network), clips, slice(0, 4), drawn, 1), expected)


def test_recognizing_needs_something_to_recognize():
    with pytest.raises(ValueError, match="expected a Recognition"):
        Recognizing(FRAMES)


def test_scores_of_parts_are_those_of_the_whole():
    prediction, truth = normal(4, 3, 1, 16, 16).float().sigmoid(), normal(4, 3, 1, 16, 16).float()
    truth = truth.sigmoid()
    parts = [frame_scores(prediction[rows], truth[rows]) for rows in (slice(0, 1), slice(1, 4))]
    assert told(parts) == scores(prediction, truth)
    assert averaged(torch.tensor([[1.0, 2.0], [2.0, 5.0]])) == {"steps": [1.5, 3.5], "mean": 2.5}


def test_forecasts_are_scored_step_by_step():
    network = FRAMES.network.build()
    found = evaluate_forecasts(network, FRAMES)
    assert len(found["predictors"]["network"]["mse_e3"]["steps"]) == FRAMES.horizon


def test_labels_are_those_of_the_clips():
    training, validation = (WHOLE_CLIPS.data.open(split) for split in ("training", "validation"))
    labels = labels_of(training, validation, 6)
    assert labels == Labels(training.labels, validation.labels)
    assert labels_of(training, None, 6).validation == ()
    found = picked(labels.training, [4, 0, 7], torch.device("cpu"))
    assert found.tolist() == [training.labels[index] for index in (4, 0, 7)]
    with pytest.raises(ValueError, match="classes=5: expected the 6"):
        labels_of(training, None, 5)
