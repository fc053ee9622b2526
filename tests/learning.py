"""Whether a cell leaves any of its weights without a gradient."""

import torch


def learns_from_two_steps(make, inputs):
    """Every number of every weight has a slope, of the second output's square.

    `make` draws the cell; its maps are of 6x6 pixels.
    """
    torch.manual_seed(0)
    cell = make()
    _, state, m = cell(torch.randn(2, inputs, 6, 6))
    h, _, _ = cell(torch.randn(2, inputs, 6, 6), state, m)
    h.square().sum().backward()
    for name, weight in cell.named_parameters():
        assert bool((weight.grad != 0).all()), name
