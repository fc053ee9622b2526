"""What the trained networks of chapter 23 say: what each cell costs, and how well it foretells.

    python -m stlib experiments run --names … --seeds 0 1 2 3 4 --cpu
    python -m benchmarks.one_table --names                          # what stands for …
    python -m benchmarks.one_table --runs runs                      # writes build/bench/…
    python -m benchmarks.one_table --runs runs --out stlib/results  # replaces the shipped one
    python -m benchmarks.one_table --runs runs --priced FILE        # its prices, and more runs

It reads the runs that are finished, in one folder or several, and counts those that are not. Errors
are squared, per pixel, times 1000: on the first validation clips while a network learns, on the
first test clips when it has. All networks see the same clips and coins where they have the same
seed.

Prices are those of one training step at lab scale. Parameters, MACs (of the forward pass) and bytes
(the most that tensors hold at once) are counted. Seconds are the processor's, which other work on
the machine disturbs less than the clock's, and the fastest of some rounds in which all networks
take turns.

Bytes by resolution are of one step of one clip, six layers 32 wide, on the ``meta`` device: there
attention writes the matrix of its weights, as formulas do, and not tile by tile.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from time import process_time
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.queues import queued
from benchmarks.rounding import rounded
from stlib.artifacts import Result, provenance, read_result, save_result
from stlib.claims import Claim, judged
from stlib.cost import macs, parameters
from stlib.experiments import Job, report
from stlib.losses import l2_mean
from stlib.printed import table
from stlib.recipes import Recipe, experiment
from stlib.recipes.one_table import CELLS
from stlib.rollout import rollout
from stlib.sampling import inference
from stlib.training_memory import held_bytes

SEEDS = (0, 1, 2, 3, 4)
NAMES = {cell: f"table-{cell.lower()}" for cell in CELLS}
SCORES = {"mse": "mse_e3", "mae": "mae_e3", "ssim": "ssim_gaussian"}
ROUNDS = 7
COUNTED = ("ConvLSTM", "MK-LSTM", "MoDeRNN", "CMS-LSTM")  # the last two are said to need too much
SIDES, WIDTH, FRAMES = (16, 32, 64, 128), 32, 20  # of what is counted: as in the paper, 10 to 10


def printed(place: str, first: str, second: str) -> tuple[float, float] | None:
    """The errors of two rows of Ma et al.; of Table 8 the mean of its four frames."""
    held = table(place)
    columns = held.columns if place == "ms-table-8" else ("MSE",)
    rows = {row.partition(" [")[0].replace("TMS-LSTM", "MK-LSTM"): row for row in held.rows}
    if first not in rows or second not in rows:
        return None
    means = [
        sum(float(held.number(rows[name], column).value) for column in columns) / len(columns)
        for name in (first, second)
    ]
    return means[0], means[1]


ORDERS = (  # (table, lower, higher), as far as both cells are here
    ("ms-table-3", "MK-LSTM", "ConvLSTM"),
    ("ms-table-5", "PredRNN", "ConvLSTM"),
    ("ms-table-5", "PredRNN++", "PredRNN"),
    ("ms-table-5", "MIM", "PredRNN++"),
    ("ms-table-5", "MotionRNN", "MIM"),
    ("ms-table-8", "TrajGRU", "ConvLSTM"),
    ("ms-table-8", "PredRNN", "TrajGRU"),
    ("ms-table-8", "CMS-LSTM", "TrajGRU"),
    ("ms-table-8", "MoDeRNN", "CMS-LSTM"),
    ("ms-table-8", "PredRNN++", "MoDeRNN"),
)


def claims() -> list[Claim]:
    """What the paper's tables say of two cells, at one width for all."""
    return [
        Claim(
            table(place).place,
            f"{first} below {second}",
            NAMES[first],
            NAMES[second],
            printed=printed(place, first, second),
        )
        for place, first, second in ORDERS
        if first in NAMES and second in NAMES
    ]


def learned(queue: list[Job]) -> dict[str, Any]:
    """By cell: its runs' validation errors step by step, and their test scores."""
    found = report(queue)
    told: dict[str, Any] = {}
    for cell, name in NAMES.items():
        held = found[name]
        told[cell] = {"experiment": name, "missing": held["missing"], "curves": {}, "test": {}}
        if "seeds" not in held:
            continue
        told[cell]["trained_with"] = {
            str(seed): about["version"]
            for seed, about in zip(held["seeds"], held["trained_with"], strict=True)
        }
        for seed in map(str, held["seeds"]):
            told[cell]["curves"][seed] = [
                [step, rounded(1e3 * error)] for step, error in held["validation"][seed]
            ]
            told[cell]["test"][seed] = {
                score: held["scores"][seed][key]["mean"] for score, key in SCORES.items()
            }
    return told


