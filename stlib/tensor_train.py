"""Convolutional tensor trains: one short history of small kernels, two ways to apply it.

A history of states ``H(1) … H(N)`` (``H(1)`` the most recent) is combined by kernels that grow
with age, ``Φ = Σ K(i) * H(i)``. The kernels are not free: ``K(i)`` is the composition of the
first ``i`` of ``N`` small *cores*. `direct` builds the kernels and applies them; `recursive`
never builds them and is Horner's rule.

Conventions. A core or kernel is a PyTorch weight ``[out, in, height, width]`` with odd height
and width, and is applied as PyTorch applies it, by cross-correlation. ``cores[0]`` is G(1),
``states[0]`` is H(1). G(i) maps C(i) channels to C(i-1); C(0) is the number of outputs.

Source: Su et al., *Convolutional Tensor-Train LSTM for Spatio-Temporal Learning*, 2020.
"""

from collections.abc import Callable, Sequence
from functools import reduce
from math import prod
from typing import Literal, TypeAlias, get_args

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from stlib.extras import load

__all__ = [
    "Boundary",
    "classic_kernel",
    "classic_tensor_train",
    "compose",
    "correlate",
    "direct",
    "enlarge",
    "hybrid",
    "kernels",
    "reach",
    "recursive",
    "ring_width",
]

Boundary: TypeAlias = Literal["zero", "circular", "full"]
# An underscore: the name explains the axis, and need not be the same size everywhere.
Canvas: TypeAlias = Float[Tensor, "_batch _channel _height _width"]
Kernel: TypeAlias = Float[Tensor, "_out _in _height _width"]


def correlate(
    x: Float[Tensor, "batch _in _height _width"],
    kernel: Float[Tensor, "out _in _height _width"],
    boundary: Boundary = "zero",
) -> Float[Tensor, "batch out _height _width"]:
    """Apply one convolutional layer, without bias, as PyTorch does: slide, multiply, add.

    Args:
        x: what the layer reads.
        kernel: odd-sized weights, applied unflipped.
        boundary: what lies outside the canvas. ``'zero'``: nothing, and the output keeps the
            input's size. ``'circular'``: the opposite edge. ``'full'``: nothing, and the output
            grows by ``kernel_height - 1`` and ``kernel_width - 1``, so that no value is lost.

    Returns:
        ``[batch, out, height, width]``, larger under ``'full'``.

    Raises:
        ValueError: even kernel size, channels that do not match, or an unknown boundary.

    Source: the ``*`` of Su et al., Eq. 2, read as cross-correlation.
    """
    _check_odd(kernel)
    if x.shape[1] != kernel.shape[1]:
        raise ValueError(f"x has {x.shape[1]} channels, the kernel reads {kernel.shape[1]}")
    down, right = _radius(kernel)
    if boundary == "circular":
        return F.conv2d(_wrap(x, down, right), kernel)
    if boundary == "full":
        return F.conv2d(x, kernel, padding=(2 * down, 2 * right))
    if boundary == "zero":
        return F.conv2d(x, kernel, padding=(down, right))
    raise ValueError(f"{boundary=} is none of {get_args(Boundary)}")


def compose(
    outer: Float[Tensor, "out _middle _height _width"],
    inner: Float[Tensor, "_middle in _height _width"],
) -> Float[Tensor, "out in _height _width"]:
    """Return the one kernel that does what `inner` followed by `outer` does.

    Both are applied by cross-correlation, yet their composition is their true *convolution*:
    one of the two is flipped. Sizes add, minus one; channels contract.

    Args:
        outer: the layer applied last.
        inner: the layer applied first; its outputs are the inputs of `outer`.

    Returns:
        ``[out, in, height, width]``; height and width are the sum of both, minus one.

    Raises:
        ValueError: channels that do not match.

    Source: Su et al., Eq. 17, one step.
    """
    if outer.shape[1] != inner.shape[0]:
        raise ValueError(
            f"outer reads {outer.shape[1]} channels, inner writes {inner.shape[0]}: "
            "they must be the same"
        )
    # conv2d correlates, so the flip makes it a convolution; the outputs of `outer` play the batch.
    full = (inner.shape[2] - 1, inner.shape[3] - 1)
    return F.conv2d(outer, inner.transpose(0, 1).flip(2, 3), padding=full)


