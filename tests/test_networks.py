"""Networks against numbers computed elsewhere, their own layers, and the papers' sizes."""

from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

from stlib.cells import (
    CMSLSTM,
    MKLSTM,
    STLSTM,
    CausalLSTM,
    ConvLSTM,
    ConvTTLSTM,
    GradientHighway,
    Highway,
    MoDeRNN,
    Moving,
    PrecipLSTM,
    TrajGRU,
)
from stlib.cells.stored_kernel import TrainKernel, WholeKernel
from stlib.cost import macs, parameters
from stlib.networks import Memory, Patched, Pyramid, SkipNet, Stack, draw_xavier
from stlib.networks.layers import one_a_layer
from stlib.networks.memory import check_widths, recall
from stlib.networks.patched import folded
from stlib.recipes.cells import MIMCell, MotionRNNCell, PredRNNPlusPlusCell
from tests.drawn import normal
from tests.test_motion_rnn import Released
from tests.test_traj_gru import released

Ma = partial(ConvLSTM, biases=2)
Su = partial(ConvLSTM, kernel=5)


def filled(network, seed=0):
    """In float64, with weights of our own, none zero."""
    torch.manual_seed(seed)
    for weight in network.double().parameters():
        nn.init.uniform_(weight, 0.05, 0.3)
    return network


SMALL = {
    "Stack": lambda channels=2, **options: Stack(Ma, channels, (3, 2, 4), **options),
    "SkipNet": lambda channels=2, **options: SkipNet(Su, channels, (2, 3, 4, 5), 1, **options),
    "Pyramid": lambda channels=2: Pyramid(Ma, channels, (3, 2, 3, 4)),
}
every_network = pytest.mark.parametrize("make", SMALL.values(), ids=SMALL)


@pytest.mark.parametrize(
    ("make", "count"),
    [
        (lambda: Stack(Ma, 1), 444_001),  # Ma et al.'s ConvLSTM
        (lambda: SkipNet(Su, 1), 3_973_201),  # Su et al.'s ConvLSTM
        (lambda: SkipNet(Su, 3), 3_979_763),
        (lambda: Stack(ConvLSTM, 1), 444_001 - 6 * 4 * 32),
        (lambda: Pyramid(Ma, 1), 444_001),
        (lambda: Stack(MKLSTM, 1), 1_896_097),
        (lambda: Pyramid(MKLSTM, 1), 1_896_097),
        (lambda: Stack(TrajGRU, 1), 497_113),
        (lambda: Pyramid(TrajGRU, 1), 497_113),
        (lambda: Stack(STLSTM, 1), 900_385),
        (lambda: Pyramid(STLSTM, 1), 900_385),
        (lambda: Stack(MIMS, 1), 1_843_681 - 249_696),  # without what is dead in the papers'
        (lambda: Stack(MOTION_RNNS, 1), 1_899_859 - 259_059),
        (lambda: Stack(MoDeRNN, 1), 1_465_057),
        # Of CMS-LSTM's keys the released code has biases, which no softmax sees.
        (lambda: Stack(CMSLSTM, 1), 1_123_489 - 6 * 3 * 32),
    ],
)
def test_parameters_of_the_papers(make, count):
    with torch.device("meta"):
        assert parameters(make()) == count


def test_without_an_embedding_the_lowest_layer_reads_the_frame():
    network = filled(Stack(Ma, 2, (3, 4), embed=False))
    frame = normal(1, 2, 5, 6)
    y, _ = network(frame)
    first, _, _ = network.cells[0](frame)
    second, _, _ = network.cells[1](first)
    assert_close(y, network.readout(second), rtol=0, atol=1e-13)
    assert network.embed is None


def test_xavier_gives_every_kernel_its_variance_and_every_bias_zero():
    """Glorot and Bengio: 2 over the sum of both fans, for a kernel as it is applied."""
    torch.manual_seed(0)
    wide = partial(ConvTTLSTM, ranks=16, kernel=3)
    for cell, loose in ((wide, 0.1), (partial(wide, train=8), 0.5)):
        network = Stack(cell, 8, (32, 32))
        draw_xavier(network)
        kernels = [m.weight for m in network.modules() if isinstance(m, nn.Conv2d)]
        stored = [m for m in network.modules() if isinstance(m, WholeKernel | TrainKernel)]
        kernels += [module() for module in stored]
        assert len(kernels) == 2 + 2 * 5
        for kernel in kernels:
            outputs, inputs, height, width = kernel.shape
            expected = 2 / ((inputs + outputs) * height * width)
            assert kernel.square().mean().item() == pytest.approx(expected, rel=loose)
        for name, weight in network.named_parameters():
            if "bias" in name:
                assert not weight.any(), name


