"""Experiments of Su et al., *Convolutional Tensor-Train LSTM*."""

from dataclasses import replace

from stlib.data.moving_mnist import CONV_TT_LSTM
from stlib.recipes.feeding import OnPlateau
from stlib.recipes.first_network import ONE_DIGIT
from stlib.recipes.networks import ConvLSTMCell, SkipNetOf, StackOf
from stlib.recipes.recipe import Experiment, Recipe, smoke
from stlib.stages import Stage

__all__ = ["EXPERIMENTS"]

EPOCH = CONV_TT_LSTM.training // 16  # optimiser steps

CONV_LSTM = Recipe(
    source=(
        "Su et al., Table 4, row ConvLSTM; section 4.1 and appendix B for network, loss, rate and "
        "clipping. Patience, fall and decay are reported of the released code; the length is ours: "
        "the paper prints none."
    ),
    network=SkipNetOf(),
    data=CONV_TT_LSTM,
    feeding=OnPlateau(),
    stages=(Stage(steps=500 * EPOCH, rate=1e-3, decay="stairs", factor=0.98, every=5 * EPOCH),),
    loss="l1_l2_sum",
    batch=16,
    clip=1.0,
    validate_every=EPOCH,
    validation_clips=3_000,
    test_clips=5_000,
)

LAB = replace(
    CONV_LSTM,
    source="Su et al., Table 4, row ConvLSTM, at the book's lab scale: 4 layers of 16 on 32x32",
    network=StackOf(ConvLSTMCell(kernel=5), hidden=(16,) * 4),
    data=replace(ONE_DIGIT, number=2),
    stages=(Stage(steps=600, rate=1e-3),),
    batch=8,
    validate_every=25,
    validation_clips=32,
    test_clips=500,
)

EXPERIMENTS = (
    Experiment("ctt-table-4-convlstm", smoke=smoke(CONV_LSTM), lab=LAB, paper=CONV_LSTM),
)
