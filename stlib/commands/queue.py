"""`experiments run`, `status` and `report`: a queue of recipes times seeds."""

import json
import shlex
from dataclasses import dataclass
from pathlib import Path

from stlib import experiments
from stlib.artifacts import Result, provenance, save_result
from stlib.experiments import Job, Status
from stlib.files import unused
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


def report(queue: Queue = Queue(), out: Path | None = None) -> None:
    """Print as JSON what the finished trainings measured, seed by seed; or keep it as a result.

    Args:
        queue: which trainings.
        out: file to write, .json, with its provenance; it must not exist.

    Raises:
        FileExistsError: there is a file of that name.
        OSError: the file cannot be written.
        ValueError: results that do not belong together.
    """
    if out is not None:
        unused(out)
    told = experiments.report(queue.jobs())
    if out is None:
        print(json.dumps(told, indent=1))
        return
    save_result(Result(told, provenance(_again(queue))), out)
    print(f"the report is in {out}")


def _again(queue: Queue) -> str:
    """What a reader types to train and measure everything again."""
    words = ["python", "-m", "stlib", "experiments", "run", "--names", *queue.names, "--seeds"]
    return shlex.join([*words, *map(str, queue.seeds), "--scale", queue.scale])


def _print(found: list[Status]) -> None:
    width = max(len(each.job.name) for each in found) + 2
    for each in found:
        state = "evaluated" if each.evaluated else f"{each.step} of {each.steps} steps"
        print(f"{each.job.name:{width}}{each.job.scale:8}seed {each.job.seed:<6}{state}")
