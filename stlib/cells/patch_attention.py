"""Attention within patches: a pixel of two maps looks at its own patch in both of them."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

__all__ = ["PatchAttention"]


class PatchAttention(nn.Module):
    """Attention of two maps side by side, patch by patch.

    Either map is cut into a grid of patches; a pixel attends to all pixels of its patch and of the
    patch in the same place of the other map. Products of queries and keys are not scaled. Keys have
    no bias: it would add the same to every product of a query, which no softmax sees.

    Args:
        channels: of the maps.
        patches: along a side.

    Raises:
        ValueError: a number below 1.

    Source: Chai et al., *CMS-LSTM*, 2022.
    """

    def __init__(self, channels: int, patches: int) -> None:
        super().__init__()
        if channels < 1 or patches < 1:
            raise ValueError(f"{channels=}, {patches=}: must be at least 1")
        self.patches = patches
        self.query = nn.Conv2d(channels, channels, 1)
        self.key = nn.Conv2d(channels, channels, 1, bias=False)
        self.value = nn.Conv2d(channels, channels, 1)

    def forward(
        self, joined: Float[Tensor, "batch channels height both"]
    ) -> Float[Tensor, "batch channels height both"]:
        """Attend.

        Args:
            joined: the two maps, the second to the right of the first.

        Returns:
            What each pixel has seen, in the same shape.

        Raises:
            ValueError: a map that cannot be cut so.

        Source: Chai et al., *CMS-LSTM*, 2022.
        """
        height, width = joined.shape[2], joined.shape[3] // 2
        if height % self.patches or joined.shape[3] % (2 * self.patches):
            raise ValueError(
                f"two maps of {height}×{width}: sides must be divisible by the patches along them, "
                f"{self.patches}"
            )
        query, key, value = (self._cut(each(joined)) for each in (self.query, self.key, self.value))
        seen = F.scaled_dot_product_attention(query, key, value, scale=1.0)
        return self._joined(seen, height, width)

    def _cut(self, joined: Tensor) -> Tensor:
        """``[batch, patch, pixel, channel]``: the pixels of a patch in both maps are one row."""
        batch, channels, height, both = joined.shape
        grid = self.patches
        cut = joined.reshape(
            batch, channels, grid, height // grid, 2, grid, both // (2 * grid)
        ).permute(0, 2, 5, 4, 3, 6, 1)
        return cut.reshape(batch, grid * grid, -1, channels)

    def _joined(self, seen: Tensor, height: int, width: int) -> Tensor:
        grid, channels = self.patches, seen.shape[3]
        cut = seen.reshape(-1, grid, grid, 2, height // grid, width // grid, channels)
        return cut.permute(0, 6, 1, 4, 3, 2, 5).reshape(-1, channels, height, 2 * width)
