"""Is time insensitive to scale? Time one layer against the side of its maps.

    python -m benchmarks.scale_and_time            # writes build/bench/scale-and-time.json

One ConvLSTM and one MK-LSTM layer of 32 channels, kernels 3, and 3 and 5 wide, float32, a batch of
one: forward and backward of one step, on maps of 8x8 to 128x128. All take turns in every round, so
that a drift of the machine meets each of them, and the fastest round counts: it is the one that
other work on the machine disturbed least. Beside the time that passed stands the time that the
processor worked, which other work disturbs less, and the MACs of the forward pass; the backward
pass takes about twice as many.
"""

import argparse
from pathlib import Path
from time import perf_counter, process_time

import torch
from torch import nn

from stlib.artifacts import Result, provenance, save_result
from stlib.cells import MKLSTM, ConvLSTM
from stlib.cost import macs, parameters

SIDES, CHANNELS = (8, 16, 32, 64, 128), 32


def layers() -> dict[str, nn.Module]:
    """The two, from fixed first weights."""
    torch.manual_seed(0)
    return {
        "ConvLSTM": ConvLSTM(CHANNELS, CHANNELS, biases=2),
        "MK-LSTM": MKLSTM(CHANNELS, CHANNELS),
    }


def seconds(layer: nn.Module, x: torch.Tensor, state: object) -> tuple[float, float]:
    """One step, forward and backward: time that passed, and time that the processor worked."""
    layer.zero_grad(set_to_none=True)
    start, busy = perf_counter(), process_time()
    h, _, _ = layer(x, state)
    h.sum().backward()
    return perf_counter() - start, process_time() - busy


def inputs(layer: nn.Module, side: int) -> tuple[torch.Tensor, object]:
    """A map, and the state after having read one."""
    x = torch.rand(1, CHANNELS, side, side, generator=torch.Generator().manual_seed(side))
    with torch.no_grad():
        _, state, _ = layer(x)
    return x.requires_grad_(), state


def measure(rounds: int) -> list[dict[str, object]]:
    """Fastest step of each layer at each side."""
    turns = {
        (name, side): (layer, *inputs(layer, side))
        for name, layer in layers().items()
        for side in SIDES
    }
    fastest = dict.fromkeys(turns, (float("inf"), float("inf")))
    for _ in range(rounds):
        for key, (layer, x, state) in turns.items():
            passed, worked = seconds(layer, x, state)
            fastest[key] = (min(fastest[key][0], passed), min(fastest[key][1], worked))
    return [
        {
            "layer": name,
            "side": side,
            "parameters": parameters(layer),
            "macs": macs(layer, x, state),
            "seconds": float(f"{fastest[name, side][0]:.3g}"),
            "processor_seconds": float(f"{fastest[name, side][1]:.3g}"),
        }
        for (name, side), (layer, x, state) in turns.items()
    ]


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--threads", type=int, default=1, help="of the processor (1)")
    parser.add_argument("--rounds", type=int, default=40, help="the fastest of them counts (40)")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder to write to")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(arguments.threads)
    measure(1)  # the first calls prepare
    steps = measure(arguments.rounds)
    for each in steps:
        print(each)
    setting = {
        "batch": 1,
        "channels": CHANNELS,
        "turns": "interleaved; the fastest of the rounds counts",
    }
    command = (
        f"python -m benchmarks.scale_and_time --threads {arguments.threads} "
        f"--rounds {arguments.rounds}"
    )
    result = Result(
        {"setting": setting, "rounds": arguments.rounds, "steps": steps}, provenance(command)
    )
    print(save_result(result, arguments.out / "scale-and-time.json"))


if __name__ == "__main__":
    main()
