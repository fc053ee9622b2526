"""Two-stage against full-size learning: three kinds of layer, after every stage, and their maps.

    python -m stlib experiments run --names … --seeds 0 1 2 3 4 --cpu
    python -m benchmarks.two_stage --names                         # what stands for …
    python -m benchmarks.two_stage --runs runs                     # writes build/bench/…
    python -m benchmarks.two_stage --runs runs --out stlib/results # replaces the shipped one

It reads the runs that are finished, in one folder or several, and counts those that are not. Of
each run the result keeps what held-out clips said before and after every stage, in the view of the
stage and in that of the test; nothing is chosen by these clips. Claims are judged on the accuracy
on whole clips, seed by seed. Maps are those of the joint network for the class that a clip shows.
Half a minute for five seeds on a quiet machine; `--weights stlib/weights` ships the two networks of
seed 0 whose maps are drawn.
"""

import argparse
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.queues import queued
from benchmarks.rounding import rounded
from stlib.artifacts import Result, provenance, save_result
from stlib.attention_maps import cascade, grad_cam, rank_correlation, share_on
from stlib.claims import Claim, judged
from stlib.cost import macs, parameters
from stlib.experiments import Job, report, status, trained
from stlib.recipes import ClipRecipe, experiment
from stlib.recipes.stdcf_two_stage import LAYERS
from stlib.shipped import ship
from stlib.viewing import laid_out, seen

SEEDS = (0, 1, 2, 3, 4)
FULL = {layer: f"stdcf-table-2-{layer}-full" for layer in LAYERS}
TWO = {layer: f"stdcf-table-2-{layer}-two-stage" for layer in LAYERS}
STAGE_T = "stdcf-figure-6-joint-stage-t"
NAMES = (*FULL.values(), *TWO.values(), STAGE_T)
PRINTED = {  # accuracy: whole clips, two stages
    "regular": (81.26, 76.94),
    "rank-1": (82.55, 79.10),
    "joint": (85.61, 84.93),
}
MAPPED = 24  # test clips whose maps are measured
BRIGHT = 0.55  # the brightest that a background can be


def finished(queue: list[Job], name: str) -> dict[int, Job]:
    """The jobs of one experiment that have their result, by seed."""
    return {each.job.seed: each.job for each in status(queue) if each.evaluated
            and each.job.name == name}  # fmt: skip


def price(recipe: ClipRecipe) -> dict[str, Any]:
    """Parameters, and the multiplications of one clip in each view, forward."""
    with torch.device("meta"):
        network, data = recipe.network.build(), recipe.data
        clip = torch.zeros(1, data.frames, data.channels, data.canvas, data.canvas)
    counts = []
    for view in (recipe.test_view, *(stage.view for stage in recipe.stages)):
        with laid_out(network, view):
            counts.append(macs(network, seen(clip, view)))
    whole, *stages = counts
    return {"parameters": parameters(network), "macs_test": whole, "macs_stages": stages}


def accuracy(stages: list[dict[str, Any]], after: int) -> float:
    """Percent of held-out whole clips named rightly after so many stages."""
    return 100 * stages[after - 1]["after"]["test"]["accuracy"]


def claims(told: dict[str, Any]) -> list[dict[str, Any]]:
    """What the paper says of Table 2, and what a fair budget would say."""
    stages = {
        name: {int(seed): held for seed, held in found["stages"].items()}
        for name, found in told.items()
        if "stages" in found
    }

    def after(name: str, count: int) -> dict[int, float]:
        return {seed: accuracy(held, count) for seed, held in stages.get(name, {}).items()}

    def kept_of(layer: str) -> dict[int, float]:
        """100, less the points that two stages lose against one stage on whole clips."""
        first, second = after(FULL[layer], 1), after(TWO[layer], 6)
        return {seed: 100 - first[seed] + second[seed] for seed in first if seed in second}

    rows = []
    for place, names, count, column in (
        ("whole clips", FULL, 1, 0), ("two stages", TWO, 6, 1)
    ):  # fmt: skip
        for other in ("regular", "rank-1"):
            claim = Claim(
                "Table 2", f"joint above {other}, {place}", names["joint"], names[other],
                higher=True, printed=(PRINTED["joint"][column], PRINTED[other][column]),
            )  # fmt: skip
            rows.append((claim, after(names["joint"], count), after(names[other], count)))
    for layer in LAYERS:
        for count, budget, printed in (
            (1, "a sixth of the steps", PRINTED[layer]),
            (2, "8/9 of the multiplications", None),
            (3, "4/3 of the multiplications", None),
            (6, "as many steps", None),
        ):
            claim = Claim(
                "Table 2" if printed else "this book",
                f"{layer}: whole clips above two stages, {budget}",
                FULL[layer], TWO[layer], higher=True, printed=printed,
            )  # fmt: skip
            rows.append((claim, after(FULL[layer], count), after(TWO[layer], 6)))
    for other in ("regular", "rank-1"):
        claim = Claim(
            "Table 2", f"joint keeps more than {other}", TWO["joint"], TWO[other], higher=True,
            printed=tuple(round(100 - a + b, 2) for a, b in (PRINTED["joint"], PRINTED[other])),
        )  # fmt: skip
        rows.append((claim, kept_of("joint"), kept_of(other)))
    for layer in LAYERS:
        for iteration in (1, 2, 3):
            claim = Claim(
                "Figure 5", f"{layer}: stage-s above stage-t, iteration {iteration}",
                TWO[layer], TWO[layer], higher=True,
            )  # fmt: skip
            later, earlier = 2 * iteration, 2 * iteration - 1
            rows.append((claim, after(TWO[layer], later), after(TWO[layer], earlier)))
    return [
        judged(claim, *({str(seed): value for seed, value in side.items()} for side in sides))
        for claim, *sides in rows
    ]


