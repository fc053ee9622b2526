"""A run's folder: what is claimed, kept, removed and refused, and by whom at a time."""

import json
import os
import signal
import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stlib.checkpoints import load_tensors, save_tensors
from stlib.runs import COLUMNS, Run, conflicts, differences, locked

ABOUT = {"name": "some", "same": {"seed": 1, "recipe": {"batch": 4, "stages": [{"steps": 2}]}}}


def like(**same):
    return {**ABOUT, "same": {**ABOUT["same"], **same}}


def row(step):
    return {**dict.fromkeys(COLUMNS, ""), "step": step, "loss": 0.5}


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_an_empty_folder_is_claimed_and_described(tmp_path):
    Run(tmp_path).begin(ABOUT, resume=False)
    assert contents(tmp_path).keys() == {"about.json"}
    assert Run(tmp_path).about() == ABOUT == json.loads((tmp_path / "about.json").read_text())


def test_a_run_goes_on_only_when_asked_to(tmp_path):
    Run(tmp_path).begin(ABOUT, resume=True)
    before = contents(tmp_path)
    with pytest.raises(FileExistsError, match=f"{tmp_path} holds a run already; .* --resume"):
        Run(tmp_path).begin(ABOUT, resume=False)
    Run(tmp_path).begin({**ABOUT, "name": "another name is no other run"}, resume=True)
    assert contents(tmp_path) == before


def test_a_run_of_an_earlier_version_goes_on(tmp_path):
    """The digits stood beside the data, and stand in it now; two fields are new."""
    new = {"foretell": None, "recognition": None}
    preset = {"kind": "Preset", "frames": 5}
    before = like(recipe={"kind": "Recipe", "data": preset, "digits": "auto"})
    (tmp_path / "about.json").write_text(json.dumps(before))
    same = like(recipe={"kind": "Recipe", "data": {**preset, "digits": "auto"}, **new})
    Run(tmp_path).begin(same, resume=True)
    assert Run(tmp_path).about() == same
    other = like(recipe={"kind": "Recipe", "data": {**preset, "digits": "mnist"}, **new})
    with pytest.raises(ValueError, match=r"recipe\.data\.digits is 'auto' there and 'mnist' here"):
        Run(tmp_path).begin(other, resume=True)


@pytest.mark.parametrize("resume", [False, True])
def test_a_folder_of_other_files_is_not_claimed(tmp_path, resume):
    (tmp_path / "thesis.tex").write_text("years of work")
    (tmp_path / "log.csv").write_text("mine")
    before = contents(tmp_path)
    with pytest.raises(FileExistsError, match=r"holds log\.csv and no run; choose an empty"):
        Run(tmp_path).begin(ABOUT, resume)
    with pytest.raises(FileExistsError, match="and no run"), locked(tmp_path):
        raise AssertionError("unreachable")
    assert contents(tmp_path) == before, "nor is a lock left there"


def test_someone_elses_lock_is_a_file_as_any_other(tmp_path):
    (tmp_path / "lock").write_text("the key is under the mat")
    with pytest.raises(FileExistsError, match="holds lock and no run"), locked(tmp_path):
        raise AssertionError("unreachable")
    assert contents(tmp_path) == {"lock": b"the key is under the mat"}


def test_a_file_is_no_folder(tmp_path):
    path = tmp_path / "file"
    path.touch()
    with pytest.raises(NotADirectoryError, match="file is a file; expected a folder"), locked(path):
        raise AssertionError("unreachable")


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (like(seed=2), "seed is 1 there and 2 here"),
        (like(recipe={"batch": 8, "stages": [{"steps": 2}]}), "recipe.batch is 4 there and 8 here"),
        (like(recipe={"batch": 4, "stages": [{"steps": 3}]}),
         r"recipe\.stages\.0\.steps is 2 there and 3 here"),
        (like(recipe={"batch": 4, "stages": []}), r"recipe\.stages is \[.* there and \[\] here"),
        (like(recipe={"stages": [{"steps": 2}]}), r"recipe\.batch is 4 there and None here"),
        (like(precision="bf16"), "precision is None there and 'bf16' here"),
    ],
)  # fmt: skip
def test_another_run_is_refused_by_the_field_that_differs(tmp_path, changed, says):
    Run(tmp_path).begin(ABOUT, resume=False)
    for resume in (False, True):
        with pytest.raises(ValueError, match=f"{tmp_path} holds another run: {says}"):
            Run(tmp_path).begin(changed, resume)
    assert Run(tmp_path).about() == ABOUT


