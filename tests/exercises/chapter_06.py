"""Answers to the exercises of chapter 6: right ones, each written twice, and mistakes."""

import numpy as np
import torch


def lesson_by_counting(steps, context, horizon):
    row, last = [], 0
    for t in range(steps):
        real = t < context or t - last >= horizon
        last = t if real else last
        row.append(int(real))
    return row


def lesson_by_slicing(steps, context, horizon):
    row = torch.zeros(steps, dtype=torch.bool)
    row[:context] = True
    row[context - 1 :: horizon] = True
    return row


def debts_by_recursion(slope, mistakes, reads):
    """A step owes its own mistake, and where it reads itself, slope times the row above."""
    table, row = [], np.zeros(len(reads))
    for t, real in enumerate(reads):
        row = np.zeros(len(reads)) if real else slope * row
        row[t] = mistakes[t]
        table.append(row.copy())
    return np.array(table)


def debts_by_products(slope, mistakes, reads):
    steps = range(len(reads))
    return [
        [
            mistakes[j] * int(np.prod([slope * (1 - reads[i]) for i in range(j + 1, t + 1)]))
            if j <= t
            else 0
            for j in steps
        ]
        for t in steps
    ]


def left_by_autograd(prediction, target):
    left = []
    for divisor in (1, prediction.shape[0] * prediction.shape[1], prediction.numel()):
        weight = prediction.clone().requires_grad_()
        (((weight - target) ** 2).sum() / divisor).backward()
        torch.nn.utils.clip_grad_norm_([weight], 1.0)
        left.append(weight.grad.norm())
    return [float(norm) for norm in left]


def left_by_hand(prediction, target):
    norm = 2 * ((prediction - target) ** 2).sum().sqrt()
    frame = prediction[0, 0].numel()
    scale = torch.tensor([1, frame / prediction.numel(), 1 / prediction.numel()])
    return (norm * scale).clamp(max=1)


def after(function):
    """The mistake of changing what is right."""

    def norms(prediction, target):
        return function(2 * (prediction - target), prediction.shape)

    return norms


# Two right answers an exercise.
RIGHT = {
    "6-hand": [
        [[1, 0, 0, 1], [1, 1, 0, 0]],
        ((True, True, False, True), (True, True, False, False)),
        torch.tensor([[1, 1, 0, 1], [1, 1, 0, 0]]).bool(),
        np.array([[1, 0, 0, 1], [1, 1, 0, 0]]),
    ],
    "6-code": [lesson_by_counting, lesson_by_slicing],
    "6-prove": [debts_by_recursion, debts_by_products],
    "6-measure": [left_by_autograd, left_by_hand],
    "6-break": [
        lambda steps: (101, -49.99, [0.5] * (steps + 1)),
        lambda steps: (-200.0, 100.51, torch.full((steps + 1,), 0.5, dtype=torch.float64)),
    ],
}

# The most numbers a counterexample may hold, and the mistakes it meets.
WRONG = {
    "6-hand": (
        0,
        {
            "all real": [[1, 1, 1, 1], [1, 1, 1, 1]],
            "upside down": [[0, 1, 1, 0], [0, 0, 1, 1]],
            "rows exchanged": [[1, 1, 0, 0], [1, 0, 0, 1]],
            "about the frame predicted": [[0, 0, 1, 1], [1, 0, 0, 1]],
            "steps for samples": [[1, 1], [0, 1], [0, 0], [1, 0]],
            "what was read": [[4, 5, 7, 7], [2, 6, 9, 15]],
        },
    ),
    "6-code": (
        3,
        {
            "one step too long": lambda s, c, h: lesson_by_counting(s, c, h + 1),
            "counted from the start": lambda s, c, h: [int(t < c or t % h == 0) for t in range(s)],
            "counted from the end of the context": lambda s, c, h: [
                int(t < c or (t - c) % h == 0) for t in range(s)
            ],
            "own frame in step 0": lambda s, c, h: [0, *lesson_by_counting(s, c, h)[1:]],
            "real frames too often": lambda s, c, h: [1] * s,
            "inference": lambda s, c, h: [int(t < c) for t in range(s)],
            "one column short": lambda s, c, h: lesson_by_counting(s, c, h)[:-1],
        },
    ),
    "6-prove": (
        7,
        {
            "the teacher forgotten": lambda a, m, r: debts_by_products(a, m, [1] + [0] * len(r)),
            "never handed on": lambda a, m, r: debts_by_products(a, m, [1] * len(r)),
            "one power too many": lambda a, m, r: [
                [a * debt for debt in row] for row in debts_by_products(a, m, r)
            ],
            "no power": lambda a, m, r: debts_by_products(1, m, r),
            "read a step late": lambda a, m, r: debts_by_products(a, m, [1, *r[:-1]]),
            "columns for rows": lambda a, m, r: np.transpose(debts_by_products(a, m, r)),
            "rows added up": lambda a, m, r: [sum(row) for row in debts_by_products(a, m, r)],
        },
    ),
    "6-measure": (
        16,
        {
            "not clipped": lambda p, t: [
                2 * float((p - t).norm()) / n for n in (1, p.shape[0] * p.shape[1], p.numel())
            ],
            "each entry clipped": after(
                lambda g, s: [
                    float((g / n).clamp(-1, 1).norm()) for n in (1, s[0] * s[1], g.numel())
                ]
            ),
            "small ones enlarged": lambda p, t: [float(p.ne(t).any())] * 3,
            "frames exchanged for pixels": after(
                lambda g, s: [
                    min(1.0, float(g.norm()) / n) for n in (1, s[2] * s[3] * s[4], g.numel())
                ]
            ),
            "the other way round": lambda p, t: left_by_autograd(p, t)[::-1],
            "half": after(
                lambda g, s: [
                    min(1.0, float(g.norm()) / 2 / n) for n in (1, s[0] * s[1], g.numel())
                ]
            ),
            "clipped, then divided": after(
                lambda g, s: [min(1.0, float(g.norm())) / n for n in (1, s[0] * s[1], g.numel())]
            ),
        },
    ),
    "6-break": (
        1,
        {
            "drifts": lambda steps: (1, 0.01, [0.5] * (steps + 1)),
            "the chapter's": lambda steps: (2, -0.49, [0.5] * (steps + 1)),
            "too slow for a short film": lambda steps: (5, -1.99, [0.5] * (steps + 1)),
            "perfect": lambda steps: (1, 0, [0.5] * (steps + 1)),
            "trained badly": lambda steps: (101, -50, [0.5] * (steps + 1)),
            "outside": lambda steps: (3, 0, [3.0**t for t in range(steps + 1)]),
            "one frame short": lambda steps: (101, -49.99, [0.5] * steps),
        },
    ),
}
