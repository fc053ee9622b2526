"""Import what the core does without, or say which extra brings it."""

from importlib import import_module
from typing import Any, Literal, TypeAlias

__all__ = ["Extra", "load"]

Extra: TypeAlias = Literal["train", "book"]


def load(module: str, extra: Extra) -> Any:
    """Import an optional module where it is used.

    Args:
        module: dotted name, for example ``'matplotlib.figure'``.
        extra: of ``pip install 'stlib[…]'`` that brings it.

    Returns:
        The module.

    Raises:
        ImportError: it did not import; the message holds the command that installs it.

    Source: this book.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{module} did not import ({error}). Install it with: pip install 'stlib[{extra}]'"
        ) from error
