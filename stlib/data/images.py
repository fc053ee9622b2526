"""Films that are folders of numbered JPEG files: 00001.jpg and on."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from stlib.data.video import Filter, Frames, Size, gray_or_colour, resized
from stlib.extras import load

__all__ = ["check_images", "count_images", "read_images"]

END = b"\xff\xd9"  # of every JPEG file


def count_images(folder: Path) -> int:
    """How many frames a folder holds.

    Args:
        folder: of one film.

    Raises:
        FileNotFoundError: there is no such folder.
        ValueError: it holds no frame, or one is missing before the last.

    Source: this book.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder")
    names = {path.name for path in folder.glob("*.jpg")}
    lacking = [name for place in range(max(1, len(names))) if (name := _name(place)) not in names]
    if lacking:
        raise ValueError(
            f"{folder}: expected frames 00001.jpg to the last, found {len(names)} and no "
            f"{lacking[0]}"
        )
    return len(names)


def read_images(
    folder: Path,
    places: Sequence[int],
    *,
    size: Size,
    colour: bool = False,
    filter: Filter = "bilinear",
) -> Frames:
    """Read frames in any order, some perhaps twice.

    Args:
        folder: of one film.
        places: of the frames, counted from 0; the file's number is one more.
        size, colour, filter: as in `stlib.data.video.read_video`.

    Raises:
        FileNotFoundError: a frame is not there.
        ValueError: no place, or one before 0; a damaged file.
        ImportError: Pillow is missing.

    Source: this book.
    """
    if not places or min(places) < 0:
        raise ValueError(f"{places=}, expected some, from 0 or more")
    read = {place: _one(folder / _name(place), size, colour, filter) for place in set(places)}
    return np.stack([read[place] for place in places])


def check_images(folder: Path) -> None:
    """Look at the end of every frame: where a file was cut off, it is another.

    Args:
        folder: of one film.

    Raises:
        FileNotFoundError, ValueError: as `count_images`; a file that was cut off.

    Source: this book.
    """
    for place in range(count_images(folder)):
        path = folder / _name(place)
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - len(END)))
            if file.read() != END:
                raise ValueError(f"{path}: expected a whole JPEG file, found it cut off")


def _name(place: int) -> str:
    return f"{place + 1:05}.jpg"


def _one(
    path: Path, size: Size, colour: bool, filter: Filter
) -> UInt8[np.ndarray, "_channel _height _width"]:
    image = load("PIL.Image", "train")
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        with image.open(path) as opened:
            pixels = np.asarray(opened.convert("RGB"))
    except OSError as error:
        raise ValueError(f"{path}: expected an undamaged image, found: {error}") from error
    return resized(gray_or_colour(pixels, colour)[None], size, filter)[0]
