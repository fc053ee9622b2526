"""Answers to the exercises of chapter 4: right ones, each written twice, and mistakes."""

import math

import numpy as np
import torch

from stlib.cells import LSTM, Step


def slope_backwards(w, xs, ys):
    h = [0.0]
    for x in xs:
        h.append(math.tanh(w * h[-1] + x))
    error = slope = 0
    for t in range(len(xs), 0, -1):
        error = (error + h[t] - ys[t - 1]) * (1 - h[t] ** 2)
        slope += error * h[t - 1]
        error *= w
    return sum((a - y) ** 2 for a, y in zip(h[1:], ys, strict=True)) / 2, slope


def slope_by_autograd(w, xs, ys):
    weight = torch.tensor(float(w), dtype=torch.float64, requires_grad=True)
    h, loss = torch.zeros((), dtype=torch.float64), 0
    for x, y in zip(xs, ys, strict=True):
        h = torch.tanh(weight * h + x)
        loss = loss + (h - y) ** 2 / 2
    loss.backward()
    return loss.detach(), weight.grad


def slope_with(w, xs, ys, keep=True, bend=True, before=True, half=0.5, every=True):
    """`slope_backwards` with switches for what a reader may leave out."""
    h = [0.0]
    for x in xs:
        h.append(math.tanh(w * h[-1] + x))
    error = slope = loss = 0
    for t in range(len(xs), 0, -1):
        if every or t == len(xs):
            error += h[t] - ys[t - 1]
            loss += half * (h[t] - ys[t - 1]) ** 2
        error *= 1 - h[t] ** 2 if bend else 1
        slope += error * h[t - 1 if before else t]
        error *= w * keep
    return loss, slope


def table_by_rows(w, xs):
    rows, h = [[1.0]], 0.0
    for x in xs:
        h = math.tanh(w * h + x)
        rows.append([w * (1 - h * h) * entry for entry in rows[-1]] + [1.0])
    return [row + [0.0] * (len(xs) + 1 - len(row)) for row in rows]


def table_by_autograd(w, xs):
    h = [torch.zeros((), dtype=torch.float64, requires_grad=True)]
    for x in xs:
        h.append(torch.tanh(w * h[-1] + x))
    return [
        [
            float(torch.autograd.grad(late, early, retain_graph=True, allow_unused=True)[0] or 0)
            if late is not early
            else 1.0
            for early in h[: t + 1]
        ]
        + [0.0] * (len(xs) - t)
        for t, late in enumerate(h)
    ]


def table_with(w, xs, slope_at=0, bend=True):
    """The table of a recurrence whose factors are taken at the wrong place, or unbent."""
    h = [0.0]
    for x in xs:
        h.append(math.tanh(w * h[-1] + x))
    table = np.eye(len(h))
    for t in range(1, len(h)):
        factor = w * (1 - h[t - slope_at] ** 2 if bend else 1)
        table[t, :t] = factor * table[t - 1, :t]
    return table


def lasting_by_formula(bias, lag):
    gate = 1 / (1 + math.exp(-bias))
    return gate**lag, -math.log(2) / math.log(gate)


def lasting_by_autograd(bias, lag):
    cell = LSTM(1, 1).double()
    with torch.no_grad():
        cell.gates.weight.zero_()
        cell.gates.bias.copy_(torch.tensor([0.0, bias, 0.0, 0.0]))
    zero = torch.zeros(1, 1, dtype=torch.float64)
    first = torch.ones_like(zero).requires_grad_()

    def slope(steps):
        state = Step(zero, first)
        for _ in range(steps):
            _, state, _ = cell(zero, Step(zero, state.c))
        return torch.autograd.grad(state.c, first)[0].item()

    return slope(lag), math.log(0.5) / math.log(slope(1))


def away_from_zero(start, steps):
    return [(1, 1, 1 if start >= 0 else -1, 1)] * steps


