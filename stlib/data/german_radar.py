"""Rain over Germany as radar sees it, in one HDF5 file.

::

    RYDL.hdf5               a dataset a map, named by its time (UTC)
        201706012355        rain on a square grid of 1 km; 900 x 900 cells

Other layouts are refused. What no radar sees is NaN or below 0. Values are millimetres in five
minutes, unless another quantity is named. A frame is every thirtieth minute's map, in means over
square blocks of cells: 5 x 5 of them make the paper's 180 x 180 of 900 x 900. The paper says
'interpolate'; a mean keeps the amount of rain, while bilinear interpolation at a fifth of the size
would look at four cells of 25. A block is the mean of the cells that are seen, and dry if none is.
"""

import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import torch
from jaxtyping import Float64, Real

from stlib.data.clips import Clip, MeasuredClips, Origin, Split, existing, mixed
from stlib.data.damage import Damaged, Faults
from stlib.data.folders import find, missing
from stlib.data.hdf5 import opened
from stlib.data.rain import RAIN_RATE
from stlib.data.windows import windows

__all__ = [
    "GermanRadarClips",
    "Quantity",
    "block_means",
    "german_radar_folder",
    "german_radar_origin",
]

Quantity: TypeAlias = Literal["mm/5min", "0.01mm/5min", "mm/h"]

FILE = "RYDL.hdf5"
HOURLY: dict[Quantity, float] = {"mm/5min": 12.0, "0.01mm/5min": 0.12, "mm/h": 1.0}
FIRST, LAST_TRAINING, LAST = 2006, 2014, 2017  # years
MINUTES = 30  # from one frame to the next
NAME = re.compile(r"\d{12}")
REMEDY = "Ayzel et al. 2020, who made RainNet, say where the DWD's RY product is had as HDF5"


class GermanRadarClips(MeasuredClips):
    """Clips of rain over Germany in mm/h, read when they are asked for.

    Attributes:
        maps: how many half-hourly maps the split has.
        skipped: what was wrong with each map left out; empty where damage is an error.

    Source: Ayzel, Scheffer and Heistermann 2020; Ma et al., section 5.5, who do not say how often a
    clip begins, nor whether dry ones were left out: none is left out here.
    """

    units = RAIN_RATE

    def __init__(
        self,
        folder: str | Path | None = None,
        *,
        split: Split = "training",
        samples: int | None = None,
        frames: int = 8,
        canvas: int = 180,
        every: int | None = None,
        validating: int = 1,
        quantity: Quantity = "mm/5min",
        damaged: Damaged = "error",
    ) -> None:
        """Find the maps; they are read later.

        Args:
            folder: that holds the file, or ``german_radar/`` with it; None is STLIB_DATA.
            split: 'training', 'validation' or 'test': 2006 to 2014, but for those that validate,
                and 2015 to 2017. A clip belongs to the year in which it ends.
            samples: how many clips; None is all.
            frames: of a clip, half an hour from one to the next.
            canvas: height and width in blocks; the maps' own are a multiple of it.
            every: half-hours from the start of one clip to that of the next; None is `frames`, so
                that no two overlap. Below it, clips on either side of a turn of the year, and of
                two splits, share frames.
            validating: how many of the training years, the last ones, validate; 0 is the paper's.
            quantity: what the values are.
            damaged: 'error' raises at a dataset that is no map, and at a broken map when it is
                read; 'skip' reads all maps now, leaves those out, and warns.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: a number out of its range, another quantity, a damaged file, fewer clips
                than asked for.
            ImportError: h5py is missing.
        """
        if canvas < 1:
            raise ValueError(f"{canvas=}: counts from 1")
        if quantity not in get_args(Quantity):
            raise ValueError(f"{quantity=}, expected one of {', '.join(get_args(Quantity))}")
        years, faults = _years(split, validating), Faults(damaged)
        self.file = _folder(folder) / FILE
        self.frames, self.canvas, self.scale = frames, canvas, HOURLY[quantity]
        with opened(self.file) as file:
            held = sorted(_maps(self.file, file, faults).items())
            if damaged == "skip":
                held = [(when, name) for when, name in held if self._is_whole(file, name, faults)]
        faults.tell("German radar", "maps")
        self.skipped = tuple(faults.noted)
        moments = np.array([_moment(when) for when, _ in held], np.int64)
        starts = windows(moments, frames, frames if every is None else every).tolist()
        chosen = [
            tuple(name for _, name in held[first : first + frames])
            for first in starts
            if held[first + frames - 1][0].year in years
        ]
        self.maps = sum(when.year in years for when, _ in held)
        self.clips = [chosen[place] for place in mixed([names[0] for names in chosen], samples)]

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, index: int) -> Clip:
        """Clip `index`, in [0, 1].

        Raises:
            IndexError: there is no such clip.
            FileNotFoundError: the file has gone.
            ValueError: a map is damaged.
            ImportError: h5py is missing.
        """
        names = self.clips[existing(index, len(self))]
        with opened(self.file) as file:
            rates = np.stack([self._rate(file, name) for name in names])
        return self.units.from_units(torch.from_numpy(rates)[:, None]).float()

    def _rate(self, file: Any, name: str) -> Float64[np.ndarray, "_height _width"]:
        """One map, in mm/h."""
        held, where = file[name], f"{self.file}, {name}"
        if not hasattr(held, "dtype"):
            raise ValueError(f"{where}: a group, expected numbers on a square")
        if held.dtype.kind not in "iuf" or held.ndim != 2:
            raise ValueError(
                f"{where}: {held.dtype} of shape {held.shape}, expected numbers on a square"
            )
        values = held[()]
        try:
            return self.scale * block_means(values, self.canvas)
        except ValueError as fault:
            raise ValueError(f"{where}: {fault}") from fault

    def _is_whole(self, file: Any, name: str, faults: Faults) -> bool:
        try:
            self._rate(file, name)
        except (OSError, RuntimeError, ValueError) as fault:
            faults.meet(ValueError(str(fault)))
            return False
        return True


