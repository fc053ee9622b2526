"""Convolutions of several widths side by side, each over groups of channels."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

__all__ = ["Inception"]


class Inception(nn.Module):
    """A 1×1 convolution, then the sum of grouped ones, each normed and rectified for itself.

    Args:
        inputs: channels that it reads.
        between: channels after the 1×1 convolution, which has no activation.
        outputs: channels that it writes.
        kernels: widths of the grouped convolutions, odd.
        groups: of channels, in the convolutions and in their norms.

    Raises:
        ValueError: no kernel, an even one, or channels that cannot be grouped so.

    Source: Gao et al., *SimVP*, 2022: the unit of its translator, there named Inception after
    Szegedy et al.
    """

    def __init__(
        self,
        inputs: int,
        between: int,
        outputs: int,
        kernels: Sequence[int] = (3, 5, 7, 11),
        groups: int = 4,
    ) -> None:
        super().__init__()
        if not kernels or any(kernel < 1 or kernel % 2 == 0 for kernel in kernels):
            raise ValueError(f"kernels={tuple(kernels)}: need one at least, all must be odd")
        if groups < 1 or between % groups or outputs % groups:
            raise ValueError(
                f"{between=}, {outputs=}, {groups=}: both widths must be multiples of the groups"
            )
        self.squeeze = nn.Conv2d(inputs, between, 1)
        self.branches = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(between, outputs, kernel, padding=kernel // 2, groups=groups),
                nn.GroupNorm(groups, outputs),
                nn.LeakyReLU(0.2),
            )
            for kernel in kernels
        )

    def forward(
        self, x: Float[Tensor, "batch _inputs height width"]
    ) -> Float[Tensor, "batch _outputs height width"]:
        """The sum of the branches, at the same resolution.

        Source: Gao et al., *SimVP*, 2022.
        """
        between = self.squeeze(x)
        first, *others = (branch(between) for branch in self.branches)
        return sum(others, first)
