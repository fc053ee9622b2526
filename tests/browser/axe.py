"""axe, which judges a page's accessibility, where a page is full of code.

Most of its time goes into the contrast of thousands of coloured tokens, of which there are a few
hundred kinds: same tags, same classes and same styles all the way up, so same colours on the same
ground. One of each kind is judged, the others are made invisible meanwhile; nothing moves.
"""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

# A token that is hidden, or lies outside of its box, is not judged: such are kinds of their own.
HIDE_REPEATED = """() => {
  const kinds = new Set();
  for (const token of document.querySelectorAll('.highlight pre span')) {
    const box = token.closest('pre');
    const [end, at] = [box, token].map(each => each.getBoundingClientRect().right);
    let kind = `${token.checkVisibility({visibilityProperty: true})} ${at <= end} `;
    for (let each = token; each; each = each.parentElement)
      kind += `${each.tagName} ${each.className} ${each.style.cssText}|`;
    if (kinds.has(kind)) token.dataset.repeated = '';
    else for (let each = token; each !== box; each = each.parentElement)
      delete each.dataset.repeated;
    kinds.add(kind);
  }
  const style = document.createElement('style');
  style.id = 'hide-repeated';
  style.textContent = '[data-repeated] { visibility: hidden }';
  document.head.append(style);
}"""
SHOW_REPEATED = """() => {
  document.getElementById('hide-repeated').remove();
  for (const token of document.querySelectorAll('[data-repeated]')) delete token.dataset.repeated;
}"""
OPTIONS = {"resultTypes": ["violations"], "preload": False}  # no rule of ours reads style sheets


def violations(page: Page) -> str:
    """What axe finds fault with, in words; empty where it finds nothing."""
    page.evaluate(HIDE_REPEATED)
    report = Axe().run(page, options=OPTIONS)
    page.evaluate(SHOW_REPEATED)
    return report.generate_report() if report.violations_count else ""
