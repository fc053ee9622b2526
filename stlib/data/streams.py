"""Random numbers that are a function of a counter: nothing has to be drawn before them.

Raw bits rather than numpy's generators, whose way of using them numpy may change.
"""

from typing import get_args

import numpy as np
from jaxtyping import Float64, UInt64

from stlib.data.clips import Split

__all__ = ["natural", "nearly_normal", "stream", "unit"]


def natural(seed: int) -> int:
    """The seed, if it is one.

    Raises:
        ValueError: it is negative, or needs more than 64 bits.

    Source: this book.
    """
    if not 0 <= seed < 2**64:
        raise ValueError(f"{seed=}, expected 0 to 2**64 - 1")
    return seed


def stream(
    seed: int, split: Split, kind: int = 0, number: int = 0, moment: int = 0
) -> np.random.Philox:
    """A stream of its own for everything that is drawn.

    Args:
        seed: another one gives other numbers.
        split: 'training', 'validation' or 'test': other numbers in each.
        kind: of what is drawn.
        number: of the clip, or of whatever there are several.
        moment: of several that belong to the same.

    Source: Salmon et al. 2011, Philox.
    """
    splits = get_args(Split)
    key = np.array([seed, len(splits) * kind + splits.index(split)], np.uint64)
    return np.random.Philox(key=key, counter=np.array([0, number, moment, 0], np.uint64))


def unit(bits: UInt64[np.ndarray, "*axes"]) -> Float64[np.ndarray, "*axes"]:
    """Raw bits as evenly distributed numbers from 0 up to 1.

    Source: this book.
    """
    return (bits >> np.uint64(11)) * 2.0**-53


def nearly_normal(bits: UInt64[np.ndarray, "*axes"]) -> Float64[np.ndarray, "*axes"]:
    """Raw bits as numbers of mean 0 and variance 1, nearly normal, within 3.47 of 0.

    Each is the sum of four evenly distributed numbers: the quarters of 64 bits.

    Source: this book.
    """
    quarters = bits.view(np.uint16).reshape(*bits.shape, 4).sum(axis=-1, dtype=np.int64)
    return (quarters / 65535 - 2) * np.sqrt(3)
