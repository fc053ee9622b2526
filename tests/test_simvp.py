"""SimVP against its sums written out, against slips of its wiring, and against its size."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from stlib.cost import macs, parameters
from stlib.networks import SimVP
from stlib.networks.inception import Inception
from tests.compiled import compiles_whole, untyped
from tests.drawn import filled, normal


def group_normed(x, norm):
    """Groups one after the other: mean 0 and variance 1 over channels and pixels."""
    said = []
    for group in x.chunk(norm.num_groups, dim=1):
        mean = group.mean((1, 2, 3), keepdim=True)
        variance = ((group - mean) ** 2).mean((1, 2, 3), keepdim=True)
        said.append((group - mean) / (variance + 1e-5).sqrt())
    scale, shift = norm.weight[:, None, None], norm.bias[:, None, None]
    return torch.cat(said, dim=1) * scale + shift


def rectified(x):
    return torch.where(x > 0, x, 0.2 * x)


def grouped(x, conv):
    """Each group of outputs reads its own group of inputs, and no other."""
    parts = zip(x.chunk(conv.groups, 1), conv.weight.chunk(conv.groups), strict=True)
    said = [F.conv2d(part, weight, padding=conv.padding) for part, weight in parts]
    return torch.cat(said, dim=1) + conv.bias[:, None, None]


def stretched(x, conv):
    """A transposed convolution: zeros between the pixels, then the flipped kernel slides."""
    batch, inputs, height, width = x.shape
    sparse = x.new_zeros(batch, inputs, 2 * height + 2, 2 * width + 2)
    sparse[:, :, 1:-1:2, 1:-1:2] = x
    kernel = conv.weight.flip(2, 3).transpose(0, 1)
    return F.conv2d(sparse, kernel, conv.bias)


def unit(x, inception):
    squeezed = F.conv2d(x, inception.squeeze.weight, inception.squeeze.bias)
    return sum(
        rectified(group_normed(grouped(squeezed, conv), norm))
        for conv, norm, _ in inception.branches
    )


def block(x, layer):
    conv, norm, _ = layer
    if isinstance(conv, torch.nn.ConvTranspose2d):
        return rectified(group_normed(stretched(x, conv), norm))
    convolved = F.conv2d(x, conv.weight, conv.bias, stride=conv.stride, padding=1)
    return rectified(group_normed(convolved, norm))


def written_out(model, frames, slip="none"):
    """Four coder layers and two or three levels, in the paper's order; with room for a slip."""
    time = frames.shape[1]
    coded = []
    for t in range(time):
        layers = [block(frames[:, t], model.encoder[0])]
        for layer in list(model.encoder)[1:]:
            layers.append(block(layers[-1], layer))
        coded.append((layers[0], layers[-1]))
    x = torch.cat([last for _, last in coded], dim=1)
    down = [x]
    for each in model.down:
        down.append(unit(down[-1], each))
    x = unit(down[-1], model.up[0])
    skips = down[1:-1] if slip == "skips in the order they came" else down[1:-1][::-1]
    for each, skip in zip(list(model.up)[1:], skips, strict=True):
        both = [skip, x] if slip == "skip first" else [x, skip]
        x = unit(torch.cat(both, dim=1), each)
    firsts = [first for first, _ in coded]
    if slip == "skips of another frame":
        firsts = firsts[::-1]
    future = []
    for part, first in zip(x.chunk(time, dim=1), firsts, strict=True):
        for layer in list(model.decoder)[:-1]:
            part = block(part, layer)
        part = block(torch.cat([part, first], dim=1), model.decoder[-1])
        future.append(F.conv2d(part, model.readout.weight, model.readout.bias))
    return torch.stack(future, dim=1)


def small(frames=2, depth=3, channels=1, **more):
    return SimVP(channels, frames, 4, 8, depth=depth, kernels=(3, 5), groups=2, **more)


@settings(max_examples=6, deadline=None)
@given(*[st.integers(1, n) for n in (2, 2, 3)], st.integers(2, 4), st.integers(0, 9))
def test_it_is_the_sums_written_out(batch, channels, frames, depth, seed):
    model = filled(small(frames, depth, channels), seed, scale=0.3)
    given = normal(batch, frames, channels, 8, 12, seed=seed + 50)
    assert_close(model(given), written_out(model, given), rtol=0, atol=1e-11)


@pytest.mark.parametrize(
    "slip", ["skips in the order they came", "skip first", "skips of another frame"]
)
def test_the_sums_reject_a_slip(slip):
    model, frames = filled(small(), scale=0.3), normal(1, 2, 1, 8, 8, seed=9)
    assert (model(frames) - written_out(model, frames, slip)).abs().max() > 1e-3


