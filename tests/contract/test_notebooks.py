"""Committed notebooks are executed, clean, and in the book; nbval does the comparing."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks"
NOTEBOOKS = sorted([*FOLDER.glob("*.ipynb"), *FOLDER.glob("exercises/*.ipynb")])
LENIENT = ("nbval-ignore-output", "nbval-skip", "nbval-raises-exception", "raises-exception")
LENIENT_COMMENT = re.compile(r"#\s*((?:NBVAL|PYTEST_VALIDATE)_\w+)")  # nbval obeys these as well
LENIENT_CELLS = 0  # in all notebooks together: nbval compares every cell
WIDGET = "application/vnd.jupyter.widget-view+json"


def shows(statement: ast.Expr) -> bool:
    """Whether a statement is a call that makes a figure."""
    return getattr(getattr(statement.value, "func", None), "id", "") in ("picture", "explore")


def must_print(source: str) -> bool:
    """Whether a cell surely has output: it ends in a value, or calls print at its top level."""
    statements = ast.parse(source).body
    values = [line.value for line in statements if isinstance(line, ast.Expr)]
    prints = any(
        isinstance(value, ast.Call) and getattr(value.func, "id", "") == "print" for value in values
    )
    ends_in_value = (
        bool(statements)
        and isinstance(statements[-1], ast.Expr)
        and (not isinstance(statements[-1].value, ast.Call | ast.Constant) or shows(statements[-1]))
        and not source.rstrip().endswith(";")
    )
    return prints or ends_in_value


def faults(path: Path) -> list[str]:
    """What keeps a notebook from being a faithful record of one run from top to bottom."""
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    counts = [cell.execution_count for cell in cells]
    found = []
    if counts != list(range(1, len(cells) + 1)):
        found.append(f"not executed from top to bottom: {counts}")
    if "widgets" in notebook.metadata:
        found.append("stores widget state")
    for place, cell in enumerate(cells, start=1):
        if any(output.output_type == "error" for output in cell.outputs):
            found.append(f"code cell {place} stores an error")
        if any(WIDGET in output.get("data", {}) for output in cell.outputs):
            found.append(f"code cell {place} stores a widget: make figures shows the page's face")
        if "execution" in cell.metadata:
            found.append(f"code cell {place} stores times")
        if not cell.outputs and must_print(cell.source):
            found.append(f"code cell {place} lacks its output")
    return found


def lenient_cells(paths: list[Path]) -> list[str]:
    """The cells whose tags or comments keep nbval from comparing them."""
    return [
        f"{path.name}: {mark}"
        for path in paths
        for cell in nbformat.read(path, as_version=4).cells
        for mark in [*cell.metadata.get("tags", []), *LENIENT_COMMENT.findall(cell.source)]
        if mark in LENIENT or mark.isupper()
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: str(path.relative_to(FOLDER)))
def test_notebook_is_a_faithful_record(path):
    assert faults(path) == []


def test_nbval_compares_all_but_the_counted_cells():
    assert len(lenient_cells(NOTEBOOKS)) == LENIENT_CELLS


def write(path: Path, *cells: nbformat.NotebookNode, **metadata: object) -> Path:
    nbformat.write(nbformat.v4.new_notebook(cells=list(cells), metadata=metadata), path)
    return path


def code(source: str, count: int | None, *outputs: object, **metadata: object):
    return nbformat.v4.new_code_cell(
        source, execution_count=count, outputs=list(outputs), metadata=metadata
    )


def test_checkers_report_each_fault(tmp_path):
    error = nbformat.v4.new_output("error", ename="E", evalue="", traceback=[])
    widget = nbformat.v4.new_output("display_data", data={WIDGET: {}})
    path = write(
        tmp_path / "bad.ipynb",
        code("x = 1", None),
        code("x", 1),
        code("print(x)", 2, tags=["nbval-ignore-output"]),
        code("1 / 0", 3, error),
        code("slider()", 4, widget, execution={}),
        code("picture(paint, alt='')  # NBVAL_SKIP", 5),
        widgets={},
    )
    assert faults(path) == [
        "not executed from top to bottom: [None, 1, 2, 3, 4, 5]",
        "stores widget state",
        "code cell 2 lacks its output",
        "code cell 3 lacks its output",
        "code cell 4 stores an error",
        "code cell 5 stores a widget: make figures shows the page's face",
        "code cell 5 stores times",
        "code cell 6 lacks its output",
    ]
    assert lenient_cells([path]) == ["bad.ipynb: nbval-ignore-output", "bad.ipynb: NBVAL_SKIP"]


def test_nbval_fails_on_a_changed_or_missing_output(tmp_path):
    said = nbformat.v4.new_output("stream", name="stdout", text="2\n")
    path = write(tmp_path / "bad.ipynb", code("print(1 + 2)", 1, said), code("print(3)", 2))
    options = ["--nbval", "--nbval-current-env", "-q", "-p", "no:cacheprovider"]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(path)],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert "2 failed" in run.stdout
