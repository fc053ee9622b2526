"""Recipes as JSON and back, what no recipe can be, and the sampling functions they stand for."""

import json
from copy import copy, deepcopy
from dataclasses import fields, is_dataclass, replace
from inspect import unwrap
from math import inf, nan

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stlib import sampling
from stlib.artifacts import load_result
from stlib.cost import parameters
from stlib.data.clips import sides
from stlib.networks import Patched
from stlib.recipes import (
    ClipRecipe,
    Experiment,
    Recipe,
    experiment,
    experiments,
    from_plain,
    recipe_from_plain,
    to_plain,
)
from stlib.recipes.cells import (
    CompressedConvLSTMCell,
    ConvLSTMCell,
    ConvTTLSTMCell,
    E3DLSTMCell,
    MIMCell,
    MKLSTMCell,
    PrecipLSTMCell,
    PredRNNPlusPlusCell,
    STLSTMCell,
    one_for_all,
)
from stlib.recipes.clip_recipe import smoke as clip_smoke
from stlib.recipes.conv_tt_lstm import LAB_CONV_LSTM, classic, with_cell
from stlib.recipes.conv_tt_lstm_search import table_6, table_7
from stlib.recipes.data import (
    KTH,
    DataChoice,
    GermanRadar,
    Rain,
    Something,
    StickKTH,
    TaxiBJ,
    Traffic,
)
from stlib.recipes.earlier import current
from stlib.recipes.feeding import (
    ByEpoch,
    ByIteration,
    Curriculum,
    OnPlateau,
    Progress,
    Reverse,
    TeacherForcing,
    WholeBatch,
)
from stlib.recipes.ms_lstm import at_lab_width
from stlib.recipes.networks import (
    EarthformerOf,
    EncoderForecasterOf,
    PyramidOf,
    SimVPOf,
    SkipNetOf,
    StackOf,
)
from stlib.recipes.recipe import smoke
from stlib.sampling import ReverseChances
from stlib.shipped import shipped
from stlib.stages import Stage

SCALES = ("smoke", "lab", "paper")
EVERY = {f"{each.name}-{scale}": each.at(scale) for each in experiments() for scale in SCALES}
every_recipe = pytest.mark.parametrize("recipe", EVERY.values(), ids=EVERY)
FEEDINGS = (
    TeacherForcing(), ByIteration(until=0.3), ByEpoch(start=2, step=0.25), OnPlateau(1, 0.5),
    Reverse(), Curriculum(horizons=(1, 3)),
)  # fmt: skip


def coins(seed=0):
    return torch.Generator().manual_seed(seed)


# --- as JSON


@every_recipe
def test_a_recipe_comes_back_from_json(recipe):
    read = recipe_from_plain(json.loads(json.dumps(to_plain(recipe), allow_nan=False)))
    assert read == recipe
    assert repr(read) == repr(recipe), "2 is not 2.0, nor a list a tuple"


@every_recipe
def test_data_keep_the_contract(recipe):
    data = recipe.data
    assert isinstance(data, DataChoice)
    assert min(data.frames, *sides(data.canvas), data.channels) >= 1
    assert min(data.smoke().training, data.smoke().test) >= 1


@pytest.mark.parametrize("feeding", FEEDINGS)
@pytest.mark.parametrize(
    "network",
    [
        StackOf(),
        SkipNetOf(ConvLSTMCell(1, 2, True), (1, 2, 3, 4)),
        PyramidOf(MKLSTMCell((3, 5, 7), 1), (4,) * 4, patch=2),
        StackOf(PredRNNPlusPlusCell(5)),
        SkipNetOf(PrecipLSTMCell(3, 8, 4), (2,) * 4),
        PyramidOf(E3DLSTMCell(3, None, False), (4,) * 4),
    ],
)
def test_every_choice_comes_back_from_json(feeding, network):
    recipe = replace(EVERY["first-convlstm-lab"], feeding=feeding, network=network, clip=None)
    assert from_plain(Recipe, json.loads(json.dumps(to_plain(recipe)))) == recipe


