"""What the benchmarks compare is the same function."""

from functools import partial

import pytest
import torch
from torch.testing import assert_close

from benchmarks.conv_tt_lstm_step import (
    PlainCell,
    all_in_plain_order,
    gap,
    step,
    written_plainly,
)
from benchmarks.ctt_hybrid import collapsed
from benchmarks.effective_fields import encoded, spreads
from benchmarks.joint_filter_ways import Setting, counted, delay, rules, settings, timed
from benchmarks.ms_lstm_step import gap as ms_gap
from benchmarks.ms_lstm_step import pair
from benchmarks.scale_and_time import inputs, layers
from stlib.cells import ConvLSTM, ConvTTLSTM
from stlib.cost import macs, parameters
from stlib.networks import Pyramid, SkipNet
from stlib.tensor_train import hybrid
from stlib.witnesses import history

WIDTHS = (3, 4, 4, 3)


def both(steps):
    """Our network and the plain one, every bias drawn too, in float64."""
    torch.manual_seed(0)
    cell = partial(ConvTTLSTM, steps=steps, ranks=2, kernel=3)
    ours = SkipNet(cell, 1, WIDTHS, 1).double()
    with torch.no_grad():
        for weight in ours.parameters():
            weight.copy_(torch.randn_like(weight) / 4)
    plain = partial(PlainCell, steps=steps, rank=2, kernel=3)
    return ours, written_plainly(ours, plain, WIDTHS, 1)


@pytest.mark.parametrize("steps", [3, 5])
def test_ctt_alg_2_the_plain_network_has_the_loss_and_the_gradients_of_ours(steps):
    # ctt-alg-2
    ours, plain = both(steps)
    frames = torch.rand(2, 6, 1, 6, 5, dtype=torch.float64)
    assert_close(step(ours, frames), step(plain, frames), rtol=1e-12, atol=0)
    gradients = all_in_plain_order(ours, lambda weight: weight.grad)
    for found, weight in zip(gradients, plain.parameters(), strict=True):
        assert_close(found, weight.grad, rtol=1e-9, atol=1e-10)
    assert gap(ours, plain, frames) < 1e-12


def test_a_wrong_weight_shows_in_the_gap():
    ours, plain = both(3)
    frames = torch.rand(1, 6, 1, 6, 5, dtype=torch.float64)
    with torch.no_grad():
        ours.cells[0].cores[2].weight.mul_(1.01)
    assert gap(ours, plain, frames) > 1e-6


def test_the_plain_network_has_the_printed_size():
    with torch.device("meta"):
        assert parameters(SkipNet(PlainCell, 1)) == 2_687_281


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_ctt_eq_18_one_wide_convolution_is_the_hybrid(n):
    # ctt-eq-18
    cores, states = history(3, [6, 2, 3, 1, 4], (9, 8))
    assert_close(collapsed(cores, states, n), hybrid(cores, states, n), rtol=0, atol=1e-11)


def test_one_layer_of_each_kind_is_timed_and_its_macs_are_linear_in_pixels():
    for name, layer in layers().items():
        counts = [macs(layer, *inputs(layer, side)) for side in (8, 16)]
        assert counts[1] == 4 * counts[0]
        assert parameters(layer) == {"ConvLSTM": 73_984, "MK-LSTM": 316_000}[name]


def test_effective_fields_listen_to_the_top_of_the_encoder():
    torch.manual_seed(0)
    network = Pyramid(ConvLSTM, 1, (2,) * 6)
    frames = torch.rand(2, 3, 1, 12, 12)
    states = [None] * 3
    for frame in frames.unbind(1):
        x = network.embed(frame)
        for place, cell in enumerate(network.cells[:3]):
            x, states[place], _ = cell(x, states[place])
            top, x = x, torch.nn.functional.max_pool2d(x, 2)
    assert_close(encoded(network, frames), top)
    told = spreads(network, frames)
    assert len(told) == 3
    assert min(told) > 0
    assert not network.cells[2]._forward_hooks


@pytest.mark.parametrize(("model", "printed"), [("MS-LSTM", 1_896_097), ("ConvLSTM", 444_001)])
def test_ms_eq_2_and_ms_eq_3_written_plainly_have_the_gradients_of_ours(model, printed):
    # ms-eq-2, ms-eq-3
    ours, plain = (network.double() for network in pair(model, hidden=(3, 2, 3, 2)))
    frames = torch.rand(2, 4, 1, 6, 5, dtype=torch.float64)
    assert_close(step(ours, frames), step(plain, frames), rtol=1e-12, atol=0)
    assert ms_gap(ours, plain, frames) < 1e-12
    with torch.no_grad():
        ours.cells[1].second_bias.mul_(1.01)
    assert ms_gap(ours, plain, frames) > 1e-7
    with torch.device("meta"):
        assert {parameters(network) for network in pair(model)} == {printed}


def test_settings_of_joint_filters_are_counted_by_both_ways():
    """The whole filter is multiplied out once a call, and its weights are used at every pixel."""
    told = counted(Setting(4, (4, 8, 8), 3, 2))
    assert told["share"] == round((4 * 45 + 16 * 6) / (16 * 27), 4)
    assert told["atoms"]["macs"] == 256 * (4 * 45 + 16 * 6)
    assert told["filter"]["macs"] == 256 * 16 * 27 + 16 * (18 + 81)
    assert told["atoms"]["saved_bytes"] == 4 * 256 * 4 * 9
    assert (told["fewer"], told["cheaper"]) == ("atoms", "filter")
    grid = list(settings())
    assert len(set(grid)) == len(grid) > 50
    assert min(timed(Setting(2, (2, 4, 4), 2, 1).layer("atoms"), torch.rand(1, 2, 2, 4, 4))) >= 0


def test_a_rule_is_as_late_as_its_choices():
    """Two layers: one way twice as fast here, the other there."""
    rows = [
        {"share": 0.1, "fewer": "atoms", "cheaper": "atoms",
         "atoms": {"call_ms": 1.0, "step_ms": 1.0}, "filter": {"call_ms": 2.0, "step_ms": 8.0}},
        {"share": 0.9, "fewer": "atoms", "cheaper": "filter",
         "atoms": {"call_ms": 2.0, "step_ms": 8.0}, "filter": {"call_ms": 1.0, "step_ms": 1.0}},
    ]  # fmt: skip
    assert delay(rows, "call_ms", lambda row: "atoms") == pytest.approx(2**0.5)
    judged = rules(rows)
    assert judged["step_ms"]["rules"] == {
        "always the atoms": 2.83, "always the filter": 2.83, "fewer multiplications": 2.83,
        "cheaper_way": 1.0,
    }  # fmt: skip
    assert judged["call_ms"]["atoms_below_share"]["0.50"] == 1.0
    assert judged["call_ms"]["atoms_below_share"]["1.00"] == pytest.approx(1.41)
    assert judged["step_ms"]["fewer_is_faster"] == 1
