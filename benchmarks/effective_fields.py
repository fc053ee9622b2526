"""How widely the encoders of chapter 14 really look: spread of the gradient, before and after.

    python -m stlib experiments run --names … --seeds 0 1 2 3 4 --cpu --precision bf16 --log-every 5
    python -m benchmarks.effective_fields --names                         # what stands for …
    python -m benchmarks.effective_fields --runs runs                     # writes build/bench/…
    python -m benchmarks.effective_fields --runs runs --out stlib/results # replaces the shipped one

It reads the runs that are finished and counts those that are not. The output is the middle pixel of
the third layer's h when the context has been read; the gradient is taken at the first test clips.
Untrained are the same seed's first weights.
"""

import argparse
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from torch import Tensor, nn

from stlib.artifacts import Result, provenance, save_result
from stlib.evaluation import predictions
from stlib.experiments import Job, jobs, trained
from stlib.reach import Unit, encoder, extent
from stlib.receptive_field import influence_by_lag, spread
from stlib.recipes.ms_lstm import FOUR, LAB_WIDTH
from stlib.runs import Run

SEEDS = (0, 1, 2, 3, 4)
CLIPS, LAYERS = 16, len(LAB_WIDTH) // 2
NAMES = {model: f"ms-table-3-{model.lower()}" for model in FOUR}
ENCODERS = {
    "ConvLSTM": encoder(Unit(), LAYERS),
    "SMS-LSTM": encoder(Unit(), LAYERS, LAYERS - 1),
    "TMS-LSTM": encoder(Unit((3, 5), looks=True), LAYERS),
    "MS-LSTM": encoder(Unit((3, 5), looks=True), LAYERS, LAYERS - 1),
}


def encoded(network: nn.Module, frames: Tensor) -> Tensor:
    """What the top layer of the encoder says after the last frame."""
    said: list[Tensor] = []
    hook = network.cells[LAYERS - 1].register_forward_hook(lambda *call: said.append(call[2][0]))
    try:
        state = None
        for frame in frames.unbind(1):
            _, state = network(frame, state)
    finally:
        hook.remove()
    return said[-1]


def spreads(network: nn.Module, frames: Tensor) -> list[float]:
    """Standard deviation, in pixels, of where the middle output looks, for each lag."""
    side = encoded(network, frames).shape[-1]
    middle = (side // 2, side // 2)
    fields = influence_by_lag(lambda x: encoded(network, x), frames, middle)
    return [round(mean(spread(field.sum(axis)) for axis in (0, 1)), 3) for field in fields]


def fields(queue: list[Job], model: str) -> dict[str, Any]:
    """One model's reach and, seed by seed, its spreads."""
    told: dict[str, Any] = {}
    frames_read = 0
    for job in queue:
        if job.name != NAMES[model] or not Run(job.folder).network_file.is_file():
            continue
        recipe, network = trained(job.folder)
        clips, _ = predictions(network, recipe, clips=CLIPS)
        torch.manual_seed(job.seed)
        first = recipe.network.build()
        frames_read = clips.context.shape[1]
        told[str(job.seed)] = {
            "untrained": spreads(first, clips.context),
            "trained": spreads(network, clips.context),
        }
    return {
        "missing": sum(job.name == NAMES[model] for job in queue) - len(told),
        "reach": extent(ENCODERS[model], frames_read or 1),
        "seeds": told,
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of the runs (runs)")
    parser.add_argument("--names", action="store_true", help="print the experiments and stop")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder to write to")
    options = parser.parse_args()
    if options.names:
        print(*NAMES.values())
        return
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    queue = jobs(tuple(NAMES.values()), SEEDS, "lab", options.runs)
    found = {
        "unit": "pixels: standard deviation of the gradient's size along an axis; reach is a width",
        "clips": CLIPS,
        "canvas": sorted({job.recipe.data.canvas for job in queue}),
        "models": {model: fields(queue, model) for model in NAMES},
    }
    for model, told in found["models"].items():
        print(model, "missing", told["missing"], "reach", told["reach"])
        for seed, rows in told["seeds"].items():
            print("  seed", seed, rows)
    command = "python -m benchmarks.effective_fields --runs runs --out stlib/results"
    print(save_result(Result(found, provenance(command)), options.out / "effective-fields.json"))


if __name__ == "__main__":
    main()
