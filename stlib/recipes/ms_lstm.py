"""Experiments of Ma et al., *MS-LSTM*."""

from dataclasses import replace

from stlib.data.moving_mnist import MS_LSTM
from stlib.recipes.feeding import ByIteration
from stlib.recipes.first_network import ONE_DIGIT
from stlib.recipes.networks import ConvLSTMCell, MKLSTMCell, PyramidOf, StackOf
from stlib.recipes.recipe import Experiment, Recipe, smoke
from stlib.stages import Stage

__all__ = ["EXPERIMENTS", "FOUR", "LAB_WIDTH"]

LAB_WIDTH = (16,) * 6

CONV_LSTM = Recipe(
    source=(
        "Ma et al., Table 3, row ConvLSTM: 40 epochs, batches of 4, Adam at 3e-4; that a batch is "
        "shared by four cards is how we read it. No validation split, no clipping printed."
    ),
    network=StackOf(ConvLSTMCell(biases=2)),
    data=MS_LSTM,
    feeding=ByIteration(),
    stages=(Stage(steps=40 * (MS_LSTM.training // 4), rate=3e-4),),
    loss="l1_l2_per_frame",
    batch=4,
    clip=None,
    validate_every=MS_LSTM.training // 4,
    validation_clips=0,
    test_clips=4_500,
)

LAB = replace(
    CONV_LSTM,
    source=(
        "this book, chapter 16: 6 layers of 16, one digit on 32x32, 5 frames to 5, squared error, "
        "for two cores; what differs between two recipes is what the paper's rows differ in"
    ),
    network=StackOf(ConvLSTMCell(biases=2), hidden=LAB_WIDTH, xavier=True),
    data=replace(ONE_DIGIT, frames=10, digits="sklearn"),
    feeding=ByIteration(until=0.5),
    stages=(Stage(steps=200, rate=4e-3, warmup=20, decay="cosine"),),
    loss="l2_mean",
    batch=8,
    clip=1.0,
    context=5,
    validate_every=50,
    validation_clips=64,
    test_clips=200,
)

FOUR: dict[str, StackOf | PyramidOf] = {
    "ConvLSTM": StackOf(ConvLSTMCell(biases=2)),
    "SMS-LSTM": PyramidOf(ConvLSTMCell(biases=2)),
    "TMS-LSTM": StackOf(MKLSTMCell()),
    "MS-LSTM": PyramidOf(MKLSTMCell()),
}
"""The paper's own networks, by its names: with and without scales, with one kernel and with two."""


def _row(model: str) -> Experiment:
    network = FOUR[model]
    source = CONV_LSTM.source.replace("row ConvLSTM", f"row {model}")
    paper = replace(CONV_LSTM, source=source, network=network)
    lab = replace(LAB, network=replace(network, hidden=LAB_WIDTH, xavier=True))
    return Experiment(f"ms-table-3-{model.lower()}", smoke=smoke(paper), lab=lab, paper=paper)


EXPERIMENTS = tuple(_row(model) for model in FOUR)
