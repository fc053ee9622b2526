"""Every page of the book, as a reader meets it: light, dark, on a narrow screen, by keyboard."""

import re
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import expect

from scripts.built_pages import ROOT, pages
from tests.browser.axe import violations
from tests.browser.visit import Visit

TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
PAGES = list(pages(TOC))
LOOKS = {"light": ("light", 1280), "dark": ("dark", 1280), "narrow": ("light", 320)}

# What of the article the Tab key must reach. Arrow keys do the rest inside a grid or a radio group.
CONTROLS = """() => [...document.querySelectorAll(
    'main :is(a[href], button, input, select, summary, [role=slider])')]
  .filter(e => !e.disabled && e.getClientRects().length
               && e.checkVisibility({visibilityProperty: true})
               && !(e.tabIndex < 0 && e.closest('[role=grid]'))
               && !(e.type === 'radio' && !e.checked))"""
WATCH_FOCUS = f"""() => {{
  window.missed = new Set(({CONTROLS})());
  addEventListener('focusin', event => missed.delete(event.target));
}}"""
# The contents beside an article unfold where one reads: what has folded again cannot be reached.
MISSED = f"""(() => {{
  const there = new Set(({CONTROLS})());
  return [...missed].filter(control => there.has(control))
    .map(control => control.outerHTML.slice(0, 120));
}})()"""


# A group is tested by one process: it loads each of its pages once.
on_every_page = pytest.mark.parametrize(
    "name",
    [pytest.param(page, marks=pytest.mark.xdist_group(page)) for page in PAGES],
    scope="module",
)


@pytest.fixture(scope="module")
def seen(context, site, name):
    """The page, loaded once for all its tests: style sheets remember nothing, and what scripts
    make of a page that opens dark or narrow is tested script by script."""
    seen = Visit(context.new_page())
    seen.open(f"{site}/{name}.html", *LOOKS["light"])
    yield seen
    seen.page.close()


@on_every_page
@pytest.mark.parametrize("look", LOOKS)
def test_page_is_whole_quiet_and_accessible(seen, name, look):
    seen.look(*LOOKS[look])
    assert (across := seen.sideways()) == 0, f"the page scrolls sideways by {across} pixels"
    assert violations(seen.page) == ""
    assert seen.requests_off == []
    assert seen.complaints == []


@on_every_page
def test_keyboard_reaches_every_control(seen, name):
    seen.look(*LOOKS["light"])
    page = seen.page
    page.get_by_role("link", name="Skip to main content").press("Enter")
    page.evaluate(WATCH_FOCUS)
    stops = page.locator("a, button, input, select, summary, [tabindex]").count()
    for _ in range(0, 2 * stops + 10, 10):  # boxes that scroll become stops a little later
        for _ in range(10):
            page.keyboard.press("Tab")
        if not (missed := page.evaluate(MISSED)):
            break
    assert missed == []


def test_the_chapters_figure_reads_three_against_two(visit):
    summary = visit("book/2_long_history/border_ring").page.locator("nested-sum .ns-summary")
    expect(summary).to_contain_text("reads 3 by Algorithm 1 and 2 by Algorithm 2")


@on_every_page
def test_what_is_folded_opens_for_printing(seen, name):
    page = seen.page
    folded = page.locator("main :is(.toggle-hidden, details:not([open]))")
    before = folded.count()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert folded.count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert folded.count() == before


@on_every_page
def test_images_have_alternative_texts(name):
    html = (ROOT / "_build" / "html" / name).with_suffix(".html").read_text(encoding="utf-8")
    bare = [tag[:120] for tag in re.findall(r"<img\b[^>]*>", html) if 'alt="' not in tag]
    assert bare == []


@on_every_page
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
