"""What joint filters cost: section 2.4's formulas against instances, and against the printed."""

from functools import partial
from inspect import unwrap

import pytest
import sympy
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from benchmarks.training_memory import kth
from stlib.cost import macs, parameters
from stlib.joint_cost import (
    Layer,
    between_maps,
    flat_weights,
    joint_macs,
    joint_parameters,
    multiplying_out_macs,
    whole_weights,
)
from stlib.joint_filter import JointConv3d, Rank1Conv3d, RegularConv3d, joint_filter
from stlib.networks import ActionNet
from stlib.printed import table
from stlib.training_memory import held_bytes, saved_bytes

THIRD = sympy.Rational(1, 3)
few = st.integers(1, 4)
layers = st.builds(Layer, few, few, st.sampled_from((1, 3, 5)), st.sampled_from((1, 3, 5)))


def clip(layer, time=2, height=4, width=3, batch=1):
    return torch.zeros(batch, layer.inputs, time, height, width, device="meta")


def module(layer, m, n, way="atoms"):
    with torch.device("meta"):
        size = (layer.t, layer.k, layer.k)
        return JointConv3d(layer.inputs, layer.outputs, m, n, size, bias=False, way=way)


# --- section 2.4


@settings(max_examples=8, deadline=None)
@given(layers, few, few)
def test_parameters_and_macs_are_those_of_modules(layer, m, n):
    with torch.device("meta"):
        whole = RegularConv3d(*layer[:2], (layer.t, layer.k, layer.k), bias=False)
        flat = nn.Conv2d(*layer[:2], layer.k, bias=False)
    assert (parameters(whole), parameters(flat)) == (whole_weights(layer), flat_weights(layer))
    assert macs(whole, clip(layer)) == 24 * whole_weights(layer)
    if m > layer.k**2 or n > layer.t:
        return  # atoms that torch cannot make orthonormal
    joint = module(layer, m, n)
    assert parameters(joint) == joint_parameters(layer, m, n)
    assert macs(joint, clip(layer)) == 24 * joint_macs(layer, m, n)


@pytest.mark.parametrize(("m", "n", "size"), [(3, 2, 3), (6, 2, 3), (2, 3, 5)])
def test_macs_of_multiplying_out_come_on_top_once(m, n, size):
    layer = Layer(4, 5, 3, size)
    joint = module(layer, m, n, "filter")
    out = multiplying_out_macs(layer, m, n)
    assert macs(joint_filter, *joint.parts) == out
    assert macs(joint, clip(layer)) == 24 * whole_weights(layer) + out


