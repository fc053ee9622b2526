"""Experiments of Ma et al., *MS-LSTM*, on Moving MNIST: Tables 3 to 6, sections 4.1 and 6.

The rows MS-LSTM and ConvLSTM of Tables 4 to 6 are those of Table 3. The paper trains all recurrent
networks alike.
"""

from dataclasses import replace

from stlib.data.moving_mnist import MS_LSTM
from stlib.recipes.cells import (
    ConvLSTMCell,
    ConvTTLSTMCell,
    MIMCell,
    MKLSTMCell,
    MotionRNNCell,
    PredRNNPlusPlusCell,
    STLSTMCell,
)
from stlib.recipes.experiment import Experiment
from stlib.recipes.feeding import ByIteration
from stlib.recipes.first_network import ONE_DIGIT
from stlib.recipes.networks import EarthformerOf, PyramidOf, SimVPOf, StackOf
from stlib.recipes.recipe import Recipe, smoke
from stlib.stages import Stage

__all__ = [
    "BASELINES",
    "CONV_LSTM",
    "EXPERIMENTS",
    "FOUR",
    "LAB",
    "LAB_WIDTH",
    "PATCHES",
    "at_lab_width",
]

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


BASELINES: dict[str, StackOf] = {
    "PredRNN": StackOf(STLSTMCell()),
    "PredRNN++": StackOf(PredRNNPlusPlusCell()),
    "MIM": StackOf(MIMCell()),
    "MotionRNN": StackOf(MotionRNNCell()),
}
"""The recurrent networks of other papers that Table 5 has, by their names there."""

WHOLE: dict[str, tuple[SimVPOf | EarthformerOf, SimVPOf | EarthformerOf]] = {
    "SimVP": (SimVPOf(), SimVPOf(context=5, width=16, hidden=48)),
    "Earthformer": (EarthformerOf(), EarthformerOf(5, 32, width=32, depth=1, groups=8)),
}
"""Those of Table 6, which read a whole context: at the paper's scale, and at the lab's."""

PATCHES = (2, 4)
"""Pixels a side."""

ANY_UNIT = (
    "Ma et al., section 4.1: the pyramid takes the unit of any model. This one is not among those "
    "it lists: order 3, 3 steps and ranks of 8 as in Su et al., with maps as wide as here"
)
ON_PATCHES = (
    "Ma et al., section 6: squares of {patch}x{patch} as channels, for the network of Table 3, "
    "row {model}. The paper leaves them out and prints no row"
)


OTHERS = (
    "Ma et al., Table 5, row {model}: trained as all recurrent networks of that table, "
    "as in Table 3, row ConvLSTM"
)
BY_ITS_AUTHORS = (
    "Ma et al., Table 6, row {model}: trained there by its authors' own settings, which are not "
    "printed; here as the recurrent networks, but for a loss of the forecast alone"
)


def at_lab_width(network: StackOf | PyramidOf) -> StackOf | PyramidOf:
    """The network six layers of 16, with Xavier's first weights.

    Source: this book, chapter 16.
    """
    return replace(network, hidden=LAB_WIDTH, xavier=True)


def plain(model: str) -> str:
    """A model's name as part of an experiment's.

    Source: this book.
    """
    return model.lower().replace("+", "-plus")


def _experiment(name: str, network: StackOf | PyramidOf, source: str) -> Experiment:
    """Another network, trained as ConvLSTM is."""
    paper = replace(CONV_LSTM, source=source, network=network)
    lab = replace(LAB, network=at_lab_width(network))
    return Experiment(name, smoke=smoke(paper), lab=lab, paper=paper)


def _row(model: str) -> Experiment:
    source = CONV_LSTM.source.replace("row ConvLSTM", f"row {model}")
    return _experiment(f"ms-table-3-{model.lower()}", FOUR[model], source)


def _baseline(model: str) -> Experiment:
    return _experiment(f"ms-table-5-{plain(model)}", BASELINES[model], OTHERS.format(model=model))


def _whole(model: str) -> Experiment:
    """Its smoke is the lab's: the paper's is too large for seconds."""
    at_paper, at_lab = WHOLE[model]
    paper = replace(CONV_LSTM, source=BY_ITS_AUTHORS.format(model=model), network=at_paper)
    lab = replace(LAB, network=at_lab)
    return Experiment(f"ms-table-6-{plain(model)}", smoke=smoke(lab), lab=lab, paper=paper)


def _on_patches(model: str, patch: int) -> Experiment:
    return _experiment(
        f"ms-section-6-patch-{patch}-{model.lower()}",
        replace(FOUR[model], patch=patch),
        ON_PATCHES.format(model=model, patch=patch),
    )


EXPERIMENTS = (
    *(_row(model) for model in FOUR),  # ms-table-3, ms-table-4, ms-table-5, ms-table-6
    *(_baseline(model) for model in BASELINES),  # ms-table-4, ms-table-5
    *(_whole(model) for model in WHOLE),  # ms-table-6
    _experiment("ms-section-4-sms-conv-tt-lstm", PyramidOf(ConvTTLSTMCell(kernel=3)), ANY_UNIT),
    *(_on_patches(model, patch) for model in ("ConvLSTM", "MS-LSTM") for patch in PATCHES),
)
