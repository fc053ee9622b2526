"""The reference cards: the tree leads to them by keyboard, and a drawing reads without colour."""

import pytest
from playwright.sync_api import expect

INDEX = "book/reference/cells/index"
STROKE = "each => { const s = getComputedStyle(each); return [s.strokeWidth, s.strokeDasharray] }"
PAINT = "each => getComputedStyle(each).fill"


@pytest.mark.parametrize("width", [1280, 320])
def test_the_tree_leads_to_a_card_by_keyboard(visit, width):
    seen = visit(INDEX, width=width)
    link = seen.page.locator(".family").get_by_role("link", name="PredRNN", exact=True)
    link.focus()
    seen.page.keyboard.press("Tab")
    expect(seen.page.locator(".family a:focus")).to_have_text("PredRNN++")  # its first child
    seen.page.keyboard.press("Shift+Tab")
    seen.page.keyboard.press("Enter")
    expect(seen.page.get_by_role("heading", level=1)).to_contain_text("PredRNN")
    expect(seen.page.get_by_role("img", name="What PredRNN reads and writes")).to_be_visible()
    assert seen.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_new_is_bold_and_filled(visit, scheme):
    page = visit("book/reference/cells/pred_rnn", scheme=scheme).page
    same, new = (page.locator(f"svg.wiring .lane.{kind}").first for kind in ("same", "new"))
    (thin, whole), (bold, dashed) = same.evaluate(STROKE), new.evaluate(STROKE)
    assert float(bold.removesuffix("px")) >= 2 * float(thin.removesuffix("px"))
    assert (whole, dashed != "none") == ("none", True)
    hollow, filled = (
        page.locator(f"svg.wiring .disc.{kind}").first.evaluate(PAINT) for kind in ("same", "new")
    )
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert hollow == ground
    assert filled != ground
