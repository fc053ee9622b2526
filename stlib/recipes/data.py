"""Data as a recipe names it: numbers that open a data set.

Each choice says `frames`, `canvas` (height and width), `channels`, and in `training`, `validation`
and `test` how many clips a split has; None where only opening it tells. `open(split)` gives them as
a `stlib.data.clips.ClipSet`, labelled where the data are, `origin()` what a result says of them,
`smoke()` a choice that takes seconds and needs no files.
"""

from dataclasses import dataclass, replace
from typing import TypeAlias

from stlib.data.clips import Origin, Split
from stlib.data.moving_mnist import Preset
from stlib.data.sticks import Background, StickClips

__all__ = ["DataChoice", "StickKTH"]


@dataclass(frozen=True)
class StickKTH:
    """`StickClips`, by its own arguments: stick figures in place of KTH's films.

    Attributes:
        training, validation, test: clips in each split.
        source: what it stands in for, and why.
        frames, canvas, channels, background, noise, tempo, seed: as in `StickClips`.

    Source: this book.
    """

    training: int = 1_200
    validation: int = 180
    test: int = 540
    source: str = "this book: stick figures stand in for the films of KTH, which are not free"
    frames: int = 20
    canvas: int = 64
    channels: int = 1
    background: Background = "plain"
    noise: float = 0.0
    tempo: float = 1.0
    seed: int = 0

    def open(self, split: Split) -> StickClips:
        """The clips of one split.

        Raises:
            ValueError: as `StickClips`; also a split that has no clips.
        """
        clips = {"training": self.training, "validation": self.validation, "test": self.test}
        if split not in clips:
            raise ValueError(f"{split=}, expected one of {', '.join(clips)}")
        return StickClips(
            clips[split],
            frames=self.frames,
            canvas=self.canvas,
            channels=self.channels,
            background=self.background,
            noise=self.noise,
            tempo=self.tempo,
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


DataChoice: TypeAlias = Preset | StickKTH
