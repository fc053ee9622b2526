"""The benchmark of chapter 24: what was sealed, what is measured, and how the two are compared."""

import json
from dataclasses import replace
from statistics import mean

import numpy as np
import pytest
import torch

from benchmarks.which_motion import (
    BAR,
    CLIPS,
    HIDDEN,
    HORIZON,
    MODELS,
    NAMES,
    PREDICTIONS,
    SEAL,
    SEALED,
    SEEN,
    SPEEDS,
    TEMPO_SPEEDS,
    at_speed,
    clips,
    measured,
    of_baselines,
    of_side,
    outcome,
    seal_of,
    shares,
)
from stlib import baselines
from stlib.artifacts import FOLDER, load_result
from stlib.baselines import black, copy_last
from stlib.claims import Claim, judged
from stlib.recipes import experiment
from stlib.recipes.which_motion import LAB_WIDTHS, PATCH

FEW = 5  # clips
RECIPE = experiment(NAMES["ConvLSTM"]).lab


# --- the networks


@pytest.mark.parametrize("scale", ["lab", "paper"])
def test_all_four_have_as_many_weights(scale):
    sizes = [
        sum(weight.numel() for weight in experiment(name).at(scale).network.build().parameters())
        for name in NAMES.values()
    ]
    assert max(sizes) < 1.003 * min(sizes)


@pytest.mark.parametrize("model", MODELS)
def test_kernels_alone_are_equally_many(model):
    """Biases are what differs: 72 times the square of the width, a layer."""
    network = MODELS[model].build().network
    kernels = sum(w.numel() for w in network.cells.parameters() if w.dim() > 1)
    assert kernels == 72 * sum(width**2 for width in LAB_WIDTHS)


# --- the predictions


def test_the_seal_is_not_broken():
    assert seal_of(FOLDER / f"{SEALED}.json") == SEAL
    for kept, written in zip(load_result(SEALED).measured["predictions"], PREDICTIONS, strict=True):
        sides = {name: getattr(written, name)._asdict() for name in ("first", "second")}
        assert kept == json.loads(json.dumps(written._asdict() | sides))


def test_the_result_says_which_seal_and_judges_every_prediction():
    found, sealed = load_result("which-motion"), load_result(SEALED)
    assert found.provenance["sealed_sha256"] == SEAL
    assert found.provenance["sealed_version"] == sealed.provenance["version"]
    told = found.measured
    assert told["clips"] == sealed.measured["clips"] == CLIPS
    again = [outcome(each, told["errors_e3"]) for each in sealed.measured["predictions"]]
    assert json.loads(json.dumps(again)) == told["outcomes"]
    assert [each["says"] for each in again] == [each.says for each in PREDICTIONS]