def block_means(
    values: Real[np.ndarray, "height width"], canvas: int
) -> Float64[np.ndarray, "{canvas} {canvas}"]:
    """A map in square blocks: the mean of the cells that were seen in each, 0 where none was.

    Args:
        values: NaN or below 0 where nothing was seen.
        canvas: blocks along each side.

    Raises:
        ValueError: a map that is not square, or no multiple of `canvas`; one on which nothing was
            seen, or that holds an infinite value.

    Source: this book.
    """
    height, width = values.shape
    if height != width or height % canvas:
        raise ValueError(f"a map of {height} x {width}, expected a square, a multiple of {canvas}")
    if np.isposinf(values).any():
        raise ValueError("an infinite value, expected numbers")
    blocks = values.reshape(canvas, height // canvas, canvas, width // canvas)
    seen = blocks >= 0  # NaN is not
    count = seen.sum(axis=(1, 3))
    if not count.any():
        raise ValueError("nothing was seen, expected some numbers from 0")
    total = np.where(seen, blocks, 0).sum(axis=(1, 3), dtype=np.float64)
    means: np.ndarray = total / np.maximum(count, 1)
    return means


def german_radar_folder(folder: str | Path | None = None) -> Path | None:
    """The folder with the maps: `folder` itself, or ``german_radar`` in it; None if neither.

    Args:
        folder: where to look; None is the environment variable STLIB_DATA.

    Source: this book.
    """
    return find("german_radar", FILE, folder)


def german_radar_origin(folder: str | Path | None = None) -> Origin:
    """How large the file of maps is, and a hash of its name and size.

    Args:
        folder: as for `GermanRadarClips`.

    Raises:
        FileNotFoundError: there is no such file.

    Source: this book.
    """
    size = (_folder(folder) / FILE).stat().st_size
    hashed = hashlib.sha256(repr((FILE, size)).encode()).hexdigest()
    return Origin(f"German radar, {size:,} bytes", hashed)


def _folder(folder: str | Path | None) -> Path:
    found = german_radar_folder(folder)
    if found is None:
        raise missing("german_radar", FILE, folder, REMEDY)
    return found


def _years(split: Split, validating: int) -> range:
    """The years of one split; no two splits share any.

    Raises:
        ValueError: an unknown split, or no year left to train.
    """
    if not 0 <= validating <= LAST_TRAINING - FIRST:
        raise ValueError(f"{validating=}, expected 0 to {LAST_TRAINING - FIRST} training years")
    held = LAST_TRAINING - validating
    parts = {
        "training": range(FIRST, held + 1),
        "validation": range(held + 1, LAST_TRAINING + 1),
        "test": range(LAST_TRAINING + 1, LAST + 1),
    }
    if split not in parts:
        raise ValueError(f"{split=}, expected one of {', '.join(parts)}")
    return parts[split]


def _maps(path: Path, file: Any, faults: Faults) -> dict[datetime, str]:
    """The names of the maps that become frames, by their times."""
    maps: dict[datetime, str] = {}
    for name in file:
        try:
            if not NAME.fullmatch(name):
                raise ValueError
            when = datetime.strptime(name, "%Y%m%d%H%M").replace(tzinfo=UTC)
        except ValueError:
            told = f"{path}: dataset {name!r}, expected maps named by their time, as 201706012355"
            faults.meet(ValueError(told))
            continue
        if when.minute % MINUTES == 0:
            maps[when] = name
    return maps


def _moment(when: datetime) -> int:
    """How many half-hours have passed since 1970."""
    return int(when.timestamp()) // (60 * MINUTES)
