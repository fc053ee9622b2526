"""Stretches without a gap, found a second way; and random numbers by counter."""

from inspect import unwrap

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stlib.data.clips import Sizes, existing, of_split
from stlib.data.moving_mnist import Preset
from stlib.data.streams import natural, nearly_normal, stream, unit
from stlib.data.windows import windows


@given(st.sets(st.integers(0, 60)), st.integers(1, 6), st.integers(1, 7))
def test_a_stretch_holds_a_measurement_at_each_moment(held, frames, every):
    moments = sorted(held)
    # Moment by moment: a run begins where the one before is missing.
    expected, begun = [], 0
    for place, moment in enumerate(moments):
        if moment - 1 not in held:
            begun = moment
        whole = all(moment + later in held for later in range(frames))
        if whole and (moment - begun) % every == 0:
            expected.append(place)
    assert windows(np.array(moments, np.int64), frames, every).tolist() == expected


@pytest.mark.parametrize(
    ("moments", "frames", "every", "says"),
    [
        ([1, 2], 0, 1, "frames=0, every=1: each counts from 1"),
        ([1, 2], 1, 0, "every=0"),
        ([1, 2, 2], 1, 1, "moment 2 follows 2: expected them to ascend"),
        ([1, 5, 4], 1, 1, "moment 4 follows 5"),
    ],
)
def test_windows_that_cannot_be_are_named(moments, frames, every, says):
    with pytest.raises(ValueError, match=says):
        windows(np.array(moments, np.int64), frames, every)


def test_everything_drawn_has_a_stream_of_its_own():
    usual = {"seed": 0, "split": "training", "kind": 0, "number": 0, "moment": 0}
    others = [{"seed": 1}, {"split": "test"}, {"kind": 1}, {"number": 1}, {"moment": 1}]
    drawn = [stream(**{**usual, **other}).random_raw() for other in [{}, *others]]
    assert len(set(drawn)) == 6
    assert drawn[0] == stream(**usual).random_raw()


def test_numbers_are_spread_as_they_say():
    bits = stream(3, "test").random_raw(40_000)
    even, normal = unit(bits), nearly_normal(bits.reshape(200, 200))
    assert 0 <= even.min() < 0.01 < 0.99 < even.max() < 1
    assert even.mean() == pytest.approx(0.5, abs=0.01)
    assert (normal.shape, abs(normal).max() < 3.47) == ((200, 200), True)
    assert (normal.mean(), normal.std()) == pytest.approx((0, 1), abs=0.02)
    assert np.mean(abs(normal) < 1) == pytest.approx(0.68, abs=0.02)


SIZES: Sizes[int] = Preset(4, 3, 2, "these tests")


def test_what_is_not_there_is_named():
    assert (natural(2**64 - 1), existing(2, 3)) == (2**64 - 1, 2)
    assert of_split(SIZES, "validation") == 3
    for seed in (-1, 2**64):
        with pytest.raises(ValueError, match=f"seed={seed}, expected 0 to"):
            natural(seed)
    for index in (-1, 3):
        with pytest.raises(IndexError, match=f"clip {index} of 3; they count from 0"):
            existing(index, 3)
    with pytest.raises(ValueError, match="split='holdout', expected one of training, validation"):
        unwrap(of_split)(SIZES, "holdout")
