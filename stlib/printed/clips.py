"""The costs of a clip that Ma et al. print, of the networks that this book builds.

Their FLOPs are of all steps of one clip, as the profiler of `stlib.tally` counts them: a network
that reads a frame and predicts the next takes one step fewer than the clip has frames, and one that
reads a whole context one step in all. What the released networks hold and never use, `UNUSED`
lists; their printed numbers count it, this book's networks do not have it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Literal, TypeAlias

import torch
from torch import nn

from stlib.cost import parameters
from stlib.networks import WholeContext
from stlib.printed.number import Printed
from stlib.printed.tables import table
from stlib.printed.unused import UNUSED, Unused
from stlib.tally import PROFILER, Prices, Tally, tally

__all__ = [
    "CLIPS",
    "READINGS",
    "Clip",
    "ClipCost",
    "Reading",
    "clip_costs",
    "clip_costs_of",
    "clip_tally",
    "not_built",
]

Verdict: TypeAlias = Literal["text", "another reading", "unexplained"]


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
class Reading:
    """What else a figure of FLOPs may be of than one clip of the text's size.

    Attributes:
        words: what.
        clips: how many at once.
        side: height and width of the frames; None is the text's.

    Source: this book.
    """

    words: str
    clips: int = 1
    side: int | None = None

    def of(self, clip: Clip) -> Clip:
        """One of its clips, where the text has this one."""
        return clip if self.side is None else replace(clip, side=self.side)


READINGS = {
    ("ms-table-6", "SimVP [38]"): (Reading("a batch of 4 clips", clips=4),),  # ms-table-6
    ("ms-table-6", "Earthformer [57]"): (
        Reading("a batch of 4 clips", clips=4),
        Reading("a batch of 16 clips", clips=16),
    ),
    ("ms-table-10", "MS-LSTM"): (Reading("frames of 212 × 212", side=212),),  # ms-table-10
}
"""Of each figure that the text does not have, what we have tried; by table and row."""


@dataclass(frozen=True)
class ClipCost:
    """One printed figure.

    Attributes:
        table: as `stlib.printed.table` calls it.
        row: of that table.
        column: 'Params' or 'FLOPs'.
        experiment: whose network, at paper scale, is this row's.
        unused: what the released network has besides.
        prices: what its operations count for.

    Source: Ma et al., *MS-LSTM*, Tables 3, 4, 6, 7, 9 and 10.
    """

    table: str
    row: str
    column: Literal["Params", "FLOPs"]
    experiment: str
    unused: tuple[Unused, ...] = ()
    prices: Prices = PROFILER

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

    @property
    def readings(self) -> tuple[Reading, ...]:
        """What else it may be of."""
        return READINGS.get((self.table, self.row), ()) if self.column == "FLOPs" else ()

    def counted(self, network: nn.Module, reading: Reading | None = None) -> int:
        """What is to be compared with the printed: what is used, and what is not.

        Args:
            network: on the ``meta`` device, called as ``network(frame, state)``; it reads frames of
                one channel.
            reading: another than the text's.
        """
        if self.column == "Params":
            return parameters(network) + sum(each.parameters for each in self.unused)
        clip, clips = self.clip, 1
        if reading is not None:
            clip, clips = reading.of(clip), reading.clips
        told = clip_tally(network, clip)
        for each in self.unused:
            told += each.tally(clip.side) * clip.steps
        return self.prices.total(told) * clips

    def verdict(self, network: nn.Module) -> Verdict:
        """Whether it is the text's network, another reading of it, or neither that has the figure.

        Args:
            network: as in `counted`.
        """

        def fits(reading: Reading | None) -> bool:
            return self.printed.agreement(self.counted(network, reading)) == "rounds"

        if fits(None):
            return "text"
        return "another reading" if any(map(fits, self.readings)) else "unexplained"


Rows: TypeAlias = tuple[tuple[str, str], ...]

BUILT: Rows = (
    ("ConvLSTM", "ms-table-3-convlstm"),
    ("ConvLSTM [39]", "ms-table-3-convlstm"),
    ("SMS-LSTM", "ms-table-3-sms-lstm"),
    ("TMS-LSTM", "ms-table-3-tms-lstm"),
    ("MS-LSTM", "ms-table-3-ms-lstm"),
    ("TrajGRU [17]", "ms-table-8-trajgru"),
    ("PredRNN [16]", "ms-table-5-predrnn"),
    ("PredRNN++ [18]", "ms-table-5-predrnn-plus-plus"),
    ("PredRNN-V2 [21]", "ms-table-5-predrnn-v2"),
    ("MIM [19]", "ms-table-5-mim"),
    ("MotionRNN [20]", "ms-table-5-motionrnn"),
    ("SimVP [38]", "ms-table-6-simvp"),
    ("Earthformer [57]", "ms-table-6-earthformer"),
    ("CMS-LSTM [59]", "ms-table-8-cms-lstm"),
    ("MoDeRNN [60]", "ms-table-8-modernn"),
    ("PrecipLSTM [22]", "ms-table-11-preciplstm"),
)
OWN_OPERATOR = replace(PROFILER, softmaxed=0, softmaxes=0)
"""Where a softmax is part of an operator that the profiler does not know."""


@cache
def clip_costs() -> tuple[ClipCost, ...]:
    """Every figure, table by table.

    Source: Ma et al., *MS-LSTM*, Tables 3, 4, 6, 7, 9 and 10.
    """

    def found() -> Iterator[ClipCost]:
        for name in CLIPS:
            for row, experiment in BUILT:
                if row in table(name).rows:
                    prices = OWN_OPERATOR if row == "PrecipLSTM [22]" else PROFILER
                    unused = UNUSED.get(row, ())
                    yield ClipCost(name, row, "Params", experiment, unused, prices)
                    yield ClipCost(name, row, "FLOPs", experiment, unused, prices)

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


@lru_cache(maxsize=64)  # one network's figures are of few clips
def clip_tally(network: nn.Module, clip: Clip) -> Tally:
    """What all steps of one clip execute, forward; every step executes the same.

    A network of whole contexts makes one call, on all the frames that it reads.

    Args:
        network: on the ``meta`` device, called as ``network(frame, state)``; it reads frames of one
            channel.
        clip: how large and how long.

    Source: this book.
    """
    frame = torch.zeros(1, 1, clip.side, clip.side, device="meta")
    if isinstance(network, WholeContext):
        return tally(network.model, frame[:, None].expand(-1, network.context, -1, -1, -1))
    return tally(network, frame, None) * clip.steps
