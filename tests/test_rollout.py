"""The loop over time against networks simple enough to be followed by hand."""

from functools import partial
from inspect import unwrap

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from stlib.cells import ConvLSTM
from stlib.networks import SkipNet, Stack
from stlib.rollout import Rollout, forecast, rollout, unroll
from stlib.sampling import curriculum, inference, scheduled, teacher_forcing
from tests.drawn import normal


def clip(*values):
    """One-pixel frames of one sample."""
    return torch.tensor(values).double().reshape(1, -1, 1, 1, 1)


def network(kind, seed=0, channels=2):
    torch.manual_seed(seed)
    if kind == "Stack":
        return Stack(ConvLSTM, channels, (3, 2)).double()
    return SkipNet(partial(ConvLSTM, kernel=5), channels, (2, 3, 2, 1), 1).double()


def add_ten(frame, state=None):
    """Predict ten more; remember every frame read."""
    return frame + 10, [*(state or []), frame.flatten().tolist()]


def matrix(*rows):
    return torch.tensor([[digit == "1" for digit in row] for row in rows])


KINDS = ["Stack", "SkipNet"]


def test_output_t_predicts_frame_t_plus_1():
    predictions, read = unroll(add_ten, clip(0, 1, 2), matrix("111"))
    assert predictions.flatten().tolist() == [10, 11, 12]
    assert read == [[0], [1], [2]]


def test_a_step_reads_the_truth_or_the_last_output():
    predictions, read = unroll(add_ten, clip(0, 1, 2, 3, 4), matrix("11001"))
    assert read == [[0], [1], [11], [21], [4]]
    assert predictions.flatten().tolist() == [10, 11, 21, 31, 14]


def test_every_sample_has_its_own_row():
    frames = torch.cat([clip(0, 1, 2), clip(100, 101, 102), clip(200, 201, 202)])
    _, read = unroll(add_ten, frames, matrix("100", "110", "101"))
    assert read == [[0, 100, 200], [10, 101, 210], [20, 111, 202]]


def test_frames_may_go_on_after_the_last_step():
    """The last frame of a clip is a target only."""
    assert rollout(add_ten, clip(0, 1, 99), matrix("11")).flatten().tolist() == [10, 11]


def test_frames_may_end_where_the_truth_does():
    assert rollout(add_ten, clip(0, 1), matrix("110")).flatten().tolist() == [10, 11, 21]
    with pytest.raises(ValueError, match="asks for a real frame beyond the 2 given"):
        rollout(add_ten, clip(0, 1), matrix("1101"))


def test_forecast_reads_the_context_then_itself():
    assert forecast(add_ten, clip(0, 1, 2), 4).flatten().tolist() == [12, 22, 32, 42]
    assert forecast(add_ten, clip(0), 1).flatten().tolist() == [10]


@pytest.mark.parametrize("kind", KINDS)
def test_equals_a_loop_written_out(kind):
    net, frames = network(kind), normal(2, 5, 2, 4, 3)
    truth = matrix("11010", "10011")
    expected, state, y = [], None, None
    for t in range(5):
        picked = [frames[b, t] if truth[b, t] else y[b] for b in range(2)]
        y, state = net(torch.stack(picked), state)
        expected.append(y)
    assert_close(rollout(net, frames, truth), torch.stack(expected, 1), rtol=0, atol=0)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(KINDS), st.integers(1, 4), st.integers(1, 4), st.integers(0, 99))
def test_the_whole_is_its_first_part_and_the_rest(kind, cut, more, seed):
    steps = cut + more
    net, frames = network(kind, seed), normal(2, steps, 2, 3, 4, seed=seed)
    draw = torch.Generator().manual_seed(seed)
    truth = scheduled(2, steps, 1, 0.5, draw)
    whole = unroll(net, frames, truth)
    first = unroll(net, frames[:, :cut], truth[:, :cut])
    rest = unroll(net, frames[:, cut:], truth[:, cut:], first)
    joined = torch.cat([first.predictions, rest.predictions], 1)
    assert_close(joined, whole.predictions, rtol=0, atol=0)
    for ours, theirs in zip(rest.state.cells, whole.state.cells, strict=True):
        assert_close(ours.c, theirs.c, rtol=0, atol=0)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 99))
def test_a_forecast_sees_no_future(context, horizon, seed):
    """It is rollout under the inference matrix, whatever stands where frames are not read."""
    net, frames = network("Stack", seed), normal(2, context + horizon, 2, 3, 3, seed=seed)
    truth = inference(2, context + horizon - 1, context)
    expected = rollout(net, frames, truth)[:, context - 1 :]
    frames[:, context:] = torch.nan
    assert_close(rollout(net, frames, truth)[:, context - 1 :], expected, rtol=0, atol=0)
    assert_close(forecast(net, frames[:, :context], horizon), expected, rtol=0, atol=0)
    assert expected.shape == (2, horizon, 2, 3, 3)


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 6), st.integers(0, 99))
def test_a_prediction_depends_on_earlier_frames_only(steps, seed):
    net, frames = network("SkipNet", seed), normal(1, steps, 2, 3, 3, seed=seed)
    frames.requires_grad_()
    at = seed % steps
    y = rollout(net, frames, teacher_forcing(1, steps))[:, at].sum()
    (slope,) = torch.autograd.grad(y, frames)
    touched = slope.abs().amax((0, 2, 3, 4)) > 0
    assert touched.tolist() == [t <= at for t in range(steps)]


