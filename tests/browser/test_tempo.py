"""The interactive figure "tempo": what it computes equals PyTorch; anyone can use it."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from playwright.sync_api import Browser, Page, expect
from torch import Tensor

from benchmarks.tempo_figure import accuracies, slow, told
from stlib.joint_filter import Geometry, JointConv3d, swap
from stlib.networks import ActionNet
from stlib.recipes.data import StickKTH
from tests.browser.element import (
    ASSETS,
    check_accessible,
    check_by_arrows,
    check_complaint,
    check_paper,
    check_theme,
    document,
)

ELEMENT = "tempo"
FILE = ASSETS / ELEMENT / "network.js"
LIMIT = 300_000  # bytes
TEMPOS = (0.5, 1, 1.5, 2)
DILATIONS = (1, 2, 4)
SETTINGS = [(tempo, dilation) for tempo in TEMPOS for dilation in DILATIONS]
TOLERANCE = 1e-5

# What the page says of a clip read in two ways, every number of it.
COMPARED = """([network, label, tempo, dilation]) => {
  const { compare, say } = customElements.get("tempo-figure").arithmetic;
  const given = network ?? globalThis.tempoFigure;
  const [trained, shown] = [
    say(given, label, 1, given.dilation), say(given, label, tempo, dilation),
  ];
  const { residual, residuals, largest, halves, logitGap } = compare(given, trained, shown);
  return {
    frames: shown.clip.frames, said: Array.from(shown.said.data), logits: shown.logits,
    curves: shown.curves, trained: trained.logits,
    residual, residuals, largest, halves, logitGap,
  };
}"""
CLIP = """([label, tempo]) => {
  const { clipAt } = customElements.get("tempo-figure").arithmetic;
  return Array.from(clipAt(globalThis.tempoFigure, label, tempo).data);
}"""


def stored() -> dict[str, Any]:
    """What the figure loads."""
    text = FILE.read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text[text.index(" = ") + 3 : text.rindex(";")])
    return found


def rebuilt(held: dict[str, Any]) -> ActionNet:
    """The network of a file, in double precision, its batch norms a scale and a shift."""
    parts = iter(held["layers"])

    def layer(inputs: int, outputs: int) -> JointConv3d:
        part = next(parts)
        geometry = Geometry(dilation=(held["dilation"], 1, 1))
        return JointConv3d(inputs, outputs, part["m"], part["n"], geometry=geometry, bias=False)

    pools = [(1, part["pool"], part["pool"]) for part in held["layers"][:-1]]
    hidden = [part["outputs"] for part in held["layers"]]
    network = ActionNet(layer, len(held["classes"]), 1, hidden, pools).double().eval()
    modules = iter(network.body)
    weights = {}
    for part in held["layers"]:
        joint = next(each for each in modules if isinstance(each, JointConv3d))
        norm = next(modules)
        for name, parameter in joint.parts._asdict().items():
            weights[parameter] = part[name]
        weights |= {norm.weight: part["scale"], norm.bias: part["shift"]}
        norm.eps = 0.0  # mean 0 and variance 1 as they begin
    weights |= {network.decide.weight: held["head"]["weight"]}
    weights |= {network.decide.bias: held["head"]["bias"]}
    with torch.no_grad():
        for parameter, numbers in weights.items():
            parameter.copy_(torch.tensor(numbers, dtype=torch.float64).view_as(parameter))
    return network


def event(held: dict[str, Any], label: int, tempo: float) -> Tensor:
    """Frames of one action at some tempo, from those stored at half of it."""
    raw = torch.frombuffer(bytearray(base64.b64decode(held["clips"][label])), dtype=torch.uint8)
    side = held["side"]
    return raw.view(1, -1, 1, side, side)[:, :: int(2 * tempo)].double() / 255


def check_equal(found: dict[str, Any], network: ActionNet, clip: Tensor, dilation: int) -> None:
    with torch.no_grad(), swap(network, temporal_dilation=dilation):
        maps, logits = network.features(clip), network(clip)
    close = {"rtol": 0, "atol": TOLERANCE}
    told_maps = torch.tensor(found["said"], dtype=torch.float64).view_as(maps)
    torch.testing.assert_close(told_maps, maps, **close)
    curves = torch.tensor(found["curves"], dtype=torch.float64)
    torch.testing.assert_close(curves, maps[0].mean((2, 3)), **close)
    torch.testing.assert_close(torch.tensor(found["logits"]).double(), logits[0], **close)


def summary(page: Page) -> str:
    return page.locator(".tp-summary").inner_text()


def choose(page: Page, **settings: object) -> None:
    """Set the controls as a reader does."""
    for name, value in settings.items():
        if name in ("clip", "feature"):
            page.locator(f"select[data-control={name}]").select_option(value=str(value))
        else:
            page.locator(f"input[data-control={name}][value='{value}']").check(force=True)


def test_every_setting_equals_pytorch(filed_figure: Callable[..., Page]) -> None:
    page, held = filed_figure(), stored()
    network = rebuilt(held)
    for place, (tempo, dilation) in enumerate(SETTINGS):
        label = place % len(held["classes"])
        found = page.evaluate(COMPARED, [None, label, tempo, dilation])
        check_equal(found, network, event(held, label, tempo), dilation)


def test_any_network_that_is_written_equals_pytorch(filed_figure: Callable[..., Page]) -> None:
    """Biases, norms that have seen data, other widths and dilations; not only the one shipped."""
    torch.manual_seed(5)
    page = filed_figure()
    data = StickKTH(test=2, frames=5, canvas=16, actions=("boxing", "running"))
    geometry = Geometry(dilation=(1, 1, 1))
    network = ActionNet(
        lambda i, o: JointConv3d(i, o, 4, 3, geometry=geometry), 2, 1, (3, 5), ((1, 2, 2),)
    )
    network(torch.rand(4, 5, 1, 16, 16))
    held = told(network.eval(), data)
    network.double()
    for label, tempo, dilation in ((0, 1, 1), (1, 0.5, 2), (1, 2, 1)):
        found = page.evaluate(COMPARED, [held, label, tempo, dilation])
        check_equal(found, network, event(held, label, tempo), dilation)


@pytest.mark.parametrize("label", [0, 1, 4])
def test_the_residual_is_zero_only_where_the_identity_says(
    filed_figure: Callable[..., Page], label: int
) -> None:
    page, held = filed_figure(), stored()
    for tempo, dilation in SETTINGS:
        found = page.evaluate(COMPARED, [None, label, tempo, dilation])
        moments = [one["moment"] for one in found["residuals"]]
        every = {0.5: 1, 1: 1, 1.5: 3, 2: 2}[tempo]
        assert moments == list(range(0, held["frames"], every))
        if tempo * dilation == held["dilation"]:
            assert found["residual"] == 0
        else:
            assert found["residual"] > 1e-3 * found["largest"], (tempo, dilation)
            assert all(one["residual"] > 0 for one in found["residuals"])


def test_dilated_it_is_two_networks_side_by_side(filed_figure: Callable[..., Page]) -> None:
    page, held = filed_figure(), stored()
    found = page.evaluate(COMPARED, [None, 0, 2, 1])
    even, odd = (torch.tensor(half).double() for half in found["halves"])
    trained, fast = (torch.tensor(found[name]).double() for name in ("trained", "logits"))
    torch.testing.assert_close((even + odd) / 2, trained)
    torch.testing.assert_close(fast, even)
    assert found["logitGap"] == pytest.approx((trained - even).abs().max().item())
    assert found["logitGap"] > 1e-3
    network = rebuilt(held)
    with torch.no_grad(), swap(network, temporal_dilation=1):
        alone = network(event(held, 0, 1)[:, 1::2])[0]
    torch.testing.assert_close(odd, alone, rtol=0, atol=TOLERANCE)


def test_a_slow_clip_holds_the_frames_of_all_others() -> None:
    data = StickKTH(test=4, frames=6, canvas=16, noise=0.1, background="textured", tempo=3.0)
    for index in range(4):
        frames = slow(data).draw(index)
        assert (frames[::2] == data.open("test").draw(index)).all()
    faster = StickKTH(test=4, frames=3, canvas=16, noise=0.1, background="textured", tempo=6.0)
    assert (slow(data).draw(3)[::4] == faster.open("test").draw(3)).all()


def test_the_file_is_small_and_has_a_clip_of_each_action(
    filed_figure: Callable[..., Page],
) -> None:
    assert FILE.stat().st_size <= LIMIT
    held = stored()
    assert len(held["clips"]) == len(held["classes"])
    page = filed_figure()
    for tempo in TEMPOS:
        found = torch.tensor(page.evaluate(CLIP, [1, tempo]), dtype=torch.float64)
        assert found.equal(event(held, 1, tempo).flatten())


def test_accuracies_are_of_all_test_clips(filed_figure: Callable[..., Page]) -> None:
    """Counted in another way: clip by clip, by the network that the file holds."""
    torch.manual_seed(6)
    held = stored()
    network = rebuilt(held).float()
    data = StickKTH(test=7, frames=4, canvas=32)
    found = torch.tensor(accuracies(network, slow(data)))
    for row, dilation in enumerate(DILATIONS):
        for column, tempo in enumerate(TEMPOS):
            clips, right = slow(data), 0
            with torch.no_grad(), swap(network, temporal_dilation=dilation):
                for place in range(7):
                    frames = clips[place][None, :: int(2 * tempo)]
                    right += int(network(frames).argmax()) == place % 6
            assert found[row, column].item() == pytest.approx(right / 7)
    page = filed_figure("tempo=1.5 dilation=4")
    share = held["accuracy"]["shares"][2][2]
    expect(page.locator(".tp-set")).to_have_text(f"{100 * share:.0f}%")
    expect(page.locator(".tp-fits")).to_have_count(3)
    assert str(held["accuracy"]["clips"]) in page.locator(".tp-accuracy").inner_text()


SENTENCES = [
    (2, 2, "Taps stand 4 moments apart, 2 in training: misaligned."),
    (2, 1, "on 8 shared frames all features are identical. Logits still differ"),
    (0.5, 4, "on 16 shared frames all features are identical."),
    (1, 2, "both ways are one."),
    (1, 4, "Taps stand 4 moments apart, 2 in training: misaligned."),
    (1.5, 1, "Taps stand 1.5 moments apart, 2 in training: no dilation fits: 4/3 is no whole"),
]


def test_the_sentence_says_what_is_seen(filed_figure: Callable[..., Page]) -> None:
    page = filed_figure()
    for tempo, dilation, says in SENTENCES:
        choose(page, tempo=tempo, dilation=dilation)
        assert says in summary(page)
        zeros = page.locator(".tp-nought").count()
        shared = {0.5: 16, 1: 16, 1.5: 6, 2: 8}[tempo]
        assert zeros == (shared if tempo * dilation == 2 else 0)
        label = page.locator("svg[role=img]").first.get_attribute("aria-label")
        assert label is not None
        assert ("0 at every shared frame" in label) == (zeros > 0)


def test_default_is_misaligned_and_examples_lead_on(filed_figure: Callable[..., Page]) -> None:
    page = filed_figure()
    state = page.locator("tempo-figure").evaluate("e => e.state")
    assert (state["tempo"], state["dilation"], state["mark"]) == (2, 2, "plain")
    assert "misaligned" in summary(page)
    page.get_by_role("button", name="swapped").click()
    assert "identical" in summary(page)
    expect(page.locator("[data-fact=residual]")).to_have_text("0")
    page.get_by_role("button", name="slower").click()
    assert "moments between" in summary(page)
    page.get_by_role("button", name="no dilation fits").click()
    expect(page.locator("[data-fact=fits]")).to_have_text("none")


def test_even_and_odd_moments_differ_by_more_than_colour(
    filed_figure: Callable[..., Page],
) -> None:
    page = filed_figure("dilation=1 mark=parity")
    even, odd = (page.locator(f".tp-curve.tp-trained.tp-{kind}") for kind in ("even", "odd"))
    dash = "e => getComputedStyle(e).strokeDasharray"
    assert even.evaluate(dash) != odd.evaluate(dash)
    words = page.locator("svg[role=img]").nth(1).get_attribute("aria-label")
    assert words is not None
    assert "even half" in words
    choose(page, mark="plain")
    assert page.locator(".tp-even").count() == 0


def test_clip_and_feature_can_be_chosen(filed_figure: Callable[..., Page]) -> None:
    page, held = filed_figure("clip=2 feature=3"), stored()
    drawing = page.locator("svg[role=img]").first
    for clip, feature in ((2, 3), (1, 0)):
        choose(page, clip=clip, feature=feature)
        label = drawing.get_attribute("aria-label")
        assert label is not None
        assert held["classes"][clip] in label
        assert f"Feature {feature} " in label


def test_everything_by_keyboard(filed_figure: Callable[..., Page]) -> None:
    page = filed_figure()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # swapped
    assert "identical" in summary(page)
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.press("ArrowLeft")  # from tempo 2
    assert "no dilation fits" in summary(page)
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    state = page.locator("tempo-figure").evaluate("e => e.state")
    assert (state["tempo"], state["dilation"], state["mark"]) == (1.5, 2, "parity")
    for name in ("clip", "feature"):
        page.keyboard.press("Tab")
        expect(page.locator(f"select[data-control={name}]")).to_be_focused()


def test_what_all_figures_do(filed_figure: Callable[..., Page]) -> None:
    page = filed_figure(theme="dark")
    check_by_arrows(page, "tempo")
    check_paper(page, "tp")
    expect(page.locator(".tp-setting")).to_contain_text("Tempo 2, dilation 2, clip")
    check_theme(page, "tp")


@pytest.mark.parametrize(
    ("attributes", "complaint"),
    [("tempo=3", 'tempo="3"'), ("dilation=3", 'dilation="3"'), ("mark=all", 'mark="all"')],
)
def test_wrong_attributes_are_named(browser: Browser, attributes: str, complaint: str) -> None:
    check_complaint(browser, ELEMENT, attributes, complaint)


def test_a_missing_file_and_a_missing_clip_are_said(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    for attributes, says in (
        (f'data="{tmp_path.as_uri()}/"', "weights and clips did not load"),
        (f'clip=50 data="{FILE.parent.as_uri()}/"', "must be a whole number from 0 to"),
    ):
        page = browser.new_page()
        file.write_text(document(ELEMENT, attributes), encoding="utf-8")
        page.goto(file.as_uri())
        expect(page.get_by_role("status")).to_contain_text(says)
        page.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 760])
def test_axe_finds_nothing(filed_figure: Callable[..., Page], theme: str, width: int) -> None:
    page = filed_figure("mark=parity dilation=1", theme, width)
    page.locator("summary").click()
    check_accessible(page)


def test_two_figures_on_a_page_do_not_meddle(filed_figure: Callable[..., Page]) -> None:
    page = filed_figure()
    page.evaluate("""() => {
      const second = document.querySelector("tempo-figure").cloneNode();
      document.querySelector("main").append(second);
    }""")
    page.wait_for_function("document.querySelectorAll('tempo-figure')[1].result")
    second = page.locator("tempo-figure").nth(1)
    second.locator("input[data-control=dilation][value='1']").check(force=True)
    expect(second.locator(".tp-summary")).to_contain_text("identical")
    expect(page.locator(".tp-summary").first).to_contain_text("misaligned")
