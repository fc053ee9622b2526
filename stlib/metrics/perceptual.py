"""Distance as a network trained on photographs sees it: LPIPS.

The network has two parts: heads, which the package ``lpips`` brings, and a trunk trained on
ImageNet, which is downloaded. Without its true trunk the number means nothing, so there is none:
`Unavailable` says why, and takes the number's place in a result.
"""

import hashlib
import sys
import warnings
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

import torch
from torch import Tensor

from stlib.extras import load
from stlib.metrics.frames import Frames, FrameScores, check_frames

__all__ = ["Inputs", "Trunk", "Unavailable", "lpips", "perceptual_network"]

Trunk: TypeAlias = Literal["alex", "vgg", "squeeze"]
Inputs: TypeAlias = Literal["signed", "unit"]

WEIGHTS: dict[str, str] = {
    "alex": "AlexNet_Weights.IMAGENET1K_V1",
    "vgg": "VGG16_Weights.IMAGENET1K_V1",
    "squeeze": "SqueezeNet1_1_Weights.IMAGENET1K_V1",
}
SMALLEST = 31  # pixels a side; below it AlexNet pools everything away


class Unavailable(NamedTuple):
    """A metric that could not be computed here.

    Attributes:
        reason: why, and what would help, in one line.
    """

    reason: str


def perceptual_network(
    trunk: Trunk = "alex", *, download: bool = False
) -> torch.nn.Module | Unavailable:
    """Load the network of LPIPS 0.1, if its trunk can be had.

    Args:
        trunk: ``'alex'``, the one in the papers' tables; ``'vgg'`` or ``'squeeze'``.
        download: fetch the trunk's weights (alex: 244 MB) into torch's cache if they are not there.

    Returns:
        The network, in evaluation mode on the CPU; or why there is none: a package is missing, the
        weights are not there, could not be fetched, or are not the published ones.

    Raises:
        ValueError: an unknown trunk.

    Source: Zhang et al. 2018, *The Unreasonable Effectiveness of Deep Features*.
    """
    if trunk not in get_args(Trunk):
        raise ValueError(f"{trunk=} is none of {get_args(Trunk)}")
    try:
        torchvision = _torchvision()
        package = load("lpips", "train")
    except (ImportError, RuntimeError) as error:
        return Unavailable(str(error))
    url = torchvision.models.get_weight(WEIGHTS[trunk]).url
    path = Path(torch.hub.get_dir(), "checkpoints", url.rpartition("/")[2])
    if reason := _weights_lacking(path, url, download):
        return Unavailable(reason)
    with warnings.catch_warnings():
        # lpips calls torchvision by arguments that it has renamed since.
        warnings.filterwarnings("ignore", module="torchvision")
        network: torch.nn.Module = package.LPIPS(net=trunk, verbose=False)
    return network.eval()


def lpips(
    prediction: Frames,
    truth: Frames,
    network: torch.nn.Module | Unavailable,
    inputs: Inputs = "signed",
) -> FrameScores | Unavailable:
    """Perceptual distance of each frame; grey frames enter as three equal channels.

    Args:
        prediction: ``[batch, time, channel, height, width]``, in [0, 1], 1 or 3 channels.
        truth: the same shape.
        network: what `perceptual_network` returned; a clip at a time passes through it.
        inputs: ``'signed'``: frames are stretched to [-1, 1], which the network expects.
            ``'unit'``: they enter in [0, 1], as is reported of the code released with Su et al.,
            whose table shows a thousand times the value.

    Returns:
        ``[batch, time]`` in the network's precision, on its device, 0 for equal frames; or the
        reason, handed on.

    Raises:
        ValueError: shapes that differ, frames under 31 pixels a side, neither 1 nor 3 channels, or
            unknown `inputs`.

    Source: Zhang et al. 2018; Su et al., Table 4.
    """
    if inputs not in get_args(Inputs):
        raise ValueError(f"{inputs=} is none of {get_args(Inputs)}")
    check_frames(prediction, truth)
    if min(truth.shape[-2:]) < SMALLEST:
        raise ValueError(f"frames are {tuple(truth.shape[-2:])}: need {SMALLEST} pixels a side")
    if truth.shape[2] not in (1, 3):
        raise ValueError(f"frames have {truth.shape[2]} channels: need 1 or 3")
    if isinstance(network, Unavailable):
        return network
    weight = next(network.parameters())
    scores = weight.new_zeros(truth.shape[:2])
    with torch.no_grad():
        for i, pair in enumerate(zip(prediction, truth, strict=True)):
            x, y = (_three_channels(clip.to(weight), inputs) for clip in pair)
            scores[i] = network(x, y).flatten()
    return scores


def _three_channels(clip: Tensor, inputs: Inputs) -> Tensor:
    if inputs == "signed":
        clip = 2 * clip - 1
    return clip.expand(-1, 3, -1, -1)


def _weights_lacking(path: Path, url: str, download: bool) -> str:
    """Why the file at `path` cannot be used; empty if it can. Its name ends in its hash."""
    expected = path.stem.rpartition("-")[2]
    if not path.exists():
        if not download:
            return f"the trunk {path.name} is not in {path.parent}, and was not to be downloaded"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(url, str(path), expected, progress=False)
        except (OSError, RuntimeError) as error:
            return f"the trunk {path.name} could not be fetched from {url}: {error}"
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if not found.startswith(expected):
        return f"{path} is damaged: its SHA-256 starts {found[:8]}, expected {expected}"
    return ""


def _torchvision() -> Any:
    """Import torchvision, also where its compiled operators do not match torch.

    A torchvision built for CUDA does not import beside a CPU build of torch: it describes two
    operators that were never declared. Declaring them is enough; LPIPS calls neither.
    """
    try:
        return load("torchvision", "train")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    _declare_missing_operators()
    return load("torchvision", "train")


@cache  # the declaration lasts only as long as the library object
def _declare_missing_operators() -> Any:
    make: Any = torch.library.Library  # untyped in torch
    library = make("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library
