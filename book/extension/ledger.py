"""The ledger: every numbered equation, algorithm, table and figure of the papers, and its place.

A token such as ``ctt-eq-16`` is the label in a chapter, a comment on the line of code that
computes it, and (with underscores) part of a test's name. `ledger.toml` says what each is and our
verdict; this module finds the places, and the `{ledger}` directive makes the page of both. A figure
needs a label alone: what stands there is a figure too, which a lab draws.
"""

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

# Of the three papers, by number; of another model's cell, by the cell.
PAPERS = r"(?:ctt|ms|stdcf)-(?:eq|alg|table|figure)-[a-z]?\d+[a-z]?"
CELLS = (
    r"(?:traj-gru|mode-rnn|cms-lstm|pred-rnn|pred-rnn-v2|mim|motion-rnn|causal-lstm|"
    r"gradient-highway|precip-lstm|e3d-lstm)-eq(?:-[ns])?"
)
TOKEN = re.compile(rf"\b(?:{PAPERS}|{CELLS})\b")
TEST = re.compile(r"def (test_\w+)")
KINDS = {"eq": "Eq.", "alg": "Algorithm", "table": "Table", "figure": "Figure"}


@dataclass(frozen=True)
class Item:
    """One entry of ledger.toml; `later` says why a token has no place yet."""

    token: str
    paper: str
    what: str
    verdict: str
    later: str = ""

    @property
    def kind(self) -> str:
        """Of `KINDS`."""
        return next(part for part in self.token.split("-") if part in KINDS)

    @property
    def printed(self) -> str:
        """What the paper calls it: ``Eq. 16``; of a cell, ``Eq.`` and the part, if it has any."""
        return f"{KINDS[self.kind]} {self.token.partition(f'{self.kind}-')[2].upper()}".strip()


@dataclass
class Places:
    """Where a token stands, as ``path:line``; tests by name."""

    labels: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)
    mentions: list[str] = field(default_factory=list)
    in_tests: list[str] = field(default_factory=list)  # written as in the book: grep finds it


def read(ledger: Path) -> list[Item]:
    """The entries of a ledger file, in its order."""
    return [Item(**item) for item in tomllib.loads(ledger.read_text(encoding="utf-8"))["item"]]


def scan(root: Path) -> dict[str, Places]:
    """Every token of the tree under `root`: chapters, package, tests."""
    found: defaultdict[str, Places] = defaultdict(Places)
    for place, line in numbered_lines(root, "book", "*.md"):
        for token in tokens(line):
            found[token].mentions.append(place)
            if is_label(line, token):
                found[token].labels.append(place)
    for place, line in numbered_lines(root, "stlib", "*.py"):
        for token in tokens(line):
            found[token].mentions.append(place)
            if token in line.partition("#")[2]:
                found[token].lines.append(place)
    for place, line in numbered_lines(root, "tests", "*.py"):
        for token in tokens(line):
            found[token].mentions.append(place)
            found[token].in_tests.append(place)
        if test := TEST.search(line):
            for token in tokens(test[1].replace("_", "-")):
                found[token].tests.append(test[1])
    return dict(found)


def numbered_lines(root: Path, folder: str, pattern: str) -> Iterator[tuple[str, str]]:
    """Each line of the files that match, with its ``path:line``."""
    for path in sorted((root / folder).rglob(pattern)):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            yield f"{path.relative_to(root).as_posix()}:{number}", line


def tokens(text: str) -> list[str]:
    """The tokens of a text in their order, each once, however often it is named."""
    return list(dict.fromkeys(TOKEN.findall(text)))


def is_label(line: str, token: str) -> bool:
    """Whether `line` labels something: ``:label: token``, ``(token)=`` or ``$$ (token)``."""
    line = line.strip()
    return line in (f":label: {token}", f"({token})=") or line.endswith(f"$$ ({token})")


def problems(items: Sequence[Item], found: Mapping[str, Places]) -> list[str]:
    """What keeps equation, code and test apart; empty when nothing does."""
    known = {item.token for item in items}
    complaints = [
        f"{places.mentions[0] if places.mentions else places.tests[0]}: "
        f"{token} is not in ledger.toml"
        for token, places in found.items()
        if token not in known
    ]
    for item in items:
        places = found.get(item.token, Places())
        kept = {"label in a chapter": places.labels}
        if item.kind != "figure":
            kept |= {
                "comment on a line of stlib": places.lines,
                "test named after it": places.tests,
                "mention in a test": places.in_tests,
            }
        if not item.later:
            complaints += [f"{item.token} has no {name}" for name, at in kept.items() if not at]
        if len(places.labels) > 1:
            complaints.append(f"{item.token} is labelled twice: {', '.join(places.labels)}")
    if len(known) < len(items):
        complaints.append("ledger.toml lists a token twice")
    return complaints


def table(items: Sequence[Item], found: Mapping[str, Places]) -> str:
    """A MyST table of `items`, each linked to its chapter: an equation by its number there."""
    rows = ["| Place | What it says | Verdict | Line and test |", "|---|---|---|---|"]
    for item in items:
        places = found.get(item.token, Places())
        place = f"{item.printed} [here](#{item.token})" if places.labels else item.printed
        kept = dict.fromkeys((*places.lines, *places.tests))  # two tests may share a name
        told = "<br>".join(f"`{at}`" for at in kept) or item.later
        rows.append(f"| {place} | {item.what} | {item.verdict} | {told} |")
    return "\n".join(rows)


class Ledger(SphinxDirective):
    """One table a paper; the build fails when a token has lost a place."""

    def run(self) -> list[nodes.Node]:
        root = Path(self.env.srcdir)
        items, found = read(root / "book" / "reference" / "ledger.toml"), scan(root)
        if complaints := problems(items, found):
            raise self.error("\n".join(complaints))
        self.env.note_reread()  # any file of the tree may have changed
        made: list[nodes.Node] = []
        for paper, entries in groupby(items, key=lambda item: item.paper):
            made.append(nodes.rubric("", paper))
            made += self.parse_text_to_nodes(table(list(entries), found))
        return made


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("ledger", Ledger)
