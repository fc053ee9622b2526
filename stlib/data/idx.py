"""Read the IDX format, in which MNIST is published: a header, then unsigned bytes."""

import math
import sys
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["read_idx"]

UNSIGNED_BYTE = 8
GZIP = 31  # zlib's number for: expect a gzip header and verify its checksum


def read_idx(path: str | Path, axes: int) -> NDArray[np.uint8]:
    """Read one gzipped IDX file of unsigned bytes.

    The header says how much must follow, and no more than that is unpacked. Nothing in the file
    is executed.

    Args:
        path: of the ``.gz`` file.
        axes: how many axes the array must have; 3 for images, 1 for labels.

    Raises:
        OSError: the file cannot be read.
        ValueError: not gzip, not IDX, damaged, or more or fewer bytes than its header announces;
            the message names the file, what was expected and what was found.

    Source: LeCun, Cortes and Burges, the MNIST page, which defines the format.
    """
    packed = Path(path).read_bytes()
    length = 4 + 4 * axes
    header, _ = _unpack(packed, length, path)
    if len(header) < length:
        raise ValueError(f"{path}: expected a header of {length} bytes, found {len(header)}")
    magic = bytes([0, 0, UNSIGNED_BYTE, axes])
    if header[:4] != magic:
        raise ValueError(f"{path}: starts with {header[:4].hex()}, expected {magic.hex()} (IDX)")
    shape = [int(side) for side in np.frombuffer(header, ">u4", count=axes, offset=4)]
    expected = length + math.prod(shape)
    found, complete = _unpack(packed, expected + 1, path)
    if len(found) != expected:
        more = "more" if len(found) > expected else str(len(found))
        raise ValueError(f"{path}: expected {expected} bytes once unpacked, found {more}")
    if not complete:
        raise ValueError(f"{path}: found {len(packed)} bytes, expected a checksum after them")
    return np.frombuffer(found, np.uint8, offset=length).reshape(shape)


def _unpack(packed: bytes, most: int, path: str | Path) -> tuple[bytes, bool]:
    """Unpack at most so many bytes; say whether the end was met and its checksum was right."""
    stream = zlib.decompressobj(GZIP)
    try:
        unpacked = stream.decompress(packed, min(most, sys.maxsize))
    except zlib.error as error:
        raise ValueError(f"{path}: expected an undamaged gzip file, found: {error}") from error
    return unpacked, stream.eof
