"""The student's version of a master sheet: the same questions, the solutions taken out.

``python -m stlib.exercises.student notebooks/exercises student`` writes one for each sheet. Which
cells are solutions is said in nbgrader's metadata, and nbgrader makes the same version, with
grading on top.
"""

import copy
import json
import sys
from pathlib import Path
from typing import Any

__all__ = ["student_version"]

_STUBS = {
    "code": "# YOUR CODE HERE\nraise NotImplementedError()",
    "markdown": "YOUR ANSWER HERE",
}
_FOLDS = {"hide-cell", "hide-input", "hide-output"}


def student_version(sheet: dict[str, Any]) -> dict[str, Any]:
    """Replace every solution by a stub, clear what was run, unfold what the book folds.

    Args:
        sheet: a notebook as its JSON says it, format 4.

    Returns:
        A new notebook; `sheet` stays as it is.

    Source: this book; the metadata and the stubs are nbgrader's.
    """
    student = copy.deepcopy(sheet)
    for cell in student["cells"]:
        metadata = cell["metadata"]
        if metadata.get("nbgrader", {}).get("solution"):
            cell["source"] = _STUBS[cell["cell_type"]]
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
        metadata.pop("mystnb", None)
        tags = [tag for tag in metadata.pop("tags", []) if tag not in _FOLDS]
        if tags:
            metadata["tags"] = tags
    return student


def _main(masters: Path, students: Path) -> None:
    students.mkdir(parents=True, exist_ok=True)
    for master in sorted(masters.glob("*.ipynb")):
        student = student_version(json.loads(master.read_text(encoding="utf-8")))
        text = json.dumps(student, indent=1, ensure_ascii=False) + "\n"
        (students / master.name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(f"{sys.argv[1:]}: two folders are wanted, masters and students")
    _main(Path(sys.argv[1]), Path(sys.argv[2]))
