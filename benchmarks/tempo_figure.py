"""Weights and clips for the figure "tempo", chapter 20: a trained network of joint layers.

    python -m benchmarks.tempo_figure   # writes book/assets/tempo/network.js

The file is a script that hands both to the page, since a browser reads no data from a file://
address. A clip is stored once, at half the tempo of training; the others are every second, third
and fourth of its frames. A batch norm is folded into a scale and a shift for each channel. Beside
them stands the share of all test clips that the network names rightly at each tempo and dilation.
"""

import argparse
import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from stlib.data.sticks import StickClips
from stlib.files import replacing
from stlib.joint_filter import JointConv3d, swap
from stlib.networks import ActionNet
from stlib.recipes.data import StickKTH
from stlib.shipped import shipped

PATH = Path(__file__).parents[1] / "book" / "assets" / "tempo" / "network.js"
NAME = "stdcf-tempo"  # of the shipped network
TEMPOS = (0.5, 1, 1.5, 2)  # of that of training
DILATIONS = (1, 2, 4)
BATCH = 32  # clips
DIGITS = 7  # of a weight, about those of single precision


def plain(numbers: Tensor) -> list[float]:
    """The numbers one after another, as many digits as matter."""
    return [float(f"{number:.{DIGITS}g}") for number in numbers.detach().double().flatten()]


def folded(convolution: JointConv3d, norm: nn.BatchNorm3d) -> tuple[Tensor, Tensor]:
    """What bias and batch norm do to a channel behind the atoms: scale, then shift."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    bias = 0 if convolution.bias is None else convolution.bias
    return scale, norm.bias + scale * (bias - norm.running_mean)


def layers(network: ActionNet) -> list[dict[str, Any]]:
    """The layers, each with the width of the max-pool behind it.

    Raises:
        ValueError: a layer that is not joint, a stride, groups, a pool over time, or layers dilated
            otherwise than the first.
    """
    parts: list[dict[str, Any]] = []
    dilation = None
    for module in network.body:
        if isinstance(module, JointConv3d):
            dilation = dilation or module.geometry.dilation
            stride, now, padding, groups = module.geometry
            if stride != (1, 1, 1) or now != dilation or padding is not None or groups != 1:
                raise ValueError(f"{module.geometry}: expected dilation {dilation} and no stride")
            outputs, inputs, m, n = module.coefficients.shape
            parts.append({"inputs": inputs, "outputs": outputs, "m": m, "n": n, "pool": 1})
            for name, numbers in module.parts._asdict().items():
                parts[-1][name] = plain(numbers)
            convolution = module
        elif isinstance(module, nn.BatchNorm3d):
            scale, shift = folded(convolution, module)
            parts[-1] |= {"scale": plain(scale), "shift": plain(shift)}
        elif isinstance(module, nn.MaxPool3d):
            time, height, width = module.kernel_size  # type: ignore[misc]
            if time != 1 or height != width:
                raise ValueError(f"pool {module.kernel_size}: expected none over time, and square")
            parts[-1]["pool"] = height
        elif not isinstance(module, nn.ReLU):
            raise ValueError(f"{type(module).__name__}: expected joint layers, each with a norm")
    return parts


def slow(data: StickKTH) -> StickClips:
    """The test clips, twice as many moments apart by half."""
    return replace(data, tempo=data.tempo / 2, frames=2 * data.frames).open("test")


@torch.no_grad()
def accuracies(network: ActionNet, clips: StickClips) -> list[list[float]]:
    """The share of clips named rightly: a row for each dilation, a number for each tempo.

    Args:
        network: any.
        clips: at half the tempo of training.
    """
    right = torch.zeros(len(DILATIONS), len(TEMPOS))
    for start in range(0, len(clips), BATCH):
        places = range(start, min(start + BATCH, len(clips)))
        read = torch.stack([clips[place] for place in places])
        labels = torch.tensor([clips.labels[place] for place in places])
        for row, dilation in enumerate(DILATIONS):
            with swap(network, temporal_dilation=dilation):
                for column, tempo in enumerate(TEMPOS):
                    named = network(read[:, :: int(2 * tempo)]).argmax(1)
                    right[row, column] += (named == labels).sum()
    return [plain(row / len(clips)) for row in right]


def told(network: ActionNet, data: StickKTH) -> dict[str, Any]:
    """All that the page needs: the first test clip of each action, and the network."""
    clips = slow(data)
    first = next(part for part in network.body if isinstance(part, JointConv3d))
    return {
        "classes": clips.classes,
        "frames": data.frames,
        "side": data.canvas,
        "dilation": first.geometry.dilation[0],
        "accuracy": {"clips": len(clips), "shares": accuracies(network, clips)},
        "layers": layers(network),
        "head": {"weight": plain(network.decide.weight), "bias": plain(network.decide.bias)},
        "clips": [
            base64.b64encode(clips.draw(clips.labels.index(label)).tobytes()).decode()
            for label in range(len(clips.classes))
        ],
    }


def write(network: ActionNet, data: StickKTH, path: Path = PATH) -> None:
    """Write the script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(told(network, data), separators=(",", ":"))
    with replacing(path) as file:
        file.write(f"globalThis.tempoFigure = {text};\n".encode())
    print(path, path.stat().st_size, "bytes")


def main() -> None:
    """Read the shipped network and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--network", default=NAME, help=f"of stlib/weights ({NAME})")
    options = parser.parse_args()
    torch.set_num_threads(1)
    network, recipe, _ = shipped(options.network)
    assert isinstance(network, ActionNet)
    assert isinstance(recipe.data, StickKTH)
    write(network, recipe.data)


if __name__ == "__main__":
    main()
