"""Time one training step of MS-LSTM and of ConvLSTM against the same networks written plainly.

    python -m benchmarks.ms_lstm_step --threads 2     # writes build/bench/…

The paper's networks for Moving MNIST: six layers of 32. One step reads 20 frames of 64x64, one clip
(19 steps), and is forward, loss and backward.

*Plain* is Eq. 2 or 3 as a reader of the paper writes it down, float32 and contiguous: x and h go
through convolutions of their own, each with its bias, and their maps are added. *Ours* is
`stlib.cells`, where x and h go through one, in float32 and under bfloat16 autocast, channels last;
and the same once more with a time step compiled, as ``python -m stlib train --compile`` has it.
That needs a C++ compiler; ``--no-compile`` leaves it out.

Before anything is timed the gradients must be equal: in float64 on a small clip. All take turns,
so that a drift of the machine meets each of them, and the fastest round counts: it is the one that
other work on the machine disturbed least. Beside it stands the share of the machine's peak: the
multiply-accumulates of a step a second, three for each of the forward pass, over those of the
fastest large convolution, measured in the same rounds.
"""

import argparse
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.conv_tt_lstm_step import step
from stlib.artifacts import Result, provenance, save_result
from stlib.cells import MKLSTM, ConvLSTM
from stlib.cost import macs, parameters
from stlib.networks import Pyramid, Stack
from stlib.rollout import rollout
from stlib.sampling import inference

FRAMES, CANVAS = 20, 64


