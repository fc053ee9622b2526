"""`printed-figures`, `-retrained`, `-clips`, `-videos`: print beside what networks count.

Nothing of the tables is typed: `stlib.printed` holds the printed figures, and what is beside them
is searched for and counted when the book is built.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import groupby

import torch
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from torch import nn

from stlib.cost import parameters
from stlib.networks import WholeContext
from stlib.printed import (
    CITED,
    CLIPS,
    Candidate,
    ClipCost,
    Finding,
    Printed,
    clip_costs,
    clip_tally,
    figures,
    nearest,
    not_built,
    retrained,
    video_networks,
)
from stlib.printed import table as printed_table
from stlib.printed.counts import Layers
from stlib.printed.words import cell_words, words
from stlib.recipes import experiment
from stlib.tally import MACS


def table(findings: Iterable[Finding]) -> str:
    """A MyST table; figures of one number and one network are one row."""
    kept: dict[object, list[Finding]] = {}
    for finding in findings:
        figure = finding.figure
        key = (figure.printed, figure.column, figure.row.model, figure.row.text, finding.hits)
        kept.setdefault(key, []).append(finding)
    rows = [
        "| Printed | Where | The text's network | Verdict | What has it |",
        "|---|---|---|---|---|",
    ]
    for first, *others in kept.values():
        where = "<br>".join(each.figure.place for each in (first, *others))
        counted = f"{first.text.total:,}<br>{words(first.text)}"
        cells = (first.figure.printed.text, where, counted, verdict(first), found(first))
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def verdict(finding: Finding) -> str:
    """The verdict, and how sure: the only configuration, or one of several cells."""
    if finding.verdict != "another configuration":
        return finding.verdict
    cells = len(by_cell(finding.hits))
    return finding.verdict if cells == 1 else f"{finding.verdict}, not unique: {cells} cells"


def found(finding: Finding) -> str:
    """The hits by cell, each with its first settings; or what comes closest, and the residual."""
    if finding.verdict == "text":
        return finding.agreement
    lines = []
    for same in by_cell(finding.hits):
        more = f"; {len(same) - 1} more with other readouts or biases" if len(same) > 1 else ""
        lines.append(f"{same[0].total:,}: {words(same[0])}{more}")
    if finding.closest is not None:
        residual = finding.residual(finding.closest)
        lines.append(
            f"closest {finding.closest.total:,}: {words(finding.closest)}; {residual:+,.0f}"
        )
    lines.append(
        f"{finding.searched:,} searched, {len(finding.contradicted)} more would fit, "
        "were it not for the other rows"
    )
    return "<br>".join(lines)


def by_cell(hits: Sequence[Candidate]) -> list[list[Candidate]]:
    """Hits that differ in nothing but what surrounds their cell, together."""

    def cell(hit: Candidate) -> str:
        return cell_words(hit.network.cell) if isinstance(hit.network, Layers) else words(hit)

    return [list(same) for _, same in groupby(hits, key=cell)]


def others() -> str:
    """A MyST table of the two networks of other papers that Su et al. print a number for."""
    rows = ["| Network | Printed | Setting | counted |", "|---|---|---|---|"]
    rows += [
        f"| {each.row} | {each.printed.text} | {each.words} | "
        f"{each.count:,}{off(each.printed, each.count)} |"
        for each in retrained()
    ]
    return "\n".join(rows)


def clips() -> str:
    """Three MyST lists: the costs that Ma et al. print, what is not used, what else was tried."""
    rows = [
        "| Where | Clip | Parameters | counted | FLOPs | by the profiler | in MACs |",
        "|---|---|---|---|---|---|---|",
    ]
    unused: dict[str, None] = {}
    tried = ["| Figure | The text's clip | Another reading | Verdict |", "|---|---|---|---|"]
    costs = clip_costs()
    networks: dict[str, nn.Module] = {}
    for params, flops in zip(costs[::2], costs[1::2], strict=True):
        if flops.experiment not in networks:
            with torch.device("meta"):
                networks[flops.experiment] = experiment(flops.experiment).paper.network.build()
        network, clip = networks[flops.experiment], flops.clip
        counted = flops.counted(network)
        read = network.context if isinstance(network, WholeContext) else clip.steps
        cells = (
            flops.place,
            f"{read} × {clip.side} × {clip.side}",
            params.printed.text,
            f"{params.counted(network):,}{off(params.printed, params.counted(network))}",
            flops.printed.text,
            f"{counted / 1e9:.2f}{off(flops.printed, counted)}",
            f"{MACS.total(clip_tally(network, clip)) / 1e9:.2f}",
        )
        rows.append(f"| {' | '.join(cells)} |")
        if params.unused:
            unused[not_used(params, network)] = None
        if flops.verdict(network) != "text":
            others = (
                f"{each.words}: {flops.counted(network, each) / 1e9:.2f}"
                f"{off(flops.printed, flops.counted(network, each))}"
                for each in flops.readings
            )
            figure = f"{flops.place}: {flops.printed.text}"
            said = (figure, f"{counted / 1e9:.2f}", "<br>".join(others), flops.verdict(network))
            tried.append(f"| {' | '.join(said)} |")
    cited = [
        f"- {printed_table(name).place}: {', '.join(not_built(name))}"
        for name in CLIPS
        if not_built(name)
    ]
    if cited:
        cited = ["", "Cited, not counted:", "", *cited]
    held = ["Of the counted parameters, not used by the released networks, and not built here:"]
    more = ["", *held, "", *unused, "", "Figures that the text's clip does not have:", "", *tried]
    return "\n".join([*rows, *cited, *more])


def not_used(cost: ClipCost, network: nn.Module) -> str:
    """An item of a list: what a released network has besides, and what is left without."""
    name = cost.row.rpartition(" ")[0]
    parts = [f"{each.parameters:,} in {each.what}" for each in cost.unused]
    return f"- {name}: {'; '.join(parts)}. Used: {parameters(network):,}."


def videos() -> str:
    """A MyST table of the costs of Table 3 of Miao et al., and of what is cited only."""
    rows = [
        "| Network | Parameters | counted | GFLOPs | GMACs at 224 × 224 | at 256 × 256 |",
        "|---|---|---|---|---|---|",
    ]
    for each in video_networks():
        params, flops = each.printed("Params"), each.printed("GFLOPs")
        counted = each.parameters()
        cells = (
            each.name,
            "" if params is None else params.text,
            f"{counted:,}{off(params, counted)}",
            "" if flops is None else flops.text,
            *(
                f"{float(each.giga(side)):.2f}"
                f"{off(flops, each.giga(side)) if side == each.side else ''}"
                for side in (224, 256)
            ),
        )
        rows.append(f"| {' | '.join(cells)} |")
    cited = f"Cited, not counted: {', '.join(CITED)}."
    return "\n".join([*rows, "", cited])


def off(printed: Printed | None, counted: int | Fraction) -> str:
    """A mark where a count does not round to what is printed."""
    if printed is None or printed.agreement(counted) == "rounds":
        return ""
    return " **differs**"


class PrintedVideos(SphinxDirective):
    """The costs of Table 3 of Miao et al."""

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()  # the package may have changed
        return self.parse_text_to_nodes(videos())


class PrintedClips(SphinxDirective):
    """The costs of Ma et al."""

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()  # the package may have changed
        return self.parse_text_to_nodes(clips())


class PrintedRetrained(SphinxDirective):
    """PredRNN++ and E3D-LSTM of Table 4 of Su et al."""

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()  # the package may have changed
        return self.parse_text_to_nodes(others())


class PrintedFigures(SphinxDirective):
    """The table of every figure that is counted."""

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()  # the package may have changed
        return self.parse_text_to_nodes(table(map(nearest, figures())))


def setup(app: Sphinx) -> None:
    """Register the four directives."""
    app.add_directive("printed-retrained", PrintedRetrained)
    app.add_directive("printed-figures", PrintedFigures)
    app.add_directive("printed-clips", PrintedClips)
    app.add_directive("printed-videos", PrintedVideos)
