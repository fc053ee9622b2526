"""Handwritten digits, 28x28 unsigned bytes: MNIST where it is found, else scikit-learn's.

Which digits a model may train on is decided by their index alone, the same way everywhere: the
last tenth, at most 1,000, is for tests, as many before it for validation, the rest for training.
Of MNIST's 10,000 test digits, 0-7,999 train, 8,000-8,999 validate and 9,000-9,999 test. Where all
70,000 are asked for, the 60,000 come first, so the last two thousand stay the same.
"""

import hashlib
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias, get_args

import numpy as np
from jaxtyping import Int64, UInt8

from stlib.data.clips import Split
from stlib.data.folders import find, missing
from stlib.data.idx import read_idx
from stlib.extras import load

__all__ = [
    "Digits",
    "Source",
    "digits",
    "download_mnist",
    "fingerprint",
    "mnist_folder",
    "share",
    "shrunk",
    "sklearn_digits",
]

Source: TypeAlias = Literal["auto", "t10k", "mnist", "sklearn"]

SIDE, BOX = 28, 20  # MNIST centres a digit of 20x20 in a frame of 28x28
CLASSES = 10
MOST_HELD_OUT = 1_000
IMAGES, LABELS = "{}-images-idx3-ubyte.gz", "{}-labels-idx1-ubyte.gz"
MIRROR = "https://ossci-datasets.s3.amazonaws.com/mnist/"
SHA256 = {
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    "train-images-idx3-ubyte.gz": (
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
    ),
    "train-labels-idx1-ubyte.gz": (
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
    ),
}


class Digits(NamedTuple):
    """Digits, bright on black, and what they show.

    Attributes:
        images: ink, from 0 to 255.
        labels: 0 to 9.
        name: where they come from, to be written next to every result.

    Source: this book.
    """

    images: UInt8[np.ndarray, "_digits _height _width"]
    labels: UInt8[np.ndarray, " _digits"]
    name: str


def digits(source: Source = "auto", folder: str | Path | None = None) -> Digits:
    """Load the digits.

    Args:
        source: 't10k' for MNIST's 10,000 test digits, 'mnist' for all 70,000, 'sklearn' for
            scikit-learn's 1,797. 'auto' takes t10k where it is found, else sklearn's; never all
            70,000, so that whoever has MNIST gets the same data.
        folder: that holds MNIST's files, or ``mnist/`` with them; None is the environment
            variable STLIB_DATA.

    Raises:
        ValueError: an unknown source, or a damaged file.
        FileNotFoundError: MNIST was asked for by name and a file of it is missing.
        ImportError: scikit-learn is needed and not installed.

    Source: LeCun, Cortes and Burges (MNIST); Alpaydin and Kaynak (scikit-learn's digits).
    """
    if source not in get_args(Source):
        raise ValueError(f"{source=}, expected one of {', '.join(get_args(Source))}")
    found = mnist_folder(folder)
    if source == "sklearn" or (source == "auto" and found is None):
        return sklearn_digits()
    if found is None:
        remedy = "name the folder that holds it, or fetch it with download_mnist(folder)"
        raise missing("mnist", IMAGES.format("t10k"), folder, remedy)
    test = _mnist(found, "t10k")
    return _joined(_mnist(found, "train"), test) if source == "mnist" else test


def mnist_folder(folder: str | Path | None = None) -> Path | None:
    """The folder with MNIST's test digits: `folder` itself, or ``mnist`` in it; None if neither.

    Args:
        folder: where to look; None is the environment variable STLIB_DATA.

    Source: this book.
    """
    return find("mnist", IMAGES.format("t10k"), folder)


