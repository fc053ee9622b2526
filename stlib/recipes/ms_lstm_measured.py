"""Experiments of Ma et al., *MS-LSTM*, on traffic, actions and rain: Tables 7 to 11, Figure 8.

Their files are fetched by hand, so that the lab stands on what this book makes in their place, and
its recipes say so. Every row of those tables is here.
"""

from dataclasses import replace

from stlib.data.actions import Action
from stlib.recipes.cells import CMSLSTMCell, MoDeRNNCell, PrecipLSTMCell, TrajGRUCell
from stlib.recipes.data import KTH, DataChoice, GermanRadar, Rain, StickKTH, TaxiBJ, Traffic
from stlib.recipes.experiment import Experiment
from stlib.recipes.ms_lstm import BASELINES, CONV_LSTM, FOUR, LAB, at_lab_width, plain
from stlib.recipes.networks import PyramidOf, StackOf
from stlib.recipes.recipe import Recipe, smoke
from stlib.stages import Stage

__all__ = ["EXPERIMENTS", "NETWORKS"]

ON_FEET: tuple[Action, ...] = ("running", "jogging", "walking")
STRIDES = (3, 10, 10)


def _paper(
    source: str, data: DataChoice, *, epochs: int, clips: int, context: int, test_clips: int
) -> Recipe:
    """As on Moving MNIST, but for the data and how often they are read."""
    return replace(
        CONV_LSTM,
        source=f"{source} Otherwise as on Moving MNIST.",
        data=data,
        stages=(Stage(steps=epochs * (clips // CONV_LSTM.batch), rate=3e-4),),
        context=context,
        validate_every=clips // CONV_LSTM.batch,
        test_clips=test_clips,
    )


TRAFFIC = _paper(
    "Ma et al., Tables 7 and 8, row {model}: 15 epochs of 19,560 clips, 4 frames to 4.",
    TaxiBJ(
        source="Ma et al., section 5.3: what enters each cell; 19,560 clips and 1,344",
        validation=0,
        validating=0,
    ),
    epochs=15,
    clips=19_560,
    context=4,
    test_clips=1_344,
)
LAB_TRAFFIC = replace(
    LAB,
    source="this book, chapter 16: as on Moving MNIST, on a made city, 4 frames to 4",
    data=Traffic(),
    context=4,
)
ACTIONS = _paper(
    "Ma et al., Table 9 and Figure 8, row {model}: 20 epochs, 10 frames to 10. An epoch is 5,000 "
    "clips, a round estimate of ours: the paper prints no number.",
    KTH(
        source="Ma et al., section 5.4: three actions, strides 3, 10 and 10, 128 pixels",
        validation=0,
        actions=ON_FEET,
        every=STRIDES,
        validating=0,
    ),
    epochs=20,
    clips=5_000,
    context=10,
    test_clips=2_000,
)
LAB_ACTIONS = replace(
    LAB,
    source="this book, chapter 16: as on Moving MNIST, on stick figures of 32 pixels",
    data=StickKTH(frames=10, canvas=32, actions=ON_FEET),
    test_clips=180,
)
RAIN = _paper(
    "Ma et al., Tables 10 and 11, row {model}: 20 epochs, 4 frames to 4, a frame each half-hour. "
    "That no two clips share a frame is ours: the paper prints no number of them.",
    GermanRadar(
        source="Ma et al., section 5.5: 2006 to 2014 and 2015 to 2017, 180 pixels",
        validation=0,
        validating=0,
    ),
    epochs=20,
    clips=3_287 * 48 // 8,  # days of those nine years, half-hours of a day, frames of a clip
    context=4,
    test_clips=5_000,
)
LAB_RAIN = replace(
    LAB,
    source="this book, chapter 16: as on Moving MNIST, on made rain of 32 pixels, 4 frames to 4",
    data=Rain(canvas=32),
    context=4,
)


NETWORKS: dict[str, StackOf | PyramidOf] = {
    **FOUR,
    **BASELINES,
    "TrajGRU": StackOf(TrajGRUCell()),
    "CMS-LSTM": StackOf(CMSLSTMCell()),
    "MoDeRNN": StackOf(MoDeRNNCell()),
    "PrecipLSTM": StackOf(PrecipLSTMCell()),
}
"""By their names in Tables 7 to 11."""


def _row(table: str, model: str, paper: Recipe, lab: Recipe) -> Experiment:
    network = NETWORKS[model]
    paper = replace(paper, source=paper.source.format(model=model), network=network)
    lab = replace(lab, network=at_lab_width(network))
    return Experiment(f"ms-{table}-{plain(model)}", smoke=smoke(paper), lab=lab, paper=paper)


def _unprinted(model: str) -> Experiment:
    """A row that the paper has on Moving MNIST alone."""
    source = f"this book: {model} of Table 3 trained as the rows of Ma et al., Table 11"
    return _row("section-5-rain", model, replace(RAIN, source=source), LAB_RAIN)


BOTH = ("ConvLSTM", "MS-LSTM")
ALWAYS = ("TrajGRU", *BASELINES)

EXPERIMENTS = (
    # ms-table-7, ms-table-8
    *(
        _row("table-8", model, TRAFFIC, LAB_TRAFFIC)
        for model in (*BOTH, *ALWAYS, "CMS-LSTM", "MoDeRNN")
    ),
    # ms-table-9
    *(_row("table-9", model, ACTIONS, LAB_ACTIONS) for model in (*BOTH, *ALWAYS)),
    # ms-table-10, ms-table-11
    *(_row("table-11", model, RAIN, LAB_RAIN) for model in (*BOTH, *ALWAYS, "PrecipLSTM")),
    *(_unprinted(model) for model in ("SMS-LSTM", "TMS-LSTM")),
)
