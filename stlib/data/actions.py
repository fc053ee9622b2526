"""KTH's six actions and 25 subjects, and who of them trains, validates and tests."""

from collections.abc import Sequence
from typing import Literal, TypeAlias, get_args

from stlib.data.clips import Split

__all__ = ["ACTIONS", "SUBJECTS", "Action", "Division", "chosen", "subjects"]

# As the files spell them: those that travel first.
Action: TypeAlias = Literal["walking", "jogging", "running", "boxing", "handwaving", "handclapping"]
ACTIONS: tuple[Action, ...] = get_args(Action)
SUBJECTS = 25
LAST_TRAINING = 16
Division: TypeAlias = Literal["sixteen train", "eight train"]
EIGHT: dict[Split, tuple[int, ...]] = {
    "training": (11, 12, 13, 14, 15, 16, 17, 18),
    "validation": (19, 20, 21, 23, 24, 25, 1, 4),
    "test": (22, 2, 3, 5, 6, 7, 8, 9, 10),
}


def chosen(actions: Sequence[Action]) -> tuple[Action, ...]:
    """The classes of a data set that shows some of the actions, in the order given.

    Args:
        actions: those wanted; none is all six.

    Raises:
        ValueError: one that KTH does not have, or one twice.

    Source: this book.
    """
    unknown = [action for action in actions if action not in ACTIONS]
    if unknown or len(set(actions)) < len(actions):
        raise ValueError(f"{actions=}, expected some of {', '.join(ACTIONS)}, each once")
    return tuple(actions) or ACTIONS


def subjects(
    split: Split, validating: int = 3, division: Division = "sixteen train"
) -> tuple[int, ...]:
    """The numbers of the subjects of one split; no two splits share any.

    Args:
        split: 'training', 'validation' or 'test'.
        validating: how many of the sixteen training subjects, the last ones, validate instead;
            0 is the papers' own split. Of eight who train, none has to.
        division: 'sixteen train' and nine test; or 'eight train', eight validate, nine test.

    Raises:
        ValueError: an unknown split or division, or nobody left to train.

    Source: Su et al., appendix B.4: 1 to 16 train, 17 to 25 test; who validates is ours. Schuldt,
    Laptev and Caputo 2004, as 00sequences.txt repeats it: eight train.
    """
    if split not in get_args(Split):
        raise ValueError(f"{split=}, expected one of {', '.join(get_args(Split))}")
    if division not in get_args(Division):
        raise ValueError(f"{division=}, expected one of {', '.join(get_args(Division))}")
    if division == "eight train":
        return EIGHT[split]
    if not 0 <= validating < LAST_TRAINING:
        raise ValueError(
            f"{validating=}, expected 0 to {LAST_TRAINING - 1} of the training subjects"
        )
    first = LAST_TRAINING - validating + 1
    ends = {"training": (1, first), "validation": (first, LAST_TRAINING + 1)}
    return tuple(range(*ends.get(split, (LAST_TRAINING + 1, SUBJECTS + 1))))
