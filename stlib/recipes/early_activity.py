"""Early activity recognition of Su et al., *Convolutional Tensor-Train LSTM*: Tables 1 and 2.

Three networks that differ in their recurrent layers alone see the first quarter, or the first half,
of each clip. Both tables have the same runs: one by activity, one over all of them.
"""

from dataclasses import replace

from stlib.recipes.cells import CausalConv3dCell, CellChoice, ConvLSTMCell, ConvTTLSTMCell
from stlib.recipes.data import Something, StickKTH
from stlib.recipes.experiment import Experiment
from stlib.recipes.feeding import TeacherForcing
from stlib.recipes.networks import ActivityNetOf, Classifier2DOf
from stlib.recipes.recipe import Recipe, smoke
from stlib.recipes.recognition import Recognition
from stlib.stages import Stage

__all__ = ["EXPERIMENTS", "seeing"]

FRAMES = 64  # a quarter of them are the 16 maps that the classifier reads
EPOCH = 55_111 * 9 // 10 // 16  # optimiser steps

PAPER = Recipe(
    source=(
        "Su et al., Tables 1 and 2: Something-Something V2, 41 classes; appendix B.2 for network "
        "and classifier, section 4.1 for loss, rate, clipping and the 10 frames, B.4 for the "
        "split. Ours, for the paper prints none: 64 frames evenly over each film, filters of 5 in "
        "the recurrent layers, λ = 1 on the error of a mean pixel, ε = 0.1 after 5 epochs without "
        "improvement, batches of 16, length, and real frames throughout in training"
    ),
    network=ActivityNetOf(),
    data=Something(
        source="Su et al., appendix B.4; the list of the 41 templates is Goyal et al.'s",
        templates="subset-41.txt",
        frames=FRAMES,
    ),
    feeding=TeacherForcing(),
    stages=(Stage(steps=100 * EPOCH, rate=1e-3, decay="stairs", factor=0.98, every=5 * EPOCH),),
    loss="l1_l2_mean",
    batch=16,
    clip=1.0,
    context=FRAMES // 4,
    validate_every=EPOCH,
    validation_clips=1_000,
    test_clips=7_518,
    recognition=Recognition(weight=1.0, fall=0.1, patience=5, horizon=10),
)

LAB = replace(
    PAPER,
    source=(
        "this book, chapter 13: stick figures on 32x32 in place of films, six actions, 24 frames, "
        "one recurrent layer of 8 a block, for two cores"
    ),
    network=ActivityNetOf(
        cell=ConvLSTMCell(kernel=3),
        classifier=Classifier2DOf(steps=6, width=32, side=2),
        classes=6,
        channels=1,
        width=8,
        hidden=(8,) * 4,
        layers_each=1,
    ),
    data=StickKTH(training=1_200, validation=180, test=540, frames=24, canvas=32),
    stages=(Stage(steps=300, rate=2e-3),),
    batch=8,
    context=6,
    validate_every=25,
    validation_clips=60,
    test_clips=540,
    recognition=Recognition(weight=1.0, fall=0.1, patience=1, horizon=5),
)


def seeing(recipe: Recipe, parts: int) -> Recipe:
    """The recipe that sees the first of so many equal parts of each clip.

    Args:
        recipe: of clips to be named.
        parts: 4 for the first quarter of the frames, 2 for the first half.

    Raises:
        ValueError: frames that cannot be cut so.

    Source: Su et al., Table 2, columns "Front 25%" and "Front 50%".
    """
    context, rest = divmod(recipe.data.frames, parts)
    if rest:
        raise ValueError(f"{parts=}: expected a divisor of the {recipe.data.frames} frames")
    return replace(recipe, context=context)


def _with(recipe: Recipe, cell: CellChoice) -> Recipe:
    assert isinstance(recipe.network, ActivityNetOf)
    return replace(recipe, network=replace(recipe.network, cell=cell))


CELLS: tuple[tuple[str, CellChoice, CellChoice], ...] = (
    ("3d-cnn", CausalConv3dCell(kernel=5), CausalConv3dCell(kernel=3)),
    ("convlstm", ConvLSTMCell(kernel=5), ConvLSTMCell(kernel=3)),
    ("conv-tt-lstm", ConvTTLSTMCell(kernel=5), ConvTTLSTMCell(kernel=3)),
)

EXPERIMENTS = tuple(  # ctt-table-1, ctt-table-2
    Experiment(
        f"early-activity-{name}-{percent}",
        smoke=smoke(_with(LAB, small)),
        lab=seeing(_with(LAB, small), parts),
        paper=seeing(_with(PAPER, cell), parts),
    )
    for percent, parts in ((25, 4), (50, 2))
    for name, cell, small in CELLS
)
