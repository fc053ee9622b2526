"""Figures: readable in both themes, described in words, the same bytes every time."""

import json
import re
import subprocess
import sys
from base64 import b64decode
from html import escape, unescape
from itertools import combinations

import numpy as np
import plotly.graph_objects as go
import pytest
from matplotlib import colormaps, rc_context
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from stlib.extras import load
from stlib.plots import (
    DARK,
    LIGHT,
    Explorer,
    Picture,
    Theme,
    diverging,
    explore,
    filmstrip,
    heat,
    matplotlib_style,
    picture,
    plotly_template,
    stems,
)
from stlib.plots.alt import described
from stlib.plots.controls import Control, read_controls
from stlib.plots.lightness import between
from stlib.plots.live import live_face
from stlib.plots.page import MOST_FRAMES, frames, page_face

ALT = "Straight lines through the origin; the slope grows with the control."
THEMES = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])


def paint(figure: Figure) -> None:
    figure.subplots().plot([0, 1, 2], [0, 1, 4], label="a curve")


def lines(slope: int = 2, count: int = 1) -> go.Figure:
    places = np.arange(4)
    figure = go.Figure([go.Scatter(x=places, y=slope * places + i) for i in range(count)])
    return figure.update_layout(xaxis_title="x")


# --- style ------------------------------------------------------------------------------


def luminance(colour: str) -> float:
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@THEMES
def test_colours_stand_out_from_the_page(theme: Theme):
    assert min(contrast(colour, theme.background) for colour in theme.cycle) >= 3  # WCAG 1.4.11
    assert contrast(theme.ink, theme.background) >= 7  # WCAG 1.4.6
    assert contrast(theme.muted, theme.background) >= 4.5


# Machado, Oliveira and Fernandes, 2009, severity 1: how a reader who lacks one cone type sees.
MISSING_CONE = {
    "red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998]],
    "green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
              [-0.011820, 0.042940, 0.968881]],
    "blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
             [0.004733, 0.691367, 0.303900]],
}  # fmt: skip


@THEMES
@pytest.mark.parametrize("cone", MISSING_CONE)
def test_no_two_colours_look_alike_without_a_cone(theme: Theme, cone: str):
    def seen(colour: str) -> np.ndarray:
        rgb = np.array(to_rgb(colour))
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        return (np.array(MISSING_CONE[cone]) @ linear).clip(0, 1) ** (1 / 2.2)

    distances = [np.linalg.norm(seen(a) - seen(b)) for a, b in combinations(theme.cycle, 2)]
    assert min(distances) > 0.1


@THEMES
def test_matplotlib_style_varies_line_and_marker_with_the_colour(theme: Theme):
    entries = list(matplotlib_style(theme)["axes.prop_cycle"])
    assert [entry["color"] for entry in entries] == list(theme.cycle)
    for key in ("linestyle", "marker"):
        assert len({str(entry[key]) for entry in entries}) == len(theme.cycle)


@THEMES
def test_plotly_template_is_valid_and_varies_dash_and_symbol_with_the_colour(theme: Theme):
    template = go.layout.Template(plotly_template(theme))  # raises on a name plotly does not know
    assert list(template.layout.colorway) == list(theme.cycle)
    assert len({trace.line.dash for trace in template.data.scatter}) == len(theme.cycle)
    assert len({trace.marker.symbol for trace in template.data.scatter}) == len(theme.cycle)


@THEMES
def test_diverging_fades_zero_into_the_page_and_treats_both_signs_alike(theme: Theme):
    colours = diverging(theme)
    assert to_hex(colours(0.5)).upper() == theme.background
    away = [contrast(to_hex(colours(place)), theme.background) for place in (0.0, 0.25, 0.75, 1.0)]
    assert away[0] == pytest.approx(away[3], rel=0.15)
    assert away[1] == pytest.approx(away[2], rel=0.15)
    assert away[0] > away[1]


def test_between_runs_from_end_to_end_through_the_middle():
    colours = between("#0000FF", "#FFFFFF", "#FF0000")
    assert to_hex(colours(0.0)) == "#0000ff"
    assert to_hex(colours(0.5)) == "#ffffff"
    red, _, blue, _ = colours(1.0)
    assert red > blue


