"""A run: one folder that holds all of a training's state, and can be carried elsewhere.

===============================  ======================================================
about.json                       recipe, seed, data, code: what the run is
log.csv                          one row a logged step
checkpoint-00000400.safetensors  the latest two states to go on from
network.safetensors              the weights, once training is over
result.json                      what an evaluation measured
lock                             empty; held by the process that works here
===============================  ======================================================
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import Tensor

from stlib.checkpoints import load_tensors, save_tensors
from stlib.extras import load
from stlib.files import replacing
from stlib.recipes.earlier import current

__all__ = ["Run", "conflicts", "differences", "locked"]

KEPT = 2  # checkpoints; the one before the last outlives a disk that loses the last
COLUMNS = (
    "step", "clips", "loss", "gradient_norm", "rate", "share_true", "validation", "seconds",
)  # fmt: skip
CHECKPOINT = re.compile(r"checkpoint-(\d{8,})\.safetensors")
# What `replacing` leaves of these files where its process was killed.
LEFTOVER = re.compile(
    rf"\.(about\.json|log\.csv|network\.safetensors|result\.json|{CHECKPOINT.pattern})\.\w{{8}}"
)


class Run:
    """A run's folder, by the names of what it holds.

    Source: this book.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.about_file = self.folder / "about.json"
        self.log_file = self.folder / "log.csv"
        self.network_file = self.folder / "network.safetensors"
        self.result_file = self.folder / "result.json"

    def begin(self, about: Mapping[str, Any], resume: bool) -> None:
        """Claim an empty folder, or check that what is there is the same run.

        Args:
            about: what the run is; nothing under ``'same'`` may change but the prose of a source.
            resume: go on with what is there, if anything is.

        Raises:
            FileExistsError: the folder holds a run, and it is not to be resumed; or holds other
                files.
            ValueError: the folder holds another run.
            OSError: the folder cannot be written.
        """
        self.check_claimable(locked=True)
        if self.about_file.exists():
            self._check_same(about)
            if not resume:
                raise FileExistsError(
                    f"{self.folder} holds a run already; go on with --resume, or choose another"
                )
            # Until there is a checkpoint a run can still begin with other first weights.
            kept = bool(self.checkpoints()) or self.about().get("first") == about.get("first")
        else:
            kept = False
        if not kept:
            with replacing(self.about_file) as file:
                file.write(f"{json.dumps(dict(about), indent=1, allow_nan=False)}\n".encode())
        for path in self.folder.iterdir():
            if LEFTOVER.fullmatch(path.name):
                path.unlink()

    def check_claimable(self, *, locked: bool = False) -> None:
        """Refuse a folder that holds visible files, and no run.

        Args:
            locked: the lock in it is ours.

        Raises:
            FileExistsError: with the name of one of them.
            NotADirectoryError: it is a file.
        """
        if not self.folder.is_dir():
            raise NotADirectoryError(f"{self.folder} is a file; expected a folder")
        names = sorted(path.name for path in self.folder.iterdir())
        others = [name for name in names if not name.startswith(".") and name != "lock"]
        lock = self.folder / "lock"
        if not locked and lock.exists() and lock.stat().st_size:  # a lock is empty
            others.append(lock.name)
        if others and not self.about_file.exists():
            raise FileExistsError(
                f"{self.folder} holds {others[0]} and no run; choose an empty or a new folder"
            )

    def about(self) -> dict[str, Any]:
        """What the run is.

        Raises:
            FileNotFoundError: the folder holds no run.
            ValueError: its description is damaged.
        """
        if not self.about_file.is_file():
            raise FileNotFoundError(
                f"{self.folder} holds no run: {self.about_file.name} is missing"
            )
        try:
            stored = json.loads(self.about_file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"{self.about_file}: expected JSON, found: {error}") from error
        if not isinstance(stored, dict) or not isinstance(stored.get("same"), dict):
            raise ValueError(f"{self.about_file}: expected a run's description, found none")
        if "recipe" in stored["same"]:  # so that a run of an earlier version can go on
            stored["same"]["recipe"] = current(stored["same"]["recipe"])
        return stored

    def checkpoints(self) -> list[Path]:
        """Its states to go on from, oldest first."""
        numbered = [(self._step_of(path), path) for path in self.folder.glob("checkpoint-*")]
        return [path for step, path in sorted(numbered) if step]

    def step(self) -> int:
        """Optimiser steps done, as far as a checkpoint keeps them."""
        kept = self.checkpoints()
        return self._step_of(kept[-1]) if kept else 0

    def memory(self) -> dict[str, Any]:
        """What the last checkpoint knows besides its tensors; nothing before the first.

        Raises:
            ValueError: it is damaged.
            OSError: it cannot be read.
        """
        kept = self.checkpoints()
        return load_tensors(kept[-1])[1] if kept else {}

    def save_checkpoint(
        self, step: int, tensors: Mapping[str, Tensor], about: Mapping[str, Any]
    ) -> Path:
        """Keep a state, and drop those before the last.

        Raises:
            OSError: it cannot be written.
        """
        path = save_tensors(tensors, about, self.folder / f"checkpoint-{step:08d}.safetensors")
        for old in self.checkpoints()[:-KEPT]:
            old.unlink()
        return path

    def rewind_log(self, step: int) -> None:
        """Drop the rows after a step, and a last row that was not written to its end.

        Raises:
            ValueError: the log is damaged.
            OSError: it cannot be written.
        """
        rows = [row for row in self.log() if int(row["step"]) <= step]
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        with replacing(self.log_file) as file:
            file.write(text.getvalue().encode())

    def log_row(self, row: Mapping[str, Any]) -> None:
        """Add a row to the log.

        Raises:
            OSError: it cannot be written.
        """
        with self.log_file.open("a", encoding="utf-8", newline="") as file:
            csv.DictWriter(file, COLUMNS, lineterminator="\n").writerow(dict(row))

    def log(self) -> list[dict[str, str]]:
        """The rows of the log that are whole; an empty list before the first.

        Raises:
            ValueError: the log is damaged.
        """
        if not self.log_file.is_file():
            return []
        text = self.log_file.read_text(encoding="utf-8", errors="replace")
        whole = text[: text.rfind("\n") + 1]
        rows = list(csv.DictReader(io.StringIO(whole)))
        for number, row in enumerate(rows, start=2):
            if tuple(row) != COLUMNS or None in row.values() or not row["step"].isdecimal():
                raise ValueError(f"{self.log_file}, line {number}: expected {', '.join(COLUMNS)}")
        return rows

    def network(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """The trained weights, and what is to be known of them.

        Raises:
            FileNotFoundError: training is not over.
            ValueError: the file is damaged.
        """
        if not self.network_file.is_file():
            raise FileNotFoundError(f"{self.folder}: training is not over; go on with --resume")
        return load_tensors(self.network_file)

    @staticmethod
    def _step_of(path: Path) -> int:
        named = CHECKPOINT.fullmatch(path.name)
        return int(named[1]) if named else 0

    def _check_same(self, about: Mapping[str, Any]) -> None:
        held, wanted = self.about()["same"], about["same"]
        for name, old, new in conflicts(held, wanted):
            raise ValueError(
                f"{self.folder} holds another run: {name} is {old!r} there and {new!r} here; "
                "choose another folder"
            )


@contextmanager
def locked(folder: str | Path) -> Iterator[Run]:
    """Make the folder if it is missing, and work in it alone; a dead process holds no lock.

    Args:
        folder: of the run, or of one to come.

    Yields:
        The run.

    Raises:
        ImportError: filelock is missing.
        BlockingIOError: another process works there.
        FileExistsError: the folder holds other files and no run; it is left as it is.
        OSError: the folder cannot be made or written.

    Source: this book.
    """
    library = load("filelock", "train")
    folder = Path(folder)
    if not folder.exists():
        folder.mkdir(parents=True, exist_ok=True)
    Run(folder).check_claimable()  # before a lock is left there
    lock = library.FileLock(folder / "lock", timeout=0)
    try:
        lock.acquire()
    except library.Timeout as error:
        raise BlockingIOError(f"{folder}: another process is working there") from error
    try:
        yield Run(folder)
    finally:
        lock.release()


def conflicts(old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    """The `differences` that make another run of it; how its source is put does not.

    Args:
        old: what a run or a result says of itself.
        new: what is asked for.

    Yields:
        As `differences` does, without the fields named ``source``.

    Source: this book.
    """
    for name, one, other in differences(old, new):
        if name.rpartition(".")[2] != "source":
            yield name, one, other


def differences(old: Any, new: Any, name: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Where two JSON values part: the field, as an option of the command line spells it, and both.

    Args:
        old: one of them.
        new: the other.
        name: of the field that they are; empty for the whole.

    Yields:
        ``('stages.0.steps', 2, 3)``; None stands for a field that is missing.

    Source: this book.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from differences(old.get(key), new.get(key), f"{name}.{key}".lstrip("."))
    elif _entries(old) and _entries(new) and len(old) == len(new):
        for index, pair in enumerate(zip(old, new, strict=True)):
            yield from differences(*pair, f"{name}.{index}".lstrip("."))
    elif old != new:
        yield name, old, new


def _entries(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, dict) for entry in value)
