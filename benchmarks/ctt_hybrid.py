"""Time the hybrid of Algorithms 1 and 2 at the paper's size, order by order, for every n.

    python -m benchmarks.ctt_hybrid                         # writes build/bench/…
    python -m benchmarks.ctt_hybrid --out stlib/results     # replaces the shipped result

The n most recent states meet kernels that are built, the older ones the recursion: n = 1 is
Algorithm 2, n = N is Algorithm 1. Each n is timed as the sum of n convolutions; *collapsed*, their
kernels padded with zeros to one size and their states side by side, so that one wide convolution
does it; and, where there is a GPU, with the n convolutions on streams of their own.

Cores of 5x5, rank 8, 128 outputs, one 64x64 canvas, float32, forward and without gradients. All
take turns, so that a drift of the machine meets each of them, and the fastest round counts. Beside
the time that passed stands the processor's, which other work on the machine disturbs less (set
OMP_WAIT_POLICY=PASSIVE, or waiting counts as work).
"""

import argparse
from functools import partial
from pathlib import Path
from time import perf_counter, process_time

import torch
import torch.nn.functional as F

from stlib.artifacts import Result, provenance, save_result
from stlib.tensor_train import correlate, hybrid, kernels, recursive
from stlib.witnesses import history

WIDTH, RANK, OUTPUTS, CANVAS = 5, 8, 128, (64, 64)


def recent(cores, states, n):
    """H(1) … H(n), the last with what the recursion gathered from the older states."""
    if n == len(states):
        return list(states)
    return [*states[: n - 1], states[n - 1] + recursive(cores[n:], states[n:])]


def collapsed(cores, states, n):
    """One convolution for the n recent states: most of the small kernels are zeros."""
    built = kernels(cores[:n])
    widest = built[-1].shape[-1]
    room = [(widest - k.shape[-1]) // 2 for k in built]
    padded = [F.pad(k, (r, r, r, r)) for k, r in zip(built, room, strict=True)]
    return correlate(torch.cat(recent(cores, states, n), dim=1), torch.cat(padded, dim=1))


def streamed(cores, states, n):
    """Each of the n convolutions on a stream of its own."""
    now = torch.cuda.current_stream()
    terms = []
    for h, k in zip(recent(cores, states, n), kernels(cores[:n]), strict=True):
        stream = torch.cuda.Stream()
        stream.wait_stream(now)
        with torch.cuda.stream(stream):
            terms.append(correlate(h, k))
        for used in (h, k):
            used.record_stream(stream)
        now.wait_stream(stream)
        terms[-1].record_stream(now)
    return sum(terms)


def milliseconds(function, device):
    """Wall time of one call, the GPU's work included, and the processor's time."""
    start, busy = perf_counter(), process_time()
    function()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return 1000 * (perf_counter() - start), 1000 * (process_time() - busy)


@torch.no_grad()
def measure(orders: int, rounds: int, device: torch.device) -> list[dict[str, float]]:
    """Fastest call for each order and n; all take turns in every round."""
    ways = {"hybrid": hybrid, "collapsed": collapsed}
    if device.type == "cuda":
        ways["streamed"] = streamed
    calls = {}
    for order in range(2, orders + 1):
        drawn = history(WIDTH, [OUTPUTS] + [RANK] * order, CANVAS)
        cores, states = ([x.float().to(device) for x in part] for part in drawn)
        for n in range(1, order + 1):
            for name, way in ways.items():
                calls[order, n, name] = partial(way, cores, states, n)
    fastest = dict.fromkeys(calls, (float("inf"), float("inf")))
    for _ in range(rounds):
        for key, call in calls.items():
            took = milliseconds(call, device)
            fastest[key] = tuple(map(min, zip(fastest[key], took, strict=True)))
    return [
        {"order": order, "n": n}
        | {f"{way}_ms": round(fastest[order, n, way][0], 3) for way in ways}
        | {f"{way}_processor_ms": round(fastest[order, n, way][1], 3) for way in ways}
        for order in range(2, orders + 1)
        for n in range(1, order + 1)
    ]


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--orders", type=int, default=6, help="measure orders 2 to this (6)")
    parser.add_argument("--rounds", type=int, default=15, help="the fastest of them counts (15)")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder to write to")
    parser.add_argument("--state", default="not said", help="of the machine: idle, busy, …")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    rows = measure(arguments.orders, arguments.rounds, device)
    for row in rows:
        print(row)
    setting = {"width": WIDTH, "rank": RANK, "outputs": OUTPUTS, "canvas": CANVAS}
    command = (
        f"python -m benchmarks.ctt_hybrid --orders {arguments.orders} --rounds {arguments.rounds}"
    )
    measured = {
        "setting": setting,
        "machine": arguments.state,
        "rounds": arguments.rounds,
        "rows": rows,
    }
    result = Result(measured, provenance(command, device))
    print(save_result(result, arguments.out / "ctt-hybrid.json"))


if __name__ == "__main__":
    main()
