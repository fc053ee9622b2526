"""The reference cards: drawings against the modules they draw, the family, the costs."""

from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from book.extension import cell_cost, family, wiring
from book.extension.cards import body
from book.extension.score import LABELS, LANE, draw, text
from stlib.cells import ConvLSTM
from stlib.recipes import cells as cell_choices

CARDS = Path(__file__).parents[1] / "book" / "reference" / "cells"
CELLS = wiring.read(CARDS / "wiring.toml")
MEMBERS = family.read(CARDS / "family.toml")
BASE = CELLS[wiring.BASE]
WIDTH, SIDE = 8, 8

# Where a state keeps a lane under another name; of m is said what the cell hands on.
FIELDS = {
    "pred_rnn_plus_plus": {"cell.h": "h", "cell.c": "c"},
    "mk_lstm": {"c.0": "c", "c.1": "w"},
    "precip_lstm": {"x": "y"},
    "mim": {"x": "y"},
    "motion_rnn": {
        **{f"base.{name}": name for name in "hcns"},
        "base.x": "y",
        "motion.flow": "F",
        "motion.trend": "D",
    },
    "e3d_lstm": {f"cells.{age}": "c" for age in range(3)},  # the last that is named is the newest
}
# The layer that is drawn, of six, where they differ.
DRAWN = {"pred_rnn_plus_plus": 1, "mim": 1, "motion_rnn": 1, "e3d_lstm": 1}
FILMS = {"e3d_lstm": 2}  # frames that are folded into channels
# Conv-TT-LSTM keeps what a state gives to the cores and not the state, so that what is read differs
# in name, and not in width.
WITHOUT_NAMES = {"conv_tt_lstm"}

CONVOLUTIONS = ("conv2d", "conv3d", "conv_transpose2d", "linear")


