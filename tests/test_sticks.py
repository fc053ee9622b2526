"""Stick figures: drawn a second way, told apart by a classifier that sees no order of frames."""

from dataclasses import replace
from inspect import unwrap

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stlib.data import sticks
from stlib.data.actions import ACTIONS, chosen, subjects
from stlib.data.postures import Body, radii, reach, shades, skeleton, stride
from stlib.data.segments import painted
from stlib.data.sticks import StickClips
from stlib.extras import load
from stlib.recipes.data import StickKTH

SPLITS = ("training", "validation", "test")
TRAVEL, STAY = ACTIONS[:3], ACTIONS[3:]
CYCLE = np.linspace(0, 2 * np.pi, 60, endpoint=False)


# --- who


@pytest.mark.parametrize("validating", [0, 1, 3, 15])
def test_subjects_are_split_as_the_papers_do(validating):
    parts = [subjects(split, validating) for split in SPLITS]
    assert parts[0] + parts[1] == tuple(range(1, 17))
    assert parts[2] == tuple(range(17, 26))
    assert len(parts[1]) == validating


def test_eight_train_as_the_list_of_sequences_says():
    """Its first lines; nine test, and nobody is left out."""
    parts = [subjects(split, division="eight train") for split in SPLITS]
    assert parts[0] == (11, 12, 13, 14, 15, 16, 17, 18)
    assert parts[1] == (19, 20, 21, 23, 24, 25, 1, 4)
    assert sorted(sum(parts, ())) == list(range(1, 26))
    with pytest.raises(ValueError, match="division='halves', expected one of sixteen train, eight"):
        unwrap(subjects)("training", 3, "halves")


def test_a_split_that_cannot_be_is_named():
    with pytest.raises(ValueError, match="split='holdout', expected one of training"):
        unwrap(subjects)("holdout")
    for validating in (-1, 16):
        with pytest.raises(ValueError, match=f"validating={validating}, expected 0 to 15"):
            subjects("training", validating)


def test_no_subject_is_in_two_splits_and_all_perform():
    seen = {split: StickClips(400, split=split) for split in SPLITS}
    who = {split: {clips.subject(i) for i in range(400)} for split, clips in seen.items()}
    assert who == {split: set(subjects(split)) for split in SPLITS}
    bodies = [body for clips in seen.values() for body in clips.bodies.values()]
    assert len(set(bodies)) == 25, "each has proportions of their own"


# --- lines

points = st.floats(-12, 28)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(points, points, points, points), min_size=1, max_size=4), st.floats(0.3, 4)
)
def test_ink_is_the_distance_to_the_segment_written_out(lines, radius):
    """Pixel by pixel: beyond an end it is the end that is near, else the line."""

    def away(point, start, end):
        way = end - start
        if (point - start) @ way <= 0:
            return np.hypot(*(point - start))
        if (point - end) @ way >= 0:
            return np.hypot(*(point - end))
        across = way[0] * (point - start)[1] - way[1] * (point - start)[0]
        return abs(across) / np.hypot(*way)

    ends = np.array(lines).reshape(1, -1, 2, 2)
    thick, shade = np.full(len(lines), radius), np.linspace(1, 0.5, len(lines))
    made = painted(ends, thick, shade, 16)[0]
    for place in np.ndindex(16, 16):
        covered = [
            ink * np.clip(radius + 0.5 - away(np.array(place), start, end), 0, 1)
            for (start, end), ink in zip(ends[0], shade, strict=True)
        ]
        assert made[place] == pytest.approx(max(covered), abs=1e-9)


def test_a_frame_does_not_hang_on_its_neighbours():
    ends = np.random.default_rng(0).uniform(-5, 25, (9, 6, 2, 2))
    thick, shade = np.full(6, 1.5), np.linspace(0.2, 1, 6)
    whole = painted(ends, thick, shade, 20)
    for time in range(9):
        np.testing.assert_array_equal(
            painted(ends[time : time + 1], thick, shade, 20)[0], whole[time]
        )


