"""In a live session every control of every lab moves what is plotted."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

LABS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))

REMEMBER = """
import stlib.plots

_made, _explore = [], stlib.plots.explore

def _remembered(*words, **options):
    _made.append(_explore(*words, **options))
    return _made[-1]

stlib.plots.explore = _remembered
"""

MOVE_EVERY_CONTROL = """
import json

for _explorer in _made:
    _plotted = lambda: json.loads(_explorer.figure.to_json())["data"]
    assert _explorer.controls, "no control"
    for _name, _control in _explorer.controls.items():
        _before = _plotted()
        _choices = getattr(_control, "options", None) or (_control.max, _control.min)
        _control.value = next(value for value in _choices if value != _control.value)
        assert _plotted() != _before, f"{_name} changed nothing"
print(len(_made), "figures move")
"""


def figures(notebook: nbformat.NotebookNode) -> int:
    """How many figures with controls a lab makes."""
    return sum(
        cell.source.count("explore(\n") for cell in notebook.cells if cell.cell_type == "code"
    )


READ = {path.stem: nbformat.read(path, as_version=4) for path in LABS}


@pytest.mark.parametrize("name", [name for name, lab in READ.items() if figures(lab)])
def test_a_control_changes_the_plotted_data(name, monkeypatch):
    monkeypatch.setenv("STLIB_FACE", "live")
    notebook = READ[name]
    expected = figures(notebook)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(REMEMBER))
    notebook.cells.append(nbformat.v4.new_code_cell(MOVE_EVERY_CONTROL))
    NotebookClient(
        notebook,
        timeout=300,
        coalesce_streams=True,  # a line may arrive in pieces
        resources={"metadata": {"path": LABS[0].parent}},
    ).execute()
    assert notebook.cells[-1].outputs[0].text == f"{expected} figures move\n"


def test_most_labs_have_a_figure_to_move():
    assert sum(figures(lab) for lab in READ.values()) >= 7
