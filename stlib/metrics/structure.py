"""Structural similarity, in the three conventions whose numbers stand side by side in tables."""

from typing import Any, Literal, TypeAlias, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from stlib.extras import load
from stlib.metrics.frames import Frames, FrameScores, check_frames

__all__ = ["Ssim", "ssim"]

Ssim: TypeAlias = Literal["gaussian", "uniform", "uniform-range2"]
WIDTH: dict[str, int] = {"gaussian": 11, "uniform": 7, "uniform-range2": 7}


def ssim(prediction: Frames, truth: Frames, convention: Ssim) -> FrameScores:
    """Structural similarity of each frame, by scikit-image; channels are averaged.

    Frames lie in [0, 1]. Only windows that lie wholly inside the frame count.

    ====================  ==================  ==========  ==========  =====================
    convention            window              data range  covariance  who is reported to use
    ====================  ==================  ==========  ==========  =====================
    ``'gaussian'``        11 x 11, sigma 1.5  1           population  Ma et al., Wang et al.
    ``'uniform'``         7 x 7               1           sample      scikit-image
    ``'uniform-range2'``  7 x 7               2           sample      Su et al.
    ====================  ==================  ==========  ==========  =====================

    The last is what scikit-image of the time assumed of floating-point images whose range it was
    not told: [-1, 1]. It quadruples the constants that stabilise the ratios, and on frames in
    [0, 1] it flatters: two such numbers must not be compared with the others.

    Args:
        prediction: ``[batch, time, channel, height, width]``, in [0, 1].
        truth: the same shape.
        convention: one of the table's.

    Returns:
        ``[batch, time]``, float64 on the CPU, at most 1.

    Raises:
        ValueError: shapes that differ, frames smaller than the window, or an unknown convention.
        ImportError: scikit-image is missing; ``pip install 'stlib[train]'`` brings it.

    Source: Wang et al. 2004, *Image Quality Assessment*; the table's last column from the code
        released with each paper, as reported.
    """
    if convention not in get_args(Ssim):
        raise ValueError(f"{convention=} is none of {get_args(Ssim)}")
    check_frames(prediction, truth)
    if min(truth.shape[-2:]) < WIDTH[convention]:
        raise ValueError(
            f"frames are {tuple(truth.shape[-2:])}, the window of {convention=} is "
            f"{WIDTH[convention]} wide: it must fit"
        )
    similarity = load("skimage.metrics", "train").structural_similarity
    options = _options(convention)
    pairs = zip(_flat(prediction), _flat(truth), strict=True)
    scores = [similarity(x.numpy(), y.numpy(), channel_axis=0, **options) for x, y in pairs]
    return torch.tensor(scores, dtype=torch.float64).reshape(truth.shape[:2])


def _options(convention: Ssim) -> dict[str, Any]:
    if convention == "gaussian":
        # scikit-image cuts the Gaussian at 3.5 sigma: 5 pixels, so a width of 11.
        return {
            "data_range": 1.0,
            "gaussian_weights": True,
            "sigma": 1.5,
            "use_sample_covariance": False,
        }
    return {"data_range": 2.0 if convention == "uniform-range2" else 1.0, "win_size": 7}


def _flat(frames: Frames) -> Float[Tensor, "_frames _channel _height _width"]:
    return frames.detach().cpu().double().flatten(0, 1)
