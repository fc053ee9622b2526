"""The checks: right answers pass however they are written, wrong ones meet a counterexample."""

import json
import math
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch

from stlib import exercises as package
from stlib.exercises import Counterexample, Exercise, Result, check, exercises
from stlib.exercises.compare import Unfit, difference, numbers, same, show
from stlib.exercises.search import smallest, trial
from stlib.exercises.student import student_version
from stlib.tensor_train import compose, correlate, direct, kernels, recursive

SHEETS = sorted((Path(__file__).parents[1] / "notebooks" / "exercises").glob("*.ipynb"))
TIERS = ["hand", "code", "prove", "measure", "break"]
NAMED = {exercise.name: exercise for exercise in exercises()}


# One module a chapter, with RIGHT and WRONG.
ANSWERS = [
    import_module(f"tests.exercises.{path.stem}")
    for path in sorted(Path(__file__).with_name("exercises").glob("chapter_*.py"))
]
RIGHT = {name: answers for module in ANSWERS for name, answers in module.RIGHT.items()}
WRONG = {name: mistakes for module in ANSWERS for name, mistakes in module.WRONG.items()}


def count(value):
    if isinstance(value, torch.Tensor):
        return value.numel()
    if isinstance(value, list | tuple):
        return sum(count(entry) for entry in value)
    return isinstance(value, int | float)


@pytest.mark.parametrize(
    ("name", "place"), [(name, place) for name in RIGHT for place in range(len(RIGHT[name]))]
)
def test_right_answers_pass_however_they_are_written(name, place, capsys):
    result = check(name, RIGHT[name][place])
    assert result.passed, result.message
    assert capsys.readouterr().out == f"{name}: right.\n"


@pytest.mark.parametrize(
    ("name", "mistake"), [(name, mistake) for name in WRONG for mistake in WRONG[name][1]]
)
def test_mistakes_meet_a_small_counterexample(name, mistake, capsys):
    most, mistakes = WRONG[name]
    result = check(name, mistakes[mistake])
    assert not result
    assert capsys.readouterr().out == result.message + "\n"

    found = result.counterexample
    assert isinstance(found, Counterexample)
    assert trial(NAMED[name], mistakes[mistake], found.inputs).explanation == found.explanation
    for right in RIGHT[name]:
        assert trial(NAMED[name], right, found.inputs) is None
    assert count(found.inputs) <= most, result.message


def test_every_exercise_has_two_right_and_three_wrong_answers():
    assert list(NAMED) == list(RIGHT) == list(WRONG)
    assert all(len(answers) >= 2 for answers in RIGHT.values())
    assert all(len(mistakes) >= 3 for _, mistakes in WRONG.values())


def test_five_exercises_a_chapter_one_a_tier():
    assert list(NAMED) == [f"{chapter}-{tier}" for chapter in (2, 6, 10, 11) for tier in TIERS]
    assert all(isinstance(exercise, Exercise) for exercise in exercises())
    assert all(exercise.name.endswith(exercise.tier) for exercise in exercises())


# --------------------------------------------------------------------- the way a check speaks


def test_a_counterexample_shows_input_answer_and_expectation(capsys):
    check("2-code", lambda outer, inner: compose(outer.flip(2, 3), inner))
    assert capsys.readouterr().out == (
        "2-code: not yet. The smallest input found on which it fails:\n"
        "  outer = tensor([[[[0., 0., 1.]]]], dtype=torch.float64)\n"
        "  inner = tensor([[[[1.]]]], dtype=torch.float64)\n"
        "yours:    tensor([[[[1., 0., 0.]]]], dtype=torch.float64)\n"
        "expected: tensor([[[[0., 0., 1.]]]], dtype=torch.float64)\n"
        "first difference at [0, 0, 0, 0]\n"
    )


