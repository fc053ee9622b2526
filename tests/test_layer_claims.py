"""How the benchmark of chapter 17 judges a sentence, and what it calls the same digit."""

import pytest
import torch

from benchmarks.layer_outputs import (
    SENTENCES,
    Sentence,
    compared,
    named_by_neighbour,
    shape_of,
)

HIGHER = Sentence("a above b", "area", ("A", "2"), ("B", "2"))


def found(first, second):
    """Two networks with an area for each seed."""

    def seeds(areas):
        return {
            str(seed): {"trained": {"first": {"2": {"area": area}}}}
            for seed, area in enumerate(areas)
        }

    return {"A": seeds(first), "B": seeds(second)}


@pytest.mark.parametrize(
    ("first", "second", "asserted", "denied"),
    [
        ([3, 3.1, 2.9], [1, 1, 1], "supported", "contradicted"),
        ([1, 1, 1], [3, 3.1, 2.9], "contradicted", "supported"),
        ([1, 5, 3], [3, 1, 5], "not resolved", "not resolved"),
        ([1], [3], "not run", "not run"),
        ([], [3, 1], "not run", "not run"),
    ],
)
def test_a_sentence_holds_where_the_interval_is_on_its_side(first, second, asserted, denied):
    table = found(first, second)
    assert compared(table, HIGHER, "trained", "first")["verdict"] == asserted
    opposite = HIGHER._replace(denied=True)
    assert compared(table, opposite, "trained", "first")["verdict"] == denied


def test_differences_are_percents_of_the_second_and_seeds_are_shared():
    row = compared(found([3, 5, 9], [2, 2]), HIGHER, "trained", "first")
    assert row["seeds"] == [0, 1]
    assert row["differences"] == [1, 3]
    assert row["percent"][0] == 100
    assert (row["place"], row["first"], row["measured"]) == ("5.2.1", "A 2", "area")
    assert len({sentence.says for sentence in SENTENCES}) == len(SENTENCES)


def test_a_shift_changes_nothing_and_twins_are_no_neighbours():
    draw = torch.Generator().manual_seed(0)
    zero, one = torch.rand(2, 8, 8, generator=draw, dtype=torch.float64)
    pictures = torch.stack([zero, zero.roll(3, 0), zero + 0.1 * one, one, one + 0.1 * zero])
    apart = torch.cdist(shape_of(pictures), shape_of(pictures))
    assert apart[0, 1] < 1e-7
    twins = apart < 1e-6
    labels = torch.tensor([0, 0, 0, 1, 1])
    assert named_by_neighbour(pictures, labels, twins) == 1
    assert named_by_neighbour(pictures, torch.tensor([0, 1, 2, 3, 4]), twins) == 0