VALUES = st.recursive(
    st.integers(0, 2) | st.none(),
    lambda entry: st.lists(entry, max_size=2) | st.dictionaries(st.sampled_from("ab"), entry),
    max_leaves=6,
)


def at(value, name):
    for part in name.split(".") if name else ():
        value = value[int(part)] if isinstance(value, list) else value.get(part)
    return value


def bare(value):
    """Without entries that are None, which count as missing."""
    if isinstance(value, dict):
        return {key: bare(entry) for key, entry in value.items() if entry is not None}
    return [bare(entry) for entry in value] if isinstance(value, list) else value


@given(VALUES, VALUES)
def test_differences_are_found_where_they_are(old, new):
    found = list(differences(old, new))
    assert all(at(old, name) == one != other == at(new, name) for name, one, other in found)
    assert (not found) == (bare(old) == bare(new))


def test_conflicts_are_the_differences_that_are_not_prose():
    old = {"source": "a", "batch": 4, "data": {"source": "b", "resource": 1}}
    new = {"source": "A", "batch": 8, "data": {"source": "B", "resource": 2}}
    assert [name for name, _, _ in differences(old, new)] == [
        "batch", "data.resource", "data.source", "source",
    ]  # fmt: skip
    assert list(conflicts(old, new)) == [("batch", 4, 8), ("data.resource", 1, 2)]
    assert list(conflicts(old, old)) == []


def test_a_run_goes_on_where_only_its_sources_are_put_otherwise(tmp_path):
    def told(recipe, data, batch=4):
        return like(recipe={"source": recipe, "batch": batch, "data": {"source": data}})

    Run(tmp_path).begin(told("Table 1", "section 2"), resume=False)
    before = contents(tmp_path)
    Run(tmp_path).begin(told("Table 1, row 2", "section 2.1"), resume=True)
    assert contents(tmp_path) == before
    with pytest.raises(ValueError, match=r"recipe\.batch is 4 there and 8 here"):
        Run(tmp_path).begin(told("Table 1, row 2", "section 2.1", batch=8), resume=True)


def test_leftovers_of_a_killed_process_go_and_nothing_else(tmp_path):
    ours = [
        ".about.json.ab12_xyz", ".log.csv.abcdefgh", ".result.json.a1b2c3d4",
        ".network.safetensors.abcdefgh", ".checkpoint-00000100.safetensors.12345678",
    ]  # fmt: skip
    theirs = [
        ".hidden", ".log.csv.bak", ".weights.safetensors.abcdefgh", "log.csv.abcdefgh",
        ".log.csv.abcdefgh.txt", "checkpoint-best.safetensors", "network.safetensors.old", "notes",
        ".checkpoint-1.safetensors.12345678",
    ]  # fmt: skip
    Run(tmp_path).begin(ABOUT, resume=False)
    for name in (*ours, *theirs):
        (tmp_path / name).write_text(name)
    Run(tmp_path).begin(ABOUT, resume=True)
    assert contents(tmp_path).keys() == {"about.json", *theirs}


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_what_a_killed_writer_leaves_is_known_as_a_leftover(tmp_path):
    Run(tmp_path).begin(ABOUT, resume=False)
    code = (
        "import os, signal, sys\n"
        "from stlib.files import replacing\n"
        "with replacing(sys.argv[1]):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    for name in ("checkpoint-00000003.safetensors", "log.csv"):
        subprocess.run([sys.executable, "-c", code, str(tmp_path / name)], check=False)
    assert len(contents(tmp_path)) == 3
    Run(tmp_path).begin(ABOUT, resume=True)
    assert contents(tmp_path).keys() == {"about.json"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "expected JSON, found"),
        ("", "expected JSON, found"),
        ("[]", "expected a run's description"),
        ('{"same": 3}', "expected a run's description"),
        ('{"name": "some"}', "expected a run's description"),
        ("\udc80", "expected JSON, found"),
    ],
)
def test_a_damaged_description_is_named(tmp_path, text, says):
    (tmp_path / "about.json").write_bytes(text.encode(errors="surrogateescape"))
    for read in (Run(tmp_path).about, lambda: Run(tmp_path).begin(ABOUT, resume=True)):
        with pytest.raises(ValueError, match=rf"about\.json: {says}"):
            read()


