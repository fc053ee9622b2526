"""One convolution that reads two sources, and may have a bias for each of them."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stlib.cells.widths import check_odd

__all__ = ["GateMap"]


class GateMap(nn.Conv2d):
    """The maps of two sources as one convolution of both, laid on top of one another.

    Args:
        inputs: channels of both together.
        outputs: channels of all gates together.
        kernel: width of the maps, odd.
        biases: 2, one for each source, as papers count parameters, or 1, shared by them. What can
            be expressed is the same. The second bias starts at zero.

    Raises:
        ValueError: an even kernel, or biases other than 1 or 2.

    Source: this book.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, biases: int = 2) -> None:
        check_odd("kernel", kernel)
        if biases not in (1, 2):
            raise ValueError(f"{biases=}: must be 1 or 2")
        super().__init__(inputs, outputs, kernel, padding=kernel // 2)
        self.second_bias = nn.Parameter(torch.zeros(outputs)) if biases == 2 else None

    def forward(self, input: Tensor) -> Tensor:
        """Both sources, concatenated, to all gates, ``[batch, channel, height, width]``."""
        bias = self.bias
        if bias is not None and self.second_bias is not None:
            bias = bias + self.second_bias
        return F.conv2d(input, self.weight, bias, padding=self.padding)