@pytest.mark.parametrize("mistake", ["unflipped", "swapped channels", "middle reversed"])
def test_a_counterexample_can_be_pasted(mistake):
    found = check("2-code", WRONG["2-code"][1][mistake]).counterexample
    pasted = tuple(
        eval(show(part), {"tensor": torch.tensor, "torch": torch}) for part in found.inputs
    )
    assert same(pasted, found.inputs)


@pytest.mark.parametrize(
    ("name", "mistake", "says"),
    [
        ("2-prove", "correlated", "first difference in row 0, column 0"),
        ("2-prove", "rows added up", "in row 0: a row of 1 is wanted, got int"),
        ("2-measure", "variance", "first difference in deviation"),
        ("10-hand", "swapped", "first difference in nested"),
        ("10-prove", "copied", "first difference in after, at ["),
        ("11-hand", "other side", "first difference in lost, entry 0"),
        ("11-measure", "mean over channels", "first difference in share"),
    ],
)
def test_a_check_names_the_piece_that_differs(name, mistake, says):
    assert says in check(name, WRONG[name][1][mistake]).message


def test_a_wrong_exponent_is_shown_its_counts():
    message = check("10-measure", lambda n: (3, 1)).message
    nested_2 = 25 * 128 * 8 + 25 * 8 * 8
    assert f"nested MACs a pixel: {25 * 128 * 8} at N = 1, {nested_2} at N = 2" in message


@pytest.mark.parametrize("mistake", [name for name in WRONG["10-code"][1] if "round" not in name])
def test_a_circle_is_no_smaller_than_a_core_where_that_can_be(mistake):
    cores, states = check("10-code", WRONG["10-code"][1][mistake]).counterexample.inputs
    for side in (2, 3):
        assert cores[0].shape[side] <= states[0].shape[side]


def test_a_hand_check_does_not_give_the_kernel_away():
    message = check("2-hand", [0, 0, 0]).message
    assert message.endswith("at pixel -2 your kernel writes 0, the two layers write -1")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (7, "a function is wanted, got 7"),
        (lambda outer: outer, "yours raised TypeError"),
        (lambda outer, inner: outer[9], "yours raised IndexError: index 9"),
        (lambda outer, inner: None, "is there a `return`?"),
        (lambda outer, inner: [1, 2], "a torch tensor is wanted, got list"),
        (lambda outer, inner: compose(outer, inner)[0], "the shape should be [1, 1, 1, 1]"),
        (lambda outer, inner: compose(outer, inner).float(), "should be torch.float64"),
        (lambda outer, inner: compose(outer, inner) * torch.nan, "yours contains NaN"),
        (lambda outer, inner: compose(outer.add_(1), inner), "changed its input outer"),
    ],
)
def test_answers_that_break_are_told_what_happened(answer, says):
    assert says in check("2-code", answer).message


def test_an_unsteady_answer_is_told_so():
    calls = []

    def unsteady(outer, inner):
        calls.append(outer)
        return compose(outer, inner) + (len(calls) == 7)

    result = check("2-code", unsteady)
    assert not result
    assert "different values for the same input" in result.message


def test_what_an_answer_prints_is_swallowed(capsys):
    def loud(N, K):
        print("here")
        return RIGHT["10-hand"][0](N, K)

    assert check("10-hand", loud)
    assert capsys.readouterr().out == "10-hand: right.\n"


def test_the_same_answer_gets_the_same_counterexample():
    before, messages = torch.get_num_threads(), set()
    try:
        for threads in (1, 2, 1):
            torch.set_num_threads(threads)
            messages.add(check("10-code", WRONG["10-code"][1]["oldest first"]).message)
    finally:
        torch.set_num_threads(before)
    assert len(messages) == 1


def test_a_result_is_truthy_and_shows_its_message_once(capsys):
    result = check("10-hand", WRONG["10-hand"][1]["off by one"])
    assert not result
    assert repr(result) == result.message == capsys.readouterr().out.rstrip("\n")
    result._ipython_display_()
    assert capsys.readouterr().out == ""
    with pytest.raises(AttributeError):
        result.passed = True


