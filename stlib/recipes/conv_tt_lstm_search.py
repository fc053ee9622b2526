"""The searches of Su et al.: Tables 6 and 7, whole and one setting at a time.

The paper says of each setting what became better or worse when it was changed. That is what the
experiments are: the chosen network with one setting changed. The whole grids are there to be
walked by whoever has the machines.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from stlib.recipes.cells import ConvTTLSTMCell
from stlib.recipes.conv_tt_lstm import (
    CELL,
    CONV_LSTM,
    CONV_TT_LSTM,
    LAB_CELL,
    LAB_CONV_LSTM,
    LAB_CONV_TT_LSTM,
    classic,
    with_cell,
)
from stlib.recipes.experiment import Experiment
from stlib.recipes.networks import SkipNetOf, StackOf
from stlib.recipes.recipe import Recipe, smoke

__all__ = ["EXPERIMENTS", "table_6", "table_7"]

KERNELS = (3, 5)
RATES = (1e-4, 5e-4, 1e-3)
ORDERS = (1, 2, 3, 5)
RANKS = (4, 8, 16)
STEPS = (1, 3, 5)
UNCLIPPED = replace(
    CONV_TT_LSTM,
    clip=None,
    source="Su et al., section 4.1: clipping is essential for higher-order models",
)


def table_6() -> Iterator[Recipe]:  # ctt-table-6
    """Every setting of Table 6 that can be built: M is at least N.

    Source: Su et al., Table 6.
    """
    for kernel, rate, order, ranks, steps in product(KERNELS, RATES, ORDERS, RANKS, STEPS):
        if steps >= order:
            cell = ConvTTLSTMCell(order=order, steps=steps, ranks=ranks, kernel=kernel)
            yield _at_rate(with_cell(CONV_TT_LSTM, cell, "Su et al., Table 6"), rate)


def table_7() -> Iterator[Recipe]:  # ctt-table-7
    """Every setting of Table 7.

    Source: Su et al., Table 7.
    """
    for rate, factors, rank in product((1e-4, 1e-3), (2, 3), (8, 16, 32)):
        cell = classic(kernel=5, rank=rank, factors=factors)
        yield _at_rate(with_cell(CONV_LSTM, cell, "Su et al., Table 7"), rate)


def _at_rate(recipe: Recipe, rate: float) -> Recipe:
    (stage,) = recipe.stages
    return replace(recipe, stages=(replace(stage, rate=rate),))


def _changed(name: str, says: str, paper: ConvTTLSTMCell, lab: ConvTTLSTMCell) -> Experiment:
    """Table 6 with one setting of the cell changed."""
    source = f"Su et al., Table 6 and section B.3: {says}"
    whole = with_cell(CONV_TT_LSTM, paper, source)
    return Experiment(name, smoke(whole), with_cell(LAB_CONV_TT_LSTM, lab, source), whole)


def _slower(name: str, rate: float) -> Experiment:
    paper, lab = _at_rate(CONV_TT_LSTM, rate), _at_rate(LAB_CONV_TT_LSTM, rate)
    return Experiment(name, smoke(paper), lab, paper)


def _pytorch(name: str, paper: Recipe, lab: Recipe) -> Experiment:
    """First weights as PyTorch draws them, where section B.2 says Xavier's."""

    def drawn(recipe: Recipe) -> Recipe:
        assert isinstance(recipe.network, SkipNetOf | StackOf)
        return replace(
            recipe,
            network=replace(recipe.network, xavier=False),
            source="Su et al., section B.2 says Xavier; reported of the released training code",
        )

    return Experiment(name, smoke(drawn(paper)), drawn(lab), drawn(paper))


def _classic(name: str, rank: int = 8, factors: int = 3, rate: float | None = None) -> Experiment:
    """Table 7 with one setting changed."""
    source = "Su et al., Table 7 and section B.3, with one train a gate"
    paper = with_cell(CONV_LSTM, classic(5, rank, factors), source)
    lab = with_cell(LAB_CONV_LSTM, classic(3, rank, factors), source)
    if rate is not None:
        paper, lab = _at_rate(paper, rate), _at_rate(lab, rate)
    return Experiment(name, smoke(paper), lab, paper)


EXPERIMENTS = (
    _changed(
        "ctt-table-6-kernel",
        "5 is better than 3 (the lab's chosen width is 3)",
        replace(CELL, kernel=3),
        replace(LAB_CELL, kernel=5),
    ),
    _slower("ctt-table-6-rate-1e-4", 1e-4),
    _slower("ctt-table-6-rate-5e-4", 5e-4),
    *(
        _changed(
            f"ctt-table-6-order-{order}",
            says,
            replace(CELL, order=order, steps=order),
            replace(LAB_CELL, order=order, steps=order),
        )
        for order, says in (
            (1, "better with the order, up to 3"),
            (2, "better with the order, up to 3"),
            (5, "unstable; with as many steps as cores P reduces channels alone"),
        )
    ),
    *(
        _changed(
            f"ctt-table-6-ranks-{ranks}",
            "better with the ranks, up to 8",
            replace(CELL, ranks=ranks),
            replace(LAB_CELL, ranks=ranks),
        )
        for ranks in (4, 16)
    ),
    _changed(
        "ctt-table-6-steps-5",
        "better with the steps, then no better",
        replace(CELL, steps=5),
        replace(LAB_CELL, steps=5),
    ),
    Experiment(
        "ctt-section-4-no-clipping",
        smoke(UNCLIPPED),
        replace(LAB_CONV_TT_LSTM, clip=None, source=UNCLIPPED.source),
        UNCLIPPED,
    ),
    _changed(
        "ctt-section-5-algorithm-1",
        "trained with Algorithm 1, whose border is another",
        replace(CELL, direct=3),
        replace(LAB_CELL, direct=3),
    ),
    _pytorch("ctt-section-b2-pytorch-convlstm", CONV_LSTM, LAB_CONV_LSTM),
    _pytorch("ctt-section-b2-pytorch-conv-tt-lstm", CONV_TT_LSTM, LAB_CONV_TT_LSTM),
    _classic("ctt-table-7-rate-1e-4", rate=1e-4),
    _classic("ctt-table-7-order-2", factors=2),
    _classic("ctt-table-7-rank-16", rank=16),
    _classic("ctt-table-7-rank-32", rank=32),
)
