"""What a fine-tuning begins with, as a recipe names it."""

from dataclasses import dataclass

__all__ = ["TrainedBefore"]


@dataclass(frozen=True)
class TrainedBefore:
    """Weights that another experiment's training left.

    Attributes:
        experiment: its name.
        new: patterns of the names of those weights that are drawn anew all the same.

    Source: Miao et al., section 3.3; that the last linear map is new, its classes being others, is
    ours.
    """

    experiment: str
    new: tuple[str, ...] = ("decide.*",)
