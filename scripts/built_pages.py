"""Fail unless every page of the table of contents was built.

Jupyter Book 2 reads this book's configuration as none at all, builds nothing and exits 0.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]


def pages(entry: dict[str, Any]) -> Iterator[str]:
    """Every page of a table of contents, in reading order, as paths without a suffix."""
    if page := entry.get("root", entry.get("file")):
        yield page
    for key in ("parts", "chapters", "sections"):
        for child in entry.get(key, []):
            yield from pages(child)


def missing(toc: Path, html: Path) -> list[str]:
    """The pages `toc` names that are not in `html`."""
    named = pages(yaml.safe_load(toc.read_text(encoding="utf-8")))
    return [page for page in named if not (html / page).with_suffix(".html").is_file()]


if __name__ == "__main__":
    html = Path(sys.argv[1])
    if absent := missing(ROOT / "_toc.yml", html):
        sys.exit(f"not built in {html}: {', '.join(absent)}")
