"""Experiments of chapter 24: two networks times two cells, on digits of mixed speeds.

All have as many weights, within a few in a thousand: with maps twice as wide as the ranks, and all
kernels 3 wide, a Conv-TT-LSTM has exactly the kernels of a ConvLSTM. A pyramid of Conv-TT-LSTM
cells stands in no paper.
"""

from dataclasses import replace

from stlib.data.moving_mnist import Preset
from stlib.recipes.cells import ConvLSTMCell, ConvTTLSTMCell
from stlib.recipes.experiment import Experiment
from stlib.recipes.feeding import ByIteration
from stlib.recipes.first_network import ONE_DIGIT, PAPER
from stlib.recipes.networks import PyramidOf, StackOf
from stlib.recipes.recipe import smoke
from stlib.stages import Stage

__all__ = ["EXPERIMENTS", "LAB_WIDTHS", "MODELS", "PATCH"]

PATCH = 2
LAB_WIDTHS = (16,) * 4
PAPER_WIDTHS = (64,) * 4
SPEEDS = (1.0, 8.0)  # pixels a frame, slowest and fastest

LAB = replace(
    PAPER,
    source=(
        "this book, chapter 24: 4 layers on patches of 2x2, one digit on 32x32, 1 to 8 pixels a "
        "frame, 5 frames to 5, squared error, for two cores"
    ),
    data=replace(ONE_DIGIT, frames=10, digits="sklearn", speed=SPEEDS),
    feeding=ByIteration(until=0.5),
    stages=(Stage(steps=800, rate=4e-3, warmup=20, decay="cosine"),),
    batch=8,
    context=5,
    validate_every=200,
    validation_clips=64,
    test_clips=200,
)
AT_FULL_SIZE = replace(
    PAPER,
    source="this book, chapter 24: the lab's setting at full size",
    data=Preset(training=10_000, validation=1_000, test=5_000, speed=SPEEDS, source="as Su et al."),
)


def _stack(cell: ConvLSTMCell | ConvTTLSTMCell) -> StackOf:
    return StackOf(cell, hidden=LAB_WIDTHS, xavier=True, patch=PATCH)


def _pyramid(cell: ConvLSTMCell | ConvTTLSTMCell) -> PyramidOf:
    return PyramidOf(cell, hidden=LAB_WIDTHS, xavier=True, patch=PATCH)


def _wide(network: StackOf | PyramidOf) -> StackOf | PyramidOf:
    """As wide as at full size, with ranks that are half of that again."""
    cell = network.cell
    if isinstance(cell, ConvTTLSTMCell):
        cell = replace(cell, ranks=PAPER_WIDTHS[0] // 2)
    return replace(network, cell=cell, hidden=PAPER_WIDTHS)


MODELS: dict[str, StackOf | PyramidOf] = {
    "ConvLSTM": _stack(ConvLSTMCell()),
    "Conv-TT-LSTM": _stack(ConvTTLSTMCell(kernel=3)),
    "SMS-LSTM": _pyramid(ConvLSTMCell()),
    "SMS-Conv-TT-LSTM": _pyramid(ConvTTLSTMCell(kernel=3)),
}
"""Without and with a longer history, without and with coarser scales."""


def _experiment(model: str, network: StackOf | PyramidOf) -> Experiment:
    lab = replace(LAB, network=network)
    paper = replace(AT_FULL_SIZE, network=_wide(network))
    return Experiment(f"motion-{model.lower()}", smoke=smoke(lab), lab=lab, paper=paper)


EXPERIMENTS = tuple(_experiment(*each) for each in MODELS.items())
