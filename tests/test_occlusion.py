"""A bar over some frames."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from stlib.occlusion import behind_bar


@settings(max_examples=60, deadline=None)
@given(
    first=st.integers(0, 5),
    columns=st.integers(0, 3),
    hidden=st.integers(0, 4),
    ink=st.floats(0, 1, width=32),
)
def test_every_pixel_is_the_bars_or_its_own(first, columns, hidden, ink):
    columns = min(columns, 6 - first)
    clips = torch.rand(2, 4, 1, 3, 6, generator=torch.Generator().manual_seed(0))
    given_clips = clips.clone()
    covered = behind_bar(clips, first, columns, range(4 - hidden, 4), ink)
    for frame in range(4):
        for column in range(6):
            under = frame >= 4 - hidden and first <= column < first + columns
            wanted = torch.full((2, 1, 3), ink) if under else clips[:, frame, :, :, column]
            assert_close(covered[:, frame, :, :, column], wanted)
    assert torch.equal(clips, given_clips)


def test_one_clip_and_frames_from_the_end():
    clip = torch.ones(3, 1, 2, 4)
    assert behind_bar(clip, 1, 2, [-1])[:, 0, 0].tolist() == [
        [1, 1, 1, 1], [1, 1, 1, 1], [1, 0, 0, 1],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"first": 3, "columns": 2}, "first=3, columns=2: expected a bar within the 4 columns"),
        ({"first": -1}, "first=-1, columns=1: expected a bar within"),
        ({"columns": -1}, "columns=-1: expected a bar"),
        ({"frames": [3]}, r"frames=\(3,\): there are 3"),
        ({"frames": [-4]}, "there are 3"),
        ({"ink": 1.5}, "ink=1.5, expected 0 to 1"),
    ],
)
def test_what_cannot_be_hidden_is_refused(options, says):
    with pytest.raises(ValueError, match=says):
        behind_bar(torch.ones(3, 1, 2, 4), **{"first": 1, "columns": 1, "frames": [0], **options})
