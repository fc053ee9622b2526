"""Models that foretell all frames at once, stepped through frame by frame."""

from dataclasses import replace
from inspect import unwrap

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from stlib import losses
from stlib.networks import Earthformer, SimVP, WholeContext, WholeContextMemory
from stlib.recipes import experiment
from stlib.recipes.networks import EarthformerOf, SimVPOf, StackOf
from stlib.rollout import forecast, rollout, unroll
from stlib.sampling import inference, teacher_forcing
from stlib.tasks import Forecasting
from tests.drawn import filled, normal


class Plus(nn.Module):
    """The last frame plus 1, plus 2, …; it counts its calls."""

    def __init__(self):
        super().__init__()
        self.read = []

    def forward(self, frames):
        self.read.append(frames)
        steps = torch.arange(1, frames.shape[1] + 1).to(frames).reshape(1, -1, 1, 1, 1)
        return frames[:, -1:] + steps


def simvp(context=3):
    return SimVP(1, context, 4, 8, layers=2, depth=2, kernels=(3,), groups=2)


def earthformer(context=3):
    return Earthformer(1, (8, 8), context, 4, 1, 2, groups=2)


both = pytest.mark.parametrize("model", [simvp, earthformer])


def test_it_reads_then_foretells_then_goes_on_from_its_own():
    network, frames = (
        WholeContext(Plus(), 1, 3),
        torch.tensor([5.0, 7.0, 4.0]).reshape(1, 3, 1, 1, 1),
    )
    told = rollout(network, frames, inference(1, 10, 3)).flatten().tolist()
    assert told == [5.0, 7.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0]
    assert [each.flatten().tolist() for each in network.model.read] == [
        [5.0, 7.0, 4.0], [5.0, 6.0, 7.0], [8.0, 9.0, 10.0]
    ]  # fmt: skip


@both
def test_a_forecast_is_the_model_and_no_later_frame_is_read(model):
    model = filled(model(), scale=0.3)
    network, frames = WholeContext(model, 1, 3), normal(2, 6, 1, 8, 8)
    expected = model(frames[:, :3])
    assert_close(forecast(network, frames[:, :3], 3), expected, rtol=0, atol=0)
    assert_close(forecast(network, frames[:, :3], 6)[:, 3:], model(expected), rtol=0, atol=1e-12)
    said = rollout(network, frames, teacher_forcing(2, 6))
    assert torch.equal(said, rollout(network, frames, inference(2, 6, 3)))
    assert torch.equal(said[:, :2], frames[:, :2])


@both
@pytest.mark.parametrize("first", [1, 2, 3, 5])
def test_a_whole_rollout_is_its_first_part_and_the_rest(model, first):
    network, frames = WholeContext(filled(model(), scale=0.3), 1, 3), normal(2, 8, 1, 8, 8)
    truth = inference(2, 8, 3)
    whole = unroll(network, frames, truth)
    before = unroll(network, frames, truth[:, :first])
    rest = unroll(network, frames[:, first:], truth[:, first:], before)
    joined = torch.cat([before.predictions, rest.predictions], dim=1)
    assert torch.equal(joined, whole.predictions)
    assert torch.equal(rest.state.read, whole.state.read)


@both
def test_every_parameter_learns_from_the_forecast_alone(model):
    torch.manual_seed(0)
    network, frames = WholeContext(model(), 1, 3), torch.rand(2, 6, 1, 8, 8)
    said = rollout(network, frames, teacher_forcing(2, 5))
    assert torch.equal(said[:, :2], frames[:, :2])  # and no weight has a part in them
    losses.l2_mean(said[:, 2:], frames[:, 3:]).backward()
    for name, weight in network.named_parameters():
        assert bool((weight.grad != 0).any()), name


def test_compiles_without_a_break(monkeypatch):
    """Every kind of step traced whole, and equal; the type checks of the tests cannot be traced."""
    for name in ("forward", "_recall"):
        monkeypatch.setattr(WholeContext, name, unwrap(getattr(WholeContext, name)))
    network, frames = WholeContext(nn.Conv3d(4, 4, 1).double(), 1, 4), normal(1, 4, 1, 4, 4)
    torch.compiler.reset()
    compiled = torch.compile(network, fullgraph=True, backend="aot_eager")
    ours, theirs = (forecast(each, frames, 6) for each in (compiled, network))
    assert_close(ours, theirs)


# --- as a recipe names them

RECIPE = replace(
    experiment("first-convlstm").smoke, network=SimVPOf(3, 4, 8, layers=2, depth=2, groups=2)
)


@pytest.mark.parametrize(
    "network",
    [RECIPE.network, EarthformerOf(3, 16, 4, 1, 2, groups=2)],
    ids=["simvp", "earthformer"],
)
def test_the_loss_sees_what_is_foretold_and_nothing_else(network):
    recipe = replace(RECIPE, network=network)
    assert (recipe.context, recipe.silent, replace(recipe, network=StackOf()).silent) == (3, 2, 0)
    said, clips = torch.rand(2, 4, 1, 8, 8), torch.rand(2, 5, 1, 8, 8)
    loss = Forecasting(recipe).of_frames(said, clips, 1)
    assert loss == getattr(losses, recipe.loss)(said[:, 2:], clips[:, 3:])
    built = recipe.network.build()
    assert isinstance(built, WholeContext)
    assert built(torch.rand(1, 1, 16, 16))[0].shape == (1, 1, 16, 16)


@pytest.mark.parametrize(
    ("network", "says"),
    [
        (SimVPOf(), "network.context=10: expected the recipe's own, 3"),
        (EarthformerOf(), "network.context=10: expected the recipe's own, 3"),
        (EarthformerOf(3), "network.canvas=64: expected the data's own, 16"),
    ],
)
def test_a_recipe_knows_its_context_and_canvas(network, says):
    with pytest.raises(ValueError, match=says):
        replace(RECIPE, network=network)


def test_what_does_not_fit_is_named():
    for made in ((Plus(), 0, 3), (Plus(), 1, 0)):
        with pytest.raises(ValueError, match="both must be at least 1"):
            WholeContext(*made)
    network, frame = WholeContext(Plus(), 1, 2), torch.zeros(2, 1, 4, 4)
    with pytest.raises(ValueError, match="the frame has 2 channels, the network reads 1"):
        network(torch.zeros(2, 2, 4, 4))
    _, state = network(frame)
    with pytest.raises(
        ValueError, match=r"frames of \(2, 1, 1, 4, 4\), the frame is \(1, 1, 4, 4\)"
    ):
        network(frame[:1], state)
    long = torch.zeros(2, 3, 1, 4, 4)
    with pytest.raises(ValueError, match="3 frames read and 0 to tell, expected up to 2"):
        network(frame, WholeContextMemory(long, long[:, :0]))
