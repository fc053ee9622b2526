"""What a training step keeps: layers of three kinds on KTH, ResNet-50 on Kinetics.

    python -m benchmarks.training_memory       # writes build/bench/training-memory.json

Each network takes one step at full size and in the two stages of two-stage learning: 't' reads all
frames at half the height and width, 's' every second frame whole. What a stage freezes is frozen,
and taps stand as far apart as that stage has them. Bytes are counted, not measured, on the ``meta``
device: what autograd saves in the forward pass, and the most that tensors hold at once in the whole
step (parameters, their gradients, the optimiser's buffers, the clips). With a GPU its peak stands
beside them (``--device cuda``).
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn, optim

from stlib.artifacts import Result, provenance, save_result
from stlib.cost import parameters
from stlib.joint_filter import Conv3d, JointConv3d, Rank1Conv3d, RegularConv3d, swap
from stlib.networks import ActionNet, ResNet3d
from stlib.networks.resnet_3d import flat, joint, rank_1, regular
from stlib.training_memory import held_bytes, peak_bytes, saved_bytes

FROZEN = {"full": "", "t": "*.spatial", "s": "*.temporal"}


@dataclass(frozen=True)
class Step:
    """A training step of one network.

    Attributes:
        network: its name.
        build: makes it.
        clip: time, channels, height, width at full size.
        batch: clips in a step.
        optimizer: made of the parameters that train.
    """

    network: str
    build: Callable[[], nn.Module]
    clip: tuple[int, int, int, int]
    batch: int
    optimizer: Callable[..., optim.Optimizer]

    def clips(self, stage: str, device: torch.device) -> Tensor:
        """What a stage reads."""
        time, channels, height, width = self.clip
        if stage == "t":
            height, width = height // 2, width // 2
        if stage == "s":
            time //= 2
        return torch.zeros(self.batch, time, channels, height, width, device=device)

    def told(self, stage: str, device: torch.device) -> dict[str, Any]:
        """Bytes of the step."""
        meta = torch.device("meta")
        network, call, clips, optimizer = self._made(stage, meta)
        saved = saved_bytes(network, partial(_loss, network), clips)
        call(clips)  # what is made once is there
        optimizer.zero_grad()
        held = held_bytes(network, call, clips, optimizer=optimizer)
        peak = None
        if device.type == "cuda":
            network, call, clips, _ = self._made(stage, device)
            call(clips)
            peak = peak_bytes(call, clips, device=device)
        return {
            "network": self.network,
            "stage": stage,
            "batch": self.batch,
            "clip": list(clips.shape[1:]),
            "parameters": parameters(network),
            "saved_bytes": saved,
            "held_bytes": held,
            "peak_bytes": peak,
        }

    def _made(
        self, stage: str, device: torch.device
    ) -> tuple[nn.Module, Callable[[Tensor], None], Tensor, optim.Optimizer]:
        with device:
            network = self.build()
        for name, weight in network.named_parameters():
            weight.requires_grad_(not fnmatch(name, FROZEN[stage]))
        far = {"full": (1, 1), "t": (2, 1), "s": (1, 2)}[stage]
        swap(network, temporal_dilation=far[0], spatial_dilation=far[1])
        optimizer = self.optimizer([each for each in network.parameters() if each.requires_grad])

        def call(clips: Tensor) -> None:
            optimizer.zero_grad()
            _loss(network, clips).backward()
            optimizer.step()

        return network, call, self.clips(stage, device), optimizer


def _loss(network: nn.Module, clips: Tensor) -> Tensor:
    logits: Tensor = network(clips)
    return F.cross_entropy(logits, torch.zeros(len(clips), dtype=torch.long, device=clips.device))


def kth() -> Iterator[Step]:
    """The small network of Table 2, each kind of layer; widths and pools are ours."""
    kinds: dict[str, Callable[..., Conv3d]] = {
        "regular": RegularConv3d,
        "rank-1": Rank1Conv3d,
        "joint, atoms": partial(JointConv3d, way="atoms"),
        "joint, filter": partial(JointConv3d, way="filter"),
    }
    for name, kind in kinds.items():
        build = partial(ActionNet, partial(kind, bias=False))  # a normalisation follows
        yield Step(name, build, (16, 1, 60, 80), 16, optim.Adam)


def kinetics() -> Iterator[Step]:
    """ResNet-50 of Tables 3 and 4, with four kinds of middle, and with a shift instead of any."""
    sgd = partial(optim.SGD, lr=0.03, momentum=0.9)
    builds = {
        "2D": partial(ResNet3d, flat),
        "2D, shifted": partial(ResNet3d, flat, shift=8),
        "regular": partial(ResNet3d, regular),
        "rank-1": partial(ResNet3d, rank_1),
        "joint, atoms": partial(ResNet3d, partial(joint, way="atoms")),
        "joint, filter": partial(ResNet3d, partial(joint, way="filter")),
    }
    for name, build in builds.items():
        yield Step(name, build, (8, 3, 224, 224), 8, sgd)


def measure(steps: Iterator[Step], device: torch.device) -> list[dict[str, Any]]:
    """Every network at full size and in both stages, and its bytes as shares of full size."""
    rows = []
    for step in steps:
        of = {stage: step.told(stage, device) for stage in FROZEN}
        for row in of.values():
            shares = {
                f"{kind}_share": round(row[f"{kind}_bytes"] / of["full"][f"{kind}_bytes"], 4)
                for kind in ("saved", "held")
            }
            rows.append(row | shares)
    return rows


def main() -> None:
    """Count, measure where there is a GPU, and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--device", default="cpu", help="cuda measures peaks too (cpu)")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder to write to")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    device = torch.device(arguments.device)
    found = {"kth": measure(kth(), device), "kinetics": measure(kinetics(), device)}
    for each in (*found["kth"], *found["kinetics"]):
        print(each)
    command = f"python -m benchmarks.training_memory --device {arguments.device}"
    result = Result(found, provenance(command, device))
    print(save_result(result, arguments.out / "training-memory.json"))


if __name__ == "__main__":
    main()
