"""What the layers of the four networks of chapter 16 say, trained and with their first weights.

    python -m stlib experiments run --names … --seeds 0 1 2 3 4 --cpu --precision bf16 --log-every 5
    python -m benchmarks.layer_outputs --names                         # what stands for …
    python -m benchmarks.layer_outputs --runs runs                     # writes build/bench/…
    python -m benchmarks.layer_outputs --runs runs --out stlib/results # replaces the shipped one

It reads the runs that are finished and counts those that are not. All four read the same test
clips. Readouts are fitted on validation clips. A network with its first weights is the same
network before its training, of the same seed. Twenty runs take ten minutes on one core.
"""

import argparse
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from benchmarks.rounding import rounded
from stlib.artifacts import Result, provenance, save_result
from stlib.claims import Claim, judged
from stlib.evaluation import predictions
from stlib.experiments import Job, jobs, trained
from stlib.layer_outputs import (
    channel_rms,
    channel_sum,
    contrast,
    cut_skip,
    enlarged,
    fit_readout,
    foreground_area,
    layer_outputs,
    lens,
    mean_frequency,
    radial_spectrum,
    silenced,
)
from stlib.metrics import mse
from stlib.networks import Pyramid
from stlib.recipes import Recipe
from stlib.recipes.ms_lstm import FOUR
from stlib.rollout import forecast
from stlib.runs import Run
from stlib.shipped import ship

SEEDS = (0, 1, 2, 3, 4)
NAMES = {model: f"ms-table-3-{model.lower()}" for model in FOUR}
CLIPS, FITTED_ON, CUT_CLIPS, BATCH = 200, 32, 32, 20  # test, validation, test clips; at a time
AHEAD = {"first": 1, "fifth": 5}  # which frame after the context a step foretells
LEVELS = (0.25, 0.5, 0.75)  # of the brightest pixel
WEIGHTS = ("trained", "untrained")


class Sentence(NamedTuple):
    """That `first` is larger than `second`; or not, where it is denied.

    Each side is (model, layer); the layer 'frame' is the last frame read.
    """

    says: str
    measured: str
    first: tuple[str, str]
    second: tuple[str, str]
    denied: bool = False


SENTENCES = (
    *(Sentence(f"{m}: layer 2 fatter than frame", "area", (m, "2"), (m, "frame")) for m in FOUR),
    Sentence("layer 2: SMS fatter than ConvLSTM", "area", ("SMS-LSTM", "2"), ("ConvLSTM", "2")),
    Sentence("layer 2: MS fatter than TMS", "area", ("MS-LSTM", "2"), ("TMS-LSTM", "2")),
    Sentence("layer 0: MS fatter than SMS", "area", ("MS-LSTM", "0"), ("SMS-LSTM", "0")),
    Sentence("layer 1: MS fatter than SMS", "area", ("MS-LSTM", "1"), ("SMS-LSTM", "1")),
    Sentence("layer 0: ConvLSTM fatter than TMS", "area", ("ConvLSTM", "0"), ("TMS-LSTM", "0")),
    Sentence("digits: ConvLSTM plainer than SMS", "digits", ("ConvLSTM", "2"), ("SMS-LSTM", "2")),
    Sentence("digits: TMS plainer than MS", "digits", ("TMS-LSTM", "2"), ("MS-LSTM", "2")),
    *(
        Sentence(f"{m}: layer 5 finer than 3", "frequency", (m, "5"), (m, "3"))
        for m in ("SMS-LSTM", "MS-LSTM")
    ),
    *(
        Sentence(f"{m}: layer 5 no finer than 3", "frequency", (m, "5"), (m, "3"), denied=True)
        for m in ("ConvLSTM", "TMS-LSTM")
    ),
)


class Said(NamedTuple):
    """What a network's layers said at the measured steps, and the frames around them."""

    layers: list[Tensor]  # [clip, step, channel, height, width]
    read: Tensor  # the last frame read that was real, or the network's own
    comes: Tensor  # the frame that each step foretells


