"""A made city: its hours, its ways and its chances, told from outside."""

from dataclasses import replace
from inspect import unwrap

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import find_peaks

from stlib.data import traffic
from stlib.data.traffic import SLOTS_A_DAY, SLOTS_A_WEEK, VEHICLES, TrafficClips
from stlib.recipes.data import TaxiBJ, Traffic
from tests.made_clips import check_clip

SPLITS = ("training", "validation", "test")
CITY = TrafficClips(400)
HOUR = SLOTS_A_DAY // 24


def day(number):
    """What is expected in each half-hour of a day of the week."""
    return CITY.week[number * SLOTS_A_DAY : (number + 1) * SLOTS_A_DAY]


# --- the city


def test_a_weekday_has_two_rush_hours_and_a_weekend_none():
    for number in range(7):
        total = day(number).sum((1, 2))
        peaks, _ = find_peaks(total, prominence=0.15 * total.max())
        hours = ((peaks + 0.5) / HOUR).tolist()
        if number < 5:
            assert hours == [pytest.approx(8, abs=1), pytest.approx(18, abs=1)]
            assert total[8 * HOUR] > 1.2 * total[11 * HOUR]
        else:
            assert len(hours) == 1
            assert 11 < hours[0] < 18
        assert total[3 * HOUR] < total.max() / 4, "cities sleep"


def test_workdays_are_alike_and_so_are_days_off():
    for number, like in ((1, 0), (4, 0), (6, 5)):
        np.testing.assert_allclose(day(number), day(like))
    assert abs(day(4) - day(5)).max() > 0.3 * day(4).max()


def test_traffic_moves_towards_work_and_home_again():
    """Seen from where a weekday's noon is busier than a Saturday's."""
    work = np.maximum(day(2)[13 * HOUR] - day(5)[13 * HOUR], 0)
    rows, columns = np.mgrid[:32, :32]
    centre = [(each * work).sum() / work.sum() for each in (rows, columns)]
    far = np.hypot(rows - centre[0], columns - centre[1])

    def away(hour):
        commuting = np.maximum(day(2)[round(hour * HOUR)] - day(5)[round(hour * HOUR)], 0)
        return (commuting * far).sum() / commuting.sum()

    assert away(6) > away(7.5) > away(9)
    assert away(17) < away(18.5) < away(20)


def test_districts_have_hours_of_their_own():
    """A city that only became busier and quieter would need one pattern, not eight."""
    kept = np.linalg.svd(CITY.week.reshape(SLOTS_A_WEEK, -1), compute_uv=False)
    shares = kept**2 / (kept**2).sum()
    assert shares[0] < 0.95
    assert (shares > 1e-5).sum() >= 8


def test_every_split_is_of_the_same_city_and_every_seed_of_another():
    np.testing.assert_array_equal(TrafficClips(1, split="test").week, CITY.week)
    assert abs(TrafficClips(1, seed=1).week - CITY.week).max() > 100
    assert CITY.week.max() == pytest.approx(traffic.BUSIEST)
    assert CITY.week.min() > 0


# --- clips


def test_vehicles_are_counted_with_the_chance_of_counting():
    expected = np.stack([CITY.expected(index) for index in range(40)])
    counted = np.stack([CITY.vehicles(index) for index in range(40)])
    assert (counted == np.rint(counted)).all()
    assert counted.min() == 0
    many = expected > 20
    chance = (counted - expected) / np.sqrt(expected)
    assert (chance[many].mean(), chance[many].std()) == pytest.approx((0, 1), abs=0.02)
    both = many[:, 1:] & many[:, :-1]
    assert abs(np.corrcoef(chance[:, 1:][both], chance[:, :-1][both])[0, 1]) < 0.02


