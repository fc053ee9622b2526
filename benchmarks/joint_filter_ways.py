"""Which way of computing a joint filter is faster: three convolutions, or multiplied out and one?

    python -m benchmarks.joint_filter_ways     # writes build/bench/joint-filter-ways.json

One JointConv3d layer, as many channels out as in, 3x3x3, float32, a batch of one, over channels,
sizes of the clip and numbers of atoms. 'call' is a forward pass for an answer, nothing kept; 'step'
is forward and backward, as in training. Both ways take turns in every round, so that a drift of the
machine meets each of them, and the fastest round counts: it is the one that other work disturbed
least. What is timed is the time that the processor worked. Beside it stand the MACs of the forward
pass, multiplying out included, and what autograd saves.

A rule that chooses a way is judged by its delay: how much longer than the faster way its choice
takes, as a geometric mean over all settings. The rules: always the same way; the atoms where they
multiply less; the atoms where they multiply less than a share of what the whole filter does; and
what `cheaper_way` says, a third.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from math import exp, log
from pathlib import Path
from statistics import fmean
from time import process_time
from typing import Any

import torch
from torch import Tensor

from stlib.artifacts import Result, provenance, save_result
from stlib.cost import macs
from stlib.joint_cost import Layer, joint_macs, whole_weights
from stlib.joint_filter import JointConv3d, Way, cheaper_way
from stlib.training_memory import saved_bytes

CHANNELS = (4, 8, 16, 32, 64, 128)
CLIPS = ((4, 8, 8), (8, 16, 16), (8, 32, 32))
ATOMS = ((2, 1), (3, 2), (6, 2), (9, 3))
MOST = 10**9  # multiplications of the whole filter: beyond, a round takes too long
WAYS: tuple[Way, Way] = ("atoms", "filter")
SHARES = tuple(share / 20 for share in range(1, 21))


@dataclass(frozen=True)
class Setting:
    """One layer on one clip."""

    channels: int
    clip: tuple[int, int, int]
    m: int
    n: int

    @property
    def share(self) -> float:
        """Multiplications by the atoms over those of the whole filter, at a pixel."""
        layer = Layer(self.channels, self.channels)
        return float(joint_macs(layer, self.m, self.n) / whole_weights(layer))

    def layer(self, way: Way, device: str = "cpu") -> JointConv3d:
        """The same layer whichever way it is computed."""
        torch.manual_seed(0)
        with torch.device(device):
            return JointConv3d(self.channels, self.channels, self.m, self.n, bias=False, way=way)

    def drawn(self, device: str = "cpu") -> Tensor:
        """A clip whose gradient is asked for, as in the middle of a network."""
        torch.manual_seed(1)
        return torch.rand(1, self.channels, *self.clip, device=device, requires_grad=True)


def settings() -> Iterator[Setting]:
    """All of the grid that do not take too long."""
    for channels, clip, (m, n) in product(CHANNELS, CLIPS, ATOMS):
        if whole_weights(Layer(channels, channels)) * clip[0] * clip[1] * clip[2] <= MOST:
            yield Setting(channels, clip, m, n)


def timed(layer: JointConv3d, clip: Tensor) -> tuple[float, float]:
    """Seconds that the processor worked: a call, and a step."""
    with torch.no_grad():
        start = process_time()
        layer(clip)
        call = process_time() - start
    layer.zero_grad(set_to_none=True)
    clip.grad = None
    start = process_time()
    layer(clip).sum().backward()
    return call, process_time() - start


def counted(setting: Setting) -> dict[str, Any]:
    """What needs no clock: MACs and saved bytes of each way, and what rules choose."""
    told: dict[str, Any] = {}
    for way in WAYS:
        layer, clip = setting.layer(way, "meta"), setting.drawn("meta")
        told[way] = {"macs": macs(layer, clip), "saved_bytes": saved_bytes(layer, layer, clip)}
    return {
        **asdict(setting),
        "share": round(setting.share, 4),
        "fewer": "atoms" if setting.share < 1 else "filter",
        "cheaper": cheaper_way(setting.layer("atoms", "meta").parts),
        **told,
    }


def measure(rounds: int, grid: Sequence[Setting]) -> list[dict[str, Any]]:
    """Fastest call and step of each way in each setting."""
    turns = {
        (setting, way): (setting.layer(way), setting.drawn()) for setting in grid for way in WAYS
    }
    fastest = dict.fromkeys(turns, (float("inf"), float("inf")))
    for round_ in range(rounds + 1):
        for key, (layer, clip) in turns.items():
            call, step = timed(layer, clip)
            if round_:  # the first prepares
                fastest[key] = (min(fastest[key][0], call), min(fastest[key][1], step))
    rows = []
    for setting in grid:
        row = counted(setting)
        for way in WAYS:
            call, step = fastest[setting, way]
            row[way] |= {"call_ms": _three(1e3 * call), "step_ms": _three(1e3 * step)}
        rows.append(row)
    return rows


def delay(
    rows: Sequence[dict[str, Any]], what: str, choice: Callable[[dict[str, Any]], str]
) -> float:
    """How much longer than the faster way a rule's choice takes: a geometric mean, 1 at best."""
    late = [row[choice(row)][what] / min(row[way][what] for way in WAYS) for row in rows]
    return exp(fmean(map(log, late)))


def rules(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The delay of each rule."""
    fixed: dict[str, Callable[[dict[str, Any]], str]] = {
        "always the atoms": lambda row: "atoms",
        "always the filter": lambda row: "filter",
        "fewer multiplications": lambda row: row["fewer"],
        "cheaper_way": lambda row: row["cheaper"],
    }
    return {
        what: {
            "rules": {name: _three(delay(rows, what, rule)) for name, rule in fixed.items()},
            "atoms_below_share": {
                f"{share:.2f}": _three(
                    delay(rows, what, lambda r, s=share: "atoms" if r["share"] < s else "filter")
                )
                for share in SHARES
            },
            "fewer_is_faster": sum(_faster(row, what) == row["fewer"] for row in rows),
        }
        for what in ("call_ms", "step_ms")
    }


def _faster(row: dict[str, Any], what: str) -> str:
    return min(WAYS, key=lambda way: row[way][what])


def _three(number: float) -> float:
    return float(f"{number:.3g}")


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--threads", type=int, default=1, help="of the processor (1)")
    parser.add_argument("--rounds", type=int, default=15, help="the fastest of them counts (15)")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder to write to")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(arguments.threads)
    rows = measure(arguments.rounds, list(settings()))
    judged = rules(rows)
    for what, each in judged.items():
        print(what, each)
    setting = {
        "batch": 1,
        "size": [3, 3, 3],
        "dtype": "float32",
        "clip": "time, height, width",
        "turns": "interleaved; the fastest of the rounds counts; time that the processor worked",
    }
    command = (
        f"python -m benchmarks.joint_filter_ways --threads {arguments.threads} "
        f"--rounds {arguments.rounds}"
    )
    found = {"setting": setting, "rounds": arguments.rounds, "layers": rows, "choice": judged}
    result = Result(found, provenance(command))
    print(save_result(result, arguments.out / "joint-filter-ways.json"))


if __name__ == "__main__":
    main()