@pytest.mark.parametrize(
    ("kind", "hidden"), [(Stack, (2, 3, 4)), (Pyramid, (2, 3, 2, 3)), (SkipNet, (2, 3, 2, 3))]
)
def test_layers_may_differ_and_each_has_its_own_constructor(kind, hidden):
    count = 3 * len(hidden) if kind is SkipNet else len(hidden)
    makes = [partial(ConvLSTM, kernel=2 * layer + 1) for layer in range(count)]
    network = kind(makes, 1, hidden)
    assert [cell.gates.kernel_size[0] for cell in network.cells] == [*range(1, 2 * count, 2)]
    for wrong in (makes[1:], [*makes, ConvLSTM], []):
        with pytest.raises(
            ValueError, match=rf"{len(wrong)} constructors, expected {count}, one a layer"
        ):
            kind(wrong, 1, hidden)
    assert one_a_layer(ConvLSTM, 2) == (ConvLSTM, ConvLSTM)


def test_macs_of_the_papers_networks():
    """At 64×64. Ma et al. print 34.4G for 19 steps; Su et al. print 15.88G a step, which is not
    what their network takes."""
    frame = torch.zeros(1, 1, 64, 64, device="meta")
    with torch.device("meta"), torch.no_grad():
        assert macs(Stack(Ma, 1), frame) * 19 == pytest.approx(34.43e9, abs=5e6)
        assert macs(SkipNet(Su, 1), frame) == pytest.approx(16.266e9, abs=5e5)


# --- the vector: six layers of width 1, three frames of 8×8


def vector_n(network):
    """After three true frames, at (0, 0) and (3, 5), and summed."""
    network = network.double()
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if "bias" in name:
                weight.fill_(0.02)
            else:
                weight.fill_(0.1 if "cells" in name else 1)
    r, s = torch.meshgrid(torch.arange(8), torch.arange(8), indexing="ij")
    state = None
    for t in range(3):
        frame = ((1 + r + 2 * s + 5 * t) / 32).double()
        y, state = network(frame[None, None], state)
    y = y[0, 0].detach()
    return [y[0, 0].item(), y[3, 5].item(), y.sum().item()]


FLAT, SCALED = (0.047405, 0.068200, 3.847544), (0.086482, 0.445763, 18.556126)


def check_vector(kind, known=FLAT, cell=Ma):
    assert vector_n(kind(cell, 1, (1,) * 6)) == pytest.approx(known, abs=6e-7)


def test_stack_gives_the_known_frame():
    check_vector(Stack)
    check_vector(Stack, (0.037790, 0.045773, 2.706190), MKLSTM)
    check_vector(Stack, (0.021750, 0.030357, 1.667415), PredRNNPlusPlusCell().layers(6))
    check_vector(Stack, (0.303020, 0.894995, 48.307030), PrecipLSTM)
    check_vector(Stack, (0.052170, 0.140114, 6.157919), MoDeRNN)
    check_vector(Stack, (0.069541, 0.179127, 8.366865), CMSLSTM)


def test_pyramid_gives_the_known_frame():
    check_vector(Pyramid, SCALED)
    check_vector(Pyramid, (0.051843, 0.156827, 6.931217), MKLSTM)
    check_vector(Pyramid, (0.023723, 0.071154, 3.016292), PredRNNPlusPlusCell().layers(6))
    check_vector(Pyramid, (0.522964, 0.729982, 42.990068), PrecipLSTM)
    check_vector(Pyramid, (0.273125, 0.951111, 52.615307), MoDeRNN)


def test_traj_gru_gives_the_known_frames_of_the_released_grid(monkeypatch):
    monkeypatch.setattr("stlib.cells.warp._placed", released)
    check_vector(Stack, (0.067140, 0.140519, 7.096408), TrajGRU)
    check_vector(Pyramid, (0.129303, 0.436234, 20.937881), TrajGRU)


# --- PredRNN: its memory m climbs, and comes back to the lowest layer a step later

