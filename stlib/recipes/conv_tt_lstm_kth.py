"""Video prediction of Su et al. on KTH, the upper half of their Table 4."""

from dataclasses import replace

from stlib.recipes.cells import ConvLSTMCell
from stlib.recipes.conv_tt_lstm import (
    CELL,
    CLASSIC,
    CONV_LSTM,
    ENCODER_FORECASTER,
    LAB_CELL,
    LAB_CONV_LSTM,
    LAB_ENCODER_FORECASTER,
    OLDEST,
    SLIDING,
    classic,
    with_cell,
)
from stlib.recipes.data import KTH, StickKTH
from stlib.recipes.experiment import Experiment
from stlib.recipes.networks import SkipNetOf
from stlib.recipes.recipe import Recipe, smoke

__all__ = ["EXPERIMENTS"]

PAPER = replace(
    CONV_LSTM,
    source=(
        "Su et al., Table 4, KTH, row ConvLSTM (baseline); section B.2: a sigmoid at the end. Its "
        "two columns are the first 20 frames and all 40. The text says 128 pixels; its FLOPs are "
        "those of 120, as is the size reported of the released training code"
    ),
    network=SkipNetOf(sigmoid=True, xavier=True),
    data=KTH(
        source="Su et al., appendix B.4: 20 frames in a row, subjects 1-16 and 17-25, 128 pixels"
    ),
    validation_clips=100,
    test_clips=500,
    foretell=40,
)
LAB = replace(
    LAB_CONV_LSTM,
    source="this book: KTH's row at lab scale, on stick figures of 32 pixels, 5 frames to 5",
    network=SkipNetOf(ConvLSTMCell(kernel=3), (16,) * 4, layers_each=1, sigmoid=True, xavier=True),
    data=StickKTH(frames=10, canvas=32),
    test_clips=180,
)


def _row(name: str, paper: Recipe, lab: Recipe) -> Experiment:
    return Experiment(name, smoke=smoke(paper), lab=lab, paper=paper)


def _oldest(recipe: Recipe, like: Recipe) -> Recipe:
    """The encoder-forecaster, trained and tested as another row; it has no sigmoid."""
    return replace(recipe, source=OLDEST, network=like.network)


EXPERIMENTS = (
    _row(
        "ctt-table-4-kth-encoder-forecaster",
        _oldest(PAPER, ENCODER_FORECASTER),
        _oldest(LAB, LAB_ENCODER_FORECASTER),
    ),
    _row("ctt-table-4-kth-convlstm", PAPER, LAB),
    _row(
        "ctt-table-4-kth-classic",
        with_cell(PAPER, classic(kernel=5), CLASSIC),
        with_cell(LAB, classic(kernel=3), CLASSIC),
    ),
    _row(
        "ctt-table-4-kth-conv-tt-lstm",
        with_cell(PAPER, CELL, SLIDING),
        with_cell(LAB, LAB_CELL, SLIDING),
    ),
)
