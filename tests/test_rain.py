"""Made rain: carried as another integrator carries it, as wet as it says."""

from dataclasses import replace
from inspect import unwrap

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from stlib.data import rain
from stlib.data.rain import RAIN_RATE, RainClips
from stlib.recipes.data import GermanRadar, Rain
from tests.made_clips import check_clip

SPLITS = ("training", "validation", "test")
CARRIED = RainClips(6, canvas=32, growth=False, seed=2)


def grid(clips, step):
    """Places all over the map, which the canvas is a part of."""
    side = np.arange(0, clips.map, step, dtype=float)
    return np.stack(np.meshgrid(side, side, indexing="ij"), axis=-1)


# --- physics


@pytest.mark.parametrize("index", [0, 3])
def test_without_growth_rain_goes_where_the_wind_takes_it(index):
    """Forward, parcel by parcel, by another integrator: what fell there falls here."""
    begin = grid(CARRIED, 7.3).reshape(-1, 2)
    path = solve_ivp(
        lambda _, places: CARRIED.wind(index, places.reshape(-1, 2)).ravel(),
        (0, 7), begin.ravel(), t_eval=range(8), method="DOP853", rtol=1e-8,
    )  # fmt: skip
    first = CARRIED.rates_at(index, begin)[0]
    assert (first > 1).sum() > 5
    for time, places in enumerate(path.y.T.reshape(8, -1, 2)):
        assert np.abs(places - begin).max() >= 0.8 * time, "it moved"
        np.testing.assert_allclose(CARRIED.rates_at(index, places)[time], first, atol=0.01)


def test_with_growth_it_does_not():
    index, grown = 0, RainClips(6, canvas=32, seed=2)
    places = grid(grown, 4)
    np.testing.assert_array_equal(
        grown.rates_at(index, places)[0], CARRIED.rates_at(index, places)[0]
    )
    change = grown.rates_at(index, places)[7] - CARRIED.rates_at(index, places)[7]
    assert change.max() > 1
    assert change.min() < -1


def test_without_growth_no_rain_is_lost():
    for index in range(2):
        total = CARRIED.rates_at(index, grid(CARRIED, 1)).sum((1, 2))
        np.testing.assert_allclose(total, total[0], rtol=2e-3)


def test_the_wind_has_no_divergence_and_is_as_fast_as_asked():
    clips = RainClips(9, canvas=20, speed=(1.5, 2.0))
    h, places = 1e-4, grid(clips, 5)
    for index in range(9):
        along = [
            (clips.wind(index, places + h * axis) - clips.wind(index, places - h * axis)) / (2 * h)
            for axis in np.eye(2)
        ]
        np.testing.assert_allclose(along[0][..., 0] + along[1][..., 1], 0, atol=1e-8)
        assert max(abs(each).max() for each in along) > 0.01, "it is no mere drift"
        mean = clips.wind(index, grid(clips, 1)).mean((0, 1))  # eddies come to nothing
        assert 1.5 - 1e-9 <= np.hypot(*mean) <= 2 + 1e-9


def test_the_map_repeats_itself():
    clips = RainClips(1, canvas=16)
    places = grid(clips, 9)
    for shift in ((80, 0), (0, -80)):
        np.testing.assert_allclose(
            clips.rates_at(0, places + np.array(shift)), clips.rates_at(0, places), atol=1e-3
        )


def test_rain_is_as_frequent_as_the_docstring_says():
    clips = RainClips(60, canvas=32)
    rates = np.stack([clips.rates_at(index, grid(clips, 8)) for index in range(60)])
    shares = {0.5: 0.22, 2: 0.09, 5: 0.03}
    for least, share in shares.items():
        assert (rates >= least).mean() == pytest.approx(share, rel=0.2), least
        assert f"{share:g}" in RainClips.__doc__
    assert 0 < (rates >= 20).mean() < 2e-3
    assert (rates == 0).mean() > 0.5
    for time in (0, 7):
        assert (rates[:, time] >= 2).mean() == pytest.approx(shares[2], rel=0.3), "at any time"


# --- clips


