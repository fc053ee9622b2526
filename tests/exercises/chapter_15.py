"""Answers to the exercises of chapter 15: right ones, each written twice, and mistakes."""

from fractions import Fraction

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from stlib.cells import MKLSTM
from stlib.networks import Pyramid
from stlib.tally import PROFILER, tally


def units(conv=288, mk=1232, places=16, each=2):
    return {
        "ConvLSTM": (conv, conv * places, each * conv * places),
        "MK-LSTM": (mk, mk * places, each * mk * places),
    }


def count_built(layers, height, width):
    """Real layers, on the meta device."""
    with torch.device("meta"):
        net = nn.Sequential(*(nn.Conv2d(i, o, k, s, k // 2) for i, o, k, s in layers))
        counted = tally(net, torch.zeros(1, layers[0][0], height, width))
    return sum(weight.numel() for weight in net.parameters()), counted.macs


def count_by_shapes(layers, height, width, bias=1, shrink=lambda n, s: (n - 1) // s + 1, late=0):
    stored = macs = 0
    for inputs, outputs, kernel, stride in layers:
        after = shrink(height, stride), shrink(width, stride)
        rows, columns = (height, width) if late else after
        stored += outputs * inputs * kernel**2 + bias * outputs
        macs += outputs * inputs * kernel**2 * rows * columns
        height, width = after
    return np.array([stored, macs])


def layers_closed(n, s):
    return 2 * (1 - s ** (-2 * n)) / (1 - s**-2)


def layers_summed(n, s):
    return sum(Fraction(2, s ** (2 * j)) for j in range(n))


def profiled_by_formula(side, steps, eleven=11, ends=64, mix=2):
    layers = 21 / 8 * (306 + mix) * 32**2 * side**2
    written = 32 * (side**2 + side**2 / 4)
    return steps * (layers + ends * side**2 + eleven * written)


def profiled_built(side, steps):
    with torch.device("meta"):
        net = Pyramid(MKLSTM, channels=1)
        counted = tally(net, torch.zeros(1, 1, side, side), None)
    return PROFILER.total(counted) * steps


def by_shifts(x, weight, mode="constant", flip=False):
    """Nine shifted copies, each multiplied entry by entry and summed."""
    height, width = x.shape[2:]
    wide = F.pad(x, (1, 1, 1, 1), mode=mode)
    if flip:
        weight = weight.flip(2, 3)
    total = 0
    for u in range(3):
        for v in range(3):
            shifted = wide[:, None, :, u : u + height, v : v + width]
            total = total + (weight[None, :, :, u, v, None, None] * shifted).sum(2)
    return total


def by_fourier(x, weight):
    """A product of spectra."""
    height, width = x.shape[2:]
    size = (height + 2, width + 2)
    spectrum = torch.fft.fft2(x, s=size)[:, None] * torch.fft.fft2(weight.flip(2, 3), s=size)[None]
    full = torch.fft.ifft2(spectrum.sum(2)).real
    return full[..., 1 : 1 + height, 1 : 1 + width]


# Two right answers an exercise.
RIGHT = {
    "15-hand": [units(), {name: np.array(row) for name, row in units().items()}],
    "15-code": [count_built, count_by_shapes],
    "15-prove": [layers_closed, layers_summed],
    "15-measure": [profiled_by_formula, profiled_built],
    "15-break": [by_shifts, by_fourier],
}

# The most numbers a counterexample may hold, and the mistakes it meets.
WRONG = {
    "15-hand": (
        1,
        {
            "as printed": units(mk=307 * 4),
            "one channel": units(conv=72, mk=308),
            "x alone": units(conv=144),
            "one operation": units(each=1),
            "with biases": units(conv=288 + 16),
            "no looks": units(mk=1232 - 34 * 4),
        },
    ),
    "15-code": (
        6,
        {
            "no biases": lambda *a: count_by_shapes(*a, bias=0),
            "size before the stride": lambda *a: count_by_shapes(*a, late=1),
            "rounded down": lambda *a: count_by_shapes(*a, shrink=lambda n, s: n // s),
            "no stride": lambda *a: count_by_shapes(*a, shrink=lambda n, s: n),
            "FLOPs": lambda *a: count_by_shapes(*a) * np.array([1, 2]),
            "swapped": lambda *a: count_by_shapes(*a)[::-1],
        },
    ),
    "15-prove": (
        2,
        {
            "as if two": lambda n, s: layers_closed(n, 2),
            "a quarter each": lambda n, s: 2 * sum(s**-j for j in range(n)),
            "for ever": lambda n, s: 2 / (1 - s**-2),
            "one layer a scale": lambda n, s: layers_closed(n, s) / 2,
            "one scale more": lambda n, s: layers_closed(n + 1, s),
            "share": lambda n, s: layers_closed(n, s) / (2 * n),
        },
    ),
    "15-measure": (
        2,
        {
            "MACs": lambda *a: profiled_by_formula(*a, eleven=0),
            "307": lambda *a: profiled_by_formula(*a, mix=1),
            "FLOPs": lambda *a: 2 * profiled_by_formula(*a),
            "no 1x1 maps": lambda *a: profiled_by_formula(*a, ends=0),
            "one step": lambda side, steps: profiled_by_formula(side, 1),
            "billions": lambda *a: profiled_by_formula(*a) / 1e9,
        },
    ),
    "15-break": (
        60,
        {
            "a convolution": lambda x, w: F.conv2d(x, w, padding=1),
            "a matrix product": lambda x, w: (w.flatten(1) @ F.unfold(x, 3, padding=1)[0]).reshape(
                1, len(w), *x.shape[2:]
            ),
            "turned": lambda x, w: by_shifts(x, w, flip=True),
            "round": lambda x, w: by_shifts(x, w, mode="circular"),
            "nothing": lambda x, w: torch.zeros(1, len(w), *x.shape[2:]).double(),
        },
    ),
}
