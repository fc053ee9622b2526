"""Every recipe at every scale, one step forward and backward, in shapes without numbers."""

from dataclasses import replace

import torch
import torch.nn.functional as F

from stlib import losses
from stlib.data.clips import sides
from stlib.recipes import ClipRecipe
from stlib.recipes.cells import PrecipLSTMCell
from stlib.recipes.feeding import Progress, WholeBatch
from stlib.recognition import joint_loss, recognize
from stlib.rollout import unroll
from stlib.viewing import laid_out, seen
from tests.test_recipes import coins, every_recipe


@every_recipe
def test_one_step_forward_and_backward_on_the_meta_device(recipe):
    loss, network = whole_clips(recipe) if isinstance(recipe, ClipRecipe) else frames(recipe)
    loss.backward()
    assert (loss.shape, loss.device.type) == ((), "meta")
    assert all(weight.grad is not None for weight in network.parameters())


def whole_clips(recipe):
    data = recipe.data
    with torch.device("meta"):
        network = recipe.network.build()
        shape = (recipe.batch, data.frames, data.channels, *sides(data.canvas))
        clips = torch.zeros(shape)
    loss = 0
    for view in {stage.view for stage in recipe.stages}:
        shown = seen(clips, view)
        with laid_out(network, view):
            answer = network(shown)
        if recipe.task == "name":
            labels = torch.zeros(recipe.batch, dtype=torch.int64, device="meta")
            loss = loss + F.cross_entropy(answer, labels)
        else:
            loss = loss + F.mse_loss(answer, shown)
    return loss, network


def frames(recipe):
    data, context = recipe.data, recipe.context
    size = WholeBatch(recipe.batch, recipe.frames - 1, context)
    truth = recipe.feeding.truth(size, Progress(0, recipe.steps, 0, []), coins())
    assert truth.shape == (recipe.batch, recipe.frames - 1)
    # As many steps as tell them apart, in a tenth of the time; a whole context is read whole.
    if truth.shape[1] > 5 and not recipe.silent:
        truth, context = truth[:, context - 2 : context + 1], 2
    truth[:, 0] = True
    choice = recipe.network
    if isinstance(getattr(choice, "cell", None), PrecipLSTMCell):  # few tiles, for the same answer
        choice = replace(choice, cell=replace(choice.cell, chunk=90))
    with torch.device("meta"):
        network = choice.build()
        shape = (recipe.batch, truth.shape[1] + 1, data.channels, *sides(data.canvas))
        clips = torch.zeros(shape)
    if recipe.recognition is None:
        predictions, state = unroll(network, clips, truth)
    else:
        predictions, logits = recognize(network, network.classify, clips, truth, context)
    loss = getattr(losses, recipe.loss)(predictions, clips[:, 1:])
    if recipe.decoupling:
        loss = loss + recipe.decoupling * state.penalty.mean()
    if recipe.recognition is not None:
        labels = torch.zeros(recipe.batch, dtype=torch.int64, device="meta")
        loss = joint_loss(loss, logits, labels, recipe.recognition.weight)
    return loss, network
