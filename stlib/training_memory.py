"""What training keeps: the model of Ma et al., what autograd saves, and the peak on a GPU."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.multiprocessing.reductions import StorageWeakRef

__all__ = ["peak_bytes", "predicted", "saved_bytes"]


def predicted(parameters: Any, outputs: Any) -> Any:
    """Memory of training by counting: the model, its gradient and Adam's two buffers; and outputs.

    Args:
        parameters: memory of the parameters.
        outputs: memory of every layer's output in a forward pass; their gradients are as large.

    Returns:
        4 M_par + 2 M_out, in the unit of the arguments.

    Source: Ma et al., *MS-LSTM*, section 4.3.1.
    """
    return 4 * parameters + 2 * outputs


def saved_bytes(module: nn.Module, function: Callable[..., Any], *inputs: Any) -> int:
    """What autograd keeps from a forward pass for the backward pass, in bytes.

    A storage that several operators save counts once; the module's parameters and the inputs do
    not count, for they are there anyway. Shapes are enough: the ``meta`` device gives the same.

    Args:
        module: whose parameters are left out.
        function: the forward pass, called once with `inputs`; a module, or a rollout of it.
        inputs: its arguments; tensors among them are left out.

    Source: torch.autograd.graph.saved_tensors_hooks.
    """
    given = [each for each in inputs if isinstance(each, Tensor)]
    there = {_storage(each) for each in (*module.parameters(), *given)}
    kept: dict[StorageWeakRef, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        kept[_storage(tensor)] = tensor.untyped_storage().nbytes()
        return tensor

    with saved_tensors_hooks(keep, lambda tensor: tensor):
        held = function(*inputs)  # alive until counted, so that no storage takes another's place
    total = sum(size for storage, size in kept.items() if storage not in there)
    del held
    return total


def peak_bytes(function: Callable[..., Any], *inputs: Any, device: torch.device) -> int:
    """The most memory that PyTorch held on a GPU during a call, in bytes.

    Args:
        function: called once with `inputs`: a whole training step.
        inputs: its arguments, on that device as its parameters are.
        device: a CUDA device.

    Raises:
        ValueError: another device; PyTorch keeps no such account there.

    Source: torch.cuda.max_memory_allocated.
    """
    if device.type != "cuda":
        raise ValueError(f"{device=}: peaks are known of CUDA devices only; saved_bytes needs none")
    torch.cuda.synchronize(device)
    torch.cuda.reset_peak_memory_stats(device)
    function(*inputs)
    torch.cuda.synchronize(device)
    return torch.cuda.max_memory_allocated(device)


def _storage(tensor: Tensor) -> StorageWeakRef:
    return StorageWeakRef(tensor.untyped_storage())  # type: ignore[no-untyped-call]
