"""Frames of Moving MNIST per second on one core: drawn when asked for, and read back from disk.

    python -m benchmarks.moving_mnist     # writes build/bench/…

Two digits on 64x64, 20 frames a clip, one thread. The fastest round counts: it is the one that
other work on the machine disturbed least. Reading back finds the file in the system's cache.
"""

import argparse
import tempfile
from pathlib import Path
from time import perf_counter

import torch

from stlib.artifacts import Result, provenance, save_result
from stlib.data.digits import digits, fingerprint
from stlib.data.moving_mnist import MovingMNIST, StoredClips

WANTED = 2_000  # frames per second: an epoch of 10,000 clips in 100 seconds


def frames_per_second(clips, rounds: int) -> int:
    """The best of some rounds over all clips."""
    times = []
    for _ in range(rounds):
        start = perf_counter()
        frames = sum(len(clips[index]) for index in range(len(clips)))
        times.append(perf_counter() - start)
    return round(frames / min(times))


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clips", type=int, default=200, help="clips a round (200)")
    parser.add_argument(
        "--rounds", type=int, default=7, help="rounds, of which the fastest counts (7)"
    )
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder to write to")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    found = digits()
    drawn = MovingMNIST(found, arguments.clips)
    with tempfile.TemporaryDirectory() as folder:
        stored = StoredClips(drawn.to_disk(Path(folder) / "clips.npy"))
        measured = {
            "drawn_frames_per_second": frames_per_second(drawn, arguments.rounds),
            "stored_frames_per_second": frames_per_second(stored, arguments.rounds),
            "wanted_frames_per_second": WANTED,
            "frames": drawn.frames,
            "canvas": drawn.canvas,
            "number": drawn.number,
            "clips": arguments.clips,
            "rounds": arguments.rounds,
            "data": found.name,
            "data_sha256": fingerprint(found),
        }
    print(measured)
    command = (
        f"python -m benchmarks.moving_mnist --clips {arguments.clips} --rounds {arguments.rounds}"
    )
    result = Result(measured, provenance(command))
    print(save_result(result, arguments.out / "moving-mnist.json"))


if __name__ == "__main__":
    main()
