"""Whether a grid of patches shows in an error: its steps across borders, against those inside."""

from jaxtyping import Float
from torch import Tensor

__all__ = ["raster"]


def raster(error: Float[Tensor, "_batch _time _channel _height _width"], patch: int) -> float:
    """Mean squared step from pixel to pixel across borders of patches, over that inside them.

    A forecast made pixel by pixel knows of no grid, and has about 1 for any; a forecast whose
    patches do not fit together has more. Where something happens counts too: take a network
    without patches, on the same grid and clips, as the control.

    Args:
        error: prediction minus truth.
        patch: pixels a side; the first patch begins at the first pixel.

    Raises:
        ValueError: a patch below 2, frames of a single patch or of other sizes than whole ones, or
            an error without a step inside.

    Source: this book, chapter 16; Ma et al., section 6, speak of raster effects.
    """
    height, width = error.shape[-2:]
    if patch < 2 or height % patch or width % patch or max(height, width) == patch:
        raise ValueError(
            f"{patch=}: expected from 2, sides of {height} and {width} its multiples, one of them "
            "more than it"
        )
    across, inside, crossings, rest = 0.0, 0.0, 0, 0
    for axis in (-2, -1):
        steps = error.double().diff(dim=axis).square().movedim(axis, 0)
        between = steps[patch - 1 :: patch]
        across, crossings = across + float(between.sum()), crossings + between.numel()
        inside, rest = inside + float(steps.sum() - between.sum()), rest + steps.numel()
    rest -= crossings
    if inside <= 0:
        raise ValueError("the error has no step inside a patch: expected frames that differ there")
    return (across / crossings) / (inside / rest)