def baselines(queue: list[Job]) -> dict[str, float]:
    """Test errors of what learns nothing."""
    found = report([job for job in queue if job.name == NAMES["ConvLSTM"]])
    held = found[NAMES["ConvLSTM"]]
    return {name: each["mean"] for name, each in held.get("baselines", {}).items()}


class Training:
    """Forward and backward pass of one step, on one batch.

    Args:
        recipe: whose network and frames it takes.
        batch: clips.
        device: ``'meta'`` counts without computing.
    """

    def __init__(self, recipe: Recipe, batch: int, device: str = "cpu") -> None:
        torch.manual_seed(0)
        with torch.device(device):
            self.network: nn.Module = recipe.network.build()
            side = recipe.data.canvas
            self.frames = torch.rand(batch, recipe.frames, recipe.data.channels, side, side)
        self.truth = inference(batch, recipe.frames - 1, recipe.context)

    def forward(self) -> Tensor:
        """The loss."""
        return l2_mean(rollout(self.network, self.frames, self.truth), self.frames[:, 1:])

    def step(self) -> None:
        """The loss and its gradient."""
        self.network.zero_grad(set_to_none=True)
        self.forward().backward()


def prices(rounds: int) -> dict[str, Any]:
    """One training step of each cell, on a batch."""
    told, steps = {}, {}
    for cell, name in NAMES.items():
        recipe = experiment(name).lab
        training, counted = (Training(recipe, recipe.batch, on) for on in ("cpu", "meta"))
        told[cell] = {
            "width": recipe.network.hidden[0],
            "parameters": parameters(training.network),
            "macs": macs(counted.forward),
            "bytes": held_bytes(counted.network, lambda _, run=counted: run.step(), counted.frames),
        }
        steps[cell] = training
    fastest = dict.fromkeys(steps, float("inf"))
    for _ in range(rounds):
        for cell, training in steps.items():
            start = process_time()
            training.step()
            fastest[cell] = min(fastest[cell], process_time() - start)
    for cell, took in fastest.items():
        told[cell]["seconds"] = float(f"{took:.3g}")
    return told


def by_resolution() -> dict[str, Any]:
    """Bytes of one training step in the paper's network, for frames of growing sides."""
    told: dict[str, Any] = {"sides": list(SIDES), "width": WIDTH, "frames": FRAMES, "bytes": {}}
    for cell in COUNTED:
        paper = experiment(NAMES[cell]).paper
        network = replace(paper.network, hidden=(WIDTH,) * len(paper.network.hidden))
        counted = {}
        for side in SIDES:
            data = replace(paper.data, canvas=side, frames=FRAMES)
            recipe = replace(paper, network=network, data=data, context=FRAMES // 2)
            run = Training(recipe, 1, "meta")
            counted[str(side)] = held_bytes(run.network, lambda _, run=run: run.step(), run.frames)
        told["bytes"][cell] = counted
    return told


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=Path, nargs="+", default=[Path("runs")], help="folders")
    parser.add_argument("--names", action="store_true", help="print the experiments and stop")
    parser.add_argument("--priced", type=Path, help="a result whose prices and bytes are kept")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"of the timing ({ROUNDS})")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder to write to")
    options = parser.parse_args()
    if options.names:
        print(*NAMES.values())
        return
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    command = "python -m benchmarks.one_table --runs runs --out stlib/results"
    if options.priced:
        before = read_result(options.priced).measured
        priced = {key: before[key] for key in ("prices", "resolution", "priced_with")}
    else:
        priced = {
            "prices": prices(options.rounds),
            "resolution": by_resolution(),
            "priced_with": provenance(command),
        }
    queue = queued(list(NAMES.values()), SEEDS, options.runs)
    cells = learned(queue)
    errors = {
        held["experiment"]: {seed: each["mse"] for seed, each in held["test"].items()}
        for held in cells.values()
    }
    recipe = experiment(NAMES["ConvLSTM"]).lab
    found = {
        "unit": "squared error a pixel, times 1000",
        "learned": {
            "steps": recipe.steps,
            "batch": recipe.batch,
            "validation_clips": recipe.validation_clips,
            "test_clips": recipe.test_clips,
        },
        "cells": cells,
        "baselines_e3": baselines(queue),
        "claims": [judged(claim, errors[claim.first], errors[claim.second]) for claim in claims()],
        **priced,
    }
    for cell, price in found["prices"].items():
        print(cell, price, rounded([each["mse"] for each in cells[cell]["test"].values()]))
    for claim in found["claims"]:
        print(claim["place"], claim["says"], claim.get("percent", ""), claim["verdict"])
    print(save_result(Result(found, provenance(command)), options.out / "one-table.json"))


if __name__ == "__main__":
    main()
