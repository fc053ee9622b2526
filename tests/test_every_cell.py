"""What holds for every cell of the recipes, in every network that stacks cells."""

from dataclasses import replace
from functools import cache
from typing import get_args

import pytest
import torch
from torch.testing import assert_close

from stlib.networks import Memory
from stlib.recipes import Recipe, experiment, from_plain, to_plain
from stlib.recipes.cells import (
    CellChoice,
    CMSLSTMCell,
    CompressedConvLSTMCell,
    ConvTTLSTMCell,
    E3DLSTMCell,
    MoDeRNNCell,
    PrecipLSTMCell,
    TrajGRUCell,
)
from stlib.recipes.networks import PyramidOf, SkipNetOf, StackOf
from stlib.rollout import Rollout, unroll
from stlib.sampling import inference, teacher_forcing
from tests.drawn import normal

# Where the numbers of the paper would be slow, smaller ones; a cell not named here has its own.
SMALL = (
    ConvTTLSTMCell(order=2, steps=3, ranks=2, kernel=3),
    CompressedConvLSTMCell(kernel=3, rank=2),
    MoDeRNNCell(kernels=(1, 3)),
    CMSLSTMCell(scales=(1, 2)),
    TrajGRUCell(links=2),
    PrecipLSTMCell(window=5, chunk=8),
    E3DLSTMCell(kernel=3),
)
CELLS = {kind.__name__: kind() for kind in get_args(CellChoice)}
CELLS |= {type(cell).__name__: cell for cell in SMALL}
PLACES = {
    "Stack": lambda cell: StackOf(cell, (4,) * 4, channels=2),
    "SkipNet": lambda cell: SkipNetOf(cell, (4,) * 4, layers_each=1, channels=2),
    "Pyramid": lambda cell: PyramidOf(cell, (4,) * 4, channels=2),
    "Pyramid on patches": lambda cell: PyramidOf(cell, (4,) * 4, channels=2, patch=2),
}
BATCH, STEPS, HEIGHT, WIDTH = 2, 4, 16, 8

everywhere = pytest.mark.parametrize("place", PLACES)
every_cell = pytest.mark.parametrize("name", CELLS)


@cache
def network(name, place):
    torch.manual_seed(0)
    return PLACES[place](CELLS[name]).build().double()


def clip():
    return normal(BATCH, STEPS, 2, HEIGHT, WIDTH)


@cache
@torch.no_grad()
def whole(name, place):
    """Two real frames, then its own."""
    return unroll(network(name, place), clip(), inference(BATCH, STEPS, 2))


def maps(state):
    """All tensors of a state, whatever it is made of."""
    if isinstance(state, torch.Tensor):
        return [state]
    if isinstance(state, tuple | list):
        return [each for part in state for each in maps(part)]
    return []


@everywhere
@every_cell
def test_a_recipe_with_this_cell_comes_back_from_plain_numbers(name, place):
    choice = replace(PLACES[place](CELLS[name]), channels=1)
    recipe = replace(experiment("first-convlstm").at("lab"), network=choice)
    assert from_plain(Recipe, to_plain(recipe)) == recipe


@everywhere
@every_cell
def test_predicts_frames(name, place):
    predictions, _ = whole(name, place)
    assert predictions.shape == clip().shape
    assert bool(predictions.isfinite().all())
    assert not list(network(name, place).buffers())


@everywhere
@every_cell
@torch.no_grad()
def test_the_whole_is_its_first_part_and_the_rest(name, place):
    net, frames, truth = network(name, place), clip(), inference(BATCH, STEPS, 2)
    first = unroll(net, frames[:, :2], truth[:, :2])
    kept = [each.clone() for each in maps(first.state)]
    rest = unroll(net, frames[:, 2:], truth[:, 2:], Rollout(*first))
    together = torch.cat([first.predictions, rest.predictions], dim=1)
    assert_close(together, whole(name, place).predictions, rtol=0, atol=1e-12)
    for ours, theirs in zip(maps(rest.state), maps(whole(name, place).state), strict=True):
        assert_close(ours, theirs, rtol=0, atol=1e-12)
    for each, before in zip(maps(first.state), kept, strict=True):  # nothing is written over
        assert_close(each, before, rtol=0, atol=0)


@everywhere
@every_cell
@torch.no_grad()
def test_what_comes_later_changes_nothing_before(name, place):
    net, changed = network(name, place), clip()
    changed[:, 2:] += 1
    predictions, _ = unroll(net, changed, teacher_forcing(BATCH, STEPS))
    before = whole(name, place).predictions
    assert_close(predictions[:, :2], before[:, :2], rtol=0, atol=1e-12)
    assert (predictions[:, 2] - before[:, 2]).abs().max() > 1e-9


@everywhere
@every_cell
@torch.no_grad()
def test_a_sample_alone_is_forecast_as_in_a_batch(name, place):
    for sample in range(BATCH):
        alone, _ = unroll(network(name, place), clip()[sample : sample + 1], inference(1, STEPS, 2))
        assert_close(alone[0], whole(name, place).predictions[sample], rtol=0, atol=1e-12)


@everywhere
@every_cell
def test_every_parameter_learns_from_three_steps(name, place):
    net = network(name, place)
    predictions, _ = unroll(net, clip(), inference(BATCH, 3, 2))
    weights = dict(net.named_parameters())
    slopes = torch.autograd.grad(predictions.square().sum(), weights.values(), allow_unused=True)
    largest = {
        name: 0 if slope is None or not bool(slope.isfinite().all()) else slope.abs().max().item()
        for name, slope in zip(weights, slopes, strict=True)
    }
    assert [name for name, slope in largest.items() if slope < 1e-12] == []


@everywhere
@every_cell
def test_a_state_of_another_size_is_named(name, place):
    net, state = network(name, place), whole(name, place).state
    assert isinstance(state, Memory)
    for frame in (clip()[:1, 0], clip()[:, 0, :, :8]):
        with pytest.raises(ValueError, match=r"is \(.*must be \(|expected"):
            net(frame, state)
