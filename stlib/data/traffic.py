"""Traffic of a made city: it stands in for the counts of TaxiBJ.

A city hangs on the seed alone: its streets, its districts to live, to work and to go out in, each
of its own shape and habits, and how many commute between which. From it follows how many vehicles
are expected to enter each cell in each half-hour of a week. A clip is a stretch of some week, all
of it busier or quieter than others, and counted: where 100 are expected, 90 come, or 110.

A clip is a function of the seed, the split and its index; a longer one begins with a shorter one.
"""

import hashlib
from functools import cached_property
from typing import NamedTuple, TypeAlias

import numpy as np
import torch
from jaxtyping import Float64

from stlib.data.clips import Clip, MeasuredClips, Origin, Split, existing
from stlib.data.streams import natural, nearly_normal, stream, unit
from stlib.data.units import Linear

__all__ = ["SLOTS_A_DAY", "SLOTS_A_WEEK", "VEHICLES", "TrafficClips"]

Counts: TypeAlias = Float64[np.ndarray, "_time _height _width"]

SLOTS_A_DAY = 48  # half-hours
SLOTS_A_WEEK = 7 * SLOTS_A_DAY  # from Monday, midnight
WEEKDAYS = 5
VEHICLES = Linear("vehicles per half-hour", most=1292.0)

VERSION = 1  # of the drawing; one more whenever clips come out otherwise than before
BUSIEST = 800.0  # vehicles expected in the busiest cell's busiest slot
HOMES, WORKS, OUT = 7, 4, 3  # districts
STOPS = 12  # places on a commuter's way
CROSSING = 2.0  # hours from one side of the city to the other
ROAD = 0.045  # half the width of a way, as a share of the canvas
GRAIN = 6  # squares of the pattern of streets, and of moods, along each side
CITY, STREETS, CLIPS, MOOD, COUNTING = range(5)  # streams of random numbers


class _District(NamedTuple):
    """Where people live, work or go out; lengths are shares of the canvas."""

    place: Float64[np.ndarray, " 2"]  # row and column
    spread: Float64[np.ndarray, " 2"]  # along rows, and along columns
    weight: float
    late: float  # hours later than elsewhere


class _Stream(NamedTuple):
    """Vehicles around one place, and when they come: most at an hour, fewer before and after."""

    place: Float64[np.ndarray, " 2"]
    spread: Float64[np.ndarray, " 2"]
    workdays: float  # how many, at that hour
    days_off: float
    hour: float
    width: float  # hours


