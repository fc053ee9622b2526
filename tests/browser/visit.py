"""A page that is open, and what it asked of other machines and complained of."""

from contextlib import suppress
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Error, Page, Request

HEIGHT = 900  # of the window
PATIENCE = 30_000  # milliseconds until figures fit a new window; only a failure takes them

# Figures are drawn when they come into view.
SCROLL_THROUGH = """async () => {
  for (let top = 0; top < document.documentElement.scrollHeight; top += 800) {
    scrollTo(0, top);
    await new Promise(requestAnimationFrame);
  }
  scrollTo(0, 0);
}"""
DRAWN = """() =>
  [...document.images].every(image => image.complete || !image.getClientRects().length) &&
  [...document.querySelectorAll('.stlib-explore')].every(root =>
    !root.querySelector('.stlib-controls').hidden || root.innerText.includes('not be drawn'))"""
IN_SCHEME = "scheme => document.documentElement.dataset.theme === scheme"
END_TRANSITIONS = """() => document.getAnimations()
  .filter(each => each.effect.getComputedTiming().endTime < Infinity)
  .forEach(each => each.finish())"""
# The theme lets the keyboard stop at what scrolls, a moment after the last change.
SCROLLING = "pre, .cell_output > .output, .pst-scrollable-table-container"
STOPS = f"""() => [...document.querySelectorAll('main :is({SCROLLING})')]
  .every(box => box.tabIndex === 0 || box.scrollWidth <= box.clientWidth)"""
SIDEWAYS = "document.documentElement.scrollWidth - innerWidth"


class Visit:
    """A page of the book, looked at in one scheme and width after the other.

    Attributes:
        page: playwright's.
        requests_off: addresses on other machines that it asked for.
        complaints: errors and warnings of its console.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.requests_off: list[str] = []
        self.complaints: list[str] = []
        page.on("request", self._note_request)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._note_line)

    def open(self, address: str, scheme: str, width: int) -> None:
        """Load it; its mathematics is typeset, and its figures are drawn, when this returns."""
        self.page.emulate_media(color_scheme=scheme)
        self.page.set_viewport_size({"width": width, "height": HEIGHT})
        self.page.goto(address, wait_until="load")
        self.page.evaluate("window.MathJax?.startup?.promise")
        self.page.evaluate(SCROLL_THROUGH)
        self.page.wait_for_function(DRAWN)
        self._wait_for_stops()

    def look(self, scheme: str, width: int) -> None:
        """See it in another scheme, or through a window of another width."""
        self.page.emulate_media(color_scheme=scheme)
        self.page.set_viewport_size({"width": width, "height": HEIGHT})
        self.page.wait_for_function(IN_SCHEME, arg=scheme)
        self.page.evaluate(END_TRANSITIONS)
        self._wait_for_stops()

    def sideways(self) -> int:
        """How many pixels are hidden to the right, once figures have had time to fit."""
        with suppress(Error):
            self.page.wait_for_function(f"{SIDEWAYS} <= 0", timeout=PATIENCE)
        return max(0, self.page.evaluate(SIDEWAYS))

    def _wait_for_stops(self) -> None:
        with suppress(Error):  # axe says where there is none
            self.page.wait_for_function(STOPS, timeout=PATIENCE)

    def _note_request(self, request: Request) -> None:
        host = urlsplit(request.url).hostname
        if host and host != "127.0.0.1":
            self.requests_off.append(request.url)

    def _note_line(self, line: ConsoleMessage) -> None:
        if line.type in ("error", "warning"):
            self.complaints.append(line.text)
