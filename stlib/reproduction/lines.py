"""Every printed figure of the three papers beside ours, with a verdict."""

from dataclasses import dataclass
from functools import cache

from stlib.printed import clip_costs, figures, retrained, video_networks
from stlib.printed.entries import Entry, entries
from stlib.recipes import experiments
from stlib.reproduction.counted import Found, counted
from stlib.reproduction.spoken import EARLY, Spoken, spoken

__all__ = ["Line", "lines"]


@dataclass(frozen=True)
class Line:
    """A line of the reproduction table.

    Attributes:
        entry: the printed figure.
        found: what stands beside it.
        spoken: claims that rest on it and were tested here.

    Source: this book, chapter 25.
    """

    entry: Entry
    found: Found
    spoken: tuple[Spoken, ...] = ()


@cache
def lines() -> tuple[Line, ...]:
    """One line for each number that the papers' tables print, in their order.

    Source: this book, chapter 25.
    """
    return tuple(Line(entry, _found(entry), spoken(entry)) for entry in entries())


def _found(entry: Entry) -> Found:
    if entry.kind in ("formula", "count", "share"):
        return counted(entry)
    if entry.kind == "machine":
        return Found("machine-dependent", "", "of the authors' machines")
    return Found("not measured at this scale" if _built(entry) else "not built")


def _built(entry: Entry) -> bool:
    """Whether this book has the network of a row: it is trained, or at least counted."""
    return entry.row in _rows()[entry.paper]


@cache
def _rows() -> dict[str, frozenset[str]]:
    """The rows of each paper whose networks are built; a name means one network in all tables."""
    names = {each.name for each in experiments()}
    early = {row for row, name in EARLY.items() if f"{name}-25" in names}
    shares = ("25%", "50%")
    return {
        "su2020": frozenset(
            {each.row.row for each in figures()}
            | {each.row for each in retrained()}
            | early
            | {f"{share}: {row.removesuffix(' (ours)')}" for share in shares for row in early}
            | {row for row, name in POINTWISE.items() if name in names}
        ),
        "ma2023": frozenset(each.row for each in clip_costs()),
        "miao2021": frozenset(
            {each.row for each in video_networks() if each.row}
            | {row for row, name in VIDEOS.items() if name in names}
        ),
    }


POINTWISE = {  # ctt-table-3
    "1x1 filters, single order": "ctt-table-3-pointwise-single",
    "1x1 filters, order 3": "ctt-table-3-pointwise-order-3",
    "5x5 filters, single order": "ctt-table-3-single",
    "5x5 filters, order 3": "ctt-table-8-fixed",
}
VIDEOS = {  # stdcf-table-1, stdcf-table-2, stdcf-table-3, stdcf-table-4
    "16x30x40, tested on 16x60x80": "stdcf-table-1-half-size",
    "16x60x80, tested on 8x60x80": "stdcf-table-1-every-second-frame",
    "Reg. 3D": "stdcf-table-2-regular-full",
    "Rank-1 3D": "stdcf-table-2-rank-1-full",
    "STDCF": "stdcf-table-2-joint-full",
    "2D-R50": "stdcf-table-4-full",
    "STDCF-R50": "stdcf-table-3-full",
    "STDCF-R50-t-3": "stdcf-table-3-two-stage",
    "STDCF-R50-s-3": "stdcf-table-3-two-stage",
    "STDCF-R50-t-2": "stdcf-table-4-two-stage",
    "STDCF-R50-s-2": "stdcf-table-4-two-stage",
}
"""Rows of results and an experiment that trains each row's network at paper scale."""
