"""A network under a view: it sees part of its clips, with filters that stand apart accordingly."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from stlib.joint_filter import Swap, swap
from stlib.stages import View

__all__ = ["laid_out", "seen"]


def seen(
    clips: Float[Tensor, "batch _time channel _height _width"], view: View
) -> Float[Tensor, "batch _frames channel _rows _columns"]:
    """What is left of clips.

    Args:
        clips: ``[batch, time, channel, height, width]``.
        view: one frame of each `every`, from the first on; squares of `shrink` pixels averaged,
            which is also what bilinear interpolation to half the size does.

    Raises:
        ValueError: squares that do not divide the frame.

    Source: Miao et al., section 2.2; how they shrink is not printed.
    """
    height, width = clips.shape[-2:]
    if height % view.shrink or width % view.shrink:
        raise ValueError(
            f"shrink={view.shrink}: expected a divisor of the frame's {height} and {width} pixels"
        )
    kept = clips[:, :: view.every]
    if view.shrink == 1:
        return kept
    small = F.avg_pool2d(kept.flatten(0, 1), view.shrink)
    return small.reshape(*kept.shape[:3], *small.shape[-2:])


def laid_out(network: nn.Module, view: View) -> Swap:
    """Dilate every 3D layer as a view asks; its filters stay what they are.

    Args:
        network: one that reads whole clips.
        view: whose dilations are set, whatever they were.

    Returns:
        What was done; its ``undo`` takes it back.

    Raises:
        ValueError: no 3D layer.

    Source: Miao et al., section 2.3.
    """
    return swap(
        network,
        temporal_dilation=view.temporal_dilation,
        spatial_dilation=view.spatial_dilation,
    )
