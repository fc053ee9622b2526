"""`list`, `show` and `cost`: what there is to train, and what it takes."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor, nn

from stlib.cost import parameters
from stlib.data.clips import Canvas, sides
from stlib.joint_filter import JointConv3d, Way
from stlib.networks import WholeContext
from stlib.printed import (
    FRAMES,
    ClipCost,
    Figure,
    Printed,
    clip_costs_of,
    clip_tally,
    figures_of,
    table,
)
from stlib.recipes import ClipRecipe, Scale, experiment, experiments, to_plain
from stlib.stages import View
from stlib.tally import MACS, Tally, tally
from stlib.viewing import laid_out, seen

__all__ = ["cost", "costs", "list_experiments", "show"]


def list_experiments() -> None:
    """List the experiments, a line each."""
    every = experiments()
    width = max(len(each.name) for each in every) + 2
    for each in every:
        print(f"{each.name:{width}}{each.paper.source}")


def show(name: str, /, scale: Scale = "lab") -> None:
    """Print a recipe as JSON: everything that `train` can override.

    Args:
        name: of the experiment.
        scale: smoke, lab or paper.
    """
    print(json.dumps(to_plain(experiment(name).at(scale)), indent=1, ensure_ascii=False))


def costs(name: str, scale: Scale) -> dict[str, Any]:
    """What a recipe's network costs: one time step, and a clip as in training, forward.

    Args:
        name: of the experiment.
        scale: of the recipe.

    Returns:
        Parameters; the canvas; MACs of one step and of the steps of one clip, or of one clip where
        the network reads it whole, then also of a clip as each stage sees it, and of all clips of
        the training; what the first step, or the clip, executes, kind by kind. Under ``printed``,
        at paper scale, each figure that the paper prints for it: what is printed and where, what is
        counted here, whether that rounds or is cut short to it, and the residual. Ma et al. print
        what a profiler counts on a whole clip of their data set; beside it stand the MACs that are
        really executed, what the count holds that the network here does not, and what else we have
        tried where the text's clip does not have the figure.

    Raises:
        ValueError: an unknown name or scale.

    Source: this book; counted by `stlib.cost`.
    """
    recipe = experiment(name).at(scale)
    canvas = recipe.data.canvas
    with torch.device("meta"):  # shapes without numbers
        network = recipe.network.build()
    if isinstance(recipe, ClipRecipe):
        videos = VIDEOS if scale == "paper" and name.startswith(VIDEOS) else None
        return {"experiment": name, "scale": scale, **_of_whole_clips(network, recipe, videos)}
    channels, steps = recipe.network.channels, recipe.frames - 1
    if recipe.silent:  # most steps cost nothing: those that foretell are the first and the later
        every = _tallies(network, channels, canvas, range(steps))
        first, per_clip = max(every, key=lambda each: each.macs), sum(each.macs for each in every)
    else:
        first, later = _tallies(network, channels, canvas, (0, recipe.context))
        per_clip = first.macs * recipe.context + later.macs * (steps - recipe.context)
    printed, of_clips = (figures_of(name), clip_costs_of(name)) if scale == "paper" else ((), ())
    return {
        "experiment": name,
        "scale": scale,
        "parameters": parameters(network),
        "canvas": canvas,
        "macs_per_step": first.macs,
        "steps_per_clip": steps,
        "macs_per_clip": per_clip,
        "executed_per_step": asdict(first),
        "optimizer_steps": recipe.steps,
        "clips": recipe.steps * recipe.batch,
        "printed": [
            *(entry for figure in printed for entry in _beside(figure, network, channels)),
            *(entry for each in of_clips for entry in _beside_clip(each, network)),
        ],
    }


def cost(name: str, /, scale: Scale = "lab", *, json: bool = False) -> None:
    """Count parameters and multiply-accumulates, beside the figures that the paper prints.

    Args:
        name: of the experiment.
        scale: smoke, lab or paper; figures are printed for the paper's.
        json: print JSON.
    """
    told = costs(name, scale)
    if json:
        print(_json(told))
        return
    what = {"executed_per_step": "a step executes", "executed_per_clip": "a clip executes"}
    for key, value in told.items():
        if key.startswith("executed"):
            said = (f"{kind} {number:,}" for kind, number in value.items() if number)
            print(f"{what[key]:18}{', '.join(said)}")
        elif key != "printed" and value != []:
            number = f"{value:,}" if isinstance(value, int) else value
            if isinstance(value, list):
                number = "; ".join(f"{each:,}" if isinstance(each, int) else each for each in value)
            print(f"{key.replace('_', ' '):18}{number}")
    for each in told["printed"]:
        at = f" at {each['canvas']}x{each['canvas']}" if each["canvas"] else ""
        print(
            f"{'printed':18}{each['text']} {each['what']}{at}, {each['place']}: "
            f"{each['counted']:,} {SAYS[each['agreement']]}"
            + (f", {each['residual']:+,.0f}" if each["agreement"] == "differs" else "")
        )
        for what, number in each.get("unused", {}).items():
            print(f"{'':18}of them {number:,} {what}: not used, and not here")
        if each.get("macs", each["counted"]) != each["counted"]:
            print(f"{'':18}MACs executed here {each['macs']:,}")


VIDEOS = "stdcf-table-3"  # what the names of experiments on Kinetics-400 begin with
WAYS: dict[Way, str] = {"atoms": "by atoms", "filter": "filters multiplied out"}
CROP = 256  # pixels a side, of a test crop
SAYS = {"rounds": "rounds to it", "cut short": "is cut short to it", "differs": "does not fit"}


def _of_whole_clips(
    network: nn.Module, recipe: ClipRecipe, videos: str | None = None
) -> dict[str, Any]:
    """The costs of a network that reads whole clips, under its test view and in its stages."""
    data = recipe.data
    clip = torch.zeros(1, data.frames, data.channels, *sides(data.canvas), device="meta")
    whole = _under(network, clip, recipe.test_view)
    by_view = {each: _under(network, clip, each).macs for each in _views(recipe)}
    return {
        "parameters": parameters(network),
        "canvas": data.canvas,
        "frames": data.frames,
        "macs_per_clip": whole.macs,
        "macs_by_stage": [by_view[stage.view] for stage in recipe.stages],
        "macs_in_training": sum(
            stage.steps * recipe.batch * by_view[stage.view] for stage in recipe.stages
        ),
        "executed_per_clip": asdict(whole),
        "joint_layers": _joint_layers(network),
        "optimizer_steps": recipe.steps,
        "clips": recipe.steps * recipe.batch,
        "printed": [] if videos is None else _beside_videos(network),
    }


def _joint_layers(network: nn.Module) -> list[str]:
    """What share of a whole filter's weights each kind of joint layer has, its atoms aside."""
    told = {}
    for layer in network.modules():
        if isinstance(layer, JointConv3d):
            (m, n), (t, height, width) = layer.coefficients.shape[2:], layer.size
            of_3d, of_2d = Fraction(m * n, t * height * width), Fraction(m * n, height * width)
            told[f"M = {m}, N = {n}: {of_3d} of a 3D filter's weights, {of_2d} of a 2D one's"] = 1
    return list(told)