PRED_RNN = (0.171905, 0.809286, 40.143527)
SCALED_PRED_RNN = (0.274213, 0.475512, 26.639029)


def test_pred_rnn_eq_gives_the_known_frames():
    check_vector(Stack, PRED_RNN, STLSTM)
    check_vector(Pyramid, SCALED_PRED_RNN, STLSTM)


class Forgotten(nn.Module):
    """A network whose m starts anew in every step."""

    def __init__(self, network):
        super().__init__()
        self.network = network
        self.cells = network.cells

    def forward(self, frame, state=None):
        return self.network(frame, None if state is None else state._replace(m=None))


class Skipped(Pyramid):
    """What x is given, m is given of its own."""

    def forward(self, frame, state=None):
        cells, m = state or ((None,) * 6, None)
        x, after, finer = self.embed(frame), [], []
        for layer, (cell, memory) in enumerate(zip(self.cells, cells, strict=True), start=1):
            x, memory, m = cell(x, memory, m)
            after.append(memory)
            if layer < self.levels:
                finer.append((x, m))
                x, m = F.max_pool2d(x, 2), F.max_pool2d(m, 2)
            elif layer > self.levels and finer:
                x, m = (
                    F.interpolate(coarse, scale_factor=2, mode="bilinear") + skip
                    for coarse, skip in zip((x, m), finer.pop(), strict=True)
                )
        return self.readout(x), Memory(tuple(after), m)


@pytest.mark.parametrize(
    ("make", "starts", "right"),
    [
        (lambda *a: Forgotten(Stack(*a)), (0.044612, 0.170222), PRED_RNN),
        (lambda *a: Forgotten(Pyramid(*a)), (0.052966, 0.102165), SCALED_PRED_RNN),
        (Skipped, (1.005799, 1.017518), SCALED_PRED_RNN),
    ],
)
def test_the_vector_rejects_another_way_of_m(make, starts, right):
    assert vector_n(make(STLSTM, 1, (1,) * 6))[:2] == pytest.approx(starts, abs=6e-7)
    with pytest.raises(AssertionError):
        check_vector(make, right, STLSTM)


def test_a_climbing_memory_needs_equal_widths():
    for network in (Stack(STLSTM, 1, (3, 4)), SkipNet(STLSTM, 1, (3, 4, 4, 3), 1)):
        with pytest.raises(ValueError, match=r"m is \(1, 3, .* \(1, 4, .* must be equally wide"):
            network(torch.zeros(1, 1, 4, 4))


# --- MIM and MotionRNN: the lowest layer is another, and a difference in time must be one

MIMS, MOTION_RNNS = MIMCell().layers(6), MotionRNNCell(offsets=False).layers(6)


class WithoutSkip(Pyramid):
    """As released: what a layer subtracts is the output below a step ago, without the skip."""

    def forward(self, frame, state=None):
        _, after = super().forward(frame, state)
        cells = list(after.cells)
        for layer in (4, 5):
            below = told(cells[layer - 1]).h
            inner = told(cells[layer])._replace(
                x=F.interpolate(below, scale_factor=2, mode="bilinear")
            )
            cells[layer] = retold(cells[layer], inner)
        y, _ = super().forward(frame, state)
        return y, after._replace(cells=tuple(cells))


def told(cell):
    return cell.base if isinstance(cell, Moving) else cell


def retold(cell, inner):
    return cell._replace(base=inner) if isinstance(cell, Moving) else inner


def test_mim_eq_gives_the_known_frames():
    check_vector(Stack, (0.176192, 0.813750, 40.500461), MIMS)
    assert vector_n(Pyramid(MIMS, 1, (1,) * 6))[:2] == pytest.approx((0.279359, 0.486266), abs=6e-7)


def test_the_vector_tells_a_difference_in_time_from_one_without_the_skip():
    found = vector_n(WithoutSkip(MIMS, 1, (1,) * 6))
    assert found == pytest.approx((0.279776, 0.489484, 27.294683), abs=6e-7)


