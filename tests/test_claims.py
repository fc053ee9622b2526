"""Claims of a paper against seeds: the verdicts, by hand."""

import pytest

from stlib.claims import Claim, judged
from stlib.paired import paired

ROW = Claim("Table 1", "a below b", "a", "b", printed=(9.0, 10.0))
B = {"0": 13.0, "1": 14.0, "2": 12.0, "3": 15.0, "4": 16.0}
BELOW = {"0": 11.0, "1": 13.0, "2": 10.0, "3": 14.0, "4": 12.0}
ABOVE = {seed: 2 * B[seed] - BELOW[seed] for seed in B}
MIXED = {"0": 12.0, "1": 15.0, "2": 11.0, "3": 16.0, "4": 16.0}


@pytest.mark.parametrize(
    ("first", "same", "word"),
    [
        (BELOW, False, "supported"),
        (ABOVE, False, "contradicted"),
        (MIXED, False, "not resolved"),
        (BELOW, True, "contradicted"),
        (ABOVE, True, "contradicted"),
        (MIXED, True, "not resolved"),
    ],
)
def test_a_verdict_is_what_the_interval_says_of_the_claim(first, same, word):
    found = judged(ROW._replace(same=same), first, B)
    assert found["verdict"] == word
    assert found["seeds"] == [0, 1, 2, 3, 4]
    assert found["differences"] == [first[seed] - B[seed] for seed in B]
    expected = list(paired(list(first.values()), list(B.values())))
    assert found["interval"] == pytest.approx(expected, rel=1e-5)
    assert found["percent"] == pytest.approx([100 * x / 14 for x in found["interval"]], rel=1e-5)
    assert (found["place"], found["first"], found["printed"]) == ("Table 1", "a", [9.0, 10.0])


@pytest.mark.parametrize(
    ("first", "word"),
    [(BELOW, "contradicted"), (ABOVE, "supported"), (MIXED, "not resolved")],
)
def test_a_score_is_said_to_be_above(first, word):
    assert judged(ROW._replace(higher=True), first, B)["verdict"] == word


def test_only_seeds_that_both_have_count_and_one_is_none():
    fewer = {seed: BELOW[seed] for seed in ("4", "0", "2")}
    assert judged(ROW, fewer, B)["seeds"] == [4, 0, 2]
    alone = judged(ROW._replace(printed=None), {"3": 14.0}, B)
    assert (alone["verdict"], alone["seeds"], alone["printed"]) == ("not run", [3], None)
    assert "interval" not in alone


def test_a_number_that_is_none_is_refused():
    with pytest.raises(ValueError, match="is nan"):
        judged(ROW, {**BELOW, "0": float("nan")}, B)
