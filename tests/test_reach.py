"""Exact cones against the gradients of real cells with positive weights."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import nn

from stlib.cells import MKLSTM, ConvLSTM
from stlib.networks import Patched, Pyramid, Stack
from stlib.networks import pyramid as pyramid_module
from stlib.reach import (
    Bilinear,
    Copies,
    Pool,
    Skip,
    Unit,
    as_printed,
    cone,
    encoder,
    extent,
    on_patches,
    pyramid,
    side,
)
from stlib.receptive_field import Layer, field, recurrent_radii

ONE, TWO = Unit(), Unit((3, 5), looks=True)
LAGS = 3


def positive(network):
    """Small positive weights: nothing cancels, and no gate is so open that nothing changes it."""
    torch.manual_seed(0)
    with torch.no_grad():
        for weight in network.parameters():
            weight.copy_(0.02 + 0.1 * torch.rand_like(weight))
    return network.double()


def support(network, size, at, lags=LAGS):
    """The pixels of a row, lag by lag, on which the network's last output at `at` depends."""
    frames = torch.rand(lags, 1, 1, 1, size, dtype=torch.float64, requires_grad=True)
    state = None
    for frame in frames:
        output, state = network(frame, state)
    (gradient,) = torch.autograd.grad(output[..., at].sum(), frames)
    return [row.flatten().nonzero().flatten().tolist() for row in gradient.flip(0)]


class Built(nn.Module):
    """The parts in PyTorch, with stlib's own cells, on a row of one channel."""

    def __init__(self, parts):
        super().__init__()
        self.parts = parts
        self.made = nn.ModuleList(self.build(part) for part in parts)

    def build(self, part):
        match part:
            case Unit(kernels, looks):
                if len(kernels) == 1 and not looks:
                    return ConvLSTM(1, 1, kernels[0])
                return MKLSTM(1, 1, kernels)
            case Skip(around):
                return Built(around)
        return nn.Identity()

    def forward(self, x, states=None):
        before = states or [None] * len(self.parts)
        after = []
        for part, module, state in zip(self.parts, self.made, before, strict=True):
            match part:
                case Unit():
                    x, state, _ = module(x, state)
                case Pool(window, stride):
                    x = F.avg_pool2d(x, (1, window), (1, stride), ceil_mode=True)
                case Bilinear():
                    x = F.interpolate(x, scale_factor=(1, 2), mode="bilinear")
                case Copies(times):
                    x = x.repeat_interleave(times, dim=-1)
                case Skip():
                    inside, state = module(x, state)
                    x = inside[..., : x.shape[-1]] + x
            after.append(state)
        return x, after


def blind(network, parts):
    """Take away the looks where a unit has none: MK-LSTM always has them."""
    for part, module in zip(parts, network.made, strict=True):
        if isinstance(part, Skip):
            blind(module, part.around)
        elif isinstance(module, MKLSTM) and not part.looks:
            for look in module.looks:
                nn.init.zeros_(look.weight)
    return network


def intervals(pixels):
    assert all(row == list(range(row[0], row[-1] + 1)) for row in pixels)
    return [(row[0], row[-1]) for row in pixels]


units = st.builds(
    Unit,
    kernels=st.sampled_from([(1,), (3,), (5,), (3, 5), (1, 3)]),
    looks=st.booleans(),
)
pools = st.sampled_from([Pool(1, 1), Pool(2, 2), Pool(3, 3), Pool(3, 2)])
simple = st.one_of(units, pools)
skips = st.lists(units, min_size=1, max_size=2).map(
    lambda inner: Skip((Pool(), *inner, Bilinear()))
)
networks = st.lists(st.one_of(units, pools, skips), min_size=1, max_size=3).map(tuple)


