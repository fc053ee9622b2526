"""Attention along one axis of a film: every position reads its own row, column, or past."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

__all__ = ["AxialAttention", "FrameAttention"]


class AxialAttention(nn.Module):
    """Self-attention along time, height or width; positions that differ elsewhere do not meet.

    Each head adds to its logits a number for how far apart two positions are, which is learned.

    Args:
        width: channels, a multiple of the heads.
        length: positions along the axis.
        axis: of the film ``[batch, time, height, width, channel]``: 1, 2 or 3.
        heads: how many.

    Raises:
        ValueError: a width that is no multiple of the heads, no position, or another axis.

    Source: Gao et al., *Earthformer*, 2022: its axial pattern of cuboids; Ho et al. 2019; the table
    of distances after Liu et al. 2021.
    """

    def __init__(self, width: int, length: int, axis: int, heads: int = 4) -> None:
        super().__init__()
        _check(width, length, heads)
        if axis not in (1, 2, 3):
            raise ValueError(f"{axis=}: must be 1, 2 or 3, for time, height or width")
        self.axis, self.heads = axis, heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width)
        self.distances = _table(length, heads)

    def forward(
        self, x: Float[Tensor, "batch time height width channel"]
    ) -> Float[Tensor, "batch time height width channel"]:
        """What every position reads along the axis.

        Raises:
            ValueError: another length than the table is for.

        Source: Gao et al., *Earthformer*, 2022, section 3.1.
        """
        rows = x.movedim(self.axis, -2)
        bias = _bias(self.distances, rows.shape[-2])
        query, key, value = self.qkv(rows).chunk(3, dim=-1)
        return self.out(_attention(query, key, value, bias)).movedim(-2, self.axis)


class FrameAttention(nn.Module):
    """Cross-attention over time: every pixel of the future reads the same pixel of the past.

    Distances are between numbers of frames, the first of the future taken as the first of the past;
    all that differs from true distances is which entry of the table is which.

    Args:
        width: channels, a multiple of the heads.
        length: frames of the past, and of the future.
        heads: how many.

    Raises:
        ValueError: a width that is no multiple of the heads, or no frame.

    Source: Gao et al., *Earthformer*, 2022: cross-attention with cuboids of one pixel.
    """

    def __init__(self, width: int, length: int, heads: int = 4) -> None:
        super().__init__()
        _check(width, length, heads)
        self.heads = heads
        self.query = nn.Linear(width, width, bias=False)
        self.key_value = nn.Linear(width, 2 * width, bias=False)
        self.out = nn.Linear(width, width)
        self.distances = _table(length, heads)

    def forward(
        self,
        x: Float[Tensor, "batch time height width channel"],
        memory: Float[Tensor, "batch time height width channel"],
    ) -> Float[Tensor, "batch time height width channel"]:
        """What every position of the future reads in the past.

        Args:
            x: the future, of which the queries are.
            memory: the past, of which keys and values are.

        Raises:
            ValueError: another number of frames than the table is for.

        Source: Gao et al., *Earthformer*, 2022, section 3.2.
        """
        bias = _bias(self.distances, x.shape[1])
        query = self.query(x.movedim(1, -2))
        key, value = self.key_value(memory.movedim(1, -2)).chunk(2, dim=-1)
        return self.out(_attention(query, key, value, bias)).movedim(-2, 1)


def _check(width: int, length: int, heads: int) -> None:
    if min(width, length, heads) < 1 or width % heads:
        raise ValueError(
            f"{width=}, {length=}, {heads=}: all must be at least 1, and the width a multiple of "
            "the heads"
        )


def _table(length: int, heads: int) -> nn.Parameter:
    """One number a distance and head, from -(length - 1) up."""
    return nn.Parameter(nn.init.trunc_normal_(torch.empty(2 * length - 1, heads), std=0.02))


def _bias(
    table: Float[Tensor, "distances heads"], length: int
) -> Float[Tensor, "heads {length} {length}"]:
    """For query i and key j the entry of i - j."""
    if table.shape[0] != 2 * length - 1:
        raise ValueError(f"{length} positions, the layer has {(table.shape[0] + 1) // 2}")
    place = torch.arange(length, device=table.device)
    return table[place[:, None] - place + length - 1].permute(2, 0, 1)


def _attention(
    query: Float[Tensor, "*batch length channel"],
    key: Float[Tensor, "*batch length channel"],
    value: Float[Tensor, "*batch length channel"],
    bias: Float[Tensor, "heads length length"],
) -> Float[Tensor, "*batch length channel"]:
    """Softmax of the scaled products and the bias; heads are equal parts of the channels."""
    heads = bias.shape[0]
    *batch, length, width = query.shape
    q, k, v = (
        each.reshape(-1, length, heads, width // heads).transpose(1, 2)
        for each in (query, key, value)
    )
    read = F.scaled_dot_product_attention(q, k, v, attn_mask=bias.to(query.dtype))
    return read.transpose(1, 2).reshape(*batch, length, width)
