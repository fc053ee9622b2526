"""TrajGRU against loops, against numbers computed elsewhere, and against slips of its wiring."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from stlib.cells import Hidden, TrajGRU
from stlib.cells.warp import warp
from stlib.cost import parameters
from tests.compiled import compiles_whole, untyped
from tests.drawn import filled, normal
from tests.learning import learns_from_two_steps
from tests.loops import convolved, logistic

# --- maps read along a flow


def between(h, row, column):
    """The four pixels around a place, each by how near it is; zero outside."""
    above, left, total = int(np.floor(row)), int(np.floor(column)), 0
    for r, s in ((above, left), (above, left + 1), (above + 1, left), (above + 1, left + 1)):
        if 0 <= r < h.shape[0] and 0 <= s < h.shape[1]:
            total += (1 - abs(row - r)) * (1 - abs(column - s)) * h[r, s]
    return total


@settings(max_examples=10, deadline=None)
@given(*[st.integers(1, n) for n in (2, 2, 2, 4, 4)], st.integers(0, 99))
def test_warp_by_loops(batch, channels, links, height, width, seed):
    maps = normal(batch, channels, height, width, seed=seed)
    flow = 2 * normal(batch, links, 2, height, width, seed=seed + 1)
    known = np.zeros((batch, channels, links, height, width))
    for b, q, link, r, s in np.ndindex(*known.shape):
        right, down = flow[b, link, :, r, s].tolist()
        known[b, q, link, r, s] = between(maps[b, q].numpy(), r + down, s + right)
    assert_close(warp(maps, flow), torch.from_numpy(known), rtol=0, atol=1e-12)


@given(st.integers(1, 300), st.integers(1, 300), st.sampled_from([torch.float32, torch.bfloat16]))
def test_no_flow_leaves_the_map_as_it_is(height, width, dtype):
    """Of every size, one pixel too; and in eight bits, which cannot say where a pixel is."""
    maps = normal(1, 1, height, width).to(dtype)
    still = warp(maps, torch.zeros(1, 1, 2, height, width).to(dtype))
    assert still.dtype == dtype
    assert_close(still[:, :, 0], maps, rtol=0, atol=2e-4 if dtype == torch.float32 else 0.02)


def test_a_flow_is_to_the_right_and_down():
    maps, flow = normal(1, 1, 4, 5), torch.zeros(1, 2, 2, 4, 5).double()
    flow[:, 0, 0], flow[:, 1, 1] = 2, -1
    (right, up), ahead = warp(maps, flow)[0, 0], maps[0, 0]
    assert_close(right, F.pad(ahead[:, 2:], (0, 2)))
    assert_close(up, F.pad(ahead[:-1], (0, 0, 1, 0)))


# --- the cell


def by_loops(cell, x, h):
    """Link by link, and every map of x apart."""
    n = cell.outputs
    weights = {name: weight.numpy(force=True) for name, weight in cell.named_parameters()}

    def mapped(name, values, rows=slice(None)):
        return convolved(weights[f"{name}.weight"][rows], weights[f"{name}.bias"][rows], values)

    def leaky(a):
        return np.where(a > 0, a, 0.2 * a)

    x, h = x.numpy(), h.numpy()
    names = ("flow", "z", "r", "n")
    said = {
        name: mapped("read", x, slice(k * n, k * n + n)) if cell.inputs else 0
        for k, name in enumerate(names)
    }
    flow = mapped("flow", leaky(said["flow"] + mapped("look", h)))
    total = dict.fromkeys(names[1:], 0)
    mix = weights["mix.weight"].reshape(3, n, n, cell.links)
    for link in range(cell.links):
        linked = np.zeros(h.shape)
        for b, q, r, s in np.ndindex(*h.shape):
            right, down = flow[b, 2 * link, r, s], flow[b, 2 * link + 1, r, s]
            linked[b, q, r, s] = between(h[b, q], r - down, s - right)
        for k, name in enumerate(total):
            total[name] = total[name] + np.einsum("oi,birs->bors", mix[k, ..., link], linked)
    for k, name in enumerate(total):
        total[name] = total[name] + weights["mix.bias"].reshape(3, n, 1, 1)[k]
    z, r = logistic(said["z"] + total["z"]), logistic(said["r"] + total["r"])
    return (1 - z) * leaky(said["n"] + r * total["n"]) + z * h


@settings(max_examples=8, deadline=None)
@given(
    st.integers(0, 2), st.integers(1, 2), st.integers(1, 3), st.sampled_from([1, 3]),
    st.integers(1, 4), st.integers(1, 4), st.integers(0, 99),
)  # fmt: skip
def test_traj_gru_eq_by_loops(inputs, outputs, links, kernel, height, width, seed):
    cell = filled(TrajGRU(inputs, outputs, links, kernel), seed)  # traj-gru-eq
    x = normal(2, inputs, height, width, seed=seed + 50)
    before = normal(2, outputs, height, width, seed=seed + 60)
    h, state, _ = cell(x, Hidden(before))
    assert_close(h, torch.from_numpy(by_loops(cell, x, before)), rtol=0, atol=1e-12)
    assert state.h is h


# --- vectors computed elsewhere, and slips that keep the number of parameters


def told(cell, weight, bias, x, h):
    with torch.no_grad():
        for name, parameter in cell.double().named_parameters():
            parameter.fill_(bias if "bias" in name else weight)
        return cell(x.double()[None, None], Hidden(h.double()[None, None]))[0][0, 0]


def vector_a(cell):
    """Weights of 0.1, no biases, h of 0.5 on 2x2."""
    x = torch.tensor([[0.1, 0.2], [0.3, 0.4]]).double()
    return told(cell, 0.1, 0.0, x, torch.full((2, 2), 0.5)).flatten().tolist()


def vector_b(cell):
    """Weights of 0.05 and biases of 0.03 on 4x4, and an h that no flow leaves alone."""
    row, column = torch.meshgrid(*[torch.arange(4).double()] * 2, indexing="ij")
    h = told(cell, 0.05, 0.03, (1 + row + 3 * column) / 20, (1 + 3 * row + column) / 20)
    return [h[place].item() for place in ((0, 0), (1, 2), (3, 3))]


KNOWN_B = (0.067607, 0.302687, 0.536914)


def test_traj_gru_eq_known_numbers():
    assert vector_b(TrajGRU(1, 1)) == pytest.approx(KNOWN_B, abs=6e-7)


def released(pixel, side):
    """Where the released code reads: between the edges' middles, as if those were -1 and 1."""
    return 2 * pixel / (side - 1) - 1


