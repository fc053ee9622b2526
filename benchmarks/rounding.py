"""Numbers as a result file keeps them."""

from typing import Any

from torch import Tensor

__all__ = ["rounded"]


def rounded(value: Any) -> Any:
    """Six significant digits, in lists and tensors too.

    Source: this book.
    """
    if isinstance(value, Tensor):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [rounded(each) for each in value]
    return float(f"{value:.6g}")
