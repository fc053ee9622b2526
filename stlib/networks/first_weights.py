"""The first weights of a network, where a paper says how it draws them."""

import torch
from torch import nn

from stlib.cells.stored_kernel import TrainKernel, WholeKernel

__all__ = ["draw_xavier"]


@torch.no_grad()
def draw_xavier(network: nn.Module) -> None:
    """Draw every kernel anew with variance ``2 / (fan in + fan out)``, and set every bias to 0.

    A fan is the channels on that side times the area of the kernel. A kernel stored as a train is
    drawn so that it has that variance once multiplied out.

    Args:
        network: of convolutions and stored kernels; its peepholes, which start at 0, stay.

    Source: Glorot and Bengio 2010, "normalized initialization"; Su et al., section B.2. That
    biases start at 0 is reported of the code that evaluates the paper.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Conv3d | nn.ConvTranspose2d | nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                module.bias.zero_()
        elif isinstance(module, WholeKernel | TrainKernel):
            outputs, inputs, height, width = module().shape
            module.draw(2 / ((outputs + inputs) * height * width))
