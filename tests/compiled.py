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


def compiles_whole(cell, x, state, m=None):
    """One step traced whole: h, m and every gradient are those of the step that is not traced."""
    torch.compiler.reset()
    compiled = torch.compile(cell, fullgraph=True, backend="aot_eager")
    (ours, _, n), (theirs, _, k) = compiled(x, state, m), cell(x, state, m)
    assert_close(ours, theirs)
    if m is None:
        assert n is k is None
    else:
        assert_close(n, k)
    weights = list(cell.parameters())
    assert_close(*(torch.autograd.grad(h.square().sum(), weights) for h in (ours, theirs)))
