"""Rain that drifts, turns, grows and decays: it stands in for a radar's films.

The wind is a steady flow without divergence, a drift and a few eddies. It carries everything: what
is seen at a place and a time is what the air there brought along. So rain is painted where it was
at the beginning, in storms that hold cells of several sizes, and each frame looks up where its air
came from. Storms swell and ebb; their cells are born, grow and decay, one after another. The map
is periodic and larger than the canvas, which sees a part of it.

A clip is a function of the seed, the split and its index; a longer one begins with a shorter one.
"""

import hashlib
from typing import NamedTuple, TypeAlias

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Float64, Int64

from stlib.data.clips import Clip, MeasuredClips, Origin, Split, existing
from stlib.data.streams import natural, nearly_normal, stream, unit
from stlib.data.units import Logarithmic

__all__ = ["RAIN_RATE", "RainClips"]

Places: TypeAlias = Float64[np.ndarray, "*_axes 2"]  # row and column, in pixels
Rates: TypeAlias = Float64[np.ndarray, "_time _height _width"]

RAIN_RATE = Logarithmic("mm/h", knee=0.5, most=100.0)

VERSION = 1  # of the drawing; one more whenever clips come out otherwise than before
MARGIN = 64  # pixels by which the map is larger than the canvas
EDDIES = 5
WIDEST, NARROWEST = 96, 32  # wavelengths of the eddies, in pixels
TURN = 0.35  # of the drift: the speed in an eddy, at most
STORM = 56  # pixels: there is one storm to a square of this side
CELLS = 12  # in a storm, at any time
AT_ONCE = 2**15  # numbers held while painting
SINGLE = np.float32  # precise to a hundred-thousandth of a pixel, and twice as fast
SKY, STORMS, LIVES, BIRTHS = range(4)  # streams of random numbers


class _Sky(NamedTuple):
    """The wind of one clip, and how wet it is."""

    drift: Float32[np.ndarray, " 2"]  # pixels a frame
    waves: Float32[np.ndarray, "_eddies 2"]  # radians a pixel
    turns: Float32[np.ndarray, " _eddies"]  # pixels a frame
    phases: Float32[np.ndarray, " _eddies"]
    wetness: float


class _Cells(NamedTuple):
    """Round patches of rain, where their air was at the beginning."""

    places: Places
    radii: Float64[np.ndarray, " _cells"]  # in pixels; beyond it is no rain
    peaks: Float64[np.ndarray, " _cells"]  # mm/h, in the middle, when it is strongest
    births: Float64[np.ndarray, " _cells"]  # frames from the beginning
    lives: Float64[np.ndarray, " _cells"]  # frames