# --- alt text and missing packages --------------------------------------------------------


@pytest.mark.parametrize("alt", ["", "   ", "A plot.", "\n" * 40])
def test_a_figure_without_a_description_is_refused(alt: str):
    for make in (
        lambda: described(alt),
        lambda: picture(paint, alt=alt),
        lambda: explore(lines, alt=alt, slope=(1, 3)),
    ):
        with pytest.raises(ValueError, match="expected at least 20"):
            make()


def test_described_keeps_the_words_on_one_line():
    assert described("  Two curves\n   that cross at four. ") == "Two curves that cross at four."


def run(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout


def test_plots_imports_without_the_packages_that_draw():
    heavy = ["matplotlib", "plotly", "ipywidgets", "anywidget", "IPython"]
    code = f"import sys, stlib.plots; print([m for m in {heavy} if m in sys.modules])"
    assert run(code).strip() == "[]"


@pytest.mark.parametrize(
    ("missing", "call"),
    [
        ("matplotlib", f"picture(print, alt={ALT!r})"),
        ("plotly", f"explore(lambda n: None, alt={ALT!r}, n=(1, 3), face='page')"),
        ("ipywidgets", f"explore(lambda n: None, alt={ALT!r}, n=(1, 3), face='live')"),
        ("anywidget", f"explore(lambda n: None, alt={ALT!r}, n=(1, 3), face='live')"),
    ],
)
def test_a_missing_package_is_named_with_the_extra_that_brings_it(missing: str, call: str):
    code = f"""
import sys
sys.modules[{missing!r}] = None
from stlib.plots import explore, picture
try:
    {call}
except ImportError as error:
    print(error)
"""
    message = run(code)
    assert missing in message
    assert "pip install 'stlib[book]'" in message


def test_load_returns_the_module_or_names_the_extra():
    assert load("json", "book") is json
    with pytest.raises(ImportError, match=r"no_such_module.*stlib\[train\]"):
        load("no_such_module", "train")


# --- picture ------------------------------------------------------------------------------


def test_picture_differs_between_themes_and_not_between_runs():
    first, second = picture(paint, alt=ALT), picture(paint, alt=ALT)
    assert isinstance(first, Picture)
    assert first == second
    assert LIGHT.cycle[0].lower() in first.light
    assert DARK.cycle[0].lower() in first.dark
    assert LIGHT.cycle[0].lower() not in first.dark


def test_picture_is_transparent_and_holds_its_letters_as_paths():
    for svg in (picture(paint, alt=ALT).light, picture(paint, alt=ALT).dark):
        assert "<text" not in svg
        assert "<dc:date>" not in svg
        background = re.search(r'<g id="patch_1">\s*<path [^>]*style="([^"]*)"', svg)
        assert background
        assert "fill: none" in background[1]


def test_picture_has_the_size_it_was_asked_for():
    svg = picture(paint, alt=ALT, width=5, height=2).light
    assert 'width="360pt" height="144pt"' in svg


def test_no_label_is_cut_off_where_cells_stay_square():
    edges = []

    def paint(figure: Figure) -> None:
        heat(figure.subplots(), np.eye(32), label="difference", x="column", y="row")
        figure.draw_without_rendering()
        edges.append((figure.get_tightbbox().extents, figure.get_size_inches()))

    picture(paint, alt=ALT, width=5.2, height=4.2)
    for (left, bottom, right, top), (width, height) in edges:
        assert min(left, bottom) >= 0
        assert right <= width
        assert top <= height


def test_picture_shows_both_images_with_one_escaped_alt_text():
    alt = 'A curve below <two> & "beside" three.'
    shown = picture(paint, alt=alt)
    bundle = shown._repr_mimebundle_()
    html = bundle["text/html"]
    assert bundle["text/plain"] == alt
    assert html.count(f'alt="{escape(alt)}"') == 2
    assert "<two>" not in html
    sources = re.findall(r'class="only-(\w+)" src="data:image/svg\+xml;base64,([^"]+)"', html)
    assert [(name, b64decode(data).decode()) for name, data in sources] == [
        ("light", shown.light),
        ("dark", shown.dark),
    ]


def test_picture_saves_both_variants_and_nothing_else(tmp_path):
    shown = picture(paint, alt=ALT)
    shown.save(tmp_path / "curve")
    paths = shown.save(tmp_path / "curve")  # over itself
    assert [path.name for path in paths] == ["curve-light.svg", "curve-dark.svg"]
    assert [path.read_text() for path in paths] == [shown.light, shown.dark]
    assert set(tmp_path.iterdir()) == set(paths)


# --- painters -----------------------------------------------------------------------------


@pytest.fixture
def axes():
    with rc_context(matplotlib_style(LIGHT)):
        yield Figure().subplots()


def test_heat_draws_the_values_with_whole_ticks(axes):
    values = np.arange(12.0).reshape(3, 4)
    image = heat(axes, values, label="value", x="column", y="row")
    np.testing.assert_array_equal(image.get_array(), values)
    assert image.axes.get_xlabel() == "column"
    assert all(tick == round(tick) for tick in image.axes.get_xticks())


def test_heat_on_a_log_scale_leaves_zero_empty(axes):
    image = heat(axes, [[0, 1], [10, 100]], label="value", log=True)
    assert image.get_array().mask.tolist() == [[True, False], [False, False]]
    assert image.norm(10) == pytest.approx(0.5)


@THEMES
def test_heat_with_signs_puts_zero_in_the_middle(theme: Theme):
    with rc_context(matplotlib_style(theme)):
        image = heat(Figure().subplots(), [[-1, 0, 3]], label="value", signed=True)
    assert image.norm(0) == 0.5
    assert to_hex(image.cmap(0.5)).upper() == theme.background


def test_heat_writes_values_that_can_be_read(axes):
    image = heat(axes, [[-1, 0.25]], label="kernel", written=True)
    texts = image.axes.texts
    assert [text.get_text() for text in texts] == ["−1", "0.25"]
    for text, value in zip(texts, [-1, 0.25], strict=True):
        assert contrast(to_hex(text.get_color()), to_hex(image.cmap(image.norm(value)))) > 4.5


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        ([1, 2], {}, r"shape \(2,\), expected \[height, width\]"),
        ([[1]], {"log": True, "signed": True}, "at most one"),
        ([[0, -1]], {"log": True}, "at least one value above zero"),
    ],
)
def test_heat_says_what_it_expected(axes, values, options, message: str):
    with pytest.raises(ValueError, match=message):
        heat(axes, values, label="value", **options)


