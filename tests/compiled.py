"""Compiling what the tests' type checks wrap, and comparing it with what it was."""

import sys
from inspect import isclass, isfunction, unwrap

import torch
from torch.testing import assert_close

from stlib import tensor_train


def owners():
    """Every module of the package that is loaded, and every class that it defines."""
    for name, module in list(sys.modules.items()):
        if name.startswith("stlib."):
            yield module
            yield from (c for c in vars(module).values() if isclass(c) and c.__module__ == name)


def untyped(monkeypatch):
    """As a reader's program sees the package: the type checks of the tests cannot be traced."""
    for owner in owners():
        for name, value in list(vars(owner).items()):
            inner = unwrap(value) if isfunction(value) else value
            if inner is not value and str(inner.__module__).startswith("stlib."):
                monkeypatch.setattr(owner, name, inner)
    # A default argument was bound before.
    monkeypatch.setattr(tensor_train.kernels, "__defaults__", (tensor_train.compose,))


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
