"""Arithmetic against gradients, for random chains of layers."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from stlib.receptive_field import (
    Field,
    Layer,
    field,
    influence,
    influence_by_lag,
    recurrent_radii,
    span,
    spread,
    support,
)
from stlib.tensor_train import kernels, recursive

chains = st.lists(
    st.builds(
        Layer,
        kernel=st.integers(1, 5),
        stride=st.integers(1, 3),
        dilation=st.integers(1, 3),
        pool=st.integers(1, 3),
        padding=st.one_of(st.none(), st.integers(0, 4)),
    ),
    max_size=3,
)


def network(layers):
    """The same layers in PyTorch with positive weights on one row; average pools keep all paths."""

    def run(x):
        for layer in layers:
            same = layer.dilation * (layer.kernel // 2)
            padding = same if layer.padding is None else layer.padding
            weight = torch.rand(1, 1, 1, layer.kernel, dtype=x.dtype) + 0.1
            x = F.conv2d(
                x,
                weight,
                stride=(1, layer.stride),
                dilation=(1, layer.dilation),
                padding=(0, padding),
            )
            x = F.avg_pool2d(x, (1, layer.pool))
        return x

    return run


@settings(max_examples=60, deadline=None)
@given(chains, st.integers(20, 25))
def test_span_equals_the_ends_of_the_gradient(layers, at):
    """Far from the edges: near them a value in the padding between two layers is lost."""
    first, last = span(layers, at)
    x = torch.zeros(1, 1, 1, span(layers, at + 20)[1] + 1, dtype=torch.float64)
    seen = support(network(layers), x, (0, at))[0].nonzero().flatten().tolist()
    assert seen == sorted(_reads(layers, at))
    assert (seen[0], seen[-1]) == (first, last)


def _reads(layers, at):
    """Every pixel read, listed one by one: the slow truth that `span` abbreviates."""
    places = {at}
    for layer in reversed(layers):
        same = layer.dilation * (layer.kernel // 2)
        padding = same if layer.padding is None else layer.padding
        places = {p * layer.pool + j for p in places for j in range(layer.pool)}
        places = {
            p * layer.stride - padding + layer.dilation * j
            for p in places
            for j in range(layer.kernel)
        }
    return places


def test_known_fields():
    assert field([]) == Field(1, 1)
    assert field([Layer(3)] * 3) == Field(7, 1)
    assert field([Layer(3, pool=2), Layer(3, pool=2), Layer(3)]) == Field(18, 4)
    assert field([Layer(3, dilation=4)]) == Field(9, 1)


@pytest.mark.parametrize(("order", "k"), [(1, 3), (3, 3), (2, 5), (4, 5)])
def test_each_lag_of_a_tensor_train_sees_as_far_as_its_kernel(order, k):
    cores = [torch.rand(1, 1, k, k).double() + 0.1 for _ in range(order)]
    radius = (k - 1) // 2
    steps = [i * radius for i in range(1, order + 1)]
    for i, kernel in enumerate(kernels(cores)):
        states = [torch.zeros(1, 1, 41, 41).double() for _ in range(order)]

        def phi(h, states=states, i=i):
            return recursive(cores, [*states[:i], h, *states[i + 1 :]])

        seen = support(phi, states[i], (20, 20)).any(0).nonzero().flatten()
        assert seen[-1] - seen[0] + 1 == kernel.shape[-1] == 2 * steps[i] + 1


@pytest.mark.parametrize("steps", [[1], [2], [1, 2, 3], [0, 5], [3, 1]])
def test_recurrent_radii_equal_an_unrolled_recurrence(steps):
    """h(t) = blurred x(t) + sum over j of h(t-j) blurred by steps[j-1], unrolled."""
    frames = 6
    x = torch.zeros(frames, 1, 1, 81, dtype=torch.float64)

    def blur(h, radius):
        return F.conv2d(h, torch.ones(1, 1, 1, 2 * radius + 1).double(), padding=(0, radius))

    def last(x):
        h = []
        for frame in x:
            new = blur(frame[None], 2)
            for j, radius in enumerate(steps, start=1):
                if j <= len(h):
                    new = new + blur(h[-j], radius)
            h.append(new)
        return h[-1]

    radii = recurrent_radii(2, steps, frames)
    x.requires_grad_()
    (gradient,) = torch.autograd.grad(last(x)[..., 40].sum(), x)
    for lag, radius in enumerate(radii):
        seen = gradient[frames - 1 - lag, 0, 0].nonzero().flatten()
        assert seen[-1].item() - 40 == radius == 40 - seen[0].item()


def test_influence_is_the_kernel_itself_for_one_layer():
    kernel = torch.tensor([1.0, -2, 4], dtype=torch.float64).reshape(1, 1, 1, 3)
    x = torch.zeros(1, 1, 1, 9, dtype=torch.float64)
    row = influence(lambda x: F.conv2d(x, kernel, padding=(0, 1)), x, (0, 4))[0]
    assert row.tolist() == [0, 0, 0, 1, 2, 4, 0, 0, 0]


def test_influence_takes_the_largest_over_channels_and_leaves_the_input_alone():
    x = torch.ones(1, 2, 1, 3, dtype=torch.float64)
    weight = torch.tensor([[[[1.0, 5, 1]], [[2.0, 3, -4]]]], dtype=torch.float64)
    row = influence(lambda x: F.conv2d(x, weight, padding=(0, 1)), x, (0, 1))[0]
    assert row.tolist() == [2, 5, 4]
    assert not x.requires_grad


def test_influence_by_lag_is_a_mean_square_over_clips_and_channels():
    """Two outputs: 2a + b and the square of b, where a is the older frame and b the last one."""
    frames = torch.zeros(2, 2, 1, 1, 3, dtype=torch.float64)
    frames[0, 1, ..., 1], frames[1, 1, ..., 1] = 5, 7

    def encode(x):
        older, last = x[:, 0], x[:, 1]
        return torch.cat([2 * older + last, last.square()], dim=1)

    lag_0, lag_1 = influence_by_lag(encode, frames, (0, 1))[:, 0].tolist()
    root = ((1 + 10**2 + 1 + 14**2) / 4) ** 0.5
    assert lag_0 == pytest.approx([0, root, 0])
    assert lag_1 == pytest.approx([0, ((4 + 0 + 4 + 0) / 4) ** 0.5, 0])
    assert not frames.requires_grad
    with pytest.raises(IndexError, match="lies outside the output"):
        influence_by_lag(encode, frames, (1, 1))


def test_a_network_that_ignores_its_input_has_no_field():
    x = torch.ones(1, 1, 4, 4)
    assert not support(lambda x: torch.ones(1, 1, 4, 4), x, (0, 0)).any()
    assert not support(lambda x: torch.ones(1, 1, 4, 4, requires_grad=True), x, (0, 0)).any()


def test_spread_of_a_lopsided_row():
    """1 at 0 and 3 at 2: mean 1.5, variance (2.25 + 3 * 0.25) / 4."""
    assert spread(torch.tensor([1.0, 0, -3])) == pytest.approx(0.75**0.5)


def test_no_lag_has_no_radius():
    assert recurrent_radii(2, [1], 0) == []


@pytest.mark.parametrize("width", [1, 3, 5, 9])
def test_spread_of_a_uniform_row(width):
    assert spread(torch.ones(width)) == pytest.approx(((width**2 - 1) / 12) ** 0.5)
    assert spread(-torch.ones(width)) == spread(torch.ones(width))


@pytest.mark.parametrize(
    "layer",
    [Layer(0), Layer(3, stride=0), Layer(3, dilation=0), Layer(3, pool=0), Layer(3, padding=-1)],
)
def test_an_impossible_layer_is_named(layer):
    with pytest.raises(ValueError, match="count from 1"):
        span([layer], 0)
    with pytest.raises(ValueError, match="count from 1"):
        field([layer])


@pytest.mark.parametrize(
    ("entry", "steps", "lags"), [(-1, [1], 3), (0, [], 3), (0, [1, -1], 3), (0, [1], -1)]
)
def test_an_impossible_recurrence_is_named(entry, steps, lags):
    with pytest.raises(ValueError, match="entry="):
        recurrent_radii(entry, steps, lags)


def test_other_bad_input_is_named():
    with pytest.raises(ValueError, match="look nowhere"):
        spread(torch.zeros(3))
    for at in [(5, 0), (0, 3), (-1, 0)]:
        with pytest.raises(IndexError, match="lies outside the output"):
            support(lambda x: x, torch.zeros(1, 1, 3, 3), at)