def test_the_plain_form_names_every_class_and_field():
    def check(value, plain):
        if is_dataclass(value):
            assert plain["kind"] == type(value).__name__
            assert plain.keys() == {"kind", *(field.name for field in fields(value))}
            for field in fields(value):
                check(getattr(value, field.name), plain[field.name])
        elif isinstance(value, tuple):
            assert isinstance(plain, list)
            for pair in zip(value, plain, strict=True):
                check(*pair)
        else:
            assert plain is value

    for recipe in EVERY.values():
        check(recipe, to_plain(recipe))


def places(plain, path=()):
    """Every entry of a plain form, by the way that leads to it."""
    yield path
    if not isinstance(plain, dict | list):
        return
    for key, value in plain.items() if isinstance(plain, dict) else enumerate(plain):
        yield from places(value, (*path, key))


def spelled(path):
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)


def entry(plain, path):
    for key in path:
        plain = plain[key]
    return plain


PLAIN = {name: to_plain(recipe) for name, recipe in EVERY.items()}
WRONG = (  # a list of them, so that what is right at a place can be left out
    None, True, 0.5, "x", [], {}, {"kind": "StackOf"}, [None], 10**400, {"kind": ["Stage"]}, -1,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(PLAIN)), st.data())
def test_anything_wrong_in_the_plain_form_is_refused_by_name(name, data):
    """A plain form with one entry damaged is the form of another recipe, or is refused.

    Of another of today's, or of one that an earlier version wrote.
    """
    plain = deepcopy(PLAIN[name])
    path = data.draw(st.sampled_from([path for path in places(plain) if path]))
    holder, key = entry(plain, path[:-1]), path[-1]
    how = data.draw(st.sampled_from(["remove", "rename", "replace"]))
    if how == "replace":
        holder[key] = data.draw(st.sampled_from(WRONG))
    elif how == "remove":
        del holder[key]
    elif isinstance(holder, dict):
        holder[f"{key}_"] = holder.pop(key)
    wanted = type(EVERY[name])
    try:
        read = from_plain(wanted, plain)
    except ValueError as error:
        said = str(error)
        assert "expected" in said or "must be" in said
        if how == "replace" and said.startswith(wanted.__name__):
            assert said.startswith(f"{wanted.__name__}{spelled(path)}"), said
        elif said.startswith(wanted.__name__):
            assert said.startswith(f"{wanted.__name__}{spelled(path[:-1])}"), said
    else:
        assert to_plain(read) == current(plain)


def test_an_entry_of_a_list_is_named_where_something_else_may_stand_too():
    plain = deepcopy(PLAIN["stdcf-table-2-joint-full-paper"])
    plain["data"]["canvas"][0] = None
    with pytest.raises(ValueError, match=r"^recipe\.data\.canvas\[0\]=None, expected int"):
        recipe_from_plain(plain)
    with pytest.raises(ValueError, match=r"^ClipRecipe\.data\.canvas\[0\]=None, expected int"):
        from_plain(ClipRecipe, plain)


def damaged(**changed):
    return {**PLAIN["first-convlstm-lab"], **changed}