@settings(max_examples=25, deadline=None)
@given(networks, st.integers(1, 30), st.floats(0, 1))
@example((Skip((Pool(), ONE, Bilinear())),), 7, 1.0)
@example((TWO, Pool(), TWO), 29, 0.5)
@example((Pool(3, 2),), 1, 0.0)
def test_the_cone_is_the_support_of_the_gradient_on_any_canvas(parts, size, place):
    network = blind(positive(Built(parts)), parts)
    frame = torch.zeros(1, 1, 1, size, dtype=torch.float64)
    try:
        outputs = side(parts, size)
    except ValueError:  # no room for a pool of three
        with pytest.raises(RuntimeError, match="too small"):
            network(frame)
        return
    at = round(place * (outputs - 1))
    assert network(frame)[0].shape[-1] == outputs
    seen = support(network, size, at)
    expected = cone(parts, at, LAGS, size)
    assert intervals(seen[: len(expected)]) == expected
    assert not any(seen[len(expected) :])
    assert len(expected) in (1, LAGS)


@pytest.mark.parametrize(
    ("layers", "pooled"), [(n, pools) for n in range(1, 5) for pools in range(min(n, 3))]
)
@pytest.mark.parametrize("unit", [ONE, TWO])
def test_encoders_of_every_depth_see_what_their_gradients_see(unit, layers, pooled):
    parts = encoder(unit, layers, pooled)
    half = max(-cone(parts, lags=LAGS)[-1][0], cone(parts, lags=LAGS)[-1][1]) // 4 + 1
    at = half * 4 // 2**pooled  # over pixel 4 * half, far from both edges
    seen = support(positive(Built(parts)), 8 * half + 4, at)
    assert [len(row) for row in seen] == extent(parts, LAGS)
    assert intervals(seen) == cone(parts, at, LAGS)


@pytest.mark.parametrize("size", [20, 13])
@pytest.mark.parametrize(
    ("made", "unit"),
    [(ConvLSTM, ONE), (lambda a, b: ConvLSTM(a, b, 5), Unit((5,))), (MKLSTM, TWO)],
)
def test_stacks_and_pyramids_of_the_package(monkeypatch, made, unit, size):
    """A mean stands in for the maximum, whose gradient goes to one pixel of each window."""
    monkeypatch.setattr(pyramid_module, "_halved", lambda x: F.avg_pool2d(x, 2, ceil_mode=True))
    for network, parts in (
        (Stack(made, 1, (1,) * 2), (unit,) * 2),
        (Pyramid(made, 1, (1,) * 4), pyramid(unit, 4)),
        (Pyramid(made, 1, (1,) * 6), pyramid(unit, 6)),
    ):
        network = positive(network)
        for at in (0, size // 2, size - 1):
            assert intervals(support(network, size, at, 2)) == cone(parts, at, 2, size)


@pytest.mark.parametrize("patch", [1, 2, 4])
def test_patches_of_the_package(patch):
    network = positive(Patched(lambda channels: Stack(ConvLSTM, channels, (1, 1)), 1, patch))
    parts = on_patches((ONE, ONE), patch)
    side_of_patch = patch * 9
    for at in (0, side_of_patch // 2, side_of_patch - 1):
        frames = torch.rand(1, 1, patch, side_of_patch, dtype=torch.float64, requires_grad=True)
        (gradient,) = torch.autograd.grad(network(frames)[0][..., at].sum(), frames)
        seen = gradient.sum((0, 1, 2)).nonzero().flatten().tolist()
        assert intervals([seen]) == cone(parts, at, 1, side_of_patch)


def test_a_maximum_sees_in_turn_what_a_mean_sees_at_once():
    """Over many inputs the gradients of a max-pool cover the cone; each alone may miss pixels."""
    torch.manual_seed(1)
    first, second = torch.rand(2, 1, 1, 1, 3, dtype=torch.float64) + 0.1

    def run(x):
        below = F.max_pool2d(F.conv2d(x, first, padding=(0, 1)), (1, 2))
        return F.conv2d(below, second, padding=(0, 1))

    x = torch.rand(300, 1, 1, 24, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(run(x)[..., 6].sum(), x)
    once = gradient[:, 0, 0] > 0
    covered = once.any(0).nonzero().flatten().tolist()
    assert intervals([covered]) == cone(encoder(ONE, 2, 1), 6)
    assert len(covered) == 8
    assert once.sum(1).min() < 8


FOUR = {
    "ConvLSTM": (ONE, 0, 7, 7, 2),
    "SMS-LSTM": (ONE, 2, 18, 15, 8),
    "TMS-LSTM": (TWO, 0, 25, 13, 8),
    "MS-LSTM": (TWO, 2, 60, 29, 32),
}


@pytest.mark.parametrize("name", FOUR)
def test_encoders_of_ms_lstm_in_pixels(name):
    unit, pooled, real, printed, step = FOUR[name]
    parts = encoder(unit, 3, pooled)
    assert extent(parts, 4) == [real + lag * step for lag in range(4)]
    assert extent(as_printed(parts)) == [printed]


def test_the_printed_rule_counts_convolutions_and_skips_pixels():
    layers = [Layer(3), Layer(1, stride=2), Layer(3), Layer(1, stride=2), Layer(3)]
    assert extent(as_printed(encoder(ONE, 3, 2))) == [field(layers).size] == [15]
    assert as_printed(pyramid(TWO, 2)) == (Unit((3, 5)), Unit((3, 5)))
    assert as_printed(pyramid(TWO, 4))[1] == Skip((Pool(1, 2), *[Unit((3, 5))] * 2, Bilinear()))
    assert as_printed((Copies(3),)) == (Copies(3),)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([1, 3, 5]), st.integers(1, 3)), max_size=4))
