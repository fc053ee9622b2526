"""Time one training step of Conv-TT-LSTM against the same network written plainly.

    python -m benchmarks.conv_tt_lstm_step --threads 2          # writes build/bench/…

The paper's network for Moving MNIST: 12 layers, order 3, 3 past states, rank 8, 2,687,281
parameters. One step reads 20 frames of 64x64, one clip, and is forward, loss and backward.

*Plain* is Algorithm 2 as a reader of the paper writes it down, float32 and contiguous: the past
states are kept as they are; every step projects them anew, one convolution for each core, on its
window's states side by side; V is computed core by core from V(N) = 0; the gates are one
convolution of x and what the train gives, side by side. *Ours* is `stlib.cells.ConvTTLSTM`, in
float32 and under bfloat16 autocast, channels last; and the same once more with a time step
compiled, as ``python -m stlib train --compile`` has it. That needs a C++ compiler;
``--no-compile`` leaves it out.

Before anything is timed the gradients must be equal: in float64 on a small clip. All take turns,
so that a drift of the machine meets each of them, and the fastest round counts: it is the one that
other work on the machine disturbed least. Beside the time that passed stands the time that the
processor worked, which other work disturbs less (set OMP_WAIT_POLICY=PASSIVE, or waiting counts as
work).
"""

import argparse
from copy import deepcopy
from functools import partial
from pathlib import Path
from time import perf_counter, process_time

import torch
from torch import nn

from stlib.artifacts import Result, provenance, save_result
from stlib.cells import ConvTTLSTM
from stlib.cost import parameters
from stlib.losses import l1_l2_sum
from stlib.networks import SkipNet
from stlib.rollout import rollout
from stlib.sampling import inference

FRAMES, CANVAS, CHANNELS = 20, 64, 1


