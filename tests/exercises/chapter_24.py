"""Answers to the exercises of chapter 24: right ones, each written twice, and mistakes."""

from itertools import groupby
from statistics import mean, pvariance

import numpy as np

SINGLE, TRAIN = (29, 31, 33, 35), (29, 33, 37, 41)


def covered_by_loops(film, first, columns, hidden):
    return [
        [
            0 if t >= len(film) - hidden and first <= x < first + columns else ink
            for x, ink in enumerate(row)
        ]
        for t, row in enumerate(film)
    ]


def covered_by_mask(film, first, columns, hidden):
    shown = np.array(film)
    shown[len(film) - hidden :, first : first + columns] = 0
    return shown.tolist()


def covered_in_place(film, first, columns, hidden):
    for row in film[len(film) - hidden :]:
        row[first : first + columns] = [0] * columns
    return film


def covered_from_the_start(film, first, columns, hidden):
    shown = [list(row) for row in film]
    for row in shown[:hidden]:
        row[first : first + columns] = [0] * columns
    return shown


def covered_with_minus(film, first, columns, hidden):
    """Of no hidden frames, all: -0 is 0."""
    shown = [list(row) for row in film]
    for row in shown[-hidden:]:
        row[first : first + columns] = [0] * columns
    return shown


def seen_by(context, radius, step=1):
    middle = len(context[0]) // 2
    return [
        [ink for x, ink in enumerate(row) if abs(x - middle) <= radius + step * lag]
        for lag, row in enumerate(context[::-1])
    ]


def floor_by_sorting(films, radius, step=1, spread=pvariance):
    told = sorted(((repr(seen_by(c, radius, step)), truth) for c, truth in films))
    error = 0.0
    for _, group in groupby(told, key=lambda pair: pair[0]):
        truths = [truth for _, truth in group]
        error += len(truths) * spread(truths)
    return error / len(films)


def floor_by_forecasting(films, radius):
    """The best forecast is the mean of what came after all that looks the same."""
    errors = []
    for context, truth in films:
        same = [t for c, t in films if seen_by(c, radius) == seen_by(context, radius)]
        errors.append((truth - mean(same)) ** 2)
    return mean(errors)


def floor_of_groups(films, radius):
    groups = {}
    for context, truth in films:
        groups.setdefault(repr(seen_by(context, radius)), []).append(truth)
    return mean(pvariance(truths) for truths in groups.values())


def followed_by_loops(tracks, radii, patch):
    kept = 0
    for now, *earlier in tracks:
        lost = [
            lag
            for lag, place in enumerate(earlier)
            if not -radii[lag] <= place // patch - now // patch <= radii[lag]
        ]
        kept += not lost
    return kept / len(tracks)


def followed_by_arrays(tracks, radii, patch):
    patches = np.array(tracks) // patch
    return (abs(patches[:, 1:] - patches[:, :1]) <= np.array(radii)).all(1).mean()


def in_pixels(tracks, radii, patch):
    return mean(
        all(abs(t[0] - place) <= patch * r for place, r in zip(t[1:], radii, strict=True))
        for t in tracks
    )


def in_the_mean(tracks, radii, patch):
    return mean(
        mean(abs(t[0] // patch - p // patch) <= r for p, r in zip(t[1:], radii, strict=True))
        for t in tracks
    )


def only_the_last(tracks, radii, patch):
    return mean(abs(t[0] // patch - t[1] // patch) <= radii[0] for t in tracks)


def to_both_sides(frames, columns):
    return (columns - frames, 1), (frames - 1, -1)


def one_stays_longer(frames, columns):
    fast = (columns - 1) / (frames - 1)
    return [0, fast], [columns - 1, -fast]


RIGHT = {
    "24-hand": [(SINGLE, TRAIN), [np.array(SINGLE), list(TRAIN)]],
    "24-code": [covered_by_loops, covered_by_mask],
    "24-prove": [floor_by_sorting, floor_by_forecasting],
    "24-measure": [followed_by_loops, followed_by_arrays],
    "24-break": [to_both_sides, one_stays_longer],
}

# By exercise: the largest size of a counterexample, and wrong answers by name.
WRONG = {
    "24-hand": (
        1,
        {
            "without the patch": ((25, 26, 27, 28), (25, 27, 29, 31)),
            "the patch's first column": ((28, 30, 32, 34), (28, 32, 36, 40)),
            "no wider cone": (SINGLE, SINGLE),
            "a core alone": (SINGLE, (29, 35, 41, 47)),
            "one list": SINGLE,
        },
    ),
    "24-code": (
        8,
        {
            "in place": covered_in_place,
            "from the start": covered_from_the_start,
            "minus zero": covered_with_minus,
            "no copy of rows": lambda film, first, columns, hidden: covered_in_place(
                list(film), first, columns, hidden
            ),
            "a column more": lambda film, first, columns, hidden: covered_by_loops(
                film, first, columns + 1, hidden
            ),
        },
    ),
    "24-prove": (
        24,
        {
            "no cone": lambda films, radius: pvariance([truth for _, truth in films]),
            "a cone that does not widen": lambda films, radius: floor_by_sorting(films, radius, 0),
            "sees everything": lambda films, radius: floor_by_sorting(films, 99),
            "groups alike": floor_of_groups,
            "half the square": lambda films, radius: floor_by_sorting(films, radius) / 2,
        },
    ),
    "24-measure": (
        12,
        {
            "in pixels": in_pixels,
            "in the mean": in_the_mean,
            "only the last": only_the_last,
            "lost": lambda tracks, radii, patch: 1 - followed_by_loops(tracks, radii, patch),
        },
    ),
    "24-break": (
        2,
        {
            "one speed": lambda frames, columns: ((0, 1), (1, 1)),
            "seen before": lambda frames, columns: ((-1, 1), (columns, -1)),
            "at rest": lambda frames, columns: ((0, 0), (columns - 1, 0)),
            "the same": lambda frames, columns: (to_both_sides(frames, columns)[0],) * 2,
            "still hidden": lambda frames, columns: ((0, 0.1), (1, 0.1)),
        },
    ),
}
