"""Metrics against loops, hand-counted tables, other libraries and what must not change them."""

import hashlib
import inspect
import math
import sys
from importlib.util import find_spec
from types import SimpleNamespace
from urllib.error import URLError

import numpy as np
import pytest
import torch
from sklearn.metrics import cohen_kappa_score, jaccard_score, precision_score, recall_score

from stlib.metrics import (
    Average,
    Contingency,
    Unavailable,
    average,
    contingency,
    csi,
    far,
    hss,
    lpips,
    mae,
    mse,
    per_frame,
    per_pixel,
    perceptual_network,
    pod,
    pool,
    psnr,
    ssim,
)
from stlib.metrics.frames import check_frames

SHAPE = (2, 3, 2, 12, 13)
CONVENTIONS = ["gaussian", "uniform", "uniform-range2"]


def clips(shape=SHAPE, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.rand(shape, generator=generator, dtype=torch.float64) for _ in range(2)]


def each_frame(prediction, truth):
    """Every pair of frames as NumPy arrays, with its place."""
    for i in range(truth.shape[0]):
        for j in range(truth.shape[1]):
            yield (i, j), prediction[i, j].numpy(), truth[i, j].numpy()


# Errors -------------------------------------------------------------------------------------------


def test_errors_against_a_loop_over_frames():
    prediction, truth = clips()
    for at, x, y in each_frame(prediction, truth):
        squared = sum((a - b) ** 2 for a, b in zip(x.flat, y.flat, strict=True))
        absolute = sum(abs(a - b) for a, b in zip(x.flat, y.flat, strict=True))
        assert mse(prediction, truth, per="frame")[at].item() == pytest.approx(squared)
        assert mae(prediction, truth, per="frame")[at].item() == pytest.approx(absolute)
        assert mse(prediction, truth)[at].item() == pytest.approx(squared / x.size)
        assert mae(prediction, truth)[at].item() == pytest.approx(absolute / x.size)


def test_errors_are_measured_in_double_precision():
    """A hundred thousand equal errors add up exactly, as they would not in float32."""
    truth = torch.zeros(1, 1, 1, 320, 320)
    error = mse(truth + 0.1, truth, per="frame").item()
    assert error == pytest.approx(320**2 * float(np.float32(0.1)) ** 2, rel=1e-12)


def test_the_two_papers_units_are_one_factor_apart():
    """52.63 per frame is 12.85e-3 per pixel of a 64 x 64 frame; 12.96e-3 per pixel is 53.1."""
    frame = (1, 64, 64)
    assert round(per_pixel(52.63, frame) * 1000, 2) == 12.85
    assert round(per_frame(12.96e-3, frame), 1) == 53.1


@pytest.mark.parametrize("metric", [mse, mae])
def test_units_convert_as_the_metric_itself_does(metric):
    prediction, truth = clips()
    pixel, frame = (metric(prediction, truth, per=per) for per in ("pixel", "frame"))
    for one, whole in zip(pixel.flatten().tolist(), frame.flatten().tolist(), strict=True):
        assert per_frame(one, SHAPE[2:]) == pytest.approx(whole)
        assert per_pixel(whole, SHAPE[2:]) == pytest.approx(one)


def test_psnr_of_a_known_error():
    """An error of 1/10 everywhere: MSE 1/100, 20 dB; twice the range adds 20 log10(2)."""
    truth = torch.zeros(SHAPE, dtype=torch.float64)
    twenty = torch.full(SHAPE[:2], 20.0, dtype=torch.float64)
    torch.testing.assert_close(psnr(truth + 0.1, truth, data_range=1), twenty)
    torch.testing.assert_close(psnr(truth + 0.1, truth, data_range=2), twenty + 20 * math.log10(2))


def test_psnr_of_known_noise():
    """Normal noise of deviation 0.05 on a million pixels: -20 log10(0.05) = 26.02 dB."""
    noise = torch.randn(1, 1, 1, 1000, 1000, generator=torch.Generator().manual_seed(1)) * 0.05
    value = psnr(0.5 + noise, torch.full_like(noise, 0.5), data_range=1).item()
    assert value == pytest.approx(26.02, abs=0.02)


def test_psnr_of_identical_frames_is_infinite_or_capped():
    truth, _ = clips()
    assert torch.isinf(psnr(truth, truth, data_range=1)).all()
    capped = psnr(truth, truth, data_range=1, floor=1e-5)
    torch.testing.assert_close(capped, torch.full_like(capped, 50))


