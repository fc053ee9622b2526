"""Measure what a predictor must beat: four baselines, horizon by horizon, speed by speed.

    python -m benchmarks.baselines                         # writes build/bench/…
    python -m benchmarks.baselines --out stlib/results     # replaces the shipped result

Needs MNIST's 10,000 test digits; STLIB_DATA names their folder. The clips are those that
`CONV_TT_LSTM` says: ten frames are seen, ten foretold. Clips and digits of the test split are
measured, the mean frame comes from the training split. Errors are squared, per pixel, times 1000.
"""

import argparse
from dataclasses import replace
from math import ceil
from pathlib import Path

import numpy as np
import torch

from stlib.artifacts import Result, provenance, save_result
from stlib.baselines import black, constant_velocity, copy_last, mean_frame
from stlib.data.digits import Digits, digits, fingerprint, share
from stlib.data.moving_mnist import CONV_TT_LSTM, MovingMNIST

SEEN, HORIZON = 10, 10
SPEEDS = [round(0.4 * step, 1) for step in range(13)]  # pixels per frame; 3.6 is the preset's
WINDOW = 15  # pixels; 11 and 21 do as well
FARTHEST = 12  # pixels that a digit is moved against itself
PLACES = range(FARTHEST + 1)
NEAR = 6  # horizons up to which enough clips meet no wall


def thousandths(foretold, future) -> list[float]:
    """Mean squared error per pixel at each horizon, times 1000."""
    errors = ((foretold - future) ** 2).mean((0, 2, 3, 4))
    return [round(1000 * error, 3) for error in errors.tolist()]


def films(clips: MovingMNIST, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """What is seen, and what comes."""
    whole = torch.stack([clips[index] for index in range(count)])
    return whole[:, :SEEN], whole[:, SEEN:]


def mean_training_frame(whole: Digits, speed: float, clips: int) -> torch.Tensor:
    """The mean of all frames of some training clips."""
    training = replace(CONV_TT_LSTM, speed=(speed, speed)).dataset(whole, "training")
    return sum(training[index].mean(0) for index in range(clips)) / clips


def errors_at(whole: Digits, speed: float, seeds: int, clips: int, for_mean: int) -> dict:
    """All baselines on the clips of each seed, and how much of the last frame is met again."""
    preset = replace(CONV_TT_LSTM, speed=(speed, speed))
    mean = mean_training_frame(whole, speed, for_mean)
    rows: dict[str, list] = {
        name: [] for name in ("copy", "black", "mean", "tracking", "overlap_share")
    }
    for seed in range(seeds):
        seen, future = films(preset.dataset(whole, "test", seed), clips)
        foretold = {
            "copy": copy_last(seen, HORIZON),
            "black": black(seen, HORIZON),
            "mean": mean_frame(seen, HORIZON, mean),
            "tracking": constant_velocity(seen, HORIZON, window=WINDOW, reach=max(1, ceil(speed))),
        }
        for name, frames in foretold.items():
            rows[name].append(thousandths(frames, future))
        met = (foretold["copy"] * future).sum((0, 2, 3, 4)) / (seen[:, -1] ** 2).sum()
        rows["overlap_share"].append([round(each, 4) for each in met.tolist()])
    return {"pixels_per_frame": speed, **rows}


def digit_overlap(some: Digits) -> list[float]:
    """The share of its energy that a digit, moved along an axis, still meets where it was."""
    ink = np.pad(some.images / 255, ((0, 0), (FARTHEST, FARTHEST), (FARTHEST, FARTHEST)))
    met = [np.mean([(ink * np.roll(ink, far, axis)).sum() for axis in (1, 2)]) for far in PLACES]
    return [round(float(each / met[0]), 4) for each in met]


def causes(whole: Digits, clips: int) -> list[dict]:
    """Tracking against black: one digit and two, all clips and those that meet no wall."""
    found = []
    for number in (1, 2):
        drawn = replace(CONV_TT_LSTM, number=number).dataset(whole, "test")
        seen, future = films(drawn, clips)
        future = future[:, :NEAR]
        window = None if number == 1 else WINDOW
        foretold = constant_velocity(seen, NEAR, window=window)
        # A track is straight where its second difference is 0. The tracker reads the last two
        # frames seen, so horizon h is free of walls if all up to frame SEEN + h are in line.
        bends = np.stack([np.abs(np.diff(drawn.tracks(i), 2, axis=1)) for i in range(clips)])
        bend = bends[:, :, SEEN - 2 : SEEN - 2 + NEAR].max((1, 3))
        straight = (bend < 1e-9).cumprod(1).astype(bool)
        for walls in (False, True):
            kept = torch.from_numpy(straight | walls).double()
            tracked, nothing = (
                ((frames - future) ** 2).double().sum((2, 3, 4)).mul(kept).sum(0)
                for frames in (foretold, torch.zeros_like(future))
            )
            found.append(
                {
                    "digits": number,
                    "walls": walls,
                    "clips": kept.sum(0).int().tolist(),
                    "tracking_over_black": [
                        round(share, 4) for share in (tracked / nothing).tolist()
                    ],
                }
            )
    return found


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clips", type=int, default=300, help="test clips a seed (300)")
    parser.add_argument("--seeds", type=int, default=5, help="each draws its own clips (5)")
    parser.add_argument("--mean", type=int, default=2_000, help="training clips averaged (2000)")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder to write to")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    command = (
        f"python -m benchmarks.baselines --clips {arguments.clips} --seeds {arguments.seeds} "
        f"--mean {arguments.mean}"
    )
    source = provenance(command)  # now: the code that runs is the code that is there
    whole = digits("t10k")
    rows = []
    for speed in SPEEDS:
        row = errors_at(whole, speed, arguments.seeds, arguments.clips, arguments.mean)
        print(speed, {name: row[name][0] for name in ("copy", "black", "tracking")}, flush=True)
        rows.append(row)
    measured = {
        "unit": "squared error per pixel, times 1000; one row a seed, one number a horizon",
        "setting": {
            "canvas": CONV_TT_LSTM.canvas,
            "digits": CONV_TT_LSTM.number,
            "seen": SEEN,
            "horizon": HORIZON,
            "window": WINDOW,
            "clips": arguments.clips,
            "seeds": arguments.seeds,
            "training_clips_of_mean": arguments.mean,
        },
        "data": share(whole, "test").name,
        "data_sha256": fingerprint(whole),
        "speeds": rows,
        "digit_overlap": digit_overlap(share(whole, "test")),
        "causes": causes(whole, 4 * arguments.clips),
    }
    print(save_result(Result(measured, source), arguments.out / "baselines.json"))


if __name__ == "__main__":
    main()
