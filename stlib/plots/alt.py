"""The words that stand for a figure where it cannot be seen."""

__all__ = ["described"]

SHORTEST = 20  # characters; a shorter text names a figure and does not describe it


def described(alt: str) -> str:
    """Return the alt text on one line, or refuse it.

    Args:
        alt: what is seen, then what follows from it.

    Returns:
        The text with runs of white space replaced by one space.

    Raises:
        ValueError: the text is empty or too short to describe anything.

    Source: this book.
    """
    line = " ".join(alt.split())
    if len(line) < SHORTEST:
        raise ValueError(
            f"{alt=} has {len(line)} characters, expected at least {SHORTEST}: "
            "say what is seen, then what follows"
        )
    return line
