"""Run notebooks on a machine with a GPU, their numbers not compared, and write what happened.

python -m scripts.gpu_report build/gpu/report.md notebooks/05_conv_lstm.ipynb …
"""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Event, Thread
from typing import NamedTuple

import torch

from stlib.files import replacing


class Row(NamedTuple):
    """One notebook: whether all its cells ran, how long, and the most memory in use meanwhile."""

    notebook: str
    passed: bool
    seconds: float
    gibibytes: float


def run(notebook: str) -> Row:
    """Execute a notebook by nbval, which in lax mode compares nothing."""
    begun, over, most = time.perf_counter(), Event(), [0]

    def watch() -> None:
        while not over.wait(0.2):
            free, total = torch.cuda.mem_get_info()
            most[0] = max(most[0], total - free)

    watcher = Thread(target=watch)
    watcher.start()
    command = [sys.executable, "-m", "pytest", "-q", "--nbval-lax", notebook]
    done = subprocess.run(command, check=False)
    over.set()
    watcher.join()
    return Row(notebook, done.returncode == 0, time.perf_counter() - begun, most[0] / 2**30)


def report(rows: Sequence[Row], device: str) -> str:
    """The rows as a Markdown table."""
    lines = [f"# Notebooks on {device}", "", f"torch {torch.__version__}", ""]
    lines += ["| Notebook | | Seconds | GiB in use on the device |", "|-|-|-|-|"]
    for row in rows:
        state = "passed" if row.passed else "FAILED"
        lines.append(f"| {row.notebook} | {state} | {row.seconds:.0f} | {row.gibibytes:.1f} |")
    return "\n".join(lines) + "\n"


def main(path: Path, notebooks: Sequence[str]) -> str:
    """Run all, write the report; what went wrong, or nothing."""
    if not torch.cuda.is_available():
        return "no CUDA device here; `make labs` runs the notebooks on the processor"
    rows = [run(notebook) for notebook in notebooks]
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write(report(rows, torch.cuda.get_device_name()).encode())
    print(path)
    failed = [row.notebook for row in rows if not row.passed]
    return f"failed: {', '.join(failed)}" if failed else ""


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]) or 0)
