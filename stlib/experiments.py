"""A queue of recipes times seeds, in folders that can stop anywhere and go on elsewhere.

    runs/first-convlstm/lab/seed-0/    one run: everything it needs to go on

It needs torch, numpy, accelerate, safetensors and scikit-learn.
"""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from statistics import mean, stdev
from time import monotonic
from typing import Any

import torch
from torch import distributed, nn

from stlib.artifacts import Result, provenance, read_result, save_result
from stlib.evaluation import evaluate
from stlib.recipes import (
    AnyRecipe,
    ClipRecipe,
    Scale,
    experiment,
    recipe_from_plain,
    to_plain,
)
from stlib.recipes.earlier import current
from stlib.runs import Run, conflicts, differences
from stlib.training import Machine, fit, rebuilt

__all__ = [
    "Job",
    "Status",
    "finish",
    "first_process",
    "first_run",
    "jobs",
    "report",
    "run",
    "status",
    "trained",
]


@dataclass(frozen=True)
class Job:
    """One recipe with one seed.

    Attributes:
        name: of the experiment.
        scale: 'smoke', 'lab' or 'paper'.
        seed: of the training.
        folder: of the run.

    Source: this book.
    """

    name: str
    scale: Scale
    seed: int
    folder: Path

    @property
    def recipe(self) -> AnyRecipe:
        """What is trained."""
        return experiment(self.name).at(self.scale)

    @property
    def first(self) -> Path | None:
        """The run whose weights come first, of the same scale and seed; None where none do."""
        return first_run(self.recipe, self.folder)


@dataclass(frozen=True)
class Status:
    """How far a job has come.

    Attributes:
        job: which.
        step: optimiser steps done, as far as a checkpoint keeps them.
        steps: in all.
        evaluated: whether its result is there.

    Source: this book.
    """

    job: Job
    step: int
    steps: int
    evaluated: bool


def jobs(names: Sequence[str], seeds: Sequence[int], scale: Scale, root: str | Path) -> list[Job]:
    """The queue, seed by seed, so that every recipe has one seed before any has two.

    Args:
        names: of experiments.
        seeds: of trainings.
        scale: 'smoke', 'lab' or 'paper'.
        root: folder of all runs.

    Raises:
        ValueError: an unknown name or scale, nothing to do, a negative seed, or one twice.

    Source: this book.
    """
    if not names or not seeds:
        raise ValueError(f"{names=}, {seeds=}: expected one of each at least")
    if min(seeds) < 0 or len(set(seeds)) < len(seeds) or len(set(names)) < len(names):
        raise ValueError(f"{names=}, {seeds=}: expected each once, and seeds from 0")
    for name in names:
        experiment(name).at(scale)
    return [
        Job(name, scale, seed, Path(root) / name / scale / f"seed-{seed}")
        for seed, name in product(seeds, names)
    ]


def run(
    queue: Sequence[Job],
    *,
    machine: Machine = Machine(),
    minutes: float = float("inf"),
) -> list[Status]:
    """Work through the queue until it is done or the minutes are over; call again to go on.

    Args:
        queue: as `jobs` makes it.
        machine: how to compute.
        minutes: for all jobs together.

    Raises:
        ValueError, OSError, ArithmeticError: what `fit` and `evaluate` raise.

    Source: this book.
    """
    end = monotonic() + 60 * minutes
    for job in queue:
        left = (end - monotonic()) / 60
        if left <= 0:
            break
        outcome = fit(
            job.recipe,
            job.folder,
            name=job.name,
            scale=job.scale,
            seed=job.seed,
            resume=True,
            machine=machine,
            minutes=left,
            first=job.first,
        )
        if outcome.finished and first_process() and not Run(job.folder).result_file.exists():
            finish(job.folder, cpu=machine.cpu)
    return status(queue)


def first_run(recipe: AnyRecipe, folder: Path) -> Path | None:
    """Where the run lies whose weights a fine-tuning begins with, if all runs lie as `jobs` says.

    Args:
        recipe: of the fine-tuning.
        folder: of its run.

    Returns:
        The folder of the other experiment's run with the same scale and seed; None where the recipe
        draws all its weights.

    Source: this book.
    """
    if not isinstance(recipe, ClipRecipe) or recipe.first is None:
        return None
    *_, scale, seed = folder.parts
    return folder.parents[2] / recipe.first.experiment / scale / seed


