"""The queue: its order, what it makes of folders, and what it reports."""

import json
import shlex
import shutil
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev

import pytest
import torch
from torch import distributed

from stlib import training
from stlib.__main__ import main
from stlib.artifacts import read_result
from stlib.checkpoints import load_tensors, save_tensors
from stlib.commands import work
from stlib.cost import parameters
from stlib.experiments import Job, Status, finish, first_process, jobs, report, run, status, trained
from stlib.recipes import Recipe, experiment, experiments, from_plain, to_plain
from stlib.runs import Run
from stlib.stages import Stage
from stlib.training import Machine
from tests.contract.test_floors import HIDE_THE_REST, run_python

NAME = "first-convlstm"
CPU = Machine(cpu=True, checkpoint_every=1)


@pytest.fixture(autouse=True)
def _no_data_folder(monkeypatch):
    monkeypatch.delenv("STLIB_DATA", raising=False)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of all runs, after two seeds of three; not to be changed."""
    root = tmp_path_factory.mktemp("runs")
    run(jobs([NAME], [0, 7], "smoke", root), machine=CPU)
    return root


@pytest.fixture
def runs(finished, tmp_path):
    """A copy of it that a test may change."""
    return Path(shutil.copytree(finished, tmp_path / "runs"))


def folder(root, seed=0):
    return root / NAME / "smoke" / f"seed-{seed}"


# --- the queue


def test_every_recipe_has_one_seed_before_any_has_two():
    names = [each.name for each in experiments()][:2]
    queue = jobs(names, [3, 1], "lab", "runs")
    assert [(job.seed, job.name) for job in queue] == [
        (3, names[0]), (3, names[1]), (1, names[0]), (1, names[1]),
    ]  # fmt: skip
    assert queue[0] == Job(names[0], "lab", 3, Path("runs") / names[0] / "lab" / "seed-3")
    assert queue[0].recipe == experiment(names[0]).lab
    assert len({job.folder for job in queue}) == 4


@pytest.mark.parametrize(
    ("names", "seeds", "says"),
    [
        ([], [0], r"names=\[\], seeds=\[0\]: expected one of each"),
        ([NAME], [], r"seeds=\[\]: expected one of each"),
        ([NAME], [0, -1], r"seeds=\[0, -1\]: expected each once, and seeds from 0"),
        ([NAME], [1, 1], r"seeds=\[1, 1\]: expected each once"),
        ([NAME, NAME], [1], "expected each once"),
        (["none"], [1], "name='none' is no experiment"),
    ],
)
def test_a_queue_that_cannot_be_is_named(names, seeds, says):
    with pytest.raises(ValueError, match=says):
        jobs(names, seeds, "smoke", "runs")


def test_status_is_read_from_the_names_of_files(tmp_path):
    queue = jobs([NAME], [0, 1, 2], "lab", tmp_path)
    for seed, files in enumerate([[], ["checkpoint-00000100", "checkpoint-00000200"]]):
        place = tmp_path / NAME / "lab" / f"seed-{seed}"
        place.mkdir(parents=True)
        for name in files:
            (place / f"{name}.safetensors").touch()
    (place / "result.json").touch()
    steps = experiment(NAME).lab.steps
    assert status(queue) == [
        Status(queue[0], 0, steps, False),
        Status(queue[1], 200, steps, True),
        Status(queue[2], 0, steps, False),
    ]


def test_a_queue_stops_with_the_minutes_and_goes_on_elsewhere(finished, tmp_path, monkeypatch):
    """On a clock that jumps by an hour, so that each job gets one step; then moved."""
    queue = jobs([NAME], [0, 7], "smoke", tmp_path / "here")
    clock = iter(range(0, 10**9, 3600))
    with monkeypatch.context() as patch:
        patch.setattr(training, "monotonic", lambda: float(next(clock)))
        assert [(each.step, each.evaluated) for each in run(queue, machine=CPU, minutes=30)] == [
            (1, False), (1, False),
        ]  # fmt: skip
    assert report(queue) == {NAME: {"missing": 2}}
    shutil.move(tmp_path / "here", tmp_path / "there")
    moved = jobs([NAME], [0, 7], "smoke", tmp_path / "there")
    assert [(each.step, each.evaluated) for each in run(moved, machine=CPU)] == [(2, True)] * 2
    for seed in (0, 7):  # as if it had never stopped
        weights, whole = (
            load_tensors(folder(root, seed) / "network.safetensors")[0]
            for root in (tmp_path / "there", finished)
        )
        assert all(torch.equal(weights[name], whole[name]) for name in whole)


def test_a_run_killed_at_its_last_checkpoint_still_ends(tmp_path, monkeypatch):
    queue = jobs([NAME], [0], "smoke", tmp_path)

    def killed(held, step, tensors, about):
        if step == 2:
            raise KeyboardInterrupt
        return save_tensors(tensors, about, held.folder / f"checkpoint-{step:08d}.safetensors")

    with monkeypatch.context() as patch:
        patch.setattr(Run, "save_checkpoint", killed)
        with pytest.raises(KeyboardInterrupt):
            run(queue, machine=CPU)
    assert [each.step for each in status(queue)] == [1]
    assert [(each.step, each.evaluated) for each in run(queue, machine=CPU)] == [(2, True)]


def test_what_is_done_is_not_done_again(runs):
    before = {path: path.stat().st_mtime_ns for path in runs.rglob("result.json")}
    queue = jobs([NAME], [0, 7], "smoke", runs)
    run(queue, machine=CPU)
    assert {path: path.stat().st_mtime_ns for path in runs.rglob("result.json")} == before
    assert len(before) == 2


def test_no_time_is_no_work(tmp_path):
    queue = jobs([NAME], [0], "smoke", tmp_path)
    assert run(queue, machine=CPU, minutes=-1.0) == status(queue)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("rank", "first"), [(None, True), (0, True), (1, False)])
def test_one_process_of_several_writes(monkeypatch, rank, first):
    monkeypatch.setattr(distributed, "is_initialized", lambda: rank is not None)
    monkeypatch.setattr(distributed, "get_rank", lambda: rank)
    assert first_process() is first


# --- a run


def test_a_result_says_all_that_a_figure_needs(finished):
    result = read_result(folder(finished) / "result.json")
    recipe = experiment(NAME).smoke
    assert result.measured["recipe"] == to_plain(recipe)
    assert (result.measured["experiment"], result.measured["scale"]) == (NAME, "smoke")
    assert result.measured["seed"] == 0
    assert result.measured["training_clips_seen"] == recipe.steps * recipe.batch
    assert [step for step, _ in result.measured["validation"]] == [1, 2]
    assert len(result.measured["predictors"]["network"]["mse_e3"]["steps"]) == recipe.horizon
    assert result.measured["training_seconds"] > 0
    expected = "python -m stlib train first-convlstm --scale smoke --seed 0"
    assert result.provenance["command"] == expected


def test_a_trained_run_is_built_again(finished):
    recipe, network = trained(folder(finished))
    assert recipe == experiment(NAME).smoke
    weights, _ = Run(folder(finished)).network()
    assert all(torch.equal(weights[name], held) for name, held in network.state_dict().items())
    assert not network.training


def described(place, **same):
    """Change what a run's folder says of it."""
    file = place / "about.json"
    about = json.loads(file.read_text())
    about["same"] |= same
    file.write_text(json.dumps(about))


