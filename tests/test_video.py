"""Films written here, in the codecs of the real ones, and read back."""

import sys
from inspect import unwrap

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stlib.data.clips import held_back, mixed, sides
from stlib.data.damage import Faults
from stlib.data.folders import find, missing
from stlib.data.video import (
    Short,
    check_video,
    count_frames,
    gray_or_colour,
    read_evenly,
    read_places,
    read_video,
    resized,
)
from stlib.extras import load
from tests.films import numbered, some_images, write_film

LOSSY = [("b.avi", "mpeg4"), ("c.webm", "libvpx"), ("d.webm", "libvpx-vp9")]
EVERY = [("a.avi", "ffv1"), *LOSSY]
READERS = {
    "read_video": lambda path: read_video(path, range(20, 30), size=8),
    "read_evenly": lambda path: read_evenly(path, 5, size=8),
    "check_video": check_video,
}


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    return {name: write_film(folder / name, some_images(30), codec) for name, codec in EVERY}


def planes(images):
    return np.moveaxis(images, -1, 1)


# --- what is read


def test_bytes_of_a_lossless_film_come_back(films):
    images = some_images(30)[:, :24, :24]
    path = write_film(films["a.avi"].parent / "square.avi", images)
    whole = read_video(path, range(30), size=24, colour=True)
    np.testing.assert_array_equal(whole, planes(images))
    red, green, blue = np.moveaxis(images.astype(float), -1, 0)
    gray = 0.299 * red + 0.587 * green + 0.114 * blue
    np.testing.assert_allclose(read_video(path, range(30), size=24)[:, 0], gray, atol=0.5 + 1e-9)


@pytest.mark.parametrize(("name", "codec"), LOSSY)
def test_every_frame_of_a_lossy_film_is_nearest_to_the_one_written(films, name, codec):
    written = resized(planes(some_images(30)), 24).astype(float)
    read = read_video(films[name], range(30), size=24, colour=True).astype(float)
    distance = np.abs(read[:, None] - written).mean((2, 3, 4))
    np.testing.assert_array_equal(distance.argmin(axis=1), np.arange(30))
    assert distance.diagonal().max() < 6, "of 255"


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 29), st.integers(1, 30), st.integers(1, 7), st.booleans())
def test_a_range_is_that_slice_of_the_whole(films, first, count, step, colour):
    frames = range(first, min(first + count, 30), step)
    whole = read_video(films["a.avi"], range(30), size=9, colour=colour)
    part = read_video(films["a.avi"], frames, size=9, colour=colour)
    np.testing.assert_array_equal(part, whole[frames.start : frames.stop : frames.step])


