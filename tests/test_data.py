"""Digits and Moving MNIST: files made here, and clips drawn a second way."""

import gzip
import http.server
import pickle
import struct
import threading
from dataclasses import FrozenInstanceError, replace
from functools import partial
from inspect import unwrap  # reaches a check that the types, checked in tests, would preempt

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader, Dataset

from stlib.data import digits as digits_module
from stlib.data.clips import ClipSet, LabelledClips, Origin
from stlib.data.digits import (
    Digits,
    digits,
    download_mnist,
    fingerprint,
    mnist_folder,
    share,
    shrunk,
    sklearn_digits,
)
from stlib.data.idx import read_idx
from stlib.data.moving_mnist import (
    CONV_TT_LSTM,
    MS_LSTM,
    MovingMNIST,
    Preset,
    StoredClips,
    bounce,
)
from stlib.extras import load

SPLITS = ("training", "validation", "test")


def idx(array):
    """An array in IDX, written from the format's definition."""
    return struct.pack(f">I{array.ndim}I", 0x800 + array.ndim, *array.shape) + array.tobytes()


def some_digits(count, seed=0):
    """Digits that no two of are alike; the corner pixels are inked, so a box shows its place."""
    images = np.random.default_rng(seed).integers(1, 256, (count, 28, 28), dtype=np.uint8)
    return Digits(images, (np.arange(count) % 10).astype(np.uint8), "made here")


def write_mnist(folder, part, some):
    folder.mkdir(exist_ok=True, parents=True)
    for name, array in (("images-idx3", some.images), ("labels-idx1", some.labels)):
        (folder / f"{part}-{name}-ubyte.gz").write_bytes(gzip.compress(idx(array)))


@pytest.fixture(autouse=True)
def _no_data_folder(monkeypatch):
    monkeypatch.delenv("STLIB_DATA", raising=False)


def test_idx_files_are_read_back(tmp_path):
    made = some_digits(7)
    write_mnist(tmp_path, "t10k", made)
    np.testing.assert_array_equal(read_idx(tmp_path / "t10k-images-idx3-ubyte.gz", 3), made.images)
    np.testing.assert_array_equal(read_idx(tmp_path / "t10k-labels-idx1-ubyte.gz", 1), made.labels)


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(0, 10**6), flip=st.integers(0, 10**6))
def test_any_damage_to_a_file_is_refused_by_name(tmp_path_factory, cut, flip):
    packed = gzip.compress(idx(some_digits(3).images), mtime=0)
    path = tmp_path_factory.getbasetemp() / "damaged.gz"
    path.write_bytes(packed[: cut % len(packed)])
    with pytest.raises(ValueError, match=r"damaged\.gz: .*expected"):
        read_idx(path, 3)
    place = 11 + flip % (len(packed) - 11)  # before that, a date and bits that mean nothing
    path.write_bytes(packed[:place] + bytes([packed[place] ^ 0x10]) + packed[place + 1 :])
    with pytest.raises(ValueError, match=r"damaged\.gz: .*expected"):
        read_idx(path, 3)


@pytest.mark.parametrize(
    ("unpacked", "message"),
    [
        (idx(np.zeros((2, 4, 4), np.uint8))[:-5], "expected 48 bytes once unpacked, found 43"),
        (idx(np.zeros((2, 4, 4), np.uint8)) + b"x", "expected 48 bytes once unpacked, found more"),
        (idx(np.zeros((2, 4, 4), np.uint8))[:9], "expected a header of 16 bytes, found 9"),
        (idx(np.zeros(20, np.uint8)), "starts with 00000801, expected 00000803"),
        (struct.pack(">4I", 0x803, *[2**32 - 1] * 3), f"expected {16 + (2**32 - 1) ** 3} bytes"),
    ],
)
def test_wrong_lengths_say_how_many_bytes(tmp_path, unpacked, message):
    path = tmp_path / "wrong.gz"
    path.write_bytes(gzip.compress(unpacked))
    with pytest.raises(ValueError, match=f"wrong.gz: {message}"):
        read_idx(path, 3)


def test_a_missing_checksum_is_damage(tmp_path):
    path = tmp_path / "short.gz"
    path.write_bytes(gzip.compress(idx(np.zeros((2, 4, 4), np.uint8)))[:-3])
    with pytest.raises(ValueError, match=r"short\.gz: found \d+ bytes, expected a checksum"):
        read_idx(path, 3)


