"""What training keeps: the model of Ma et al., what autograd saves, what is held, a GPU's peak."""

import weakref
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn, optim
from torch.autograd.graph import saved_tensors_hooks
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

__all__ = ["held_bytes", "peak_bytes", "predicted", "saved_bytes"]


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


def held_bytes(
    module: nn.Module,
    function: Callable[..., Any],
    *inputs: Any,
    optimizer: optim.Optimizer | None = None,
) -> int:
    """The most that tensors hold at once during a call, in bytes: `peak_bytes` without a GPU.

    The module's parameters and buffers, what the optimiser keeps and the inputs count from the
    start, each storage once; every storage that an operator makes counts until it is freed. What an
    operator needs inside itself, and what an allocator rounds up, is not seen. Shapes are enough:
    the ``meta`` device gives the same.

    Args:
        module: whose parameters and buffers are there from the start.
        function: called once with `inputs`: a whole training step.
        inputs: its arguments.
        optimizer: one that has taken a step, for before it there is nothing that it keeps.

    Source: this book; torch.utils._python_dispatch.
    """
    kept = [] if optimizer is None else tree_leaves([*optimizer.state.values()])
    there = (*module.parameters(), *module.buffers(), *kept, *inputs)
    with _Scale(each for each in there if isinstance(each, Tensor)) as scale:
        function(*inputs)
    return scale.most


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


class _Scale(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Weighs every storage from when an operator makes it until nobody holds it."""

    def __init__(self, there: Iterable[Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = self.most = 0
        self.held: set[int] = set()
        for each in there:
            self._add(each)

    def _add(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        name, size = storage._cdata, storage.nbytes()
        if name not in self.held:
            self.held.add(name)
            self.now += size
            self.most = max(self.most, self.now)
            weakref.finalize(storage, self._take, name, size)

    def _take(self, name: int, size: int) -> None:
        self.held.discard(name)
        self.now -= size

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        written = func(*args, **(kwargs or {}))
        for each in tree_leaves(written):
            if isinstance(each, Tensor):
                self._add(each)
        return written


def _storage(tensor: Tensor) -> StorageWeakRef:
    return StorageWeakRef(tensor.untyped_storage())  # type: ignore[no-untyped-call]
