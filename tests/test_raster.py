"""The raster of patches: planted grids, a loop, and errors that know of no grid."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stlib.metrics import raster


def by_loop(error, patch):
    """Neighbour by neighbour."""
    groups = {True: [], False: []}
    *_, height, width = error.shape
    frames = error.reshape(-1, height, width).tolist()
    for frame in frames:
        for y in range(height):
            for x in range(width):
                if x + 1 < width:
                    step = frame[y][x + 1] - frame[y][x]
                    groups[(x + 1) // patch != x // patch].append(step**2)
                if y + 1 < height:
                    step = frame[y + 1][x] - frame[y][x]
                    groups[(y + 1) // patch != y // patch].append(step**2)
    across, inside = (sum(groups[key]) / len(groups[key]) for key in (True, False))
    return across / inside


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 3), st.integers(1, 3), st.integers(2, 3), st.integers(0, 99))
def test_a_loop_over_neighbours_finds_the_same(patch, rows, columns, seed):
    generator = torch.Generator().manual_seed(seed)
    error = torch.randn(2, 1, 2, patch * rows, patch * columns, generator=generator)
    assert raster(error, patch) == pytest.approx(by_loop(error.double(), patch), rel=1e-9)


def test_noise_has_one_and_a_planted_grid_more():
    error = torch.randn(4, 3, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    for patch in (2, 4, 8):
        assert raster(error, patch) == pytest.approx(1, abs=0.1)
    # each patch off by a number of its own: only the steps across borders notice
    shifts = torch.randn(4, 3, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    planted = error + 2 * shifts.repeat_interleave(4, -1).repeat_interleave(4, -2)
    assert raster(planted, 4) > 3
    assert raster(planted.roll((2, 2), dims=(-1, -2)), 4) < 1  # a grid elsewhere is not this one


def test_a_ramp_by_hand():
    # 0 1 2 3 in a row of two patches: every step is 1
    assert raster(torch.arange(4.0).expand(1, 1, 1, 2, 4).clone(), 2) == pytest.approx(
        (2 * 1 / 2) / ((4 * 1 + 0) / 8)
    )


@pytest.mark.parametrize(("shape", "patch"), [((8, 8), 1), ((8, 9), 2), ((4, 4), 4), ((6, 8), 4)])
def test_frames_that_hold_no_grid_are_refused(shape, patch):
    with pytest.raises(ValueError, match=f"patch={patch}: expected"):
        raster(torch.rand(1, 1, 1, *shape), patch)


def test_a_flat_error_is_refused():
    with pytest.raises(ValueError, match="no step inside"):
        raster(torch.zeros(1, 1, 1, 4, 4), 2)
