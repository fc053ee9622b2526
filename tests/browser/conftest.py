"""The built book served on 127.0.0.1, and Chromium looking at it."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright

from tests.browser.element import ASSETS, document, tag_of
from tests.browser.visit import HEIGHT, Visit

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

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "max-age=3600")  # what all pages share is fetched once
        super().end_headers()


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
    """The system's Chromium, or else playwright's own; it can reach no other machine."""
    found = next(filter(None, map(shutil.which, INSTALLED)), None)
    alone = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(
                executable_path=found, args=["--no-sandbox", alone]
            )
        except Error:
            unavailable("no Chromium: install it (Debian: apt install chromium) to test the pages")
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """What all pages are opened in: they share a cache, and nothing that they remember."""
    context = browser.new_context(reduced_motion="reduce")
    context.set_default_timeout(120_000)  # a machine with other work is slow, not wrong
    yield context
    context.close()


@pytest.fixture
def visit(context: BrowserContext, site: str) -> Iterator[Callable[..., Visit]]:
    """Open a page of the book: ``visit("book/index", scheme="dark", width=320)``."""
    visits: list[Visit] = []

    def open_page(name: str, scheme: str = "light", width: int = 1280) -> Visit:
        visits.append(Visit(context.new_page()))
        visits[-1].open(f"{site}/{name}.html", scheme, width)
        return visits[-1]

    yield open_page
    for seen in visits:
        seen.page.close()


@pytest.fixture
def figure(
    context: BrowserContext, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Page]]:
    """Open a page with the one element that the test's module names in ELEMENT.

    ``figure("order=3", theme="dark", width=320)``; the page may ask for nothing and complain of
    nothing.
    """
    name = request.module.ELEMENT
    pages: list[Page] = []
    complaints: list[str] = []

    def open_page(attributes: str = "", theme: str = "light", width: int = 720) -> Page:
        page = context.new_page()
        pages.append(page)
        page.set_viewport_size({"width": width, "height": HEIGHT})
        page.on("request", lambda request: complaints.append(f"asked for {request.url}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.append(line.text))
        page.set_content(document(name, attributes, theme))
        page.locator(f"{tag_of(name)} [class*=-root]").first.wait_for()
        return page

    yield open_page
    for page in pages:
        page.close()
    assert complaints == []


@pytest.fixture
def filed_figure(
    context: BrowserContext, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[..., Page]]:
    """As `figure`, for an element that loads scripts of its folder in book/assets.

    The page is read from a file, as a book without a server is; it is there when it shows them.
    """
    name = request.module.ELEMENT
    pages: list[Page] = []
    complaints: list[str] = []

    def open_page(attributes: str = "", theme: str = "light", width: int = 760) -> Page:
        page = context.new_page()
        pages.append(page)
        page.set_viewport_size({"width": width, "height": HEIGHT})
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.append(line.text))
        file = tmp_path / "page.html"
        data = f'data="{(ASSETS / name).as_uri()}/"'
        file.write_text(document(name, f"{attributes} {data}", theme), encoding="utf-8")
        page.goto(file.as_uri())
        page.wait_for_function(f"document.querySelector('{tag_of(name)}').result")
        return page

    yield open_page
    for page in pages:
        page.close()
    assert complaints == []
