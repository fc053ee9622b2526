"""What the trained networks of chapter 13 say: paired differences, long forecasts, the swap.

    python -m stlib experiments run --names … --seeds 0 1 2 3 4 --cpu --precision bf16 --log-every 5
    python -m benchmarks.long_history --names                         # what stands for …
    python -m benchmarks.long_history --runs runs                     # writes build/bench/…
    python -m benchmarks.long_history --runs runs --out stlib/results # replaces the shipped one

It reads the runs that are finished and counts those that are not. Errors are squared, per pixel,
times 1000, on the first test clips, the same for all. Two recipes are compared seed by seed: the
same seed draws the same clips and the same coins, and the same first weights where the networks
have the same shape.
"""

import argparse
from dataclasses import replace
from itertools import chain
from pathlib import Path
from statistics import mean, median
from typing import Any

import torch

from benchmarks.rounding import rounded
from stlib.artifacts import Result, provenance, save_result
from stlib.claims import Claim, judged
from stlib.evaluation import predictions, predictors
from stlib.experiments import Job, jobs, report, trained
from stlib.metrics import mse
from stlib.printed import table
from stlib.recipes.conv_tt_lstm import with_cell
from stlib.runs import Run
from stlib.shipped import ship
from stlib.training import rebuilt

SEEDS = (0, 1, 2, 3, 4)
OURS, BASE = "ctt-table-4-conv-tt-lstm", "ctt-table-4-convlstm"
WIDE = "ctt-section-5-algorithm-1"
CLASSIC, POINTWISE = "ctt-table-4-classic", "ctt-table-3-pointwise-order-3"
FIXED, ORDER_1, ORDER_2 = "ctt-table-8-fixed", "ctt-table-6-order-1", "ctt-table-6-order-2"
FAR, FAR_CLIPS = 40, 32  # frames foretold, and clips: the first of the test split
CANVASES = {32: 32, 64: 16}  # pixels a side, and clips

MSE_OF_30 = {"table-3": "MSE", "table-4-moving-mnist": "MSE (30)", "table-8": "MSE"}  # columns


def printed(*rows: tuple[str, str]) -> tuple[float, ...]:
    """The errors that the paper prints on Moving MNIST, 10 frames to 30, by table and row."""
    return tuple(float(table(name).number(row, MSE_OF_30[name]).value) for name, row in rows)


