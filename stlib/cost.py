"""What a computation costs: parameters and multiply-accumulates (MACs).

The formulas for convolutional tensor trains are plain sums and products, so that integers give
counts and sympy symbols give polynomials. `macs` counts what PyTorch really executes.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import prod
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

__all__ = [
    "building_macs",
    "classic_parameters",
    "core_parameters",
    "direct_macs",
    "hybrid_macs",
    "kernel_parameters",
    "kernel_size",
    "macs",
    "parameters",
    "recursive_macs",
]


def _pairs(query: Sequence[int], key: Sequence[int]) -> int:
    """Of a query and a key that meet."""
    return prod(query[:3]) * key[2]


def _attention(query: Any, key: Any, value: Any, *_: Any, **__: Any) -> int:
    """FLOPs: each query with each key, and each weight with its value."""
    return 2 * _pairs(query, key) * (query[3] + value[3])


def _attention_backward(_: Any, query: Any, key: Any, value: Any, *__: Any, **___: Any) -> int:
    """FLOPs: each query with each key once more, and for either product two."""
    return 2 * _pairs(query, key) * (3 * query[3] + 2 * value[3])


# torch's own counter knows attention by its kernels on the GPU alone.
ON_THE_CPU = {
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: _attention,
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward: _attention_backward,
}


def kernel_size(i: Any, k: Any) -> Any:
    """Width of K(i), composed of i cores of width k: ``i(k-1) + 1``.

    Args:
        i: how many cores.
        k: width of each.

    Source: Su et al., section 3.2.
    """
    return i * (k - 1) + 1


def core_parameters(k: Any, ranks: Sequence[Any], axes: int = 2) -> Any:
    """Numbers stored in the cores G(1) … G(N).

    Args:
        k: core width.
        ranks: C(0) … C(N); with fewer than two there is nothing, and the cost is 0.
        axes: 2 for images, 1 for rows.

    Source: Su et al., Eq. 8.
    """
    return sum(k**axes * c * before for before, c in pairwise(ranks))


def kernel_parameters(k: Any, ranks: Sequence[Any], axes: int = 2) -> Any:
    """Numbers in the kernels K(1) … K(N), were they stored: a free higher-order convolution.

    Args:
        k: core width.
        ranks: C(0) … C(N); with fewer than two there is nothing, and the cost is 0.
        axes: 2 for images, 1 for rows.

    Source: Su et al., Eq. 7 with kernels that grow.
    """
    return sum(kernel_size(i, k) ** axes * c * ranks[0] for i, c in enumerate(ranks[1:], start=1))


def building_macs(k: Any, ranks: Sequence[Any], axes: int = 2) -> Any:
    """MACs of building K(2) … K(N) by Eq. 17, padding included as PyTorch computes it.

    Args:
        k: core width.
        ranks: C(0) … C(N); with fewer than two there is nothing, and the cost is 0.
        axes: 2 for images, 1 for rows.

    Source: Su et al., Algorithm 1.
    """
    return sum(
        kernel_size(i, k) ** axes * k**axes * ranks[0] * before * c
        for i, (before, c) in enumerate(pairwise(ranks), start=1)
        if i > 1
    )


def direct_macs(k: Any, ranks: Sequence[Any], pixels: Any, axes: int = 2) -> Any:
    """MACs of applying K(1) … K(N) as Algorithm 1 does; `building_macs` comes on top, once.

    Args:
        k: core width.
        ranks: C(0) … C(N); with fewer than two there is nothing, and the cost is 0.
        pixels: of one canvas, times the batch.
        axes: 2 for images, 1 for rows.

    Source: Su et al., Algorithm 1; for equal ranks it grows as N^3 (N^2 on rows).
    """
    return kernel_parameters(k, ranks, axes) * pixels


def recursive_macs(k: Any, ranks: Sequence[Any], pixels: Any, axes: int = 2) -> Any:
    """MACs of Algorithm 2.

    Args:
        k: core width.
        ranks: C(0) … C(N); with fewer than two there is nothing, and the cost is 0.
        pixels: of one canvas, times the batch.
        axes: 2 for images, 1 for rows.

    Source: Su et al., Algorithm 2; for equal ranks it grows as N.
    """
    return core_parameters(k, ranks, axes) * pixels


def classic_parameters(k: int, outputs: Sequence[int], inputs: Sequence[int], rank: int) -> int:
    """Numbers stored in a classic tensor train of one kernel.

    Args:
        k: width of the kernel.
        outputs: T1, T2, …, whose product is the number of output channels.
        inputs: S1, S2, …, whose product is the number of input channels.
        rank: the largest allowed bond; a bond is never wider than its unfolding.

    Returns:
        The sum over the factors G(0), G(1), … of bond x size x bond.

    Raises:
        ValueError: not as many of one kind of factor as of the other, none, or a rank below 1.

    Source: Su et al., Eq. 13 with its last factor corrected; Oseledets 2011.
    """
    if len(outputs) != len(inputs) or not outputs:
        raise ValueError(
            f"{outputs=} and {inputs=}: need as many of one as of the other, 1 at least"
        )
    if rank < 1:
        raise ValueError(f"{rank=}: must be at least 1")
    sizes = [k * k, *(t * s for t, s in zip(outputs, inputs, strict=True))]
    cuts = range(1, len(sizes))
    bonds = [1, *(min(rank, prod(sizes[:cut]), prod(sizes[cut:])) for cut in cuts), 1]
    return sum(a * size * b for (a, b), size in zip(pairwise(bonds), sizes, strict=True))


def hybrid_macs(k: Any, ranks: Sequence[Any], pixels: Any, n: int, axes: int = 2) -> Any:
    """MACs of the hybrid: kernels for the n most recent states, the recursion for the older ones.

    `building_macs` of the first n cores comes on top, once.

    Args:
        k: core width.
        ranks: C(0) … C(N).
        pixels: of one canvas, times the batch.
        n: how many kernels are built, from 1 to N; 1 is Algorithm 2, N is Algorithm 1.
        axes: 2 for images, 1 for rows.

    Raises:
        ValueError: n out of range.

    Source: Su et al., section 5 and Eq. 18.
    """
    if not 1 <= n < len(ranks):
        raise ValueError(f"{n=}, expected 1 to the order, {len(ranks) - 1}")
    return direct_macs(k, ranks[: n + 1], pixels, axes) + recursive_macs(k, ranks[n:], pixels, axes)


def macs(function: Callable[..., Any], *inputs: Any) -> int:
    """MACs that PyTorch executes in a call: convolutions, matrix products, attention; no more.

    Args:
        function: called once with `inputs`.
        inputs: its arguments.

    Returns:
        Half the number of floating-point operations that torch's own counter reports, once it
        knows attention on the CPU as it does elsewhere.

    Source: torch.utils.flop_counter.
    """
    with FlopCounterMode(display=False, custom_mapping=ON_THE_CPU) as counter:
        function(*inputs)
    return counter.get_total_flops() // 2


def parameters(module: nn.Module) -> int:
    """Trainable and frozen numbers in a module, each counted once.

    Source: torch.
    """
    return sum(weight.numel() for weight in module.parameters())
