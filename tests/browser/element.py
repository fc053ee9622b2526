"""A page that holds one custom element of the book and nothing else, and what all must pass."""

from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

ASSETS = Path(__file__).parents[2] / "book" / "assets"
GROUNDS = {"light": "#ffffff", "dark": "#14181e"}


def tag_of(name: str) -> str:
    """The element that a file of book/assets defines: "nested-sum" for "nested_sum"."""
    return name.replace("_", "-") if "_" in name else f"{name}-figure"


def document(name: str, attributes: str = "", theme: str = "light") -> str:
    """The page: ``document("nested_sum", "order=3", "dark")``."""
    tag = tag_of(name)
    scripts = "".join(
        f'<script type="module">{(ASSETS / f"{each}.js").read_text()}</script>'
        for each in ("live_element", name)
    )
    return (
        f'<!doctype html><html lang="en" data-theme="{theme}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{tag}</title>"
        f"<style>html {{ background: {GROUNDS[theme]}; color-scheme: {theme}; color: #808080 }}"
        "body { margin: 16px; font-family: sans-serif }</style>"
        f"<style>{(ASSETS / f'{name}.css').read_text()}</style></head>"
        f"<body><main><h1>.</h1><{tag} {attributes}></{tag}></main>"
        f"{scripts}</body></html>"
    )


def check_complaint(browser: Browser, name: str, attributes: str, complaint: str) -> None:
    """A wrong attribute is complained of, once, by name and with what was expected."""
    page = browser.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_content(document(name, attributes))
    page.close()
    assert len(errors) == 1
    assert complaint in errors[0]
    assert "must be" in errors[0]


def check_accessible(page: Page) -> None:
    """axe finds nothing, and nothing sticks out of the window."""
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.viewport_size is not None
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]


def check_theme(page: Page, prefix: str) -> None:
    """The colours follow the page's theme while it is open."""
    colour = f"getComputedStyle(document.querySelector('.{prefix}-summary')).color"
    before = page.evaluate(colour)
    page.evaluate("""() => {
      const { dataset } = document.documentElement;
      dataset.theme = dataset.theme === "dark" ? "light" : "dark";
    }""")
    page.wait_for_function(f"before => {colour} !== before", arg=before)


def check_paper(page: Page, prefix: str) -> None:
    """On paper there are no controls, and the words of a dark page are black."""
    page.emulate_media(media="print")
    expect(page.locator(f".{prefix}-controls")).to_be_hidden()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    summary = page.locator(f".{prefix}-summary")
    assert summary.evaluate("e => getComputedStyle(e).color") == "rgb(0, 0, 0)"
    page.evaluate("dispatchEvent(new Event('afterprint'))")


def check_by_arrows(page: Page, key: str) -> None:
    """A row of radio buttons is one stop of the keyboard; arrows go through it and around."""
    row = page.locator(f"input[type=radio][data-control={key}]")
    for place in range(row.count()):
        if row.nth(place).is_checked():
            row.nth(place).focus()
    for _ in range(row.count()):
        before = page.locator(f"input[data-control={key}]:checked").input_value()
        page.keyboard.press("ArrowRight")
        chosen = page.locator(f"input[data-control={key}]:checked")
        expect(chosen).to_be_focused()
        assert chosen.input_value() != before
