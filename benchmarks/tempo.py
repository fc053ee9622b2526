"""What a swap of dilations saves when clips run faster or are larger: Table 1 and Figure 3.

    python -m stlib experiments run --names … --seeds 0 1 2 3 4 --cpu
    python -m benchmarks.tempo --names                          # what stands for …
    python -m benchmarks.tempo --runs runs                      # writes build/bench/…
    python -m benchmarks.tempo --runs runs --out stlib/results --weights stlib/weights

It reads the runs that are finished, in one folder or several, and counts those that are not. All
networks read the same test clips, at each tempo the same moments: 16 frames of tempo 1 are 8 of
tempo 2. Features are the maps of the last layer, compared on frames that both clips show; their
control is the same network with its first weights. `--weights` ships the network of seed 0.
"""

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.queues import queued
from benchmarks.rounding import rounded
from stlib.artifacts import Result, provenance, save_result
from stlib.claims import Claim, judged
from stlib.evaluation import logits_of
from stlib.experiments import Job, status, trained
from stlib.networks import ActionNet
from stlib.recipes import ClipRecipe, experiment
from stlib.recipes.data import StickKTH
from stlib.recipes.stdcf_tempo import HALF, NEAR, SPACED
from stlib.shipped import ship
from stlib.stages import View
from stlib.viewing import laid_out

SEEDS = (0, 1, 2, 3, 4)
NAMES = (NEAR, SPACED, HALF)
FRAMES = {0.5: 32, 1.0: 16, 1.5: 11, 2.0: 8, 4.0: 4}  # by tempo: as much time, or nearly so
DILATIONS = (1, 2, 4)
CLIPS, FEATURE_CLIPS = 540, 60
PRINTED = {"time": (77.11, 66.49), "space": (75.34, 53.08)}  # with the right dilation, without


def opened(job: Job) -> tuple[ClipRecipe, ActionNet]:
    """What was trained, and by what."""
    recipe, network = trained(job.folder)
    if not isinstance(recipe, ClipRecipe) or not isinstance(network, ActionNet):
        raise TypeError(f"{job.folder}: expected a network that names whole clips")
    return recipe, network


def at_tempo(recipe: ClipRecipe, tempo: float) -> StickKTH:
    """The recipe's data, faster."""
    if not isinstance(recipe.data, StickKTH):
        raise TypeError(f"{type(recipe.data).__name__}: only stick figures have a tempo")
    return replace(recipe.data, tempo=tempo, frames=FRAMES[tempo])


def percent(network: ActionNet, data: StickKTH, view: View) -> float:
    """How many test clips of a hundred are named rightly."""
    test = data.open("test")
    named = logits_of(network, test, CLIPS, view).argmax(1)
    right: float = (named == torch.tensor(test.labels[:CLIPS])).double().mean().item()
    return round(100 * right, 4)


def by_tempo(recipe: ClipRecipe, network: ActionNet) -> dict[str, dict[str, float]]:
    """Percent right, by tempo and by temporal dilation."""
    return {
        f"{tempo:g}": {
            str(dilation): percent(
                network, at_tempo(recipe, tempo), View(temporal_dilation=dilation)
            )
            for dilation in DILATIONS
        }
        for tempo in FRAMES
    }


def by_size(recipe: ClipRecipe, network: ActionNet) -> dict[str, float]:
    """Percent right on half-size clips, and on whole ones by spatial dilation."""
    return {
        "half": percent(network, at_tempo(recipe, 1), View(shrink=2)),
        **{
            str(dilation): percent(network, at_tempo(recipe, 1), View(spatial_dilation=dilation))
            for dilation in (1, 2)
        },
    }


@torch.no_grad()
def feature_distance(recipe: ClipRecipe, network: ActionNet) -> dict[str, float]:
    """How far features of clips of tempo 2 are from those of the same moments at tempo 1.

    Over the norm of the latter; by the temporal dilation with which the fast clips are read, while
    the slow ones are read with the dilation of the training.
    """
    slow, fast = (
        torch.stack([clips[index] for index in range(FEATURE_CLIPS)])
        for clips in (at_tempo(recipe, tempo).open("test") for tempo in (1.0, 2.0))
    )
    network.eval()
    with laid_out(network, recipe.test_view):
        expected = network.features(slow)[:, :, ::2]
    told = {}
    for dilation in (1, 2):
        with laid_out(network, View(temporal_dilation=dilation)):
            distance = (network.features(fast) - expected).norm() / expected.norm()
        told[str(dilation)] = float(f"{distance:.3g}") if distance > 1e-5 else 0.0
    return told