class RainClips(MeasuredClips):
    """Clips of rain in mm/h, drawn when they are asked for.

    Of all pixels, 0.22 have 0.5 mm/h or more, 0.09 have 2, 0.03 have 5; more than half are dry.

    Source: this book, in the manner of the cluster models of rainfall (Waymire, Gupta and
    Rodriguez-Iturbe 1984): cells in storms, each with a life of its own.
    """

    units = RAIN_RATE

    def __init__(
        self,
        samples: int,
        *,
        frames: int = 8,
        canvas: int = 64,
        speed: tuple[float, float] = (1.0, 3.0),
        growth: bool = True,
        seed: int = 0,
        split: Split = "training",
    ) -> None:
        """Choose what to draw; nothing is drawn yet.

        Args:
            samples: clips in the data set.
            frames: of a clip; think of half an hour from one to the next.
            canvas: height and width in pixels, from 8; think of 5 km each.
            speed: slowest and fastest drift, in pixels a frame; each clip draws its own.
            growth: storms and cells come and go; else the first frame is only carried along.
            seed: another one gives other clips.
            split: 'training', 'validation' or 'test': other clips in each.

        Raises:
            ValueError: a number out of its range.
        """
        if min(samples, frames) < 1:
            raise ValueError(f"{samples=}, {frames=}: each counts from 1")
        if canvas < 8:
            raise ValueError(f"{canvas=}, expected at least 8: cells would be lost")
        if not 0 <= speed[0] <= speed[1] < float("inf"):
            raise ValueError(f"{speed=}, expected (slowest, fastest) in pixels per frame, from 0")
        self.samples, self.frames, self.canvas = samples, frames, canvas
        self.speed, self.growth = (float(speed[0]), float(speed[1])), growth
        self.seed, self.split = natural(seed), split
        self.map = canvas + MARGIN  # pixels until it repeats itself

    def __len__(self) -> int:
        return self.samples

    def __getitem__(self, index: int) -> Clip:
        """Clip `index`, in [0, 1].

        Raises:
            IndexError: there is no such clip.
        """
        return self.units.from_units(torch.from_numpy(self.rates(index))[:, None]).float()

    def origin(self) -> Origin:
        """How the rain is drawn; the same for every split."""
        how = "growing and decaying" if self.growth else "only carried along"
        numbers = (VERSION, self.seed, self.canvas, self.frames, self.speed, self.growth)
        name = f"made rain in place of a radar's ({how})"
        return Origin(name, hashlib.sha256(repr(numbers).encode()).hexdigest())

    def rates(self, index: int) -> Rates:
        """Clip `index` in mm/h.

        Raises:
            IndexError: there is no such clip.
        """
        side = np.arange(self.canvas, dtype=np.float64)
        places = np.stack(np.meshgrid(side, side, indexing="ij"), axis=-1)
        return self.rates_at(index, places)

    def rates_at(self, index: int, places: Float64[np.ndarray, "*axes 2"]) -> np.ndarray:
        """How much it rains in clip `index` at places of your own, in mm/h.

        Args:
            index: of the clip.
            places: rows and columns in pixels; the map repeats itself.

        Returns:
            ``[time, *axes]``.

        Raises:
            IndexError: there is no such clip.
        """
        sky, cells = self._sky(index), self._cells(index)
        flat = places.reshape(-1, 2).astype(SINGLE)
        frames = []
        for time in range(self.frames):
            if time:
                flat = _carried(sky, flat, -1.0)
            frames.append(self._painted(cells, flat, float(time)))
        return sky.wetness * np.stack(frames).reshape(self.frames, *places.shape[:-1])

    def wind(
        self, index: int, places: Float64[np.ndarray, "*axes 2"]
    ) -> Float64[np.ndarray, "*axes 2"]:
        """The wind in clip `index`, the same in every frame: rows and columns a frame.

        Args:
            index: of the clip.
            places: rows and columns in pixels.

        Raises:
            IndexError: there is no such clip.
        """
        return _wind(self._sky(index), places)

    def _painted(
        self, cells: _Cells, places: Float32[np.ndarray, "points 2"], time: float
    ) -> Float64[np.ndarray, " points"]:
        """What the air brings that was at these places in the beginning."""
        strength = cells.peaks * self._strength(cells, time)
        rows, columns = places.T.astype(SINGLE, order="C")
        least, most = (
            np.array([bound(rows), bound(columns)], np.float64) for bound in (np.min, np.max)
        )
        seen, number = self._seen(cells, strength > 0, least, most)
        near, far = (seen / cells.radii[number, None]).astype(SINGLE).T[:, :, None]
        wide = (1 / cells.radii[number, None]).astype(SINGLE)
        strong = strength[number].astype(SINGLE)
        rate = np.zeros(len(places))
        some = max(1, AT_ONCE // len(places))
        for part in (slice(first, first + some) for first in range(0, len(seen), some)):
            row, column = wide[part] * rows - near[part], wide[part] * columns - far[part]
            patch = np.maximum(1 - row * row - column * column, 0)
            rate += strong[part] @ (patch * patch)
        return rate

    def _seen(
        self,
        cells: _Cells,
        alive: Bool[np.ndarray, " cells"],
        least: Float64[np.ndarray, " 2"],
        most: Float64[np.ndarray, " 2"],
    ) -> tuple[Float64[np.ndarray, "_seen 2"], Int64[np.ndarray, " _seen"]]:
        """Where living cells lie on the repeating map, if they are seen; and which they are."""
        least, most = least - cells.radii[:, None], most + cells.radii[:, None]
        first = np.ceil((least - cells.places) / self.map).min(axis=0).astype(int)
        last = np.floor((most - cells.places) / self.map).max(axis=0).astype(int)
        copies = np.stack(
            np.meshgrid(*(np.arange(a, b + 1) for a, b in zip(first, last, strict=True))), axis=-1
        )
        there = cells.places + self.map * copies.reshape(-1, 1, 2)
        copy, number = np.nonzero(alive & ((least < there) & (there < most)).all(axis=-1))
        return there[copy, number], number

    def _strength(self, cells: _Cells, time: float) -> Float64[np.ndarray, " cells"]:
        """Of the peak: nothing at birth and death, all of it half-way."""
        age = ((time if self.growth else 0.0) - cells.births) / cells.lives
        strength: np.ndarray = np.where((age > 0) & (age < 1), 4 * age * (1 - age), 0)
        return strength

    def _sky(self, index: int) -> _Sky:
        index = existing(index, self.samples)
        bits = stream(self.seed, self.split, SKY, index).random_raw(3 + 4 * EDDIES)
        pace, heading, fast, *_ = unit(bits[:3])
        wavelength, direction, turn, phase = unit(bits[3:]).reshape(4, EDDIES)
        speed = self.speed[0] + (self.speed[1] - self.speed[0]) * pace
        angle = 2 * np.pi * heading
        # Whole numbers of waves, so that the wind repeats itself as the map does.
        count = self.map / (NARROWEST * (WIDEST / NARROWEST) ** wavelength)
        turned = 2 * np.pi * direction
        waves = np.rint(count[:, None] * np.stack([np.sin(turned), np.cos(turned)], axis=1))
        return _Sky(
            drift=(speed * np.array([np.sin(angle), np.cos(angle)])).astype(SINGLE),
            waves=(2 * np.pi / self.map * waves).astype(SINGLE),
            turns=(TURN * speed * turn).astype(SINGLE),
            phases=(2 * np.pi * phase).astype(SINGLE),
            wetness=float(0.5 + fast),
        )

    def _cells(self, index: int) -> _Cells:
        """Everything that rains during a clip: the storms' own drizzle, and their cells."""
        number = max(1, round(self.map**2 / STORM**2))
        bits = stream(self.seed, self.split, STORMS, index).random_raw(6 * number)
        row, column, large, strong, long, phase = unit(bits).reshape(6, number)
        centres = self.map * np.stack([row, column], axis=1)
        radii = 14 * 2.5**large  # 14 to 35 pixels
        ebb = 16 + 32 * long  # frames from one low to the next
        parts = [
            _Cells(centres, radii, 0.4 + 1.6 * strong, ebb * (again - phase), ebb)
            for again in range(1 + int(self.frames / ebb.min() + 1))
        ]
        bits = stream(self.seed, self.split, LIVES, index).random_raw(2 * number * CELLS)
        long, phase = unit(bits).reshape(2, number * CELLS)
        lives = 4 + 10 * long  # frames
        for again in range(1 + int(self.frames / lives.min() + 1)):
            births = lives * (again - phase)
            parts.append(self._born(index, again, centres, radii, births, lives))
        return _Cells(*(np.concatenate(part) for part in zip(*parts, strict=True)))

    def _born(
        self,
        index: int,
        again: int,
        centres: Float64[np.ndarray, "storms 2"],
        radii: Float64[np.ndarray, " storms"],
        births: Float64[np.ndarray, " cells"],
        lives: Float64[np.ndarray, " cells"],
    ) -> _Cells:
        """The cells that come after the first ones, or after those that came after them."""
        bits = stream(self.seed, self.split, BIRTHS, index, again).random_raw(4 * len(births))
        away, turn, large, strong = bits.reshape(4, len(births))
        reach = 0.8 * np.repeat(radii, CELLS) * np.sqrt(unit(away))
        angle = 2 * np.pi * unit(turn)
        return _Cells(
            places=np.repeat(centres, CELLS, axis=0)
            + reach[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1),
            radii=3 * 3.5 ** unit(large),  # 3 to 10.5 pixels
            peaks=3 * np.exp(0.9 * nearly_normal(strong)),
            births=births,
            lives=lives,
        )


def _wind(sky: _Sky, places: Float[np.ndarray, "*axes 2"]) -> Float[np.ndarray, "*axes 2"]:
    """A drift, and eddies: each flows along the crests of its wave, so that nothing piles up."""
    along = np.stack([sky.waves[:, 1], -sky.waves[:, 0]], axis=1)
    length = np.maximum(np.hypot(*sky.waves.T), SINGLE(1e-12))
    turns = sky.turns * np.cos(places @ sky.waves.T + sky.phases) / length
    wind: np.ndarray = sky.drift + turns @ along
    return wind


def _carried(
    sky: _Sky, places: Float32[np.ndarray, "points 2"], frames: float
) -> Float32[np.ndarray, "points 2"]:
    """Where the wind takes what is at these places: one step of Runge and Kutta's method."""
    first = _wind(sky, places)
    second = _wind(sky, places + frames / 2 * first)
    third = _wind(sky, places + frames / 2 * second)
    fourth = _wind(sky, places + frames * third)
    return places + frames / 6 * (first + 2 * second + 2 * third + fourth)
