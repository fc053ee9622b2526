"""Results keep their provenance, and a file is never half written."""

import json
import subprocess

import pytest
import torch

from stlib import artifacts
from stlib.artifacts import Result, load_result, provenance, read_result, save_result


def test_a_result_survives_the_round_trip(tmp_path, monkeypatch):
    result = Result({"orders": [1, 2], "ms": 0.1}, provenance("make bench"))
    save_result(result, tmp_path / "some.json")
    monkeypatch.setattr(artifacts, "FOLDER", tmp_path)
    assert load_result("some") == read_result(tmp_path / "some.json") == result
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


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "expected JSON, found"),
        ("{", "expected JSON, found"),
        ("3", "holds int, expected measured and provenance"),
        ('["measured", "provenance"]', "holds list, expected measured"),
        ('{"measured": {}}', "holds .'measured'., expected"),
        ('{"measured": {}, "provenance": 3}', "provenance=3, expected names and values"),
        ('{"measured": [], "provenance": {}}', "measured=.., expected names and values"),
        ('{"measured": {}, "provenance": {}}', "the provenance lacks command, date"),
    ],
)
def test_any_other_file_is_refused_by_name(tmp_path, text, says):
    path = tmp_path / "odd.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=f"odd.json: {says}"):
        read_result(path)
    with pytest.raises(FileNotFoundError, match="none"):
        read_result(tmp_path / "none.json")


def test_provenance_names_the_device_that_computed(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"a card, {device.index}")
    assert provenance("x", torch.device("cuda", 1))["device"] == "a card, 1"
    plain = provenance("x")
    assert plain["device"].startswith("CPU, ")
    assert provenance("x", torch.device("cpu")) == plain
    assert plain.keys() == artifacts.REQUIRED


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
