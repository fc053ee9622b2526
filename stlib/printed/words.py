"""A configuration in a reader's words."""

from stlib.printed.counts import Classic, CountedCell, Forecaster, Layers, Train, Whole
from stlib.printed.nearest import Candidate
from stlib.printed.spaces import Convention

__all__ = ["cell_words", "settings_words", "words"]


def words(candidate: Candidate) -> str:
    """All of a candidate but its widths: cell, departures from the text, and how it is counted.

    Source: this book.
    """
    network = candidate.network
    if isinstance(network, Forecaster):
        said = {
            "none": "no peepholes",
            "channel": "peepholes a channel",
            "place": "peepholes a place",
        }
        parts = [said[network.peepholes], _wide(network.kernel), _grey(network.channels)]
    else:
        parts = [cell_words(network.cell), settings_words(network)]
    if candidate.canvas is not None:
        parts.append(f"{candidate.canvas}×{candidate.canvas} pixels")
    if candidate.convention is not None:
        parts.append(_counted(candidate.convention))
    return ", ".join(part for part in parts if part)


def cell_words(cell: CountedCell) -> str:
    """A cell.

    Raises:
        TypeError: none of the counted cells.

    Source: this book.
    """
    if isinstance(cell, Whole):
        return _wide(cell.kernel)
    if isinstance(cell, Classic):
        trains = "one train" if cell.trains == 1 else "one train a gate"
        split = f", {cell.split}" if cell.factors == 3 else ""
        return f"{cell.factors} factors of rank {cell.rank}, {trains}{split}"
    if isinstance(cell, Train):
        wide = f"N = {cell.order}, M = {cell.steps}, "
        wide += f"ranks {cell.rank}, K = {cell.kernel}" if cell.rank else f"K = {cell.kernel}"
        parts = [wide, "no P" if cell.window == "none" else f"{cell.window} window"]
        if cell.shared:
            parts.append("one P for all cores")
        if cell.first < cell.kernel:
            parts.append("1×1 cores")
        elif cell.order > 1 and cell.others < cell.kernel:
            parts.append("1×1 cores but the first")
        if cell.window != "none" and cell.projection < cell.kernel:
            parts.append("1×1 P")
        return ", ".join(parts)
    raise TypeError(f"{cell!r}: expected Whole, Train or Classic")


def settings_words(network: Layers) -> str:
    """What a network has that the text does not say; empty for the text's own settings.

    Source: this book.
    """
    parts = [_grey(network.channels)]
    if len(network.hidden) == 12 and not network.joined:
        parts.append("no skips")
    if network.readout > 1:
        parts.append(f"{_wide(network.readout)} readout")
    if not network.biases:
        parts.append("no biases")
    return ", ".join(part for part in parts if part)


def _wide(kernel: int) -> str:
    return f"{kernel}×{kernel}"


def _grey(channels: int) -> str:
    return "" if channels == 1 else f"{channels} channels"


def _counted(convention: Convention) -> str:
    extra = [
        name
        for name, counts in (("biases", convention.biases), ("gates", convention.products))
        if counts
    ]
    unit = " in units of 2^30" if convention.binary else ""
    twice = "2 × " if convention.each == 2 else ""
    return f"{twice}{' and '.join(['MACs', *extra])}{unit}"
