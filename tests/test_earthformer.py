"""Earthformer against attention of everything to everything behind a mask, and its size."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from stlib.cost import macs, parameters
from stlib.networks import Earthformer
from stlib.networks.axial_attention import AxialAttention, FrameAttention
from stlib.networks.axial_blocks import AxialBlock, CrossBlock
from stlib.networks.earthformer import PatchMerge, Positions
from tests.compiled import compiles_whole, untyped
from tests.drawn import filled, normal


def normed(x, norm):
    mean = x.mean(-1, keepdim=True)
    variance = ((x - mean) ** 2).mean(-1, keepdim=True)
    return (x - mean) / (variance + 1e-5).sqrt() * norm.weight + norm.bias


def network(x, layers):
    norm, wide, _, back = layers
    x = normed(x, norm) @ wide.weight.T + wide.bias
    x = x * (1 + torch.erf(x / 2**0.5)) / 2
    return x @ back.weight.T + back.bias


def places(time, height, width):
    """Frame, row and column of each position."""
    each = [torch.arange(length) for length in (time, height, width)]
    return torch.cartesian_prod(*each).reshape(-1, 3)


def among(query, key, value, table, axis, film, heads):
    """Full attention of all positions to all; a mask leaves those that differ along one axis."""
    where = places(*film)
    apart = where[:, None] - where
    meets = (apart.index_fill(2, torch.tensor([axis]), 0) == 0).all(-1)
    bias = table[apart[..., axis] + film[axis] - 1]
    read = []
    for head, (q, k, v) in enumerate(
        zip(*(each.chunk(heads, -1) for each in (query, key, value)), strict=True)
    ):
        logits = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5 + bias[..., head]
        read.append(logits.masked_fill(~meets, -torch.inf).softmax(-1) @ v)
    return torch.cat(read, -1)


def along(x, attention):
    """One axis, by the mask."""
    film = x.shape[1:4]
    query, key, value = (x.flatten(1, 3) @ attention.qkv.weight.T).chunk(3, -1)
    read = among(query, key, value, attention.distances, attention.axis - 1, film, attention.heads)
    return (read @ attention.out.weight.T + attention.out.bias).reshape(x.shape)


def across(x, memory, attention):
    """Every pixel of the future and the same of the past, by the mask: along time."""
    film = x.shape[1:4]
    query = x.flatten(1, 3) @ attention.query.weight.T
    key, value = (memory.flatten(1, 3) @ attention.key_value.weight.T).chunk(2, -1)
    read = among(query, key, value, attention.distances, 0, film, attention.heads)
    return (read @ attention.out.weight.T + attention.out.bias).reshape(x.shape)


def merged(x, merge):
    """Square by square: row by row of each, all its channels."""
    batch, time, height, width, _ = x.shape
    rows = [
        torch.cat([x[:, :, r + i, s + j] for i in (0, 1) for j in (0, 1)], dim=-1)
        for r in range(0, height, 2)
        for s in range(0, width, 2)
    ]
    squares = torch.stack(rows, dim=2).reshape(batch, time, height // 2, width // 2, -1)
    return normed(squares, merge.norm) @ merge.map.weight.T


def block(x, layers):
    for norm, attention, layer in zip(
        layers.norms, layers.attentions, layers.networks, strict=True
    ):
        x = x + along(normed(x, norm), attention)
        x = x + network(x, layer)
    return x


def cross(x, memory, layers):
    x = x + across(normed(x, layers.norm), memory, layers.attention)
    return x + network(x, layers.network)


def images(x, layers):
    """Convolutions, one frame after the other; channels are last in and out."""
    said = []
    for t in range(x.shape[1]):
        image = x[:, t].movedim(-1, 1)
        for layer in layers:
            if isinstance(layer, torch.nn.Upsample):
                image = image.repeat_interleave(2, 2).repeat_interleave(2, 3)
            else:
                image = layer(image)
        said.append(image.movedim(1, -1))
    return torch.stack(said, dim=1)


def written_out(model, frames, slip="none"):
    """The order of the paper's figure, with room for a slip."""
    x = merged(images(frames.movedim(2, -1), model.stem), model.patches)
    if slip != "no positions":
        x = x + model.positions.time + model.positions.place
    for layers in model.encode_fine:
        x = block(x, layers)
    fine, x = x, merged(x, model.merge)
    for layers in model.encode_coarse:
        x = block(x, layers)
    coarse = x
    start = model.start.time + model.start.place
    x = (start @ model.begin.weight.T + model.begin.bias).expand(coarse.shape)
    for number, layers in enumerate(model.coarse_cross):
        if slip == "cross first" and number:
            x = block(cross(x, coarse, layers), model.coarse[number - 1])
            continue
        if number:
            x = block(x, model.coarse[number - 1])
        x = cross(x, coarse, layers)
    x = images(x, model.grow)
    memory = x if slip == "the fine scale asks itself" else fine
    for layers, asks in zip(model.fine, model.fine_cross, strict=True):
        x = cross(block(x, layers), memory, asks)
    for layers in [model.head[0], *[[layer] for layer in model.head[1:]]]:
        x = images(x, layers)
    return x.movedim(-1, 2)


