"""The interactive figure "the honest blur": what it shows equals stlib; anyone can use it."""

import math
import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from playwright.sync_api import Browser, Page, expect
from torch import Tensor

from stlib.losses import best_constant, expected_loss
from stlib.metrics import average, mse, psnr, ssim
from tests.browser.element import check_accessible, check_by_arrows, check_complaint, check_theme

ELEMENT = "honest_blur"
LOSSES = ("l2", "l1", "l1+l2")
CHANCES = [n / 100 for n in range(101)]
TOLERANCE = 1e-6

# The closed form and the search of the page, for many probabilities at once.
PIXELS = """([chances, loss]) => {
  const { bestPixel, searchPixel } = customElements.get("honest-blur").arithmetic;
  return chances.map((p) => [bestPixel(p, loss), searchPixel(p, loss)]);
}"""
COSTS = """([answers, p, loss]) => {
  const { expectedLoss } = customElements.get("honest-blur").arithmetic;
  return answers.map((q) => expectedLoss(q, p, loss));
}"""
RESULT = """element => {
  const numbers = (g) => ({ height: g.height, width: g.width, data: Array.from(g.data) });
  const { FUTURES } = customElements.get("honest-blur").arithmetic;
  const { best, scores } = element.result;
  const number = ([key, value]) => [key, Number.isFinite(value) ? value : "infinite"];
  const finite = (score) => Object.fromEntries(Object.entries(score).map(number));
  return {
    left: numbers(FUTURES.left), right: numbers(FUTURES.right), best: numbers(best),
    scores: { best: finite(scores.best), sample: finite(scores.sample) },
  };
}"""
# Two frames of noise, so that no symmetry of the digit hides a slip.
NOISE = """seed => {
  const { decibels, mse, ssim } = customElements.get("honest-blur").arithmetic;
  let state = seed;
  const next = () => (state = (state * 16807) % 2147483647) / 2147483647;
  const noise = (height, width) =>
    ({ height, width, data: Float64Array.from({ length: height * width }, next) });
  const [a, b] = [noise(9, 11), noise(9, 11)];
  return { a: Array.from(a.data), b: Array.from(b.data),
    mse: mse(a, b), psnr: decibels(mse(a, b)), ssim: ssim(a, b) };
}"""


def choose(page: Page, p: float | None = None, loss: str | None = None) -> None:
    """Set the controls as a reader does."""
    if loss is not None:
        page.locator(f"input[value='{loss}']").check()
    if p is not None:
        page.get_by_role("slider").fill(str(p))


def clip(frame: dict[str, Any]) -> Tensor:
    numbers = torch.tensor(frame["data"], dtype=torch.float64)
    return numbers.reshape(1, 1, 1, frame["height"], frame["width"])


def summary(page: Page) -> str:
    return page.locator(".hb-summary").inner_text()


def shown(page: Page, score: str) -> float:
    """The number that the page prints for a score, infinity included."""
    words = page.locator(f"[data-score={score}]").inner_text()
    found = re.match(r"[\d.]+|∞", words)
    assert found, f"{score} shows {words!r}: expected a number"
    return math.inf if found.group() == "∞" else float(found.group())


def judged(chances: list[float], drawn: list[Tensor], comes: list[Tensor]) -> dict[str, float]:
    """What stlib's metrics say on average of the cases that can happen."""
    cases = [case for case in zip(chances, drawn, comes, strict=True) if case[0] > 0]
    error = sum(chance * mse(a, b).item() for chance, a, b in cases)
    return {
        "mse": error,
        "psnrOfMean": 10 * math.log10(1 / error) if error else math.inf,
        "meanPsnr": sum(c * psnr(a, b, data_range=1).item() for c, a, b in cases),
        "ssim": sum(c * average(ssim(a, b, "uniform")).mean.item() for c, a, b in cases),
    }