def test_the_released_grid_moves_a_map_that_has_no_flow(monkeypatch):
    monkeypatch.setattr("stlib.cells.warp._placed", released)
    known = (0.321772, 0.343377, 0.343377, 0.403064)
    assert vector_a(TrajGRU(1, 1)) == pytest.approx(known, abs=6e-7)
    known = (0.063291, 0.299101, 0.472860)
    assert vector_b(TrajGRU(1, 1)) == pytest.approx(known, abs=6e-7)
    ones = torch.ones(1, 1, 4, 4)
    still = warp(ones, torch.zeros(1, 1, 2, 4, 4))[0, 0, 0]
    assert still[0, 0].item() == pytest.approx(0.25)  # half a pixel outside, twice
    assert_close(still[1:-1, 1:-1], ones[0, 0, 1:-1, 1:-1])


class Slip(TrajGRU):
    """One step written again, with room for a slip."""

    slip = "none"

    def forward(self, x, state, m=None):
        h = state.h
        to_flow, z_x, r_x, n_x = self.read(x).chunk(4, dim=1)
        flow = self.flow(F.leaky_relu(to_flow + self.look(h), 0.2))
        flow = -flow.unflatten(1, (self.links, 2))
        if self.slip == "to where it goes":
            flow = -flow
        if self.slip == "down, then right":
            flow = flow.flip(2)
        z_h, r_h, n_h = self.mixed(h, flow)
        z, r = (z_x + z_h).sigmoid(), (r_x + r_h).sigmoid()
        if self.slip == "z and r":
            z, r = r, z
        if self.slip == "reset before the links":
            n = F.leaky_relu(n_x + self.mixed(r * h, flow)[2], 0.2)
        else:
            n = F.leaky_relu(n_x + r * n_h, 0.01 if self.slip == "another slope" else 0.2)
        if self.slip == "z the other way":
            z = 1 - z
        h = (1 - z) * n + z * h
        return h, Hidden(h), m

    def mixed(self, h, flow):
        return self.mix(warp(h, flow).flatten(1, 2)).chunk(3, dim=1)


