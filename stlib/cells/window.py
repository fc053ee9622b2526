"""Which past states feed which core of a convolutional tensor train."""

from typing import Literal, TypeAlias, get_args

__all__ = ["Window", "windows"]

Window: TypeAlias = Literal["sliding", "fixed", "none"]


def windows(window: Window, order: int, steps: int) -> tuple[tuple[int, ...], ...]:
    """The lags of the states that make H̃(1) … H̃(N); lag 1 is the most recent state.

    A sliding window hands core i the D = M - N + 1 states from lag i on, so that an older core
    sees older states. A fixed one hands every core all M states. Without one, core i sees the
    state of lag i as it is.

    Args:
        window: 'sliding', 'fixed' or 'none'.
        order: N, cores.
        steps: M, past states; at least N, and exactly N without a window.

    Returns:
        For each core its lags, ascending.

    Raises:
        ValueError: an unknown window, an order below 1, or steps that do not fit.

    Source: Su et al., Eq. 10; Eq. 26, its part a with M for its last N, as the text around it says.
    """
    if window not in get_args(Window):
        raise ValueError(f"{window=}, expected one of {', '.join(get_args(Window))}")
    if order < 1 or steps < order:
        raise ValueError(f"{order=}, {steps=}: expected an order from 1, and steps from the order")
    if window == "none" and steps > order:
        raise ValueError(f"{order=}, {steps=}: without a window there is one state for each core")
    if window == "fixed":
        return (tuple(range(1, steps + 1)),) * order  # ctt-eq-26, its part a
    size = steps - order + 1  # ctt-table-5: D
    return tuple(tuple(range(i, i + size)) for i in range(1, order + 1))  # ctt-eq-10, ctt-eq-26
