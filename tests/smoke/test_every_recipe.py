"""Every kind of part of a recipe, at smoke scale, all the way: from data to reload.

Rows of one table differ in numbers. One of them goes all the way, the others are read, built and
taken a step forward and backward by the neighbouring test.
"""

import json
from math import isfinite

import pytest

from stlib.artifacts import read_result
from stlib.evaluation import evaluate
from stlib.experiments import finish, trained
from stlib.recipes import Recipe, experiments
from stlib.runs import Run
from stlib.training import Machine, fit

CPU = Machine(cpu=True, log_every=1)
AN_INSTANT = 1e-9  # minutes: one step, then a checkpoint


def numbers(plain):
    """Every number in what JSON can hold."""
    if isinstance(plain, dict):
        return [number for entry in plain.values() for number in numbers(entry)]
    if isinstance(plain, list):
        return [number for entry in plain for number in numbers(entry)]
    return [plain] if isinstance(plain, float) else []


def parts(recipe):
    """What takes another way through the code, in pairs where two meet: not mere numbers."""
    network = recipe.network
    yield type(network), type(getattr(network, "cell", getattr(network, "layer", None)))
    yield type(recipe.data), len(recipe.stages) > 1
    yield type(network), getattr(network, "patch", 1) > 1
    if isinstance(recipe, Recipe):
        yield type(network), type(recipe.feeding)
        yield recipe.loss, recipe.clip is None
        yield recipe.foretell is None, recipe.validation_clips > 0, recipe.recognition is None
    else:
        yield recipe.task, type(recipe.optimizer), recipe.first is None


def covering(all_of_them):
    """As few experiments as have every part, the one with most parts that are missing first."""
    has = {each: set(parts(each.smoke)) for each in all_of_them}
    missing, chosen = set().union(*has.values()), []
    while missing:
        chosen.append(max(all_of_them, key=lambda each: len(has[each] & missing)))
        missing -= has[chosen[-1]]
    return chosen


@pytest.mark.parametrize("each", covering(experiments()), ids=lambda each: each.name)
def test_a_recipe_runs_from_data_to_reload(each, tmp_path, monkeypatch):
    monkeypatch.delenv("STLIB_DATA", raising=False)
    first = fit(
        each.smoke, tmp_path, name=each.name, scale="smoke", machine=CPU, minutes=AN_INSTANT
    )
    assert (first.step, first.finished) == (1, False)
    assert fit(each.smoke, tmp_path, resume=True, machine=CPU).finished
    rows = Run(tmp_path).log()
    assert [int(row["step"]) for row in rows] == list(range(1, each.smoke.steps + 1))
    assert all(isfinite(float(row["loss"])) for row in rows)

    measured = read_result(finish(tmp_path, cpu=True)).measured
    told = {key: measured[key] for key in ("predictors", "recognition") if key in measured}
    assert told
    assert all(isfinite(number) for number in numbers(told))
    if isinstance(each.smoke, Recipe):
        steps = told["predictors"]["network"]["mse_e3"]["steps"]
        assert len(steps) == each.smoke.tested.horizon
    recipe, reloaded = trained(tmp_path)
    assert recipe == each.smoke
    again = json.loads(json.dumps(evaluate(reloaded, recipe)))
    assert {key: again[key] for key in told} == told