@pytest.mark.parametrize(
    ("count", "share", "places"),
    [
        (30, 1.0, list(range(30))),
        (3, 1.0, [5, 15, 25]),
        (1, 1.0, [15]),
        (5, 0.5, [1, 4, 7, 10, 13]),
        (60, 1.0, [n // 2 for n in range(60)]),
        (4, 0.01, [0, 0, 0, 0]),
    ],
)
def test_frames_lie_in_the_middle_of_equal_parts(tmp_path, count, share, places):
    path = write_film(tmp_path / "numbered.avi", numbered(30))
    read = read_evenly(path, count, size=2, share=share)
    np.testing.assert_array_equal(read[:, 0, 0, 0], places)


@pytest.mark.parametrize("colour", [False, True])
def test_both_readers_read_alike(films, colour):
    for path in films.values():
        whole = read_video(path, range(30), size=12, colour=colour)
        np.testing.assert_array_equal(read_evenly(path, 30, size=12, colour=colour), whole)
        assert whole.shape == (30, 3 if colour else 1, 12, 12)
        check_video(path, least=30)


def test_frames_may_be_read_in_any_order_and_twice(films):
    whole = read_video(films["a.avi"], range(30), size=(9, 12), colour=True)
    places = [7, 2, 2, 29, 0]
    read = read_places(films["a.avi"], places, size=(9, 12), colour=True)
    np.testing.assert_array_equal(read, whole[places])


def test_frames_are_counted_without_being_decoded(films, tmp_path):
    assert {count_frames(path) for path in films.values()} == {30}
    with pytest.raises(ValueError, match=r"empty\.avi: expected frames, found none"):
        count_frames(write_film(tmp_path / "empty.avi", some_images(1)[:0]))


@pytest.mark.parametrize("places", [[], [-1], [3, -2]])
def test_places_that_cannot_be_are_named(films, places):
    with pytest.raises(ValueError, match=r"places=.*, expected some, from 0 or more"):
        read_places(films["a.avi"], places, size=8)


# --- resizing


@pytest.mark.parametrize("factor", [2, 3])
def test_area_is_the_mean_of_squares(factor):
    images = planes(some_images(2, 12, 12))
    means = images.reshape(2, 3, 12 // factor, factor, 12 // factor, factor).mean((3, 5))
    np.testing.assert_allclose(resized(images, 12 // factor, "area"), means, atol=0.5)


@pytest.mark.parametrize("side", [5, 16, 24, 40])
def test_bilinear_is_pillows(side):
    """Whose own bilinear widens where the image shrinks."""
    image = load("PIL.Image", "train")
    images = planes(some_images(1, 24, 32))
    for plane, made in zip(images[0], resized(images, side)[0], strict=True):
        theirs = np.asarray(image.fromarray(plane).resize((side, side), image.BILINEAR))
        np.testing.assert_allclose(made.astype(float), theirs, atol=1)  # they round twice


@pytest.mark.parametrize(("height", "width"), [(12, 20), (30, 7), (24, 32)])
def test_an_oblong_is_pillows_too(height, width):
    image = load("PIL.Image", "train")
    images = planes(some_images(1, 24, 32))
    for plane, made in zip(images[0], resized(images, (height, width))[0], strict=True):
        theirs = np.asarray(image.fromarray(plane).resize((width, height), image.BILINEAR))
        np.testing.assert_allclose(made.astype(float), theirs, atol=1)


@pytest.mark.parametrize(("height", "width"), [(24, 32), (32, 24), (24, 24), (20, 71)])
def test_a_shorter_side_keeps_proportions(height, width):
    made = resized(planes(some_images(2, height, width)), Short(12)).shape[-2:]
    assert min(made) == 12
    assert made[1] / made[0] == pytest.approx(width / height, rel=0.02)


def test_pixels_become_three_planes_or_one():
    pixels = some_images(1, 4, 6)[0]
    np.testing.assert_array_equal(gray_or_colour(pixels, True), pixels.transpose(2, 0, 1))
    gray = pixels @ [0.299, 0.587, 0.114]
    np.testing.assert_allclose(gray_or_colour(pixels, False)[0], gray, atol=0.5 + 1e-9)


def test_an_image_of_the_right_size_is_left_alone():
    images = planes(some_images(1, 8, 8))
    assert resized(images, 8) is images


# --- what is refused


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@pytest.mark.parametrize("name", [name for name, _ in EVERY])
@pytest.mark.parametrize("kept", [0, 0.05, 0.3, 0.6, 0.9])
def test_a_film_that_is_cut_off_is_named(films, tmp_path, name, read, kept):
    whole = films[name].read_bytes()
    path = tmp_path / name
    path.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(ValueError, match=rf"{name}: (cut off: )?expected .*found"):
        read(path)


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@pytest.mark.parametrize(
    ("name", "content"),
    [("a.avi", b"<html>404 Not Found</html>" * 50), ("b.webm", bytes(5000)), ("c.webm", b"")],
)
def test_what_is_no_film_is_named(tmp_path, read, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"{name}: expected an undamaged film, found: "):
        read(path)


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_sound_alone_is_no_film(tmp_path, read):
    av = load("av", "train")
    path = tmp_path / "sound.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        frame.rate = 8000
        container.mux(stream.encode(frame))
    with pytest.raises(ValueError, match=r"sound\.wav: expected a film, found wav without"):
        read(path)


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_a_film_without_frames_is_named(tmp_path, read):
    path = write_film(tmp_path / "empty.avi", some_images(1)[:0])
    with pytest.raises(ValueError, match=r"empty\.avi: expected .*, found"):
        read(path)


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_a_missing_film_is_named(tmp_path, read):
    with pytest.raises(FileNotFoundError, match=r"gone\.avi: no such file"):
        read(tmp_path / "gone.avi")


def test_a_film_that_is_too_short_says_how_long_it_is(films):
    with pytest.raises(ValueError, match=r"a\.avi: expected frames 0 to 30, found 30"):
        read_video(films["a.avi"], range(25, 31), size=8)
    with pytest.raises(ValueError, match=r"a\.avi: expected at least 31 frames, found 30"):
        check_video(films["a.avi"], least=31)


@pytest.mark.parametrize("frames", [range(0), range(-1, 3), range(5, 1, -1), range(3, 3)])
def test_a_range_that_cannot_be_is_named(films, frames):
    with pytest.raises(ValueError, match="expected a range upwards from 0"):
        read_video(films["a.avi"], frames, size=8)


@pytest.mark.parametrize(("count", "share"), [(0, 1.0), (3, 0.0), (3, 1.1), (3, float("nan"))])
def test_a_share_that_cannot_be_is_named(films, count, share):
    with pytest.raises(ValueError, match=f"count={count}, share={share}: expected a frame"):
        read_evenly(films["a.avi"], count, size=8, share=share)


def test_a_size_or_filter_that_cannot_be_is_named():
    images = planes(some_images(1))
    with pytest.raises(ValueError, match="size=0"):
        resized(images, 0)
    with pytest.raises(ValueError, match="filter='sharp'"):
        unwrap(resized)(images, 8, "sharp")


def test_without_pyav_the_extra_is_named(films, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ImportError, match=r"pip install 'stlib\[train\]'"):
        read_video(films["a.avi"], range(1), size=8)


# --- folders, faults, counts


def test_a_folder_is_found_by_what_it_holds(tmp_path, monkeypatch):
    monkeypatch.delenv("STLIB_DATA", raising=False)
    (tmp_path / "some" / "deep").mkdir(parents=True)
    (tmp_path / "some" / "deep" / "list.txt").touch()
    assert find("some", "deep/list.txt") is None
    for folder in (tmp_path, tmp_path / "some"):
        assert find("some", "deep/list.txt", folder) == tmp_path / "some"
    assert find("other", "deep/list.txt", tmp_path) is None
    monkeypatch.setenv("STLIB_DATA", str(tmp_path))
    assert find("some", "deep/list.txt") == tmp_path / "some"
    said = str(missing("some", "list.txt", None, "ask for it"))
    assert f"STLIB_DATA={tmp_path}" in said
    assert said.endswith("nor in some/ below; ask for it")


def test_a_fault_is_raised_or_noted():
    faults = Faults("skip")
    faults.meet(ValueError("one"))
    faults.meet(OSError("two"))
    assert faults.noted == ["one", "two"]
    with pytest.warns(UserWarning, match="Films: 2 films skipped; the first: one"):
        faults.tell("Films")
    with pytest.raises(OSError, match="two"):
        Faults("error").meet(OSError("two"))
    with pytest.raises(ValueError, match="damaged='ignore', expected one of error, skip"):
        unwrap(Faults.__init__)(faults, "ignore")


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(max_size=5), min_size=1, max_size=40, unique=True), st.randoms())
def test_clips_are_mixed_by_their_names_alone(names, random):
    order = [names[place] for place in mixed(names, None)]
    assert sorted(order) == sorted(names)
    assert [names[place] for place in mixed(names, (len(names) + 1) // 2)] == order[
        : (len(names) + 1) // 2
    ]
    shuffled = random.sample(names, len(names))
    assert [shuffled[place] for place in mixed(shuffled, None)] == order


def test_the_first_clips_are_a_sample_of_all():
    """Of 100 subjects with 50 clips each, the first 200 clips show most."""
    names = [f"{subject} {clip}" for subject in range(100) for clip in range(50)]
    seen = {names[place].split()[0] for place in mixed(names, 200)}
    assert len(seen) > 70, "expected 1 - exp(-2) of them, 86"


@pytest.mark.parametrize("nth", [1, 3, 10])
def test_every_nth_is_held_back_and_nothing_is_lost(nth):
    films = list("abcdefghijklmnopqrstuvwxyz")
    training, validation = (held_back(films, split, nth) for split in ("training", "validation"))
    assert validation == films[nth - 1 :: nth]
    assert sorted(training + validation) == films == held_back(films, "test", nth)


def test_a_canvas_of_one_number_is_a_square():
    assert (sides(7), sides((3, 5))) == ((7, 7), (3, 5))


@pytest.mark.parametrize(("found", "wanted"), [(0, None), (3, 0), (3, 4)])
def test_clips_that_are_not_there_are_counted(found, wanted):
    with pytest.raises(
        ValueError, match=f"clips wanted: expected 1 to the {found} that were found"
    ):
        mixed(["a", "b", "c"][:found], wanted)
