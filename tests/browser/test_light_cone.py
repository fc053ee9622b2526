"""The interactive figure "light cone": what it shows equals gradients; anyone can use it."""

from collections.abc import Callable
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Browser, Page, expect
from torch import Tensor, nn

from stlib.cells import MKLSTM, ConvLSTM
from stlib.cost import macs
from stlib.networks import Stack
from stlib.reach import Copies, Pool, Unit, cone, encoder
from stlib.receptive_field import recurrent_radii, spread
from stlib.tensor_train import correlate, kernels, recursive
from tests.browser.element import (
    check_accessible,
    check_by_arrows,
    check_complaint,
    check_paper,
    check_theme,
)

ELEMENT = "light_cone"
LAGS = 8
PRESETS = [
    {"cell": cell, "layers": layers, "kernel": kernel, "pools": pools}
    for cell, layers, kernel, pools in product(
        ("convlstm", "window", "mk"), (1, 2, 3, 6), (3, 5), (0, 1, 2)
    )
    if pools <= layers and (cell, kernel) != ("mk", 5)  # MK-LSTM has both kernels anyway
]
ENCODERS = {  # button: the encoder, its width in pixels, and what a step back adds
    "conv": (encoder(Unit()), 7, 2),
    "sms": (encoder(Unit(), pools=2), 18, 8),
    "tms": (encoder(Unit((3, 5), looks=True)), 25, 8),
    "ms": (encoder(Unit((3, 5), looks=True), pools=2), 60, 32),
}

# --------------------------------------------------------- networks with positive weights


