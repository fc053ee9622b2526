"""Data with a unit, as a recipe names them: traffic and rain, real and made."""

from dataclasses import dataclass, replace
from math import inf
from typing import ClassVar

from stlib.data.clips import Origin, Split, of_split
from stlib.data.damage import Damaged
from stlib.data.german_radar import GermanRadarClips, Quantity, german_radar_origin
from stlib.data.rain import RAIN_RATE, RainClips
from stlib.data.taxi_bj import TaxiBJClips, taxi_bj_origin
from stlib.data.traffic import VEHICLES, TrafficClips
from stlib.data.units import Linear, Units

__all__ = ["GermanRadar", "Rain", "TaxiBJ", "Traffic"]

THRESHOLDS = (0.5, 2.0, 5.0)  # mm/h, Ma et al., section 5.5


@dataclass(frozen=True)
class Traffic:
    """`TrafficClips`, by its own arguments: a made city in place of TaxiBJ.

    Attributes:
        training, validation, test: clips in each split.
        source: what it stands in for, and why.
        frames, canvas, seed: as in `TrafficClips`.

    Source: this book.
    """

    training: int = 4_000
    validation: int = 400
    test: int = 1_000
    source: str = "this book: a made city stands in for TaxiBJ, whose files are not at hand"
    frames: int = 8
    canvas: int = 32
    seed: int = 0

    channels: ClassVar[int] = 1  # what enters a cell
    units: ClassVar[Units] = VEHICLES  # vehicles a half-hour

    def open(self, split: Split) -> TrafficClips:
        """The clips of one split.

        Raises:
            ValueError: as `TrafficClips`; also a split that has no clips.
        """
        return TrafficClips(
            of_split(self, split),
            frames=self.frames,
            canvas=self.canvas,
            seed=self.seed,
            split=split,
        )

    def origin(self) -> Origin:
        """Which city.

        Raises:
            ValueError: as `open`.
        """
        return self.open("training").origin()

    def smoke(self) -> "Traffic":
        """A few short clips of a small city."""
        small = min(2, self.validation)
        return replace(self, training=4, validation=small, test=2, frames=5, canvas=16)


@dataclass(frozen=True)
class TaxiBJ:
    """`TaxiBJClips`, by its own arguments; the files are below STLIB_DATA.

    Attributes:
        source: where the setting is printed, and what is ours.
        training, validation, test: how many clips of each split; None is all.
        frames, every, validating, most, damaged: as in `TaxiBJClips`.

    Source: this book.
    """

    source: str
    training: int | None = None
    validation: int | None = None
    test: int | None = None
    frames: int = 8
    every: int = 1
    validating: int = 28
    most: float = 1292.0
    damaged: Damaged = "error"

    canvas: ClassVar[int] = 32  # cells along each side
    channels: ClassVar[int] = 1  # what enters a cell

    @property
    def units(self) -> Units:
        """Vehicles a half-hour."""
        return Linear(VEHICLES.name, self.most)

    def open(self, split: Split) -> TaxiBJClips:
        """The clips of one split.

        Raises:
            FileNotFoundError: the files are not there.
            ValueError: as `TaxiBJClips`.
            ImportError: h5py is missing.
        """
        return TaxiBJClips(
            split=split,
            samples=of_split(self, split),
            frames=self.frames,
            every=self.every,
            validating=self.validating,
            most=self.most,
            damaged=self.damaged,
        )

    def origin(self) -> Origin:
        """Which files are there.

        Raises:
            FileNotFoundError: as `open`.
        """
        return taxi_bj_origin()

    def smoke(self) -> Traffic:
        """A made city, for the files are not at hand everywhere."""
        made = Traffic(source="this book: a made city, for a smoke test needs no files")
        return replace(made, validation=_held(self.validation)).smoke()


