"""Paired intervals against SciPy, a case by hand, and planted differences."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_rel

from stlib.paired import Paired, paired, verdict

few = st.lists(st.tuples(st.floats(-50, 50), st.floats(-50, 50)), min_size=2, max_size=8)


def test_a_case_by_hand():
    # Differences -3, -1, -2, -3, -1: mean -2, squares about it 1, 1, 0, 1, 1, so s² = 4/4 = 1.
    found = paired([7, 9, 6, 8, 10], [10, 10, 8, 11, 11])
    half = 2.7764451 / math.sqrt(5)  # Student's table, four degrees of freedom
    assert found == pytest.approx((-2, -2 - half, -2 + half), rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(few, st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_scipy_gives_the_same_interval(pairs, level):
    first, second = (np.array(row) for row in zip(*pairs, strict=True))
    if np.ptp(first - second) < 1e-6:
        return  # SciPy warns where all differences are one
    expected = ttest_rel(first, second).confidence_interval(level)
    found = paired(first.tolist(), second.tolist(), level)
    np.testing.assert_allclose(found[1:], expected, rtol=1e-9, atol=1e-9)


def test_the_interval_holds_a_planted_difference_as_often_as_it_says():
    draw = np.random.default_rng(0)
    luck = draw.normal(0, 3, (2000, 5))  # a seed's own, which both share
    first = luck + draw.normal(0, 1, (2000, 5)) - 0.5
    second = luck + draw.normal(0, 1, (2000, 5))
    holds = [
        found.low < -0.5 < found.high
        for found in (paired(a, b) for a, b in zip(first.tolist(), second.tolist(), strict=True))
    ]
    assert abs(np.mean(holds) - 0.95) < 0.015  # three standard deviations of such a share


@settings(max_examples=30, deadline=None)
@given(few)
def test_turning_the_pairs_turns_the_interval(pairs):
    first, second = zip(*pairs, strict=True)
    one, other = paired(first, second), paired(second, first)
    np.testing.assert_allclose([*one], [-other.mean, -other.high, -other.low], atol=1e-9)


def test_verdicts():
    assert verdict(Paired(-2, -3, -1)) == "lower"
    assert verdict(Paired(2, 1, 3)) == "higher"
    assert verdict(Paired(-2, -5, 1)) == verdict(Paired(0, 0, 0)) == "not resolved"


@pytest.mark.parametrize(
    ("first", "second", "level", "says"),
    [
        ([1, 2], [1, 2, 3], 0.95, "2 numbers and 3"),
        ([1], [2], 0.95, "two at least"),
        ([1, 2], [1, math.nan], 0.95, "number 1 is nan"),
        ([1, 2], [1, 2], 1, "level=1"),
    ],
)
def test_bad_input_is_refused(first, second, level, says):
    with pytest.raises(ValueError, match=says):
        paired(first, second, level)
