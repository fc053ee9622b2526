"""Kinetics-400 in small: its lists, two classes, films of a few frames."""

from inspect import unwrap

import numpy as np
import pytest
import torch

from stlib.data.crops import Crops, cropped, drawn_look, middle_look
from stlib.data.film_clips import FilmClips
from stlib.data.kinetics import (
    KineticsClips,
    kinetics_folder,
    kinetics_missing,
    kinetics_origin,
    read_films,
)
from stlib.data.video import Short, read_places
from tests.films import some_images, write_film

HEAD = "label,youtube_id,time_start,time_end,split,is_cc"
CLASSES = ("abseiling", "riding a bike")
TRAINING = [f"film-{number:02}" for number in range(52)]
OFFICIAL = ["-one", "t_wo", "thr3"]
COUNT = 40
SMALL = {"frames": 3, "every": 5, "canvas": 16, "shorts": (18, 24), "crops": Crops(4, 3, 18)}


def line(place, name, which):
    return f"{CLASSES[place % 2]},{name},{place},{place + 10},{which},0"


def filed(place, name, which):
    """Where a film lies: validation films as those have them who put no blanks into names."""
    label = CLASSES[place % 2].replace(" ", "_" if which == "val" else " ")
    return f"{which}/{label}/{name}_{place:06}_{place + 10:06}.mp4"