@pytest.mark.parametrize("size", [(9, 30), (30, 9), (20, 21)])
def test_an_oblong_is_a_part_of_a_square(size):
    height, width = size
    ends = np.random.default_rng(1).uniform(-5, 35, (3, 6, 2, 2))
    thick, shade = np.full(6, 1.5), np.linspace(0.2, 1, 6)
    whole = painted(ends, thick, shade, 30)
    np.testing.assert_array_equal(painted(ends, thick, shade, size), whole[:, :height, :width])


# --- postures


@pytest.mark.parametrize("action", ACTIONS)
def test_bones_keep_their_lengths_and_hang_together(action):
    body = Body(trunk=0.33, arm=0.3, leg=0.5, swing=1.1, bend=0.1)
    limbs = skeleton(action, CYCLE, body)
    assert limbs.shape == (60, len(radii(body)), 2, 2)
    assert len(shades(action)) == len(radii(body))
    length = np.hypot(*np.moveaxis(limbs[:, :, 1] - limbs[:, :, 0], -1, 0))
    np.testing.assert_allclose(length[:, 1], 0.33)
    np.testing.assert_allclose(length[:, [7, 8, 10, 11]], 0.25)
    if action == "handclapping":  # forearms turn towards the camera
        np.testing.assert_allclose(length[:, [3, 5]], 0.15)
        assert length[:, [4, 6]].min() < 0.1
    else:
        np.testing.assert_allclose(length[:, 3:7], 0.15)
    for upper, lower in ((3, 4), (5, 6), (7, 8), (8, 9), (10, 11), (11, 12)):
        np.testing.assert_array_equal(limbs[:, upper, 1], limbs[:, lower, 0])


@pytest.mark.parametrize("action", ACTIONS)
def test_ankles_do_not_sink_and_only_joggers_and_runners_fly(action):
    ankles = skeleton(action, CYCLE, Body())[:, [8, 11], 1, 1]
    assert ankles.min() > -1e-12
    flown = float((ankles.min(axis=1) > 1e-9).mean())
    assert (flown > 0) == (action in ("jogging", "running"))
    if action == "running":
        assert flown > 0.3


def test_gaits_differ_in_posture_and_not_only_in_tempo():
    """On average over a cycle, and by more than subjects differ: elbows, trunk, knees."""

    def angles(action, body):
        limbs = skeleton(action, CYCLE, body)
        bones = limbs[:, :, 1] - limbs[:, :, 0]
        turn = np.degrees(np.arctan2(bones[..., 0], -bones[..., 1]))
        elbow = (turn[:, 4] - turn[:, 3]).mean()
        lean = np.degrees(np.arctan2(bones[:, 1, 0], bones[:, 1, 1])).mean()
        knee = limbs[:, 7, 1, 1] - limbs[:, 1, 0, 1]  # how high the knee comes below the hips
        return np.array([elbow, lean, 100 * knee.max()])

    bodies = [body for body, _ in StickClips(1).bodies.values()]
    each = {action: np.array([angles(action, body) for body in bodies]) for action in TRAVEL}
    for slow, fast in (("walking", "jogging"), ("jogging", "running")):
        assert (each[slow].max(0)[:2] < each[fast].min(0)[:2]).all()
    assert each["jogging"].max(0)[2] < each["running"].min(0)[2]


def test_two_steps_are_a_stride_and_those_who_do_not_travel_make_none():
    assert [stride(action, Body()) for action in STAY] == [0, 0, 0]
    walk, jog, run = (stride(action, Body()) for action in TRAVEL)
    assert walk < jog < run
    # A step is twice as wide as the knees come apart, for they are half-way down straight legs.
    flown = {"walking": 0, "jogging": 0.1, "running": 0.2}
    for action, far in zip(TRAVEL, (walk, jog, run), strict=True):
        limbs = skeleton(action, CYCLE, Body())
        apart = np.abs(limbs[:, 7, 1, 0] - limbs[:, 10, 1, 0]).max()
        assert far * (1 - flown[action]) == pytest.approx(2 * 2 * apart)


