"""The pictures of the layer lens, chapter 17: what the shipped networks say of one film.

    python -m benchmarks.layer_lens   # writes book/assets/layer_lens/*.js

Each file is a script that hands its network's pictures to the page, since a browser reads no data
from a file:// address. A picture is a byte a pixel, from the darkest to the brightest number that
its scale names; pictures through a lens have the scale of a frame, 0 to 1, and are cut to it.
"""

import argparse
import base64
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.layer_outputs import FITTED_ON, WEIGHTS, Said, said
from stlib.files import replacing
from stlib.layer_outputs import channel_rms, channel_sum, fit_readout, lens
from stlib.recipes.ms_lstm import FOUR
from stlib.shipped import shipped

FOLDER = Path(__file__).parents[1] / "book" / "assets" / "layer_lens"
CLIP = 1  # of the test split
STEPS = (2, 4, 6, 8)  # step t reads frame t and foretells frame t + 1
VIEWS = ("sum", "rms", "lens", "fitted")


def pictures(h: Tensor, readout: nn.Conv2d, fitted: nn.Conv2d) -> dict[str, Tensor]:
    """The four views of one layer at one step."""
    return {
        "sum": channel_sum(h),
        "rms": channel_rms(h),
        "lens": lens(readout, h)[0].clamp(0, 1),
        "fitted": lens(fitted, h)[0].clamp(0, 1),
    }


def scale_of(view: str, picture: Tensor) -> tuple[float, float]:
    """The numbers of a black and of a white pixel, four digits each."""
    if view in ("lens", "fitted"):
        return 0.0, 1.0
    return float(f"{picture.min():.4g}"), float(f"{picture.max():.4g}")


def as_bytes(picture: Tensor, scale: tuple[float, float]) -> bytes:
    """One byte a pixel, row by row."""
    low, high = scale
    return bytes(((picture - low) / (high - low) * 255).round().clamp(0, 255).byte().flatten())


@torch.no_grad()
def told(model: str, clip: int = CLIP) -> dict[str, Any]:
    """All that the page needs of one network."""
    trained, recipe, seed = shipped(f"scales-{model.lower()}")
    torch.manual_seed(seed)
    maps, scales, sides, frames = b"", [], [], b""
    for weights, network in zip(WEIGHTS, (trained, recipe.network.build().eval()), strict=True):
        held = said(network, recipe, "validation", FITTED_ON, STEPS)
        shown = said(network, recipe, "test", clip + 1, STEPS)
        one = Said([h[clip] for h in shown.layers], shown.read[clip], shown.comes[clip])
        sides = [h.shape[-1] for h in one.layers]
        frames = b"".join(as_bytes(frame, (0.0, 1.0)) for frame in one.comes)
        for step in range(len(STEPS)):
            views: list[dict[str, Tensor]] = []
            for layer, h in enumerate(one.layers):
                best = fit_readout(held.layers[layer][:, step], held.comes[:, step])
                views.append(pictures(h[step], network.readout, best))
            for view in VIEWS:
                for each in views:
                    scale = scale_of(view, each[view])
                    scales.append(scale)
                    maps += as_bytes(each[view], scale)
        print(model, weights, flush=True)
    return {
        "steps": STEPS,
        "context": recipe.context,
        "sides": sides,
        "views": VIEWS,
        "weights": WEIGHTS,
        "scales": scales,
        "frames": base64.b64encode(frames).decode(),
        "maps": base64.b64encode(maps).decode(),
    }


def main() -> None:
    """Compute and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--models", nargs="*", default=list(FOUR), help="which (all four)")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder to write to")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    for model in options.models:
        name = model.lower()
        text = json.dumps(told(model), separators=(",", ":"))
        path = options.out / f"{name}.js"
        with replacing(path) as file:
            file.write(f'(globalThis.layerLens ??= {{}})["{name}"] = {text};\n'.encode())
        print(path, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
