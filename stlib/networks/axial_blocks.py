"""Layers of a transformer for films: attention, then a small network at each position."""

from jaxtyping import Float
from torch import Tensor, nn

from stlib.networks.axial_attention import AxialAttention, FrameAttention

__all__ = ["AxialBlock", "CrossBlock"]


class AxialBlock(nn.Module):
    """Self-attention along time, then along height, then along width, each followed by a network.

    Args:
        width: channels, a multiple of the heads.
        lengths: of a film: frames, height, width.
        heads: of the attention.

    Raises:
        ValueError: what `AxialAttention` raises.

    Source: Gao et al., *Earthformer*, 2022, its Figure 2 and the axial pattern.
    """

    def __init__(self, width: int, lengths: tuple[int, int, int], heads: int = 4) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in lengths)
        self.attentions = nn.ModuleList(
            AxialAttention(width, length, axis, heads) for axis, length in enumerate(lengths, 1)
        )
        self.networks = nn.ModuleList(_network(width) for _ in lengths)

    def forward(
        self, x: Float[Tensor, "batch time height width channel"]
    ) -> Float[Tensor, "batch time height width channel"]:
        """The film, with what each position has read added.

        Source: Gao et al., *Earthformer*, 2022, Eq. 2 and 3.
        """
        for norm, attention, network in zip(
            self.norms, self.attentions, self.networks, strict=True
        ):
            x = x + attention(norm(x))
            x = x + network(x)
        return x


class CrossBlock(nn.Module):
    """Attention of the future to the past, followed by a network.

    Args:
        width: channels, a multiple of the heads.
        length: frames of either.
        heads: of the attention.

    Raises:
        ValueError: what `FrameAttention` raises.

    Source: Gao et al., *Earthformer*, 2022, Figure 2.
    """

    def __init__(self, width: int, length: int, heads: int = 4) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.attention = FrameAttention(width, length, heads)
        self.network = _network(width)

    def forward(
        self,
        x: Float[Tensor, "batch time height width channel"],
        memory: Float[Tensor, "batch time height width channel"],
    ) -> Float[Tensor, "batch time height width channel"]:
        """The future, with what it has read of the past added.

        Args:
            x: the future.
            memory: the past, which is not normed here.

        Source: Gao et al., *Earthformer*, 2022, section 3.2.
        """
        x = x + self.attention(self.norm(x), memory)
        out: Tensor = x + self.network(x)
        return out


def _network(width: int) -> nn.Sequential:
    """Normed, four times as wide, and back."""
    return nn.Sequential(
        nn.LayerNorm(width),
        nn.Linear(width, 4 * width),
        nn.GELU(),
        nn.Linear(4 * width, width),
    )
