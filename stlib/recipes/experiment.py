"""One recipe in three sizes."""

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from stlib.recipes.clip_recipe import ClipRecipe
from stlib.recipes.recipe import Recipe

__all__ = ["AnyRecipe", "Experiment", "Scale"]

AnyRecipe: TypeAlias = Recipe | ClipRecipe
Scale: TypeAlias = Literal["smoke", "lab", "paper"]


@dataclass(frozen=True)
class Experiment:
    """One recipe in three sizes.

    Attributes:
        name: what the command line calls it.
        smoke: seconds; shrinks samples, steps, frames and their number, never layers, cells,
            loss or feeding.
        lab: minutes on two cores.
        paper: the paper's own setting, for a GPU.

    Source: this book.
    """

    name: str
    smoke: AnyRecipe
    lab: AnyRecipe
    paper: AnyRecipe

    def at(self, scale: Scale) -> AnyRecipe:
        """The recipe of one size.

        Raises:
            ValueError: an unknown scale.
        """
        if scale not in get_args(Scale):
            raise ValueError(f"{scale=}, expected one of {', '.join(get_args(Scale))}")
        recipe: AnyRecipe = getattr(self, scale)
        return recipe