class PlainConvLSTM(nn.Module):
    """Eq. 2: x and h through convolutions of their own."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.outputs = outputs
        self.x = nn.Conv2d(inputs, 4 * outputs, 3, padding=1)
        self.h = nn.Conv2d(outputs, 4 * outputs, 3, padding=1)

    def forward(self, x: Tensor, state: Any = None, m: Any = None) -> tuple[Tensor, Any, Any]:
        zeros = x.new_zeros(x.shape[0], self.outputs, *x.shape[2:])
        h, c = (zeros, zeros) if state is None else state
        i, f, g, o = (self.x(x) + self.h(h)).chunk(4, dim=1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        return h, (h, c), m


class PlainMKLSTM(nn.Module):
    """Eq. 3: for each width, x and h through convolutions of their own."""

    def __init__(self, inputs: int, outputs: int, kernels: tuple[int, ...] = (3, 5)) -> None:
        super().__init__()
        self.outputs, self.kernels = outputs, kernels

        def each(channels: int, maps: int) -> nn.ModuleList:
            return nn.ModuleList(
                nn.Conv2d(channels, maps, kernel, padding=kernel // 2) for kernel in kernels
            )

        self.x, self.h = each(inputs, 4 * outputs), each(outputs, 4 * outputs)
        self.looks = each(outputs, outputs)
        self.mix = nn.Conv2d(len(kernels) * outputs, outputs, 1)

    def forward(self, x: Tensor, state: Any = None, m: Any = None) -> tuple[Tensor, Any, Any]:
        zeros = x.new_zeros(x.shape[0], self.outputs, *x.shape[2:])
        h, *before = (zeros,) * (1 + len(self.kernels)) if state is None else state
        memories, opening = [], zeros
        for of_x, of_h, look, c in zip(self.x, self.h, self.looks, before, strict=True):
            i, f, g, o = (of_x(x) + of_h(h)).chunk(4, dim=1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            opening = opening + o + look(c)
            memories.append(c)
        h = opening.sigmoid() * self.mix(torch.cat(memories, dim=1)).tanh()
        return h, (h, *memories), m


NETWORKS: dict[str, tuple[Callable[..., nn.Module], type[nn.Module], type[nn.Module]]] = {
    "MS-LSTM": (Pyramid, MKLSTM, PlainMKLSTM),
    "ConvLSTM": (Stack, partial(ConvLSTM, kernel=3, biases=2), PlainConvLSTM),
}


def in_plain_order(cell: nn.Module, number: Callable[[Tensor], Tensor]) -> Iterator[Tensor]:
    """A number for each weight of our cell, or its gradient, as the plain cell orders them."""
    several = isinstance(cell, MKLSTM)
    gates = list(cell.gates) if several else [cell.gates]
    for part in (0, 1):  # of x, then of h
        for place, each in enumerate(gates):
            of_x, of_h = number(each.weight).split([cell.inputs, cell.outputs], dim=1)
            yield of_h if part else of_x
            second = number(cell.second_bias)
            yield (second[place] if several else second) if part else number(each.bias)
    for layer in (*cell.looks, cell.mix) if several else ():
        yield number(layer.weight)
        yield number(layer.bias)


def all_in_plain_order(network: nn.Module, number: Callable[[Tensor], Tensor]) -> Iterator[Tensor]:
    """The same for the whole network."""
    yield from map(number, network.embed.parameters())
    for cell in network.cells:
        yield from in_plain_order(cell, number)
    yield from map(number, network.readout.parameters())


def pair(model: str, hidden: tuple[int, ...] = (32,) * 6) -> tuple[nn.Module, nn.Module]:
    """Our network and the plain one, with the same weights."""
    network, ours, plain = NETWORKS[model]
    torch.manual_seed(0)
    first = network(ours, 1, hidden)
    second = network(plain, 1, hidden)
    with torch.no_grad():
        for weight in first.parameters():
            if weight.ndim < 4:
                weight.copy_(torch.randn_like(weight) / 8)  # else the second biases are zero
        weights = all_in_plain_order(first, torch.Tensor.detach)
        for mine, theirs in zip(weights, second.parameters(), strict=True):
            theirs.copy_(mine)
    return first, second


def gap(ours: nn.Module, plain: nn.Module, frames: Tensor, half: bool = False) -> float:
    """Distance of all gradients from the plain ones, taken as one long vector, over its length."""
    step(ours, frames, half)
    step(plain, frames)
    mine = all_in_plain_order(ours, lambda weight: weight.grad)
    pairs = list(zip(mine, (weight.grad for weight in plain.parameters()), strict=True))
    apart = sum(float((a - b).square().sum()) for a, b in pairs)
    return (apart / sum(float(b.square().sum()) for _, b in pairs)) ** 0.5


def check_gradients(model: str) -> None:
    """Refuse to time what is not the same network: float64, few frames, a small canvas."""
    ours, plain = (network.double() for network in pair(model))
    found = gap(ours, plain, torch.rand(1, 4, 1, 8, 8).double())
    if not found < 1e-10:
        raise SystemExit(f"{model}: gradients differ by {found} of their size, expected < 1e-10")


def peak(half: bool) -> float:
    """Multiply-accumulates a second of one large convolution, as this machine does it now."""
    kind = torch.bfloat16 if half else torch.float32
    x = torch.rand(4, 128, 64, 64, dtype=kind).to(memory_format=torch.channels_last)
    w = torch.rand(128, 128, 3, 3, dtype=kind).to(memory_format=torch.channels_last)
    with torch.no_grad():
        start = perf_counter()
        F.conv2d(x, w, padding=1)
        return x.shape[0] * 64 * 64 * w.numel() / (perf_counter() - start)


def measure(model: str, rounds: int, compiled: bool) -> dict[str, Any]:
    """Fastest training step of each, in seconds; all take turns in every round."""
    check_gradients(model)
    ours, plain = pair(model)
    last = deepcopy(ours).to(memory_format=torch.channels_last)
    turns = {
        "plain": (plain, False),
        "float32": (last, False),
        "bfloat16": (last, True),
    }
    if compiled:
        whole = torch.compile(last, fullgraph=True)
        turns |= {"float32_compiled": (whole, False), "bfloat16_compiled": (whole, True)}
    frames = torch.rand(1, FRAMES, 1, CANVAS, CANVAS)
    for network, half in turns.values():
        step(network, frames, half)  # what is compiled or allocated once is not timed
    seconds, best = dict.fromkeys(turns, float("inf")), {False: 0.0, True: 0.0}
    for _ in range(rounds):
        for name, (network, half) in turns.items():
            best[half] = max(best[half], *(peak(half) for _ in range(3)))
            start = perf_counter()
            step(network, frames, half)
            seconds[name] = min(seconds[name], perf_counter() - start)
    truth = inference(1, FRAMES - 1, FRAMES // 2)
    with torch.no_grad():
        forward = macs(partial(rollout, plain), frames, truth)
    fast = {name: round(seconds["plain"] / took, 2) for name, took in seconds.items()}
    return {
        "model": model,
        "parameters": parameters(ours),
        "forward_macs": forward,
        "seconds": {name: round(took, 3) for name, took in seconds.items()},
        "times_as_fast": fast,
        "share_of_peak": {
            name: round(3 * forward / took / best[turns[name][1]], 3)
            for name, took in seconds.items()
        },
        "gradient_gap": {
            name: float(f"{gap(network, plain, frames[:, :4], half):.1e}")
            for name, (network, half) in turns.items()
            if network is not plain
        },
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--threads", type=int, default=2, help="of the processor (2)")
    parser.add_argument("--rounds", type=int, default=5, help="the fastest of them counts (5)")
    parser.add_argument("--no-compile", action="store_true", help="time eager steps alone")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder to write to")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(options.threads)
    networks = [measure(model, options.rounds, not options.no_compile) for model in NETWORKS]
    for each in networks:
        print(each)
    command = (
        f"python -m benchmarks.ms_lstm_step --threads {options.threads} --rounds {options.rounds}"
        f"{' --no-compile' if options.no_compile else ''}"
    )
    found = {
        "setting": {"batch": 1, "frames": FRAMES, "canvas": [CANVAS, CANVAS], "layers": 6},
        "rounds": options.rounds,
        "networks": networks,
    }
    print(save_result(Result(found, provenance(command)), options.out / "ms-lstm-step.json"))


if __name__ == "__main__":
    main()
