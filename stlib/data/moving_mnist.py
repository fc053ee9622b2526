"""Moving MNIST: digits that glide over a black canvas and bounce off its border.

A clip is a function of the seed, the split and its index, and of nothing else: not of which worker
draws it, nor when. Tracks are real-valued. A frame shows each digit at the whole pixels below its
place on the track, as the first Moving MNIST did, so that every frame is made of the digit's own
pixels: shifting between pixels would blur them, more at some phases than at others, and a predictor
could read the phase from the blur.
"""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from jaxtyping import Float, Float64, Int, Real, UInt8
from torch import Tensor

from stlib.data.clips import ClipSet, Origin, Split, existing, of_split
from stlib.data.digits import Digits, Source, digits, fingerprint, share, shrunk
from stlib.data.streams import natural, stream, unit
from stlib.files import replacing

__all__ = ["CONV_TT_LSTM", "MS_LSTM", "MovingMNIST", "Preset", "StoredClips", "bounce"]

Clip: TypeAlias = Float[Tensor, "_time 1 _height _width"]
Bytes: TypeAlias = UInt8[np.ndarray, "_time _height _width"]

WHITE = 255
CHOICES = 5  # drawn for each digit: which one, its row, its column, its heading, its speed


class MovingMNIST(ClipSet):
    """Clips drawn when they are asked for.

    Source: Srivastava et al. 2015, who made the first; Su et al., appendix B.4; Ma et al., 5.2.
    """

    def __init__(
        self,
        digits: Digits,
        samples: int,
        *,
        frames: int = 20,
        number: int = 2,
        canvas: int = 64,
        speed: tuple[float, float] = (3.6, 3.6),
        seed: int = 0,
        split: Split = "training",
    ) -> None:
        """Choose what to draw; nothing is drawn yet.

        Args:
            digits: all of them; each split draws from its own share.
            samples: clips in the data set.
            frames: of a clip.
            number: digits in a clip; they pass over one another, the brighter pixel shows.
            canvas: height and width in pixels.
            speed: slowest and fastest, in pixels per frame along the heading; each digit draws
                its own and keeps it.
            seed: another one gives other clips.
            split: 'training', 'validation' or 'test': other digits and other clips in each.

        Raises:
            ValueError: a count below 1, a canvas no wider than a digit, speeds out of order, a
                negative seed, an unknown split, or too few digits to split.
        """
        self.share = share(digits, split)
        self.samples, self.frames, self.number = samples, frames, number
        self.canvas, self.speed = canvas, speed
        self.seed, self.split = natural(seed), split
        side = max(self.share.images.shape[1:])
        if min(samples, frames, number) < 1:
            raise ValueError(f"{samples=}, {frames=}, {number=}: each counts from 1")
        if canvas <= side:
            raise ValueError(f"{canvas=} leaves no room to move: digits are {side} pixels wide")
        if not 0 <= speed[0] <= speed[1] < float("inf"):
            raise ValueError(f"{speed=}, expected (slowest, fastest) in pixels per frame, from 0")

    def __len__(self) -> int:
        return self.samples

    def __getitem__(self, index: int) -> Clip:
        """Clip `index`, in [0, 1].

        Raises:
            IndexError: there is no such clip.
        """
        return _frames(self.draw(index))

    def tracks(self, index: int) -> Float64[np.ndarray, "_number _time 2"]:
        """Where the upper left corners go: row and column in pixels, before rounding down.

        Raises:
            IndexError: there is no such clip.
        """
        _, start, step = self._choices(index)
        room = self.canvas - np.array(self.share.images.shape[1:])
        time = np.arange(self.frames)[:, None]
        return bounce((start * room)[:, None] + step[:, None] * time, room)

    def labels(self, index: int) -> tuple[int, ...]:
        """What each digit of clip `index` shows, 0 to 9.

        Raises:
            IndexError: there is no such clip.
        """
        which, _, _ = self._choices(index)
        return tuple(self.share.labels[which].tolist())

    def draw(self, index: int) -> Bytes:
        """Clip `index` in bytes, as it is stored.

        Raises:
            IndexError: there is no such clip.
        """
        which, _, _ = self._choices(index)
        clip = np.zeros((self.frames, self.canvas, self.canvas), np.uint8)
        corners = self.tracks(index).astype(np.intp)
        for digit, track in zip(self.share.images[which], corners, strict=True):
            height, width = digit.shape
            for frame, (row, column) in zip(clip, track.tolist(), strict=True):
                place = frame[row : row + height, column : column + width]
                np.maximum(place, digit, out=place)
        return clip

    def to_disk(self, path: str | Path) -> Path:
        """Write all clips to one ``.npy`` file of bytes, to be read by `StoredClips`.

        A file that is there stays whole until the new one is.

        Raises:
            OSError: the folder is missing or cannot be written.
        """
        path = Path(path)
        shape = (self.samples, self.frames, self.canvas, self.canvas)
        with replacing(path) as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            for index in range(self.samples):
                file.write(self.draw(index).tobytes())
        return path

    def _choices(
        self, index: int
    ) -> tuple[
        Int[np.ndarray, " _number"],
        Float64[np.ndarray, "_number 2"],
        Float64[np.ndarray, "_number 2"],
    ]:
        """Which digits, where they start (as a fraction of the room), and their step a frame."""
        drawn = stream(self.seed, self.split, number=existing(index, self.samples))
        bits = drawn.random_raw(CHOICES * self.number).reshape(self.number, CHOICES)
        which, row, column, heading, pace = unit(bits).T
        angle = 2 * np.pi * heading
        speed = self.speed[0] + (self.speed[1] - self.speed[0]) * pace
        step = speed[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1)
        chosen = (which * len(self.share.images)).astype(np.intp)
        return chosen, np.stack([row, column], axis=1), step


