"""The interactive figure "nested sum and ring": what it shows equals stlib; anyone can use it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from playwright.sync_api import Browser, Page, expect
from torch import Tensor

from stlib.cost import building_macs, direct_macs, recursive_macs
from stlib.tensor_train import direct, kernels, recursive, ring_width
from tests.browser.element import (
    check_accessible,
    check_by_arrows,
    check_complaint,
    check_paper,
    check_theme,
)

ELEMENT = "nested_sum"
TOLERANCE = 1e-10

GRIDS = """element => {
  const numbers = (g) => ({ height: g.height, width: g.width, data: Array.from(g.data) });
  const { state, result } = element;
  return {
    cores: state.cores.map(numbers),
    states: state.states.map(numbers),
    kernels: result.one.kernels.map(numbers),
    direct: numbers(result.one.sum),
    recursive: numbers(result.two.sum),
  };
}"""

# What an element computes from a setting, without the controls: for many settings at once.
RANDOM_RINGS = """settings => {
  const { compare, randomCore, randomState } = customElements.get("nested-sum").arithmetic;
  return settings.map(([dimension, order, kernel, boundary, weights, seed]) => {
    const ring = ((order - 1) * (kernel - 1)) / 2;
    const width = dimension === 1 ? 2 * ring + 3 : 32, height = dimension === 1 ? 1 : 32;
    const ages = Array.from({ length: order }, (_, n) => n + 1);
    const states = ages.map((age) => randomState(height, width, seed, age));
    const cores = ages.map((age) => randomCore(dimension === 1 ? 1 : kernel, kernel, seed, age));
    if (weights === "ones") for (const core of cores) core.data.fill(1);
    const result = compare(cores, states, boundary);
    return [result.width, result.residual];
  });
}"""


def choose(page: Page, **settings: object) -> None:
    """Set the controls as a reader does."""
    for name, value in settings.items():
        if name in ("dimension", "boundary"):
            page.locator(f"input[name$={name}][value='{value}']").check()
        elif name == "states":
            page.locator(f"[data-control={value}]").click()
        elif name in ("seed", "row", "column"):
            page.locator(f"[data-control={name}]").fill(str(value))
            page.locator(f"[data-control={name}]").press("Enter")
        else:
            page.locator(f"[data-control={name}]").select_option(str(value))


def shown(page: Page, fact: str) -> float:
    """The number that the page prints for a fact."""
    words = page.locator(f"[data-fact={fact}]").inner_text().replace("\u2212", "-")
    found = re.match(r"[-0-9.e]+", words)
    assert found, f"{fact} shows {words!r}: expected a number"
    return float(found.group())


def summary(page: Page) -> str:
    return page.locator(".ns-summary").inner_text()


def tensor(grid: dict[str, Any]) -> Tensor:
    numbers = torch.tensor(grid["data"], dtype=torch.float64)
    return numbers.reshape(1, 1, grid["height"], grid["width"])


def ring(difference: Tensor) -> int:
    """How deep the differing pixels lie; a row has no upper edge. From the definition."""
    height, width = difference.shape[2:]
    deep = 0
    for _, _, row, column in (difference.abs() > TOLERANCE).nonzero().tolist():
        edges = [column, width - 1 - column] + ([row, height - 1 - row] if height > 1 else [])
        deep = max(deep, min(edges) + 1)
    return deep


def test_default_reads_3_and_2(figure: Callable[..., Page]) -> None:
    page = figure()
    expect(page.locator(".ns-summary")).to_contain_text(
        "Pixel 0 reads 3 by Algorithm 1 and 2 by Algorithm 2."
    )
    rows = page.locator(".ns-outcome tbody tr")
    first = [rows.nth(n).locator("td").first.inner_text() for n in range(3)]
    assert first == ["3", "2", "1"]
    lane = page.locator("svg[role=img]").nth(1)
    assert lane.locator(".ns-dropped:not(.ns-nought)").all_text_contents() == ["1"]
    assert lane.locator(".ns-arrow.ns-lost").count() == 1
    assert "dropped outside: 1 at pixel \u22121" in lane.get_attribute("aria-label")


def test_circular_and_full_remove_the_ring(figure: Callable[..., Page]) -> None:
    page = figure()
    for boundary in ("circular", "full"):
        choose(page, boundary=boundary)
        assert summary(page).startswith("Pixel 0 reads 3 by both algorithms.")
        assert shown(page, "ring") == 0
        assert page.locator(".ns-arrow.ns-lost").count() == 0
    expect(page.locator(".ns-outcome thead th")).to_have_count(1 + 7 + 2 * 2)


SETTINGS = [
    # dimension, N, K, boundary, weights, seed
    (1, 1, 3, "zero", "random", 3),
    (1, 2, 3, "zero", "ones", 1),
    (1, 4, 5, "zero", "random", 2),
    (1, 6, 5, "zero", "random", 7),
    (1, 6, 5, "circular", "random", 4),  # K(6) is wider than the canvas
    (1, 3, 3, "full", "random", 5),
    (2, 3, 5, "zero", "ones", 1),
    (2, 2, 3, "zero", "random", 8),
    (2, 4, 3, "circular", "random", 6),
    (2, 2, 5, "full", "random", 9),
]


@pytest.mark.parametrize(("dimension", "order", "k", "boundary", "weights", "seed"), SETTINGS)
def test_what_is_shown_equals_stlib(
    figure: Callable[..., Page],
    dimension: int,
    order: int,
    k: int,
    boundary: Any,
    weights: str,
    seed: int,
) -> None:
    page = figure()
    choose(page, dimension=dimension, order=order, kernel=k, boundary=boundary, weights=weights)
    choose(page, states="random", seed=seed)
    grids = page.locator("nested-sum").evaluate(GRIDS)
    cores, states = (list(map(tensor, grids[name])) for name in ("cores", "states"))

    one, two = direct(cores, states, boundary), recursive(cores, states, boundary)
    for built, expected in zip(grids["kernels"], kernels(cores), strict=True):
        torch.testing.assert_close(tensor(built), expected, rtol=0, atol=TOLERANCE)
    torch.testing.assert_close(tensor(grids["direct"]), one, rtol=0, atol=TOLERANCE)
    torch.testing.assert_close(tensor(grids["recursive"]), two, rtol=0, atol=TOLERANCE)

    difference = one - two
    bound = ring_width(cores)[1] if boundary == "zero" else 0
    down = bound if dimension == 2 else 0
    height, width = difference.shape[2:]
    interior = difference[:, :, down : height - down, bound : width - bound]
    assert shown(page, "ring") == ring(difference) == bound
    share = (difference.abs() > TOLERANCE).double().mean().item()
    assert shown(page, "share") == pytest.approx(100 * share, abs=0.5)
    assert abs(shown(page, "residual") - interior.abs().max().item()) < TOLERANCE
    assert shown(page, "residual") < TOLERANCE

    ranks = [1] * (order + 1)
    assert shown(page, "direct") == direct_macs(k, ranks, 1, dimension)
    assert shown(page, "recursive") == recursive_macs(k, ranks, 1, dimension)
    building = page.locator("[data-fact=direct] + dd").inner_text()
    assert f"once {building_macs(k, ranks, dimension)} to build" in building


def test_random_cores_are_asymmetric(figure: Callable[..., Page]) -> None:
    page = figure("dimension=2 order=3 kernel=3 weights=random")
    for core in map(tensor, page.locator("nested-sum").evaluate(GRIDS)["cores"]):
        assert (core - core.flip(2, 3)).abs().max() > 0.05


def test_random_states_fill_the_whole_ring(figure: Callable[..., Page]) -> None:
    page = figure()
    settings = [
        (dimension, order, k, boundary, weights, seed)
        for dimension, seeds in ((1, (1, 2, 3, 4, 5)), (2, (1,)))
        for order in range(1, 7)
        for k in (3, 5)
        for boundary in ("zero", "circular", "full")
        for weights in ("ones", "random")
        for seed in seeds
        if dimension == 1 or boundary == "zero" or order < 4  # the largest images take seconds
    ]
    found = page.evaluate(RANDOM_RINGS, settings)
    for (dimension, order, k, boundary, *rest), (width, residual) in zip(
        settings, found, strict=True
    ):
        expected = (order - 1) * (k - 1) // 2 if boundary == "zero" else 0
        assert width == expected, f"{dimension=}, {order=}, {k=}, {boundary=}, {rest=}"
        assert residual < TOLERANCE


def test_dropped_values_explain_the_whole_difference(figure: Callable[..., Page]) -> None:
    page = figure("order=5 kernel=5 states=random weights=random")
    gaps = page.locator("nested-sum").evaluate("""element => {
      const { comebacks } = customElements.get("nested-sum").arithmetic, { result } = element;
      return Array.from(result.difference.data, (gap, column) => gap
        - comebacks(result.dropped, result.one.kernels, 0, column).reduce((s, g) => s + g.lost, 0));
    }""")
    assert max(map(abs, gaps)) < TOLERANCE


def test_an_impulse_changes_the_result(figure: Callable[..., Page]) -> None:
    page = figure()
    page.get_by_role("button", name="H(2), pixel 1: 0").click()
    assert "reads 5 by Algorithm 1 and 4 by Algorithm 2" in summary(page)
    page.get_by_role("button", name="H(2), pixel 0: 1").click()
    assert summary(page).startswith("Pixel 0 reads 2 by both algorithms.")
    page.get_by_role("button", name="Clear").click()
    assert summary(page).startswith("Pixel 0 reads 0 by both algorithms.")
    page.get_by_role("button", name="3 against 2").click()
    assert "reads 3 by Algorithm 1 and 2 by Algorithm 2" in summary(page)


def test_an_image_takes_impulses(figure: Callable[..., Page]) -> None:
    page = figure("dimension=2 order=2 kernel=3 states=clear")
    state = page.locator("canvas[data-age='2']")
    box = state.bounding_box()
    assert box is not None
    pixel = box["width"] / 34  # 32 and a margin of one on each side
    state.click(position={"x": 1.5 * pixel, "y": 1.5 * pixel})
    assert "Pixel (0, 0) reads 9 by Algorithm 1 and 4 by Algorithm 2" in summary(page)
    page.keyboard.press("Enter")  # the cursor is where the click was
    assert summary(page).startswith("Pixel (0, 0) reads 0 by both")
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "ArrowLeft", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("nested-sum")).to_contain_text("row 2, column 0, value 1")
    assert "Pixel (0, 0) reads 3 by Algorithm 1 and 2 by Algorithm 2" in summary(page)


def test_everything_by_keyboard(figure: Callable[..., Page]) -> None:
    page = figure()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # "a 4-pixel ring"
    assert shown(page, "ring") == 4
    assert shown(page, "share") == 44
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")  # "3 against 2"
    page.locator("input[value=zero]").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("nested-sum").evaluate("e => e.state.boundary") == "circular"
    page.keyboard.press("ArrowLeft")

    page.get_by_role("button", name="H(2), pixel 0: 1").focus()
    for key in ("7", "ArrowRight", "2", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    states = page.locator("nested-sum").evaluate("e => e.state.states.map(h => Array.from(h.data))")
    assert states[1][:2] == [7, 2]
    assert states[0][:2] == [0, 1]
    assert page.locator(".ns-grid [tabindex='0']").count() == 1

    slider = page.get_by_role("slider", name="Step")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    assert summary(page).startswith("After 1 step of 2")
    assert page.locator("[data-fact=ring]").inner_text() == "\u2026"  # no answer before the end
    back = page.get_by_role("button", name="Back")
    back.focus()
    page.keyboard.press("Enter")
    assert summary(page).startswith("Nothing has been applied yet")
    page.keyboard.press("Enter")  # already at the start
    expect(back).to_be_focused()
    expect(back).to_have_attribute("aria-disabled", "true")
    choose(page, column=1)
    page.get_by_role("button", name="Next").click(click_count=2)
    assert summary(page).startswith("Pixel 1 reads")


def test_attributes_open_it_in_another_state(figure: Callable[..., Page]) -> None:
    page = figure('order=3 boundary=full step=1 pixel=2 states="3:1 2:3 1:5"')
    assert summary(page).startswith("After 1 step of 3, pixel 2 holds")
    states = page.locator("nested-sum").evaluate("e => e.state.states.map(h => h.data.indexOf(1))")
    assert states == [5, 3, 1]
    choose(page, order=2)  # what is placed stays, the oldest state goes
    states = page.locator("nested-sum").evaluate("e => e.state.states.map(h => h.data.indexOf(1))")
    assert states == [5, 3]


def test_what_all_figures_do(figure: Callable[..., Page]) -> None:
    page = figure(theme="dark")
    check_by_arrows(page, "boundary")
    check_paper(page, "ns")
    check_theme(page, "ns")


@pytest.mark.parametrize(
    ("attributes", "complaint"),
    [("order=7", 'order="7"'), ("boundary=wrap", 'boundary="wrap"'), ('states="3:0"', '"3:0"')],
)
def test_wrong_attributes_are_named(browser: Browser, attributes: str, complaint: str) -> None:
    check_complaint(browser, ELEMENT, attributes, complaint)


@pytest.mark.parametrize(
    ("attributes", "theme", "width"),
    [
        ("order=3 step=1", "light", 720),
        ("order=4 boundary=full", "dark", 320),
        ("dimension=2 order=2 step=1", "light", 320),
        ("dimension=2 weights=random", "dark", 720),
    ],
)
def test_axe_finds_nothing(
    figure: Callable[..., Page], attributes: str, theme: str, width: int
) -> None:
    check_accessible(figure(attributes, theme, width))


def test_nothing_sticks_out_of_a_small_screen(figure: Callable[..., Page]) -> None:
    page = figure("order=6 kernel=5 boundary=full states=random weights=random", width=320)
    stage = page.get_by_role("group", name="Canvases of both algorithms")
    assert stage.evaluate("e => e.scrollWidth > e.clientWidth && e.tabIndex === 0")
    for boundary in ("full", "zero"):
        for dimension in (2, 1):
            choose(page, dimension=dimension, boundary=boundary)
            assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.get_by_role("button", name="3 against 2").click()
    assert stage.evaluate("e => e.scrollWidth === e.clientWidth && !e.hasAttribute('tabindex')")


def test_two_figures_on_a_page_do_not_meddle(figure: Callable[..., Page]) -> None:
    page = figure()
    page.evaluate("document.querySelector('main').append(document.createElement('nested-sum'))")
    second = page.locator("nested-sum").nth(1)
    second.locator("input[value=circular]").check()
    assert page.locator("nested-sum").first.locator("input[value=zero]").is_checked()
    assert summary_of(second).startswith("Pixel 0 reads 3 by both")


def summary_of(element: Any) -> str:
    return element.locator(".ns-summary").inner_text()


def test_paper_shows_the_setting_and_no_controls(figure: Callable[..., Page]) -> None:
    page = figure("boundary=circular")
    page.emulate_media(media="print")
    expect(page.locator(".ns-controls")).to_be_hidden()
    expect(page.locator(".ns-setting")).to_contain_text("N = 2, K = 3")
