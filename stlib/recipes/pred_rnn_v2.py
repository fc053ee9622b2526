"""PredRNN-V2, trained as the paper trains it: memories told apart, and a context with gaps."""

from dataclasses import replace

from stlib.recipes.cells import STLSTMCell
from stlib.recipes.experiment import Experiment
from stlib.recipes.feeding import Reverse
from stlib.recipes.ms_lstm import CONV_LSTM, LAB, LAB_WIDTH
from stlib.recipes.networks import DecoupledOf, StackOf
from stlib.recipes.recipe import smoke

__all__ = ["EXPERIMENTS", "LAB_V2", "PAPER_V2"]

CELL = STLSTMCell(increments=True)

PAPER_V2 = replace(
    CONV_LSTM,
    source=(
        CONV_LSTM.source.replace("Table 3, row ConvLSTM", "Table 5, row PredRNN-V2")
        + " Reported of the released code: reverse scheduled sampling, and what is written into "
        "both memories compared, weighted 0.01 where layers and channels are added; here their "
        "mean over 6 layers of 32, so that the weight is 0.01 · 6 · 32."
    ),
    network=DecoupledOf(StackOf(CELL)),
    feeding=Reverse(),
    decoupling=1.92,
)

LAB_V2 = replace(
    LAB,
    source=f"{LAB.source}. PredRNN-V2: squared error and 0.1 of the likeness, as its authors weigh",
    network=DecoupledOf(StackOf(CELL, hidden=LAB_WIDTH, xavier=True)),
    feeding=Reverse(),
    decoupling=0.1,
)

EXPERIMENTS = (
    Experiment("ms-table-5-predrnn-v2", smoke=smoke(PAPER_V2), lab=LAB_V2, paper=PAPER_V2),
)
