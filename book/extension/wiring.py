"""What a recurrent cell reads and writes, row by row, and how that differs from another cell.

A cell is a score: a *lane* for each value, read from top to bottom, and a *row* for each thing that
is computed. A *tap* reads a lane, through a kernel or pixel by pixel; every row writes one lane.
`book/reference/cells/wiring.toml` holds the cells, and the difference from ConvLSTM is computed.
"""

import re
import tomllib
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

BASE = "conv_lstm"  # what every other cell is compared with
OWN = "k"  # a tap through the kernel that is the cell's usual one


@dataclass(frozen=True)
class Lane:
    """A value: how it is called where it comes in and goes out, and how many channels it has."""

    key: str
    enters: str = ""
    leaves: str = ""
    width: str = "c"

    @property
    def name(self) -> str:
        """As a formula, whichever end it has."""
        return self.enters or self.leaves or self.key


@dataclass(frozen=True)
class Tap:
    """A lane that is read: through a kernel, or pixel by pixel where `kernel` is empty."""

    lane: str
    kernel: str = ""
    maps: int | None = None  # None: one for each gate of the row


@dataclass(frozen=True)
class Row:
    """What is computed at once: gates of one kind, or one value."""

    writes: str
    gates: tuple[str, ...]
    taps: tuple[Tap, ...]
    out: str = "c"
    note: str = ""
    outside: bool = False  # computed by the network or the loss, not by the cell
    folded: str = ""  # another cell's rows are this one; the memories that it keeps inside
    also: str = ""  # a second lane that a folded cell writes

    def maps(self, tap: Tap) -> int:
        """How many maps read a tap's lane."""
        return len(self.gates) if tap.maps is None else tap.maps


@dataclass(frozen=True)
class Wiring:
    """A whole cell.

    Attributes:
        key: the name of its page and of its entry.
        name: what it is called.
        kernel: its usual kernel, ``3`` or ``2×5×5``.
        lanes: from left to right.
        rows: from top to bottom.
        folds: another cell whose rows come first, drawn as one.
    """

    key: str
    name: str
    kernel: str
    lanes: tuple[Lane, ...]
    rows: tuple[Row, ...]
    folds: str = ""

    def lane(self, key: str) -> Lane:
        """The lane of that key.

        Raises:
            KeyError: there is none.
        """
        for lane in self.lanes:
            if lane.key == key:
                return lane
        raise KeyError(f"{self.key}: no lane {key!r}")

    def width_of(self, tap: Tap) -> str:
        """The kernel of a tap, as one writes it; empty where it reads pixel by pixel."""
        return self.kernel if tap.kernel == OWN else tap.kernel


@dataclass
class Difference:
    """What a cell has that another has not, and the other way round."""

    new_lanes: set[str] = field(default_factory=set)
    new_rows: set[int] = field(default_factory=set)  # places in Wiring.rows
    new_taps: set[tuple[int, Tap]] = field(default_factory=set)
    gone_lanes: list[Lane] = field(default_factory=list)
    gone_taps: list[tuple[int, Tap]] = field(default_factory=list)
    gone_gates: list[str] = field(default_factory=list)


def read(file: Path) -> dict[str, Wiring]:
    """All cells of a file, by their keys.

    Raises:
        ValueError: a row that reads or writes a lane that the cell has not.
    """
    cells = {}
    for entry in tomllib.loads(file.read_text(encoding="utf-8"))["cell"]:
        rows = tuple(_row(row) for row in entry["row"])
        lanes = tuple(Lane(*lane) for lane in entry["lanes"])
        cell = Wiring(
            entry["key"], entry["name"], entry.get("kernel", "3"), lanes, rows,
            entry.get("folds", ""),
        )  # fmt: skip
        known = {lane.key for lane in lanes}
        for row in rows:
            for used in (row.writes, *filter(None, [row.also]), *(tap.lane for tap in row.taps)):
                if used not in known:
                    raise ValueError(f"{cell.key}: a row names the lane {used!r}, has {known}")
        cells[cell.key] = cell
    return cells


def _row(entry: dict[str, Any]) -> Row:
    taps = tuple(_tap(text) for text in entry["reads"])
    rest = {key: entry[key] for key in ("out", "note", "outside", "folded", "also") if key in entry}
    return Row(entry["writes"], tuple(entry["gates"]), taps, **rest)


def _tap(text: str) -> Tap:
    """``x`` reads pixel by pixel, ``x k`` through the cell's kernel, ``m 1/1`` through one map."""
    lane, _, kernel = text.partition(" ")
    kernel, _, maps = kernel.partition("/")
    return Tap(lane, kernel, int(maps) if maps else None)


