"""TaxiBJ's counts of taxis in Beijing, in their published files.

::

    BJ13_M32x32_T30_InOut.h5    a summer, or a spring, or a winter of each year to 2016
    BJ14_M32x32_T30_InOut.h5        data    counts [slot, 2, 32, 32]: entering a cell, leaving it
    BJ15_M32x32_T30_InOut.h5        date    its half-hour: b'2013070101' to b'2013070148' a day
    BJ16_M32x32_T30_InOut.h5

As Ma et al. do, we read what enters a cell. A day counts if all of its half-hours were recorded; a
clip is a stretch of such days without a gap. The clips that end in the last 28 days test: where no
half-hour is missing these are 28 x 48 = 1,344, the number that the paper prints. So the first of
them, one fewer than the frames foretold, also foretell frames that training clips hold; all others
foretell only frames that were never trained on.
"""

import hashlib
import re
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch
from jaxtyping import Float32, Int64

from stlib.data.clips import Clip, MeasuredClips, Origin, Split, existing, mixed
from stlib.data.damage import Damaged, Faults
from stlib.data.folders import find, missing
from stlib.data.hdf5 import opened
from stlib.data.traffic import SLOTS_A_DAY
from stlib.data.units import Linear
from stlib.data.windows import windows

__all__ = ["TaxiBJClips", "taxi_bj_folder", "taxi_bj_missing", "taxi_bj_origin"]

Counts: TypeAlias = Float32[np.ndarray, "_time _height _width"]

FILES = tuple(f"BJ{year}_M32x32_T30_InOut.h5" for year in (13, 14, 15, 16))
LAST = FILES[-1]  # it holds the days that test
SIDE = 32
ENTERING = 0  # the first of the two counts
TESTING = 28  # days
SLOT = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)")
REMEDY = "fetch the four files from https://github.com/lucktroy/DeepST/tree/master/data/TaxiBJ"


class _Window(NamedTuple):
    """One clip: a stretch of the slots of a file, counted from 0."""

    file: Path
    first: int


