"""Every cost that Ma et al. print, by formulas of layers and by the book's own modules."""

from dataclasses import replace
from functools import cache

import pytest
import torch

from stlib.commands import catalogue
from stlib.cost import parameters
from stlib.networks import Stack
from stlib.printed import (
    CLIPS,
    READINGS,
    UNUSED,
    Reading,
    Retrained,
    Unused,
    causal_parameters,
    clip_costs,
    clip_costs_of,
    clip_tally,
    eidetic_parameters,
    not_built,
    retrained,
    table,
)
from stlib.recipes import experiment
from stlib.recipes.cells import E3DLSTMCell, PrecipLSTMCell, PredRNNPlusPlusCell
from stlib.tally import MACS, Tally

C = 32  # width of every layer
# Of a layer: weights and biases in units of c², c; what each pixel is multiplied with, in c², where
# maps are used twice or at another resolution, is apart.
LAYERS = {
    "ConvLSTM": (72, 8, 72),
    "SMS-LSTM": (72, 8, 72),
    "TMS-LSTM": (308, 19, 308),
    "MS-LSTM": (308, 19, 308),
    "TrajGRU": (75, 8, 75),
    "PredRNN": (146, 17, 146),
    "PredRNN++": (192, 9, 192),
    "PredRNN-V2": (146, 17, 146 + 2),  # the adapter maps both increments of each layer
    "MIM": (299, 34, 299),
    "MotionRNN": (299, 34, 299),
    "CMS-LSTM": (182, 27, 72 + 5 * 9 + 2 * 9 + 2 * 27 + 2 + 54),  # five rounds, joined maps
    "MoDeRNN": (238, 14, 72 + 5 * (9 + 25 + 49)),  # five rounds
    "PrecipLSTM": (286, 32, 286),
}


def motion(side):
    """MotionGRU: parameters; MACs a step, with its transposed convolution by what it reads."""
    k2, e = 9, C // 4
    maps = 3 * (e + 2 * k2) * 2 * k2 + e * k2 + k2 * e * e  # at half resolution, 1x1
    down, up, gate = 4 * C * e, 16 * e * C, 2 * C * C
    biases = e + 3 * 2 * k2 + k2 + e + C + C
    quarter = side**2 // 4
    return down + maps + up + gate + biases, quarter * (down + maps + up) + side**2 * gate


def stored(model):
    """Parameters of six layers, embedding and readout, as released."""
    weights, biases, _ = LAYERS[model]
    own = 6 * (weights * C**2 + biases * C) + 3 * C + 1
    if model == "TrajGRU":  # ten links of two numbers each, and ten maps of h
        own += 6 * (9 * C * 20 + 20)
    if model == "PredRNN++":
        own += 6 * (36 * C**2 + 4 * C)
    if model == "PredRNN-V2":
        own += C**2 + C
    if model == "MotionRNN":
        own += 6 * motion(64)[0]
    return own


