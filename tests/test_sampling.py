"""Truth matrices against lists written out and counts; schedules against their formulas."""

from inspect import unwrap
from math import exp, inf, nan

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from stlib.sampling import (
    ReverseChances,
    curriculum,
    inference,
    linear_by_epoch,
    linear_by_iteration,
    on_plateau,
    reverse,
    reverse_chances,
    scheduled,
    teacher_forcing,
)

sizes = st.integers(1, 4).flatmap(
    lambda batch: st.integers(1, 9).flatmap(
        lambda steps: st.tuples(st.just(batch), st.just(steps), st.integers(1, steps))
    )
)
chance = st.floats(0, 1)


def coins(seed=0):
    return torch.Generator().manual_seed(seed)


def row(truth):
    """One row as a string, the only one or the same for all samples."""
    first, *rest = ("".join("10"[not real] for real in sample) for sample in truth.tolist())
    assert all(other == first for other in rest)
    return first


# --- matrices


def test_the_matrices_written_out():
    assert row(teacher_forcing(2, 5)) == "11111"
    assert row(inference(2, 5, context=2)) == "11000"
    assert row(curriculum(2, 9, context=3, horizon=1)) == "111111111"
    assert row(curriculum(2, 9, context=3, horizon=2)) == "111010101"
    assert row(curriculum(2, 9, context=3, horizon=3)) == "111001001"
    assert row(curriculum(2, 9, context=3, horizon=6)) == "111000001"
    assert row(curriculum(2, 9, context=3, horizon=7)) == "111000000"


MATRICES = {
    "teacher_forcing": lambda size, p, q, seed: teacher_forcing(*size[:2]),
    "inference": lambda size, p, q, seed: inference(*size),
    "curriculum": lambda size, p, q, seed: curriculum(*size, horizon=1 + seed % 9),
    "scheduled": lambda size, p, q, seed: scheduled(*size, p, coins(seed)),
    "reverse": lambda size, p, q, seed: reverse(*size, ReverseChances(p, q), coins(seed)),
}
matrix = st.sampled_from(sorted(MATRICES))


@given(matrix, sizes, chance, chance, st.integers(0, 99))
def test_every_matrix_is_boolean_starts_true_and_repeats(name, size, p, q, seed):
    draw = MATRICES[name]
    truth = draw(size, p, q, seed)
    assert (truth.dtype, truth.shape) == (torch.bool, size[:2])
    assert bool(truth[:, 0].all())
    assert torch.equal(truth, draw(size, p, q, seed))
    if name != "reverse":
        assert bool(truth[:, : size[2]].all())
    truth[:] = False  # a tensor of its own: one entry is not another
    assert bool(draw(size, p, q, seed)[:, 0].all())


@given(sizes, st.integers(0, 99))
def test_certain_chances_are_the_plain_matrices(size, seed):
    known = inference(*size)
    assert torch.equal(scheduled(*size, 0.0, coins(seed)), known)
    assert bool(scheduled(*size, 1.0, coins(seed)).all())
    assert torch.equal(reverse(*size, ReverseChances(1, 0), coins(seed)), known)
    upside_down = ~known
    upside_down[:, 0] = True
    assert torch.equal(reverse(*size, ReverseChances(0, 1), coins(seed)), upside_down)


@given(sizes, chance, chance, st.integers(0, 99))
def test_a_larger_chance_only_adds(size, p, q, seed):
    low, high = sorted((p, q))
    fewer, more = (scheduled(*size, chance, coins(seed)) for chance in (low, high))
    assert bool((more | ~fewer).all())
    fewer, more = (reverse(*size, ReverseChances(a, a), coins(seed)) for a in (low, high))
    assert bool((more | ~fewer).all())


@given(sizes, chance)
def test_every_call_draws_as_many_numbers(size, p):
    """So what is drawn next does not depend on the chance or the context."""
    generator, plain = coins(), coins()
    scheduled(*size, p, generator)
    torch.rand(size[:2], generator=plain)
    assert torch.equal(generator.get_state(), plain.get_state())


