"""The book's first trained network: a ConvLSTM on Moving MNIST, chapter 5."""

from dataclasses import replace

from stlib.data.moving_mnist import Preset
from stlib.recipes.cells import ConvLSTMCell
from stlib.recipes.experiment import Experiment
from stlib.recipes.feeding import ByIteration
from stlib.recipes.networks import StackOf
from stlib.recipes.recipe import Recipe, smoke
from stlib.stages import Stage

__all__ = ["EXPERIMENTS"]

PAPER = Recipe(
    source="this book, chapter 5: the lab's setting at full size",
    network=StackOf(ConvLSTMCell(kernel=3), hidden=(64,) * 4),
    data=Preset(training=10_000, validation=1_000, test=5_000, source="as Su et al."),
    feeding=ByIteration(until=0.5),
    stages=(Stage(steps=40_000, rate=1e-3, warmup=1_000, decay="cosine"),),
    loss="l2_mean",
    batch=16,
    validate_every=500,
    validation_clips=200,
    test_clips=1_000,
)

ONE_DIGIT = Preset(
    training=10_000,
    validation=1_000,
    test=1_000,
    number=1,
    canvas=32,
    shrink=2,
    speed=(1.8, 1.8),
    source="this book: Moving MNIST with one digit, at half size in every length",
)

LAB = replace(
    PAPER,
    source="this book, chapter 5: one digit, and half the size of everything, for two cores",
    network=StackOf(ConvLSTMCell(kernel=3), hidden=(16,) * 4),
    data=ONE_DIGIT,
    stages=(Stage(steps=800, rate=4e-3, warmup=60, decay="cosine"),),
    batch=8,
    validate_every=100,
    validation_clips=64,
    test_clips=500,
)

EXPERIMENTS = (Experiment("first-convlstm", smoke=smoke(LAB), lab=LAB, paper=PAPER),)
