"""What the papers print, as data, beside what the networks of their texts count."""

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
from stlib.printed.figures import Figure, figure, figures, figures_of
from stlib.printed.nearest import Candidate, Finding, nearest
from stlib.printed.number import Printed
from stlib.printed.retrained import (
    Retrained,
    causal_parameters,
    eidetic_parameters,
    retrained,
)
from stlib.printed.tables import Table, table
from stlib.printed.unused import UNUSED, Unused
from stlib.printed.video_networks import CITED, FRAMES, VideoNetwork, as_many, video_networks

__all__ = [
    "CITED",
    "CLIPS",
    "FRAMES",
    "READINGS",
    "UNUSED",
    "Candidate",
    "Clip",
    "ClipCost",
    "Figure",
    "Finding",
    "Printed",
    "Reading",
    "Retrained",
    "Table",
    "Unused",
    "VideoNetwork",
    "as_many",
    "causal_parameters",
    "clip_costs",
    "clip_costs_of",
    "clip_tally",
    "eidetic_parameters",
    "figure",
    "figures",
    "figures_of",
    "nearest",
    "not_built",
    "retrained",
    "table",
    "video_networks",
]