def test_the_floor_is_added_to_every_frame():
    """An MSE as large as the floor: twice as much noise, 3 dB under the cap."""
    truth = torch.zeros(1, 1, 1, 4, 4, dtype=torch.float64)
    value = psnr(truth + 1e-5**0.5, truth, data_range=1, floor=1e-5).item()
    assert value == pytest.approx(50 - 10 * math.log10(2))


def test_psnr_does_not_depend_on_the_unit():
    prediction, truth = clips()
    torch.testing.assert_close(
        psnr(255 * prediction, 255 * truth, data_range=255), psnr(prediction, truth, data_range=1)
    )


def test_averaged_psnr_is_not_the_psnr_of_the_average():
    """Frames at 10 and 30 dB average 20; their MSE, 0.1 and 0.001, averages to 12.97 dB."""
    truth = torch.zeros(1, 2, 1, 4, 4, dtype=torch.float64)
    prediction = truth.clone()
    prediction[0, 0], prediction[0, 1] = 0.1**0.5, 0.001**0.5
    assert average(psnr(prediction, truth, data_range=1)).mean.item() == pytest.approx(20)
    together = 10 * math.log10(1 / mse(prediction, truth).mean().item())
    assert together == pytest.approx(12.97, abs=0.01)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"data_range": 0}, "data_range=0: must be positive"),
        ({"data_range": math.nan}, "data_range=nan: must be positive"),
        ({"data_range": 1, "floor": -1.0}, "floor=-1.0: must not be negative"),
    ],
)
def test_impossible_ranges_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        psnr(*clips(), **options)


# Structure ----------------------------------------------------------------------------------------


def ssim_by_hand(x, y, convention):
    """Wang's formula, window by window, channel by channel."""
    size = 11 if convention == "gaussian" else 7
    data_range = 2 if convention == "uniform-range2" else 1
    row = np.arange(size) - size // 2
    row = np.exp(-(row**2) / (2 * 1.5**2)) if convention == "gaussian" else np.ones(size)
    window = np.outer(row, row) / np.outer(row, row).sum()
    unbiased = 1 if convention == "gaussian" else size**2 / (size**2 - 1)
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    scores = []
    for a, b in zip(x, y, strict=True):
        for r in range(a.shape[0] - size + 1):
            for c in range(a.shape[1] - size + 1):
                p, q = a[r : r + size, c : c + size], b[r : r + size, c : c + size]
                mp, mq = (window * p).sum(), (window * q).sum()
                vp = unbiased * (window * (p - mp) ** 2).sum()
                vq = unbiased * (window * (q - mq) ** 2).sum()
                cov = unbiased * (window * (p - mp) * (q - mq)).sum()
                scores.append(
                    (2 * mp * mq + c1) * (2 * cov + c2) / ((mp**2 + mq**2 + c1) * (vp + vq + c2))
                )
    return np.mean(scores)


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_ssim_equals_the_formula_window_by_window(convention):
    prediction, truth = clips()
    prediction = 0.7 * truth + 0.3 * prediction
    scores = ssim(prediction, truth, convention)
    for at, x, y in each_frame(prediction, truth):
        assert scores[at].item() == pytest.approx(ssim_by_hand(x, y, convention), abs=1e-10)


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_ssim_is_one_for_equal_frames_and_symmetric(convention):
    prediction, truth = clips()
    torch.testing.assert_close(
        ssim(truth, truth, convention), torch.ones(SHAPE[:2], dtype=torch.float64)
    )
    forth, back = ssim(prediction, truth, convention), ssim(truth, prediction, convention)
    torch.testing.assert_close(forth, back)
    assert forth.max() < 0.9


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_ssim_does_not_care_which_way_a_frame_lies(convention):
    prediction, truth = clips()
    turned = ssim(prediction.flip(-1).mT, truth.flip(-1).mT, convention)
    torch.testing.assert_close(turned, ssim(prediction, truth, convention))


def test_a_range_of_two_is_the_same_frames_at_half_contrast():
    prediction, truth = clips()
    torch.testing.assert_close(
        ssim(prediction, truth, "uniform-range2"), ssim(prediction / 2, truth / 2, "uniform")
    )


def test_a_range_of_two_flatters_a_noisy_frame():
    """A dark frame with a bright square, and the same with noise."""
    truth = torch.zeros(1, 1, 1, 32, 32)
    truth[..., 8:20, 8:20] = 1
    noise = 0.05 * torch.randn(truth.shape, generator=torch.Generator().manual_seed(0))
    flattered, honest = (
        ssim(truth + noise, truth, name).item() for name in ("uniform-range2", "uniform")
    )
    assert flattered > honest + 0.1