class Window(nn.Module):
    """The gates of Conv-TT-LSTM: order 3, a window of three states, each with a kernel in front."""

    def __init__(self, inputs: int, outputs: int, kernel: int, rank: int = 1) -> None:
        super().__init__()

        def weight(out: int, deep: int) -> nn.Parameter:
            return nn.Parameter(torch.rand(out, deep, kernel, kernel))

        self.rises = weight(4 * outputs, inputs)
        self.first = nn.ParameterList(weight(rank, outputs) for _ in range(3))
        outs = (4 * outputs, rank, rank)
        self.cores = nn.ParameterList(weight(out, rank) for out in outs)
        self.outputs = outputs

    def forward(self, x: Tensor, state: Any = None, m: Any = None) -> tuple[Tensor, Any, Any]:
        zeros = x.new_zeros(x.shape[0], self.outputs, *x.shape[2:])
        past, c = state if state is not None else ((zeros,) * 3, zeros)
        states = [correlate(h, p) for h, p in zip(past, self.first, strict=True)]
        maps = correlate(x, self.rises) + recursive(list(self.cores), states)
        i, f, g, o = maps.chunk(4, dim=1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        return h, ((h, *past[:2]), c), m


class Row(nn.Module):
    """Layers on a row of pixels, a pool behind each of the first ones, copies at the end."""

    def __init__(self, cell: str, layers: int, kernel: int, pools: int) -> None:
        super().__init__()
        made: dict[str, Callable[[], nn.Module]] = {
            "convlstm": lambda: ConvLSTM(1, 1, kernel),
            "window": lambda: Window(1, 1, kernel),
            "mk": lambda: MKLSTM(1, 1),
        }
        self.cells = nn.ModuleList(made[cell]() for _ in range(layers))
        self.pools, self.pool = pools, nn.AvgPool2d((1, 2))
        self.copy = nn.Upsample(scale_factor=(1, 2**pools))

    def forward(self, frames: Tensor) -> Tensor:
        states: list[Any] = [None] * len(self.cells)
        for x in frames:
            for place, cell in enumerate(self.cells):
                x, states[place], _ = cell(x, states[place])
                if place < self.pools:
                    x = self.pool(x)
        return self.copy(x)


def gradient_support(setting: dict[str, Any], intervals: list[list[int]]) -> list[list[int]]:
    """Every pixel that pixel 0 depends on, lag by lag, on a canvas wider than the intervals."""
    torch.manual_seed(0)
    network = Row(**setting).double()
    with torch.no_grad():
        for weight in network.parameters():
            weight.copy_(torch.rand_like(weight) * 0.1 + 0.02)
    middle = 4 * (max(-first for first, _ in intervals) // 4 + 2)
    width = middle + 4 * (max(last for _, last in intervals) // 4 + 2)
    frames = torch.rand(LAGS, 1, 1, 1, width, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(network(frames)[..., middle].sum(), frames)
    return [(row.flatten().nonzero().flatten() - middle).tolist() for row in gradient.flip(0)]


# ------------------------------------------------------------------------------- the page


def choose(page: Page, **settings: object) -> None:
    """Set the controls as a reader does."""
    for name in ("layers", "speed", "cell", "kernel", "pools"):  # pools need layers
        if name not in settings or (name == "kernel" and settings.get("cell") == "mk"):
            continue  # MK-LSTM's kernels are given
        control = f"input[data-control={name}]"
        if name in ("layers", "speed"):
            page.locator(control).fill(str(settings[name]))
        else:
            page.locator(f"{control}[value='{settings[name]}']").check()


def shown(page: Page) -> list[list[str]]:
    """The table under the drawing."""
    rows = page.locator(".lc-table tbody tr").all()
    return [
        [cell.replace("\u2212", "-") for cell in row.locator("th, td").all_text_contents()]
        for row in rows
    ]


def summary(page: Page) -> str:
    return page.locator(".lc-summary").inner_text()


def fact(page: Page, name: str) -> str:
    return page.locator(f"[data-fact={name}]").inner_text().replace("\u202f", "")


def arithmetic(page: Page, call: str, *arguments: object) -> Any:
    return page.evaluate(
        "([name, list]) => customElements.get('light-cone').arithmetic[name](...list)",
        [call, list(arguments)],
    )


def test_every_preset_shows_the_support_of_the_gradient(figure: Callable[..., Page]) -> None:
    page = figure()
    for setting in PRESETS:
        intervals = arithmetic(page, "cone", setting)
        pixels = [list(range(first, last + 1)) for first, last in intervals]
        assert gradient_support(setting, intervals) == pixels, setting
        rows = arithmetic(page, "influence", setting)
        ends = [[row["first"], row["first"] + len(row["weights"]) - 1] for row in rows]
        assert ends == intervals, setting
        assert all(min(row["weights"]) > 0 for row in rows), setting
        grows = [(a[0] - b[0], b[1] - a[1]) for a, b in pairwise(intervals)]
        assert len(set(grows)) == 1, f"{setting}: a + bk would be wrong"


def test_the_table_and_the_drawing_hold_what_is_computed(figure: Callable[..., Page]) -> None:
    page = figure()
    for setting in PRESETS[3::11]:
        choose(page, **setting, speed=3)
        table = shown(page)
        intervals = [[int(row[1]), int(row[2])] for row in table]
        pixels = [list(range(first, last + 1)) for first, last in intervals]
        assert gradient_support(setting, intervals) == pixels
        alt = page.locator("svg[role=img]").get_attribute("aria-label").replace("\u2212", "-")
        for lag, (first, last) in enumerate(intervals):
            at = -3 * (lag + 1)
            says = "in" if first <= at <= last else "out"
            assert f"lag {lag}: pixels {first} to {last}, point at {at}, {says}" in alt
            assert table[lag][5:] == [str(at), says]


def test_without_pools_the_cone_is_stlibs(figure: Callable[..., Page]) -> None:
    page = figure()
    for cell, layers, kernel in product(("convlstm", "window"), (1, 4, 12), (3, 5)):
        r = kernel // 2
        steps = [r] if cell == "convlstm" else [2 * r, 3 * r, 4 * r]
        setting = {"cell": cell, "layers": layers, "kernel": kernel, "pools": 0}
        radii = recurrent_radii(layers * r, steps, LAGS)
        assert arithmetic(page, "cone", setting) == [[-radius, radius] for radius in radii]


def test_with_pools_the_cone_is_stlibs_and_that_of_a_coarse_pixel(
    figure: Callable[..., Page],
) -> None:
    page = figure()
    for setting in PRESETS:
        if setting["cell"] == "window":
            continue
        mk, k = setting["cell"] == "mk", setting["kernel"]
        unit = Unit((3, 5), looks=True) if mk else Unit((k,))
        parts = [
            part
            for layer in range(setting["layers"])
            for part in ([unit, Pool()] if layer < setting["pools"] else [unit])
        ]
        shown = [tuple(ends) for ends in arithmetic(page, "cone", setting)]
        assert shown == cone(parts, 0, LAGS)
        assert shown == cone([*parts, Copies(2 ** setting["pools"])], 0, LAGS)


def test_the_examples_of_chapter_14_are_the_four_encoders(figure: Callable[..., Page]) -> None:
    page = figure("examples=encoders layers=3 speed=4")
    for button, (parts, width, step) in ENCODERS.items():
        page.locator(f"button[data-control={button}]").click()
        assert [[int(row[1]), int(row[2])] for row in shown(page)] == [
            list(ends) for ends in cone(parts, 0, LAGS)
        ]
        assert fact(page, "width") == f"{width} pixels"
        assert f"and {step} more with each step back" in page.locator(".lc-facts").inner_text()
        assert page.locator("[data-value=speed]").inner_text() == "4"  # the same point for all
        assert page.locator("input[data-control=kernel][value='5']").is_disabled() == (
            button in ("tms", "ms")
        )
    assert fact(page, "macs") == "414016"  # 308 + 308/4 + 308/16 times 32 squared, and the ends


def test_the_shade_of_mk_lstm_shares_equally_between_its_ways(
    figure: Callable[..., Page],
) -> None:
    page = figure()
    rows = arithmetic(page, "influence", {"cell": "mk", "layers": 1, "kernel": 3, "pools": 0})
    three, five = np.ones(3) / 3, np.ones(5) / 5
    ways = [three, five, np.convolve(three, three), np.convolve(five, five)]
    once = sum(np.pad(way, (9 - len(way)) // 2) for way in ways) / 4
    assert rows[0]["weights"] == pytest.approx(once)
    assert rows[1]["weights"] == pytest.approx(np.convolve(once, once))


def test_the_shade_is_composed_uniform_kernels(figure: Callable[..., Page]) -> None:
    page = figure()
    uniform = torch.full((1, 1, 1, 3), 1 / 3, dtype=torch.float64)
    built = kernels([uniform] * 13)
    rows = arithmetic(page, "influence", {"cell": "convlstm", "layers": 6, "kernel": 3, "pools": 0})
    for lag, row in enumerate(rows):
        weights = torch.tensor(row["weights"], dtype=torch.float64)
        torch.testing.assert_close(weights, built[5 + lag].flatten())
        assert spread(weights) == pytest.approx(((6 + lag) * 2 / 3) ** 0.5)


def test_the_middle_holds_95_percent_and_gives_up_no_more_than_it_must(
    figure: Callable[..., Page],
) -> None:
    page = figure()
    setting = {"cell": "window", "layers": 3, "kernel": 5, "pools": 1}
    for row in arithmetic(page, "influence", setting):
        first, last = arithmetic(page, "middle", row)
        left, right = first - row["first"], last - row["first"]
        weights = row["weights"]
        assert sum(weights[:left]) <= 0.025 < sum(weights[: left + 1])
        assert sum(weights[right + 1 :]) <= 0.025 < sum(weights[right:])


@pytest.mark.parametrize(("cell", "kernel"), [("convlstm", 3), ("window", 5), ("mk", 3)])
def test_the_price_is_what_pytorch_executes(
    figure: Callable[..., Page], cell: str, kernel: int
) -> None:
    def made(inputs: int, outputs: int) -> nn.Module:
        if cell == "convlstm":
            return ConvLSTM(inputs, outputs, kernel)
        if cell == "mk":
            return MKLSTM(inputs, outputs)
        return Window(inputs, outputs, kernel, rank=8)

    network = Stack(made, channels=1, hidden=(32,) * 3)
    counted = macs(network, torch.zeros(1, 1, 16, 16)) / 256
    page = figure(f"cell={cell} kernel={kernel} layers=3")
    assert int(fact(page, "macs")) == counted
    choose(page, pools=2)  # the same layers on 256, 64 and 16 pixels
    layer = (counted - 2 * 32) / 3
    assert int(fact(page, "macs")) == 2 * 32 + layer * (1 + 1 / 4 + 1 / 16)


# ------------------------------------------------------------------------- what is read


def test_the_default_reads_6_plus_k(figure: Callable[..., Page]) -> None:
    page = figure()
    assert summary(page).startswith("At lag k the pixel sees 6 + k pixels to either side.")
    assert "A point at v = 1 stays in the cone at all 8 lags shown" in summary(page)
    assert fact(page, "reach") == "6 + k"
    assert fact(page, "fastest") == "v = 3"
    assert [row[1:3] for row in shown(page)] == [[f"-{6 + k}", f"{6 + k}"] for k in range(LAGS)]
    expect(page.locator(".lc-caveat")).to_contain_text("necessary, not sufficient")
    expect(page.locator(".lc-caveat")).to_contain_text("28 pixels wide leaks")


SPEEDS = (
    (0, "stays in the cone at all 8 lags", 8),
    (2, "leaves the cone at lag 5: seen at 5 of 8 lags", 5),
    (3, "leaves the cone at lag 2: seen at 2 of 8 lags. Its velocity may be read", 2),
    (4, "leaves the cone at lag 1: seen once. One sighting is a place, not a velocity", 1),
    (-4, "v = \u22124 leaves the cone at lag 1", 1),
    (7, "is never in the cone", 0),
)


def test_a_fast_point_leaves_the_cone(figure: Callable[..., Page]) -> None:
    page = figure()
    marks = page.locator(".lc-drawing")
    for speed, says, seen in SPEEDS:
        choose(page, speed=speed)
        assert says in summary(page)
        assert marks.locator(".lc-point").count() == marks.locator(".lc-in").count() == seen
        assert marks.locator(".lc-out").all_text_contents() == ["✗ out"] * (LAGS - seen)
        assert marks.locator(".lc-cross, .lc-beyond").count() == LAGS - seen


def test_a_point_may_be_seen_only_long_ago(figure: Callable[..., Page]) -> None:
    page = figure("cell=window layers=1 kernel=5 speed=3")
    assert "is in the cone only before, from lag 1: seen at 7 of 8 lags" in summary(page)


def test_a_pool_changes_the_slope(figure: Callable[..., Page]) -> None:
    page = figure("speed=4")
    assert fact(page, "fastest") == "v = 3"
    choose(page, pools=1)
    assert fact(page, "reach") == "11 + 2k | 12 + 2k"
    choose(page, pools=2)
    assert fact(page, "reach") == "19 + 4k | 22 + 4k"
    assert "stays in the cone" in summary(page)
    choose(page, layers=1)  # at most one pool a layer
    assert page.locator("input[data-control=pools][value='1']").is_checked()
    assert page.locator("input[data-control=pools][value='2']").is_disabled()


# ------------------------------------------------------------------------ how it is used


def test_everything_by_keyboard(figure: Callable[..., Page]) -> None:
    page = figure()
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # "leaves"
    assert "v = 4 leaves the cone" in summary(page)
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")  # "stays in"
    assert "stays in the cone" in summary(page)
    page.locator("input[value=convlstm]").focus()
    page.keyboard.press("ArrowRight")
    assert fact(page, "reach") == "6 + 2k"
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert fact(page, "reach") == "12 + 4k"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("slider", name="Layers")).to_be_focused()
    page.keyboard.press("Home")
    assert fact(page, "reach") == "2 + 4k"
    page.keyboard.press("Tab")
    speed = page.get_by_role("slider", name="Speed v of the point")
    expect(speed).to_be_focused()
    page.keyboard.press("End")
    expect(speed).to_have_attribute("aria-valuetext", "8 pixels a frame")
    assert "is never in the cone" in summary(page)


def test_the_point_can_be_dragged(figure: Callable[..., Page]) -> None:
    page = figure()
    box = page.locator(".lc-drawing").bounding_box()
    places = page.locator("light-cone").evaluate(
        "({places}) => [places.x(-2), places.x(-5), places.middle(0)]"
    )
    near, far, y = places
    page.mouse.move(box["x"] + near, box["y"] + y)
    page.mouse.down()
    assert "v = 2 " in summary(page)
    page.mouse.move(box["x"] + far, box["y"] + y)
    page.mouse.up()
    assert "v = 5 " in summary(page)
    page.mouse.move(box["x"] + near, box["y"] + y)  # no longer held
    assert "v = 5 " in summary(page)


def test_what_all_figures_do(figure: Callable[..., Page]) -> None:
    page = figure(theme="dark")
    check_by_arrows(page, "pools")
    check_paper(page, "lc")
    check_theme(page, "lc")


@pytest.mark.parametrize(
    ("attributes", "complaint"),
    [
        ("cell=gru", 'cell="gru"'),
        ("layers=13", 'layers="13"'),
        ("kernel=4", "must be 3 or 5"),
        ("examples=all", "tracks, encoders"),
    ],
)
def test_wrong_attributes_are_named(browser: Browser, attributes: str, complaint: str) -> None:
    check_complaint(browser, ELEMENT, attributes, complaint)


@pytest.mark.parametrize(
    ("attributes", "theme", "width"),
    [("speed=4", "light", 760), ("", "dark", 320), ("cell=window pools=2 speed=8", "dark", 760)],
)
def test_axe_finds_nothing(
    figure: Callable[..., Page], attributes: str, theme: str, width: int
) -> None:
    page = figure(attributes, theme, width)
    page.get_by_text("Data as a table").click()
    check_accessible(page)


def test_nothing_sticks_out_of_a_small_screen(figure: Callable[..., Page]) -> None:
    page = figure("cell=window layers=12 kernel=5 pools=2 speed=-8", width=320)
    page.get_by_text("Data as a table").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_two_figures_on_a_page_do_not_meddle(figure: Callable[..., Page]) -> None:
    page = figure()
    page.evaluate("document.querySelector('main').append(document.createElement('light-cone'))")
    page.locator("light-cone").nth(1).locator("input[value='5']").check()
    assert page.locator("light-cone").first.locator("input[value='3']").is_checked()
    assert page.locator("light-cone").nth(1).locator("[data-fact=reach]").inner_text() == "12 + 2k"


def test_the_chapter_shows_the_default(visit: Callable[..., Any]) -> None:
    """Needs the built book."""
    words = visit("book/1_foundations/light_cone").page.locator("light-cone .lc-summary")
    expect(words).to_contain_text("At lag k the pixel sees 6 + k pixels to either side.")
