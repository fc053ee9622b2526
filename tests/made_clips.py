"""What every data set that draws its clips must keep, for the tests of each."""

import torch


def check_clip(make, index, how):
    """A clip is in range, the same in whatever order it is drawn, and the beginning of longer ones.

    Args:
        make: called as ``make(30, **how)``.
        index: of the clip.
        how: 'frames', 'canvas' and whatever else the data set takes.

    Returns:
        The clips and the one looked at.
    """
    clips, again = (make(30, **how) for _ in range(2))
    again[(index + 7) % 30]  # the order in which clips are drawn does not matter
    clip = clips[index]
    assert clip.shape == (how["frames"], 1, how["canvas"], how["canvas"])
    assert clip.dtype == torch.float32
    assert 0 <= float(clip.min()) <= float(clip.max()) <= 1
    assert torch.equal(clip, again[index])
    longer = make(30, **{**how, "frames": how["frames"] + 3})[index]
    assert torch.equal(longer[: how["frames"]], clip), "a longer clip begins with it"
    return clips, clip
