"""Time Algorithm 1 against Algorithm 2 at the paper's size, order by order.

    python -m benchmarks.ctt_algorithms                         # writes build/bench/…
    python -m benchmarks.ctt_algorithms --out stlib/results     # replaces the shipped result

Cores of 5x5, rank 8, 128 outputs (four gates of 32 channels), one 64x64 canvas, float32, forward
and without gradients. All take turns, so that a drift of the machine meets each of them, and the
fastest round counts: it is the one that other work on the machine disturbed least.
"""

import argparse
from pathlib import Path
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


def problem(order: int):
    """Cores and states of the paper's size."""
    cores, states = history(WIDTH, [OUTPUTS] + [RANK] * order, CANVAS)
    return [g.float() for g in cores], [h.float() for h in states]


@torch.no_grad()
def measure(orders: int, rounds: int) -> list[dict[str, float]]:
    """Fastest call of both algorithms for each order; all take turns in every round."""
    problems = {order: problem(order) for order in range(1, orders + 1)}
    fastest = {(order, f): float("inf") for order in problems for f in (direct, recursive)}
    for _ in range(rounds):
        for order, algorithm in fastest:
            took = milliseconds(algorithm, *problems[order])
            fastest[order, algorithm] = min(took, fastest[order, algorithm])
    return [
        {
            "order": order,
            "direct_ms": round(fastest[order, direct], 3),
            "recursive_ms": round(fastest[order, recursive], 3),
        }
        for order in problems
    ]


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--orders", type=int, default=6, help="measure orders 1 to this (6)")
    parser.add_argument("--rounds", type=int, default=31, help="the fastest of them counts (31)")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder to write to")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    rows = measure(arguments.orders, arguments.rounds)
    for row in rows:
        print(row)
    setting = {"width": WIDTH, "rank": RANK, "outputs": OUTPUTS, "canvas": CANVAS}
    command = (
        f"python -m benchmarks.ctt_algorithms --orders {arguments.orders} "
        f"--rounds {arguments.rounds}"
    )
    result = Result(
        {"setting": setting, "rounds": arguments.rounds, "orders": rows}, provenance(command)
    )
    print(save_result(result, arguments.out / "ctt-algorithms.json"))


if __name__ == "__main__":
    main()
