"""Train one small ConvLSTM under three truth matrices, ten times as long as lab 6 does.

    python -m benchmarks.whose_frame                         # writes build/bench/…
    python -m benchmarks.whose_frame --out stlib/results     # replaces the shipped result

World, network, seeds and optimiser are those of the lab. The coins of the scheduled matrix, the
clips and the first weights depend on the seed alone, so the three kinds meet the same luck. The
errors are mean squared errors over all films of the world, averaged over films and pixels.
"""

import argparse
from pathlib import Path

import torch
import torch.nn.functional as F

from stlib.artifacts import Result, provenance, save_result
from stlib.cells import ConvLSTM
from stlib.networks import Stack
from stlib.rollout import forecast, rollout
from stlib.sampling import (
    inference,
    linear_by_iteration,
    scheduled,
    teacher_forcing,
)

WIDTH, BLOCK, CONTEXT, HORIZON, BATCH, RATE = 20, 3, 4, 12, 16, 1e-2
FRAMES = CONTEXT + HORIZON
STEPS = FRAMES - 1
FAR = WIDTH - BLOCK
KINDS = ("teacher forcing", "scheduled", "inference")


def films(phases):
    """A block that glides along a line and turns at its ends: [film, time, 1, 1, width]."""
    places = (phases[:, None] + torch.arange(FRAMES)) % (2 * FAR)
    left = FAR - (FAR - places).abs()
    pixels = torch.arange(WIDTH)
    lit = (left[..., None] <= pixels) & (pixels < left[..., None] + BLOCK)
    return lit.float()[:, :, None, None]


def matrix(kind, share_left, coins):
    """The truth matrix of one iteration."""
    if kind == "teacher forcing":
        return teacher_forcing(BATCH, STEPS)
    if kind == "inference":
        return inference(BATCH, STEPS, CONTEXT)
    return scheduled(BATCH, STEPS, CONTEXT, share_left, coins)


def train(kind, seed, iterations):
    """One network."""
    torch.manual_seed(seed)
    net = Stack(ConvLSTM, channels=1, hidden=(8,))
    optimiser = torch.optim.Adam(net.parameters(), lr=RATE)
    clips, coins = (torch.Generator().manual_seed(seed) for _ in range(2))
    for i in range(iterations):
        frames = films(torch.randint(2 * FAR, (BATCH,), generator=clips))
        truth = matrix(kind, linear_by_iteration(i, iterations), coins)
        loss = F.mse_loss(rollout(net, frames, truth), frames[:, 1:])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return net


@torch.no_grad()
def errors(net):
    """Every film: one step ahead of real frames, and frame by frame ahead of the context."""
    world = films(torch.arange(2 * FAR))
    forced = rollout(net, world, teacher_forcing(len(world), STEPS))[:, CONTEXT - 1 :]
    free = forecast(net, world[:, :CONTEXT], HORIZON)
    targets = world[:, CONTEXT:]
    return {
        "forced": float(f"{(forced - targets).square().mean():.3g}"),
        "free": [float(f"{e:.3g}") for e in (free - targets).square().mean((0, 2, 3, 4))],
    }


def main() -> None:
    """Train and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--iterations", type=int, default=1500, help="of training (1500)")
    parser.add_argument("--seeds", type=int, default=3, help="networks of each kind (3)")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder to write to")
    options = parser.parse_args()
    torch.set_num_threads(1)
    runs = []
    for seed in range(options.seeds):
        for kind in KINDS:
            run = {"kind": kind, "seed": seed, **errors(train(kind, seed, options.iterations))}
            runs.append(run)
            print(run, flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    command = (
        f"python -m benchmarks.whose_frame --iterations {options.iterations} "
        f"--seeds {options.seeds}"
    )
    measured = {"iterations": options.iterations, "unit": "squared error a pixel", "runs": runs}
    save_result(Result(measured, provenance(command)), options.out / "whose-frame.json")


if __name__ == "__main__":
    main()