@torch.no_grad()
def said(network: nn.Module, recipe: Recipe, split: str, count: int, steps: Sequence[int]) -> Said:
    """Run a network over the first clips of a split; step t reads frame t."""
    data, context, steps = recipe.data.open(split), recipe.context, list(steps)
    parts: list[list[Tensor]] = []
    for start in range(0, count, BATCH):
        clips = torch.stack([data[index] for index in range(start, min(start + BATCH, count))])
        run = partial(forecast, network, clips[:, :context], max(steps) + 2 - context)
        layers = layer_outputs(network.cells, run)
        foretold = lens(network.readout, layers[-1][:, [max(step - 1, 0) for step in steps]])
        own = torch.tensor(steps)[:, None, None, None] >= context
        read = torch.where(own, foretold, clips[:, steps])
        comes = clips[:, [step + 1 for step in steps]]
        parts.append([*(h[:, steps] for h in layers), read, comes])
    *layers, read, comes = (torch.cat(each) for each in zip(*parts, strict=True))
    return Said(layers, read, comes)


def shape_of(pictures: Tensor) -> Tensor:
    """What a circular shift leaves of pictures: sizes of their waves, without the mean, unit norm.

    A half-turn leaves the same, so that a 6 is as near to a 9 as to another 6.

    Args:
        pictures: ``[clip, ..., height, width]``.
    """
    waves = torch.fft.fft2(pictures.double()).abs()
    waves[..., 0, 0] = 0
    flat = waves.flatten(1)
    return flat / flat.norm(dim=1, keepdim=True).clamp_min(1e-30)


def named_by_neighbour(pictures: Tensor, labels: Tensor, twins: Tensor) -> float:
    """The share of clips whose most similar other clip shows the same digit.

    Clips that show the very same drawing are no neighbours. A shift of a picture changes nothing.
    """
    apart = torch.cdist(shape_of(pictures), shape_of(pictures))
    apart[twins] = float("inf")
    return (labels[apart.argmin(1)] == labels).double().mean().item()


def of_pictures(pictures: dict[str, Tensor], waves: Tensor) -> dict[str, Any]:
    """Areas of each kind of picture, and how fine the pattern of all channels is."""
    spectrum = radial_spectrum(waves).sum(1)
    pattern = spectrum[:, 1:].sum(-1, keepdim=True)
    return {
        "areas": {
            kind: rounded([foreground_area(picture, level).mean() for level in LEVELS])
            for kind, picture in pictures.items()
        },
        "area": rounded(foreground_area(pictures["contrast"]).mean()),
        "frequency": rounded(mean_frequency(spectrum).mean()),
        "spectrum": rounded((spectrum[:, 1:] / pattern).mean(0)),
        "rms": rounded(waves.square().mean().sqrt()),
    }


def measured_at(place: int, test: Said, fitted: Said, readout: nn.Conv2d, labels: Tensor) -> Any:
    """Everything at one step, by layer; the frames stand beside them."""
    read, comes = test.read[:, place], test.comes[:, place]
    side = comes.shape[-1]
    drawings = shape_of(comes)
    twins = torch.cdist(drawings, drawings) < 1e-6
    told = {}
    for name, frames in (("frame", read), ("next frame", comes)):
        told[name] = of_pictures({"contrast": contrast(frames)}, frames)
        told[name]["digits"] = rounded(named_by_neighbour(frames, labels, twins))
    for layer, whole in enumerate(test.layers):
        h = whole[:, place]
        kinds = {
            "contrast": contrast(h),
            "rms": channel_rms(h),
            "sum": channel_sum(h).abs(),
        }
        best = fit_readout(fitted.layers[layer][:, place], fitted.comes[:, place])
        errors = {
            name: 1e3 * mse(enlarged(lens(glass, h), side)[:, None], comes[:, None]).mean()
            for name, glass in (("lens", readout), ("fitted", best))
        }
        told[str(layer)] = {
            **of_pictures(kinds, h),
            **{name: rounded(error) for name, error in errors.items()},
            "digits": rounded(named_by_neighbour(contrast(h), labels, twins)),
            "digits_all_channels": rounded(named_by_neighbour(h, labels, twins)),
        }
    return told


@torch.no_grad()
def cuts(network: nn.Module, recipe: Recipe) -> dict[str, Any]:
    """The errors of a pyramid whole, without its coarse layers, and without its finest skip."""
    low, top, below = network.cells[0], network.cells[-1], network.cells[-2]
    ways = {
        "whole": nullcontext(),
        "fine only": silenced([below]),
        "coarse only": cut_skip(low, top),
    }
    told = {}
    for name, way in ways.items():
        with way:
            clips, foretold = predictions(network, recipe, clips=CUT_CLIPS)
        steps = 1e3 * mse(foretold.clamp(0, 1), clips.future).mean(0)
        told[name] = {ahead: rounded(steps[count - 1]) for ahead, count in AHEAD.items()}
    return told


