"""The command line: `python -m stlib`.

Bad input ends with one line that names the value and what was expected, and exit status 2.
"""

import contextlib
import io
import sys
from collections.abc import Callable, Sequence
from typing import Any

import torch

from stlib.commands import catalogue, data, doctor, queue, work
from stlib.extras import load
from stlib.recipes import experiment

__all__ = ["main"]

COMMANDS: dict[str, Callable[..., Any]] = {
    "doctor": doctor.doctor,
    "list": catalogue.list_experiments,
    "show": catalogue.show,
    "cost": catalogue.cost,
    "evaluate": work.evaluate,
    "predict": work.predict,
    "lpips": work.lpips,
    "data fetch": data.fetch,
    "data list": data.listing,
    "data write": data.write,
    "experiments run": queue.run,
    "experiments status": queue.status,
    "experiments report": queue.report,
}
HELP = frozenset({"-h", "--help"})


def main(arguments: Sequence[str]) -> int:
    """Run one command.

    Args:
        arguments: its words.

    Returns:
        The exit status: 0; 1 where training diverged or memory ran out; 2 for bad input; 130 where
        a key stopped it.

    Source: this book.
    """
    try:
        _dispatch(list(arguments))
    except (_Refused, ValueError, OSError, ImportError) as error:
        return _say(str(error), 2)
    except ArithmeticError as error:
        return _say(str(error), 1)
    except torch.OutOfMemoryError as error:
        return _say(f"{error}; a larger --accumulate takes less at once", 1)
    except KeyboardInterrupt:
        return _say("stopped; a run goes on from its last checkpoint with --resume", 130)
    return 0


class _Refused(Exception):
    """Arguments that tyro could not read, in its words."""


class _Helped(Exception):
    """tyro has printed the help that was asked for."""


def _dispatch(arguments: list[str]) -> None:
    first, *rest = arguments or ["--help"]
    if first == "train":
        _train(rest)
        return
    for words in (2, 1):
        name = " ".join(arguments[:words])
        if name in COMMANDS:
            with contextlib.suppress(_Helped):
                _read(COMMANDS[name], arguments[words:], f"stlib {name}")
            return
    known = ("train", *COMMANDS)
    beginning = [name for name in known if name.startswith(f"{first} ")]
    if first in HELP or (beginning and HELP.intersection(rest)):
        _print_usage(beginning or known)
        return
    said = " ".join(arguments) if beginning else first
    raise ValueError(f"{said!r} is no command; there are {', '.join(beginning or known)}")


def _print_usage(names: Sequence[str]) -> None:
    print("usage: python -m stlib COMMAND …; COMMAND is one of")
    for name in names:
        what, _, _ = (COMMANDS.get(name, work.train).__doc__ or "").partition("\n")
        print(f"  {name:20}{what}")
    print("and COMMAND --help says more")


def _train(arguments: list[str]) -> None:
    """First the options of `train`; what is left are fields of the recipe that they choose."""
    name, *rest = arguments or [""]
    helped = bool(HELP.intersection(arguments))
    words = [word for word in rest if word not in HELP]
    if name in HELP:
        with contextlib.suppress(_Helped):
            _read(work.Train, ["--help"], "stlib train NAME", partly=True)
        return
    if not name or name.startswith("-"):
        raise ValueError(f"train {name!r}: expected the name of an experiment; `list` prints them")
    options, left = _read(work.Train, words, f"stlib train {name}", partly=True)
    recipe = experiment(name).at(options.scale)
    if helped:
        for what, default in ((work.Train, None), (type(recipe), recipe)):
            with contextlib.suppress(_Helped):
                _read(what, ["--help"], f"stlib train {name}", default=default)
        return
    changed = _read(type(recipe), left, f"stlib train {name}", default=recipe)
    work.train(name, changed, options)


def _read(
    what: Any, arguments: list[str], name: str, *, partly: bool = False, default: Any = None
) -> Any:
    """Let tyro read the arguments; its framed complaints become one line."""
    tyro = load("tyro", "train")
    markers, given = [tyro.conf.AvoidSubcommands], {}
    if default is None:
        markers.append(tyro.conf.OmitArgPrefixes)
    else:  # a recipe, whose fields keep their whole names
        given["default"] = default
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            return tyro.cli(
                what, args=arguments, prog=name, return_unknown_args=partly, config=markers, **given
            )
    except SystemExit as stop:
        if stop.code in (0, None):
            raise _Helped from stop
        raise _Refused(_one_line(complaint.getvalue())) from stop


def _one_line(complaint: str) -> str:
    """tyro's complaint without its frame and title, and the options that it thinks were meant."""
    parts: list[list[str]] = [[]]
    for line in complaint.splitlines()[1:]:
        text = line.strip("│ ")
        if text.strip("─-╰╯"):
            parts[-1].append(text)
        else:  # a rule, or an empty line
            parts.append([])
    said, *hints = [part for part in parts if part] or [["the arguments could not be read"]]
    similar = [
        line.partition(" ")[0]
        for hint in hints
        for line in hint
        if line.startswith("--") and hint[0].startswith(("Arguments similar", "Perhaps"))
    ]
    return " ".join(said) + (f"; similar: {', '.join(similar)}" if similar else "")


def _say(complaint: str, status: int) -> int:
    print(f"stlib: {' '.join(complaint.split())}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