def test_without_a_past_a_chain_is_that_of_chapter_2(chain):
    parts = [part for k, pool in chain for part in (Unit((k,)), Pool(pool, pool))]
    assert extent(parts) == [field([Layer(k, pool=pool) for k, pool in chain]).size]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from([1, 3, 5, 7]), min_size=1, max_size=4))
def test_at_one_scale_the_cone_is_that_of_chapter_3(kernels):
    radii = recurrent_radii(sum(k // 2 for k in kernels), [max(kernels) // 2], 5)
    assert cone([Unit((k,)) for k in kernels], 0, 5) == [(-radius, radius) for radius in radii]


@settings(max_examples=20, deadline=None)
@given(networks, st.integers(2, 4))
def test_patches_multiply_the_field_of_a_patch(parts, patch):
    """The only pool that multiplies all: nothing stands below it."""
    inner = [last - first + 1 for first, last in cone(parts, 0, 2)]
    assert extent(on_patches(parts, patch), 2) == [patch * pixels for pixels in inner]


def test_windows_wider_than_their_stride_overlap():
    assert extent((Unit((1,)), Pool(3, 2), ONE)) == [7]
    assert side((Pool(3, 2),), 7) == F.avg_pool1d(torch.zeros(1, 7), 3, 2, ceil_mode=True).shape[1]


def test_no_frame_no_cone_and_a_network_without_layers_is_the_identity():
    assert cone((ONE,), 3, 0) == []
    assert cone((), 3, 1) == [(3, 3)]
    assert extent((Pool(),), 3) == [2]


def test_bad_networks_are_named():
    for part in (Unit(()), Unit((2,)), Unit((3, -1)), Skip((Unit((4,)),))):
        with pytest.raises(ValueError, match="odd and positive"):
            cone((part,))
    for part in (Pool(0), Pool(2, 0), Pool(-1, 1)):
        with pytest.raises(ValueError, match="count from 1"):
            extent((part,))
    with pytest.raises(ValueError, match="one copy"):
        side((Copies(0),), 3)
    with pytest.raises(ValueError, match="pool only between two"):
        encoder(ONE, 3, 3)
    with pytest.raises(ValueError, match="at least one layer"):
        encoder(ONE, 0)
    with pytest.raises(ValueError, match="even number of layers"):
        pyramid(ONE, 5)
    with pytest.raises(ValueError, match="at least 1"):
        on_patches((ONE,), 0)
    with pytest.raises(ValueError, match="lags=-1"):
        cone((ONE,), lags=-1)
    with pytest.raises(ValueError, match="size=0"):
        cone((ONE,), size=0)
    for at in (-1, 4):
        with pytest.raises(IndexError, match="outside the output, 4 pixels"):
            cone((ONE, Pool()), at, size=7)
