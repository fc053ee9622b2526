"""The directives, in a book of one chapter and one lab."""

import shutil
from io import StringIO
from pathlib import Path

import nbformat
import pytest
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from book.extension import printed
from stlib.printed import figure, nearest

CARDS = Path(__file__).parents[2] / "book" / "reference" / "cells"
EXTENSIONS = ["myst_nb", "sphinx_proof", "book.extension"]

CHAPTER = """# 7 · A chapter

{numref}`fig-second` and {prf:ref}`thm-all`.

```{lab-cell} 07_lab sum
```

```{lab-cell} 07_lab sum
:output-only:
```

```{lab-figure} 07_lab drawing
:name: fig-first
A **square**.

How to read it.
```

```{live-figure} nested_sum
:name: fig-second
:order: 2
Live.
```

```{prf:theorem} All
:label: thm-all
Words.
```

```{prf:proof}
:class: dropdown
Few words.
```
"""


DEFINED = ("LiveElement", "NestedSum", "TempoFigure")


def lab(path: Path) -> None:
    """A lab that prints a sum and draws a square."""
    drawn = {"text/html": "<svg id='square'></svg>", "text/plain": "a square"}
    cells = [
        nbformat.v4.new_code_cell(
            "print(40 + 2)",
            metadata={"tags": ["name:sum"]},
            outputs=[nbformat.v4.new_output("stream", name="stdout", text="42\n")],
        ),
        nbformat.v4.new_code_cell(
            "square",
            metadata={"tags": ["name:drawing"]},
            outputs=[nbformat.v4.new_output("display_data", data=drawn)],
        ),
    ]
    path.parent.mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)


@pytest.fixture
def build(tmp_path):
    """Build a chapter; give its HTML and the warnings."""
    lab(tmp_path / "notebooks" / "07_lab.ipynb")

    def run(chapter: str) -> tuple[str, str]:
        (tmp_path / "index.md").write_text(chapter, encoding="utf-8")
        out, warnings = tmp_path / "out", StringIO()
        overrides = {
            "extensions": EXTENSIONS,
            "numfig": True,
            "nb_execution_mode": "off",
            "exclude_patterns": ["notebooks", "out"],
        }
        with patch_docutils(), docutils_namespace():
            app = Sphinx(
                str(tmp_path), None, str(out), str(out / ".doctrees"), "html",
                confoverrides=overrides, status=None, warning=warnings, freshenv=True,
            )  # fmt: skip
            app.build()
        return (out / "index.html").read_text(encoding="utf-8"), warnings.getvalue()

    return run


def test_a_chapter_shows_what_its_lab_computed(build):
    html, warnings = build(CHAPTER)
    assert warnings == ""
    assert html.count("42\n") == 2
    assert html.count('<span class="nb">print</span>') == 1
    assert "<svg id='square'></svg>" in html
    assert "a square" not in html


def test_numbers_carry_the_chapters(build):
    html, _ = build(CHAPTER)
    for number in ("Fig. 7.1", "Fig. 7.2", "Theorem 7.1"):
        assert number in html


def test_a_live_figure_stands_on_the_page_and_is_defined_once(build):
    again = "\n```{{live-figure}} {}\n:name: fig-{}\nAgain.\n```\n".format
    html, _ = build(CHAPTER + again("nested_sum", "third") + again("tempo", "fourth"))
    assert "<tempo-figure></tempo-figure>" in html  # such a name needs a hyphen
    assert '<nested-sum order="2"></nested-sum>' in html
    assert "<nested-sum></nested-sum>" in html
    assert html.count('<script type="module">') == 3
    base, *figures = (html.index(f"class {name} extends") for name in DEFINED)
    assert base < min(figures)
    assert all(html.count(f"class {name} extends") == 1 for name in DEFINED)


def test_a_proof_has_a_title_and_can_fold(build):
    html, _ = build(CHAPTER)
    assert '<p class="admonition-title">Proof</p>\n<p>Few words.</p>' in html


def test_a_card_shows_the_tree_a_drawing_and_code(build, tmp_path):
    cards = tmp_path / "book" / "reference" / "cells"
    shutil.copytree(CARDS, cards, ignore=shutil.ignore_patterns("*.md"))
    html, warnings = build(
        "# Cards\n\n```{family-tree}\n```\n\n"
        "```{cell-wiring} pred_rnn\n:name: fig-wires\nWires.\n```\n\n"
        "```{cell-code} cells.conv_lstm.ConvLSTM.forward\n```\n\n```{cell-cost} conv_lstm\n```\n"
    )
    assert warnings == ""
    assert '<a class="reference internal cell" href="pred_rnn.html">PredRNN</a>' in html
    assert ">What PredRNN reads and writes</title>" in html
    assert "stlib/cells/conv_lstm.py" in html
    assert "72 c² + 8 c" in html
    _, warnings = build(
        "# Cards\n\n```{cell-wiring} no_such\n:name: f\nWires.\n```\n\n"
        "```{cell-code} cells.step.Step\n```\n\n```{cell-cost} no_such\n```\n"
    )
    for complaint in ("no cell no_such", "stlib.cells.step.Step is no method", "no member no_such"):
        assert complaint in warnings


def test_printed_figures_stand_beside_what_is_counted(build, monkeypatch):
    chosen = [
        figure("table-4-moving-mnist", row, column)
        for row, column in (
            ("ConvLSTM (baseline)", "Params"),
            ("ConvLSTM (baseline)", "FLOPs"),
            ("Conv-TT-LSTM (ours)", "Params"),
        )
    ]
    chosen.append(figure("table-4-kth", "ConvLSTM (baseline)", "Params"))
    monkeypatch.setattr(printed, "figures", lambda: chosen)
    rows = printed.table(map(nearest, chosen)).splitlines()[2:]
    assert len(rows) == 3  # the same number of the same network is one row
    assert rows[0].endswith("| 3,973,201<br>5×5 | text | rounds |")
    assert "| unexplained | closest 16,266,362,880: " in rows[1]
    assert "| another configuration, not unique: 3 cells | 2,687,281: N = 3, M = 3" in rows[2]
    html, warnings = build("# 7 · A chapter\n\n```{printed-figures}\n```\n")
    assert warnings == ""
    assert "+386,362,880" in html


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ("```{lab-cell} 07_lab product\n```", "0 cells are tagged name:product, expected one"),
        ("```{lab-cell} 08_lab sum\n```", "no notebook"),
        ("```{lab-cell} 07_lab drawing\n:output-only:\n```", "drawing printed nothing"),
        ("```{lab-figure} 07_lab sum\n:name: f\nWords.\n```", "sum drew nothing"),
        ("```{lab-figure} 07_lab drawing\nWords.\n```", "needs a :name: and a caption"),
        ("```{live-figure} no_such\n:name: f\nWords.\n```", "no file book/assets/no_such"),
    ],
)
def test_what_is_not_there_is_a_complaint(build, wrong, complaint):
    _, warnings = build(f"# 7 · A chapter\n\n{wrong}\n")
    assert complaint in warnings
