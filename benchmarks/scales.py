"""What the trained networks of chapter 16 say: four networks, patches, rain, and what they cost.

    python -m stlib experiments run --names … --seeds 0 1 2 3 4 --cpu --precision bf16 --log-every 5
    python -m benchmarks.scales --names                          # what stands for …
    python -m benchmarks.scales --runs runs                      # writes build/bench/…
    python -m benchmarks.scales --runs runs --out stlib/results  # replaces the shipped one

It reads the runs that are finished, in one folder or several, and counts those that are not. Errors
are squared, per pixel, times 1000, on the first test clips, the same for all; scores of rain are of
events a frame. Two recipes are compared seed by seed: the same seed draws the same clips and coins.

Cost is that of one training step of one clip at lab scale. Seconds are the processor's, which other
work on the machine disturbs less than the clock's, and the fastest of some rounds in which all
networks take turns.
"""

import argparse
import base64
from itertools import chain
from pathlib import Path
from time import process_time
from typing import Any

import torch
from torch import Tensor

from benchmarks.long_history import compared, measured
from benchmarks.queues import queued
from benchmarks.rounding import rounded
from stlib.artifacts import Result, provenance, save_result
from stlib.claims import Claim, judged
from stlib.cost import macs, parameters
from stlib.evaluation import predictions
from stlib.experiments import Job, report, status, trained
from stlib.losses import l2_mean
from stlib.metrics import raster
from stlib.printed import table
from stlib.recipes import experiment
from stlib.recipes.ms_lstm import FOUR, PATCHES
from stlib.rollout import rollout
from stlib.sampling import inference
from stlib.training_memory import saved_bytes

SEEDS = (0, 1, 2, 3, 4)
MODELS = {model: f"ms-table-3-{model.lower()}" for model in FOUR}
ON_PATCHES = {patch: f"ms-section-6-patch-{patch}-convlstm" for patch in PATCHES}
RAIN = {
    "ConvLSTM": "ms-table-11-convlstm",
    "SMS-LSTM": "ms-section-5-rain-sms-lstm",
    "TMS-LSTM": "ms-section-5-rain-tms-lstm",
    "MS-LSTM": "ms-table-11-ms-lstm",
}
MSE = {model: float(table("ms-table-3").number(model, "MSE").value) for model in MODELS}
SHOWN = 3  # the test clip whose forecasts are kept as pictures
ROUNDS = 7


def _below(first: str, second: str, place: str = "Table 3") -> Claim:
    return Claim(
        place,
        f"{first} below {second}",
        MODELS[first],
        MODELS[second],
        printed=(MSE[first], MSE[second]),
    )


CLAIMS = (
    _below("SMS-LSTM", "ConvLSTM"),
    _below("TMS-LSTM", "ConvLSTM"),
    _below("MS-LSTM", "SMS-LSTM"),
    _below("MS-LSTM", "TMS-LSTM"),
    _below("MS-LSTM", "ConvLSTM"),
    _below("SMS-LSTM", "TMS-LSTM"),
    *(
        Claim("section 6", f"ConvLSTM below patches of {patch}", MODELS["ConvLSTM"], name)
        for patch, name in ON_PATCHES.items()
    ),
)
# Of rain, the score of the first is said to be the higher one.
RAIN_CLAIMS = (  # the paper's table has two of the four networks
    ("Table 11", "MS-LSTM", "ConvLSTM"),
    ("this book", "SMS-LSTM", "ConvLSTM"),
    ("this book", "TMS-LSTM", "ConvLSTM"),
)
NAMES = tuple(dict.fromkeys(chain(MODELS.values(), ON_PATCHES.values(), RAIN.values())))


def finished(queue: list[Job], name: str) -> list[Job]:
    """The jobs of one experiment that have their result."""
    return [each.job for each in status(queue) if each.evaluated and each.job.name == name]


def costs() -> dict[str, Any]:
    """One training step of each network on one clip, at lab scale; parameters also as in print."""
    names = {**MODELS, **{f"patches of {patch}": name for patch, name in ON_PATCHES.items()}}
    told, steps = {}, {}
    for model, name in names.items():
        recipe = experiment(name).lab
        torch.manual_seed(0)
        network, size = recipe.network.build(), recipe.data.canvas
        frames = torch.rand(1, recipe.frames, 1, size, size)

        def step(network=network, frames=frames, context=recipe.context) -> Tensor:
            truth = inference(1, frames.shape[1] - 1, context)
            return l2_mean(rollout(network, frames, truth), frames[:, 1:])

        with torch.device("meta"):
            paper = experiment(name).paper.network.build()
            there = torch.zeros(1, 1, 64, 64)
        told[model] = {
            "parameters": parameters(network),
            "forward_macs": macs(step),
            "saved_bytes": saved_bytes(network, step, network, frames),
            "paper_parameters": parameters(paper),
            "paper_macs_a_frame": macs(paper, there),
        }
        steps[model] = step
    seconds = dict.fromkeys(steps, float("inf"))
    for _ in range(ROUNDS):
        for model, step in steps.items():
            start = process_time()
            step().backward()
            seconds[model] = min(seconds[model], process_time() - start)
    for model, took in seconds.items():
        told[model]["seconds"] = float(f"{took:.3g}")
    return told


