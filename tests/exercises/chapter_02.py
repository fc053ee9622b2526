"""Answers to the exercises of chapter 2: right ones, each written twice, and mistakes."""

import numpy as np
import torch

from stlib.tensor_train import compose


def compose_by_loops(outer, inner):
    out, middle, *reach = outer.shape
    deep, size = inner.shape[1], inner.shape[2:]
    composite = torch.zeros(
        out, deep, reach[0] + size[0] - 1, reach[1] + size[1] - 1, dtype=outer.dtype
    )
    for o, m, d in np.ndindex(out, middle, deep):
        for i, j in np.ndindex(*reach):
            for k, n in np.ndindex(*size):
                composite[o, d, i + k, j + n] += outer[o, m, i, j] * inner[m, d, k, n]
    return composite


def compose_by_fourier(outer, inner):
    size = [a + b - 1 for a, b in zip(outer.shape[2:], inner.shape[2:], strict=True)]
    spectra = torch.fft.rfft2(outer, s=size), torch.fft.rfft2(inner, s=size)
    return torch.fft.irfft2(torch.einsum("omyx,mdyx->odyx", *spectra), s=size)


def terms_by_rows(outer, inner):
    return [
        [a * inner[m - i] if 0 <= m - i < len(inner) else 0 for i, a in enumerate(outer)]
        for m in range(len(outer) + len(inner) - 1)
    ]


def terms_by_matrix(outer, inner):
    table = np.zeros((len(outer) + len(inner) - 1, len(outer)))
    for i, a in enumerate(outer):
        table[i : i + len(inner), i] = np.multiply(a, inner)
    return table


def spread_by_composing(layers, width):
    kernel = np.ones(1)
    for _ in range(layers):
        kernel = np.convolve(kernel, np.ones(width) / width)
    offsets = np.arange(len(kernel)) - len(kernel) // 2
    return len(kernel) // 2, (kernel * offsets**2).sum() ** 0.5


def spread_by_variances(layers, width):
    one = torch.arange(-(width // 2), width // 2 + 1).double()
    return torch.tensor([layers * (width // 2), (layers * one.square().mean()).sqrt()])


# Two right answers an exercise.
RIGHT = {
    "2-hand": [[3, 6, 2, -2, -1], (3.0, 6.0, 2.0, -2.0, -1.0), np.array([0, 3, 6, 2, -2, -1, 0])],
    "2-code": [compose_by_loops, compose_by_fourier, compose],
    "2-prove": [terms_by_rows, terms_by_matrix],
    "2-measure": [spread_by_composing, spread_by_variances],
    "2-break": [
        lambda width: ([1, 0, 0], [0, 0, 1]),
        lambda width: ([0, 1, 1], torch.tensor([1, 1, 0])),
    ],
}

# The most numbers a counterexample may hold, and the mistakes it meets.
WRONG = {
    "2-hand": (
        1,
        {
            "correlated": [-1, -2, 2, 6, 3],
            "sign": [-3, -6, -2, 2, 1],
            "the chapter's": [1, 2, 0, -2, -1],
            "added": [4, 2, 0],
            "shifted": [0, 3, 6, 2, -2, -1, 0, 0, 0],
        },
    ),
    "2-code": (
        24,
        {
            "unflipped": lambda outer, inner: compose(outer.flip(2, 3), inner),
            "mirrored": lambda outer, inner: compose(outer, inner).flip(2, 3),
            "swapped layers": lambda outer, inner: compose(inner, outer),
            "swapped channels": lambda outer, inner: compose(outer, inner).transpose(0, 1),
            "middle reversed": lambda outer, inner: compose(outer.flip(1), inner),
            "rows for columns": lambda outer, inner: compose(outer.mT, inner.mT),
            "kept size": lambda outer, inner: compose(outer, inner)[..., : inner.shape[3]],
            "shifted": lambda outer, inner: compose(outer, inner).roll(1, 3),
            "single precision": lambda outer, inner: compose(outer, inner).float(),
        },
    ),
    "2-prove": (
        4,
        {
            "one row short": lambda outer, inner: terms_by_rows(outer, inner)[:-1],
            "correlated": lambda outer, inner: terms_by_rows(outer, inner[::-1]),
            "columns of inner": lambda outer, inner: terms_by_rows(inner, outer),
            "rows added up": lambda outer, inner: [sum(r) for r in terms_by_rows(outer, inner)],
        },
    ),
    "2-measure": (
        2,
        {
            "variance": lambda n, k: (n * (k // 2), spread_by_composing(n, k)[1] ** 2),
            "full width": lambda n, k: (n * (k - 1) + 1, spread_by_composing(n, k)[1]),
            "deviations added": lambda n, k: (n * (k // 2), n * spread_by_composing(1, k)[1]),
        },
    ),
    "2-break": (
        1,
        {
            "smooth": lambda width: ([1, 1, 1], [1, 1, 1]),
            "one way": lambda width: ([0, 0, 1], [0, 1, 1]),
            "nothing": lambda width: ([0, 0, 0], [1, 2, 3]),
            "even": lambda width: ([1, 2], [1, 2, 3]),
            "the chapter's": lambda width: ([1, 2, 1], [1, 0, -1]),
            "the chapter's without the sign": lambda width: ([1, 2, 1], [1, 0, 1]),
        },
    ),
}