def kernels(
    cores: Sequence[Kernel], compose: Callable[[Kernel, Kernel], Kernel] = compose
) -> list[Kernel]:
    """Build K(1) … K(N) from the cores, each from the one before.

    Args:
        cores: G(1) … G(N).
        compose: how two layers become one; the proof's witnesses pass wrong ones.

    Returns:
        K(1) … K(N); K(i) is ``[C(0), C(i), i(k-1)+1, i(k-1)+1]`` for cores of size k.

    Raises:
        ValueError: no cores, even sizes, or ranks that do not chain.

    Source: Su et al., Eq. 8 and 15 (the definition), 17 (this recursion).
    """
    _check_cores(cores)
    built = [cores[0]]
    for core in cores[1:]:
        built.append(compose(built[-1], core))  # ctt-eq-17; ctt-eq-8, ctt-eq-15
    return built


def direct(
    cores: Sequence[Kernel], states: Sequence[Canvas], boundary: Boundary = "zero"
) -> Canvas:
    """Algorithm 1: build every kernel, apply each to its state, add.

    Args:
        cores: G(1) … G(N).
        states: H(1) … H(N), most recent first; H(i) has C(i) channels.
        boundary: see `correlate`. Under ``'full'`` every term stands on one canvas that is
            larger by `reach` on each side.

    Returns:
        Φ, ``[batch, C(0), height, width]``, larger under ``'full'``.

    Raises:
        ValueError: numbers, ranks or sizes of cores and states that do not match.

    Source: Su et al., Algorithm 1, Eq. 9 and 14.
    """
    states, boundary = _prepare(cores, states, boundary)
    pairs = zip(states, kernels(cores), strict=True)
    terms = [correlate(h, k, boundary) for h, k in pairs]
    return reduce(torch.add, terms)  # ctt-alg-1: ctt-eq-9, ctt-eq-14


def recursive(
    cores: Sequence[Kernel], states: Sequence[Canvas], boundary: Boundary = "zero"
) -> Canvas:
    """Algorithm 2: Horner's rule, from the oldest state to the most recent.

    Equal to `direct` under ``'circular'`` and ``'full'``. Under ``'zero'`` the two differ within
    `ring_width` of the edge, because every step forgets what it wrote outside the canvas.

    Args:
        cores: G(1) … G(N).
        states: H(1) … H(N), most recent first; H(i) has C(i) channels.
        boundary: see `correlate`; applied at every step.

    Returns:
        Φ, ``[batch, C(0), height, width]``, larger under ``'full'``.

    Raises:
        ValueError: numbers, ranks or sizes of cores and states that do not match.

    Source: Su et al., Algorithm 2, Eq. 16 with its index running from N to 1.
    """
    states, boundary = _prepare(cores, states, boundary)
    v = correlate(states[-1], cores[-1], boundary)  # ctt-alg-2, from V(N) = 0
    for core, h in zip(reversed(cores[:-1]), reversed(states[:-1]), strict=True):
        v = correlate(v + h, core, boundary)  # ctt-eq-16
    return v


def hybrid(
    cores: Sequence[Kernel],
    states: Sequence[Canvas],
    direct: int,
    boundary: Boundary = "zero",
) -> Canvas:
    """Algorithm 1 for the most recent states, Algorithm 2 for the older ones.

    The claim that the proof carries from n to n - 1, run as it stands for one n: the recursion
    from the oldest state down to V(n), then the kernels K(1) … K(n). With n = 1 it is `recursive`,
    with n = N it is `direct`. Under ``'zero'`` they differ near the border, as those two do.

    Args:
        cores: G(1) … G(N).
        states: H(1) … H(N), most recent first; H(i) has C(i) channels.
        direct: n, how many kernels are built, from 1 to N.
        boundary: see `correlate`; applied at every step.

    Returns:
        Φ, ``[batch, C(0), height, width]``, larger under ``'full'``.

    Raises:
        ValueError: `direct` out of range, or numbers, ranks or sizes that do not match.

    Source: Su et al., section 5, proposed and not built there; Eq. 18.
    """
    states, boundary = _prepare(cores, states, boundary)
    if not 1 <= direct <= len(cores):
        raise ValueError(f"{direct=}, expected 1 to the order, {len(cores)}")
    recent = states[:direct]
    if direct < len(cores):
        recent[-1] = recent[-1] + recursive(cores[direct:], states[direct:], boundary)
    pairs = zip(recent, kernels(cores[:direct]), strict=True)
    return reduce(torch.add, [correlate(h, k, boundary) for h, k in pairs])  # ctt-eq-18