@settings(max_examples=6, deadline=None)
@given(
    frames=st.integers(1, 4),
    canvas=st.integers(8, 24),
    speed=st.tuples(st.floats(0, 2), st.floats(2, 5)),
    growth=st.booleans(),
    seed=st.integers(0, 2**64 - 1),
    split=st.sampled_from(SPLITS),
    index=st.integers(0, 29),
)
def test_any_clip_is_in_range_and_drawn_alike_again(index, **how):
    clips, clip = check_clip(RainClips, index, how)
    rates = torch.from_numpy(clips.rates(index))[:, None].float().clamp(max=100)
    torch.testing.assert_close(clips.to_units(clip), rates, rtol=1e-4, atol=1e-5)


def test_splits_seeds_and_indices_differ():
    drawn = [
        RainClips(2, canvas=8, frames=1, split=split, seed=seed).wind(index, np.zeros((1, 2)))
        for split in SPLITS
        for seed in (0, 1)
        for index in (0, 1)
    ]
    assert len({each.tobytes() for each in drawn}) == len(drawn)


def test_the_canvas_is_a_part_of_the_map():
    clips = RainClips(1, canvas=24)
    np.testing.assert_allclose(
        clips.rates(0), clips.rates_at(0, grid(clips, 1)[:24, :24]), rtol=1e-5
    )


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"samples": 0}, "samples=0, frames=8: each counts from 1"),
        ({"frames": 0}, "frames=0"),
        ({"canvas": 7}, "canvas=7, expected at least 8"),
        ({"speed": (2.0, 1.0)}, r"speed=\(2.0, 1.0\), expected \(slowest, fastest\)"),
        ({"speed": (0.0, float("inf"))}, "inf"),
        ({"speed": (float("nan"), 1.0)}, "nan"),
        ({"seed": -1}, "seed=-1, expected 0 to"),
    ],
)
def test_a_clip_set_that_cannot_be_is_named(wrong, says):
    with pytest.raises(ValueError, match=says):
        unwrap(RainClips.__init__)(RainClips.__new__(RainClips), **{"samples": 3, **wrong})


def test_clips_count_from_0():
    clips = RainClips(3)
    for index in (-1, 3):
        for ask in (clips.__getitem__, clips.rates):
            with pytest.raises(IndexError, match=f"clip {index} of 3"):
                ask(index)


def test_the_drawing_has_not_changed_behind_its_version():
    """Whoever changes what is drawn changes VERSION, and these numbers."""
    clips = RainClips(4, canvas=32)
    assert rain.VERSION == 1
    sums = [float(clips.rates(index).mean()) for index in range(4)]
    assert sums == pytest.approx([0.0063858228, 1.6757850511, 0.0086583482, 0.0331314101], rel=1e-4)


# --- as a recipe names them


def test_a_choice_opens_what_it_says():
    choice = Rain(
        training=9, validation=8, test=7, frames=3, canvas=20, speed=(1.0, 1.5), growth=False,
        seed=5,
    )  # fmt: skip
    for split, size in zip(SPLITS, (9, 8, 7), strict=True):
        opened = choice.open(split)
        same = RainClips(
            size, frames=3, canvas=20, speed=(1.0, 1.5), growth=False, seed=5, split=split
        )
        assert len(opened) == size
        assert torch.equal(opened[size - 1], same[size - 1])
        assert opened.origin() == choice.origin() == same.origin()
    assert choice.origin().name == "made rain in place of a radar's (only carried along)"
    assert "stands in for" in choice.source
    assert choice.units == RAIN_RATE == opened.units
    others = [{"speed": (1.0, 1.0)}, {"growth": True}, {"seed": 0}, {"canvas": 16}, {"frames": 2}]
    assert len({replace(choice, **other).origin().sha256 for other in [{}, *others]}) == 6
    with pytest.raises(ValueError, match="split='holdout', expected one of training"):
        unwrap(Rain.open)(choice, "holdout")
    with pytest.raises(ValueError, match="samples=0"):
        replace(choice, validation=0).open("validation")


def test_without_the_radar_a_smoke_test_has_rain():
    small = GermanRadar("these tests", thresholds=(1.0,)).smoke()
    assert (type(small), small.thresholds, small.validation) == (Rain, (1.0,), 2)
    assert GermanRadar("these tests", validation=0).smoke().validation == 0
    assert (small.open("test")[0] > 0).any()
