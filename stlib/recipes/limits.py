"""What every kind of recipe asks of its numbers."""

from typing import Protocol, runtime_checkable

from stlib.recipes.data import DataChoice
from stlib.stages import Stage

__all__ = ["check"]


@runtime_checkable
class _Network(Protocol):
    @property
    def channels(self) -> int: ...


@runtime_checkable
class _Trained(Protocol):
    """What a recipe has, whatever it trains."""

    @property
    def network(self) -> _Network: ...
    @property
    def data(self) -> DataChoice: ...
    @property
    def stages(self) -> tuple[Stage, ...]: ...
    @property
    def batch(self) -> int: ...
    @property
    def clip(self) -> float | None: ...
    @property
    def validate_every(self) -> int: ...
    @property
    def validation_clips(self) -> int: ...
    @property
    def test_clips(self) -> int: ...


def check(recipe: _Trained) -> None:
    """Refuse a recipe whose numbers do not fit one another.

    Raises:
        ValueError: no stage; another number of channels than the clips have; more clips than there
            are, or none; a norm that is not positive.

    Source: this book.
    """
    if not recipe.stages:
        raise ValueError("stages=(): expected one stage at least")
    if recipe.network.channels != recipe.data.channels:
        raise ValueError(
            f"network.channels={recipe.network.channels}: expected {recipe.data.channels} as the "
            f"clips of {type(recipe.data).__name__} have"
        )
    if recipe.batch < 1 or not _are_there(recipe.batch, recipe.data.training):
        raise ValueError(
            f"batch={recipe.batch}: expected 1 to the {recipe.data.training} training clips"
        )
    if recipe.clip is not None and not recipe.clip > 0:
        raise ValueError(f"clip={recipe.clip}: expected a positive norm or None")
    if recipe.validate_every < 1:
        raise ValueError(f"validate_every={recipe.validate_every}: expected at least 1")
    held = {"validation_clips": recipe.data.validation, "test_clips": recipe.data.test}
    wanted = {"validation_clips": recipe.validation_clips, "test_clips": recipe.test_clips}
    for name, count in wanted.items():
        if count < 0 or not _are_there(count, held[name]):
            raise ValueError(f"{name}={count}: expected 0 to the {held[name]} there are")


def _are_there(wanted: int, held: int | None) -> bool:
    """Whether so many clips are there; where only opening them tells, it will."""
    return held is None or wanted <= held
