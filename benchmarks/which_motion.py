"""Which network suits which motion: predictions sealed, then four networks of chapter 24.

    python -m benchmarks.which_motion --seal --out stlib/results  # before a training is read
    python -m benchmarks.which_motion --names                     # what stands for …
    python -m stlib experiments run --names … --seeds 0 1 2 3 4 --cpu --log-every 10
    python -m benchmarks.which_motion --runs runs --out stlib/results --weights stlib/weights

Conditions are put to trained networks on held-out clips, the same for all: four speeds, a bar over
the last frames seen, ten frames ahead, and a film of which every second frame is shown. Errors are
squared, per pixel, times 1000. Two networks are compared seed by seed; predictions are read from
the sealed file, and the result says which one that was.

The seal is of commit 2cee5d1, when the trainings had begun and one of twenty had ended. That it has
not been broken since, git can say: `git log -- stlib/results/which-motion-sealed.json`.
"""

import argparse
import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool
from torch import Tensor, nn

from benchmarks.queues import queued
from benchmarks.rounding import rounded
from stlib import baselines
from stlib.artifacts import FOLDER, Result, load_result, provenance, save_result
from stlib.claims import Claim, judged
from stlib.evaluation.scoring import mean_frame
from stlib.experiments import status, trained
from stlib.metrics import mse
from stlib.occlusion import behind_bar
from stlib.recipes import Recipe, experiment
from stlib.recipes.data import DataChoice
from stlib.recipes.which_motion import MODELS
from stlib.rollout import forecast
from stlib.runs import Run
from stlib.shipped import ship
from stlib.stain import stained

SEALED = "which-motion-sealed"
SEAL = "373fcc258215b5a235aaac728edd1cf4aa1f93afba188c9283f3e9a42c366e58"  # SHA-256 of the file
SEEDS = (0, 1, 2, 3, 4)
NAMES = {model: f"motion-{model.lower()}" for model in MODELS}
SEEN, HORIZON = 5, 10  # frames; trained to five ahead
SPEEDS = (1, 2, 4, 8)  # pixels a frame
TEMPO_SPEEDS = (1, 2, 4)  # before every second frame is left out
BAR = (10, 12)  # first column, and how many
HIDDEN = (0, 1, 2, 3, 4)  # frames behind the bar, the last ones seen
BAR_SPEED = 2
CLIPS = 100


SEEN_BEFORE = (
    "two pilots of 400 steps, on 64 clips, seed 0: ConvLSTM and SMS-Conv-TT-LSTM at the four "
    "speeds. The second was lower at each. No prediction is of this pair."
)


class Side(NamedTuple):
    """A mean error that a prediction speaks of, or its ratio to that of another network.

    Attributes:
        model: whose.
        setting: a key of what `measured` returns.
        frames: first and last frame ahead, from 1.
        over: the network it is divided by, in the same setting.
    """

    model: str
    setting: str
    frames: tuple[int, int] = (1, 1)
    over: str | None = None


class Prediction(NamedTuple):
    """That the first side is below the second, and why it should be."""

    condition: str
    says: str
    because: str
    first: Side
    second: Side


STACK, LONG, SCALES, BOTH = MODELS

NARROW = "more of the digits lie in its cone at both of the last two looks"
FAST = "at 8 pixels the stack's cone loses digits, at 1 pixel neither loses any"
WINDOW = "at least one of its three past states is from before the bar, and the last one is not"
COMPOUND = "through its own frames a cone grows by a whole entry a frame: reach stops to matter"
FEWER = "half as many frames of its own to read, no farther than trained, and all in the cone"


def _ratio(
    condition: str, says: str, because: str, pair: tuple[str, str], settings: tuple[str, str]
) -> Prediction:
    """That a network's advantage over another is larger in the first setting."""
    first, second = (Side(pair[0], setting, over=pair[1]) for setting in settings)
    return Prediction(condition, says, because, first, second)


def _tempo(model: str, speed: int, because: str, sparse_wins: bool = True) -> Prediction:
    sparse, dense = (Side(model, f"tempo {speed} {looks}", (1, 5)) for looks in ("half", "all"))
    first, second, word = (sparse, dense, "below") if sparse_wins else (dense, sparse, "above")
    return Prediction("tempo", f"{speed} px, {model}: half {word} all", because, first, second)


