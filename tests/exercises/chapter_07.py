"""Answers to the exercises of chapter 7: right ones, each written twice, and mistakes."""

import numpy as np
import torch

HAND = [[0.45, 0.35, 0.2], [0, 0, 0], [0.4, 0.2, 0]]


def cost(q, values):
    return sum(abs(q - value) + (q - value) ** 2 for value in values)


def best_of_candidates(values):
    """The cheapest of all values, and of the vertex of each piece between them."""
    mean, count = sum(values) / len(values), len(values)
    vertices = [mean + 0.5 - below / count for below in range(count + 1)]
    return min([*values, *vertices], key=lambda q: cost(q, values))


def best_by_crossing(values):
    """Walk up the sorted values until q + F(q) passes the mean plus one half."""
    values = np.sort(np.asarray(values, dtype=float))
    goal = values.mean() + 0.5
    for place, value in enumerate(values):
        if value + (place + 1) / len(values) >= goal:
            return max(value, min(value, goal - place / len(values)))
        if place + 1 < len(values) and values[place + 1] + (place + 1) / len(values) >= goal:
            return torch.tensor(goal - (place + 1) / len(values))
    return values[-1]


def best_by_search(values):
    grid = [n / 10 for n in range(31)]
    return min(grid, key=lambda q: cost(q, values))


def slopes(p, weight):
    l1 = [[-1, 1 - 2 * p], [1 - 2 * p, 1]]
    l2 = [[-2 * p, -2 * p], [2 - 2 * p, 2 - 2 * p]]
    return [
        [weight * a + b for a, b in zip(*rows, strict=True)] for rows in zip(l1, l2, strict=True)
    ]


def slopes_by_differences(p, weight):
    def expected(q):
        l1, l2 = p * abs(q - 1) + (1 - p) * abs(q), p * (q - 1) ** 2 + (1 - p) * q**2
        return weight * l1 + l2

    step = 1e-8
    return np.array(
        [
            [(expected(q) - expected(q - step)) / step, (expected(q + step) - expected(q)) / step]
            for q in (0, 1)
        ]
    ).round(5)


def two_scores(frames):
    defined = [h / (h + m + f) for h, m, f, _ in frames if h + m + f]
    hits, misses, false_alarms, _ = map(sum, zip(*frames, strict=True))
    return sum(defined) / len(defined), hits / (hits + misses + false_alarms)


def two_scores_by_arrays(frames):
    counts = np.array(frames, dtype=float)
    events = counts[:, :3].sum(1)
    each = counts[events > 0, 0] / events[events > 0]
    return np.array([each.mean(), counts[:, 0].sum() / events.sum()])


def undefined_as(value):
    def answer(frames):
        each = [h / (h + m + f) if h + m + f else value for h, m, f, _ in frames]
        return sum(each) / len(each), two_scores(frames)[1]

    return answer


def with_denominator(denominator):
    """Another score in the same two averages, undefined frames left out."""

    def answer(frames):
        pairs = [(frame[0], denominator(*frame)) for frame in frames if denominator(*frame)]
        if not pairs:
            return 0.0, 0.0
        return sum(h / d for h, d in pairs) / len(pairs), sum(h for h, _ in pairs) / sum(
            d for _, d in pairs
        )

    return answer


def first_hit(truth):
    """Right in one event, wrong everywhere else."""
    bold = [1 - value for value in truth]
    bold[truth.index(1)] = 1
    return bold


# Two right answers an exercise.
RIGHT = {
    "7-hand": [HAND, tuple(map(tuple, HAND)), np.array(HAND), torch.tensor(HAND)],
    "7-code": [best_of_candidates, best_by_crossing],
    "7-prove": [slopes, slopes_by_differences],
    "7-measure": [two_scores, two_scores_by_arrays],
    "7-break": [
        lambda truth: ([0.49 * value for value in truth], first_hit(truth)),
        lambda truth: (torch.full((len(truth),), 0.4), np.array(first_hit(truth))),
    ],
}

# The most numbers a counterexample may hold, and the mistakes it meets.
WRONG = {
    "7-hand": (
        1,
        {
            "the mean always": [[0.45, 0.35, 0.2]] * 3,
            "the likeliest wins": [[0.45, 0.35, 0.2], [1, 0, 0], [0.4, 0.2, 0]],
            "not clipped": [[0.45, 0.35, 0.2], [0, 0, 0], [0.4, 0.2, -0.1]],
            "mean of both": [[0.45, 0.35, 0.2], [0, 0, 0], [0.225, 0.175, 0.1]],
            "likeliest of the sum": [[0.45, 0.35, 0.2], [0, 0, 0], [1, 0, 0]],
            "two rows": [[0.45, 0.35, 0.2], [0, 0, 0]],
        },
    ),
    "7-code": (
        5,
        {
            "mean": lambda values: sum(values) / len(values),
            "median": lambda values: float(np.median(values)),
            "between them": lambda values: (np.mean(values) + np.median(values)) / 2,
            "the coin's formula": lambda values: np.clip(2 * np.mean(values) - 0.5, 0, 1),
            "coarse search": best_by_search,
            "no clipping": lambda values: min(
                (np.mean(values) + 0.5 - k / len(values) for k in range(len(values) + 1)),
                key=lambda q: cost(q, values),
            ),
            "values only": lambda values: min(values, key=lambda q: cost(q, values)),
        },
    ),
    "7-prove": (
        2,
        {
            "no kink": lambda p, a: [
                [a * (1 - 2 * p) - 2 * p] * 2,
                [a * (1 - 2 * p) + 2 - 2 * p] * 2,
            ],
            "half a square": lambda p, a: [
                [-a - p, a * (1 - 2 * p) - p],
                [a * (1 - 2 * p) + 1 - p, a + 1 - p],
            ],
            "weight of one": lambda p, a: slopes(p, 1),
            "weight on the square": lambda p, a: [
                [-1 - 2 * a * p, 1 - 2 * p - 2 * a * p],
                slopes(p, 1)[1],
            ],
            "sides swapped": lambda p, a: [row[::-1] for row in slopes(p, a)],
            "ends swapped": lambda p, a: slopes(p, a)[::-1],
            "p for 1 - p": lambda p, a: slopes(1 - p, a),
        },
    ),
    "7-measure": (
        12,
        {
            "undefined is 0": undefined_as(0.0),
            "undefined is 1": undefined_as(1.0),
            "undefined spreads": lambda frames: (
                np.mean([h / (h + m + f) if h + m + f else np.nan for h, m, f, _ in frames]),
                two_scores(frames)[1],
            ),
            "pooled twice": lambda frames: (two_scores(frames)[1],) * 2,
            "averaged twice": lambda frames: (two_scores(frames)[0],) * 2,
            "swapped": lambda frames: two_scores(frames)[::-1],
            "accuracy": with_denominator(lambda h, m, f, n: h + m + f + n),
            "detection": with_denominator(lambda h, m, f, n: h + m),
        },
    ),
    "7-break": (
        4,
        {
            "the truth": lambda truth: ([0.49 * value for value in truth], truth),
            "bold is worse at both": lambda truth: (truth, [1 - value for value in truth]),
            "a tie": lambda truth: ([0] * len(truth), [1] * len(truth)),
            "one half is an event": lambda truth: (
                [0.5 * value for value in truth],
                first_hit(truth),
            ),
            "out of range": lambda truth: (
                [0.49 * value for value in truth],
                [2 * v for v in truth],
            ),
            "all bright": lambda truth: ([0.4 * value for value in truth], [1.0] * len(truth)),
            "one row": lambda truth: [0.4 * value for value in truth],
        },
    ),
}
