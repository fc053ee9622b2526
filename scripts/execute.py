"""Execute notebooks in place, and store nothing but sources and outputs.

No times, no widget state, no versions: running twice changes nothing unless a result changed.
"""

import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

KEPT = ("tags", "mystnb", "nbgrader")  # what cells say to nbval, to the book and to a grader


def clean(notebook: nbformat.NotebookNode) -> None:
    """Drop the metadata that differs from run to run or that no page shows."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        cell.metadata = {key: cell.metadata[key] for key in KEPT if key in cell.metadata}


def execute(path: Path) -> None:
    """Run one notebook top to bottom, in its own folder."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=600,
        coalesce_streams=True,
        record_timing=False,
        store_widget_state=False,
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
        resources={"metadata": {"path": path.parent}},
    )
    client.execute()
    clean(notebook)
    nbformat.write(notebook, path)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        start = time.perf_counter()
        execute(Path(name))
        print(f"{time.perf_counter() - start:5.1f} s  {name}", flush=True)