@pytest.mark.parametrize(
    ("plain", "says"),
    [
        (None, "Recipe=None, expected an entry of kind Recipe"),
        ({"kind": "Stage"}, "Recipe.kind='Stage', expected 'Recipe'"),
        (damaged(extra=1), r"Recipe: holds \[.*'extra'.*expected"),
        (damaged(batch=8.0), "Recipe.batch=8.0, expected int"),
        (damaged(batch=True), "Recipe.batch=True, expected int"),
        (damaged(clip="1"), "Recipe.clip='1', expected float or null"),
        (damaged(clip=10**400), "Recipe.clip=1.*, expected float or null"),
        (damaged(loss="l3"), r"Recipe.loss='l3', expected one of \('l2_mean'"),
        (damaged(network={"kind": "Recipe"}), "Recipe.network.kind='Recipe', expected one of"),
        (damaged(network=None), "Recipe.network=None, expected StackOf or SkipNetOf"),
        (damaged(stages=3), "Recipe.stages=3, expected a list"),
        (damaged(stages=[{"kind": "Stage", "steps": 1}]), r"Recipe.stages\[0\]: holds"),
        (damaged(feeding={"kind": "ByIteration", "until": 2}), "until=2.0: expected above 0"),
        (damaged(data={**PLAIN["first-convlstm-lab"]["data"], "speed": [1.0]}),
         r"Recipe.data.speed=\[1.0\], expected 2 entries"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(plain, says):
    with pytest.raises(ValueError, match=says):
        from_plain(Recipe, plain)


def test_numbers_without_a_point_are_floats_where_floats_are_meant():
    read = from_plain(Recipe, damaged(clip=2))
    assert repr(read.clip) == "2.0"


# --- as earlier versions wrote it


def earlier(recipe):
    """As version 0.1 wrote it: the digits beside the data, and nothing that came later."""
    plain = to_plain(recipe)
    del plain["recognition"], plain["foretell"], plain["decoupling"]
    del plain["network"]["embed"], plain["network"]["xavier"], plain["network"]["patch"]
    return {**plain, "digits": plain["data"].pop("digits")}


@pytest.mark.parametrize("digits", ["auto", "sklearn"])
def test_a_recipe_of_an_earlier_version_is_read(digits):
    recipe = EVERY["first-convlstm-lab"]
    recipe = replace(recipe, data=replace(recipe.data, digits=digits))
    plain = earlier(recipe)
    before = deepcopy(plain)
    assert from_plain(Recipe, plain) == recipe
    assert (current(plain), plain) == (to_plain(recipe), before)


@pytest.mark.parametrize(
    "data", [StickKTH(frames=12, tempo=0.5), KTH("these tests", every=4, damaged="skip")]
)
def test_a_recipe_from_before_actions_were_chosen_is_read(data):
    recipe = replace(EVERY["first-convlstm-lab"], data=data, test_clips=9, validation_clips=9)
    plain = to_plain(recipe)
    assert plain["data"].pop("actions") == []
    plain["data"].pop("division", None)
    before = deepcopy(plain)
    assert from_plain(Recipe, plain) == recipe
    assert (current(plain), plain) == (to_plain(recipe), before)


def test_every_shipped_recipe_is_read():
    held = load_result("first-convlstm").measured["first-convlstm"]["recipe"]
    assert from_plain(Recipe, held) == EVERY["first-convlstm-lab"]
    assert shipped("first-convlstm").recipe == EVERY["first-convlstm-lab"]


@pytest.mark.parametrize(
    "plain",
    [
        None, 3, [], {}, {"kind": "Stage", "digits": "auto"}, {"kind": "Recipe", "digits": "auto"},
        {"kind": "Recipe", "digits": "auto", "data": {"kind": "StackOf"}},
        {"kind": "Recipe", "digits": "auto", "data": {"kind": "Preset", "digits": "auto"}},
        PLAIN["first-convlstm-lab"],
    ],
)  # fmt: skip
def test_what_no_earlier_version_wrote_is_left_alone(plain):
    assert current(plain) == plain


# --- the experiments


def test_names_are_unique_and_an_unknown_one_lists_them():
    names = [each.name for each in experiments()]
    assert len(set(names)) == len(names)
    assert all(experiment(name).name == name for name in names)
    with pytest.raises(ValueError, match=f"name='first' is no experiment; there are {names[0]}, "):
        experiment("first")
    assert isinstance(experiment(names[0]), Experiment)
    with pytest.raises(ValueError, match="scale='big', expected one of smoke, lab, paper"):
        unwrap(Experiment.at)(experiment(names[0]), "big")


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("ms-table-3-convlstm", 444_001),
        ("ms-table-3-sms-lstm", 444_001),
        ("ms-table-3-tms-lstm", 1_896_097),
        ("ms-table-3-ms-lstm", 1_896_097),
        # 1x1 maps of 4 and 16 pixels to 32 channels and back, in place of one pixel
        ("ms-section-6-patch-2-convlstm", 444_001 + 3 * (32 + 32 + 1)),
        ("ms-section-6-patch-4-ms-lstm", 1_896_097 + 15 * (32 + 32 + 1)),
        ("ctt-table-4-convlstm", 3_973_201),
        ("ctt-table-4-conv-tt-lstm", 2_687_281),
        ("ctt-table-4-classic", 2_204_497),
        ("ctt-table-4-encoder-forecaster", 7_585_296),
        ("ctt-table-8-4-layers-convlstm", 11_483_777),
        ("ctt-table-6-steps-5", 3_263_281),
    ],
)
def test_the_papers_networks_have_the_papers_parameters(name, count):
    with torch.device("meta"):
        assert parameters(experiment(name).paper.network.build()) == count


def test_ctt_table_6_and_ctt_table_7_whole():
    """Every combination that can be built, once: ctt-table-6, ctt-table-7."""
    grid = list(table_6())
    cells = [recipe.network.cell for recipe in grid]
    assert len(set(map(repr, grid))) == len(grid)
    # M = 1 leaves order 1; M = 3 orders 1 to 3; M = 5 all four: 8 of 12, times K, rate, ranks.
    assert len(grid) == 8 * 2 * 3 * 3
    assert all(cell.steps >= cell.order for cell in cells)
    assert {recipe.stages[0].rate for recipe in grid} == {1e-4, 5e-4, 1e-3}
    settings = [(cell.rank, cell.factors) for cell in (each.network.cell for each in table_7())]
    assert sorted(settings) == sorted((r, n) for r in (8, 16, 32) for n in (2, 3) for _ in range(2))


def test_ctt_table_3_ctt_table_4_and_ctt_table_8_rows_differ_in_the_cell():
    """The rows that chapter 13 compares: ctt-table-3, ctt-table-4, ctt-table-8."""
    base = experiment("ctt-table-4-convlstm")
    changed = {
        "ctt-table-4-conv-tt-lstm": {},
        "ctt-table-8-fixed": {"window": "fixed"},
        "ctt-table-3-pointwise-order-3": {"core": 1, "projection": 1},
        "ctt-table-3-single": {"order": 1},
    }
    for name, change in changed.items():
        for scale, kernel in (("paper", 5), ("lab", 3)):
            recipe, plain = experiment(name).at(scale), base.at(scale)
            assert recipe.network.cell == ConvTTLSTMCell(kernel=kernel, **change)
            network = replace(recipe.network, cell=plain.network.cell)
            assert replace(recipe, network=network, source=plain.source) == plain


def test_labs_that_are_compared_differ_in_what_the_paper_changes_alone():
    """Data, loss, feeding, stages, batch, clipping: equal, but where the row is about them."""
    base = experiment("ctt-table-4-conv-tt-lstm").lab
    about = {"rate": "stages", "clipping": "clip", "teacher": "feeding", "l1": "loss"}
    for each in experiments():
        if each.name.startswith("ctt-") and "kth" not in each.name:
            found = {
                field.name
                for field in fields(base)
                if getattr(each.lab, field.name) != getattr(base, field.name)
            }
            allowed = {field for word, field in about.items() if word in each.name}
            assert found - {"source", "network"} == allowed, each.name


def test_ms_table_3_and_ms_table_7_to_ms_table_11_rows_differ_in_network_and_data_alone():
    """At lab scale also those of section 6: what chapter 16 compares is trained alike."""
    for scale, allowed in (
        ("lab", {"network", "data", "source", "context", "test_clips"}),
        ("paper", {"network", "data", "source", "context", "test_clips", "stages"}),
    ):
        base = experiment("ms-table-3-convlstm").at(scale)
        for each in experiments():
            if each.name.startswith("ms-"):
                recipe = each.at(scale)
                own = {"feeding", "decoupling"} if recipe.decoupling else set()  # PredRNN-V2's
                found = {
                    field.name
                    for field in fields(base)
                    if getattr(recipe, field.name) != getattr(base, field.name)
                } - own
                assert found - {"validate_every"} <= allowed, each.name
                assert found <= {"network", "source"} or recipe.data != base.data, each.name
    assert experiment("ms-section-5-rain-tms-lstm").lab.data == Rain(canvas=32)


@pytest.mark.parametrize(
    ("name", "epochs", "clips"),
    [
        ("ms-table-3-ms-lstm", 40, 10_500),
        ("ms-table-8-ms-lstm", 15, 19_560),
        ("ms-table-9-ms-lstm", 20, 5_000),
        ("ms-table-11-ms-lstm", 20, 19_722),
    ],
)
def test_the_papers_epochs_in_steps(name, epochs, clips):
    recipe = experiment(name).paper
    assert recipe.steps == epochs * (clips // recipe.batch)
    assert {stage.rate for stage in recipe.stages} == {3e-4}


@pytest.mark.parametrize("choice", [StackOf(MKLSTMCell(kernels=(1, 3))), PyramidOf(patch=2)])
def test_at_lab_width_only_the_width_and_the_first_weights_change(choice):
    changed = at_lab_width(choice)
    assert changed == replace(choice, hidden=(16,) * 6, xavier=True)
    torch.manual_seed(0)
    network = changed.build()
    inner = network if changed.patch == 1 else network.network
    assert [cell.outputs for cell in inner.cells] == [16] * 6
    assert {cell.kernels for cell in inner.cells} == {choice.cell.kernels}
    assert not inner.readout.bias.any()  # Xavier's: zero biases
    frame = torch.rand(1, 1, 8, 8)
    assert network(frame)[0].shape == frame.shape


def test_with_cell_changes_the_cell_and_the_source():
    cell = classic(kernel=3)
    changed = with_cell(LAB_CONV_LSTM, cell, "Su et al.")
    assert cell == CompressedConvLSTMCell(kernel=3, rank=8, factors=3, trains=4)
    network = replace(LAB_CONV_LSTM.network, cell=cell)
    assert changed == replace(LAB_CONV_LSTM, source="Su et al.", network=network)


def test_a_network_that_cannot_tell_its_layers_apart_wants_them_alike():
    make = one_for_all(ConvLSTMCell(kernel=5))
    assert parameters(make(2, 3)) == parameters(ConvLSTMCell(kernel=5).layers(2)[1](2, 3))
    with pytest.raises(ValueError, match=r"cell=.*needs a cell whose layers are all alike"):
        one_for_all(StackOf())


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: StackOf(STLSTMCell(), (3, 4)), r"hidden=\(3, 4\): expected equal widths.*climbs"),
        (lambda: PyramidOf(MIMCell(), (3, 4, 3, 3)), "expected equal widths"),
        (lambda: SkipNetOf(PrecipLSTMCell()), r"hidden=\(32, 48, 48, 32\): expected equal widths"),
        (lambda: EncoderForecasterOf(STLSTMCell()), "expected one whose memories stay"),
        (lambda: EncoderForecasterOf(MIMCell()), "needs a cell whose layers are all alike"),
        (
            lambda: replace(experiment("ms-table-6-simvp").lab, feeding=Reverse()),
            r"feeding=Reverse\(\): expected one that shows the whole context",
        ),
    ],
)
def test_what_would_fail_at_the_first_frame_is_refused_as_a_recipe(make, says):
    with pytest.raises(ValueError, match=says):
        make()