def vector_n_of_motion(network):
    """Width 4, weights of 0.02, biases of 0.01, but for embedding and readout; as released."""
    for cell in network.cells[:-1]:
        cell.motion.__class__ = Released
    network = network.double()
    with torch.no_grad():
        for name, weight in network.named_parameters():
            inside = 0.02 if "cells" in name else 1
            weight.fill_(0.01 if "bias" in name else inside)
    r, s = torch.meshgrid(torch.arange(8), torch.arange(8), indexing="ij")
    state = None
    for t in range(3):
        y, state = network(((1 + r + 2 * s + 5 * t) / 32).double()[None, None], state)
    return [y[0, 0, 0, 0].item(), y[0, 0, 3, 5].item()]


@pytest.mark.parametrize(
    ("kind", "known"), [(Stack, (0.068507, 0.941578)), (WithoutSkip, (0.145158, 0.364499))]
)
def test_motion_rnn_eq_gives_the_known_frames(kind, known):
    found = vector_n_of_motion(kind(MOTION_RNNS, 1, (4,) * 6))
    assert found == pytest.approx(known, abs=6e-7)


def up_to_the_corners(x, like):
    return F.interpolate(x, like.shape[2:], mode="bilinear", align_corners=True)


@pytest.mark.parametrize(
    ("place", "change", "starts"),
    [
        ("_doubled", up_to_the_corners, (0.087567, 0.448815)),
        ("_doubled", lambda x, like: F.interpolate(x, scale_factor=2), None),
        ("_halved", lambda x: F.avg_pool2d(x, 2), None),
    ],
)
def test_the_vector_rejects_another_way_between_scales(monkeypatch, place, change, starts):
    monkeypatch.setattr(f"stlib.networks.pyramid.{place}", change)
    if starts:
        assert vector_n(Pyramid(Ma, 1, (1,) * 6))[:2] == pytest.approx(starts, abs=6e-7)
    with pytest.raises(AssertionError):
        check_vector(Pyramid, SCALED)


class Behind(GradientHighway):
    """Behind its cell, and not before it."""

    def forward(self, x, state=None, m=None):
        h, inner, m = self.cell(x, None if state is None else state.cell, m)
        z = torch.zeros_like(h) if state is None else state.z
        proposed, s = (self.of_x(h) + self.of_z(z)).chunk(2, dim=1)
        z = s.sigmoid() * proposed.tanh() + (1 - s.sigmoid()) * z
        return z, Highway(z, inner), m


@pytest.mark.parametrize("wrong", [Behind, CausalLSTM])
def test_the_vector_rejects_a_highway_elsewhere_or_none(wrong):
    layers = [CausalLSTM, wrong, *[CausalLSTM] * 4]
    with pytest.raises(AssertionError):
        check_vector(Stack, (0.021750, 0.030357, 1.667415), layers)
    with pytest.raises(AssertionError):
        check_vector(Stack, (0.021750, 0.030357, 1.667415), [GradientHighway, *[CausalLSTM] * 5])


class Shared(Stack):
    """One state for all layers."""

    def forward(self, frame, state=None):
        x, state = self.embed(frame), state
        for cell in self.cells:
            x, state, _ = cell(x, state)
        return self.readout(x), state


class Late(Stack):
    """Every layer reads what the layer below said a step ago."""

    def forward(self, frame, state=None):
        after, below = [], [self.embed(frame)]
        for layer, cell in enumerate(self.cells):
            memory = None if state is None else state[layer]
            if layer > 0:
                below.append(torch.zeros_like(frame) if state is None else state[layer - 1].h)
            _, memory, _ = cell(below[layer], memory)
            after.append(memory)
        return self.readout(after[-1].h), after


class Forgetful(Stack):
    """Every step starts anew."""

    def forward(self, frame, state=None):
        return super().forward(frame)


class Squashed(Stack):
    """An activation where there is none."""

    def forward(self, frame, state=None):
        y, state = super().forward(frame, state)
        return y.sigmoid(), state


@pytest.mark.parametrize(
    "kind", [Shared, Late, Forgetful, Squashed, lambda *a: Stack(ConvLSTM, *a[1:])]
)
def test_the_vector_rejects_a_slip(kind):
    with pytest.raises(AssertionError):
        check_vector(kind)


# --- wiring