def within(hits, draws, p):
    """Whether so many hits are believable: all but one in a million."""
    low, high = binom.interval(1 - 1e-6, draws, p)
    return low <= hits <= high


def test_chances_are_met_for_every_sample_and_step():
    """Each entry has a coin of its own: counts by step, by sample, and of equal neighbours."""
    batch, steps, context = 3000, 9, 4
    chances = ReverseChances(0.8, 0.3)
    truth = reverse(batch, steps, context, chances, coins())
    for t in range(1, steps):
        p = chances.context if t < context else chances.forecast
        assert within(int(truth[:, t].sum()), batch, p), t
        assert within(int((truth[:, t] & truth[:, t - 1])[truth[:, t - 1]].sum()),
                      int(truth[:, t - 1].sum()), p), t  # fmt: skip
    pairs = truth[0::2, 1:] & truth[1::2, 1:]  # two samples
    assert within(int(pairs[:, : context - 1].sum()), 1500 * 3, 0.64)
    assert within(int(pairs[:, context - 1 :].sum()), 1500 * 5, 0.09)
    truth = scheduled(batch, steps, context, 0.3, coins(1))
    assert within(int(truth[:, context:].sum()), batch * 5, 0.3)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 12))
def test_a_lesson_looks_no_further_than_its_horizon(steps, context, horizon):
    """Counted frame by frame: how old the last real frame is when a frame is predicted."""
    context = min(context, steps)
    (truth,) = curriculum(1, steps, context, horizon).tolist()
    ages, read = [], None
    for t, real in enumerate(truth):
        read = t if real else read
        ages.append(t + 1 - read)
    assert max(ages) == min(horizon, steps - context + 1)


# --- schedules


def test_linear_by_iteration_falls_from_one():
    assert [linear_by_iteration(i, 4) for i in range(4)] == [1, 0.75, 0.5, 0.25]


def test_linear_by_epoch_waits_then_falls():
    p = [linear_by_epoch(epoch, start=2, step=0.25) for epoch in range(9)]
    assert p == [1, 1, 1, 0.75, 0.5, 0.25, 0, 0, 0]


def test_on_plateau_waits_for_one_epoch_too_many_without_improvement():
    losses = [5.0, 4.0, 4.0, 4.5, 4.0, 3.0, 2.0, 1.0, 1.0]  # best after two, then three without
    p = [on_plateau(losses[:n], patience=2, step=0.25) for n in range(10)]
    assert p == [1, 1, 1, 1, 1, 0.75, 0.5, 0.25, 0, 0]


def test_on_plateau_as_reported_of_the_released_code():
    """21 epochs without improvement after the best, and each takes 4e-3 from then on."""
    losses = [1.0] * 22
    assert on_plateau(losses[:21]) == 1
    assert on_plateau(losses) == pytest.approx(1 - 4e-3)
    assert on_plateau([*losses, 0.1, 0.01]) == pytest.approx(1 - 3 * 4e-3)


def test_a_loss_that_is_no_number_is_no_improvement():
    assert on_plateau([nan, nan], patience=1, step=0.5) == 0.5
    assert on_plateau([1.0, nan, 0.5], patience=1, step=0.5) == 1
    assert on_plateau([inf, inf], patience=2, step=0.5) == 1


@given(st.lists(st.floats(0, 10), max_size=30), st.integers(0, 5), st.floats(0, 1))
def test_on_plateau_never_rises(losses, patience, step):
    p = [on_plateau(losses[:n], patience, step) for n in range(len(losses) + 1)]
    assert p == sorted(p, reverse=True)
    assert all(0 <= q <= 1 for q in p)


