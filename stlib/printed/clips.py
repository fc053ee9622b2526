"""The costs of a clip that Ma et al. print, of the networks that this book builds.

Their FLOPs are of all steps of one clip, as the profiler of `stlib.tally` counts them: a network
that reads a frame and predicts the next takes one step fewer than the clip has frames.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeAlias

import torch
from torch import nn

from stlib.cost import parameters
from stlib.printed.number import Printed
from stlib.printed.tables import table
from stlib.tally import PROFILER, Tally, tally

__all__ = ["CLIPS", "Clip", "ClipCost", "clip_costs", "clip_costs_of", "clip_tally", "not_built"]


@dataclass(frozen=True)
class Clip:
    """What one clip of a data set is, to a network.

    Attributes:
        data: of which it is.
        side: height and width of a frame.
        steps: how often the network is called.

    Source: Ma et al., *MS-LSTM*, sections 5.2 to 5.5.
    """

    data: str
    side: int
    steps: int


CLIPS = {
    "ms-table-3": Clip("Moving MNIST", 64, 19),  # ms-table-3
    "ms-table-4": Clip("Moving MNIST", 64, 19),  # ms-table-4
    "ms-table-6": Clip("Moving MNIST", 64, 19),  # ms-table-6
    "ms-table-7": Clip("TaxiBJ", 32, 7),  # ms-table-7
    "ms-table-9": Clip("KTH", 128, 19),  # ms-table-9
    "ms-table-10": Clip("Germany", 180, 7),  # ms-table-10
}
"""The clip of each table that prints costs."""


@dataclass(frozen=True)
class ClipCost:
    """One printed figure.

    Attributes:
        table: as `stlib.printed.table` calls it.
        row: of that table.
        column: 'Params' or 'FLOPs'.
        experiment: whose network, at paper scale, is this row's.

    Source: Ma et al., *MS-LSTM*, Tables 3, 4, 6, 7, 9 and 10.
    """

    table: str
    row: str
    column: Literal["Params", "FLOPs"]
    experiment: str

    @property
    def clip(self) -> Clip:
        """The clip whose cost it is."""
        return CLIPS[self.table]

    @property
    def place(self) -> str:
        """Where it is printed, for a reader."""
        return f"{table(self.table).place}, {self.clip.data}: {self.row}"

    @property
    def printed(self) -> Printed:
        """The number."""
        return table(self.table).number(self.row, self.column)

    def counted(self, network: nn.Module) -> int:
        """What that network has: parameters, or what the profiler counts on the clip.

        Args:
            network: on the ``meta`` device, called as ``network(frame, state)``; it reads frames of
                one channel.
        """
        if self.column == "Params":
            return parameters(network)
        return PROFILER.total(clip_tally(network, self.clip))


Rows: TypeAlias = tuple[tuple[str, str], ...]

BUILT: Rows = (
    ("ConvLSTM", "ms-table-3-convlstm"),
    ("ConvLSTM [39]", "ms-table-3-convlstm"),
    ("SMS-LSTM", "ms-table-3-sms-lstm"),
    ("TMS-LSTM", "ms-table-3-tms-lstm"),
    ("MS-LSTM", "ms-table-3-ms-lstm"),
)


@cache
def clip_costs() -> tuple[ClipCost, ...]:
    """Every figure, table by table.

    Source: Ma et al., *MS-LSTM*, Tables 3, 4, 6, 7, 9 and 10.
    """

    def found() -> Iterator[ClipCost]:
        for name in CLIPS:
            for row, experiment in BUILT:
                if row in table(name).rows:
                    yield ClipCost(name, row, "Params", experiment)
                    yield ClipCost(name, row, "FLOPs", experiment)

    return tuple(found())


def clip_costs_of(experiment: str) -> tuple[ClipCost, ...]:
    """The figures that are printed for an experiment's network.

    Args:
        experiment: its name; of one without figures, or of none, there are none.

    Source: this book.
    """
    return tuple(each for each in clip_costs() if each.experiment == experiment)


def not_built(name: str) -> tuple[str, ...]:
    """Rows of a table of costs whose networks this book does not build: cited, not counted.

    Args:
        name: of the table.

    Source: this book.
    """
    built = {row for row, _ in BUILT}
    return tuple(row for row in table(name).rows if row not in built)


def clip_tally(network: nn.Module, clip: Clip) -> Tally:
    """What all steps of one clip execute, forward; every step executes the same.

    Args:
        network: on the ``meta`` device, called as ``network(frame, state)``; it reads frames of one
            channel.
        clip: how large and how long.

    Source: this book.
    """
    frame = torch.zeros(1, 1, clip.side, clip.side, device="meta")
    return tally(network, frame, None) * clip.steps
