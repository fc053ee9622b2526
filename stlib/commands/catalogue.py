"""`list`, `show` and `cost`: what there is to train, and what it takes."""

import json
from typing import Any

import torch

from stlib.cost import macs, parameters
from stlib.recipes import Scale, experiment, experiments, to_plain

__all__ = ["cost", "costs", "list_experiments", "show"]


def list_experiments() -> None:
    """List the experiments, a line each."""
    every = experiments()
    width = max(len(each.name) for each in every) + 2
    for each in every:
        print(f"{each.name:{width}}{each.paper.source}")


def show(name: str, /, scale: Scale = "lab") -> None:
    """Print a recipe as JSON: everything that `train` can override.

    Args:
        name: of the experiment.
        scale: smoke, lab or paper.
    """
    print(json.dumps(to_plain(experiment(name).at(scale)), indent=1, ensure_ascii=False))


def costs(name: str, scale: Scale) -> dict[str, Any]:
    """What a recipe's network costs: one time step, and a clip as in training, forward.

    Args:
        name: of the experiment.
        scale: of the recipe.

    Returns:
        Parameters; MACs of one step and of the steps of one clip; the canvas they are for.

    Raises:
        ValueError: an unknown name or scale.

    Source: this book; counted by `stlib.cost`.
    """
    recipe = experiment(name).at(scale)
    canvas = recipe.data.canvas
    with torch.device("meta"):  # shapes without numbers
        network = recipe.network.build()
        frame = torch.zeros(1, recipe.network.channels, canvas, canvas)
    step = macs(network, frame)
    return {
        "experiment": name,
        "scale": scale,
        "parameters": parameters(network),
        "canvas": canvas,
        "macs_per_step": step,
        "steps_per_clip": recipe.data.frames - 1,
        "macs_per_clip": step * (recipe.data.frames - 1),
        "optimizer_steps": recipe.steps,
        "clips": recipe.steps * recipe.batch,
    }


def cost(name: str, /, scale: Scale = "lab", *, json: bool = False) -> None:
    """Count parameters and multiply-accumulates of a recipe's network.

    Args:
        name: of the experiment.
        scale: smoke, lab or paper.
        json: print JSON.
    """
    told = costs(name, scale)
    if json:
        print(_json(told))
        return
    for key, value in told.items():
        number = f"{value:,}" if isinstance(value, int) else value
        print(f"{key.replace('_', ' '):18}{number}")


def _json(told: Any) -> str:
    return json.dumps(told, indent=1)