def test_digits_come_from_the_folder_or_the_environment(tmp_path, monkeypatch):
    train, test = some_digits(30, 1), some_digits(20, 2)
    write_mnist(tmp_path / "mnist", "t10k", test)
    assert digits().name == "scikit-learn digits at 28x28"
    for folder in (tmp_path, tmp_path / "mnist"):
        assert mnist_folder(folder) == tmp_path / "mnist"
        assert fingerprint(digits(folder=folder)) == fingerprint(test)
    monkeypatch.setenv("STLIB_DATA", str(tmp_path))
    assert fingerprint(digits()) == fingerprint(digits("t10k")) == fingerprint(test)
    with pytest.raises(FileNotFoundError, match="train-images"):
        digits("mnist")
    write_mnist(tmp_path / "mnist", "train", train)
    both = digits("mnist")
    np.testing.assert_array_equal(both.images, np.concatenate([train.images, test.images]))
    np.testing.assert_array_equal(both.labels, np.concatenate([train.labels, test.labels]))
    assert fingerprint(digits()) == fingerprint(test), "auto never takes the 60,000"


def test_missing_digits_are_named(tmp_path):
    assert mnist_folder() is None
    assert mnist_folder(tmp_path) is None
    assert digits(folder=tmp_path).name == "scikit-learn digits at 28x28"
    with pytest.raises(FileNotFoundError, match=str(tmp_path)):
        digits("t10k", tmp_path)
    with pytest.raises(ValueError, match="source='letters', expected one of auto, t10k"):
        unwrap(digits)("letters")


def test_files_that_do_not_belong_together_are_refused(tmp_path):
    made = some_digits(4)
    write_mnist(tmp_path, "t10k", made._replace(labels=made.labels[:3]))
    with pytest.raises(ValueError, match="3 labels, expected 4"):
        digits("t10k", tmp_path)
    write_mnist(tmp_path, "t10k", made._replace(labels=made.labels + 9))
    with pytest.raises(ValueError, match="label 12, expected 0 to 9"):
        digits("t10k", tmp_path)
    write_mnist(tmp_path, "t10k", made._replace(images=made.images[:, 1:]))
    with pytest.raises(ValueError, match=r"images of \(27, 28\), expected \(28, 28\)"):
        digits("t10k", tmp_path)


def test_sklearn_digits_equal_an_interpolation_in_floats():
    raw = load("sklearn.datasets", "train").load_digits()
    drawn = sklearn_digits()
    assert drawn.images.shape == (1797, 28, 28)
    np.testing.assert_array_equal(drawn.labels, raw.target)
    ink = torch.nn.functional.interpolate(
        torch.from_numpy(raw.images)[:, None] * 255 / 16, size=(20, 20), mode="bilinear"
    )[:, 0]
    np.testing.assert_allclose(drawn.images[:, 4:24, 4:24], ink, atol=0.5 + 1e-9)
    edge = drawn.images.copy()
    edge[:, 4:24, 4:24] = 0
    assert not edge.any()


@pytest.mark.parametrize("count", [10, 37, 1797, 10_000, 10_009])
def test_splits_share_no_digit_and_lose_none(count):
    whole = Digits(
        np.arange(count, dtype=np.uint16).view(np.uint8).reshape(count, 1, 2),
        np.zeros(count, np.uint8),
        "numbered",
    )
    parts = [share(whole, split).images for split in SPLITS]
    assert all(len(part) for part in parts)
    np.testing.assert_array_equal(np.concatenate(parts), whole.images)
    if count == 10_000:
        assert [len(part) for part in parts] == [8_000, 1_000, 1_000]


def test_sixty_thousand_more_leave_the_held_out_digits_alone(monkeypatch):
    """Small: at most 2 of 20 or 80 are held out instead of 1,000."""
    monkeypatch.setattr(digits_module, "MOST_HELD_OUT", 2)
    test, more = some_digits(20), some_digits(60, seed=1)
    both = Digits(*(np.concatenate(pair) for pair in zip(more[:2], test[:2], strict=True)), "both")
    for split in ("validation", "test"):
        assert fingerprint(share(test, split)) == fingerprint(share(both, split))


def test_bad_splits_are_named():
    with pytest.raises(ValueError, match="split='train', expected one of training, validation"):
        unwrap(share)(some_digits(20), "train")
    with pytest.raises(ValueError, match="9 digits cannot be split: at least 10"):
        share(some_digits(9), "test")


