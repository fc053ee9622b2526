"""What the trained networks of chapter 19 say: moving and turning digits, given back.

    python -m stlib experiments run --names … --seeds 0 1 2 3 4 --cpu
    python -m benchmarks.joint_filters --names                          # what stands for …
    python -m benchmarks.joint_filters --runs runs                      # writes build/bench/…
    python -m benchmarks.joint_filters --runs runs --out stlib/results  # replaces the shipped one

It reads the runs that are finished, in one folder or several, and counts those that are not. PSNR
is averaged over the frames of the first test clips, the same for all. Two layers are compared seed
by seed: the same seed draws the same clips in the same order.
"""

import argparse
from pathlib import Path
from typing import Any

import torch

from benchmarks.queues import queued
from benchmarks.scales import finished, frame
from stlib.artifacts import Result, provenance, save_result
from stlib.claims import Claim, judged
from stlib.cost import parameters
from stlib.experiments import Job, report, trained
from stlib.joint_filter import (
    Conv3d,
    JointConv3d,
    Rank1Conv3d,
)
from stlib.metrics import psnr
from stlib.recipes import Scale, experiment
from stlib.recipes.stdcf_reconstruction import LAYERS

SEEDS = (0, 1, 2, 3, 4)
NAMES = {layer: f"stdcf-figure-2-{layer}" for layer in LAYERS}
PRINTED = (24.60, 21.50)  # dB, Miao et al., section 2.1.1: joint, rank-1
SHOWN = (0, 1, 2)  # the test clips that are kept as pictures


def _above(first: str, second: str, says: str, place: str = "this book") -> Claim:
    return Claim(place, says, NAMES[first], NAMES[second], higher=True)


CLAIMS = (
    _above("joint", "rank-1", "joint above rank-1, equal channels", "Figure 2")._replace(
        printed=PRINTED
    ),
    _above("joint", "rank-1-as-joint", "joint above rank-1, equal parameters"),
    _above("joint-m-6", "rank-1", "joint (M = 6) above rank-1, equal channels"),
    _above("joint-m-6", "rank-1-as-joint-m-6", "joint (M = 6) above rank-1, equal parameters"),
    _above("regular", "joint-m-6", "regular above joint (M = 6)"),
)


def layers(name: str, scale: Scale) -> list[dict[str, Any]]:
    """The 3D layers of a network: channels, atoms, numbers stored."""
    network = experiment(name).at(scale).network.build()
    return [_layer(part) for part in network.modules() if isinstance(part, Conv3d)]


def _layer(layer: Conv3d) -> dict[str, Any]:
    outputs, inputs = layer.filter().shape[:2]
    told: dict[str, Any] = {"inputs": inputs, "outputs": outputs}
    told |= {"between": None, "m": None, "n": None, "parameters": parameters(layer)}
    if isinstance(layer, Rank1Conv3d):
        told["between"] = len(layer.spatial)
    elif isinstance(layer, JointConv3d):
        told["m"], told["n"] = len(layer.spatial), len(layer.temporal)
    return told


def networks(queue: list[Job], scale: Scale) -> tuple[dict[str, Any], dict[str, Any]]:
    """By layer every seed's scores and what was trained; and what all have in common."""
    found, told, shared = report(queue), {}, {}
    for layer, name in NAMES.items():
        held = found[name]
        scores = held.get("scores", {})
        told[layer] = {
            "experiment": name,
            "layers": layers(name, scale),
            "parameters": parameters(experiment(name).at(scale).network.build()),
            "missing": held["missing"],
            "psnr_db": {seed: each["psnr_db"]["mean"] for seed, each in scores.items()},
            "mse_e3": {seed: each["mse_e3"]["mean"] for seed, each in scores.items()},
            "ssim": {
                seed: each["ssim_gaussian"]["mean"]
                for seed, each in scores.items()
                if "mean" in each["ssim_gaussian"]
            },
        }
        if scores:
            told[layer] |= {
                "source": held["recipe"]["source"],
                "trained_with": held["trained_with"][0],
            }
            shared |= {"clips": held["clips"], "data": held["data"]}
            shared["baselines"] = {
                other: {key: table[key]["mean"] for key in ("psnr_db", "mse_e3")}
                for other, table in held["baseline_scores"].items()
            }
    return told, shared


@torch.no_grad()
def pictures(queue: list[Job], scale: Scale) -> dict[str, Any]:
    """Some test clips, and what seed 0 of each network gives back of them."""
    data = experiment(NAMES["joint"]).at(scale).data
    test = data.open("test")
    clips = torch.stack([test[index] for index in SHOWN[: len(test)]])
    told: dict[str, Any] = {
        "clips": list(SHOWN[: len(test)]),
        "side": data.canvas,
        "truth": [[frame(x) for x in clip[:, 0]] for clip in clips],
        "rebuilt": {},
        "psnr_db": {},
    }
    for layer, name in NAMES.items():
        for job in (job for job in finished(queue, name) if job.seed == SEEDS[0]):
            _, network = trained(job.folder)
            given = network(clips).clamp(0, 1)
            told["rebuilt"][layer] = [[frame(x) for x in clip[:, 0]] for clip in given]
            each = psnr(given, clips, 1).mean(1)
            told["psnr_db"][layer] = [round(value, 3) for value in each.tolist()]
    return told


def learned(scale: Scale) -> dict[str, Any]:
    """How many steps and clips each network has learned from: the same for all."""
    recipes = [experiment(name).at(scale) for name in NAMES.values()]
    return {
        "steps": sorted({recipe.steps for recipe in recipes}),
        "batch": sorted({recipe.batch for recipe in recipes}),
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=Path, nargs="+", default=[Path("runs")], help="folders")
    parser.add_argument("--names", action="store_true", help="print the experiments and stop")
    parser.add_argument("--scale", default="lab", help="of the runs")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder to write to")
    options = parser.parse_args()
    if options.names:
        print(*NAMES.values())
        return
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    queue = queued(list(NAMES.values()), SEEDS, options.runs, options.scale)
    told, shared = networks(queue, options.scale)
    scores = {told[layer]["experiment"]: told[layer]["psnr_db"] for layer in told}
    found = {
        "unit": "dB, mean over the frames of the test clips",
        "learned": learned(options.scale),
        **shared,
        "networks": told,
        "claims": [judged(claim, scores[claim.first], scores[claim.second]) for claim in CLAIMS],
        "pictures": pictures(queue, options.scale),
    }
    for claim in found["claims"]:
        print(claim["says"], claim.get("interval", ""), claim["verdict"])
    command = "python -m benchmarks.joint_filters --runs runs --out stlib/results"
    print(save_result(Result(found, provenance(command)), options.out / "joint-filters.json"))


if __name__ == "__main__":
    main()
