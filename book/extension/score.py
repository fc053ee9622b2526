"""Draws a wiring: lanes from top to bottom, a row for each thing computed, what is new in bold.

The picture reads without colour: what both cells have is thin and hollow, what is new bold and
filled, a new lane dashed, what is gone dotted and crossed out, a whole cell inside of another a box
with a double border. Colours and fonts are classes of
book/assets/cards.css, so that it follows the page from light to dark.
"""

import re
from html import escape

from .wiring import Difference, Lane, Row, Tap, Wiring, in_words

LABELS, LANE, ROW = 60, 38, 44  # widths of the column of names and of a lane; height of a row
TOP, BOTTOM, RIGHT = 34, 34, 14
DISC = 10
BOX = 16  # how far a box reaches beyond its outer lanes
SMALL = 5.2  # width of a raised letter
PART = re.compile(r"([\^_]?)(?:\{([^}]*)\}|([^\^_{}]+?(?=[\^_]|$)))")


def draw(cell: Wiring, changed: Difference) -> str:
    """The picture of a cell as an SVG that a screen reader can tell."""
    return _Score(cell, changed).svg()


class _Score:
    def __init__(self, cell: Wiring, changed: Difference) -> None:
        self.cell, self.changed = cell, changed
        lanes = (*cell.lanes, *(() if cell.folds else changed.gone_lanes))
        self.x = {lane.key: LABELS + LANE * (place + 0.5) for place, lane in enumerate(lanes)}
        self.width = LABELS + LANE * len(lanes) + RIGHT
        self.height = TOP + ROW * len(cell.rows) + BOTTOM
        self.ghosts = lanes[len(cell.lanes) :]

    def svg(self) -> str:
        name = f"wiring-{self.cell.key.replace('_', '-')}"
        lines = [line for lane in self.cell.lanes for line in self.lane(lane)]
        lines += [line for lane in self.ghosts for line in self.ghost(lane)]
        lines += [line for place, row in enumerate(self.cell.rows) for line in self.row(place, row)]
        told = escape(in_words(self.cell, self.changed))
        return (
            f'<svg class="wiring" role="img" aria-labelledby="{name}-title {name}-desc" '
            f'viewBox="0 0 {self.width} {self.height}" style="max-width: {self.width}px">'
            f'<title id="{name}-title">What {escape(self.cell.name)} reads and writes</title>'
            f'<desc id="{name}-desc">{told}</desc>{"".join(lines)}</svg>'
        )

    def y(self, place: int) -> float:
        return TOP + ROW * (place + 0.4)

    def lane(self, lane: Lane) -> list[str]:
        """The line of a value, from where it is made to where it was last read."""
        x, kind = self.x[lane.key], "new" if lane.key in self.changed.new_lanes else "same"
        rows = self.cell.rows
        writes = [place for place, row in enumerate(rows) if lane.key in (row.writes, row.also)]
        reads = [
            place for place, row in enumerate(rows) if any(tap.lane == lane.key for tap in row.taps)
        ]
        top = TOP - 12 if lane.enters else self.y(min(writes, default=0)) + 12
        bottom = self.height - BOTTOM + 8 if lane.leaves else self.y(max(reads, default=0))
        drawn = [f'<path class="lane {kind}" d="M{x:g} {top:g}V{bottom:g}"/>']
        if lane.enters:
            drawn.append(text(lane.enters, x, TOP - 18, f"end {kind}"))
        if lane.leaves:
            drawn.append(text(lane.leaves, x, self.height - 10, f"end {kind}"))
        return drawn

    def ghost(self, lane: Lane) -> list[str]:
        """A lane that the other cell has and this one has not."""
        x, middle = self.x[lane.key], self.height / 2
        return [
            f'<path class="lane gone" d="M{x:g} {TOP - 12}V{self.height - BOTTOM + 8}"/>',
            cross(x, middle),
            text(lane.name, x, TOP - 18, "end gone"),
        ]

    def row(self, place: int, row: Row) -> list[str]:
        """What one row reads, joined by a line, and the arrow into the lane that it writes."""
        if row.folded:
            return self.box(place, row)
        y, into = self.y(place), self.x[row.writes]
        new = {tap for tap in row.taps if (place, tap) in self.changed.new_taps}
        fresh = place in self.changed.new_rows
        kind = "new" if fresh else "same"
        xs = {tap: self.x[tap.lane] for tap in row.taps}
        old = [into, *(x for tap, x in xs.items() if tap not in new)]
        low, high = min(old), max(old)
        drawn = [text(", ".join(row.gates), LABELS - 8, y + 5, f"row {kind}")]
        if fresh:
            low, high = min(into, *xs.values()), max(into, *xs.values())
            drawn.append(f'<path class="wire new" d="M{low:g} {y:g}H{high:g}"/>')
        else:
            drawn.append(f'<path class="wire {kind}" d="M{low:g} {y:g}H{high:g}"/>')
            far = [min(xs[tap] for tap in new), max(xs[tap] for tap in new)] if new else []
            drawn += [
                f'<path class="wire new" d="M{start:g} {y:g}H{end:g}"/>'
                for start, end in zip((low, high), far, strict=False)
                if (end < start) == (start == low) and not low <= end <= high
            ]
        drawn.append(
            f'<path class="wire {kind}" d="M{into:g} {y:g}V{y + 15:g}"/>'
            f'<path class="head {kind}" d="M{into - 5:g} {y + 13:g}h10l-5 8z"/>'
        )
        for lane in dict.fromkeys(tap.lane for tap in row.taps):
            here = [tap for tap in row.taps if tap.lane == lane]
            drawn.append(self.tap(here, self.x[lane], y, any(tap in new for tap in here)))
        for at, tap in self.changed.gone_taps:
            if at == place:
                drawn.append(cross(self.x[tap.lane], y))
        return drawn

    def box(self, place: int, row: Row) -> list[str]:
        """A whole cell, over all lanes that it reads or writes, with the memories inside of it."""
        y, written = self.y(place), [lane for lane in (row.writes, row.also) if lane]
        xs = [self.x[lane] for lane in (*(tap.lane for tap in row.taps), *written)]
        left, wide = min(xs) - BOX, max(xs) - min(xs) + 2 * BOX
        heads = (
            f'<path class="head same" d="M{self.x[lane] - 5:g} {y + 14:g}h10l-5 7z"/>'
            for lane in written
        )
        return [
            text(", ".join(row.gates), LABELS - 12, y + 5, "row folded"),
            *(
                f'<rect class="box" x="{left + inset:g}" y="{y - 14 + inset:g}" '
                f'width="{wide - 2 * inset:g}" height="{28 - 2 * inset}"/>'
                for inset in (0, 3)
            ),
            text(row.folded, left + wide / 2, y + 5, "end folded"),
            *heads,
        ]

    def tap(self, taps: list[Tap], x: float, y: float, new: bool) -> str:
        """A disc with the widths of the kernels, or a dot where pixels are read one by one."""
        kind = "new" if new else "same"
        widths = [self.cell.width_of(tap).rpartition("×")[2] for tap in taps if tap.kernel]
        if not widths:
            return f'<circle class="dot {kind}" cx="{x:g}" cy="{y:g}" r="4"/>'
        shown = "·".join(dict.fromkeys(widths))
        half = max(DISC, (5 if shown.isalpha() else 3.5) * len(shown) + 2)
        return (
            f'<rect class="disc {kind}" x="{x - half:g}" y="{y - DISC:g}" width="{2 * half:g}" '
            f'height="{2 * DISC}" rx="{DISC}"/>'
            f'<text class="kernel {kind}" x="{x:g}" y="{y + 4:g}">{shown}</text>'
        )


def cross(x: float, y: float) -> str:
    """What is gone is crossed out."""
    return (
        f'<path class="cross" d="M{x - 6:g} {y - 6:g}l12 12m0 -12l-12 12"/>'
        f'<circle class="ring" cx="{x:g}" cy="{y:g}" r="{DISC}"/>'
    )


def text(formula: str, x: float, y: float, kind: str) -> str:
    """A formula with raised and lowered parts: ``m^{l-1}_t``."""
    pieces, level, raised = [], 0, 0
    for mark, braced, bare in PART.findall(formula):
        wanted = {"^": -5, "_": 4}.get(mark, 0)
        shift = f' dy="{wanted - level}"' if wanted != level else ""
        size = ' class="small"' if mark else ""
        if mark == "_" and raised:
            shift += f' dx="{-SMALL * raised:g}"'  # under what is raised, not behind it
        shown = (braced or bare).replace("-", "−").replace("'", "′")
        pieces.append(f"<tspan{size}{shift}>{escape(shown)}</tspan>")
        level, raised = wanted, len(shown) if mark == "^" else 0
    return f'<text class="{kind}" x="{x:g}" y="{y:g}">{"".join(pieces)}</text>'