@pytest.mark.parametrize(("convention", "width"), [("gaussian", 11), ("uniform", 7)])
def test_a_frame_must_hold_the_window(convention, width):
    x = torch.zeros(1, 1, 1, width, 20)
    assert ssim(x, x, convention).item() == 1
    with pytest.raises(ValueError, match=f"is {width} wide: it must fit"):
        ssim(x[..., 1:, :], x[..., 1:, :], convention)


def test_ssim_without_scikit_image_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage.metrics", None)
    with pytest.raises(ImportError, match=r"skimage.metrics did not.*install 'stlib\[train\]'"):
        ssim(*clips(), "gaussian")


# Events -------------------------------------------------------------------------------------------


def table(hits, misses, false_alarms, negatives):
    return Contingency(*map(torch.tensor, (hits, misses, false_alarms, negatives)))


def counts(contingency_table):
    return [count.tolist() for count in contingency_table]


def test_a_table_counted_by_hand():
    """Rain in mm/h at a threshold of 2; equal to the threshold is rain."""
    observed = torch.tensor([[0.0, 2.0, 5.0], [1.9, 3.0, 0.0]]).reshape(1, 1, 1, 2, 3)
    forecast = torch.tensor([[2.0, 2.5, 0.0], [1.0, 2.0, 4.0]]).reshape(1, 1, 1, 2, 3)
    found = contingency(forecast, observed, threshold=2)
    assert counts(found) == [[[2]], [[1]], [[2]], [[1]]]
    assert csi(found).item() == pytest.approx(2 / 5)
    assert pod(found).item() == pytest.approx(2 / 3)
    assert far(found).item() == pytest.approx(2 / 4)
    # Chance gets (3·4 + 3·2)/6 = 3 of the 6 right, the forecast 3: no skill at all.
    assert hss(found).item() == pytest.approx(0)


def test_finleys_tornadoes():
    """The classic table of 1884: 28 hits, 23 misses, 72 false alarms, 2680 correct negatives."""
    finley = table(28, 23, 72, 2680)
    scores = [round(score(finley).item(), 3) for score in (csi, pod, far, hss)]
    assert scores == [0.228, 0.549, 0.72, 0.355]


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.8])
def test_scores_equal_scikit_learns(threshold):
    prediction, truth = clips()
    found = contingency(prediction, truth, threshold)
    for at, x, y in each_frame(prediction, truth):
        forecast, observed = x.ravel() >= threshold, y.ravel() >= threshold
        assert csi(found)[at].item() == pytest.approx(jaccard_score(observed, forecast))
        assert pod(found)[at].item() == pytest.approx(recall_score(observed, forecast))
        assert far(found)[at].item() == pytest.approx(1 - precision_score(observed, forecast))
        assert hss(found)[at].item() == pytest.approx(cohen_kappa_score(observed, forecast))


def test_every_pixel_is_counted_once():
    found = contingency(*clips(), 0.4)
    assert (sum(found) == math.prod(SHAPE[2:])).all()
    assert found.hits.shape == SHAPE[:2]


def test_a_perfect_forecast_and_its_negative():
    perfect, opposite = table(5, 0, 0, 5), table(0, 5, 5, 0)
    assert [s(perfect).item() for s in (csi, pod, far, hss)] == [1, 1, 0, 1]
    assert [s(opposite).item() for s in (csi, pod, far, hss)] == [0, 0, 1, -1]


@pytest.mark.parametrize(
    ("cells", "defined"),
    [
        ((0, 0, 0, 9), ""),  # dry and forecast dry
        ((9, 0, 0, 0), "csi pod far"),  # wet all over, and forecast so
        ((0, 0, 3, 6), "csi far hss"),  # nothing observed
        ((0, 3, 0, 6), "csi pod hss"),  # nothing forecast
    ],
)
def test_a_ratio_without_denominator_is_nan_and_never_zero(cells, defined):
    scores = {"csi": csi, "pod": pod, "far": far, "hss": hss}
    values = {name: score(table(*cells)) for name, score in scores.items()}
    assert " ".join(name for name, value in values.items() if not value.isnan()) == defined


def test_counts_of_a_whole_archive_do_not_overflow():
    """Billions of pixels: a product of two counts does not fit into 64 bits."""
    a, b, c, d = (4 * 10**9, 3 * 10**9, 10**9, 9 * 10**9)
    exact = 2 * (a * d - b * c) / ((a + b) * (b + d) + (a + c) * (c + d))
    assert hss(table(a, b, c, d)).item() == pytest.approx(exact, rel=1e-12)