FILMS = [(place, name, "train") for place, name in enumerate(TRAINING)]
FILMS += [(place, name, "val") for place, name in enumerate(OFFICIAL)]


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Two films, one for each class: more would not tell more."""
    folder = tmp_path_factory.mktemp("films")
    sizes = ((20, 36), (30, 22))
    return [
        write_film(folder / f"{place}.mp4", some_images(COUNT, *size, seed=place), "mpeg4")
        for place, size in enumerate(sizes)
    ]


@pytest.fixture
def folder(films, tmp_path, monkeypatch):
    """The lists and all films, for one test to spoil; found by STLIB_DATA."""
    root = tmp_path / "kinetics"
    for place, name, which in FILMS:
        path = root / filed(place, name, which)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.hardlink_to(films[place % 2])
    for which in ("train", "val"):
        lines = [line(*film) for film in FILMS if film[2] == which]
        (root / f"{which}.csv").write_text("\n".join([HEAD, *lines, ""]))
    monkeypatch.setenv("STLIB_DATA", str(tmp_path))
    return root


def names(clips):
    return sorted(path.name.rpartition("_0")[0].rpartition("_0")[0] for path in clips.films)


# --- what is read


def test_a_fiftieth_of_the_training_films_validates_and_the_official_ones_test(folder):
    parts = {split: KineticsClips(split=split, **SMALL) for split in ("training", "validation")}
    assert names(parts["validation"]) == ["film-49"]
    assert names(parts["training"]) == [name for name in TRAINING if name != "film-49"]
    parts["test"] = KineticsClips(split="test", **SMALL)
    assert all(isinstance(clips, FilmClips) for clips in parts.values())
    assert names(parts["test"]) == sorted(OFFICIAL)
    for clips in parts.values():
        assert clips.classes == CLASSES
        assert clips.skipped == ()
        for path, label in zip(clips.films, clips.labels, strict=True):
            assert path.parent.name.replace("_", " ") == CLASSES[label]


def test_a_training_clip_is_what_its_look_shows(folder):
    clips = KineticsClips(seed=5, **SMALL)
    for index, turn in ((0, 0), (0, 1), (3, 7)):
        look = drawn_look(5, "training", index, turn, (18, 24), True)
        first = int(look.when * (COUNT - 15 + 1))
        places = [first, first + 5, first + 10]
        read = read_places(clips.films[index], places, size=Short(look.short), colour=True)
        clip = clips.at_turn(index, turn)
        assert clip.shape == (3, 3, 16, 16)
        np.testing.assert_array_equal(clip, cropped(read, look, 16).astype(np.float32) / 255)
        assert torch.equal(KineticsClips(seed=5, **SMALL).at_turn(index, turn), clip)
    assert torch.equal(clips[0], clips.at_turn(0, 0))
    assert not torch.equal(clips[0], clips.at_turn(0, 1))


@pytest.mark.parametrize("split", ["validation", "test"])
def test_held_out_clips_are_the_middle_at_every_turn(folder, split):
    clips = KineticsClips(split=split, **SMALL)
    places = [13, 18, 23]  # 15 of 40 frames, 12 or 13 before them
    read = read_places(clips.films[0], places, size=Short(18), colour=True)
    middle = cropped(read, middle_look(18), 16)
    np.testing.assert_array_equal(clips[0], middle.astype(np.float32) / 255)
    assert torch.equal(clips.at_turn(0, 3), clips[0])


def test_views_are_every_clip_with_every_crop(folder):
    """Written out: 4 clips from the first frame to the last, 3 crops along the longer side."""
    clips = KineticsClips(split="test", **SMALL)
    for index, film in enumerate(clips.films):
        found = list(clips.crops(index))
        expected = []
        for first in (0, 8, 17, 25):  # of 25 more than there are: thirds, then the last
            places = [first, first + 5, first + 10]
            read = read_places(film, places, size=Short(18), colour=True)
            height, width = read.shape[-2:]
            for share in (0, 0.5, 1):
                top, left = int(share * (height - 18) + 0.5), int(share * (width - 18) + 0.5)
                expected.append(read[:, :, top : top + 18, left : left + 18])
        assert len(found) == len(expected) == 12
        for view, part in zip(found, expected, strict=True):
            np.testing.assert_array_equal(view, part.astype(np.float32) / 255)


def test_a_short_film_shows_its_last_frame_again(folder, films):
    path = write_film(films[0].parent / "short.mp4", some_images(7, 20, 36), "mpeg4")
    clips = KineticsClips(split="test", samples=1, **SMALL)
    clips.films = (path,)
    read = read_places(path, [0, 5, 6], size=Short(18), colour=True)
    clip = cropped(read, middle_look(18), 16)
    np.testing.assert_array_equal(clips[0], clip.astype(np.float32) / 255)


def test_fewer_films_are_the_first_ones_and_an_index_counts_from_0(folder):
    whole, some = KineticsClips(**SMALL), KineticsClips(samples=5, **SMALL)
    assert some.films == whole.films[:5]
    for index in (-1, 5):
        for ask in (some.__getitem__, lambda at: list(some.crops(at))):
            with pytest.raises(IndexError, match=f"clip {index} of 5"):
                ask(index)


# --- the lists


def test_a_list_is_read_in_its_order_and_other_columns_are_left_alone(folder):
    read = read_films(folder / "train.csv")
    assert [film.name for film in read[:2]] == [
        "film-00_000000_000010.mp4",
        "film-01_000001_000011.mp4",
    ]
    assert [film.label for film in read[:3]] == ["abseiling", "riding a bike", "abseiling"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "expected a head with label, youtube_id"),
        ("label,time_start,time_end\n", "expected a head with label, youtube_id"),
        (f"{HEAD}\n", "expected films, each once; found 0"),
        (f"{HEAD}\nswimming,a,1,x,train,0\n", r"line 2: 'swimming,a,1,x', expected label"),
        (f"{HEAD}\nswimming,a,1\n", r"line 2: 'swimming,a,1,', expected label"),
        (f"{HEAD}\n,a,1,2,train,0\n", r"line 2: ',a,1,2', expected label"),
        (f"{HEAD}\n" + 2 * "swimming,a,1,2,train,0\n", "expected films, each once; found 2"),
    ],
)
def test_a_list_that_says_something_else_is_named(folder, text, says):
    (folder / "train.csv").write_text(text)
    with pytest.raises(ValueError, match=rf"train\.csv.*{says}"):
        KineticsClips(**SMALL)


def test_the_other_publishers_name_of_the_list_will_do(folder):
    (folder / "val.csv").rename(folder / "validate.csv")
    assert len(KineticsClips(split="test", **SMALL)) == 3
    (folder / "validate.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"val\.csv is missing; fetch"):
        KineticsClips(**SMALL)


def test_no_list_at_all_says_how_it_is_had(tmp_path, monkeypatch):
    monkeypatch.delenv("STLIB_DATA", raising=False)
    assert kinetics_folder(tmp_path) is None
    for ask in (KineticsClips, kinetics_origin, kinetics_missing):
        with pytest.raises(FileNotFoundError, match=r"no train\.csv in .*Kinetics-400, and films"):
            ask(tmp_path)


# --- damage

LOST = filed(7, TRAINING[7], "train")


def test_a_film_that_has_left_the_web_is_an_error_or_left_out(folder):
    (folder / LOST).unlink()
    with pytest.raises(FileNotFoundError, match=r"film-07_000007_000017\.mp4 is missing; a list"):
        KineticsClips(**SMALL)
    with pytest.warns(UserWarning, match="Kinetics-400: 1 films skipped; the first: .*film-07"):
        clips = KineticsClips(absent="skip", **SMALL)
    assert "film-07" not in names(clips)
    assert len(clips.skipped) == 1


def test_a_film_in_the_folder_of_another_class_is_an_error_or_left_out(folder):
    (folder / LOST).rename(folder / LOST.replace(CLASSES[1], CLASSES[0]))
    with pytest.raises(ValueError, match=r"abseiling.film-07.*folder of its class, 'riding a bike"):
        KineticsClips(**SMALL)
    with pytest.warns(UserWarning, match="1 films skipped"):
        clips = KineticsClips(damaged="skip", **SMALL)
    assert "film-07" not in names(clips)


def test_a_broken_film_is_an_error_when_read_or_left_out_at_once(folder):
    half = (folder / LOST).read_bytes()[:3000]
    (folder / LOST).unlink()
    (folder / LOST).write_bytes(half)
    clips = KineticsClips(**SMALL)
    with pytest.raises(ValueError, match=r"film-07.*expected"):
        clips[next(place for place, path in enumerate(clips.films) if "film-07" in path.name)]
    with pytest.warns(UserWarning, match="1 films skipped"):
        assert "film-07" not in names(KineticsClips(damaged="skip", **SMALL))


def test_two_films_of_one_name_are_named(folder):
    twin = folder / LOST.replace(CLASSES[1], CLASSES[0])
    twin.hardlink_to(folder / LOST)
    with pytest.raises(ValueError, match="expected one film of that name"):
        KineticsClips(**SMALL)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"frames": 0}, "frames=0"),
        ({"every": 0}, "every=0"),
        ({"canvas": 0}, "canvas=0"),
        ({"canvas": 19}, r"canvas=19, shorts=\(18, 24\): expected a canvas within"),
        ({"shorts": (24, 18)}, "sizes that ascend"),
        ({"samples": 52}, "52 clips wanted: expected 1 to the 51"),
    ],
)
def test_what_cannot_be_is_named(folder, wrong, says):
    with pytest.raises(ValueError, match=says):
        unwrap(KineticsClips.__init__)(KineticsClips.__new__(KineticsClips), **{**SMALL, **wrong})


def test_the_origin_changes_with_the_lists_and_with_what_is_there(folder):
    before = kinetics_origin(folder)
    assert before == kinetics_origin()
    assert before.name == "Kinetics-400, 55 of 55 films"
    assert kinetics_missing() == []
    (folder / LOST).unlink()
    after = kinetics_origin()
    assert after.name == "Kinetics-400, 54 of 55 films"
    assert kinetics_missing() == ["film-07_000007_000017.mp4"]
    (folder / "val.csv").write_text(HEAD + "\n" + line(*FILMS[-1]))
    assert len({before.sha256, after.sha256, kinetics_origin().sha256}) == 3