PREDICTIONS = (
    *(
        Prediction("speed", f"8 px: {a} below {b}", NARROW, Side(a, "speed 8"), Side(b, "speed 8"))
        for a, b in ((LONG, STACK), (SCALES, STACK), (SCALES, LONG), (BOTH, LONG))
    ),
    *(
        _ratio(
            "speed",
            f"{a} over {b}: 8 px below 1 px",
            FAST,
            (a, b),
            ("speed 8", "speed 1"),
        )
        for a, b in ((LONG, STACK), (SCALES, STACK))
    ),
    *(
        _ratio(
            "bar",
            f"{a} over {b}: {hidden} hidden below 0",
            WINDOW,
            (a, b),
            (f"bar {hidden}", "bar 0"),
        )
        for a, b in ((LONG, STACK), (BOTH, SCALES))
        for hidden in (2, 3)
    ),
    *(
        Prediction(
            "horizon",
            f"{a} over {b}: frame 1 below frame 10",
            COMPOUND,
            Side(a, "mixed", (1, 1), b),
            Side(a, "mixed", (10, 10), b),
        )
        for a, b in ((LONG, STACK), (SCALES, STACK))
    ),
    *(_tempo(model, 1, FEWER) for model in MODELS),
    _tempo(
        STACK, 4, "every second frame is 8 pixels away: half of the digits leave its cone", False
    ),
    *(_tempo(model, 4, FEWER) for model in (SCALES, BOTH)),
)
NO_CALL = (
    "speed 1, 2, 4: all digits lie in every cone, so that reach says nothing",
    "speed 8, SMS-Conv-TT-LSTM against SMS-LSTM: both see all, so that order need not help",
    "bar 1: the last state of either cell comes from before the bar",
    "bar 4: every state in the window has read the bar",
    "tempo 4, Conv-TT-LSTM: fewer of its own frames, but fewer digits in its cone",
)


def at_speed(recipe: Recipe, slowest: float, fastest: float, frames: int) -> DataChoice:
    """The recipe's digits at other speeds; starts and headings stay."""
    return replace(recipe.data, speed=(float(slowest), float(fastest)), frames=frames)


def clips(data: DataChoice, count: int) -> Tensor:
    """The first test clips."""
    held = data.open("test")
    return torch.stack([held[index] for index in range(count)])


class Shares(NamedTuple):
    """How many digits can be followed: at the last look, and at the last two.

    Attributes:
        last: of the digits, whose middle lies in the cone of their middle a frame later.
        both: and where it was a frame earlier too.
        touched: as `both`, where any of the digit's columns and rows lies in the cone.
    """

    last: float
    both: float
    touched: float


