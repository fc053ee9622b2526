"""Maps written out in NumPy, for the tests of cells."""

import numpy as np


def logistic(a):
    """Between 0 and 1."""
    return 1 / (1 + np.exp(-a))


def numpy(tensor):
    """A tensor's numbers, without its history."""
    return tensor.detach().numpy()


def convolved(weight, bias, x):
    """Cross-correlation with zeros around, tap by tap; a bias of None is none."""
    outputs, inputs, k, _ = weight.shape
    batch, _, height, width = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (k // 2, k // 2), (k // 2, k // 2)))
    y = np.zeros((batch, outputs, height, width))
    for q, p, u, v in np.ndindex(outputs, inputs, k, k):
        y[:, q] += weight[q, p, u, v] * padded[:, p, u : u + height, v : v + width]
    return y if bias is None else y + bias[:, None, None]


def mapped(conv, *sources):
    """What a `Conv2d` says of the sources, one behind the other in its channels."""
    bias = None if conv.bias is None else numpy(conv.bias)
    return convolved(numpy(conv.weight), bias, np.concatenate(sources, axis=1))
