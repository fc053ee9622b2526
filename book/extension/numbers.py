"""Numbers figures, equations and theorems by chapter: the second figure of chapter 10 is 10.2.

Sphinx counts through the whole book unless it numbers the chapters itself, and then from 1; this
book's chapters keep their numbers while the ones before are still to be written.
"""

import re

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

CHAPTER = re.compile(r"(\d+) ·")


def renumber(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Count each kind from 1 on each page, behind the number in the page's title."""
    for page, kinds in env.toc_fignumbers.items():
        chapter = CHAPTER.search(env.titles[page].astext())
        prefix = (int(chapter[1]),) if chapter else ()
        for kind, numbers in kinds.items():
            kinds[kind] = {name: (*prefix, place) for place, name in enumerate(numbers, start=1)}
    return []


def setup(app: Sphinx) -> None:
    """Register, to run after Sphinx has numbered."""
    app.connect("env-get-updated", renumber, priority=900)
