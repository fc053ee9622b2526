"""Experiments of Ma et al., *MS-LSTM*."""

from dataclasses import replace

from stlib.data.moving_mnist import MS_LSTM
from stlib.recipes.feeding import ByIteration
from stlib.recipes.first_network import ONE_DIGIT
from stlib.recipes.networks import ConvLSTMCell, StackOf
from stlib.recipes.recipe import Experiment, Recipe, smoke
from stlib.stages import Stage

__all__ = ["EXPERIMENTS"]

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
    source="Ma et al., Table 3, row ConvLSTM, at the book's lab scale: 6 layers of 16 on 32x32",
    network=StackOf(ConvLSTMCell(biases=2), hidden=(16,) * 6),
    data=replace(ONE_DIGIT, number=2),
    stages=(Stage(steps=600, rate=1e-3),),
    batch=8,
    validate_every=100,
    validation_clips=64,
    test_clips=500,
)

EXPERIMENTS = (Experiment("ms-table-3-convlstm", smoke=smoke(CONV_LSTM), lab=LAB, paper=CONV_LSTM),)
