"""Every public name says what it is and where it comes from, and some test uses it."""

import ast
import importlib
import inspect
import pkgutil
import re
from pathlib import Path
from types import ModuleType

import stlib

TESTS = Path(__file__).parents[1]


def modules() -> list[ModuleType]:
    names = [module.name for module in pkgutil.walk_packages(stlib.__path__, "stlib.")]
    return [importlib.import_module(name) for name in names if not name.endswith("__main__")]


def documentable(thing: object) -> bool:
    """Our own; constants and type aliases, jaxtyping's too, are explained where they stand."""
    ours = getattr(thing, "__module__", "").startswith("stlib")
    return ours and (inspect.isfunction(thing) or inspect.isclass(thing))


def undocumented(module: ModuleType) -> list[str]:
    """What the docstrings of `module`'s public functions and classes lack."""
    lacking = []
    if not hasattr(module, "__all__"):
        return [f"{module.__name__} has no __all__"]
    commands = module.__name__.startswith("stlib.commands.")  # their docstrings are --help
    for name in module.__all__:
        thing = getattr(module, name)
        if not documentable(thing):
            continue
        text, where = inspect.getdoc(thing) or "", f"{module.__name__}.{name}"
        raises = inspect.isfunction(thing) and re.search(r"^ +raise\b", source(thing), re.M)
        if not text:
            lacking.append(f"{where} has no docstring")
        elif inspect.isfunction(thing) and "Source:" not in text and not commands:
            lacking.append(f"{where} does not say its Source:")
        if raises and "Raises:" not in text:
            lacking.append(f"{where} does not say what it Raises:")
    return lacking


def source(function) -> str:
    return inspect.getsource(inspect.unwrap(function))


def used(tree: ast.AST) -> set[str]:
    """The names that a test imports from stlib, or takes from one of its modules."""
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names = {
        (alias.name, alias.asname or alias.name)
        for node in imports
        if (node.module or "").split(".")[0] == "stlib"
        for alias in node.names
    }
    bound = {asname for _, asname in names}
    taken = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in bound
    }
    return {name for name, _ in names} | taken


def used_by(tests: Path) -> set[str]:
    """The names that any test uses; every file is read once."""
    files = sorted(tests.rglob("test_*.py"))
    return set().union(*(used(ast.parse(path.read_text(encoding="utf-8"))) for path in files))


def untested(module: ModuleType, names: set[str]) -> list[str]:
    """The public functions and classes that no test imports from stlib or takes from a module."""
    return [
        f"{module.__name__}.{name}"
        for name in getattr(module, "__all__", [])
        if documentable(getattr(module, name)) and name not in names
    ]


def test_public_names_are_documented():
    assert [fault for module in modules() for fault in undocumented(module)] == []


def test_public_names_are_tested():
    names = used_by(TESTS)
    assert [name for module in modules() for name in untested(module, names)] == []


def module_of(tmp_path: Path, text: str) -> ModuleType:
    path = tmp_path / "made.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location("stlib.made", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_checkers_report_what_is_lacking(tmp_path):
    bare = "def bare():\n    pass\n"
    unsourced = 'def unsourced():\n    """Say no source."""\n    raise ValueError\n'
    whole = 'def whole():\n    """Be whole.\n\n    Source: us.\n    """\n'
    module = module_of(
        tmp_path, f"__all__ = ['bare', 'unsourced', 'whole']\n{bare}{unsourced}{whole}"
    )
    assert undocumented(module) == [
        "stlib.made.bare has no docstring",
        "stlib.made.unsourced does not say its Source:",
        "stlib.made.unsourced does not say what it Raises:",
    ]
    (tmp_path / "test_made.py").write_text(
        "from stlib import made\nfrom stlib.made import bare\n# unsourced\nmade.whole()"
    )
    assert untested(module, used_by(tmp_path)) == ["stlib.made.unsourced"]
