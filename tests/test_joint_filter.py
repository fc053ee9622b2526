"""Joint filters against loops, against one 3D convolution, and against what theory allows."""

from inspect import unwrap
from itertools import product

import numpy as np
import pytest
import tensorly
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorly.decomposition import partial_tucker
from torch import nn
from torch.testing import assert_close

from stlib.joint_filter import (
    PLAIN,
    Conv3d,
    Geometry,
    JointConv2d,
    JointConv3d,
    JointFilter,
    Rank1Conv3d,
    Rank1Filter,
    RegularConv3d,
    cheaper_way,
    coefficients_for,
    coefficients_matrix,
    distance,
    jacobian_rank,
    joint_convolution,
    joint_dimension,
    joint_filter,
    nearest_joint,
    nearest_rank_1,
    rank_1_dimension,
    rank_1_filter,
)
from tests.drawn import normal

KINDS = {
    "regular": lambda *a, **o: RegularConv3d(*a, **o),
    "rank-1": lambda *a, **o: Rank1Conv3d(*a, between=6, **o),
    "joint": lambda *a, **o: JointConv3d(*a, **o),
}
every_kind = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)


def parts_of(outputs=3, inputs=2, m=3, n=2, size=(3, 3, 3), seed=0):
    time, height, width = size
    return JointFilter(
        normal(m, height, width, seed=seed),
        normal(n, time, seed=seed + 1),
        normal(outputs, inputs, m, n, seed=seed + 2),
    )


def test_stdcf_eq_2_by_loops():
    """stdcf-eq-2, place by place and pair by pair."""
    parts = parts_of(size=(2, 3, 4))
    spatial, temporal, coefficients = (part.numpy() for part in parts)
    expected = np.zeros((3, 2, 2, 3, 4))
    for o, i, t, h, w in np.ndindex(*expected.shape):
        for m, n in product(range(3), range(2)):
            pair = spatial[m, h, w] * temporal[n, t]
            expected[o, i, t, h, w] += coefficients[o, i, m, n] * pair
    assert_close(joint_filter(*parts), torch.from_numpy(expected))


def test_stdcf_eq_1_by_loops():
    """stdcf-eq-1: Z, Y and J as printed, with the arguments that the print leaves out."""
    parts, clip = parts_of(), normal(1, 2, 4, 4, 4, seed=9)
    padded = F.pad(clip, (1,) * 6)[0]
    z = torch.zeros(2, 3, 6, 4, 4).double()
    for c, i, t, r, s in np.ndindex(*z.shape):
        z[c, i, t, r, s] = (padded[c, t, r : r + 3, s : s + 3] * parts.spatial[i]).sum()
    y = torch.zeros(2, 3, 2, 4, 4, 4).double()
    for c, i, j, t in np.ndindex(*y.shape[:4]):
        y[c, i, j, t] = (z[c, i, t : t + 3] * parts.temporal[j][:, None, None]).sum(0)
    expected = torch.einsum("ocij,cijtrs->otrs", parts.coefficients, y)
    for way in ("atoms", "filter", "cheaper"):
        assert_close(joint_convolution(clip, parts, PLAIN, way)[0], expected)


def test_stdcf_eq_1_with_the_subscripts_as_printed_is_another_filter():
    """stdcf-eq-1 has alpha_(lambda', lambda), stdcf-eq-2 alpha_(lambda, lambda')."""
    parts, clip = parts_of(outputs=3, inputs=3), normal(1, 3, 4, 4, 4, seed=9)
    printed = parts._replace(coefficients=parts.coefficients.transpose(0, 1))
    right, other = (joint_convolution(clip, each) for each in (parts, printed))
    assert distance(right, other) > 0.5
    assert_close(other, F.conv3d(clip, joint_filter(*parts).transpose(0, 1), padding=1))
    parts = parts_of(outputs=3, inputs=2)
    with pytest.raises(ValueError, match="2 channels, the filter reads 3"):
        joint_convolution(
            normal(1, 2, 4, 4, 4),
            parts._replace(coefficients=parts.coefficients.transpose(0, 1)),
        )


triples = st.tuples(*[st.integers(1, 3)] * 3)


