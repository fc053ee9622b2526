"""The interactive figure "layer lens": what it shows is what was computed; anyone can use it."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from playwright.sync_api import Browser, Page, expect

from stlib.layer_outputs import (
    channel_rms,
    channel_sum,
    enlarged,
    foreground_area,
    layer_outputs,
    lens,
    mean_frequency,
    radial_spectrum,
)
from stlib.rollout import forecast
from stlib.shipped import shipped
from tests.browser.element import (
    ASSETS,
    check_accessible,
    check_by_arrows,
    check_complaint,
    check_theme,
    document,
)

ELEMENT = "layer_lens"
FOLDER = ASSETS / ELEMENT
MODELS = ("convlstm", "sms-lstm", "tms-lstm", "ms-lstm")
LIMIT = 300_000  # bytes a network
CLIP = 1  # of the test split

# A network, a step, a view and a layer: ten settings, trained and untrained.
SETTINGS = [
    ("ms-lstm", "8", "sum", 3),
    ("ms-lstm untrained", "4", "rms", 2),
    ("ms-lstm", "4", "fitted", 0),
    ("sms-lstm untrained", "2", "lens", 4),
    ("sms-lstm", "6", "fitted", 1),
    ("convlstm", "8", "lens", 5),
    ("convlstm untrained", "4", "sum", 0),
    ("convlstm", "2", "rms", 3),
    ("tms-lstm", "6", "sum", 5),
    ("tms-lstm untrained", "8", "fitted", 2),
]
SHOWN = """([element, who, layer]) => {
  const canvas = element.parts[who].cells[layer].canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return Array.from(data).filter((_, n) => n % 4 === 0);
}"""
MEASURED = """element => {
  const { one, area, frequency, error, spectrum } = element.result.a;
  return { data: Array.from(one.data), side: one.side, area, frequency, error, spectrum };
}"""
NOISE = """([side, seed]) => {
  const { enlarged, foregroundArea, meanFrequency, radialSpectrum } =
    customElements.get("layer-lens").arithmetic;
  let state = seed;
  const next = () => (state = (state * 16807) % 2147483647) / 2147483647 - 0.3;
  const one = { side, data: Float64Array.from({ length: side * side }, next) };
  const spectrum = radialSpectrum(one);
  return {
    data: Array.from(one.data), spectrum, area: foregroundArea(one),
    frequency: meanFrequency(spectrum), big: Array.from(enlarged(one, 4 * side).data),
  };
}"""


def artifact(model: str) -> dict[str, Any]:
    """What a network's file holds, its pictures cut out."""
    text = (FOLDER / f"{model}.js").read_text(encoding="utf-8")
    stored: dict[str, Any] = json.loads(text[text.index(" = ") + 3 : text.rindex(";")])
    maps, scales = base64.b64decode(stored["maps"]), iter(stored["scales"])
    stored["pictures"], at = {}, 0
    for weights in stored["weights"]:
        for step in stored["steps"]:
            for view in stored["views"]:
                for layer, side in enumerate(stored["sides"]):
                    cut = np.frombuffer(maps[at : at + side**2], np.uint8).reshape(side, side)
                    stored["pictures"][weights, str(step), view, layer] = cut, next(scales)
                    at += side**2
    assert at == len(maps)
    return stored


def choose(page: Page, **settings: Any) -> None:
    """Set the controls as a reader does, and wait until they show."""
    for key, value in settings.items():
        if key in ("a", "b"):
            page.get_by_label(f"Network {key.upper()}").select_option(value)
        else:
            page.locator(f"input[data-control={key}][value='{value}']").check()
    page.wait_for_function(
        "() => { const e = document.querySelector('layer-lens');"
        " return e.parts.setting.textContent.includes(e.state.step) && e.result; }"
    )
    page.wait_for_timeout(60)


def shown(page: Page, who: str, layer: int) -> np.ndarray:
    element = page.locator("layer-lens").element_handle()
    found = np.array(page.evaluate(SHOWN, [element, who, layer]), np.uint8)
    return found.reshape(2 * (int(len(found) ** 0.5),))


@pytest.mark.parametrize("model", MODELS)
def test_a_network_s_file_is_small_and_holds_the_control(model: str) -> None:
    assert (FOLDER / f"{model}.js").stat().st_size <= LIMIT
    stored = artifact(model)
    assert stored["weights"] == ["trained", "untrained"]
    for step in stored["steps"]:
        trained, untrained = (
            stored["pictures"][weights, str(step), "rms", 0][0] for weights in stored["weights"]
        )
        assert untrained.std() > 10
        assert (trained != untrained).mean() > 0.2


def test_sampled_pixels_equal_the_files(filed_figure: Callable[..., Page]) -> None:
    page = filed_figure()
    for network, step, view, layer in SETTINGS:
        for who in ("a", "b"):
            choose(page, **{who: network}, step=step, view=view, layer=layer)
            model, _, control = network.partition(" ")
            weights = control or "trained"
            expected, _ = artifact(model)["pictures"][weights, step, view, layer]
            np.testing.assert_array_equal(shown(page, who, layer), expected, str((network, who)))


