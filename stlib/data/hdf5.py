"""HDF5 files, opened with one kind of complaint for all that may be wrong with them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stlib.extras import load

__all__ = ["opened"]


@contextmanager
def opened(path: str | Path) -> Iterator[Any]:
    """Open an HDF5 file to read.

    Args:
        path: of the file.

    Yields:
        An ``h5py.File``.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no HDF5, or damaged; also when that shows only in reading.
        ImportError: h5py is missing.

    Source: this book; read by h5py.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path} is missing")
    h5py = load("h5py", "train")
    try:
        with h5py.File(path, "r") as file:
            yield file
    except PermissionError:
        raise  # not damaged: out of reach
    except (OSError, KeyError, RuntimeError) as error:
        raise ValueError(f"{path}: expected whole HDF5, found: {error}") from error
