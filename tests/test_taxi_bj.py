"""TaxiBJ in small: the published names and datasets, of a few days."""

import re
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from inspect import unwrap
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stlib.data.hdf5 import opened
from stlib.data.taxi_bj import (
    FILES,
    TaxiBJClips,
    taxi_bj_folder,
    taxi_bj_missing,
    taxi_bj_origin,
)
from stlib.evaluation import evaluate
from stlib.extras import load
from stlib.recipes import experiment
from stlib.recipes.data import TaxiBJ
from tests.maps import write_taxi_bj


def slots(first, days, without=()):
    """The names of all half-hours of some days, but for some."""
    begin = datetime.strptime(first, "%Y%m%d")
    each = [(begin + timedelta(days=day)).strftime("%Y%m%d") for day in range(days)]
    named = [f"{day}{slot:02d}" for day in each for slot in range(1, 49)]
    return [name for name in named if name not in without]


# 2 + 2 + 1 + 30 complete days.
HELD = {
    FILES[0]: slots("20131230", 4, {"2013123148", "2013123017"}),
    FILES[1]: slots("20140227", 2),
    FILES[2]: slots("20150630", 1),
    FILES[3]: slots("20151101", 31, {"2015110101"}),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    for name, dates in HELD.items():
        write_taxi_bj(folder / name, dates, np.arange(len(dates)) % 1290)
    return folder


@pytest.fixture
def folder(made, tmp_path, monkeypatch):
    """The files, for one test to spoil; found by STLIB_DATA."""
    place = tmp_path / "taxi_bj"
    place.mkdir()
    for file in made.iterdir():
        (place / file.name).hardlink_to(file)
    monkeypatch.setenv("STLIB_DATA", str(tmp_path))
    return place


def replaced(path, dates, counts=None):
    path.unlink()
    return write_taxi_bj(path, dates, counts)


# --- what is read


def expected(split, frames, every, validating):
    """By the clock, slot by slot: (file, place of the first frame)."""
    half = timedelta(minutes=30)
    days = Counter(name[:8] for dates in HELD.values() for name in dates)
    whole = sorted(day for day, count in days.items() if count == 48)
    part = {
        "training": whole[: len(whole) - 28 - validating],
        "validation": whole[len(whole) - 28 - validating : len(whole) - 28],
        "test": whole[-28:],
    }[split]
    found = set()
    for file, dates in HELD.items():
        held = {}  # the place of each half-hour
        for place, name in enumerate(dates):
            if name[:8] in whole:
                slot = int(name[8:]) - 1
                held[datetime.strptime(name[:8], "%Y%m%d") + slot * half] = place
        for time, place in held.items():
            if time - half not in held:
                begun = place
            end = time + (frames - 1) * half
            gapless = all(time + k * half in held for k in range(frames))
            if gapless and (place - begun) % every == 0 and end.strftime("%Y%m%d") in part:
                found.add((file, place))
    return found


@pytest.mark.parametrize(
    ("split", "frames", "every", "validating"),
    [
        ("training", 8, 1, 3),
        ("training", 5, 7, 0),
        ("training", 49, 1, 2),
        ("validation", 8, 1, 2),
        ("test", 8, 1, 2),
        ("test", 20, 3, 0),
    ],
)
def test_clips_are_stretches_of_whole_days_without_a_gap(folder, split, frames, every, validating):
    clips = TaxiBJClips(split=split, frames=frames, every=every, validating=validating)
    found = [(window.file.name, window.first) for window in clips.windows]
    assert set(found) == expected(split, frames, every, validating)
    assert len(set(found)) == len(found) == len(clips)
    assert found != sorted(found), "mixed"
    assert (clips.days, clips.skipped) == (35, ())


def test_the_last_four_weeks_give_as_many_clips_as_the_paper_prints(folder):
    assert len(TaxiBJClips(split="test")) == 1344
    assert len(TaxiBJClips(split="test", frames=1, validating=0)) == 28 * 48


def test_a_clip_holds_what_enters_in_consecutive_half_hours(folder):
    clips = TaxiBJClips(split="test", most=1292.0)
    for index in range(5):
        clip, first = clips[index], clips.windows[index].first
        assert (clip.shape, clip.dtype) == ((8, 1, 32, 32), torch.float32)
        vehicles = np.arange(first, first + 8) % 1290
        np.testing.assert_allclose(clip[:, 0, 3, 30], vehicles / 1292, rtol=1e-6)
        np.testing.assert_allclose(clips.to_units(clip)[:, 0, 31, 0], vehicles, atol=1e-3)
    assert clips.units.name == "vehicles per half-hour"


@pytest.mark.parametrize("validating", [0, 2])
def test_frames_to_foretell_were_not_trained_on_but_by_the_first_clips(folder, validating):
    """Clips belong to the day they end in: the first three of four frames may lie before it."""

    def frames(split, of):
        clips = TaxiBJClips(split=split, validating=validating)
        return {(w.file.name, w.first + k) for w in clips.windows for k in of}

    splits = ("training", "validation", "test") if validating else ("training", "test")
    for before, split in pairwise(splits):
        held = frames(before, range(8))
        assert not held & frames(split, [7])
        first = min(frames(split, [0]))
        early = {(first[0], first[1] + k) for k in range(4, 7)}
        shared = held & frames(split, range(4, 8))
        assert shared <= early
        if not validating:  # no half-hour is missing before the days that test
            assert shared == early


def test_fewer_clips_are_the_first_ones_and_an_index_counts_from_0(folder):
    whole, some = TaxiBJClips(split="test"), TaxiBJClips(split="test", samples=3)
    assert some.windows == whole.windows[:3]
    with pytest.raises(ValueError, match="1345 clips wanted: expected 1 to the 1344"):
        TaxiBJClips(split="test", samples=1345)
    for index in (-1, 3):
        with pytest.raises(IndexError, match=f"clip {index} of 3"):
            some[index]


# --- damage


def absent(folder):
    (folder / FILES[1]).unlink()


def no_hdf5(folder):
    path = folder / FILES[1]
    path.unlink()
    path.write_text("<html>not found</html>")


def cut_off(folder):
    path = folder / FILES[1]
    half = path.read_bytes()[: path.stat().st_size // 2]
    path.unlink()
    path.write_bytes(half)


def other_datasets(folder):
    with opened(folder / FILES[1]) as file:
        dates = file["date"][:]
    (folder / FILES[1]).unlink()
    with load("h5py", "train").File(folder / FILES[1], "w") as file:
        file["dates"] = dates


def too_few_dates(folder):
    with load("h5py", "train").File(folder / "other", "w") as file:
        file["data"] = np.zeros((3, 2, 32, 32))
        file["date"] = np.array([b"2014022701", b"2014022702"])
    (folder / "other").replace(folder / FILES[1])


def out_of_order(folder):
    dates = HELD[FILES[1]]
    replaced(folder / FILES[1], [*dates[1:], dates[0]])


def twice(folder):
    dates = HELD[FILES[1]]
    replaced(folder / FILES[1], [dates[0], *dates])


FAULTS = {
    absent: (FileNotFoundError, f"{FILES[1]} is missing"),
    no_hdf5: (ValueError, f"{FILES[1]}: expected whole HDF5, found: "),
    cut_off: (ValueError, f"{FILES[1]}: expected whole HDF5, found: "),
    other_datasets: (ValueError, r"holds \['dates'\], expected data and date"),
    too_few_dates: (ValueError, r"data \(3, 2, 32, 32\) and date \(2,\), expected \[slot, 2, 32"),
    out_of_order: (ValueError, "2014022701 follows 2014022848, expected half-hours in order"),
    twice: (ValueError, "2014022701 follows 2014022701"),
}


@pytest.mark.parametrize("spoil", FAULTS)
def test_a_file_missing_or_wrong_is_an_error_or_skipped(folder, spoil):
    error, says = FAULTS[spoil]
    spoil(folder)
    with pytest.raises(error, match=says):
        TaxiBJClips(validating=0)
    with pytest.warns(UserWarning, match=f"TaxiBJ: 1 files or half-hours skipped; .*{says}"):
        clips = TaxiBJClips(damaged="skip", validating=0)
    assert (len(clips.skipped), clips.days) == (1, 33)
    assert {window.file.name for window in clips.windows} == {FILES[0], FILES[2], FILES[3]}


@pytest.mark.parametrize("wrong", [1293.0, -1.0, float("nan")])
def test_a_wrong_count_is_an_error_when_read_or_its_day_is_skipped(folder, wrong):
    counts = np.ones(96)
    counts[50] = wrong
    replaced(folder / FILES[1], HELD[FILES[1]], counts)
    says = f"{FILES[1]}: {wrong:g} vehicles at 2014022803, expected 0 to most=1292"
    clips = TaxiBJClips(validating=0, every=8)
    with pytest.raises(ValueError, match=re.escape(says)):
        [clips[index] for index in range(len(clips))]
    with pytest.warns(UserWarning, match="1 files or half-hours skipped"):
        left = TaxiBJClips(damaged="skip", validating=0)
    assert (left.skipped[0].endswith(says), left.days) == (True, 34)
    days = {window.first // 48 for window in left.windows if window.file.name == FILES[1]}
    assert days == {0}


def test_another_range_may_be_named(folder):
    replaced(folder / FILES[1], HELD[FILES[1]], np.full(96, 2000.0))
    clips = TaxiBJClips(validating=0, most=4000.0)
    assert any(float(clips[index].max()) == 0.5 for index in range(len(clips)))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.one_of(
        st.text("0123456789", min_size=8, max_size=11),
        st.text("0123456789-a", max_size=10),
        st.datetimes().map(lambda when: when.strftime("%Y%m%d") + "49"),
    )
)
def test_a_date_is_a_half_hour_or_named(tmp_path_factory, text):
    """Whatever a file says, it is a day and a slot that exist, or the file is refused."""
    try:
        if not re.fullmatch(r"\d{10}", text) or not 1 <= int(text[8:]) <= 48:
            raise ValueError
        datetime.strptime(text[:8], "%Y%m%d")
        says = "0 clips wanted"
    except ValueError:
        says = f"date {text!r}, expected a day and one of 48 half-hours"
    folder = tmp_path_factory.getbasetemp() / "dates"
    folder.mkdir(exist_ok=True)
    write_taxi_bj(folder / FILES[0], [text])
    for name in FILES[1:]:
        if not (folder / name).is_file():
            write_taxi_bj(folder / name, ["2013070101"])
    with pytest.raises(ValueError, match=re.escape(says)):
        TaxiBJClips(folder)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"frames": 0}, "frames=0, every=1: each counts from 1"),
        ({"every": 0}, "every=0"),
        ({"validating": -1}, "validating=-1: expected days, from 0"),
        ({"most": 0.0}, "most=0.0, expected more than 0"),
        ({"frames": 2000}, "0 clips wanted: expected 1 to the 0"),
    ],
)
def test_a_number_out_of_range_is_named(folder, wrong, says):
    with pytest.raises(ValueError, match=says):
        TaxiBJClips(**wrong)


