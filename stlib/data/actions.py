"""KTH's six actions and 25 subjects, and who of them trains, validates and tests."""

from typing import get_args

from stlib.data.clips import Split

__all__ = ["ACTIONS", "SUBJECTS", "subjects"]

# As the files spell them: those that travel first.
ACTIONS = ("walking", "jogging", "running", "boxing", "handwaving", "handclapping")
SUBJECTS = 25
LAST_TRAINING = 16


def subjects(split: Split, validating: int = 3) -> tuple[int, ...]:
    """The numbers of the subjects of one split; no two splits share any.

    Args:
        split: 'training', 'validation' or 'test'.
        validating: how many of the sixteen training subjects, the last ones, validate instead;
            0 is the papers' own split.

    Raises:
        ValueError: an unknown split, or nobody left to train.

    Source: Su et al., appendix B.4: 1 to 16 train, 17 to 25 test. Who validates is ours.
    """
    if split not in get_args(Split):
        raise ValueError(f"{split=}, expected one of {', '.join(get_args(Split))}")
    if not 0 <= validating < LAST_TRAINING:
        raise ValueError(
            f"{validating=}, expected 0 to {LAST_TRAINING - 1} of the training subjects"
        )
    first = LAST_TRAINING - validating + 1
    ends = {"training": (1, first), "validation": (first, LAST_TRAINING + 1)}
    return tuple(range(*ends.get(split, (LAST_TRAINING + 1, SUBJECTS + 1))))
