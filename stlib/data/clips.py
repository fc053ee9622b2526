"""What every data set yields, and what a result says of it."""

from typing import Literal, NamedTuple, TypeAlias

from jaxtyping import Float
from torch import Tensor
from torch.utils.data import Dataset

__all__ = ["Clip", "ClipSet", "LabelledClips", "Origin", "Split"]

Split: TypeAlias = Literal["training", "validation", "test"]
Clip: TypeAlias = Float[Tensor, "_time _channel _height _width"]


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


class LabelledClips(ClipSet):
    """Clips of which each shows one class.

    Attributes:
        labels: the class of each clip, a place in `classes`.
        classes: their names; the same in every split.

    Source: this book.
    """

    labels: tuple[int, ...]
    classes: tuple[str, ...]
