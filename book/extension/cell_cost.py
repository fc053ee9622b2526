"""What a cell costs, counted from stlib when the book is built: for one layer, and for six."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial
from typing import Any, TypeAlias

import torch
from torch import nn

from stlib.cost import macs, parameters
from stlib.networks import Stack
from stlib.networks.layers import CellConstructor
from stlib.recipes import cells as cell_choices
from stlib.recipes import networks as network_choices

from .family import Member

Count: TypeAlias = Callable[[CellConstructor, int], Fraction]

WIDTHS = (8, 16, 24, 32)  # a quadratic in the width is known from three; the fourth says if it is
LAYERS, WIDTH, SIDE = 6, 32, 64
CONTEXT = 10  # frames that a network without recurrence reads, and forecasts


def choice(member: Member) -> Any:
    """What a recipe says of a member: its cell, or its network.

    Raises:
        LookupError: stlib has none of that name.
    """
    name = member.recipe or member.network
    found = getattr(cell_choices if member.recipe else network_choices, name, None)
    if found is None:
        raise LookupError(f"{member.name}: stlib.recipes has no {name}")
    return found(**member.settings)


def layers(member: Member) -> Sequence[CellConstructor]:
    """The constructors of a network's six layers."""
    made: Sequence[CellConstructor] = choice(member).layers(LAYERS)
    return made


def stack(member: Member) -> nn.Module:
    """Six layers of width 32 between an embedding and a readout, without numbers in them."""
    with torch.device("meta"):
        return Stack(layers(member), 1, hidden=(WIDTH,) * LAYERS)


def network_parameters(member: Member) -> int:
    """Of `stack`."""
    return parameters(stack(member))


def network_macs(member: Member) -> Fraction:
    """MACs a pixel that `stack` executes for the first frame of 64 × 64."""
    frame = torch.zeros(1, 1, SIDE, SIDE, device="meta")
    with torch.no_grad():
        return Fraction(macs(stack(member), frame), SIDE**2)


def layer_parameters(make: CellConstructor, c: int) -> Fraction:
    """Of one layer that reads and writes c channels."""
    with torch.device("meta"):
        return Fraction(parameters(make(c, c)))


def layer_macs(make: CellConstructor, c: int) -> Fraction:
    """MACs a pixel of one layer in its first step on 64 × 64 pixels."""
    with torch.device("meta"), torch.no_grad():
        return Fraction(macs(make(c, c), torch.zeros(1, c, SIDE, SIDE)), SIDE**2)


def polynomial(count: Callable[[int], Fraction]) -> tuple[Fraction, Fraction, Fraction]:
    """Coefficients of c², c and 1 of a count that grows so.

    Raises:
        ValueError: it does not.
    """
    x0, x1, x2, x3 = WIDTHS
    y0, y1, y2, y3 = map(count, WIDTHS)
    first = (y1 - y0) / (x1 - x0)
    square = ((y2 - y1) / (x2 - x1) - first) / (x2 - x0)
    linear = first - square * (x0 + x1)
    rest = y0 - square * x0**2 - linear * x0
    if square * x3**2 + linear * x3 + rest != y3:
        raise ValueError(f"no quadratic in the width: {y0}, {y1}, {y2}, {y3}")
    return square, linear, rest


def shown(coefficients: Sequence[Fraction]) -> str:
    """``146 c² + 17 c``."""
    units = (" c²", " c", "")
    terms = [
        f"{_number(value)}{unit}" for value, unit in zip(coefficients, units, strict=True) if value
    ]
    return " + ".join(terms).replace("+ -", "− ") or "0"


def _number(value: Fraction) -> str:
    return f"{value.numerator:,}" if value.denominator == 1 else f"{float(value):,.7g}"


def by_layers(member: Member, count: Count) -> str:
    """A count for one layer of width c; for each kind of layer, where they differ."""
    makes = layers(member)
    known = {make: shown(polynomial(partial(count, make))) for make in set(makes)}
    each = [known[make] for make in makes]
    if len(set(each)) == 1:
        return each[0]
    kinds: dict[str, list[int]] = {}
    for place, formula in enumerate(each, start=1):
        kinds.setdefault(formula, []).append(place)
    return "<br>".join(f"{formula} (layer {_places(at)})" for formula, at in kinds.items())


def _places(at: Sequence[int]) -> str:
    """``1, 3–6``."""
    runs: list[list[int]] = []
    for place in at:
        if runs and runs[-1][-1] == place - 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)


def card_table(member: Member, base: Member) -> str:
    """A MyST table: one layer, six layers, and six against the base's."""
    rows = (
        ("Parameters", layer_parameters, Fraction(network_parameters(member)),
         Fraction(network_parameters(base))),
        ("MACs a pixel", layer_macs, network_macs(member), network_macs(base)),
    )  # fmt: skip
    lines = [
        f"| Cost | a layer of width $c$ | six layers of {WIDTH} | of {base.name}'s |",
        "|---|---|---|---|",
    ]
    for name, count, whole, others in rows:
        lines.append(
            f"| {name} | {by_layers(member, count)} | {round(whole):,} | "
            f"{float(whole / others):.2f} × |"
        )
    return "\n".join(lines)


def all_table(members: Sequence[Member], base: Member) -> str:
    """A MyST table of all cells, cheapest first."""
    counted = sorted(
        ((network_macs(member), network_parameters(member), member) for member in members),
        key=lambda row: row[0],
    )
    of = network_macs(base)
    lines = ["| Cell | Parameters | MACs a pixel | of ConvLSTM's |", "|---|---|---|---|"]
    lines += [
        f"| [{member.name}]({member.key}.md) | {stored:,} | {round(executed):,} | "
        f"{float(executed / of):.2f} × |"
        for executed, stored, member in counted
    ]
    return "\n".join(lines)


def network_table(member: Member, base: Member) -> str:
    """A MyST table of a network that forecasts a whole film, beside six layers of a cell."""
    with torch.device("meta"):
        model = choice(member).build().model
        film = torch.zeros(1, CONTEXT, 1, SIDE, SIDE)
    executed = Fraction(macs(model, film), SIDE**2)
    steps = 2 * CONTEXT - 1  # of a recurrent network, from the first frame to the last forecast
    rows = (
        ("Parameters", parameters(model), network_parameters(base)),
        ("MACs a pixel, ten frames to ten", executed, network_macs(base) * steps),
    )
    lines = [f"| Cost | {member.name} | of six layers of {base.name} |", "|---|---|---|"]
    lines += [
        f"| {name} | {round(own):,} | {float(own / other):.2f} × |" for name, own, other in rows
    ]
    return "\n".join(lines)