def test_strict_raises_instead_of_printing(capsys):
    with pytest.raises(AssertionError, match="10-hand: not yet"):
        check("10-hand", WRONG["10-hand"][1]["off by one"], strict=True)
    assert capsys.readouterr().out == ""
    assert isinstance(check("10-hand", RIGHT["10-hand"][0], strict=True), Result)


def test_an_unknown_name_lists_the_known():
    with pytest.raises(
        ValueError, match=r"'10-cod' is no exercise; there are .*2-hand, .*11-break"
    ):
        check("10-cod", 1)


def test_without_hypothesis_the_extra_is_named(monkeypatch):
    for module in [name for name in sys.modules if name.split(".")[0] == "hypothesis"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(ImportError, match=r"pip install 'stlib\[book\]'"):
        check("2-code", compose)


def test_the_package_exports_what_a_sheet_needs():
    assert {"check", "exercises", "Result"} <= set(package.__all__)
    assert smallest(NAMED["10-hand"], RIGHT["10-hand"][0]) is None


# ------------------------------------------------------------------ comparing and showing


def test_values_that_agree_leave_nothing_to_say():
    assert difference((1, 2.0), [torch.tensor(1), np.float64(2)]) != ""  # tensors want tensors
    assert difference([torch.tensor(1), np.float64(2)], (1, 2.0)) == ""
    assert difference(1 + 1e-9, 1) == ""
    assert "entry 1" in difference((1, 3), (1, 2))
    assert "a number is wanted" in difference("one", 1)
    assert "yours is NaN" in difference(math.nan, 1.0)
    assert "a row of 2 is wanted, got 3" in difference([1, 2, 3], [1, 2])


def test_numbers_are_read_from_any_row():
    assert numbers(torch.tensor([1, 2]), "the kernel") == [1.0, 2.0]
    with pytest.raises(Unfit, match="the kernel should hold 3 numbers"):
        numbers([1, 2], "the kernel", 3)
    with pytest.raises(Unfit, match="finite numbers only"):
        numbers([1, math.inf], "the kernel")
    with pytest.raises(Unfit, match="a list of numbers, got 5"):
        numbers(5, "the kernel")


def test_same_and_show_look_into_lists():
    assert same([torch.ones(2), 1], [torch.ones(2), 1])
    assert not same([torch.ones(2)], [torch.zeros(2)])
    assert not same([1], [1, 2])
    assert show([torch.ones(1, 2), (1.5,), True]) == "[tensor([[1., 1.]]), (1.5,), True]"
    assert show(torch.tensor([-0.0, 0.5, 2e-9], dtype=torch.float64)) == (
        "tensor([0., 0.5, 2e-09], dtype=torch.float64)"
    )
    assert show(torch.tensor([[True], [False]])) == "tensor([[True], [False]])"
    assert show(torch.tensor([3])) == "tensor([3])"
    assert show(-0.0) == "0"
    assert show(torch.ones(101)) == "tensor of shape [101], torch.float32"


# --------------------------------------------------------- what the references rest on


def test_the_ring_is_where_the_algorithms_differ():
    generator = torch.Generator().manual_seed(0)

    def noise(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    for order, size in [(1, 3), (2, 3), (3, 3), (2, 5), (3, 1)]:
        for height, width in [(1, 1), (1, 6), (2, 9), (4, 4), (5, 8), (9, 3), (9, 9)]:
            cores = [noise(1, 1, size, size) for _ in range(order)]
            states = [noise(1, 1, height, width) for _ in range(order)]
            differs = (direct(cores, states) - recursive(cores, states)).abs() > 1e-9
            assert (
                difference(differs[0, 0], NAMED["11-code"].reference(order, size, height, width))
                == ""
            )


def test_nothing_smaller_shows_a_missing_flip():
    generator = torch.Generator().manual_seed(0)

    def unflipped(outer, inner):
        return compose(outer.flip(2, 3), inner)

    for pixels, shows in [(1, False), (2, False), (3, True)]:
        cores = [torch.randn(1, 1, 1, 3, generator=generator).double() for _ in range(3)]
        x = torch.randn(1, 1, 1, pixels, generator=generator).double()
        right, wrong = kernels(cores)[-1], kernels(cores, unflipped)[-1]
        agree = torch.allclose(correlate(x, right, "circular"), correlate(x, wrong, "circular"))
        assert agree != shows


# ------------------------------------------------------------------------------- the sheets


def sheet_cells(sheet):
    return json.loads(sheet.read_text(encoding="utf-8"))["cells"]


def source(cell):
    return "".join(cell["source"])


def test_there_is_a_sheet_for_every_chapter():
    chapters = {int(name.split("-")[0]) for name in NAMED}
    assert [int(sheet.stem.split("_")[0]) for sheet in SHEETS] == sorted(chapters)


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.stem)
def test_a_sheet_asks_and_checks_all_its_exercises(sheet):
    chapter = int(sheet.stem.split("_")[0])
    text = "\n".join(source(cell) for cell in sheet_cells(sheet))
    for place, tier in enumerate(TIERS, start=1):
        assert text.count(f'assert check("{chapter}-{tier}",') == 1
        assert text.count(f":label: ex-{chapter}-{place}\n") == 1
        assert text.count(f"{{solution}} ex-{chapter}-{place}\n") == 1
    assert "SOLUTION" not in text  # nbgrader's marks would be printed in the book


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.stem)
def test_a_sheet_carries_what_nbgrader_needs(sheet):
    graded = [cell for cell in sheet_cells(sheet) if "nbgrader" in cell["metadata"]]
    metadata = [cell["metadata"]["nbgrader"] for cell in graded]
    ids = [entry["grade_id"] for entry in metadata]
    assert len(ids) == len(set(ids)) == 3 * len(TIERS)
    for cell, entry in zip(graded, metadata, strict=True):
        assert entry["schema_version"] == 3
        written = cell["cell_type"] == "markdown"
        assert entry["solution"] == (written or "assert check(" not in source(cell))
        assert entry["grade"] == ("points" in entry)
        assert entry["grade"] or cell["cell_type"] == "code"  # nbgrader grades written answers


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.stem)
def test_answers_and_what_checks_say_of_them_are_folded(sheet):
    for cell in sheet_cells(sheet):
        if "nbgrader" not in cell["metadata"]:
            continue
        if cell["cell_type"] == "markdown":
            assert ":class: dropdown" in source(cell)
        elif cell["metadata"]["nbgrader"]["solution"]:
            assert "hide-input" in cell["metadata"]["tags"]
            assert cell["outputs"] == []
        else:
            assert "hide-cell" in cell["metadata"]["tags"]
            assert [output["text"] for output in cell["outputs"]]  # it ran


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.stem)
def test_the_student_version_holds_no_solution_and_fails_every_check(sheet):
    master = json.loads(sheet.read_text(encoding="utf-8"))
    student = student_version(master)
    kept = "\n".join(source(cell) for cell in student["cells"])
    assert "{solution}" not in kept
    for before, after in zip(master["cells"], student["cells"], strict=True):
        if before["metadata"].get("nbgrader", {}).get("solution"):
            assert source(before) not in kept
            assert after["metadata"]["nbgrader"] == before["metadata"]["nbgrader"]
        else:
            assert source(after) == source(before)

    namespace, failed = {}, 0
    for cell in student["cells"]:
        if cell["cell_type"] != "code":
            continue
        assert cell["outputs"] == []
        try:
            exec(source(cell), namespace)
        except (AssertionError, NameError):
            failed += "assert check(" in source(cell)
        except NotImplementedError:
            assert "YOUR CODE HERE" in source(cell)
    assert failed == len(TIERS)