def difference(cell: Wiring, base: Wiring) -> Difference:
    """What of a cell is not in another.

    A row is the other's if it writes the same lane and no row above it has been taken for that; a
    tap is the same if such a row has it through the same kernel, or both through their usual one.
    """
    found = Difference(new_lanes={lane.key for lane in cell.lanes} - _keys(base))
    found.gone_lanes = [lane for lane in base.lanes if lane.key not in _keys(cell)]
    waiting = {row.writes: row for row in base.rows}
    for place, row in enumerate(cell.rows):
        if row.folded:
            continue
        other = waiting.get(row.writes)
        if other is None or not set(row.gates) & set(other.gates):
            found.new_rows.add(place)
            found.new_taps |= {(place, tap) for tap in row.taps}
            continue
        del waiting[row.writes]
        old = {(tap.lane, tap.kernel) for tap in other.taps}
        found.new_taps |= {
            (place, tap) for tap in row.taps if (tap.lane, tap.kernel) not in old or tap.maps
        }
        read = {tap.lane for tap in row.taps}
        found.gone_taps += [
            (place, tap) for tap in other.taps if tap.lane not in read and tap.lane in _keys(cell)
        ]
        found.gone_gates += [gate for gate in other.gates if gate not in row.gates]
    if not cell.folds:
        found.gone_gates += [gate for row in waiting.values() for gate in row.gates]
    return found


def _keys(cell: Wiring) -> set[str]:
    return {lane.key for lane in cell.lanes}


def channels(text: str, c: int) -> int:
    """How many channels ``c``, ``c/4``, ``9c/4`` or ``20`` are.

    Raises:
        ValueError: something else, or no whole number.
    """
    if text.isdecimal():
        return int(text)
    found = re.fullmatch(r"(\d*)c(?:/(\d+))?", text)
    if found is None:
        raise ValueError(f"{text!r}: expected a number, c, 2c, c/4 or 9c/4")
    times, over = int(found[1] or 1), int(found[2] or 1)
    if c * times % over:
        raise ValueError(f"{text} of c={c} is no whole number")
    return c * times // over


def taps_of(kernel: str) -> int:
    """How many numbers a kernel has for a pair of channels: 9 of ``3``, 50 of ``2×5×5``."""
    sides = [int(side) for side in kernel.split("×")]
    return prod(sides) if len(sides) > 1 else sides[0] ** 2


def weights(cell: Wiring, c: int) -> dict[tuple[str, str], int]:
    """How many weights read each value through each kernel.

    A value is named by its lane: ``h`` as it came in, ``h*`` after the last row of the cell that
    writes it, and ``+`` for all that lives inside of the cell.
    """
    last = {row.writes: place for place, row in enumerate(cell.rows) if not row.outside}
    value = {lane.key: lane.key if lane.enters else "+" for lane in cell.lanes}
    counted: dict[tuple[str, str], int] = {}
    for place, row in enumerate(cell.rows):
        for tap in row.taps:
            kernel = cell.width_of(tap)
            if kernel and not row.outside and not row.folded:
                many = channels(cell.lane(tap.lane).width, c) * channels(row.out, c)
                key = value[tap.lane], kernel
                counted[key] = counted.get(key, 0) + many * taps_of(kernel) * row.maps(tap)
        if not row.outside:
            leaves = cell.lane(row.writes).leaves and last[row.writes] == place
            copied = len(row.taps) == 1 and not row.taps[0].kernel
            inside = value[row.taps[0].lane] if copied else "+"
            value[row.writes] = f"{row.writes}*" if leaves else inside
    return counted


def in_words(cell: Wiring, changed: Difference) -> str:
    """The picture for whoever does not see it."""
    sentences = []
    for place, row in enumerate(cell.rows):
        named = f"{plain(', '.join(row.gates))}"
        if row.folded:
            read = " and ".join(plain(tap.lane) for tap in row.taps)
            sentences.append(
                f"A box, {named}, a whole cell with its memories {row.folded}, reads {read} and "
                f"writes {' and '.join(filter(None, (row.writes, row.also)))}."
            )
            continue
        taps = [_tap_in_words(cell, tap, (place, tap) in changed.new_taps) for tap in row.taps]
        new = " (new)" if place in changed.new_rows else ""
        sentences.append(f"{named}{new} writes {plain(row.writes)} from {'; '.join(taps)}.")
    gone = [plain(lane.name) for lane in changed.gone_lanes]
    gone += [f"gate {gate}" for gate in changed.gone_gates]
    gone += [
        f"{plain(tap.lane)} in {plain(', '.join(cell.rows[place].gates))}"
        for place, tap in changed.gone_taps
    ]
    if gone:
        sentences.append(f"Gone: {', '.join(gone)}.")
    return " ".join(sentences)


def _tap_in_words(cell: Wiring, tap: Tap, new: bool) -> str:
    kernel = cell.width_of(tap)
    through = f"{plain(tap.lane)} through {kernel}" if kernel else f"{plain(tap.lane)} by pixel"
    return f"{through}, new" if new else through


def plain(formula: str) -> str:
    """A formula without its braces, as one would read it out."""
    return re.sub(r"[{}]", "", formula).replace("_", " ").replace("^", " ").strip()