@pytest.mark.parametrize("channels", [1, 3])
def test_filmstrip_draws_every_frame_in_order(channels: int):
    film = np.linspace(0, 1, 3 * channels * 4).reshape(3, channels, 2, 2)
    row = filmstrip(Figure(), film, title="a film")
    assert [axes.get_title() for axes in row] == ["1", "2", "3"]
    for axes, frame in zip(row, film, strict=True):
        shown = axes.images[0].get_array().reshape(2, 2, channels)
        np.testing.assert_allclose(shown, frame.transpose(1, 2, 0))


@pytest.mark.parametrize(
    ("film", "titles", "message"),
    [
        (np.zeros((2, 2, 4, 4)), (), r"\(2, 2, 4, 4\), expected \[time, 1 or 3"),
        (np.full((2, 1, 4, 4), 1.5), (), r"\[1.5, 1.5\], expected \[0, 1\]"),
        (np.zeros((2, 1, 4, 4)), ("only one",), "1 titles for 2 frames"),
    ],
)
def test_filmstrip_says_what_it_expected(film, titles, message: str):
    with pytest.raises(ValueError, match=message):
        filmstrip(Figure(), film, titles=titles)


def test_stems_write_each_value_at_its_place(axes):
    stems(axes, [1, 0, -2], start=-1, label="kernel")
    assert [(text.xy[0], text.get_text()) for text in axes.texts] == [
        (-1, "1"),
        (0, "0"),
        (1, "−2"),
    ]
    assert axes.get_title(loc="left") == "kernel"


def test_stems_want_a_vector(axes):
    with pytest.raises(ValueError, match=r"shape \(1, 2\), expected \[places\]"):
        stems(axes, [[1, 2]])


# --- controls -----------------------------------------------------------------------------


