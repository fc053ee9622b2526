"""Imports run downward, and importing stlib needs only what its core requires."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]

# Lowest first. A module may import from lower floors only, and within its own package.
FLOORS = (
    ("extras", "files"),
    ("artifacts", "checkpoints"),
    (
        "baselines",
        "joint_filter",
        "losses",
        "metrics",
        "occlusion",
        "paired",
        "reach",
        "receptive_field",
        "sampling",
        "stages",
        "stain",
        "tensor_train",
    ),
    ("claims", "cost", "higher_order", "viewing"),
    ("plots",),
    ("cells",),
    ("networks",),
    (
        "attention_maps",
        "crops",
        "gradients",
        "history_cost",
        "joint_cost",
        "layer_outputs",
        "rollout",
        "scale_cost",
        "tally",
        "training_memory",
        "witnesses",
    ),
    ("equal_budgets", "printed", "recognition", "requirements"),
    ("exercises",),
    ("data",),
    ("recipes",),
    ("reproduction", "runs", "tasks"),
    ("fine_tuning",),
    ("evaluation", "training"),
    ("experiments", "shipped"),
    ("commands",),
    ("__main__",),
)
HEIGHT = {name: height for height, floor in enumerate(FLOORS) for name in floor}

# Put behind "NEEDED = [...]", it hides every package that those do not bring.
HIDE_THE_REST = """
import importlib, pkgutil, re, sys
from importlib.metadata import packages_distributions, requires

def closure(names):
    seen, todo = set(), list(names)
    while todo:
        name = re.match(r"[\\w.-]+", todo.pop())[0].lower().replace("_", "-")
        if name not in seen:
            seen.add(name)
            try:
                todo += [need for need in requires(name) or [] if "extra ==" not in need]
            except importlib.metadata.PackageNotFoundError:
                pass  # for another platform
    return seen

core = closure(NEEDED) | {"stlib"}
blocked = {
    module for module, owners in packages_distributions().items()
    if not core & {owner.lower().replace("_", "-") for owner in owners}
}

class Without:
    # A finder that does not know what is blocked, whether it is imported or only looked for.
    def __init__(self, finder):
        self.finder = finder

    def __getattr__(self, name):
        return getattr(self.finder, name)

    def find_spec(self, name, path=None, target=None):
        hidden = name.partition(".")[0] in blocked
        return None if hidden else self.finder.find_spec(name, path, target)

sys.meta_path[:] = map(Without, sys.meta_path)
"""

IMPORT_ALL_WITHOUT_EXTRAS = f"""
NEEDED = ["torch", "numpy", "jaxtyping"]
{HIDE_THE_REST}
import stlib
for module in pkgutil.walk_packages(stlib.__path__, "stlib."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
"""


def imported(source: str) -> Iterator[str]:
    """The full names of everything a module imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "stlib imports by full names"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def below(sibling: str, unit: str) -> bool:
    return sibling in HEIGHT and HEIGHT[sibling] < HEIGHT[unit]


def arrows_up(package: Path) -> list[str]:
    """Every import of a sibling that does not stand on a lower floor, and of the book."""
    wrong = []
    for path in sorted(package.rglob("*.py")):
        module = path.relative_to(package).with_suffix("")
        unit = module.parts[0]
        if unit == "__init__":
            continue
        if unit not in HEIGHT:
            wrong.append(f"{module} stands on no floor")
            continue
        for name in imported(path.read_text(encoding="utf-8")):
            top, _, rest = name.partition(".")
            sibling = rest.partition(".")[0]
            if top == "book":
                wrong.append(f"{module} imports the book")
            elif top == package.name and sibling != unit and not below(sibling, unit):
                wrong.append(f"{module} imports {name}")
    return wrong


def test_imports_run_downward():
    assert arrows_up(ROOT / "stlib") == []


def test_checker_reports_each_kind_of_arrow(tmp_path):
    package = tmp_path / "stlib"
    package.mkdir()
    (package / "tensor_train.py").write_text("def f():\n    from stlib.cost import macs\n")
    (package / "cost.py").write_text("import stlib.tensor_train\nimport book.extension\n")
    (package / "losses.py").write_text("from stlib import metrics\n")
    (package / "utils.py").write_text("")
    assert arrows_up(package) == [
        "cost imports the book",
        "losses imports stlib.metrics",
        "tensor_train imports stlib.cost.macs",
        "utils stands on no floor",
    ]


def run_python(code: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)


def test_importing_needs_only_the_core():
    result = run_python(IMPORT_ALL_WITHOUT_EXTRAS)
    assert result.returncode == 0, result.stderr


def test_import_checker_reports_an_extra(tmp_path):
    package = tmp_path / "stlib"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "plots.py").write_text("import matplotlib\n")
    result = run_python(IMPORT_ALL_WITHOUT_EXTRAS, tmp_path)
    assert "No module named 'matplotlib'" in result.stderr