def test_default_shows_two_ghosts(figure: Callable[..., Page]) -> None:
    page = figure()
    assert summary(page).startswith("Two ghosts, each as bright as it is likely.")
    expect(page.locator(".hb-drawn")).to_contain_text("left 0.50, right 0.50")
    assert shown(page, "sample-mse") == pytest.approx(2 * shown(page, "best-mse"), abs=0.1)
    gap = shown(page, "best-psnrOfMean") - shown(page, "sample-psnrOfMean")
    assert gap == pytest.approx(10 * math.log10(2), abs=0.011)
    assert shown(page, "sample-meanPsnr") == math.inf


@pytest.mark.parametrize("loss", LOSSES)
def test_the_closed_form_equals_the_grid_search_and_stlib(
    figure: Callable[..., Page], loss: Any
) -> None:
    page = figure()
    found = page.evaluate(PIXELS, [CHANCES, loss])
    expected = best_constant(torch.tensor(CHANCES, dtype=torch.float64), loss).tolist()
    for p, (closed, searched), right in zip(CHANCES, found, expected, strict=True):
        assert closed == pytest.approx(right, abs=1e-12), p
        assert closed == pytest.approx(searched, abs=1e-3), p


@pytest.mark.parametrize("loss", LOSSES)
def test_expected_losses_equal_stlib(figure: Callable[..., Page], loss: Any) -> None:
    page = figure()
    answers = torch.linspace(-0.5, 1.5, 21, dtype=torch.float64)
    for p in (0.0, 0.3, 0.5, 1.0):
        found = page.evaluate(COSTS, [answers.tolist(), p, loss])
        expected = expected_loss(answers, torch.full_like(answers, p), loss)
        torch.testing.assert_close(torch.tensor(found, dtype=torch.float64), expected)


def test_metrics_of_noise_equal_stlib(figure: Callable[..., Page]) -> None:
    page = figure()
    for seed in (1, 2, 3):
        found = page.evaluate(NOISE, seed)
        a, b = (clip({"data": found[name], "height": 9, "width": 11}) for name in "ab")
        assert found["mse"] == pytest.approx(mse(a, b).item(), abs=TOLERANCE)
        assert found["psnr"] == pytest.approx(psnr(a, b, data_range=1).item(), abs=TOLERANCE)
        assert found["ssim"] == pytest.approx(ssim(a, b, "uniform").item(), abs=TOLERANCE)


@pytest.mark.parametrize("loss", LOSSES)
def test_what_is_shown_equals_stlib(figure: Callable[..., Page], loss: Any) -> None:
    page = figure()
    for p in (0, 0.2, 0.3, 0.5, 0.74, 1):
        choose(page, p, loss)
        found = page.locator("honest-blur").evaluate(RESULT)
        left, right, best = (clip(found[name]) for name in ("left", "right", "best"))
        torch.testing.assert_close(best, best_constant(p * left + (1 - p) * right, loss))

        futures, chances = [left, right], [p, 1 - p]
        expected = {
            "best": judged(chances, [best, best], futures),
            "sample": judged(
                [a * b for a in chances for b in chances],
                [frame for frame in futures for _ in futures],
                futures * 2,
            ),
        }
        check_scores(page, found["scores"], expected)


def check_scores(page: Page, found: dict[str, Any], expected: dict[str, dict[str, float]]) -> None:
    """What the page holds, what it prints and whom it calls better."""
    places = {"mse": (1000, 1), "psnrOfMean": (1, 2), "meanPsnr": (1, 2), "ssim": (1, 3)}
    for who, other in (("best", "sample"), ("sample", "best")):
        for key, right in expected[who].items():
            value = math.inf if found[who][key] == "infinite" else found[who][key]
            assert value == pytest.approx(right, abs=TOLERANCE), (who, key)
            factor, digits = places[key]
            printed = shown(page, f"{who}-{key}")
            assert printed == pytest.approx(factor * right, abs=0.51 * 10**-digits), (who, key)
            rival = expected[other][key]
            wins = right < rival if key == "mse" else right > rival
            called = page.locator(f"[data-score={who}-{key}] span").count() == 1
            assert called == (wins and not abs(right - rival) < 1e-9), (who, key)


