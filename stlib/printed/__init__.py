"""What Su et al. print, as data, beside what the networks of their text count."""

from stlib.printed.figures import Figure, figure, figures, figures_of
from stlib.printed.nearest import Candidate, Finding, nearest
from stlib.printed.number import Printed
from stlib.printed.tables import Table, table

__all__ = [
    "Candidate",
    "Figure",
    "Finding",
    "Printed",
    "Table",
    "figure",
    "figures",
    "figures_of",
    "nearest",
    "table",
]
