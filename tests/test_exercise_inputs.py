"""What the checks of the exercises try: every input fits the exercise, and is small and exact."""

import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stlib.exercises.draw import among, digits, layers, trains
from stlib.exercises.exercise import call
from stlib.exercises.search import strategies
from stlib.tensor_train import compose, direct, recursive

quickly = settings(max_examples=30, deadline=None)


@quickly
@given(st.data())
def test_layers_fit_each_other_and_hold_whole_numbers(data):
    outer, inner = data.draw(layers(channels=2))
    assert max(outer.shape[:2] + inner.shape[:2]) <= 2
    built = compose(outer, inner)
    assert torch.equal(built, built.round())


@quickly
@given(st.data(), st.booleans())
def test_trains_have_the_order_asked_for_and_room_where_it_is_wanted(data, roomy):
    cores, states = data.draw(trains((2, 3), channels=2, roomy=roomy))
    assert len(cores) == len(states)
    assert len(cores) in (2, 3)
    assert torch.equal(direct(cores, states, "circular"), recursive(cores, states, "circular"))
    if roomy:
        assert all(a >= b for a, b in zip(states[0].shape[2:], cores[0].shape[2:], strict=True))


@quickly
@given(st.data())
def test_digits_are_a_short_list(data):
    drawn = data.draw(digits(4))
    assert 1 <= len(drawn) <= 4
    assert all(-3 <= digit <= 3 for digit in drawn)


@quickly
@given(st.data())
def test_among_draws_the_cases_and_nothing_else(data):
    assert data.draw(among((1,), (2,))) in [(1,), (2,)]


def test_call_hands_the_inputs_on():
    assert call(lambda a, b: a - b, 5, 2) == 3


def test_missing_hypothesis_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "hypothesis.strategies", None)
    with pytest.raises(ImportError, match=r"pip install 'stlib\[book\]'"):
        strategies()