def test_pooled_counts_and_averaged_scores_differ():
    """One storm of 100 pixels missed by half, one shower of 2 caught: 52/102, and 3/4."""
    found = table([[50], [2]], [[50], [0]], [[0], [0]], [[0], [98]])
    assert csi(pool(found)).item() == pytest.approx(52 / 102)
    assert average(csi(found)).mean.item() == pytest.approx(3 / 4)


def test_pooling_over_the_batch_keeps_the_steps():
    found = contingency(*clips(), 0.4)
    steps = pool(found, over="batch")
    for kept, whole in zip(steps, found, strict=True):
        assert kept.tolist() == [sum(column) for column in zip(*whole.tolist(), strict=True)]
    assert counts(pool(found)) == [sum(count) for count in counts(steps)]


def test_missing_values_are_refused():
    prediction, truth = clips()
    truth[0, 0, 0, 0, :2] = math.nan
    with pytest.raises(ValueError, match="truth has 2 NaN"):
        contingency(prediction, truth, 0.5)
    with pytest.raises(ValueError, match="prediction has 2 NaN"):
        contingency(truth, prediction, 0.5)
    with pytest.raises(ValueError, match="threshold=nan"):
        contingency(prediction, prediction, math.nan)


# Averages -----------------------------------------------------------------------------------------


def test_averages_per_step_and_for_all():
    scores = torch.tensor([[1.0, 2, 3], [3.0, 4, 8]])
    assert average(scores).steps.tolist() == [2, 3, 5.5]
    assert average(scores).mean.item() == 3.5


def test_an_undefined_score_spreads_or_is_skipped():
    """Skipped, every frame that is left weighs alike: (1 + 2 + 4) / 3, not (1 + 3) / 2."""
    scores = torch.tensor([[1.0, 2], [math.nan, 4]])
    spread, skipped = average(scores), average(scores, undefined="skip")
    assert isinstance(skipped, Average)
    assert spread.steps.isnan().tolist() == [True, False]
    assert spread.mean.isnan()
    assert skipped.steps.tolist() == [1, 3]
    assert skipped.mean.item() == pytest.approx(7 / 3)
    assert average(scores[1:, :1], undefined="skip").mean.isnan()


def test_nothing_has_no_average():
    with pytest.raises(ValueError, match="nothing to average"):
        average(torch.zeros(2, 0))


# Perceptual distance ------------------------------------------------------------------------------

needs_lpips = pytest.mark.skipif(
    not (find_spec("lpips") and find_spec("torchvision")), reason="lpips is not installed"
)
SQUEEZE = "squeezenet1_1-b8a52dc0.pth"


class ChannelDistance(torch.nn.Module):
    """Stands in for the network: shows what it was given."""

    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(()))

    def forward(self, x, y):
        assert x.shape[1:] == y.shape[1:] == (3, 31, 32)
        return self.scale * (x - y).abs().sum((1, 2, 3), keepdim=True) / (31 * 32)


def test_lpips_gives_each_frame_to_the_network_in_its_convention():
    """A grey error of 0.1 on three channels: 0.3 as it is, 0.6 once [0, 1] is [-1, 1]."""
    truth = torch.zeros(2, 3, 1, 31, 32)
    prediction = truth.clone()
    prediction[1, 2] = 0.1
    for inputs, expected in {"unit": 0.3, "signed": 0.6}.items():
        scores = lpips(prediction, truth, ChannelDistance(), inputs)
        assert scores.flatten().tolist() == pytest.approx([0, 0, 0, 0, 0, expected])
        assert not scores.requires_grad


def test_lpips_keeps_three_channels_apart():
    prediction, truth = clips((1, 2, 3, 31, 32))
    expected = (prediction - truth).abs().sum((2, 3, 4)) / (31 * 32)
    scores = lpips(prediction, truth, ChannelDistance(), "unit")
    torch.testing.assert_close(scores, expected.float())


def test_why_there_is_no_number_is_handed_on():
    x = torch.zeros(1, 1, 1, 31, 31)
    why = Unavailable("no trunk")
    assert lpips(x, x, why) is why


@pytest.mark.parametrize("shape", [(1, 1, 2, 32, 32), (1, 1, 1, 30, 32)])
def test_lpips_names_frames_it_cannot_read(shape):
    x = torch.zeros(shape)
    with pytest.raises(ValueError, match=r"2 channels: need 1 or 3|need 31 pixels a side"):
        lpips(x, x, ChannelDistance())


