"""Did it rain where rain was forecast? Scores of a yes-or-no event.

An event is a value at or above a threshold. Counting pixels gives a table of four numbers; every
score is a ratio of them, and a ratio without a denominator is NaN: where nothing happened and
nothing was forecast there is no skill to measure, and 0 or 1 in its place would tilt the average.

scikit-learn has these scores under other names, one frame a call and with other answers to an
empty denominator; the tests compare. They are CSI, the Jaccard index; POD, recall; FAR, one minus
precision; HSS, Cohen's kappa.
"""

from typing import Literal, NamedTuple, TypeAlias, get_args

from jaxtyping import Float, Int
from torch import Tensor

from stlib.metrics.frames import Frames, check_frames

__all__ = ["Contingency", "Pool", "contingency", "csi", "far", "hss", "pod", "pool"]

Count: TypeAlias = Int[Tensor, "*_axes"]
Score: TypeAlias = Float[Tensor, "*_axes"]
Pool: TypeAlias = Literal["batch", "all"]


class Contingency(NamedTuple):
    """How many pixels fell into each of the four cases; all of one shape.

    Attributes:
        hits: forecast and observed.
        misses: observed only.
        false_alarms: forecast only.
        correct_negatives: neither.
    """

    hits: Count
    misses: Count
    false_alarms: Count
    correct_negatives: Count


def contingency(prediction: Frames, truth: Frames, threshold: float | int) -> Contingency:
    """Count the four cases in each frame, over channels, rows and columns.

    Args:
        prediction: ``[batch, time, channel, height, width]`` in the data's physical unit.
        truth: the same shape and unit.
        threshold: in that unit; a value equal to it is an event.

    Returns:
        Four counts, each ``[batch, time]``.

    Raises:
        ValueError: shapes that differ, frames without pixels, or NaN anywhere: a missing value is
            not a dry one.

    Source: Ma et al., *MS-LSTM*, thresholds of 0.5, 2 and 5 mm/h; Wilks, *Statistical Methods in
        the Atmospheric Sciences*.
    """
    check_frames(prediction, truth)
    for name, frames in {"prediction": prediction, "truth": truth}.items():
        if missing := int(frames.isnan().sum()):
            raise ValueError(f"{name} has {missing} NaN: every pixel needs a value")
    if threshold != threshold:
        raise ValueError(f"{threshold=}: must be a number")
    forecast, observed = prediction >= threshold, truth >= threshold
    cases = (
        forecast & observed,
        ~forecast & observed,
        forecast & ~observed,
        ~forecast & ~observed,
    )
    return Contingency(*(case.sum((-3, -2, -1)) for case in cases))


def pool(table: Contingency, over: Pool = "all") -> Contingency:
    """Add the counts of many frames, so that a score weighs every event alike.

    The score of the added counts and the average of the frames' scores differ. The first is defined
    as soon as one frame has an event; the second weighs a frame with two wet pixels like a storm.

    Args:
        table: counts ``[batch, time]``.
        over: ``'batch'`` keeps one table a step, ``[time]``; ``'all'`` leaves one.

    Raises:
        ValueError: an unknown `over`.

    Source: this book, chapter 7.
    """
    if over not in get_args(Pool):
        raise ValueError(f"{over=} is none of {get_args(Pool)}")
    return Contingency(*(count.sum(0) if over == "batch" else count.sum() for count in table))


def csi(table: Contingency) -> Score:
    """Critical success index, or threat score: hits among all that was forecast or observed.

    Returns:
        In [0, 1], 1 is best; NaN where nothing was forecast or observed.

    Source: Ma et al., *MS-LSTM*; Wilks.
    """
    hits, misses, false_alarms, _ = _double(table)
    return hits / (hits + misses + false_alarms)


def pod(table: Contingency) -> Score:
    """Probability of detection, or hit rate: hits among all that was observed.

    Returns:
        In [0, 1], 1 is best; NaN where nothing was observed.

    Source: Wilks.
    """
    hits, misses, _, _ = _double(table)
    return hits / (hits + misses)


def far(table: Contingency) -> Score:
    """False alarm *ratio*: false alarms among all that was forecast.

    The false alarm *rate*, among all that was not observed, is another score.

    Returns:
        In [0, 1], 0 is best; NaN where nothing was forecast.

    Source: Wilks.
    """
    hits, _, false_alarms, _ = _double(table)
    return false_alarms / (hits + false_alarms)


def hss(table: Contingency) -> Score:
    """Heidke skill score: correct pixels beyond those that chance gets right.

    Returns:
        In [-1, 1], 1 is best, 0 is chance; NaN where chance is always right, because event or
        no event fills both frames.

    Source: Ma et al., *MS-LSTM*; Heidke 1926.
    """
    hits, misses, false_alarms, negatives = _double(table)
    chance = (hits + misses) * (misses + negatives)
    chance = chance + (hits + false_alarms) * (false_alarms + negatives)
    return 2 * (hits * negatives - misses * false_alarms) / chance


def _double(table: Contingency) -> tuple[Score, Score, Score, Score]:
    """A product of counts may be too large for an integer; 0 / 0 is NaN, as it should be."""
    hits, misses, false_alarms, negatives = (count.double() for count in table)
    return hits, misses, false_alarms, negatives
