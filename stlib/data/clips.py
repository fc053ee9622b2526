"""What every data set yields, and what a result says of it."""

import hashlib
from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol, TypeAlias, TypeVar, get_args, runtime_checkable

from jaxtyping import Float
from torch import Tensor
from torch.utils.data import Dataset

from stlib.data.units import Units

__all__ = [
    "Canvas",
    "Clip",
    "ClipSet",
    "LabelledClips",
    "MeasuredClips",
    "Origin",
    "Sizes",
    "Split",
    "Turns",
    "existing",
    "held_back",
    "mixed",
    "of_split",
    "sides",
]

Split: TypeAlias = Literal["training", "validation", "test"]
Canvas: TypeAlias = int | tuple[int, int]
"""Height and width in pixels; one number is both."""
Clip: TypeAlias = Float[Tensor, "_time _channel _height _width"]
T = TypeVar("T")
Count_co = TypeVar("Count_co", bound=int | None, covariant=True)


class Origin(NamedTuple):
    """Where clips come from, to be written next to every result.

    Attributes:
        name: in words.
        sha256: of what they are made from.

    Source: this book.
    """

    name: str
    sha256: str


class ClipSet(Dataset[Tensor]):
    """The clips of one split, each in [0, 1].

    Source: this book.
    """

    def __len__(self) -> int:
        raise NotImplementedError

    def __getitem__(self, index: int) -> Clip:
        """Clip `index`.

        Raises:
            IndexError: there is no such clip.
        """
        raise NotImplementedError

    def at_turn(self, index: int, turn: int) -> Clip:
        """Clip `index` as training sees it once it has seen it so many times; mostly the same.

        Args:
            index: of the clip.
            turn: from 0.

        Raises:
            IndexError: there is no such clip.
        """
        return self[index]


class Turns(Dataset[Tensor]):
    """Training clips by a running number: in turn t, clip i of n has the number ``t · n + i``.

    Args:
        clips: of a training split.

    Source: this book.
    """

    def __init__(self, clips: ClipSet) -> None:
        self.clips = clips

    def __getitem__(self, number: int) -> Clip:
        """The clip of that number."""
        turn, index = divmod(number, len(self.clips))
        return self.clips.at_turn(index, turn)


class LabelledClips(ClipSet):
    """Clips of which each shows one class.

    Attributes:
        labels: the class of each clip, a place in `classes`.
        classes: their names; the same in every split.

    Source: this book.
    """

    labels: tuple[int, ...]
    classes: tuple[str, ...]


class MeasuredClips(ClipSet):
    """Clips of something that was measured.

    Attributes:
        units: what their values stand for.

    Source: this book.
    """

    units: Units

    def to_units(self, frames: Float[Tensor, "*axes"]) -> Float[Tensor, "*axes"]:
        """Frames of these clips, or forecasts of them, in the unit of what was measured."""
        return self.units.to_units(frames)


def sides(canvas: Canvas) -> tuple[int, int]:
    """Height and width of a canvas.

    Source: this book.
    """
    return (canvas, canvas) if isinstance(canvas, int) else canvas


def existing(index: int, samples: int) -> int:
    """The index, if there is such a clip.

    Raises:
        IndexError: there is none.

    Source: this book.
    """
    if not 0 <= index < samples:
        raise IndexError(f"clip {index} of {samples}; they count from 0")
    return int(index)


@runtime_checkable
class Sizes(Protocol[Count_co]):
    """What says how many clips each split has.

    Source: this book.
    """

    @property
    def training(self) -> Count_co: ...

    @property
    def validation(self) -> Count_co: ...

    @property
    def test(self) -> Count_co: ...


def of_split(sizes: Sizes[Count_co], split: str) -> Count_co:
    """How many clips of one split.

    Raises:
        ValueError: an unknown split.

    Source: this book.
    """
    if split not in get_args(Split):
        raise ValueError(f"{split=}, expected one of {', '.join(get_args(Split))}")
    held: Count_co = getattr(sizes, split)
    return held


def held_back(things: Sequence[T], split: Split, nth: int) -> list[T]:
    """Of training data that nobody divided, what trains, or the every n-th that validates.

    Args:
        things: in an order that does not change.
        split: 'training' or 'validation'; of 'test' all are kept.
        nth: 10 lets a tenth validate.

    Source: this book.
    """
    if split == "test":
        return list(things)
    validates = split == "validation"
    return [each for place, each in enumerate(things) if (place % nth == nth - 1) == validates]


def mixed(names: Sequence[str], wanted: int | None) -> list[int]:
    """Which clips to take, in an order that mixes them: the first hundred show what the rest do.

    Args:
        names: of the clips that were found, each once; they alone decide the order.
        wanted: how many to take; None takes all.

    Returns:
        Their places in `names`, sorted by the hash of the name.

    Raises:
        ValueError: more are wanted than there are, or none.

    Source: this book.
    """
    count = len(names) if wanted is None else wanted
    if not 1 <= count <= len(names):
        raise ValueError(f"{count} clips wanted: expected 1 to the {len(names)} that were found")
    hashes = [hashlib.sha256(name.encode()).digest() for name in names]
    return sorted(range(len(names)), key=lambda place: hashes[place])[:count]