@pytest.mark.parametrize(
    "changed",
    [
        {"batch": 4, "clip": None, "source": "mine, with 'quotes' & spaces"},
        {"stages": (Stage(steps=3, rate=1.5e-7, frozen=("embed.*", "cells.0.*")),)},
        {"data": replace(experiment(NAME).smoke.data, speed=(1e-5, 0.5), digits="sklearn")},
        {"loss": "l1_l2_sum", "feeding": replace(experiment(NAME).smoke.feeding, until=0.25)},
    ],
)
def test_the_command_in_a_result_names_every_field_overridden(runs, monkeypatch, changed):
    """Read by the command line, it trains the same recipe."""
    recipe, asked = replace(experiment(NAME).smoke, **changed), []
    described(folder(runs), recipe=to_plain(recipe), seed=5, precision="bf16")
    command = read_result(finish(folder(runs), cpu=True)).provenance["command"]
    monkeypatch.setattr(work, "train", lambda *words: asked.append(words))
    python, *words = shlex.split(command)
    assert (python, words[:2]) == ("python", ["-m", "stlib"])
    assert main(words[2:]) == 0
    ((name, read, options),) = asked
    assert (name, read, options.scale, options.seed) == (NAME, recipe, "smoke", 5)
    assert options.machine.precision == "bf16"


