"""How good a forecast is, frame by frame.

Every metric returns one value a frame, ``[batch, time]``; `average` turns those into one value a
step and one for all. Which steps count is the caller's choice: pass the frames that are to be
scored. Published tables differ here, some averaging the warm-up in. Nothing is clipped: a
prediction that may leave [0, 1] is clipped first, or not, and the result says which.

A number says nothing without its convention, so each convention has a name here:

- `mse`, `mae`: per pixel (mean) or per frame (sum); `per_frame`, `per_pixel` convert.
- `psnr`: the data range, and the floor that caps identical frames.
- `ssim`: three windows and ranges, `Ssim`.
- `lpips`: how the frames enter; `Unavailable` where its network cannot be had.
- `csi`, `pod`, `far`, `hss`: thresholds in physical units; an undefined ratio is NaN, never 0.

Beside them stand the scores of a clip's name, `accuracy`, `accuracy_by_class` and `top_accuracy`,
and `raster`, which tells whether a grid of patches shows in an error.
"""

from stlib.metrics.averaging import Average, average
from stlib.metrics.classes import accuracy, accuracy_by_class, confidence, top_accuracy
from stlib.metrics.events import Contingency, contingency, csi, far, hss, pod, pool
from stlib.metrics.perceptual import Unavailable, lpips, perceptual_network
from stlib.metrics.pixels import mae, mse, per_frame, per_pixel, psnr
from stlib.metrics.raster import raster
from stlib.metrics.structure import Ssim, ssim

__all__ = [
    "Average",
    "Contingency",
    "Ssim",
    "Unavailable",
    "accuracy",
    "accuracy_by_class",
    "average",
    "confidence",
    "contingency",
    "csi",
    "far",
    "hss",
    "lpips",
    "mae",
    "mse",
    "per_frame",
    "per_pixel",
    "perceptual_network",
    "pod",
    "pool",
    "psnr",
    "raster",
    "ssim",
    "top_accuracy",
]
