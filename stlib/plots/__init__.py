"""Figures that can be read in light, in dark, without colour and without sight.

`picture` makes a still figure, `explore` one the reader moves; both demand an alt text.
The other functions paint on matplotlib axes. Everything takes arrays and knows no model.
"""

from stlib.plots.explore import Explorer, explore
from stlib.plots.paint import filmstrip, heat, stems
from stlib.plots.picture import Picture, picture
from stlib.plots.style import DARK, LIGHT, Theme, diverging, matplotlib_style, plotly_template

__all__ = [
    "DARK",
    "LIGHT",
    "Explorer",
    "Picture",
    "Theme",
    "diverging",
    "explore",
    "filmstrip",
    "heat",
    "matplotlib_style",
    "picture",
    "plotly_template",
    "stems",
]
