"""KTH in small: the published names, the published list, and films of a few frames."""

import re
from dataclasses import replace
from inspect import unwrap

import numpy as np
import pytest
import torch

from stlib.data.actions import ACTIONS
from stlib.data.kth import SEQUENCES, KTHClips, kth_folder, kth_missing, kth_origin, read_sequences
from stlib.data.video import read_video
from stlib.evaluation import evaluate
from stlib.recipes import experiment
from stlib.recipes.data import KTH
from stlib.recipes.networks import StackOf
from stlib.runs import Run
from stlib.training import Machine, fit
from tests.films import numbered, write_film

HEAD = """Databases and sequences
  * each line names a film, and the frames (from 1) that belong to its parts

"""
# Each film's ranges; person13_handclapping_d3 was never published.
LISTED = {
    "person01_boxing_d1": "1-12, 13-20",
    "person01_walking_d4": "1-9",
    "person13_handclapping_d3": "*missing*",
    "person14_jogging_d2": "3-10",
    "person16_running_d1": "1-8,\t9-16",
    "person17_handwaving_d1": "1-20",
    "person25_handclapping_d3": "5-14, 15-19, 20-21",
}
COUNT = 22  # frames of every film
SMALL = {"frames": 4, "canvas": 8}


def listed(lines):
    return HEAD + "".join(f"{name}\t\tframes\t{said}\n\n" for name, said in lines.items())


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Every film of the list: each frame as bright as its number."""
    folder = tmp_path_factory.mktemp("films")
    for name, said in LISTED.items():
        if said != "*missing*":
            write_film(folder / f"{name}_uncomp.avi", numbered(COUNT))
    return folder


@pytest.fixture
def folder(films, tmp_path, monkeypatch):
    """The films, for one test to spoil; found by STLIB_DATA."""
    place = tmp_path / "kth"
    place.mkdir()
    for film in films.iterdir():
        (place / film.name).hardlink_to(film)
    (place / SEQUENCES).write_text(listed(LISTED))
    monkeypatch.setenv("STLIB_DATA", str(tmp_path))
    return place


def film(folder, name):
    return folder / f"{name}_uncomp.avi"


# --- what is read


@pytest.mark.parametrize(
    ("split", "every", "starts"),
    [
        ("training", None, [("boxing", 1, [0, 4, 8, 12, 16]), ("walking", 1, [0, 4])]),
        ("training", 3, [("boxing", 1, [0, 3, 6, 12, 15]), ("walking", 1, [0, 3])]),
        ("validation", None, [("jogging", 14, [2, 6]), ("running", 16, [0, 4, 8, 12])]),
        ("test", 6, [("handwaving", 17, [0, 6, 12]), ("handclapping", 25, [4, 10, 14])]),
    ],
)
def test_clips_are_stretches_of_the_listed_ranges(folder, split, every, starts):
    clips = KTHClips(split=split, every=every, **SMALL)
    expected = [(action, who, first) for action, who, firsts in starts for first in firsts]
    found = []
    for index, label in enumerate(clips.labels):
        clip = 255 * clips[index]
        assert clip.shape == (4, 1, 8, 8)
        first = round(float(clip[0, 0, 3, 3]))
        np.testing.assert_allclose(clip[:, 0, 3, 3], np.arange(first, first + 4), atol=1e-4)
        found.append((clips.classes[label], clips.subject(index), first))
    assert sorted(found) == sorted(expected)
    assert found != sorted(expected), "mixed"
    assert len(clips) == len(expected)
    assert clips.classes == ACTIONS
    assert clips.skipped == ()


def test_some_actions_each_with_a_stride_as_ma_et_al_take_them(folder):
    """Running every frame, walking every fifth; boxing not at all."""
    clips = KTHClips(actions=("running", "walking"), every=(1, 5), validating=0, **SMALL)
    assert clips.classes == ("running", "walking")
    found = {
        (clips.classes[label], clips.subject(index), clips.windows[index].first)
        for index, label in enumerate(clips.labels)
    }
    running = {("running", 16, first) for first in (0, 1, 2, 3, 4, 8, 9, 10, 11, 12)}
    assert found == running | {("walking", 1, 0), ("walking", 1, 5)}
    assert len(found) == len(clips)
    for path in folder.glob("*boxing*"):
        path.unlink()  # what is not asked for need not be there
    again = KTHClips(actions=("walking", "running"), every=(5, 1), validating=0, **SMALL)
    assert again.windows == [w._replace(label=1 - w.label) for w in clips.windows]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"actions": ("running",) * 2}, "'running'.*each once"),
        ({"actions": ("running",), "every": (1, 2)}, "a number, or one for each of running"),
        ({"every": (1, 2, 3)}, "one for each of walking, jogging, running, boxing"),
        ({"actions": ("running",), "every": (0,)}, r"every=\(0,\): each counts from 1"),
    ],
)
def test_actions_and_strides_that_cannot_be_are_named(folder, wrong, says):
    with pytest.raises(ValueError, match=says):
        unwrap(KTHClips.__init__)(KTHClips.__new__(KTHClips), **SMALL, **wrong)


def test_films_may_lie_in_folders_one_an_action(folder):
    flat = [clip.clone() for clip in map(KTHClips(**SMALL).__getitem__, range(7))]
    for path in list(folder.glob("*.avi")):
        place = folder / path.name.split("_")[1]
        place.mkdir(exist_ok=True)
        path.rename(place / path.name)
    nested = KTHClips(folder, **SMALL)
    assert all(torch.equal(nested[index], clip) for index, clip in enumerate(flat))


def test_the_papers_split_has_no_validation(folder):
    training = KTHClips(validating=0, **SMALL)
    assert {training.subject(index) for index in range(len(training))} == {1, 14, 16}
    with pytest.raises(ValueError, match="0 clips wanted: expected 1 to the 0"):
        KTHClips(split="validation", validating=0, **SMALL)


def test_eight_may_train_as_the_list_of_sequences_says(folder):
    """Of those who are here: 14, 16 and 17; 1 and 25 validate."""
    people = {}
    for split in ("training", "validation"):
        clips = KTHClips(split=split, division="eight train", **SMALL)
        people[split] = {clips.subject(index) for index in range(len(clips))}
    assert people == {"training": {14, 16, 17}, "validation": {1, 25}}


def test_clips_may_be_oblong(folder):
    """KTH's films are 120 high and 160 wide: at half of either, each pixel is the mean of four."""
    clips = KTHClips(folder, frames=3, canvas=(12, 16), filter="area", division="eight train")
    film, first, _, _ = clips.windows[0]
    whole = read_video(film, range(first, first + 3), size=(24, 32)).astype(float)
    means = whole.reshape(3, 1, 12, 2, 16, 2).mean((3, 5))
    assert clips[0].shape == (3, 1, 12, 16)
    np.testing.assert_allclose(255 * clips[0], means, atol=0.5)


