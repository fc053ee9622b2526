"""What a reader can set, read from the abbreviations that ipywidgets uses."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Control", "read_controls"]


@dataclass(frozen=True)
class Control:
    """One setting: its name, the values it can take in order, and where it starts."""

    name: str
    values: tuple[Any, ...]
    start: int  # an index into values
    slides: bool  # a slider over numbers, else a choice

    @property
    def label(self) -> str:
        """The name as the reader sees it."""
        return self.name.replace("_", " ")


def read_controls(
    figure: Callable[..., Any], abbreviations: Mapping[str, Any]
) -> tuple[Control, ...]:
    """Turn abbreviations into controls.

    Args:
        figure: its parameters' defaults, where it has them, say where each control starts.
        abbreviations: ``(min, max)`` or ``(min, max, step)`` for a slider, a list for a choice.
            A slider of whole numbers has step 1, another one 0.1.

    Returns:
        One control a name, in the order given. Without a default, a slider starts in the middle,
        as ipywidgets has it, and a choice with its first entry.

    Raises:
        ValueError: no controls, one that the figure does not take, an empty range or list,
            something that is neither, or a default that the control cannot take.

    Source: the abbreviations are those of ipywidgets' ``interact``.
    """
    if not abbreviations:
        raise ValueError("explore() needs at least one control, for example n=(1, 6)")
    parameters = inspect.signature(figure).parameters
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    unknown = [name for name in abbreviations if name not in parameters]
    if unknown and not takes_any:
        raise ValueError(f"the figure takes {list(parameters)}, not {', '.join(unknown)}")
    controls = []
    for name, abbreviation in abbreviations.items():
        values, slides = _values(name, abbreviation)
        start = (len(values) - 1) // 2 if slides else 0
        default = parameters[name].default if name in parameters else inspect.Parameter.empty
        if default is not inspect.Parameter.empty:
            if default not in values:
                raise ValueError(f"{name}={default!r} is the default, expected one of {values}")
            start = values.index(default)
        controls.append(Control(name, values, start, slides))
    return tuple(controls)


def _values(name: str, abbreviation: Any) -> tuple[tuple[Any, ...], bool]:
    """The values, and whether they are a slider's."""
    if isinstance(abbreviation, list) and abbreviation:
        return tuple(abbreviation), False
    if (
        not isinstance(abbreviation, tuple)
        or len(abbreviation) not in (2, 3)
        or not all(type(number) in (int, float) for number in abbreviation)
    ):
        raise ValueError(
            f"{name}={abbreviation!r}, expected (min, max), (min, max, step) or a list"
        )
    low, high, *rest = abbreviation
    whole = all(isinstance(number, int) for number in abbreviation)
    step = rest[0] if rest else (1 if whole else 0.1)
    if low >= high or step <= 0:
        raise ValueError(f"{name}={abbreviation!r}, expected min < max and step > 0")
    count = int((high - low) / step + 1e-9) + 1  # 1e-9: 0.3 / 0.1 is a little less than 3
    # Rounding hides the same rounding error: 3 * 0.1 is to read 0.3.
    return tuple(low + i * step if whole else round(low + i * step, 9) for i in range(count)), True
