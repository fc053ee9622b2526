"""One witness for each step of the proof that Algorithm 2 is Algorithm 1.

A witness evaluates both sides of a step on numbers and returns how far apart they are, relative
to their size. A residual near 1e-15 lets the step stand; a large one refutes it. A witness can
refute, never prove.

Each takes the claim it examines as an argument, so that a wrong claim can be handed to it.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor

from stlib.tensor_train import (
    Boundary,
    compose,
    correlate,
    direct,
    enlarge,
    kernels,
    recursive,
)

__all__ = [
    "Induction",
    "composition",
    "history",
    "impulse_response",
    "induction",
    "invariant",
]

Canvas: TypeAlias = Float[Tensor, "_batch _channel _height _width"]
Kernel: TypeAlias = Float[Tensor, "_out _in _height _width"]


class Induction(NamedTuple):
    """Residuals of the four equalities that lead from n to n - 1.

    Attributes:
        linearity: ``K(n)*H(n) + K(n)*V(n) = K(n)*(V(n) + H(n))``.
        unfolding: ``K(n)`` is ``K(n-1)`` after ``G(n)``.
        regrouping: composed, or one after the other. The step that needs the hypothesis.
        recursion: ``G(n)*(V(n) + H(n))`` is ``V(n-1)``.

    Source: Su et al., Eq. 20 to 24, corrected.
    """

    linearity: float
    unfolding: float
    regrouping: float
    recursion: float


def history(
    k: int | tuple[int, int],
    ranks: Sequence[int],
    canvas: tuple[int, int],
    batch: int = 1,
    seed: int = 0,
) -> tuple[list[Kernel], list[Canvas]]:
    """Draw cores and states to try a claim on: normal numbers in float64.

    Args:
        k: width of the cores, or height and width; odd.
        ranks: C(0) … C(N); the order N is one less than their number.
        canvas: height and width of the states.
        batch: states in a batch.
        seed: the same seed gives the same history on every machine.

    Returns:
        Cores G(1) … G(N), states H(1) … H(N).

    Raises:
        ValueError: fewer than two ranks, a rank below 1, or an even width.

    Source: this book, chapter 10.
    """
    if len(ranks) < 2 or min(ranks) < 1:
        raise ValueError(f"{ranks=}: C(0) and C(1) at least, each 1 or more")
    draw = torch.Generator().manual_seed(seed)
    down, right = (k, k) if isinstance(k, int) else k
    if down % 2 == 0 or right % 2 == 0:
        raise ValueError(f"{k=}: the width of a core must be odd")
    cores = [
        torch.randn(before, after, down, right, generator=draw, dtype=torch.float64)
        for before, after in pairwise(ranks)
    ]
    states = [
        torch.randn(batch, channels, *canvas, generator=draw, dtype=torch.float64)
        for channels in ranks[1:]
    ]
    return cores, states


def composition(
    outer: Kernel,
    inner: Kernel,
    x: Canvas,
    boundary: Boundary = "full",
    compose: Callable[[Kernel, Kernel], Kernel] = compose,
) -> float:
    """Step 1: two layers, one after the other, are one layer with the composed kernel.

    Args:
        outer: the layer applied last.
        inner: the layer applied first.
        x: what `inner` reads.
        boundary: ``'full'`` or ``'circular'``; under ``'zero'`` the step is false.
        compose: the claim.

    Returns:
        Largest difference over largest value; infinity if the shapes differ.

    Raises:
        ValueError: layers that do not fit each other or `x`.

    Source: this book, chapter 2; Su et al., used without mention between Eq. 22 and 23.
    """
    in_turn = correlate(correlate(x, inner, boundary), outer, boundary)
    return _residual(in_turn, correlate(x, compose(outer, inner), boundary))


def impulse_response(
    cores: Sequence[Kernel],
    kernels: Callable[[Sequence[Kernel]], list[Kernel]] = kernels,
) -> list[float]:
    """Step 2: K(i), built by recursion, is what the layers G(i), …, G(1) do to an impulse.

    The layers alone are asked, no kernel is composed: an impulse goes in, and what comes out,
    read backwards, is the kernel.

    Args:
        cores: G(1) … G(N).
        kernels: the claim, Eq. 17.

    Returns:
        One residual for each of K(1) … K(N).

    Raises:
        ValueError: no cores, even sizes, or ranks that do not chain.

    Source: Su et al., Eq. 15 against Eq. 17.
    """
    residuals = []
    for i, built in enumerate(kernels(cores), start=1):
        channels = cores[i - 1].shape[1]
        identity = torch.eye(channels, dtype=built.dtype, device=built.device)
        response = identity.reshape(channels, channels, 1, 1)
        for core in reversed(cores[:i]):
            response = correlate(response, core, "full")
        residuals.append(_residual(response.transpose(0, 1).flip(2, 3), built))  # ctt-eq-15
    return residuals


def invariant(
    cores: Sequence[Kernel],
    states: Sequence[Canvas],
    boundary: Boundary = "full",
    kernels: Callable[[Sequence[Kernel]], list[Kernel]] = kernels,
    recursive: Callable[[Sequence[Kernel], Sequence[Canvas], Boundary], Canvas] = recursive,
) -> list[float]:
    """Step 3: Φ = Σ_{i≤n} K(i) * H(i) + K(n) * V(n) for n = N, …, 0.

    V(n) is the recursion stopped early, which is Algorithm 2 on the tail of the history. The
    first residual checks the start, V(N) = 0; the last the result, Φ = V(0).

    Args:
        cores: G(1) … G(N).
        states: H(1) … H(N).
        boundary: ``'full'`` or ``'circular'``; under ``'zero'`` the step is false. Claims are
            handed ``'zero'`` and enlarged states in place of ``'full'``.
        kernels: the claim about kernels, Eq. 17.
        recursive: the claim about the recursion, Eq. 16.

    Returns:
        One residual for each of n = N, …, 0.

    Raises:
        ValueError: numbers, ranks or sizes of cores and states that do not match.

    Source: Su et al., Eq. 18, with Eq. 20, 22 and 23 corrected.
    """
    phi = direct(cores, states, boundary)
    if boundary == "full":
        states, boundary = enlarge(cores, states), "zero"
    built = [_identity(cores), *kernels(cores)]  # K(0) … K(N)
    residuals = []
    for n in range(len(cores), -1, -1):
        total = torch.zeros_like(phi)
        for k, h in zip(built[1 : n + 1], states[:n], strict=True):
            total = total + correlate(h, k, boundary)
        if n < len(cores):  # V(N) = 0
            v = recursive(cores[n:], states[n:], boundary)
            total = total + correlate(v, built[n], boundary)
        residuals.append(_residual(phi, total))  # ctt-eq-18, ctt-eq-19 (n = N), ctt-eq-25
    return residuals


def induction(
    cores: Sequence[Kernel],
    states: Sequence[Canvas],
    n: int,
    boundary: Boundary = "full",
    correlate: Callable[[Canvas, Kernel, Boundary], Canvas] = correlate,
    kernels: Callable[[Sequence[Kernel]], list[Kernel]] = kernels,
    recursive: Callable[[Sequence[Kernel], Sequence[Canvas], Boundary], Canvas] = recursive,
) -> Induction:
    """Step 3, slowly: why the claim for n gives the claim for n - 1.

    Args:
        cores: G(1) … G(N).
        states: H(1) … H(N).
        n: from N down to 1.
        boundary: ``'full'`` or ``'circular'``; under ``'zero'`` the regrouping is false. Claims
            are handed ``'zero'`` and enlarged states in place of ``'full'``.
        correlate: the claim about a layer, that it is linear.
        kernels: the claim about kernels, Eq. 17.
        recursive: the claim about the recursion, Eq. 16.

    Returns:
        The residual of each of the four equalities.

    Raises:
        ValueError: `n` out of range, or numbers, ranks or sizes that do not match.

    Source: Su et al., Eq. 20 to 24, corrected.
    """
    if not 1 <= n <= len(cores):
        raise ValueError(f"{n=}: must lie between 1 and the order, {len(cores)}")
    if boundary == "full":
        states, boundary = enlarge(cores, states), "zero"
    built = [_identity(cores), *kernels(cores)]  # K(0) … K(N)
    h = states[n - 1]
    v = recursive(cores[n:], states[n:], boundary) if n < len(cores) else torch.zeros_like(h)

    apart = correlate(h, built[n], boundary) + correlate(v, built[n], boundary)
    joined = correlate(v + h, built[n], boundary)  # ctt-eq-20, ctt-eq-21
    unfolded = correlate(v + h, compose(built[n - 1], cores[n - 1]), boundary)  # ctt-eq-22
    inner = correlate(v + h, cores[n - 1], boundary)
    regrouped = correlate(inner, built[n - 1], boundary)  # ctt-eq-23
    earlier = recursive(cores[n - 1 :], states[n - 1 :], boundary)
    renamed = correlate(earlier, built[n - 1], boundary)  # ctt-eq-24
    return Induction(
        linearity=_residual(apart, joined),
        unfolding=_residual(joined, unfolded),
        regrouping=_residual(unfolded, regrouped),
        recursion=_residual(regrouped, renamed),
    )


def _identity(cores: Sequence[Kernel]) -> Kernel:
    """K(0): one tap that hands every output channel on."""
    outputs = cores[0].shape[0]
    identity = torch.eye(outputs, dtype=cores[0].dtype, device=cores[0].device)
    return identity.reshape(outputs, outputs, 1, 1)


def _residual(expected: Tensor, found: Tensor) -> float:
    """Largest difference over largest value; infinite where a shape or a number is wrong."""
    if expected.shape != found.shape:
        return float("inf")
    gap, size = (expected - found).abs().max(), expected.abs().max()
    if not gap.isfinite():  # a comparison with NaN is false, and would let the claim stand
        return float("inf")
    return float(gap / size) if gap else 0.0