def small(frames=2, depth=2, channels=1, size=(8, 12), heads=2):
    return Earthformer(channels, size, frames, 4, depth, heads, groups=2)


@settings(max_examples=6, deadline=None)
@given(*[st.integers(1, n) for n in (2, 3, 2, 3)], st.integers(1, 3), st.integers(0, 9))
def test_axial_attention_is_full_attention_behind_a_mask(batch, time, height, width, axis, seed):
    film = (time, height, width)
    attention = filled(AxialAttention(4, film[axis - 1], axis, heads=2), seed)
    x = normal(batch, *film, 4, seed=seed + 50)
    assert_close(attention(x), along(x, attention), rtol=0, atol=1e-12)
    attention = filled(FrameAttention(4, time, heads=2), seed)
    memory = normal(batch, *film, 4, seed=seed + 60)
    assert_close(attention(x, memory), across(x, memory, attention), rtol=0, atol=1e-12)


def test_two_positions_by_hand():
    """One channel, maps of 1: logits are products and distances, and weights a softmax."""
    attention = AxialAttention(1, 2, 3, heads=1).double()
    with torch.no_grad():
        for weight in (attention.qkv.weight, attention.out.weight):
            weight.fill_(1.0)
        attention.out.bias.zero_()
        attention.distances.copy_(torch.tensor([[0.5], [0.0], [-0.5]]))
    x = torch.tensor([1.0, 2.0]).double().reshape(1, 1, 1, 2, 1)
    # Position 0: logits 1 and 2 + 0.5, as the other is one to the right. Position 1: 2 - 0.5, 4.
    weights = torch.tensor([[1.0, 2.5], [1.5, 4.0]]).double().softmax(-1)
    assert_close(attention(x).flatten(), weights @ torch.tensor([1.0, 2.0]).double())


def test_a_square_is_merged_row_by_row():
    merge = filled(PatchMerge(2, 3))
    x = normal(2, 2, 4, 6, 2)
    assert_close(merge(x), merged(x, merge), rtol=0, atol=1e-12)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_it_is_the_figure_written_out(depth):
    model = filled(small(depth=depth, channels=2), depth, scale=0.3)
    frames = normal(2, 2, 2, 8, 12, seed=depth + 50)
    assert_close(model(frames), written_out(model, frames), rtol=0, atol=1e-11)


@pytest.mark.parametrize("slip", ["no positions", "cross first", "the fine scale asks itself"])
def test_the_figure_rejects_a_slip(slip):
    model, frames = filled(small(), scale=0.3), normal(1, 2, 1, 8, 12, seed=9)
    assert (model(frames) - written_out(model, frames, slip)).abs().max() > 1e-3


def test_positions_add_a_frame_and_a_pixel():
    positions = filled(Positions((3, 2, 4), 5))
    said = positions()
    for t, r, s in ((0, 0, 0), (2, 1, 3), (1, 0, 2)):
        assert torch.equal(said[t, r, s], positions.time[t, 0, 0] + positions.place[r, s])


def attended(d, n):
    """Norm, maps of q, k and v, map out; a table of distances for 4 heads."""
    return 2 * d + 3 * d**2 + d**2 + d + 4 * (2 * n - 1)


def fed_forward(d):
    return 2 * d + 4 * d**2 + 4 * d + 4 * d**2 + d


