"""PredRNN-V2: how alike both memories are fed, and a loss that counts it."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from stlib import losses
from stlib.cells import STLSTM, ConvLSTM, Written
from stlib.cost import parameters
from stlib.networks import Alike, Decoupled, Patched, Pyramid, SkipNet, Stack
from stlib.recipes import Recipe, experiment, from_plain, to_plain
from stlib.recipes.cells import STLSTMCell
from stlib.recipes.feeding import Reverse
from stlib.recipes.networks import DecoupledOf, PyramidOf, SkipNetOf, StackOf
from stlib.recipes.pred_rnn_v2 import LAB_V2, PAPER_V2
from stlib.rollout import unroll
from stlib.stages import WHOLE
from stlib.tasks import Forecasting, Moment, task_of
from stlib.tasks.forecasting import Foretold
from tests.compiled import untyped
from tests.drawn import filled, normal
from tests.loops import numpy, of_vector_b
from tests.test_st_lstm import number_maps

Telling = partial(STLSTM, increments=True)
KINDS = {
    "Stack": lambda: Stack(Telling, 1, (3,) * 2),
    "Pyramid": lambda: Pyramid(Telling, 1, (3,) * 4),
    "SkipNet": lambda: SkipNet(Telling, 1, (3,) * 4, 1),
    "Stack on patches": lambda: Patched(lambda n: Stack(Telling, n, (3,) * 2), 1, 2),
}
every_kind = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)


def decoupled(make, seed=0):
    return filled(Decoupled(make(), 3), seed)


def by_loops(adapter, cells):
    """The mean of |cos| over layers and channels, sample by sample."""
    weight, bias, found = numpy(adapter.weight)[..., 0, 0], numpy(adapter.bias), []
    for cell in cells:
        c, m = (
            np.einsum("qp,bphw->bqhw", weight, numpy(each)) + bias[:, None, None]
            for each in (cell.dc, cell.dm)
        )
        each = np.zeros(c.shape[:2])
        for b, q in np.ndindex(*each.shape):
            lengths = np.sqrt((c[b, q] ** 2).sum() * (m[b, q] ** 2).sum())
            each[b, q] = abs((c[b, q] * m[b, q]).sum() / lengths)
        found.append(each.mean(1))
    return np.mean(found, axis=0)


@every_kind
def test_pred_rnn_v2_eq_by_loops_and_step_by_step(make):
    network = decoupled(make)
    state, inside, total = None, None, 0
    for t in range(3):
        frame = normal(2, 1, 6, 4, seed=t)
        y, state = network(frame, state)
        expected, inside = network.network(frame, inside)
        assert_close(y, expected, rtol=0, atol=0)
        total = total + by_loops(network.adapter, inside.cells)
        assert_close(state.penalty, torch.from_numpy(total), rtol=0, atol=1e-12)
    assert_close(state.memory, inside, rtol=0, atol=0)


# --- numbers computed elsewhere, and slips that keep the number of parameters


def vector_b(network, weight, bias):
    number_maps(network.network.cells[0], iter(range(1, 19)))
    maps = (torch.full((1, 1, 4, 4), value).double() for value in (0.5, 0.4, 0.3))
    h, c, m = maps
    with torch.no_grad():
        network.double().adapter.weight.fill_(weight)
        network.adapter.bias.fill_(bias)
    _, state, _ = network.network.cells[0](of_vector_b(), Written(h, c, c, c), m)
    return network.likeness(state).item()


def check_vector_b(kind=Decoupled):
    network = kind(Stack(Telling, 1, (1,)), 1)
    assert vector_b(network, 0.5, -0.2) == pytest.approx(0.827163, abs=6e-7)
    assert vector_b(network, 0.1, 0.0) == pytest.approx(0.997218, abs=6e-7)


def test_pred_rnn_v2_eq_known_numbers():
    check_vector_b()  # pred-rnn-v2-eq


def test_pred_rnn_v2_eq_known_numbers_of_every_layer():
    network = Decoupled(Stack(Telling, 1, (1,) * 6), 1).double()
    with torch.no_grad():
        for name, weight in network.named_parameters():
            outside = "embed.weight" in name or "readout.weight" in name
            weight.fill_(0.02 if "bias" in name else 1.0 if outside else 0.1)
    r, s = torch.meshgrid(torch.arange(8), torch.arange(8), indexing="ij")
    state, before = None, 0
    for t in range(3):
        before = 0 if state is None else state.penalty
        _, state = network(((1 + r + 2 * s + 5 * t) / 32).double()[None, None], state)
    found = [network.likeness(cell).item() for cell in state.memory.cells]
    known = [0.997003, 0.994125, 0.989696, 0.985040, 0.981246, 0.978903]
    assert found == pytest.approx(known, abs=6e-7)
    assert (state.penalty - before).item() == pytest.approx(sum(known) / 6, abs=6e-7)


class AcrossChannels(Decoupled):
    def likeness(self, cell):
        c, m = (self.adapter(each) for each in (cell.dc, cell.dm))
        return F.cosine_similarity(c, m, dim=1).abs().mean((1, 2))


class OfMemories(Decoupled):
    def likeness(self, cell):
        return super().likeness(cell._replace(dc=cell.c, dm=cell.h))


class Signed(Decoupled):
    def likeness(self, cell):
        c, m = (self.adapter(each).flatten(2) for each in (cell.dc, cell.dm))
        return F.cosine_similarity(c, m, dim=2).mean(1)


class Centred(Decoupled):
    """A correlation: the means are taken off."""

    def likeness(self, cell):
        c, m = (self.adapter(each).flatten(2) for each in (cell.dc, cell.dm))
        c, m = (each - each.mean(2, keepdim=True) for each in (c, m))
        return F.cosine_similarity(c, m, dim=2).abs().mean(1)


@pytest.mark.parametrize("kind", [AcrossChannels, OfMemories, Signed, Centred])
def test_the_numbers_reject_a_slip(kind):
    network = filled(kind(Stack(Telling, 1, (3, 3)), 3))
    _, state = network(normal(2, 1, 4, 4))
    wrong = state.penalty.numpy(force=True)
    assert abs(wrong - by_loops(network.adapter, state.memory.cells)).max() > 1e-3
    if kind is not Signed:  # with one channel, and all of one sign, there is no sign to lose
        with pytest.raises(AssertionError):
            check_vector_b(kind)


# --- a network like the others


@every_kind
def test_the_whole_is_its_first_part_and_the_rest(make):
    network = decoupled(make)
    frames, truth = normal(2, 4, 1, 6, 4), torch.tensor([[True, False, True, False]] * 2)
    whole = unroll(network, frames, truth)
    first = unroll(network, frames[:, :2], truth[:, :2])
    rest = unroll(network, frames[:, 2:], truth[:, 2:], first)
    assert_close(torch.cat([first.predictions, rest.predictions], dim=1), whole.predictions)
    assert_close(rest.state, whole.state)


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 3), st.integers(1, 5), st.integers(1, 5), st.integers(0, 9))
def test_it_lies_between_0_and_1_and_samples_do_not_mix(batch, height, width, seed):
    network = decoupled(KINDS["Stack"], seed)
    frame = normal(batch, 1, height, width, seed=seed)
    _, state = network(frame)
    assert bool(((state.penalty >= 0) & (state.penalty <= 1 + 1e-9)).all())
    for b in range(batch):
        assert_close(network(frame[b : b + 1])[1].penalty, state.penalty[b : b + 1])


def test_nothing_written_is_alike_to_nothing():
    """A black frame before any bias has learnt: no slope may be infinite."""
    network = Decoupled(Stack(Telling, 1, (3,)), 3)
    for name, weight in network.named_parameters():
        if "bias" in name:
            torch.nn.init.zeros_(weight)
    _, state = network(torch.zeros(1, 1, 4, 4))
    state.penalty.sum().backward()
    assert state.penalty.item() == 0
    assert all(bool(w.grad.isfinite().all()) for w in network.parameters() if w.grad is not None)


def test_gradcheck():
    network = decoupled(KINDS["Stack"])
    frames = [normal(1, 1, 2, 3, seed=t).requires_grad_() for t in (0, 1)]

    def two_steps(first, second):
        return network(second, network(first)[1])[1].penalty

    assert torch.autograd.gradcheck(two_steps, frames, fast_mode=True)


@every_kind
def test_every_parameter_learns_from_two_steps(make):
    torch.manual_seed(0)
    network, state = Decoupled(make(), 3), None
    for _ in range(2):
        y, state = network(torch.rand(2, 1, 6, 6), state)
    (y.square().sum() + state.penalty.sum()).backward()
    for name, weight in network.named_parameters():
        assert bool((weight.grad != 0).all()), name
    network.zero_grad()


def test_autocast_stays_near():
    network, frame = decoupled(KINDS["Stack"]).float(), normal(2, 1, 5, 5).float()
    _, exact = network(frame)
    with torch.autocast("cpu", torch.bfloat16):
        _, rough = network(frame)
    assert rough.penalty.dtype == torch.float32
    assert 0 < (rough.penalty - exact.penalty).abs().max() < 0.02
    _, state = network.bfloat16()(frame.bfloat16())
    assert state.penalty.dtype == torch.float32


def test_compiles_without_a_break(monkeypatch):
    untyped(monkeypatch)
    network, frame = decoupled(KINDS["Stack"]), normal(2, 1, 4, 4)
    torch.compiler.reset()
    compiled = torch.compile(network, fullgraph=True, backend="aot_eager")
    ours, theirs = compiled(frame), network(frame)
    assert_close(ours[0], theirs[0])
    assert_close(ours[1].penalty, theirs[1].penalty)


def test_the_papers_parameters():
    with torch.device("meta"):
        network = PAPER_V2.network.build()
    assert isinstance(network, Decoupled)
    assert parameters(network) == 901_441


def test_what_does_not_fit_is_named():
    with pytest.raises(ValueError, match="channels=0: must be at least 1"):
        Decoupled(Stack(Telling, 1, (3,)), 0)
    for cell in (ConvLSTM, STLSTM):
        with pytest.raises(ValueError, match="is Step: expected one with dc and dm"):
            Decoupled(Stack(cell, 1, (3,)), 3)(torch.zeros(1, 1, 4, 4))


# --- the loss that counts it


def tiny(**changes):
    recipe = replace(experiment("ms-table-5-predrnn-v2").smoke, batch=4, **changes)
    cell = replace(recipe.network.network.cell)
    return replace(recipe, network=DecoupledOf(StackOf(cell, (3, 3))))


@pytest.mark.parametrize("loss", ["l1_l2_mean", "l1_l2_sum"])
def test_forecasting_adds_it_and_parts_make_the_whole(loss):
    recipe = tiny(loss=loss, decoupling=0.5)
    data = recipe.data.open("training")
    clips = torch.stack([data[index] for index in (0, 1, 0, 1)])[:, : recipe.frames]
    task, network = task_of(recipe), recipe.network.build()
    assert isinstance(task, Forecasting)
    module = task.module(network, network)
    moment = Moment(seed=1, step=1, epoch=0, validations=[], which=[0, 1, 0, 1], view=WHOLE)
    drawn = task.draw(moment)
    said = module(clips, drawn.truth)
    assert isinstance(said, Foretold)
    predictions, state = unroll(network, clips, drawn.truth)
    frames = getattr(losses, loss)(predictions, clips[:, 1:])
    alike = state.penalty / predictions.shape[1]
    assert isinstance(state, Alike)
    assert_close(said.alike, alike)
    expected = frames + 0.5 * alike.mean()
    assert_close(task.loss(module, clips, slice(0, 4), drawn, 1), expected)
    halves = [task.loss(module, clips[rows], rows, drawn, 2) for rows in (slice(0, 2), slice(2, 4))]
    assert_close(sum(halves) / 2, expected)


def test_the_experiment_reads_in_reverse_and_weighs_as_its_sources_do():
    """0.01 of a sum over 6 layers of 32 channels; 0.1 of a mean beside a mean squared error."""
    assert PAPER_V2.feeding == LAB_V2.feeding == Reverse()
    assert pytest.approx(0.01 * 6 * 32) == PAPER_V2.decoupling
    assert (LAB_V2.decoupling, LAB_V2.loss) == (0.1, "l2_mean")
    held = experiment("ms-table-5-predrnn-v2")
    assert (held.lab, held.paper) == (LAB_V2, PAPER_V2)


@pytest.mark.parametrize(
    "network",
    [
        DecoupledOf(),
        DecoupledOf(PyramidOf(STLSTMCell(increments=True), (4,) * 4)),
        DecoupledOf(SkipNetOf(STLSTMCell(increments=True), (4,) * 4)),
    ],
)
def test_a_recipe_comes_back_from_json(network):
    recipe = replace(PAPER_V2, network=network)
    assert from_plain(Recipe, to_plain(recipe)) == recipe
    assert network.channels == 1


def test_a_recipe_from_before_it_could_count_is_read():
    recipe = experiment("ms-table-3-ms-lstm").paper
    plain = to_plain(recipe)
    assert plain.pop("decoupling") == 0
    assert from_plain(Recipe, plain) == recipe


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: replace(PAPER_V2, decoupling=0.0), "decoupling=0.0: expected above 0 for Decoup"),
        (lambda: replace(PAPER_V2, decoupling=-1.0), "decoupling=-1.0: expected 0 or more"),
        (lambda: replace(PAPER_V2, decoupling=float("nan")), "decoupling=nan: expected 0 or more"),
        (
            lambda: replace(PAPER_V2, network=StackOf()),
            "decoupling=1.92: expected 0 for StackOf",
        ),
        (lambda: DecoupledOf(StackOf()), "network.cell=ConvLSTMCell.*with increments=True"),
        (lambda: DecoupledOf(StackOf(STLSTMCell())), "network.cell=STLSTMCell.*increments=True"),
    ],
)
def test_a_recipe_that_does_not_fit_is_named(make, says):
    with pytest.raises(ValueError, match=says):
        make()


def test_xavier_draws_the_shared_map_too():
    network = DecoupledOf(StackOf(STLSTMCell(increments=True), (4, 4), xavier=True)).build()
    assert not network.adapter.bias.any()
    assert not network.network.readout.bias.any()