@pytest.mark.parametrize(
    "cell", [ConvLSTMCell(5, 2, True), ConvTTLSTMCell(2, 3, (1, 2), 3), classic(3, 2, 2)]
)
@pytest.mark.parametrize("xavier", [True, False])
def test_a_choice_builds_what_its_fields_say(cell, xavier):
    built = cell.constructor()(2, 4)
    for field in fields(cell):
        if hasattr(built, field.name) and isinstance(getattr(built, field.name), int):
            assert getattr(built, field.name) == getattr(cell, field.name)
    for choice in (
        StackOf(cell, (4, 4), xavier=xavier, embed=False),
        SkipNetOf(cell, (2, 2, 2, 2), 1, xavier=xavier),
    ):
        network = choice.build()
        assert parameters(network.cells[0]) == parameters(cell.constructor()(1, choice.hidden[0]))
        biases = [w for name, w in network.named_parameters() if name.endswith("readout.bias")]
        assert bool((biases[0] == 0).all()) is xavier


@pytest.mark.parametrize(
    "choice",
    [
        StackOf(hidden=(4, 4)),
        SkipNetOf(ConvLSTMCell(), (2, 2, 2, 2), 1),
        PyramidOf(MKLSTMCell((1, 3)), (4,) * 4),
    ],
)
def test_any_network_may_read_patches(choice):
    plain, patched = choice.build(), replace(choice, patch=2).build()
    assert isinstance(patched, Patched)
    assert (patched.channels, patched.network.channels) == (1, 4)
    assert type(patched.network) is type(plain)
    frame = torch.rand(1, 1, 8, 8)
    assert patched(frame)[0].shape == frame.shape


