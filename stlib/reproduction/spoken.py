"""Where a training of this book speaks to what printed results claim of each other.

A score at this book's scale is never set beside a printed one. But a paper's two scores claim that
one network is above the other, and to that a result may speak.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import product
from statistics import fmean
from typing import Any, NamedTuple

from stlib.artifacts import load_result, results
from stlib.claims import Claim, judged
from stlib.printed import table
from stlib.printed.entries import Entry, entries

__all__ = ["Spoken", "spoken"]


class Spoken(NamedTuple):
    """One claim, and what became of it here.

    Attributes:
        says: the claim.
        verdict: supported, contradicted or not resolved, of this book's scale.
        seeds: how many trainings of each network; 0 if it was not run.
        result: the file in `stlib/results` that holds it, without its suffix.
        percent: by how much the first is above the second, in percent of the second, and the two
            ends of the 95% interval.

    Source: this book, chapter 13.
    """

    says: str
    verdict: str
    seeds: int
    result: str
    percent: tuple[float, float, float]


def spoken(entry: Entry) -> tuple[Spoken, ...]:
    """The claims that rest on a printed number and were tested here; often none.

    Args:
        entry: any.

    Source: this book, chapter 25.
    """
    return _by_entry().get(entry, ())


@cache
def _by_entry() -> Mapping[Entry, tuple[Spoken, ...]]:
    told: defaultdict[Entry, list[Spoken]] = defaultdict(list)
    for result, claim in (*_stored(), *_early()):
        middle, low, high = claim["percent"]
        said = Spoken(
            claim["says"], claim["verdict"], len(claim["seeds"]), result, (middle, low, high)
        )
        for entry in _printed_for(claim["place"], claim["printed"]):
            if said not in told[entry]:
                told[entry].append(said)
    return {entry: tuple(claims) for entry, claims in told.items()}


def _stored() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every claim of every stored result that has its two numbers in print."""
    for name in results():
        for claim in load_result(name).measured.get("claims", ()):
            if claim.get("printed") and claim["verdict"] != "not run":
                yield name, claim


def _printed_for(place: str, pair: Sequence[float]) -> list[Entry]:
    """The two numbers of a claim, where both stand in one row or one column of its table; or the
    numbers of two rows whose means they are."""
    match = re.match(r"Table \d+|rebuttal", place)
    if match is None:
        return []
    held = [
        entry
        for entry in entries()
        if entry.kind == "result" and table(entry.table).place.split(",")[0] == match[0]
    ]
    first, second = ([each for each in held if float(each.text) == value] for value in pair)
    together = {
        each: None
        for both in product(first, second)
        if both[0].table == both[1].table
        and (both[0].row == both[1].row or both[0].column == both[1].column)
        for each in both
    }
    return list(together) or _in_the_mean(held, pair)


def _in_the_mean(held: Sequence[Entry], pair: Sequence[float]) -> list[Entry]:
    """All numbers of two rows of one table whose means are the two given ones; [] without both."""
    rows: defaultdict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in held:
        rows[entry.table, entry.row].append(entry)
    found = [
        [
            place
            for place, row in rows.items()
            if abs(fmean(float(each.text) for each in row) - value) < 1e-9
        ]
        for value in pair
    ]
    both = {
        place: None
        for places in product(*found)
        if places[0][0] == places[1][0]
        for place in places
    }
    return [entry for place in both for entry in rows[place]]


EARLY = {
    "Conv-TT-LSTM (ours)": "early-activity-conv-tt-lstm",
    "ConvLSTM": "early-activity-convlstm",
    "3D-CNN": "early-activity-3d-cnn",
}
"""Rows of Table 2 of Su et al. and what the names of their experiments begin with."""


def _early() -> Iterator[tuple[str, dict[str, Any]]]:
    """What Table 2 of Su et al. claims, seed by seed: that each row is above those below it."""
    name, held = "early-activity", table("table-2")
    accuracy: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for run in load_result(name).measured["runs"]:
        accuracy[run["experiment"]][str(run["seed"])] = run["accuracy"]
    rows = list(EARLY)
    for percent, (place, first) in product((25, 50), enumerate(rows)):
        for second in rows[place + 1 :]:
            column = f"Front {percent}%"
            names = f"{EARLY[first]}-{percent}", f"{EARLY[second]}-{percent}"
            printed = float(held.cell(first, column)), float(held.cell(second, column))
            says = f"{first.removesuffix(' (ours)')} above {second}"
            claim = Claim(held.place, says, *names, higher=True, printed=printed)
            yield name, judged(claim, *(accuracy[each] for each in names))
