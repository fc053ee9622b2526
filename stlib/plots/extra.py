"""Import what only the figures need, when they need it."""

from importlib import import_module
from typing import Any

__all__ = ["load"]


def load(module: str) -> Any:
    """Import an optional module, or say which extra brings it.

    Args:
        module: dotted name, for example ``'matplotlib.figure'``.

    Returns:
        The module.

    Raises:
        ImportError: the module is not installed; the message holds the command that installs it.

    Source: this book.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(
            f"figures need {module}, which did not import ({error}). "
            "Install it with: pip install 'stlib[book]'"
        ) from error
