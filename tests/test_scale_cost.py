"""What a unit and a network cost: formulas, what PyTorch executes, and what autograd keeps."""

from itertools import product

import pytest
import sympy
import torch
import torch.nn.functional as F
from torch import nn

from stlib.cells import MKLSTM, ConvLSTM
from stlib.cost import macs, parameters
from stlib.networks import Pyramid, Stack
from stlib.printed import table
from stlib.scale_cost import (
    CONV_LSTM,
    MK_LSTM,
    Unit,
    conv_lstm,
    interpolated,
    kept_bytes,
    mk_lstm,
    network_macs,
    network_parameters,
    pixels,
)
from stlib.tally import FLOPS, MACS, PRICES, PROFILER, Prices, Tally, tally
from stlib.training_memory import peak_bytes, predicted, saved_bytes

UNITS = {"conv": (CONV_LSTM, lambda i, o: ConvLSTM(i, o, biases=2)), "mk": (MK_LSTM, MKLSTM)}


def built(cell, network, c, layers=6, channels=1):
    with torch.device("meta"):
        return network(UNITS[cell][1], channels, (c,) * layers)


def frame(height, width, channels=1, batch=1):
    return torch.zeros(batch, channels, height, width, device="meta")


# --- the tally


def test_a_tally_hears_each_kind_once():
    def everything(x):
        y = F.conv2d(x, torch.ones(4, 2, 3, 3, device="meta"), padding=1)
        y = F.interpolate(y, scale_factor=2, mode="bilinear")
        y = F.max_pool2d(y, 4)
        return (y.sigmoid() + y.tanh()) * y

    counted = tally(everything, frame(8, 12, channels=2))
    assert counted == Tally(
        macs=4 * 2 * 9 * 96,
        bilinear=4 * 4 * 96,
        pooled=4 * 24,
        activations=2 * 4 * 24,
        products=4 * 24,
        sums=4 * 24,
    )


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_a_tally_hears_attention_and_transposed_convolutions(device):
    """Two heads, 5 queries and 5 keys of 4; and 3x3 kernels over stride 2, in two groups."""

    def attention(q):
        return F.scaled_dot_product_attention(q, q, q)

    def written_out(q):
        return (q @ q.transpose(-1, -2)).softmax(-1) @ q

    q = torch.zeros(3, 2, 5, 4, device=device)
    for said in (tally(attention, q), tally(written_out, q)):
        assert said.macs == said.computed == 3 * 2 * (5 * 5 * 4) * 2
        assert (said.softmaxed, said.softmaxes) == (3 * 2 * 5 * 5, 3 * 2 * 5)
        assert PROFILER.total(said) == 3 * 2 * 5 * (3 * 5 - 1)
    with torch.device(device):
        linear = nn.Linear(4, 6)
        up = nn.ConvTranspose2d(4, 6, 3, 2, 1, output_padding=1, groups=2)
    said = tally(linear, q)
    assert (said.macs, said.computed) == (3 * 2 * 5 * 4 * 6, 0)
    said = tally(up, frame(5, 7, channels=4, batch=2))
    true = 2 * 35 * 4 * 3 * 9
    assert (said.macs, said.stretched) == (true, 3 * true)
    assert PROFILER.total(said) == 2 * 6 * 140 * (4 // 2) * 9


def test_tallies_add_and_repeat():
    one = Tally(1, 2, 3, 4, 5, 6)
    assert one + one * 2 == one * 3 == Tally(3, 6, 9, 12, 15, 18)


def test_a_price_list_says_what_each_kind_adds():
    counted = Tally(macs=100, bilinear=10, sums=7)
    assert {name: prices.total(counted) for name, prices in PRICES.items()} == {
        "MACs": 100, "profiler": 210, "FLOPs": 200,
    }  # fmt: skip
    assert PROFILER.items(counted) == {"macs": 100, "bilinear": 110}
    assert (MACS.items(counted), FLOPS.items(Tally())) == ({"macs": 100}, {})
    assert Prices(sums=3).total(counted) == 21


def test_operators_that_write_into_their_input_are_heard():
    x = torch.zeros(2, 3)
    assert tally(lambda: x.add_(1).mul_(2).sigmoid_()) == Tally(activations=6, products=6, sums=6)


def test_eleven_operations_make_one_bilinear_number():
    """Each corner times its two distances, and the sum: 8 products and 3 sums."""
    corners, u, v = torch.rand(2, 2).double(), 0.25, 0.75

    def interpolate():
        left = corners[0, 0] * (1 - u) * (1 - v) + corners[0, 1] * u * (1 - v)
        return left + (corners[1, 0] * (1 - u) * v + corners[1, 1] * u * v)

    heard = tally(interpolate)
    known = F.interpolate(corners[None, None], scale_factor=2, mode="bilinear")[0, 0, 2, 1]
    assert torch.isclose(interpolate(), known)
    assert (heard.products, heard.sums) == (8, 3)
    assert PROFILER.bilinear == 8 + 3


# --- units


def test_ms_table_1_a_convolution_and_a_conv_lstm_unit():
    # ms-table-1
    b, c, h, w, k = sympy.symbols("b c h w k", positive=True)
    unit = conv_lstm(k)
    assert sympy.expand(unit.parameters(c) - 8 * c * (c * k**2 + 1)) == 0
    assert sympy.expand(unit.flops(b, c, h, w) - 16 * b * c**2 * h * w * k**2) == 0
    assert sympy.expand(unit.memory(b, c, h, w) - 16 * b * c * h * w) == 0
    for kernel, channels, batch in product((1, 3, 5), (1, 4), (1, 3)):
        x = frame(6, 5, channels, batch)
        with torch.device("meta"):
            one = nn.Conv2d(channels, channels, kernel, padding=kernel // 2)
            cell = ConvLSTM(channels, channels, kernel, biases=2)
        assert FLOPS.total(tally(one, x)) == 2 * batch * channels**2 * 30 * kernel**2
        assert parameters(cell) == conv_lstm(kernel).parameters(channels)
        counted = tally(cell, x)
        assert FLOPS.total(counted) == conv_lstm(kernel).flops(batch, channels, 6, 5)
        apart = 8 * one(x).numel() + counted.activations + counted.products
        assert apart == conv_lstm(kernel).memory(batch, channels, 6, 5)


def test_ms_table_2_an_mk_lstm_unit_has_308_and_616():
    """The paper prints 307 and 614: the 1x1 map would read one memory instead of both."""
    # ms-table-2
    b, c, h, w = sympy.symbols("b c h w", positive=True)
    assert (CONV_LSTM.weights, CONV_LSTM.flops(b, c, h, w)) == (72, 144 * b * c**2 * h * w)
    assert (MK_LSTM.weights, MK_LSTM.flops(b, c, h, w)) == (308, 616 * b * c**2 * h * w)
    assert (CONV_LSTM.maps, MK_LSTM.maps) == (16, 32)
    assert table("ms-table-2").rows["MK-LSTM"] == ("307c²", "614bc²hw", "32bchw")
    for channels, batch, kernels in product((1, 4), (1, 2), ((3, 5), (3,), (1, 3, 5))):
        unit, x = mk_lstm(kernels), frame(6, 5, channels, batch)
        with torch.device("meta"):
            cell = MKLSTM(channels, channels, kernels)
        counted = tally(cell, x)
        assert parameters(cell) == unit.parameters(channels)
        assert FLOPS.total(counted) == unit.flops(batch, channels, 6, 5)
        convolutions = (9 * len(kernels) + 1) * x.numel()
        apart = convolutions + counted.activations + counted.products
        assert apart == unit.memory(batch, channels, 6, 5)
        if kernels == (3, 5):
            assert cell.mix.weight.numel() == 2 * channels**2
            assert unit.weights - cell.mix.weight.numel() // channels**2 + 1 == 307


# --- networks


@pytest.mark.parametrize("cell", UNITS)
@pytest.mark.parametrize(("levels", "c", "side"), [(3, 4, 16), (3, 8, 180), (1, 3, 5), (2, 5, 6)])
def test_networks_cost_what_the_formulas_say(cell, levels, c, side):
    unit, h, w = UNITS[cell][0], side, 2 * side
    for network in (Stack, Pyramid):
        net = built(cell, network, c, 2 * levels)
        flat = network is Stack
        spread = 2 * levels * h * w if flat else pixels(levels, h, w)
        written = 0 if flat else interpolated(c, levels, h, w)
        counted = tally(net, frame(h, w), None)
        assert parameters(net) == network_parameters(unit, c, 2 * levels)
        assert counted.macs == network_macs(unit, c, spread, h, w)
        assert c != 3 or counted.macs == macs(net, frame(h, w), None)
        assert counted.bilinear == written
        assert counted.pooled == written / 4


def test_parameters_do_not_depend_on_the_side_and_macs_are_linear_in_it():
    c, h, w, s = sympy.symbols("c h w s", positive=True)
    for unit in (CONV_LSTM, MK_LSTM):
        assert isinstance(unit, Unit)
        assert not network_parameters(unit, c).free_symbols - {c}
        for spread in (lambda h, w: 6 * h * w, lambda h, w: pixels(3, h, w)):
            once = network_macs(unit, c, spread(h, w), h, w)
            larger = network_macs(unit, c, spread(s * h, s * w), s * h, s * w)
            assert sympy.simplify(larger - s**2 * once) == 0


def test_what_scales_divide():
    """Two layers a scale: 1 + 1/4 + 1/16 against 3, and never more than 8/3 layers."""
    h, w = sympy.symbols("h w", positive=True)
    shares = [sympy.simplify(pixels(n, h, w) / (2 * n * h * w)) for n in range(1, 7)]
    assert shares[2] == sympy.Rational(7, 16)
    for n, share in enumerate(shares, start=1):
        assert share == sympy.Rational(4**n - 1, 3 * n * 4 ** (n - 1))
        assert 2 * n * share < sympy.Rational(8, 3)


def test_odd_sides_cost_more_than_a_quarter():
    """A pool of the last odd row covers one row: 5 becomes 3."""
    net = built("conv", Pyramid, 4, 4)
    even, odd = (tally(net, frame(side, side), None).macs for side in (4, 5))
    assert even == network_macs(CONV_LSTM, 4, pixels(2, 4, 4), 4, 4)
    assert odd == CONV_LSTM.weights * 16 * 2 * (25 + 9) + 2 * 4 * 25
    assert odd > network_macs(CONV_LSTM, 4, pixels(2, 5, 5), 5, 5)


# --- memory


def steps_of(net, times):
    """A film of one frame, again and again; nothing but the network's own work."""

    def roll(x):
        state, said = None, []
        for _ in range(times):
            y, state = net(x, state)
            said.append(y)
        return said, state

    return roll


@pytest.mark.parametrize("cell", UNITS)
def test_autograd_keeps_what_the_formula_says(cell):
    unit, c, side = UNITS[cell][0], 3, 8
    for network, spread, read in (
        (Stack, 6 * side**2, 0),
        (Pyramid, pixels(3, side, side), interpolated(c, 3, side, side)),
    ):
        net = built(cell, network, c)
        first, both = (
            saved_bytes(net, steps_of(net, times), frame(side, side)) for times in (1, 2)
        )
        a_step = kept_bytes(unit, c, spread, side, side, read)
        assert both - first == a_step
        # A gate reads the new memories of MK-LSTM, which are the next step's old ones; of the first
        # step's old ones, all zero, there is one for both kernels.
        assert first - a_step == (4 * c * spread if cell == "mk" else 0)


def test_the_meta_device_keeps_what_a_processor_keeps():
    for device in ("cpu", "meta"):
        with torch.device(device):
            net = Pyramid(MKLSTM, 1, (2, 2, 2, 2))
            counted = saved_bytes(net, steps_of(net, 2), torch.zeros(1, 1, 4, 4))
        if device == "cpu":
            known = counted
    assert counted == known > 0


def test_saved_tensors_count_once_and_without_what_is_there_anyway():
    with torch.device("meta"):
        layer, x = nn.Linear(3, 3, bias=False), torch.zeros(5, 3)
    assert saved_bytes(layer, layer, x) == 0  # the input and the weight are there
    assert saved_bytes(layer, lambda y: layer(y).tanh(), x) == 5 * 3 * 4
    assert saved_bytes(layer, lambda y: (z := layer(y).tanh()) * z, x) == 5 * 3 * 4  # tanh's own
    assert saved_bytes(layer, lambda y: layer(y) * 2 + 1, x) == 0  # a sum needs nothing


def test_a_unit_keeps_half_of_the_maps_that_the_paper_counts():
    """Convolutions' outputs go into sums, and a sum needs nothing."""
    assert (CONV_LSTM.kept, CONV_LSTM.maps) == (8, 16)
    assert (MK_LSTM.kept, MK_LSTM.maps) == (14, 32)


def test_the_papers_model_of_memory():
    m, o = sympy.symbols("M_par M_out")
    assert predicted(m, o) == 4 * m + 2 * o
    weights = list(nn.Linear(7, 5).parameters())
    optimizer = torch.optim.Adam(weights)
    for weight in weights:
        weight.grad = torch.ones_like(weight)
    optimizer.step()
    states = [
        tensor
        for state in optimizer.state.values()
        for tensor in state.values()
        if tensor.ndim  # Adam's count of steps is one number
    ]
    stored = sum(each.numel() for each in (*weights, *(w.grad for w in weights), *states))
    assert stored == 4 * sum(weight.numel() for weight in weights)


def test_a_peak_is_of_a_gpu():
    with pytest.raises(ValueError, match="peaks are known of CUDA devices only"):
        peak_bytes(print, device=torch.device("cpu"))
