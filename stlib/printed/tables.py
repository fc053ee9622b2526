"""The tables of the papers as they are printed, for arithmetic on them."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from stlib.printed.number import Printed

__all__ = ["Table", "papers", "table"]

FILES = tuple(
    Path(__file__).parent / name for name in ("su2020.json", "ma2023.json", "miao2021.json")
)


@dataclass(frozen=True)
class Table:
    """One table, or one half of it.

    Attributes:
        place: where it is printed.
        columns: names of the columns, nearly the paper's: a number in brackets is of frames.
        rows: by name, the cells as they are printed; '-' where there is none. A cell that spans
            rows stands in each of them.

    Raises:
        ValueError: a row without one cell for each column, or a column twice.

    Source: Su et al.; Ma et al.; Miao et al.
    """

    place: str
    columns: tuple[str, ...]
    rows: dict[str, tuple[str, ...]]

    def __post_init__(self) -> None:
        if len(set(self.columns)) < len(self.columns):
            raise ValueError(f"{self.place}: columns={self.columns}, expected each once")
        for name, cells in self.rows.items():
            if len(cells) != len(self.columns):
                raise ValueError(
                    f"{self.place}, {name}: {len(cells)} cells, expected {len(self.columns)}"
                )

    def cell(self, row: str, column: str) -> str:
        """What is printed there.

        Raises:
            ValueError: no such row or column.
        """
        if row not in self.rows or column not in self.columns:
            raise ValueError(
                f"{self.place} has no {row=}, {column=}; "
                f"rows: {', '.join(self.rows)}; columns: {', '.join(self.columns)}"
            )
        return self.rows[row][self.columns.index(column)]

    def number(self, row: str, column: str) -> Printed:
        """The number that is printed there.

        Raises:
            ValueError: no such row or column, or no number there.
        """
        text = self.cell(row, column)
        try:
            return Printed(text)
        except ValueError as error:
            raise ValueError(f"{self.place}, {row}, {column}: {error}") from error


def table(name: str) -> Table:
    """A table that this book does arithmetic on.

    Args:
        name: of Su et al. 'table-1', 'table-2', 'table-3', 'table-4-kth', 'table-4-moving-mnist',
            'table-8' or 'rebuttal'; of Ma et al. 'ms-table-1' to 'ms-table-11'; of Miao et al.
            'stdcf-table-1' to 'stdcf-table-4'.

    Raises:
        ValueError: there is no such table; the message lists those there are.

    Source: Su et al., Tables 1 to 4 and 8, the table of their rebuttal; Ma et al., every table;
    Miao et al., every table of the main text.
    """
    known = _tables()
    if name not in known:
        raise ValueError(f"{name=} is no table; there are {', '.join(known)}")
    return known[name]


def papers() -> dict[str, tuple[str, ...]]:
    """The names of each paper's tables; a paper is called as its file, without a suffix.

    Source: Su et al.; Ma et al.; Miao et al.
    """
    return {file.stem: tuple(held) for file, held in _stored().items()}


@cache
def _stored() -> dict[Path, dict[str, Any]]:
    return {file: json.loads(file.read_text(encoding="utf-8"))["tables"] for file in FILES}


@cache
def _tables() -> dict[str, Table]:
    return {
        name: Table(
            held["place"],
            tuple(held["columns"]),
            {row: tuple(cells) for row, cells in held["rows"].items()},
        )
        for tables in _stored().values()
        for name, held in tables.items()
    }
