"""A run: one folder that holds all of a training's state, and can be carried elsewhere.

about.json                   recipe, seed, data, code: what the run is
log.csv                      one row a logged step
checkpoint-00000400.safetensors   the latest two states to go on from
network.safetensors          the weights, once training is over
result.json                  what an evaluation measured
lock                         held by the process that works here
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import Tensor

from stlib.checkpoints import load_tensors, save_tensors
from stlib.extras import load
from stlib.files import replacing

__all__ = ["Run", "locked"]

KEPT = 2  # checkpoints; the one before the last outlives a disk that loses the last
COLUMNS = (
    "step", "clips", "loss", "gradient_norm", "rate", "share_true", "validation", "seconds",
)  # fmt: skip


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
            about: what the run is; everything under ``'same'`` must not change.
            resume: go on with what is there, if anything is.

        Raises:
            FileExistsError: the folder holds a run, and it is not to be resumed; or holds other
                files.
            ValueError: the folder holds another run.
            OSError: the folder cannot be written.
        """
        if self.about_file.exists():
            self._check_same(about)
            if not resume:
                raise FileExistsError(
                    f"{self.folder} holds a run already; go on with --resume, or choose another"
                )
        elif others := [path.name for path in self._visible()]:
            raise FileExistsError(
                f"{self.folder} holds {others[0]} and no run; choose an empty or a new folder"
            )
        else:
            with replacing(self.about_file) as file:
                file.write(f"{json.dumps(dict(about), indent=1, allow_nan=False)}\n".encode())
        for name in ("about.json", "log.csv", "*.safetensors", "result.json"):
            for leftover in self.folder.glob(f".{name}.*"):  # what a killed process was writing
                leftover.unlink()

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
            raise ValueError(f"{self.about_file}: expected a run's description")
        return stored

    def checkpoints(self) -> list[Path]:
        """Its states to go on from, oldest first."""
        return sorted(self.folder.glob("checkpoint-*.safetensors"))

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
        """Drop the rows after a step, and a last row that was not written to its end."""
        rows = [row for row in self.log() if int(row["step"]) <= step]
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        with replacing(self.log_file) as file:
            file.write(text.getvalue().encode())

    def log_row(self, row: Mapping[str, Any]) -> None:
        """Add a row to the log."""
        with self.log_file.open("a", encoding="utf-8", newline="") as file:
            csv.DictWriter(file, COLUMNS, lineterminator="\n").writerow(dict(row))

    def log(self) -> list[dict[str, str]]:
        """The rows of the log that are whole; an empty list before the first."""
        if not self.log_file.is_file():
            return []
        text = self.log_file.read_text(encoding="utf-8")
        whole = text[: text.rfind("\n") + 1]
        return list(csv.DictReader(io.StringIO(whole)))

    def network(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """The trained weights, and what is to be known of them.

        Raises:
            FileNotFoundError: training is not over.
            ValueError: the file is damaged.
        """
        if not self.network_file.is_file():
            raise FileNotFoundError(f"{self.folder}: training is not over; go on with --resume")
        return load_tensors(self.network_file)

    def _visible(self) -> list[Path]:
        names = (path for path in self.folder.iterdir() if not path.name.startswith("."))
        return sorted(path for path in names if path.name != "lock")

    def _check_same(self, about: Mapping[str, Any]) -> None:
        held, wanted = self.about()["same"], about["same"]
        for name, (old, new) in _differences(held, wanted, ""):
            raise ValueError(
                f"{self.folder} holds another run: {name} is {old!r} there and {new!r} here; "
                "choose another folder"
            )


@contextmanager
def locked(folder: str | Path) -> Iterator[Run]:
    """Make the folder if it is missing, and work in it alone; a dead process holds no lock.

    Raises:
        BlockingIOError: another process works there.
        OSError: the folder cannot be made or written.
    """
    library = load("filelock", "train")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    lock = library.FileLock(folder / "lock", timeout=0)
    try:
        lock.acquire()
    except library.Timeout as error:
        raise BlockingIOError(f"{folder}: another process is working there") from error
    try:
        yield Run(folder)
    finally:
        lock.release()


def _differences(held: Any, wanted: Any, name: str) -> Iterator[tuple[str, tuple[Any, Any]]]:
    if isinstance(held, dict) and isinstance(wanted, dict):
        for key in sorted(held.keys() | wanted.keys()):
            inner = f"{name}.{key}".lstrip(".")
            yield from _differences(held.get(key), wanted.get(key), inner)
    elif held != wanted:
        yield name, (held, wanted)