class PlainCell(nn.Module):
    """Conv-TT-LSTM with a sliding window, nothing shared, nothing joined but [x, H̃(1) + V(1)]."""

    def __init__(self, inputs, outputs, order=3, steps=3, rank=8, kernel=5):
        super().__init__()
        self.outputs, self.steps, self.size = outputs, steps, steps - order + 1
        same = partial(nn.Conv2d, kernel_size=kernel, padding=kernel // 2)
        self.projections = nn.ModuleList(same(self.size * outputs, rank) for _ in range(order))
        self.cores = nn.ModuleList(same(rank, rank) for _ in range(order - 1))  # G(2) … G(N)
        self.gates = same(inputs + rank, 4 * outputs)  # W and G(1)

    def forward(self, x, state=None, m=None):
        """Read one map; the state is the memory and the past states, most recent first."""
        if state is None:
            zeros = x.new_zeros(len(x), self.outputs, *x.shape[2:])
            state = zeros, (zeros,) * self.steps
        c, past = state
        condensed = [
            project(torch.cat(past[i : i + self.size], dim=1))
            for i, project in enumerate(self.projections)
        ]
        v = torch.zeros_like(condensed[-1])
        for core, h in zip(reversed(self.cores), reversed(condensed[1:]), strict=True):
            v = core(v + h)
        gates = self.gates(torch.cat([x, v + condensed[0]], dim=1))
        i, f, g, o = torch.split(gates, self.outputs, dim=1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        return h, (c, (h, *past[:-1])), m


def in_plain_order(cell: ConvTTLSTM, number):
    """A number of each parameter of our cell, laid out as those of `PlainCell` are."""
    size = len(cell.windows[0])
    blocks = number(cell.project.weight).split(cell.pieces)
    for i in range(len(cell.windows)):
        yield torch.cat(blocks[i * size : (i + 1) * size], dim=1)
        yield number(cell.project_biases[i])
    for core, bias in zip(cell.cores[1:], cell.core_biases, strict=True):
        yield number(core.weight)
        yield number(bias)
    yield torch.cat([number(cell.input.weight), number(cell.cores[0].weight)], dim=1)
    yield number(cell.gate_bias)


def all_in_plain_order(network: SkipNet, number):
    """The same for our network."""
    for cell in network.cells:
        yield from in_plain_order(cell, number)
    yield from map(number, network.readout.parameters())


def written_plainly(network: SkipNet, cell, widths=(32, 48, 48, 32), layers_each=3) -> SkipNet:
    """The plain network with the weights of ours."""
    plain = SkipNet(cell, network.channels, widths, layers_each).to(network.readout.weight.dtype)
    weights = all_in_plain_order(network, torch.Tensor.detach)
    with torch.no_grad():
        for ours, theirs in zip(weights, plain.parameters(), strict=True):
            theirs.copy_(ours)
    return plain


def step(network, frames, half=False):
    """Forward, loss and backward; gradients start from nothing."""
    network.zero_grad(set_to_none=True)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
        batch, time = frames.shape[:2]
        predictions = rollout(network, frames, inference(batch, time - 1, time // 2))
        loss = l1_l2_sum(predictions, frames[:, 1:])
    loss.backward()
    return loss.item()


def gap(network, plain, frames, half=False):
    """Distance of all gradients from the plain ones, taken as one long vector, over its length."""
    step(network, frames, half)
    step(plain, frames)
    ours = all_in_plain_order(network, lambda weight: weight.grad)
    pairs = list(zip(ours, (weight.grad for weight in plain.parameters()), strict=True))
    apart = sum(float((a - b).square().sum()) for a, b in pairs)
    return (apart / sum(float(b.square().sum()) for _, b in pairs)) ** 0.5


def check_gradients(steps):
    """Refuse to time what is not the same network: float64, few frames, a small canvas."""
    torch.manual_seed(0)
    ours = SkipNet(partial(ConvTTLSTM, steps=steps), CHANNELS).double()
    plain = written_plainly(ours, partial(PlainCell, steps=steps))
    found = gap(ours, plain, torch.rand(1, 6, CHANNELS, 8, 8).double())
    if not found < 1e-10:
        raise SystemExit(f"gradients differ by {found} of their size, expected below 1e-10")


def measure(steps: int, rounds: int, compiled: bool) -> dict[str, object]:
    """Fastest training step of each, in seconds; all take turns in every round."""
    check_gradients(steps)
    torch.manual_seed(0)
    ours = SkipNet(partial(ConvTTLSTM, steps=steps), CHANNELS)
    plain = written_plainly(ours, partial(PlainCell, steps=steps))
    last = deepcopy(ours).to(memory_format=torch.channels_last)
    turns = {
        "plain": (plain, False),
        "float32": (last, False),
        "bfloat16": (last, True),
    }
    if compiled:
        whole = torch.compile(last, fullgraph=True)
        turns |= {"float32_compiled": (whole, False), "bfloat16_compiled": (whole, True)}
    frames = torch.rand(1, FRAMES, CHANNELS, CANVAS, CANVAS)
    wall, work = dict.fromkeys(turns, float("inf")), dict.fromkeys(turns, float("inf"))
    for network, half in turns.values():
        step(network, frames, half)  # what is compiled or allocated once is not timed
    for _ in range(rounds):
        for name, (network, half) in turns.items():
            start, busy = perf_counter(), process_time()
            step(network, frames, half)
            wall[name] = min(wall[name], perf_counter() - start)
            work[name] = min(work[name], process_time() - busy)
    apart = {
        name: gap(network, plain, frames[:, :6], half)
        for name, (network, half) in turns.items()
        if network is not plain
    }
    return {
        "past_states": steps,
        "parameters": parameters(ours),
        "seconds": {name: round(took, 3) for name, took in wall.items()},
        "processor_seconds": {name: round(took, 3) for name, took in work.items()},
        "times_as_fast": {name: round(wall["plain"] / took, 2) for name, took in wall.items()},
        "gradient_gap": {name: float(f"{found:.1e}") for name, found in apart.items()},
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--threads", type=int, default=2, help="of the processor (2)")
    parser.add_argument("--rounds", type=int, default=3, help="the fastest of them counts (3)")
    parser.add_argument("--steps", type=int, nargs="+", default=[3], help="past states, M (3)")
    parser.add_argument("--no-compile", action="store_true", help="time eager steps alone")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder to write to")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(arguments.threads)
    networks = [
        measure(steps, arguments.rounds, not arguments.no_compile) for steps in arguments.steps
    ]
    for each in networks:
        print(each)
    setting = {"batch": 1, "frames": FRAMES, "canvas": [CANVAS, CANVAS], "layers": 12}
    command = (
        f"python -m benchmarks.conv_tt_lstm_step --threads {arguments.threads} "
        f"--rounds {arguments.rounds} --steps {' '.join(map(str, arguments.steps))}"
    )
    result = Result(
        {"setting": setting, "rounds": arguments.rounds, "networks": networks}, provenance(command)
    )
    print(save_result(result, arguments.out / "conv-tt-lstm-step.json"))


if __name__ == "__main__":
    main()
