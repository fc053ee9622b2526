"""Attention of every pixel to a window around it, some pixels at a time."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

__all__ = ["LocalAttention"]


class LocalAttention(nn.Module):
    """Every pixel looks at the pixels of a square window and takes a mean of their values.

    The weight of pixel p' for pixel p is a softmax over the window of ``q(p)·k(p')``, unscaled. For
    an even window the further half lies up and left: a window of 30 reaches from -15 to +14.

    Places of the window beyond the border stay in the softmax: their logit is 0 and their value
    zero, so that a pixel near the border takes a smaller mean. All of them together weigh as one
    place whose logit is the logarithm of their number; so none is stored, and a map smaller than
    the window costs no more than itself.

    Queries are taken in square tiles, and the weights of a tile are computed anew in the backward
    pass instead of stored. No tensor is larger than ``chunk² (chunk + window - 1)²`` numbers a
    sample, whatever the map; a smaller chunk needs less memory and makes fewer products that the
    window then throws away, a larger one makes fewer calls. With 1 it makes just those of the
    window: two for each channel, pixel, and place within the map.

    Args:
        channels: of the map it reads, and of what it says.
        window: height and width of what a pixel looks at.
        chunk: height and width of a tile of queries; it changes cost, not results.

    Raises:
        ValueError: a number below 1.

    Source: Ma et al., *PrecipLSTM*, 2022: its spatial local attention, 30 by 30.
    """

    def __init__(self, channels: int, window: int = 30, chunk: int = 16) -> None:
        super().__init__()
        if channels < 1 or window < 1 or chunk < 1:
            raise ValueError(f"{channels=}, {window=}, {chunk=}: all must be at least 1")
        self.window, self.chunk = window, chunk
        self.maps = nn.Conv2d(channels, 3 * channels, 1, bias=False)  # it writes q, k, v

    def forward(
        self, x: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch channels height width"]:
        """Read one map.

        Args:
            x: ``[batch, channels, height, width]``.

        Returns:
            The mean that each pixel takes, in the same shape.

        Source: Ma et al., *PrecipLSTM*, 2022.
        """
        q, k, v = self.maps(x).chunk(3, dim=1)
        said = []
        for top in range(0, x.shape[2], self.chunk):
            row = [self._tile(q, k, v, top, left) for left in range(0, x.shape[3], self.chunk)]
            said.append(torch.cat(row, dim=3))
        return torch.cat(said, dim=2)

    def _tile(self, q: Tensor, k: Tensor, v: Tensor, top: int, left: int) -> Tensor:
        rows, row_keys, near_rows = self._axis(q, 2, top)
        columns, column_keys, near_columns = self._axis(q, 3, left)
        queries = q[:, :, rows, columns]
        near = near_rows[:, None, :, None] & near_columns[None, :, None, :]
        inside = near_rows.sum(1)[:, None] * near_columns.sum(1)
        given = (
            queries.flatten(2),
            k[:, :, row_keys, column_keys].flatten(2),
            v[:, :, row_keys, column_keys].flatten(2),
            near.flatten(2).flatten(0, 1),
            self.window**2 - inside.flatten(),
        )
        if torch.is_grad_enabled():
            said = checkpoint(_mean, *given, use_reentrant=False, preserve_rng_state=False)
        else:
            said = _mean(*given)
        return said.reshape(queries.shape)

    def _axis(self, q: Tensor, axis: int, start: int) -> tuple[slice, slice, Tensor]:
        """Along one axis: the tile's queries, all keys that one of them sees, and which does."""
        size = q.shape[axis]
        stop = min(start + self.chunk, size)
        before = self.window // 2
        after = self.window - before - 1
        first, last = max(start - before, 0), min(stop - 1 + after, size - 1)
        query = torch.arange(start, stop, device=q.device)
        key = torch.arange(first, last + 1, device=q.device)
        far = key - query[:, None]
        return slice(start, stop), slice(first, last + 1), (far >= -before) & (far <= after)


def _mean(
    queries: Float[Tensor, "batch channels queries"],
    keys: Float[Tensor, "batch channels keys"],
    values: Float[Tensor, "batch channels keys"],
    near: Bool[Tensor, "queries keys"],
    outside: Int[Tensor, "queries"],
) -> Float[Tensor, "batch channels queries"]:
    """The mean of the near values; `outside` places more have logit 0 and value 0."""
    logits = (queries.mT @ keys).masked_fill(~near, -torch.inf)
    exact = torch.promote_types(logits.dtype, torch.float32)
    absent = outside.to(exact).log()[:, None].expand(len(logits), -1, 1)
    weights = torch.cat([logits.to(exact), absent], dim=2).softmax(dim=2)[..., :-1]
    return values @ weights.to(values.dtype).mT
