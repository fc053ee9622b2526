"""Equation, line and test stay together, and the ledger knows every token."""

from pathlib import Path

from book.extension.ledger import problems, read, scan, table

ROOT = Path(__file__).parents[2]
LEDGER = ROOT / "book" / "reference" / "ledger.toml"

# Put together here, so that the scan of this tree does not find them.
KEPT, LOST, LATE, STRAY = (f"ctt-{kind}" for kind in ("eq-901", "eq-902", "alg-903", "table-904"))


def test_every_token_has_its_places():
    assert problems(read(LEDGER), scan(ROOT)) == []


def tree(root: Path) -> Path:
    """A small tree: one token kept, one that has lost code and test, one late, one stray."""
    for folder in ("book", "stlib", "tests"):
        (root / folder).mkdir()
    (root / "book" / "chapter.md").write_text(f"$$ x $$ ({KEPT})\n\n({LOST})=\nwords\n")
    (root / "stlib" / "code.py").write_text(f"x = 1  # {KEPT}, {STRAY}\ny = '{LOST}'\n")
    (root / "tests" / "test_code.py").write_text(
        f"def test_{KEPT.replace('-', '_')}_holds(): ...  # {KEPT}\n"
    )
    entry = '[[item]]\ntoken = "{}"\npaper = "P"\nwhat = "w"\nverdict = "v"\n'
    ledger = root / "ledger.toml"
    ledger.write_text(
        entry.format(KEPT) + entry.format(LOST) + entry.format(LATE) + 'later = "chapter 12"\n'
    )
    return ledger


def test_checker_reports_lost_places_and_strays(tmp_path):
    ledger = tree(tmp_path)
    assert problems(read(ledger), scan(tmp_path)) == [
        f"stlib/code.py:1: {STRAY} is not in ledger.toml",
        f"{LOST} has no comment on a line of stlib",
        f"{LOST} has no test named after it",
        f"{LOST} has no mention in a test",
    ]


def test_checker_reports_a_label_and_an_entry_given_twice(tmp_path):
    ledger = tree(tmp_path)
    (tmp_path / "book" / "other.md").write_text(f":label: {KEPT}\n")
    found = problems(read(ledger) * 2, scan(tmp_path))
    assert f"{KEPT} is labelled twice: book/chapter.md:1, book/other.md:1" in found
    assert "ledger.toml lists a token twice" in found


def test_a_figure_needs_a_label_alone(tmp_path):
    ledger, figure = tree(tmp_path), "-".join(("ctt", "figure", "905"))
    with ledger.open("a") as file:
        file.write(f'[[item]]\ntoken = "{figure}"\npaper = "P"\nwhat = "w"\nverdict = "v"\n')
    assert f"{figure} has no label in a chapter" in problems(read(ledger), scan(tmp_path))
    (tmp_path / "book" / "other.md").write_text(f"({figure})=\n")
    assert not any(figure in each for each in problems(read(ledger), scan(tmp_path)))
    assert table(read(ledger), scan(tmp_path)).endswith(
        f"| Figure 905 [here](#{figure}) | w | v |  |"
    )


def test_a_cell_has_equations_of_its_own(tmp_path):
    ledger, cell = tree(tmp_path), "-".join(("mim", "eq"))
    with ledger.open("a") as file:
        for token in (cell, f"{cell}-n"):
            file.write(f'[[item]]\ntoken = "{token}"\npaper = "P"\nwhat = "w"\nverdict = "v"\n')
    (tmp_path / "book" / "other.md").write_text(f":label: {cell}\n:label: {cell}-n\n")
    name = cell.replace("-", "_")
    (tmp_path / "tests" / "test_more.py").write_text(f"def test_{name}_now(): ...  # {cell}\n")
    (tmp_path / "stlib" / "cell.py").write_text(f"x = 1  # {cell}: {cell}-n\n")
    found = problems(read(ledger), scan(tmp_path))
    assert f"{cell}-n has no test named after it" in found
    assert not any(each.startswith(f"{cell} ") for each in found)
    rows = table(read(ledger), scan(tmp_path)).splitlines()
    assert rows[-2].startswith(f"| Eq. [here](#{cell}) |")
    assert rows[-1].startswith(f"| Eq. N [here](#{cell}-n) |")


def test_table_shows_place_line_test_and_reason(tmp_path):
    ledger = tree(tmp_path)
    rows = table(read(ledger), scan(tmp_path)).splitlines()
    test = f"test_{KEPT.replace('-', '_')}_holds"
    assert rows[2] == f"| Eq. 901 [here](#{KEPT}) | w | v | `stlib/code.py:1`<br>`{test}` |"
    assert rows[4] == "| Algorithm 903 | w | v | chapter 12 |"


def test_table_names_a_line_and_a_test_once(tmp_path):
    ledger, test = tree(tmp_path), f"test_{KEPT.replace('-', '_')}_holds"
    (tmp_path / "stlib" / "code.py").write_text(f"x = 1  # {KEPT}: {KEPT}, its part a\n")
    (tmp_path / "tests" / "test_more.py").write_text(f"def {test}(): ...\n")
    rows = table(read(ledger), scan(tmp_path)).splitlines()
    assert rows[2].endswith(f"| `stlib/code.py:1`<br>`{test}` |")
