"""What a recipe asks of its network: what a step's loss is, and how wrong it is on held-out clips.

The loop in `stlib.training` knows neither frames nor labels, only a `Task`.
"""

from stlib.recipes import AnyRecipe, ClipRecipe
from stlib.tasks.forecasting import Forecasting
from stlib.tasks.recognizing import Recognizing
from stlib.tasks.task import Moment, Task
from stlib.tasks.whole_clips import Naming, Reconstructing

__all__ = ["Forecasting", "Moment", "Naming", "Recognizing", "Reconstructing", "Task", "task_of"]


def task_of(recipe: AnyRecipe) -> Task:
    """The task of a recipe.

    Source: this book.
    """
    if isinstance(recipe, ClipRecipe):
        return Naming(recipe) if recipe.task == "name" else Reconstructing(recipe)
    return Forecasting(recipe) if recipe.recognition is None else Recognizing(recipe)
