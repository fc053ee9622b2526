"""The report of a GPU run says what failed; without a GPU there is none."""

import torch

from scripts import gpu_report
from scripts.gpu_report import Row, main, report


def test_a_report_lists_every_notebook_and_its_state():
    rows = [Row("a.ipynb", True, 12.4, 1.26), Row("b.ipynb", False, 3.0, 0.5)]
    text = report(rows, "a card")
    assert "# Notebooks on a card" in text
    assert "| a.ipynb | passed | 12 | 1.3 |" in text
    assert "| b.ipynb | FAILED | 3 | 0.5 |" in text


def test_a_failure_is_named_and_the_report_written(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a card")
    monkeypatch.setattr(gpu_report, "run", lambda name: Row(name, name == "a.ipynb", 1.0, 0.1))
    path = tmp_path / "gpu" / "report.md"
    assert main(path, ["a.ipynb"]) == ""
    assert main(path, ["a.ipynb", "b.ipynb"]) == "failed: b.ipynb"
    assert "b.ipynb | FAILED" in path.read_text()


def test_without_a_gpu_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert "no CUDA device" in main(tmp_path / "report.md", ["a.ipynb"])
    assert list(tmp_path.iterdir()) == []