@dataclass(frozen=True)
class Rain:
    """`RainClips`, by its own arguments: made rain in place of a radar's.

    Attributes:
        training, validation, test: clips in each split.
        source: what it stands in for, and why.
        frames, canvas, speed, growth, seed: as in `RainClips`.
        thresholds: in mm/h, from which on it rains for the scores of events.

    Raises:
        ValueError: a threshold that is not above 0, or one twice.

    Source: this book.
    """

    training: int = 4_000
    validation: int = 400
    test: int = 1_000
    source: str = "this book: made rain stands in for the radar of the DWD, which is not at hand"
    frames: int = 8
    canvas: int = 64
    speed: tuple[float, float] = (1.0, 3.0)
    growth: bool = True
    seed: int = 0
    thresholds: tuple[float, ...] = THRESHOLDS

    channels: ClassVar[int] = 1  # how much it rains
    units: ClassVar[Units] = RAIN_RATE  # millimetres an hour

    def __post_init__(self) -> None:
        _check(self.thresholds)

    def open(self, split: Split) -> RainClips:
        """The clips of one split.

        Raises:
            ValueError: as `RainClips`; also a split that has no clips.
        """
        return RainClips(
            of_split(self, split),
            frames=self.frames,
            canvas=self.canvas,
            speed=self.speed,
            growth=self.growth,
            seed=self.seed,
            split=split,
        )

    def origin(self) -> Origin:
        """How the rain is drawn.

        Raises:
            ValueError: as `open`.
        """
        return self.open("training").origin()

    def smoke(self) -> "Rain":
        """A few short clips on a small canvas."""
        small = min(2, self.validation)
        return replace(self, training=4, validation=small, test=2, frames=5, canvas=32)


@dataclass(frozen=True)
class GermanRadar:
    """`GermanRadarClips`, by its own arguments; the file is below STLIB_DATA.

    Attributes:
        source: where the setting is printed, and what is ours.
        training, validation, test: how many clips of each split; None is all.
        frames, canvas, every, validating, quantity, damaged: as in `GermanRadarClips`.
        thresholds: in mm/h, from which on it rains for the scores of events.

    Raises:
        ValueError: a threshold that is not above 0, or one twice.

    Source: this book.
    """

    source: str
    training: int | None = None
    validation: int | None = None
    test: int | None = None
    frames: int = 8
    canvas: int = 180
    every: int | None = None
    validating: int = 1
    quantity: Quantity = "mm/5min"
    damaged: Damaged = "error"
    thresholds: tuple[float, ...] = THRESHOLDS

    channels: ClassVar[int] = 1  # how much it rains
    units: ClassVar[Units] = RAIN_RATE  # millimetres an hour

    def __post_init__(self) -> None:
        _check(self.thresholds)

    def open(self, split: Split) -> GermanRadarClips:
        """The clips of one split.

        Raises:
            FileNotFoundError: the file is not there.
            ValueError: as `GermanRadarClips`.
            ImportError: h5py is missing.
        """
        return GermanRadarClips(
            split=split,
            samples=of_split(self, split),
            frames=self.frames,
            canvas=self.canvas,
            every=self.every,
            validating=self.validating,
            quantity=self.quantity,
            damaged=self.damaged,
        )

    def origin(self) -> Origin:
        """Which file is there.

        Raises:
            FileNotFoundError: as `open`.
        """
        return german_radar_origin()

    def smoke(self) -> Rain:
        """Made rain, for the file is not at hand everywhere."""
        made = Rain(source="this book: made rain, for a smoke test needs no files")
        return replace(made, validation=_held(self.validation), thresholds=self.thresholds).smoke()


def _check(thresholds: tuple[float, ...]) -> None:
    if len(set(thresholds)) < len(thresholds) or not all(0 < each < inf for each in thresholds):
        raise ValueError(f"{thresholds=}: expected mm/h above 0, each once")


def _held(validation: int | None) -> int:
    """Clips to validate on, for a recipe that does or does not."""
    return 0 if validation == 0 else 2
