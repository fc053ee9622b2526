"""How far the filters of chapter 19's trained networks are from a pair, and from few atoms.

    python -m stlib experiments run --names … --seeds 0 1 2 3 4 --cpu --log-every 10
    python -m benchmarks.nearest_filters --names                          # what stands for …
    python -m benchmarks.nearest_filters --runs runs                      # writes build/bench/…
    python -m benchmarks.nearest_filters --runs runs --out stlib/results  # replaces the shipped one

It reads the runs that are finished, in one folder or several, and counts those that are not. A
share is of squared length: what the nearest filter of a family misses. The nearest rank-1 filter
has as many channels between as outputs; the nearest joint filters have two temporal atoms. A
network with its first weights is drawn from the seed of its training.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.rounding import rounded
from stlib.artifacts import Result, provenance, save_result
from stlib.experiments import Job, jobs, trained
from stlib.joint_filter import (
    Conv3d,
    distance,
    joint_filter,
    nearest_joint,
    nearest_rank_1,
    rank_1_filter,
)
from stlib.recipes.stdcf_reconstruction import LAYERS
from stlib.runs import Run

SEEDS = (0, 1, 2, 3, 4)
NAMES = {layer: f"stdcf-figure-2-{layer}" for layer in LAYERS}
N, SPATIAL_ATOMS = 2, {"joint": 3, "joint-m-6": 6}


def missed(filter: Tensor) -> dict[str, float]:
    """The share of squared length that the nearest filter of each family misses."""
    near = {"rank-1": rank_1_filter(*nearest_rank_1(filter, len(filter)))}
    for name, m in SPATIAL_ATOMS.items():
        near[name] = joint_filter(*nearest_joint(filter, m, N))
    return {name: rounded(distance(filter, each) ** 2) for name, each in near.items()}


def by_layer(network: nn.Module) -> list[dict[str, float]]:
    """Of each 3D layer, first to last."""
    layers = [layer for layer in network.modules() if isinstance(layer, Conv3d)]
    with torch.no_grad():
        return [missed(layer.filter().double()) for layer in layers]


def measured(job: Job) -> dict[str, Any]:
    """One run, trained and with its first weights."""
    recipe, network = trained(job.folder)
    torch.manual_seed(job.seed)
    return {"trained": by_layer(network), "untrained": by_layer(recipe.network.build())}


def finished(roots: Sequence[Path]) -> list[Job]:
    """The jobs that are over, each from the first folder that has it."""
    over: dict[tuple[str, int], Job] = {}
    for root in roots:
        for job in jobs(tuple(NAMES.values()), SEEDS, "lab", root):
            if Run(job.folder).network_file.is_file():
                over.setdefault((job.name, job.seed), job)
    return list(over.values())


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=Path, nargs="+", default=[Path("runs")], help="(runs)")
    parser.add_argument("--names", action="store_true", help="print the experiments and stop")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder to write to")
    options = parser.parse_args()
    if options.names:
        print(*NAMES.values())
        return
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    layers = {name: layer for layer, name in NAMES.items()}
    found: dict[str, Any] = {layer: {} for layer in NAMES}
    for job in finished(options.runs):
        found[layers[job.name]][str(job.seed)] = measured(job)
        print(job.name, "seed", job.seed, flush=True)
    told = {
        "unit": "share of squared length missed by the nearest filter of a family, layer by layer",
        "missing": {layer: len(SEEDS) - len(seeds) for layer, seeds in found.items()},
        "networks": found,
    }
    command = "python -m benchmarks.nearest_filters --runs runs --out stlib/results"
    print(save_result(Result(told, provenance(command)), options.out / "nearest-filters.json"))


if __name__ == "__main__":
    main()
