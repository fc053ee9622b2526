"""What can be read, by NaN, against the arithmetic of paths."""

import pytest
import torch
from torch import nn

from stlib.cells import MKLSTM, ConvLSTM, ConvTTLSTM
from stlib.networks import Patched, Pyramid, Stack
from stlib.reach import Unit, cone, on_patches, pyramid
from stlib.receptive_field import recurrent_radii
from stlib.stain import stained

UNIT, TWO = Unit(), Unit((3, 5), looks=True)


def intervals(found, lag):
    """First and last column that each output column reads, and whether all between are."""
    told = []
    for read in found[lag].T:
        places = read.nonzero()[:, 0].tolist()
        assert places == list(range(places[0], places[-1] + 1))
        told.append((places[0], places[-1]))
    return told


@pytest.mark.parametrize(
    ("network", "parts"),
    [
        (Stack(ConvLSTM, 1, (2, 2)), (UNIT, UNIT)),
        (Stack(MKLSTM, 1, (2,)), (TWO,)),
        (Pyramid(ConvLSTM, 1, (2,) * 4), pyramid(UNIT, 4)),
        (Pyramid(MKLSTM, 1, (2,) * 4), pyramid(TWO, 4)),
        (Patched(lambda c: Stack(ConvLSTM, c, (2, 2)), 1, 2), on_patches((UNIT, UNIT), 2)),
        (
            Patched(lambda c: Pyramid(ConvLSTM, c, (2,) * 4), 1, 2),
            on_patches(pyramid(UNIT, 4), 2),
        ),
    ],
)
def test_every_column_reads_what_the_paths_say(network, parts):
    side, lags = 24, 3
    found = stained(network, side, lags)
    for lag in range(lags):
        assert intervals(found, lag) == [cone(parts, at, lags, side)[lag] for at in range(side)]


def test_a_train_of_order_3_reads_as_far_as_its_jumps():
    cell = lambda i, o: ConvTTLSTM(i, o, kernel=3, ranks=1)  # noqa: E731
    found = stained(Stack(cell, 1, (2, 2)), 31, 4)
    radii = recurrent_radii(2, (2, 3, 4), 4)  # P and G(1); and G(2); and G(3)
    assert radii == [2, 4, 6, 8]
    assert [intervals(found, lag)[15] for lag in range(4)] == [(15 - r, 15 + r) for r in radii]


def test_weights_do_not_matter_and_stay_as_they_are():
    network = Stack(ConvLSTM, 1, (2,))
    before = {name: weight.clone() for name, weight in network.named_parameters()}
    found = stained(network, 8)
    for weight in network.parameters():
        nn.init.zeros_(weight)
    assert torch.equal(stained(network, 8), found)
    assert all(weight.dtype == torch.float32 for weight in network.parameters())
    assert not any(torch.equal(w, before[n]) for n, w in network.named_parameters() if w.dim() > 1)


def test_a_stain_is_in_all_channels():
    network = Stack(ConvLSTM, 3, (2,))
    assert torch.equal(stained(network, 8, 2, 3), stained(Stack(ConvLSTM, 1, (2,)), 8, 2))


@pytest.mark.parametrize(("side", "lags", "channels"), [(0, 1, 1), (8, 0, 1), (8, 1, 0)])
def test_a_canvas_a_lag_and_a_channel_are_needed(side, lags, channels):
    with pytest.raises(ValueError, match=f"{side=}, {lags=}, {channels=}: each counts from 1"):
        stained(Stack(ConvLSTM, 1, (2,)), side, lags, channels)
