"""Every experiment of the book, one file a paper; each in three sizes."""

from stlib.recipes import (
    conv_tt_lstm,
    conv_tt_lstm_kth,
    conv_tt_lstm_search,
    early_activity,
    first_network,
    ms_lstm,
    ms_lstm_measured,
    one_table,
    pred_rnn_v2,
    stdcf_kinetics,
    stdcf_reconstruction,
    stdcf_something,
    stdcf_tempo,
    stdcf_two_stage,
    which_motion,
)
from stlib.recipes.clip_recipe import ClipRecipe
from stlib.recipes.experiment import AnyRecipe, Experiment, Scale
from stlib.recipes.plain import from_plain, recipe_from_plain, to_plain
from stlib.recipes.recipe import Loss, Recipe
from stlib.recipes.recognition import Recognition

__all__ = [
    "AnyRecipe",
    "ClipRecipe",
    "Experiment",
    "Loss",
    "Recipe",
    "Recognition",
    "Scale",
    "experiment",
    "experiments",
    "from_plain",
    "recipe_from_plain",
    "to_plain",
]


def experiments() -> tuple[Experiment, ...]:
    """Every experiment, in the order of the book.

    Source: this book.
    """
    return (
        *first_network.EXPERIMENTS,
        *conv_tt_lstm.EXPERIMENTS,
        *conv_tt_lstm_kth.EXPERIMENTS,
        *conv_tt_lstm_search.EXPERIMENTS,
        *early_activity.EXPERIMENTS,
        *ms_lstm.EXPERIMENTS,
        *ms_lstm_measured.EXPERIMENTS,
        *pred_rnn_v2.EXPERIMENTS,
        *stdcf_reconstruction.EXPERIMENTS,
        *stdcf_tempo.EXPERIMENTS,
        *stdcf_two_stage.EXPERIMENTS,
        *stdcf_kinetics.EXPERIMENTS,
        *stdcf_something.EXPERIMENTS,
        *one_table.EXPERIMENTS,
        *which_motion.EXPERIMENTS,
    )


def experiment(name: str) -> Experiment:
    """The experiment of that name.

    Raises:
        ValueError: there is none.

    Source: this book.
    """
    known = {each.name: each for each in experiments()}
    if name not in known:
        raise ValueError(f"{name=} is no experiment; there are {', '.join(known)}")
    return known[name]
