"""Where data sets that are not made here lie: below STLIB_DATA, or in a folder given."""

import os
from pathlib import Path

__all__ = ["find", "missing"]


def find(name: str, holds: str, folder: str | Path | None = None) -> Path | None:
    """The folder of a data set: the one given, or one of the data set's name in it.

    Args:
        name: of the data set.
        holds: a file, below the folder, by which it is known.
        folder: where to look; None is the environment variable STLIB_DATA.

    Returns:
        The folder; None if neither holds the file.

    Source: this book.
    """
    root = folder or os.environ.get("STLIB_DATA")
    places = [Path(root), Path(root) / name] if root else []
    return next((place for place in places if (place / holds).is_file()), None)


def missing(name: str, holds: str, folder: str | Path | None, remedy: str) -> FileNotFoundError:
    """What to raise where `find` finds nothing.

    Args:
        name, holds, folder: as given to `find`.
        remedy: how the data are had.

    Source: this book.
    """
    return FileNotFoundError(
        f"no {holds} in folder={folder}, STLIB_DATA={os.environ.get('STLIB_DATA')}, nor in "
        f"{name}/ below; {remedy}"
    )