def test_fewer_clips_are_the_first_ones(folder):
    whole, some = KTHClips(**SMALL), KTHClips(samples=3, **SMALL)
    assert some.windows == whole.windows[:3]
    with pytest.raises(ValueError, match="8 clips wanted: expected 1 to the 7"):
        KTHClips(samples=8, **SMALL)


def test_frames_are_resized_as_asked(folder):
    clips = KTHClips(frames=2, canvas=12, filter="area")
    film, first, _, _ = clips.windows[0]
    read = read_video(film, range(first, first + 2), size=12, filter="area")
    np.testing.assert_array_equal(clips[0], read.astype(np.float32) / 255)


def test_an_index_counts_from_0(folder):
    clips = KTHClips(**SMALL)
    for index in (-1, 7):
        with pytest.raises(IndexError, match=f"clip {index} of 7"):
            clips[index]


# --- the list


def test_the_list_is_read_with_its_remarks(tmp_path):
    path = tmp_path / SEQUENCES
    path.write_text(listed(LISTED))
    read = read_sequences(path)
    assert read.keys() == LISTED.keys()
    assert read["person01_boxing_d1"] == ((1, 12), (13, 20))
    assert read["person16_running_d1"] == ((1, 8), (9, 16))
    assert read["person13_handclapping_d3"] == ()


