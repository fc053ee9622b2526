"""Compiling what the tests' type checks wrap, and comparing it with what it was."""

import sys
from inspect import isclass, isfunction, unwrap

import torch
from torch.testing import assert_close


def untyped(monkeypatch):
    """Without the type checks of the tests, in every cell and network: they cannot be traced."""
    for name, module in list(sys.modules.items()):
        if name.startswith(("stlib.cells", "stlib.networks")):
            owners = [module, *(each for each in vars(module).values() if isclass(each))]
            for owner in owners:
                if owner is module or owner.__module__ == name:
                    for key, value in list(vars(owner).items()):
                        ours = isfunction(value) and unwrap(value).__module__.startswith("stlib.")
                        if ours and hasattr(value, "__wrapped__"):
                            monkeypatch.setattr(owner, key, unwrap(value))


def compiles_whole(module, *inputs):
    """One call traced whole: what it says and every gradient are those of the call that is not.

    Of a cell, h and where there is one m.
    """
    torch.compiler.reset()
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    ours, theirs = said(compiled(*inputs)), said(module(*inputs))
    assert_close(ours, theirs)
    weights = list(module.parameters())
    assert_close(
        *(torch.autograd.grad(first.square().sum(), weights) for first, *_ in (ours, theirs))
    )


def said(output):
    """The tensors of an output, but for a state."""
    if isinstance(output, torch.Tensor):
        return [output]
    h, _, m = output
    return [h, m] if isinstance(m, torch.Tensor) else [h]
