"""Predictors that learn nothing: what a network must beat.

Each takes the frames seen and how many to foretell.
"""

from collections.abc import Iterable
from typing import TypeAlias

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

__all__ = ["black", "constant_velocity", "copy_last", "mean_frame", "velocity"]

Frames: TypeAlias = Float[Tensor, "_batch _time _channel _height _width"]
Frame: TypeAlias = Float[Tensor, "_batch _channel _height _width"]


def black(context: Frames, horizon: int) -> Frames:
    """Nothing at all.

    Raises:
        ValueError: a horizon below 1, or no frame seen.

    Source: this book, chapter 1.
    """
    return torch.zeros_like(_last(context, horizon)).repeat(1, horizon, 1, 1, 1)


def mean_frame(
    context: Frames,
    horizon: int,
    mean: Float[Tensor, "_channel _height _width"],
) -> Frames:
    """The same frame always: of all constants, the training mean has the least squared error there.

    Args:
        context: tells only how many predictions are due.
        horizon: frames to foretell.
        mean: over clips and time of the training frames.

    Raises:
        ValueError: a horizon below 1, no frame seen, or a mean of another shape than a frame.

    Source: this book, chapter 1.
    """
    last = _last(context, horizon)
    if mean.shape != last.shape[2:]:
        raise ValueError(f"{tuple(mean.shape)=}, expected a frame's, {tuple(last.shape[2:])}")
    return mean.to(last).expand_as(last).repeat(1, horizon, 1, 1, 1)


def copy_last(context: Frames, horizon: int) -> Frames:
    """The last frame seen, again and again.

    Raises:
        ValueError: a horizon below 1, or no frame seen.

    Source: this book, chapter 1.
    """
    return _last(context, horizon).repeat(1, horizon, 1, 1, 1)


def constant_velocity(
    context: Frames,
    horizon: int,
    *,
    window: int | None = None,
    reach: int = 5,
) -> Frames:
    """Every pixel goes on as it went between the last two frames; see `velocity`.

    What a pixel leaves is black, where two arrive the brighter shows, what leaves the canvas is
    gone. One thing on black, moving by whole pixels, is continued exactly. The limits: motion by
    fractions of a pixel is rounded, and the error grows with the horizon; nothing bounces; two
    things need a window, and where they touch no window separates them.

    Args:
        context: at least two frames.
        horizon: frames to foretell.
        window: odd width in pixels of what is matched around each pixel; None matches the whole
            frame, and it all moves alike.
        reach: fastest motion looked for along each axis, in pixels per frame.

    Raises:
        ValueError: a horizon below 1, fewer than two frames, or as `velocity`.

    Source: Jain and Jain 1981, block matching; this book, chapter 1.
    """
    last = _last(context, horizon, least=2)[:, 0]
    motion = velocity(context[:, -2], last, window=window, reach=reach)
    ahead = range(1, horizon + 1)
    return torch.stack([_carried(last, h * motion) for h in ahead], dim=1)


@torch.no_grad()
def velocity(
    before: Frame,
    after: Frame,
    *,
    window: int | None = None,
    reach: int = 5,
) -> Int[Tensor, "_batch _height _width 2"]:
    """How far each pixel of `after` has come since `before`, by exhaustive block matching.

    Of all shifts of `before`, the one with the least squared difference around the pixel. The
    canvas beyond the border counts as black. Of shifts that fit equally well, the whole frame's
    best; failing that, the smallest: black and flat places do not tell how they moved.

    Args:
        before: a frame.
        after: the next.
        window: odd width in pixels of what is matched; None is the whole frame.
        reach: largest shift along each axis.

    Returns:
        Rows and columns per frame, positive down and to the right.

    Raises:
        ValueError: frames of two shapes, an even window, or a reach as wide as the canvas.

    Source: Jain and Jain 1981, block matching.
    """
    height, width = after.shape[-2:]
    if window is not None and (window < 1 or window % 2 == 0):
        raise ValueError(f"{window=}, expected an odd number or None")
    if not 0 <= reach < min(height, width):
        raise ValueError(f"{reach=}, expected 0 to {min(height, width) - 1} on {height}x{width}")
    if before.shape != after.shape:
        raise ValueError(f"{tuple(before.shape)=}, expected that of after, {tuple(after.shape)}")
    steps = range(-reach, reach + 1)
    shifts = sorted(((y, x) for y in steps for x in steps), key=lambda s: s[0] ** 2 + s[1] ** 2)
    choices = torch.tensor(shifts, device=after.device)
    whole = (_error(before, after, shift).sum((-2, -1), keepdim=True) for shift in shifts)
    still = choices.new_zeros(len(after), 1, 1)  # the first shift is the smallest
    best = _best(whole, still).expand(-1, height, width)
    if window is not None:
        around = (_around(_error(before, after, shift), window) for shift in shifts)
        best = _best(around, best)
    return choices[best]


def _best(errors: Iterable[Tensor], preferred: Tensor) -> Tensor:
    """Which of the errors is least at each place; of equals `preferred`, else the first."""
    best = preferred
    least = own = torch.full(preferred.shape, torch.inf, device=preferred.device)
    for number, error in enumerate(errors):
        best = torch.where(error < least, number, best)
        own = torch.where(preferred == number, error, own)
        least = torch.minimum(error, least)
    return torch.where(own <= least, preferred, best)


def _error(before: Tensor, after: Tensor, shift: tuple[int, int]) -> Tensor:
    """Squared difference at each pixel after shifting `before`, black entering at the border."""
    (down, right), (height, width) = shift, after.shape[-2:]
    room = (max(right, 0), max(-right, 0), max(down, 0), max(-down, 0))
    shifted = F.pad(before, room)[..., room[3] :, room[1] :][..., :height, :width]
    return ((after - shifted) ** 2).sum(1)


def _around(error: Tensor, window: int) -> Tensor:
    """Sums over a square around each pixel (a mean would count the border's padding alike)."""
    rows = F.avg_pool2d(error[:, None], (window, 1), 1, (window // 2, 0))
    return F.avg_pool2d(rows, (1, window), 1, (0, window // 2))[:, 0]


def _carried(frame: Tensor, motion: Tensor) -> Tensor:
    """Each pixel of `frame` set down where `motion` takes it; the brightest of those that meet."""
    height, width = frame.shape[-2:]
    row = torch.arange(height, device=frame.device)[:, None] + motion[..., 0]
    column = torch.arange(width, device=frame.device) + motion[..., 1]
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    outside = height * width  # one more place, for all that leave
    target = torch.where(inside, row * width + column, outside).flatten(1)[:, None]
    target = target.expand(-1, frame.shape[1], -1)
    canvas = frame.new_zeros(*frame.shape[:2], outside + 1)
    canvas.scatter_reduce_(2, target, frame.flatten(2), "amax")
    return canvas[..., :outside].reshape(frame.shape)


def _last(context: Tensor, horizon: int, least: int = 1) -> Tensor:
    """The last frame, its time axis kept."""
    if horizon < 1:
        raise ValueError(f"{horizon=}, expected at least 1 frame to foretell")
    if context.shape[1] < least:
        raise ValueError(f"{context.shape[1]} frames of context, expected at least {least}")
    return context[:, -1:]