def test_what_is_measured_equals_stlib(filed_figure: Callable[..., Page]) -> None:
    page = filed_figure()
    for network, step, view, layer in SETTINGS[:6]:
        choose(page, a=network, step=step, view=view, layer=layer)
        found = page.locator("layer-lens").evaluate(MEASURED)
        stored = artifact(network.split()[0])
        cut, (low, high) = stored["pictures"][
            network.partition(" ")[2] or "trained", step, view, layer
        ]
        one = low + (high - low) * torch.tensor(cut.astype(float)) / 255
        torch.testing.assert_close(torch.tensor(found["data"]).double(), one.flatten().double())
        rings = radial_spectrum(one)
        torch.testing.assert_close(torch.tensor(found["spectrum"]).double(), rings)
        assert found["frequency"] == pytest.approx(mean_frequency(rings).item(), nan_ok=True)
        assert found["area"] == pytest.approx(foreground_area(one.abs()).item())
        if view in ("sum", "rms"):
            assert found["error"] is None
        else:
            place = stored["steps"].index(int(step)) * 32**2
            frame = np.frombuffer(base64.b64decode(stored["frames"]), np.uint8)
            comes = torch.tensor(frame[place : place + 32**2].astype(float)).reshape(32, 32) / 255
            error = (enlarged(one, 32) - comes).square().mean().item()
            assert found["error"] == pytest.approx(error)


@pytest.mark.parametrize("side", [3, 4, 8])
def test_arithmetic_on_noise_equals_stlib(filed_figure: Callable[..., Page], side: int) -> None:
    found = filed_figure().evaluate(NOISE, [side, 5])
    one = torch.tensor(found["data"], dtype=torch.float64).reshape(side, side)
    rings = radial_spectrum(one)
    torch.testing.assert_close(torch.tensor(found["spectrum"]).double(), rings)
    assert found["frequency"] == pytest.approx(mean_frequency(rings).item())
    assert found["area"] == pytest.approx(foreground_area(one.abs()).item())
    big = one[None, None]
    for _ in range(2):
        big = F.interpolate(big, scale_factor=2, mode="bilinear")
    torch.testing.assert_close(torch.tensor(found["big"]).double(), big.flatten())


@pytest.mark.parametrize("weights", ["trained", "untrained"])
def test_the_files_hold_what_the_shipped_network_says(weights: str) -> None:
    network, recipe, seed = shipped("scales-sms-lstm")
    if weights == "untrained":
        torch.manual_seed(seed)
        network = recipe.network.build().eval()
    clip = recipe.data.open("test")[CLIP][None]
    with torch.no_grad():
        layers = layer_outputs(network.cells, lambda: forecast(network, clip[:, :5], 5))
        views = {"sum": channel_sum, "rms": channel_rms, "lens": lambda h: lens(network.readout, h)}
        for (kind, step, view, layer), (cut, (low, high)) in artifact("sms-lstm")[
            "pictures"
        ].items():
            if kind == weights and view in views:
                one = views[view](layers[layer][0, int(step)]).reshape(cut.shape)
                stored = low + (high - low) * torch.tensor(cut.astype(np.float32)) / 255
                room = 0.02 * (high - low)  # a byte, and half precision on another machine
                torch.testing.assert_close(stored, one.clamp(low, high), rtol=0, atol=room)


def test_default_is_ms_beside_conv_lstm_in_the_decoder(filed_figure: Callable[..., Page]) -> None:
    page = filed_figure()
    state = page.locator("layer-lens").evaluate("e => e.state")
    assert state == {"a": "ms-lstm", "b": "convlstm", "layer": 3, "step": "8", "view": "sum"}
    expect(page.get_by_role("status")).to_contain_text("Layer 3, having read its own prediction")
    choose(page, step="4")
    expect(page.get_by_role("status")).to_contain_text("having read a real frame")


def test_a_picture_of_one_shade_has_no_waves(filed_figure: Callable[..., Page]) -> None:
    page = filed_figure()
    stored = artifact("ms-lstm")
    flat = [key for key, (cut, _) in stored["pictures"].items() if cut.std() == 0]
    weights, step, view, layer = flat[0]
    network = "ms-lstm" if weights == "trained" else "ms-lstm untrained"
    choose(page, a=network, step=step, view=view, layer=layer)
    expect(page.get_by_role("row", name="Mean frequency")).to_contain_text("no")
    assert page.locator("polyline.ll-a").count() == 0


def test_a_picture_can_be_clicked_and_everything_reached_by_keyboard(
    filed_figure: Callable[..., Page],
) -> None:
    page = filed_figure()
    page.locator(".ll-row").nth(1).locator(".ll-thumb").nth(5).click()
    expect(page.locator("input[data-control=layer][value='5']")).to_be_checked()
    page.locator("input[data-control=step]:checked").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Network A")).to_be_focused()
    state = page.locator("layer-lens").evaluate("e => e.state")
    assert (state["step"], state["view"], state["layer"]) == ("6", "rms", 4)


def test_what_all_figures_do(filed_figure: Callable[..., Page]) -> None:
    page = filed_figure(theme="dark")
    check_by_arrows(page, "view")
    check_theme(page, "ll")


@pytest.mark.parametrize(
    ("attributes", "complaint"),
    [("a=gru", 'a="gru"'), ("step=5", 'step="5"'), ("view=max", 'view="max"')],
)
def test_wrong_attributes_are_named(browser: Browser, attributes: str, complaint: str) -> None:
    check_complaint(browser, ELEMENT, attributes, complaint)


def test_a_missing_file_is_said(browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page()
    file = tmp_path / "page.html"
    file.write_text(document("layer_lens", f'data="{tmp_path.as_uri()}/"'), encoding="utf-8")
    page.goto(file.as_uri())
    expect(page.get_by_role("status")).to_contain_text("did not load")
    page.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 760])
def test_axe_finds_nothing(filed_figure: Callable[..., Page], theme: str, width: int) -> None:
    check_accessible(filed_figure("step=4 view=fitted", theme, width))


def test_paper_shows_the_setting_and_no_controls(filed_figure: Callable[..., Page]) -> None:
    page = filed_figure("a='ms-lstm untrained' layer=5 step=4 view=rms")
    page.emulate_media(media="print")
    expect(page.locator(".ll-controls")).to_be_hidden()
    expect(page.locator(".ll-setting")).to_contain_text("A MS-LSTM with its first weights")