CLAIMS = (
    Claim(
        "Table 4",
        "Conv-TT-LSTM below ConvLSTM",
        OURS,
        BASE,
        printed=printed(
            ("table-4-moving-mnist", "Conv-TT-LSTM (ours)"),
            ("table-4-moving-mnist", "ConvLSTM (baseline)"),
        ),
    ),
    Claim(
        "Table 4",
        "Conv-TT-LSTM below classic TT",
        OURS,
        CLASSIC,
        printed=printed(
            ("table-4-moving-mnist", "Conv-TT-LSTM (ours)"),
            ("table-4-moving-mnist", "ConvLSTM (classic TTD)"),
        ),
    ),
    Claim(
        "Table 3",
        "order 3 below order 1",
        OURS,
        ORDER_1,
        printed=printed(
            ("table-3", "5x5 filters, order 3"), ("table-3", "5x5 filters, single order")
        ),
    ),
    Claim(
        "Table 3",
        "wide cores below 1x1 cores",
        OURS,
        POINTWISE,
        printed=printed(("table-3", "5x5 filters, order 3"), ("table-3", "1x1 filters, order 3")),
    ),
    Claim(
        "Table 3",
        "ConvLSTM below 1x1 cores",
        BASE,
        POINTWISE,
        printed=printed(
            ("table-4-moving-mnist", "ConvLSTM (baseline)"),
            ("table-3", "1x1 filters, order 3"),
        ),
    ),
    Claim(
        "Table 8",
        "fixed window below ConvLSTM",
        FIXED,
        BASE,
        printed=printed(("table-8", "Conv-TT-LSTM, fixed window"), ("table-8", "ConvLSTM")),
    ),
    Claim(
        "B.1 (c)",
        "sliding below fixed window",
        OURS,
        FIXED,
        printed=printed(
            ("table-8", "Conv-TT-LSTM, sliding window"),
            ("table-8", "Conv-TT-LSTM, fixed window"),
        ),
    ),
    Claim("B.3 (3)", "order 2 below order 1", ORDER_2, ORDER_1),
    Claim("B.3 (3)", "order 3 below order 2", OURS, ORDER_2),
    Claim("B.3 (3)", "order 3 below order 5", OURS, "ctt-table-6-order-5"),
    Claim("B.3 (5)", "5 steps below 3 steps", "ctt-table-6-steps-5", OURS),
    Claim("B.3 (4)", "ranks 8 below ranks 4", OURS, "ctt-table-6-ranks-4"),
    Claim("B.3 (4)", "ranks 16 like ranks 8", "ctt-table-6-ranks-16", OURS, same=True),
    Claim("B.3 (1)", "wider kernel below narrower", "ctt-table-6-kernel", OURS),
    Claim("B.3 (2)", "full rate below an eighth", OURS, "ctt-table-6-rate-5e-4"),
    Claim("B.3 (2)", "full rate below a fortieth", OURS, "ctt-table-6-rate-1e-4"),
    Claim("4.1", "clipped below unclipped", OURS, "ctt-section-4-no-clipping"),
    Claim("B.2", "Xavier below PyTorch, Conv-TT", OURS, "ctt-section-b2-pytorch-conv-tt-lstm"),
    Claim("B.2", "Xavier below PyTorch, ConvLSTM", BASE, "ctt-section-b2-pytorch-convlstm"),
    Claim(
        "B.2",
        "with PyTorch's, Conv-TT below",
        "ctt-section-b2-pytorch-conv-tt-lstm",
        "ctt-section-b2-pytorch-convlstm",
    ),
    Claim("App. A", "Algorithm 2 like Algorithm 1", OURS, WIDE, same=True),
)
NAMES = tuple(dict.fromkeys(chain(*((claim.first, claim.second) for claim in CLAIMS))))


def gradients(job: Job) -> dict[str, Any] | None:
    """Norms before clipping, as far as they are logged; None where nothing was clipped."""
    norms = [float(row["gradient_norm"]) for row in Run(job.folder).log() if row["gradient_norm"]]
    if not norms:
        return None
    limit = job.recipe.clip
    return {
        "logged": len(norms),
        "median": rounded(median(norms)),
        "largest": rounded(max(norms)),
        "share_clipped": rounded(mean(norm > limit for norm in norms)),
    }


def measured(queue: list[Job]) -> tuple[dict[str, Any], dict[str, Any]]:
    """By experiment and seed: errors at the trained horizon, gradients; and the baselines."""
    told, baselines = {}, {}
    for name, found in report(queue).items():
        told[name] = {"missing": found["missing"], "seeds": {}}
        if "seeds" not in found:
            continue
        baselines = {other: table["mean"] for other, table in found["baselines"].items()}
        mine = {job.seed: job for job in queue if job.name == name}
        told[name] |= {
            "source": found["recipe"]["source"],
            "trained_with": found["trained_with"][0],
            "clips": found["clips"],
        }
        for seed in found["seeds"]:
            scores = found["scores"][str(seed)]
            told[name]["seeds"][str(seed)] = {
                "mse_e3": scores["mse_e3"],
                "ssim": scores["ssim_gaussian"],
                "gradient": gradients(mine[seed]),
            }
        network = trained(mine[found["seeds"][0]].folder)[1]
        told[name]["parameters"] = sum(weight.numel() for weight in network.parameters())
    return told, baselines


def compared(told: dict[str, Any], claim: Claim) -> dict[str, Any]:
    """One claim against the seeds that both recipes have."""
    first, second = (
        {seed: each["mse_e3"]["mean"] for seed, each in told[name]["seeds"].items()}
        for name in (claim.first, claim.second)
    )
    found = judged(claim, first, second)
    units = {"differences": "differences_e3", "interval": "interval_e3"}
    return {units.get(key, key): value for key, value in found.items()}


