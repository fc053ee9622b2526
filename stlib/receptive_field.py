"""What an output can see: exact arithmetic, and the field measured by gradient.

All arithmetic is along one axis; a square network has the same answer twice.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

__all__ = [
    "Field",
    "Layer",
    "field",
    "influence",
    "influence_by_lag",
    "recurrent_radii",
    "span",
    "spread",
    "support",
]


class Layer(NamedTuple):
    """A convolution along one axis, and the pool that follows it.

    Attributes:
        kernel: taps.
        stride: of the convolution.
        dilation: distance between taps.
        pool: width and stride of a pool after the convolution; 1 is none.
        padding: zeros added before the first pixel; None is ``dilation * (kernel // 2)``, which for
            odd kernels is called 'same'.

    Source: Dumoulin and Visin 2016, relationships 5 and 12, for the vocabulary.
    """

    kernel: int
    stride: int = 1
    dilation: int = 1
    pool: int = 1
    padding: int | None = None


class Field(NamedTuple):
    """Size of the field of one output, and how far it moves from one output to the next.

    Source: this book, chapter 2.
    """

    size: int
    stride: int


def span(layers: Sequence[Layer], at: int) -> tuple[int, int]:
    """First and last input pixel that output pixel `at` reads, before clipping at the canvas.

    Args:
        layers: from input to output.
        at: output index.

    Returns:
        Inclusive indices; negative or too large ones lie in the padding.

    Raises:
        ValueError: a kernel, stride, dilation or pool below 1, or negative padding.

    Source: this book, chapter 2.
    """
    first = last = at
    for layer in reversed(layers):
        _check(layer)
        same = layer.dilation * (layer.kernel // 2)
        padding = same if layer.padding is None else layer.padding
        first, last = first * layer.pool, last * layer.pool + layer.pool - 1
        first = first * layer.stride - padding
        last = last * layer.stride - padding + layer.dilation * (layer.kernel - 1)
    return first, last


def field(layers: Sequence[Layer]) -> Field:
    """Size and stride of the receptive field of a chain of layers.

    The size is that of the interval read, gaps of dilated kernels included.

    Args:
        layers: from input to output; none is the identity, size 1, stride 1.

    Raises:
        ValueError: a kernel, stride, dilation or pool below 1, or negative padding.

    Source: this book, chapter 2.
    """
    first, last = span(layers, 0)
    return Field(size=last - first + 1, stride=span(layers, 1)[0] - first)


def recurrent_radii(entry: int, steps: Sequence[int], lags: int) -> list[int]:
    """How far an output sees at lag 0, 1, …, through a recurrence that may look several steps back.

    A path from lag n back to now enters once and jumps j steps at a time, each jump adding
    ``steps[j-1]`` pixels; the radius is that of the longest path.

    Args:
        entry: radius from a frame to the output of its own time step, all layers together.
        steps: radius added by a jump of 1, 2, … steps. A ConvLSTM has one entry; a convolutional
            tensor train of order N with cores of radius r has r, 2r, …, Nr.
        lags: how many radii to return.

    Raises:
        ValueError: negative radii or lags, or no steps.

    Source: this book, chapters 2 and 10; Su et al., section 3.1, requirement (2).
    """
    if entry < 0 or lags < 0 or not steps or min(steps) < 0:
        raise ValueError(
            f"{entry=}, {steps=}, {lags=}: radii and lags count from 0, one step at least"
        )
    radii = [entry]
    for lag in range(1, lags):
        radii.append(
            max(radii[lag - j] + step for j, step in enumerate(steps, start=1) if j <= lag)
        )
    return radii[:lags]


def influence(
    network: Callable[[Tensor], Tensor], x: Float[Tensor, "*axes height width"], at: tuple[int, int]
) -> Float[Tensor, "height width"]:
    """Size of the gradient of one output pixel with respect to every input pixel.

    Args:
        network: maps `x` to ``[..., height, width]``.
        x: the input at which the gradient is taken.
        at: row and column of the output pixel, from 0. Its channels, times and batch items are
            added, and may cancel: take positive weights to be sure.

    Returns:
        The largest absolute gradient over all leading axes of `x`; zero if the output ignores it.

    Raises:
        IndexError: `at` lies outside the output.

    Source: Luo et al. 2016, the effective receptive field.
    """
    x = x.detach().clone().requires_grad_()
    output = network(x)
    if not (0 <= at[0] < output.shape[-2] and 0 <= at[1] < output.shape[-1]):
        raise IndexError(f"{at=} lies outside the output, {tuple(output.shape[-2:])}")
    if not output.requires_grad:  # a network that never touches x
        return x.new_zeros(x.shape[-2:])
    (gradient,) = torch.autograd.grad(
        output[..., at[0], at[1]].sum(), x, allow_unused=True, materialize_grads=True
    )
    return gradient.abs().reshape(-1, *x.shape[-2:]).amax(0)


def influence_by_lag(
    encode: Callable[[Tensor], Tensor],
    frames: Float[Tensor, "batch time _channel height width"],
    at: tuple[int, int],
) -> Float[Tensor, "time height width"]:
    """Typical size of the gradient of one output pixel, frame by frame.

    Args:
        encode: maps `frames` to ``[batch, channel, height, width]``, each clip on its own.
        frames: the clips at which the gradient is taken.
        at: row and column of the output pixel, from 0.

    Returns:
        The root of the mean square over clips, channels of the output and channels of the frames;
        first the last frame, which has lag 0.

    Raises:
        IndexError: `at` lies outside the output.

    Source: Luo et al. 2016, the effective receptive field; the mean over channels is ours.
    """
    frames = frames.detach().clone().requires_grad_()
    output = encode(frames)
    if not (0 <= at[0] < output.shape[-2] and 0 <= at[1] < output.shape[-1]):
        raise IndexError(f"{at=} lies outside the output, {tuple(output.shape[-2:])}")
    squares = torch.zeros_like(frames[0, :, 0])
    pixels = output[..., at[0], at[1]].sum(0)  # clips do not mix: their gradients stay apart
    for pixel in pixels:
        (gradient,) = torch.autograd.grad(pixel, frames, retain_graph=True)
        squares += gradient.square().mean((0, 2))
    return (squares / len(pixels)).sqrt().flip(0)


def support(
    network: Callable[[Tensor], Tensor], x: Float[Tensor, "*axes height width"], at: tuple[int, int]
) -> Bool[Tensor, "height width"]:
    """Which input pixels one output pixel depends on: where `influence` is not zero.

    With positive weights and no flat spots (a ReLU at 0 has one) nothing cancels, and this is the
    exact receptive field.

    Raises:
        IndexError: `at` lies outside the output.

    Source: this book, chapter 2.
    """
    return influence(network, x, at) > 0


def spread(weights: Float[Tensor, " taps"]) -> float:
    """Standard deviation, in pixels, of where a row of weights looks; signs do not count.

    Raises:
        ValueError: weights that are all zero.

    Source: Luo et al. 2016; this book, chapter 2.
    """
    mass = weights.abs().double()
    if not mass.sum() > 0:
        raise ValueError("all weights are zero: they look nowhere")
    mass = mass / mass.sum()
    place = torch.arange(len(mass), dtype=mass.dtype, device=mass.device)
    mean = (mass * place).sum()
    return float((mass * (place - mean) ** 2).sum().sqrt())


def _check(layer: Layer) -> None:
    if min(layer.kernel, layer.stride, layer.dilation, layer.pool) < 1 or (layer.padding or 0) < 0:
        raise ValueError(f"{layer}: kernel, stride, dilation and pool count from 1, padding from 0")
