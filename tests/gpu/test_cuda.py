"""What a GPU must give: the processor's numbers, to rounding. Without one these say so and skip."""

from functools import partial

import pytest
import torch

from stlib.cells import ConvLSTM
from stlib.networks import SkipNet, Stack
from stlib.recipes import experiments
from stlib.rollout import forecast
from stlib.runs import Run
from stlib.training import Machine, fit, rebuilt
from stlib.training_memory import held_bytes, peak_bytes, saved_bytes

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


@pytest.mark.parametrize("network", [Stack, SkipNet])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_forecast_is_the_processors(network, layout):
    torch.manual_seed(0)
    made = network(partial(ConvLSTM, kernel=3), 1, (4, 4, 4, 4)).double()
    frames = torch.rand(2, 4, 1, 16, 16, dtype=torch.float64)
    with torch.no_grad():
        expected = forecast(made, frames, 5)
        there = forecast(made.cuda().to(memory_format=layout), frames.cuda(), 5)
    torch.testing.assert_close(there.cpu(), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("each", experiments(), ids=lambda each: each.name)
@pytest.mark.parametrize("precision", ["no", "bf16"])
def test_every_smoke_recipe_trains_fast_and_reloads(each, precision, tmp_path, monkeypatch):
    monkeypatch.delenv("STLIB_DATA", raising=False)
    outcome = fit(
        each.smoke, tmp_path, machine=Machine(precision=precision, compile=True, workers=2)
    )
    assert outcome.finished
    weights, _ = Run(tmp_path).network()
    assert all(bool(tensor.isfinite().all()) for tensor in weights.values())
    rebuilt(each.smoke, weights)


def test_a_training_step_holds_what_autograd_saves_and_more():
    network = Stack(ConvLSTM, 1, (8, 8)).cuda()
    frames = torch.rand(1, 6, 1, 64, 64, device="cuda")

    def step():
        forecast(network, frames, 3).square().mean().backward()

    saved = saved_bytes(network, lambda x: forecast(network, x, 3), frames)
    held = held_bytes(network, lambda _: step(), frames)
    assert peak_bytes(step, device=frames.device) >= held > saved > 0