def first_process() -> bool:
    """Whether this process writes what all of a training's processes would write alike.

    Source: this book.
    """
    return not distributed.is_initialized() or distributed.get_rank() == 0


def trained(folder: str | Path) -> tuple[AnyRecipe, nn.Module]:
    """The recipe of a trained run and its network, on the CPU and in evaluation mode.

    Args:
        folder: of the run.

    Raises:
        FileNotFoundError: no run, or training is not over.
        ValueError: a damaged folder.

    Source: this book.
    """
    held = Run(folder)
    recipe = recipe_from_plain(_described(held)["same"]["recipe"])
    weights, _ = held.network()
    return recipe, rebuilt(recipe, weights)


def finish(
    folder: str | Path, clips: int | None = None, horizon: int | None = None, *, cpu: bool = False
) -> Path:
    """Evaluate a trained run and keep the result in its folder.

    Args:
        folder: of the run.
        clips: how many test clips; None is the recipe's own number.
        horizon: frames to foretell; None is the recipe's own number.
        cpu: leave a GPU alone.

    Returns:
        The file ``result.json``, with the command that measures again.

    Raises:
        FileNotFoundError: no run, or training is not over.
        ValueError: a damaged folder, or what `evaluate` raises.

    Source: this book.
    """
    held = Run(folder)
    about, rows = _described(held), held.log()
    recipe, network = trained(folder)
    if horizon is not None:
        if isinstance(recipe, ClipRecipe):
            raise ValueError(f"{horizon=}: expected none, for {folder} foretells no frames")
        recipe = replace(recipe, foretell=horizon)
    if not rows:
        raise ValueError(f"{held.log_file}: expected the rows of a training, found none")
    device = torch.device("cuda" if torch.cuda.is_available() and not cpu else "cpu")
    measured = {
        **evaluate(network.to(device), recipe, clips=clips),
        **({"first": about["first"]} if "first" in about else {}),
        "experiment": about["name"],
        "scale": about["scale"],
        "recipe": about["same"]["recipe"],
        "seed": about["same"]["seed"],
        "training_clips_seen": recipe.steps * recipe.batch,
        "training_seconds": float(rows[-1]["seconds"]),
        "trained_with": about["begun"],
        "validation": [
            [int(row["step"]), float(row["validation"])] for row in rows if row["validation"]
        ],
        "stages": held.memory().get("stages", []),
    }
    result = Result(measured, provenance(_command(about, clips, horizon), device))
    return save_result(result, held.result_file)


def status(queue: Sequence[Job]) -> list[Status]:
    """How far each job has come, from the names of the files in its folder alone.

    Source: this book.
    """
    return [_status(job) for job in queue]


def report(queue: Sequence[Job]) -> dict[str, Any]:
    """What the finished jobs measured: for each experiment every seed's number, mean and spread.

    Args:
        queue: as `jobs` makes it; unfinished jobs are counted, not guessed.

    Returns:
        By experiment: how many jobs are missing; by seed its validation errors, what held-out clips
        said before and after each stage, and the provenance of both training and evaluation; the
        recipe and the data. Of networks that make frames also, by seed, step by step and on
        average, the MSE per pixel times 1000 (``mse_e3``) and all scores; mean and standard
        deviation over seeds (null for one seed) of the average MSE; the baselines' MSE and all
        their scores. Of those that name clips, by seed, how well they did.

    Raises:
        OSError: a result cannot be read.
        ValueError: a damaged result, or one that was measured on other data, with another recipe
            or seed than its job's, or on another number of clips or another horizon than the rest.

    Source: this book.
    """
    told: dict[str, Any] = {}
    for name in dict.fromkeys(job.name for job in queue):
        mine = [job for job in queue if job.name == name]
        found = list(_results(mine))
        told[name] = {"missing": len(mine) - len(found)}
        if not found:
            continue
        _check_alike(found)
        measured = {str(job.seed): result.measured for job, result in found}
        first = found[0][1].measured
        told[name] |= {
            "seeds": [job.seed for job, _ in found],
            **(_of_frames(measured) if "predictors" in first else {}),
            "validation": {seed: each["validation"] for seed, each in measured.items()},
            "stages": {seed: each.get("stages", []) for seed, each in measured.items()},
            "clips": first["clips"],
            "training_seconds": [each["training_seconds"] for each in measured.values()],
            "recipe": first["recipe"],
            "data": first["data"],
            "data_sha256": first["data_sha256"],
            "trained_with": [each["trained_with"] for each in measured.values()],
            "provenance": [result.provenance for _, result in found],
        }
        if "recognition" in first:
            told[name]["recognition"] = {
                seed: each["recognition"] for seed, each in measured.items()
            }
    return told


