"""KTH's films of six actions by 25 subjects, in their published files.

::

    00sequences.txt                             which frames of which film show the action
    person01_boxing_d1_uncomp.avi               subject, action, one of four scenes
    boxing/person02_boxing_d1_uncomp.avi        or in folders, one an action
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from stlib.data.actions import ACTIONS, SUBJECTS, Action, Division, chosen, subjects
from stlib.data.clips import (
    Canvas,
    Clip,
    LabelledClips,
    Origin,
    Split,
    existing,
    mixed,
    sides,
)
from stlib.data.damage import Damaged, Faults
from stlib.data.folders import find, missing
from stlib.data.video import Filter, check_video, read_video

__all__ = ["SEQUENCES", "KTHClips", "kth_folder", "kth_missing", "kth_origin", "read_sequences"]

SEQUENCES = "00sequences.txt"
ENDING = "_uncomp.avi"
SCENES = 4
NAME = re.compile(r"person(\d\d)_([a-z]+)_d(\d)")
MISSING = re.compile(rf"({NAME.pattern})\s+(?:frames\s+)?\*missing\*")
RANGES = re.compile(r"\d+-\d+(?:[,\s]+\d+-\d+)*,?")
NEVER_PUBLISHED = "person13_handclapping_d3"  # some lists name it, no archive holds it
WHITE = 255
REMEDY = "fetch the six archives and 00sequences.txt from https://www.csc.kth.se/cvap/actions/"


class _Window(NamedTuple):
    """One clip: a stretch of a film, counted from 0."""

    film: Path
    first: int
    label: int
    subject: int


class KTHClips(LabelledClips):
    """Clips of contiguous frames from KTH's films, gray, read when they are asked for.

    Attributes:
        classes: the actions shown.
        skipped: what was wrong with each film left out; empty where damage is an error.

    Source: Schuldt, Laptev and Caputo 2004; Su et al., appendix B.4; Ma et al., section 5.4.
    """

    def __init__(
        self,
        folder: str | Path | None = None,
        *,
        split: Split = "training",
        samples: int | None = None,
        frames: int = 20,
        canvas: Canvas = 128,
        actions: Sequence[Action] = (),
        every: int | Sequence[int] | None = None,
        division: Division = "sixteen train",
        validating: int = 3,
        filter: Filter = "bilinear",
        damaged: Damaged = "error",
    ) -> None:
        """Find the films; frames are read later.

        Args:
            folder: that holds 00sequences.txt and, anywhere below, the films; or ``kth/`` with
                them; None is STLIB_DATA.
            split: 'training', 'validation' or 'test': other subjects in each.
            samples: how many clips; None is all.
            frames: of a clip, contiguous, within one sequence of 00sequences.txt.
            canvas: height and width in pixels, one number for both; proportions are not kept.
            actions: those shown, in the order of their labels; none is all six.
            every: frames from the start of one clip to that of the next, in films of every action
                or of each of them; None is `frames`, so that no two overlap.
            division, validating: who trains, validates and tests, as in `subjects`.
            filter: how frames are resized, as in `stlib.data.video.resized`.
            damaged: 'error' raises at the first film that is missing or in the wrong place, and a
                broken one when it is read; 'skip' walks through all films now, leaves those out,
                and warns.

        Raises:
            FileNotFoundError: no 00sequences.txt, or a film of it is missing.
            ValueError: a number out of its range, a film in the wrong place, a broken list, fewer
                clips than asked for.
            ImportError: PyAV is missing, where damage is skipped.
        """
        self.classes: tuple[Action, ...] = chosen(actions)
        strides = _strides(self.classes, frames if every is None else every)
        if min(frames, *sides(canvas), *strides.values()) < 1:
            raise ValueError(f"{frames=}, {canvas=}, {every=}: each counts from 1")
        found = _folder(folder)
        faults, people = Faults(damaged), subjects(split, validating, division)
        sequences, there = read_sequences(found / SEQUENCES), _films(found)
        films = {
            name: film
            for name, film in sorted(there.items())
            if _is_placed(film, name in sequences, faults)
        }
        windows: list[_Window] = []
        for name, ranges in sorted(sequences.items()):
            subject, action = _said(name, found / SEQUENCES)
            if subject not in people or action not in strides or not ranges:
                continue
            if _is_missed(name, ranges, there):
                lost = f"{found / name}{ENDING} is missing; {SEQUENCES} names it"
                faults.meet(FileNotFoundError(lost))
            film = films.get(name)
            if film is None or (damaged == "skip" and not _is_whole(film, ranges, faults)):
                continue
            windows += [
                _Window(film, first, self.classes.index(action), subject)
                for start, end in ranges
                for first in range(start - 1, end - frames + 1, strides[action])
            ]
        faults.tell("KTH")
        self.skipped = tuple(faults.noted)
        self.frames, self.canvas, self.filter = frames, canvas, filter
        names = [f"{window.film.name} {window.first}" for window in windows]
        self.windows = [windows[place] for place in mixed(names, samples)]
        self.labels = tuple(window.label for window in self.windows)

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, index: int) -> Clip:
        """Clip `index`, in [0, 1].

        Raises:
            IndexError: there is no such clip.
            FileNotFoundError: its film has gone.
            ValueError: its film is broken, or ends before the clip.
            ImportError: PyAV is missing.
        """
        film, first, _, _ = self.windows[existing(index, len(self))]
        stretch = range(first, first + self.frames)
        read = read_video(film, stretch, size=self.canvas, filter=self.filter)
        return torch.from_numpy(read).float().div_(WHITE)

    def subject(self, index: int) -> int:
        """Who performs in clip `index`, from 1."""
        return self.windows[index].subject


def kth_folder(folder: str | Path | None = None) -> Path | None:
    """The folder with KTH's list of sequences: `folder` itself, or ``kth`` in it; None if neither.

    Args:
        folder: where to look; None is the environment variable STLIB_DATA.

    Source: this book.
    """
    return find("kth", SEQUENCES, folder)


def kth_origin(folder: str | Path | None = None) -> Origin:
    """Which of KTH's films are there, and a hash of the list, their names and sizes.

    Args:
        folder: as for `KTHClips`.

    Raises:
        FileNotFoundError: no 00sequences.txt.
        ValueError: two films of one name.

    Source: this book.
    """
    found = _folder(folder)
    films = sorted((name, film.stat().st_size) for name, film in _films(found).items())
    summed = hashlib.sha256((found / SEQUENCES).read_bytes())
    summed.update(repr(films).encode())
    return Origin(f"KTH, {len(films)} films", summed.hexdigest())


def kth_missing(folder: str | Path | None = None) -> list[str]:
    """The names of the films that the list names and that are not there.

    Args:
        folder: as for `KTHClips`.

    Raises:
        FileNotFoundError: no 00sequences.txt.
        ValueError: a broken list, or two films of one name.

    Source: this book.
    """
    found = _folder(folder)
    there = _films(found)
    listed = sorted(read_sequences(found / SEQUENCES).items())
    return [f"{name}{ENDING}" for name, ranges in listed if _is_missed(name, ranges, there)]


def read_sequences(path: str | Path) -> Mapping[str, tuple[tuple[int, int], ...]]:
    """Which frames of each film show the action.

    A line names a film, then the word 'frames' and ranges as in ``1-95, 96-185``; or ``*missing*``,
    with that word or without it. Others are remarks.

    Args:
        path: of ``00sequences.txt``.

    Returns:
        First and last frame of every range, counted from 1, both belonging to it; none for a film
        that was never published.

    Raises:
        OSError: the file cannot be read.
        ValueError: a line that starts with a film's name and says something else, or no such line.

    Source: 00sequences.txt, whose first lines explain it.
    """
    held: dict[str, tuple[tuple[int, int], ...]] = {}
    text = Path(path).read_text(encoding="ascii", errors="replace")
    for number, line in enumerate(text.splitlines(), start=1):
        if not NAME.match(line.strip()):
            continue
        if absent := MISSING.fullmatch(line.strip()):
            held[absent[1]] = ()
            continue
        name, _, rest = line.strip().partition("frames")
        named, said = name.strip(), rest.strip()
        if not NAME.fullmatch(named):
            raise ValueError(f"{path}, line {number}: {line!r}, expected a film and its frames")
        ranges = [(int(a), int(b)) for a, b in re.findall(r"(\d+)-(\d+)", said)]
        if not RANGES.fullmatch(said) or any(not 1 <= a <= b for a, b in ranges):
            raise ValueError(f"{path}, line {number}: {said!r}, expected ranges as in 1-95, 96-185")
        held[named] = tuple(ranges)
    if not held:
        raise ValueError(
            f"{path}: expected lines as in 'person01_boxing_d1 frames 1-95', found none"
        )
    return held


def _strides(actions: Sequence[Action], every: int | Sequence[int]) -> dict[Action, int]:
    """Frames from the start of one clip to that of the next, by action.

    Raises:
        ValueError: strides for other actions.
    """
    each = [every] * len(actions) if isinstance(every, int) else every
    if len(each) != len(actions):
        raise ValueError(f"{every=}: expected a number, or one for each of {', '.join(actions)}")
    return dict(zip(actions, each, strict=True))


def _folder(folder: str | Path | None) -> Path:
    found = kth_folder(folder)
    if found is None:
        raise missing("kth", SEQUENCES, folder, REMEDY)
    return found


def _films(folder: Path) -> dict[str, Path]:
    """Every film below the folder, by its name without the ending."""
    films: dict[str, Path] = {}
    for path in sorted(folder.rglob(f"*{ENDING}")):
        name = path.name.removesuffix(ENDING)
        if name in films:
            raise ValueError(f"{path} and {films[name]}: expected one film of that name")
        films[name] = path
    return films


def _is_missed(name: str, ranges: tuple[tuple[int, int], ...], there: Mapping[str, Path]) -> bool:
    """Whether a film that the list names is not there, though it was published."""
    return bool(ranges) and name not in there and name != NEVER_PUBLISHED


def _said(name: str, where: Path) -> tuple[int, Action]:
    """Subject and action of a film's name.

    Raises:
        ValueError: a subject, action or scene that KTH does not have.
    """
    matched = NAME.fullmatch(name)
    subject, action, scene = matched.groups() if matched else ("0", "", "0")
    if not (1 <= int(subject) <= SUBJECTS and action in ACTIONS and 1 <= int(scene) <= SCENES):
        raise ValueError(
            f"{where}: {name!r}, expected person01 to person{SUBJECTS}, one of "
            f"{', '.join(ACTIONS)}, and d1 to d{SCENES}"
        )
    return int(subject), action


def _is_placed(film: Path, listed: bool, faults: Faults) -> bool:
    """Whether a film has a right name, is not in another action's folder, and is listed."""
    try:
        _, action = _said(film.name.removesuffix(ENDING), film)
        if film.parent.name in ACTIONS and film.parent.name != action:
            raise ValueError(f"{film}: expected {action} in a folder of that name")
        if not listed:
            raise ValueError(f"{film}: expected a line in {SEQUENCES}, found none")
    except ValueError as fault:
        faults.meet(fault)
        return False
    return True


def _is_whole(film: Path, ranges: tuple[tuple[int, int], ...], faults: Faults) -> bool:
    """Whether a film can be read to the end of its last range."""
    try:
        check_video(film, least=max((end for _, end in ranges), default=1))
    except ValueError as fault:
        faults.meet(fault)
        return False
    return True