def test_an_unknown_action_lists_them():
    with pytest.raises(ValueError, match="action='dancing', expected one of walking, jogging"):
        skeleton("dancing", CYCLE, Body())


# --- clips


@settings(max_examples=25, deadline=None)
@given(
    frames=st.integers(1, 6),
    canvas=st.integers(16, 70),
    channels=st.sampled_from([1, 3]),
    background=st.sampled_from(["plain", "textured"]),
    noise=st.floats(0, 1),
    tempo=st.floats(1e-3, 1e3),
    seed=st.integers(0, 2**64 - 1),
    split=st.sampled_from(SPLITS),
    index=st.integers(0, 29),
)
def test_any_clip_is_in_range_and_drawn_alike_again(index, channels, **settings):
    clips, again = (StickClips(30, channels=channels, **settings) for _ in range(2))
    again[(index + 7) % 30]  # the order in which clips are drawn does not matter
    clip = clips[index]
    canvas = settings["canvas"]
    assert clip.shape == (settings["frames"], channels, canvas, canvas)
    assert 0 <= float(clip.min()) <= float(clip.max()) <= 1
    assert torch.equal(clip, again[index])
    assert torch.equal(clip, clip[:, :1].expand_as(clip))
    assert clips.labels == tuple(i % 6 for i in range(30))
    assert clips.classes == ACTIONS


@pytest.mark.parametrize("noise", [0.0, 0.08])
@pytest.mark.parametrize("background", ["plain", "textured"])
@pytest.mark.parametrize("slow", [0.5, 1.0, 0.75])
def test_twice_the_tempo_is_every_second_frame(slow, background, noise):
    how = {"background": background, "noise": noise, "canvas": 40}
    once = StickClips(12, frames=25, tempo=slow, **how)
    twice = StickClips(12, frames=13, tempo=2 * slow, **how)
    for index in range(12):
        np.testing.assert_array_equal(twice.draw(index), once.draw(index)[::2])


def test_splits_seeds_and_indices_differ():
    drawn = [
        StickClips(12, canvas=16, frames=1, split=split, seed=seed).draw(index).tobytes()
        for split in SPLITS
        for seed in (0, 1)
        for index in (0, 6)
    ]
    assert len(set(drawn)) == len(drawn)


def test_some_actions_take_turns_and_all_are_the_rule():
    gaits = ("running", "jogging", "walking")
    clips, every = StickClips(7, frames=6, actions=gaits), StickClips(7, frames=6)
    assert (clips.classes, clips.labels) == (gaits, (0, 1, 2, 0, 1, 2, 0))
    # The second clip of either set shows a jogger: the same one.
    np.testing.assert_array_equal(clips.draw(1), every.draw(1))
    assert (clips.draw(0) != every.draw(0)).any()
    assert clips.origin().name.endswith("tempo 1, running, jogging, walking)")
    assert clips.origin().sha256 != every.origin().sha256
    assert StickClips(7, frames=6, actions=ACTIONS).origin() == every.origin()
    assert chosen(()) == ACTIONS
    for wrong in (("dancing",), ("running", "running")):
        with pytest.raises(ValueError, match=r"actions=.*expected some of walking, .*each once"):
            unwrap(chosen)(wrong)


def test_subjects_have_bodies_that_the_split_does_not_change(monkeypatch):
    whole = {}
    for split in SPLITS:
        whole |= StickClips(1, split=split).bodies
    monkeypatch.setattr(sticks, "subjects", lambda split: tuple(range(1, 26)))
    assert StickClips(1, split="test").bodies == whole