def test_read_controls_follows_the_abbreviations():
    controls = read_controls(lambda **_: None, {"n": (1, 6), "rate": (0, 0.3, 0.1), "k": [3, 5]})
    assert [control.values for control in controls] == [
        (1, 2, 3, 4, 5, 6),
        (0.0, 0.1, 0.2, 0.3),
        (3, 5),
    ]
    assert [control.slides for control in controls] == [True, True, False]
    assert [control.start for control in controls] == [2, 1, 0]


def test_read_controls_starts_at_the_default_and_stops_at_the_last_full_step():
    (control,) = read_controls(lambda kernel_size=5: None, {"kernel_size": (1, 8, 2)})
    assert control == Control("kernel_size", (1, 3, 5, 7), start=2, slides=True)
    assert control.values == (1, 3, 5, 7)
    assert control.values[control.start] == 5
    assert control.label == "kernel size"


@pytest.mark.parametrize(
    ("abbreviation", "message"),
    [
        ((3, 1), "min < max"),
        ((1, 3, 0), "step > 0"),
        ((1,), r"expected \(min, max\)"),
        ([], r"expected \(min, max\)"),
        (4, r"expected \(min, max\)"),
        ((True, False), r"expected \(min, max\)"),
        ((5, 9), "slope=2 is the default, expected one of"),
    ],
)
def test_read_controls_says_what_it_expected(abbreviation, message: str):
    with pytest.raises(ValueError, match=message):
        read_controls(lines, {"slope": abbreviation})


def test_read_controls_names_what_the_figure_does_not_take():
    with pytest.raises(ValueError, match=r"takes \['kernel_size'\], not size"):
        read_controls(lambda kernel_size: None, {"size": (1, 3)})


def test_read_controls_wants_at_least_one():
    with pytest.raises(ValueError, match="at least one control"):
        explore(lines, alt=ALT)


# --- explore: the page --------------------------------------------------------------------


def embedded(html: str) -> dict:
    data = re.search(r'<script type="application/json">(.*)</script>', html, re.DOTALL)
    assert data
    return json.loads(data[1])


def page_html(figure=lines, alt: str = ALT, **controls) -> str:
    shown = explore(figure, alt=alt, face="page", **controls)
    assert isinstance(shown, Explorer)
    bundle = shown._repr_mimebundle_()
    assert bundle["text/plain"] == described(alt)
    return bundle["text/html"]


def test_page_holds_one_frame_for_every_setting():
    content = embedded(page_html(slope=(1, 3), count=[1, 2]))
    assert set(content["frames"]) == {f"{i},{j}" for i in range(3) for j in range(2)}
    layout, traces = content["frames"]["2,1"]  # slope 3, two lines
    assert [content["traces"][i]["y"] for i in traces] == [[0, 3, 6, 9], [1, 4, 7, 10]]
    assert content["layouts"][layout]["xaxis"]["title"]["text"] == "x"
    assert set(content["themes"]) == {"light", "dark"}


def test_frames_store_what_repeats_once():
    controls = read_controls(lines, {"slope": (1, 3), "count": [1, 2]})
    content = frames(lines, controls)
    assert len(content["layouts"]) == 1
    assert len(content["traces"]) == 6  # of the 9 drawn: each first line serves two frames
    assert "template" not in content["layouts"][0]


def test_frames_round_numbers_and_write_what_json_cannot_say_as_null():
    def figure(n):
        values = np.array([1 / 3, np.inf, np.nan, 123456789.0])
        return go.Figure(go.Scatter(y=values, x=[n, 1, 2, 3]))

    content = frames(figure, read_controls(figure, {"n": (1, 2)}))
    assert content["traces"][0]["y"] == [0.333333, None, None, 123457000.0]


def test_frames_have_a_limit_that_names_the_product():
    controls = read_controls(lines, {"slope": (1, 21), "count": (1, 20)})
    with pytest.raises(ValueError, match=rf"slope: 21 x count: 20 = 420.*most {MOST_FRAMES}"):
        frames(lines, controls)


