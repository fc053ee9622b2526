"""The page face of explore() and the pair of picture(), in Chromium, on pages of their own."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import plotly
import plotly.graph_objects as go
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from stlib.plots import DARK, LIGHT, explore, picture

ASSETS = Path(__file__).parents[2] / "book" / "assets"
PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
ALT = 'Parabolas; the "power" bends them & the count <adds> more of them.'


def curves(power: int = 2, count: int = 1, shift: float = 0.5, kind: str = "rising") -> go.Figure:
    places = np.arange(6)
    sign = 1 if kind == "rising" else -1
    figure = go.Figure(
        [go.Scatter(x=places, y=sign * places**power + shift * i) for i in range(1, count + 1)]
    )
    return figure.update_layout(xaxis_title="place", yaxis_title="height")


CONTROLS = {
    "power": (1, 3),
    "count": (1, 3),
    "shift": (0.0, 1.0, 0.5),
    "kind": ["rising", "falling"],
}


def document(body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Figures</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        # What the book's theme does: it sets data-theme, and the page's colours by it.
        "<script>document.documentElement.dataset.theme ="
        " matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'</script>"
        f"<style>html {{ background: {LIGHT.background}; color: {LIGHT.ink} }}"
        f"html[data-theme=dark] {{ background: {DARK.background}; color: {DARK.ink};"
        " color-scheme: dark }</style>"
        '<link rel="stylesheet" href="figures.css"><script defer src="explore.js"></script>'
        f"</head><body><main><h1>Figures</h1>{body}</main></body></html>"
    )


def html(figure: object) -> str:
    return figure._repr_mimebundle_()["text/html"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Pages on the disk instead of the built book: these tests need no build."""
    folder = tmp_path_factory.mktemp("site")
    for name in ("explore.js", "figures.css"):
        shutil.copy(ASSETS / name, folder)
    (folder / "vendor").mkdir()
    shutil.copy(PLOTLY, folder / "vendor")
    explorer = html(explore(curves, alt=ALT, face="page", **CONTROLS))
    (folder / "explorer.html").write_text(document(explorer))
    tall = explore(lambda power: curves(power).update_layout(height=620), alt=ALT, face="page",
                   power=(1, 3))  # fmt: skip
    (folder / "tall.html").write_text(document(html(tall)))
    broken = explorer.replace('"frames":', '"frames":oops')
    (folder / "broken.html").write_text(document(broken + explorer))
    lonely = document(explorer).replace("explore.js", "moved/explore.js")
    (folder / "lonely.html").write_text(lonely)
    (folder / "moved").mkdir()  # explore.js without plotly.js beside it
    shutil.copy(ASSETS / "explore.js", folder / "moved")
    pair = picture(lambda figure: figure.subplots().plot([1, 2, 4]), alt=ALT)
    (folder / "picture.html").write_text(document(html(pair)))
    return folder.as_uri()


def plotted(page: Page) -> list[list[float]]:
    return page.evaluate(
        "[...document.querySelectorAll('.stlib-plot')].at(-1).data.map(trace => [...trace.y])"
    )


def expected(**settings: object) -> list[list[float]]:
    return [list(trace.y) for trace in curves(**settings).data]


def drawn(page: Page) -> Locator:
    expect(page.locator(".stlib-controls").last).to_be_visible(timeout=20_000)
    return page.locator(".stlib-explore").last


def control(root: Locator, name: str) -> Locator:
    field = root.locator(f"[name={name}]")
    expect(field).to_have_accessible_name(name)
    return field


def test_the_page_starts_where_the_function_starts(visit: Callable):
    seen = visit("explorer")
    root = drawn(seen.page)
    assert plotted(seen.page) == expected()
    assert root.get_attribute("aria-label") == ALT
    expect(root.locator(".stlib-fallback")).to_be_hidden()
    assert seen.complaints == []
    assert seen.requests_off == []


def test_every_control_moves_the_data_by_keyboard(visit: Callable):
    seen = visit("explorer")
    root = drawn(seen.page)
    settings: dict[str, object] = {}
    for name, key, value in (
        ("power", "ArrowRight", 3),
        ("count", "End", 3),
        ("shift", "ArrowRight", 1.0),
        ("kind", "ArrowDown", "falling"),
        ("power", "Home", 1),
    ):
        before = plotted(seen.page)
        control(root, name).press(key)
        settings[name] = value
        assert plotted(seen.page) == expected(**settings)
        assert plotted(seen.page) != before
        expect(root.locator(".stlib-status")).to_contain_text(f"{name} {value}")  # is spoken
        assert f"{name} {value}" in root.locator(".stlib-plot").get_attribute("aria-label")
    assert settings.keys() == CONTROLS.keys()
    assert seen.complaints == []


def test_a_slider_tells_its_value_in_words_and_to_the_eye(visit: Callable):
    root = drawn(visit("explorer").page)
    slider = control(root, "shift")
    assert slider.get_attribute("aria-valuetext") == "0.5"
    slider.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") == "1.0"
    assert root.locator(".stlib-value").nth(2).inner_text() == "1.0"


