"""`reproduction`: a table's figures beside ours; `reproduction-sums`: how many of each verdict.

Nothing of the tables is typed. `stlib.reproduction` finds the verdicts when the book is built. A
claim that a stored result speaks to is linked to the chapter whose lab reads that result.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import get_args

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from stlib.printed import table as printed_table
from stlib.reproduction import Line, Spoken, Verdict, lines

PAPERS = {
    "su2020": "Conv-TT-LSTM",
    "ma2023": "MS-LSTM",
    "miao2021": "STDCF",
}
WORDS = ("supported", "contradicted", "not resolved")


def sums(every: Sequence[Line]) -> str:
    """A MyST table: verdicts down, papers across; and what became of the claims of results."""
    papers = list(dict.fromkeys(line.entry.paper for line in every))
    counts = Counter((line.found.verdict, line.entry.paper) for line in every)
    rows = [
        f"| Verdict | {' | '.join(PAPERS[paper] for paper in papers)} | All |",
        f"|---|{'---:|' * (len(papers) + 1)}",
    ]
    for verdict in get_args(Verdict):
        across = [counts[verdict, paper] for paper in papers]
        rows.append(f"| {verdict} | {' | '.join(map(str, across))} | {sum(across)} |")
    across = [sum(line.entry.paper == paper for line in every) for paper in papers]
    rows.append(f"| **figures** | {' | '.join(map(str, across))} | {len(every)} |")
    claims = {(claim, line.entry.paper): None for line in every for claim in line.spoken}
    judged = Counter((claim.verdict, paper) for claim, paper in claims)
    for word in WORDS:
        across = [judged[word, paper] for paper in papers]
        rows.append(f"| claims {word} here | {' | '.join(map(str, across))} | {sum(across)} |")
    return "\n".join(rows)


def folded(every: Sequence[Line], root: Path, name: str) -> str:
    """One table, folded under its place in the paper and how many of each verdict it has."""
    entries = [line for line in every if line.entry.table == name]
    counts = Counter(line.found.verdict for line in entries)
    verdicts = ", ".join(f"{v} {counts[v]}" for v in get_args(Verdict) if counts[v])
    title = f"{printed_table(name).place}: {verdicts}"
    return "\n".join([f"````{{dropdown}} {title}", table(entries, root), "````", ""])


def table(entries: Iterable[Line], root: Path) -> str:
    """A MyST table. Figures of one row beside which nothing of ours stands share a line."""
    rows = ["| Row | Printed | Ours | Verdict | Why, and where |", "|---|---|---|---|---|"]
    for (row, found, spoken), same in groupby(
        entries, key=lambda line: (line.entry.row, line.found, line.spoken)
    ):
        figures = ", ".join(f"{line.entry.column} {line.entry.text}" for line in same)
        why = [found.why] if found.why else []
        why += [f"`{found.test}`"] if found.test else []
        for (result, seeds), claims in groupby(spoken, key=lambda each: (each.result, each.seeds)):
            said = "; ".join(map(judgement, claims))
            why.append(f"on our small clips, {seeds} seeds, {read_in(result, root)}: {said}")
        cells = (row, figures, found.ours, found.verdict, "<br>".join(why))
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def judgement(claim: Spoken) -> str:
    """What became of a claim, with the difference in percent and its 95% interval."""
    middle, low, high = (f"{each:+.1f}".replace("-", "−") for each in claim.percent)
    return f"{claim.says}: {claim.verdict} ({middle}%, {low} to {high})"


def read_in(result: str, root: Path) -> str:
    """Where to read of a result: its chapter, or the file where no chapter has it yet."""
    where = chapter(result, root)
    return f"[chapter {where[0]}]({where[1]})" if where else f"`stlib/results/{result}.json`"


@cache
def chapter(result: str, root: Path) -> tuple[int, str] | None:
    """Number and place of the chapter whose lab is the first to read a result; None if none is."""
    for lab in sorted((root / "notebooks").glob("*.ipynb")):
        if f'load_result(\\"{result}\\")' in lab.read_text(encoding="utf-8"):
            number, _, name = lab.stem.partition("_")
            for found in (root / "book").rglob(f"{name}.md"):
                return int(number), f"/{found.relative_to(root).as_posix()}"
    return None


class Sums(SphinxDirective):
    """How many figures have which verdict."""

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()  # the package may have changed
        return self.parse_text_to_nodes(sums(lines()))


class Reproduction(SphinxDirective):
    """The table that is its argument, by its name in `stlib.printed`."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()  # the package may have changed
        (name,) = self.arguments
        names = list(dict.fromkeys(line.entry.table for line in lines()))
        if name not in names:
            raise self.error(f"{self.name}: {name} is no table; there are {', '.join(names)}")
        return self.parse_text_to_nodes(folded(lines(), Path(self.env.srcdir), name))


def setup(app: Sphinx) -> None:
    """Register both directives."""
    app.add_directive("reproduction", Reproduction)
    app.add_directive("reproduction-sums", Sums)
