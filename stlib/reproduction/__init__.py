"""The reproduction table: each figure that the three papers print, beside ours."""

from stlib.reproduction.counted import Found, Verdict, counted
from stlib.reproduction.lines import Line, lines
from stlib.reproduction.spoken import Spoken, spoken

__all__ = ["Found", "Line", "Spoken", "Verdict", "counted", "lines", "spoken"]
