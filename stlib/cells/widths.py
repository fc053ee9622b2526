"""What every map that keeps its size asks of its width: a pixel in the middle."""

__all__ = ["check_odd"]


def check_odd(name: str, width: int) -> None:
    """Refuse a width that has no middle.

    Args:
        name: what it is called where it was given.
        width: in pixels.

    Raises:
        ValueError: it is even, or below 1.

    Source: this book.
    """
    if width < 1 or width % 2 == 0:
        raise ValueError(f"{name}={width}: must be odd and positive")
