"""Digits that move and turn: drawn a second way, by SciPy and by numpy's quarter turns."""

from dataclasses import replace
from inspect import unwrap  # reaches a check that the types, checked in tests, would preempt

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stlib.data import rotating_mnist
from stlib.data.digits import Digits, share, shrunk, sklearn_digits
from stlib.data.rotating_mnist import RotatingClips, turned
from stlib.extras import load
from stlib.recipes.data import RotatingMNIST

SPLITS = ("training", "validation", "test")


def some_digits(count=30, side=6, seed=0):
    """Digits that no two of are alike, ink up to their corners."""
    images = np.random.default_rng(seed).integers(1, 256, (count, side, side), dtype=np.uint8)
    return Digits(images, (np.arange(count) % 10).astype(np.uint8), "made here")


SMALL = {"canvas": 14, "frames": 3, "speed": (0.5, 2.0)}


# --- one image


@settings(max_examples=40, deadline=None)
@given(
    side=st.integers(1, 7),
    canvas=st.integers(1, 12),
    row=st.floats(-5, 17),
    column=st.floats(-5, 17),
    angle=st.floats(-10, 10),
)
def test_an_image_is_turned_as_scipy_turns_it(side, canvas, row, column, angle):
    image = some_digits(10, side).images[0]
    back = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    middle = np.full(2, (side - 1) / 2)
    expected = load("scipy.ndimage", "train").affine_transform(
        image.astype(float),
        back,
        middle - back @ np.array([row, column]),
        output_shape=(canvas, canvas),
        order=1,
        mode="grid-constant",
    )
    made = turned(image, np.array([[row, column, angle]]), canvas)[0]
    np.testing.assert_allclose(made, expected, atol=1e-9)


@pytest.mark.parametrize("side", [5, 6])
@pytest.mark.parametrize("quarters", range(-3, 5))
def test_quarter_turns_at_whole_places_move_pixels_and_blur_none(side, quarters):
    image = some_digits(10, side).images[0]
    middle = (side - 1) / 2
    track = np.array([[2 + middle, 3 + middle, quarters * np.pi / 2]])
    made = turned(image, track, 12)[0]
    expected = np.zeros((12, 12))
    expected[2 : 2 + side, 3 : 3 + side] = np.rot90(image, quarters)  # to the left, as seen
    np.testing.assert_allclose(made, expected, atol=1e-9)


def test_halfway_between_two_pixels_the_ink_is_their_mean():
    image = np.array([[100, 200], [0, 40]], np.uint8)
    made = turned(image, np.array([[0.5, 1.0, 0.0]]), 4)[0]
    np.testing.assert_allclose(made[:2], [[50, 150, 100, 0], [0, 20, 20, 0]], atol=1e-9)


# --- clips


@settings(max_examples=25, deadline=None)
@given(
    frames=st.integers(1, 5),
    number=st.integers(1, 3),
    canvas=st.integers(7, 20),
    speed=st.tuples(st.floats(0, 3), st.floats(3, 40)),
    turn=st.tuples(st.floats(0, 20), st.floats(20, 400)),
    seed=st.integers(0, 2**64 - 1),
    split=st.sampled_from(SPLITS),
    index=st.integers(0, 9),
)
def test_any_clip_is_in_range_and_drawn_alike_again(index, **settings):
    clips, again = (RotatingClips(some_digits(), 10, **settings) for _ in range(2))
    again[(index + 3) % 10]  # the order in which clips are drawn does not matter
    clip, size = clips[index], settings["canvas"]
    assert clip.shape == (settings["frames"], 1, size, size)
    assert 0 <= float(clip.min()) <= float(clip.max()) <= 1
    assert torch.equal(clip, again[index])
    tracks = clips.tracks(index)
    assert tracks.shape == (settings["number"], settings["frames"], 3)
    assert tracks[..., :2].min() >= 2.5 - 1e-9
    assert tracks[..., :2].max() <= size - 3.5 + 1e-9


def test_a_clip_is_its_digits_turned_along_their_tracks():
    """Which digits they are is found by trying all pairs; one fits, to half a gray level."""
    whole = some_digits()
    clips = RotatingClips(whole, 12, number=2, **SMALL)
    images = share(whole, "training").images
    for index in range(12):
        drawn, tracks = clips.draw(index), clips.tracks(index)
        candidates = [[turned(image, track, 14) for image in images] for track in tracks]
        fits = [
            (a, b)
            for a, first in enumerate(candidates[0])
            for b, second in enumerate(candidates[1])
            if np.abs(np.maximum(first, second) - drawn).max() <= 0.5 + 1e-9
        ]
        assert len(fits) == 1


def test_speeds_and_turns_lie_where_they_are_asked_for_and_go_both_ways():
    how = {"canvas": 400, "frames": 4, "number": 1}
    clips = RotatingClips(some_digits(), 300, speed=(1.0, 3.0), turn=(10.0, 30.0), **how)
    steps = np.diff(np.concatenate([clips.tracks(index) for index in range(300)]), axis=1)
    far = np.hypot(steps[..., 0], steps[..., 1])
    straight = np.ptp(far, axis=1) < 1e-9  # the others met the border
    assert straight.mean() > 0.9
    assert (far[straight].min(), far[straight].max()) == pytest.approx((1, 3), abs=0.05)
    spin = np.degrees(steps[..., 2])
    np.testing.assert_allclose(spin, spin[:, :1].repeat(3, axis=1))
    assert (np.abs(spin).min(), np.abs(spin).max()) == pytest.approx((10, 30), abs=0.3)
    assert np.mean(spin > 0) == pytest.approx(0.5, abs=0.1)