@pytest.mark.parametrize("action", ACTIONS)
def test_figures_stay_on_the_canvas(action):
    clips = StickClips(60, frames=40, canvas=64)
    for body, _ in clips.bodies.values():
        assert np.abs(skeleton(action, CYCLE, body)[..., 0]).max() < reach(action)
    for index in range(ACTIONS.index(action), 60, 6):
        figure = clips.draw(index) > 150
        assert figure.any(axis=(1, 2)).all()
        border = figure.copy()
        border[:, 1:-1, 1:-1] = False
        assert not border.any()


@pytest.mark.parametrize("canvas", [(60, 80), (80, 60)])
@pytest.mark.parametrize("tempo", [0.5, 4.0])
def test_figures_stay_whole_on_an_oblong(canvas, tempo):
    how = {"frames": 9, "tempo": tempo, "background": "textured", "noise": 0.02}
    clips = StickClips(24, canvas=canvas, **how)
    assert clips[0].shape == (9, 1, *canvas)
    for index in range(24):
        figure = clips.draw(index) > 150
        assert figure.any(axis=(1, 2)).all()
        assert not figure[:, [0, -1]].any()
        assert not figure[:, :, [0, -1]].any()
        tall = figure.any(axis=(0, 2)).sum()
        assert 0.45 < tall / min(canvas) < 0.9, "arms may be raised"
    columns = np.nonzero(StickClips(60, frames=40, canvas=canvas).draw(0) > 150)[2]
    assert np.ptp(columns) > 0.3 * canvas[1], "the first walks"


def test_a_canvas_of_two_equal_sides_is_a_square():
    one, two = (StickClips(3, canvas=canvas, noise=0.1) for canvas in (20, (20, 20)))
    assert one.origin() == two.origin() != StickClips(3, canvas=(20, 21), noise=0.1).origin()
    np.testing.assert_array_equal(one.draw(2), two.draw(2))


def test_noise_has_the_deviation_asked_for_and_the_background_stands_still():
    quiet = StickClips(1, frames=30, background="textured").draw(0).astype(float)
    loud = StickClips(1, frames=30, background="textured", noise=0.02).draw(0).astype(float)
    difference = (loud - quiet) / 255
    dark = quiet < 200  # where nothing is cut at white
    assert difference[dark].std() == pytest.approx(0.02, rel=0.03)
    assert abs(difference[dark].mean()) < 1e-3
    assert np.corrcoef(difference[0].ravel(), difference[1].ravel())[0, 1] < 0.05
    corner = quiet[:, :4, :4]
    assert (corner == corner[0]).all()
    assert quiet[0][quiet[0] < 150].std() > 5


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"samples": 0}, "samples=0, frames=20, channels=1: each counts from 1"),
        ({"frames": 0}, "frames=0"),
        ({"channels": 0}, "channels=0"),
        ({"canvas": 15}, "canvas=15, expected at least 16"),
        ({"canvas": (20, 15)}, r"canvas=\(20, 15\), expected at least 16"),
        ({"background": "forest"}, "background='forest', expected one of plain, textured"),
        ({"noise": -0.1}, "noise=-0.1, expected 0 to 1"),
        ({"noise": float("nan")}, "noise=nan"),
        ({"tempo": 0.0}, "tempo=0.0, expected more than 0"),
        ({"tempo": float("inf")}, "tempo=inf"),
        ({"seed": -1}, "seed=-1, expected 0 to"),
    ],
)
def test_a_clip_set_that_cannot_be_is_named(wrong, says):
    with pytest.raises(ValueError, match=says):
        unwrap(StickClips.__init__)(StickClips.__new__(StickClips), **{"samples": 3, **wrong})


def test_clips_count_from_0():
    clips = StickClips(3)
    for index in (-1, 3):
        for ask in (clips.__getitem__, clips.subject, clips.draw):
            with pytest.raises(IndexError, match=f"clip {index} of 3"):
                ask(index)


# --- as a recipe names them


