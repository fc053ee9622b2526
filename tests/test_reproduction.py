"""The reproduction table: every printed number has its line, and no verdict is typed."""

import ast
import re
from collections import Counter
from fractions import Fraction
from functools import cache
from inspect import unwrap
from pathlib import Path
from typing import get_args

import pytest

from book.extension import reproduction as shown
from stlib.artifacts import load_result, results
from stlib.cells import MKLSTM, ConvLSTM
from stlib.exercises.chapter_25 import SEVERITIES, unfair
from stlib.printed import Printed, basic_parameters, papers, table
from stlib.printed.chance import by_chance, fitting
from stlib.printed.entries import Entry, Kind, entries
from stlib.recipes import experiments
from stlib.reproduction import Found, Line, Spoken, Verdict, counted, lines, spoken
from stlib.reproduction import lines as module_of_lines
from stlib.reproduction.counted import FORMULA
from stlib.reproduction.lines import POINTWISE, VIDEOS
from stlib.reproduction.spoken import EARLY, _printed_for

ROOT = Path(__file__).parents[1]
EVERY = {(each.entry.table, each.entry.row, each.entry.column): each for each in lines()}


def verdict(*place):
    return EVERY[place].found.verdict


# --- every figure


def test_every_number_of_the_files_has_one_line():
    """Found in another way: all cells that hold a digit or a formula, less those of set-ups."""
    cells = Counter()
    for names in papers().values():
        for name in names:
            held = table(name)
            for row, printed in held.rows.items():
                for column, text in zip(held.columns, printed, strict=True):
                    if text[0].isdigit() or FORMULA.fullmatch(text):
                        cells[name, row, column] += 1
    for name, columns in (("table-8", ["Layers"]), ("stdcf-table-4", ["Frames"])):
        for row in table(name).rows:
            for column in columns:
                del cells[name, row, column]
    assert Counter(list(EVERY)) == cells
    assert len(lines()) == len(entries()) == sum(cells.values()) == 600
    assert all(isinstance(each, Line) and isinstance(each.found, Found) for each in lines())
    assert module_of_lines() == tuple(EVERY.values())


def test_an_entry_says_where_it_stands_and_what_it_is():
    kinds = {each.kind for each in entries()}
    assert kinds == set(get_args(Kind))
    one = Entry("su2020", "table-4-kth", "Conv-TT-LSTM (ours)", "Minutes")
    assert (one.text, one.kind) == ("27.3", "machine")
    assert one.place == "Table 4, KTH: Conv-TT-LSTM (ours): Minutes"
    with pytest.raises(ValueError, match="Minutes is a machine: expected a formula, count or"):
        unwrap(counted)(one)


# --- verdicts


def test_every_verdict_occurs_and_only_results_and_machines_have_no_number():
    verdicts = Counter(each.found.verdict for each in lines())
    assert set(verdicts) == set(get_args(Verdict))
    for each in lines():
        nothing = ("not measured at this scale", "machine-dependent", "not built")
        assert (each.found.ours == "") == (each.found.verdict in nothing)
        assert (each.found.verdict == "machine-dependent") == (each.entry.kind == "machine")


def test_a_number_that_is_reproduced_rounds_to_the_printed():
    """Read back from the page's own words, with the rounding of `Decimal` and not of `Printed`."""
    checked = 0
    for each in lines():
        if each.found.verdict != "reproduced" or each.entry.kind != "count":
            continue
        said = Printed(each.entry.text)
        ours = each.found.ours.replace(",", "")
        value = Fraction(ours.rstrip("G")) * (10**9 if ours.endswith("G") else 1)
        if said.text[-1] not in "MG":  # a column of GFLOPs
            value /= 10**9
        assert abs(value - said.value) <= said.step / 2 + (said.step / 10 if "G" in ours else 0)
        checked += 1
    assert checked > 30


