"""Which configuration has a printed figure, or comes closest to it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import ceil
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from stlib.printed.counts import Classic, CountedCell, Forecaster, Numbers, Whole
from stlib.printed.figures import Counted, Figure, companions
from stlib.printed.number import Agreement
from stlib.printed.spaces import (
    CONVENTIONS,
    Convention,
    classics,
    forecasters,
    networks,
    trains,
    wholes,
)
from stlib.printed.tables import table

__all__ = ["Candidate", "Finding", "Verdict", "nearest"]

Verdict: TypeAlias = Literal["text", "another configuration", "unexplained"]


class Candidate(NamedTuple):
    """A configuration, what it counts, and what speaks against it.

    Attributes:
        network: the configuration.
        total: its parameters, or its FLOPs.
        canvas: height of the frames; of FLOPs.
        convention: what is called a FLOP; of FLOPs.
        against: names of the companions that the same settings do not give.

    Source: this book.
    """

    network: Counted
    total: int
    canvas: int | None = None
    convention: Convention | None = None
    against: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """What a search found.

    Attributes:
        figure: that was looked for.
        text: the configuration of the text.
        agreement: of its count with the printed figure.
        searched: how many configurations, conventions and canvases included.
        hits: all whose count rounds to the figure and with whose settings every companion comes
            out as printed, too.
        contradicted: all others whose count rounds to it.
        closest: of those that nothing speaks against, the one with the smallest residual; None if
            there is none.

    Source: this book.
    """

    figure: Figure
    text: Candidate
    agreement: Agreement
    searched: int
    hits: tuple[Candidate, ...]
    contradicted: tuple[Candidate, ...]
    closest: Candidate | None

    @property
    def verdict(self) -> Verdict:
        """'text' if that has the figure; else whether anything consistent has."""
        if self.agreement != "differs":
            return "text"
        return "another configuration" if self.hits else "unexplained"

    @property
    def unique(self) -> bool:
        """Whether a single configuration has the figure."""
        return len(self.hits) == 1

    def residual(self, candidate: Candidate) -> float:
        """A candidate's count less the printed figure, in units of one; a G is as it counts."""
        return _residual(self.figure, candidate)


@cache
def nearest(figure: Figure) -> Finding:
    """Search the declared space of a figure, all of it.

    A hit is evidence, not proof: several may fit, and the larger a space, the likelier something
    in it fits by chance. That is why a hit must give its companions, too.

    Args:
        figure: to look for.

    Source: this book.
    """
    space, ways = _space(figure), _ways(figure)
    found = [
        hit._replace(against=tuple(_against(figure, hit.network)))
        for way in ways
        for hit in _hits(figure, way, space)
    ]
    hits = tuple(hit for hit in found if not hit.against)
    text = ways[0].candidate(figure.row.text, figure.row.text.numbers())
    return Finding(
        figure,
        text,
        figure.printed.agreement(text.total * _giga(text)),
        len(space.networks) * len(ways),
        hits,
        tuple(hit for hit in found if hit.against),
        None if hits else _closest(figure, ways, space),
    )


class _Way(NamedTuple):
    """A way to count: parameters, or FLOPs of a convention on a canvas."""

    canvas: int | None = None
    convention: Convention | None = None

    @property
    def pixels(self) -> int:
        return 1 if self.canvas is None else self.canvas**2

    def per_pixel(self, held: Numbers) -> Any:
        return held.parameters if self.convention is None else self.convention.per_pixel(held)

    def candidate(self, network: Counted, held: Numbers) -> Candidate:
        total = int(self.per_pixel(held)) * self.pixels
        return Candidate(network, total, self.canvas, self.convention)


class _Space(NamedTuple):
    """Networks, and what they store: whole columns at once, so that a search is fast."""

    networks: tuple[Counted, ...]
    held: Numbers

    @classmethod
    def of(cls, networks: Iterable[Counted]) -> "_Space":
        each = tuple(networks)
        columns = np.array([network.numbers() for network in each]).T
        return cls(each, Numbers(*columns))


def _ways(figure: Figure) -> tuple[_Way, ...]:
    """The ways to count a figure, the text's first."""
    if figure.column == "Params":
        return (_Way(),)
    return tuple(_Way(canvas, each) for canvas in figure.canvases for each in CONVENTIONS)


def _space(figure: Figure) -> _Space:
    text = figure.row.text
    if isinstance(text, Forecaster):
        return _Space.of(forecasters())
    cells = {Whole: wholes, Classic: classics}.get(type(text.cell), trains)
    return _of_shape(cells, text.hidden, text.joined)


@cache
def _of_shape(
    cells: Callable[[], Iterator[CountedCell]],
    hidden: tuple[int, ...],
    joined: tuple[tuple[int, int], ...],
) -> _Space:
    """All networks of these widths; figures of one shape share them."""
    return _Space.of(networks(cells(), hidden, joined))


def _hits(figure: Figure, way: _Way, space: _Space) -> Iterator[Candidate]:
    """All that round to the figure; its bounds are brought to one pixel, as whole numbers."""
    giga = Fraction(1) if way.convention is None else way.convention.giga
    low, high = (ceil(bound / giga / way.pixels) for bound in figure.printed.bounds())
    counts = way.per_pixel(space.held)
    for place in np.flatnonzero((low <= counts) & (counts < high)):
        network = space.networks[place]
        yield way.candidate(network, network.numbers())


def _closest(figure: Figure, ways: Sequence[_Way], space: _Space) -> Candidate | None:
    """The smallest residual among what nothing speaks against."""
    low, high = table(figure.row.table).number(figure.row.row, "Params").bounds()
    stored = space.held.parameters
    right = (low <= stored) & (stored < high) if figure.column == "FLOPs" else stored > 0
    every = [
        way.candidate(space.networks[place], space.networks[place].numbers())
        for place in np.flatnonzero(right)
        for way in ways
    ]
    every.sort(key=lambda each: abs(_residual(figure, each)))
    return next((each for each in every if not any(_against(figure, each.network))), None)


def _against(figure: Figure, network: Counted) -> Iterator[str]:
    """The companions that no network with these settings gives, one after the other."""
    for each in companions(figure):
        counts = (other.numbers().parameters for other in figure.as_in(each, network))
        if not any(each.printed.agreement(count) == "rounds" for count in counts):
            yield each.name


def _giga(candidate: Candidate) -> Fraction:
    return Fraction(1) if candidate.convention is None else candidate.convention.giga


def _residual(figure: Figure, candidate: Candidate) -> float:
    return figure.printed.residual(candidate.total * _giga(candidate))
