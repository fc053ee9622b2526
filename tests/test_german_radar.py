"""The German radar in small: maps of a few cells under the published names."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from inspect import unwrap

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from stlib.data.german_radar import (
    GermanRadarClips,
    block_means,
    german_radar_folder,
    german_radar_origin,
)
from stlib.data.rain import RAIN_RATE
from stlib.extras import load
from stlib.recipes.data import GermanRadar
from tests.maps import write_maps

FILE = "RYDL.hdf5"
SMALL = {"frames": 3, "canvas": 2}


def names(first, count, minutes=5):
    begin = datetime.strptime(first, "%Y%m%d%H%M")
    return [f"{begin + timedelta(minutes=minutes * k):%Y%m%d%H%M}" for k in range(count)]


# Half-hours: six in 2006, a gap, two more; three; four before and after New Year; a year too late.
NAMES = [
    *names("200606011200", 31),
    *names("200606012000", 7),
    *names("201301010000", 13),
    *names("201412312200", 48),
    *names("201501010300", 1),
    *names("201801010000", 13),
]


def depth(name):
    """Rain in 5 minutes: a number of the map in each of four blocks."""
    number = NAMES.index(name)
    return np.kron([[0, 1], [2, 3]], np.ones((2, 2))) * 0.01 + 0.001 * number


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    maps = {name: depth(name).astype(np.float32) for name in NAMES}
    return write_maps(tmp_path_factory.mktemp("made") / FILE, maps)


@pytest.fixture
def folder(made, tmp_path, monkeypatch):
    """The file, for one test to spoil; found by STLIB_DATA."""
    place = tmp_path / "german_radar"
    place.mkdir()
    (place / FILE).write_bytes(made.read_bytes())
    monkeypatch.setenv("STLIB_DATA", str(tmp_path))
    return place


def put(folder, name, values):
    """Another map, or one in the place of another."""
    with load("h5py", "train").File(folder / FILE, "a") as file:
        if name in file:
            del file[name]
        file[name] = values


# --- what is read


@pytest.mark.parametrize(
    ("split", "validating", "every", "first"),
    [
        # 2006: two whole stretches of three; the first of 2014 ends in 2014, the next in 2015.
        ("training", 1, None, ["200606011200", "200606011330", "201301010000"]),
        ("training", 0, None, ["200606011200", "200606011330", "201301010000", "201412312200"]),
        ("training", 2, 2, ["200606011200", "200606011300"]),
        ("validation", 1, None, ["201412312200"]),
        ("validation", 2, 1, ["201301010000", "201412312200", "201412312230"]),
        ("test", 1, None, ["201412312330"]),
        ("test", 1, 1, ["201412312300", "201412312330", "201501010000", "201501010030"]),
    ],
)
def test_clips_are_half_hourly_and_belong_to_the_year_they_end_in(
    folder, split, validating, every, first
):
    clips = GermanRadarClips(split=split, validating=validating, every=every, **SMALL)
    assert sorted(clips.clips) == [tuple(names(start, 3, minutes=30)) for start in first]
    assert len(clips) == len(first)
    assert clips.skipped == ()
    for index, held in enumerate(clips.clips):
        clip = clips[index]
        assert (clip.shape, clip.dtype) == ((3, 1, 2, 2), torch.float32)
        # Blocks of one depth each; twelve times five minutes are an hour.
        rates = 12 * np.stack([depth(name)[::2, ::2] for name in held])
        np.testing.assert_allclose(clips.to_units(clip)[:, 0], rates, rtol=1e-4, atol=1e-5)


def test_maps_are_counted(folder):
    counted = [GermanRadarClips(split=split, **SMALL).maps for split in ("training", "test")]
    assert counted == [6 + 2 + 3, 4 + 1]


@pytest.mark.parametrize(
    ("quantity", "to_mm_h"), [("mm/5min", 12), ("0.01mm/5min", 0.12), ("mm/h", 1)]
)
def test_what_the_values_are_can_be_said(folder, quantity, to_mm_h):
    for name in names("200606011200", 3, minutes=30):
        put(folder, name, np.full((4, 4), 7, np.int16))
    clips = GermanRadarClips(quantity=quantity, **SMALL)
    rate = clips.to_units(clips[[each[0] for each in clips.clips].index("200606011200")])
    np.testing.assert_allclose(rate, min(7 * to_mm_h, 100), rtol=1e-4)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 4).flatmap(
        lambda canvas: st.tuples(
            st.just(canvas),
            arrays.arrays(
                np.float32,
                st.integers(1, 3).map(lambda times: (canvas * times,) * 2),
                elements=st.one_of(st.floats(0, 100, width=32), st.sampled_from([-1.0, np.nan])),
            ),
        )
    )
)
def test_a_block_is_the_mean_of_the_cells_that_are_seen(drawn):
    canvas, values = drawn
    side = len(values) // canvas
    expected = np.zeros((canvas, canvas))
    for row, column in np.ndindex(canvas, canvas):
        cells = [
            float(values[side * row + i, side * column + j]) for i, j in np.ndindex(side, side)
        ]
        seen = [cell for cell in cells if cell >= 0]
        expected[row, column] = sum(seen) / len(seen) if seen else 0
    if (values >= 0).any():
        np.testing.assert_allclose(block_means(values, canvas), expected, rtol=1e-6)
    else:
        with pytest.raises(ValueError, match="nothing was seen"):
            block_means(values, canvas)


def test_no_rain_is_lost_between_900_cells_and_180():
    """Interpolation between cells, as images are shrunk, loses a third of a shower."""
    values = np.zeros((900, 900))
    values[100:103, 200:203] = 9.0
    means = block_means(values, 180)
    assert 25 * means.sum() == pytest.approx(values.sum())
    shrunk = torch.nn.functional.interpolate(
        torch.from_numpy(values)[None, None], (180, 180), mode="bilinear"
    )
    assert 25 * float(shrunk.sum()) != pytest.approx(values.sum(), rel=0.3)


def test_fewer_clips_are_the_first_ones_and_an_index_counts_from_0(folder):
    whole, some = GermanRadarClips(**SMALL), GermanRadarClips(samples=2, **SMALL)
    assert some.clips == whole.clips[:2]
    with pytest.raises(ValueError, match="4 clips wanted: expected 1 to the 3"):
        GermanRadarClips(samples=4, **SMALL)
    for index in (-1, 2):
        with pytest.raises(IndexError, match=f"clip {index} of 2"):
            some[index]


# --- damage


@pytest.mark.parametrize("name", ["precipitation", "20060601120", "200613010000", "200606012460"])
def test_another_layout_is_refused_by_name_or_skipped(folder, name):
    put(folder, name, np.zeros((4, 4)))
    says = f"{FILE}: dataset '{name}', expected maps named by their time, as 201706012355"
    with pytest.raises(ValueError, match=says):
        GermanRadarClips(**SMALL)
    with pytest.warns(UserWarning, match=f"German radar: 1 maps skipped; the first: .*{says}"):
        clips = GermanRadarClips(damaged="skip", **SMALL)
    assert (len(clips), len(clips.skipped)) == (3, 1)


BROKEN = {
    "oblong": (np.zeros((4, 2)), "a map of 4 x 2, expected a square, a multiple of 2"),
    "odd": (np.zeros((3, 3)), "a map of 3 x 3, expected a square, a multiple of 2"),
    "unseen": (np.full((4, 4), -9999.0), "nothing was seen, expected some numbers from 0"),
    "infinite": (np.full((4, 4), np.inf), "an infinite value"),
    "a film": (np.zeros((2, 4, 4)), r"float64 of shape \(2, 4, 4\), expected numbers on a square"),
    "text": (np.full((4, 4), b"dry"), r"\|S3 of shape \(4, 4\), expected numbers"),
    "empty": (np.zeros((0, 0)), "0 x 0|nothing was seen"),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_map_is_an_error_when_read_or_its_clips_are_skipped(folder, broken):
    values, says = BROKEN[broken]
    put(folder, "201301010030", values)
    clips = GermanRadarClips(**SMALL)
    assert len(clips) == 3
    with pytest.raises(ValueError, match=f"{FILE}, 201301010030: .*{says}"):
        [clips[index] for index in range(3)]
    with pytest.warns(UserWarning, match="1 maps skipped"):
        left = GermanRadarClips(damaged="skip", **SMALL)
    assert len([left[index] for index in range(len(left))]) == 2
    assert re.search(says, left.skipped[0])


def test_a_group_is_no_map(folder):
    with load("h5py", "train").File(folder / FILE, "a") as file:
        del file["201301010030"]
        file.create_group("201301010030")
    clips = GermanRadarClips(**SMALL)
    with pytest.raises(ValueError, match="201301010030: a group, expected numbers on a square"):
        [clips[index] for index in range(3)]


def test_a_file_that_is_no_hdf5_is_named(folder):
    (folder / FILE).write_bytes((folder / FILE).read_bytes()[:3000])
    with pytest.raises(ValueError, match=f"{FILE}: expected whole HDF5, found: "):
        GermanRadarClips(**SMALL)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"frames": 0}, "frames=0, every=0: each counts from 1"),
        ({"every": 0}, "every=0"),
        ({"canvas": 0}, "canvas=0: counts from 1"),
        ({"validating": 9}, "validating=9, expected 0 to 8 training years"),
        ({"validating": -1}, "validating=-1"),
        ({"frames": 99}, "0 clips wanted: expected 1 to the 0"),
    ],
)
def test_a_number_out_of_range_is_named(folder, wrong, says):
    with pytest.raises(ValueError, match=says):
        GermanRadarClips(**{**SMALL, **wrong})


def test_an_unknown_quantity_is_named(folder):
    with pytest.raises(ValueError, match="quantity='dBZ', expected one of mm/5min, "):
        unwrap(GermanRadarClips.__init__)(
            GermanRadarClips.__new__(GermanRadarClips), quantity="dBZ"
        )


def test_no_file_at_all_says_how_it_is_had(tmp_path, monkeypatch):
    monkeypatch.delenv("STLIB_DATA", raising=False)
    assert german_radar_folder(tmp_path) is None
    for ask in (GermanRadarClips, german_radar_origin):
        with pytest.raises(FileNotFoundError, match=r"no RYDL\.hdf5 in .*RainNet"):
            ask(tmp_path)


# --- as a recipe names it


def test_a_choice_opens_what_it_says(folder):
    choice = GermanRadar(
        "these tests", frames=2, canvas=4, every=1, validating=2, test=3, quantity="mm/h"
    )
    clips = choice.open("test")
    same = GermanRadarClips(
        split="test", frames=2, canvas=4, every=1, validating=2, samples=3, quantity="mm/h"
    )
    assert len(clips) == 3
    assert all(torch.equal(clips[index], same[index]) for index in range(3))
    assert clips[0].shape == (choice.frames, choice.channels, choice.canvas, choice.canvas)
    assert choice.units == clips.units == RAIN_RATE
    with pytest.raises(ValueError, match="split='holdout', expected one of training"):
        unwrap(GermanRadar.open)(choice, "holdout")
    with pytest.raises(ValueError, match="99 clips wanted"):
        replace(choice, training=99).open("training")


def test_the_origin_changes_with_the_file(folder):
    before = GermanRadar("these tests").origin()
    assert before == german_radar_origin(folder)
    assert before.name == f"German radar, {(folder / FILE).stat().st_size:,} bytes"
    put(folder, "200001010000", np.zeros((30, 30)))
    assert german_radar_origin().sha256 != before.sha256