def temporal_first(x, parts):
    """The three convolutions with the temporal atoms first."""
    spatial, temporal, coefficients = parts
    outputs, inputs, m, n = coefficients.shape
    t, k = temporal.shape[1], spatial.shape[1]
    y = F.conv3d(x.flatten(0, 1)[:, None], temporal[:, None, :, None, None], padding=(t // 2, 0, 0))
    z = F.conv3d(
        y.flatten(0, 1)[:, None], spatial[:, None, None], padding=(0, k // 2, k // 2)
    ).reshape(len(x), inputs, n, m, *x.shape[2:])
    mix = coefficients.reshape(outputs, inputs * m * n, 1, 1, 1)
    return F.conv3d(z.transpose(2, 3).flatten(1, 3), mix)


@pytest.mark.parametrize(("m", "n"), [(3, 2), (6, 2), (2, 3)])
def test_temporal_atoms_first_give_the_same_at_another_price(m, n):
    layer = Layer(2, 3)
    torch.manual_seed(0)
    joint = JointConv3d(2, 3, m, n, bias=False, way="atoms").double()
    x = torch.rand(2, 2, 4, 5, 3, dtype=torch.float64)
    torch.testing.assert_close(temporal_first(x, joint.parts), joint(x), rtol=0, atol=1e-12)
    counted = macs(temporal_first, x, joint.parts)
    assert counted == 2 * 60 * joint_macs(layer, m, n, "temporal")
    assert (counted > macs(joint, x)) is (m * 9 + m * n * 3 < n * 3 + m * n * 9)


def test_the_paper_writes_the_same_sum():
    """Section 2.4: 2 C_in M T W² (k² + N t + N C_out), and the 2D and 3D counts beside it."""
    c, d, m, n, t, k, frames, side = sympy.symbols("C_in C_out M N t k T W", positive=True)
    layer = Layer(c, d, t, k)
    printed = 2 * c * m * frames * side**2 * (k**2 + n * t + n * d)
    assert sympy.expand(2 * frames * side**2 * joint_macs(layer, m, n) - printed) == 0
    assert sympy.expand(joint_parameters(layer, m, n) - (n * t + m * k**2 + c * d * m * n)) == 0
    many = {name: sympy.symbols("C", positive=True) for name in (c, d)}
    for first in ("spatial", "temporal"):  # the limits of many channels
        share = (joint_macs(layer, m, n, first) / whole_weights(layer)).subs(many)
        assert sympy.limit(share, many[c], sympy.oo) == n / t * m / k**2
        share = (joint_macs(layer, m, n, first) / flat_weights(layer)).subs(many)
        assert sympy.limit(share, many[c], sympy.oo) == m * n / k**2
    share = (joint_parameters(layer, m, n) / whole_weights(layer)).subs(many)
    assert sympy.limit(share, many[c], sympy.oo) == n / t * m / k**2


@pytest.mark.parametrize(
    ("m", "n", "whole", "flat"),
    [(3, 2, 2 * THIRD**2, 2 * THIRD), (6, 2, 4 * THIRD**2, 4 * THIRD)],
)
def test_two_ninths_of_3d_is_two_thirds_of_2d_and_six_atoms_cost_twice_as_much(m, n, whole, flat):
    """M = 3, N = 2 is the paper's example, M = 6, N = 2 what its networks use."""
    c = sympy.symbols("C", positive=True)
    layer = Layer(c, c)
    for cost in (joint_macs, joint_parameters):
        for weights, limit in ((whole_weights, whole), (flat_weights, flat)):
            share = cost(layer, m, n) / weights(layer)
            assert sympy.limit(share, c, sympy.oo) == limit
            assert bool(share.subs(c, 512) > limit)  # never as little


def test_of_64_channels_the_atoms_themselves_cost_a_tenth():
    """In thousandths of 3D, then of 2D: .248 where two ninths are .222."""
    layer = Layer(64, 64)

    def shares(m, n, first):
        counted = joint_macs(layer, m, n, first)
        return tuple(round(1000 * counted / w(layer)) for w in (whole_weights, flat_weights))

    assert shares(3, 2, "spatial") == (248, 745)
    assert shares(3, 2, "temporal") == (257, 771)
    assert shares(6, 2, "spatial") == (497, 1490)
    assert shares(6, 2, "temporal") == (510, 1531)
    stored = joint_parameters(layer, 3, 2) / whole_weights(layer)
    assert f"{stored:.4f}" == "0.2225"


def test_a_word_that_is_no_kind_of_atom_is_refused():
    with pytest.raises(ValueError, match="first='space', expected 'spatial' or 'temporal'"):
        unwrap(joint_macs)(Layer(1, 1), 1, 1, "space")


# --- what training keeps


@pytest.mark.parametrize(("m", "n"), [(3, 2), (6, 2)])
@pytest.mark.parametrize("batch", [1, 3])
def test_the_atoms_keep_their_maps_and_the_filter_keeps_none(m, n, batch):
    layer = Layer(4, 5)
    x = clip(layer, batch=batch)
    by_atoms, by_filter = (module(layer, m, n, way) for way in ("atoms", "filter"))
    maps = 4 * batch * 24 * between_maps(layer, m, n)
    assert saved_bytes(by_atoms, by_atoms, x) == maps
    # The filter and its two factors on the way, however large the clip is.
    small, large = (saved_bytes(by_filter, by_filter, clip(layer, time)) for time in (2, 20))
    assert small == large < 4 * 4 * 5 * (m * 3 + 27) + 4 * 5 * 4 * m * n + 200
    assert between_maps(layer, m, n, "temporal") == 4 * (n + m * n)


def test_held_bytes_weigh_what_is_alive_at_once():
    def call(x):
        a = x + 1  # two held with the input
        b = a * 2  # three
        del a
        c = b.view(10, 10).t()  # no storage of its own
        c += 1
        return b + 1  # three again

    x = torch.zeros(100)
    assert held_bytes(nn.Identity(), call, x) == 3 * 400
    assert held_bytes(nn.Linear(100, 1), call, x) == 3 * 400 + 404
    assert held_bytes(nn.Identity(), call, torch.zeros(100, device="meta")) == 3 * 400


def test_held_bytes_of_a_step_are_at_least_what_is_saved_and_shapes_are_enough():
    counts = []
    for device in ("cpu", "meta"):
        with torch.device(device):
            network = ActionNet(RegularConv3d, hidden=(2, 3, 4))
            x = torch.zeros(2, 4, 1, 8, 8)
        saved = saved_bytes(network, network, x)
        held = held_bytes(network, lambda x, net=network: net(x).sum().backward(), x)
        assert held > saved + 4 * (parameters(network) + x.numel())
        counts.append((saved, held))
    assert counts[0] == counts[1]


def test_stdcf_table_2_memory_of_the_joint_layer_is_that_of_the_filter_multiplied_out():
    """Printed: 459.7M, 582.5M, 459.4M at full size, and a little more than half less in stage s."""
    # stdcf-table-2
    cpu = torch.device("cpu")
    held = {
        step.network: {stage: step.told(stage, cpu)["held_bytes"] for stage in ("full", "s")}
        for step in kth()
    }
    printed = {row: float(table("stdcf-table-2").number(row, "Memory").value) / 1e6
               for row in ("Reg. 3D", "Rank-1 3D", "STDCF")}  # fmt: skip
    full = {name: rows["full"] / 1e6 for name, rows in held.items()}
    assert f"{printed['STDCF'] - printed['Reg. 3D']:.1f}" == "-0.3"
    assert f"{full['joint, filter'] - full['regular']:.1f}" == "-0.7"
    assert f"{full['joint, atoms'] - full['regular']:.1f}" == "240.0"
    assert f"{printed['Rank-1 3D'] - printed['Reg. 3D']:.1f}" == "122.8"
    assert f"{full['rank-1'] - full['regular']:.1f}" == "117.5"
    for rows in held.values():
        assert 0.5 <= rows["s"] / rows["full"] < 0.502


def test_layers_of_the_three_kinds_keep_the_difference_in_any_network():
    """Whatever widths Table B has: the atoms keep more than the whole filter, layer by layer."""
    for inputs, outputs in ((1, 16), (16, 32), (32, 64)):
        layer, kept = Layer(inputs, outputs), {}
        with torch.device("meta"):
            kinds = {
                "regular": RegularConv3d(inputs, outputs, bias=False),
                "rank-1": Rank1Conv3d(inputs, outputs, bias=False),
            }
        kinds |= {way: module(layer, 3, 2, way) for way in ("atoms", "filter")}
        x = clip(layer, 16, 60, 80)
        for name, made in kinds.items():
            kept[name] = saved_bytes(made, made, x)
        pixels = 4 * 16 * 60 * 80
        assert kept["regular"] == 0  # but for the clip itself, which all of them keep
        assert kept["rank-1"] == pixels * outputs
        assert kept["atoms"] == pixels * 9 * inputs
        assert kept["filter"] < pixels


@pytest.mark.parametrize("way", ["atoms", "filter"])
def test_what_is_saved_is_a_line_in_pixels(way):
    """So that what does not fit into a test can be told from what does."""
    with torch.device("meta"):
        network = ActionNet(partial(JointConv3d, way=way), hidden=(2, 3, 4))
    sizes = [(2, 4), (4, 4), (8, 4), (4, 8)]
    saved = [
        saved_bytes(network, network, torch.zeros(1, t, 1, h, 8, device="meta")) for t, h in sizes
    ]
    assert saved[1] - saved[0] == (saved[2] - saved[1]) / 2
    assert saved[3] == saved[2]
