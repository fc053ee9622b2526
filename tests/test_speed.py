"""What makes a machine fast changes nothing but the rounding."""

from functools import partial

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from stlib.cells import (
    CompressedConvLSTM,
    ConvLSTM,
    ConvTTLSTM,
)
from stlib.losses import l1_l2_mean, l1_l2_per_frame, l1_l2_sum, l2_mean
from stlib.networks import SkipNet, Stack
from stlib.rollout import rollout
from stlib.sampling import inference
from tests.compiled import untyped

NETWORKS = {
    "Stack": lambda: Stack(partial(ConvLSTM, peepholes=True, biases=2), 2, (4, 5)),
    "SkipNet": lambda: SkipNet(partial(ConvLSTM, kernel=5), 2, (3, 4, 4, 3), 1),
    "tensor train": lambda: Stack(partial(ConvTTLSTM, steps=4, ranks=2, kernel=3), 2, (4, 5)),
    "Algorithm 1": lambda: Stack(partial(ConvTTLSTM, ranks=2, kernel=3, direct=3), 2, (4, 5)),
    "compressed": lambda: Stack(partial(CompressedConvLSTM, kernel=3, rank=2), 2, (4, 5)),
}
# Convolutions one after the other, with the 1x1 at the ends.
LAYERS = {"Stack": 4, "SkipNet": 5, "tensor train": 10, "Algorithm 1": 6, "compressed": 4}
LOSSES = (l2_mean, l1_l2_mean, l1_l2_per_frame, l1_l2_sum)
STEPS, CONTEXT = 5, 3
every_network = pytest.mark.parametrize("name", NETWORKS)


def made(name, kind=torch.float32):
    torch.manual_seed(0)
    return NETWORKS[name]().to(kind)


def clip(kind=torch.float32):
    return torch.rand(2, STEPS + 1, 2, 8, 8, generator=torch.Generator().manual_seed(1)).to(kind)


def predicted(step, frames):
    """Three real frames, then the network's own."""
    return rollout(step, frames, inference(len(frames), STEPS, CONTEXT))


def trained_on(network, frames):
    """The predictions, and the gradient of every weight."""
    predictions = predicted(network, frames)
    l2_mean(predictions, frames[:, 1:]).backward()
    return predictions, {name: weight.grad for name, weight in network.named_parameters()}


@every_network
def test_channels_last_is_a_layout_only(name):
    frames = clip(torch.float64)
    plain, gradients = trained_on(made(name, torch.float64), frames)
    network = made(name, torch.float64).to(memory_format=torch.channels_last)
    kernels = [weight for weight in network.parameters() if weight.ndim == 4]
    assert all(k.is_contiguous(memory_format=torch.channels_last) for k in kernels)
    last, theirs = trained_on(network, frames)
    assert_close(last, plain, rtol=1e-12, atol=1e-12)
    for weight, gradient in gradients.items():
        assert_close(theirs[weight], gradient, rtol=1e-10, atol=1e-12)


@every_network
def test_bf16_costs_no_more_than_its_eight_bits(name):
    """A layer rounds what it reads, its weights and what it writes, each by at most 2**-8 of it."""
    frames, network = clip(), made(name)
    with torch.no_grad():
        plain = predicted(network, frames)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            half = predicted(network, frames)
    assert half.dtype == torch.bfloat16
    worst = 3 * LAYERS[name] * STEPS * 2**-8 * plain.abs().max()
    error = (half.float() - plain).abs().max()
    assert 0 < error < worst


@every_network
def test_bf16_gives_every_weight_a_gradient_in_full_precision(name):
    frames, network = clip(), made(name)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        predictions = predicted(network, frames)
        losses = [loss(predictions, frames[:, 1:]) for loss in LOSSES]
    assert all(loss.dtype == torch.float32 for loss in losses)
    losses[0].backward()
    _, exact = trained_on(made(name), frames)
    for weight, parameter in network.named_parameters():
        assert parameter.grad.dtype == torch.float32
        aligned = nn.functional.cosine_similarity(
            parameter.grad.flatten(), exact[weight].flatten(), dim=0
        )
        assert aligned > 0.99, weight


@every_network
def test_a_step_compiles_as_one_graph(name, monkeypatch):
    """And a rollout of compiled steps is the rollout, bit for bit."""
    untyped(monkeypatch)
    frames, network = clip(), made(name)
    torch._dynamo.reset()  # it counts how often a layer's code was compiled, in other networks too
    step = torch.compile(network, fullgraph=True, backend="eager")
    with torch.no_grad():
        assert torch.equal(predicted(step, frames), predicted(network, frames))


@pytest.mark.parametrize("loss", LOSSES)
@every_network
def test_forward_and_backward_on_the_meta_device(name, loss):
    with torch.device("meta"):
        network, frames = NETWORKS[name](), torch.zeros(2, 4, 2, 8, 8)
    loss(rollout(network, frames, inference(2, 3, 2)), frames[:, 1:]).backward()
    for weight in network.parameters():
        assert (weight.grad.shape, weight.grad.device.type) == (weight.shape, "meta")