def test_no_files_at_all_say_how_they_are_had(tmp_path, monkeypatch):
    monkeypatch.delenv("STLIB_DATA", raising=False)
    assert taxi_bj_folder(tmp_path) is None
    for ask in (TaxiBJClips, taxi_bj_origin, taxi_bj_missing):
        with pytest.raises(FileNotFoundError, match=r"no BJ16_M32x32_T30_InOut\.h5 in .*DeepST"):
            ask(tmp_path)


def test_without_h5py_the_message_says_what_to_install(folder, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(ImportError, match=r"pip install 'stlib\[train\]'"):
        TaxiBJClips()


# --- as a recipe names them


def test_a_choice_opens_what_it_says(folder):
    choice = TaxiBJ("these tests", frames=4, every=2, validating=1, test=3, most=2000.0)
    clips = choice.open("test")
    same = TaxiBJClips(split="test", frames=4, every=2, validating=1, samples=3, most=2000.0)
    assert len(clips) == 3
    assert all(torch.equal(clips[index], same[index]) for index in range(3))
    assert clips[0].shape == (choice.frames, choice.channels, choice.canvas, choice.canvas)
    assert choice.units == clips.units
    with pytest.raises(ValueError, match="split='holdout', expected one of training"):
        unwrap(TaxiBJ.open)(choice, "holdout")


def test_the_origin_changes_with_the_files(folder):
    before = TaxiBJ("these tests").origin()
    assert before == taxi_bj_origin(folder)
    assert before.name == "TaxiBJ, 4 files"
    assert taxi_bj_missing() == []
    absent(folder)
    assert taxi_bj_missing() == [FILES[1]]
    assert taxi_bj_origin().name == "TaxiBJ, 3 files"
    assert taxi_bj_origin().sha256 != before.sha256


def test_a_recipe_is_scored_frame_by_frame(folder):
    """Table 8's column: squared errors added over a frame."""
    smoke = experiment("first-convlstm").smoke
    data = TaxiBJ("these tests", training=1, validating=0)
    recipe = replace(smoke, data=data, context=4, batch=1, validation_clips=0, test_clips=2)
    measured = evaluate(recipe.network.build(), recipe)
    assert (measured["clips"], measured["data"]) == (2, "TaxiBJ, 4 files")
    table = measured["predictors"]["copy_last"]["mse_per_frame"]
    clips = data.open("test")
    errors = [
        [float(((clip[4 + k] - clip[3]) ** 2).sum()) for k in range(4)]
        for clip in (clips[index] for index in range(2))
    ]
    assert table["steps"] == pytest.approx(np.mean(errors, axis=0), abs=1e-5)
