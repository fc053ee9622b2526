"""Time Algorithm 1 against Algorithm 2 at the paper's size, order by order.

    python benchmarks/ctt_algorithms.py                         # writes build/bench/…
    python benchmarks/ctt_algorithms.py --out stlib/results     # replaces the shipped result

Cores of 5x5, rank 8, 128 outputs (four gates of 32 channels), one 64x64 canvas, float32, forward
and without gradients. The two take turns, so that a drift of the machine meets both; the median
of the rounds counts.
"""

import argparse
from pathlib import Path
from statistics import median
from time import perf_counter

import torch

from stlib.artifacts import Result, provenance, save_result
from stlib.tensor_train import direct, recursive
from stlib.witnesses import history

WIDTH, RANK, OUTPUTS, CANVAS = 5, 8, 128, (64, 64)


def milliseconds(function, *inputs):
    """Wall time of one call."""
    start = perf_counter()
    function(*inputs)
    return 1000 * (perf_counter() - start)


@torch.no_grad()
def measure(order: int, rounds: int) -> dict[str, float]:
    """Median time of both algorithms for one order."""
    cores, states = history(WIDTH, [OUTPUTS] + [RANK] * order, CANVAS)
    cores, states = [g.float() for g in cores], [h.float() for h in states]
    for warm_up in (direct, recursive):
        warm_up(cores, states)
    pairs = [
        (milliseconds(direct, cores, states), milliseconds(recursive, cores, states))
        for _ in range(rounds)
    ]
    slow, fast = (median(times) for times in zip(*pairs, strict=True))
    return {"order": order, "direct_ms": round(slow, 3), "recursive_ms": round(fast, 3)}


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--orders", type=int, default=6, help="measure orders 1 to this (6)")
    parser.add_argument("--rounds", type=int, default=15, help="rounds a median is taken of (15)")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder to write to")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    rows = [measure(order, arguments.rounds) for order in range(1, arguments.orders + 1)]
    for row in rows:
        print(row)
    setting = {"width": WIDTH, "rank": RANK, "outputs": OUTPUTS, "canvas": CANVAS}
    command = (
        f"python benchmarks/ctt_algorithms.py --orders {arguments.orders} "
        f"--rounds {arguments.rounds}"
    )
    result = Result(
        {"setting": setting, "rounds": arguments.rounds, "orders": rows}, provenance(command)
    )
    print(save_result(result, arguments.out / "ctt-algorithms.json"))


if __name__ == "__main__":
    main()
