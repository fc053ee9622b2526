"""The command line: what it prints, what it refuses in one line, and what it leaves alone."""

import json
import re
import runpy
import shutil
import sys
import tomllib
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from importlib.metadata import packages_distributions
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stlib import experiments as experiments_module
from stlib.__main__ import COMMANDS, main
from stlib.artifacts import read_result
from stlib.commands import catalogue, data, doctor, queue, work
from stlib.cost import macs, parameters
from stlib.data import digits as digits_module
from stlib.data.digits import digits
from stlib.data.moving_mnist import MovingMNIST
from stlib.data.taxi_bj import FILES
from stlib.evaluation import load_predictions
from stlib.experiments import Status
from stlib.recipes import Experiment, experiment, experiments, recipe_from_plain
from stlib.recipes.data import StickKTH
from stlib.runs import Run, locked
from stlib.training import Diverged, Machine, Outcome
from tests.maps import write_maps, write_taxi_bj

NAME = "first-convlstm"
SMOKE = experiment(NAME).smoke
TRAIN = ["train", NAME, "--scale", "smoke", "--cpu"]


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path):
    """In an empty folder, without data: a forgotten --out writes nowhere else."""
    monkeypatch.delenv("STLIB_DATA", raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def said(*arguments, status=0):
    """What a command prints; where it is refused, its one line on stderr."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        assert main([str(word) for word in arguments]) == status, err.getvalue()
    if status == 0:
        return out.getvalue()
    (line,) = err.getvalue().splitlines()
    assert out.getvalue() == ""
    assert line.startswith("stlib: ")
    assert not re.search(r"[╭│─]|-{4}|Traceback", line)
    return line.removeprefix("stlib: ")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A trained and evaluated run; not to be changed."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    said(*TRAIN, "--no-progress", "--out", folder)
    return folder


def fake(monkeypatch):
    """Instead of a training: what it does before the first step. Returns what was asked for."""
    asked = []

    def fit(recipe, folder, *, resume, seed, minutes, machine, **record):
        asked.append((recipe, folder, seed))
        with locked(folder) as run:
            run.begin({**record, "same": {"seed": seed}}, resume)
        return Outcome(1, recipe.steps)

    monkeypatch.setattr(work, "fit", fit)
    monkeypatch.setattr(experiments_module, "fit", fit)
    return asked


# --- each command


def test_help_of_everything():
    for words in ([], ["--help"], ["-h"]):
        usage = said(*words)
        assert all(f"  {name} " in usage for name in ("train", *COMMANDS))
    assert said("experiments", "--help").count("experiments ") == 3
    for name in COMMANDS:
        assert "--help" in said(*name.split(), "--help")
    assert "--resume" in said("train", "--help")
    whole = said("train", NAME, "--help")
    assert "--resume" in whole
    assert "--network.cell.kernel" in whole
    assert "--stages.0.steps" in whole


def test_doctor_says_what_there_is(monkeypatch, tmp_path):
    found = doctor.findings()
    assert (found["torch"], found["STLIB_DATA"]) == (torch.__version__, "not set")
    assert "scikit-learn" in found["digits"]
    assert all(f"{name:12}{what}\n" in said("doctor") for name, what in found.items())
    monkeypatch.setenv("STLIB_DATA", str(tmp_path))
    monkeypatch.setitem(doctor.EXTRAS, "train", ("torch", "no_such_package"))
    assert doctor.findings()["train"] == "lacks no_such_package: pip install 'stlib[train]'"
    assert doctor.findings()["STLIB_DATA"] == str(tmp_path)
    assert doctor.doctor is COMMANDS["doctor"]


def test_doctor_looks_for_what_the_extras_bring():
    owners = {module: set(names) for module, names in packages_distributions().items()}
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    for extra, modules in doctor.EXTRAS.items():
        needed = project["optional-dependencies"][extra]
        wanted = {re.match(r"[\w-]+", need)[0].lower().replace("_", "-") for need in needed}
        found = {name.lower().replace("_", "-") for each in modules for name in owners[each]}
        assert found == wanted


def test_list_has_a_line_for_each_experiment():
    lines = said("list").splitlines()
    assert [line.split()[0] for line in lines] == [each.name for each in experiments()]
    assert catalogue.list_experiments is COMMANDS["list"]


@pytest.mark.parametrize("scale", ["smoke", "lab", "paper"])
@pytest.mark.parametrize("each", experiments(), ids=lambda each: each.name)
def test_show_prints_the_recipe(each, scale):
    plain = json.loads(said("show", each.name, "--scale", scale))
    assert recipe_from_plain(plain) == each.at(scale)
    assert catalogue.show is COMMANDS["show"]


def test_cost_is_what_stlib_cost_counts():
    told = json.loads(said("cost", NAME, "--scale", "smoke", "--json"))
    assert told == catalogue.costs(NAME, "smoke")
    network = SMOKE.network.build()
    assert told["parameters"] == parameters(network)
    assert told["macs_per_step"] == macs(network, torch.zeros(1, 1, 16, 16))
    assert told["macs_per_clip"] == 4 * told["macs_per_step"]
    assert (told["optimizer_steps"], told["clips"]) == (2, 4)
    assert "macs per step" in said("cost", NAME)
    assert catalogue.cost is COMMANDS["cost"]


def test_train_trains_scores_and_tells(trained):
    assert {path.name for path in trained.iterdir()} - {"lock"} == {
        "about.json", "log.csv", "result.json", "network.safetensors",
        "checkpoint-00000002.safetensors",
    }  # fmt: skip
    before = (trained / "network.safetensors").read_bytes()
    told = said(*TRAIN, "--no-progress", "--out", trained, "--resume")
    table = read_result(trained / "result.json").measured["predictors"]
    for name, scores in table.items():
        assert re.search(rf"^{name} +{scores['mse_e3']['mean']:.2f} ", told, re.MULTILINE)
    assert (trained / "network.safetensors").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "changed"),
    [
        ([], {}),
        (["--batch", "4", "--clip", "None"], {"batch": 4, "clip": None}),
        (["--network.cell.kernel", "5", "--network.hidden", "8", "4"],
         {"network": replace(SMOKE.network, cell=replace(SMOKE.network.cell, kernel=5),
                             hidden=(8, 4))}),
        (["--stages.0.steps", "3"], {"stages": (replace(SMOKE.stages[0], steps=3),)}),
        (["--loss=l1_l2_sum", "--data.speed", "1", "2", "--feeding.until", "1"],
         {"loss": "l1_l2_sum", "data": replace(SMOKE.data, speed=(1.0, 2.0)),
          "feeding": replace(SMOKE.feeding, until=1.0)}),
    ],
)  # fmt: skip
def test_an_overridden_field_reaches_the_recipe(monkeypatch, words, changed):
    asked = fake(monkeypatch)
    told = said(*TRAIN, *words, "--seed", 3)
    folder = Path("runs") / NAME / "smoke" / "seed-3"
    assert asked == [(replace(SMOKE, **changed), folder, 3)]
    assert told.endswith("go on with --resume\n")
    assert work.Train(scale="smoke", seed=3).folder(NAME) == folder


def test_evaluate_scores_again(trained, tmp_path):
    folder = copied(trained, tmp_path)
    (folder / "result.json").unlink()
    assert "1 test clips of scikit-learn" in said("evaluate", folder, "--clips", 1, "--cpu")
    assert read_result(folder / "result.json").measured["clips"] == 1


def test_predict_then_lpips(trained, tmp_path):
    file = tmp_path / "predictions.safetensors"
    said("predict", trained, file, "--clips", 1)
    clips, prediction = load_predictions(file)
    assert prediction.shape == clips.future.shape == (1, 2, 1, 16, 16)
    line = said("predict", trained, file, status=2)
    assert line == f"{file} exists; choose another name"
    assert said("lpips", file, status=2) == "frames are (16, 16): need 31 pixels a side"
    line = said("predict", trained, tmp_path / "no" / "such.safetensors", status=2)
    assert f"the folder {tmp_path / 'no'} is missing" in line


def test_a_score_that_cannot_be_had_replaces_none(trained, tmp_path, monkeypatch):
    folder, file = copied(trained, tmp_path), tmp_path / "predictions.safetensors"
    said("predict", folder, file)
    told = {"steps": [0.5], "mean": 0.5}
    monkeypatch.setattr(work, "perceptual_scores", lambda *_: told)
    words = ["lpips", file, "--result", folder / "result.json"]
    assert json.loads(said(*words)) == told
    assert read_result(folder / "result.json").measured["lpips"] == told
    monkeypatch.setattr(work, "perceptual_scores", lambda *_: {"unavailable": "offline"})
    said(*words)
    held = read_result(folder / "result.json")
    assert held.measured["lpips"] == told
    assert (
        held.measured["predictors"] == read_result(trained / "result.json").measured["predictors"]
    )
    said("predict", folder, tmp_path / "one.safetensors", "--clips", 1)
    line = said("lpips", tmp_path / "one.safetensors", *words[2:], status=2)
    assert "clips=2, expected 1" in line
    said("evaluate", folder, "--horizon", 1, "--cpu")
    assert "horizon=1, expected 2 as" in said(*words, status=2)


def test_data_write_makes_clips(tmp_path):
    file = tmp_path / "clips.npy"
    told = said("data", "write", NAME, file, "--scale", "smoke", "--split", "test")
    assert told.startswith("2 clips of scikit-learn digits")
    made = SMOKE.data.dataset(digits(), "test")
    np.testing.assert_array_equal(np.load(file), np.stack([made.draw(i) for i in range(2)]))
    line = said("data", "write", NAME, file, "--scale", "smoke", status=2)
    assert line == f"{file} exists; choose another name"
    assert data.write is COMMANDS["data write"]


def test_data_list_says_what_is_there_and_what_is_missing(monkeypatch, tmp_path):
    lines = said("data", "list").splitlines()
    assert [line[:24].strip() for line in lines] == [
        "STLIB_DATA", "MNIST", "KTH", "Kinetics-400", "Something-Something V1",
        "Something-Something V2", "TaxiBJ", "German radar",
    ]  # fmt: skip
    films = ("csc.kth.se", "Kinetics-400", "three lists", "qualcomm")
    remedies = ("download_mnist", *films, "DeepST", "RainNet")
    for line, remedy in zip(lines[1:], remedies, strict=True):
        assert re.search(f"missing: no .*STLIB_DATA=None.*{remedy}", line)
    monkeypatch.setenv("STLIB_DATA", str(tmp_path))
    kth, something = tmp_path / "kth", tmp_path / "something"
    for folder in (kth, something / "labels", something / "videos"):
        folder.mkdir(parents=True)
    (kth / "00sequences.txt").write_text(
        "person01_boxing_d1 frames 1-9\nperson01_boxing_d2 frames 1-9\n"
    )
    (kth / "person01_boxing_d2_uncomp.avi").touch()
    films = [{"id": str(number), "template": "Poking [something]"} for number in (3, 4, 5)]
    (something / "labels" / "train.json").write_text(json.dumps(films[:2]))
    (something / "labels" / "validation.json").write_text(json.dumps(films[2:]))
    (something / "videos" / "4.webm").touch()
    lines = said("data", "list").splitlines()
    assert lines[0].endswith(str(tmp_path))
    missed = "KTH, 1 films; 1 missing, the first person01_boxing_d1_uncomp.avi"
    assert lines[2].endswith(f"{missed}, in {kth}")
    assert "labels.json is missing" in lines[5], "a fault in one data set hides no other"
    (something / "labels" / "labels.json").write_text('{"Poking something": "0"}')
    missed = "V2, 3 films; 2 missing, the first 3.webm"
    assert f"{missed}, in {something}\n" in said("data", "list")
    (something / "videos" / "3.webm").touch()
    (something / "videos" / "5.webm").touch()
    assert f"V2, 3 films, in {something}\n" in said("data", "list")
    assert data.listing is COMMANDS["data list"]


def test_data_list_counts_the_clips_that_kth_gives_and_tells_of_other_films(monkeypatch, tmp_path):
    """A paper prints how many clips eight subjects give, and eight others."""
    monkeypatch.setenv("STLIB_DATA", str(tmp_path))
    kth, kinetics, something = (tmp_path / name for name in ("kth", "kinetics", "something-v1"))
    kth.mkdir()
    listed = {"person11_boxing_d1": "1-40, 41-80", "person04_running_d2": "1-17"}
    lines = [f"{name} frames {said}\n" for name, said in listed.items()]
    (kth / "00sequences.txt").write_text("".join(lines))
    for name in listed:
        (kth / f"{name}_uncomp.avi").touch()
    (kinetics / "train" / "yoga").mkdir(parents=True)
    (kinetics / "train" / "yoga" / "a_000001_000002.mp4").touch()
    head = "label,youtube_id,time_start,time_end\n"
    (kinetics / "train.csv").write_text(f"{head}yoga,a,1,2\n")
    (kinetics / "val.csv").write_text(f"{head}yoga,b,1,2\n")
    (something / "20bn-something-something-v1" / "3").mkdir(parents=True)
    for which, text in (("labels", "Poking"), ("train", "3;Poking"), ("validation", "4;Poking")):
        (something / f"something-something-v1-{which}.csv").write_text(text)
    lines = said("data", "list").splitlines()
    counted = "of eight subjects 4 clips of 16 frames, of eight others 1"
    assert lines[2].endswith(f"KTH, 2 films: {counted}, in {kth}")
    lost = "Kinetics-400, 1 of 2 films; 1 missing, the first b_000001_000002.mp4"
    assert lines[3].endswith(f"{lost}, in {kinetics}")
    assert lines[4].endswith(f"V1, 2 films; 1 missing, the first 4, in {something}")


def test_data_list_counts_the_clips_that_taxi_bj_gives(monkeypatch, tmp_path):
    """The paper prints how many there are; ours are counted, not copied."""
    monkeypatch.setenv("STLIB_DATA", str(tmp_path))
    days = [f"201603{day:02d}" for day in range(1, 31)]
    dates = [f"{day}{slot:02d}" for day in days for slot in range(1, 49)]
    taxi = tmp_path / "taxi_bj"
    taxi.mkdir()
    write_taxi_bj(taxi / FILES[3], dates, np.zeros(len(dates), np.uint8))
    lost = "TaxiBJ, 1 files; 3 missing, the first BJ13_M32x32_T30_InOut.h5"
    assert said("data", "list").splitlines()[6].endswith(f"{lost}, in {taxi}")
    for name in FILES[:3]:
        write_taxi_bj(taxi / name, ["2013070148"])
    counted = "TaxiBJ, 4 files, 30 whole days: 89 clips of 8 train, 1,344 test"
    assert said("data", "list").splitlines()[6].endswith(f"{counted}, in {taxi}")
    radar = write_maps(tmp_path / "RYDL.hdf5", {})
    line = f"German radar, {radar.stat().st_size:,} bytes, in {tmp_path}"
    assert said("data", "list").splitlines()[7].endswith(line)
    monkeypatch.setitem(sys.modules, "h5py", None)
    line = said("data", "list").splitlines()[6]
    assert re.search(r"missing: h5py did not import .*pip install 'stlib\[train\]'", line)


def test_only_moving_mnist_is_written(monkeypatch, tmp_path):
    sticks = replace(SMOKE, data=StickKTH().smoke())
    monkeypatch.setattr(data, "experiment", lambda name: Experiment(name, sticks, sticks, sticks))
    line = said("data", "write", "some", tmp_path / "clips.npy", status=2)
    assert line == "name='some' has StickKTH, expected Moving MNIST"


def test_data_fetch_says_where(monkeypatch, tmp_path):
    monkeypatch.setattr(data, "download_mnist", lambda folder: folder)
    assert f"STLIB_DATA={tmp_path}" in said("data", "fetch", tmp_path)
    monkeypatch.setattr(data, "download_mnist", digits_module.download_mnist)
    monkeypatch.setitem(sys.modules, "pooch", None)
    assert "pip install 'stlib[train]'" in said("data", "fetch", tmp_path, status=2)
    assert data.fetch is COMMANDS["data fetch"]


def test_experiments_run_status_and_report(tmp_path):
    words = ["--names", NAME, "--seeds", "1", "--scale", "smoke", "--root", tmp_path / "runs"]
    line = f"{NAME}  smoke   seed 1     "
    assert said("experiments", "status", *words) == f"{line}0 of 2 steps\n"
    assert said("experiments", "run", *words, "--cpu", "--minutes", 60) == f"{line}evaluated\n"
    assert said("experiments", "status", *words) == f"{line}evaluated\n"
    told = json.loads(said("experiments", "report", *words))
    assert told[NAME]["seeds"] == [1]
    file = tmp_path / "report.json"
    said("experiments", "report", *words, "--out", file)
    held = read_result(file)
    assert held.measured == told
    assert held.provenance["command"] == (
        f"python -m stlib experiments run --names {NAME} --seeds 1 --scale smoke"
    )
    assert "exists" in said("experiments", "report", *words, "--out", file, status=2)
    for name in ("run", "status", "report"):
        assert getattr(queue, name) is COMMANDS[f"experiments {name}"]


def test_a_queue_is_that_of_the_experiments(tmp_path):
    asked = queue.Queue((NAME,), (4, 2), "smoke", tmp_path)
    assert asked.jobs() == experiments_module.jobs([NAME], [4, 2], "smoke", tmp_path)


# --- what is refused

MISSING = "no/such/place"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["trian"], "'trian' is no command; there are train, doctor, "),
        (["experiments"], "'experiments' is no command; there are experiments run, experiments s"),
        (["data", "wriet"], "'data wriet' is no command; there are data fetch, data list, data w"),
        (["train"], "train '': expected the name of an experiment"),
        (["train", "--seed", "1"], "train '--seed': expected the name of an experiment"),
        (["train", "first"], "name='first' is no experiment; there are first-convlstm, "),
        (["show"], "Missing from stlib show"),
        (["show", "first"], "name='first' is no experiment"),
        (["show", NAME, "--scale", "big"], r"'big' .*--scale.*'smoke', 'lab', 'paper'"),
        (["show", NAME, "more"], "Unrecognized options: more"),
        (["cost", NAME, "--jsno"], "Unrecognized options: --jsno; similar: --json"),
        ([*TRAIN, "--seed", "-1"], "seed=-1, expected 0 or more"),
        ([*TRAIN, "--seed", "one"], "--seed.*'one'"),
        ([*TRAIN, "--seed"], "Missing value for argument '--seed'"),
        ([*TRAIN, "--minutes", "nan"], "minutes=nan, expected more than 0"),
        ([*TRAIN, "--minutes", "-3"], "minutes=-3.0, expected more than 0"),
        ([*TRAIN, "--accumulate", "0"], "accumulate=0: expected at least 1"),
        ([*TRAIN, "--accumulate", "3"], "batch=2: expected a multiple of 3 parts"),
        ([*TRAIN, "--precision", "fp8"], "'fp8' .*'no', 'bf16', 'fp16'"),
        ([*TRAIN, "--batch", "9"], "batch=9: expected 1 to the 4 training clips"),
        ([*TRAIN, "--batch", "x"], "--batch.*'x'"),
        ([*TRAIN, "--clip", "much"], r"--clip.*\{None\}\|FLOAT.*'much'"),
        ([*TRAIN, "--netwrk.cell.kernel", "5"], "similar: --network.cell.kernel"),
        ([*TRAIN, "--network.cell.kernel", "4"], "kernel=4: must be odd"),
        ([*TRAIN, "--stages.0.rate", "nan"], "rate=nan.*expected a positive rate"),
        ([*TRAIN, "--stages.7.rate", "1"], "Unrecognized options: --stages.7.rate, 1"),
        ([*TRAIN, "--feeding.until", "2"], "until=2.0: expected above 0 and up to 1"),
        ([*TRAIN, "--data.canvas", "9"], "canvas=9 leaves no room"),
        ([*TRAIN, "--data.digits", "mnist"], "no t10k-images-idx3-ubyte.gz"),
        ([*TRAIN, "stray"], "Unrecognized options: stray"),
        (["evaluate", MISSING], f"{MISSING} holds no run: about.json is missing"),
        (["predict", MISSING, "out.safetensors"], f"{MISSING} holds no run"),
        (["lpips", MISSING], f"No such file or directory: '{MISSING}'"),
        (["data", "write", NAME, f"{MISSING}/c.npy"], f"the folder {MISSING} is missing"),
        (["data", "write", "ms-table-3-convlstm", "c.npy", "--scale", "paper", "--split",
          "validation"], "samples=0"),
        (["data", "write", NAME, "c.npy", "--seed", "-1"], "seed=-1, expected 0 to"),
        (["experiments", "run", "--minutes", "nan"], "minutes=nan, expected more than 0"),
        (["experiments", "run", "--names"], r"names=\(\)"),
        (["experiments", "status", "--seeds", "0", "0"], r"seeds=\(0, 0\): expected each once"),
        (["experiments", "report", "--names", "first"], "name='first' is no experiment"),
    ],
    ids=lambda value: " ".join(value)[-40:] if isinstance(value, list) else "",
)  # fmt: skip
def test_bad_input_is_one_line_that_names_it(words, says):
    assert re.search(says, said(*words, status=2))
    assert not list(Path().rglob("*.*")), "nothing was written"


def test_a_run_is_not_overwritten(trained, tmp_path):
    folder = copied(trained, tmp_path)
    before = contents(folder)
    train = [*TRAIN, "--no-progress", "--out", folder]
    assert "holds a run already; go on with --resume" in said(*train, status=2)
    line = said(*train, "--resume", "--seed", 4, status=2)
    assert "holds another run: seed is 0 there and 4 here" in line
    line = said(*train, "--resume", "--network.cell.kernel", 5, status=2)
    assert "recipe.network.cell.kernel is 3 there and 5 here" in line
    assert "clips=3: expected 1 to the 2" in said("evaluate", folder, "--clips", 3, status=2)
    assert contents(folder) == before


def test_a_damaged_run_is_one_line(trained, tmp_path):
    folder = copied(trained, tmp_path)
    (folder / "about.json").write_text('{"same": {}}')
    assert "about.json: lacks begun, name" in said("evaluate", folder, status=2)
    (folder / "about.json").write_text("[")
    assert "about.json: expected JSON" in said("predict", folder, "p.safetensors", status=2)
    (folder / "result.json").write_text("3")
    file = tmp_path / "p.safetensors"
    said("predict", trained, file)
    line = said("lpips", file, "--result", folder / "result.json", status=2)
    assert "result.json: holds int, expected measured and provenance" in line


def test_a_training_that_diverges_exits_with_1(monkeypatch):
    def fit(*_, **__):
        raise Diverged("the loss is nan at step 3,\non clips [1, 2]")

    monkeypatch.setattr(work, "fit", fit)
    assert said(*TRAIN, status=1) == "the loss is nan at step 3, on clips [1, 2]"


def test_without_tyro_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "tyro", None)
    for words in (["list"], TRAIN, ["experiments", "status"]):
        line = said(*words, status=2)
        assert line.startswith("tyro did not import")
        assert line.endswith("pip install 'stlib[train]'")
    assert "doctor" in said("--help")


@pytest.mark.parametrize(("words", "status"), [(["list"], 0), (["lst"], 2)])
def test_python_m_stlib_exits_with_the_status(monkeypatch, capsys, words, status):
    monkeypatch.setattr(sys, "argv", ["stlib", *words])
    monkeypatch.delitem(sys.modules, "stlib.__main__")
    with pytest.raises(SystemExit) as stop:
        runpy.run_module("stlib", run_name="__main__")
    assert stop.value.code == status
    assert bool(capsys.readouterr().err) == bool(status)


def test_functions_behind_commands_can_be_called(trained, monkeypatch, capsys):
    """As a notebook would."""
    fake(monkeypatch)
    work.train(NAME, SMOKE, work.Train(scale="smoke", machine=Machine(cpu=True)))
    assert "1 of 2 steps" in capsys.readouterr().out
    assert {work.evaluate, work.predict, work.lpips} <= set(COMMANDS.values())
    held = experiments_module.jobs([NAME], [0], "smoke", "runs")
    assert experiments_module.status(held) == [Status(held[0], 0, 2, False)]
    assert Run(trained).step() == 2


# --- anything

WORDS = (
    "train", "list", "show", "cost", "doctor", "evaluate", "predict", "lpips", "data", "fetch",
    "write", "experiments", "run", "status", "report", NAME, "ctt-table-4-convlstm", "--help", "-h",
    "--scale", "smoke", "lab", "paper", "--seed", "--seeds", "--names", "--root", "--out",
    "--resume", "--no-resume", "--minutes", "--cpu", "--precision", "bf16", "--clips", "--split",
    "--json", "--result", "--network.cell.kernel", "--stages.0.steps", "--batch", "--clip",
    "--accumulate", "mine", "mine/notes.txt", "mine/data.npy", "new", "nan", "inf", "-inf", "-1",
    "0", "1", "3", "None", "True", "", " ", "-", "--", "---", "--=", "--seed=1", "--batch=x",
    "é\u2028x", "\n", "*", "--network", "--machine.cpu", "9" * 40, "x" * 200, "{}", "'", '"', "%s",
)  # fmt: skip


def copied(folder, to):
    return Path(shutil.copytree(folder, to / "copy"))


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from([[], ["train"], TRAIN, ["experiments", "run"], ["data", "write", NAME],
                     ["predict", "mine"], ["evaluate"], ["show"], ["lpips", "mine/data.npy"]]),
    st.lists(st.sampled_from(WORDS), max_size=6),
)  # fmt: skip
def test_any_words_are_done_or_refused_in_one_line(tmp_path_factory, start, words):
    """Nothing that a reader has written is touched, whatever is asked for."""
    root = tmp_path_factory.mktemp("any")
    mine = root / "mine"
    mine.mkdir()
    (mine / "notes.txt").write_text("mine")
    (mine / "data.npy").write_bytes(b"\x80\x02N.")
    before, out, err = contents(root), StringIO(), StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        fake(patch)
        patch.setattr(data, "download_mnist", lambda folder: None)
        patch.setattr(catalogue, "costs", lambda name, scale: {"parameters": 1})
        patch.setattr(MovingMNIST, "to_disk", lambda clips, path: path.write_bytes(b"clips"))
        with redirect_stdout(out), redirect_stderr(err):
            status = main([*start, *words])
    assert status in (0, 2)
    if status == 2:
        assert re.fullmatch(r"stlib: \S.*\n", err.getvalue())
        assert len(err.getvalue().splitlines()) == 1
    else:
        assert err.getvalue() == ""
    assert {path: held for path, held in contents(root).items() if path in before} == before
    assert len(list(mine.iterdir())) == 2 or "--root" in words


@pytest.mark.parametrize(
    ("raised", "status", "says"),
    [
        (KeyboardInterrupt(), 130, "with --resume"),
        (torch.OutOfMemoryError("2 GiB wanted"), 1, "2 GiB wanted; a larger --accumulate"),
    ],
)
def test_what_stops_a_training_is_one_line(raised, status, says, monkeypatch, capsys):
    def stopped(*_, **__):
        raise raised

    monkeypatch.setattr(work, "fit", stopped)
    assert main(["train", "first-convlstm", "--scale", "smoke"]) == status
    (line,) = capsys.readouterr().err.splitlines()
    assert says in line
