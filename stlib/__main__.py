"""The command line: `python -m stlib`.

Bad input ends with one line that names the value and what was expected, and exit status 2.
"""

import contextlib
import io
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

from stlib.commands import catalogue, data, doctor, queue, work
from stlib.extras import load
from stlib.recipes import Recipe, experiment

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
    "data write": data.write,
    "experiments run": queue.run,
    "experiments status": queue.status,
    "experiments report": queue.report,
}
USAGE = "usage: python -m stlib COMMAND …; COMMAND is one of\n" + "".join(
    f"  {name}\n" for name in ("train", *COMMANDS)
)
FRAME = re.compile(r"[╭╮╰╯│─]+")


def main(arguments: Sequence[str]) -> int:
    """Run one command.

    Args:
        arguments: its words.

    Returns:
        The exit status: 0, 1 where training diverged, 2 for bad input.

    Source: this book.
    """
    if not arguments or arguments[0] in ("-h", "--help"):
        print(USAGE, end="")
        return 0
    try:
        _dispatch(list(arguments))
    except _Refused as refused:
        return _say(str(refused), 2)
    except (ValueError, OSError, ImportError) as error:
        return _say(str(error), 2)
    except ArithmeticError as error:
        return _say(str(error), 1)
    return 0


class _Refused(Exception):
    """Arguments that tyro could not read, in its words."""


def _dispatch(arguments: list[str]) -> None:
    if arguments[0] == "train":
        _train(arguments[1:])
        return
    for words in (2, 1):
        name = " ".join(arguments[:words])
        if name in COMMANDS:
            _read(COMMANDS[name], arguments[words:], f"stlib {name}")
            return
    raise ValueError(f"{arguments[0]!r} is no command; there are train, {', '.join(COMMANDS)}")


def _train(arguments: list[str]) -> None:
    """First the options of `train`; what is left are fields of the recipe that they choose."""
    if arguments and not arguments[0].startswith("-"):
        name, *rest = arguments
    elif set(arguments) & {"-h", "--help"}:
        name, rest = "", ["--help"]
    else:
        raise ValueError("train: expected the name of an experiment; `list` prints them")
    options, left = _read(work.Train, rest, "stlib train NAME", partly=True)
    recipe = experiment(name).at(options.scale)
    changed = _read(Recipe, left, f"stlib train {name}", default=recipe)
    work.train(name, changed, options)


def _read(
    what: Any, arguments: list[str], name: str, *, partly: bool = False, default: Any = None
) -> Any:
    """Let tyro read the arguments; its framed complaints become one line."""
    tyro = load("tyro", "train")
    markers = [tyro.conf.AvoidSubcommands, tyro.conf.OmitArgPrefixes]
    given = {} if default is None else {"default": default}
    if default is not None:
        markers = markers[:1]  # a recipe's fields keep their whole names
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            return tyro.cli(
                what, args=arguments, prog=name, return_unknown_args=partly, config=markers, **given
            )
    except SystemExit as stop:
        if stop.code in (0, None):
            return sys.exit(0)
        raise _Refused(_one_line(complaint.getvalue())) from stop


def _one_line(complaint: str) -> str:
    """tyro's complaint without frame, title and hints."""
    lines = [FRAME.sub(" ", line).strip() for line in complaint.splitlines()[1:]]
    said = " ".join(line for line in lines if line)
    return re.split(r" For full helptext| Argument helptext", said)[0]


def _say(complaint: str, status: int) -> int:
    print(f"stlib: {' '.join(complaint.split())}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
