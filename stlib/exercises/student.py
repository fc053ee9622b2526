"""The student's version of a master sheet: the same questions, the solutions taken out.

``python -m stlib.exercises.student notebooks/exercises student`` writes one for each sheet. The
marks are nbgrader's, which makes the same version with grading on top.
"""

import copy
import json
import sys
from pathlib import Path
from typing import Any

__all__ = ["student_version"]

_STUBS = {
    "code": ["# YOUR CODE HERE", "raise NotImplementedError()"],
    "markdown": ["YOUR ANSWER HERE"],
}
_FOLDS = {"hide-cell", "hide-input", "hide-output"}


def student_version(sheet: dict[str, Any]) -> dict[str, Any]:
    """Replace every solution by a stub, clear what was run, unfold what the book folds.

    Args:
        sheet: a notebook as its JSON says it, format 4.

    Returns:
        A new notebook; `sheet` stays as it is.

    Raises:
        ValueError: a solution that begins and does not end, or the reverse.

    Source: this book; the marks are nbgrader's.
    """
    student = copy.deepcopy(sheet)
    for cell in student["cells"]:
        lines = "".join(cell["source"]).split("\n")
        cell["source"] = "\n".join(_without_solutions(lines, _STUBS[cell["cell_type"]]))
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
        metadata = cell["metadata"]
        metadata.pop("mystnb", None)
        tags = [tag for tag in metadata.pop("tags", []) if tag not in _FOLDS]
        if tags:
            metadata["tags"] = tags
    return student


def _without_solutions(lines: list[str], stub: list[str]) -> list[str]:
    kept: list[str] = []
    inside = False
    for line in lines:
        if "BEGIN SOLUTION" in line or "END SOLUTION" in line:
            if inside == ("BEGIN SOLUTION" in line):
                raise ValueError(f"{line!r}: each BEGIN SOLUTION needs its END SOLUTION")
            inside = not inside
            if inside:
                indent = line[: len(line) - len(line.lstrip())]
                kept += [indent + stub_line for stub_line in stub]
        elif not inside:
            kept.append(line)
    if inside:
        raise ValueError("a solution begins and does not end")
    return kept


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
