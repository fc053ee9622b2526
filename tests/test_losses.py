"""Losses against sums written out, and the best pixel against a search."""

import inspect
import math
from itertools import product

import numpy as np
import pytest
import torch

from stlib.losses import (
    best_constant,
    expected_loss,
    l1_l2_mean,
    l1_l2_per_frame,
    l1_l2_sum,
    l1_sum,
    l2_mean,
)

LOSSES = [l1_l2_sum, l1_sum, l1_l2_mean, l1_l2_per_frame, l2_mean]
SHAPE = (2, 3, 2, 4, 5)


def clips(seed=0, shape=SHAPE, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return [torch.rand(shape, generator=generator, dtype=dtype) for _ in range(2)]


def by_hand(prediction, truth):
    """One cost a frame, ``[batch][time]``, added up element by element."""
    p, q = prediction.tolist(), truth.tolist()
    b, t, c, h, w = prediction.shape
    return [
        [
            sum(
                (p[i][j][k][y][x] - q[i][j][k][y][x]) ** 2
                + abs(p[i][j][k][y][x] - q[i][j][k][y][x])
                for k, y, x in product(range(c), range(h), range(w))
            )
            for j in range(t)
        ]
        for i in range(b)
    ]


def test_every_convention_against_a_sum_written_out():
    prediction, truth = clips()
    frames = by_hand(prediction, truth)
    total = sum(map(sum, frames))
    assert l1_l2_sum(prediction, truth).item() == pytest.approx(total)
    assert l1_l2_mean(prediction, truth).item() == pytest.approx(total / (2 * 3 * 2 * 4 * 5))
    assert l1_l2_per_frame(prediction, truth).item() == pytest.approx(total / (2 * 3))


def test_the_absolute_sum_is_numpys():
    prediction, truth = clips()
    expected = np.abs(prediction.numpy() - truth.numpy()).sum()
    assert l1_sum(prediction, truth).item() == pytest.approx(expected)


def test_the_mean_square_is_numpys():
    prediction, truth = clips()
    expected = ((prediction.numpy() - truth.numpy()) ** 2).mean()
    assert l2_mean(prediction, truth).item() == pytest.approx(expected)
    prediction.requires_grad_()
    l2_mean(prediction, truth).backward()
    torch.testing.assert_close(prediction.grad, 2 * (prediction.detach() - truth) / 240)


def test_the_sum_is_the_papers_two_norms():
    prediction, truth = clips()
    error = (prediction - truth).flatten().numpy()
    norms = np.linalg.norm(error) ** 2 + np.linalg.norm(error, 1)
    assert l1_l2_sum(prediction, truth).item() == pytest.approx(norms)


def test_an_error_of_one_half_everywhere():
    """Each element costs 1/4 + 1/2."""
    truth = torch.zeros(SHAPE)
    assert l1_l2_mean(truth + 0.5, truth).item() == 0.75
    assert l1_l2_per_frame(truth - 0.5, truth).item() == 0.75 * 2 * 4 * 5
    assert l1_l2_sum(truth + 0.5, truth).item() == 0.75 * 2 * 3 * 2 * 4 * 5
    assert l2_mean(truth + 0.5, truth).item() == 0.25


@pytest.mark.parametrize("loss", LOSSES)
def test_a_loss_is_zero_for_the_truth_symmetric_and_positive_otherwise(loss):
    prediction, truth = clips()
    assert loss(truth, truth).item() == 0
    assert loss(prediction, truth).item() == loss(truth, prediction).item() > 0


@pytest.mark.parametrize(
    ("loss", "factor"),
    [(l1_l2_sum, 4), (l1_sum, 4), (l1_l2_mean, 1), (l1_l2_per_frame, 1), (l2_mean, 1)],
)
def test_only_the_sums_grow_with_batch_and_time(loss, factor):
    prediction, truth = clips()
    twice = [clip.repeat(2, 2, 1, 1, 1) for clip in (prediction, truth)]
    assert loss(*twice).item() == pytest.approx(factor * loss(prediction, truth).item())


@pytest.mark.parametrize("loss", LOSSES)
def test_gradients_equal_differences(loss):
    prediction, truth = clips(shape=(1, 2, 1, 2, 3))
    assert (prediction - truth).abs().min() > 1e-3  # the kink of |error| is out of reach
    assert torch.autograd.gradcheck(loss, (prediction.requires_grad_(), truth))


def test_gradient_of_the_sum_is_twice_the_error_plus_its_sign():
    prediction, truth = clips()
    prediction.requires_grad_()
    l1_l2_sum(prediction, truth).backward()
    error = (prediction - truth).detach()
    torch.testing.assert_close(prediction.grad, 2 * error + error.sign())


@pytest.mark.parametrize("loss", LOSSES)
def test_forward_and_backward_on_the_meta_device(loss):
    prediction = torch.zeros(SHAPE, device="meta", requires_grad=True)
    value = loss(prediction, torch.zeros(SHAPE, device="meta"))
    value.backward()
    assert value.shape == ()
    assert (prediction.grad.shape, prediction.grad.device.type) == (SHAPE, "meta")


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("half", [torch.bfloat16, torch.float16])
def test_half_precision_is_added_in_float32(loss, half):
    prediction, truth = (clip.to(half) for clip in clips(shape=(1, 2, 1, 32, 32)))
    value = loss(prediction, truth)
    assert value.dtype == torch.float32
    assert value.item() == pytest.approx(loss(prediction.double(), truth.double()).item(), rel=1e-5)


@pytest.mark.parametrize("loss", LOSSES)
def test_nothing_is_broadcast(loss):
    with pytest.raises(ValueError, match=r"\(2, 3, 1, 4, 5\), truth is \(2, 3, 2, 4, 5\)"):
        loss(torch.zeros(2, 3, 1, 4, 5), torch.zeros(SHAPE))


@pytest.mark.parametrize("loss", [l1_l2_mean, l1_l2_per_frame, l2_mean])
def test_no_frames_have_no_average(loss):
    nothing = torch.zeros(2, 0, 1, 4, 5)
    with pytest.raises(ValueError, match="nothing to average"):
        loss(nothing, nothing)
    assert l1_l2_sum(nothing, nothing).item() == 0


GRID = np.linspace(-0.5, 1.5, 2001)  # steps of 0.001, beyond both futures
COST = {
    "l1": lambda error: abs(error),
    "l2": lambda error: error**2,
    "l1+l2": lambda error: abs(error) + error**2,
}


@pytest.mark.parametrize("loss", COST)
def test_the_best_pixel_is_what_a_grid_search_finds(loss):
    for p in np.linspace(0, 1, 101):
        if loss == "l1" and abs(p - 0.5) < 1e-9:
            continue  # every answer is as good: the next test
        cost = p * COST[loss](GRID - 1) + (1 - p) * COST[loss](GRID)
        found = GRID[cost.argmin()]
        answer = best_constant(torch.tensor(p, dtype=torch.float64), loss).item()
        assert answer == pytest.approx(found, abs=1e-3), p


def test_under_l1_a_fair_coin_leaves_every_answer_as_good():
    half, answers = torch.tensor(0.5), torch.linspace(0, 1, 11)
    torch.testing.assert_close(
        expected_loss(answers, half.expand(11), "l1"), torch.full((11,), 0.5)
    )
    assert best_constant(half, "l1").item() == 0.5


def test_futures_under_a_quarter_vanish():
    p = torch.tensor([0, 0.2, 0.25, 0.3, 0.5, 0.7, 0.75, 0.8, 1], dtype=torch.float64)
    best = best_constant(p, "l1+l2").tolist()
    assert best == pytest.approx([0, 0, 0, 0.1, 0.5, 0.9, 1, 1, 1])


@pytest.mark.parametrize("loss", COST)
def test_expected_loss_is_the_average_over_many_futures(loss):
    """A hundred futures, 30 of them 1, scored one by one."""
    futures = np.array([1.0] * 30 + [0.0] * 70)
    for answer in (-0.2, 0.0, 0.4, 1.0, 1.3):
        value = expected_loss(*torch.tensor([answer, 0.3]).double(), loss).item()
        assert value == pytest.approx(COST[loss](answer - futures).mean())


def test_best_constant_returns_a_tensor_of_its_own():
    p = torch.tensor([0.3])
    best_constant(p, "l2").zero_()
    assert p.item() == pytest.approx(0.3)


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_an_impossible_probability_is_named(p):
    with pytest.raises(ValueError, match=r"a probability lies in \[0, 1\]"):
        best_constant(torch.tensor(p), "l2")
    with pytest.raises(ValueError, match=r"a probability lies in \[0, 1\]"):
        expected_loss(torch.tensor(0.5), torch.tensor(p), "l2")


def test_an_unknown_loss_is_named():
    """As a reader's program sees it, without the checks of types that tests run under."""
    half = torch.tensor(0.5)
    with pytest.raises(ValueError, match="loss='l3' is none of"):
        inspect.unwrap(best_constant)(half, "l3")
    with pytest.raises(ValueError, match="loss='l3' is none of"):
        inspect.unwrap(expected_loss)(half, half, "l3")


def test_ms_eq_1_the_least_loss_is_the_most_likely_future():
    # ms-eq-1: the density of a pixel, scaled to area 1; pixels are independent
    d = np.linspace(-9, 9, 90_001)
    area = np.trapezoid(np.exp(-np.abs(d) - d**2), d)
    assert area == pytest.approx(np.exp(0.25) * np.sqrt(np.pi) * math.erfc(0.5), rel=1e-6)
    truth = clips(3, (1, 1, 1, 2, 3))[0]
    answers = np.linspace(0, 1, 101)

    def likelihood(answer):
        away = np.abs(truth.numpy() - answer)
        return np.prod(np.exp(-away - away**2) / area)

    losses = [l1_l2_per_frame(torch.full_like(truth, a), truth).item() for a in answers]
    likely = [likelihood(a) for a in answers]
    assert np.argmin(losses) == np.argmax(likely)
    assert np.log(likely) == pytest.approx(-np.array(losses) - 6 * np.log(area))
