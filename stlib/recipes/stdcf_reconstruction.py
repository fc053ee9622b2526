"""Experiments of Miao et al., *STDCF*, Figure 2: digits that move and turn, given back.

The appendix with the setting is not at hand. What the paper prints is kept: a network of three 3D
layers, short clips of moving and turning digits, one layer type against another.
"""

from dataclasses import replace

from stlib.recipes.clip_networks import (
    ClipAutoencoderOf,
    JointLayer,
    LayerChoice,
    Rank1Layer,
    RegularLayer,
)
from stlib.recipes.clip_recipe import ClipRecipe, smoke
from stlib.recipes.data import RotatingMNIST
from stlib.recipes.experiment import Experiment
from stlib.stages import Stage

__all__ = ["EXPERIMENTS", "LAYERS"]

LAYERS: dict[str, LayerChoice] = {
    "joint": JointLayer(m=3, n=2, way="filter"),
    "joint-m-6": JointLayer(m=6, n=2, way="filter"),
    "rank-1": Rank1Layer(),
    "rank-1-as-joint": Rank1Layer(between=0.42),
    "rank-1-as-joint-m-6": Rank1Layer(between=0.84),
    "regular": RegularLayer(),
}
"""Joint ones, rank-1 ones with as many channels between as the output has, and with as few as give
the joint network's number of parameters, and the whole filter."""

PAPER = ClipRecipe(
    source=(
        "Miao et al., section 2.1.1 and Figure 2: three 3D layers rebuild clips of moving and "
        "turning digits. Widths, code, canvas and schedule are ours: Appendix B is not at hand"
    ),
    network=ClipAutoencoderOf(),
    data=RotatingMNIST(),
    stages=(Stage(steps=20_000, rate=1e-2, warmup=200, decay="cosine"),),
    task="reconstruct",
    batch=32,
    validate_every=1_000,
    validation_clips=500,
    test_clips=1_000,
)

LAB = replace(
    PAPER,
    source=(
        "this book, chapter 19: digits of 14 pixels on a canvas of 32, fewer steps, "
        "for two cores; what differs between two recipes is the layer"
    ),
    network=ClipAutoencoderOf(),
    data=RotatingMNIST(training=4_000, canvas=32, speed=(1.0, 2.5), shrink=2),
    stages=(Stage(steps=400, rate=1e-2, warmup=20, decay="cosine"),),
    batch=8,
    validate_every=100,
    validation_clips=128,
    test_clips=500,
)


def _with(name: str, layer: LayerChoice) -> Experiment:
    paper, lab = (
        replace(recipe, network=replace(recipe.network, layer=layer)) for recipe in (PAPER, LAB)
    )
    return Experiment(f"stdcf-figure-2-{name}", smoke=smoke(paper), lab=lab, paper=paper)


EXPERIMENTS = tuple(_with(name, layer) for name, layer in LAYERS.items())  # stdcf-figure-2
