"""What a spatial and a temporal convolution in a row can be, and where counting it goes wrong."""

from itertools import product

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from stlib.joint_filter import (
    coefficients_matrix,
    distance,
    jacobian_rank,
    joint_filter,
    nearest_joint,
    nearest_rank_1,
    rank_1_dimension,
    rank_1_filter,
)
from tests.drawn import normal


def of_halves(mu, nu):
    """Coefficients of halves ``[between, input, m]`` and ``[output, between, n]``."""
    return torch.einsum("obn,bim->oimn", nu, mu)


def missed(filter, between):
    return distance(filter, rank_1_filter(*nearest_rank_1(filter, between)))


def outputs(clips, spatial, temporal, relu):
    y = F.conv3d(clips, spatial[:, :, None])
    return F.conv3d(y.relu() if relu else y, temporal[..., None, None])


def test_a_motion_is_no_single_product():
    """One at left before and at right now: by any one product at least half of it is missed."""
    moving = torch.eye(2).double().reshape(1, 1, 2, 1, 2)
    assert_close(missed(moving, 1), torch.tensor(0.5).double().sqrt())
    assert missed(moving, 2) < 1e-12
    grid = torch.linspace(-1.5, 1.5, 9).double()
    rest = torch.cartesian_prod(grid, grid)  # the row; the best column follows by least squares
    table = moving.reshape(2, 2)
    for row in rest[rest.norm(dim=1) > 0]:
        column = table @ row / row.square().sum()
        assert (table - torch.outer(column, row)).norm() >= 1 - 1e-12


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 4), st.integers(0, 99))
def test_a_map_between_the_halves_moves_nothing(m, n, between, seed):
    mu, nu = normal(between, 2, m, seed=seed), normal(3, between, n, seed=seed + 1)
    gauge = torch.linalg.qr(normal(between, between, seed=seed + 2)).Q + torch.eye(between)
    turned = torch.einsum("ab,bim->aim", torch.linalg.pinv(gauge), mu)
    if torch.linalg.cond(gauge) < 1e6:
        assert_close(of_halves(turned, torch.einsum("oan,ab->obn", nu, gauge)), of_halves(mu, nu))


def test_idle_directions_are_the_maps_between():
    """The kernel of the derivative, at halves of full rank, is all (nu X, -X mu)."""
    c, m, n = 2, 3, 2
    mu, nu = normal(c, c, m), normal(c, c, n, seed=1)
    jacobian = torch.cat(
        [j.reshape(c * c * m * n, -1) for j in torch.func.jacrev(of_halves, (0, 1))(mu, nu)], dim=1
    )
    kernel = torch.linalg.svd(jacobian).Vh[torch.linalg.matrix_rank(jacobian) :]
    assert len(kernel) == c * c
    mine = torch.stack([
        torch.cat([
            -torch.einsum("ab,bim->aim", x, mu).flatten(),
            torch.einsum("oan,ab->obn", nu, x).flatten(),
        ])
        for x in torch.eye(c * c).double().reshape(-1, c, c)
    ])  # fmt: skip
    assert_close(mine @ kernel.T @ kernel, mine)
    assert torch.linalg.matrix_rank(mine) == c * c


def test_the_papers_count_at_the_edges():
    """At M = N = 2 it sees no loss, and there is one; at M = 1 more, and nothing is."""
    for c, m, n in product((1, 2, 3, 8), (1, 2, 3, 6), (1, 2, 3)):
        paper, joint, here = (m + n) * c * c, m * n * c * c, rank_1_dimension(c, c, m, n)
        assert here == paper - c * c
        assert (here < joint) == (min(m, n) > 1)
        if (m, n) == (2, 2):
            assert paper == joint > here
        if min(m, n) == 1:
            assert paper > joint == here


@pytest.mark.parametrize(("m", "n"), [(1, 2), (2, 2), (3, 2), (6, 3)])
def test_a_pair_of_channels_has_a_rank_of_its_own(m, n):
    for between in (1, 2, 3, 4):
        alpha = of_halves(normal(between, 2, m), normal(2, between, n, seed=1))
        assert torch.linalg.matrix_rank(alpha[0, 0]) == min(m, n, between)
    twisted = torch.zeros(2, 2, 2, 2).double()
    for o, i in product(range(2), range(2)):
        twisted[o, i, o, i] = 1
    assert all(torch.linalg.matrix_rank(each) == 1 for each in twisted.flatten(0, 1))
    assert torch.linalg.matrix_rank(coefficients_matrix(twisted)) == 4


def test_one_atom_in_space_or_in_time_loses_nothing():
    for m, n in ((1, 3), (6, 1), (1, 1)):
        filter = joint_filter(normal(m, 3, 3), normal(n, 3, seed=1), normal(3, 3, m, n, seed=2))
        assert missed(filter, 3) < 1e-12


def test_atoms_that_depend_on_each_other_need_fewer():
    alpha = normal(2, 2, 3, 2)
    assert torch.linalg.matrix_rank(coefficients_matrix(alpha)) == 4
    atom, temporal = normal(1, 3, 3, seed=1), normal(2, 3, seed=2)
    assert missed(joint_filter(atom.repeat(3, 1, 1), temporal, alpha), 2) < 1e-12


def test_neither_the_layer_as_built_nor_the_joint_one_holds_the_other():
    pair = rank_1_filter(normal(4, 4, 3, 3), normal(4, 4, 3, seed=1))
    joint = joint_filter(normal(3, 3, 3), normal(2, 3, seed=1), normal(4, 4, 3, 2, seed=2))
    assert distance(pair, joint_filter(*nearest_joint(pair, 3, 2))) > 0.1
    assert missed(joint, 4) > 0.1
    free = jacobian_rank(rank_1_filter, (normal(2, 2, 3, 3), normal(2, 2, 3, seed=1)))
    assert free == rank_1_dimension(2, 2, 9, 3) == 11 * 2**2


@pytest.mark.parametrize(("c", "between", "m", "n"), [(1, 1, 2, 2), (2, 2, 3, 2), (2, 3, 2, 2)])
def test_with_a_relu_only_scales_are_idle(c, between, m, n):
    """Counted on what comes out: a positive scale a channel passes a ReLU, a mixture does not."""
    psi, phi, clips = normal(m, 3, 3), normal(n, 3, seed=1), normal(40, c, 3, 3, 3, seed=2)
    at = normal(between, c, m, seed=3), normal(c, between, n, seed=4)
    for relu, expected in (
        (False, rank_1_dimension(c, between, m, n)),
        (True, (m + n) * c * between - between),
    ):

        def family(mu, nu, relu=relu):
            spatial = torch.einsum("bim,mhw->bihw", mu, psi)
            return outputs(clips, spatial, torch.einsum("obn,nt->obt", nu, phi), relu)

        assert jacobian_rank(family, at) == expected


def test_a_pair_with_a_relu_is_no_filter():
    """It does not answer the turned clip with the turned answer; two channels for one repair it."""
    eye = torch.eye(2).double()
    spatial, temporal = eye.reshape(2, 1, 1, 2), eye.reshape(1, 2, 2)
    clip = eye.reshape(1, 1, 2, 1, 2)
    assert outputs(clip, spatial, temporal, True) == 2
    assert outputs(-clip, spatial, temporal, True) == 0
    both = torch.cat([spatial, -spatial]), torch.cat([temporal, -temporal], dim=1)
    for seed in range(5):
        film = normal(1, 1, 2, 1, 2, seed=seed)
        assert_close(outputs(film, *both, True), outputs(film, spatial, temporal, False))