def test_a_group_reads_only_its_own_channels():
    """And every branch has its own norm: their sum is no longer normed."""
    inception = filled(Inception(4, 4, 4, (1,), groups=2))
    with torch.no_grad():
        inception.squeeze.weight.copy_(torch.eye(4)[..., None, None])
    x = normal(1, 4, 3, 3)
    other = x.clone()
    other[:, 2:] += normal(1, 2, 3, 3, seed=5)
    first, second = (inception(each) - inception(x) for each in (x, other))
    assert not first.any()
    assert torch.equal(second[:, :2], torch.zeros(1, 2, 3, 3).double())
    assert bool((second[:, 2:] != 0).any())


def test_ms_table_6_parameters_and_macs():
    """43.2M, by the formulas of the layers, and not by the modules."""
    with torch.device("meta"):
        model, clip = SimVP(1), torch.zeros(1, 10, 1, 64, 64)
    coder = (9 * 64 + 64 + 2 * 64) + 3 * (9 * 64**2 + 3 * 64)
    decoder = 3 * (9 * 64**2 + 3 * 64) + 9 * 128 * 64 + 3 * 64 + 65
    squares = sum(k**2 for k in (3, 5, 7, 11))
    ways = [(640, 512), (512, 512), (512, 512), (512, 512), (1024, 512), (1024, 640)]
    translator = sum(
        256 * reads + 256 + 64 * squares * writes + 4 * 3 * writes for reads, writes in ways
    )
    assert (coder, translator, decoder - 64) == (111_936, 42_900_480, 185_153 - 64)
    assert parameters(model) == coder + translator + decoder == 43_197_569
    at = {side: side**2 for side in (64, 32, 16)}
    coded = 9 * 64 * at[64] + 9 * 64**2 * (2 * at[32] + at[16])
    told = 9 * 64**2 * (at[16] + 2 * at[32]) + 9 * 128 * 64 * at[64] + 64 * at[64]
    translated = sum(256 * reads + 64 * squares * writes for reads, writes in ways) * at[16]
    assert macs(model, clip) == 10 * (coded + told) + translated


def test_every_parameter_learns():
    torch.manual_seed(0)
    model = small(channels=2)
    model(torch.rand(2, 2, 2, 8, 8)).square().sum().backward()
    for name, weight in model.named_parameters():
        assert bool((weight.grad != 0).any()), name
    assert not list(model.buffers())


def test_gradcheck():
    model = filled(SimVP(1, 2, 2, 4, layers=2, depth=2, kernels=(3,), groups=2))
    frames = normal(1, 2, 1, 4, 4).requires_grad_()
    assert torch.autograd.gradcheck(model, frames, fast_mode=True)


def test_bfloat16_and_autocast_stay_near():
    model, frames = filled(small(), scale=0.3).float(), normal(1, 2, 1, 8, 8).float()
    exact = model(frames)
    with torch.autocast("cpu", torch.bfloat16):
        rough = model(frames)
    assert 0 < (rough - exact).abs().max() < 0.05 * exact.abs().max()
    assert model.bfloat16()(frames.bfloat16()).dtype == torch.bfloat16


def test_compiles_without_a_break(monkeypatch):
    untyped(monkeypatch)
    model = filled(SimVP(1, 2, 2, 4, layers=2, depth=2, kernels=(3,), groups=2), scale=0.3)
    compiles_whole(model, normal(1, 2, 1, 8, 8))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: SimVP(0), "channels=0.*at least 1"),
        (lambda: SimVP(1, frames=0), "frames=0"),
        (lambda: SimVP(1, depth=1), "depth=1.*depth 2"),
        (lambda: SimVP(1, width=3), "width=3.*must be even"),
        (lambda: SimVP(1, hidden=0), "hidden=0"),
        (lambda: SimVP(1, kernels=()), r"kernels=\(\): need one"),
        (lambda: SimVP(1, kernels=(3, 4)), r"kernels=\(3, 4\).*odd"),
        (lambda: SimVP(1, groups=3), "between=256, outputs=512, groups=3"),
        (lambda: small()(torch.zeros(1, 3, 1, 8, 8)), "3 frames of 1 channels: .* 2 of 1"),
        (lambda: small()(torch.zeros(1, 2, 1, 8, 6)), "8x6, sides must be multiples of 4"),
    ],
)
def test_what_does_not_fit_is_named(call, says):
    with pytest.raises(ValueError, match=says):
        call()
