"""Scores against sums written out, baselines against their own module, and what is kept."""

import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from stlib import baselines
from stlib.checkpoints import save_tensors
from stlib.data.digits import digits, fingerprint
from stlib.evaluation import (
    Clips,
    evaluate,
    load_predictions,
    perceptual_scores,
    predictions,
    predictors,
    rain_scores,
    save_predictions,
    scores,
)
from stlib.recipes import experiment
from stlib.recipes.data import Rain
from stlib.rollout import forecast

SMOKE = experiment("first-convlstm").smoke
# Five test clips in batches of two: the last batch is short.
RECIPE = replace(SMOKE, data=replace(SMOKE.data, test=5, digits="sklearn"), test_clips=5)
SSIMS = ("ssim_gaussian", "ssim_uniform", "ssim_uniform_range2")


@pytest.fixture(autouse=True)
def _no_data_folder(monkeypatch):
    monkeypatch.delenv("STLIB_DATA", raising=False)


class Fading(nn.Module):
    """Predicts the frame it reads, dimmed; and notes how many clips it is shown at a time."""

    def __init__(self, kept=0.5):
        super().__init__()
        self.kept = nn.Parameter(torch.tensor(kept))
        self.batches = []

    def forward(self, frame, state=None):
        self.batches.append(len(frame))
        return self.kept * frame, state


def frames(seed=0, shape=(3, 4, 1, 16, 16)):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def held_out():
    test = RECIPE.data.dataset(digits("sklearn"), "test", seed=0)
    clips = torch.stack([test[index] for index in range(5)])
    return clips[:, : RECIPE.context], clips[:, RECIPE.context :]


def test_scores_are_the_sums_written_out():
    prediction, truth = 3 * frames() - 1, frames(1)
    told = scores(prediction, truth)
    p, q = np.clip(prediction.double().numpy(), 0, 1), truth.double().numpy()
    error = p - q
    mse, mae = (error**2).mean((2, 3, 4)), abs(error).mean((2, 3, 4))
    expected = {
        "mse_e3": 1e3 * mse,
        "mse_per_frame": 256 * mse,
        "mae_e3": 1e3 * mae,
        "mae_per_frame": 256 * mae,
        "psnr_db": -10 * np.log10(mse + 1e-10),
    }
    assert told.keys() == {*expected, *SSIMS}
    for name, values in expected.items():
        assert told[name]["steps"] == pytest.approx(values.mean(0), abs=1e-6), name
        assert told[name]["mean"] == pytest.approx(values.mean(), abs=1e-6), name


def test_a_longer_evaluation_begins_with_the_shorter_one():
    """The same clips, the same mean of training frames, only further."""
    short, long = (evaluate(Fading(), replace(RECIPE, foretell=n)) for n in (None, 6))
    assert (short["horizon"], long["horizon"]) == (2, 6)
    for name, table in short["predictors"].items():
        for metric, told in table.items():
            further = long["predictors"][name][metric]["steps"]
            assert len(further) == 6
            assert further[:2] == told["steps"], (name, metric)
    clips, prediction = predictions(Fading(), replace(RECIPE, foretell=6), clips=2)
    assert prediction.shape == clips.future.shape == (2, 6, *clips.future.shape[2:])


def test_a_perfect_prediction():
    told = scores(frames(), frames())
    best = {"mse_e3": 0, "mse_per_frame": 0, "mae_e3": 0, "mae_per_frame": 0, "psnr_db": 100}
    for name, table in told.items():
        assert table["steps"] == pytest.approx([best.get(name, 1)] * 4), name
        assert table["mean"] == pytest.approx(best.get(name, 1)), name


def test_without_scikit_image_only_its_scores_are_unavailable(monkeypatch):
    whole = scores(frames(), frames(1))
    monkeypatch.setitem(sys.modules, "skimage.metrics", None)
    told = scores(frames(), frames(1))
    for name in SSIMS:
        assert told[name].keys() == {"unavailable"}
        assert "pip install 'stlib[train]'" in told[name]["unavailable"]
    assert {n: t for n, t in told.items() if n not in SSIMS} == {
        n: t for n, t in whole.items() if n not in SSIMS
    }