class Ear(TorchFunctionMode):
    """Hears every convolution once: what it read, and its weights."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: dict[int, tuple[Tensor, Tensor, str]] = {}

    def __torch_function__(self, function, types, args=(), kwargs=None):
        name = getattr(function, "__name__", "")
        if name in CONVOLUTIONS:
            self.heard.setdefault(args[1].data_ptr(), (args[0].detach(), args[1].detach(), name))
        return function(*args, **(kwargs or {}))


def leaves(state: Any, name: str = "") -> dict[str, Tensor]:
    """The tensors of a state by the names of their fields."""
    if isinstance(state, Tensor):
        return {name: state}
    if not isinstance(state, tuple):
        return {}
    names = getattr(state, "_fields", range(len(state)))
    found: dict[str, Tensor] = {}
    for key, value in zip(names, state, strict=True):
        found |= leaves(value, f"{name}.{key}" if name else f"{key}")
    return found


def drawn_again(state: Any) -> Any:
    """A state of the same shapes, of random numbers."""
    if isinstance(state, Tensor):
        return torch.rand_like(state)
    if isinstance(state, tuple):
        again = [drawn_again(value) for value in state]
        return type(state)(*again) if hasattr(state, "_fields") else tuple(again)
    return state


def executed(key: str) -> Counter:
    """How many weights of a layer of stlib read each value through each kernel."""
    torch.manual_seed(0)
    member = MEMBERS[key]
    make = cell_cost.layers(member)[DRAWN.get(key, 0)]
    cell = make(WIDTH, WIDTH)
    x, above = torch.rand(1, WIDTH, SIDE, SIDE), None
    with torch.no_grad():
        _, state, above = cell(x)
    state, above = drawn_again(state), drawn_again(above)
    with torch.no_grad(), Ear() as ear:
        _, after, m = cell(x, state, above)
    named = FIELDS.get(key, {})
    known = {"x": x, **({"m": above} if isinstance(above, Tensor) else {})}
    known |= {named.get(name, name): value for name, value in leaves(state).items()}
    known |= {f"{named.get(name, name)}*": value for name, value in leaves(after).items()}
    if isinstance(m, Tensor):
        known["m*"] = m
    if frames := FILMS.get(key):
        known = {name: value.unflatten(1, (-1, frames)) for name, value in known.items()}
    counted: Counter = Counter()
    for read, weight, name in ear.heard.values():
        read = read[:, :, :frames] if frames else read  # a frame of zeros may lie behind the film
        kernel = "×".join(map(str, weight.shape[2:])) or "1"
        sides = kernel.split("×")
        kernel = sides[0] if len(sides) == 2 else kernel
        inputs, outputs = weight.shape[:2] if name == "conv_transpose2d" else weight.shape[1::-1]
        for value, many in sources(read, known, inputs).items():
            counted[value, kernel] += many * outputs * wiring.taps_of(kernel)
    return counted


def sources(read: Tensor, known: dict[str, Tensor], channels: int) -> Counter:
    """How many of the channels that a convolution read are of which known value; + is of none."""
    found, place = Counter(), 0
    while place < channels:
        for name, value in known.items():
            width = value.shape[1]
            part = read[:, place : place + width]
            if part.shape == value.shape and torch.equal(part, value):
                found[name] += width
                place += width
                break
        else:
            found["+"] += 1
            place += 1
    return found


def built(key: str) -> bool:
    return hasattr(cell_choices, MEMBERS[key].recipe)


@pytest.mark.parametrize("key", [key for key in CELLS if MEMBERS[key].recipe])
def test_a_wiring_is_what_the_module_executes(key):
    if not built(key):
        pytest.skip(f"{key} is not here yet")
    told = Counter(wiring.weights(CELLS[key], WIDTH // FILMS.get(key, 1)))
    counted = executed(key)
    if folded := CELLS[key].folds:
        told += Counter(wiring.weights(CELLS[folded], WIDTH))
    if key in WITHOUT_NAMES:
        counted, told = by_kernel(counted), by_kernel(told)
    assert counted == told


def by_kernel(counted: Counter) -> Counter:
    widths: Counter = Counter()
    for (_, kernel), many in counted.items():
        widths[kernel] += many
    return widths


def test_a_wrong_wiring_is_noticed():
    right = executed("conv_lstm")
    wrong = wiring.Wiring(
        "wrong", "wrong", "3", BASE.lanes,
        (BASE.rows[0], wiring.Row("o", ("o",), (*BASE.rows[1].taps, wiring.Tap("c", "k"))),
         BASE.rows[2]),
    )  # fmt: skip
    assert right == Counter(wiring.weights(BASE, WIDTH))
    assert right != Counter(wiring.weights(wrong, WIDTH))
    assert wiring.weights(wrong, WIDTH)["c*", "3"] == 9 * WIDTH**2


def test_nothing_of_the_base_is_new_to_it():
    same = wiring.difference(BASE, BASE)
    assert (same.new_lanes, same.new_rows, same.new_taps) == (set(), set(), set())
    assert (same.gone_lanes, same.gone_taps, same.gone_gates) == ([], [], [])


def test_the_difference_of_pred_rnn_is_a_lane_a_row_and_two_looks_and_a_mixture():
    changed = wiring.difference(CELLS["pred_rnn"], BASE)
    assert changed.new_lanes == {"m"}
    assert changed.new_rows == {1}
    old_rows = {(place, tap.lane, tap.kernel) for place, tap in changed.new_taps if place != 1}
    assert old_rows == {(2, "c", "k"), (2, "m", "k"), (3, "c", "1"), (3, "m", "1")}
    assert changed.gone_taps == []


def test_what_is_gone_is_told():
    traj_gru = wiring.difference(CELLS["traj_gru"], BASE)
    assert [lane.key for lane in traj_gru.gone_lanes] == ["c", "o"]
    plus = wiring.difference(CELLS["pred_rnn_plus_plus"], BASE)
    assert [(place, tap.lane) for place, tap in plus.gone_taps] == [(4, "h")]
    assert wiring.difference(CELLS["mim"], BASE).gone_gates == ["f"]
    assert "Gone: gate f." in wiring.in_words(CELLS["mim"], wiring.Difference(gone_gates=["f"]))


@pytest.mark.parametrize("key", CELLS)
def test_a_drawing_is_whole_and_can_be_told(key):
    cell = CELLS[key]
    svg = ElementTree.fromstring(draw(cell, wiring.difference(cell, BASE)))
    title, told = (svg.find(name).text for name in ("title", "desc"))
    assert cell.name in title
    assert all(wiring.plain(", ".join(row.gates)) in told for row in cell.rows)
    kernels = sum(1 for each in svg.iter("text") if "kernel" in each.get("class"))
    assert kernels == sum(len({tap.lane for tap in row.taps if tap.kernel}) for row in cell.rows)
    width = float(svg.get("viewBox").split()[2])
    assert all(0 <= float(each.get("x")) <= width for each in svg.iter("text"))
    assert width <= 440, "too wide for a telephone"


def test_a_cell_inside_of_another_is_a_box_of_its_own():
    cell = CELLS["motion_rnn"]
    changed = wiring.difference(cell, BASE)
    svg = ElementTree.fromstring(draw(cell, changed))
    outer, _ = (each for each in svg.iter("rect") if each.get("class") == "box")
    left, wide = float(outer.get("x")), float(outer.get("width"))
    first = {key: LABELS + LANE * (place + 0.5) for place, key in enumerate(("x", "h", "o", "e"))}
    assert left < first["x"]
    assert first["o"] < left + wide < first["e"]
    assert wiring.in_words(cell, changed).startswith(
        "A box, MIM, a whole cell with its memories c, n, s, m, reads x and h and writes h and o."
    )


def test_a_formula_has_raised_and_lowered_parts():
    drawn = ElementTree.fromstring(text("m^{l-1}_t", 5, 6, "end new"))
    assert [part.text for part in drawn] == ["m", "l−1", "t"]
    assert [part.get("dy") for part in drawn] == [None, "-5", "9"]


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ('lanes = [["x"]]\nrow = [{writes = "x", gates = ["a"], reads = ["y k"]}]', "'y'"),
        ('lanes = [["x"]]\nrow = [{writes = "z", gates = ["a"], reads = ["x"]}]', "'z'"),
    ],
)
def test_a_row_of_a_lane_that_is_not_there_is_refused(tmp_path, entry, complaint):
    file = tmp_path / "wiring.toml"
    file.write_text(f'[[cell]]\nkey = "a"\nname = "A"\n{entry}\n')
    with pytest.raises(ValueError, match=complaint):
        wiring.read(file)


@pytest.mark.parametrize(
    ("said", "many"), [("20", 20), ("c", 8), ("10c", 80), ("c/4", 2), ("9c/4", 18)]
)
def test_channels(said, many):
    assert wiring.channels(said, 8) == many


@pytest.mark.parametrize("said", ["c/3", "c + 1", "d"])
def test_channels_that_are_none(said):
    with pytest.raises(ValueError, match="c"):
        wiring.channels(said, 8)


def test_every_member_has_a_page_and_every_cell_a_drawing():
    pages = {path.stem for path in CARDS.glob("*.md")} - {"index"}
    assert pages == set(MEMBERS)
    assert set(MEMBERS) == set(CELLS)


def test_the_tree_has_every_member_once_below_its_parent():
    tree = ElementTree.fromstring(family.tree(list(MEMBERS.values())))
    links = {link.get("href"): link.text for link in tree.iter("a")}
    assert links == {f"{key}.html": member.name for key, member in MEMBERS.items()}
    for item in tree.iter("li"):
        parent = item.find("div/a").get("href").removesuffix(".html")
        children = [each.find("div/a").get("href") for each in item.findall("ul/li")]
        assert {MEMBERS[child.removesuffix(".html")].parent for child in children} <= {parent}


def test_a_parent_is_known_and_older(tmp_path):
    file = tmp_path / "family.toml"
    for parent, year in (("nobody", 2020), ("a", 2010)):
        file.write_text(
            '[[member]]\nkey = "a"\nname = "A"\nyear = 2015\nadds = "it"\n'
            f'[[member]]\nkey = "b"\nname = "B"\nyear = {year}\nadds = "it"\nparent = "{parent}"\n'
        )
        with pytest.raises(ValueError, match=f"'{parent}' is no member of {year}"):
            family.read(file)


def test_costs_of_a_layer_are_polynomials():
    member = MEMBERS["conv_lstm"]
    assert cell_cost.by_layers(member, cell_cost.layer_parameters) == "72 c² + 8 c"
    assert cell_cost.by_layers(member, cell_cost.layer_macs) == "72 c²"
    assert cell_cost.network_parameters(member) == 444_001
    assert cell_cost.shown((Fraction(4905, 16), Fraction(-2), Fraction(972))) == (
        "306.5625 c² − 2 c + 972"
    )
    with pytest.raises(ValueError, match="no quadratic"):
        cell_cost.polynomial(lambda c: Fraction(c**3))


def test_layers_that_differ_are_told_apart():
    table = cell_cost.card_table(MEMBERS["pred_rnn_plus_plus"], MEMBERS["conv_lstm"])
    assert "192 c² + 9 c (layer 1, 3–6)<br>228 c² + 13 c (layer 2)" in table
    assert "| 1,218,465 | 2.74 × |" in table


def test_all_costs_stand_in_one_table_cheapest_first():
    some = [MEMBERS["mk_lstm"], MEMBERS["conv_lstm"]]
    rows = cell_cost.all_table(some, MEMBERS["conv_lstm"]).splitlines()[2:]
    assert [row.split("]")[0] for row in rows] == ["| [ConvLSTM", "| [MK-LSTM"]


def test_the_code_of_a_card_is_the_methods():
    lines = body(ConvLSTM.forward).splitlines()
    assert lines[0] == "h, c = resume(state, x, self.inputs, self.outputs)"
    assert lines[-1] == "return h, Step(h, c), m"