def test_a_film_that_is_missing_needs_no_word_before_it(tmp_path):
    path = tmp_path / SEQUENCES
    path.write_text(
        f"{HEAD}person13_handclapping_d3\t\t*missing*\nperson13_handclapping_d4 frames 1-9\n"
    )
    assert read_sequences(path) == {
        "person13_handclapping_d3": (),
        "person13_handclapping_d4": ((1, 9),),
    }


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("person01_boxing_d1*missing*", "'person01_boxing_d1*missing*', expected a film and its"),
        ("person01_boxing_d1 *missing* 1-9", "'person01_boxing_d1 *missing* 1-9', expected a film"),
        ("person01_boxing_d1 frames 1-95, 96", "'1-95, 96', expected ranges"),
        ("person01_boxing_d1 frames", "'', expected ranges"),
        ("person01_boxing_d1 frames 9-3", "'9-3', expected ranges"),
        ("person01_boxing_d1 frames 0-3", "'0-3', expected ranges"),
        ("person01_boxing_d1 1-95", "'person01_boxing_d1 1-95', expected a film and its frames"),
    ],
)
def test_a_line_that_says_something_else_is_named(tmp_path, line, says):
    path = tmp_path / SEQUENCES
    path.write_text(f"{HEAD}{line}\n")
    with pytest.raises(ValueError, match=re.escape(f"{SEQUENCES}, line 4: {says}")):
        read_sequences(path)


def test_a_list_of_nothing_is_named(tmp_path):
    (tmp_path / SEQUENCES).write_bytes(b"<html>\xff</html>")
    with pytest.raises(ValueError, match=r"expected lines as in 'person01_boxing_d1 frames"):
        read_sequences(tmp_path / SEQUENCES)


@pytest.mark.parametrize(
    "name",
    ["person26_boxing_d1", "person00_boxing_d1", "person01_dancing_d1", "person01_boxing_d5"],
)
def test_a_list_of_what_kth_does_not_have_is_named(folder, name):
    (folder / SEQUENCES).write_text(listed({**LISTED, name: "1-9"}))
    with pytest.raises(ValueError, match=f"{name}', expected person01 to person25"):
        KTHClips(**SMALL)


# --- damage


def absent(folder):
    film(folder, "person01_walking_d4").unlink()


def misplaced(folder):
    (folder / "boxing").mkdir()
    path = film(folder, "person01_walking_d4")
    path.rename(folder / "boxing" / path.name)


def unlisted(folder):
    lines = {name: said for name, said in LISTED.items() if name != "person01_walking_d4"}
    (folder / SEQUENCES).write_text(listed(lines))


def misnamed(folder):
    film(folder, "person01_walking_d4").rename(film(folder, "person01_strolling_d4"))
    unlisted(folder)


