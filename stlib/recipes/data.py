"""Data as a recipe names it: numbers that open a data set.

Each choice says `frames`, `canvas` (height and width; one number is both), `channels`, and in
`training`, `validation` and `test` how many clips a split has; None where only opening it tells.
`open(split)` gives them as a `stlib.data.clips.ClipSet`, labelled where the data are, `origin()`
what a result says of them, `smoke()` a choice that takes seconds and needs no files. What was
measured, or is made as if it had been, has `units`; `Rainfall` also `thresholds`.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, TypeAlias

from stlib.data.actions import Action, Division
from stlib.data.clips import Canvas, Origin, Split, of_split
from stlib.data.crops import Crops
from stlib.data.damage import Damaged
from stlib.data.kinetics import KineticsClips, kinetics_origin
from stlib.data.kth import KTHClips, kth_origin
from stlib.data.moving_mnist import Preset
from stlib.data.something import SomethingClips, something_origin, something_subset
from stlib.data.something_v1 import SomethingV1Clips, something_v1_origin
from stlib.data.sticks import Background, StickClips
from stlib.data.video import Filter
from stlib.recipes.measured import GermanRadar, Rain, TaxiBJ, Traffic
from stlib.recipes.rotating import RotatingMNIST

__all__ = [
    "KTH",
    "DataChoice",
    "Films",
    "GermanRadar",
    "Kinetics",
    "Rain",
    "Rainfall",
    "RotatingMNIST",
    "Something",
    "SomethingV1",
    "StickKTH",
    "TaxiBJ",
    "Traffic",
]


@dataclass(frozen=True)
class StickKTH:
    """`StickClips`, by its own arguments: stick figures in place of KTH's films.

    Attributes:
        training, validation, test: clips in each split.
        source: what it stands in for, and why.
        frames, canvas, channels, background, noise, tempo, actions, seed: as in `StickClips`.

    Source: this book.
    """

    training: int = 1_200
    validation: int = 180
    test: int = 540
    source: str = "this book: stick figures stand in for the films of KTH, which are not free"
    frames: int = 20
    canvas: Canvas = 64
    channels: int = 1
    background: Background = "plain"
    noise: float = 0.0
    tempo: float = 1.0
    actions: tuple[Action, ...] = ()
    seed: int = 0

    def open(self, split: Split) -> StickClips:
        """The clips of one split.

        Raises:
            ValueError: as `StickClips`; also a split that has no clips.
        """
        return StickClips(
            of_split(self, split),
            frames=self.frames,
            canvas=self.canvas,
            channels=self.channels,
            background=self.background,
            noise=self.noise,
            tempo=self.tempo,
            actions=self.actions,
            seed=self.seed,
            split=split,
        )

    def origin(self) -> Origin:
        """Which figures, and how they are drawn.

        Raises:
            ValueError: as `open`.
        """
        return self.open("training").origin()

    def smoke(self) -> "StickKTH":
        """One short clip of each action on a small canvas."""
        return replace(
            self, training=6, validation=min(6, self.validation), test=6, frames=5, canvas=32
        )


@dataclass(frozen=True)
class KTH:
    """`KTHClips`, by its own arguments; the films are below STLIB_DATA.

    Attributes:
        source: where the setting is printed, and what is ours.
        training, validation, test: how many clips of each split; None is all.
        frames, canvas, actions, every, division, validating, filter, damaged: as in `KTHClips`.

    Source: this book.
    """

    source: str
    training: int | None = None
    validation: int | None = None
    test: int | None = None
    frames: int = 20
    canvas: Canvas = 128
    actions: tuple[Action, ...] = ()
    every: int | tuple[int, ...] | None = None
    division: Division = "sixteen train"
    validating: int = 3
    filter: Filter = "bilinear"
    damaged: Damaged = "error"

    channels: ClassVar[int] = 1  # the films are gray

    def open(self, split: Split) -> KTHClips:
        """The clips of one split.

        Raises:
            FileNotFoundError: the films are not there.
            ValueError: as `KTHClips`.
            ImportError: PyAV is missing.
        """
        return KTHClips(
            split=split,
            samples=of_split(self, split),
            frames=self.frames,
            canvas=self.canvas,
            actions=self.actions,
            every=self.every,
            division=self.division,
            validating=self.validating,
            filter=self.filter,
            damaged=self.damaged,
        )

    def origin(self) -> Origin:
        """Which films are there.

        Raises:
            FileNotFoundError, ValueError: as `open`.
        """
        return kth_origin()

    def smoke(self) -> StickKTH:
        """Stick figures that do the same, for the films are not at hand everywhere."""
        held = 0 if self.validation == 0 else _SMOKE.validation
        return replace(_SMOKE, validation=held, actions=self.actions)


@dataclass(frozen=True)
class Something:
    """`SomethingClips`, by its own arguments; the films are below STLIB_DATA.

    Attributes:
        source: where the setting is printed, and what is ours.
        training, validation, test: how many clips of each split; None is all.
        templates: a text file beside the files of labels, a template of the subset a line; '' is
            all 174.
        frames, share, canvas, filter, damaged: as in `SomethingClips`.

    Source: this book.
    """

    source: str
    training: int | None = None
    validation: int | None = None
    test: int | None = None
    templates: str = ""
    frames: int = 20
    share: float = 1.0
    canvas: int = 224
    filter: Filter = "bilinear"
    damaged: Damaged = "error"

    channels: ClassVar[int] = 3  # red, green and blue

    def open(self, split: Split) -> SomethingClips:
        """The clips of one split.

        Raises:
            FileNotFoundError: the films, or the file of templates, are not there.
            ValueError: as `SomethingClips`.
            ImportError: PyAV is missing.
        """
        return SomethingClips(
            split=split,
            samples=of_split(self, split),
            frames=self.frames,
            share=self.share,
            canvas=self.canvas,
            templates=something_subset(self.templates),
            filter=self.filter,
            damaged=self.damaged,
        )

    def origin(self) -> Origin:
        """Which films the labels name, and which templates are wanted.

        Raises:
            FileNotFoundError, ValueError: as `open`.
        """
        return something_origin(templates=self.templates)

    def smoke(self) -> StickKTH:
        """Stick figures of three channels, for the films are not at hand everywhere."""
        held = 0 if self.validation == 0 else _SMOKE.validation
        return replace(_SMOKE, validation=held, channels=self.channels)


@dataclass(frozen=True)
class Kinetics:
    """`KineticsClips`, by its own arguments; the films are below STLIB_DATA.

    Attributes:
        source: where the setting is printed, and what is ours.
        training, validation, test: how many films of each split; None is all.
        frames, every, canvas, shorts, flips, crops, seed, absent, damaged: as in `KineticsClips`.

    Source: this book.
    """

    source: str
    training: int | None = None
    validation: int | None = None
    test: int | None = None
    frames: int = 8
    every: int = 8
    canvas: int = 224
    shorts: tuple[int, int] = (256, 320)
    flips: bool = True
    crops: Crops = Crops()
    seed: int = 0
    absent: Damaged = "error"
    damaged: Damaged = "error"

    channels: ClassVar[int] = 3  # red, green and blue

    def open(self, split: Split) -> KineticsClips:
        """The clips of one split.

        Raises:
            FileNotFoundError: the lists, or the films, are not there.
            ValueError: as `KineticsClips`.
            ImportError: PyAV is missing.
        """
        return KineticsClips(
            split=split,
            samples=of_split(self, split),
            frames=self.frames,
            every=self.every,
            canvas=self.canvas,
            shorts=self.shorts,
            flips=self.flips,
            crops=self.crops,
            seed=self.seed,
            absent=self.absent,
            damaged=self.damaged,
        )

    def origin(self) -> Origin:
        """How many films the lists name, and which of them are there.

        Raises:
            FileNotFoundError, ValueError: as `open`.
        """
        return kinetics_origin()

    def smoke(self) -> StickKTH:
        """Stick figures of three channels, for the films are not at hand everywhere."""
        held = 0 if self.validation == 0 else _SMOKE.validation
        return replace(_SMOKE, validation=held, channels=self.channels)


@dataclass(frozen=True)
class SomethingV1:
    """`SomethingV1Clips`, by its own arguments; the films are below STLIB_DATA.

    Attributes:
        source: where the setting is printed, and what is ours.
        training, validation, test: how many films of each split; None is all.
        frames, canvas, shorts, crops, seed, damaged: as in `SomethingV1Clips`.

    Source: this book.
    """

    source: str
    training: int | None = None
    validation: int | None = None
    test: int | None = None
    frames: int = 8
    canvas: int = 224
    shorts: tuple[int, int] = (256, 320)
    crops: Crops = Crops()
    seed: int = 0
    damaged: Damaged = "error"

    channels: ClassVar[int] = 3  # red, green and blue

    def open(self, split: Split) -> SomethingV1Clips:
        """The clips of one split.

        Raises:
            FileNotFoundError: the lists, or the films, are not there.
            ValueError: as `SomethingV1Clips`.
        """
        return SomethingV1Clips(
            split=split,
            samples=of_split(self, split),
            frames=self.frames,
            canvas=self.canvas,
            shorts=self.shorts,
            crops=self.crops,
            seed=self.seed,
            damaged=self.damaged,
        )

    def origin(self) -> Origin:
        """Which films the lists name.

        Raises:
            FileNotFoundError, ValueError: as `open`.
        """
        return something_v1_origin()

    def smoke(self) -> StickKTH:
        """Stick figures of three channels, for the films are not at hand everywhere."""
        held = 0 if self.validation == 0 else _SMOKE.validation
        return replace(_SMOKE, validation=held, channels=self.channels)


_SMOKE = StickKTH(
    training=6,
    validation=6,
    test=6,
    source="this book: stick figures, for a smoke test needs no films",
    frames=5,
    canvas=32,
)

Rainfall: TypeAlias = Rain | GermanRadar
Films: TypeAlias = KTH | Kinetics | Something | SomethingV1
DataChoice: TypeAlias = Preset | RotatingMNIST | StickKTH | Films | Traffic | TaxiBJ | Rainfall
