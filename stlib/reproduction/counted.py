"""What can be counted of the printed figures: formulas, parameters, FLOPs, shares of a row."""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import prod
from typing import Literal, TypeAlias

import torch
from torch import nn

from stlib.printed import (
    ClipCost,
    Printed,
    Reading,
    VideoNetwork,
    basic_parameters,
    clip_costs,
    figures,
    nearest,
    retrained,
    table,
    video_networks,
)
from stlib.printed.entries import Entry
from stlib.printed.words import words
from stlib.recipes import experiment
from stlib.scale_cost import MK_LSTM, Unit, conv_lstm

__all__ = ["Found", "Verdict", "counted"]

Verdict: TypeAlias = Literal[
    "reproduced",
    "follows from its row",
    "another configuration",
    "disagrees",
    "not measured at this scale",
    "machine-dependent",
    "not built",
]


@dataclass(frozen=True)
class Found:
    """What stands beside a printed figure.

    Attributes:
        verdict: in a word.
        ours: our number, '' where there is none.
        why: what it is of, or what is missing.
        test: the name of the test that holds it, '' where there is none.

    Source: this book, chapter 25.
    """

    verdict: Verdict
    ours: str = ""
    why: str = ""
    test: str = ""


def counted(entry: Entry) -> Found:
    """The verdict on a figure that arithmetic can settle.

    Args:
        entry: a formula, a count or a share.

    Raises:
        ValueError: an entry of another kind.

    Source: this book, chapter 25.
    """
    if entry.kind == "formula":
        return _formula(entry)
    if entry.kind == "share":
        return _share(entry)
    if entry.kind != "count":
        raise ValueError(f"{entry.place} is a {entry.kind}: expected a formula, count or share")
    return _searched(entry) or _of_a_clip(entry) or _of_a_video(entry) or Found("not built")


# --- formulas

SIZES = {"b": 2, "c": 3, "h": 5, "w": 7, "k": 11}  # primes, so that two formulas differ in value
FORMULA = re.compile(r"(\d*)((?:[bchwk]²?)+)")
UNITS = {
    "Convolution": Unit(SIZES["k"] ** 2, 0, 1, 1),
    "ms-table-1": conv_lstm(SIZES["k"]),
    "ms-table-2": conv_lstm(3),
    "MK-LSTM": MK_LSTM,
}


def _formula(entry: Entry) -> Found:
    """A product of sizes, compared by value; the unit is named by its row, or by its table."""
    match = FORMULA.fullmatch(entry.text)
    if match is None:
        raise ValueError(f"{entry.place}: {entry.text!r}, expected a product such as 72c²")
    factor, letters = match.groups()
    value = int(factor or 1) * prod(
        SIZES[letter] ** (2 if squared else 1)
        for letter, squared in re.findall(r"([bchwk])(²?)", letters)
    )
    unit = UNITS.get(entry.row) or UNITS[entry.table]
    b, c, h, w = (SIZES[letter] for letter in "bchw")
    ours = {
        "Params": unit.weights * c**2,
        "FLOPs": unit.flops(b, c, h, w),
        "Memory": unit.memory(b, c, h, w),
    }[entry.column]
    coefficient = Fraction(ours * int(factor or 1), value)
    said = f"{'' if coefficient == 1 else coefficient}{letters}"
    test = (
        "test_ms_table_1_a_convolution_and_a_conv_lstm_unit"
        if entry.table == "ms-table-1"
        else "test_ms_table_2_an_mk_lstm_unit_has_308_and_616"
    )
    return Found("reproduced" if ours == value else "disagrees", said, "", test)


# --- shares and differences of numbers in the same row


def _share(entry: Entry) -> Found:
    """Of numbers that round to what is printed in the row."""
    held, row = table(entry.table), entry.row
    said = held.number(row, entry.column)
    if entry.column == "lower":
        full, less = (held.number(row, name) for name in ("Acc.", "ITSL acc."))
        low = full.bounds()[0] - less.bounds()[1]
        high = full.bounds()[1] - less.bounds()[0]
        middle, why = full.value - less.value, "Acc. less ITSL acc."
    else:
        full, less = (held.number(row, name) for name in ("Memory", "ITSL memory"))
        low = 100 * (1 - less.bounds()[1] / full.bounds()[0])
        high = 100 * (1 - less.bounds()[0] / full.bounds()[1])
        middle, why = 100 * (1 - less.value / full.value), "percent less memory"
    follows = low <= said.bounds()[1] and said.bounds()[0] <= high
    return Found(
        "follows from its row" if follows else "disagrees",
        f"{float(middle):.{said.digits}f}",
        why,
        "test_stdcf_table_2_differences_and_shares",
    )


# --- Su et al.: a search through the declared space