def test_flags_and_fewer_clips_are_in_the_command_too(runs):
    plain = to_plain(experiment(NAME).smoke)
    plain["network"]["cell"]["biases"] = 2
    plain["network"]["cell"]["peepholes"] = True
    network = from_plain(Recipe, plain).network.build()
    place = folder(runs)
    _, about = load_tensors(place / "network.safetensors")
    save_tensors(network.state_dict(), about, place / "network.safetensors")
    described(place, recipe=plain)
    command = read_result(finish(place, clips=1, cpu=True)).provenance["command"]
    assert command == (
        "python -m stlib train first-convlstm --scale smoke --seed 0 --network.cell.biases 2 "
        "--network.cell.peepholes --out RUN && python -m stlib evaluate RUN --clips 1"
    )


def test_a_longer_evaluation_is_in_the_command(runs):
    result = read_result(finish(folder(runs), clips=1, horizon=4, cpu=True))
    assert result.measured["horizon"] == 4
    assert result.provenance["command"].endswith("evaluate RUN --clips 1 --horizon 4")


def test_a_recipe_out_of_reach_of_the_command_line_says_so(runs):
    recipe = experiment(NAME).smoke
    described(folder(runs), recipe=to_plain(replace(recipe, stages=recipe.stages * 2)))
    result = read_result(finish(folder(runs), cpu=True))
    assert result.provenance["command"].startswith("python: stlib.training.fit, with the recipe")


@pytest.mark.parametrize(
    ("break_", "error", "says"),
    [
        (lambda at: (at / "about.json").unlink(), FileNotFoundError, "holds no run"),
        (lambda at: (at / "about.json").write_text("{"), ValueError, "about.json: expected JSON"),
        (lambda at: (at / "about.json").write_text('{"same": {}}'), ValueError,
         "about.json: lacks begun, name, precision, recipe, scale, seed"),
        (lambda at: described(at, recipe={}), ValueError, "recipe.kind=None, expected one of"),
        (lambda at: (at / "network.safetensors").unlink(), FileNotFoundError, "not over"),
        (lambda at: (at / "network.safetensors").write_bytes(b"x"), ValueError, "damaged"),
        (lambda at: (at / "log.csv").unlink(), ValueError, "log.csv: expected the rows"),
    ],
)  # fmt: skip
def test_a_damaged_run_is_named_and_its_result_stays(runs, break_, error, says):
    place = folder(runs)
    before = (place / "result.json").read_bytes()
    break_(place)
    with pytest.raises(error, match=says):
        finish(place, cpu=True)
    assert (place / "result.json").read_bytes() == before


def test_a_runs_folder_stays_small_enough_to_carry(finished):
    """Weights and two moments, in two checkpoints; and the weights once more."""

    def bytes_of(recipe):
        return 4 * parameters(recipe.network.build()) * (2 * 3 + 1)

    found = sum(path.stat().st_size for path in folder(finished).iterdir())
    assert found == pytest.approx(bytes_of(experiment(NAME).smoke), rel=0.05)
    for each in experiments():
        assert bytes_of(each.lab) * 1.05 < 15e6, each.name


