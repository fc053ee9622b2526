"""Tables 1 to 4 of Miao et al.: their arithmetic, and the networks of Table 3 counted."""

from fractions import Fraction
from functools import partial
from itertools import pairwise

import pytest
import torch

from book.extension import printed
from stlib.cost import parameters
from stlib.networks import ResNet3d
from stlib.networks.resnet_3d import joint
from stlib.printed import CITED, FRAMES, VideoNetwork, as_many, table, video_networks

KTH, KINETICS, SOMETHING = (table(f"stdcf-table-{number}") for number in (2, 3, 4))


def value(held, row, column):
    return held.number(row, column).value


@pytest.fixture(scope="module")
def counts():
    """Parameters, and MACs at the side that each row is taken to be of, by name."""
    return {each.name: (each.parameters(), each.giga()) for each in video_networks()}


# --- the tables themselves


def test_every_table_of_the_main_text_is_there():
    for number in range(1, 5):
        assert table(f"stdcf-table-{number}").place == f"Table {number}"
    assert table("stdcf-table-1").cell("16x60x80, tested on 8x60x80", "Dilation 2") == "77.11"


def test_stdcf_table_1_gains_of_the_right_dilation():
    # stdcf-table-1
    held = table("stdcf-table-1")
    gains = [value(held, row, "Dilation 2") - value(held, row, "Dilation 1") for row in held.rows]
    assert [f"{float(gain):.2f}" for gain in gains] == ["22.26", "10.62"]


@pytest.mark.parametrize("row", KTH.rows)
def test_stdcf_table_2_differences_and_shares(row):
    """50.07 is 50.08 of what is printed, and 50.07 of numbers that round to it."""
    # stdcf-table-2
    assert value(KTH, row, "Acc.") - value(KTH, row, "ITSL acc.") == value(KTH, row, "lower")
    full, less = (KTH.number(row, column).bounds() for column in ("Memory", "ITSL memory"))
    low, high = 100 * (1 - less[1] / full[0]), 100 * (1 - less[0] / full[1])
    said = KTH.number(row, "less")
    assert low <= said.bounds()[1]
    assert said.bounds()[0] <= high
    share = 100 * (1 - value(KTH, row, "ITSL memory") / value(KTH, row, "Memory"))
    assert said.agreement(share) == ("cut short" if row == "Reg. 3D" else "rounds")


def test_stdcf_table_2_stdcf_table_3_stdcf_table_4_print_less_than_half():
    """Half of the clips, and memory that a network has anyway: that is half at least."""
    # stdcf-table-2, stdcf-table-3, stdcf-table-4
    halves = [(KTH.number(row, "ITSL memory"), KTH.number(row, "Memory")) for row in KTH.rows]
    for held, last in ((KINETICS, "STDCF-R50-s-3"), (SOMETHING, "STDCF-R50-s-2")):
        halves.append((held.number(last, "Memory"), held.number("STDCF-R50", "Memory")))
    assert len(halves) == 5
    for half, whole in halves:
        assert 2 * half.bounds()[1] < whole.bounds()[0]
        assert half.value / whole.value > Fraction(48, 100)


def test_stdcf_table_3_stdcf_table_4_gaps_that_the_text_names():
    """Half a point on Kinetics-400; and who stands above STDCF where."""
    # stdcf-table-3, stdcf-table-4
    assert value(KINETICS, "STDCF-R50", "Top-1") - value(KINETICS, "STDCF-R50-s-3", "Top-1") == (
        Fraction(1, 2)
    )
    gap = value(SOMETHING, "STDCF-R50", "Top-1") - value(SOMETHING, "STDCF-R50-s-2", "Top-1")
    assert gap == Fraction(8, 10)
    for held, above in ((KINETICS, ["SlowFast [8]"]), (SOMETHING, [])):
        best = value(held, "STDCF-R50", "Top-1")
        assert [row for row in held.rows if value(held, row, "Top-1") > best] == above
    stages = ("STDCF-R50-t-3", "STDCF-R50-s-3", "STDCF-R50")
    for column in ("Top-1", "Top-5", "Memory"):
        assert all(a < b for a, b in pairwise(value(KINETICS, row, column) for row in stages))
    assert value(KINETICS, "TSM [15]", "Top-1") > value(KINETICS, "STDCF-R50-s-3", "Top-1")


# --- the networks of Table 3


