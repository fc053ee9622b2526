"""Every page of the book, as a reader meets it: light, dark, on a narrow screen, by keyboard."""

import re
from pathlib import Path

import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from scripts.built_pages import ROOT, pages

TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
PAGES = list(pages(TOC))
LOOKS = {
    "light": {"scheme": "light"},
    "dark": {"scheme": "dark"},
    "narrow": {"width": 320},
}

# What of the article the Tab key must reach. Arrow keys do the rest inside a grid or a radio group.
CONTROLS = """() => [...document.querySelectorAll(
    'main :is(a[href], button, input, select, summary, [role=slider])')]
  .filter(e => !e.disabled && e.getClientRects().length
               && e.checkVisibility({visibilityProperty: true})
               && !(e.tabIndex < 0 && e.closest('[role=grid]'))
               && !(e.type === 'radio' && !e.checked))
  .map((e, place) => { e.dataset.control = place; return e.outerHTML.slice(0, 120); })"""
FOCUSED = "() => document.activeElement?.dataset.control ?? document.activeElement?.tagName"


@pytest.fixture(scope="module", params=PAGES)
def name(request):
    return request.param


@pytest.mark.parametrize("look", LOOKS)
def test_page_is_whole_quiet_and_accessible(visit, name, look):
    seen = visit(name, **LOOKS[look])
    assert seen.requests_off == []
    assert seen.complaints == []
    across = seen.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert across <= 0, f"the page scrolls sideways by {across} pixels"
    report = Axe().run(seen.page)
    assert report.violations_count == 0, report.generate_report()


def test_keyboard_reaches_every_control(visit, name):
    page = visit(name).page
    controls = page.evaluate(CONTROLS)
    reached = set()
    stops = page.locator("a, button, input, select, summary, [tabindex]").count()
    for _ in range(stops + 10):  # once around, the sidebar and scrolling boxes included
        page.keyboard.press("Tab")
        reached.add(page.evaluate(FOCUSED))
    missed = [html for place, html in enumerate(controls) if str(place) not in reached]
    assert missed == []


def test_the_chapters_figure_reads_three_against_two(visit):
    summary = visit("book/2_long_history/border_ring").page.locator("nested-sum .ns-summary")
    expect(summary).to_contain_text("reads 3 by Algorithm 1 and 2 by Algorithm 2")


def test_what_is_folded_opens_for_printing(visit, name):
    page = visit(name).page
    folded = page.locator("main :is(.toggle-hidden, details:not([open]))")
    before = folded.count()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert folded.count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert folded.count() == before


def test_images_have_alternative_texts(name):
    html = (ROOT / "_build" / "html" / name).with_suffix(".html").read_text(encoding="utf-8")
    bare = [tag[:120] for tag in re.findall(r"<img\b[^>]*>", html) if 'alt="' not in tag]
    assert bare == []


def test_nothing_built_names_another_machine(name):
    """Not even in a script or style that only a click would load."""
    html = (ROOT / "_build" / "html" / name).with_suffix(".html").read_text(encoding="utf-8")
    loaded = re.findall(r'<(?:script|link|img|iframe)\b[^>]*?(?:src|href)="(https?:[^"]*)"', html)
    assert loaded == []


def test_every_page_is_looked_at():
    built = {path.relative_to(ROOT / "_build" / "html") for path in _articles()}
    assert built == {Path(page).with_suffix(".html") for page in PAGES}


def _articles():
    for folder in ("book", "notebooks"):
        yield from (ROOT / "_build" / "html" / folder).rglob("*.html")
