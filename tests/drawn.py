"""Numbers drawn for the tests: the same for the same seed."""

import torch


def normal(*shape, seed=0):
    """Normal numbers in float64."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).double()


def filled(module, seed=0, scale=0.5):
    """The module in float64, every parameter drawn, those that start at zero too."""
    module = module.double()
    with torch.no_grad():
        for number, weight in enumerate(module.parameters()):
            weight.copy_(scale * normal(*weight.shape, seed=seed + number))
    return module
