"""`train`, `evaluate`, `predict`, `lpips`: one run, from first weights to scores."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

from stlib.artifacts import read_result, save_result
from stlib.evaluation import load_predictions, perceptual_scores, predictions, save_predictions
from stlib.experiments import finish, first_process, first_run, trained
from stlib.files import unused
from stlib.metrics.perceptual import Inputs, Trunk
from stlib.recipes import AnyRecipe, ClipRecipe, Scale
from stlib.runs import Run
from stlib.training import Machine, fit

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
        first: folder of the run that a fine-tuning begins with; without it runs/ITS-NAME/ with the
            same scale and seed.
        machine: how to compute.
    """

    scale: Scale = "lab"
    seed: int = 0
    out: Path | None = None
    resume: bool = False
    minutes: float = float("inf")
    first: Path | None = None
    machine: Machine = field(default_factory=lambda: Machine(progress=True))

    def folder(self, name: str) -> Path:
        """Where the run is."""
        return self.out or self.usual(name)

    def usual(self, name: str) -> Path:
        """Where the run of an experiment is, if nothing else is said."""
        return Path("runs") / name / self.scale / f"seed-{self.seed}"


def train(name: str, recipe: AnyRecipe, options: Train) -> None:
    """Train, and score the trained network on the test split.

    Args:
        name: of the experiment.
        recipe: of that experiment, fields overridden or not.
        options: the rest of the command line.
    """
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
        first=options.first or first_run(recipe, options.usual(name)),
    )
    if not first_process():
        return
    if not outcome.finished:
        print(f"{folder}: {outcome.step} of {outcome.steps} steps; go on with --resume")
        return
    if not Run(folder).result_file.exists():
        finish(folder, cpu=options.machine.cpu)
    _print_scores(folder)


def evaluate(
    run: Path, /, clips: int | None = None, horizon: int | None = None, *, cpu: bool = False
) -> None:
    """Score a trained run on its test split, beside the baselines; writes RUN/result.json.

    Args:
        run: folder of the run.
        clips: how many; without it as many as the recipe says.
        horizon: frames to foretell; without it as many as the recipe says.
        cpu: leave a GPU alone.
    """
    finish(run, clips, horizon, cpu=cpu)
    _print_scores(run)


def predict(run: Path, out: Path, /, clips: int | None = None) -> None:
    """Save a trained run's predictions of test clips, with context and truth.

    Args:
        run: folder of the run.
        out: file to write, .safetensors; it must not exist.
        clips: how many; without it as many as the recipe says.

    Raises:
        FileExistsError: there is a file of that name.
        FileNotFoundError: training is not over, or the folder of the file is missing.
        ValueError: a run that foretells no frames, or more clips than there are.
    """
    unused(out)
    recipe, network = trained(run)
    if isinstance(recipe, ClipRecipe):
        raise ValueError(f"{run} foretells no frames: expected a run that does")
    save_predictions(*predictions(network, recipe, clips=clips), out)
    print(f"predictions are in {out}")


def lpips(
    saved: Path,
    /,
    result: Path | None = None,
    trunk: Trunk = "alex",
    inputs: Inputs = "signed",
    *,
    download: bool = False,
) -> None:
    """Score saved predictions by LPIPS; where its trunk cannot be had, say why.

    Args:
        saved: file that `predict` wrote.
        result: result.json of the same clips, to which the score is added.
        trunk: alex, vgg or squeeze.
        inputs: signed, as the network expects; or unit, as is reported of released code.
        download: fetch the trunk if it is not there.

    Raises:
        ValueError: a damaged file, frames under 31 pixels, or a result of other clips or of another
            horizon.
        OSError: a file cannot be read or written.
    """
    clips, prediction = load_predictions(saved)
    held = None if result is None else read_result(result)
    for name, stored in (("clips", len(prediction)), ("horizon", prediction.shape[1])):
        if held is not None and held.measured.get(name) != stored:
            raise ValueError(
                f"{result}: {name}={held.measured.get(name)}, expected {stored} as {saved}; "
                "evaluate what was predicted"
            )
    told = perceptual_scores(prediction, clips.future, trunk, inputs, download)
    # That it could not be had here takes no score away that was measured elsewhere.
    worth = "mean" in told or (held is not None and "mean" not in held.measured.get("lpips", {}))
    if result is not None and held is not None and worth:
        save_result(replace(held, measured={**held.measured, "lpips": told}), result)
    print(json.dumps(told))


def _print_scores(folder: Path) -> None:
    measured = read_result(Run(folder).result_file).measured
    held = f"{measured['clips']} test clips of {measured['data']}"
    if "recognition" in measured:
        named = measured["recognition"]
        after = f" after {named['seen']:.0%} of a clip" if "seen" in named else ""
        print(f"named right{after}: {named['accuracy']:.1%} of {held}")
    if "predictors" in measured:
        print(f"{held}, MSE per pixel x 1000")
    for name, table in measured.get("predictors", {}).items():
        error = table["mse_e3"]
        steps = " ".join(f"{value:6.1f}" for value in error["steps"])
        print(f"{name:20}{error['mean']:6.2f}   {steps}")
    print(f"{folder}")
