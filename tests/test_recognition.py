"""Foretelling and naming at once, against the rollout, torch's scheduler and sums by hand."""

from inspect import unwrap
from itertools import pairwise
from math import inf, nan

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from stlib.cells import ConvLSTM
from stlib.networks import ActivityNet, Classifier3D
from stlib.recognition import Recognized, classify, joint_loss, recognize, weight_on_plateau
from stlib.rollout import rollout
from stlib.sampling import inference, scheduled, teacher_forcing


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def small(steps=3):
    torch.manual_seed(0)
    classifier = Classifier3D(4, classes=5, steps=steps, width=8, hidden=8, side=2)
    return ActivityNet(ConvLSTM, classifier, 1, width=4, hidden=(4, 5, 5, 4), layers_each=1)


# --- both at once


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 3), st.integers(1, 5), st.integers(0, 4), st.integers(0, 9))
def test_it_is_the_rollout_and_the_opinion_after_the_context(batch, context, after, seed):
    network, steps = small(), context + after
    frames = normal(batch, steps + 1, 1, 12, 12, seed=seed)
    truth = scheduled(batch, steps, context, 0.5, torch.Generator().manual_seed(seed))
    said = recognize(network, network.classify, frames, truth, context)
    assert isinstance(said, Recognized)
    assert_close(said.predictions, rollout(network, frames, truth), rtol=0, atol=0)
    state = None
    for frame in frames[:, :context].unbind(1):
        _, state = network(frame, state)
    assert_close(said.logits, network.classify(state), rtol=0, atol=0)
    assert_close(classify(network, frames[:, :context]), said.logits, rtol=0, atol=0)


def test_nothing_after_the_context_reaches_the_name():
    network, frames, truth = small(), normal(1, 6, 1, 12, 12), teacher_forcing(1, 5)
    logits = recognize(network, network.classify, frames, truth, 3).logits
    for t in range(6):
        other = frames.clone()
        other[:, t] += 1
        again = recognize(network, network.classify, other, truth, 3).logits
        assert bool((again != logits).any()) == (t < 3)


@pytest.mark.parametrize("context", [0, 4])
def test_a_context_that_is_none_of_the_steps_is_named(context):
    network, frames, truth = small(), normal(1, 4, 1, 12, 12), inference(1, 3, 1)
    with pytest.raises(ValueError, match=f"{context=}: must be from 1 to the 3 steps"):
        recognize(network, network.classify, frames, truth, context)
    with pytest.raises(ValueError, match="both must be at least 1"):
        classify(network, frames[:, :0])


# --- the loss


def test_the_joint_loss_by_hand():
    """Two clips, two classes: logits 0 and log 3 give 1/4 and 3/4."""
    logits = torch.tensor([[0.0, 3.0], [0.0, 3.0]]).double()
    logits[:, 1] = torch.tensor(3.0).double().log()
    labels = torch.tensor([0, 1])
    expected = 0.5 * 7 + (torch.tensor(4.0).log() + torch.tensor(4 / 3).log()) / 2
    got = joint_loss(torch.tensor(7.0).double(), logits, labels, 0.5)
    assert got.item() == pytest.approx(expected.item(), rel=1e-6)


def test_the_weight_scales_what_the_forecast_learns_and_not_what_the_name_does():
    prediction, logits = torch.tensor(2.0).requires_grad_(), normal(3, 4).requires_grad_()
    labels = torch.tensor([3, 0, 0])
    joint_loss(prediction, logits, labels, 0.25).backward()
    assert prediction.grad.item() == 0.25
    share = F.one_hot(labels, 4)
    assert_close(logits.grad, (logits.detach().softmax(1) - share) / 3)


def test_half_precision_is_compared_in_float32():
    logits, labels = 1e3 + normal(8, 41), torch.arange(8)
    got = joint_loss(torch.tensor(0.0), logits.bfloat16(), labels, 1.0)
    assert got.dtype == torch.float32
    assert_close(got, F.cross_entropy(logits.bfloat16().float(), labels))


# --- where λ stands

numbers = st.one_of(st.integers(0, 3).map(float), st.just(nan), st.just(inf))


@settings(deadline=None)
@given(st.lists(numbers, max_size=30), st.integers(0, 5))
def test_lambda_falls_where_torchs_scheduler_would_lower_a_rate(losses, patience):
    """The same count of plateaus; torch multiplies where the paper subtracts."""
    weight = torch.nn.Parameter(torch.zeros(()))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=0.5, patience=patience, threshold=0.0, threshold_mode="abs", eps=0.0
    )
    for done, loss in enumerate(losses, start=1):
        scheduler.step(loss)
        plateaus = -torch.tensor(optimizer.param_groups[0]["lr"]).log2().item()
        expected = max(2.0 - 0.25 * plateaus, 0)
        assert weight_on_plateau(losses[:done], 2.0, 0.25, patience) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("losses", "weight"),
    [
        ([], 1.0),
        ([3.0], 1.0),
        ([3.0, 3.0, 3.0], 0.7),
        ([3.0, 2.0, 3.0, 2.0], 0.7),
        ([3.0] * 5, 0.4),
        ([3.0] * 5 + [2.0], 0.4),
        ([3.0] * 20, 0.0),
    ],
)
def test_plateaus_written_out(losses, weight):
    """One validation without improvement is forgiven; after a fall the count starts anew."""
    assert weight_on_plateau(losses, 1.0, 0.3, patience=1) == pytest.approx(weight)


@given(st.lists(numbers, max_size=20), st.floats(0, 5), st.floats(0, 5), st.integers(0, 5))
def test_lambda_never_rises_and_is_never_negative(losses, weight, fall, patience):
    path = [
        weight_on_plateau(losses[:done], weight, fall, patience) for done in range(len(losses) + 1)
    ]
    assert path[0] == weight
    assert all(now >= later >= 0 for now, later in pairwise(path))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: weight_on_plateau([], -1.0, 0.1, 1), "weight=-1.0"),
        (lambda: weight_on_plateau([], 1.0, nan, 1), "fall=nan"),
        (lambda: weight_on_plateau([], 1.0, 0.1, -1), "patience=-1.*expected none negative"),
        (
            lambda: unwrap(joint_loss)(torch.tensor(1.0), normal(1, 2), torch.tensor([0]), nan),
            "weight=nan: must be at least 0",
        ),
    ],
)
def test_negative_numbers_are_named(call, says):
    with pytest.raises(ValueError, match=says):
        call()
