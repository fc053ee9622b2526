"""Something-Something V2: films of hands that do something with something, in published files.

::

    something-something-v2-train.json        or labels/train.json: id and template of each film
    something-something-v2-validation.json   or labels/validation.json
    something-something-v2-labels.json       or labels/labels.json: the 174 templates, numbered
    20bn-something-something-v2/78687.webm   the films, by their id

The official test films have no labels. So, as in the papers, the official validation films test,
and a tenth of the training films validate.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch

from stlib.data.clips import Clip, LabelledClips, Origin, Split, existing, held_back, mixed
from stlib.data.damage import Damaged, Faults
from stlib.data.folders import find, missing
from stlib.data.video import Filter, check_video, read_evenly

__all__ = [
    "SomethingClips",
    "read_templates",
    "something_folder",
    "something_missing",
    "something_origin",
    "something_subset",
]

NAMES = ("something-something-v2-{}.json", "labels/{}.json")  # of the first release, of the second
FILMS = ("20bn-something-something-v2", "videos", ".")
TENTH = 10
WHITE = 255
REMEDY = "ask for the data set at https://www.qualcomm.com/developer/software/something-something-v-2-dataset"


class _Film(NamedTuple):
    """What a file of labels says of one film."""

    number: str
    template: str


class SomethingClips(LabelledClips):
    """Clips from Something-Something V2, in colour, read when they are asked for.

    Attributes:
        skipped: what was wrong with each film left out; empty where damage is an error.

    Source: Goyal et al. 2017; Su et al., appendix B.4.
    """

    def __init__(
        self,
        folder: str | Path | None = None,
        *,
        split: Split = "training",
        samples: int | None = None,
        frames: int = 20,
        share: float = 1.0,
        canvas: int = 224,
        templates: Sequence[str] = (),
        filter: Filter = "bilinear",
        damaged: Damaged = "error",
    ) -> None:
        """Find the films; frames are read later.

        Args:
            folder: that holds the files of labels and the films, or ``something/`` with them; None
                is STLIB_DATA.
            split: 'training', 'validation' or 'test'.
            samples: how many clips; None is one for every film.
            frames: of a clip, evenly over the film.
            share: of the film, from its beginning, over which they lie.
            canvas: height and width in pixels; proportions are not kept.
            templates: of the classes wanted, in their order; none is all 174.
            filter: how frames are resized, as in `stlib.data.video.resized`.
            damaged: 'error' raises at the first film that is missing or has an unknown template,
                and a broken one when it is read; 'skip' walks through all films now, leaves those
                out, and warns.

        Raises:
            FileNotFoundError: a file of labels, or a film, is missing.
            ValueError: a number out of its range, a template that no film has, a damaged file of
                labels, fewer clips than asked for.
            ImportError: PyAV is missing, where damage is skipped.
        """
        if min(frames, canvas) < 1 or not 0 < share <= 1:
            raise ValueError(f"{frames=}, {canvas=}, {share=}: expected from 1, a share up to 1")
        found = _folder(folder)
        known = _numbered(found)
        self.classes = tuple(_bare(each) for each in templates) or known
        label = {template: place for place, template in enumerate(self.classes)}
        if len(label) < len(self.classes):
            raise ValueError(f"{templates=}: expected each once")
        unknown = [template for template in self.classes if template not in known]
        if unknown:
            raise ValueError(f"template {unknown[0]!r} is not among the {len(known)} in {found}")
        faults, films = Faults(damaged), _where(found)
        chosen: list[_Film] = []
        for film in _of_split(found, split):
            if film.template not in known:
                told = (
                    f"film {film.number}: {film.template!r} is not among the {len(known)} templates"
                )
                faults.meet(ValueError(told))
            elif film.template in label:
                chosen.append(film)
        held = held_back(chosen, split, TENTH)
        kept = [film for film in held if _is_there(films, film, faults)]
        faults.tell("Something-Something V2")
        self.skipped = tuple(faults.noted)
        self.frames, self.share, self.canvas, self.filter = frames, share, canvas, filter
        taken = [kept[place] for place in mixed([film.number for film in kept], samples)]
        self.films = [_path(films, film) for film in taken]
        self.labels = tuple(label[film.template] for film in taken)

    def __len__(self) -> int:
        return len(self.films)

    def __getitem__(self, index: int) -> Clip:
        """Clip `index`, in [0, 1].

        Raises:
            IndexError: there is no such clip.
            FileNotFoundError: its film has gone.
            ValueError: its film is broken.
            ImportError: PyAV is missing.
        """
        read = read_evenly(
            self.films[existing(index, len(self))],
            self.frames,
            size=self.canvas,
            share=self.share,
            colour=True,
            filter=self.filter,
        )
        return torch.from_numpy(read).float().div_(WHITE)


def something_folder(folder: str | Path | None = None) -> Path | None:
    """The folder with the files of labels: `folder` itself, or ``something`` in it; else None.

    Args:
        folder: where to look; None is the environment variable STLIB_DATA.

    Source: this book.
    """
    places = (find("something", name.format("train"), folder) for name in NAMES)
    return next((place for place in places if place), None)


def something_origin(folder: str | Path | None = None, templates: str = "") -> Origin:
    """How many films the labels name, and a hash of the files of labels.

    Args:
        folder: as for `SomethingClips`.
        templates: the file of a subset, as for `something_subset`: other templates, in another
            order too, are another origin; remarks beside them are not.

    Raises:
        FileNotFoundError: a file of labels, or that of the subset, is missing.
        ValueError: a damaged file.

    Source: this book.
    """
    found, summed = _folder(folder), hashlib.sha256()
    for which in ("train", "validation", "labels"):
        summed.update(_file(found, which).read_bytes())
    films = sum(len(_entries(_file(found, which))) for which in ("train", "validation"))
    name = f"Something-Something V2, {films} films"
    if subset := something_subset(templates, folder):
        summed.update(json.dumps(subset).encode())
        name += f", {len(subset)} templates of {templates}"
    return Origin(name, summed.hexdigest())


def something_missing(folder: str | Path | None = None) -> list[str]:
    """The names of the films that the files of labels name and that are not there.

    Args:
        folder: as for `SomethingClips`.

    Raises:
        FileNotFoundError: a file of labels is missing, or there is no film at all.
        ValueError: a damaged file of labels.

    Source: this book.
    """
    found = _folder(folder)
    there = {entry.name for entry in os.scandir(_where(found))}
    named = [film for which in ("train", "validation") for film in _entries(_file(found, which))]
    return [f"{film.number}.webm" for film in named if f"{film.number}.webm" not in there]


def something_subset(name: str, folder: str | Path | None = None) -> tuple[str, ...]:
    """The templates that a text file beside the files of labels names.

    Args:
        name: of the file; '' names no template, which stands for all.
        folder: as for `SomethingClips`.

    Raises:
        FileNotFoundError: no such file.
        ValueError: as `read_templates`.

    Source: this book.
    """
    if not name:
        return ()
    path = _folder(folder) / name
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing; write the templates of the subset, a line each"
        )
    return read_templates(path)


def read_templates(path: str | Path) -> tuple[str, ...]:
    """The classes of a subset: a template a line, in the order of their numbers.

    Args:
        path: of the text file; empty lines, and what follows a ``#``, are left out.

    Raises:
        OSError: the file cannot be read.
        ValueError: it names no template, or one twice.

    Source: this book; which 41 templates Su et al. used is theirs to say.
    """
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    named = [_bare(line.partition("#")[0]) for line in lines]
    templates = tuple(line for line in named if line)
    if not templates or len(set(templates)) < len(templates):
        raise ValueError(
            f"{path}: expected templates, a line each, each once; found {len(templates)}"
        )
    return templates


def _folder(folder: str | Path | None) -> Path:
    found = something_folder(folder)
    if found is None:
        raise missing("something", NAMES[0].format("train"), folder, REMEDY)
    return found


def _file(folder: Path, which: str) -> Path:
    """One of the files of labels, by the name of either release."""
    places = [folder / name.format(which) for name in NAMES]
    there = next((place for place in places if place.is_file()), None)
    if there is None:
        raise FileNotFoundError(f"{places[0]} is missing, and {places[1]} too; {REMEDY}")
    return there


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: expected JSON, found: {error}") from error


def _numbered(folder: Path) -> tuple[str, ...]:
    """All templates, in the order of their numbers."""
    path = _file(folder, "labels")
    held = _json(path)
    if not isinstance(held, dict) or not held:
        raise ValueError(f"{path}: expected templates and their numbers")
    numbers = {_bare(template): str(number) for template, number in held.items()}
    if sorted(numbers.values()) != sorted(str(number) for number in range(len(held))):
        raise ValueError(f"{path}: expected each number from 0 to {len(held) - 1} once")
    return tuple(sorted(numbers, key=lambda template: int(numbers[template])))


def _entries(path: Path) -> list[_Film]:
    """What a file says of its films, by their numbers."""
    held = _json(path)
    if not isinstance(held, list):
        raise ValueError(f"{path}: expected a list of films, found {type(held).__name__}")
    films = []
    for place, entry in enumerate(held):
        said = entry if isinstance(entry, dict) else {}
        number, template = str(said.get("id", "")), said.get("template")
        if not number.isdecimal() or not isinstance(template, str):
            raise ValueError(f"{path}, entry {place}: {entry!r}, expected an id and a template")
        films.append(_Film(number, _bare(template)))
    if len({film.number for film in films}) < len(films):
        raise ValueError(f"{path}: expected each id once")
    return sorted(films, key=lambda film: int(film.number))


def _of_split(folder: Path, split: Split) -> list[_Film]:
    return _entries(_file(folder, "validation" if split == "test" else "train"))


def _where(folder: Path) -> Path:
    """The folder of the films themselves."""
    for name in FILMS:
        place = folder / name
        if place.is_dir() and any(entry.name.endswith(".webm") for entry in os.scandir(place)):
            return place
    raise FileNotFoundError(f"{folder / FILMS[0]}: expected films, as in 78687.webm; {REMEDY}")


def _path(films: Path, film: _Film) -> Path:
    return films / f"{film.number}.webm"


def _is_there(films: Path, film: _Film, faults: Faults) -> bool:
    """Whether a film's file is there and, where damage is skipped, whole."""
    path = _path(films, film)
    try:
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing; the labels name it")
        if faults.damaged == "skip":
            check_video(path)
    except (FileNotFoundError, ValueError) as fault:
        faults.meet(fault)
        return False
    return True


def _bare(template: str) -> str:
    """A template without the brackets around its things: some files have them, some do not."""
    return template.replace("[", "").replace("]", "").strip()
