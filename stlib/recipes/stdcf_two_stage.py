"""Full-size against two-stage learning of Miao et al., *STDCF*: Table 2 and Figure 5.

Three kinds of layer in the same network, each learned from whole clips and from clips that are
never whole.
"""

from dataclasses import replace

from stlib.recipes.clip_networks import (
    ActionNetOf,
    JointLayer,
    LayerChoice,
    Rank1Layer,
    RegularLayer,
)
from stlib.recipes.clip_recipe import ClipRecipe, smoke
from stlib.recipes.data import KTH, StickKTH
from stlib.recipes.experiment import Experiment
from stlib.recipes.two_stages import two_stage, whole_view
from stlib.stages import Stage

__all__ = ["EXPERIMENTS", "ITERATIONS", "LAYERS", "TABLE"]

ITERATIONS = 3
EPOCH = 4_667 // 16  # optimiser steps
LAYERS: dict[str, LayerChoice] = {
    "regular": RegularLayer(),
    "rank-1": Rank1Layer(),
    "joint": JointLayer(m=3, n=2, way="filter"),
}

PAPER = ClipRecipe(
    source=(
        "Miao et al., section 3.1: clips of 16 frames of 60x80 of KTH, batches of 16, Adam at 1e-3 "
        "for 40 epochs, 1e-4 from the 20th. Ours, for Table B is not at hand and the text does not "
        "say: widths, pools and head, the published division of the people, clips that follow one "
        "another, no clipping; the test is of the nine people left, the paper's of those who "
        "validate"
    ),
    network=ActionNetOf(),
    data=KTH(
        source="Miao et al., section 3.1: 4667 clips for training, 4551 for validation",
        frames=16,
        canvas=(60, 80),
        division="eight train",
        filter="area",
    ),
    stages=(Stage(steps=40 * EPOCH, rate=1e-3, decay="stairs", factor=0.1, every=20 * EPOCH),),
    batch=16,
    validate_every=EPOCH,
    validation_clips=500,
    test_clips=4_551,
)

LAB = replace(
    PAPER,
    source=(
        "this book, chapter 21: stick figures of 16 frames of 32x32 before a texture, narrow "
        "layers, no pool over time. Whole clips get as many steps as all stages together, with the "
        "rate of each stage, so that after the first stage they have had as many as in print"
    ),
    network=ActionNetOf(hidden=(8, 16, 32), pools=((1, 2, 2), (1, 2, 2))),
    data=StickKTH(
        training=1_200, validation=360, test=540, frames=16, canvas=32, background="textured"
    ),
    stages=(Stage(steps=120, rate=3e-3, decay="stairs", factor=0.1, every=60),) * (2 * ITERATIONS),
    validate_every=120,
    validation_clips=360,
    test_clips=540,
)


def _full(recipe: ClipRecipe, layer: LayerChoice) -> ClipRecipe:
    return replace(recipe, network=replace(recipe.network, layer=layer))


def _two_stage(recipe: ClipRecipe, layer: LayerChoice) -> ClipRecipe:
    parts = not isinstance(layer, RegularLayer)
    return replace(
        _full(recipe, layer),
        stages=two_stage(recipe.stages[0], iterations=ITERATIONS, parts=parts),
        test_view=whole_view(),
    )


def _first_stage(recipe: ClipRecipe, layer: LayerChoice) -> ClipRecipe:
    """The same training, over when its first stage is: what Figures 6 and 7 compare with."""
    whole = _two_stage(recipe, layer)
    return replace(whole, stages=whole.stages[:1])


TABLE = tuple(  # stdcf-table-2
    Experiment(
        f"stdcf-table-2-{name}-{way}",
        smoke=smoke(made(LAB, layer)),
        lab=made(LAB, layer),
        paper=made(PAPER, layer),
    )
    for name, layer in LAYERS.items()
    for way, made in (("full", _full), ("two-stage", _two_stage))
)
JOINT = LAYERS["joint"]
EXPERIMENTS = (
    *TABLE,
    Experiment(
        "stdcf-figure-6-joint-stage-t",
        smoke=smoke(_first_stage(LAB, JOINT)),
        lab=_first_stage(LAB, JOINT),
        paper=_first_stage(PAPER, JOINT),
    ),
)