@settings(max_examples=30, deadline=None)
@given(
    triples, triples, st.one_of(st.none(), st.tuples(*[st.integers(0, 3)] * 3)), triples,
    st.sampled_from([1, 2]), st.integers(1, 4), st.integers(1, 3), st.integers(0, 99),
)  # fmt: skip
def test_two_ways_agree_forward_and_backward(stride, dilation, padding, size, groups, m, n, seed):
    """Against one 3D convolution of torch with the filter multiplied out by hand."""
    geometry = Geometry(stride, dilation, padding, groups)
    parts = parts_of(2 * groups, 1, m, n, size, seed)
    clip = normal(1, groups, *(d * (k - 1) + 2 for d, k in zip(dilation, size, strict=True)))
    pads = padding or tuple(d * (k // 2) for d, k in zip(dilation, size, strict=True))
    whole = sum(
        parts.coefficients[:, :, i, j, None, None, None]
        * parts.temporal[j][:, None, None]
        * parts.spatial[i]
        for i, j in np.ndindex(m, n)
    )
    expected = F.conv3d(clip, whole, None, stride, pads, dilation, groups)
    leaves = [clip, *parts]
    results = []
    for way in ("atoms", "filter"):
        inputs = [leaf.clone().requires_grad_() for leaf in leaves]
        y = joint_convolution(inputs[0], JointFilter(*inputs[1:]), geometry, way)
        assert_close(y, expected, rtol=0, atol=1e-10)
        results.append(torch.autograd.grad((y * normal(*y.shape, seed=5)).sum(), inputs))
    for one, other in zip(*results, strict=True):
        assert_close(one, other, rtol=1e-10, atol=1e-10)


def test_the_cheaper_way_is_the_atoms_where_they_multiply_a_third():
    assert cheaper_way(parts_of(64, 64, 3, 2)) == "atoms"  # 27,456 against 110,592
    assert cheaper_way(parts_of(64, 64, 4, 2)) == "atoms"  # 36,608, a third is 36,864
    assert cheaper_way(parts_of(64, 64, 6, 2)) == "filter"  # 54,912: half, and not faster for it
    assert cheaper_way(parts_of(64, 64, 9, 3)) == "filter"
    assert cheaper_way(parts_of(64, 1, 6, 2), groups=64) == "filter"  # 6,528 against 1,728
    assert cheaper_way(parts_of(1, 1, 3, 2)) == "filter"  # 51 for the atoms, 27 for the filter


@every_kind
@pytest.mark.parametrize("groups", [1, 2])
def test_a_layer_is_its_filter(make, groups):
    torch.manual_seed(0)
    geometry = Geometry((1, 2, 1), (2, 1, 1), None, groups)
    layer = make(4, 6, size=(3, 3, 5), geometry=geometry).double()
    clip = normal(2, 4, 6, 7, 8)
    expected = F.conv3d(clip, layer.filter(), layer.bias, (1, 2, 1), (2, 1, 2), (2, 1, 1), groups)
    assert_close(layer(clip), expected)
    assert isinstance(layer, Conv3d)
    assert layer.size == (3, 3, 5)


@every_kind
def test_every_parameter_learns_and_gradcheck(make):
    torch.manual_seed(0)
    layer = make(2, 4, geometry=PLAIN).double()
    clip = normal(1, 2, 3, 3, 3).requires_grad_()
    layer(clip).square().sum().backward()
    for name, weight in layer.named_parameters():
        assert bool((weight.grad != 0).all()), name
    assert torch.autograd.gradcheck(layer, (clip,), fast_mode=True)


@every_kind
def test_first_weights_have_torchs_variance(make):
    """One in three times the fan, as a torch layer has, within a tenth."""
    torch.manual_seed(0)
    variances = [make(16, 32, bias=False).filter().var().item() for _ in range(10)]
    assert np.mean(variances) == pytest.approx(1 / (3 * 16 * 27), rel=0.1)


@every_kind
def test_meta_and_bfloat16(make):
    layer = make(2, 4)
    assert (
        layer.bfloat16()(torch.zeros(1, 2, 3, 4, 4, dtype=torch.bfloat16)).dtype == torch.bfloat16
    )
    y = make(2, 4).to("meta")(torch.zeros(1, 2, 3, 4, 4, device="meta"))
    assert (y.shape, y.device.type) == ((1, 4, 3, 4, 4), "meta")


def test_parameters_of_the_three_kinds():
    """Coefficients C² M N, atoms M k² + N t beside them; a rank-1 layer of C'' = C has 12 C²."""
    count = {
        name: sum(w.numel() for w in layer.parameters())
        for name, layer in {
            "regular": RegularConv3d(64, 64, bias=False),
            "rank-1": Rank1Conv3d(64, 64, bias=False),
            "3, 2": JointConv3d(64, 64, 3, 2, bias=False),
            "6, 2": JointConv3d(64, 64, 6, 2, bias=False),
        }.items()
    }
    square = 64**2
    assert count == {
        "regular": 27 * square,
        "rank-1": (9 + 3) * square,
        "3, 2": 6 * square + 3 * 9 + 2 * 3,
        "6, 2": 12 * square + 6 * 9 + 2 * 3,
    }


def test_in_two_dimensions():
    torch.manual_seed(0)
    layer = JointConv2d(3, 4, m=2).double()
    frame = normal(2, 3, 5, 6)
    assert_close(layer(frame), F.conv2d(frame, layer.filter(), layer.layer.bias, padding=1))
    learning = [name for name, w in layer.named_parameters() if w.requires_grad]
    assert learning == ["layer.bias", "layer.spatial", "layer.coefficients"]
    with pytest.raises(ValueError, match="kernel=2: must be odd"):
        JointConv2d(3, 4, kernel=2)


# --- there and back


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 4), st.integers(1, 3), st.integers(0, 99))
def test_a_joint_filter_is_found_again(m, n, seed):
    parts = parts_of(4, 3, m, n, seed=seed)
    filter = joint_filter(*parts)
    assert_close(coefficients_for(filter, parts.spatial, parts.temporal), parts.coefficients)
    found = nearest_joint(filter, m, n)
    assert distance(filter, joint_filter(*found)) < 1e-12
    for atoms in (found.spatial.flatten(1), found.temporal):
        assert_close(atoms @ atoms.T, torch.eye(len(atoms)).double())