@pytest.mark.parametrize("each", experiments(), ids=lambda each: each.name)
def test_smoke_shrinks_nothing_but_samples_steps_and_frames(each):
    shrink = clip_smoke if isinstance(each.smoke, ClipRecipe) else smoke
    like = next(recipe for recipe in (each.lab, each.paper) if shrink(recipe) == each.smoke)
    if isinstance(like, Recipe):
        network, foretell = like.network, None if like.foretell is None else 4
        if isinstance(network, EncoderForecasterOf | SimVPOf | EarthformerOf):
            network = replace(network, context=3)  # it counts the frames that the recipe shrinks
        if isinstance(network, EarthformerOf):
            network = replace(network, canvas=each.smoke.data.canvas)
        own = {"network": network, "context": 3, "foretell": foretell}
    else:
        own = {"first": None}  # no other run is at hand
    assert each.smoke == replace(
        like,
        **own,
        source=each.smoke.source,
        data=shrunk(like.data),
        stages=tuple(replace(stage, steps=2, warmup=min(2, stage.warmup)) for stage in like.stages),
        batch=2,
        validate_every=1,
        validation_clips=each.smoke.data.validation,
        test_clips=each.smoke.data.test,
    )
    assert each.smoke.steps <= 2 * len(like.stages)
    assert each.smoke.steps * each.smoke.batch <= 4 * len(like.stages)


