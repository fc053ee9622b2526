"""What maps do, written out in NumPy: the independent truth for cells."""

from functools import partial

import numpy as np
import torch

numpy = partial(torch.Tensor.numpy, force=True)


def logistic(a):
    return 1 / (1 + np.exp(-a))


def convolved(weight, bias, x):
    """Cross-correlation with zeros around, one weight at a time."""
    outputs, inputs, k, _ = weight.shape
    batch, _, height, width = x.shape
    y = np.zeros((batch, outputs, height, width)) + bias[:, None, None]
    for q, p, u, v in np.ndindex(outputs, inputs, k, k):
        for r, s in np.ndindex(height, width):
            row, column = r + u - k // 2, s + v - k // 2
            if 0 <= row < height and 0 <= column < width:
                y[:, q, r, s] += weight[q, p, u, v] * x[:, p, row, column]
    return y


def plain(conv, *sources):
    """A convolution, source by source."""
    weight, first, total = numpy(conv.weight), 0, 0
    bias = numpy(conv.bias)
    second = getattr(conv, "second_bias", None)
    if second is not None:
        bias = bias + numpy(second)
    for source in sources:
        total = total + convolved(
            weight[:, first : first + source.shape[1]], np.zeros(len(weight)), source
        )
        first += source.shape[1]
    assert first == weight.shape[1]
    return total + bias[:, None, None]


def gates_of(conv, *sources):
    """The gates of a map before any is squashed: i, f, g and, where there is one, o."""
    count = conv.weight.shape[0] // sources[-1].shape[1]  # the last source is as wide as a gate
    return np.split(plain(conv, *sources), count, axis=1)


def of_vector_b(rows=4):
    """The input of the vectors: (1 + row + 3 column) / 20."""
    row, column = torch.meshgrid(torch.arange(rows), torch.arange(rows), indexing="ij")
    return ((1 + row + 3 * column) / 20).double()[None, None]


def mapped(conv, *sources):
    """What a `Conv2d` says of the sources, one behind the other in its channels."""
    bias = np.zeros(len(conv.weight)) if conv.bias is None else numpy(conv.bias)
    return convolved(numpy(conv.weight), bias, np.concatenate(sources, axis=1))