def test_nearest_joint_is_as_near_as_tensorlys():
    """Higher-order orthogonal iteration of another library ends at the same distance."""
    tensorly.set_backend("numpy")
    for seed in range(3):
        filter = normal(4, 3, 3, 3, 3, seed=seed)
        flat = filter.flatten(3).flatten(0, 1).numpy()
        (core, factors), _ = partial_tucker(flat, (2, 4), modes=[1, 2], n_iter_max=300, tol=1e-12)
        theirs = np.linalg.norm(
            flat - tensorly.tenalg.multi_mode_dot(core, factors, modes=[1, 2])
        ) / np.linalg.norm(flat)
        assert distance(filter, joint_filter(*nearest_joint(filter, 4, 2))) == pytest.approx(
            theirs, abs=1e-5
        )


def test_all_atoms_lose_nothing_and_more_lose_less():
    filter = normal(4, 3, 3, 3, 3)
    lost = [distance(filter, joint_filter(*nearest_joint(filter, m, 2))) for m in range(1, 10)]
    assert lost == sorted(lost, reverse=True)
    assert distance(filter, joint_filter(*nearest_joint(filter, 9, 3))) < 1e-12


def test_least_squares_beats_its_neighbours():
    filter, parts = normal(2, 2, 3, 3, 3), parts_of(2, 2)
    best = coefficients_for(filter, parts.spatial, parts.temporal)
    found = distance(filter, joint_filter(parts.spatial, parts.temporal, best))
    for seed in range(20):
        near = best + 1e-3 * normal(*best.shape, seed=seed)
        assert distance(filter, joint_filter(parts.spatial, parts.temporal, near)) > found


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(1, 8), st.integers(0, 9)
)
def test_rank_1_is_exact_if_and_only_if_it_has_the_rank_of_a(c, m, n, between, seed):
    parts = parts_of(c, c, m, n, seed=seed)
    filter = joint_filter(*parts)
    a = coefficients_matrix(parts.coefficients)
    assert a.shape == (n * c, m * c)
    rank = int(torch.linalg.matrix_rank(a))
    lost = distance(filter, rank_1_filter(*nearest_rank_1(filter, between)))
    assert (lost < 1e-12) == (between >= rank)
    tail = torch.linalg.svdvals(filter.transpose(1, 2).reshape(c * 3, -1))[between:].norm()
    assert_close(lost, tail / filter.norm(), rtol=1e-9, atol=1e-12)


def test_coefficients_that_are_products_have_the_rank_of_the_channels_between():
    """alpha = nu mu, atoms or not: the matrix A is a product through C'' channels."""
    mu, nu = normal(2, 4, 3), normal(5, 2, 2, seed=1)  # [between, input, m], [output, between, n]
    a = coefficients_matrix(torch.einsum("obn,bim->oimn", nu, mu))
    assert torch.linalg.matrix_rank(a) == 2
    # Yet a pair of channels has a matrix M x N of rank 2: 'rank-1' is not the rank of a pair.
    assert torch.linalg.matrix_rank(torch.einsum("obn,bim->oimn", nu, mu)[0, 0]) == 2