def test_a_choice_opens_what_it_says():
    choice = StickKTH(
        training=9, validation=8, test=7, frames=3, canvas=20, tempo=2.0, noise=0.1, seed=5
    )
    assert replace(choice, actions=("boxing",)).open("test").classes == ("boxing",)
    for split, size in zip(SPLITS, (9, 8, 7), strict=True):
        opened = choice.open(split)
        same = StickClips(size, frames=3, canvas=20, tempo=2.0, noise=0.1, seed=5, split=split)
        assert len(opened) == size
        assert torch.equal(opened[size - 1], same[size - 1])
        assert opened.origin() == choice.origin() == same.origin()
    assert choice.origin().name == "stick figures in place of KTH (plain, noise 0.1, tempo 2)"
    assert "stand in for" in choice.source
    others = [
        {"tempo": 1.0},
        {"noise": 0.0},
        {"seed": 0},
        {"background": "textured"},
        {"canvas": 16},
    ]
    assert len({replace(choice, **other).origin().sha256 for other in [{}, *others]}) == 6


def test_the_drawing_has_not_changed_behind_its_version():
    """Whoever changes what is drawn changes VERSION, and these numbers."""
    drawn = [StickClips(6, background="textured", noise=0.05).draw(index) for index in range(6)]
    sums = [int(clip.sum(dtype=np.int64)) for clip in drawn]
    assert sticks.VERSION == 1
    expected = [8888381, 5859092, 6343717, 7456420, 7872202, 6384961]
    assert sums == pytest.approx(expected, abs=20), (
        "a few pixels may be rounded otherwise elsewhere"
    )


# --- told apart by posture

SEEN, HELD_OUT = 180, 72


def silhouettes(clips):
    """What a clip shows, without order: the mean, the widest and the spread of its silhouettes."""
    told = []
    for index in range(len(clips)):
        frames = np.random.default_rng(index).permutation(clips.draw(index).astype(float))
        figure = frames > (frames.max() + np.median(frames)) / 2
        middles = [round(np.nonzero(frame)[1].mean()) for frame in figure]
        centred = [np.roll(frame, 32 - at, 1) for frame, at in zip(figure, middles, strict=True)]
        blocks = np.array(centred)[:, :, 16:48].reshape(len(frames), 16, 4, 8, 4).mean((2, 4))
        told.append(np.concatenate([blocks.mean(0), blocks.max(0), blocks.std(0)]).ravel())
    return np.array(told)


@pytest.fixture(scope="module")
def learnt():
    """Silhouettes of the training subjects at tempo 1, and their actions."""
    clips = StickClips(SEEN)
    return silhouettes(clips), np.array(clips.labels)


def classifier(x, y):
    pipeline, linear = load("sklearn.pipeline", "train"), load("sklearn.linear_model", "train")
    scaler = load("sklearn.preprocessing", "train").StandardScaler()
    return pipeline.make_pipeline(scaler, linear.RidgeClassifier(alpha=100.0)).fit(x, y)


@pytest.mark.parametrize("tempo", [0.5, 1.0, 1.5, 2.0])
def test_actions_are_told_apart_at_any_tempo_by_people_never_seen(learnt, tempo):
    held = StickClips(HELD_OUT, split="test", tempo=tempo)
    x, labels = silhouettes(held), np.array(held.labels)
    right = classifier(*learnt).predict(x) == labels
    assert right.mean() > 0.9  # measured: 0.95 or more at each tempo
    assert min(right[labels == each].mean() for each in range(6)) > 0.6  # measured: 0.75 or more


def test_without_true_labels_nothing_is_told_apart(learnt):
    held = StickClips(HELD_OUT, split="test")
    x, labels = silhouettes(held), np.array(held.labels)
    shuffle = np.random.default_rng(0).permutation
    right = [classifier(learnt[0], shuffle(learnt[1])).predict(x) == labels for _ in range(15)]
    assert np.mean(right) == pytest.approx(1 / 6, abs=0.05)