@pytest.mark.parametrize("factor", [1, 2, 4, 7, 28])
def test_a_shrunk_pixel_is_the_mean_of_its_square(factor):
    """Written out, pixel by pixel; a half is rounded up."""
    whole = some_digits(3)
    small = shrunk(whole, factor)
    side = 28 // factor
    assert small.images.shape == (3, side, side)
    assert small.images.dtype == np.uint8
    np.testing.assert_array_equal(small.labels, whole.labels)
    for n, row, column in np.ndindex(small.images.shape):
        square = whole.images[n, row * factor :, column * factor :][:factor, :factor].tolist()
        mean = sum(map(sum, square)) / factor**2
        assert small.images[n, row, column] == int(mean + 0.5)
    assert small.name == ("made here" if factor == 1 else f"made here at {side}x{side}")
    white = whole._replace(images=np.full_like(whole.images, 255))
    assert (shrunk(white, factor).images == 255).all()


@pytest.mark.parametrize("factor", [-1, 0, 3, 56])
def test_a_factor_that_does_not_divide_is_named(factor):
    with pytest.raises(ValueError, match=f"factor={factor}: must divide the digits' 28x28"):
        shrunk(some_digits(3), factor)


def test_a_fingerprint_changes_with_any_byte():
    one = some_digits(3)
    other = one._replace(images=one.images.copy())
    assert fingerprint(one) == fingerprint(other)
    other.images[2, 5, 5] ^= 1
    assert fingerprint(one) != fingerprint(other)
    assert fingerprint(one) != fingerprint(one._replace(labels=one.labels[::-1]))


