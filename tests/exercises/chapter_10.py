"""Answers to the exercises of chapter 10: right ones, each written twice, and mistakes."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from stlib.tensor_train import correlate, direct, kernels, recursive


def evaluate_nested(cores, states):
    v = 0 * states[-1]
    for core, h in zip(cores[::-1], states[::-1], strict=True):
        v = correlate(v + h, core, "circular")
    return v


def evaluate_direct(cores, states):
    return sum(correlate(h, k, "circular") for k, h in zip(kernels(cores), states, strict=True))


def evaluate_by_fourier(cores, states):
    size = states[0].shape[2:]

    def spectrum(core):
        wrapped = torch.zeros(*core.shape[:2], *size, dtype=core.dtype)
        for i, j in np.ndindex(*core.shape[2:]):
            y, x = i - core.shape[2] // 2, j - core.shape[3] // 2
            wrapped[:, :, y % size[0], x % size[1]] += core[:, :, i, j]
        return torch.fft.fft2(wrapped).conj()  # conj: correlation, not convolution

    v = torch.zeros_like(torch.fft.fft2(states[-1]))
    for core, h in zip(reversed(cores), reversed(states), strict=True):
        v = torch.einsum("oiyx,biyx->boyx", spectrum(core), v + torch.fft.fft2(h))
    return torch.fft.ifft2(v).real


def step_by_definition(cores, states, n, boundary):
    k = kernels(cores)
    v = {len(cores): torch.zeros_like(states[-1])}
    for i in range(len(cores), 0, -1):
        v[i - 1] = correlate(v[i] + states[i - 1], cores[i - 1], boundary)
    kept = correlate(states[0], k[0], boundary)
    for i in range(2, n):
        kept = kept + correlate(states[i - 1], k[i - 1], boundary)
    before = correlate(states[n - 1] + v[n], k[n - 1], boundary)
    return kept, before, correlate(v[n - 1], k[n - 2], boundary)


def step_by_algorithms(cores, states, n, boundary):
    tail = recursive(cores[n - 1 :], states[n - 1 :], boundary)  # V(n-1)
    later = recursive(cores[n:], states[n:], boundary) if n < len(cores) else 0
    before = correlate(states[n - 1] + later, kernels(cores)[n - 1], boundary)
    after = correlate(tail, kernels(cores[: n - 1])[-1], boundary)
    return [direct(cores[: n - 1], states[: n - 1], boundary), before, after]


def exponents_by_counting(n):
    def built(count):
        return [torch.ones(128, 8, 5, 5)] + [torch.ones(8, 8, 5, 5)] * (count - 1)

    def direct_weights(count):
        return sum((4 * i + 1) ** 2 for i in range(1, count + 1))

    nested = [sum(core.numel() for core in built(count)) for count in (n, 2 * n)]
    ratio = direct_weights(2 * n) / direct_weights(n)
    return math.log(ratio) / math.log(2), math.log2(nested[1] / nested[0])


def exponents_by_formula(n):
    # Σ (4i + 1)² = N (16 N² + 36 N + 23) / 3
    direct_at = [m * (16 * m * m + 36 * m + 23) for m in (n, 2 * n)]
    nested_at = [16 + m - 1 for m in (n, 2 * n)]
    return [np.log2(direct_at[1] / direct_at[0]), np.log2(nested_at[1] / nested_at[0])]


def evaluate_with(cores, states, boundary="circular"):
    v = torch.zeros_like(states[-1])
    for core, h in zip(reversed(cores), reversed(states), strict=True):
        v = correlate(v + h, core, boundary)
    return v


def evaluate_adding_late(cores, states):
    v = torch.zeros_like(states[-1])
    for core, h in zip(reversed(cores), reversed(states), strict=True):
        v = correlate(v, core, "circular") + correlate(h, core, "circular") * (h is not states[0])
    return v


def evaluate_shifted(cores, states):
    v = torch.zeros_like(states[-1])
    for i in range(len(cores) - 1, -1, -1):
        v = correlate(v + states[max(i - 1, 0)], cores[i], "circular")
    return v


def evaluate_in_place(cores, states):
    v = torch.zeros_like(states[-1])
    for core, h in zip(reversed(cores), reversed(states), strict=True):
        h += v
        v = correlate(h, core, "circular")
    return v


def printed_step(cores, states, n, boundary):
    """Eq. 20 as it is printed: H(n) + H(n) where H(n) + V(n) is meant."""
    kept, _, after = step_by_definition(cores, states, n, boundary)
    return kept, correlate(2 * states[n - 1], kernels(cores)[n - 1], boundary), after


def copied_step(cores, states, n, boundary):
    kept, before, _ = step_by_definition(cores, states, n, boundary)
    return kept, before, before


def wide_step(cores, states, n, boundary):
    kept, before, after = step_by_definition(cores, states, n, boundary)
    return kept + correlate(states[n - 1], kernels(cores)[n - 1], boundary), before, after


def padded(cores, states):
    """Wraps once at most: torch refuses a padding that is wider than the canvas."""
    total = 0
    for k, h in zip(kernels(cores), states, strict=True):
        down, right = k.shape[2] // 2, k.shape[3] // 2
        total = total + F.conv2d(F.pad(h, (right, right, down, down), mode="circular"), k)
    return total


def rolled(cores, states):
    return evaluate_with(cores, [*states[1:], states[0]])


def lost_half(N, K):
    return K, N * (K - 1)


# Two right answers an exercise.
RIGHT = {
    "10-hand": [
        lambda N, K: (K, N * (K - 1) + 1),
        lambda N, K: [K, K + sum(K - 1 for _ in range(N - 1))],
    ],
    "10-code": [evaluate_nested, evaluate_direct, evaluate_by_fourier],
    "10-prove": [step_by_definition, step_by_algorithms],
    "10-measure": [exponents_by_counting, exponents_by_formula],
    "10-break": [
        ([[0, 0, 1], [0, 1, 0]], [[0, 0, 0], [1, 0, 0]]),
        (((-2, 0, 0), (0, 0, 5)), [torch.zeros(3), torch.tensor([0.0, 1.0, 0.0])]),
    ],
}

# The most numbers a counterexample may hold, and the mistakes it meets.
WRONG = {
    "10-hand": (
        2,
        {
            "no overlap": lambda N, K: (K, N * K),
            "off by one": lost_half,
            "swapped": lambda N, K: (N * (K - 1) + 1, K),
            "only this one": lambda N, K: (5, 21),
        },
    ),
    "10-code": (
        24,
        {
            "swapped cores": lambda cores, states: evaluate_with(cores[:1] + cores[:0:-1], states),
            "swapped ends": lambda cores, states: evaluate_with(
                [cores[-1], *cores[1:-1], cores[0]] if len(cores) > 1 else cores, states
            ),
            "flipped kernels": lambda cores, states: evaluate_with(
                [core.flip(2, 3) for core in cores], states
            ),
            "shifted index": evaluate_shifted,
            "oldest first": rolled,
            "zero border": lambda cores, states: evaluate_with(cores, states, "zero"),
            "last core missing": evaluate_adding_late,
            "oldest forgotten": lambda cores, states: evaluate_with(
                cores, [*states[:-1], 0 * states[-1]]
            ),
            "swapped channels": lambda cores, states: evaluate_with(cores, states).flip(1),
            "input changed": evaluate_in_place,
            "one round at most": padded,
        },
    ),
    "10-prove": (
        24,
        {
            "printed slip": printed_step,
            "copied": copied_step,
            "one term too many": wide_step,
            "always circular": lambda c, s, n, boundary: step_by_definition(c, s, n, "circular"),
        },
    ),
    "10-measure": (
        1,
        {
            "theory": lambda n: (3, 1),
            "natural logarithm": lambda n: [a * math.log(2) for a in exponents_by_formula(n)],
            "equal cores": lambda n: (exponents_by_formula(n)[0], 1.0),
            "swapped": lambda n: exponents_by_formula(n)[::-1],
        },
    ),
    "10-break": (
        0,
        {
            "one core": ([[0, 0, 1]], [[1, 0, 0]]),
            "symmetric": ([[1, 2, 1], [0, 0, 1]], [[0, 0, 0], [1, 0, 0]]),
            "narrow": ([[0, 0, 1], [0, 1, 0]], [[0, 0], [1, 0]]),
            "too many cores": (
                [[0, 0, 1], [0, 1, 0], [0, 1, 0]],
                [[0, 0, 0], [1, 0, 0], [0, 0, 0]],
            ),
            "too wide": ([[0, 0, 1], [0, 1, 0]], [[0, 0, 0, 0], [1, 0, 0, 0]]),
            "too many numbers": ([[0, 0, 1], [0, 1, 0]], [[0, 0, 1], [1, 0, 0]]),
            "cores only": [[0, 0, 1], [0, 1, 0]],
        },
    ),
}
