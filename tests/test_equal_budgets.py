"""Equal parameters, and what a learning curve says where a budget ends it."""

from dataclasses import replace
from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from benchmarks.one_table import NAMES, ORDERS, claims, printed
from stlib.cost import parameters
from stlib.equal_budgets import affordable, last_fifth, level, nearest_width, slope
from stlib.recipes import experiment
from stlib.recipes.one_table import CELLS, LAB, LAB_PARAMETERS, PAPER_PARAMETERS, WIDTHS

CURVE = [(10, 9.0), (20, 7.0), (30, 6.0), (40, 5.0), (50, 3.0)]


def test_the_nearest_width_is_the_nearest():
    def layer(width):  # width² + width parameters: 2, 6, 12, 20
        return nn.Linear(width, width)

    assert [nearest_width(layer, target, range(1, 5)) for target in (1, 5, 12, 15, 99)] == [
        1,
        2,
        3,
        3,
        4,
    ]
    assert nearest_width(layer, 4, (1, 2)) == 1  # two apart on either side
    assert nearest_width(layer, 4, (2, 1)) == 2
    with pytest.raises(ValueError, match="found none"):
        nearest_width(layer, 4, ())


@pytest.mark.parametrize("name", CELLS)
def test_widths_of_the_table_are_the_nearest(name):
    for place, target, layers, patch in (
        (0, LAB_PARAMETERS, 4, LAB.network.patch),
        (1, PAPER_PARAMETERS, 6, 1),
    ):

        def build(width, layers=layers, patch=patch):
            hidden = (width,) * layers
            network = replace(LAB.network, cell=CELLS[name], hidden=hidden, patch=patch)
            return network.build()

        width = WIDTHS[name][place]
        step = {"MotionRNN": 4, "E3D-LSTM": 2}.get(name, 1)  # what its channels are cut into
        near = range(max(step, width - step), width + step + 1, step)
        assert nearest_width(build, target, near) == width
        with torch.device("meta"):
            assert abs(parameters(build(width)) / target - 1) < 0.15


@pytest.mark.parametrize("name", CELLS)
def test_each_row_has_its_command(name):
    found = experiment(NAMES[name])
    assert found.lab.network.cell == found.paper.network.cell == CELLS[name]
    assert found.lab.network.hidden == (WIDTHS[name][0],) * 4
    assert found.paper.network.hidden == (WIDTHS[name][1],) * 6


@pytest.mark.parametrize("scale", ["lab", "paper"])
def test_rows_differ_in_their_network_alone(scale):
    first = experiment(NAMES["ConvLSTM"]).at(scale)
    for name in NAMES.values():
        assert replace(experiment(name).at(scale), network=first.network) == first
    assert first.stages[0].decay == "constant"
    assert first.stages[0].rate_at(first.steps - 1) == first.stages[0].rate


def test_a_run_means_the_same_wherever_it_ends():
    """Another number of steps changes nothing in the steps both have."""
    from stlib.recipes.feeding import Progress, WholeBatch

    full = LAB
    truths = []
    for steps in (full.steps, 2 * full.steps):
        feeding = replace(full.feeding, until=full.feeding.until * full.steps / steps)
        draw = partial(feeding.truth, WholeBatch(4, 9, 5))
        truths.append(
            [
                draw(Progress(step, steps, 0, ()), torch.Generator().manual_seed(step))
                for step in (0, 10, 49, 50, 299)
            ]
        )
    assert all(a.equal(b) for a, b in zip(*truths, strict=True))


def test_a_budget_pays_for_whole_steps():
    assert affordable(10, 3, 100) == 3
    assert affordable(10, 3, 2) == 2
    assert affordable(1, 3, 2) == 0
    assert affordable(300 * 0.1, 0.1, 400) == 300  # though 30 / 0.1 is a hair below
    for wrong in ((0, 1, 1), (1, 0, 1), (1, 1, 0)):
        with pytest.raises(ValueError, match="expected all above 0"):
            affordable(*wrong)


def test_the_level_is_the_mean_of_the_last_fifth():
    assert last_fifth(CURVE, 50) == [(40, 5), (50, 3)]
    assert level(CURVE, 50) == 4
    assert level(CURVE, 49) == 5
    assert level(CURVE, 19) == 9  # nothing from 15.2 to 19: the last one before
    with pytest.raises(ValueError, match="no point up to there"):
        level(CURVE, 9)


def test_the_slope_is_a_share_of_the_level_in_100_steps():
    assert slope(CURVE, 50) == pytest.approx(100 * (3 - 5) / 10 / 4)
    with pytest.raises(ValueError, match="two at least"):
        slope(CURVE, 30)


@given(
    a=st.lists(st.integers(0, 9), min_size=6, max_size=6),
    b=st.lists(st.integers(0, 9), min_size=6, max_size=6),
    price=st.integers(1, 5),
)
def test_the_dearer_that_wins_at_equal_cost_wins_at_equal_steps(a, b, price):
    """Of curves that never rise, the last point before a cut is taken."""
    cheap, dear = (
        [(step, float(y)) for step, y in enumerate(sorted(ys, reverse=True), start=1)]
        for ys in (a, b)
    )
    for budget in range(price, 7):
        steps = affordable(budget, 1, 6), affordable(budget, price, 6)
        errors = cheap[steps[0] - 1][1], dear[steps[1] - 1][1]
        if errors[1] < errors[0]:
            assert dear[steps[0] - 1][1] < errors[0]


def test_ms_table_5_and_ms_table_8_claims_carry_the_printed_errors():
    # ms-table-5, ms-table-8
    assert printed("ms-table-3", "MK-LSTM", "ConvLSTM") == (67.7, 90.36)
    assert printed("ms-table-5", "PredRNN", "ConvLSTM") == (66.17, 90.36)
    assert printed("ms-table-8", "TrajGRU", "ConvLSTM") == pytest.approx((0.2785, 0.2845))
    assert printed("ms-table-5", "TrajGRU", "ConvLSTM") is None
    told = claims()
    assert {each.first for each in told} | {each.second for each in told} <= set(NAMES.values())
    for place, first, second in ORDERS:
        both = printed(place, first, second)
        assert both is not None
        assert both[0] < both[1], (place, first, second)
