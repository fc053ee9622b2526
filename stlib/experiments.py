"""A queue of recipes times seeds, in folders that can stop anywhere and go on elsewhere.

    runs/first-convlstm/lab/seed-0/    one run: everything it needs to go on

It needs torch, numpy, accelerate, safetensors and scikit-learn.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import mean, stdev
from time import monotonic
from typing import Any

import torch

from stlib.artifacts import Result, provenance, read_result, save_result
from stlib.evaluation import evaluate
from stlib.recipes import Recipe, Scale, experiment, from_plain
from stlib.runs import Run
from stlib.training import Machine, fit, rebuilt

__all__ = ["Job", "Status", "finish", "jobs", "report", "run", "status"]


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
    def recipe(self) -> Recipe:
        """What is trained."""
        return experiment(self.name).at(self.scale)


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
        )
        if outcome.finished and not Run(job.folder).result_file.exists():
            finish(job.folder, cpu=machine.cpu)
    return status(queue)


def finish(folder: str | Path, clips: int | None = None, *, cpu: bool = False) -> Path:
    """Evaluate a trained run and keep the result in its folder.

    Args:
        folder: of the run.
        clips: how many test clips; None is the recipe's own number.
        cpu: leave a GPU alone.

    Returns:
        The file ``result.json``.

    Raises:
        FileNotFoundError: training is not over.
        ValueError: a damaged folder, or what `evaluate` raises.

    Source: this book.
    """
    held = Run(folder)
    about = held.about()
    recipe = from_plain(Recipe, about["same"]["recipe"])
    weights, _ = held.network()
    rows = held.log()
    device = torch.device("cuda" if torch.cuda.is_available() and not cpu else "cpu")
    measured = {
        **evaluate(rebuilt(recipe, weights).to(device), recipe, clips=clips),
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
    }
    name, seed = about["name"], about["same"]["seed"]
    command = f"python -m stlib train {name} --scale {about['scale']} --seed {seed}"
    result = Result(measured, provenance(command, device))
    return save_result(result, held.result_file)


def status(queue: Sequence[Job]) -> list[Status]:
    """How far each job has come, from its folder alone.

    Raises:
        ValueError: a folder whose description is damaged.

    Source: this book.
    """
    return [_status(job) for job in queue]


def report(queue: Sequence[Job]) -> dict[str, Any]:
    """What the finished jobs measured: for each experiment every seed's number, mean and spread.

    Args:
        queue: as `jobs` makes it; unfinished jobs are counted, not guessed.

    Returns:
        By experiment: seeds, the network's error of each, their mean and standard deviation (null
        for one seed), the baselines' errors, and how many are missing.

    Raises:
        ValueError: results of one experiment that were measured on different data or recipes.

    Source: this book.
    """
    told: dict[str, Any] = {}
    for name in dict.fromkeys(job.name for job in queue):
        mine = [job for job in queue if job.name == name]
        found = list(_results(mine))
        told[name] = {"missing": len(mine) - len(found)}
        if not found:
            continue
        _check_alike(name, [result.measured for _, result in found])
        errors = {
            job.seed: result.measured["predictors"]["network"]["mse_e3"] for job, result in found
        }
        means = [error["mean"] for error in errors.values()]
        first = found[0][1].measured
        told[name] |= {
            "seeds": list(errors),
            "mse_e3": {str(seed): error for seed, error in errors.items()},
            "mean": mean(means),
            "standard_deviation": stdev(means) if len(means) > 1 else None,
            "baselines": {
                other: table["mse_e3"]
                for other, table in first["predictors"].items()
                if other != "network"
            },
            "clips": first["clips"],
            "training_seconds": [r.measured["training_seconds"] for _, r in found],
            "recipe": first["recipe"],
            "data": first["data"],
            "data_sha256": first["data_sha256"],
            "trained_with": [r.measured["trained_with"] for _, r in found],
        }
    return told


def _status(job: Job) -> Status:
    held = Run(job.folder)
    kept = held.checkpoints() if job.folder.is_dir() else []
    step = int(kept[-1].stem.rpartition("-")[2]) if kept else 0
    return Status(job, step, job.recipe.steps, held.result_file.is_file())


def _results(queue: Sequence[Job]) -> Iterator[tuple[Job, Result]]:
    for job in queue:
        file = Run(job.folder).result_file
        if file.is_file():
            yield job, read_result(file)


def _check_alike(name: str, measured: Sequence[dict[str, Any]]) -> None:
    for key in ("recipe", "data_sha256", "clips"):
        if any(other[key] != measured[0][key] for other in measured):
            raise ValueError(f"{name}: results differ in {key}; expected one setting in all seeds")