def _searched(entry: Entry) -> Found | None:
    """By `nearest`; a row of the rebuttal is that of Table 4, where the same is printed."""
    name = "table-4-moving-mnist" if entry.table == "rebuttal" else entry.table
    known = {(each.row.table, each.row.row, each.column): each for each in figures()}
    figure = known.get((name, entry.row, entry.column))  # type: ignore[arg-type]
    if figure is None or figure.printed.text != entry.text:
        return _retrained(entry)
    found, test = nearest(figure), "test_every_hit_rounds_and_gives_its_companions"
    if found.verdict == "text":
        cut = "" if found.agreement == "rounds" else found.agreement
        return Found("reproduced", _said(entry, found.text.total), cut, "test_figures_of_the_text")
    text = f"the text's network has {_said(entry, found.text.total)}"
    if found.hits:
        first, more = found.hits[0], len(found.hits) - 1
        several = f", and {more} more" if more else ""
        why = f"{words(first)}{several}; {text}"
        return Found("another configuration", _said(entry, first.total), why, test)
    if entry.column == "FLOPs":
        test = "test_ctt_table_4_flops_stay_unexplained"
    why = f"{found.searched:,} searched"
    if found.closest is not None and found.closest.network != found.text.network:
        why += f"; closest {_said(entry, found.closest.total)}, {words(found.closest)}"
    return Found("disagrees", _said(entry, found.text.total), why, test)


def _retrained(entry: Entry) -> Found | None:
    """Other papers' networks that Su et al. trained: first as their own paper describes them."""
    own = [each for each in retrained() if each.row == entry.row and entry.column == "Params"]
    if not own or entry.paper != "su2020":
        return None
    test = "test_networks_retrained_for_table_4"
    for each in own:
        if each.printed.agreement(each.count) != "differs":
            verdict: Verdict = "reproduced" if each is own[0] else "another configuration"
            return Found(verdict, _said(entry, each.count), each.words, test)
    tried = ", ".join(f"{each.words}: {_said(entry, each.count)}" for each in own)
    return Found("disagrees", _said(entry, own[0].count), tried, test)


# --- Ma et al.: a clip, as the profiler counts it


@cache
def _network(name: str) -> nn.Module:
    with torch.device("meta"):  # shapes without numbers
        return experiment(name).paper.network.build()


@cache
def _count(cost: ClipCost, reading: Reading | None = None) -> int:
    return cost.counted(_network(cost.experiment), reading)


def _of_a_clip(entry: Entry) -> Found | None:
    """The text's clip, or what else the figure may be of; unused parts are counted as printed."""
    known = {(each.table, each.row, each.column): each for each in clip_costs()}
    cost = known.get((entry.table, entry.row, entry.column))  # type: ignore[arg-type]
    if cost is None:
        return None
    count, test = _count(cost), _held_by(cost)
    if cost.printed.agreement(count) != "differs":
        of_them = sum(each.parameters for each in cost.unused) if cost.column == "Params" else 0
        why = f"{of_them:,} of them are never used" if of_them else ""
        return Found("reproduced", _said(entry, count), why, test)
    text = f"of the text's clip it is {_said(entry, count)}"
    for reading in cost.readings:
        if cost.printed.agreement(_count(cost, reading)) != "differs":
            why = f"{reading.words}; {text}"
            return Found("another configuration", _said(entry, _count(cost, reading)), why, test)
    tried = ", ".join(f"{each.words}: {_said(entry, _count(cost, each))}" for each in cost.readings)
    return Found("disagrees", _said(entry, count), tried, test)


def _held_by(cost: ClipCost) -> str:
    """The name of the test that counts a row in another way."""
    if cost.row.startswith("SimVP"):
        return "test_ms_table_6_prints_for_simvp_what_four_clips_have"
    if cost.row.startswith("Earthformer"):
        return "test_ms_table_6_earthformer_is_not_explained"
    if cost.readings:
        return "test_ms_table_10_prints_for_ms_lstm_what_212_pixels_have"
    return "test_printed_costs_by_formula"


# --- Miao et al.: a clip of eight frames


def _of_a_video(entry: Entry) -> Found | None:
    """The first network of a row is the text's; a stage of two-stage learning has its weights."""
    row = "STDCF-R50" if entry.row.startswith("STDCF-R50") else entry.row
    own = [each for each in video_networks() if each.row == row and _is_in(entry)]
    if not own:
        return None
    said, text = _in_print(entry), own[0]
    test = "test_stdcf_table_3_parameters_and_macs_beside_the_printed"
    for each in own:
        if said.agreement(_video(entry, each)) != "differs":
            verdict: Verdict = "reproduced" if each is text else "another configuration"
            return Found(verdict, _said(entry, _video(entry, each)), each.name, test)
    if entry.column == "Params" and said.agreement(basic_parameters()) == "rounds":
        why = f"a 3D network of 34 layers; {text.name} has {_said(entry, _video(entry, text))}"
        test = "test_stdcf_table_3_63_7_million_are_34_layers_and_not_50"
        return Found("another configuration", _said(entry, basic_parameters()), why, test)
    return Found("disagrees", _said(entry, _video(entry, text)), text.name, test)


def _is_in(entry: Entry) -> bool:
    return entry.table == "stdcf-table-3"


def _in_print(entry: Entry) -> Printed:
    giga = "G" if entry.column == "GFLOPs" else ""
    return Printed(f"{entry.text}{giga}")


def _video(entry: Entry, network: VideoNetwork) -> int:
    return network.parameters() if entry.column == "Params" else _multiplied(network)


@cache
def _multiplied(network: VideoNetwork) -> int:
    return network.macs()


def _said(entry: Entry, count: int) -> str:
    """A count as the page has it."""
    return f"{count:,}" if entry.column == "Params" else f"{count / 1e9:.2f}G"
