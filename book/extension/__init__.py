"""What this book adds to Sphinx: what labs computed, live figures, the ledger, printed figures.

Loaded by `_config.yml`. Each module registers itself in its own `setup`.
"""

from typing import Any

from sphinx.application import Sphinx

from . import assets, lab, ledger, live_figure, numbers, printed, proofs, reproduction

__all__ = ["setup"]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything; Sphinx calls this."""
    for part in (assets, lab, ledger, live_figure, numbers, printed, proofs, reproduction):
        part.setup(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