def test_a_clip_is_a_stretch_of_the_week_in_a_mood_of_its_own():
    moods = []
    for index in range(40):
        slots = (CITY.first(index) + np.arange(8)) % SLOTS_A_WEEK
        mood = np.log(CITY.expected(index) / CITY.week[slots])
        assert abs(np.diff(mood, axis=0)).max() < 0.04, "moods change slowly"
        moods.append(mood[0])
    assert 0.05 < np.std(np.mean(moods, axis=(1, 2))) < 0.2, "of the whole city"
    assert 0.05 < np.mean(np.std(moods, axis=(1, 2))) < 0.2, "of its parts"
    firsts = [CITY.first(index) for index in range(400)]
    assert (min(firsts) < 20, max(firsts) > SLOTS_A_WEEK - 20) == (True, True)
    assert any(first > SLOTS_A_WEEK - 8 for first in firsts), "from Sunday to Monday"


@settings(max_examples=5, deadline=None)
@given(
    frames=st.integers(1, 6),
    canvas=st.integers(8, 24),
    seed=st.integers(0, 2**64 - 1),
    split=st.sampled_from(SPLITS),
    index=st.integers(0, 29),
)
def test_any_clip_is_in_range_and_drawn_alike_again(index, **how):
    clips, clip = check_clip(TrafficClips, index, how)
    vehicles = torch.from_numpy(clips.vehicles(index))[:, None].float().clamp(max=1292)
    torch.testing.assert_close(clips.to_units(clip), vehicles, rtol=1e-5, atol=1e-4)


def test_splits_seeds_and_indices_differ():
    drawn = [
        clips.vehicles(index).tobytes()
        for split in SPLITS
        for seed in (0, 1)
        for clips in [TrafficClips(2, canvas=8, frames=1, split=split, seed=seed)]
        for index in (0, 1)
    ]
    assert len(set(drawn)) == len(drawn)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"samples": 0}, "samples=0, frames=8: each counts from 1"),
        ({"frames": 0}, "frames=0"),
        ({"canvas": 7}, "canvas=7, expected at least 8"),
        ({"seed": -1}, "seed=-1, expected 0 to"),
    ],
)
def test_a_clip_set_that_cannot_be_is_named(wrong, says):
    with pytest.raises(ValueError, match=says):
        TrafficClips(**{"samples": 3, **wrong})


def test_clips_count_from_0():
    for index in (-1, 400):
        for ask in (CITY.__getitem__, CITY.vehicles, CITY.expected, CITY.first):
            with pytest.raises(IndexError, match=f"clip {index} of 400"):
                ask(index)


def test_the_drawing_has_not_changed_behind_its_version():
    """Whoever changes what is drawn changes VERSION, and these numbers."""
    assert traffic.VERSION == 1
    sums = [int(CITY.vehicles(index).sum()) for index in range(4)]
    assert sums == pytest.approx([691579, 468394, 97785, 477967], abs=20), (
        "a few may be rounded otherwise elsewhere"
    )


# --- as a recipe names them


def test_a_choice_opens_what_it_says():
    choice = Traffic(training=9, validation=8, test=7, frames=3, canvas=10, seed=5)
    for split, size in zip(SPLITS, (9, 8, 7), strict=True):
        opened = choice.open(split)
        same = TrafficClips(size, frames=3, canvas=10, seed=5, split=split)
        assert len(opened) == size
        assert torch.equal(opened[size - 1], same[size - 1])
        assert opened.origin() == choice.origin() == same.origin()
    assert choice.origin().name == "made traffic in place of TaxiBJ"
    assert "stands in for" in choice.source
    assert choice.units == VEHICLES == opened.units
    others = [{"seed": 0}, {"canvas": 16}, {"frames": 2}]
    assert len({replace(choice, **other).origin().sha256 for other in [{}, *others]}) == 4
    with pytest.raises(ValueError, match="split='holdout', expected one of training"):
        unwrap(Traffic.open)(choice, "holdout")
    with pytest.raises(ValueError, match="samples=0"):
        replace(choice, validation=0).open("validation")


def test_without_the_files_a_smoke_test_has_a_made_city():
    small = TaxiBJ("these tests").smoke()
    assert (type(small), small.validation) == (Traffic, 2)
    assert TaxiBJ("these tests", validation=0).smoke().validation == 0
    assert (small.open("test")[0] > 0).any()
