"""What the papers print, as data, beside what the networks of their texts count."""

from stlib.printed.chance import by_chance, fitting
from stlib.printed.clips import (
    CLIPS,
    READINGS,
    Clip,
    ClipCost,
    Reading,
    clip_costs,
    clip_costs_of,
    clip_tally,
    not_built,
)
from stlib.printed.entries import Entry, entries
from stlib.printed.figures import Figure, figure, figures, figures_of
from stlib.printed.nearest import Candidate, Finding, nearest
from stlib.printed.number import Printed
from stlib.printed.retrained import (
    Retrained,
    causal_parameters,
    eidetic_parameters,
    retrained,
)
from stlib.printed.tables import Table, papers, table
from stlib.printed.unused import UNUSED, Unused
from stlib.printed.video_networks import (
    CITED,
    FRAMES,
    VideoNetwork,
    as_many,
    basic_parameters,
    video_networks,
)

__all__ = [
    "CITED",
    "CLIPS",
    "FRAMES",
    "READINGS",
    "UNUSED",
    "Candidate",
    "Clip",
    "ClipCost",
    "Entry",
    "Figure",
    "Finding",
    "Printed",
    "Reading",
    "Retrained",
    "Table",
    "Unused",
    "VideoNetwork",
    "as_many",
    "basic_parameters",
    "by_chance",
    "causal_parameters",
    "clip_costs",
    "clip_costs_of",
    "clip_tally",
    "eidetic_parameters",
    "entries",
    "figure",
    "figures",
    "figures_of",
    "fitting",
    "nearest",
    "not_built",
    "papers",
    "retrained",
    "table",
    "video_networks",
]
