"""Which runs a benchmark reads, where they may lie in several folders."""

from collections.abc import Sequence
from pathlib import Path

from stlib.experiments import Job, jobs, status
from stlib.recipes import Scale

__all__ = ["queued"]


def queued(
    names: Sequence[str], seeds: Sequence[int], roots: Sequence[Path], scale: Scale = "lab"
) -> list[Job]:
    """Every job in the folder that has its result, or else in the first.

    Args:
        names: of experiments.
        seeds: of trainings.
        roots: folders of runs.
        scale: 'smoke', 'lab' or 'paper'.
    """
    found = [status(jobs(names, seeds, scale, root)) for root in roots]
    return [
        next((each.job for each in places if each.evaluated), places[0].job)
        for places in zip(*found, strict=True)
    ]
