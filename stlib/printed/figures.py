"""The parameters and FLOPs that Su et al. print, and the networks that their text says they are of.

PredRNN++ and E3D-LSTM, whose 15.05 and 41.94 million stand in Table 4 too, are other papers'
networks, which this book does not build.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal, TypeAlias

from stlib.printed.counts import Classic, Forecaster, Layers, Train, Whole
from stlib.printed.number import Printed
from stlib.printed.spaces import CHANNELS
from stlib.printed.tables import table

__all__ = ["Counted", "Figure", "Row", "companions", "figure", "figures", "figures_of"]

Counted: TypeAlias = Layers | Forecaster
Data: TypeAlias = Literal["Moving MNIST", "KTH"]
Column: TypeAlias = Literal["Params", "FLOPs"]


@dataclass(frozen=True)
class Row:
    """A row of a table, and the network that the text says it is.

    Attributes:
        table: as `stlib.printed.table` calls it.
        row: of that table.
        model: rows of one model have the same cell.
        text: its network as the text describes it.
        data: of which the channels are; one data set's frames have the same number everywhere.
        experiment: whose network, at paper scale, is this row's.

    Source: Su et al.
    """

    table: str
    row: str
    model: str
    text: Counted
    data: Data
    experiment: str


@dataclass(frozen=True)
class Figure:
    """One printed figure.

    Attributes:
        row: where it stands, and of what network.
        column: 'Params' or 'FLOPs'.

    Source: Su et al., Tables 4 and 8.
    """

    row: Row
    column: Column

    @property
    def name(self) -> str:
        """Table, row and column."""
        return f"{self.row.table}: {self.row.row}: {self.column}"

    @property
    def place(self) -> str:
        """Where it is printed, for a reader."""
        return f"{table(self.row.table).place}: {self.row.row}"

    @property
    def printed(self) -> Printed:
        """The number."""
        return table(self.row.table).number(self.row.row, self.column)

    @property
    def canvases(self) -> tuple[int, ...]:
        """Heights of the frames that FLOPs may be of, the text's first."""
        return (64,) if self.row.data == "Moving MNIST" else (128, 120)

    def as_in(self, other: "Figure", found: Counted) -> Iterator[Counted]:
        """The network of `other`, had it the settings that were found for this one.

        Args:
            other: a companion.
            found: a configuration of this figure's row.

        Returns:
            The other's network as the text says it, with the found readout, biases and skips, with
            the found cell where both rows are of one model, and the found channels where both are
            of one data set; of another data set any channels.

        Source: this book.
        """
        text, alike = other.row.text, other.row.model == self.row.model
        for channels in (found.channels,) if other.row.data == self.row.data else CHANNELS:
            if isinstance(text, Forecaster) or isinstance(found, Forecaster):
                yield replace(found if alike else text, channels=channels)
                continue
            skips = found.joined if len(text.hidden) == len(found.hidden) else text.joined
            yield replace(
                text,
                cell=found.cell if alike else text.cell,
                joined=skips,
                channels=channels,
                readout=found.readout,
                biases=found.biases,
            )


TWELVE = Layers(Whole())
FOUR = replace(TWELVE, hidden=(128,) * 4, joined=())
SLIDING = Train(steps=5)  # section B.3
FIXED = replace(SLIDING, window="fixed")
BASE, OURS = "ctt-table-4-convlstm", "ctt-table-4-conv-tt-lstm"
OLDEST, COMPRESSED = "ctt-table-4-encoder-forecaster", "ctt-table-4-classic"


def _rows() -> Iterator[tuple[Row, tuple[Column, ...]]]:
    """Every row of a network that this book builds, and its printed columns."""
    both: tuple[Column, ...] = ("Params", "FLOPs")
    of: dict[Data, str] = {"Moving MNIST": "table-4-moving-mnist", "KTH": "table-4-kth"}
    shi, classic = Forecaster("place"), replace(TWELVE, cell=Classic())
    sliding, fixed = replace(TWELVE, cell=SLIDING), replace(TWELVE, cell=FIXED)
    for data, name in of.items():  # ctt-table-4
        yield Row(name, "ConvLSTM [4]", "Shi", shi, data, OLDEST), both[:1]
        yield Row(name, "ConvLSTM (baseline)", "ConvLSTM", TWELVE, data, BASE), both
        yield Row(name, "ConvLSTM (classic TTD)", "classic", classic, data, COMPRESSED), both[:1]
        yield Row(name, "Conv-TT-LSTM (ours)", "sliding", sliding, data, OURS), both
    eighth: tuple[tuple[str, str, Layers, str], ...] = (  # ctt-table-8
        ("4 layers: ConvLSTM", "ConvLSTM", FOUR, "ctt-table-8-4-layers-convlstm"),
        (
            "4 layers: Conv-TT-LSTM",
            "fixed",
            replace(FOUR, cell=FIXED),
            "ctt-table-8-4-layers-fixed",
        ),
        ("teacher: ConvLSTM", "ConvLSTM", TWELVE, "ctt-table-8-teacher-convlstm"),
        ("teacher: Conv-TT-LSTM", "fixed", fixed, "ctt-table-8-teacher-fixed"),
        ("l1: ConvLSTM", "ConvLSTM", TWELVE, "ctt-table-8-l1-convlstm"),
        ("l1: Conv-TT-LSTM", "fixed", fixed, "ctt-table-8-l1-fixed"),
        ("ConvLSTM", "ConvLSTM", TWELVE, BASE),
        ("Conv-TT-LSTM, fixed window", "fixed", fixed, "ctt-table-8-fixed"),
        ("Conv-TT-LSTM, sliding window", "sliding", sliding, OURS),
    )
    for row, model, text, experiment in eighth:
        yield Row("table-8", row, model, text, "Moving MNIST", experiment), both[:1]


@cache
def figures() -> tuple[Figure, ...]:
    """Every figure, table by table.

    Source: Su et al., Tables 4 and 8.
    """
    return tuple(Figure(row, column) for row, columns in _rows() for column in columns)


def figure(table: str, row: str, column: Column) -> Figure:
    """One figure.

    Args:
        table: as `stlib.printed.table` calls it.
        row: of that table.
        column: 'Params' or 'FLOPs'.

    Raises:
        ValueError: no such figure among those that this book counts.

    Source: Su et al., Tables 4 and 8.
    """
    name = f"{table}: {row}: {column}"
    known = {each.name: each for each in figures()}
    if name not in known:
        raise ValueError(f"{name!r} is no figure; there are {'; '.join(known)}")
    return known[name]


def figures_of(experiment: str) -> tuple[Figure, ...]:
    """The figures that are printed for an experiment's network.

    Args:
        experiment: its name; of one without figures, or of none, there are none.

    Source: this book.
    """
    return tuple(each for each in figures() if each.row.experiment == experiment)


@cache
def companions(figure: Figure) -> tuple[Figure, ...]:
    """What must come out as printed, too, under the settings that explain a figure.

    The paper compares under one set-up. So a readout, skips, biases and channels that explain one
    row must give the parameters of the ConvLSTM rows, and a cell those of every row of its model;
    FLOPs are counted of the network whose parameters stand beside them.

    Source: this book.
    """
    own, base = figure.row.model, "ConvLSTM"
    counted = [each for each in figures() if each.column == "Params" and each != figure]
    found = [each for model in dict.fromkeys((own, base)) for each in counted
             if each.row.model == model]  # fmt: skip
    told = {(each.row.text, each.row.data, each.printed): each for each in reversed(found)}
    return tuple(reversed(told.values()))
