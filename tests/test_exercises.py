"""The checks: right answers pass however they are written, wrong ones meet a counterexample."""

import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from stlib import exercises as package
from stlib.exercises import Counterexample, Exercise, Result, check, exercises
from stlib.exercises.compare import Unfit, difference, numbers, same, show
from stlib.exercises.search import smallest, trial
from stlib.exercises.student import student_version
from stlib.tensor_train import compose, correlate, direct, kernels, recursive

SHEETS = sorted((Path(__file__).parents[1] / "notebooks" / "exercises").glob("*.ipynb"))
TIERS = ["hand", "code", "prove", "measure", "break"]
NAMED = {exercise.name: exercise for exercise in exercises()}


# ---------------------------------------------------------------- right answers, written twice


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


def mask_by_slicing(N, K, height, width):
    ring = (N - 1) * (K // 2)
    mask = torch.ones(height, width, dtype=torch.bool)
    mask[ring : max(height - ring, ring), ring : max(width - ring, ring)] = False
    return mask


def mask_by_padding(N, K, height, width):
    ring = (N - 1) * (K - 1) // 2
    inside = [max(side - 2 * ring, 0) for side in (height, width)]
    if not all(inside):
        return torch.full((height, width), True)
    return F.pad(torch.zeros(inside), (ring,) * 4, value=1.0).bool()


def discrepancy(cores, states):
    one, two = direct(cores, states), recursive(cores, states)
    share = ((one - two).abs().amax(dim=1) > 1e-9).double().mean()
    return share, (one - two).norm() / one.norm()


def discrepancy_by_numpy(cores, states):
    one, two = (run(cores, states)[0].numpy() for run in (direct, recursive))
    wrong = np.abs(one - two).max(axis=0) > 1e-9
    size = np.sqrt(np.mean((one - two) ** 2) / np.mean(one**2))
    return wrong.sum() / wrong.size, float(size)


RIGHT = {
    "2-hand": [[3, 6, 2, -2, -1], (3.0, 6.0, 2.0, -2.0, -1.0), np.array([0, 3, 6, 2, -2, -1, 0])],
    "2-code": [compose_by_loops, compose_by_fourier, compose],
    "2-prove": [terms_by_rows, terms_by_matrix],
    "2-measure": [spread_by_composing, spread_by_variances],
    "2-break": [
        lambda width: ([1, 0, 0], [0, 0, 1]),
        lambda width: ([0, 1, 1], torch.tensor([1, 1, 0])),
    ],
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
    "11-hand": [
        lambda K: (K, (K + 1) // 2, range(-(K // 2), 0)),
        lambda K: [K, K - K // 2, [-m for m in range(1, K // 2 + 1)]],
    ],
    "11-code": [mask_by_slicing, mask_by_padding],
    "11-prove": [lambda width: ({-1: 1}, {1: 1}), lambda width: ({width: 2.0}, {-1: 1, -2: 1})],
    "11-measure": [discrepancy, discrepancy_by_numpy],
    "11-break": [[[0, 1, 1]] * 3, [[1, 1, 0], [2, 0, 0], np.array([-3.0, 3, 0])]],
}


# ------------------------------------------------------------- seeded mistakes, and how many
# numbers their counterexample may hold


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


def mask_of_slices(N, K, height, width):
    ring = (N - 1) * (K - 1) // 2
    mask = torch.zeros(height, width, dtype=torch.bool)
    mask[:ring] = mask[-ring:] = mask[:, :ring] = mask[:, -ring:] = True  # -0 is everything
    return mask


def mask_of_ring(ring):
    def mask(N, K, height, width):
        y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        edges = torch.stack([y, x, height - 1 - y, width - 1 - x])
        return edges.amin(dim=0) < ring(N, K)

    return mask


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


def share_by(differs):
    """A discrepancy that is wrong only in where it says that two outputs differ."""

    def wrong(cores, states):
        share = differs(direct(cores, states) - recursive(cores, states)).double().mean()
        return share, discrepancy(cores, states)[1]

    return wrong


def size_by(size):
    """A discrepancy that is wrong only in the size of the difference."""

    def wrong(cores, states):
        share, _ = discrepancy(cores, states)
        return share, size(direct(cores, states), recursive(cores, states))

    return wrong


def rolled(cores, states):
    return evaluate_with(cores, [*states[1:], states[0]])


def lost_half(N, K):
    return K, N * (K - 1)


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
    "11-hand": (
        1,
        {
            "only this one": lambda K: (3, 2, [-1]),
            "other side": lambda K: (K, (K + 1) // 2, list(range(1, K // 2 + 1))),
            "both lose": lambda K: ((K + 1) // 2, (K + 1) // 2, list(range(-(K // 2), 0))),
        },
    ),
    "11-code": (
        4,
        {
            "whole reach": mask_of_ring(lambda N, K: N * (K - 1) // 2),
            "one too wide": mask_of_ring(lambda N, K: (N - 1) * (K - 1) // 2 + 1),
            "one too narrow": mask_of_ring(lambda N, K: (N - 1) * (K - 1) // 2 - 1),
            "twice as wide": mask_of_ring(lambda N, K: (N - 1) * (K - 1)),
            "rows for columns": lambda N, K, h, w: mask_by_slicing(N, K, w, h),
            "minus zero": mask_of_slices,
            "inside out": lambda N, K, h, w: ~mask_by_slicing(N, K, h, w),
            "numbers": lambda N, K, h, w: mask_by_slicing(N, K, h, w).double(),
        },
    ),
    "11-prove": (
        1,
        {
            "kept": lambda width: ({1: 1}, {0: 2}),
            "upwards": lambda width: ({width - 1: 1}, {1: 1}),
            "nothing": lambda width: ({}, {-1: 1}),
            "out for good": lambda width: ({-5: 1}, {1: 1}),
            "lists": lambda width: ([1, 2], [3, 4]),
        },
    ),
    "11-measure": (
        24,
        {
            "mean over channels": share_by(lambda d: d.abs() > 1e-9),
            "first channel": share_by(lambda d: d[:, 0].abs() > 1e-9),
            "last channel": share_by(lambda d: d[:, -1].abs() > 1e-9),
            "all channels": share_by(lambda d: (d.abs() > 1e-9).all(1)),
            "signed": share_by(lambda d: (d > 1e-9).any(1)),
            "largest": share_by(lambda d: d.amax(1).abs() > 1e-9),
            "mean of channels": share_by(lambda d: d.mean(1).abs() > 1e-9),
            "rounding counts": share_by(lambda d: (d != 0).any(1)),
            "default tolerance": share_by(
                lambda d: ~torch.isclose(d, torch.zeros_like(d)).all(1, keepdim=True)
            ),
            "relative to nested": size_by(lambda one, two: (one - two).norm() / two.norm()),
            "not relative": size_by(lambda one, two: (one - two).square().mean().sqrt()),
            "mean size": size_by(lambda one, two: (one - two).abs().mean() / one.abs().mean()),
            "of the first channel": size_by(
                lambda one, two: (one - two)[:, 0].norm() / one[:, 0].norm()
            ),
            "circular": lambda c, s: (0.0, 0.0),
            "percent": lambda c, s: [100 * number for number in discrepancy(c, s)],
        },
    ),
    "11-break": (
        3,
        {
            "ones": [[1, 1, 1]] * 3,
            "out and back": [[0, 1, 1], [1, 1, 0], [0, 1, 1]],
            "one turns": [[0, 1, 1], [0, 1, 1], [1, 1, 1]],
            "no step": [[0, 1, 1], [0, 1, 0], [0, 1, 1]],
            "two cores": [[0, 1, 1]] * 2,
            "nearly": [[1e-6, 1, 1], [0, 1, 1], [0, 1, 1]],
            "drowned": [[1, 1, 1e12], [0, 1, 1], [0, 1, 1]],
        },
    ),
}


def count(value):
    if isinstance(value, torch.Tensor):
        return value.numel()
    if isinstance(value, list | tuple):
        return sum(count(entry) for entry in value)
    return isinstance(value, int | float)


@pytest.mark.parametrize(
    ("name", "place"), [(name, place) for name in RIGHT for place in range(len(RIGHT[name]))]
)
def test_right_answers_pass_however_they_are_written(name, place, capsys):
    result = check(name, RIGHT[name][place])
    assert result.passed, result.message
    assert capsys.readouterr().out == f"{name}: right.\n"


@pytest.mark.parametrize(
    ("name", "mistake"), [(name, mistake) for name in WRONG for mistake in WRONG[name][1]]
)
def test_mistakes_meet_a_small_counterexample(name, mistake, capsys):
    most, mistakes = WRONG[name]
    result = check(name, mistakes[mistake])
    assert not result
    assert capsys.readouterr().out == result.message + "\n"

    found = result.counterexample
    assert isinstance(found, Counterexample)
    assert trial(NAMED[name], mistakes[mistake], found.inputs).explanation == found.explanation
    for right in RIGHT[name]:
        assert trial(NAMED[name], right, found.inputs) is None
    assert count(found.inputs) <= most, result.message


def test_every_exercise_has_two_right_and_three_wrong_answers():
    assert list(NAMED) == list(RIGHT) == list(WRONG)
    assert all(len(answers) >= 2 for answers in RIGHT.values())
    assert all(len(mistakes) >= 3 for _, mistakes in WRONG.values())


def test_five_exercises_a_chapter_one_a_tier():
    assert list(NAMED) == [f"{chapter}-{tier}" for chapter in (2, 10, 11) for tier in TIERS]
    assert all(isinstance(exercise, Exercise) for exercise in exercises())
    assert all(exercise.name.endswith(exercise.tier) for exercise in exercises())


# --------------------------------------------------------------------- the way a check speaks


def test_a_counterexample_shows_input_answer_and_expectation(capsys):
    check("2-code", lambda outer, inner: compose(outer.flip(2, 3), inner))
    assert capsys.readouterr().out == (
        "2-code: not yet. The smallest input found on which it fails:\n"
        "  outer = tensor([[[[0., 0., 1.]]]], dtype=torch.float64)\n"
        "  inner = tensor([[[[1.]]]], dtype=torch.float64)\n"
        "yours:    tensor([[[[1., 0., 0.]]]], dtype=torch.float64)\n"
        "expected: tensor([[[[0., 0., 1.]]]], dtype=torch.float64)\n"
        "first difference at [0, 0, 0, 0]\n"
    )


@pytest.mark.parametrize("mistake", ["unflipped", "swapped channels", "middle reversed"])
def test_a_counterexample_can_be_pasted(mistake):
    found = check("2-code", WRONG["2-code"][1][mistake]).counterexample
    pasted = tuple(
        eval(show(part), {"tensor": torch.tensor, "torch": torch}) for part in found.inputs
    )
    assert same(pasted, found.inputs)


@pytest.mark.parametrize(
    ("name", "mistake", "says"),
    [
        ("2-prove", "correlated", "first difference in row 0, column 0"),
        ("2-prove", "rows added up", "in row 0: a row of 1 is wanted, got int"),
        ("2-measure", "variance", "first difference in deviation"),
        ("10-hand", "swapped", "first difference in nested"),
        ("10-prove", "copied", "first difference in after, at ["),
        ("11-hand", "other side", "first difference in lost, entry 0"),
        ("11-measure", "mean over channels", "first difference in share"),
    ],
)
def test_a_check_names_the_piece_that_differs(name, mistake, says):
    assert says in check(name, WRONG[name][1][mistake]).message


def test_a_wrong_exponent_is_shown_its_counts():
    message = check("10-measure", lambda n: (3, 1)).message
    nested_2 = 25 * 128 * 8 + 25 * 8 * 8
    assert f"nested MACs a pixel: {25 * 128 * 8} at N = 1, {nested_2} at N = 2" in message


@pytest.mark.parametrize("mistake", [name for name in WRONG["10-code"][1] if "round" not in name])
def test_a_circle_is_no_smaller_than_a_core_where_that_can_be(mistake):
    cores, states = check("10-code", WRONG["10-code"][1][mistake]).counterexample.inputs
    for side in (2, 3):
        assert cores[0].shape[side] <= states[0].shape[side]


def test_a_hand_check_does_not_give_the_kernel_away():
    message = check("2-hand", [0, 0, 0]).message
    assert message.endswith("at pixel -2 your kernel writes 0, the two layers write -1")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (7, "a function is wanted, got 7"),
        (lambda outer: outer, "yours raised TypeError"),
        (lambda outer, inner: outer[9], "yours raised IndexError: index 9"),
        (lambda outer, inner: None, "is there a `return`?"),
        (lambda outer, inner: [1, 2], "a torch tensor is wanted, got list"),
        (lambda outer, inner: compose(outer, inner)[0], "the shape should be [1, 1, 1, 1]"),
        (lambda outer, inner: compose(outer, inner).float(), "should be torch.float64"),
        (lambda outer, inner: compose(outer, inner) * torch.nan, "yours contains NaN"),
        (lambda outer, inner: compose(outer.add_(1), inner), "changed its input outer"),
    ],
)
def test_answers_that_break_are_told_what_happened(answer, says):
    assert says in check("2-code", answer).message


def test_an_unsteady_answer_is_told_so():
    calls = []

    def unsteady(outer, inner):
        calls.append(outer)
        return compose(outer, inner) + (len(calls) == 7)

    result = check("2-code", unsteady)
    assert not result
    assert "different values for the same input" in result.message


def test_what_an_answer_prints_is_swallowed(capsys):
    def loud(N, K):
        print("here")
        return RIGHT["10-hand"][0](N, K)

    assert check("10-hand", loud)
    assert capsys.readouterr().out == "10-hand: right.\n"


def test_the_same_answer_gets_the_same_counterexample():
    before, messages = torch.get_num_threads(), set()
    try:
        for threads in (1, 2, 1):
            torch.set_num_threads(threads)
            messages.add(check("10-code", rolled).message)
    finally:
        torch.set_num_threads(before)
    assert len(messages) == 1


def test_a_result_is_truthy_and_shows_its_message_once(capsys):
    result = check("10-hand", lost_half)
    assert not result
    assert repr(result) == result.message == capsys.readouterr().out.rstrip("\n")
    result._ipython_display_()
    assert capsys.readouterr().out == ""
    with pytest.raises(AttributeError):
        result.passed = True


def test_strict_raises_instead_of_printing(capsys):
    with pytest.raises(AssertionError, match="10-hand: not yet"):
        check("10-hand", lost_half, strict=True)
    assert capsys.readouterr().out == ""
    assert isinstance(check("10-hand", RIGHT["10-hand"][0], strict=True), Result)


def test_an_unknown_name_lists_the_known():
    with pytest.raises(ValueError, match=r"'10-cod' is no exercise; there are 2-hand, .*11-break"):
        check("10-cod", 1)


def test_without_hypothesis_the_extra_is_named(monkeypatch):
    for module in [name for name in sys.modules if name.split(".")[0] == "hypothesis"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(ImportError, match=r"pip install 'stlib\[book\]'"):
        check("2-code", compose)


def test_the_package_exports_what_a_sheet_needs():
    assert {"check", "exercises", "Result"} <= set(package.__all__)
    assert smallest(NAMED["10-hand"], RIGHT["10-hand"][0]) is None


# ------------------------------------------------------------------ comparing and showing


def test_values_that_agree_leave_nothing_to_say():
    assert difference((1, 2.0), [torch.tensor(1), np.float64(2)]) != ""  # tensors want tensors
    assert difference([torch.tensor(1), np.float64(2)], (1, 2.0)) == ""
    assert difference(1 + 1e-9, 1) == ""
    assert "entry 1" in difference((1, 3), (1, 2))
    assert "a number is wanted" in difference("one", 1)
    assert "yours is NaN" in difference(math.nan, 1.0)
    assert "a row of 2 is wanted, got 3" in difference([1, 2, 3], [1, 2])


def test_numbers_are_read_from_any_row():
    assert numbers(torch.tensor([1, 2]), "the kernel") == [1.0, 2.0]
    with pytest.raises(Unfit, match="the kernel should hold 3 numbers"):
        numbers([1, 2], "the kernel", 3)
    with pytest.raises(Unfit, match="finite numbers only"):
        numbers([1, math.inf], "the kernel")
    with pytest.raises(Unfit, match="a list of numbers, got 5"):
        numbers(5, "the kernel")


def test_same_and_show_look_into_lists():
    assert same([torch.ones(2), 1], [torch.ones(2), 1])
    assert not same([torch.ones(2)], [torch.zeros(2)])
    assert not same([1], [1, 2])
    assert show([torch.ones(1, 2), (1.5,), True]) == "[tensor([[1., 1.]]), (1.5,), True]"
    assert show(torch.tensor([-0.0, 0.5, 2e-9], dtype=torch.float64)) == (
        "tensor([0., 0.5, 2e-09], dtype=torch.float64)"
    )
    assert show(torch.tensor([[True], [False]])) == "tensor([[True], [False]])"
    assert show(torch.tensor([3])) == "tensor([3])"
    assert show(-0.0) == "0"
    assert show(torch.ones(101)) == "tensor of shape [101], torch.float32"


# --------------------------------------------------------- what the references rest on


def test_the_ring_is_where_the_algorithms_differ():
    generator = torch.Generator().manual_seed(0)

    def noise(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    for order, size in [(1, 3), (2, 3), (3, 3), (2, 5), (3, 1)]:
        for height, width in [(1, 1), (1, 6), (2, 9), (4, 4), (5, 8), (9, 3), (9, 9)]:
            cores = [noise(1, 1, size, size) for _ in range(order)]
            states = [noise(1, 1, height, width) for _ in range(order)]
            differs = (direct(cores, states) - recursive(cores, states)).abs() > 1e-9
            assert (
                difference(differs[0, 0], NAMED["11-code"].reference(order, size, height, width))
                == ""
            )


def test_nothing_smaller_shows_a_missing_flip():
    generator = torch.Generator().manual_seed(0)

    def unflipped(outer, inner):
        return compose(outer.flip(2, 3), inner)

    for pixels, shows in [(1, False), (2, False), (3, True)]:
        cores = [torch.randn(1, 1, 1, 3, generator=generator).double() for _ in range(3)]
        x = torch.randn(1, 1, 1, pixels, generator=generator).double()
        right, wrong = kernels(cores)[-1], kernels(cores, unflipped)[-1]
        agree = torch.allclose(correlate(x, right, "circular"), correlate(x, wrong, "circular"))
        assert agree != shows


# ------------------------------------------------------------------------------- the sheets


def sheet_cells(sheet):
    return json.loads(sheet.read_text(encoding="utf-8"))["cells"]


def source(cell):
    return "".join(cell["source"])


def test_there_is_a_sheet_for_every_chapter():
    assert [sheet.stem.split("_")[0] for sheet in SHEETS] == ["02", "10", "11"]


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.stem)
def test_a_sheet_asks_and_checks_all_its_exercises(sheet):
    chapter = int(sheet.stem.split("_")[0])
    text = "\n".join(source(cell) for cell in sheet_cells(sheet))
    for place, tier in enumerate(TIERS, start=1):
        assert text.count(f'assert check("{chapter}-{tier}",') == 1
        assert text.count(f":label: ex-{chapter}-{place}\n") == 1
        assert text.count(f"{{solution}} ex-{chapter}-{place}\n") == 1
    assert "SOLUTION" not in text  # nbgrader's marks would be printed in the book


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.stem)
def test_a_sheet_carries_what_nbgrader_needs(sheet):
    graded = [cell for cell in sheet_cells(sheet) if "nbgrader" in cell["metadata"]]
    metadata = [cell["metadata"]["nbgrader"] for cell in graded]
    ids = [entry["grade_id"] for entry in metadata]
    assert len(ids) == len(set(ids)) == 3 * len(TIERS)
    for cell, entry in zip(graded, metadata, strict=True):
        assert entry["schema_version"] == 3
        written = cell["cell_type"] == "markdown"
        assert entry["solution"] == (written or "assert check(" not in source(cell))
        assert entry["grade"] == ("points" in entry)
        assert entry["grade"] or cell["cell_type"] == "code"  # nbgrader grades written answers


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.stem)
def test_answers_and_what_checks_say_of_them_are_folded(sheet):
    for cell in sheet_cells(sheet):
        if "nbgrader" not in cell["metadata"]:
            continue
        if cell["cell_type"] == "markdown":
            assert ":class: dropdown" in source(cell)
        elif cell["metadata"]["nbgrader"]["solution"]:
            assert "hide-input" in cell["metadata"]["tags"]
            assert cell["outputs"] == []
        else:
            assert "hide-cell" in cell["metadata"]["tags"]
            assert [output["text"] for output in cell["outputs"]]  # it ran


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.stem)
def test_the_student_version_holds_no_solution_and_fails_every_check(sheet):
    master = json.loads(sheet.read_text(encoding="utf-8"))
    student = student_version(master)
    kept = "\n".join(source(cell) for cell in student["cells"])
    assert "{solution}" not in kept
    for before, after in zip(master["cells"], student["cells"], strict=True):
        if before["metadata"].get("nbgrader", {}).get("solution"):
            assert source(before) not in kept
            assert after["metadata"]["nbgrader"] == before["metadata"]["nbgrader"]
        else:
            assert source(after) == source(before)

    namespace, failed = {}, 0
    for cell in student["cells"]:
        if cell["cell_type"] != "code":
            continue
        assert cell["outputs"] == []
        try:
            exec(source(cell), namespace)
        except (AssertionError, NameError):
            failed += "assert check(" in source(cell)
        except NotImplementedError:
            assert "YOUR CODE HERE" in source(cell)
    assert failed == len(TIERS)
