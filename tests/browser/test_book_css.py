"""The book's own style sheet, on a page of its own."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

SHEET = Path(__file__).parents[2] / "book" / "assets" / "book.css"
FOOT = "<i style='display: inline-block'></i>"  # stands on the baseline
WORD = f"<span class='math' id='word'>x{FOOT}</span>"
WIDE = "<span class='math' id='wide'><b style='white-space: nowrap'>{}</b></span>"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(SHEET, folder)
    (folder / "formulas.html").write_text(
        "<!doctype html><html lang='en'><title>Formulas</title><link rel=stylesheet href=book.css>"
        "<meta name='viewport' content='width=device-width'><body style='line-height: 1.65'>"
        f"<main><p>A{FOOT} formula {WORD}, and {WIDE.format('wide ' * 60)}.</p></main></html>"
    )
    return folder.as_uri()


def test_a_wide_formula_scrolls_in_its_own_box(visit: Callable):
    seen = visit("formulas", width=320)
    assert seen.sideways() == 0
    wide = seen.page.locator("#wide")
    box, inside = wide.evaluate("box => [box.clientWidth, box.scrollWidth]")
    assert box < 320 < inside
    assert wide.evaluate("box => (box.scrollLeft = 50, box.scrollLeft)") == 50


@pytest.mark.parametrize("width", [320, 1280])
def test_a_formula_stands_on_the_line_of_the_text(visit: Callable, width: int):
    feet = visit("formulas", width=width).page.evaluate(
        "[...document.querySelectorAll('i')].map(foot => foot.getBoundingClientRect().bottom)"
    )
    assert feet[0] == pytest.approx(feet[1], abs=0.5)
