"""Early activity recognition at lab scale: three recurrent layers, two shares seen, some seeds.

    python -m benchmarks.early_activity                         # writes build/bench/…
    python -m benchmarks.early_activity --out stlib/results     # replaces the shipped result

It trains what is not trained yet, in build/early-activity, and can be stopped and called again. On
two cores a run takes minutes, so the six experiments with three seeds take an hour or two. Of each
run the result keeps the accuracy, overall and by class, and of the first test clips, six of each
action, the class, the answer and how sure it was.
"""

import argparse
from pathlib import Path

from stlib.artifacts import Result, provenance, read_result, save_result
from stlib.experiments import jobs, run
from stlib.recipes.early_activity import EXPERIMENTS
from stlib.runs import Run
from stlib.training import Machine

EXAMPLES = 36
NAMES = [each.name for each in EXPERIMENTS]


def told(job) -> dict:
    """What a result keeps of one finished run."""
    measured = read_result(Run(job.folder).result_file).measured
    named = measured["recognition"]
    return {
        "experiment": job.name,
        "seed": job.seed,
        "seen": named["seen"],
        "accuracy": named["accuracy"],
        "accuracy_by_class": named["accuracy_by_class"],
        "cross_entropy": named["cross_entropy"],
        "mse_e3": measured["predictors"]["network"]["mse_e3"]["mean"],
        "examples": {key: named[key][:EXAMPLES] for key in ("labels", "named", "confidence")},
        "training_seconds": measured["training_seconds"],
    }


def main() -> None:
    """Train what is missing, and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=3, help="networks of each kind (3)")
    parser.add_argument("--scale", default="lab", help="smoke, lab or paper (lab)")
    parser.add_argument(
        "--runs", type=Path, default=Path("build/early-activity"), help="folder of the runs"
    )
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder to write to")
    options = parser.parse_args()
    queue = jobs(NAMES, range(options.seeds), options.scale, options.runs)
    run(queue, machine=Machine(cpu=True, progress=True))
    first = read_result(Run(queue[0].folder).result_file).measured
    measured = {
        "classes": first["recognition"]["classes"],
        "clips": first["clips"],
        "data": first["data"],
        "data_sha256": first["data_sha256"],
        "scale": options.scale,
        "runs": [told(job) for job in queue],
    }
    command = f"python -m benchmarks.early_activity --seeds {options.seeds} --scale {options.scale}"
    options.out.mkdir(parents=True, exist_ok=True)
    print(save_result(Result(measured, provenance(command)), options.out / "early-activity.json"))


if __name__ == "__main__":
    main()
