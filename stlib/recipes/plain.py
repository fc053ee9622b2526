"""Frozen dataclasses as JSON, and back: what a run's folder says of its recipe."""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from stlib.recipes.earlier import current
from stlib.recipes.experiment import AnyRecipe

__all__ = ["from_plain", "recipe_from_plain", "to_plain"]

T = TypeVar("T")
KIND = "kind"  # which of several dataclasses an entry is


def to_plain(value: Any) -> Any:
    """Turn a dataclass into dictionaries and lists; each dictionary names its class.

    Source: this book.
    """
    if is_dataclass(value):
        entries = {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}
        return {KIND: type(value).__name__, **entries}
    if isinstance(value, tuple | list):
        return [to_plain(entry) for entry in value]
    return value


def from_plain(wanted: type[T], plain: Any) -> T:
    """Build a dataclass from what `to_plain` made of it. Nothing but its type's classes is built.

    Recipes of earlier versions are read too, as `current` brings them up to date.

    Args:
        wanted: the dataclass, whose annotations say what each entry may be.
        plain: as JSON gives it back.

    Raises:
        ValueError: an entry that is missing, unknown or of another type, by its name.

    Source: this book.
    """
    return _read(wanted, current(plain), wanted.__name__)


def recipe_from_plain(plain: Any) -> AnyRecipe:
    """Build a recipe, of whichever kind it says it is.

    Raises:
        ValueError: as `from_plain`.

    Source: this book.
    """
    recipe: AnyRecipe = _read(AnyRecipe, current(plain), "recipe")
    return recipe


def _read(wanted: Any, plain: Any, where: str) -> Any:
    if get_origin(wanted) in (Union, types.UnionType):
        return _read_one_of(get_args(wanted), plain, where)
    if get_origin(wanted) is Literal:
        return _expect(plain in get_args(wanted), plain, where, f"one of {get_args(wanted)}")
    if get_origin(wanted) is tuple:
        entry, *rest = get_args(wanted)
        _expect(isinstance(plain, list | tuple), plain, where, "a list")
        kinds = [entry] * len(plain) if rest == [...] else [entry, *rest]
        _expect(len(kinds) == len(plain), plain, where, f"{len(kinds)} entries")
        numbered = enumerate(zip(kinds, plain, strict=True))
        return tuple(_read(kind, value, f"{where}[{i}]") for i, (kind, value) in numbered)
    if is_dataclass(wanted):
        return _read_dataclass(wanted, plain, where)
    if wanted is float:
        right = type(plain) is float or (type(plain) is int and abs(plain) < 2**53)
        return float(_expect(right, plain, where, "a number"))
    return _expect(type(plain) is wanted, plain, where, _name(wanted))


def _read_dataclass(wanted: Any, plain: Any, where: str) -> Any:
    name = wanted.__name__
    _expect(isinstance(plain, Mapping), plain, where, f"an entry of kind {name}")
    _expect(plain.get(KIND) == name, plain.get(KIND), f"{where}.{KIND}", repr(name))
    types_ = get_type_hints(wanted)
    names = {field.name for field in fields(wanted)}
    if names != plain.keys() - {KIND}:
        raise ValueError(f"{where}: holds {sorted(plain)}, expected {sorted(names)}")
    return wanted(**{name: _read(types_[name], plain[name], f"{where}.{name}") for name in names})


def _read_one_of(choices: tuple[Any, ...], plain: Any, where: str) -> Any:
    if isinstance(plain, Mapping):
        named = [choice for choice in choices if plain.get(KIND) == choice.__name__]
        known = [choice.__name__ for choice in choices]
        _expect(len(named) == 1, plain.get(KIND), f"{where}.{KIND}", f"one of {known}")
        return _read(named[0], plain, where)
    lists = [choice for choice in choices if get_origin(choice) is tuple]
    if isinstance(plain, list | tuple) and len(lists) == 1:
        return _read(lists[0], plain, where)  # so that an error names the entry within the list
    for choice in choices:
        try:
            return _read(choice, plain, where)
        except ValueError:
            continue
    return _expect(False, plain, where, " or ".join(_name(choice) for choice in choices))


def _name(wanted: Any) -> str:
    return "null" if wanted is types.NoneType else getattr(wanted, "__name__", str(wanted))


def _expect(right: bool, plain: Any, where: str, what: Any) -> Any:
    if not right:
        raise ValueError(f"{where}={plain!r}, expected {what}")
    return plain
