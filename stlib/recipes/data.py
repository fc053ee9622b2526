"""Data as a recipe names it: numbers that open a data set.

Each choice says `frames`, `canvas` (height and width), `channels`, and in `training`, `validation`
and `test` how many clips a split has. `open(split)` gives them as a `stlib.data.clips.ClipSet`,
`origin()` what a result says of them, `smoke()` a choice of the same kind that takes seconds.
"""

from typing import TypeAlias

from stlib.data.moving_mnist import Preset

__all__ = ["DataChoice"]

DataChoice: TypeAlias = Preset