# --- the report


def test_a_report_is_what_statistics_say_of_the_results(finished):
    queue = jobs([NAME], [0, 1, 7], "smoke", finished)
    told = report(queue)[NAME]
    results = {seed: read_result(folder(finished, seed) / "result.json") for seed in (0, 7)}
    tables = {str(seed): each.measured["predictors"]["network"] for seed, each in results.items()}
    means = [table["mse_e3"]["mean"] for table in tables.values()]
    assert (told["missing"], told["seeds"]) == (1, [0, 7])
    assert means[0] != means[1]
    assert (told["mean"], told["standard_deviation"]) == (mean(means), stdev(means))
    assert told["mse_e3"] == {seed: table["mse_e3"] for seed, table in tables.items()}
    assert told["scores"] == tables
    first = results[0].measured
    for name in ("black", "mean_frame", "copy_last", "constant_velocity"):
        assert told["baseline_scores"][name] == first["predictors"][name]
        assert told["baselines"][name] == first["predictors"][name]["mse_e3"]
    assert told["validation"]["7"] == results[7].measured["validation"]
    assert told["provenance"] == [each.provenance for each in results.values()]
    assert told["trained_with"][0]["torch"] == torch.__version__
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_one_seed_has_no_spread(finished):
    told = report(jobs([NAME], [7], "smoke", finished))[NAME]
    assert (told["missing"], told["standard_deviation"]) == (0, None)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda m: m.update(data_sha256="0" * 64), "data_sha256 is '0000"),
        (lambda m: m.update(clips=1), "clips is 1, expected 2"),
        (lambda m: m.update(seed=3), "seed is 3, expected 7"),
        (lambda m: m["recipe"].update(batch=4), "recipe.batch is 4, expected 2"),
        (lambda m: m.pop("clips"), "clips is None, expected 2"),
        (lambda m: m.update(horizon=4), "horizon is 4, expected 2"),
    ],
)
def test_results_that_do_not_belong_together_are_refused(runs, change, says):
    file = folder(runs, 7) / "result.json"
    held = json.loads(file.read_text())
    change(held["measured"])
    file.write_text(json.dumps(held))
    with pytest.raises(ValueError, match=f"seed-7.result.json: {says}"):
        report(jobs([NAME], [0, 7], "smoke", runs))


def test_a_report_minds_what_was_trained_not_how_its_source_is_put(runs):
    file = folder(runs, 7) / "result.json"
    held = json.loads(file.read_text())
    held["measured"]["recipe"]["source"] = "in other words"
    held["measured"]["recipe"]["data"]["source"] = "of the data too"
    file.write_text(json.dumps(held))
    assert report(jobs([NAME], [7], "smoke", runs))[NAME]["seeds"] == [7]


def test_a_job_needs_no_package_that_a_training_machine_may_lack(tmp_path):
    """What torch, accelerate, safetensors and scikit-learn bring, and nothing else."""
    code = f"""
NEEDED = ["torch", "numpy", "jaxtyping", "accelerate", "safetensors", "scikit-learn"]
{HIDE_THE_REST}
from stlib.experiments import jobs, report, run
from stlib.training import Machine
queue = jobs(["{NAME}"], [0], "smoke", {str(tmp_path)!r})
(found,) = run(queue, machine=Machine(cpu=True))
assert found.evaluated
assert not {{"skimage", "tyro", "beartype", "matplotlib"}} & sys.modules.keys()
report(queue)
"""
    done = run_python(code)
    assert done.returncode == 0, done.stderr
    tables = read_result(folder(tmp_path) / "result.json").measured["predictors"]
    for table in tables.values():
        for metric, told in table.items():
            assert ("unavailable" in told) == metric.startswith("ssim"), metric