def in_cone(
    recipe: Recipe, speed: float, count: int
) -> tuple[Bool[np.ndarray, "2 clips"], Bool[np.ndarray, "2 clips"]]:
    """Which digits lie in the cone of their middle a frame later, at lags 0 and 1.

    From the tracks alone: first their middles, then whether any column and row of them does.
    """
    cone = stained(recipe.network.build(), recipe.data.canvas, 2).numpy()
    held = at_speed(recipe, speed, speed, SEEN + 1).open("test")
    side = held.share.images.shape[1]
    tracks = np.stack([held.tracks(index)[0] for index in range(count)]).astype(int)
    now = tracks[:, SEEN] + side // 2
    middles = [cone[lag, tracks[:, SEEN - 1 - lag] + side // 2, now].all(1) for lag in (0, 1)]
    ranges = [tracks[:, SEEN - 1 - lag, :, None] + np.arange(side) for lag in (0, 1)]
    anywhere = [cone[lag, ranges[lag], now[..., None]].any(2).all(1) for lag in (0, 1)]
    return np.stack(middles), np.stack(anywhere)


def shares(recipe: Recipe, speed: float, count: int) -> Shares:
    """What a network's cone holds of the first foretold frame."""
    middles, anywhere = in_cone(recipe, speed, count)
    kept = (middles[0], middles.all(0), anywhere.all(0))
    return Shares(*(float(each.mean()) for each in kept))


def sealed(count: int) -> dict[str, Any]:
    """What is predicted, and the arithmetic that it rests on."""
    told: dict[str, Any] = {}
    for model, name in NAMES.items():
        recipe = experiment(name).lab
        network = recipe.network.build()
        canvas = recipe.data.canvas
        cone = stained(network, canvas, SEEN)
        told[model] = {
            "parameters": sum(weight.numel() for weight in network.parameters()),
            "cone_of_column_16": [
                [int(each) for each in (read.nonzero().min(), read.nonzero().max())]
                for read in cone[:, :, canvas // 2]
            ],
            "shares": {str(speed): shares(recipe, speed, count)._asdict() for speed in SPEEDS},
        }
    return {
        "clips": count,
        "networks": told,
        "predictions": [
            {
                "condition": each.condition,
                "says": each.says,
                "because": each.because,
                "first": each.first._asdict(),
                "second": each.second._asdict(),
            }
            for each in PREDICTIONS
        ],
        "no_call": list(NO_CALL),
        "seen_before": SEEN_BEFORE,
    }


Predictor = Callable[[Tensor, int], Tensor]


def measured(predict: Predictor, recipe: Recipe, count: int) -> dict[str, list[float]]:
    """Errors frame by frame in every setting.

    Keys are ``speed 8`` (pixels a frame), ``speed 8 followed`` and ``speed 8 lost`` (clips whose
    digit the plain stack's cone holds at both of the last two looks, and the others), ``bar 3``
    (frames hidden), ``mixed`` (speeds as in training), ``tempo 4 half`` and ``tempo 4 all``: the
    same five moments, every second one of ten, foretold from five looks, or from all nine in the
    same time.
    """

    def errors(context: Tensor, future: Tensor, every: int = 1) -> list[float]:
        foretold = predict(context, future.shape[1]).clamp(0, 1)[:, every - 1 :: every]
        return rounded((1e3 * mse(foretold, future[:, every - 1 :: every]).mean(0)).tolist())

    found = {}
    for speed in SPEEDS:
        whole = clips(at_speed(recipe, speed, speed, SEEN + HORIZON), count)
        context, future = whole[:, :SEEN], whole[:, SEEN:]
        found[f"speed {speed}"] = errors(context, future)
        if speed == max(SPEEDS):
            kept = torch.from_numpy(in_cone(experiment(NAMES[STACK]).lab, speed, count)[0].all(0))
            found[f"speed {speed} followed"] = errors(context[kept], future[kept])
            found[f"speed {speed} lost"] = errors(context[~kept], future[~kept])
        if speed == BAR_SPEED:
            for hidden in HIDDEN:
                behind = behind_bar(whole, *BAR, range(SEEN - hidden, SEEN))
                found[f"bar {hidden}"] = errors(behind[:, :SEEN], whole[:, SEEN : 2 * SEEN])
    whole = clips(at_speed(recipe, *recipe.data.speed, SEEN + HORIZON), count)
    found["mixed"] = errors(whole[:, :SEEN], whole[:, SEEN:])
    looks = 2 * SEEN - 1
    for speed in TEMPO_SPEEDS:
        whole = clips(at_speed(recipe, speed, speed, looks + HORIZON), count)
        context, future = whole[:, :looks], whole[:, looks:]
        found[f"tempo {speed} all"] = errors(context, future, every=2)
        found[f"tempo {speed} half"] = errors(context[:, ::2], future[:, 1::2])
    return found


@torch.no_grad()
def of_network(network: nn.Module, recipe: Recipe, count: int) -> dict[str, list[float]]:
    """What a trained network makes of every setting."""
    return measured(lambda context, horizon: forecast(network, context, horizon), recipe, count)


def of_baselines(recipe: Recipe, count: int) -> dict[str, dict[str, list[float]]]:
    """The same of what learns nothing."""
    still = mean_frame(recipe.data.open("training"))
    predictors: dict[str, Predictor] = {
        "black": baselines.black,
        "copy last": baselines.copy_last,
        "mean frame": lambda context, horizon: baselines.mean_frame(context, horizon, still),
        "constant velocity": lambda context, horizon: baselines.constant_velocity(
            context, horizon, reach=max(SPEEDS)
        ),
    }
    return {name: measured(predict, recipe, count) for name, predict in predictors.items()}


def of_side(side: dict[str, Any], errors: dict[str, Any]) -> dict[str, float]:
    """What a prediction speaks of, by seed."""
    first, last = side["frames"]

    def level(model: str, seed: str) -> float:
        return mean(errors[model][seed][side["setting"]][first - 1 : last])

    over = side["over"]
    seeds = [seed for seed in errors[side["model"]] if over is None or seed in errors[over]]
    return {
        seed: level(side["model"], seed) / (1.0 if over is None else level(over, seed))
        for seed in seeds
    }


def outcome(prediction: dict[str, Any], errors: dict[str, Any]) -> dict[str, Any]:
    """One sealed prediction against the seeds that both sides have."""
    sides = (prediction["first"], prediction["second"])
    claim = Claim(prediction["condition"], prediction["says"], *(side["model"] for side in sides))
    found = judged(claim, *(of_side(side, errors) for side in sides))
    return {**found, "because": prediction["because"]}


def seal_of(path: Path) -> str:
    """The hash of a sealed file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    """Seal, or measure; and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seal", action="store_true", help="write the predictions and stop")
    parser.add_argument("--names", action="store_true", help="print the experiments and stop")
    parser.add_argument("--runs", type=Path, nargs="+", default=[Path("runs")], help="folders")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder to write to")
    parser.add_argument("--weights", type=Path, help="folder for the networks that are shipped")
    options = parser.parse_args()
    if options.names:
        print(*NAMES.values())
        return
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    if options.seal:
        command = "python -m benchmarks.which_motion --seal --out stlib/results"
        path = options.out / f"{SEALED}.json"
        if path.exists():
            parser.error(f"{path} is sealed already; write elsewhere with --out")
        print(save_result(Result(sealed(CLIPS), provenance(command)), path))
        return
    if (found_seal := seal_of(FOLDER / f"{SEALED}.json")) != SEAL:
        parser.error(
            f"the predictions have the hash {found_seal}, expected {SEAL}: not what was sealed"
        )
    predictions = load_result(SEALED)
    command = (
        "python -m benchmarks.which_motion --runs runs --out stlib/results --weights stlib/weights"
    )
    source = provenance(command) | {  # now: the code that runs is the code that is there
        "sealed_sha256": SEAL,
        "sealed_version": predictions.provenance["version"],
    }
    errors: dict[str, dict[str, Any]] = {model: {} for model in MODELS}
    begun: dict[str, dict[str, str]] = {model: {} for model in MODELS}
    missing = dict.fromkeys(MODELS, 0)
    models = {name: model for model, name in NAMES.items()}
    for each in status(queued(tuple(models), SEEDS, options.runs)):
        model = models[each.job.name]
        if not each.evaluated:
            missing[model] += 1
            continue
        recipe, network = trained(each.job.folder)
        begun[model][str(each.job.seed)] = Run(each.job.folder).about()["begun"]["version"]
        errors[model][str(each.job.seed)] = of_network(network, recipe, CLIPS)
        print(model, each.job.seed, errors[model][str(each.job.seed)]["mixed"], flush=True)
        if options.weights and each.job.seed == SEEDS[0]:
            print(ship(each.job.folder, options.weights / f"{each.job.name}.safetensors"))
    recipe = experiment(NAMES[STACK]).lab
    found = {
        "unit": "squared error a pixel, times 1000",
        "clips": CLIPS,
        "seen": SEEN,
        "data": recipe.data.origin().name,
        "learned": {"steps": recipe.steps, "batch": recipe.batch},
        "missing": missing,
        "trained_by": begun,
        "errors_e3": errors,
        "baselines_e3": of_baselines(recipe, CLIPS),
        "outcomes": [outcome(each, errors) for each in predictions.measured["predictions"]],
    }
    for each in found["outcomes"]:
        print(each["place"], each["says"], rounded(each.get("percent", [])), each["verdict"])
    print(save_result(Result(found, source), options.out / "which-motion.json"))


if __name__ == "__main__":
    main()