def test_what_neither_moves_nor_turns_stands_still():
    clips = RotatingClips(some_digits(), 5, canvas=14, frames=4, speed=(0.0, 0.0), turn=(0.0, 0.0))
    for index in range(5):
        drawn = clips.draw(index)
        assert drawn.any()
        np.testing.assert_array_equal(drawn, drawn[:1].repeat(4, axis=0))


def test_splits_seeds_and_indices_differ():
    drawn = {
        RotatingClips(some_digits(), 5, split=split, seed=seed, **SMALL).draw(index).tobytes()
        for split in SPLITS
        for seed in (0, 1)
        for index in (0, 4)
    }
    assert len(drawn) == 12


def test_each_split_draws_from_its_own_digits():
    """Bright digits in one share, faint ones in the others: what shows tells the share."""
    whole = some_digits(30)
    for split in SPLITS:
        marked = whole.images // 4
        first = {"training": 0, "validation": 24, "test": 27}[split]
        marked[first : first + len(share(whole, split).images)] = 255
        bright = Digits(marked, whole.labels, "marked")
        for other in SPLITS:
            clips = RotatingClips(bright, 8, split=other, turn=(0.0, 0.0), **SMALL)
            most = [int(clips.draw(index).max()) for index in range(8)]
            assert (min(most) > 64) == (max(most) > 64) == (other == split)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"samples": 0}, "samples=0, frames=8, number=2: each counts from 1"),
        ({"frames": 0}, "frames=0"),
        ({"number": 0}, "number=0"),
        ({"canvas": 6}, "canvas=6 leaves no room to move: digits are 6 pixels wide"),
        ({"speed": (2.0, 1.0)}, r"speed=\(2.0, 1.0\), expected \(slowest, fastest\) in pixels"),
        ({"speed": (-1.0, 1.0)}, r"speed=\(-1.0, 1.0\)"),
        ({"turn": (0.0, float("inf"))}, r"turn=\(0.0, inf\), expected .* in degrees per frame"),
        ({"turn": (float("nan"), 1.0)}, r"turn=\(nan, 1.0\)"),
        ({"seed": -1}, "seed=-1, expected 0 to"),
        ({"digits": some_digits(9)}, "9 digits cannot be split"),
        (
            {"digits": some_digits()._replace(images=np.zeros((30, 4, 6), np.uint8))},
            "digits of 4x6 pixels: expected squares",
        ),
    ],
)
def test_clips_that_cannot_be_are_named(wrong, says):
    with pytest.raises(ValueError, match=says):
        unwrap(RotatingClips.__init__)(
            RotatingClips.__new__(RotatingClips),
            **{"digits": some_digits(), "samples": 3, "canvas": 14, **wrong},
        )


def test_clips_count_from_0():
    clips = RotatingClips(some_digits(), 3, **SMALL)
    for index in (-1, 3):
        for ask in (clips.__getitem__, clips.tracks, clips.draw):
            with pytest.raises(IndexError, match=f"clip {index} of 3"):
                ask(index)


def test_the_drawing_has_not_changed_behind_its_version():
    """Whoever changes what is drawn changes VERSION, and these numbers."""
    clips = RotatingClips(sklearn_digits(), 4)
    sums = [int(clips.draw(index).sum(dtype=np.int64)) for index in range(4)]
    assert rotating_mnist.VERSION == 1
    assert sums == pytest.approx([372376, 502786, 400902, 468568], abs=20), (
        "a few pixels may be rounded otherwise elsewhere"
    )


# --- as a recipe names them


def test_a_choice_opens_what_it_says(monkeypatch):
    monkeypatch.delenv("STLIB_DATA", raising=False)
    choice = RotatingMNIST(9, 8, 7, frames=3, canvas=20, turn=(5.0, 6.0), shrink=2, seed=5)
    small = shrunk(sklearn_digits(), 2)
    for split, size in zip(SPLITS, (9, 8, 7), strict=True):
        opened = choice.open(split)
        same = RotatingClips(small, size, frames=3, canvas=20, turn=(5.0, 6.0), seed=5, split=split)
        assert len(opened) == size
        assert torch.equal(opened[size - 1], same[size - 1])
        assert opened.origin() == choice.origin() == same.origin()
    assert choice.origin().name == "scikit-learn digits at 28x28 at 14x14, moving and turning"
    others = [{"speed": (1.0, 2.0)}, {"turn": (0.0, 6.0)}, {"seed": 0}, {"frames": 4}]
    others += [{"number": 1}, {"canvas": 21}, {"shrink": 4}]
    assert len({replace(choice, **other).origin().sha256 for other in [{}, *others]}) == 8
    assert replace(choice, validation=0).smoke().validation == 0
