"""Files that are whole or not there: written under another name, then renamed."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

__all__ = ["replacing", "unused"]


@contextmanager
def replacing(path: str | Path) -> Iterator[IO[bytes]]:
    """Open a new file that takes the place of `path` once it has been written to the end.

    What stood there stays whole until then, whatever interrupts the writing.

    Args:
        path: of the file; its folder must exist.

    Yields:
        A file to write bytes to.

    Raises:
        OSError: the folder is missing, or the file cannot be written or renamed.

    Source: this book.
    """
    path = Path(path)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)  # mkstemp lets nobody else read
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def unused(path: str | Path) -> Path:
    """Make sure, before long work, that a new file of this name can be written.

    Raises:
        FileExistsError: there is something of that name.
        FileNotFoundError: its folder is missing.

    Source: this book.
    """
    path = Path(path)
    if path.exists():
        raise FileExistsError(f"{path} exists; choose another name")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: the folder {path.parent} is missing; make it first")
    return path
