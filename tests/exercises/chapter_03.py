"""Answers to the exercises of chapter 3: right ones, each written twice, and mistakes."""

from functools import cache

import numpy as np
import torch


def radii_by_lag(layers, lags):
    radii = [sum(radius for radius, _ in layers)]
    for lag in range(1, lags):
        radii.append(
            max(
                radii[lag - j] + step
                for _, steps in layers
                for j, step in enumerate(steps, start=1)
                if j <= lag
            )
        )
    return radii


def radii_by_paths(layers, lags):
    """Every path, one by one."""

    @cache
    def ends(layer, lag):
        """Distances at which a path can arrive at the output of a layer, from the top."""
        arrived = {0} if layer == len(layers) and lag == 0 else set()
        if layer < len(layers):
            arrived |= {d + layers[layer][0] for d in ends(layer + 1, lag)}
        if layer > 0:
            for j, step in enumerate(layers[layer - 1][1], start=1):
                if j <= lag:
                    arrived |= {d + step for d in ends(layer, lag - j)}
        return arrived

    return torch.tensor([max(ends(0, lag)) for lag in range(lags)])


def table_by_recurrence(radii, lags):
    layers = len(radii)
    table = np.full((layers + 1, lags), -np.inf)
    table[layers, 0] = 0
    for layer in range(layers, -1, -1):
        for lag in range(lags):
            if layer < layers:
                table[layer, lag] = max(table[layer, lag], table[layer + 1, lag] + radii[layer])
            if layer and lag:
                table[layer, lag] = max(table[layer, lag], table[layer, lag - 1] + radii[layer - 1])
    return table


def table_by_widest(radii, lags):
    rows = []
    for layer in range(len(radii) + 1):
        above = radii[layer - 1 :] if layer else radii
        rows.append(tuple(sum(radii[layer:]) + k * max(above) for k in range(lags)))
    return rows


def field_by_composing(lag, stay):
    weights, still, blur = np.ones(1), np.array([0.0, 1.0, 0.0]), np.ones(3) / 3
    for _ in range(lag):
        weights = np.convolve(weights, stay * still + (1 - stay) * blur)
    weights = np.convolve(weights, blur)
    offsets = np.arange(len(weights)) - len(weights) // 2
    return abs(offsets[weights > 0]).max(), np.sqrt(weights @ offsets**2)


def field_by_gradient(lag, stay):
    frames = torch.zeros(lag + 1, 31, dtype=torch.float64, requires_grad=True)
    blur = torch.full((1, 1, 3), 1 / 3, dtype=torch.float64)

    def blurred(row):
        return torch.nn.functional.conv1d(row[None, None], blur, padding=1)[0, 0]

    h = blurred(frames[0])
    for frame in frames[1:]:
        h = blurred(frame) + stay * h + (1 - stay) * blurred(h)
    (gradient,) = torch.autograd.grad(h[15], frames)
    places = torch.arange(31) - 15
    return [places[gradient[0] > 0].max(), (gradient[0] @ places.double() ** 2).sqrt()]


# Two right answers an exercise.
RIGHT = {
    "3-hand": [[4, 6, 8, 10, 12], np.arange(4, 14, 2), torch.tensor([4.0, 6, 8, 10, 12])],
    "3-code": [radii_by_lag, radii_by_paths],
    "3-prove": [table_by_recurrence, table_by_widest],
    "3-measure": [field_by_composing, field_by_gradient],
    "3-break": [
        lambda layers: (-layers, layers, 3 * layers),
        lambda layers: torch.tensor([layers, -layers, -2 * layers - 1]),
        lambda layers: [-layers, layers, -4 * layers],  # from the other side
    ],
}

# The most numbers a counterexample may hold, and the mistakes it meets.
WRONG = {
    "3-hand": (
        1,
        {
            "all layers step back": [4, 8, 12, 16, 20],
            "the top layer steps back": [4, 5, 6, 7, 8],
            "sizes": [9, 13, 17, 21, 25],
            "widths for radii": [8, 12, 16, 20, 24],
            "from lag 1": [6, 8, 10, 12, 14],
            "four lags": [4, 6, 8, 10],
        },
    ),
    "3-code": (
        8,
        {
            "one step at a time": lambda layers, lags: [
                sum(r for r, _ in layers) + lag * max(steps[0] for _, steps in layers)
                for lag in range(lags)
            ],
            "one jump": lambda layers, lags: [
                sum(r for r, _ in layers)
                + max((s[lag - 1] for _, s in layers if 0 < lag <= len(s)), default=0)
                for lag in range(lags)
            ],
            "all layers at once": lambda layers, lags: radii_by_lag(
                [(sum(r for r, _ in layers), [sum(s[0] for _, s in layers)])], lags
            ),
            "top layer only": lambda layers, lags: radii_by_lag(
                [(sum(r for r, _ in layers), layers[-1][1])], lags
            ),
            "sizes": lambda layers, lags: [2 * r + 1 for r in radii_by_lag(layers, lags)],
            "one lag too many": lambda layers, lags: radii_by_lag(layers, lags + 1),
            "starts at lag 1": lambda layers, lags: radii_by_lag(layers, lags + 1)[1:],
        },
    ),
    "3-prove": (
        5,
        {
            "layers from the top": lambda radii, lags: table_by_widest(radii, lags)[::-1],
            "no frame": lambda radii, lags: table_by_widest(radii, lags)[1:],
            "shortest": lambda radii, lags: [
                [sum(radii[layer:]) + lag * min(radii[max(layer - 1, 0) :]) for lag in range(lags)]
                for layer in range(len(radii) + 1)
            ],
            "the frame steps back": lambda radii, lags: [
                [sum(radii[layer:]) + lag * max(radii) for lag in range(lags)]
                for layer in range(len(radii) + 1)
            ],
            "lags for rows": lambda radii, lags: table_by_recurrence(radii, lags).T,
        },
    ),
    "3-measure": (
        2,
        {
            "memory forgotten": lambda lag, stay: field_by_composing(lag, 0.0),
            "variance": lambda lag, stay: (
                field_by_composing(lag, stay)[0],
                field_by_composing(lag, stay)[1] ** 2,
            ),
            "reach shrinks too": lambda lag, stay: (
                1 + lag * (1 - stay),
                field_by_composing(lag, stay)[1],
            ),
            "reach for ever": lambda lag, stay: (1 + lag, field_by_composing(lag, stay)[1]),
            "no kernel down": lambda lag, stay: (
                field_by_composing(lag, stay)[0],
                (lag * (1 - stay) * 2 / 3) ** 0.5,
            ),
        },
    ),
    "3-break": (
        1,
        {
            "the chapter's": lambda layers: (-4, 4, 8),
            "never seen": lambda layers: (-2 * layers, 2 * layers, 4 * layers),
            "the same": lambda layers: (-layers, layers, layers),
            "slow": lambda layers: (-layers, layers, 1),
            "still": lambda layers: (-layers, layers, 0),
            "misses the pixel": lambda layers: (-layers, layers + 1, 3 * layers),
            "crosses": lambda layers: (-layers, layers, -layers),
            "two numbers": lambda layers: (-layers, layers),
        },
    ),
}