@pytest.fixture
def server(tmp_path):
    """A mirror on this machine: its address, its folder, and what was asked of it."""
    folder = tmp_path / "server"
    folder.mkdir()
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, form, *words):
            asked.append(self.path)

    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Handler, directory=str(folder))
    ) as mirror:
        threading.Thread(target=mirror.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{mirror.server_port}/", folder, asked
        mirror.shutdown()


def test_a_download_is_verified_and_kept(tmp_path, server, monkeypatch):
    address, folder, asked = server
    write_mnist(folder, "t10k", some_digits(20))
    write_mnist(folder, "train", some_digits(30))
    known = {path.name: hash_of(path) for path in sorted(folder.iterdir())}
    assert known.keys() == digits_module.SHA256.keys()
    monkeypatch.setattr(digits_module, "SHA256", known)
    kept = download_mnist(tmp_path / "kept", address)
    assert len(asked) == 4
    assert len(digits("mnist", kept).images) == 50
    download_mnist(tmp_path / "kept", address)
    assert len(asked) == 4, "what is there is not fetched again"


def test_a_file_that_is_not_the_published_one_is_not_kept(tmp_path, server):
    address, folder, asked = server
    write_mnist(folder, "t10k", some_digits(20))
    with pytest.raises(ValueError, match=r"t10k-images-idx3-ubyte\.gz"):
        download_mnist(tmp_path / "kept", address)
    assert len(asked) == 1
    assert list((tmp_path / "kept").iterdir()) == []


def hash_of(path):
    return load("pooch", "train").file_hash(str(path))


def clips(samples=6, **settings):
    return MovingMNIST(some_digits(50), samples, **settings)


@settings(max_examples=40, deadline=None)
@given(
    number=st.integers(1, 3),
    canvas=st.integers(29, 70),
    slow=st.floats(0, 60),
    more=st.floats(0, 60),
    seed=st.integers(0, 2**64 - 1),
    split=st.sampled_from(SPLITS),
)
def test_tracks_stay_inside_and_keep_their_speed(number, canvas, slow, more, seed, split):
    made = clips(
        number=number, canvas=canvas, speed=(slow, slow + more), seed=seed, split=split, frames=9
    )
    tracks, room = made.tracks(2), canvas - 28
    assert tracks.shape == (number, 9, 2)
    assert tracks.min() >= 0
    assert tracks.max() <= room
    assert made[2].shape == (9, 1, canvas, canvas)
    # A step that starts too far inside to meet the border has the digit's own speed.
    steps = np.diff(tracks, axis=1)
    length = np.hypot(steps[..., 0], steps[..., 1])
    fast = slow + more
    free = ((tracks >= fast) & (tracks <= room - fast)).all(-1)[:, :-1]
    assert (length <= fast + 1e-9).all()
    assert (length[free] >= slow - 1e-9).all()
    for lengths, away in zip(length, free, strict=True):
        np.testing.assert_allclose(lengths[away], lengths[away][:1].repeat(away.sum()), atol=1e-9)


@pytest.mark.parametrize("room", [1, 36])
def test_a_bounce_is_a_mirror(room):
    """Against a walk in small steps that turns round at the border."""
    small, place, heading, walked = room / 1024, room / 4, 1, []
    for _ in range(10_000):
        walked.append(place)
        if not 0 <= place + heading * small <= room:
            heading = -heading
        place += heading * small
    line = room / 4 + small * np.arange(10_000)
    np.testing.assert_allclose(bounce(line[:, None], np.array([room]))[:, 0], walked, atol=1e-9)


def test_a_frame_holds_its_digits_where_the_tracks_say_and_black_elsewhere():
    made = clips(number=2, frames=12)
    for index in range(len(made)):
        drawn, tracks = made[index], made.tracks(index)
        for time, frame in enumerate(drawn[:, 0]):
            boxes = np.zeros((64, 64), bool)
            for row, column in tracks[:, time]:
                boxes[int(row) : int(row) + 28, int(column) : int(column) + 28] = True
            np.testing.assert_array_equal(frame.numpy() > 0, boxes)  # every pixel has ink


def test_a_label_names_the_digit_that_is_drawn():
    made = clips(number=1, speed=(0.0, 0.0), frames=1)
    for index in range(len(made)):
        row, column = made.tracks(index)[0, 0].astype(int)
        drawn = made.draw(index)[0, row : row + 28, column : column + 28]
        (label,) = made.labels(index)
        same = (made.share.images == drawn).all((1, 2))
        assert set(made.share.labels[same].tolist()) == {label}
    assert len(clips(number=2).labels(0)) == 2


def test_overlapping_digits_show_the_brighter_pixel():
    """Two digits nailed down: each frame is the larger of the two drawn alone."""
    made = clips(samples=3, number=2, canvas=40, speed=(0.0, 0.0), frames=2)
    images = made.share.images.astype(np.float32) / 255
    for index in range(len(made)):
        corners = made.tracks(index)[:, 0].astype(int)
        best = min(
            (np.abs(_pasted(corners, (a, b), 40) - made[index][0, 0].numpy()).max(), i, j)
            for i, a in enumerate(images)
            for j, b in enumerate(images)
        )
        assert best[0] < 1e-7


def _pasted(corners, pair, canvas):
    frames = np.zeros((2, canvas, canvas), np.float32)
    for frame, (row, column), image in zip(frames, corners, pair, strict=True):
        frame[row : row + 28, column : column + 28] = image
    return frames.max(0)


def test_frames_are_floats_from_0_to_1_of_the_expected_brightness():
    whole = sklearn_digits()
    made = MovingMNIST(whole, 60, seed=3)
    drawn = torch.stack(list(made))
    assert drawn.shape == (60, 20, 1, 64, 64)
    assert drawn.dtype == torch.float32
    assert drawn.min() == 0
    assert drawn.max() == 1
    ink = share(whole, "training").images.astype(float).sum((1, 2)).mean() / 255
    # Two digits' ink over the canvas, less what hides behind the other: about a tenth.
    assert 0.8 < float(drawn.mean()) / (2 * ink / 64**2) < 1
    alone = MovingMNIST(whole, 400, number=1, frames=1, seed=3)
    assert float(torch.stack(list(alone)).mean()) == pytest.approx(ink / 64**2, rel=0.05)


def test_starts_and_headings_are_spread_evenly():
    made = clips(samples=2_000, number=1, frames=2, speed=(1.0, 1.0))
    tracks = np.stack([made.tracks(index)[0] for index in range(2_000)])
    np.testing.assert_allclose(tracks[:, 0].mean(0), 18, atol=1)
    np.testing.assert_allclose(tracks[:, 0].var(0), 36**2 / 12, rtol=0.1)
    np.testing.assert_allclose(np.diff(tracks, axis=1).mean(0), 0, atol=0.07)


def test_a_clip_depends_on_its_index_only():
    made = clips()
    backwards = [made[index] for index in reversed(range(len(made)))][::-1]
    again = clips(samples=100)
    for index, clip in enumerate(made):
        assert torch.equal(clip, backwards[index])
        assert torch.equal(clip, again[index])
    assert len({clip.numpy().tobytes() for clip in made}) == len(made)
    torch.manual_seed(0)
    np.random.seed(0)
    assert torch.equal(made[3], backwards[3])


@pytest.mark.parametrize("workers", [1, 2])
def test_loader_workers_never_change_the_data(workers, tmp_path):
    made = clips(frames=4)
    here = torch.stack([made[index] for index in range(len(made))])
    for clips_ in (made, StoredClips(made.to_disk(tmp_path / "clips.npy"))):
        loader = DataLoader(clips_, batch_size=2, num_workers=workers)
        assert torch.equal(torch.cat(list(loader)), here)


def test_seeds_and_splits_differ():
    drawn = [clips(seed=seed, split=split)[0] for seed in (0, 1) for split in SPLITS]
    assert len({clip.numpy().tobytes() for clip in drawn}) == 6
    tracks = [clips(seed=seed, split=split).tracks(0) for seed in (0, 1) for split in SPLITS]
    assert len({track.tobytes() for track in tracks}) == 6, "not the digits alone"


def test_the_stream_of_choices_never_changes():
    """A clip named in a stored result must be drawn again by later versions of numpy."""
    track = MovingMNIST(some_digits(50), 8, seed=5, split="validation").tracks(7)
    np.testing.assert_allclose(track[:, 0], PLANTED_START, atol=1e-6)


PLANTED_START = [[6.180842, 14.925857], [14.433811, 23.222122]]


def test_splits_draw_their_own_digits_only():
    """Digits of one grey each: the grey says which digit it is."""
    greys = np.arange(1, 251, dtype=np.uint8)
    whole = Digits(greys[:, None, None].repeat(28, 1).repeat(28, 2), greys % 10, "greys")
    seen = {}
    for split in SPLITS:
        made = MovingMNIST(whole, 300, number=1, frames=1, split=split)
        seen[split] = {int(made.draw(index).max()) for index in range(300)}
        assert seen[split] <= set(share(whole, split).images.ravel().tolist())
    assert len(seen["training"]) > 100
    assert seen["validation"] == set(range(201, 226)), "every digit is drawn some time"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"samples": 0}, "samples=0"),
        ({"frames": 0}, "frames=0"),
        ({"number": -1}, "number=-1"),
        ({"canvas": 28}, "canvas=28 leaves no room to move: digits are 28"),
        ({"speed": (3.0, 2.0)}, r"speed=\(3.0, 2.0\), expected \(slowest, fastest\)"),
        ({"speed": (-1.0, 2.0)}, r"speed=\(-1.0, 2.0\)"),
        ({"speed": (0.0, float("inf"))}, "speed="),
        ({"speed": (float("nan"), 1.0)}, "speed="),
        ({"seed": -1}, "seed=-1, expected 0 to"),
    ],
)
def test_bad_arguments_are_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        clips(**wrong)


