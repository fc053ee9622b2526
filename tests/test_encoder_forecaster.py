"""The encoder-forecaster against two loops written out, and against its size."""

from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

from stlib.cells import STLSTM, ConvLSTM
from stlib.cost import parameters
from stlib.networks import EncoderForecaster, EncoderForecasterMemory
from stlib.rollout import forecast, rollout
from stlib.sampling import inference, teacher_forcing
from tests.drawn import normal

Shi = partial(ConvLSTM, kernel=5, peepholes=True)
Small = partial(ConvLSTM, kernel=3, peepholes=True)


def filled(network, seed=0):
    """In float64, with weights of our own, none zero."""
    torch.manual_seed(seed)
    for weight in network.double().parameters():
        nn.init.uniform_(weight, 0.05, 0.3)
    return network


def folded(frame, p):
    """Every p×p square into channels, written out: row and column of a square, row first."""
    return torch.cat(
        [frame[:, c : c + 1, i::p, j::p] for c in range(frame.shape[1])
         for i in range(p) for j in range(p)], dim=1,
    )  # fmt: skip


def unfolded(patches, p):
    batch, channels, height, width = patches.shape
    frame = patches.new_zeros(batch, channels // p**2, height * p, width * p)
    for c in range(channels):
        place = c % p**2
        frame[:, c // p**2, place // p :: p, place % p :: p] = patches[:, c]
    return frame


def two_loops(network, context, horizon):
    """As Shi et al. draw it: a loop over the past, the states copied once, one over the future."""
    p, states = network.patch, [None] * len(network.encoder)
    for frame in context.unbind(1):
        x = folded(frame, p)
        for layer, cell in enumerate(network.encoder):
            x, states[layer], _ = cell(x, states[layer])
    states, future = states[::-1], []
    for _ in range(horizon):
        x, said = context.new_zeros(len(context), 0, *folded(context[:, 0], p).shape[2:]), []
        for layer, cell in enumerate(network.forecaster):
            x, states[layer], _ = cell(x, states[layer])
            said.append(x)
        future.append(unfolded(network.readout(torch.cat(said, dim=1)), p))
    return torch.stack(future, dim=1)


def test_parameters_of_the_paper_at_7_58_million_cut_short():
    with torch.device("meta"):
        network = EncoderForecaster(Shi, 1)
    assert parameters(network) == 7_585_296
    widths = [(cell.inputs, cell.outputs) for cell in (*network.encoder, *network.forecaster)]
    assert widths == [(16, 128), (128, 64), (64, 64), (0, 64), (64, 64), (64, 128)]
    assert (network.readout.in_channels, network.readout.out_channels) == (256, 16)


@settings(max_examples=12, deadline=None)
@given(*[st.integers(1, n) for n in (2, 2, 3, 2, 3, 3)], st.integers(0, 9))
def test_a_forecast_is_the_two_loops(batch, channels, layers, patch, context, horizon, seed):
    hidden = (3, 2, 4)[:layers]
    network = filled(EncoderForecaster(Small, channels, hidden, context, patch), seed)
    frames = normal(batch, context, channels, 2 * patch, 3 * patch, seed=seed)
    expected = two_loops(network, frames, horizon)
    assert_close(forecast(network, frames, horizon), expected, rtol=0, atol=1e-12)


def test_one_pixel_by_hand():
    """One layer of width 1 without maps of h: the encoder's c is all that the forecaster has."""
    network = EncoderForecaster(partial(ConvLSTM, kernel=1), 1, (1,), context=1, patch=1).double()
    with torch.no_grad():
        for weight in network.parameters():
            weight.zero_()
        network.encoder[0].gates.weight[2, 0] = 1.0  # g reads x; i = f = o = 1/2
        network.readout.weight.fill_(1.0)
    x = torch.tensor(0.8).double()
    frames = x.reshape(1, 1, 1, 1, 1)
    c = x.tanh() / 2
    expected = [(c / 2).tanh() / 2, (c / 4).tanh() / 2, (c / 8).tanh() / 2]
    assert_close(forecast(network, frames, 3).flatten(), torch.stack(expected))


def test_states_are_copied_layer_by_layer_in_mirrored_order():
    """Cells that keep what they read, and whose state is a name."""

    class Named(nn.Module):
        def __init__(self, inputs, outputs):
            super().__init__()
            self.outputs, self.started_from = outputs, []

        def forward(self, x, state=None, m=None):
            self.started_from.append(state)
            return x.new_zeros(len(x), self.outputs, *x.shape[2:]), f"from {self.outputs}", m

    network, frame = EncoderForecaster(Named, 1, (5, 3, 2), context=2), torch.zeros(1, 1, 4, 4)
    state = None
    for _ in range(3):
        _, state = network(frame, state)
    assert state == EncoderForecasterMemory(
        2, ("from 5", "from 3", "from 2"), ("from 2", "from 3", "from 5")
    )
    assert [cell.started_from for cell in network.encoder] == [
        [None, "from 5"], [None, "from 3"], [None, "from 2"]
    ]  # fmt: skip
    # Twice the encoder's, copied; then its own, which here are called the same.
    assert [cell.started_from for cell in network.forecaster] == [
        ["from 2"] * 3, ["from 3"] * 3, ["from 5"] * 3
    ]  # fmt: skip


def test_after_the_context_no_frame_is_read_and_before_it_every_one():
    network, frames = (
        filled(EncoderForecaster(Small, 1, (2, 3), context=3, patch=2)),
        normal(1, 6, 1, 4, 4),
    )
    said = rollout(network, frames, teacher_forcing(1, 6))
    assert torch.equal(said, rollout(network, frames, inference(1, 6, 3)))
    for t in range(6):
        other = frames.clone()
        other[:, t] += 1
        again = rollout(network, other, teacher_forcing(1, 6))
        first = t if t < 3 else 6
        assert torch.equal(again[:, :first], said[:, :first])
        assert bool((again[:, first:] != said[:, first:]).flatten(2).any(dim=2).all())


def test_in_the_context_it_says_what_it_would_say_were_this_the_last_frame():
    long, frames = (
        filled(EncoderForecaster(Small, 1, (2, 3), context=4, patch=2)),
        normal(2, 4, 1, 4, 4),
    )
    said = rollout(long, frames, teacher_forcing(2, 4))
    for seen in range(1, 5):
        expected = two_loops(long, frames[:, :seen], 1)[:, 0]
        assert_close(said[:, seen - 1], expected, rtol=0, atol=1e-12)


def test_every_parameter_learns_from_a_forecast():
    torch.manual_seed(0)
    network = EncoderForecaster(Small, 2, (3, 2, 4), context=2, patch=2)
    forecast(network, torch.rand(2, 2, 2, 8, 8), 2).square().sum().backward()
    for name, weight in network.named_parameters():
        assert bool((weight.grad != 0).any()), name
    assert not list(network.buffers())


def test_gradcheck():
    network = filled(EncoderForecaster(Small, 1, (2, 1), context=2, patch=1))
    frames = normal(1, 2, 1, 2, 3).requires_grad_()
    assert torch.autograd.gradcheck(lambda frames: forecast(network, frames, 2), frames)


def test_forward_and_backward_on_the_meta_device():
    with torch.device("meta"):
        network = EncoderForecaster(Shi, 1)
        frames = torch.zeros(2, 3, 1, 64, 64)
    rollout(network, frames, teacher_forcing(2, 3)).sum().backward()
    assert all(weight.grad.is_meta for weight in network.parameters())


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: EncoderForecaster(Small, 0), "channels=0"),
        (lambda: EncoderForecaster(Small, 1, ()), r"hidden=\(\): need one layer"),
        (
            lambda: EncoderForecaster(Small, 1, context=0),
            "context=0, patch=4: both must be at least",
        ),
        (lambda: EncoderForecaster(Small, 1, patch=0), "patch=0"),
    ],
)
def test_an_impossible_network_is_named(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_input_that_does_not_fit_is_named():
    network, frame = EncoderForecaster(Small, 1, (2, 3)), torch.zeros(1, 1, 8, 8)
    _, state = network(frame)
    with pytest.raises(ValueError, match="the frame has 2 channels, the network reads 1"):
        network(torch.zeros(1, 2, 8, 8))
    with pytest.raises(ValueError, match=r"the frame is \(8, 6\), .* multiples of the patch, 4"):
        network(frame[..., :6])
    with pytest.raises(ValueError, match="the state is of 1 and 2 layers, the network has 2 and 2"):
        network(frame, state._replace(encoder=state.encoder[:1]))


def test_a_memory_that_climbs_is_refused_and_not_forgotten():
    network = EncoderForecaster(STLSTM, 1, (2, 2), context=2, patch=1)
    with pytest.raises(ValueError, match="STLSTM hands a memory to the layer above"):
        network(torch.zeros(1, 1, 4, 4))
