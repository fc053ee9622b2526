"""What a call executes, kind by kind, and what different people call its FLOPs.

One network has several counts because conventions differ in what they count and in how much each
counts for. So first everything is tallied, then a price list makes one number of it.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode

from stlib.cost import macs

__all__ = ["FLOPS", "MACS", "PRICES", "PROFILER", "Prices", "Tally", "tally"]


@dataclass(frozen=True)
class Tally:
    """What was executed.

    Attributes:
        macs: multiply-accumulates of convolutions and matrix products.
        bilinear: numbers that a bilinear interpolation wrote.
        pooled: numbers that a max-pool wrote.
        activations: numbers that a sigmoid or tanh wrote.
        products: numbers that a product of two maps wrote.
        sums: numbers that a sum of two maps wrote; the sum inside a convolution is part of `macs`.
        computed: those of `macs` where both factors are computed, as in attention; in the others
            one factor is a weight.
        stretched: what transposed convolutions would make on top, were each number that they write
            a sum over the whole kernel.
        softmaxed: numbers that a softmax wrote.
        softmaxes: how many sums of exponentials they were divided by.

    Source: this book.
    """

    macs: int = 0
    bilinear: int = 0
    pooled: int = 0
    activations: int = 0
    products: int = 0
    sums: int = 0
    computed: int = 0
    stretched: int = 0
    softmaxed: int = 0
    softmaxes: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        """Both, one after the other."""
        return Tally(*(a + b for a, b in zip(self._counts(), other._counts(), strict=True)))

    def __mul__(self, times: int) -> "Tally":
        """The same, several times."""
        return Tally(*(count * times for count in self._counts()))

    def _counts(self) -> list[int]:
        return [getattr(self, each.name) for each in fields(self)]


@dataclass(frozen=True)
class Prices:
    """A convention: how many operations one of each kind counts for.

    Attributes:
        macs: of one multiply-accumulate, and so on through the fields of `Tally`; a price below 0
            takes away what another has counted.

    Source: this book.
    """

    macs: int = 0
    bilinear: int = 0
    pooled: int = 0
    activations: int = 0
    products: int = 0
    sums: int = 0
    computed: int = 0
    stretched: int = 0
    softmaxed: int = 0
    softmaxes: int = 0

    def total(self, counted: Tally) -> int:
        """The one number that a convention prints for what was executed."""
        return sum(self.items(counted).values())

    def items(self, counted: Tally) -> dict[str, int]:
        """What each kind adds to it; kinds that add nothing are left out."""
        each = {
            field.name: getattr(self, field.name) * getattr(counted, field.name)
            for field in fields(self)
        }
        return {name: number for name, number in each.items() if number}


MACS = Prices(macs=1)
PROFILER = Prices(macs=1, bilinear=11, computed=-1, stretched=1, softmaxed=3, softmaxes=-1)
FLOPS = Prices(macs=2)
PRICES = {"MACs": MACS, "profiler": PROFILER, "FLOPs": FLOPS}
"""Three conventions by their names.

MACs are this book's count. FLOPs are two operations each: PyTorch's own counter, and Tables 1 and 2
of Ma et al. The profiler is the package thop, which calls its sum MACs: one a multiply-accumulate,
no bias, no pool, no gate, and 11 for each number that a bilinear interpolation writes (as one may
write it, 8 products and 3 sums). A softmax over n numbers counts 3n - 1: as many exponentials,
sums less one, quotients. A transposed convolution counts as if each number that it writes were a
sum over the whole kernel, with stride 2 four times too much. What it does not know counts nothing:
above all products of two computed matrices, as in attention.

Source: thop (pytorch-OpCounter), its rules for convolutions, linear maps, upsampling and softmax.
"""


def tally(function: Callable[..., Any], *inputs: Any) -> Tally:
    """What PyTorch executes in a call; on the ``meta`` device shapes are enough.

    Attention is executed as two matrix products and a softmax, so that it counts alike everywhere.

    Args:
        function: called once with `inputs`; a module, or anything that computes with tensors.
        inputs: its arguments.

    Source: `stlib.cost.macs` for `macs`; for the rest, the operators that PyTorch dispatches
    and how many numbers they write.
    """
    # Fused, attention is one operator, with another name on every device.
    with sdpa_kernel(SDPBackend.MATH), _Ear() as ear:
        counted = macs(function, *inputs)
    return Tally(macs=counted, **ear.heard)


KINDS = {
    "aten::upsample_bilinear2d": "bilinear",
    "aten::max_pool2d_with_indices": "pooled",
    "aten::sigmoid": "activations",
    "aten::tanh": "activations",
    "aten::mul": "products",
    "aten::add": "sums",
    "aten::_softmax": "softmaxed",
    "aten::_safe_softmax": "softmaxed",
}


class _Ear(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Hears every operator, and counts the numbers written by those of `KINDS`."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.heard = dict.fromkeys([*KINDS.values(), "computed", "stretched", "softmaxes"], 0)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        written = func(*args, **(kwargs or {}))
        name = func.name().partition(".")[0].rstrip("_")
        kind = KINDS.get(name)
        if kind is not None:
            first = written[0] if isinstance(written, tuple) else written
            assert isinstance(first, Tensor)
            self.heard[kind] += first.numel()
        if kind == "softmaxed":
            self.heard["softmaxes"] += args[0].numel() // args[0].shape[args[1]]
        elif name in ("aten::bmm", "aten::baddbmm"):
            self.heard["computed"] += args[-2].numel() * args[-1].shape[-1]
        elif name == "aten::convolution" and args[6]:
            weight = args[1][0].numel()
            self.heard["stretched"] += weight * (
                args[0].shape[1] * written[:, 0].numel() - args[0].numel()
            )
        return written
