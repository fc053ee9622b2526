"""Something-Something V2 in small: its files of labels, and films of a few frames."""

import json
from inspect import unwrap

import numpy as np
import pytest
import torch

from stlib.data.something import (
    SomethingClips,
    read_templates,
    something_folder,
    something_missing,
    something_origin,
    something_subset,
)
from stlib.data.video import read_evenly
from stlib.recipes.data import Something
from tests.films import some_images, write_film

TEMPLATES = ("Holding something next to something", "Tearing something into two pieces", "Poking")
BRACKETED = {template: template.replace("something", "[something]") for template in TEMPLATES}
TRAINING = {number: TEMPLATES[number % 3] for number in range(100, 122)}  # 22 films
OFFICIAL = {number: TEMPLATES[number % 2] for number in range(7, 12)}
FRAMES = 9
SMALL = {"frames": 3, "canvas": 8}


def entries(films):
    """As published: backwards here, to see that the order of the file does not matter."""
    return [
        {"id": str(number), "label": "said by a person", "template": BRACKETED[template],
         "placeholders": ["a cup"]}
        for number, template in reversed(films.items())
    ]  # fmt: skip


def write_labels(folder, form="something-something-v2-{}.json", training=TRAINING):
    for which, held in (
        ("train", entries(training)),
        ("validation", entries(OFFICIAL)),
        ("test", [{"id": "1"}]),
        ("labels", {template: str(number) for number, template in enumerate(TEMPLATES)}),
    ):
        path = folder / form.format(which)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(held))


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Two codecs, in turn: the films of the web are of both."""
    folder = tmp_path_factory.mktemp("films")
    for number in (*TRAINING, *OFFICIAL):
        codec = ("libvpx", "libvpx-vp9")[number % 2]
        images = some_images(FRAMES, 16, 24, seed=number)
        write_film(folder / f"{number}.webm", images, codec, rate=12)
    return folder


@pytest.fixture
def folder(films, tmp_path, monkeypatch):
    """The films, for one test to spoil; found by STLIB_DATA."""
    place = tmp_path / "something"
    (place / "20bn-something-something-v2").mkdir(parents=True)
    for film in films.iterdir():
        (place / "20bn-something-something-v2" / film.name).hardlink_to(film)
    write_labels(place)
    monkeypatch.setenv("STLIB_DATA", str(tmp_path))
    return place


def film(folder, number):
    return folder / "20bn-something-something-v2" / f"{number}.webm"


def numbers(clips):
    return [int(path.stem) for path in clips.films]


def in_order(clips):
    return sorted(numbers(clips))


# --- what is read


def test_every_tenth_training_film_validates_and_the_official_ones_test(folder):
    training, validation, test = (
        SomethingClips(split=split, **SMALL) for split in ("training", "validation", "test")
    )
    assert in_order(validation) == [109, 119]
    assert sorted(numbers(training) + numbers(validation)) == list(TRAINING)
    assert in_order(test) == list(OFFICIAL)
    for clips, truth in ((training, TRAINING), (validation, TRAINING), (test, OFFICIAL)):
        assert clips.classes == TEMPLATES
        named = [clips.classes[label] for label in clips.labels]
        assert named == [truth[number] for number in numbers(clips)]
        assert clips.skipped == ()


def test_a_clip_is_even_in_time_square_and_in_colour(folder):
    clips = SomethingClips(split="test", share=0.5, **SMALL)
    for index, number in enumerate(numbers(clips)):
        clip = clips[index]
        assert clip.shape == (3, 3, 8, 8)
        read = read_evenly(film(folder, number), 3, size=8, share=0.5, colour=True)
        np.testing.assert_array_equal(clip, read.astype(np.float32) / 255)
    for index in (-1, 5):
        with pytest.raises(IndexError, match=f"clip {index} of 5"):
            clips[index]


def test_a_subset_has_its_own_classes_in_its_own_order(folder):
    chosen = (TEMPLATES[2], BRACKETED[TEMPLATES[0]])
    clips = SomethingClips(templates=chosen, **SMALL)
    validation = SomethingClips(split="validation", templates=chosen, **SMALL)
    assert clips.classes == (TEMPLATES[2], TEMPLATES[0])
    kept = [number for number in TRAINING if TRAINING[number] in clips.classes]
    assert sorted(numbers(clips) + numbers(validation)) == kept
    assert numbers(validation) == [kept[9]]
    named = [clips.classes[label] for label in clips.labels]
    assert named == [TRAINING[number] for number in numbers(clips)]


def test_the_second_release_names_its_files_otherwise(folder):
    first = SomethingClips(split="test", **SMALL)
    for path in folder.glob("*.json"):
        path.unlink()
    write_labels(folder, "labels/{}.json")
    (folder / "20bn-something-something-v2").rename(folder / "videos")
    second = SomethingClips(folder, split="test", **SMALL)
    assert second.labels == first.labels
    assert [path.name for path in second.films] == [path.name for path in first.films]
    assert something_folder() == something_folder(folder) == folder


def test_fewer_clips_are_the_first_ones(folder):
    whole = numbers(SomethingClips(**SMALL))
    assert whole != sorted(whole), "mixed"
    assert numbers(SomethingClips(samples=4, **SMALL)) == whole[:4]
    with pytest.raises(ValueError, match="21 clips wanted: expected 1 to the 20"):
        SomethingClips(samples=21, **SMALL)


# --- the list of a subset


def test_a_subset_is_read_from_a_file(folder):
    (folder / "2.txt").write_text(f"# ours\n{BRACKETED[TEMPLATES[1]]}  # torn\n\n{TEMPLATES[2]}\n")
    assert read_templates(folder / "2.txt") == something_subset("2.txt") == TEMPLATES[1:]
    assert something_subset("") == ()
    with pytest.raises(FileNotFoundError, match=r"41\.txt is missing; write the templates"):
        something_subset("41.txt")


@pytest.mark.parametrize("text", ["", "# nothing\n", "Poking\n[Poking]\n"])
def test_a_list_without_templates_or_with_one_twice_is_named(tmp_path, text):
    (tmp_path / "list.txt").write_text(text)
    with pytest.raises(ValueError, match=r"list\.txt: expected templates, a line each, each once"):
        read_templates(tmp_path / "list.txt")


# --- damage


def absent(folder):
    film(folder, 104).unlink()


def cut_off(folder):
    path = film(folder, 104)
    half = path.read_bytes()[: path.stat().st_size // 2]
    path.unlink()
    path.write_bytes(half)


def mislabelled(folder):
    path = folder / "something-something-v2-train.json"
    held = json.loads(path.read_text())
    next(entry for entry in held if entry["id"] == "104")["template"] = "Dancing with [something]"
    path.write_text(json.dumps(held))


@pytest.mark.parametrize(
    ("spoil", "error", "says"),
    [
        (absent, FileNotFoundError, r"104\.webm is missing; the labels name it"),
        (
            mislabelled,
            ValueError,
            "film 104: 'Dancing with something' is not among the 3 templates",
        ),
    ],
)
def test_a_film_missing_or_mislabelled_is_an_error_or_skipped(folder, spoil, error, says):
    spoil(folder)
    with pytest.raises(error, match=says):
        SomethingClips(**SMALL)
    with pytest.warns(UserWarning, match=f"V2: 1 films skipped; the first: .*{says}"):
        clips = SomethingClips(damaged="skip", **SMALL)
    assert 104 not in numbers(clips)
    assert len(clips.skipped) == 1


def test_a_broken_film_is_an_error_when_read_or_skipped_at_once(folder):
    cut_off(folder)
    clips = SomethingClips(**SMALL)
    with pytest.raises(ValueError, match=r"104\.webm: .*expected"):
        clips[numbers(clips).index(104)]
    with pytest.warns(UserWarning, match="1 films skipped"):
        left = SomethingClips(damaged="skip", **SMALL)
    assert numbers(left) == [number for number in numbers(clips) if number != 104]


@pytest.mark.parametrize(
    ("which", "text", "says"),
    [
        ("train", "[", "v2-train.json: expected JSON"),
        ("train", "{}", "v2-train.json: expected a list of films, found dict"),
        ("train", '[{"id": "1"}]', "v2-train.json, entry 0: .*expected an id and a template"),
        ("train", '[{"template": "Poking"}]', "entry 0: .*expected an id and a template"),
        ("train", '["1"]', "entry 0: '1', expected an id and a template"),
        ("train", json.dumps(2 * [{"id": "1", "template": "Poking"}]), "expected each id once"),
        ("labels", "[]", "v2-labels.json: expected templates and their numbers"),
        ("labels", '{"Poking": "0", "Tearing": "2"}', "expected each number from 0 to 1 once"),
    ],
)
def test_damaged_labels_are_named(folder, which, text, says):
    (folder / f"something-something-v2-{which}.json").write_text(text)
    with pytest.raises(ValueError, match=says):
        SomethingClips(**SMALL)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"templates": ("Dancing",)}, "template 'Dancing' is not among the 3"),
        ({"templates": ("Poking", "[Poking]")}, "expected each once"),
        ({"frames": 0}, "frames=0"),
        ({"canvas": 0}, "canvas=0"),
        ({"share": 0.0}, "share=0.0: expected"),
    ],
)
def test_what_cannot_be_is_named(folder, wrong, says):
    with pytest.raises(ValueError, match=says):
        SomethingClips(**{**SMALL, **wrong})


@pytest.mark.parametrize("which", ["validation", "labels"])
def test_a_missing_file_of_labels_is_named(folder, which):
    (folder / f"something-something-v2-{which}.json").unlink()
    with pytest.raises(FileNotFoundError, match=f"v2-{which}.json is missing, and .*qualcomm"):
        SomethingClips(split="test", **SMALL)


def test_no_films_at_all_say_how_they_are_had(folder, tmp_path, monkeypatch):
    for path in (folder / "20bn-something-something-v2").iterdir():
        path.unlink()
    with pytest.raises(FileNotFoundError, match=r"expected films, as in 78687\.webm"):
        SomethingClips(**SMALL)
    monkeypatch.delenv("STLIB_DATA")
    assert something_folder() is None
    for ask in (
        SomethingClips,
        something_origin,
        something_missing,
        lambda place: something_subset("a.txt", place),
    ):
        with pytest.raises(FileNotFoundError, match=r"no something-something-v2-train\.json in"):
            ask(tmp_path / "elsewhere")


# --- as a recipe names them


def test_a_choice_opens_what_it_says(folder):
    (folder / "2.txt").write_text("\n".join(TEMPLATES[:2]))
    choice = Something("these tests", templates="2.txt", frames=4, canvas=8, share=0.5, test=3)
    clips = choice.open("test")
    same = SomethingClips(
        split="test", samples=3, templates=TEMPLATES[:2], frames=4, canvas=8, share=0.5
    )
    assert (clips.films, clips.labels, clips.classes) == (same.films, same.labels, TEMPLATES[:2])
    assert torch.equal(clips[1], same[1])
    assert clips[0].shape == (choice.frames, choice.channels, choice.canvas, choice.canvas)
    with pytest.raises(ValueError, match="split='holdout', expected one of training"):
        unwrap(Something.open)(choice, "holdout")


def test_the_origin_changes_with_the_labels(folder):
    before = Something("these tests").origin()
    assert before == something_origin(folder)
    assert before.name == "Something-Something V2, 27 films"
    assert something_missing() == []
    absent(folder)
    assert something_missing() == ["104.webm"]
    mislabelled(folder)
    assert something_origin().sha256 != before.sha256


def test_the_origin_tells_subsets_apart_and_not_remarks(folder):
    texts = {
        "a.txt": f"{TEMPLATES[0]}\n{TEMPLATES[1]}",
        "b.txt": f"# chosen by hand\n{TEMPLATES[0]}  # a remark\n\n{TEMPLATES[1]}\n",
        "c.txt": f"{TEMPLATES[1]}\n{TEMPLATES[0]}",
        "d.txt": TEMPLATES[0],
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    found = {name: Something("these tests", templates=name).origin() for name in ("", *texts)}
    assert found["a.txt"].name == "Something-Something V2, 27 films, 2 templates of a.txt"
    assert found["a.txt"].sha256 == found["b.txt"].sha256
    assert len({origin.sha256 for origin in found.values()}) == 4
    with pytest.raises(FileNotFoundError, match=r"e\.txt is missing"):
        Something("these tests", templates="e.txt").origin()
