"""PredRNN and what grew from it, as networks: chosen by recipes, stopped and resumed."""

from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from stlib.recipes import Recipe, experiment, from_plain, to_plain
from stlib.recipes.cells import STLSTMCell
from stlib.recipes.networks import PyramidOf, SkipNetOf, StackOf
from stlib.rollout import unroll
from tests.drawn import normal

CELLS = {"PredRNN": STLSTMCell()}
PLACES = {
    "Stack": lambda cell: StackOf(cell, (4,) * 4),
    "SkipNet": lambda cell: SkipNetOf(cell, (4,) * 4, 1),
    "Pyramid": lambda cell: PyramidOf(cell, (4,) * 4),
}
every_cell = pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
every_place = pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)


@every_cell
@every_place
def test_the_whole_is_its_first_part_and_the_rest(cell, place):
    torch.manual_seed(0)
    network = place(cell).build().double()
    frames, truth = normal(2, 4, 1, 6, 4), torch.tensor([[True, False, True, False]] * 2)
    whole = unroll(network, frames, truth)
    first = unroll(network, frames[:, :2], truth[:, :2])
    rest = unroll(network, frames[:, 2:], truth[:, 2:], first)
    assert_close(torch.cat([first.predictions, rest.predictions], dim=1), whole.predictions)
    assert_close(rest.state, whole.state)


@every_cell
@every_place
def test_a_recipe_with_this_cell_comes_back_from_json(cell, place):
    recipe = replace(experiment("first-convlstm").at("lab"), network=place(cell))
    assert from_plain(Recipe, to_plain(recipe)) == recipe
