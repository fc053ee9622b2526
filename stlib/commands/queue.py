"""`experiments run`, `status` and `report`: a queue of recipes times seeds."""

import json
from dataclasses import dataclass
from pathlib import Path

from stlib import experiments
from stlib.experiments import Job, Status
from stlib.recipes import Scale
from stlib.training import Machine

__all__ = ["Queue", "report", "run", "status"]


@dataclass(frozen=True)
class Queue:
    """Which trainings.

    Attributes:
        names: of the experiments.
        seeds: of each of them.
        scale: smoke, lab or paper.
        root: folder of all runs.
    """

    names: tuple[str, ...] = ("first-convlstm",)
    seeds: tuple[int, ...] = (0, 1, 2)
    scale: Scale = "lab"
    root: Path = Path("runs")

    def jobs(self) -> list[Job]:
        """The queue.

        Raises:
            ValueError: an unknown name, or nothing to do.
        """
        return experiments.jobs(self.names, self.seeds, self.scale, self.root)


def run(
    queue: Queue = Queue(),
    minutes: float = float("inf"),
    machine: Machine = Machine(),
) -> None:
    """Work through the queue, or go on with it.

    Args:
        queue: which trainings.
        minutes: stop with a checkpoint when they are over.
        machine: how to compute.

    Raises:
        ValueError: minutes that are not above 0.
    """
    if not minutes > 0:
        raise ValueError(f"{minutes=}, expected more than 0")
    _print(experiments.run(queue.jobs(), machine=machine, minutes=minutes))


def status(queue: Queue = Queue()) -> None:
    """Say how far each training has come.

    Args:
        queue: which trainings.
    """
    _print(experiments.status(queue.jobs()))


def report(queue: Queue = Queue()) -> None:
    """Print as JSON what the finished trainings measured, seed by seed.

    Args:
        queue: which trainings.
    """
    print(json.dumps(experiments.report(queue.jobs()), indent=1))


def _print(found: list[Status]) -> None:
    for each in found:
        state = "evaluated" if each.evaluated else f"{each.step} of {each.steps} steps"
        print(f"{each.job.name:24}{each.job.scale:8}seed {each.job.seed:<6}{state}")