class TrafficClips(MeasuredClips):
    """Clips of vehicles entering each cell, drawn when they are asked for.

    Source: this book; Zhang, Zheng and Qi 2017 for what it stands in for: half-hours, 32 x 32
    cells, the range of the counts.
    """

    units = VEHICLES

    def __init__(
        self,
        samples: int,
        *,
        frames: int = 8,
        canvas: int = 32,
        seed: int = 0,
        split: Split = "training",
    ) -> None:
        """Choose a city; it is built with the first clip.

        Args:
            samples: clips in the data set.
            frames: of a clip, a half-hour each.
            canvas: height and width in cells, from 8.
            seed: another one gives another city and other clips.
            split: 'training', 'validation' or 'test': other weeks in each, in the same city.

        Raises:
            ValueError: a number out of its range.
        """
        if min(samples, frames) < 1:
            raise ValueError(f"{samples=}, {frames=}: each counts from 1")
        if canvas < 8:
            raise ValueError(f"{canvas=}, expected at least 8: districts would be lost")
        self.samples, self.frames, self.canvas = samples, frames, canvas
        self.seed, self.split = natural(seed), split

    def __len__(self) -> int:
        return self.samples

    def __getitem__(self, index: int) -> Clip:
        """Clip `index`, in [0, 1].

        Raises:
            IndexError: there is no such clip.
        """
        return self.units.from_units(torch.from_numpy(self.vehicles(index))[:, None]).float()

    def origin(self) -> Origin:
        """Which city; the same for every split."""
        numbers = (VERSION, self.seed, self.canvas, self.frames)
        hashed = hashlib.sha256(repr(numbers).encode()).hexdigest()
        return Origin("made traffic in place of TaxiBJ", hashed)

    def first(self, index: int) -> int:
        """In which half-hour of the week clip `index` begins, from 0.

        Raises:
            IndexError: there is no such clip.
        """
        return int(self._choices(index)[0] * SLOTS_A_WEEK)

    def expected(self, index: int) -> Counts:
        """How many vehicles are to be expected in clip `index`, before they are counted.

        Raises:
            IndexError: there is no such clip.
        """
        _, level, trend = self._choices(index)
        time = np.arange(self.frames)
        usual = self.week[(self.first(index) + time) % SLOTS_A_WEEK]
        moods = stream(self.seed, self.split, MOOD, index).random_raw((GRAIN + 1) ** 2)
        mood = self._between(0.15 * nearly_normal(moods))
        busy = 0.3 * (level - 0.5) + 0.06 * (trend - 0.5) * time
        return usual * np.exp(busy[:, None, None] + mood)

    def vehicles(self, index: int) -> Counts:
        """Clip `index` in vehicles a half-hour, as they are counted: the deviation is a root.

        Raises:
            IndexError: there is no such clip.
        """
        expected = self.expected(index)
        size = self.canvas**2
        drawn = [
            stream(self.seed, self.split, COUNTING, index, time).random_raw(size)
            for time in range(self.frames)
        ]
        chance = nearly_normal(np.stack(drawn)).reshape(expected.shape)
        counted: np.ndarray = np.maximum(np.rint(expected + np.sqrt(expected) * chance), 0)
        return counted

    def _choices(self, index: int) -> Float64[np.ndarray, " 3"]:
        """When a clip begins, how busy it is, and what becomes of that."""
        index = existing(index, self.samples)
        return unit(stream(self.seed, self.split, CLIPS, index).random_raw(3))

    @cached_property
    def week(self) -> Counts:
        """Vehicles expected in each half-hour of a week, from Monday, midnight; in any split."""
        homes, works, out = self._districts()
        streams = []
        for many, off, hour, width, districts in (
            (0.3, 0.3, 20.0, 1.8, homes),
            (0.0, 0.6, 14.0, 4.0, homes),
            (0.6, 0.0, 13.0, 2.5, works),
            (0.5, 0.5, 20.0, 1.8, out),
            (0.0, 1.0, 17.0, 4.0, out),
        ):
            for at in districts:
                share = at.weight * many, at.weight * off
                streams.append(_Stream(at.place, at.spread, *share, hour + at.late, width))
        for home in homes:
            for work in works:
                streams += _commute(home, work)
        places, spreads, workdays, days_off, hours, widths = map(
            np.array, zip(*streams, strict=True)
        )
        side = (np.arange(self.canvas) + 0.5) / self.canvas
        away = (side - places[:, :, None]) / spreads[:, :, None]
        rows, columns = np.exp(-(away**2) / 2).swapaxes(0, 1)
        around = (rows[:, :, None] * columns[:, None, :]).reshape(len(streams), -1)
        curves = _bump(hours, widths)
        through = 0.08 + 0.3 * _bump(np.array(14.0), np.array(4.5))  # traffic of no district
        workday, day_off = (
            (curves * many @ around).reshape(SLOTS_A_DAY, self.canvas, -1) + through[:, :, None]
            for many in (workdays, days_off)
        )
        busy = np.concatenate([workday] * WEEKDAYS + [day_off] * (7 - WEEKDAYS))
        grid = unit(stream(self.seed, "training", STREETS).random_raw((GRAIN + 1) ** 2))
        week: np.ndarray = busy * (0.3 + self._between(grid))
        return week * (BUSIEST / week.max())

    def _districts(self) -> tuple[list[_District], list[_District], list[_District]]:
        """Homes lie anywhere, work in the middle, going out in between."""
        count = HOMES + WORKS + OUT
        bits = stream(self.seed, "training", CITY).random_raw(6 * count)
        drawn = unit(bits).reshape(count, 6)
        room = [0.8] * HOMES + [0.4] * WORKS + [0.6] * OUT
        made = [
            _District(
                place=0.5 + wide * (each[:2] - 0.5),
                spread=0.05 + 0.07 * each[2:4],
                weight=0.4 + 0.6 * float(each[4]),
                late=float(each[5]) - 0.5,
            )
            for wide, each in zip(room, drawn, strict=True)
        ]
        return made[:HOMES], made[HOMES:-OUT], made[-OUT:]

    def _between(
        self, knots: Float64[np.ndarray, " knots"]
    ) -> Float64[np.ndarray, "_height _width"]:
        """A smooth pattern through numbers on a coarse grid."""
        place = np.linspace(0, GRAIN, self.canvas)
        hats = np.maximum(0, 1 - np.abs(place[:, None] - np.arange(GRAIN + 1)))
        pattern: np.ndarray = hats @ knots.reshape(GRAIN + 1, -1) @ hats.T
        return pattern


def _commute(home: _District, work: _District) -> list[_Stream]:
    """Along the way from home to work in the morning, and back in the evening."""
    far = float(np.hypot(*(work.place - home.place)))
    many = 0.3 * home.weight * work.weight * float(np.exp(-far / 0.5))
    streams = []
    for share in np.linspace(0, 1, STOPS).tolist():
        near = np.maximum(ROAD, (1 - share) * home.spread / 2)
        place = home.place + share * (work.place - home.place)
        spread = np.maximum(near, share * work.spread / 2)
        there = 7.75 + work.late / 2 + share * far * CROSSING
        back = 17.75 + work.late / 2 + (1 - share) * far * CROSSING
        streams.append(_Stream(place, spread, many, 0.0, there, 1.0))
        streams.append(_Stream(place, spread, many, 0.0, back, 1.3))
    return streams


def _bump(
    hours: Float64[np.ndarray, "*streams"], widths: Float64[np.ndarray, "*streams"]
) -> Float64[np.ndarray, "_day _streams"]:
    """A day around some hours: 1 there, less before and after."""
    time = (np.arange(SLOTS_A_DAY)[:, None] + 0.5) * 24 / SLOTS_A_DAY
    away = (time - hours + 12) % 24 - 12
    curves: np.ndarray = np.exp(-((away / widths) ** 2) / 2)
    return curves