def untrained(recipe: ClipRecipe, seed: int) -> ActionNet:
    """A network as it is before training."""
    torch.manual_seed(seed)
    network = recipe.network.build()
    assert isinstance(network, ActionNet)
    return network


def claims(times: Mapping[str, Any], sizes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the paper says of Table 1 and Figure 3, and what makes the experiment valid."""

    def at(name: str, tempo: str, dilation: str) -> dict[str, float]:
        return {seed: each[tempo][dilation] for seed, each in times[name].items()}

    def size(dilation: str) -> dict[str, float]:
        return {seed: each[dilation] for seed, each in sizes.items()}

    rows = (
        (
            Claim(
                "Table 1, time", "8 frames: learned with dilation 2 above 1", SPACED, NEAR,
                higher=True, printed=PRINTED["time"],
            ),
            at(SPACED, "2", "1"), at(NEAR, "2", "1"),
        ),
        (
            Claim(
                "Table 1, space", "whole size: dilation 2 above 1", HALF, HALF, higher=True,
                printed=PRINTED["space"],
            ),
            size("2"), size("1"),
        ),
        (
            Claim("Figure 3", "tempo 2: swapped above not swapped", SPACED, SPACED, higher=True),
            at(SPACED, "2", "1"), at(SPACED, "2", "2"),
        ),
        (
            Claim("this book", "not swapped: tempo 1 above 2", SPACED, SPACED, higher=True),
            at(SPACED, "1", "2"), at(SPACED, "2", "2"),
        ),
        (
            Claim("this book", "swapped: tempo 2 as tempo 1", SPACED, SPACED, same=True),
            at(SPACED, "2", "1"), at(SPACED, "1", "2"),
        ),
        (
            Claim("this book", "trained small: half size as whole, dilated", HALF, HALF, same=True),
            size("half"), size("2"),
        ),
    )  # fmt: skip
    return [judged(claim, first, second) for claim, first, second in rows]


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=Path, nargs="+", default=[Path("runs")], help="folders")
    parser.add_argument("--names", action="store_true", help="print the experiments and stop")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder to write to")
    parser.add_argument("--weights", type=Path, help="folder for the network that is shipped")
    options = parser.parse_args()
    if options.names:
        print(*NAMES)
        return
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    times: dict[str, dict[str, Any]] = {NEAR: {}, SPACED: {}}
    sizes: dict[str, Any] = {}
    features: dict[str, dict[str, Any]] = {"trained": {}, "untrained": {}}
    missing = dict.fromkeys(NAMES, 0)
    for each in status(queued(NAMES, SEEDS, options.runs)):
        job, seed = each.job, str(each.job.seed)
        if not each.evaluated:
            missing[job.name] += 1
            continue
        recipe, network = opened(job)
        if job.name == HALF:
            sizes[seed] = by_size(recipe, network)
            print(job.name, seed, sizes[seed], flush=True)
            continue
        times[job.name][seed] = by_tempo(recipe, network)
        print(job.name, seed, times[job.name][seed], flush=True)
        if job.name == SPACED:
            features["trained"][seed] = feature_distance(recipe, network)
            features["untrained"][seed] = feature_distance(recipe, untrained(recipe, job.seed))
            if options.weights and job.seed == SEEDS[0]:
                print(ship(job.folder, options.weights / "stdcf-tempo.safetensors"))
    recipe = experiment(SPACED).lab
    found = {
        "unit": "percent of test clips that are named rightly",
        "clips": CLIPS,
        "feature_clips": FEATURE_CLIPS,
        "data": recipe.data.origin().name,
        "learned": {"steps": recipe.steps, "batch": recipe.batch},
        "frames": {f"{tempo:g}": frames for tempo, frames in FRAMES.items()},
        "missing": missing,
        "tempo": times,
        "size": sizes,
        "feature_distance": features,
        "claims": claims(times, sizes),
    }
    for claim in found["claims"]:
        print(claim["says"], rounded(claim.get("interval", [])), claim["verdict"])
    command = "python -m benchmarks.tempo --runs runs --out stlib/results --weights stlib/weights"
    print(save_result(Result(found, provenance(command)), options.out / "tempo.json"))


if __name__ == "__main__":
    main()