@pytest.mark.parametrize("package", ["lpips", "torchvision"])
def test_a_missing_package_makes_lpips_unavailable(package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    network = perceptual_network()
    assert isinstance(network, Unavailable)
    assert "pip install 'stlib[train]'" in network.reason


@needs_lpips
def test_without_its_trunk_lpips_is_unavailable(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    network = perceptual_network("alex")
    assert isinstance(network, Unavailable)
    assert "alexnet-owt-7be5be79.pth is not in" in network.reason
    assert not list(tmp_path.rglob("*.pth"))


@needs_lpips
def test_a_trunk_that_cannot_be_fetched_is_named(tmp_path, monkeypatch):
    def refuse(url, path, hash_prefix, progress):
        assert (url.rpartition("/")[2], hash_prefix) == (SQUEEZE, "b8a52dc0")
        raise URLError("no network")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", refuse)
    network = perceptual_network("squeeze", download=True)
    assert isinstance(network, Unavailable)
    assert "could not be fetched" in network.reason
    assert "no network" in network.reason


@needs_lpips
def test_only_the_published_trunk_is_taken(tmp_path, monkeypatch):
    """A trunk of other weights is refused; passed off as the true one, it is what is loaded."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert isinstance(perceptual_network("squeeze"), Unavailable)  # and torchvision is imported
    from torchvision.models import squeezenet1_1

    weights = squeezenet1_1(weights=None).state_dict()
    (tmp_path / "hub/checkpoints").mkdir(parents=True)
    torch.save(weights, tmp_path / "hub/checkpoints" / SQUEEZE)
    network = perceptual_network("squeeze")
    assert isinstance(network, Unavailable)
    assert "is damaged: its SHA-256 starts" in network.reason

    passed_off = SimpleNamespace(hexdigest=lambda: "b8a52dc0" + 56 * "0")
    monkeypatch.setattr(hashlib, "file_digest", lambda file, name: passed_off)
    network = perceptual_network("squeeze")
    assert not network.training
    first = next(network.net.parameters())
    assert torch.equal(first, weights["features.0.weight"])

    prediction, truth = clips((1, 2, 1, 32, 32))
    assert lpips(truth, truth, network).tolist() == [[0, 0]]
    forth, back = lpips(prediction, truth, network), lpips(truth, prediction, network)
    torch.testing.assert_close(forth, back)
    assert forth.min() > 0
    stretched = (2 * clip.float().expand(1, 2, 3, 32, 32)[0] - 1 for clip in (prediction, truth))
    torch.testing.assert_close(forth[0], network(*stretched).detach().flatten())


# Bad input ----------------------------------------------------------------------------------------

METRICS = {
    "mse": mse,
    "mae": mae,
    "psnr": lambda x, y: psnr(x, y, data_range=1),
    "ssim": lambda x, y: ssim(x, y, "uniform"),
    "contingency": lambda x, y: contingency(x, y, 0.5),
    "lpips": lambda x, y: lpips(x, y, ChannelDistance()),
    "check_frames": check_frames,
}


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_nothing_is_broadcast(metric):
    with pytest.raises(ValueError, match=r"\(2, 3, 1, 12, 13\), truth is \(2, 3, 2, 12, 13\)"):
        metric(torch.zeros(2, 3, 1, 12, 13), torch.zeros(SHAPE))


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_frames_without_pixels_are_named(metric):
    with pytest.raises(ValueError, match="they have no pixels"):
        metric(torch.zeros(1, 1, 1, 0, 5), torch.zeros(1, 1, 1, 0, 5))


@pytest.mark.parametrize("convert", [per_frame, per_pixel])
def test_a_frame_without_pixels_converts_nothing(convert):
    with pytest.raises(ValueError, match="count from 1"):
        convert(1.0, (1, 0, 64))


@pytest.mark.parametrize(
    ("metric", "arguments", "message"),
    [
        (mse, (*clips(), "row"), "per='row' is none of"),
        (mae, (*clips(), "row"), "per='row' is none of"),
        (ssim, (*clips(), "square"), "convention='square' is none of"),
        (pool, (table(1, 1, 1, 1), "time"), "over='time' is none of"),
        (average, (torch.ones(1, 1), "zero"), "undefined='zero' is none of"),
        (lpips, (*clips(), Unavailable(""), "byte"), "inputs='byte' is none of"),
        (perceptual_network, ("lenet",), "trunk='lenet' is none of"),
    ],
)
def test_an_unknown_convention_is_named(metric, arguments, message):
    """As a reader's program sees it, without the checks of types that tests run under."""
    with pytest.raises(ValueError, match=message):
        inspect.unwrap(metric)(*arguments)
