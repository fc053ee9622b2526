"""Trained networks that come with the package: small, in half precision, with their recipe."""

from pathlib import Path
from typing import NamedTuple

from torch import nn

from stlib.artifacts import provenance
from stlib.checkpoints import load_tensors, save_tensors
from stlib.recipes import AnyRecipe, recipe_from_plain
from stlib.runs import Run
from stlib.training import rebuilt

__all__ = ["Shipped", "ship", "shipped"]

FOLDER = Path(__file__).parent / "weights"


class Shipped(NamedTuple):
    """A trained network and what it was trained by.

    Attributes:
        network: on the CPU, in evaluation mode, in single precision.
        recipe: of its training.
        seed: of its training.

    Source: this book.
    """

    network: nn.Module
    recipe: AnyRecipe
    seed: int


def shipped(name: str) -> Shipped:
    """Load a network that the package ships.

    Args:
        name: of the file in ``stlib/weights``, without ``.safetensors``.

    Raises:
        FileNotFoundError: no such network; the message lists those there are.
        ValueError: a damaged file.
        ImportError: safetensors is missing.

    Source: this book.
    """
    path = FOLDER / f"{name}.safetensors"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in FOLDER.glob("*.safetensors"))) or "none"
        raise FileNotFoundError(f"no network {name!r}; there are: {known}")
    tensors, about = load_tensors(path)
    recipe = recipe_from_plain(about["recipe"])
    whole = {
        key: tensor.float() if tensor.is_floating_point() else tensor
        for key, tensor in tensors.items()
    }
    return Shipped(rebuilt(recipe, whole), recipe, about["seed"])


def ship(run: str | Path, path: str | Path) -> Path:
    """Write a run's trained network in half precision, with recipe and provenance.

    Args:
        run: folder of the run.
        path: of the file to write, for one to ship in ``stlib/weights``.

    Raises:
        FileNotFoundError: training is not over, or there is no run.
        OSError: the file cannot be written.

    Source: this book.
    """
    held = Run(run)
    about, (weights, trained) = held.about(), held.network()
    told = {**trained, "trained_with": about["begun"], "shipped_with": provenance("")}
    halves = {
        name: tensor.half() if tensor.is_floating_point() else tensor
        for name, tensor in weights.items()
    }
    return save_tensors(halves, told, path)