def test_evaluate_scores_every_predictor_on_the_first_test_clips():
    context, future = held_out()
    network = Fading().train()
    measured = evaluate(network, RECIPE)
    found = digits("sklearn")
    training = RECIPE.data.dataset(found, "training", seed=0)
    mean = torch.stack([clip for index in range(4) for clip in training[index]]).mean(0)
    expected = {
        "network": torch.stack([0.5 * context[:, -1], 0.25 * context[:, -1]], dim=1),
        "black": baselines.black(context, 2),
        "mean_frame": baselines.mean_frame(context, 2, mean),
        "copy_last": baselines.copy_last(context, 2),
        "constant_velocity": baselines.constant_velocity(context, 2, window=9),
    }
    assert list(measured["predictors"]) == list(expected)
    for name, prediction in expected.items():
        table = measured["predictors"][name]
        assert table.keys() == scores(prediction, future).keys(), "digits are no rain"
        for metric, told in scores(prediction, future).items():
            assert table[metric]["steps"] == pytest.approx(told["steps"], abs=2e-6), (name, metric)
            assert table[metric]["mean"] == pytest.approx(told["mean"], abs=2e-6), (name, metric)
    assert (measured["clips"], measured["horizon"], measured["split"]) == (5, 2, "test")
    assert (measured["data"], measured["data_sha256"]) == (found.name, fingerprint(found))
    assert "unavailable" in measured["lpips"]
    assert not network.training


def test_no_more_clips_than_a_batch_are_held_at_a_time():
    network = Fading()
    evaluate(network, RECIPE, clips=5)
    predictions(network, RECIPE, clips=5)
    assert set(network.batches) == {2, 1}


def test_rain_is_scored_by_counting_pixel_by_pixel():
    """At mm/h of our own reckoning; a step without rain anywhere has no score."""
    data = Rain(thresholds=(0.5, 5.0, 90.0))
    prediction, truth = 1.4 * frames(shape=(3, 4, 1, 6, 6)) - 0.2, frames(1, (3, 4, 1, 6, 6))
    prediction[:, 2], truth[:, 2] = 0.1, 0.05  # 0.35 and 0.15 mm/h
    told = rain_scores(prediction, truth, data)
    assert list(told) == [f"{name}_{x}_mm_h" for x in ("0.5", "5", "90") for name in ("csi", "hss")]

    def rains(frames, least):
        return [0.5 * (201 ** min(max(x, 0), 1) - 1) >= least for x in frames.flatten().tolist()]

    def counted(steps, least):
        pairs = list(
            zip(rains(prediction[:, steps], least), rains(truth[:, steps], least), strict=True)
        )
        hit, miss, false, dry = (
            pairs.count(case)
            for case in ((True, True), (False, True), (True, False), (False, False))
        )
        chance = (hit + miss) * (miss + dry) + (hit + false) * (false + dry)
        wet = hit + miss + false
        return (
            hit / wet if wet else None,
            2 * (hit * dry - miss * false) / chance if chance else None,
        )

    for least in data.thresholds:
        for place, name in enumerate(("csi", "hss")):
            table = told[f"{name}_{least:g}_mm_h"]
            steps = [counted([step], least)[place] for step in range(4)]
            assert steps[2] is None
            assert table["steps"] == [x if x is None else pytest.approx(x, abs=1e-6) for x in steps]
            defined = [x for x in steps if x is not None]
            assert table["mean"] == pytest.approx(sum(defined) / len(defined), abs=2e-6)
            whole = counted([0, 1, 2, 3], least)[place]
            assert table["pooled"] == pytest.approx(whole, abs=1e-6)
    assert 0 < told["csi_5_mm_h"]["pooled"] < told["csi_0.5_mm_h"]["pooled"] < 1


@pytest.mark.parametrize("least", [0.5, 2.0, 5.0, 10.0, 30.0])
def test_rain_of_exactly_a_threshold_is_rain(least):
    """There and back in single precision 5 mm/h are a little less."""
    data = Rain(thresholds=(least,))
    truth = data.units.from_units(torch.full((1, 1, 1, 4, 4), least)).float()
    truth[..., 0] = 0
    assert rain_scores(truth, truth, data)[f"csi_{least:g}_mm_h"]["pooled"] == 1