def shrunk(data):
    """The same data, fewer and smaller; or the stick figures that stand in for films."""
    small = data.smoke()
    if type(small) is not type(data):
        return small
    changed = {"training", "validation", "test", "frames", "canvas", "shrink"}
    changed &= {field.name for field in fields(data)}
    return replace(data, **{name: getattr(small, name) for name in changed})


@pytest.mark.parametrize(
    "data",
    [
        EVERY["first-convlstm-lab"].data,
        StickKTH(),
        StickKTH(tempo=2.0),
        Rain(canvas=180, growth=False),
        Traffic(seed=3),
    ],
)
def test_smoke_data_are_of_the_same_kind_and_open_in_no_time(data):
    small = data.smoke()
    assert small == shrunk(data)
    clips = small.open("training")
    assert (len(clips), clips[0].shape) == (
        small.training,
        (small.frames, small.channels, small.canvas, small.canvas),
    )
    assert clips[0].numel() < 1e4


@every_recipe
def test_recipes_say_where_they_come_from(recipe):
    assert any(who in recipe.source for who in ("this book", "et al."))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"stages": ()}, r"stages=\(\): expected one stage at least"),
        ({"data": StickKTH(channels=3)}, "network.channels=1: expected 3 as the clips of StickKTH"),
        ({"batch": 0}, "batch=0: expected 1 to the 10000 training clips"),
        ({"batch": 10_001}, "batch=10001"),
        ({"context": 0}, "context=0: expected 1 to 19"),
        ({"context": 20}, "context=20: expected 1 to 19"),
        ({"clip": 0.0}, "clip=0.0: expected a positive norm or None"),
        ({"clip": nan}, "clip=nan"),
        ({"validate_every": 0}, "validate_every=0: expected at least 1"),
        ({"validation_clips": -1}, "validation_clips=-1: expected 0 to the 1000"),
        ({"validation_clips": 1001}, "validation_clips=1001"),
        ({"test_clips": 1001}, "test_clips=1001: expected 0 to the 1000"),
        ({"foretell": 0}, "foretell=0: expected at least 1, or None"),
        ({"feeding": OnPlateau(), "validation_clips": 0}, "validation_clips=0: .*OnPlateau"),
    ],
)
def test_a_recipe_that_cannot_be_is_named(wrong, says):
    with pytest.raises(ValueError, match=says):
        replace(EVERY["first-convlstm-lab"], **wrong)


