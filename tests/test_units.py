"""Scales against values written out, and back again."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stlib.data.clips import MeasuredClips
from stlib.data.units import Linear, Logarithmic

CARS, RAIN = Linear("cars", 200.0), Logarithmic("mm/h", knee=0.5, most=100.0)
SCALES = pytest.mark.parametrize("units", [CARS, RAIN], ids=["linear", "logarithmic"])


def test_a_few_values_by_hand():
    assert CARS.from_units(torch.tensor([0.0, 50, 200])).tolist() == [0, 0.25, 1]
    # knee * (201^x - 1): half of the way is the root of 201.
    told = RAIN.to_units(torch.tensor([0.0, 0.5, 1], dtype=torch.float64))
    assert told.tolist() == pytest.approx([0, 0.5 * (math.sqrt(201) - 1), 100])
    half = RAIN.from_units(torch.tensor([0.5, 2, 5], dtype=torch.float64))
    assert half.tolist() == pytest.approx([math.log(x, 201) for x in (2, 5, 11)])


@SCALES
@given(value=st.floats(0, 1))
def test_units_come_back(units, value):
    frame = torch.tensor([value], dtype=torch.float64)
    told = units.to_units(frame)
    assert 0 <= float(told) <= units.most * (1 + 1e-12)
    assert units.from_units(told).item() == pytest.approx(value, abs=1e-12)


@SCALES
def test_more_is_more_and_too_much_is_cut(units):
    values = torch.linspace(0, units.most, 50)
    assert (units.from_units(values).diff() > 0).all()
    assert units.from_units(torch.tensor([3 * units.most, math.inf])).tolist() == [1, 1]
    assert units.to_units(torch.rand(2, 3, 1, 4, 4)).shape == (2, 3, 1, 4, 4)


@SCALES
@pytest.mark.parametrize("wrong", [-0.1, math.nan, -math.inf])
def test_what_cannot_be_measured_is_named(units, wrong):
    with pytest.raises(ValueError, match=f"{wrong:g}.* {units.name}, expected numbers from 0"):
        units.from_units(torch.tensor([1.0, wrong], dtype=torch.float64))


@pytest.mark.parametrize("wrong", [0.0, -1.0, math.inf, math.nan])
def test_scales_that_cannot_be_are_named(wrong):
    for make in (
        lambda: Linear("cars", wrong),
        lambda: Logarithmic("mm/h", knee=1.0, most=wrong),
    ):
        with pytest.raises(ValueError, match=f"most={wrong}, expected more than 0"):
            make()
    with pytest.raises(ValueError, match=f"knee={wrong}, expected more than 0"):
        Logarithmic("mm/h", knee=wrong, most=1.0)


def test_a_clip_set_tells_forecasts_in_its_units():
    class Some(MeasuredClips):
        units = CARS

    frames = torch.rand(2, 3)
    np.testing.assert_array_equal(Some().to_units(frames), 200 * frames)