def sklearn_digits() -> Digits:
    """scikit-learn's 8x8 digits, drawn at MNIST's size.

    Bilinear from 8x8 to 20x20, with 4 pixels of black around: fractions of whole numbers, so the
    bytes are the same on every machine.

    Raises:
        ImportError: scikit-learn is not installed.

    Source: Alpaydin and Kaynak, Optical Recognition of Handwritten Digits; MNIST for the frame.
    """
    raw = load("sklearn.datasets", "train").load_digits()
    tenths = _bilinear_tenths(raw.images.shape[-1], BOX)
    ink, white = tenths @ raw.images.astype(np.int64) @ tenths.T, 16 * 100
    drawn = ((255 * ink + white // 2) // white).astype(np.uint8)
    edge = (SIDE - BOX) // 2
    images = np.pad(drawn, ((0, 0), (edge, edge), (edge, edge)))
    return Digits(images, raw.target.astype(np.uint8), "scikit-learn digits at 28x28")


def share(whole: Digits, split: Split) -> Digits:
    """The digits that a split may use; the shares of two splits have no digit in common.

    Args:
        whole: all digits, in their published order.
        split: 'training', 'validation' or 'test'.

    Raises:
        ValueError: an unknown split, or fewer than ten digits.

    Source: this book, chapter 1.
    """
    if split not in get_args(Split):
        raise ValueError(f"{split=}, expected one of {', '.join(get_args(Split))}")
    count = len(whole.images)
    held = min(count // 10, MOST_HELD_OUT)
    if held < 1:
        raise ValueError(f"{count} digits cannot be split: at least 10 are needed")
    ends = {"training": (0, count - 2 * held), "validation": (count - 2 * held, count - held)}
    first, last = ends.get(split, (count - held, count))
    name = f"{whole.name}, {split} ({first}-{last - 1})"
    return Digits(whole.images[first:last], whole.labels[first:last], name)


def shrunk(whole: Digits, factor: int) -> Digits:
    """The same digits, smaller: each pixel the mean of a square, for canvases that cost less.

    Args:
        whole: all digits, or a share of them.
        factor: side of the square; it divides both sides of the images.

    Raises:
        ValueError: a factor that does not divide the images.

    Source: this book.
    """
    count, height, width = whole.images.shape
    if factor < 1 or height % factor or width % factor:
        raise ValueError(f"{factor=}: must divide the digits' {height}x{width} pixels")
    if factor == 1:
        return whole
    squares = whole.images.reshape(count, height // factor, factor, width // factor, factor)
    ink, area = squares.sum(axis=(2, 4), dtype=np.int64), factor**2
    images = ((ink + area // 2) // area).astype(np.uint8)  # rounded in whole numbers
    return Digits(images, whole.labels, f"{whole.name} at {height // factor}x{width // factor}")


def fingerprint(some: Digits) -> str:
    """SHA-256 of the images and labels: what a result says about the data it was measured on.

    Source: this book.
    """
    summed = hashlib.sha256(str(some.images.shape).encode())
    summed.update(np.ascontiguousarray(some.images).tobytes())
    summed.update(np.ascontiguousarray(some.labels).tobytes())
    return summed.hexdigest()


def download_mnist(folder: str | Path, mirror: str = MIRROR) -> Path:
    """Fetch MNIST's four files, 12 MB, unless they are there; each must have the known SHA-256.

    Args:
        folder: to put them in; made if missing.
        mirror: address of the folder on the server, with its last slash.

    Returns:
        The folder, to be given to `digits` or set as STLIB_DATA.

    Raises:
        ImportError: pooch is not installed.
        OSError: no connection, or the folder cannot be written.
        ValueError: a file is not the published one; it is not kept.

    Source: LeCun, Cortes and Burges (MNIST), licence CC BY-SA 3.0.
    """
    pooch = load("pooch", "train")
    for name, sha256 in SHA256.items():
        pooch.retrieve(mirror + name, f"sha256:{sha256}", fname=name, path=str(folder))
    return Path(folder)


def _mnist(folder: Path, part: str) -> Digits:
    """One of MNIST's two halves, checked."""
    image_file, label_file = folder / IMAGES.format(part), folder / LABELS.format(part)
    images, labels = read_idx(image_file, axes=3), read_idx(label_file, axes=1)
    if images.shape[1:] != (SIDE, SIDE):
        raise ValueError(f"{image_file}: images of {images.shape[1:]}, expected {(SIDE, SIDE)}")
    if len(images) != len(labels):
        raise ValueError(f"{label_file}: {len(labels)} labels, expected {len(images)}")
    if labels.size and labels.max() >= CLASSES:
        raise ValueError(f"{label_file}: label {labels.max()}, expected 0 to {CLASSES - 1}")
    return Digits(images, labels, f"MNIST {part}")


def _joined(first: Digits, second: Digits) -> Digits:
    return Digits(
        np.concatenate([first.images, second.images]),
        np.concatenate([first.labels, second.labels]),
        f"{first.name} and {second.name}",
    )


def _bilinear_tenths(old: int, new: int) -> Int64[np.ndarray, "_new _old"]:
    """Weights that bring `old` samples to `new`, in tenths; whole numbers for 8 to 20."""
    centres = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
    hats = np.maximum(0, 1 - np.abs(centres[:, None] - np.arange(old)))
    return np.rint(10 * hats).astype(np.int64)