def test_an_unknown_loss_is_named():
    """As a reader's program sees it, without the checks of types that tests run under."""
    recipe = copy(EVERY["first-convlstm-lab"])
    object.__setattr__(recipe, "loss", "l3")
    with pytest.raises(ValueError, match="loss='l3', expected one of l2_mean, "):
        unwrap(Recipe.__post_init__)(recipe)


def test_stick_figures_come_back_from_json_and_have_limits_too():
    data = StickKTH(tempo=1.5, background="textured", noise=0.1, channels=3, canvas=(48, 64))
    lab = EVERY["first-convlstm-lab"]
    network = replace(lab.network, channels=3)
    recipe = replace(lab, network=network, data=data, test_clips=540, validation_clips=180)
    assert from_plain(Recipe, json.loads(json.dumps(to_plain(recipe)))) == recipe
    with pytest.raises(ValueError, match="test_clips=541: expected 0 to the 540"):
        replace(recipe, test_clips=541)
    with pytest.raises(ValueError, match="split='holdout', expected one of training"):
        unwrap(StickKTH.open)(data, "holdout")
    with pytest.raises(ValueError, match="samples=0"):
        StickKTH(validation=0).open("validation")


@pytest.mark.parametrize(
    "data",
    [
        KTH("these tests", every=5, filter="area", damaged="skip"),
        KTH("these tests", frames=16, canvas=(60, 80), division="eight train"),
        Something("these tests", test=7, templates="41.txt", share=0.5),
    ],
)
def test_films_come_back_from_json_and_only_opening_tells_how_many_there_are(data):
    lab = EVERY["first-convlstm-lab"]
    network = replace(lab.network, channels=data.channels)
    recipe = replace(lab, network=network, data=data, batch=10**6, test_clips=7)
    assert from_plain(Recipe, json.loads(json.dumps(to_plain(recipe)))) == recipe
    with pytest.raises(ValueError, match="batch=0: expected 1"):
        replace(recipe, batch=0)
    if data.test:
        with pytest.raises(ValueError, match="test_clips=8: expected 0 to the 7 there are"):
            replace(recipe, test_clips=8)
    small = smoke(recipe)
    assert isinstance(small.data, StickKTH)
    assert (small.data.channels, small.validation_clips) == (data.channels, 6)
    assert small.source == f"{lab.source}; on other data, {small.data.source}"
    assert "stick figures" in small.source
    assert (small.network, small.loss, small.feeding) == (network, recipe.loss, recipe.feeding)
    assert replace(data, validation=0).smoke().validation == 0


@pytest.mark.parametrize(
    "data",
    [
        Traffic(),
        TaxiBJ("these tests", most=1000.0, damaged="skip"),
        Rain(speed=(0.0, 1.0), thresholds=(1.0,)),
        GermanRadar("these tests", every=3, quantity="mm/h", test=1_000),
        KTH("these tests", actions=("running", "jogging", "walking"), every=(3, 10, 10)),
    ],
)
def test_what_a_paper_measured_or_we_make_fits_a_recipe(data):
    recipe = replace(EVERY["ms-table-3-convlstm-lab"], data=data, context=4)
    assert from_plain(Recipe, json.loads(json.dumps(to_plain(recipe)))) == recipe
    small = smoke(recipe)
    assert isinstance(small.data, Traffic | Rain | StickKTH)
    assert ("on other data, this book" in small.source) == (type(small.data) is not type(data))
    if isinstance(data, KTH):
        assert small.data.actions == data.actions
    else:
        assert small.data.units.name == data.units.name


@pytest.mark.parametrize("wrong", [(0.5, 0.5), (0.0,), (nan,), (1.0, inf)])
def test_thresholds_that_cannot_be_are_named(wrong):
    for make in (Rain, lambda **given: GermanRadar("these tests", **given)):
        with pytest.raises(ValueError, match=r"thresholds=\(.*expected mm/h above 0, each once"):
            make(thresholds=wrong)


def test_sizes_of_a_recipe():
    recipe = replace(EVERY["first-convlstm-lab"], stages=(Stage(3), Stage(4)), context=7)
    assert (recipe.steps, recipe.horizon) == (7, 13)