class Probe(nn.Module):
    """A cell without memory: it counts its calls, and notes what it was handed."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.map = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x, state=None, m=None):
        return self.map(x), (0 if state is None else state) + 1, (*(m or ()), self.map.in_channels)


def test_skip_net_joins_9_by_3_and_12_by_6():
    """Written out layer by layer, with 1×1 maps for cells."""
    network = filled(SkipNet(Probe, 1, (2, 3, 4, 5)))
    frame = normal(2, 1, 3, 3)
    said = [frame]
    for layer, cell in enumerate(network.cells, start=1):
        x = said[-1]
        if layer == 10:
            x = torch.cat([said[9], said[3]], dim=1)
        said.append(F.conv2d(x, cell.map.weight, cell.map.bias))
    last = torch.cat([said[12], said[6]], dim=1)
    y, state = network(frame)
    assert_close(y, F.conv2d(last, network.readout.weight, network.readout.bias))
    assert state.m == (1, 2, 2, 2, 3, 3, 3, 4, 4, 4 + 2, 5, 5)
    assert network.readout.in_channels == 5 + 3


def test_the_papers_skip_net_has_its_widths():
    with torch.device("meta"):
        network = SkipNet(Su, 1)
    widths = [(cell.inputs, cell.outputs) for cell in network.cells]
    assert widths == [
        *[(1, 32), (32, 32), (32, 32)],
        *[(32, 48), (48, 48), (48, 48)],
        *[(48, 48), (48, 48), (48, 48)],
        *[(80, 32), (32, 32), (32, 32)],
    ]
    assert network.readout.in_channels == 80


@pytest.mark.parametrize("each", [1, 2, 3])
def test_layers_each(each):
    network = SkipNet(Probe, 1, (2, 3, 4, 5), layers_each=each)
    assert len(network.cells) == 4 * each
    y, state = network(torch.zeros(1, 1, 2, 2))
    assert (y.shape, state.cells) == ((1, 1, 2, 2), (1,) * 4 * each)


@pytest.mark.parametrize("kind", [Stack, SkipNet])
def test_every_layer_keeps_its_state_and_m_goes_round(kind):
    """m climbs through the layers; the bottom layer takes what the top left a step before."""
    network = kind(Probe, 1, (2, 3, 4, 5))
    frame, state = torch.zeros(1, 1, 2, 2), None
    for _ in range(3):
        _, state = network(frame, state)
    once = network(frame)[1].m
    assert state == Memory((3,) * len(network.cells), once * 3)
    assert once == tuple(cell.map.in_channels for cell in network.cells)


@every_network
def test_one_step_equals_its_layers(make):
    """The state it returns is the cells' own: h of the top layer explains the prediction."""
    network = filled(make())
    y, state = network(normal(2, 2, 4, 5))
    top = state.cells[-1].h
    if isinstance(network, SkipNet):
        top = torch.cat([top, state.cells[1].h], dim=1)
    assert_close(y, F.conv2d(top, network.readout.weight, network.readout.bias))