def finished(queue: list[Job], name: str) -> list[Job]:
    """The jobs of one experiment whose training is over."""
    return [job for job in queue if job.name == name and Run(job.folder).result_file.is_file()]


def far(queue: list[Job]) -> dict[str, Any]:
    """Errors frame by frame, eight times as far as was trained."""
    told: dict[str, Any] = {"clips": FAR_CLIPS, "networks": {}, "baselines": {}}
    for name in (BASE, OURS):
        told["networks"][name] = {}
        for job in finished(queue, name):
            recipe, network = trained(job.folder)
            long = replace(recipe, foretell=FAR)
            held, foretold = predictions(network, long, clips=FAR_CLIPS)
            steps = 1e3 * mse(foretold.clamp(0, 1), held.future).mean(0)
            told["networks"][name][str(job.seed)] = rounded(steps.tolist())
            if not told["baselines"]:
                for other, predict in predictors(network, long).items():
                    if other != "network":
                        steps = 1e3 * mse(predict(held.context), held.future).mean(0)
                        told["baselines"][other] = rounded(steps.tolist())
    return told


def by_distance(frames: torch.Tensor) -> list[float]:
    """The mean over batch, time and the pixels of each distance from the edge."""
    side = frames.shape[-1]
    place = torch.arange(side)
    edge = torch.minimum(place, side - 1 - place)
    distance = torch.minimum(edge[:, None], edge)
    picture = frames.double().mean((0, 1, 2))
    return rounded([1e3 * picture[distance == d].mean().item() for d in range(side // 2)])


def swapped(queue: list[Job]) -> list[dict[str, Any]]:
    """Each network computed by the algorithm it was trained with, and by the other."""
    rows = []
    for name, own in ((OURS, 1), (WIDE, 3)):
        for job in finished(queue, name):
            recipe, network = trained(job.folder)
            cell, weights = recipe.network.cell, network.state_dict()
            for side, clips in CANVASES.items():
                foretold = {}
                for direct in (1, 3):
                    other = with_cell(recipe, replace(cell, direct=direct), recipe.source)
                    other = replace(other, data=replace(other.data, canvas=side))
                    held, frames = predictions(rebuilt(other, weights), other, clips=clips)
                    foretold[direct] = frames.clamp(0, 1)
                errors = {d: (frames - held.future) ** 2 for d, frames in foretold.items()}
                rows.append(
                    {
                        "experiment": name,
                        "seed": job.seed,
                        "canvas": side,
                        "clips": clips,
                        "own": by_distance(errors[own]),
                        "other": by_distance(errors[4 - own]),
                        "moved": by_distance((foretold[1] - foretold[3]) ** 2),
                    }
                )
    return rows


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of the runs (runs)")
    parser.add_argument("--names", action="store_true", help="print the experiments and stop")
    parser.add_argument("--ship", type=Path, help="file for the network of seed 0, half precision")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder to write to")
    options = parser.parse_args()
    if options.names:
        print(*NAMES)
        return
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    queue = jobs(NAMES, SEEDS, "lab", options.runs)
    told, baselines = measured(queue)
    found = {
        "unit": "squared error a pixel, times 1000",
        "experiments": told,
        "baselines_e3": baselines,
        "claims": [compared(told, claim) for claim in CLAIMS],
        "far": far(queue),
        "swap": swapped(queue),
    }
    for claim in found["claims"]:
        print(claim["place"], claim["says"], claim.get("percent", ""), claim["verdict"])
    command = "python -m benchmarks.long_history --runs runs --out stlib/results"
    print(save_result(Result(found, provenance(command)), options.out / "long-history.json"))
    if options.ship:
        print(ship(finished(queue, OURS)[0].folder, options.ship))


if __name__ == "__main__":
    main()
