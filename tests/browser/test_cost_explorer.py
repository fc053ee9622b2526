"""The interactive figure "cost explorer": what it shows equals stlib; anyone can use it."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from playwright.sync_api import Browser, Page, expect

from stlib.cells import MKLSTM, ConvLSTM
from stlib.cost import parameters
from stlib.networks import Pyramid, Stack
from stlib.printed import CLIPS, clip_costs, table
from stlib.recipes import experiment
from stlib.recipes.ms_lstm import FOUR
from stlib.scale_cost import CONV_LSTM, MK_LSTM, interpolated, kept_bytes, pixels
from stlib.tally import FLOPS, MACS, PROFILER, tally
from stlib.training_memory import predicted
from tests.browser.element import (
    check_accessible,
    check_by_arrows,
    check_complaint,
    check_paper,
    check_theme,
)

ELEMENT = "cost_explorer"
SETTINGS = [
    (cell, network, width, side, steps)
    for cell, network, width, side, steps in (
        ("convlstm", "stack", 32, 64, 19), ("convlstm", "pyramid", 32, 64, 19),
        ("mk", "stack", 32, 64, 19), ("mk", "pyramid", 32, 64, 19),
        ("convlstm", "stack", 32, 32, 7), ("mk", "pyramid", 32, 32, 7),
        ("mk", "pyramid", 32, 128, 19), ("mk", "pyramid", 32, 180, 7),
        ("mk", "pyramid", 32, 212, 7), ("convlstm", "pyramid", 8, 36, 7),
        ("mk", "stack", 128, 256, 19), ("convlstm", "stack", 64, 100, 7),
    )
]  # fmt: skip
KEYS = ("cell", "network", "width", "side", "steps")


def counted(setting: dict[str, Any]) -> dict[str, float]:
    """The same by stlib: a module on the meta device, and the formulas of memory."""
    c, side, steps = setting["width"], setting["side"], setting["steps"]
    flat, plain = setting["network"] == "stack", setting["cell"] == "convlstm"
    with torch.device("meta"):
        cell = (lambda i, o: ConvLSTM(i, o, biases=2)) if plain else MKLSTM
        network = (Stack if flat else Pyramid)(cell, 1, (c,) * 6)
        clip = tally(network, torch.zeros(1, 1, side, side), None) * steps
    unit = CONV_LSTM if plain else MK_LSTM
    spread = 6 * side**2 if flat else pixels(3, side, side)
    read = 0 if flat else interpolated(c, 3, side, side)
    return {
        "parameters": parameters(network),
        "macs": MACS.total(clip),
        "profiler": PROFILER.total(clip),
        "flops": FLOPS.total(clip),
        "kept": steps * kept_bytes(unit, c, spread, side, side, read),
        "model": predicted(4 * parameters(network), 4 * steps * unit.maps * c * spread),
    }


def arithmetic(page: Page, call: str, *arguments: object) -> Any:
    return page.evaluate(
        "([name, list]) => customElements.get('cost-explorer').arithmetic[name](...list)",
        [call, list(arguments)],
    )


def choose(page: Page, **settings: object) -> None:
    """Set the controls as a reader does."""
    for name, value in settings.items():
        control = page.locator(f"input[data-control={name}]")
        if name == "side":
            control.fill(str(value))
        else:
            page.locator(f"input[data-control={name}][value='{value}']").check(force=True)


def fact(page: Page, name: str) -> str:
    return page.locator(f"[data-fact={name}]").inner_text().replace("\u202f", "")


def summary(page: Page) -> str:
    return page.locator(".ce-summary").inner_text().replace("\u202f", "")


@pytest.mark.parametrize("values", SETTINGS)
def test_every_number_is_stlibs(figure: Callable[..., Page], values: tuple[Any, ...]) -> None:
    page, setting = figure(), dict(zip(KEYS, values, strict=True))
    known = counted(setting)
    assert arithmetic(page, "cost", setting) == known
    choose(page, **setting)
    assert fact(page, "parameters") == str(known["parameters"])
    for name in ("macs", "profiler", "flops", "kept", "model"):
        assert fact(page, name).split()[0] == f"{known[name] / 1e9:.2f}"
    assert f"{known['profiler'] / 1e9:.2f} billion by the profiler" in summary(page)


def test_the_points_are_the_papers(figure: Callable[..., Page]) -> None:
    rows = {
        (row["side"], row["steps"], row["cell"], row["network"]): row
        for row in arithmetic(figure(), "rows")
    }
    seen = set()
    for cost in clip_costs():
        network = experiment(cost.experiment).paper.network
        if network not in FOUR.values():
            continue  # the figure draws the paper's own networks, not those it compares them with
        cell = {"MKLSTMCell": "mk", "ConvLSTMCell": "convlstm"}[type(network.cell).__name__]
        shape = {"StackOf": "stack", "PyramidOf": "pyramid"}[type(network).__name__]
        key = (cost.clip.side, cost.clip.steps, cell, shape)
        seen.add(key)
        for column in ("FLOPs", "Memory"):
            number = table(cost.table).number(cost.row, column).value
            assert rows[key][column.lower()] == pytest.approx(float(number) / 1e9)
        assert rows[key]["data"] == CLIPS[cost.table].data
    assert set(rows) == seen


def test_what_is_said_of_the_papers_rows(figure: Callable[..., Page]) -> None:
    page = figure()
    assert summary(page).endswith("The paper prints 64.5: equal, rounded.")
    page.locator("button[data-control=germany]").click()
    assert summary(page).endswith(
        "187.88 billion by the profiler. The paper prints 260.6: another number."
    )
    choose(page, side=212)
    assert summary(page).endswith("260.62 billion by the profiler. The paper prints no such row.")
    page.locator("button[data-control=kth]").click()
    assert "257.88 billion" in summary(page)
    choose(page, cell="convlstm", network="stack")
    assert "ConvLSTM, 32 wide" in summary(page)
    page.locator("button[data-control=taxi]").click()
    assert fact(page, "parameters") == "444001"
    alt = page.locator("svg[role=img]").get_attribute("aria-label")
    assert "MS-LSTM Germany 260.6" in alt
    page.locator("button[data-control=mnist]").click()
    assert "34.43 billion" in summary(page)
    assert page.locator(".ce-table tbody tr").count() == page.locator(".ce-printed").count() == 10


def test_everything_by_keyboard(figure: Callable[..., Page]) -> None:
    page = figure()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # TaxiBJ
    assert "7 steps of 32 × 32" in summary(page)
    page.locator("input[data-control=cell][value=mk]").focus()
    page.keyboard.press("ArrowLeft")
    assert "SMS-LSTM" in summary(page)
    side = page.get_by_role("slider", name="Side of a frame")
    side.focus()
    page.keyboard.press("End")
    expect(side).to_have_attribute("aria-valuetext", "256 pixels")
    assert "256 × 256" in summary(page)


def test_what_all_figures_do(figure: Callable[..., Page]) -> None:
    page = figure(theme="dark")
    check_by_arrows(page, "cell")
    check_paper(page, "ce")
    check_theme(page, "ce")


@pytest.mark.parametrize(
    ("attributes", "complaint"),
    [("cell=gru", 'cell="gru"'), ("side=66", "a multiple of 4"), ("width=33", 'width="33"')],
)
def test_wrong_attributes_are_named(browser: Browser, attributes: str, complaint: str) -> None:
    check_complaint(browser, ELEMENT, attributes, complaint)


@pytest.mark.parametrize(
    ("attributes", "theme", "width"),
    [("", "light", 720), ("", "dark", 720), ("cell=convlstm side=180 steps=7", "light", 320)],
)
def test_accessible_and_narrow(
    figure: Callable[..., Page], attributes: str, theme: str, width: int
) -> None:
    page = figure(attributes, theme, width)
    page.locator("summary").click()
    check_accessible(page)


def test_the_chapter_shows_the_default(visit: Callable[..., Any]) -> None:
    """Needs the built book."""
    words = visit("book/3_scale/what_a_cell_costs").page.locator("cost-explorer .ce-summary")
    expect(words).to_contain_text("64.47 billion by the profiler")