def test_rain_is_scored_over_all_batches():
    data = Rain(training=4, validation=0, test=3, frames=5, canvas=16, speed=(0.5, 1.0), seed=3)
    recipe = replace(RECIPE, data=data, validation_clips=0, test_clips=3)
    measured = evaluate(Fading(0.9), recipe)
    test = data.open("test")
    clips = torch.stack([test[index] for index in range(3)])
    context, future = clips[:, :3], clips[:, 3:]
    expected = rain_scores(context[:, -1:].expand(-1, 2, -1, -1, -1), future, data)
    assert 0.2 < expected["csi_0.5_mm_h"]["pooled"] < 1
    table = measured["predictors"]["copy_last"]
    assert {name: table[name] for name in expected} == expected
    assert table["mse_per_frame"].keys() == {"steps", "mean"}
    assert measured["data"] == data.origin().name


def test_fewer_clips_are_the_first_ones():
    context, future = held_out()
    measured = evaluate(Fading(), RECIPE, clips=1)
    assert measured["clips"] == 1
    expected = scores(baselines.copy_last(context[:1], 2), future[:1])
    assert measured["predictors"]["copy_last"] == expected


@pytest.mark.parametrize("ask", [evaluate, predictions])
@pytest.mark.parametrize("clips", [0, -1, 6])
def test_clips_that_are_not_there_are_named(ask, clips):
    with pytest.raises(ValueError, match=f"clips={clips}: expected 1 to the 5 of the test split"):
        ask(Fading(), RECIPE, clips=clips)


def test_predictions_are_saved_and_read_again(tmp_path):
    context, future = held_out()
    network = RECIPE.network.build()
    clips, prediction = predictions(network, RECIPE)
    assert torch.equal(clips.context, context)
    assert torch.equal(clips.future, future)
    torch.testing.assert_close(prediction, forecast(network, context, 2).detach())
    assert not prediction.requires_grad
    path = save_predictions(clips, prediction, tmp_path / "some.safetensors")
    read, again = load_predictions(path)
    assert isinstance(read, Clips)
    for half, whole in ((read.context, context), (read.future, future), (again, prediction)):
        assert half.dtype == torch.float32
        torch.testing.assert_close(half, whole, rtol=2**-11, atol=2**-14)  # of half precision
    assert path.stat().st_size < 2 * 5 * (5 + 2) * 16 * 16 + 1_000


def test_other_tensors_are_no_predictions(tmp_path):
    path = save_tensors({"weights": torch.ones(1)}, {"step": 1}, tmp_path / "w.safetensors")
    with pytest.raises(ValueError, match=r"w\.safetensors: expected predictions, .*'weights'"):
        load_predictions(path)


def test_predictors_work_one_by_one():
    context, _ = held_out()
    for name, predict in predictors(Fading(), RECIPE).items():
        assert predict(context).shape == (5, 2, 1, 16, 16), name


def test_lpips_offline_says_why(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    pair = frames(shape=(1, 2, 1, 32, 32)), frames(1, (1, 2, 1, 32, 32))
    told = perceptual_scores(*pair, "alex", "signed", download=False)
    assert told.keys() == {"unavailable"}
    assert "alexnet" in told["unavailable"]
    monkeypatch.setitem(sys.modules, "lpips", None)
    told = perceptual_scores(*pair, "alex", "signed", download=False)
    assert "lpips did not import" in told["unavailable"]


def test_lpips_where_its_network_is_there(monkeypatch):
    """A network that answers with the mean brightness of the first clip, in [-1, 1]."""

    class Brightness(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(()))

        def forward(self, x, y):
            return x.mean((1, 2, 3))

    monkeypatch.setattr("stlib.metrics.perceptual_network", lambda trunk, download: Brightness())
    prediction = 2 * frames(shape=(2, 3, 1, 32, 32))
    told = perceptual_scores(prediction, prediction.clamp(0, 1), "vgg", "signed", download=False)
    steps = (2 * prediction.clamp(0, 1) - 1).mean((0, 2, 3, 4))
    assert told.pop("steps") == pytest.approx(steps.tolist(), abs=1e-5)
    assert told.pop("mean") == pytest.approx(float(steps.mean()), abs=1e-5)
    assert told == {"trunk": "vgg", "inputs": "signed"}