def test_samples_do_not_mix():
    net, frames = network("Stack"), normal(3, 4, 2, 3, 3)
    truth = matrix("1010", "1100", "1001")
    together = rollout(net, frames, truth)
    for b in range(3):
        assert_close(rollout(net, frames[b : b + 1], truth[b : b + 1]), together[b : b + 1])


def test_own_outputs_carry_gradients():
    """Under inference only frame 0 is read, yet every step's slope reaches it through the loop."""
    a = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    y = rollout(lambda x, state: (a * x, None), clip(2, 0, 0), matrix("100"))
    (slope,) = torch.autograd.grad(y[:, -1].sum(), a)
    assert slope.item() == 3 * 3**2 * 2  # of a cubed times 2
    y = rollout(lambda x, state: (a * x, None), clip(2, 5, 7), matrix("111"))
    (slope,) = torch.autograd.grad(y[:, -1].sum(), a)
    assert slope.item() == 7


@pytest.mark.parametrize("kind", KINDS)
def test_gradcheck(kind):
    net, frames = network(kind, channels=1), normal(2, 3, 1, 2, 2).requires_grad_()
    truth = matrix("110", "101")
    assert torch.autograd.gradcheck(lambda frames: rollout(net, frames, truth), (frames,))


@pytest.mark.parametrize("kind", KINDS)
def test_forward_and_backward_on_the_meta_device(kind):
    """The matrix stays on the CPU, where it can be checked."""
    net, frames = network(kind).to("meta"), torch.zeros(2, 4, 2, 5, 5, device="meta").double()
    y = rollout(net, frames, curriculum(2, 6, 4, 3)[:, :5])
    y.sum().backward()
    assert (y.shape, y.device.type) == ((2, 5, 2, 5, 5), "meta")
    assert all(weight.grad.is_meta for weight in net.parameters())


def test_autocast_stays_near():
    net, frames = network("Stack").float(), normal(2, 3, 2, 5, 5).float()
    exact = rollout(net, frames, inference(2, 6, 3))
    with torch.autocast("cpu", torch.bfloat16):
        rough = rollout(net, frames, inference(2, 6, 3))
    assert rough.shape == exact.shape
    assert 0 < (rough - exact).abs().max() < 0.05


# --- bad input


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: unroll(add_ten, clip(0, 1), matrix("01")), "first column: nothing else to read"),
        (lambda: unroll(add_ten, clip(0, 1), matrix("11", "11")), "one row for each of 1 samples"),
        (lambda: unroll(add_ten, clip(0, 1), matrix("11")[:, :0]), "one column at least"),
        (lambda: unroll(add_ten, clip(0)[:, :0], matrix("1")), "beyond the 0 given"),
        (lambda: unwrap(unroll)(add_ten, clip(0), torch.ones(1, 1)), "truth is torch.float32"),
        (
            lambda: unroll(
                lambda x, state: (x[..., :1], state), normal(1, 2, 1, 2, 2), matrix("11")
            ),
            r"predicted \(1, 1, 2, 1\) from \(1, 1, 2, 2\)",
        ),
        (
            lambda: unroll(add_ten, clip(1), matrix("0"), Rollout(normal(1, 1, 1, 2, 1), None)),
            r"before predicted \(1, 1, 1, 2, 1\), frames are \(1, 1, 1, 1, 1\)",
        ),
        (lambda: forecast(add_ten, clip(0), 0), "1 frames, horizon=0: both must be at least 1"),
        (lambda: forecast(add_ten, clip(0)[:, :0], 2), "0 frames, horizon=2"),
    ],
)
def test_bad_input_is_named(call, says):
    with pytest.raises(ValueError, match=says):
        call()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.booleans(), min_size=0, max_size=5),
    st.integers(0, 6),
    st.booleans(),
)
def test_a_rollout_runs_or_names_what_is_wrong(row, time, continued):
    truth, frames = torch.tensor([row], dtype=torch.bool), clip(*range(time))
    before = unroll(add_ten, clip(50), matrix("1")) if continued else None
    if row and (continued or row[0]) and not any(row[time:]):
        expected, last = [], 60
        for t, real in enumerate(row):
            last = (t if real else last) + 10
            expected.append(last)
        result = unroll(add_ten, frames, truth, before)
        assert result.predictions.flatten().tolist() == expected
    else:
        with pytest.raises(ValueError, match=r"one column|first column|beyond the \d given"):
            unroll(add_ten, frames, truth, before)
