"""Films, files and maps that are missing, broken or misplaced: an error, or skipped and counted."""

import warnings
from typing import Literal, TypeAlias, get_args

__all__ = ["Damaged", "Faults"]

Damaged: TypeAlias = Literal["error", "skip"]


class Faults:
    """What is wrong with the films or maps of a data set.

    Args:
        damaged: 'error' raises the first fault, 'skip' notes each.

    Raises:
        ValueError: another word.

    Source: this book.
    """

    def __init__(self, damaged: Damaged) -> None:
        if damaged not in get_args(Damaged):
            raise ValueError(f"{damaged=}, expected one of {', '.join(get_args(Damaged))}")
        self.damaged = damaged
        self.noted: list[str] = []

    def meet(self, fault: ValueError | OSError) -> None:
        """Raise the fault, or note it.

        Raises:
            ValueError, OSError: the fault.
        """
        if self.damaged == "error":
            raise fault
        self.noted.append(str(fault))

    def tell(self, name: str, things: str = "films") -> None:
        """Warn of what was skipped, if anything was: how much, and the first.

        Args:
            name: of the data set.
            things: what was skipped.
        """
        if self.noted:
            text = f"{name}: {len(self.noted)} {things} skipped; the first: {self.noted[0]}"
            warnings.warn(text, stacklevel=3)