def test_stdcf_table_3_parameters_and_macs_beside_the_printed(counts):
    """In millions and 10^9: the text's own network has neither 18.5 nor 52.2."""
    # stdcf-table-3
    said = {
        name: (f"{stored / 1e6:.2f}", f"{float(giga):.2f}")
        for name, (stored, giga) in counts.items()
    }
    assert said == {
        "2D ResNet-50": ("24.33", "32.70"),
        "3D ResNet-50": ("46.96", "81.36"),
        "R(2+1)D, 50 layers": ("46.96", "81.36"),
        "TSM, 50 layers": ("24.33", "32.70"),
        "STDCF-R50, M = 6, N = 2, by atoms": ("28.10", "50.45"),
        "STDCF-R50, M = 6, N = 2, multiplied out": ("28.10", "81.61"),
        "STDCF-R50, M = 3, N = 2, by atoms": ("20.56", "36.91"),
    }
    fits = [
        (each.row, column)
        for each in video_networks()
        for column, count in zip(("Params", "GFLOPs"), counts[each.name], strict=True)
        if each.row is not None and each.printed(column).agreement(count) == "rounds"
    ]
    assert fits == [("TSM [15]", "Params")]
    off = counts["STDCF-R50, M = 6, N = 2, by atoms"][1] / value(KINETICS, "STDCF-R50", "GFLOPs")
    assert f"{float(off - 1):.1%}" == "-3.4%"


def test_stdcf_table_3_18_5_million_are_impossible_with_twelve_coefficients_a_pair(counts):
    """More than nine a pair is more than the 2D network, which already has too many."""
    # stdcf-table-3
    low, high = KINETICS.number("STDCF-R50", "Params").bounds()
    flat = counts["2D ResNet-50"][0]
    assert high < flat < counts["STDCF-R50, M = 6, N = 2, by atoms"][0]
    # Each part has so many pairs of channels in its middle layers.
    pairs = sum(blocks * (64 * 2**part) ** 2 for part, blocks in enumerate((3, 4, 6, 3)))
    assert pairs == 1_257_472
    without = flat - 9 * pairs
    for m, n in ((6, 2), (3, 2)):
        stored = without + m * n * pairs + 16 * (9 * m + 3 * n)
        assert stored == counts[f"STDCF-R50, M = {m}, N = {n}, by atoms"][0]
    # So less than 4.5 coefficients a pair on average; with 6 there are 37 of 10^9 MACs, not 52.2.
    needed = [(bound - without) / pairs for bound in (low, high)]
    assert [f"{float(each):.2f}" for each in needed] == ["4.33", "4.41"]
    assert counts["STDCF-R50, M = 3, N = 2, by atoms"][1] < 37


def test_stdcf_table_3_no_head_stem_or_shortcut_brings_it_to_18_5():
    """All that one may leave out of 28.10 million, and still it is more."""
    # stdcf-table-3
    with torch.device("meta"):
        network = ResNet3d(joint)
    left_out = parameters(network.decide) + parameters(network.stem)
    left_out += sum(parameters(block.shortcut) for block in network.body)
    assert parameters(network) - left_out > KINETICS.number("STDCF-R50", "Params").bounds()[1]


def basic_blocks(blocks, layer):
    """Parameters of a network of two 3x3 layers a block, 64 to 512 wide, with 400 classes."""
    total, inputs = 64 * 3 * 3 * 49 + 2 * 64, 64
    for part, count in enumerate(blocks):
        width = 64 * 2**part
        for block in range(count):
            if part and not block:
                total += inputs * width + 2 * width  # the shortcut
            total += layer(inputs, width) + layer(width, width) + 2 * 2 * width
            inputs = width
    return total + 400 * (inputs + 1)


def test_stdcf_table_3_63_7_million_are_34_layers_and_not_50(counts):
    """Text: only methods of the same depth are compared. 3D or as R(2+1)D, 34 layers have it."""
    # stdcf-table-3

    def whole(inputs, outputs):
        return 27 * inputs * outputs

    def split(inputs, outputs):
        pair = 9 * inputs + 3 * outputs
        between = 27 * inputs * outputs // pair
        return between * (pair + 2)  # with a normalisation between, as R(2+1)D has it

    said = KINETICS.number("R(2+1)D [26]", "Params")
    assert basic_blocks((3, 4, 6, 3), whole) == 63_681_104
    for layer in (whole, split):
        assert said.agreement(basic_blocks((3, 4, 6, 3), layer)) == "rounds"
    assert said.value - counts["R(2+1)D, 50 layers"][0] > 16e6


def test_the_middle_of_r_2_plus_1_d_is_as_large_as_a_whole_filter():
    for channels, between in ((64, 144), (512, 1152), (5, 11)):
        with torch.device("meta"):
            layer = as_many(channels, 1)
        assert len(layer.spatial) == between
        left = 27 * channels**2 - parameters(layer)
        assert 0 <= left < 12 * channels


def test_rows_are_built_or_cited():
    built = {each.row for each in video_networks()} - {None}
    stages = {"STDCF-R50-t-3", "STDCF-R50-s-3"}
    assert built | set(CITED) | stages == set(KINETICS.rows)
    assert not built & set(CITED)
    assert VideoNetwork("a", partial(ResNet3d, joint)).printed("Params") is None
    assert FRAMES == 8


def test_the_page_marks_what_differs(monkeypatch):
    chosen = [each for each in video_networks() if each.row == "TSM [15]"]
    monkeypatch.setattr(printed, "video_networks", lambda: tuple(chosen))
    row = printed.videos().splitlines()[2]
    assert row == ("| TSM, 50 layers | 24.3M | 24,327,632 | 33.0 | 32.70 **differs** | 42.71 |")
