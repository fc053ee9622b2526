"""`train`, `evaluate`, `predict`, `lpips`: one run, from first weights to scores."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

from stlib.artifacts import read_result, save_result
from stlib.evaluation import evaluate as measure
from stlib.evaluation import load_predictions, perceptual_scores
from stlib.experiments import finish
from stlib.metrics.perceptual import Inputs, Trunk
from stlib.recipes import Recipe, Scale, from_plain
from stlib.runs import Run
from stlib.training import Machine, fit, rebuilt

__all__ = ["Train", "evaluate", "lpips", "predict", "train"]


@dataclass(frozen=True)
class Train:
    """Train one experiment; options that name a recipe's field, as `show` prints it, override it.

    Attributes:
        scale: smoke, lab or paper.
        seed: of first weights, order and truth matrices.
        out: folder of the run; without it runs/NAME/SCALE/seed-SEED.
        resume: go on with the run in that folder.
        minutes: stop with a checkpoint when they are over.
        machine: how to compute.
    """

    scale: Scale = "lab"
    seed: int = 0
    out: Path | None = None
    resume: bool = False
    minutes: float = float("inf")
    machine: Machine = field(default_factory=lambda: Machine(progress=True))

    def folder(self, name: str) -> Path:
        """Where the run is."""
        return self.out or Path("runs") / name / self.scale / f"seed-{self.seed}"


def train(name: str, recipe: Recipe, options: Train) -> None:
    """Train, and score the trained network on the test split."""
    folder = options.folder(name)
    outcome = fit(
        recipe,
        folder,
        name=name,
        scale=options.scale,
        seed=options.seed,
        resume=options.resume,
        machine=options.machine,
        minutes=options.minutes,
    )
    if not outcome.finished:
        print(f"{folder}: {outcome.step} of {outcome.steps} steps; go on with --resume")
        return
    if not Run(folder).result_file.exists():
        finish(folder, cpu=options.machine.cpu)
    _print_scores(folder)


def evaluate(run: Path, /, clips: int | None = None, *, cpu: bool = False) -> None:
    """Score a trained run on its test split, beside the baselines; writes RUN/result.json.

    Args:
        run: folder of the run.
        clips: how many; without it as many as the recipe says.
        cpu: leave a GPU alone.
    """
    finish(run, clips, cpu=cpu)
    _print_scores(run)


def predict(run: Path, out: Path, /, clips: int | None = None) -> None:
    """Save a trained run's predictions of test clips, with context and truth.

    Args:
        run: folder of the run.
        out: file to write, .safetensors; it must not exist.
        clips: how many; without it as many as the recipe says.

    Raises:
        FileExistsError: there is a file of that name.
        FileNotFoundError: training is not over.
        ValueError: more clips than there are.
    """
    if out.exists():
        raise FileExistsError(f"{out} exists; choose another name")
    held = Run(run)
    recipe = from_plain(Recipe, held.about()["same"]["recipe"])
    weights, _ = held.network()
    measure(rebuilt(recipe, weights), recipe, clips=clips, keep=out)
    print(f"predictions are in {out}")


def lpips(
    predictions: Path,
    /,
    result: Path | None = None,
    trunk: Trunk = "alex",
    inputs: Inputs = "signed",
    *,
    download: bool = False,
) -> None:
    """Score saved predictions by LPIPS; where its trunk cannot be had, say why.

    Args:
        predictions: file that `predict` wrote.
        result: result.json to which the score is added.
        trunk: alex, vgg or squeeze.
        inputs: signed, as the network expects; or unit, as is reported of released code.
        download: fetch the trunk if it is not there.

    Raises:
        ValueError: a damaged file, or frames under 31 pixels.
        OSError: a file cannot be read or written.
    """
    clips, prediction = load_predictions(predictions)
    told = perceptual_scores(prediction, clips.future, trunk, inputs, download)
    if result is not None:
        held = read_result(result)
        save_result(replace(held, measured={**held.measured, "lpips": told}), result)
    print(json.dumps(told))


def _print_scores(folder: Path) -> None:
    measured = read_result(Run(folder).result_file).measured
    print(f"{measured['clips']} test clips of {measured['data']}, MSE per pixel x 1000")
    for name, table in measured["predictors"].items():
        error = table["mse_e3"]
        steps = " ".join(f"{value:6.1f}" for value in error["steps"])
        print(f"{name:20}{error['mean']:6.2f}   {steps}")
    print(f"{folder}")
