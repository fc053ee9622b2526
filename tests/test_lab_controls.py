"""In a live session the control of every lab moves what is plotted."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

LABS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))

MOVE_EVERY_CONTROL = """
import json

def plotted():
    return json.loads(explorer.figure.to_json())["data"]

assert explorer.controls, "no control"
for name, control in explorer.controls.items():
    before = plotted()
    choices = getattr(control, "options", None) or (control.max, control.min)
    control.value = next(value for value in choices if value != control.value)
    assert plotted() != before, f"{name} changed nothing"
print(len(explorer.controls), "controls move the figure")
"""


@pytest.mark.parametrize("path", LABS, ids=lambda path: path.stem)
def test_a_control_changes_the_plotted_data(path, monkeypatch):
    monkeypatch.setenv("STLIB_FACE", "live")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(MOVE_EVERY_CONTROL))
    NotebookClient(
        notebook,
        timeout=300,
        coalesce_streams=True,  # a line may arrive in pieces
        resources={"metadata": {"path": path.parent}},
    ).execute()
    assert notebook.cells[-1].outputs[0].text == "2 controls move the figure\n"