def test_layers_take_over_what_was_found():
    torch.manual_seed(0)
    regular = RegularConv3d(2, 3).double()
    joint, rank_1 = JointConv3d(2, 3, 9, 3).double(), Rank1Conv3d(2, 3, 9).double()
    joint.load(nearest_joint(regular.weight.detach(), 9, 3))
    rank_1.load(nearest_rank_1(regular.weight.detach(), 9))
    clip = normal(1, 2, 4, 5, 5)
    for layer in (joint, rank_1):
        with torch.no_grad():
            layer.bias.copy_(regular.bias)
        assert_close(layer(clip), regular(clip))
    with pytest.raises(ValueError, match=r"spatial is \(4, 3, 3\), the layer's is \(9, 3, 3\)"):
        joint.load(nearest_joint(regular.weight.detach(), 4, 3))
    with pytest.raises(ValueError, match=r"temporal is \(3, 2, 3\)"):
        rank_1.load(Rank1Filter(rank_1.spatial.detach(), normal(3, 2, 3)))


# --- dimensions


@pytest.mark.parametrize(
    ("c", "m", "n"), [(1, 1, 1), (2, 1, 2), (2, 2, 2), (2, 3, 2), (2, 4, 3), (3, 2, 2), (3, 3, 1)]
)
def test_dimension_of_joint_filters(c, m, n):
    found = jacobian_rank(joint_filter, parts_of(c, c, m, n))
    assert found == joint_dimension(c, m, n, 9, 3)


@pytest.mark.parametrize("c", [1, 2, 3])
@pytest.mark.parametrize(("m", "n"), [(1, 1), (1, 2), (2, 2), (3, 2)])
def test_dimension_of_rank_1_filters(c, m, n):
    for between in {1, c, c + 1, m * c}:
        spatial, temporal = normal(m, 3, 3), normal(n, 3, seed=1)

        def family(mu, nu, spatial=spatial, temporal=temporal):
            return rank_1_filter(
                torch.einsum("bim,mhw->bihw", mu, spatial),
                torch.einsum("obn,nt->obt", nu, temporal),
            )

        at = normal(between, c, m, seed=2), normal(c, between, n, seed=3)
        assert jacobian_rank(family, at) == rank_1_dimension(c, between, m, n)


def test_the_papers_count_takes_the_gauge_twice():
    """(M + N - 1) C² at C'' = C: at M = N = 2 three against four, where the paper sees no loss."""
    for m, n, c in product((1, 2, 3, 6), (1, 2), (2, 5)):
        assert rank_1_dimension(c, c, m, n) == (m + n - 1) * c**2


# --- bad input


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: joint_convolution(normal(1, 3, 2, 2, 2), parts_of()), "3 channels.* reads 2 in"),
        (
            lambda: unwrap(joint_convolution)(normal(1, 2, 2, 2, 2), parts_of(), PLAIN, "fast"),
            "way='fast', expected one of atoms",
        ),
        (lambda: nearest_joint(normal(1, 1, 3, 3, 3), 10, 1), "m=10, n=1: expected 1 to 9"),
        (lambda: nearest_rank_1(normal(1, 1, 3, 3, 3), 0), "between=0"),
        (lambda: distance(torch.zeros(2), torch.ones(2)), "the filter is zero"),
        (lambda: joint_dimension(1, 4, 1, 9, 3), "too many atoms"),
        (lambda: rank_1_dimension(1, 0, 1, 1), "between=0"),
        (lambda: jacobian_rank(lambda a: a, [torch.ones(2)]), "expected float64"),
        (lambda: RegularConv3d(0, 2), "inputs=0"),
        (lambda: RegularConv3d(3, 4, geometry=Geometry(groups=2)), "groups must"),
        (lambda: JointConv3d(1, 1, m=0), "m=0, n=2"),
        (lambda: Rank1Conv3d(2, 2, 3, geometry=Geometry(groups=2)), "between=3"),
        (lambda: RegularConv3d(1, 1, geometry=Geometry(stride=(0, 1, 1))), "strides"),
        (lambda: RegularConv3d(1, 1, geometry=Geometry(padding=(0, -1, 1))), "padding from 0"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_named(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_torchs_own_layers_are_none_of_ours():
    assert not isinstance(nn.Conv3d(1, 1, 3), Conv3d)
