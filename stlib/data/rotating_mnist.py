"""Translate-Rotate-MNIST: digits that glide, bounce off the border, and turn about their middles.

A clip is a function of the seed, the split and its index, as in Moving MNIST. Here a digit lies
between the pixels in almost every frame, for no turn but a quarter leaves pixels whole: what shows
is its ink interpolated linearly, which blurs it a little, more at some angles than at others.
"""

import hashlib

import numpy as np
import torch
from jaxtyping import Float64, Int, UInt8

from stlib.data.clips import Clip, ClipSet, Origin, Split, existing
from stlib.data.digits import Digits, fingerprint, share
from stlib.data.moving_mnist import bounce
from stlib.data.streams import natural, stream, unit

__all__ = ["RotatingClips", "turned"]

VERSION = 1  # of the drawing; one more whenever clips come out otherwise than before
WHITE = 255
CHOICES = 7  # a digit's: which, row, column, heading, speed, angle, turn


class RotatingClips(ClipSet):
    """Clips drawn when they are asked for.

    Source: Miao et al., section 2.1.1: "short clips of moving digits". How they are made stands in
    an appendix that is not at hand; speeds and turns are ours.
    """

    def __init__(
        self,
        digits: Digits,
        samples: int,
        *,
        frames: int = 8,
        number: int = 2,
        canvas: int = 64,
        speed: tuple[float, float] = (2.0, 5.0),
        turn: tuple[float, float] = (10.0, 30.0),
        seed: int = 0,
        split: Split = "training",
    ) -> None:
        """Choose what to draw; nothing is drawn yet.

        Args:
            digits: all of them, square; each split draws from its own share.
            samples: clips in the data set.
            frames: of a clip.
            number: digits in a clip; they pass over one another, the brighter pixel shows.
            canvas: height and width in pixels.
            speed: slowest and fastest, in pixels per frame along the heading; each digit draws
                its own and keeps it.
            turn: slowest and fastest, in degrees per frame, to the left or to the right; each
                digit draws its own and keeps it, and the angle that it starts from.
            seed: another one gives other clips.
            split: 'training', 'validation' or 'test': other digits and other clips in each.

        Raises:
            ValueError: a count below 1, digits that are not square, a canvas no wider than a digit,
                speeds or turns out of order, a negative seed, an unknown split, or too few digits
                to split.
        """
        self.whole, self.share = digits, share(digits, split)
        self.samples, self.frames, self.number = samples, frames, number
        self.canvas, self.speed, self.turning = canvas, speed, turn
        self.seed, self.split = natural(seed), split
        height, width = self.share.images.shape[1:]
        if min(samples, frames, number) < 1:
            raise ValueError(f"{samples=}, {frames=}, {number=}: each counts from 1")
        if height != width:
            raise ValueError(f"digits of {height}x{width} pixels: expected squares, to turn them")
        if canvas <= width:
            raise ValueError(f"{canvas=} leaves no room to move: digits are {width} pixels wide")
        for name, (least, most), unit_of in (
            ("speed", speed, "pixels"),
            ("turn", turn, "degrees"),
        ):
            if not 0 <= least <= most < float("inf"):
                raise ValueError(
                    f"{name}={(least, most)}, expected (slowest, fastest) in {unit_of} per frame, "
                    "from 0"
                )

    def __len__(self) -> int:
        return self.samples

    def __getitem__(self, index: int) -> Clip:
        """Clip `index`, in [0, 1].

        Raises:
            IndexError: there is no such clip.
        """
        return torch.from_numpy(self.draw(index))[:, None].float().div_(WHITE)

    def origin(self) -> Origin:
        """The digits, and how they move; the same for every split."""
        how = (self.number, self.canvas, self.frames, self.speed, self.turning)
        numbers = (VERSION, self.seed, *how, fingerprint(self.whole))
        name = f"{self.whole.name}, moving and turning"
        return Origin(name, hashlib.sha256(repr(numbers).encode()).hexdigest())

    def tracks(self, index: int) -> Float64[np.ndarray, "_number _time 3"]:
        """Where the middles go: row and column in pixels, and the angle in radians.

        A growing angle turns to the left, as one sees it.

        Raises:
            IndexError: there is no such clip.
        """
        _, start, step = self._choices(index)
        side = self.share.images.shape[1]
        room = np.full(2, self.canvas - side)
        start[:, :2] *= room
        moved = start[:, None] + step[:, None] * np.arange(self.frames)[:, None]
        moved[..., :2] = bounce(moved[..., :2], room) + (side - 1) / 2
        return moved

    def draw(self, index: int) -> UInt8[np.ndarray, "_time _height _width"]:
        """Clip `index` in bytes.

        Raises:
            IndexError: there is no such clip.
        """
        which, _, _ = self._choices(index)
        clip = np.zeros((self.frames, self.canvas, self.canvas))
        for digit, track in zip(self.share.images[which], self.tracks(index), strict=True):
            np.maximum(clip, turned(digit, track, self.canvas), out=clip)
        drawn: UInt8[np.ndarray, "_time _height _width"] = np.rint(clip).astype(np.uint8)
        return drawn

    def _choices(
        self, index: int
    ) -> tuple[
        Int[np.ndarray, " _number"],
        Float64[np.ndarray, "_number 3"],
        Float64[np.ndarray, "_number 3"],
    ]:
        """Which digits, where they start (as a fraction of the room; radians), and their step."""
        drawn = stream(self.seed, self.split, number=existing(index, self.samples))
        bits = drawn.random_raw(CHOICES * self.number).reshape(self.number, CHOICES)
        which, row, column, heading, pace, angle, turn = unit(bits).T
        # One number says both: below a half to the right, above to the left.
        side, share = np.where(turn < 0.5, -1, 1), np.abs(2 * turn - 1)
        speed = self.speed[0] + (self.speed[1] - self.speed[0]) * pace
        spin = side * np.radians(self.turning[0] + (self.turning[1] - self.turning[0]) * share)
        way = 2 * np.pi * heading
        start = np.stack([row, column, 2 * np.pi * angle], axis=1)
        step = np.stack([speed * np.sin(way), speed * np.cos(way), spin], axis=1)
        return (which * len(self.share.images)).astype(np.intp), start, step


def turned(
    image: UInt8[np.ndarray, "side side"], track: Float64[np.ndarray, "time 3"], canvas: int
) -> Float64[np.ndarray, "time {canvas} {canvas}"]:
    """An image on a black canvas at each place and angle of a track, interpolated linearly.

    Args:
        image: ink.
        track: row and column of its middle in pixels, the first pixel's centre being 0, and the
            angle in radians, to the left.
        canvas: height and width in pixels; what lies beyond is cut.

    Source: this book, chapter 19.
    """
    side = len(image)
    row, column, angle = track.T[..., None, None]
    down, right = np.arange(canvas)[:, None] - row, np.arange(canvas) - column
    # Each pixel is turned back to where its ink comes from.
    own = np.stack(
        [
            np.cos(angle) * down + np.sin(angle) * right,
            np.cos(angle) * right - np.sin(angle) * down,
        ]
    )
    own = np.clip(own + (side - 1) / 2, -1, side) + 1  # one black pixel around is as good as all
    ink = np.pad(image.astype(np.float64), (1, 2))
    first = own.astype(np.intp)
    (y, x), (dy, dx) = first, own - first
    upper = (1 - dx) * ink[y, x] + dx * ink[y, x + 1]
    lower = (1 - dx) * ink[y + 1, x] + dx * ink[y + 1, x + 1]
    drawn: Float64[np.ndarray, "time {canvas} {canvas}"] = (1 - dy) * upper + dy * lower
    return drawn