def test_the_frame_of_the_slips_is_right():
    assert vector_b(Slip(1, 1)) == pytest.approx(KNOWN_B, abs=6e-7)


@pytest.mark.parametrize(
    ("slip", "known"),
    [
        ("to where it goes", (0.070095, 0.311273, 0.518712)),
        ("reset before the links", None),
        ("z the other way", None),
        # Equal weights hide these; the loops do not.
        ("down, then right", KNOWN_B),
        ("z and r", KNOWN_B),
        ("another slope", KNOWN_B),
    ],
)
def test_a_slip_is_rejected(slip, known):
    make = type("Wrong", (Slip,), {"slip": slip})
    if known:
        assert vector_b(make(1, 1)) == pytest.approx(known, abs=6e-7)
    if known != KNOWN_B:
        assert vector_b(make(1, 1)) != pytest.approx(KNOWN_B, abs=1e-5)
    cell = filled(make(2, 2, 3))
    x, h = normal(1, 2, 4, 4, seed=9), normal(1, 2, 4, 4, seed=8)
    found = cell(x, Hidden(h))[0].numpy(force=True)
    assert abs(found - by_loops(cell, x, h)).max() > 1e-3


# --- a cell like the others


def test_no_state_is_zeros_and_m_is_handed_on():
    cell, m = filled(TrajGRU(2, 3)), object()
    x, zeros = normal(2, 2, 3, 4), torch.zeros(2, 3, 3, 4).double()
    first, again = cell(x, None, m), cell(x, Hidden(zeros), m)
    assert_close(first[0], again[0], rtol=0, atol=0)
    assert first[2] is again[2] is m
    assert not list(cell.buffers())


def test_gradcheck():
    cell = filled(TrajGRU(1, 2, 3))
    given = [normal(1, 1, 3, 1), normal(1, 2, 3, 1, seed=1)]  # as narrow as a map can be

    def step(x, h):
        return cell(x, Hidden(h))[0]

    assert torch.autograd.gradcheck(step, [a.requires_grad_() for a in given], fast_mode=True)


def test_every_parameter_learns_from_two_steps():
    learns_from_two_steps(lambda: TrajGRU(2, 3), 2)


def test_bfloat16_and_autocast_stay_near():
    cell = filled(TrajGRU(2, 3)).float()
    x, h = normal(2, 2, 5, 5).float(), normal(2, 3, 5, 5, seed=1).float()
    exact, _, _ = cell(x, Hidden(h))
    with torch.autocast("cpu", torch.bfloat16):
        rough, _, _ = cell(x, Hidden(h))
    narrow, state, _ = cell.bfloat16()(x.bfloat16(), Hidden(h.bfloat16()))
    assert narrow.dtype == state.h.dtype == torch.bfloat16
    for near in (rough, narrow):
        assert 0 < (near - exact).abs().max() < 0.05 * exact.abs().max()


def test_compiles_without_a_break(monkeypatch):
    untyped(monkeypatch)
    cell = filled(TrajGRU(2, 3))
    x, state = normal(2, 2, 4, 4), Hidden(normal(2, 3, 4, 4, seed=1))
    compiles_whole(cell, x, state)


def test_ms_table_7_parameters():
    for c in (1, 4, 32):
        assert parameters(TrajGRU(c, c)) == 75 * c**2 + 180 * c + 8 * c + 20


# --- bad input


@settings(max_examples=40, deadline=None)
@given(*[st.integers(-1, 3)] * 4)
def test_a_constructor_builds_or_names_what_is_wrong(inputs, outputs, links, kernel):
    if inputs >= 0 and outputs > 0 and links > 0 and kernel in (1, 3):
        h, state, _ = TrajGRU(inputs, outputs, links, kernel)(torch.zeros(1, inputs, 2, 3))
        assert h.shape == state.h.shape == (1, outputs, 2, 3)
    else:
        with pytest.raises(ValueError, match=r"=.*must be"):
            TrajGRU(inputs, outputs, links, kernel)


def test_input_that_does_not_fit_is_named():
    cell, good = TrajGRU(2, 3), torch.zeros(2, 2, 3, 4)
    with pytest.raises(ValueError, match="x has 1 channels, the cell reads 2"):
        cell(good[:, :1])
    with pytest.raises(ValueError, match=r"h is \(1, 3.*for this x it must be \(2, 3"):
        cell(good, Hidden(torch.zeros(1, 3, 3, 4)))