class Echo(nn.Module):
    """A cell that says what it reads, and notes it; m is two maps, one more each time."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.read = []

    def forward(self, x, state=None, m=None):
        self.read.append((x, m))
        return x, None, Pair(x, x + 1) if m is None else Pair(m.first + 1, m.rest)


class Pair(NamedTuple):
    first: torch.Tensor
    rest: torch.Tensor


def halved(x):
    """The largest of each 2x2, and of what is left of it at an odd border."""
    height, width = x.shape[2:]
    rows = [x[:, :, r : r + 2].amax(2) for r in range(0, height, 2)]
    columns = torch.stack(rows, 2)
    return torch.stack([columns[..., s : s + 2].amax(3) for s in range(0, width, 2)], 3)


def doubled(x, height, width):
    """Each pixel becomes two along an axis, a quarter of the way to its neighbours."""
    for axis, size in ((2, height), (3, width)):
        places = range(x.shape[axis])
        pixel = partial(x.select, axis)
        near = [(pixel(max(p - 1, 0)), pixel(p), pixel(min(p + 1, places[-1]))) for p in places]
        pairs = [pair for a, b, c in near for pair in (a / 4 + 3 * b / 4, 3 * b / 4 + c / 4)]
        x = torch.stack(pairs, axis).narrow(axis, 0, size)
    return x


@settings(max_examples=12, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 4), st.integers(0, 99))
def test_pyramid_by_hand(height, width, levels, seed):
    """What every layer reads, at every scale; `m` takes the same way, and no skip is added."""
    network = Pyramid(Echo, 1, (1,) * 2 * levels).double()
    for map_ in (network.embed, network.readout):
        nn.init.ones_(map_.weight)
        nn.init.zeros_(map_.bias)
    x = normal(1, 1, height, width, seed=seed)
    m, said, sizes, read = None, [], [], []
    y, state = network(x)
    for layer in range(2 * levels):
        read.append((x, m))
        m = Pair(x, x + 1) if m is None else Pair(m.first + 1, m.rest)
        if layer < levels - 1:
            said.append(x)
            sizes.append(x.shape[2:])
            x, m = halved(x), Pair(halved(m.first), halved(m.rest))
        elif levels <= layer < 2 * levels - 1:
            size = sizes.pop()
            x = doubled(x, *size) + said.pop()
            m = Pair(doubled(m.first, *size), doubled(m.rest, *size))
    for cell, (expected, passed) in zip(network.cells, read, strict=True):
        ((got, handed),) = cell.read
        assert_close(got, expected)
        assert (handed is None) == (passed is None)
        if passed is not None:
            assert_close(handed.first, passed.first)
            assert_close(handed.rest, passed.rest)
    assert_close(y, x)
    assert_close(state.m.first, m.first)


def test_patches_are_squares_laid_on_one_another():
    class Negative(nn.Module):
        def forward(self, frame, state=None):
            self.read = frame
            return -frame, "after"

    network = Patched(lambda channels: Negative(), 2, 3)
    frame = normal(1, 2, 6, 9)
    y, state = network(frame)
    assert_close(y, -frame, rtol=0, atol=0)
    assert state == "after"
    for c, r, s in np.ndindex(2, 3, 3):
        assert_close(network.network.read[:, 9 * c + 3 * r + s], frame[:, c, r::3, s::3])


def test_folded_lays_squares_on_top_of_one_another():
    frame = torch.arange(2 * 4 * 6.0).reshape(1, 2, 4, 6)
    found = folded(frame, 2)
    assert found.shape == (1, 8, 2, 3)
    for channel, dy, dx, row, column in product(range(2), range(2), range(2), range(2), range(3)):
        pixel = frame[0, channel, 2 * row + dy, 2 * column + dx]
        assert found[0, 4 * channel + 2 * dy + dx, row, column] == pixel


def test_a_frame_that_cannot_be_folded_is_named():
    network = Patched(lambda channels: Stack(Ma, channels, (2,)), 1, 4)
    for fold in (network, lambda frame: folded(frame, 4)):
        with pytest.raises(ValueError, match=r"\(8, 6\), .* multiples of the patch, 4"):
            fold(torch.zeros(1, 1, 8, 6))
    with pytest.raises(ValueError, match="has 2 channels, the network reads 1"):
        network(torch.zeros(1, 2, 8, 8))
    with pytest.raises(ValueError, match="channels=1, patch=0"):
        Patched(lambda channels: Stack(Ma, channels), 1, 0)


def test_sigmoid_squashes_the_prediction_and_nothing_else():
    plain, squashed = (filled(SMALL["SkipNet"](sigmoid=on)) for on in (False, True))
    (y, state), (z, other) = (network(normal(2, 2, 4, 5)) for network in (plain, squashed))
    assert_close(z, 1 / (1 + (-y).exp()))
    assert_close(state.cells[-1].c, other.cells[-1].c)


# --- every network


@every_network
def test_a_network_keeps_nothing(make):
    network = filled(make())
    first, again = (network(normal(2, 2, 4, 5)) for _ in range(2))
    assert_close(first[0], again[0], rtol=0, atol=0)
    assert not list(network.buffers())


@settings(max_examples=10, deadline=None)
@given(
    st.sampled_from(sorted(SMALL)), *[st.integers(1, n) for n in (2, 3, 5, 5)], st.integers(0, 9)
)
def test_any_size_and_samples_do_not_mix(name, batch, channels, height, width, seed):
    network = filled(SMALL[name](channels), seed)
    frames = [normal(batch, channels, height, width, seed=seed + t) for t in range(2)]
    together, state = network(frames[0])
    together, _ = network(frames[1], state)
    assert together.shape == frames[0].shape
    for b in range(batch):
        _, state = network(frames[0][b : b + 1])
        assert_close(network(frames[1][b : b + 1], state)[0], together[b : b + 1])


@every_network
def test_every_parameter_learns_from_two_steps(make):
    torch.manual_seed(0)
    network = make()
    _, state = network(torch.rand(2, 2, 6, 6))
    y, _ = network(torch.rand(2, 2, 6, 6), state)
    y.square().sum().backward()
    for name, weight in network.named_parameters():
        assert bool((weight.grad != 0).all()), name


@every_network
def test_gradcheck(make):
    network, frames = filled(make(1)), [normal(1, 1, 2, 3, seed=t).requires_grad_() for t in (0, 1)]

    def two_steps(first, second):
        return network(second, network(first)[1])[0]

    assert torch.autograd.gradcheck(two_steps, frames)


@every_network
def test_forward_and_backward_on_the_meta_device(make):
    network = make().to("meta")
    frame = torch.zeros(2, 2, 6, 5, device="meta", requires_grad=True)
    _, state = network(frame)
    y, state = network(frame, state)
    y.sum().backward()
    assert (y.shape, y.device.type) == (frame.shape, "meta")
    assert frame.grad.shape == frame.shape
    assert all(weight.grad.is_meta for weight in network.parameters())


@every_network
def test_autocast_stays_near(make):
    network = filled(make()).float()
    frames = [normal(2, 2, 6, 6, seed=t).float() for t in range(3)]

    def last(state=None):
        for frame in frames:
            y, state = network(frame, state)
        return y

    exact = last()
    with torch.autocast("cpu", torch.bfloat16):
        rough = last()
    rough.float().square().sum().backward()
    assert rough.dtype == torch.bfloat16
    assert 0 < ((rough - exact).abs().max() / exact.abs().max()) < 0.05
    assert all(bool(weight.grad.isfinite().all()) for weight in network.parameters())


@every_network
def test_channels_last_is_equal(make):
    plain, network = filled(make()), filled(make()).to(memory_format=torch.channels_last)
    state = theirs = None
    for t in range(3):
        frame = normal(2, 2, 6, 7, seed=t)
        y, state = network(frame.to(memory_format=torch.channels_last), state)
        expected, theirs = plain(frame, theirs)
        assert_close(y, expected, rtol=0, atol=1e-12)


# --- bad input


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: Stack(Ma, 0), "channels=0, .*widths from 1"),
        (lambda: Stack(Ma, 1, ()), r"hidden=\(\): need one layer"),
        (lambda: Stack(Ma, 1, (3, 0)), r"hidden=\(3, 0\)"),
        (lambda: SkipNet(Su, 1, (3, 4, 5)), r"hidden=\(3, 4, 5\): need 4 widths, one a block"),
        (lambda: SkipNet(Su, 1, (3, 4, -5, 3)), "widths from 1"),
        (lambda: SkipNet(Su, 1, layers_each=0), "layers_each=0: must be at least 1"),
        (lambda: Pyramid(Ma, 1, (3, 3, 3)), r"hidden=\(3, 3, 3\): need an even number"),
        (lambda: Pyramid(Ma, 1, (3, 2, 2, 3)), "layers 1 and 3 are added and must be equally"),
        (lambda: Pyramid(Ma, 1, ()), r"hidden=\(\): need one layer"),
    ],
)
def test_an_impossible_network_is_named(call, says):
    with pytest.raises(ValueError, match=says):
        call()


@every_network
def test_input_that_does_not_fit_is_named(make):
    network, frame = make(), torch.zeros(2, 2, 6, 6)
    _, state = network(frame)
    with pytest.raises(ValueError, match="the frame has 3 channels, the network reads 2"):
        network(torch.zeros(2, 3, 6, 6))
    with pytest.raises(ValueError, match=r"the state is of 2 layers, the network has [34]"):
        network(frame, Memory(state.cells[:2]))
    with pytest.raises(ValueError, match=r"h is \(2, .* for this x it must be \(1, "):
        network(frame[:1], state)


def test_recall_hands_on_what_fits():
    memory, frame = Memory((1, 2), "m"), torch.zeros(1, 3, 2, 2)
    assert recall(memory, frame, 2, 3) is memory
    assert recall(None, frame, 2, 3) == Memory((None, None), None)


@given(st.integers(-1, 2), st.lists(st.integers(-1, 2), max_size=3))
def test_check_widths_refuses_what_is_not_positive(channels, hidden):
    if channels > 0 and hidden and all(width > 0 for width in hidden):
        assert check_widths(channels, hidden) is None
    else:
        with pytest.raises(ValueError, match=f"{channels=}, hidden="):
            check_widths(channels, hidden)