def test_verdicts_that_the_errata_tell_of():
    ours, mnist = "Conv-TT-LSTM (ours)", "table-4-moving-mnist"
    assert verdict(mnist, "ConvLSTM (baseline)", "Params") == "reproduced"
    assert verdict(mnist, ours, "Params") == "another configuration"
    assert verdict(mnist, ours, "FLOPs") == "disagrees"
    assert verdict("table-4-kth", "ConvLSTM (classic TTD)", "Params") == "disagrees"
    assert verdict("rebuttal", "ConvLSTM (classic TTD)", "Params") == "another configuration"
    assert verdict("ms-table-2", "MK-LSTM", "Params") == "disagrees"
    assert EVERY["ms-table-2", "MK-LSTM", "Params"].found.ours == "308c²"
    assert EVERY["ms-table-2", "MK-LSTM", "FLOPs"].found.ours == "616bc²hw"
    assert EVERY["ms-table-2", "MK-LSTM", "Memory"].found.ours == "32bchw"
    germany = EVERY["ms-table-10", "MS-LSTM", "FLOPs"].found
    assert (germany.verdict, germany.ours) == ("another configuration", "260.62G")
    assert germany.why == "frames of 212 × 212; of the text's clip it is 187.88G"
    batch = EVERY["ms-table-6", "SimVP [38]", "FLOPs"].found
    assert (batch.verdict, batch.ours) == ("another configuration", "68.53G")
    assert batch.why == "a batch of 4 clips; of the text's clip it is 17.13G"
    assert verdict("ms-table-6", "Earthformer [57]", "FLOPs") == "disagrees"
    held = EVERY["ms-table-4", "MIM [19]", "Params"].found
    assert (held.verdict, held.why) == ("reproduced", "249,696 of them are never used")
    assert verdict("table-4-kth", "E3D-LSTM [7]", "Params") == "disagrees"
    assert verdict("ms-table-11", "MIM [19]", "CSI-2") == "not measured at this scale"
    for row in ("STDCF-R50", "STDCF-R50-s-3"):
        assert verdict("stdcf-table-3", row, "Params") == "disagrees"
    deep = EVERY["stdcf-table-3", "R(2+1)D [26]", "Params"].found
    assert (deep.verdict, deep.ours) == ("another configuration", "63,681,104")
    assert verdict("stdcf-table-2", "Reg. 3D", "less") == "follows from its row"
    assert verdict("table-4-kth", "MCNET [25]", "PSNR (20)") == "not built"
    assert verdict("table-4-kth", ours, "PSNR (20)") == "not measured at this scale"


def test_a_formula_is_compared_by_what_modules_hold():
    """ms_table_1, ms_table_2: the coefficients, from built units without their biases."""
    for name, unit, c in (("ConvLSTM", ConvLSTM(4, 4), 4), ("MK-LSTM", MKLSTM(4, 4), 4)):
        stored = sum(each.numel() for each in unit.parameters() if each.dim() == 4)
        assert EVERY["ms-table-2", name, "Params"].found.ours == f"{stored // c**2}c²"


def test_rows_that_train_name_experiments():
    names = {each.name for each in experiments()}
    begin = {f"{name}-{percent}" for name in EARLY.values() for percent in (25, 50)}
    assert {*POINTWISE.values(), *VIDEOS.values(), *begin} <= names
    rows = {row for name in papers()["miao2021"] for row in table(name).rows}
    assert set(VIDEOS) <= rows
    assert set(POINTWISE) == set(table("table-3").rows)


# --- claims


def test_claims_stand_at_both_of_their_numbers_and_nowhere_else():
    told = EVERY["ms-table-3", "SMS-LSTM", "MSE"].spoken
    percent = (-5.30083, -9.49575, -1.10592)
    said = Spoken("SMS-LSTM below ConvLSTM", "supported", 5, "scales", percent)
    assert said in told
    assert said in EVERY["ms-table-3", "ConvLSTM", "MSE"].spoken
    assert spoken(EVERY["ms-table-3", "ConvLSTM", "Time"].entry) == ()
    # 33.08 is printed in three tables; each claim stands in its own.
    assert {each.says for each in EVERY["table-8", "ConvLSTM", "MSE"].spoken} == {
        "fixed window below ConvLSTM"
    }


