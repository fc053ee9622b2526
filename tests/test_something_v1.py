"""Something-Something V1 in small: its lists, and folders of a few images."""

from inspect import unwrap

import numpy as np
import pytest
import torch

from stlib.data.crops import Crops, cropped, drawn_look, middle_look
from stlib.data.images import check_images, count_images, read_images
from stlib.data.something_v1 import (
    SomethingV1Clips,
    something_v1_folder,
    something_v1_missing,
    something_v1_origin,
)
from stlib.data.video import Short, resized
from stlib.extras import load
from tests.films import some_images

TEMPLATES = ("Holding something", "Tearing something into two pieces", "Approaching something")
TRAINING = {number: TEMPLATES[number % 3] for number in range(100, 122)}  # 22 films
OFFICIAL = {number: TEMPLATES[number % 2] for number in range(7, 12)}
COUNT = 12
SMALL = {"frames": 4, "canvas": 12, "shorts": (14, 18), "crops": Crops(2, 3, 14)}
LIST = "something-something-v1-{}.csv"


def write_images(folder, images):
    image = load("PIL.Image", "train")
    folder.mkdir(parents=True)
    for number, pixels in enumerate(images, start=1):
        image.fromarray(pixels).save(folder / f"{number:05}.jpg", quality=95)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images") / "film"
    write_images(folder, some_images(COUNT, 16, 28))
    return folder


@pytest.fixture
def folder(images, tmp_path, monkeypatch):
    """The lists and the films, for one test to spoil; found by STLIB_DATA."""
    root = tmp_path / "something-v1"
    for number in (*TRAINING, *OFFICIAL):
        film = root / "20bn-something-something-v1" / str(number)
        film.mkdir(parents=True)
        for path in images.iterdir():
            (film / path.name).hardlink_to(path)
    (root / LIST.format("labels")).write_text("\n".join(TEMPLATES))
    for which, films in (("train", TRAINING), ("validation", OFFICIAL)):
        lines = [f"{number};{template}" for number, template in reversed(films.items())]
        (root / LIST.format(which)).write_text("\n".join(lines) + "\n")
    monkeypatch.setenv("STLIB_DATA", str(tmp_path))
    return root


def film(folder, number):
    return folder / "20bn-something-something-v1" / str(number)


def numbers(clips):
    return [int(path.name) for path in clips.films]


# --- images


def test_images_come_back_in_any_order_and_twice(images):
    written = np.moveaxis(some_images(COUNT, 16, 28), -1, 1)
    read = read_images(images, [3, 0, 3, 11], size=(16, 28), colour=True)
    assert np.abs(read.astype(float) - written[[3, 0, 3, 11]]).mean() < 3, "of 255; lossy"
    np.testing.assert_array_equal(read[0], read[2])
    small = read_images(images, [5], size=Short(8), colour=True)
    whole = read_images(images, [5], size=(16, 28), colour=True)
    np.testing.assert_array_equal(small, resized(whole, (8, 14)))
    gray = read_images(images, [5], size=(16, 28))
    luma = np.tensordot([0.299, 0.587, 0.114], whole[0].astype(float), 1)
    np.testing.assert_allclose(gray[0, 0], luma, atol=0.51)
    assert count_images(images) == COUNT
    check_images(images)


def test_images_that_are_not_there_are_named(images, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"00013\.jpg: no such file"):
        read_images(images, [12], size=8)
    with pytest.raises(FileNotFoundError, match="gone: no such folder"):
        count_images(tmp_path / "gone")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"found 0 and no 00001\.jpg"):
        count_images(tmp_path / "empty")
    write_images(tmp_path / "film", some_images(4, 8, 8))
    (tmp_path / "film" / "00002.jpg").unlink()
    with pytest.raises(ValueError, match=r"found 3 and no 00002\.jpg"):
        check_images(tmp_path / "film")
    for places in ([], [-1]):
        with pytest.raises(ValueError, match="expected some, from 0 or more"):
            read_images(images, places, size=8)


@pytest.mark.parametrize("kept", [0, 30, 0.5, 0.95])
def test_an_image_that_is_cut_off_is_named(tmp_path, kept):
    write_images(tmp_path / "film", some_images(2, 32, 32))
    path = tmp_path / "film" / "00002.jpg"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole)) if kept < 1 else kept])
    with pytest.raises(ValueError, match=r"00002\.jpg: expected an undamaged image"):
        read_images(tmp_path / "film", [0, 1], size=8)
    with pytest.raises(ValueError, match=r"00002\.jpg: expected a whole JPEG file"):
        check_images(tmp_path / "film")


# --- what is read


def test_every_tenth_training_film_validates_and_the_official_ones_test(folder):
    splits = ("training", "validation", "test")
    training, validation, test = (SomethingV1Clips(split=split, **SMALL) for split in splits)
    assert sorted(numbers(validation)) == [109, 119]
    assert sorted(numbers(training) + numbers(validation)) == list(TRAINING)
    assert sorted(numbers(test)) == list(OFFICIAL)
    for clips, truth in ((training, TRAINING), (validation, TRAINING), (test, OFFICIAL)):
        assert clips.classes == TEMPLATES, "in the order of the list of labels"
        named = [clips.classes[label] for label in clips.labels]
        assert named == [truth[number] for number in numbers(clips)]
        assert clips.skipped == ()