def _views(recipe: ClipRecipe) -> dict[View, None]:
    """Each view of the training once."""
    return dict.fromkeys(stage.view for stage in recipe.stages)


def _under(network: nn.Module, clip: Tensor, view: View) -> Tally:
    """What a network executes on a clip that it sees in some way, forward."""
    with laid_out(network, view):
        return tally(network, seen(clip, view))


def _tallies(
    network: nn.Module, channels: int, canvas: Canvas, steps: Sequence[int]
) -> list[Tally]:
    """What some of the steps on one clip execute, from 0: an encoder rests after the context."""
    frame, state = torch.zeros(1, channels, *sides(canvas), device="meta"), None
    counts = []
    for step in range(max(steps) + 1):
        if step in steps:
            counts.append(tally(network, frame, state))
        if step < max(steps):
            _, state = network(frame, state)
    return counts


def _beside(figure: Figure, network: nn.Module, channels: int) -> list[dict[str, Any]]:
    """A printed figure and what is counted; FLOPs on each canvas that it may be of."""
    printed = figure.printed
    entries = []
    for canvas in figure.canvases if figure.column == "FLOPs" else (None,):
        counted = parameters(network)
        if canvas:
            (first,) = _tallies(network, channels, canvas, (0,))
            counted = first.macs
        what = "parameters" if figure.column == "Params" else "multiplications a step"
        entries.append(_entry(figure.place, what, printed, canvas, counted))
    return entries


def _beside_clip(cost: ClipCost, network: nn.Module) -> list[dict[str, Any]]:
    """The same of a figure of Ma et al., and of whatever else it may be of."""
    unused = {each.what: each.parameters for each in cost.unused}
    if cost.column == "Params":
        entry = _entry(cost.place, "parameters", cost.printed, None, cost.counted(network))
        return [{**entry, "unused": unused}]
    entries = []
    for reading in (None, *cost.readings):
        clip = cost.clip if reading is None else reading.of(cost.clip)
        calls = "one call" if isinstance(network, WholeContext) else f"{clip.steps} steps"
        what = f"MACs by the profiler, {calls}" + (f", {reading.words}" if reading else "")
        entry = _entry(cost.place, what, cost.printed, clip.side, cost.counted(network, reading))
        entries.append({**entry, "macs": MACS.total(clip_tally(network, clip))})
    return entries


def _beside_videos(network: nn.Module) -> list[dict[str, Any]]:
    """The same of Table 3 of Miao et al.: parameters, and a clip of 8 frames in a test crop.

    Multiplications are those of section 2.4, three convolutions a layer, and those of filters
    multiplied out.
    """
    held, row = table("stdcf-table-3"), "STDCF-R50"
    place = f"{held.place}: {row}"
    clip = torch.zeros(1, FRAMES, 3, CROP, CROP, device="meta")
    flops = Printed(f"{held.cell(row, 'GFLOPs')}G")
    entries = [_entry(place, "parameters", held.number(row, "Params"), None, parameters(network))]
    for way, what in WAYS.items():
        for layer in network.modules():
            if isinstance(layer, JointConv3d):
                layer.way = way
        counted = tally(network, clip).macs
        entries.append(_entry(place, f"MACs, {FRAMES} frames, {what}", flops, CROP, counted))
    return entries


def _entry(
    place: str, what: str, printed: Printed, canvas: int | None, counted: int
) -> dict[str, Any]:
    return {
        "place": place,
        "what": what,
        "text": printed.text,
        "value": int(printed.value),
        "digits": printed.digits,
        "canvas": canvas,
        "counted": counted,
        "agreement": printed.agreement(counted),
        "residual": printed.residual(counted),
    }


def _json(told: Any) -> str:
    return json.dumps(told, indent=1)
