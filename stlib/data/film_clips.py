"""Clips of labelled films, looked at anew in training and from all sides in a test."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from stlib.data.clips import Clip, LabelledClips, Split, existing
from stlib.data.crops import Crops, cropped, drawn_look, middle_look, moments, tiles
from stlib.data.video import Frames

__all__ = ["FilmClips"]

WHITE = 255


class FilmClips(LabelledClips):
    """One clip of each film, in colour, read when it is asked for.

    What a film's file is, and which of its frames make a clip, its data set says.

    Attributes:
        films: a path each.
        skipped: what was wrong with each film left out; empty where damage is an error.

    Source: Miao et al., section 3.2.1.
    """

    skipped: tuple[str, ...]

    def __init__(
        self,
        films: Sequence[Path],
        labels: Sequence[int],
        classes: Sequence[str],
        *,
        split: Split,
        canvas: int,
        shorts: tuple[int, int],
        flips: bool,
        crops: Crops,
        seed: int,
    ) -> None:
        """Say what there is; nothing is read yet.

        Args:
            films: a path each.
            labels: the class of each, a place in `classes`.
            classes: their names.
            split: 'training' looks anew each time, the others at the middle.
            canvas: height and width of a clip in pixels.
            shorts: least and largest shorter side to which training resizes; the others take the
                least.
            flips: whether training flips every second clip.
            crops: for a test.
            seed: of the looks.

        Raises:
            ValueError: a canvas that does not fit into the resized frames.
        """
        if not 1 <= canvas <= shorts[0] <= shorts[1]:
            raise ValueError(f"{canvas=}, {shorts=}: expected a canvas within sizes that ascend")
        self.films, self.labels, self.classes = tuple(films), tuple(labels), tuple(classes)
        self.split, self.canvas, self.shorts, self.flips = split, canvas, shorts, flips
        self.seen, self.seed = crops, seed

    def __len__(self) -> int:
        return len(self.films)

    def __getitem__(self, index: int) -> Clip:
        """Clip `index`, in [0, 1]: as training first sees it, or the film's middle.

        Raises:
            IndexError: there is no such clip.
            FileNotFoundError: its film has gone.
            ValueError: its film is broken.
            ImportError: what reads films is missing.
        """
        return self.at_turn(index, 0)

    def at_turn(self, index: int, turn: int) -> Clip:
        """Clip `index` as training sees it after so many times; elsewhere always the same.

        Args:
            index: of the clip.
            turn: how often it has been seen before.

        Raises:
            IndexError, FileNotFoundError, ValueError, ImportError: as for a clip.
        """
        film = self.films[existing(index, len(self))]
        look = middle_look(self.shorts[0])
        if self.split == "training":
            look = drawn_look(self.seed, self.split, index, turn, self.shorts, self.flips)
        frames = self._read(film, self._places(self._count(film), look.when), look.short)
        return _clip(cropped(frames, look, self.canvas))

    def crops(self, index: int) -> Iterator[Clip]:
        """All crops of film `index`, one after the other: those of the first clip, then on.

        The film is read once; of its frames only those that some crop shows are kept, as bytes.

        Args:
            index: of the film.

        Raises:
            IndexError, FileNotFoundError, ValueError, ImportError: as for a clip.
        """
        film, side = self.films[existing(index, len(self))], self.seen.side
        count = self._count(film)
        shown = [self._places(count, when) for when in moments(self.seen.clips)]
        kept = sorted({place for places in shown for place in places})
        frames = self._read(film, kept, side)
        corners = tiles(frames.shape[-2], frames.shape[-1], side, self.seen.places)
        for places in shown:
            clip = frames[np.searchsorted(kept, places)]
            for top, left in corners:
                yield _clip(clip[..., top : top + side, left : left + side])

    def _count(self, film: Path) -> int:
        """How many frames a film has."""
        raise NotImplementedError

    def _places(self, count: int, when: float) -> tuple[int, ...]:
        """Which of them make the clip at `when`."""
        raise NotImplementedError

    def _read(self, film: Path, places: Sequence[int], short: int) -> Frames:
        """Frames in colour, by their shorter side."""
        raise NotImplementedError


def _clip(frames: Frames) -> Clip:
    return torch.from_numpy(np.ascontiguousarray(frames)).float().div_(WHITE)
