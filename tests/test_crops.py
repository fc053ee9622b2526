"""Where to look in a film: written out, and drawn many times."""

from inspect import unwrap

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stlib.data.crops import (
    Crops,
    Look,
    cropped,
    drawn_look,
    middle_look,
    moments,
    spread,
    stretch,
    tiles,
)

SHORTS = (256, 320)


def looks(count, **how):
    given = {"seed": 0, "split": "training", "turn": 0, "shorts": SHORTS, "flips": True, **how}
    return [drawn_look(clip=clip, **given) for clip in range(count)]


# --- drawn


def test_every_size_place_and_side_is_as_likely():
    drawn = looks(4_000)
    shorts = np.array([look.short for look in drawn])
    assert set(shorts.tolist()) == set(range(256, 321))
    assert shorts.mean() == pytest.approx(288, abs=1.2), "four deviations of the mean"
    for name in ("when", "down", "right"):
        shares = np.array([getattr(look, name) for look in drawn])
        assert 0 <= shares.min() < 0.01
        assert 0.99 < shares.max() < 1
        assert shares.mean() == pytest.approx(0.5, abs=0.02)
    assert np.mean([look.flipped for look in drawn]) == pytest.approx(0.5, abs=0.035)
    held = np.corrcoef([[look.when, look.short, look.down, look.right] for look in drawn], rowvar=0)
    assert np.abs(held - np.eye(4)).max() < 0.07


def test_a_look_is_a_function_of_seed_split_clip_and_turn():
    first = looks(20)
    assert looks(20) == first
    for other in ({"seed": 1}, {"turn": 1}, {"split": "test"}):
        assert not set(looks(20, **other)) & set(first)
    unflipped = looks(20, flips=False)
    assert [look._replace(flipped=False) for look in first] == unflipped
    assert {look.flipped for look in first} == {False, True}
    assert {look.short for look in looks(9, shorts=(40, 40))} == {40}


@pytest.mark.parametrize(
    "wrong", [{"clip": -1}, {"turn": -1}, {"shorts": (0, 3)}, {"shorts": (5, 4)}, {"seed": -1}]
)
def test_a_look_that_cannot_be_is_named(wrong):
    how = {"seed": 0, "split": "training", "clip": 0, "turn": 0, "shorts": SHORTS, "flips": True}
    with pytest.raises(ValueError, match="expected"):
        unwrap(drawn_look)(**{**how, **wrong})


# --- which frames


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 400), st.integers(1, 9), st.integers(1, 9), st.floats(0, 1))
def test_a_stretch_lies_in_the_film_at_equal_distances(count, frames, every, when):
    places = stretch(count, frames, every, when)
    room = count - frames * every
    if room >= 0:
        assert set(np.diff(places)) <= {every}
        assert 0 <= places[0] <= room
    else:
        assert places == tuple(min(every * place, count - 1) for place in range(frames))


def test_eight_of_64_consecutive_frames():
    """As the paper says it; the first and the last of 64 in a film of 300 frames."""
    assert stretch(300, 8, 8, 0.0) == (0, 8, 16, 24, 32, 40, 48, 56)
    assert stretch(300, 8, 8, 1.0) == tuple(range(236, 300, 8))
    starts = [stretch(66, 8, 8, when)[0] for when in np.linspace(0, 1, 301)[:-1]]
    assert [starts.count(first) for first in range(3)] == [100, 100, 100]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 90), st.integers(1, 12), st.floats(0, 1))
def test_spread_frames_lie_each_in_its_part(count, frames, when):
    places = spread(count, frames, when)
    assert list(places) == sorted(places)
    for part, place in enumerate(places):
        assert int(part * count / frames) <= place <= min((part + 1) * count / frames, count - 1)
    if count >= frames and when < 1:
        assert len(set(places)) == frames


def test_spread_frames_of_a_short_and_a_long_film():
    assert spread(16, 8, 0.0) == tuple(range(0, 16, 2))
    assert spread(16, 8, 0.5) == tuple(range(1, 16, 2))
    assert spread(3, 6, 0.0) == (0, 0, 1, 1, 2, 2)


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda: stretch(0, 8, 8, 0.5), "count=0"),
        (lambda: stretch(9, 0, 8, 0.5), "frames=0"),
        (lambda: stretch(9, 8, 0, 0.5), "every=0"),
        (lambda: stretch(9, 8, 1, 1.1), "when=1.1"),
        (lambda: spread(0, 8, 0.5), "count=0"),
        (lambda: spread(9, 8, -0.1), "when=-0.1"),
        (lambda: moments(0), "clips=0, expected at least 1"),
        (lambda: tiles(9, 8, 9, 3), "side=9: expected some, within 9 by 8"),
        (lambda: tiles(9, 8, 4, 0), "crops=0"),
        (lambda: Crops(places=0), "places=0.*each counts from 1"),
    ],
)
def test_what_cannot_be_is_named(ask, says):
    with pytest.raises(ValueError, match=says):
        ask()


# --- which part


def test_ten_clips_from_the_first_frame_to_the_last():
    assert list(moments(10)) == pytest.approx(np.arange(10) / 9)
    assert list(moments(1)) == [0.5]


@settings(max_examples=60, deadline=None)
@given(st.integers(8, 40), st.integers(8, 40), st.integers(1, 8), st.integers(1, 5))
def test_tiles_touch_both_ends_of_the_longer_side(height, width, side, crops):
    corners = np.array(tiles(height, width, side, crops))
    longer = int(width >= height)
    room = np.array([height - side, width - side])
    assert ((corners >= 0) & (corners <= room)).all()
    assert len(set(corners[:, 1 - longer].tolist())) == 1, "in the middle of the shorter"
    assert abs(2 * corners[0, 1 - longer] - room[1 - longer]) <= 1
    if crops > 1:
        assert (corners[0, longer], corners[-1, longer]) == (0, room[longer])


def test_three_crops_cover_a_film_of_the_web():
    """Of 340 by 256: nothing is left out, as the paper says."""
    seen = np.zeros((256, 340), bool)
    for top, left in tiles(256, 340, 256, 3):
        seen[top : top + 256, left : left + 256] = True
    assert seen.all()
    assert tiles(256, 340, 256, 3) == ((0, 0), (0, 42), (0, 84))
    assert tiles(340, 256, 256, 3) == ((0, 0), (42, 0), (84, 0))


def test_a_crop_is_a_part_and_may_be_flipped():
    images = np.random.default_rng(0).integers(0, 256, (2, 3, 7, 9), np.uint8)
    for down, right, (top, left) in (
        (0.0, 0.0, (0, 0)),
        (0.999, 0.999, (3, 5)),
        (0.5, 0.5, (2, 3)),
    ):
        look = Look(0.5, 7, down, right, False)
        part = images[:, :, top : top + 4, left : left + 4]
        np.testing.assert_array_equal(cropped(images, look, 4), part)
        turned = cropped(images, look._replace(flipped=True), 4)
        np.testing.assert_array_equal(turned, part[..., [3, 2, 1, 0]])
    assert middle_look(256) == Look(0.5, 256, 0.5, 0.5, False)
    with pytest.raises(ValueError, match="side=8: expected 1 to 7"):
        cropped(images, middle_look(7), 8)
