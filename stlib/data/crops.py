"""Where to look in a film: which frames, at what size, which part of them, and which way round.

In training a look is drawn anew each time, as a function of seed, clip and turn; in a test it is
one of several that lie evenly over time and space.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from stlib.data.clips import Split
from stlib.data.streams import natural, stream, unit
from stlib.data.video import Frames

__all__ = [
    "Crops",
    "Look",
    "cropped",
    "drawn_look",
    "middle_look",
    "moments",
    "spread",
    "stretch",
    "tiles",
]

DRAWN = 5  # numbers of a look
LOOKS = 0  # the stream that they come from


class Look(NamedTuple):
    """One way to look at a film.

    Attributes:
        when: which of the stretches of frames that fit, 0 the first, 1 the last.
        short: the shorter side to which frames are resized, in pixels.
        down, right: which of the crops that fit, 0 the first, 1 the last.
        flipped: left and right change places.

    Source: this book.
    """

    when: float
    short: int
    down: float
    right: float
    flipped: bool


@dataclass(frozen=True)
class Crops:
    """How a film is looked at in a test: in every clip, a crop at every place.

    Attributes:
        clips: evenly over the film.
        places: of a square, evenly over each frame.
        side: of the square, to which frames are resized by their shorter side.

    Raises:
        ValueError: a number below 1.

    Source: Miao et al., section 3.2.1: 10 clips, 3 crops of 256.
    """

    clips: int = 10
    places: int = 3
    side: int = 256

    def __post_init__(self) -> None:
        if min(self.clips, self.places, self.side) < 1:
            raise ValueError(f"{self}: each counts from 1")


def drawn_look(
    seed: int, split: Split, clip: int, turn: int, shorts: tuple[int, int], flips: bool
) -> Look:
    """A look drawn at random, the same for the same numbers.

    Args:
        seed, split: other ones give other looks.
        clip: its index.
        turn: how often the clip has been seen before.
        shorts: least and largest shorter side; each whole number between is as likely.
        flips: whether every second look is flipped.

    Raises:
        ValueError: a number below 0, or sizes that are none.

    Source: Miao et al., section 3.2.1, after Feichtenhofer et al. 2019; the draw itself is ours.
    """
    low, high = shorts
    if not 1 <= low <= high or min(clip, turn) < 0:
        raise ValueError(f"{clip=}, {turn=}, {shorts=}: expected from 0, and sizes that ascend")
    bits = stream(natural(seed), split, LOOKS, clip, turn).random_raw(DRAWN)
    when, size, down, right, flip = unit(bits).tolist()
    return Look(when, low + int(size * (high - low + 1)), down, right, flips and flip < 0.5)


def middle_look(short: int) -> Look:
    """The middle of a film, in time and space.

    Args:
        short: the shorter side to which frames are resized.

    Source: this book.
    """
    return Look(0.5, short, 0.5, 0.5, False)


def stretch(count: int, frames: int, every: int, when: float) -> tuple[int, ...]:
    """Frames at equal distances, out of consecutive ones.

    Args:
        count: frames that the film has; a shorter one shows its last frame again.
        frames: wanted, the first of each `every`; so they stand for ``frames · every``.
        every: distance between two.
        when: as in `Look`.

    Returns:
        Their places, from 0.

    Raises:
        ValueError: a number below 1, or a share that is none.

    Source: Miao et al., section 3.2.1: "64 consecutive frames at an interval of 8".
    """
    if min(count, frames, every) < 1 or not 0 <= when <= 1:
        raise ValueError(f"{count=}, {frames=}, {every=}, {when=}: each from 1, a share up to 1")
    first = _place(when, max(0, count - frames * every))
    return tuple(min(first + every * place, count - 1) for place in range(frames))


def spread(count: int, frames: int, when: float) -> tuple[int, ...]:
    """Frames over the whole film, at the same place in each of as many equal parts.

    Args:
        count: frames that the film has; one of fewer than `frames` shows some twice.
        frames: wanted.
        when: place within each part, 0 its beginning, 1 its end.

    Returns:
        Their places, from 0.

    Raises:
        ValueError: a number below 1, or a share that is none.

    Source: Wang et al. 2016, with one draw for all parts, which keeps the distances nearly
        equal.
    """
    if min(count, frames) < 1 or not 0 <= when <= 1:
        raise ValueError(f"{count=}, {frames=}, {when=}: each from 1, a share up to 1")
    ends = [part * count // frames for part in range(frames + 1)]
    return tuple(first + _place(when, max(0, after - 1 - first)) for first, after in pairwise(ends))


def tiles(height: int, width: int, side: int, crops: int) -> tuple[tuple[int, int], ...]:
    """Crops that lie evenly along the longer side, in the middle of the shorter one.

    Args:
        height, width: of the frames.
        side: of the square crops.
        crops: how many; the first and the last touch the frame's ends, a single one lies in the
            middle.

    Returns:
        Top and left of each.

    Raises:
        ValueError: crops that do not fit, or none.

    Source: Miao et al., section 3.2.1: three of 256 "covering all spatial information".
    """
    if crops < 1 or not 1 <= side <= min(height, width):
        raise ValueError(f"{crops=} of {side=}: expected some, within {height} by {width}")
    shares = _evenly(crops)
    return tuple(
        (_place(share if height > width else 0.5, height - side),
         _place(share if width >= height else 0.5, width - side))
        for share in shares
    )  # fmt: skip


def cropped(images: Frames, look: Look, side: int) -> Frames:
    """The part of resized frames that a look shows.

    Args:
        images: whose shorter side is ``look.short``.
        look: where, and which way round.
        side: of the square.

    Raises:
        ValueError: a side that does not fit.

    Source: this book.
    """
    height, width = images.shape[-2:]
    if not 1 <= side <= min(height, width):
        raise ValueError(f"{side=}: expected 1 to {min(height, width)}, for frames are that small")
    top, left = _place(look.down, height - side), _place(look.right, width - side)
    part = images[..., top : top + side, left : left + side]
    return np.ascontiguousarray(part[..., ::-1] if look.flipped else part)


def moments(clips: int) -> Sequence[float]:
    """`when` of so many clips that lie evenly over a film, from its beginning to its end.

    Args:
        clips: how many; a single one lies in the middle.

    Raises:
        ValueError: none.

    Source: Miao et al., section 3.2.1: "uniformly sample 10 clips"; from end to end is ours.
    """
    if clips < 1:
        raise ValueError(f"{clips=}, expected at least 1")
    return _evenly(clips)


def _evenly(count: int) -> list[float]:
    return [0.5] if count == 1 else [part / (count - 1) for part in range(count)]


def _place(share: float, room: int) -> int:
    """One of the whole numbers from 0 to `room`, each as likely."""
    return min(int(share * (room + 1)), room)
