"""Iterative two-stage learning: a list of stages that never see a clip whole."""

from dataclasses import replace

from stlib.stages import Stage, View

__all__ = ["two_stage", "whole_view"]


def two_stage(
    stage: Stage,
    *,
    iterations: int = 3,
    space: int = 2,
    time: int = 2,
    parts: bool = True,
    first: Stage | None = None,
) -> tuple[Stage, ...]:
    """Stage-t and stage-s in turn.

    Stage-t sees all frames, each ``space`` times smaller, and leaves what is spatial alone. Stage-s
    sees all pixels of every ``time``-th frame and leaves what is temporal alone. Along the axis
    that is whole, the filters stand as far apart as they will on whole clips: temporal taps
    ``time`` frames apart in stage-t, spatial ones ``space`` pixels apart in stage-s.

    Args:
        stage: length and rates of each; the optimiser is fresh in each.
        iterations: of both, E.
        space: by which frames shrink in stage-t, β.
        time: of so many frames stage-s sees one, γ.
        parts: whether the layers have spatial and temporal parts that can stand still: the atoms
            of a joint layer, W_s and W_t of a rank-1 layer. A regular layer has none.
        first: length and rates of the very first stage; None is those of all.

    Returns:
        Twice as many stages as iterations.

    Raises:
        ValueError: no iteration, or a factor below 1.

    Source: Miao et al., Algorithm 1, an optimiser's steps where it assigns a gradient; dilations:
        their sections 2.3 and 3.1.
    """
    if iterations < 1:
        raise ValueError(f"{iterations=}: expected 1 or more")
    of_time = View(shrink=space, temporal_dilation=time)
    of_space = View(every=time, spatial_dilation=space)
    stage_t = replace(stage, frozen=("*.spatial",) if parts else (), view=of_time)
    stage_s = replace(stage, frozen=("*.temporal",) if parts else (), view=of_space)
    stages = (stage_t, stage_s) * iterations  # stdcf-alg-1
    if first is None:
        return stages
    return (replace(first, frozen=stage_t.frozen, view=of_time), *stages[1:])


def whole_view(*, space: int = 2, time: int = 2) -> View:
    """The view of a test behind `two_stage`: the whole clip, both kinds of taps apart.

    Args:
        space: β of the stages.
        time: γ of the stages.

    Raises:
        ValueError: a factor below 1.

    Source: Miao et al., section 3.1.
    """
    return View(temporal_dilation=time, spatial_dilation=space)
