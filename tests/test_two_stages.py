"""Two-stage learning: what each stage reads, dilates and leaves alone; phases of a clip."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from benchmarks.two_stage import FULL, TWO, claims
from stlib.artifacts import read_result
from stlib.cost import macs
from stlib.experiments import finish
from stlib.joint_cost import Layer, multiplying_out_macs
from stlib.joint_filter import Conv3d, JointConv3d, Rank1Conv3d, RegularConv3d
from stlib.networks import ActionNet
from stlib.recipes import experiment
from stlib.recipes.clip_networks import JointLayer, Rank1Layer, RegularLayer
from stlib.recipes.stdcf_two_stage import ITERATIONS, TABLE
from stlib.recipes.two_stages import two_stage, whole_view
from stlib.runs import Run
from stlib.stages import Stage, View
from stlib.training import Machine, fit
from stlib.viewing import laid_out, seen
from tests.drawn import filled, normal

LAYERS = (RegularConv3d, Rank1Conv3d, JointConv3d)
KINDS = {"regular": (), "rank-1": ("temporal", "spatial"), "joint": ("temporal", "spatial")}


def rows(shape, dilations, learning):
    """One row a call of the network: frames, side, dilation, and which parts learn."""
    (dilation,) = set(dilations)
    return (shape[1], shape[3], dilation, learning)


@pytest.mark.parametrize("kind", KINDS)
def test_stdcf_alg_1(kind, tmp_path, monkeypatch):
    # stdcf-alg-1
    recipe = replace(experiment(f"stdcf-table-2-{kind}-two-stage").smoke, validation_clips=2)
    calls, forward = [], ActionNet.forward

    def watched(network, clips):
        layers = [module for module in network.modules() if isinstance(module, Conv3d)]
        learning = frozenset(
            name.rpartition(".")[2]
            for name, weight in network.named_parameters()
            if weight.requires_grad and network.training
        )
        dilations = [layer.geometry.dilation for layer in layers]
        calls.append((network.training, rows(clips.shape, dilations, learning)))
        return forward(network, clips)

    monkeypatch.setattr(ActionNet, "forward", watched)
    fit(recipe, tmp_path, name="x", scale="smoke", machine=Machine(cpu=True, log_every=1))
    trained = [row for training, row in calls if training]
    every = {"weight", "bias"} | set(KINDS[kind])
    if kind == "joint":
        every |= {"coefficients"}
    frames, side = recipe.data.frames, recipe.data.canvas
    in_t = (frames, side // 2, (2, 1, 1), frozenset(every - {"spatial"}))
    in_s = ((frames + 1) // 2, side, (1, 2, 2), frozenset(every - {"temporal"}))
    assert trained == [in_t, in_t, in_s, in_s] * ITERATIONS

    read = {row[:3] for training, row in calls if not training}
    whole = (frames, side, (2, 2, 2))
    assert read == {in_t[:3], in_s[:3], whole}
    calls.clear()
    measured = read_result(finish(tmp_path, cpu=True)).measured
    assert {row[:3] for _, row in calls} == {whole}

    told = measured["stages"]
    assert len(told) == 2 * ITERATIONS
    for stage in told:
        for when in ("before", "after"):
            assert stage[when]["stage"].keys() == stage[when]["test"].keys() == {"loss", "accuracy"}
    # What one stage left is what the next one finds, under the view of the test.
    for one, other in pairwise(told):
        assert one["after"]["test"] == other["before"]["test"]


@pytest.mark.parametrize("kind", ["rank-1", "joint"])
def test_what_stands_still_stays_as_it_was_to_the_bit(kind, tmp_path):
    recipe = experiment(f"stdcf-table-2-{kind}-two-stage").smoke
    held = []
    for count in (1, 2):
        part = replace(recipe, stages=recipe.stages[:count])
        fit(part, tmp_path / str(count), machine=Machine(cpu=True, log_every=1))
        held.append(Run(tmp_path / str(count)).network()[0])
    after_t, after_s = held
    for name in after_t:
        if name.endswith(".temporal"):
            assert torch.equal(after_t[name], after_s[name])
        elif name.endswith((".spatial", "coefficients")):
            assert not torch.equal(after_t[name], after_s[name])


def test_stages_carry_rates_and_factors_and_the_first_may_be_another():
    long, short = Stage(steps=9, rate=0.5), Stage(steps=2, rate=0.1, warmup=1)
    stages = two_stage(short, iterations=2, space=3, time=4, first=long)
    assert [stage.steps for stage in stages] == [9, 2, 2, 2]
    assert [stage.rate for stage in stages] == [0.5, 0.1, 0.1, 0.1]
    assert [stage.warmup for stage in stages] == [0, 1, 1, 1]
    t, s = View(shrink=3, temporal_dilation=4), View(every=4, spatial_dilation=3)
    assert [stage.view for stage in stages] == [t, s, t, s]
    assert [stage.frozen for stage in stages] == [("*.spatial",), ("*.temporal",)] * 2
    assert whole_view(space=3, time=4) == View(temporal_dilation=4, spatial_dilation=3)
    assert not any(stage.frozen for stage in two_stage(short, parts=False))
    with pytest.raises(ValueError, match="iterations=0"):
        two_stage(short, iterations=0)
    with pytest.raises(ValueError, match="expected each from 1"):
        two_stage(short, space=0)


def test_stdcf_table_2_differs_in_layer_and_way_alone():
    layers = {"regular": RegularLayer, "rank-1": Rank1Layer, "joint": JointLayer}
    for each in TABLE:
        name, _, way = each.name.removeprefix("stdcf-table-2-").partition("-two")
        for scale in ("smoke", "lab", "paper"):
            recipe = each.at(scale)
            assert type(recipe.network.layer) is layers[name.removesuffix("-full")]
            whole = recipe.test_view == View()
            assert whole == (not way)
            assert all((stage.view == View()) == whole for stage in recipe.stages)
    lab = {each.name: each.lab for each in TABLE}
    assert len({recipe.steps for recipe in lab.values()}) == 1


def test_stdcf_table_2_what_the_two_ways_are_paid():
    for kind in KINDS:
        full, two = (experiment(f"stdcf-table-2-{kind}-{way}") for way in ("full", "two-stage"))
        assert two.paper.steps == 6 * full.paper.steps
        assert two.lab.steps == full.lab.steps
        clip = torch.zeros(1, 16, 1, 32, 32, device="meta")
        with torch.device("meta"):
            network = full.lab.network.build()
        spent = []
        for recipe in (full.lab, two.lab):
            spent.append([])
            for stage in recipe.stages:
                with laid_out(network, stage.view):
                    spent[-1].append(macs(network.body, seen(clip, stage.view).transpose(1, 2)))
        joint = [each for each in network.modules() if isinstance(each, JointConv3d)]
        sizes = [Layer(*reversed(each.filter().shape[:2])) for each in joint]
        made = sum(multiplying_out_macs(size, 3, 2) for size in sizes)  # once a step, however small
        whole, *_ = spent[0]
        assert sum(spent[1]) - 6 * made == 2.25 * (whole - made)


# Phases: every γ-th frame, from each of the first γ on.


def phases(network, clips, every):
    """Logits of each phase, read undilated, and how many frames it has."""
    with laid_out(network, View(every=every)):
        parts = [clips[:, start:] for start in range(every)]
        return [(network(seen(part, View(every=every))), part[:, ::every].shape[1])
                for part in parts]  # fmt: skip


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from(LAYERS), st.integers(1, 3), st.integers(3, 7), st.integers(1, 2),
    st.integers(0, 99),
)  # fmt: skip
def test_a_dilated_network_averages_its_phases_so_its_loss_is_at_most_theirs(
    layer, every, frames, pool, seed
):
    torch.manual_seed(seed)
    network = ActionNet(layer, 3, hidden=(2, 3, 2), pools=((1, pool, pool), (1, 1, 1)))
    network = filled(network, seed, scale=2.0).eval()
    clips, labels = normal(4, frames, 1, 5, 4, seed=seed), torch.tensor([0, 1, 2, 0])
    with laid_out(network, View(temporal_dilation=every)):
        whole = network(clips)
    each = phases(network, clips, every)
    mean = sum(count / frames * logits for logits, count in each)
    assert_close(whole, mean, rtol=1e-11, atol=1e-11)
    losses = [F.cross_entropy(logits, labels, reduction="none") for logits, _ in each]
    bound = sum(count / frames * loss for loss, (_, count) in zip(losses, each, strict=True))
    assert (F.cross_entropy(whole, labels, reduction="none") <= bound * (1 + 1e-11) + 1e-11).all()


def test_a_pool_over_time_ends_it():
    torch.manual_seed(0)
    network = ActionNet(JointConv3d, 3, hidden=(4, 4), pools=((2, 1, 1),)).double().eval()
    clips = normal(2, 8, 1, 4, 4)
    with laid_out(network, View(temporal_dilation=2)):
        whole = network(clips)
    mean = sum(logits for logits, _ in phases(network, clips, 2)) / 2
    assert (whole - mean).abs().max() > 1e-3


def test_claims_are_judged_on_the_stages_they_speak_of():
    def planted(first, step, seeds=(0, 1, 2)):
        stages = [{"after": {"test": {"accuracy": first + step * k}}} for k in range(6)]
        return {"stages": {str(seed): stages for seed in seeds}}

    told = {name: planted(0.5, 0.05) for name in FULL.values()}
    told |= {name: planted(0.25, 0.1) for name in TWO.values()}
    told[TWO["joint"]] = planted(0.35, 0.1)
    told[FULL["rank-1"]] = {"missing": 5}
    found = {claim["says"]: claim for claim in claims(told)}
    for says, difference in (
        ("joint above regular, two stages", 10),
        ("regular: whole clips above two stages, a sixth of the steps", 50 - 75),
        ("regular: whole clips above two stages, 8/9 of the multiplications", 55 - 75),
        ("regular: whole clips above two stages, as many steps", 75 - 75),
        ("joint keeps more than regular", 10),
        ("joint: stage-s above stage-t, iteration 2", 10),
    ):
        assert found[says]["differences"] == pytest.approx([difference] * 3, abs=1e-9)
    assert found["joint above rank-1, whole clips"]["verdict"] == "not run"
    assert found["joint keeps more than regular"]["printed"] == [99.32, 95.68]
