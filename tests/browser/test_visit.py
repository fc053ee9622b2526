"""What the tests of the pages stand on can fail: an off request, a slide, one faint token."""

from collections.abc import Callable

import pytest

from tests.browser.axe import violations

FAINT = "style='color: #999'"


def code(*tokens: str) -> str:
    return f"<div class='highlight'><pre>{' '.join(tokens)}</pre></div>"


PAGES = {
    "off": "<img src='http://127.0.0.2/a.png' alt=''><img src='https://example.org/b.png' alt=''>",
    "wide": "<div style='width: 1000px'>wide</div>",
    "clean": code("<span>if</span>", "<span class='k'>if</span>", "<span>if</span>"),
    "faint": code("<span>if</span>", "<span>if</span>", f"<span {FAINT}>else</span>"),
    "faint within": code(
        "<span class='k'>if</span>",
        f"<span class='k'>if <b>so</b> <span {FAINT}>else</span></span>",
    ),
    "faint ground": code("<span>if</span>")
    + f"<div style='background: #555'>{code('<span>if</span>')}</div>",
    "first hidden": f"<div style='visibility: hidden'>{code(f'<span {FAINT}>if</span>')}</div>"
    + code(f"<span {FAINT}>if</span>", f"<span {FAINT}>if</span>"),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("site")
    for name, body in PAGES.items():
        (folder / f"{name}.html").write_text(
            f"<!doctype html><html lang='en'><title>{name}</title><meta name='viewport' "
            f"content='width=device-width'><main><h1>{name}</h1>{body}</main></html>"
        )
    return folder.as_uri()


def test_nothing_off_the_machine_is_reached_and_asking_is_noted(visit: Callable):
    seen = visit("off")
    assert seen.requests_off == ["http://127.0.0.2/a.png", "https://example.org/b.png"]
    assert len(seen.complaints) == 2
    assert seen.page.evaluate("[...document.images].map(image => image.naturalWidth)") == [0, 0]


def test_a_page_that_slides_is_measured(visit: Callable, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tests.browser.visit.PATIENCE", 100)
    assert visit("wide").sideways() == 0
    assert visit("wide", width=320).sideways() >= 1000 - 320


@pytest.mark.parametrize("name", [name for name in PAGES if name.startswith("f")])
def test_one_faint_token_is_found_among_many(visit: Callable, name: str):
    page = visit(name).page
    assert "color-contrast" in violations(page)
    assert page.locator("[data-repeated], style").count() == 0  # the page is as it was


def test_code_without_fault_passes(visit: Callable):
    assert violations(visit("clean").page) == ""