def reach(cores: Sequence[Kernel]) -> tuple[int, int]:
    """How far Φ looks, in pixels: half the size of K(N), vertically and horizontally.

    Raises:
        ValueError: no cores, even sizes, or ranks that do not chain.

    Source: Su et al., section 3.2, ``K(i) = i(K(1) - 1) + 1``.
    """
    _check_cores(cores)
    radii = [_radius(core) for core in cores]
    return sum(down for down, _ in radii), sum(right for _, right in radii)


def enlarge(cores: Sequence[Kernel], states: Sequence[Canvas]) -> list[Canvas]:
    """Put every state on a canvas so large that zero padding loses nothing.

    Args:
        cores: G(1) … G(N).
        states: any number of ``[batch, channel, height, width]``.

    Returns:
        The states with `reach` zeros added on each side.

    Raises:
        ValueError: no cores, even sizes, or ranks that do not chain.

    Source: this book, chapter 11.
    """
    down, right = reach(cores)
    return [F.pad(h, (right, right, down, down)) for h in states]


def ring_width(cores: Sequence[Kernel]) -> tuple[int, int]:
    """How wide the border is in which zero-padded `direct` and `recursive` may differ.

    The reach of all cores but the last: (N-1)(k-1)/2 pixels for N cores of size k. A value is
    lost only if it is written outside the canvas and read again, and G(N) reads states alone.

    Raises:
        ValueError: no cores, even sizes, or ranks that do not chain.

    Source: this book, chapter 11.
    """
    _check_cores(cores)
    return reach(cores[:-1]) if len(cores) > 1 else (0, 0)


def classic_tensor_train(
    kernel: Kernel, outputs: Sequence[int], inputs: Sequence[int], rank: int
) -> list[Tensor]:
    """Compress one kernel by a classic tensor train: reshape, then successive truncated SVDs.

    The channels are split into factors, ``out = T1·T2·…`` and ``in = S1·S2·…``; space stays
    whole in the first factor. Nothing here is a convolution.

    Args:
        kernel: ``[out, in, height, width]``.
        outputs: T1, T2, …, whose product is ``out``.
        inputs: S1, S2, …, whose product is ``in``; as many as `outputs`.
        rank: the largest allowed bond; a bond is never wider than its unfolding.

    Returns:
        G(0) ``[height, width, R0]``, then ``[T, S, R, R']``, the last ``[T, S, R]``.

    Raises:
        ValueError: not as many of one kind of factor as of the other, factors that do not multiply
            to the channels, or a rank below 1.
        ImportError: tensorly is missing; ``pip install 'stlib[book]'`` brings it.

    Source: Su et al., Eq. 13 with its last factor corrected to ``[T, S, R]``; Oseledets 2011.
    """
    if len(outputs) != len(inputs) or not outputs:
        raise ValueError(
            f"{outputs=} and {inputs=}: need as many of one as of the other, 1 at least"
        )
    if prod(outputs) != kernel.shape[0] or prod(inputs) != kernel.shape[1]:
        raise ValueError(
            f"outputs multiply to {prod(outputs)}, inputs to {prod(inputs)}; "
            f"the kernel has {kernel.shape[0]} and {kernel.shape[1]} channels"
        )
    if rank < 1:
        raise ValueError(f"{rank=}: must be at least 1")
    tensorly = load("tensorly", "book")
    tensor_train = load("tensorly.decomposition", "book").tensor_train

    count, (height, width) = len(outputs), kernel.shape[2:]
    tensor = kernel.permute(2, 3, 0, 1).reshape(height, width, *outputs, *inputs)
    in_pairs = [axis for t in range(2, 2 + count) for axis in (t, t + count)]  # T1 S1 T2 S2 …
    modes = [t * s for t, s in zip(outputs, inputs, strict=True)]
    tensor = tensor.permute(0, 1, *in_pairs).reshape(height * width, *modes)
    with tensorly.backend_context("pytorch"):
        train = tensor_train(tensor, rank=[1, *[rank] * count, 1])
    first = train[0].reshape(height, width, -1)
    rest = [
        core.permute(1, 0, 2).reshape(t, s, core.shape[0], core.shape[2])
        for core, t, s in zip(train.factors[1:], outputs, inputs, strict=True)
    ]
    return [first, *rest[:-1], rest[-1].squeeze(-1)]