def cut_off(folder):
    path = film(folder, "person01_walking_d4")
    half = path.read_bytes()[: path.stat().st_size // 3]
    path.unlink()
    path.write_bytes(half)


def too_short(folder):
    (folder / SEQUENCES).write_text(listed({**LISTED, "person01_walking_d4": "1-4, 20-24"}))


@pytest.mark.parametrize(
    ("spoil", "error", "says"),
    [
        (absent, FileNotFoundError, "person01_walking_d4_uncomp.avi is missing; 00sequences.txt"),
        (
            misplaced,
            ValueError,
            "boxing.person01_walking_d4_uncomp.avi: expected walking in a fold",
        ),
        (
            unlisted,
            ValueError,
            "person01_walking_d4_uncomp.avi: expected a line in 00sequences.txt",
        ),
        (
            misnamed,
            ValueError,
            "'person01_strolling_d4', expected person01 to person25, one of walk",
        ),
    ],
)
def test_a_film_missing_or_in_the_wrong_place_is_an_error_or_skipped(folder, spoil, error, says):
    spoil(folder)
    with pytest.raises(error, match=says):
        KTHClips(**SMALL)
    with pytest.warns(UserWarning, match=f"KTH: 1 films skipped; the first: .*{says}"):
        clips = KTHClips(damaged="skip", **SMALL)
    assert len(clips.skipped) == 1
    assert {clips.classes[label] for label in clips.labels} == {"boxing"}


@pytest.mark.parametrize(("spoil", "says"), [(cut_off, "expected"), (too_short, "found 22")])
def test_a_broken_film_is_an_error_when_read_or_skipped_at_once(folder, spoil, says):
    spoil(folder)
    clips = KTHClips(**SMALL)
    with pytest.raises(ValueError, match=f"person01_walking_d4_uncomp.avi: .*{says}"):
        [clips[index] for index in range(len(clips))]
    with pytest.warns(UserWarning, match="1 films skipped"):
        left = KTHClips(damaged="skip", **SMALL)
    assert len([left[index] for index in range(len(left))]) == 5
    assert says in left.skipped[0]


def test_the_film_that_was_never_published_is_not_missed(folder):
    (folder / SEQUENCES).write_text(listed({**LISTED, "person13_handclapping_d3": "1-9"}))
    assert len(KTHClips(**SMALL)) == 7


def test_two_films_of_one_name_are_named(folder):
    (folder / "walking").mkdir()
    path = film(folder, "person01_walking_d4")
    (folder / "walking" / path.name).hardlink_to(path)
    with pytest.raises(ValueError, match="expected one film of that name"):
        KTHClips(**SMALL)


@pytest.mark.parametrize("wrong", [{"frames": 0}, {"canvas": 0}, {"every": 0}])
def test_a_number_out_of_range_is_named(folder, wrong):
    ((key, value),) = wrong.items()
    with pytest.raises(ValueError, match=f"{key}={value}.*: each counts from 1"):
        KTHClips(**{**SMALL, **wrong})


def test_no_films_at_all_say_how_they_are_had(tmp_path, monkeypatch):
    monkeypatch.delenv("STLIB_DATA", raising=False)
    assert kth_folder(tmp_path) is None
    for ask in (KTHClips, kth_origin):
        with pytest.raises(FileNotFoundError, match=r"no 00sequences\.txt in .*csc\.kth\.se"):
            ask(tmp_path)


# --- as a recipe names them


def test_a_choice_opens_what_it_says(folder):
    choice = KTH("these tests", frames=4, canvas=8, every=2, validating=1, test=3)
    clips = choice.open("test")
    walking = replace(choice, actions=("walking",), every=(5,), test=None)
    assert len(walking.open("training")) == 2
    assert walking.smoke().actions == ("walking",)
    same = KTHClips(split="test", samples=3, every=2, validating=1, **SMALL)
    assert len(clips) == 3
    assert all(torch.equal(clips[index], same[index]) for index in range(3))
    assert clips[0].shape == (choice.frames, choice.channels, choice.canvas, choice.canvas)
    with pytest.raises(ValueError, match="split='holdout', expected one of training"):
        unwrap(KTH.open)(choice, "holdout")
    with pytest.raises(ValueError, match="4 clips wanted"):
        replace(choice, validation=4, every=9).open("validation")


def test_the_origin_changes_with_the_list_and_the_films(folder):
    before = KTH("these tests").origin()
    assert before == kth_origin(folder)
    assert before.name == "KTH, 6 films"
    (folder / SEQUENCES).write_text(listed({**LISTED, "person01_walking_d4": "1-8"}))
    after = kth_origin()
    assert kth_missing() == []
    absent(folder)
    assert kth_missing() == ["person01_walking_d4_uncomp.avi"]
    assert len({before.sha256, after.sha256, kth_origin().sha256}) == 3


def test_a_recipe_trains_and_is_scored_on_films(folder, tmp_path):
    """How many clips there are is known only once they are opened."""
    recipe = replace(
        experiment("first-convlstm").smoke,
        data=KTH("these tests", frames=5, canvas=16),
        network=StackOf(hidden=(2,)),
        validation_clips=3,
        test_clips=4,
    )
    assert fit(recipe, tmp_path / "run", machine=Machine(cpu=True)).finished
    about = Run(tmp_path / "run").about()["same"]
    assert about["data"] == {"name": "KTH, 6 films", "sha256": kth_origin().sha256}
    measured = evaluate(recipe.network.build(), recipe)
    assert (measured["clips"], measured["data"]) == (4, "KTH, 6 films")
    for wrong, says in (
        ({"batch": 5}, "batch=5: expected 1 to the 4"),
        ({"validation_clips": 4}, "validation_clips=4: expected 0 to the 3 there are"),
    ):
        with pytest.raises(ValueError, match=says):
            fit(replace(recipe, **wrong), tmp_path / "other", machine=Machine(cpu=True))
        assert not (tmp_path / "other").exists()
    with pytest.raises(ValueError, match="clips=8: expected 1 to the 7 of the test split"):
        evaluate(recipe.network.build(), recipe, clips=8)