def test_shares_are_counted_from_tracks_and_radii():
    """The pyramid's cone leaves out a pixel or two at the canvas' very edge: it loses no middle."""
    sealed = load_result(SEALED).measured["networks"]
    held = at_speed(RECIPE, 8, 8, SEEN + 1).open("test")
    patches = [(held.tracks(n)[0].astype(int) + 7) // PATCH for n in range(CLIPS)]
    near = [
        all((abs(p[SEEN] - p[SEEN - 1 - lag]) <= len(LAB_WIDTHS) + lag).all() for lag in (0, 1))
        for p in patches
    ]
    found = shares(RECIPE, 8, CLIPS)
    assert found.both == sum(near) / CLIPS
    assert found.last == found.touched == 1.0
    assert sealed["ConvLSTM"]["shares"]["8"] == found._asdict()
    wide = shares(experiment(NAMES["SMS-LSTM"]).lab, 8, CLIPS)
    assert wide == (1.0, 1.0, 1.0)
    assert sealed["SMS-LSTM"]["shares"]["8"] == wide._asdict()


def test_what_the_chapter_says_in_words():
    told = load_result("which-motion").measured
    errors, still = told["errors_e3"], told["baselines_e3"]
    verdicts = [each["verdict"] for each in told["outcomes"]]
    assert verdicts[:4] == ["supported"] * 4, "all calls on 8 pixels"
    assert verdicts[4:6] == ["not resolved"] * 2
    assert verdicts[6:8] == ["contradicted"] * 2, "behind a bar, history over plain"
    assert verdicts[10:16] == ["supported"] * 6
    assert "supported" not in verdicts[16:], "tempo at 4 pixels"

    def level(model, setting):
        return mean(each[setting][0] for each in errors[model].values())

    for speed in (4, 8):
        assert min(MODELS, key=lambda m: level(m, f"speed {speed}")) == "SMS-Conv-TT-LSTM"
    tracked = still["constant velocity"]
    assert tracked["speed 1"][0] < min(level(model, "speed 1") for model in MODELS)
    assert tracked["speed 8 lost"][0] < tracked["speed 8 followed"][0]


# --- the conditions


def still(context, horizon):
    return copy_last(context, horizon)


@pytest.fixture(scope="module")
def conditions():
    return measured(still, RECIPE, FEW)


def test_every_condition_is_measured(conditions):
    assert list(conditions) == [
        "speed 1", "speed 2", "bar 0", "bar 1", "bar 2", "bar 3", "bar 4", "speed 4", "speed 8",
        "speed 8 followed", "speed 8 lost", "mixed",
        *(f"tempo {v} {looks}" for v in TEMPO_SPEEDS for looks in ("all", "half")),
    ]  # fmt: skip
    assert all(
        len(row) == (HORIZON if key.startswith(("speed", "mixed")) else SEEN)
        for key, row in conditions.items()
    )
    assert set(HIDDEN) == {int(key[4:]) for key in conditions if key.startswith("bar")}
    assert conditions["bar 0"] == conditions["speed 2"][:SEEN]


def test_errors_are_those_of_copying_written_out(conditions):
    for speed in SPEEDS:
        film = clips(at_speed(RECIPE, speed, speed, SEEN + HORIZON), FEW).numpy()[:, :, 0]
        wanted = [
            1e3 * mean(((film[n, 4] - film[n, 5 + k]) ** 2).mean() for n in range(FEW))
            for k in range(HORIZON)
        ]
        np.testing.assert_allclose(conditions[f"speed {speed}"], wanted, rtol=1e-4)
    first, columns = BAR
    film = clips(at_speed(RECIPE, 2, 2, SEEN + HORIZON), FEW).numpy()[:, :, 0]
    film[:, 3:5, :, first : first + columns], future = 0, film[:, 5:].copy()
    wanted = [1e3 * ((film[:, 4] - future[:, k]) ** 2).mean() for k in range(SEEN)]
    np.testing.assert_allclose(conditions["bar 2"], wanted, rtol=1e-4)


def test_followed_and_lost_clips_are_all(conditions):
    """The plain stack's cone: five patches at lag 1."""
    held = at_speed(RECIPE, 8, 8, SEEN + HORIZON).open("test")
    patches = [(held.tracks(n)[0].astype(int) + 7) // PATCH for n in range(FEW)]
    kept = [(abs(p[SEEN] - p[SEEN - 2]) <= 5).all() for p in patches]
    assert 0 < sum(kept) < FEW
    share = sum(kept) / FEW
    whole = share * np.array(conditions["speed 8 followed"]) + (1 - share) * np.array(
        conditions["speed 8 lost"]
    )
    np.testing.assert_allclose(whole, conditions["speed 8"], rtol=1e-4)


@pytest.mark.parametrize("speed", TEMPO_SPEEDS)
def test_every_second_frame_is_asked_for_the_same_moments(conditions, speed):
    """Who copies the last frame does not notice which frames were left out."""
    half, every = (conditions[f"tempo {speed} {looks}"] for looks in ("half", "all"))
    assert half == every
    film = clips(at_speed(RECIPE, speed, speed, 19), FEW).numpy()[:, :, 0]
    wanted = [1e3 * ((film[:, 8] - film[:, moment]) ** 2).mean() for moment in range(10, 20, 2)]
    np.testing.assert_allclose(half, wanted[:5], rtol=1e-4)
    sparse = clips(at_speed(RECIPE, speed, speed, 19), FEW)[:, ::2]
    assert sparse.shape[1] == 2 * SEEN


def test_a_speed_leaves_starts_and_headings():
    slow, fast = (at_speed(RECIPE, v, v, 2).open("test") for v in (1, 8))
    for index in range(5):
        (a,), (b,) = slow.tracks(index), fast.tracks(index)
        np.testing.assert_allclose(a[0], b[0])
    assert torch.equal(slow[0][0], fast[0][0])


def test_what_learns_nothing_is_asked_the_same(conditions, monkeypatch):
    monkeypatch.setattr(baselines, "constant_velocity", lambda seen, h, reach: black(seen, h))
    few = replace(RECIPE, data=replace(RECIPE.data, training=8))
    found = of_baselines(few, FEW)
    assert list(found) == ["black", "copy last", "mean frame", "constant velocity"]
    assert found["copy last"] == conditions
    assert found["constant velocity"] == found["black"]
    ink = 1e3 * clips(at_speed(RECIPE, 1, 1, 15), FEW)[:, 5:].square().mean((0, 2, 3, 4))
    np.testing.assert_allclose(found["black"]["speed 1"], ink, rtol=1e-4)


# --- the verdicts

ERRORS = {
    "a": {"0": {"x": [1.0, 3.0]}, "1": {"x": [2.0, 4.0]}, "2": {"x": [1.5, 2.5]}},
    "b": {"0": {"x": [4.0, 4.0]}, "1": {"x": [4.0, 8.0]}},
}


def test_a_side_is_a_mean_or_a_ratio_by_seed():
    side = {"model": "a", "setting": "x", "frames": (1, 2), "over": None}
    assert of_side(side, ERRORS) == {"0": 2.0, "1": 3.0, "2": 2.0}
    assert of_side({**side, "over": "b"}, ERRORS) == {"0": 0.5, "1": 0.5}
    assert of_side({**side, "frames": (2, 2), "over": "b"}, ERRORS) == {"0": 0.75, "1": 0.5}


def test_an_outcome_is_the_claim_judged():
    side = {"setting": "x", "frames": (1, 1), "over": None}
    prediction = {
        "condition": "speed", "says": "a below b", "because": "so",
        "first": {**side, "model": "a"}, "second": {**side, "model": "b"},
    }  # fmt: skip
    claim = Claim("speed", "a below b", "a", "b")
    wanted = judged(claim, {"0": 1.0, "1": 2.0}, {"0": 4.0, "1": 4.0})
    assert outcome(prediction, ERRORS) == wanted | {"because": "so"}