def classic_kernel(factors: Sequence[Tensor]) -> Kernel:
    """Multiply a classic tensor train back into a kernel ``[out, in, height, width]``.

    Args:
        factors: as `classic_tensor_train` returns them.

    Raises:
        ValueError: fewer than two factors, or bonds that do not chain.

    Source: Su et al., Eq. 13 with its last factor corrected.
    """
    if len(factors) < 2:
        raise ValueError(f"{len(factors)} factors: need G(0) and one more at least")
    height, width, bond = factors[0].shape
    kernel = factors[0].reshape(height, width, 1, 1, bond)
    for place, factor in enumerate([*factors[1:-1], factors[-1].unsqueeze(-1)], start=1):
        if factor.shape[2] != kernel.shape[-1]:
            raise ValueError(
                f"factor {place} expects bond {factor.shape[2]}, "
                f"the one before gives {kernel.shape[-1]}"
            )
        kernel = torch.einsum("hwabr,tsrq->hwatbsq", kernel, factor)  # ctt-eq-13
        kernel = kernel.flatten(4, 5).flatten(2, 3)
    return kernel.squeeze(-1).permute(2, 3, 0, 1)


def _radius(kernel: Kernel) -> tuple[int, int]:
    return kernel.shape[2] // 2, kernel.shape[3] // 2


def _wrap(x: Canvas, down: int, right: int) -> Canvas:
    """Continue the canvas periodically; by index, so that a kernel may be wider than the canvas."""
    height, width = x.shape[2:]
    rows = torch.arange(-down, height + down, device=x.device) % height
    columns = torch.arange(-right, width + right, device=x.device) % width
    return x[:, :, rows][:, :, :, columns]


def _prepare(
    cores: Sequence[Kernel], states: Sequence[Canvas], boundary: Boundary
) -> tuple[list[Canvas], Boundary]:
    """Check that cores and states fit; ``'full'`` is zero padding on a large enough canvas."""
    _check_cores(cores)
    if len(states) != len(cores):
        raise ValueError(f"{len(states)} states for {len(cores)} cores: need one each")
    for i, (core, h) in enumerate(zip(cores, states, strict=True), start=1):
        if h.shape[1] != core.shape[1]:
            raise ValueError(f"H({i}) has {h.shape[1]} channels, G({i}) reads {core.shape[1]}")
        if h.shape[0] != states[0].shape[0] or h.shape[2:] != states[0].shape[2:]:
            raise ValueError(
                f"H({i}) is {tuple(h.shape)}, H(1) is {tuple(states[0].shape)}: "
                "batch, height and width must agree"
            )
    if boundary != "full":
        return list(states), boundary
    return enlarge(cores, states), "zero"


def _check_cores(cores: Sequence[Kernel]) -> None:
    if not cores:
        raise ValueError("no cores: need one at least")
    for i, core in enumerate(cores, start=1):
        _check_odd(core)
        if i > 1 and core.shape[0] != cores[i - 2].shape[1]:
            raise ValueError(
                f"G({i}) writes {core.shape[0]} channels, G({i - 1}) reads {cores[i - 2].shape[1]}"
            )


def _check_odd(kernel: Kernel) -> None:
    if kernel.shape[2] % 2 == 0 or kernel.shape[3] % 2 == 0:
        raise ValueError(f"kernel size {tuple(kernel.shape[2:])}: both numbers must be odd")
