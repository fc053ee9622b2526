"""Naming clips beside foretelling them, as a recipe names it; see `stlib.recognition`."""

from collections.abc import Sequence
from dataclasses import dataclass

from stlib.data.clips import ClipSet, LabelledClips
from stlib.recognition import weight_on_plateau

__all__ = ["Recognition", "labelled"]


@dataclass(frozen=True)
class Recognition:
    """What a recipe adds that also names its clips. Classes and labels come from the data.

    A recipe's `context` is what the network gets to see before it must name the clip: a quarter of
    the frames of `data`, or half of them. Validation then means the cross-entropy of held-out
    clips, for the weighted sum would fall with λ alone.

    Attributes:
        weight: λ of the forecast's loss before the first plateau.
        fall: ε, by which each plateau lowers it.
        patience: validations without improvement that are forgiven.
        horizon: frames to foretell, as far as the clip has as many.

    Raises:
        ValueError: a negative number, or no frame to foretell.

    Source: Su et al., section 4.1: the rule, and the 10 frames; its other numbers are not printed.
    """

    weight: float = 1.0
    fall: float = 0.1
    patience: int = 5
    horizon: int = 10

    def __post_init__(self) -> None:
        self.weight_after([])
        if self.horizon < 1:
            raise ValueError(f"horizon={self.horizon}: expected at least 1")

    def weight_after(self, validations: Sequence[float]) -> float:
        """λ for the next step.

        Args:
            validations: cross-entropies so far, first to last.
        """
        return weight_on_plateau(validations, self.weight, self.fall, self.patience)


def labelled(clips: ClipSet, classes: int) -> LabelledClips:
    """The same clips, known to be such as a network of so many classes can learn to name.

    Args:
        clips: of one split.
        classes: that the network tells apart.

    Raises:
        ValueError: clips without labels, or of another number of classes.

    Source: this book.
    """
    if not isinstance(clips, LabelledClips):
        raise ValueError(f"{type(clips).__name__} has no labels: expected clips of known classes")
    if len(clips.classes) != classes:
        raise ValueError(
            f"network.classes={classes}: expected the {len(clips.classes)} of "
            f"{type(clips).__name__}"
        )
    return clips
