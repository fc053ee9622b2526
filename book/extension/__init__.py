"""What this book adds to Sphinx: labs' results, live figures, cards, ledger, printed figures.

Loaded by `_config.yml`. Each module registers itself in its own `setup`.
"""

from typing import Any

from sphinx.application import Sphinx

from . import assets, cards, lab, ledger, live_figure, numbers, printed, proofs, reproduction

__all__ = ["setup"]

PARTS = (assets, cards, lab, ledger, live_figure, numbers, printed, proofs, reproduction)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything; Sphinx calls this."""
    for part in PARTS:
        part.setup(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