def executed(model, side):
    """MACs of one step, where all layers see the whole resolution; and what a profiler adds."""
    pixels, each = side**2, LAYERS[model][2] * C**2
    total, added = pixels * (2 * C + 6 * each), 0
    if model == "TrajGRU":
        total += 6 * pixels * 9 * C * 20
    if model == "PredRNN++":  # one highway
        total += pixels * 36 * C**2
    if model == "MotionRNN":
        total += 6 * motion(side)[1]
        added = 6 * (pixels - pixels // 4) * 16 * (C // 4) * C
    if model == "CMS-LSTM":
        tokens = [2 * (side // scale) ** 2 for scale in (1, 2, 4)]
        added = 6 * sum(2 * pixels * (3 * n - 1) for n in tokens)
    return total, added


PYRAMID = (1, 2, 4, 4, 2, 1)


def in_pyramid(model, side):
    each = LAYERS[model][2] * C**2
    total = 2 * C * side**2 + sum(each * (side // scale) ** 2 for scale in PYRAMID)
    return total, 11 * C * (side**2 + (side // 2) ** 2)


def by_formula(model, side):
    scales = model in ("SMS-LSTM", "MS-LSTM")
    return (in_pyramid if scales else executed)(model, side)


RECURRENT = [cost for cost in clip_costs() if cost.row.split()[0] in LAYERS]
OFF = {("ms-table-10", "MS-LSTM")}


@cache
def network(name):
    choice = experiment(name).paper.network
    if isinstance(getattr(choice, "cell", None), PrecipLSTMCell):
        choice = replace(choice, cell=PrecipLSTMCell(chunk=90))  # another cost of attention alone
    with torch.device("meta"):
        return choice.build()


def test_every_row_of_a_table_of_costs_is_built():
    # ms-table-3, ms-table-4, ms-table-6, ms-table-7, ms-table-9, ms-table-10
    assert [not_built(name) for name in CLIPS] == [()] * 6
    rows = sum(len(table(name).rows) for name in CLIPS)
    assert len(clip_costs()) == 2 * rows == 2 * 38
    assert len(RECURRENT) == 2 * (rows - 2)


@pytest.mark.parametrize(
    "cost", RECURRENT, ids=lambda each: f"{each.table}-{each.row}-{each.column}"
)
def test_printed_costs_by_formula(cost):
    """The formulas of the layers have each figure but one, without any module."""
    model, clip = cost.row.split()[0], cost.clip
    count = stored(model)
    if cost.column == "FLOPs":
        count = clip.steps * sum(by_formula(model, clip.side))
    fits = cost.printed.agreement(count) == "rounds"
    assert fits == (cost.column == "Params" or (cost.table, cost.row) not in OFF)


MODELS = sorted({(cost.row.split()[0], cost.experiment) for cost in RECURRENT})


@pytest.mark.parametrize(("model", "name"), MODELS, ids=[model for model, _ in MODELS])
def test_modules_have_what_the_formulas_say(model, name):
    """Whatever is unused, added: the same to the last digit; on the smallest clip of its tables."""
    params, flops = min(
        ([each for each in clip_costs_of(name) if each.table == key] for key in CLIPS
         if any(each.table == key for each in clip_costs_of(name))),
        key=lambda pair: pair[0].clip.side,
    )  # fmt: skip
    built, clip = network(name), flops.clip
    assert params.counted(built) == stored(model)
    total, added = by_formula(model, clip.side)
    assert flops.counted(built) == clip.steps * (total + added)
    assert params.verdict(built) == "text"
    assert flops.verdict(built) == "text"


def test_what_is_unused():
    """Numbers measured elsewhere: parameters whose gradient is zero, or would be, at every step."""
    assert {row: sum(each.parameters for each in UNUSED[row]) for row in UNUSED} == {
        "PredRNN++ [18]": 184_960,
        "MIM [19]": 249_696,
        "MotionRNN [20]": 259_059,
        "CMS-LSTM [59]": 576,
        "Earthformer [57]": 640,
    }
    never = Unused("a map", 2, lambda: torch.nn.Conv2d(C, C, 1))
    once = replace(never, call=lambda conv, x: conv(x))
    assert never.parameters == once.parameters == 2 * (C**2 + C)
    stored = Unused("numbers", 2, 7)
    assert (stored.parameters, stored.tally(4)) == (14, Tally())
    assert (never.tally(4).macs, once.tally(4).macs) == (0, 2 * 16 * C**2)


def test_ms_table_6_prints_for_simvp_what_four_clips_have():
    """43.2M is its own, and 68.5G is four times 17.13G, where MS-LSTM's row is of one clip."""
    params, flops = clip_costs_of("ms-table-6-simvp")
    built = network("ms-table-6-simvp")
    assert (params.counted(built), params.verdict(built)) == (43_197_569, "text")
    assert f"{flops.counted(built) / 1e9:.2f}" == "17.13"
    assert f"{MACS.total(clip_tally(built, flops.clip)) / 1e9:.2f}" == "15.72"
    (four,) = flops.readings
    assert f"{flops.counted(built, four) / 1e9:.2f}" == "68.53"
    assert flops.verdict(built) == "another reading"


def test_ms_table_6_earthformer_is_not_explained():
    """6.7M is its own; 519.5G is 15.3 times a clip, and neither 4 nor 16 clips have it."""
    params, flops = clip_costs_of("ms-table-6-earthformer")
    built = network("ms-table-6-earthformer")
    assert params.counted(built) == parameters(built) + 640 == 6_739_165
    counts = [flops.counted(built, each) for each in (None, *flops.readings)]
    assert [f"{count / 1e9:.1f}" for count in counts] == ["33.9", "135.5", "542.0"]
    assert (params.verdict(built), flops.verdict(built)) == ("text", "unexplained")


def test_ms_table_10_prints_a_reading_for_ms_lstm():
    _, flops = clip_costs_of("ms-table-3-ms-lstm")[-2:]
    (wider,) = READINGS["ms-table-10", "MS-LSTM"]
    assert isinstance(wider, Reading)
    assert wider.of(flops.clip).side == 212
    assert flops.verdict(network("ms-table-3-ms-lstm")) == "another reading"


def test_true_macs_of_what_the_profiler_cannot_see():
    """CMS-LSTM's attention is twice what it prints; MotionRNN's transposed maps are less."""
    # ms-table-7, ms-table-4
    cms = clip_tally(network("ms-table-8-cms-lstm"), CLIPS["ms-table-7"])
    tokens = [2 * (32 // scale) ** 2 for scale in (1, 2, 4)]
    assert cms.computed == 7 * 6 * sum(2 * 32**2 * n * C * 2 for n in tokens)
    assert f"{MACS.total(cms) / 1e9:.1f}" == "25.6"
    total, _ = executed("MotionRNN", 64)
    assert f"{19 * total / 1e9:.1f}" == "144.8"


def test_true_macs_of_an_exact_window():
    """The window of PrecipLSTM: 900 products for the logits and 900 for the sum, each c wide."""
    # ms-table-10
    exact = 7 * 6 * 180**2 * 900 * 2 * C
    assert f"{exact / 1e9:.1f}" == "78.4"
    params, flops = clip_costs_of("ms-table-11-preciplstm")
    told = clip_tally(network("ms-table-11-preciplstm"), flops.clip)
    assert told.computed > exact
    assert params.unused == flops.unused == ()
    total, _ = executed("PrecipLSTM", 180)
    assert told.macs - told.computed == 7 * total


def test_networks_retrained_for_table_4():
    """Closed forms for unequal widths; where widths are equal, the modules have as many."""
    # ctt-table-4
    assert [each.printed.text for each in retrained()] == ["15.05M"] * 2 + ["41.94M"] * 2
    assert all(isinstance(each, Retrained) for each in retrained())
    assert all(each.printed.agreement(each.count) == "differs" for each in retrained())
    for width, kernel, layers in ((4, 3, 3), (6, 5, 2)):
        with torch.device("meta"):
            causal = Stack(
                PredRNNPlusPlusCell(kernel).layers(layers), 16, (width,) * layers, embed=False
            )
            eidetic = Stack(
                E3DLSTMCell(kernel, bias=False).layers(layers),
                16,
                (2 * width,) * layers,
                embed=False,
            )
        assert causal_parameters((width,) * layers, kernel) == parameters(causal)
        assert eidetic_parameters(width, layers, kernel) == parameters(eidetic) - 16


def test_cost_tells_readings_and_unused_parts(capsys):
    told = catalogue.costs("ms-table-6-simvp", "paper")
    assert (told["macs_per_step"], told["steps_per_clip"]) == (told["macs_per_clip"], 19)
    assert [each["agreement"] for each in told["printed"]] == ["rounds", "differs", "rounds"]
    assert told["printed"][1]["macs"] == told["macs_per_clip"]
    catalogue.cost("ms-table-5-predrnn-plus-plus", "paper")
    said = capsys.readouterr().out
    assert (
        "of them 184,960 gradient highways of layers 1 and 3 to 6, never called: not used" in said
    )
    assert "printed           94.7G MACs by the profiler, 19 steps at 64x64, Table 4" in said
