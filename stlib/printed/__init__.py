"""What the papers print, as data, beside what the networks of their texts count."""

from stlib.printed.clips import (
    CLIPS,
    Clip,
    ClipCost,
    clip_costs,
    clip_costs_of,
    clip_tally,
    not_built,
)
from stlib.printed.figures import Figure, figure, figures, figures_of
from stlib.printed.nearest import Candidate, Finding, nearest
from stlib.printed.number import Printed
from stlib.printed.tables import Table, table

__all__ = [
    "CLIPS",
    "Candidate",
    "Clip",
    "ClipCost",
    "Figure",
    "Finding",
    "Printed",
    "Table",
    "clip_costs",
    "clip_costs_of",
    "clip_tally",
    "figure",
    "figures",
    "figures_of",
    "nearest",
    "not_built",
    "table",
]