class TaxiBJClips(MeasuredClips):
    """Clips of TaxiBJ's counts of taxis entering each cell, read when they are asked for.

    Attributes:
        skipped: what was wrong with each file or half-hour left out; empty where damage is an
            error.
        days: how many were complete, whichever the split.

    Source: Zhang, Zheng and Qi 2017; Ma et al., section 5.3.
    """

    def __init__(
        self,
        folder: str | Path | None = None,
        *,
        split: Split = "training",
        samples: int | None = None,
        frames: int = 8,
        every: int = 1,
        validating: int = TESTING,
        most: float = 1292.0,
        damaged: Damaged = "error",
    ) -> None:
        """Find the half-hours; counts are read later.

        Args:
            folder: that holds the four files, or ``taxi_bj/`` with them; None is STLIB_DATA.
            split: 'training', 'validation' or 'test': other days in each.
            samples: how many clips; None is all.
            frames: of a clip, a half-hour each.
            every: half-hours from the start of one clip to that of the next.
            validating: how many of the days before those that test validate; 0 is the paper's.
            most: vehicles a half-hour that become 1; a larger count is damage.
            damaged: 'error' raises at the first file that is missing or wrong, and at a wrong count
                when it is read; 'skip' reads all counts now, leaves out what is wrong, and the rest
                of its day with it, and warns.

        Raises:
            FileNotFoundError: a file is missing.
            ValueError: a number out of its range, a damaged file, fewer clips than asked for.
            ImportError: h5py is missing.
        """
        if validating < 0:
            raise ValueError(f"{validating=}: expected days, from 0")
        self.units = Linear("vehicles per half-hour", most)
        self.frames = frames
        found, faults = _folder(folder), Faults(damaged)
        paths = [found / name for name in FILES]
        held = [(path, *_whole_days(path, most, faults)) for path in paths]
        faults.tell("TaxiBJ", "files or half-hours")
        days = sorted({day for _, slots, _ in held for day in (slots // SLOTS_A_DAY).tolist()})
        wanted = _of(split, days, validating)
        self.days = len(days)
        chosen = [
            _Window(path, int(rows[place]))
            for path, slots, rows in held
            for place in windows(slots, frames, every).tolist()
            if slots[place + frames - 1] // SLOTS_A_DAY in wanted
        ]
        self.skipped = tuple(faults.noted)
        names = [f"{window.file.name} {window.first}" for window in chosen]
        self.windows = [chosen[place] for place in mixed(names, samples)]

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, index: int) -> Clip:
        """Clip `index`, in [0, 1].

        Raises:
            IndexError: there is no such clip.
            FileNotFoundError: its file has gone.
            ValueError: its file is damaged, or a count is out of range.
            ImportError: h5py is missing.
        """
        file, first = self.windows[existing(index, len(self))]
        with opened(file) as read:
            counts = _counts(read, first, first + self.frames)
            _check(file, read, counts, first, self.units.most)
        return self.units.from_units(torch.from_numpy(counts)[:, None])


def taxi_bj_folder(folder: str | Path | None = None) -> Path | None:
    """The folder with TaxiBJ's last file: `folder` itself, or ``taxi_bj`` in it; None if neither.

    Args:
        folder: where to look; None is the environment variable STLIB_DATA.

    Source: this book.
    """
    return find("taxi_bj", LAST, folder)


def taxi_bj_origin(folder: str | Path | None = None) -> Origin:
    """Which of the four files are there, and a hash of their names and sizes.

    Args:
        folder: as for `TaxiBJClips`.

    Raises:
        FileNotFoundError: the last file is not there.

    Source: this book.
    """
    found = _folder(folder)
    there = [(name, (found / name).stat().st_size) for name in FILES if (found / name).is_file()]
    hashed = hashlib.sha256(repr(there).encode()).hexdigest()
    return Origin(f"TaxiBJ, {len(there)} files", hashed)


def taxi_bj_missing(folder: str | Path | None = None) -> list[str]:
    """The names of the files that are not there.

    Args:
        folder: as for `TaxiBJClips`.

    Raises:
        FileNotFoundError: the last file is not there.

    Source: this book.
    """
    found = _folder(folder)
    return [name for name in FILES if not (found / name).is_file()]


def _folder(folder: str | Path | None) -> Path:
    found = taxi_bj_folder(folder)
    if found is None:
        raise missing("taxi_bj", LAST, folder, REMEDY)
    return found


def _whole_days(
    path: Path, most: float, faults: Faults
) -> tuple[Int64[np.ndarray, " slots"], Int64[np.ndarray, " slots"]]:
    """The half-hours of complete days, counted from the year 1, and their places in a file.

    A file that cannot be read has none.
    """
    none = np.array([], np.int64)
    try:
        with opened(path) as file:
            slots = _slots(path, file)
            rows = np.arange(len(slots))
            if faults.damaged == "skip":
                rows = _right_rows(path, file, most, faults)
    except (FileNotFoundError, ValueError) as fault:
        faults.meet(fault)
        return none, none
    days, count = np.unique(slots[rows] // SLOTS_A_DAY, return_counts=True)
    rows = rows[np.isin(slots[rows] // SLOTS_A_DAY, days[count == SLOTS_A_DAY])]
    return slots[rows], rows


def _right_rows(path: Path, file: Any, most: float, faults: Faults) -> Int64[np.ndarray, " _slots"]:
    """Where a file's counts are all right."""
    counts = _counts(file, 0, len(file["date"]))
    right = ((counts >= 0) & (counts <= most)).all(axis=(1, 2))
    for row in np.flatnonzero(~right).tolist():
        try:
            _check(path, file, counts[row : row + 1], row, most)
        except ValueError as fault:
            faults.meet(fault)
    return np.flatnonzero(right)


def _slots(path: Path, file: Any) -> Int64[np.ndarray, " slots"]:
    """The half-hours of a file, counted from the year 1.

    Raises:
        ValueError: no such datasets, of other shapes, or half-hours that do not ascend.
    """
    if not {"data", "date"} <= set(file):
        raise ValueError(f"{path}: holds {sorted(file)}, expected data and date")
    shape, count = file["data"].shape, file["date"].shape
    if shape != (*count, 2, SIDE, SIDE):
        raise ValueError(
            f"{path}: data {shape} and date {count}, expected [slot, 2, {SIDE}, {SIDE}] and [slot]"
        )
    slots = np.array([_slot(path, said) for said in file["date"][:]], np.int64)
    back = np.flatnonzero(np.diff(slots) < 1)
    if len(back):
        first, second = map(_text, file["date"][back[0] : back[0] + 2])
        raise ValueError(f"{path}: {second} follows {first}, expected half-hours in order")
    return slots


def _slot(path: Path, said: object) -> int:
    """A half-hour's number, from what a file calls it."""
    text = _text(said)
    matched = SLOT.fullmatch(text)
    try:
        year, month, day, slot = map(int, matched.groups() if matched else ("0",) * 4)
        if not 1 <= slot <= SLOTS_A_DAY:
            raise ValueError
        return date(year, month, day).toordinal() * SLOTS_A_DAY + slot - 1
    except ValueError:
        raise ValueError(
            f"{path}: date {text!r}, expected a day and one of {SLOTS_A_DAY} half-hours, "
            "as in 2013070101"
        ) from None


def _text(said: object) -> str:
    return said.decode("ascii", "replace") if isinstance(said, bytes) else str(said)


def _counts(file: Any, first: int, end: int) -> Counts:
    """What enters each cell."""
    counts: np.ndarray = file["data"][first:end, ENTERING].astype(np.float32)
    return counts


def _check(path: Path, file: Any, counts: Counts, first: int, most: float) -> None:
    """Look at counts that stand in a file from a place on.

    Raises:
        ValueError: one below 0, above `most`, or that is no number.
    """
    wrong = np.argwhere(~((counts >= 0) & (counts <= most)))
    if len(wrong):
        time, row, column = wrong[0].tolist()
        count, when = counts[time, row, column], _text(file["date"][first + time])
        raise ValueError(f"{path}: {count:g} vehicles at {when}, expected 0 to most={most:g}")


def _of(split: Split, days: list[int], validating: int) -> set[int]:
    """The days of one split: the last ones test, those before them validate."""
    testing = max(0, len(days) - TESTING)
    held = max(0, testing - validating)
    parts = {"training": days[:held], "validation": days[held:testing], "test": days[testing:]}
    if split not in parts:
        raise ValueError(f"{split=}, expected one of {', '.join(parts)}")
    return set(parts[split])