def test_clips_reach_over_the_film_and_are_never_flipped(folder):
    clips = SomethingV1Clips(seed=3, **SMALL)
    for index in range(8):
        look = drawn_look(3, "training", index, 2, (14, 18), False)
        places = [int(3 * (part + look.when)) for part in range(4)]
        read = read_images(clips.films[index], places, size=Short(look.short), colour=True)
        clip = clips.at_turn(index, 2)
        assert clip.shape == (4, 3, 12, 12)
        np.testing.assert_array_equal(clip, cropped(read, look, 12).astype(np.float32) / 255)
    held = SomethingV1Clips(split="test", **SMALL)
    read = read_images(held.films[0], [1, 4, 7, 10], size=Short(14), colour=True)
    np.testing.assert_array_equal(
        held[0], cropped(read, middle_look(14), 12).astype(np.float32) / 255
    )
    assert torch.equal(held[0], held.at_turn(0, 1))
    views = list(held.crops(0))
    assert [tuple(view.shape) for view in views] == 6 * [(4, 3, 14, 14)]
    first = read_images(held.films[0], [0, 3, 6, 9], size=Short(14), colour=True)
    np.testing.assert_array_equal(views[0], first[..., :14].astype(np.float32) / 255)


# --- damage


def absent(folder):
    for path in film(folder, 104).iterdir():
        path.unlink()
    film(folder, 104).rmdir()


def holed(folder):
    (film(folder, 104) / "00003.jpg").unlink()


def cut_off(folder):
    path = film(folder, 104) / "00003.jpg"
    half = path.read_bytes()[:200]
    path.unlink()
    path.write_bytes(half)


def test_a_film_that_is_missing_is_an_error_or_skipped(folder):
    absent(folder)
    with pytest.raises(FileNotFoundError, match="104 is missing; a list names it"):
        SomethingV1Clips(**SMALL)
    with pytest.warns(UserWarning, match="V1: 1 films skipped; the first: .*104 is missing"):
        clips = SomethingV1Clips(damaged="skip", **SMALL)
    assert 104 not in numbers(clips)


@pytest.mark.parametrize(("spoil", "says"), [(holed, "found 11 and no"), (cut_off, "expected")])
def test_a_broken_film_is_an_error_when_read_or_skipped_at_once(folder, spoil, says):
    spoil(folder)
    clips = SomethingV1Clips(**{**SMALL, "frames": COUNT})
    with pytest.raises(ValueError, match=f"104.*{says}"):
        clips[numbers(clips).index(104)]
    with pytest.warns(UserWarning, match="1 films skipped"):
        assert 104 not in numbers(SomethingV1Clips(damaged="skip", **SMALL))


@pytest.mark.parametrize(
    ("which", "text", "says"),
    [
        ("labels", "", "expected templates, a line each, each once"),
        ("labels", "Holding something\n" * 2, "each once"),
        ("labels", "Holding something", "film 100: 'Tearing.*' is not among the 1 templates"),
        ("train", "", "expected films, each once; found 0"),
        ("train", "7;Holding something\n" * 2, "expected films, each once; found 2"),
        ("train", "7,Holding something", "film 1: '7,Holding something', expected as in 100218;"),
        ("train", "seven;Holding something", "'seven;Holding something', expected"),
        ("train", "7;", "film 1: '7;', expected"),
    ],
)
def test_damaged_lists_are_named(folder, which, text, says):
    (folder / LIST.format(which)).write_text(text)
    with pytest.raises(ValueError, match=says):
        SomethingV1Clips(**SMALL)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"frames": 0}, "frames=0"),
        ({"canvas": 15}, "canvas=15"),
        ({"samples": 21}, "21 clips wanted: expected 1 to the 20"),
    ],
)
def test_what_cannot_be_is_named(folder, wrong, says):
    clips = SomethingV1Clips.__new__(SomethingV1Clips)
    with pytest.raises(ValueError, match=says):
        unwrap(SomethingV1Clips.__init__)(clips, **{**SMALL, **wrong})


def test_lists_and_films_that_are_nowhere_are_named(folder, tmp_path, monkeypatch):
    assert something_v1_folder() == folder
    (folder / LIST.format("labels")).unlink()
    with pytest.raises(FileNotFoundError, match=r"v1-labels\.csv is missing; it takes the three"):
        SomethingV1Clips(**SMALL)
    (folder / "20bn-something-something-v1").rename(folder / "elsewhere")
    with pytest.raises(FileNotFoundError, match="20bn-something-something-v1 is missing"):
        something_v1_missing()
    monkeypatch.delenv("STLIB_DATA")
    for ask in (SomethingV1Clips, something_v1_origin, something_v1_missing):
        with pytest.raises(FileNotFoundError, match=r"no something-something-v1-train\.csv in"):
            ask(tmp_path / "nowhere")


def test_the_origin_changes_with_the_lists(folder):
    before = something_v1_origin()
    assert before == something_v1_origin(folder)
    assert before.name == "Something-Something V1, 27 films"
    assert something_v1_missing() == []
    absent(folder)
    assert something_v1_missing() == ["104"]
    (folder / LIST.format("labels")).write_text("\n".join(sorted(TEMPLATES)))
    assert something_v1_origin().sha256 != before.sha256