def test_moves_one_after_another_end_in_the_last_state(visit: Callable):
    seen = visit("explorer")
    root = drawn(seen.page)
    for key in ("Home", "End", "ArrowLeft", "End"):
        control(root, "count").press(key)
    control(root, "power").press("End")
    assert plotted(seen.page) == expected(count=3, power=3)
    control(root, "count").press("Home")
    control(root, "power").press("ArrowLeft")
    assert plotted(seen.page) == expected()  # shared traces were not spoilt


def test_colours_follow_the_theme(visit: Callable):
    page = visit("explorer").page
    drawn(page)
    ink = "getComputedStyle(document.querySelector('.stlib-plot .xtick text')).fill"

    def rgb(colour: str) -> str:
        return f"rgb({', '.join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))})"

    assert page.evaluate(ink) == rgb(LIGHT.ink)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_function(f"{ink} === '{rgb(DARK.ink)}'")
    first = "document.querySelector('.stlib-plot .scatterlayer .js-line').style.stroke"
    assert page.evaluate(first) == rgb(DARK.cycle[0])
    assert plotted(page) == expected()


def test_the_table_holds_what_is_plotted(visit: Callable):
    page = visit("explorer").page
    root = drawn(page)
    root.get_by_text("Data as a table").click()
    control(root, "count").press("ArrowRight")
    heads = root.locator("table").first.locator("thead th").all_inner_texts()
    assert heads == ["place", "height"]
    cells = [
        [float(cell) for cell in table.locator("td").all_inner_texts()]
        for table in root.locator("table").all()
    ]
    assert cells == plotted(page) == expected(count=2)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_the_page_is_accessible_and_not_wider_than_the_window(visit: Callable, scheme, width):
    seen = visit("explorer", scheme=scheme, width=width)
    root = drawn(seen.page)
    root.get_by_text("Data as a table").click()
    found = Axe().run(seen.page).response["violations"]
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found] == []
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
    box = root.locator(".stlib-plot svg.main-svg").first.bounding_box()
    assert box
    assert 200 < box["width"] <= width


def test_a_figure_keeps_its_height_and_fits_a_window_of_another_width(visit: Callable):
    seen = visit("tall")
    root = drawn(seen.page)
    drawing = root.locator(".stlib-plot svg.main-svg").first
    column = "document.querySelector('.stlib-plot').clientWidth"
    sizes = "[...document.querySelectorAll('.stlib-plot svg.main-svg')].map(svg => svg.clientWidth)"
    for width in (700, 320, 1280):
        seen.page.set_viewport_size({"width": width, "height": 900})
        seen.page.wait_for_function(f"{sizes}.every(each => each === {column})")
        assert drawing.evaluate("svg => svg.clientHeight") == 620
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
    control(root, "power").press("End")
    assert plotted(seen.page) == expected(power=3)
    assert seen.complaints == []


def test_a_broken_figure_shows_its_text_and_leaves_the_others_alone(visit: Callable):
    seen = visit("broken")
    drawn(seen.page)
    fallback = seen.page.locator(".stlib-fallback").first
    expect(fallback).to_be_visible()
    expect(fallback).to_contain_text(ALT)
    expect(fallback).to_contain_text("could not be drawn")
    expect(seen.page.locator(".stlib-controls").first).to_be_hidden()
    assert plotted(seen.page) == expected()
    assert seen.complaints == []


def test_without_plotly_the_text_stands_in(visit: Callable):
    page = visit("lonely").page
    fallback = page.locator(".stlib-fallback")
    expect(fallback).to_contain_text("could not be drawn")
    expect(fallback).to_contain_text(ALT)
    expect(page.locator(".stlib-controls")).to_be_hidden()


def test_without_scripts_the_text_stands_in(browser, site: str):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site}/explorer.html")
    expect(page.locator(".stlib-fallback")).to_contain_text(ALT)
    expect(page.locator(".stlib-controls")).to_be_hidden()
    context.close()


@pytest.mark.parametrize(
    ("mark", "shown"),
    [
        ("document.documentElement.dataset.theme = 'light'", "only-light"),
        ("document.documentElement.dataset.theme = 'dark'", "only-dark"),
        ("document.body.dataset.jpThemeLight = 'false'", "only-dark"),  # JupyterLab
        ("document.body.className = 'vscode-dark'", "only-dark"),
        ("document.documentElement.removeAttribute('data-theme')", "only-light"),
    ],
)
def test_one_image_of_the_pair_is_seen_and_heard(visit: Callable, mark: str, shown: str):
    seen = visit("picture")
    seen.page.evaluate(mark)
    images = seen.page.get_by_role("img", name=ALT)  # what a screen reader meets
    assert images.count() == 1
    assert images.get_attribute("class") == shown
    assert images.evaluate("image => image.naturalWidth") > 0
    assert seen.complaints == []


def test_a_picture_fits_a_narrow_page(visit: Callable):
    seen = visit("picture", width=320)
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= 320
