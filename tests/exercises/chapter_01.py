"""Answers to the exercises of chapter 1: right ones, each written twice, and mistakes."""

import numpy as np
import torch

from stlib.data.moving_mnist import bounce


def follow_by_rolling(before, after):
    rows = [np.roll(before, shift) for shift in range(len(before))]
    best = int(np.argmin([((row - np.array(after)) ** 2).sum() for row in rows]))
    return np.roll(after, best)


def follow_by_overlap(before, after):
    """On a circle the energies do not change, so the largest overlap is the least error."""
    size = len(before)
    overlap = [
        sum(before[place] * after[(place + shift) % size] for place in range(size))
        for shift in range(size)
    ]
    best = overlap.index(max(overlap))
    return after[size - best :] + after[: size - best]


def followed(before, after, error, last=False):
    rows = [np.roll(before, shift) for shift in range(len(before))]
    errors = [error(row - np.array(after)) for row in rows]
    best = max(i for i, e in enumerate(errors) if e == min(errors)) if last else np.argmin(errors)
    return np.roll(after, best)


def terms_by_rows(values, constant):
    mean = np.mean(values)
    return [
        [
            (x - constant) ** 2,
            (x - mean) ** 2,
            2 * (x - mean) * (mean - constant),
            (mean - constant) ** 2,
        ]
        for x in values
    ]


def terms_by_columns(values, constant):
    x = torch.tensor(values, dtype=torch.float64)
    own, gap = x - x.mean(), x.mean() - constant
    return torch.stack([(own + gap) ** 2, own**2, 2 * own * gap, gap**2 + 0 * own], dim=1)


def scaled(*factors):
    """The table with its columns multiplied."""
    return lambda values, constant: terms_by_columns(values, constant) * torch.tensor(factors)


def lost_by_drawing(blob):
    row = np.pad(blob, (0, len(blob)))
    steps = range(1, len(blob) + 1)
    return next(n for n in steps if ((row - np.roll(row, n)) ** 2).sum() > (row**2).sum())


def lost_by_overlap(blob):
    a, step = torch.tensor(blob, dtype=torch.float64), 1
    while 2 * a[step:] @ a[: len(a) - step] >= a @ a:
        step += 1
    return torch.tensor(step)


def lost(blob, lose):
    """The first step at which `lose(overlap, energy)` says so."""
    a = np.array(blob)
    return next(n for n in range(1, 99) if lose(a[n:] @ a[: max(len(a) - n, 0)], a @ a))


def tracked_film(blob, start, step, width):
    """Frames 2 and 3 of 1-break and what tracking says of them, with the package's `bounce`."""
    room = np.array([width - len(blob)])
    places = bounce(start + step * np.arange(4.0)[:, None], room)[:, 0].astype(int)

    def drawn(place):
        wide = np.zeros(3 * width)
        wide[width + place : width + place + len(blob)] = blob
        return wide[width : 2 * width]

    moved = places[1] - places[0]
    came = [drawn(place) for place in places[2:]]
    return [drawn(places[1] + ahead * moved) for ahead in (1, 2)], came


# Two right answers an exercise.
RIGHT = {
    "1-hand": [
        [11, 10, 20, 22, 22],
        (11.0, 10.0, 20.0, 22.0, 22.0),
        np.array([11, 10, 20, 22, 22]),
    ],
    "1-code": [follow_by_rolling, follow_by_overlap],
    "1-prove": [terms_by_rows, terms_by_columns],
    "1-measure": [lost_by_drawing, lost_by_overlap],
    "1-break": [
        lambda width: ([1, 1], width - 4, 1),
        lambda width: (torch.tensor([0, 1]), 2, -1),
        lambda width: [np.array([2.0, 0.0]), np.int64(width - 4), 1.0],
    ],
}

# The most numbers a counterexample may hold, and the mistakes it meets.
WRONG = {
    "1-hand": (
        0,
        {
            "what moved counted once": [11, 5, 10, 11, 11],
            "not squared": [5, 6, 8, 10, 10],
            "overlap taken off once": [11, 16, 21, 22, 22],
            "the chapter's": [3, 2, 4, 6, 6],
            "per pixel": [11 / 9, 10 / 9, 20 / 9, 22 / 9, 22 / 9],
            "black last": [10, 20, 22, 22, 11],
            "black left out": [10, 20, 22, 22],
        },
    ),
    "1-code": (
        10,
        {
            "copied": lambda before, after: after,
            "shifted before": lambda before, after: np.roll(
                before, np.argmin([((np.roll(before, s) - after) ** 2).sum() for s in range(9)])
            ),
            "the other way": lambda before, after: follow_by_rolling(after, before),
            "last of equals": lambda before, after: followed(
                before, after, lambda row: (row**2).sum(), last=True
            ),
            "not squared": lambda before, after: followed(
                before, after, lambda row: np.abs(row).sum()
            ),
            "only whether equal": lambda before, after: followed(
                before, after, lambda row: (row != 0).sum()
            ),
            "signed": lambda before, after: followed(before, after, lambda row: row.sum()),
        },
    ),
    "1-prove": (
        3,
        {
            "cross term once": scaled(1, 1, 0.5, 1),
            "cross term's sign": scaled(1, 1, -1, 1),
            "cross term forgotten": scaled(1, 1, 0, 1),
            "constant and mean exchanged": lambda values, constant: terms_by_columns(
                values, constant
            )[:, [1, 0, 2, 3]],
            "columns added up": lambda values, constant: terms_by_columns(values, constant).sum(0),
            "row for column": lambda values, constant: terms_by_columns(values, constant).T,
        },
    ),
    "1-measure": (
        5,
        {
            "ties lost": lambda blob: lost(blob, lambda met, energy: 2 * met <= energy),
            "nothing met": lambda blob: lost(blob, lambda met, energy: met == 0),
            "more than half the overlap": lambda blob: lost(
                blob, lambda met, energy: met < energy / 4
            ),
            "the whole width": len,
            "half the width": lambda blob: len(blob) // 2 + 1,
            "brightness, not energy": lambda blob: lost(
                blob, lambda met, energy: 2 * met < sum(blob)
            ),
            "any loss": lambda blob: 1,
        },
    ),
    "1-break": (
        1,
        {
            "one pixel": lambda width: ([1], width - 3, 1),
            "still": lambda width: ([1, 1], 0, 0),
            "bounces too soon": lambda width: ([1, 1], width - 3, 1),
            "no wall in sight": lambda width: ([1, 1], 0, 1),
            "too wide": lambda width: ([1] * width, 0, 1),
            "too bright": lambda width: ([1, -1], width - 4, 1),
            "half a pixel": lambda width: ([1, 1], width - 4, 0.5),
            "outside": lambda width: ([1, 1], width, 1),
            "all met again": lambda width: ([3, 1], width - 4, 1)[:2],
        },
    ),
}
