"""Stages against rates worked out by hand, and the place of a step against a list of all steps."""

from math import cos, inf, nan, pi, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stlib.stages import Place, Stage, place, total_steps


def rates(stage):
    return [stage.rate_at(step) for step in range(stage.steps)]


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        (Stage(steps=3, rate=0.5), [0.5, 0.5, 0.5]),
        (Stage(steps=4, rate=8.0, warmup=4), [2, 4, 6, 8]),
        (Stage(steps=3, rate=8.0, warmup=1), [8, 8, 8]),
        (Stage(steps=4, rate=2.0, decay="cosine"), [2, 1 + sqrt(0.5), 1, 1 - sqrt(0.5)]),
        (Stage(steps=5, rate=1.0, decay="stairs", factor=0.5, every=2), [1, 1, 0.5, 0.5, 0.25]),
        (Stage(steps=4, rate=1.0, warmup=2, decay="stairs", factor=0.5, every=1),
         [0.5, 0.5, 0.25, 0.125]),
        (Stage(steps=4, rate=2.0, warmup=2, decay="cosine"), [1, 1 + sqrt(0.5), 1, 1 - sqrt(0.5)]),
    ],
)  # fmt: skip
def test_rates_worked_out_by_hand(stage, expected):
    assert rates(stage) == pytest.approx(expected)


def test_a_cosine_falls_to_nothing_only_after_the_last_step():
    stage = Stage(steps=1000, rate=1.0, decay="cosine")
    assert stage.rate_at(999) == pytest.approx((1 + cos(pi * 0.999)) / 2)
    assert 0 < stage.rate_at(999) < 1e-5


lengths = st.lists(st.integers(1, 5), min_size=1, max_size=6)


@given(lengths)
def test_place_undoes_joining_the_stages(lengths):
    stages = [Stage(steps=steps) for steps in lengths]
    joined = [(index, step) for index, steps in enumerate(lengths) for step in range(steps)]
    assert total_steps(stages) == len(joined)
    assert [place(stages, step) for step in range(len(joined))] == joined
    assert place(stages, 0) == Place(stage=0, step=0)


@given(
    st.sampled_from(["constant", "cosine", "stairs"]),
    st.integers(1, 30),
    st.floats(1e-6, 10),
    st.floats(0.01, 1),
    st.data(),
)
def test_rates_are_positive_never_above_the_stages_and_fall_after_warmup(
    decay, steps, rate, factor, data
):
    warmup = data.draw(st.integers(0, steps))
    every = data.draw(st.integers(1, 9))
    found = rates(Stage(steps, rate, warmup, decay, factor, every))
    assert all(0 < each <= rate * (1 + 1e-12) for each in found)
    assert found[warmup:] == sorted(found[warmup:], reverse=True)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"steps": 0}, "steps=0, .*expected steps and every from 1"),
        ({"warmup": -1}, "warmup=-1.*warmup from 0 to steps"),
        ({"warmup": 6}, "steps=5, warmup=6"),
        ({"every": 0}, "every=0"),
        ({"rate": 0.0}, "rate=0.0.*expected a positive rate"),
        ({"rate": -1.0}, "rate=-1.0"),
        ({"rate": inf}, "rate=inf"),
        ({"rate": nan}, "rate=nan"),
        ({"factor": 0.0}, "factor=0.0: expected .*a factor above 0 and up to 1"),
        ({"factor": 1.5}, "factor=1.5"),
        ({"factor": nan}, "factor=nan"),
        ({"decay": "linear"}, "decay='linear', expected one of constant, cosine, stairs"),
    ],
)
def test_a_stage_that_cannot_be_is_named(wrong, says):
    with pytest.raises(ValueError, match=says):
        Stage(**{"steps": 5, **wrong})


@pytest.mark.parametrize("step", [-1, 5])
def test_a_step_that_is_not_there_is_named(step):
    stages = [Stage(steps=2), Stage(steps=3)]
    with pytest.raises(ValueError, match=f"step={step}, expected 0 to 4"):
        place(stages, step)
    with pytest.raises(ValueError, match=f"step={step}, expected 0 to 2"):
        stages[1].rate_at(step)


def test_no_stage_has_no_step():
    assert total_steps([]) == 0
    with pytest.raises(ValueError, match="step=0"):
        place([], 0)