def measured(job: Job) -> dict[str, Any]:
    """One run, trained and untrained."""
    recipe, network = trained(job.folder)
    torch.manual_seed(job.seed)
    networks = {"trained": network, "untrained": recipe.network.build().eval()}
    told: dict[str, Any] = {"cuts": cuts(network, recipe)} if isinstance(network, Pyramid) else {}
    data = recipe.data.open("test")
    labels = torch.tensor([data.labels(index)[0] for index in range(CLIPS)])
    steps = [recipe.context - 2 + ahead for ahead in AHEAD.values()]
    for weights, one in networks.items():
        test = said(one, recipe, "test", CLIPS, steps)
        fitted = said(one, recipe, "validation", FITTED_ON, steps)
        told[weights] = {
            ahead: measured_at(place, test, fitted, one.readout, labels)
            for place, ahead in enumerate(AHEAD)
        }
    return told


def compared(found: dict[str, Any], sentence: Sentence, weights: str, ahead: str) -> dict[str, Any]:
    """One sentence against the seeds that both its networks have."""
    sides = [
        {
            seed: each[weights][ahead][layer][sentence.measured]
            for seed, each in found[model].items()
        }
        for model, layer in (sentence.first, sentence.second)
    ]
    names = [" ".join(side) for side in (sentence.first, sentence.second)]
    claim = Claim("5.2.1", sentence.says, *names, higher=not sentence.denied)
    row = {"measured": sentence.measured, "weights": weights, "ahead": ahead}
    return {**row, **judged(claim, *sides)}


def without_spectra(found: dict[str, Any]) -> dict[str, Any]:
    """The same, the long rows of the spectra left out."""
    if not isinstance(found, dict):
        return found
    return {key: without_spectra(value) for key, value in found.items() if key != "spectrum"}


def spectra(found: dict[str, Any]) -> dict[str, Any]:
    """The mean spectrum over seeds, by model, weights, step and layer."""
    told: dict[str, Any] = {}
    for model, seeds in found.items():
        for weights in WEIGHTS if seeds else ():
            for ahead in AHEAD:
                there = [each[weights][ahead] for each in seeds.values()]
                for layer in there[0]:
                    rows = [each[layer]["spectrum"] for each in there]
                    average = torch.tensor(rows, dtype=torch.float64).mean(0)
                    by_layer = told.setdefault(model, {}).setdefault(weights, {})
                    by_layer.setdefault(ahead, {})[layer] = [float(f"{v:.3g}") for v in average]
    return told


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of the runs (runs)")
    parser.add_argument("--names", action="store_true", help="print the experiments and stop")
    parser.add_argument("--ship", type=Path, help="folder for seed 0's networks, half precision")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder to write to")
    options = parser.parse_args()
    if options.names:
        print(*NAMES.values())
        return
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    queue = jobs(tuple(NAMES.values()), SEEDS, "lab", options.runs)
    over = [job for job in queue if Run(job.folder).network_file.is_file()]
    models = {name: model for model, name in NAMES.items()}
    found: dict[str, Any] = {model: {} for model in NAMES}
    for job in over:
        found[models[job.name]][str(job.seed)] = measured(job)
        print(job.name, "seed", job.seed, flush=True)
    told = {
        "clips": CLIPS,
        "cut_clips": CUT_CLIPS,
        "fitted_on": FITTED_ON,
        "levels": LEVELS,
        "ahead": AHEAD,
        "missing": {model: len(SEEDS) - len(seeds) for model, seeds in found.items()},
        "models": without_spectra(found),
        "spectra": spectra(found),
        "claims": [
            compared(found, sentence, weights, ahead)
            for ahead in AHEAD
            for sentence in SENTENCES
            for weights in WEIGHTS
        ],
    }
    command = "python -m benchmarks.layer_outputs --runs runs --out stlib/results"
    print(save_result(Result(told, provenance(command)), options.out / "layer-outputs.json"))
    if options.ship:
        for job in over:
            if job.seed == 0:
                name = f"scales-{models[job.name].lower()}.safetensors"
                print(ship(job.folder, options.ship / name))


if __name__ == "__main__":
    main()