# --- who feeds each step

SIZE = WholeBatch(batch=3, steps=9, context=4)
STEPS, PER_EPOCH = 12, 3


@pytest.mark.parametrize("step", range(STEPS))
@pytest.mark.parametrize(
    ("feeding", "expected"),
    [
        (TeacherForcing(), lambda step: sampling.teacher_forcing(3, 9)),
        (ByIteration(), lambda step: sampling.scheduled(
            *SIZE, sampling.linear_by_iteration(step, STEPS), coins(step))),
        (ByIteration(until=0.25), lambda step: sampling.scheduled(
            *SIZE, [1.0, 2 / 3, 1 / 3, *[0.0] * 9][step], coins(step))),
        (ByEpoch(start=1, step=0.5), lambda step: sampling.scheduled(
            *SIZE, [1.0, 1.0, 0.5, 0.0][step // PER_EPOCH], coins(step))),
        (Reverse(), lambda step: sampling.reverse(
            *SIZE, sampling.reverse_chances(step, STEPS), coins(step))),
        (Curriculum(horizons=(1, 3, 6)), lambda step: sampling.curriculum(
            *SIZE, (1, 3, 6)[step // 4])),
    ],
)  # fmt: skip
def test_a_feeding_is_the_sampling_function_it_stands_for(feeding, expected, step):
    progress = Progress(step, STEPS, step // PER_EPOCH, [])
    assert torch.equal(feeding.truth(SIZE, progress, coins(step)), expected(step))


def test_the_first_and_the_last_step_written_out():
    forced, free = torch.ones(3, 9, dtype=torch.bool), sampling.inference(*SIZE)
    first, last = (Progress(step, STEPS, step // 3, []) for step in (0, STEPS - 1))
    for feeding in (TeacherForcing(), ByIteration(), ByEpoch(0, 0.5), OnPlateau(), Curriculum()):
        assert torch.equal(feeding.truth(SIZE, first, coins()), forced)
    for feeding in (ByIteration(0.5), ByEpoch(0, 0.5), Reverse(), Curriculum()):
        assert torch.equal(feeding.truth(SIZE, last, coins()), free)
    half = sampling.reverse(*SIZE, ReverseChances(0.5, 0.5), coins())
    assert torch.equal(Reverse().truth(SIZE, first, coins()), half)


@pytest.mark.parametrize(
    ("validations", "p"),
    [
        ([], 1.0),
        ([3.0, 2.0, 2.0], 1.0),
        ([3.0, 2.0, 2.0, 2.0], 0.75),
        ([3.0, 2.0, 2.0, 2.0, 1.0], 0.5),
    ],
)
def test_a_plateau_counts_validations(validations, p):
    truth = OnPlateau(patience=1, step=0.25).truth(SIZE, Progress(5, 9, 0, validations), coins())
    assert torch.equal(truth, sampling.scheduled(*SIZE, p, coins()))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: ByIteration(0.0), "until=0.0: expected above 0 and up to 1"),
        (lambda: ByIteration(1.5), "until=1.5"),
        (lambda: ByIteration(nan), "until=nan"),
        (lambda: ByEpoch(-1, 0.5), "start=-1, step=0.5: expected both from 0"),
        (lambda: ByEpoch(0, nan), "step=nan"),
        (lambda: OnPlateau(patience=-1), "patience=-1, step=0.004: expected both from 0"),
        (lambda: OnPlateau(step=-inf), "step=-inf"),
        (lambda: Curriculum(()), r"horizons=\(\): expected one at least"),
        (lambda: Curriculum((1, 0)), r"horizons=\(1, 0\): .*each from 1"),
        (lambda: StackOf(hidden=()).build(), r"hidden=\(\)"),
        (lambda: StackOf(ConvLSTMCell(kernel=2)).build(), "kernel=2: must be odd"),
        (lambda: SkipNetOf(layers_each=0).build(), "layers_each=0"),
    ],
)
def test_a_choice_that_cannot_be_is_named(make, says):
    with pytest.raises(ValueError, match=says):
        make()