class StoredClips(ClipSet):
    """Clips that `MovingMNIST.to_disk` wrote, read where they lie.

    Source: this book.
    """

    def __init__(self, path: str | Path) -> None:
        """Open the file and check it.

        Raises:
            OSError: the file cannot be read.
            ValueError: it holds anything but whole clips of bytes.
        """
        self.path = Path(path)
        self.shape, self.start = _clips_of_bytes(self.path)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: int) -> Clip:
        """Clip `index`, in [0, 1].

        Raises:
            IndexError: there is no such clip.
        """
        index = existing(index, len(self))
        size = math.prod(self.shape[1:])
        stored = np.fromfile(self.path, np.uint8, size, offset=self.start + index * size)
        return _frames(stored.reshape(self.shape[1:]))


@dataclass(frozen=True)
class Preset:
    """What a paper says of its Moving MNIST; variants by `dataclasses.replace`.

    Attributes:
        training, validation, test: clips in each split.
        source: where the paper says so, and what it leaves open.
        frames, number, canvas, speed: as in `MovingMNIST`.
        shrink: how many times smaller than 28 pixels the digits are, as in `shrunk`.
        digits: which digits, as `stlib.data.digits.digits` knows them.

    Source: this book.
    """

    training: int
    validation: int
    test: int
    source: str
    frames: int = 20
    number: int = 2
    canvas: int = 64
    speed: tuple[float, float] = (3.6, 3.6)
    shrink: int = 1
    digits: Source = "auto"

    @property
    def channels(self) -> int:
        """Digits are gray."""
        return 1

    def open(self, split: Split) -> MovingMNIST:
        """The clips of one split, of the digits that the preset names.

        Raises:
            ValueError: as `dataset`, or a damaged file of digits.
            FileNotFoundError: the digits are not there.
            ImportError: scikit-learn is needed for them and not installed.
        """
        return self.dataset(digits(self.digits), split)

    def origin(self) -> Origin:
        """The digits that the clips are made from.

        Raises:
            ValueError, FileNotFoundError, ImportError: as `open`.
        """
        found = digits(self.digits)
        return Origin(found.name, fingerprint(found))

    def smoke(self) -> "Preset":
        """A few short clips on a small canvas, of the same digits at half size."""
        return replace(
            self,
            training=4,
            validation=min(2, self.validation),
            test=2,
            frames=5,
            canvas=16,
            shrink=2,
        )

    def dataset(self, digits: Digits, split: Split, seed: int = 0) -> MovingMNIST:
        """The clips of one split.

        Args:
            digits: all of them, as `stlib.data.digits.digits` returns them.
            split: 'training', 'validation' or 'test'.
            seed: another one gives other clips.

        Raises:
            ValueError: as `MovingMNIST`; also a split that the paper does not have.
        """
        return MovingMNIST(
            shrunk(digits, self.shrink),
            of_split(self, split),
            frames=self.frames,
            number=self.number,
            canvas=self.canvas,
            speed=self.speed,
            seed=seed,
            split=split,
        )


CONV_TT_LSTM = Preset(
    training=10_000,
    validation=3_000,
    test=5_000,
    source=(
        "Su et al., appendix B.4: clips, digits and canvas. It prints no speed but 'default "
        "parameters in the generator'; 3.6 pixels per frame is a tenth of the 36 that a digit of "
        "28 has on a canvas of 64, as in Srivastava et al. 2015."
    ),
)

MS_LSTM = Preset(
    training=10_500,
    validation=0,
    test=4_500,
    speed=(2.0, 5.0),
    source=(
        "Ma et al., section 5.2: 15,000 clips at 7:3, digits, frames and canvas; no validation "
        "split. It prints 'random speeds' without a range; 2 to 5 pixels per frame is ours."
    ),
)


def bounce(
    position: Float64[np.ndarray, "*_axes _coordinate"], room: Real[np.ndarray, " _coordinate"]
) -> Float64[np.ndarray, "*_axes _coordinate"]:
    """Fold a straight line back at 0 and at `room`, as a mirror does; no distance is lost.

    Args:
        position: on the unfolded line, in pixels.
        room: largest allowed position along each coordinate, above 0.

    Source: this book, chapter 1.
    """
    return room - np.abs(position % (2 * room) - room)


def _frames(clip: Bytes) -> Clip:
    return torch.from_numpy(clip)[:, None].float().div_(WHITE)


def _clips_of_bytes(path: Path) -> tuple[tuple[int, ...], int]:
    """The shape in an ``.npy`` file's header, and where its bytes start; checks that all follow."""
    with path.open("rb") as file:
        try:
            version = np.lib.format.read_magic(file)
            if version != (1, 0):
                raise ValueError(f"version {version}")
            shape, _, kind = np.lib.format.read_array_header_1_0(file)
        except ValueError as error:
            raise ValueError(f"{path}: expected .npy, version 1.0, found: {error}") from error
        start = file.tell()
    if kind != np.uint8 or len(shape) != 4:
        raise ValueError(f"{path}: {kind} {shape}, expected uint8 (clip, time, row, column)")
    expected, found = start + math.prod(shape), path.stat().st_size
    if found != expected:
        raise ValueError(f"{path}: expected {expected} bytes, found {found}")
    return shape, start