def frame(picture: Tensor) -> str:
    """Eight bits a pixel, as text."""
    return base64.b64encode((255 * picture.clamp(0, 1)).round().byte().numpy().tobytes()).decode()


def pictures(queue: list[Job]) -> dict[str, Any]:
    """One test clip, and what seed 0 of each network foretells of it."""
    told: dict[str, Any] = {"clip": SHOWN, "foretold": {}}
    for model, name in MODELS.items():
        for job in (job for job in finished(queue, name) if job.seed == SEEDS[0]):
            recipe, network = trained(job.folder)
            held, foretold = predictions(network, recipe, clips=SHOWN + 1)
            told["side"] = recipe.data.canvas
            told["context"] = [frame(x) for x in held.context[SHOWN, :, 0]]
            told["future"] = [frame(x) for x in held.future[SHOWN, :, 0]]
            told["foretold"][model] = [frame(x) for x in foretold[SHOWN, :, 0]]
    return told


def rasters(queue: list[Job]) -> dict[str, Any]:
    """By network, grid and seed: the steps of the error across the grid, over those inside it."""
    told: dict[str, Any] = {"clips": experiment(MODELS["ConvLSTM"]).lab.test_clips, "networks": {}}
    for name in (MODELS["ConvLSTM"], *ON_PATCHES.values()):
        told["networks"][name] = {patch: {} for patch in PATCHES}
        for job in finished(queue, name):
            recipe, network = trained(job.folder)
            held, foretold = predictions(network, recipe)
            error = foretold.clamp(0, 1) - held.future
            for patch in PATCHES:
                ratio = rounded([raster(error, patch)])[0]
                told["networks"][name][patch][str(job.seed)] = ratio
    return told


def rained(queue: list[Job]) -> dict[str, Any]:
    """By network and seed: CSI and HSS of each frame and threshold, and claims about them."""
    found = report([job for job in queue if job.name in RAIN.values()])
    told: dict[str, Any] = {"networks": {}, "baselines": {}}

    def events(scores: dict[str, Any]) -> dict[str, Any]:
        rain = {key: table for key, table in scores.items() if key.endswith("mm_h")}
        return {**rain, "mse_e3": scores["mse_e3"]}

    for model, name in RAIN.items():
        held = found[name]
        scores = {seed: events(each) for seed, each in held.get("scores", {}).items()}
        told["networks"][model] = {"missing": held["missing"], "seeds": scores}
        if scores:
            told["clips"], told["data"] = held["clips"], held["data"]
            told["baselines"] = {
                other: events(each) for other, each in held["baseline_scores"].items()
            }
    told["claims"] = rain_claims(told["networks"])
    return told


def rain_claims(networks: dict[str, Any]) -> list[dict[str, Any]]:
    """Each claim by each score, from the scores of the seeds that both networks have."""
    told = []
    for place, first, second in RAIN_CLAIMS:
        tables = [networks[model]["seeds"] for model in (first, second)]
        for score in sorted({key for each in tables[0].values() for key in each} - {"mse_e3"}):
            scores = [
                {
                    seed: each[score]["pooled"]
                    for seed, each in table.items()
                    if each[score]["pooled"] is not None
                }
                for table in tables
            ]
            says = f"{first} above {second}"
            claim = Claim(place, says, RAIN[first], RAIN[second], higher=True)
            told.append({"score": score, **judged(claim, *scores)})
    return told


def levels(told: dict[str, Any]) -> dict[str, Any]:
    """How many steps and clips each network has learned from: the same for all."""
    recipes = {name: experiment(name).lab for name in told}
    return {
        "steps": sorted({recipe.steps for recipe in recipes.values()}),
        "batch": sorted({recipe.batch for recipe in recipes.values()}),
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=Path, nargs="+", default=[Path("runs")], help="folders")
    parser.add_argument("--names", action="store_true", help="print the experiments and stop")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder to write to")
    options = parser.parse_args()
    if options.names:
        print(*NAMES)
        return
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    queue = queued(NAMES, SEEDS, options.runs)
    digits = [job for job in queue if job.name not in RAIN.values()]
    told, baselines = measured(digits)
    found = {
        "unit": "squared error a pixel, times 1000",
        "learned": levels(told),
        "experiments": told,
        "baselines_e3": baselines,
        "claims": [compared(told, claim) for claim in CLAIMS],
        "cost": costs(),
        "raster": rasters(digits),
        "pictures": pictures(digits),
        "rain": rained(queue),
    }
    for claim in (*found["claims"], *found["rain"]["claims"]):
        print(claim["says"], claim.get("score", ""), claim.get("percent", ""), claim["verdict"])
    command = "python -m benchmarks.scales --runs runs --out stlib/results"
    print(save_result(Result(found, provenance(command)), options.out / "scales.json"))


if __name__ == "__main__":
    main()
