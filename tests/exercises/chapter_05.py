"""Answers to the exercises of chapter 5: right ones, each written twice, and mistakes."""

from functools import partial

import numpy as np
import torch
import torch.nn.functional as F

from stlib.cells import ConvLSTM, Step
from stlib.networks import Stack


def step_by_stlib(x, h, c, Wx, Wh, bias):
    cell = ConvLSTM(x.shape[1], h.shape[1], kernel=3).double()
    down, right = (1 - Wx.shape[2] // 2, 1 - Wx.shape[3] // 2)  # smaller kernels amid zeros
    with torch.no_grad():
        weight = torch.cat([Wx, Wh], dim=1)
        cell.gates.weight.copy_(F.pad(weight, (right, right, down, down)))
        cell.gates.bias.copy_(bias)
        h, state, _ = cell(x, Step(h, c))
    return h, state.c


def step_by_loops(x, h, c, Wx, Wh, bias):
    out, (height, width) = h.shape[1], h.shape[2:]
    down, right = Wx.shape[2] // 2, Wx.shape[3] // 2
    both, weight = torch.cat([x, h], dim=1), torch.cat([Wx, Wh], dim=1)
    wide = F.pad(both, (right, right, down, down))
    maps = torch.zeros(1, 4 * out, height, width, dtype=torch.float64)
    for p, q in np.ndindex(height, width):
        window = wide[0, :, p : p + Wx.shape[2], q : q + Wx.shape[3]]
        maps[0, :, p, q] = (weight * window).sum(dim=(1, 2, 3)) + bias
    i, f, g, o = maps[:, :out], maps[:, out : 2 * out], maps[:, 2 * out : 3 * out], maps[:, -out:]
    new = c / (1 + (-f).exp()) + torch.tanh(g) / (1 + (-i).exp())
    return [torch.tanh(new) / (1 + (-o).exp()), new]


def varied(x, h, c, Wx, Wh, bias, order="ifgo", keep=True, late=True, squash=torch.tanh):
    """The step with one thing changed."""
    maps = F.conv2d(x, Wx, bias, padding="same") + F.conv2d(h, Wh, padding="same")
    gates = dict(zip(order, maps.chunk(4, dim=1), strict=True))
    kept = gates["f"].sigmoid() * c if keep else c
    new = kept + gates["i"].sigmoid() * squash(gates["g"])
    return gates["o"].sigmoid() * torch.tanh(new if late else c), new


def flipped(x, h, c, Wx, Wh, bias):
    return varied(x, h, c, Wx.flip(2, 3), Wh.flip(2, 3), bias)


def terms_by_loops(kernel, row):
    table, radius = [], (len(kernel) - 1) // 2
    for p in range(len(row)):
        table.append([])
        for k in range(len(kernel)):
            table[-1].append(kernel[k] * row[(p + k - radius) % len(row)])
    return table


def terms_by_rolling(kernel, row):
    radius = len(kernel) // 2
    columns = [np.multiply(w, np.roll(row, radius - k)) for k, w in enumerate(kernel)]
    return np.stack(columns, axis=1)


def untouched_by_running(layers, steps, kernel, width):
    """Compare a row with the middle of a row so long that no border is felt."""
    torch.manual_seed(5)
    network = Stack(partial(ConvLSTM, kernel=kernel), 1, hidden=(1,) * layers).double()
    with torch.no_grad():
        for weight in network.parameters():
            weight.fill_(0.5)
        says = []
        for wide in (width, width + 40):
            state = None
            for _ in range(steps):
                h, state = network(torch.ones(1, 1, 1, wide, dtype=torch.float64), state)
            says.append(h)
    return (says[0] - says[1][..., 20:-20]).abs().lt(1e-12).sum()


def untouched_by_walking(layers, steps, kernel, width):
    radius, pixels = kernel // 2, set(range(width))
    for _ in range(layers - 1 + steps):
        pixels = {p for p in pixels if all(q in pixels for q in range(p - radius, p + radius + 1))}
    return len(pixels)


# Two right answers an exercise.
RIGHT = {
    "5-hand": [[1, -0.5, 0], (1, -1 / 2, 0), np.array([1, -0.5, 0]), torch.tensor([1, -0.5, 0])],
    "5-code": [step_by_stlib, step_by_loops, varied],
    "5-prove": [terms_by_loops, terms_by_rolling],
    "5-measure": [untouched_by_running, untouched_by_walking],
    "5-break": [
        lambda steps, width: ((0, 2), (0, 0), 2 * steps),
        lambda steps, width: [np.array([width - 1, 0]), torch.tensor([2 * steps, -2]), 0],
    ],
}

# The most numbers a counterexample may hold, and the mistakes it meets.
WRONG = {
    "5-hand": (
        1,
        {
            "leaves a trail": [1, 0, 0],
            "erases too much": [1, -1, 0],
            "walks left": [0, -0.5, 1],
            "stays": [0, 0.5, 0],
            "half as bright": [0.5, -0.5, 0],
        },
    ),
    "5-code": (
        34,
        {
            "i and f swapped": partial(varied, order="figo"),
            "g and o swapped": partial(varied, order="ifog"),
            "old c in h": partial(varied, late=False),
            "no forget gate": partial(varied, keep=False),
            "g through the logistic": partial(varied, squash=torch.sigmoid),
            "flipped kernel": flipped,
            "x alone": lambda x, h, c, Wx, Wh, bias: varied(x, 0 * h, c, Wx, Wh, bias),
            "bias twice": lambda x, h, c, Wx, Wh, bias: varied(x, h, c, Wx, Wh, 2 * bias),
            "c, then h": lambda *inputs: varied(*inputs)[::-1],
            "h alone": lambda *inputs: varied(*inputs)[0],
        },
    ),
    "5-prove": (
        6,
        {
            "convolved": lambda kernel, row: terms_by_loops(kernel[::-1], row),
            "zeros outside": lambda kernel, row: [
                [
                    w * row[p + k - len(kernel) // 2]
                    if 0 <= p + k - len(kernel) // 2 < len(row)
                    else 0
                    for k, w in enumerate(kernel)
                ]
                for p in range(len(row))
            ],
            "from the left": lambda kernel, row: [
                [w * row[(p + k) % len(row)] for k, w in enumerate(kernel)] for p in range(len(row))
            ],
            "added up": lambda kernel, row: [sum(terms) for terms in terms_by_loops(kernel, row)],
            "turned round": lambda kernel, row: np.array(terms_by_loops(kernel, row)).T,
        },
    ),
    "5-measure": (
        4,
        {
            "layers alone": lambda n, t, k, w: max(0, w - 2 * n * (k // 2)),
            "layers times steps": lambda n, t, k, w: max(0, w - 2 * n * t * (k // 2)),
            "layers and steps": lambda n, t, k, w: max(0, w - 2 * (n + t) * (k // 2)),
            "one side": lambda n, t, k, w: max(0, w - (n + t - 1) * (k // 2)),
            "below zero": lambda n, t, k, w: w - 2 * (n + t - 1) * (k // 2),
            "the touched": lambda n, t, k, w: min(w, 2 * (n + t - 1) * (k // 2)),
        },
    ),
    "5-break": (
        2,
        {
            "slow enough": lambda steps, width: ((0, 1), (0, 0), steps),
            "where it is, not where it goes": lambda steps, width: (
                (0, 2),
                (0, 0),
                2 * steps - 2,
            ),
            "a pixel beside": lambda steps, width: ((0, 2), (0, 0), 2 * steps - 1),
            "the same film": lambda steps, width: ((0, 2), (0, 2), 2 * steps),
            "off the canvas": lambda steps, width: ((0, width), (0, 0), width - 1),
            "the other is seen": lambda steps, width: ((0, 2), (2 * steps - 1, 0), 2 * steps),
        },
    ),
}
