"""Baselines against films whose motion was planted."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from stlib.baselines import black, constant_velocity, copy_last, mean_frame, velocity
from stlib.data.digits import sklearn_digits
from stlib.data.moving_mnist import CONV_TT_LSTM

SIDE, MARGIN = 32, 64


@pytest.fixture(autouse=True)
def _one_thread():
    """The frames are so small that a second thread only waits."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def film(things, frames, channels=1):
    """Things (picture, start, step a frame) in straight lines past a window onto a wide canvas."""
    wide = torch.zeros(1, frames, channels, SIDE + 2 * MARGIN, SIDE + 2 * MARGIN)
    for picture, start, step in things:
        for time in range(frames):
            row, column = (int(s + time * v) + MARGIN for s, v in zip(start, step, strict=True))
            place = wide[0, time, :, row : row + picture.shape[-2], column : column + len(picture)]
            torch.maximum(place, picture, out=place)
    return wide[..., MARGIN:-MARGIN, MARGIN:-MARGIN]


def random(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def textured(size, seed=0):
    return random(size, size, seed=seed) * 0.9 + 0.1


def test_what_does_not_move():
    context = random(2, 3, 4, 5, 6)
    assert torch.equal(black(context, 7), torch.zeros(2, 7, 4, 5, 6))
    copied = copy_last(context, 7)
    assert copied.shape == (2, 7, 4, 5, 6)
    assert all(torch.equal(copied[:, time], context[:, -1]) for time in range(7))
    mean = random(4, 5, 6)
    means = mean_frame(context, 7, mean)
    assert means.shape == (2, 7, 4, 5, 6)
    assert all(torch.equal(frame, mean) for frame in means.flatten(0, 1))


def test_no_constant_beats_the_mean_where_it_was_taken():
    films = random(5, 4, 1, 3, 3).double()
    mean = films.mean((0, 1))
    least = ((mean_frame(films, 4, mean) - films) ** 2).mean()
    assert_close(least, films.flatten(0, 1).var(0, correction=0).mean())
    for other in (black(films, 4), mean_frame(films, 4, mean + 0.01)):
        assert ((other - films) ** 2).mean() > least


steps = st.tuples(st.integers(-5, 5), st.integers(-5, 5))


@settings(max_examples=60, deadline=None)
@given(
    size=st.integers(1, 9),
    step=steps,
    start=st.tuples(st.integers(6, 17), st.integers(6, 17)),
    flat=st.booleans(),
    window=st.sampled_from([None, 1, 3, 9, 31]),
    channels=st.integers(1, 2),
)
def test_one_thing_moving_by_whole_pixels_is_continued_exactly(
    size, step, start, flat, window, channels
):
    """Also out of the canvas: the horizon is long enough to leave it, and nothing comes back."""
    picture = torch.ones(size, size) if flat else textured(size)
    whole = film([(picture, start, step)], 2 + 9, channels)
    assert torch.equal(constant_velocity(whole[:, :2], 9, window=window), whole[:, 2:])


def test_each_clip_of_a_batch_has_its_own_motion():
    clips = [film([(textured(6), (10, 10), step)], 5) for step in ((1, 2), (-3, 0), (0, 0))]
    whole = torch.cat(clips)
    assert torch.equal(constant_velocity(whole[:, :2], 3), whole[:, 2:])


def test_only_the_last_two_frames_count():
    whole = film([(textured(6), (10, 10), (2, 1))], 7)
    noisy = torch.cat([random(*whole[:, :2].shape), whole[:, 2:4]], dim=1)
    assert torch.equal(constant_velocity(noisy, 3), whole[:, 4:])


def test_two_things_need_a_window():
    apart = film([(textured(7, 1), (3, 3), (1, 0)), (textured(7, 2), (20, 20), (0, -1))], 6)
    seen, future = apart[:, :2], apart[:, 2:]
    assert torch.equal(constant_velocity(seen, 4, window=5), future)
    assert not torch.equal(constant_velocity(seen, 4), future)


def test_limit_two_things_that_cross():
    """Wrong while one of the two frames it looks at shows them overlapping, right otherwise."""
    crossing = film([(textured(7, 1), (8, 2), (0, 2)), (textured(7, 2), (8, 22), (0, -2))], 14)
    overlap = [abs((22 - 2 * time) - (2 + 2 * time)) < 7 for time in range(14)]
    assert overlap.count(True) == 3
    for seen in range(2, 12):
        foretold = constant_velocity(crossing[:, :seen], 3, window=5)
        right = torch.equal(foretold, crossing[:, seen : seen + 3])
        assert right == (not any(overlap[seen - 2 : seen]))


def test_limit_nothing_bounces():
    picture = textured(8)
    there = film([(picture, (12, 16), (0, 4))], 3)  # columns 16, 20, 24: at the right border
    back = film([(picture, (12, 24), (0, -4))], 6)[:, 1:]
    foretold = constant_velocity(there, 5)
    assert_close(foretold[:, 1:], torch.zeros_like(foretold[:, 1:]))  # gone after 8 pixels
    assert ((foretold - back) ** 2).mean() > (back**2).mean(), "worse than black"


def test_limit_fractions_of_a_pixel_drift():
    """At half a pixel a frame it is seen to stand, or to run twice as fast."""
    picture = textured(6)
    whole = film([(picture, (8, 8), (0, 0.5))], 11)
    standing = film([(picture, (8, 8), (0, 0))], 9)
    running = film([(picture, (8, 9), (0, 1))], 9)
    assert torch.equal(constant_velocity(whole[:, 0:2], 8), standing[:, 1:])
    assert torch.equal(constant_velocity(whole[:, 1:3], 8), running[:, 1:])
    assert not torch.equal(standing[:, 2:], whole[:, 3:10])


def test_limit_faster_than_the_reach():
    whole = film([(textured(6), (4, 4), (0, 6))], 4)
    assert not torch.equal(constant_velocity(whole[:, :2], 2), whole[:, 2:])
    assert torch.equal(constant_velocity(whole[:, :2], 2, reach=6), whole[:, 2:])


@pytest.mark.parametrize("window", [None, 1, 3, 5])
def test_velocity_equals_a_search_in_loops(window):
    before, after = random(2, 2, 2, 7, 6).double()
    found = velocity(before, after, window=window, reach=2)
    assert found.shape == (2, 7, 6, 2)
    for clip in range(2):
        for row in range(7):
            for column in range(6):
                errors = _errors(before[clip].numpy(), after[clip].numpy(), row, column, window)
                shift = tuple(found[clip, row, column].tolist())
                assert errors[shift] == pytest.approx(min(errors.values()))


def _errors(before, after, row, column, window, reach=2):
    """The squared difference around one pixel for every shift, pixel by pixel."""
    _, height, width = after.shape
    padded = np.pad(before, ((0, 0), (reach, reach), (reach, reach)))
    half = max(height, width) if window is None else window // 2
    errors = {}
    for down in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            errors[down, right] = sum(
                ((after[:, y, x] - padded[:, y - down + reach, x - right + reach]) ** 2).sum()
                for y in range(max(0, row - half), min(height, row + half + 1))
                for x in range(max(0, column - half), min(width, column + half + 1))
            )
    return errors


def test_black_and_flat_places_do_not_tell():
    nothing = torch.zeros(1, 1, 9, 9)
    assert not velocity(nothing, nothing, window=3).any()
    # Inside a flat square all shifts fit alike: the whole frame's decides.
    before, after = film([(torch.ones(14, 14), (5, 5), (2, -1))], 2)[0]
    found = velocity(before[None], after[None], window=3)
    assert found[0, 12, 10].tolist() == [2, -1]


def test_two_that_meet_show_the_brighter():
    dim, bright = torch.full((3, 3), 0.25), torch.full((3, 3), 0.75)
    meeting = film([(dim, (10, 4), (0, 4)), (bright, (10, 20), (0, -4))], 3)
    foretold = constant_velocity(meeting[:, :2], 1, window=5)
    assert torch.equal(foretold, meeting[:, 2:])
    assert foretold[0, 0, 0, 10:13, 12].tolist() == [0.75] * 3


def test_black_beats_copying_on_moving_mnist():
    """This book, chapter 1, on digits of which no network was trained."""
    whole = sklearn_digits()
    training = CONV_TT_LSTM.dataset(whole, "training")
    mean = torch.stack([training[index] for index in range(200)]).mean((0, 1))
    test = CONV_TT_LSTM.dataset(whole, "test")
    films = torch.stack([test[index] for index in range(40)])
    seen, future = films[:, :10], films[:, 10:]

    def error(foretold):
        return ((foretold - future) ** 2).mean((0, 2, 3, 4))

    nothing, copied = error(black(seen, 10)), error(copy_last(seen, 10))
    average, tracked = (
        error(mean_frame(seen, 10, mean)),
        error(constant_velocity(seen, 10, window=15)),
    )
    assert average.mean() < nothing.mean() < copied.mean()
    assert tracked[0] < min(average[0], nothing[0], copied[0])
    assert tracked[-1] > nothing[-1], "in ten frames most digits bounce"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: black(x, 0), "horizon=0, expected at least 1"),
        (lambda x: copy_last(x[:, :0], 1), "0 frames of context, expected at least 1"),
        (lambda x: constant_velocity(x[:, :1], 1), "1 frames of context, expected at least 2"),
        (lambda x: constant_velocity(x, 1, window=4), "window=4, expected an odd number"),
        (lambda x: constant_velocity(x, 1, window=-1), "window=-1, expected an odd number"),
        (lambda x: constant_velocity(x, 1, reach=8), "reach=8, expected 0 to 7 on 8x9"),
        (lambda x: constant_velocity(x, 1, reach=-1), "reach=-1, expected 0 to 7"),
        (lambda x: velocity(x[0], x[0, :1]), "expected that of after"),
        (lambda x: mean_frame(x, 1, torch.zeros(1, 9, 8)), r"\(1, 9, 8\), expected .*\(1, 8, 9\)"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call(torch.zeros(2, 3, 1, 8, 9))
