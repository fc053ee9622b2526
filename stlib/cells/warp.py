"""A map read elsewhere than where it stands, for every pixel: bilinearly, between its pixels."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

__all__ = ["warp"]


def warp(
    maps: Float[Tensor, "batch channels height width"],
    flow: Float[Tensor, "batch links 2 height width"],
) -> Float[Tensor, "batch channels links height width"]:
    """Read the maps at ``p + flow(p)``, once for every link.

    Args:
        maps: what is read; outside there are zeros.
        flow: in pixels, first to the right, then down. Where it is zero, the map stays,
            within rounding.

    Source: Shi et al., *Deep Learning for Precipitation Nowcasting*, 2017.
    """
    links, _, height, width = flow.shape[1:]
    # Eight bits hold no position beyond 256 pixels, and none between pixels before that.
    exact = torch.promote_types(maps.dtype, torch.float32)
    flow = flow.to(exact)
    columns = torch.arange(width, dtype=exact, device=flow.device) + flow[:, :, 0]
    rows = torch.arange(height, dtype=exact, device=flow.device)[:, None] + flow[:, :, 1]
    # One tall grid, so that the maps need not be repeated for every link.
    grid = torch.stack([_placed(columns, width), _placed(rows, height)], dim=-1).flatten(1, 2)
    read = F.grid_sample(maps.to(exact), grid, align_corners=False)
    return read.reshape(*maps.shape[:2], links, height, width).to(maps.dtype)


def _placed(pixel: Tensor, side: int) -> Tensor:
    """As `grid_sample` counts: -1 and 1 are the outer edges of the first and the last pixel."""
    return (2 * pixel + 1) / side - 1
