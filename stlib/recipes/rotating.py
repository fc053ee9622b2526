"""Digits that move and turn, as a recipe names them; see `stlib.recipes.data`."""

from dataclasses import dataclass, replace
from typing import ClassVar

from stlib.data.clips import Origin, Split, of_split
from stlib.data.digits import Source, digits, shrunk
from stlib.data.rotating_mnist import RotatingClips

__all__ = ["RotatingMNIST"]


@dataclass(frozen=True)
class RotatingMNIST:
    """`RotatingClips`, by its own arguments.

    Attributes:
        training, validation, test: clips in each split.
        source: where the setting is printed, and what is ours.
        frames, number, canvas, speed, turn, seed: as in `RotatingClips`.
        shrink: how many times smaller than 28 pixels the digits are, as in `shrunk`.
        digits: which digits, as `stlib.data.digits.digits` knows them.

    Source: this book.
    """

    training: int = 10_000
    validation: int = 500
    test: int = 1_000
    source: str = "Miao et al., section 2.1.1: digits that move and turn; all numbers are ours"
    frames: int = 8
    number: int = 2
    canvas: int = 64
    speed: tuple[float, float] = (2.0, 5.0)
    turn: tuple[float, float] = (10.0, 30.0)
    shrink: int = 1
    digits: Source = "auto"
    seed: int = 0

    channels: ClassVar[int] = 1  # digits are gray

    def open(self, split: Split) -> RotatingClips:
        """The clips of one split.

        Raises:
            ValueError: as `RotatingClips`; also a split that has no clips, or a damaged file of
                digits.
            FileNotFoundError: the digits are not there.
            ImportError: scikit-learn is needed for them and not installed.
        """
        return RotatingClips(
            shrunk(digits(self.digits), self.shrink),
            of_split(self, split),
            frames=self.frames,
            number=self.number,
            canvas=self.canvas,
            speed=self.speed,
            turn=self.turn,
            seed=self.seed,
            split=split,
        )

    def origin(self) -> Origin:
        """The digits, and how they move.

        Raises:
            ValueError, FileNotFoundError, ImportError: as `open`.
        """
        return self.open("training").origin()

    def smoke(self) -> "RotatingMNIST":
        """A few short clips on a small canvas, of digits at half size."""
        small = min(2, self.validation)
        return replace(self, training=4, validation=small, test=2, frames=4, canvas=16, shrink=2)
