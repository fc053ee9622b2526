"""Results keep their provenance, and a file is never half written."""

import json
import subprocess

import pytest

from stlib import artifacts
from stlib.artifacts import Result, load_result, provenance, save_result


def test_a_result_survives_the_round_trip(tmp_path, monkeypatch):
    result = Result({"orders": [1, 2], "ms": 0.1}, provenance("make bench"))
    save_result(result, tmp_path / "some.json")
    monkeypatch.setattr(artifacts, "FOLDER", tmp_path)
    assert load_result("some") == result
    assert [file.name for file in tmp_path.iterdir()] == ["some.json"]


def test_numbers_without_provenance_or_value_are_refused(tmp_path):
    with pytest.raises(ValueError, match="lacks command, date"):
        save_result(Result({}, {"version": "1", "device": "", "threads": 1}), tmp_path / "a.json")
    with pytest.raises(ValueError, match="JSON compliant"):
        save_result(Result({"ms": float("nan")}, provenance("x")), tmp_path / "a.json")
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_no_result_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(artifacts, "FOLDER", tmp_path)
    (tmp_path / "odd.json").write_text('{"measured": {}, "extra": 1}')
    with pytest.raises(ValueError, match=r"holds .'extra', 'measured'., expected"):
        load_result("odd")


def test_the_commit_is_this_packages_or_unknown(tmp_path, monkeypatch):
    """Installed inside somebody else's repository, their commit is not ours."""
    package = tmp_path / "site-packages" / "stlib"
    package.mkdir(parents=True)
    (package / "artifacts.py").touch()
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "theirs"]):
        who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        subprocess.run(["git", "-C", str(tmp_path), *who, *words], check=True)
    monkeypatch.setattr(artifacts, "FOLDER", package / "results")
    assert provenance("x")["version"] == "unknown"


def test_an_unknown_result_is_named_with_those_there_are():
    with pytest.raises(FileNotFoundError, match=r"no result 'none-such'; there are: .*ctt-"):
        load_result("none-such")


@pytest.mark.parametrize("path", sorted(artifacts.FOLDER.glob("*.json")), ids=lambda p: p.stem)
def test_every_shipped_result_loads_and_says_how_to_measure_again(path):
    result = load_result(path.stem)
    assert result.provenance["command"].startswith(("make ", "python "))
    assert result.provenance["version"] != "unknown"
    assert json.loads(path.read_text())["measured"]