def test_no_run_and_no_network_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=f"{tmp_path} holds no run: about.json is missing"):
        Run(tmp_path).about()
    with pytest.raises(FileNotFoundError, match="training is not over; go on with --resume"):
        Run(tmp_path).network()
    save_tensors({"x": torch.ones(1)}, {"step": 3}, tmp_path / "network.safetensors")
    weights, about = Run(tmp_path).network()
    assert (weights["x"].item(), about) == (1.0, {"step": 3})


def test_the_latest_two_checkpoints_are_kept(tmp_path):
    run = Run(tmp_path)
    assert (run.checkpoints(), run.step()) == ([], 0)
    (tmp_path / "checkpoint-best.safetensors").write_text("a reader's own")
    for step in (5, 90, 100, 2000):
        run.save_checkpoint(step, {"x": torch.tensor(step)}, {"step": step})
        assert run.step() == step
    assert [path.name for path in run.checkpoints()] == [
        "checkpoint-00000100.safetensors",
        "checkpoint-00002000.safetensors",
    ]
    tensors, about = load_tensors(run.checkpoints()[-1])
    assert (tensors["x"].item(), about) == (2000, {"step": 2000})
    assert (tmp_path / "checkpoint-best.safetensors").read_text() == "a reader's own"


def test_the_log_is_read_back_and_rewound(tmp_path):
    run = Run(tmp_path)
    assert run.log() == []
    run.rewind_log(0)
    for step in (10, 20, 30):
        run.log_row(row(step))
    assert [each["step"] for each in run.log()] == ["10", "20", "30"]
    before = run.log_file.read_bytes()
    run.rewind_log(30)
    assert run.log_file.read_bytes() == before
    run.rewind_log(29)
    assert [each["step"] for each in run.log()] == ["10", "20"]
    run.log_row(row(30))
    assert run.log_file.read_bytes() == before


@settings(max_examples=25, deadline=None)
@given(cut=st.integers(0, 120))
def test_a_row_that_was_not_written_to_its_end_is_dropped(tmp_path_factory, cut):
    folder = tmp_path_factory.getbasetemp() / "cut"
    folder.mkdir(exist_ok=True)
    run = Run(folder)
    run.log_file.unlink(missing_ok=True)
    run.rewind_log(0)
    head = len(run.log_file.read_bytes())
    for step in (10, 20, 30):
        run.log_row(row(step))
    whole = run.log_file.read_bytes()[: head + cut]
    run.log_file.write_bytes(whole)
    run.rewind_log(99)
    kept = whole[: whole.rindex(b"\n") + 1]
    assert run.log_file.read_bytes() == kept
    run.log_row(row(40))
    assert run.log_file.read_bytes().startswith(kept)
    assert run.log()[-1]["step"] == "40"


@pytest.mark.parametrize("text", ["step,loss\n1,2\n", ",".join(COLUMNS) + "\n1,2\n"])
def test_a_damaged_log_is_named(tmp_path, text):
    run = Run(tmp_path)
    run.log_file.write_text(text)
    with pytest.raises(ValueError, match=r"log\.csv, line 2: expected step, clips"):
        run.rewind_log(5)
    assert run.log_file.read_text() == text


HOLD = """
import sys, time
from stlib.runs import locked
with locked(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_two_processes_never_work_in_one_folder_and_a_dead_one_holds_no_lock(tmp_path):
    folder = tmp_path / "runs" / "new"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(BlockingIOError, match=f"{folder}: another process"), locked(folder):
            raise AssertionError("unreachable")
        other.send_signal(signal.SIGKILL)
    with locked(folder) as run:
        run.begin(ABOUT, resume=False)
    with locked(folder) as run:
        assert run.about() == ABOUT