@pytest.mark.parametrize("index", [-1, 6])
def test_a_clip_that_is_not_there(index, tmp_path):
    made = clips()
    for clips_ in (made, StoredClips(made.to_disk(tmp_path / "clips.npy"))):
        with pytest.raises(IndexError, match=f"clip {index} of 6"):
            clips_[index]
        assert len(list(clips_)) == 6, "so that a loop ends"


def test_stored_clips_are_the_drawn_ones(tmp_path):
    made = clips(canvas=33)
    path = made.to_disk(tmp_path / "clips.npy")
    np.testing.assert_array_equal(np.load(path), np.stack([made.draw(i) for i in range(6)]))
    stored = StoredClips(path)
    assert len(stored) == len(made)
    for one, other in zip(stored, made, strict=True):
        assert torch.equal(one, other)
    assert len(pickle.dumps(stored)) < 1_000, "a loader worker gets the path, not the clips"
    assert [file.name for file in tmp_path.iterdir()] == ["clips.npy"]


def test_an_interrupted_writer_leaves_the_old_file(tmp_path, monkeypatch):
    path = clips().to_disk(tmp_path / "clips.npy")
    before = path.read_bytes()
    interrupted = clips(seed=1)

    def draw(index):
        if index == 3:
            raise KeyboardInterrupt
        return MovingMNIST.draw(interrupted, index)

    monkeypatch.setattr(interrupted, "draw", draw)
    with pytest.raises(KeyboardInterrupt):
        interrupted.to_disk(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_files_of_anything_else_are_refused(tmp_path):
    path = clips().to_disk(tmp_path / "clips.npy")
    whole = path.read_bytes()
    for damaged in (whole[:-1], whole + b"x"):
        path.write_bytes(damaged)
        with pytest.raises(
            ValueError, match=f"clips.npy: expected {len(whole)} bytes, found {len(damaged)}"
        ):
            StoredClips(path)
    path.write_bytes(b"PK\x03\x04 an archive")
    with pytest.raises(ValueError, match=r"clips\.npy: expected \.npy, version 1\.0"):
        StoredClips(path)
    np.save(path, np.zeros((1, 2, 3, 3), np.float32))
    with pytest.raises(ValueError, match=r"float32 \(1, 2, 3, 3\), expected uint8"):
        StoredClips(path)
    np.save(path, np.array([{"a": "pickle"}], object), allow_pickle=True)
    with pytest.raises(ValueError, match="object"):
        StoredClips(path)


@pytest.mark.parametrize(
    ("preset", "sizes"),
    [(CONV_TT_LSTM, (10_000, 3_000, 5_000)), (MS_LSTM, (10_500, 0, 4_500))],
)
def test_presets_have_the_papers_sizes(preset, sizes):
    whole = some_digits(50)
    assert isinstance(preset, Preset)
    for split, size in zip(SPLITS, sizes, strict=True):
        if size:
            made = preset.dataset(whole, split)
            assert len(made) == size
            assert made[size - 1].shape == (20, 1, 64, 64)
            assert made.number == 2
        else:
            with pytest.raises(ValueError, match="samples=0"):
                preset.dataset(whole, split)
    with pytest.raises(ValueError, match="split='holdout', expected one of training"):
        unwrap(Preset.dataset)(preset, whole, "holdout")
    with pytest.raises(FrozenInstanceError):
        preset.frames = 1
    assert replace(preset, frames=50).dataset(whole, "test")[0].shape[0] == 50
    assert "et al." in preset.source


def test_a_shrunk_preset_draws_shrunk_digits():
    whole = some_digits(50)
    preset = replace(CONV_TT_LSTM, shrink=2, canvas=32, frames=3)
    drawn = preset.dataset(whole, "validation", seed=4)
    made = MovingMNIST(
        shrunk(whole, 2), 3_000, frames=3, canvas=32, speed=(3.6, 3.6), seed=4, split="validation"
    )
    assert drawn.share.images.shape[1:] == (14, 14)
    assert torch.equal(drawn[2_999], made[2_999])
    with pytest.raises(ValueError, match="factor=3: must divide"):
        replace(preset, shrink=3).dataset(whole, "test")


def test_a_preset_opens_the_digits_it_names(tmp_path, monkeypatch):
    preset = replace(CONV_TT_LSTM, digits="sklearn")
    opened, drawn = preset.open("test"), preset.dataset(sklearn_digits(), "test")
    assert torch.equal(opened[7], drawn[7])
    assert opened[7].shape == (preset.frames, preset.channels, preset.canvas, preset.canvas)
    assert preset.origin() == Origin("scikit-learn digits at 28x28", fingerprint(sklearn_digits()))
    assert CONV_TT_LSTM.origin() == preset.origin()
    write_mnist(tmp_path, "t10k", some_digits(20))
    monkeypatch.setenv("STLIB_DATA", str(tmp_path))
    assert CONV_TT_LSTM.origin() == Origin("MNIST t10k", fingerprint(some_digits(20)))
    with pytest.raises(FileNotFoundError, match="train-images"):
        replace(preset, digits="mnist").open("test")


def test_the_contract_of_a_clip_set_has_no_clips_of_its_own():
    for kind in (ClipSet, LabelledClips):
        with pytest.raises(NotImplementedError):
            len(kind())
        with pytest.raises(NotImplementedError):
            kind()[0]
        assert issubclass(kind, Dataset)
    assert issubclass(MovingMNIST, ClipSet)
    assert issubclass(StoredClips, ClipSet)


def test_ms_lstm_clips_are_split_seven_to_three():
    assert MS_LSTM.training + MS_LSTM.test == 15_000
    assert MS_LSTM.training * 3 == MS_LSTM.test * 7
