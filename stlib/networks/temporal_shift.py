"""Some channels a frame later, some a frame earlier: time for a 2D network, free of charge."""

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["temporal_shift"]


def temporal_shift(
    clip: Float[Tensor, "batch channel time height width"], share: int = 8
) -> Float[Tensor, "batch channel time height width"]:
    """Move one channel in `share` a frame earlier, and another one in `share` a frame later.

    What is moved over an end is lost, and zeros come in at the other.

    Args:
        clip: ``[batch, channel, time, height, width]``.
        share: one of so many channels goes either way; from 2.

    Raises:
        ValueError: a share below 2, or fewer channels than it.

    Source: Lin et al. 2019, the temporal shift module.
    """
    channels = clip.shape[1]
    if share < 2 or channels < share:
        raise ValueError(f"{share=}: expected 2 to the {channels} channels of the clip")
    moved = channels // share
    earlier, later, kept = clip.tensor_split((moved, 2 * moved), dim=1)
    none = torch.zeros_like(earlier[:, :, :1])
    earlier = torch.cat([earlier[:, :, 1:], none], dim=2)
    later = torch.cat([none, later[:, :, :-1]], dim=2)
    return torch.cat([earlier, later, kept], dim=1)
