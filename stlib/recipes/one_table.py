"""Experiments of chapter 23: every cell in the same stack, with as many parameters as the others.

The rate rises and then stays, and forecasts soon read nothing but their own frames, so that a run
means the same wherever it is cut: one run serves every budget that ends before it does.
"""

from dataclasses import replace

from stlib.recipes.cells import (
    CellChoice,
    CMSLSTMCell,
    ConvLSTMCell,
    ConvTTLSTMCell,
    E3DLSTMCell,
    MIMCell,
    MKLSTMCell,
    MoDeRNNCell,
    MotionRNNCell,
    PrecipLSTMCell,
    PredRNNPlusPlusCell,
    STLSTMCell,
    TrajGRUCell,
)
from stlib.recipes.experiment import Experiment
from stlib.recipes.feeding import ByIteration
from stlib.recipes.ms_lstm import CONV_LSTM
from stlib.recipes.ms_lstm import LAB as CHAPTER_16
from stlib.recipes.networks import StackOf
from stlib.recipes.recipe import smoke
from stlib.stages import Stage

__all__ = ["CELLS", "EXPERIMENTS", "LAB", "LAB_PARAMETERS", "PAPER", "PAPER_PARAMETERS", "WIDTHS"]

LAB_PARAMETERS, PAPER_PARAMETERS = 75_000, 450_000
"""Wanted of every network: about those of four layers of ConvLSTM 16 wide, and of six 32 wide."""

CELLS: dict[str, CellChoice] = {
    "ConvLSTM": ConvLSTMCell(biases=2),
    "TrajGRU": TrajGRUCell(),
    "PredRNN": STLSTMCell(),
    "PredRNN++": PredRNNPlusPlusCell(),
    "PrecipLSTM": PrecipLSTMCell(),
    "MoDeRNN": MoDeRNNCell(),
    "CMS-LSTM": CMSLSTMCell(),
    "MIM": MIMCell(),
    "MotionRNN": MotionRNNCell(),
    "E3D-LSTM": E3DLSTMCell(kernel=3),
    "MK-LSTM": MKLSTMCell(),
    "Conv-TT-LSTM": ConvTTLSTMCell(kernel=3),
}
"""By the names of the tables; kernels are 3 wide, MK-LSTM has 5 and MoDeRNN 5 and 7 beside it."""

WIDTHS: dict[str, tuple[int, int]] = {
    "ConvLSTM": (16, 32),
    "TrajGRU": (15, 30),
    "PredRNN": (11, 23),
    "PredRNN++": (10, 19),
    "PrecipLSTM": (8, 16),
    "MoDeRNN": (9, 18),
    "CMS-LSTM": (10, 20),
    "MIM": (9, 17),
    "MotionRNN": (8, 16),
    "E3D-LSTM": (14, 30),
    "MK-LSTM": (8, 16),
    "Conv-TT-LSTM": (16, 39),
}
"""Channels of every layer, at lab and at full size: `stlib.equal_budgets.nearest_width` of each."""

STEPS, WARMUP, OWN_FRAMES = 300, 20, 50  # from step 50 on every forecast reads its own frames
PAPER_STEPS = CONV_LSTM.steps

LAB = replace(
    CHAPTER_16,
    source=(
        "this book, chapter 23: 4 layers on patches of 2x2, as many parameters for every cell, "
        "one digit on 32x32, 5 frames to 5; after its warm-up the rate stays, for a run may be "
        "cut anywhere"
    ),
    network=StackOf(CELLS["ConvLSTM"], hidden=(16,) * 4, patch=2, xavier=True),
    feeding=ByIteration(until=OWN_FRAMES / STEPS),
    stages=(Stage(steps=STEPS, rate=4e-3, warmup=WARMUP),),
    validate_every=15,
)

PAPER = replace(
    CONV_LSTM,
    source=(
        "this book, chapter 23, at full size: Ma et al., Table 3, with as many parameters for "
        "every cell; after its warm-up the rate stays. 500 clips for validation are ours"
    ),
    data=replace(CONV_LSTM.data, validation=500),
    feeding=ByIteration(until=OWN_FRAMES / STEPS),
    stages=(Stage(steps=PAPER_STEPS, rate=3e-4, warmup=1_000),),
    validate_every=PAPER_STEPS // 20,
    validation_clips=500,
)


def _experiment(name: str) -> Experiment:
    """The same training, for another cell."""
    cell, (lab_width, paper_width) = CELLS[name], WIDTHS[name]
    lab = replace(LAB, network=StackOf(cell, hidden=(lab_width,) * 4, patch=2, xavier=True))
    paper = replace(PAPER, network=StackOf(cell, hidden=(paper_width,) * 6))
    return Experiment(f"table-{name.lower()}", smoke=smoke(lab), lab=lab, paper=paper)


EXPERIMENTS = tuple(_experiment(name) for name in CELLS)
