"""What a paper says of two networks, against the seeds that both have."""

from collections.abc import Mapping
from statistics import mean
from typing import Any, NamedTuple

from stlib.paired import paired, verdict

__all__ = ["Claim", "judged"]


class Claim(NamedTuple):
    """That the first network has the lower error, or the `higher` number; or the `same` one.

    Attributes:
        place: in the paper.
        says: in a few words.
        first: name of one experiment.
        second: name of the other.
        same: whether the two are said to be alike, which no interval can show.
        higher: whether the first is said to be above the second, as a score is.
        printed: the errors of the two in print, where the paper prints them.

    Source: this book, chapter 13.
    """

    place: str
    says: str
    first: str
    second: str
    same: bool = False
    higher: bool = False
    printed: tuple[float, float] | None = None


def judged(claim: Claim, first: Mapping[str, float], second: Mapping[str, float]) -> dict[str, Any]:
    """One claim against the seeds that both networks have.

    Args:
        claim: what is said of the two.
        first: one number by seed, an error or a score.
        second: of the other network.

    Returns:
        The claim's fields; `seeds`; and `verdict`: 'not run' with fewer than two of them, else
        'supported', 'contradicted' or 'not resolved', with the `differences`, first minus second,
        their mean and `interval`, and the same three in `percent` of the second's mean.

    Raises:
        ValueError: a number that is not finite.
        ImportError: SciPy is missing.

    Source: this book, chapter 13.
    """
    seeds = [seed for seed in first if seed in second]
    found = {**claim._asdict(), "seeds": [int(seed) for seed in seeds]}
    if claim.printed is not None:
        found["printed"] = list(claim.printed)
    if len(seeds) < 2:
        return {**found, "verdict": "not run"}
    ours, theirs = ([table[seed] for seed in seeds] for table in (first, second))
    interval, level = paired(ours, theirs), mean(theirs)
    said = verdict(interval)
    side = "higher" if claim.higher else "lower"
    word = "supported" if said == side and not claim.same else "contradicted"
    if said == "not resolved":
        word = said

    def kept(values: Any) -> list[float]:
        return [float(f"{value:.6g}") for value in values]

    return {
        **found,
        "differences": kept(a - b for a, b in zip(ours, theirs, strict=True)),
        "interval": kept(interval),
        "percent": kept(100 * value / level for value in interval),
        "verdict": word,
    }