def test_a_claim_of_two_means_stands_at_all_numbers_of_both_rows():
    """Table 8 of Ma et al. prints four frames; 0.2845 and 0.2785 are means of two rows."""
    told = _printed_for("Table 8", (0.2845, 0.2785))
    assert {each.row for each in told} == {"ConvLSTM [39]", "TrajGRU [17]"}
    assert len(told) == 8
    assert {each.table for each in told} == {"ms-table-8"}
    assert _printed_for("Table 8", (0.2845, 0.5)) == []
    assert _printed_for("Figure 5", (0.2845, 0.2785)) == []


def test_every_stored_claim_with_two_printed_numbers_is_shown():
    """But those of numbers that no table prints: a figure of the text, or a share computed."""
    shown_ = {(claim.result, claim.says) for each in lines() for claim in each.spoken}
    lost = {
        (name, claim["says"])
        for name in results()
        for claim in load_result(name).measured.get("claims", ())
        if claim.get("printed") and claim["verdict"] != "not run"
    } - shown_
    assert lost <= {
        ("joint-filters", "joint above rank-1, equal channels"),
        ("two-stage", "joint keeps more than regular"),
        ("two-stage", "joint keeps more than rank-1"),
        ("long-history", "sliding below fixed window"),
    }
    assert {result for result, _ in shown_} >= {"early-activity", "scales", "tempo", "two-stage"}


def test_a_claim_is_stored_as_it_is_shown():
    for each in lines():
        for claim in each.spoken:
            stored = load_result(claim.result).measured.get("claims")
            if stored is None:  # early activity, judged when asked
                assert claim.result == "early-activity"
                continue
            found = [it for it in stored if it["says"] == claim.says and it["printed"]]
            assert (claim.verdict, claim.seeds) in {
                (it["verdict"], len(it["seeds"])) for it in found
            }
            assert claim.seeds > 1


# --- links


@cache
def functions():
    return {
        node.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    }


def test_every_link_leads_somewhere():
    known = functions()
    for each in lines():
        if each.found.ours:
            assert each.found.test in known, each.entry.place
        for claim in each.spoken:
            assert claim.result in results()
            number, place = shown.chapter(claim.result, ROOT)
            page = ROOT / place.lstrip("/")
            assert page.read_text(encoding="utf-8").startswith(f"# {number} · ")
    assert shown.chapter("no-such-result", ROOT) is None


# --- the page


def test_the_sums_of_the_page_add_up():
    rows = [row.strip("| ").split(" | ") for row in shown.sums(lines()).splitlines()[2:]]
    counts = {row[0]: [int(number) for number in row[1:]] for row in rows}
    verdicts = [counts[each] for each in get_args(Verdict)]
    assert [sum(column) for column in zip(*verdicts, strict=True)] == counts["**figures**"]
    for row in counts.values():
        assert row[-1] == sum(row[:-1])
    assert counts["**figures**"][-1] == len(lines())


def test_a_line_of_the_page_has_number_verdict_and_reason():
    chosen = [EVERY["ms-table-3", "SMS-LSTM", column] for column in ("Params", "Memory", "MSE")]
    first, second, third = shown.table(chosen, ROOT).splitlines()[2:]
    assert first.startswith(
        "| SMS-LSTM | Params 0.4M | 444,001 | reproduced | `test_printed_costs_by_"
    )
    assert second == (
        "| SMS-LSTM | Memory 2.7G |  | machine-dependent | of the authors' machines |"
    )
    assert "SMS-LSTM below ConvLSTM: supported (−5.3%, −9.5 to −1.1); " in third
    assert (
        "on our small clips, 5 seeds, [chapter 16](/book/3_scale/two_kernels_one_pyramid.md): "
        in third
    )
    folded = shown.folded(lines(), ROOT, "stdcf-table-2")
    assert folded.startswith("````{dropdown} Table 2: ")
    assert folded.count("````{dropdown}") == 1
    assert shown.read_in("no-such-result", ROOT) == "`stlib/results/no-such-result.json`"