@given(st.lists(st.floats(0, 10), min_size=1, max_size=30, unique=True))
def test_on_plateau_stays_while_losses_fall(losses):
    assert on_plateau(sorted(losses, reverse=True), patience=0, step=1.0) == 1


def test_reverse_chances_are_the_three_phases():
    """Against the formula with E = 30, epochs counted from 1."""
    for e in range(1, 31):
        if e < 10:
            expected = (0.5, 0.5)
        elif e < 20:
            expected = (1 - 0.5 * exp(-(e - 10) / 2), 0.5 - 0.5 * (e - 10) / 10)
        else:
            expected = (1, 0)
        assert reverse_chances(e - 1, 30) == pytest.approx(expected), e


def test_reverse_chances_by_iteration():
    """Phases of 25,000 steps, and a decay of 5,000: the same shape over 75,000."""
    for i in (24_999, 25_000, 32_123, 49_999):
        expected = (1 - 0.5 * exp(-(i - 25_000) / 5_000), 0.5 - 0.5 * (i - 25_000) / 25_000)
        if i < 25_000:
            expected = (0.5, 0.5)
        assert reverse_chances(i - 1, 75_000) == pytest.approx(expected), i
    assert reverse_chances(50_000 - 1, 75_000) == (1, 0)


@given(st.integers(1, 200))
def test_reverse_chances_part_monotonically(epochs):
    pairs = [reverse_chances(epoch, epochs) for epoch in range(epochs)]
    context, forecast = zip(*pairs, strict=True)
    assert list(context) == sorted(context)
    assert list(forecast) == sorted(forecast, reverse=True)
    assert min(context) >= 0.5 >= max(forecast)
    assert pairs[-1] == (1, 0)


# --- bad input


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: teacher_forcing(0, 3), "batch=0, steps=3: both must be at least 1"),
        (lambda: inference(2, 0, 1), "steps=0"),
        (lambda: inference(2, 3, 0), "context=0: must be from 1 to the 3 steps"),
        (lambda: inference(2, 3, 4), "context=4: must be from 1 to the 3 steps"),
        (lambda: scheduled(2, 3, 4, 0.5, coins()), "context=4"),
        (lambda: scheduled(2, 3, 1, 1.1, coins()), r"forecast p=1.1: a probability lies in \[0"),
        (lambda: scheduled(2, 3, 1, nan, coins()), "p=nan"),
        (lambda: reverse(2, 3, 1, ReverseChances(-0.1, 0), coins()), "context p=-0.1"),
        (lambda: curriculum(2, 3, 1, 0), "horizon=0: must be at least 1"),
        (lambda: curriculum(2, 3, 9, 1), "context=9"),
        (lambda: linear_by_iteration(4, 4), "iteration 4 of 4: must be from 0"),
        (lambda: linear_by_iteration(-1, 4), "iteration -1 of 4"),
        (lambda: linear_by_epoch(-1, 0, 0.1), "epoch=-1"),
        (lambda: linear_by_epoch(1, 0, nan), "step=nan.* none may be negative"),
        (lambda: on_plateau([1.0], patience=-1), "patience=-1"),
        (lambda: on_plateau([1.0], step=-0.1), "step=-0.1"),
        (lambda: reverse_chances(0, 0), "epoch 0 of 0"),
        (lambda: reverse_chances(30, 30), "epoch 30 of 30"),
    ],
)
def test_bad_input_is_named(call, says):
    with pytest.raises(ValueError, match=says):
        call()


@given(st.integers(-2, 3), st.integers(-2, 5), st.integers(-2, 7), st.floats(-1, 2))
def test_a_matrix_is_built_or_refused(batch, steps, context, p):
    if batch > 0 and 0 < context <= steps and 0 <= p <= 1:
        assert scheduled(batch, steps, context, p, coins()).shape == (batch, steps)
    else:
        with pytest.raises(ValueError, match=r"must be|a probability lies"):
            unwrap(scheduled)(batch, steps, context, p, coins())