def figures(clips: Tensor) -> Tensor:
    """Where the figure stands: what is brighter than any background."""
    return (clips[:, :, 0] > BRIGHT).float()


def looks(job: Job) -> dict[str, Any]:
    """Of one network, how much of its maps lies on the figure, and how much a control keeps."""
    recipe, network = trained(job.folder)
    assert isinstance(recipe, ClipRecipe)
    data = recipe.data.open("test")
    clips = torch.stack([data[index] for index in range(MAPPED)])
    labels = torch.tensor(data.labels[:MAPPED])
    torch.manual_seed(1_000 + job.seed)
    fresh = recipe.network.build().eval()
    places = figures(clips)
    with laid_out(network, recipe.test_view):

        def seen_by(each: nn.Module) -> Tensor:
            return grad_cam(each, each.body[-1], clips, labels)

        own = seen_by(network)
        told = {
            "on_figure": mean(share_on(own, places)),
            "area": mean(places.flatten(1).mean(1)),
            "cascade": {},
        }
        for name, mixed in cascade(network, fresh):
            maps = seen_by(mixed)
            told["cascade"][name] = {
                "alike": mean(rank_correlation(own, maps)),
                "on_figure": mean(share_on(maps, places)),
            }
    return told


def kept(value: Any) -> Any:
    """`rounded`, in dictionaries too; whole numbers and words stay."""
    if isinstance(value, dict):
        return {key: kept(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [kept(each) for each in value]
    return rounded(value) if isinstance(value, float) else value


def mean(values: Tensor) -> float:
    """The mean of those that are numbers."""
    return float(values[~values.isnan()].mean())


def main() -> None:
    """Read what is finished, and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=Path, nargs="+", default=[Path("build/runs")])
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder to write to")
    parser.add_argument("--weights", type=Path, help="folder for the two networks of seed 0")
    parser.add_argument("--names", action="store_true", help="print the experiments' names")
    options = parser.parse_args()
    if options.names:
        print(*NAMES)
        return
    torch.set_num_threads(1)
    queue = queued(NAMES, SEEDS, options.runs)
    told = report(queue)
    experiments = {
        name: {
            "missing": found["missing"],
            **price(experiment(name).lab),
            "seeds": {
                str(seed): {
                    "accuracy": found["recognition"][str(seed)]["accuracy"],
                    "stages": found["stages"][str(seed)],
                    "seconds": seconds,
                }
                for seed, seconds in zip(
                    found.get("seeds", []), found.get("training_seconds", []), strict=True
                )
            },
        }
        for name, found in told.items()
    }
    first = next(found for found in told.values() if "clips" in found)
    maps = {
        when: {str(seed): looks(job) for seed, job in finished(queue, name).items()}
        for when, name in (("after stage-t", STAGE_T), ("in the end", TWO["joint"]))
    }
    measured = {
        "experiments": experiments,
        "claims": claims(told),
        "maps": maps,
        "mapped_clips": MAPPED,
        "validation_clips": experiment(NAMES[0]).lab.validation_clips,
        "clips": first["clips"],
        "data": first["data"],
        "data_sha256": first["data_sha256"],
        "trained_with": first["trained_with"][0],
    }
    command = "python -m benchmarks.two_stage --runs runs"
    options.out.mkdir(parents=True, exist_ok=True)
    result = Result(kept(measured), provenance(command))
    print(save_result(result, options.out / "two-stage.json"))
    if options.weights:
        for file, name in (("two-stage-t", STAGE_T), ("two-stage", TWO["joint"])):
            found = finished(queue, name)
            if SEEDS[0] in found:
                path = options.weights / f"{file}.safetensors"
                print(ship(found[SEEDS[0]].folder, path))


if __name__ == "__main__":
    main()