def test_every_table_has_a_heading_and_a_box():
    """In the order of the papers; a heading says where in print the table stands."""
    text = (ROOT / "book" / "reference" / "reproduction.md").read_text(encoding="utf-8")
    found = re.findall(r"^### (.+)\n\n```{reproduction} (.+)\n```$", text, flags=re.M)
    assert [name for _, name in found] == list(dict.fromkeys(each.entry.table for each in lines()))
    for heading, name in found:
        place = table(name).place.split(",")[0]
        assert re.match(rf"{place}, ", heading, re.IGNORECASE), (heading, name)


def test_figures_beside_which_nothing_stands_share_a_line():
    held = [each for each in lines() if each.entry.table == "table-1"]
    rows = shown.table(held, ROOT).splitlines()[2:]
    assert len(rows) == len(table("table-1").rows) == len(held) / 10
    assert rows[0].startswith("| 25%: 3D-CNN | Dropping 8.5, Holding 4.7, ")


# --- chance


def test_hits_by_chance_are_those_of_figures_drawn_near():
    """Figures of two digits behind the point between 1.50M and 2.49M, each tried."""
    counts = [10_000 * n + 137 * (n % 7) for n in range(100, 400) for _ in range(n % 3)]
    tried = [fitting(counts, Printed(f"{n / 100:.2f}M")) for n in range(150, 250)]
    mean = Fraction(sum(tried), len(tried))
    assert abs(by_chance(counts, Printed("2.00M")) - mean) < Fraction(1, 20)
    assert fitting([1_995_000, 2_004_999, 2_005_000], Printed("2.00M")) == 2
    assert by_chance([2_000_000], Printed("2.0M"), Fraction(1, 2)) == Fraction(1, 20)
    with pytest.raises(ValueError, match="expected between 0 and 1, such as 1/4"):
        unwrap(by_chance)(counts, Printed("2.00M"), Fraction(1))


# --- networks of two filters a block


def test_flat_networks_of_18_and_34_layers_have_the_parameters_that_everybody_counts():
    """Of ImageNet's 1000 classes, as torchvision's documentation lists them."""
    assert basic_parameters((2, 2, 2, 2), 1, 1000) == 11_689_512
    assert basic_parameters((3, 4, 6, 3), 1, 1000) == 21_797_672
    assert basic_parameters() == 63_681_104


# --- the errata keep the rules of chapter 25


def errata():
    text = (ROOT / "book" / "reference" / "errata.md").read_text(encoding="utf-8")
    for entry in re.split(r"^### ", text, flags=re.M)[1:]:
        yield entry.partition("\n## ")[0]


def test_every_erratum_has_place_severity_and_a_test_and_blames_nobody():
    severities = "|".join((*SEVERITIES, "ambiguous"))
    known = functions()
    for entry in errata():
        title = entry.partition("\n")[0]
        assert re.search(rf"\*\*Severity: ({severities})\.\*\*", entry), title
        evidence = entry.partition("*Evidence.*")[2]
        tests = re.findall(r"`(test_\w+)(?:…\w+)?`", evidence)
        assert tests, title
        for name in tests:  # a long name may be cut short
            assert any(each.startswith(name) for each in known), (title, name)
        assert unfair(entry) == "", title
    assert len(list(errata())) > 25
    assert unfair("Obviously they cheated") == "cheat"
    assert unfair("believed, and the text applies Eq. 3") == ""