def test_ms_table_6_parameters():
    """6.7M, part by part, by the formulas of the layers and not by the modules."""
    with torch.device("meta"):
        model = Earthformer(1, (64, 64))

    def block(d, film):
        return sum(attended(d, n) + fed_forward(d) for n in film)

    fine, coarse = block(64, (10, 32, 32)), block(128, (10, 16, 16))
    conv, norm = 9 * 64**2 + 64, 2 * 64
    crosses = [attended(d, 10) + fed_forward(d) for d in (64, 128)]
    parts = {
        "stem": 9 * 64 + 64 + norm + conv + norm + (2 * 256 + 256 * 64),
        "positions": 10 * 64 + 32**2 * 64,
        "encoder": 4 * fine + (2 * 256 + 256 * 128) + 4 * coarse,
        "start": (10 + 16**2) * 128 + 128**2 + 128,
        "decoder": 3 * coarse + (9 * 128 * 64 + 64) + 4 * fine + 4 * sum(crosses),
        "head": 3 * conv + 2 * norm + 64 + 1,
    }
    assert (parts["stem"], parts["positions"]) == (54_720, 66_176)
    assert (parts["encoder"], parts["head"]) == (3_009_056, 111_105)
    assert parts["start"] == 16_512 + 34_048
    never_read = 8 * 4 * (39 - 19)  # of the tables with 39 distances, where 19 occur
    assert parts["decoder"] == 3_447_548 - never_read
    assert parameters(model) == sum(parts.values()) == 6_739_165 - never_read


def test_macs_are_those_of_maps_and_of_products():
    with torch.device("meta"):
        model, clip = small(), torch.zeros(1, 2, 1, 8, 12)
    fine, coarse = 2 * 4 * 6, 2 * 2 * 3

    def block(d, film, positions):
        return positions * sum(4 * d**2 + 8 * d**2 + 2 * n * d for n in film)

    expected = 2 * 8 * 12 * (9 * 4 + 9 * 16) + fine * 16 * 4  # stem, merge
    expected += 4 * block(4, (2, 4, 6), fine) + 3 * block(8, (2, 2, 3), coarse)
    expected += coarse * (16 * 8 + 0) + coarse * 64  # merge; the start is mapped once, not a clip
    expected += 2 * block(8, (2,), coarse) + 2 * block(4, (2,), fine)
    expected += fine * 9 * 8 * 4 + 2 * 8 * 12 * (3 * 9 * 16 + 4)
    assert macs(model, clip) == expected


def test_every_parameter_learns():
    torch.manual_seed(0)
    model = small(channels=2)
    model(torch.rand(2, 2, 2, 8, 12)).square().sum().backward()
    for name, weight in model.named_parameters():
        assert bool((weight.grad != 0).any()), name
        if "distances" in name:
            assert bool((weight.grad != 0).all()), name
    assert not list(model.buffers())


def test_gradcheck():
    model = filled(small(depth=1, size=(4, 4)), scale=0.3)
    frames = normal(1, 2, 1, 4, 4).requires_grad_()
    assert torch.autograd.gradcheck(model, frames, fast_mode=True)


def test_bfloat16_and_autocast_stay_near():
    model, frames = filled(small(), scale=0.3).float(), normal(1, 2, 1, 8, 12).float()
    exact = model(frames)
    with torch.autocast("cpu", torch.bfloat16):
        rough = model(frames)
    assert 0 < (rough - exact).abs().max() < 0.05 * exact.abs().max()
    assert model.bfloat16()(frames.bfloat16()).dtype == torch.bfloat16


def test_compiles_without_a_break(monkeypatch):
    untyped(monkeypatch)
    compiles_whole(filled(small(depth=1, size=(8, 8)), scale=0.3), normal(1, 2, 1, 8, 8))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: Earthformer(0, (8, 8)), "channels=0.*at least 1"),
        (lambda: Earthformer(1, (8, 8), depth=0), "depth=0"),
        (lambda: Earthformer(1, (8, 8), width=24), "width=24: .* groups=16 and of heads=4"),
        (lambda: Earthformer(1, (8, 6)), r"size=\(8, 6\): both sides must be multiples of 4"),
        (lambda: AxialAttention(4, 2, 4), "axis=4"),
        (lambda: AxialAttention(4, 2, 1, heads=3), "width=4, length=2, heads=3"),
        (lambda: FrameAttention(4, 0), "length=0"),
        (lambda: AxialAttention(4, 2, 1)(torch.zeros(1, 3, 1, 1, 4)), "3 positions, .* has 2"),
        (lambda: AxialBlock(4, (2, 0, 2)), "length=0"),
        (lambda: CrossBlock(4, 2)(*[torch.zeros(1, 3, 1, 1, 4)] * 2), "3 positions"),
        (
            lambda: small()(torch.zeros(1, 2, 1, 8, 8)),
            r"frames are \(1, 2, 1, 8, 8\): the model reads \(batch, 2, 1, 8, 12\)",
        ),
    ],
)
def test_what_does_not_fit_is_named(call, says):
    with pytest.raises(ValueError, match=says):
        call()
