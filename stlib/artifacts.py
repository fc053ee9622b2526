"""Results that the package ships: what was measured, and where the numbers come from."""

import json
import platform
import subprocess
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from stlib.files import replacing

__all__ = ["Result", "load_result", "provenance", "read_result", "results", "save_result"]

FOLDER = Path(__file__).parent / "results"
REQUIRED = frozenset({"command", "version", "date", "device", "threads", "python", "torch"})


@dataclass(frozen=True)
class Result:
    """One measurement.

    Attributes:
        measured: the numbers, with their units in the keys.
        provenance: command, code version, date, device, threads, versions.

    Source: this book.
    """

    measured: dict[str, Any]
    provenance: dict[str, Any]


def provenance(command: str, device: torch.device | None = None) -> dict[str, Any]:
    """Say where a number measured now comes from.

    Args:
        command: what a reader types to measure again.
        device: that computed; None is the CPU.

    Returns:
        The command, the code's commit (marked '+' where files were changed since), the date in
        UTC, the device's name, PyTorch's threads, and the versions of Python and PyTorch.

    Source: this book.
    """
    return {
        "command": command,
        "version": _commit(),
        "date": datetime.now(UTC).date().isoformat(),
        "device": torch.cuda.get_device_name(device)
        if device is not None and device.type == "cuda"
        else _processor(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def save_result(result: Result, path: str | Path) -> Path:
    """Write a result as JSON; a file that is there stays whole until the new one is.

    Args:
        result: with every field of `provenance`.
        path: of the file.

    Raises:
        ValueError: a field of the provenance is missing, or a number is not finite.
        OSError: the folder is missing or cannot be written.

    Source: this book.
    """
    _check(result, path)
    path = Path(path)
    text = json.dumps(asdict(result), indent=1, allow_nan=False)
    with replacing(path) as file:
        file.write(f"{text}\n".encode())
    return path


def results() -> tuple[str, ...]:
    """The names of the results that the package ships, for `load_result`.

    Source: this book.
    """
    return tuple(sorted(file.stem for file in FOLDER.glob("*.json")))


def load_result(name: str) -> Result:
    """Read a result that the package ships.

    Args:
        name: of the file in ``stlib/results``, without ``.json``.

    Raises:
        FileNotFoundError: no such result; the message lists those there are.
        ValueError: the file is no result, or a field of its provenance is missing.

    Source: this book.
    """
    path = FOLDER / f"{name}.json"
    if not path.is_file():
        known = ", ".join(results()) or "none"
        raise FileNotFoundError(f"no result {name!r}; there are: {known}")
    return read_result(path)


def read_result(path: str | Path) -> Result:
    """Read a result from a file.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file is no result, or a field of its provenance is missing.

    Source: this book.
    """
    try:
        stored = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: expected JSON, found: {error}") from error
    held = sorted(stored) if isinstance(stored, dict) else type(stored).__name__
    if held != ["measured", "provenance"]:
        raise ValueError(f"{path}: holds {held}, expected measured and provenance")
    for name, entries in stored.items():
        if not isinstance(entries, dict):
            raise ValueError(f"{path}: {name}={entries!r}, expected names and values")
    result = Result(**stored)
    _check(result, path)
    return result


def _check(result: Result, path: str | Path) -> None:
    missing = sorted(REQUIRED - result.provenance.keys())
    if missing:
        raise ValueError(f"{path}: the provenance lacks {', '.join(missing)}")


def _commit() -> str:
    """The commit of the code, with '+' if it was changed; 'unknown' outside its checkout."""

    def git(*words: str) -> str:
        command = ["git", "-C", str(FOLDER.parent), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", "artifacts.py")  # not the repository we are installed in
        return git("describe", "--always", "--dirty=+", "--exclude=*")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _processor() -> str:
    """The processor's name where the system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return f"CPU, {line.partition(':')[2].strip()}"
    except OSError:
        pass
    return f"CPU, {platform.machine()}"