def test_both_futures_are_the_same_digit_and_do_not_overlap(figure: Callable[..., Page]) -> None:
    found = figure().locator("honest-blur").evaluate(RESULT)
    left, right = clip(found["left"]), clip(found["right"])
    torch.testing.assert_close(left.roll(12, dims=-1), right)
    assert (left * right).sum() == 0
    assert left.sum() == right.sum() > 20


SENTENCES = [
    (0.7, "l2", "Two ghosts, each as bright as it is likely."),
    (0.7, "l1+l2", "Two ghosts, the likelier too bright."),
    (0.5, "l1+l2", "Two ghosts, both at one half."),
    (0.5, "l1", "A tie: every brightness from 0 to 1 costs the same"),
    (0.49, "l1", "One digit, the right, sharp: a future of 49% has vanished."),
    (0.24, "l1+l2", "One digit, the right, sharp: a future of 24% has vanished."),
    (0.75, "l1+l2", "One digit, the left, sharp: a future of 25% has vanished."),
    (1, "l2", "Nothing is open: the left digit, sharp."),
    (0, "l1", "Nothing is open: the right digit, sharp."),
]


def test_the_sentence_says_what_is_drawn(figure: Callable[..., Page]) -> None:
    page = figure("p=0.3 loss=l1")
    assert summary(page).startswith("One digit, the right, sharp: a future of 30% has")
    for p, loss, says in SENTENCES:
        choose(page, p, loss)
        assert summary(page).startswith(says)
        assert "A search through 1001 answers finds" in summary(page)


def test_everything_by_keyboard(figure: Callable[..., Page]) -> None:
    page = figure()
    page.keyboard.press("Tab")
    slider = page.get_by_role("slider", name="Probability that the digit goes left")
    expect(slider).to_be_focused()
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    assert page.locator("honest-blur").evaluate("e => e.state.p") == pytest.approx(0.7)
    expect(slider).to_have_attribute("aria-valuetext", "left 70%, right 30%")
    page.keyboard.press("Tab")
    for loss in ("l1", "l1+l2"):
        page.keyboard.press("ArrowRight")
        assert page.locator("honest-blur").evaluate("e => e.state.loss") == loss
    expect(page.locator(".hb-drawn")).to_contain_text("left 0.90, right 0.10")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("End")
    assert summary(page).startswith("Nothing is open")


def test_what_all_figures_do(figure: Callable[..., Page]) -> None:
    page = figure(theme="dark")
    check_by_arrows(page, "loss")
    check_theme(page, "hb")


@pytest.mark.parametrize(
    ("attributes", "complaint"),
    [("p=1.5", 'p="1.5"'), ("p=half", 'p="half"'), ("loss=l3", 'loss="l3"')],
)
def test_wrong_attributes_are_named(browser: Browser, attributes: str, complaint: str) -> None:
    check_complaint(browser, ELEMENT, attributes, complaint)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 720])
def test_axe_finds_nothing(figure: Callable[..., Page], theme: str, width: int) -> None:
    check_accessible(figure("p=0.7 loss=l1+l2", theme, width))


def test_two_figures_on_a_page_do_not_meddle(figure: Callable[..., Page]) -> None:
    page = figure()
    page.evaluate("document.querySelector('main').append(document.createElement('honest-blur'))")
    page.locator("honest-blur").nth(1).locator("input[value='l1']").check()
    assert page.locator("honest-blur").first.locator("input[value='l2']").is_checked()
    assert summary_of(page, 1).startswith("A tie")
    assert summary_of(page, 0).startswith("Two ghosts")


def summary_of(page: Page, place: int) -> str:
    return page.locator("honest-blur").nth(place).locator(".hb-summary").inner_text()


def test_paper_shows_the_setting_and_no_controls(figure: Callable[..., Page]) -> None:
    page = figure("p=0.3 loss=l1+l2")
    page.emulate_media(media="print")
    expect(page.locator(".hb-controls")).to_be_hidden()
    expect(page.locator(".hb-setting")).to_contain_text("Left 30%, loss ℓ1 + ℓ2.")
