"""The activity net and its two classifiers, against their parts written out."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

from stlib.cells import CausalConv3d, ConvLSTM
from stlib.cost import parameters
from stlib.networks import ActivityMemory, ActivityNet, Classifier2D, Classifier3D
from stlib.rollout import rollout
from stlib.sampling import teacher_forcing

CELLS = {"ConvLSTM": ConvLSTM, "causal 3D": CausalConv3d}
CLASSIFIERS = {
    "section 4.1": partial(Classifier2D, width=16, side=2),
    "appendix B.2": partial(Classifier3D, width=16, hidden=16, side=2),
}
every_cell = pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
every_classifier = pytest.mark.parametrize("classifier", CLASSIFIERS.values(), ids=CLASSIFIERS)


def small(cell=ConvLSTM, classifier=CLASSIFIERS["section 4.1"], channels=1, steps=3):
    torch.manual_seed(0)
    read = classifier(6, classes=5, steps=steps)
    return ActivityNet(cell, read, channels, width=6, hidden=(4, 5, 5, 4), layers_each=1)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def standard(x, over):
    """Mean 0 and variance 1."""
    middle = x.mean(over, keepdim=True)
    return (x - middle) / ((x - middle).square().mean(over, keepdim=True) + 1e-5).sqrt()


# --- classifiers


def test_the_classifier_of_section_4_1_written_out():
    network = Classifier2D(3, classes=5, steps=4, width=6, side=2).double()
    maps = normal(2, 4, 3, 8, 8).double()
    _, first, _, second, *_ = network.convolve
    said = []
    for t in range(4):
        x = standard(maps[:, t], (2, 3))
        x = F.conv2d(x, first.weight, first.bias, stride=2, padding=1).relu()
        x = F.conv2d(x, second.weight, second.bias, stride=2, padding=1).relu()
        said.append(x)  # 8 → 4 → 2: nothing is left to be averaged
    x = torch.stack(said).mean(0).flatten(1)
    expected = x @ network.decide.weight.T + network.decide.bias
    assert_close(network(maps), expected, rtol=0, atol=1e-12)


def test_the_classifier_of_appendix_b_2_written_out_at_the_papers_sizes():
    """Sixteen maps of 56×56: 16 → 8 → 4 → 2 → 1 in time, and 56 → 28 → 14 → 7 → 7 in space."""
    network = Classifier3D(2, classes=41, width=3, hidden=4).double()
    _, first, _, _, second, _, last = network.convolve
    maps = normal(1, 16, 2, 56, 56).double()
    x = standard(maps.transpose(1, 2), (2, 3, 4))
    x = F.conv3d(x, first.weight, first.bias, stride=2, padding=1).relu()
    assert x.shape[2:] == (8, 28, 28)
    x = F.avg_pool3d(x, 2)
    assert x.shape[2:] == (4, 14, 14)
    x = F.conv3d(x, second.weight, second.bias, stride=2, padding=1).relu()
    assert x.shape[2:] == (2, 7, 7)
    assert_close(last(x), F.avg_pool3d(x, (2, 1, 1)), rtol=0, atol=1e-12)
    x = x.mean(2).flatten(1)
    enter, _, leave = network.decide
    x = (x @ enter.weight.T + enter.bias).relu()
    assert_close(network(maps), x @ leave.weight.T + leave.bias, rtol=0, atol=1e-12)


def test_two_strides_and_two_poolings_of_2_reduce_56_to_3_and_not_to_7():
    """What appendix B.2 says, taken at its word."""
    x = torch.zeros(1, 1, 16, 56, 56)
    for _ in range(2):
        x = F.max_pool3d(F.conv3d(x, torch.zeros(1, 1, 3, 3, 3), stride=2, padding=1), 2)
    assert x.shape[2:] == (1, 3, 3)


def test_the_papers_classifiers_have_their_widths():
    with torch.device("meta"):
        flat, deep = Classifier2D(64, 41), Classifier3D(64, 41)
    assert [layer.out_channels for layer in (flat.convolve[1], flat.convolve[3])] == [128, 128]
    assert flat.decide.in_features == 128 * 7 * 7
    assert [layer.out_channels for layer in (deep.convolve[1], deep.convolve[4])] == [128, 128]
    assert [layer.out_features for layer in (deep.decide[0], deep.decide[2])] == [512, 41]
    assert parameters(deep) == (64 * 27 + 1) * 128 + (128 * 27 + 1) * 128 + 6273 * 512 + 513 * 41


def test_one_classifier_sees_the_order_of_the_maps_and_the_other_does_not():
    maps = normal(2, 4, 3, 8, 8)
    for make, sees in ((Classifier2D, False), (Classifier3D, True)):
        torch.manual_seed(0)
        network = make(3, 5, steps=4, width=8)
        forth, back = network(maps), network(maps.flip(1))
        assert bool(((forth - back).abs() > 1e-4).any()) == sees


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from(sorted(CLASSIFIERS)),
    *[st.integers(1, n) for n in (2, 3, 4)],
    *[st.integers(3, n) for n in (17, 9, 9)],
)
def test_any_canvas_gives_one_logit_a_class(name, batch, inputs, classes, steps, height, width):
    network = CLASSIFIERS[name](inputs, classes, steps)
    maps = normal(batch, steps, inputs, height, width)
    logits = network(maps)
    assert logits.shape == (batch, classes)
    for b in range(batch):
        assert_close(network(maps[b : b + 1]), logits[b : b + 1])


@every_classifier
def test_a_classifier_names_what_does_not_fit(classifier):
    with pytest.raises(ValueError, match="2 maps of 3 channels: the classifier reads 4 of 3"):
        classifier(3, 5, 4)(torch.zeros(1, 2, 3, 8, 8))
    with pytest.raises(ValueError, match=r"0.*: expected .* from 1"):
        classifier(3, 0, 4)


def test_there_must_be_something_to_halve():
    with pytest.raises(ValueError, match="steps=2: expected 3 at least"):
        Classifier3D(3, 5, steps=2)
    for make in CLASSIFIERS.values():
        with pytest.raises(ValueError, match=r"maps of \(2, 8\): expected 3 pixels at least"):
            make(3, 5, steps=3)(torch.zeros(1, 3, 3, 2, 8))


@every_classifier
def test_what_all_pixels_have_in_common_is_not_seen(classifier):
    """So that a brighter film is the same film."""
    torch.manual_seed(0)
    network, maps = classifier(3, 5, 4).double(), 100 * normal(2, 4, 3, 8, 8).double()
    brighter = 2 * maps + normal(3, 1, 1).double()
    assert_close(network(brighter), network(maps), rtol=1e-4, atol=1e-6)


# --- the net


@every_cell
def test_one_step_is_encoder_middle_and_decoder(cell):
    network = small(cell).double()
    frame = normal(2, 1, 8, 12).double()
    y, state = network(frame)
    first, _, second, _ = network.encoder
    x = F.conv2d(frame, first.weight, first.bias, stride=2, padding=1).relu()
    x = F.conv2d(x, second.weight, second.bias, stride=2, padding=1).relu()
    x, middle = network.middle(x)
    assert_close(tuple(state.middle.cells), tuple(middle.cells), rtol=0, atol=0)
    assert torch.equal(state.maps[-1], x)
    assert x.shape == (2, 6, 2, 3)
    first, _, second, _, readout = network.decoder
    for layer in (first, second):
        x = F.conv_transpose2d(x, layer.weight, layer.bias, stride=2, padding=1).relu()
    assert_close(y, F.conv2d(x, readout.weight, readout.bias), rtol=0, atol=1e-12)


@every_classifier
def test_the_classifier_reads_the_last_maps_and_zeros_before_the_first(classifier):
    network, frames = small(classifier=classifier), normal(2, 5, 1, 12, 16)
    said, state = [], None
    for frame in frames.unbind(1):
        _, state = network(frame, state)
        said.append(state.maps[-1])
        maps = [torch.zeros_like(said[0])] * 3 + said
        assert_close(network.classify(state), network.classifier(torch.stack(maps[-3:], dim=1)))
    assert len(state.maps) == 3


def test_the_papers_network():
    """224 → 112 → 56 and back, eight recurrent layers between, 41 classes; forward and backward."""
    with torch.device("meta"):
        network = ActivityNet(ConvLSTM, Classifier3D(64, 41))
        frame = torch.zeros(2, 3, 224, 224)
    y, state = network(frame)
    assert len(network.middle.cells) == 8
    assert state.maps[0].shape == (2, 64, 56, 56)
    logits = network.classify(state)
    assert (y.shape, logits.shape) == (frame.shape, (2, 41))
    (y.sum() + logits.sum()).backward()
    assert all(weight.grad.is_meta for weight in network.parameters())
    ends = 3 * 64 * 16 + 3 * 64 * 64 * 16 + 4 * 64 + 64 * 3 + 3
    assert parameters(network.encoder) + parameters(network.decoder) == ends


@every_cell
@every_classifier
def test_every_parameter_learns_from_both_tasks(cell, classifier):
    network = small(cell, classifier)
    state = None
    for frame in normal(2, 3, 1, 16, 16).unbind(1):
        y, state = network(frame, state)
    (y.square().sum() + F.cross_entropy(network.classify(state), torch.tensor([1, 3]))).backward()
    for name, weight in network.named_parameters():
        assert bool((weight.grad != 0).any()), name
    assert not list(network.buffers())


@every_cell
def test_samples_do_not_mix_and_nothing_is_kept(cell):
    network, frames = small(cell), normal(3, 4, 1, 8, 8)
    together = rollout(network, frames, teacher_forcing(3, 4))
    for b in range(3):
        alone = rollout(network, frames[b : b + 1], teacher_forcing(1, 4))
        assert_close(alone, together[b : b + 1])


def test_the_middle_never_learns_of_the_classifiers_opinion():
    """Forecasts do not depend on the classifier; only training couples the two."""
    one, other = small(), small()
    with torch.no_grad():
        for weight in other.classifier.parameters():
            weight.add_(1)
    frames = normal(1, 3, 1, 8, 8)
    truth = teacher_forcing(1, 3)
    assert torch.equal(rollout(one, frames, truth), rollout(other, frames, truth))


def test_what_does_not_fit_is_named():
    with pytest.raises(ValueError, match=r"maps of 5 channels: expected width=6"):
        ActivityNet(ConvLSTM, Classifier2D(5, 2), width=6)
    with pytest.raises(ValueError, match="channels=0"):
        ActivityNet(ConvLSTM, Classifier2D(64, 2), channels=0)
    with pytest.raises(ValueError, match="need 4 widths"):
        ActivityNet(ConvLSTM, Classifier2D(64, 2), hidden=(1, 2))
    network = small()
    with pytest.raises(ValueError, match="the frame has 3 channels, the network reads 1"):
        network(torch.zeros(1, 3, 8, 8))
    with pytest.raises(ValueError, match=r"the frame is \(8, 6\): .* multiples of 4"):
        network(torch.zeros(1, 1, 8, 6))
    _, state = network(torch.zeros(1, 1, 8, 8))
    with pytest.raises(ValueError, match="the state is of 1 layers"):
        network(
            torch.zeros(1, 1, 8, 8),
            ActivityMemory(state.middle._replace(cells=state.middle.cells[:1]), state.maps),
        )


def test_it_is_a_module_whose_parts_are_named():
    assert [name for name, _ in small().named_children()] == [
        "encoder", "middle", "decoder", "classifier"
    ]  # fmt: skip
    assert isinstance(small(), nn.Module)
