"""The built book served on 127.0.0.1, and Chromium looking at it."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Error, Page, Route, sync_playwright

from tests.browser.element import document

HTML = Path(__file__).parents[2] / "_build" / "html"
INSTALLED = ("chromium", "chromium-browser", "google-chrome")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


def unavailable(reason: str) -> None:
    """Skip, or fail where a browser is required (STLIB_REQUIRE_BROWSER, as in CI)."""
    if os.environ.get("STLIB_REQUIRE_BROWSER"):
        pytest.fail(reason)
    pytest.skip(reason)


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """The address of the built book, without a slash at its end."""
    if not (HTML / "index.html").is_file():
        pytest.fail("the book is not built: make book")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(HTML)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium, or else playwright's own."""
    found = next(filter(None, map(shutil.which, INSTALLED)), None)
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        except Error:
            unavailable("no Chromium: install it (Debian: apt install chromium) to test the pages")
        yield browser
        browser.close()


@dataclass
class Visit:
    """An open page, what it asked of other machines, and what it complained of."""

    page: Page
    requests_off: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture
def visit(browser: Browser, site: str) -> Iterator[Callable[..., Visit]]:
    """Open a page of the book: ``visit("book/index", scheme="dark", width=320)``.

    Nothing off the machine can be reached. The page has been scrolled through, so that figures
    which are drawn when they come into view are drawn, and its mathematics is typeset.
    """
    contexts = []

    def open_page(name: str, scheme: str = "light", width: int = 1280) -> Visit:
        context = browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": 900}, reduced_motion="reduce"
        )
        contexts.append(context)
        seen = Visit(context.new_page())

        def only_here(route: Route) -> None:
            address = urlsplit(route.request.url)
            if address.scheme in ("http", "https") and address.hostname != "127.0.0.1":
                seen.requests_off.append(route.request.url)
                route.abort()
            else:
                route.continue_()

        seen.page.route("**/*", only_here)
        seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        seen.page.on(
            "console",
            lambda line: (
                seen.complaints.append(line.text) if line.type in ("error", "warning") else None
            ),
        )
        seen.page.goto(f"{site}/{name}.html", wait_until="load")
        seen.page.evaluate("window.MathJax?.startup?.promise")
        height = seen.page.evaluate("document.documentElement.scrollHeight")
        for offset in range(0, height, 800):
            seen.page.evaluate("offset => scrollTo(0, offset)", offset)
        seen.page.wait_for_load_state("networkidle")
        seen.page.evaluate("scrollTo(0, 0)")
        return seen

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def figure(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Callable[..., Page]]:
    """Open a page with the one element that the test's module names in ELEMENT.

    ``figure("order=3", theme="dark", width=320)``; the page may ask for nothing and complain of
    nothing.
    """
    name = request.module.ELEMENT
    context = browser.new_context(reduced_motion="reduce")
    complaints: list[str] = []

    def open_page(attributes: str = "", theme: str = "light", width: int = 720) -> Page:
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": 900})
        page.on("request", lambda request: complaints.append(f"asked for {request.url}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.append(line.text))
        page.set_content(document(name, attributes, theme))
        page.locator(f"{name.replace('_', '-')} [class*=-root]").first.wait_for()
        return page

    yield open_page
    context.close()
    assert complaints == []
