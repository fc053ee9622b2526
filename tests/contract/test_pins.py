"""pyproject.toml's ranges, constraints.txt's pins and environment.yml say the same."""

import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]


def disagreements(root: Path) -> list[str]:
    """Every way in which the three files contradict each other."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wrong, pins = [], {}

    for line in (root / "constraints.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, equals, version = line.partition("==")
            if not equals or "*" in version or "+" in version or ";" in version:
                wrong.append(f"constraints.txt: {line} is not a plain pin")
            else:
                pins[canonicalize_name(name)] = Version(version)

    lists = (project["dependencies"], *(extras[name] for name in extras if name != "all"))
    for needed in map(Requirement, (text for texts in lists for text in texts)):
        pin = pins.get(canonicalize_name(needed.name))
        if pin is None:
            wrong.append(f"constraints.txt does not pin {needed.name}")
        elif pin not in needed.specifier:
            wrong.append(f"{needed.name} is pinned to {pin}, outside {needed.specifier}")

    (union,) = map(Requirement, extras["all"])
    if union.extras != set(extras) - {"all"}:
        wrong.append(f"the extra all is {sorted(union.extras)}, not every extra")

    environment = yaml.safe_load((root / "environment.yml").read_text())["dependencies"]
    (python,) = (entry for entry in environment if str(entry).startswith("python="))
    if Version(python.partition("=")[2]) not in SpecifierSet(project["requires-python"]):
        wrong.append(f"environment.yml has {python}, outside {project['requires-python']}")
    (pip,) = (entry["pip"] for entry in environment if isinstance(entry, dict))
    if pip[-2:] != ["-c constraints.txt", "-e .[all]"]:
        wrong.append(f"environment.yml installs {pip[-2:]}, not .[all] by constraints.txt")
    return wrong


def test_files_agree():
    assert disagreements(ROOT) == []


def test_checker_reports_each_disagreement(tmp_path):
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nrequires-python = ">=3.11"\ndependencies = ["numpy>=3", "torch"]\n'
        'optional-dependencies = {book = [], test = [], all = ["stlib[book]"]}\n'
    )
    (tmp_path / "constraints.txt").write_text("numpy==2.4.6\njinja2>=3\n")
    (tmp_path / "environment.yml").write_text(
        "dependencies: [python=3.9, {pip: [-c constraints.txt, numpy]}]"
    )
    assert disagreements(tmp_path) == [
        "constraints.txt: jinja2>=3 is not a plain pin",
        "numpy is pinned to 2.4.6, outside >=3",
        "constraints.txt does not pin torch",
        "the extra all is ['book'], not every extra",
        "environment.yml has python=3.9, outside >=3.11",
        "environment.yml installs ['-c constraints.txt', 'numpy'], not .[all] by constraints.txt",
    ]