def away_from_zero_as_array(start, steps):
    rows = torch.tensor([1.0, 1.0, 1.0, 0.5]).repeat(steps, 1)
    rows[:, 2] = math.copysign(1, start)
    return rows


# Two right answers an exercise.
RIGHT = {
    "4-hand": [[0.1, 0.2, 0.25, 1], (1 / 10, 1 / 5, 1 / 4, 1), np.array([0.1, 0.2, 0.25, 1])],
    "4-code": [slope_backwards, slope_by_autograd],
    "4-prove": [table_by_rows, table_by_autograd, table_with],
    "4-measure": [lasting_by_formula, lasting_by_autograd],
    "4-break": [away_from_zero, away_from_zero_as_array],
}

# The most numbers a counterexample may hold, and the mistakes it meets.
WRONG = {
    "4-hand": (
        4,
        {
            "gate of its own step too": [0.1, 0.1, 0.2, 0.25],
            "backwards": [1, 0.25, 0.2, 0.1],
            "gates so far": [1, 0.5, 0.4, 0.1],
            "gates of one step": [0.5, 0.8, 0.25, 1],
            "gates added": [1.55, 1.05, 0.25, 1],
            "three numbers": [0.1, 0.2, 0.25],
        },
    ),
    "4-code": (
        7,
        {
            "error of the last step only": lambda w, x, y: slope_with(w, x, y, every=False),
            "not carried back": lambda w, x, y: slope_with(w, x, y, keep=False),
            "without the tanh": lambda w, x, y: slope_with(w, x, y, bend=False),
            "state after the step": lambda w, x, y: slope_with(w, x, y, before=False),
            "no half": lambda w, x, y: slope_with(w, x, y, half=1),
            "uphill and down": lambda w, x, y: (
                slope_backwards(w, x, y)[0],
                -slope_backwards(w, x, y)[1],
            ),
            "swapped": lambda w, x, y: slope_backwards(w, x, y)[::-1],
        },
    ),
    "4-prove": (
        4,
        {
            "no slope of tanh": lambda w, x: table_with(w, x, bend=False),
            "slope of the step before": lambda w, x: table_with(w, x, slope_at=1),
            "transposed": lambda w, x: table_with(w, x).T,
            "both ways": lambda w, x: np.maximum(table_with(w, x), table_with(w, x).T),
            "no diagonal": lambda w, x: table_with(w, x) - np.eye(len(x) + 1),
            "last row only": lambda w, x: table_by_rows(w, x)[-1],
        },
    ),
    "4-measure": (
        2,
        {
            "bias for gate": lambda bias, lag: (bias**lag, 1.0),
            "other sign": lambda bias, lag: lasting_by_formula(-bias, lag),
            "time constant": lambda bias, lag: (
                lasting_by_formula(bias, lag)[0],
                -1 / math.log(1 / (1 + math.exp(-bias))),
            ),
            "one step more": lambda bias, lag: (
                lasting_by_formula(bias, lag + 1)[0],
                lasting_by_formula(bias, lag)[1],
            ),
            "whole steps": lambda bias, lag: (
                lasting_by_formula(bias, lag)[0],
                math.ceil(lasting_by_formula(bias, lag)[1]),
            ),
        },
    ),
    "4-break": (
        2,
        {
            "idle": lambda start, steps: [(0, 1, 0, 1)] * steps,
            "forgetful": lambda start, steps: [(1, 0, 1, 1)] * steps,
            "always up": lambda start, steps: [(1, 1, 1, 1)] * steps,
            "output shut": lambda start, steps: [(0, 1, 0, 0)] * steps,
            "half written": lambda start, steps: [
                (0.5, 1, math.copysign(1, start), 1) for _ in range(steps)
            ],
            "one step short": lambda start, steps: away_from_zero(start, steps)[1:],
            "to and fro": lambda start, steps: [(1, 1, (-1) ** t, 1) for t in range(steps)],
        },
    ),
}