def test_page_cannot_be_broken_by_its_texts():
    def figure(kind):
        return go.Figure(go.Scatter(y=[1], name="</script><b>"))

    alt = 'A single point; <b>"quoted"</b> & marked.'
    html = page_html(figure, alt, kind=['<i>"one"', "two"])
    assert "<b>" not in html
    assert "<i>" not in html
    assert html.count("</script>") == 1
    assert unescape(re.search(r'aria-label="([^"]*)"', html)[1]) == alt
    assert embedded(html)["traces"][0]["name"] == "</script><b>"


def test_page_offers_native_controls_at_their_start():
    html = page_html(slope=(1, 3), count=[1, 2])
    assert 'role="group"' in html
    field = re.search(r"<label><span>slope</span> <input ([^>]*)>", html)[1]
    assert 'type="range"' in field
    assert 'value="1"' in field
    assert 'aria-valuetext="2"' in field  # the default of `lines`
    assert '<option value="0" selected>1</option><option value="1">2</option>' in html


def test_page_is_the_same_every_time():
    assert page_html(slope=(1, 3)) == page_html(slope=(1, 3))


def test_page_face_returns_the_figure_at_the_start():
    first, html = page_face(lines, read_controls(lines, {"slope": (1, 3)}), ALT)
    assert list(first.data[0].y) == [0, 2, 4, 6]
    assert escape(ALT) in html


# --- explore: live ------------------------------------------------------------------------


def test_a_live_control_changes_the_data_plotted():
    shown = explore(lines, alt=ALT, face="live", slope=(1, 3), count=[1, 2])
    assert list(shown.controls) == ["slope", "count"]
    assert [list(trace.y) for trace in shown.figure.data] == [[0, 2, 4, 6]]
    shown.controls["slope"].value = 3
    assert [list(trace.y) for trace in shown.figure.data] == [[0, 3, 6, 9]]
    shown.controls["count"].value = 2
    assert [list(trace.y) for trace in shown.figure.data] == [[0, 3, 6, 9], [1, 4, 7, 10]]


def test_a_live_trace_keeps_nothing_of_the_one_before():
    def figure(marked):
        trace = go.Scatter(y=[1, 2], text=["a", "b"]) if marked else go.Scatter(y=[3, 4])
        return go.Figure(trace, layout={"title": {"text": "marked"}} if marked else {})

    shown = explore(figure, alt=ALT, face="live", marked=[True, False])
    shown.controls["marked"].value = False
    assert list(shown.figure.data[0].y) == [3, 4]
    assert shown.figure.data[0].text is None
    assert shown.figure.layout.title.text is None


def test_a_live_slider_offers_the_values_of_the_page():
    controls = read_controls(lambda **_: None, {"rate": (0.1, 0.5, 0.2), "n": (1, 7, 2)})
    _, widgets, box = live_face(lambda **_: go.Figure(), controls, ALT)
    for control in controls:
        slider = widgets[control.name]
        assert (slider.min, slider.max) == (control.values[0], control.values[-1])
        assert slider.value == control.values[control.start]
    assert len(box.children) == len(controls) + 1


def test_the_environment_chooses_the_face_once(monkeypatch):
    monkeypatch.setenv("STLIB_FACE", "page")
    on_page = explore(lines, alt=ALT, slope=(1, 3))
    monkeypatch.delenv("STLIB_FACE")
    live = explore(lines, alt=ALT, slope=(1, 3))
    assert "text/html" in on_page._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in live._repr_mimebundle_()
    assert on_page._repr_mimebundle_()["text/plain"] == live._repr_mimebundle_()["text/plain"]
    assert on_page.controls == {}


def test_an_unknown_face_is_named(monkeypatch):
    monkeypatch.setenv("STLIB_FACE", "papyrus")
    with pytest.raises(ValueError, match="face='papyrus' is none of"):
        explore(lines, alt=ALT, slope=(1, 3))


def test_the_sequential_map_grows_lighter_in_even_steps():
    with rc_context(matplotlib_style(LIGHT)):
        image = heat(Figure().subplots(), [[0, 1]], label="value")
    assert image.cmap.name == "cividis"
    cube_roots = np.cbrt([luminance(to_hex(colormaps["cividis"](x))) for x in (0.0, 0.5, 1.0)])
    assert np.diff(cube_roots)[0] == pytest.approx(np.diff(cube_roots)[1], rel=0.15)