def _of_frames(measured: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """By seed, what each network scored, and once what the baselines did."""
    networks = {seed: each["predictors"]["network"] for seed, each in measured.items()}
    means = [table["mse_e3"]["mean"] for table in networks.values()]
    first = next(iter(measured.values()))["predictors"]
    others = {other: table for other, table in first.items() if other != "network"}
    return {
        "mse_e3": {seed: table["mse_e3"] for seed, table in networks.items()},
        "mean": mean(means),
        "standard_deviation": stdev(means) if len(means) > 1 else None,
        "baselines": {other: table["mse_e3"] for other, table in others.items()},
        "scores": networks,
        "baseline_scores": others,
    }


def _status(job: Job) -> Status:
    held = Run(job.folder)
    return Status(job, held.step(), job.recipe.steps, held.result_file.is_file())


def _results(queue: Sequence[Job]) -> Iterator[tuple[Job, Result]]:
    for job in queue:
        file = Run(job.folder).result_file
        if file.is_file():
            yield job, read_result(file)


def _check_alike(found: Sequence[tuple[Job, Result]]) -> None:
    """Refuse results of another recipe or seed than their job has, of other clips or frames."""
    first = found[0][1].measured
    for job, result in found:
        file = Run(job.folder).result_file
        expected = {
            "recipe": to_plain(job.recipe),
            "seed": job.seed,
            "data_sha256": first.get("data_sha256"),
            "clips": first.get("clips"),
            "horizon": first.get("horizon"),
        }
        held = {key: current(result.measured.get(key)) for key in expected}
        for name, old, new in conflicts(held, expected):
            raise ValueError(f"{file}: {name} is {old!r}, expected {new!r}")


def _described(held: Run) -> dict[str, Any]:
    """What a run is, with all that a result says of it."""
    about = held.about()
    lacking = {"name", "scale", "begun"} - about.keys()
    lacking |= {"recipe", "seed", "precision"} - about["same"].keys()
    if lacking:
        raise ValueError(f"{held.about_file}: lacks {', '.join(sorted(lacking))}")
    return about


def _command(about: dict[str, Any], clips: int | None, horizon: int | None) -> str:
    """What a reader types to train and evaluate again, whatever fields were overridden."""
    name, scale, same = about["name"], about["scale"], about["same"]
    try:
        known = to_plain(experiment(name).at(scale))
    except ValueError:
        known = None
    changed = list(differences(known, same["recipe"]))
    if any(field.endswith("kind") or _nested(value) for field, _, value in changed):
        return "python: stlib.training.fit, with the recipe and the seed that this result holds"
    words = ["python", "-m", "stlib", "train", name, "--scale", scale, "--seed", str(same["seed"])]
    if same["precision"] != "no":
        words += ["--precision", same["precision"]]
    if "first" in about:
        words += ["--first", about["first"]["run"]]
    for field, _, value in changed:
        words += _option(field, value)
    asked = {"--clips": clips, "--horizon": horizon}
    options = [word for key, value in asked.items() if value for word in (key, str(value))]
    if not options:
        return shlex.join(words)
    evaluated = ["python", "-m", "stlib", "evaluate", "RUN", *options]
    return f"{shlex.join([*words, '--out', 'RUN'])} && {shlex.join(evaluated)}"


def _nested(value: Any) -> bool:
    """Whether the command line has no single option for it."""
    entries = value if isinstance(value, list) else [value]
    return any(isinstance(entry, dict) for entry in entries)


def _option(field: str, value: Any) -> list[str]:
    """The words that give a recipe's field a value, as tyro reads them."""
    if isinstance(value, bool):
        group, dot, name = field.rpartition(".")
        return [f"--{group}{dot}{name if value else f'no-{name}'}"]
    return [f"--{field}", *(str(each) for each in (value if isinstance(value, list) else [value]))]
