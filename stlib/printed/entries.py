"""Every number that the tables print, one by one, and what kind of number it is."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from stlib.printed.tables import papers, table

__all__ = ["Entry", "Kind", "entries"]

Kind: TypeAlias = Literal["formula", "count", "share", "machine", "result"]

COUNTS = ("Params", "FLOPs", "GFLOPs")
MACHINE = ("Memory", "ITSL memory", "Time", "Minutes")
SHARES = ("less", "lower")  # of other numbers in the row
SETTINGS = ("Window", "Layers", "Schedule", "Loss", "Basics", "Pretrain", "Frames")
FORMULAS = ("ms-table-1", "ms-table-2")


@dataclass(frozen=True)
class Entry:
    """One printed number.

    Attributes:
        paper: its file in `stlib.printed`, without a suffix.
        table: as `stlib.printed.table` calls it.
        row: of that table.
        column: of that table.

    Source: Su et al.; Ma et al.; Miao et al.
    """

    paper: str
    table: str
    row: str
    column: str

    @property
    def text(self) -> str:
        """What is printed."""
        return table(self.table).cell(self.row, self.column)

    @property
    def place(self) -> str:
        """Where it is printed, for a reader."""
        return f"{table(self.table).place}: {self.row}: {self.column}"

    @property
    def kind(self) -> Kind:
        """A formula; a count; a share or difference of other numbers in the row; of a machine; or
        the result of a training."""
        if self.table in FORMULAS:
            return "formula"
        if self.column in COUNTS:
            return "count"
        if self.column in SHARES:
            return "share"
        return "machine" if self.column in MACHINE else "result"


def entries() -> tuple[Entry, ...]:
    """Every number of every table, in the order of the papers. What says how a row was set up,
    such as its loss, is no number of it; neither is a dash.

    Source: Su et al.; Ma et al.; Miao et al.
    """
    return tuple(
        Entry(paper, name, row, column)
        for paper, names in papers().items()
        for name in names
        for row in table(name).rows
        for column in table(name).columns
        if column not in SETTINGS and table(name).cell(row, column) != "-"
    )
