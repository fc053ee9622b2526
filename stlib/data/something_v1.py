"""Something-Something V1: hands that do something with something, each film a folder of images.

::

    something-something-v1-labels.csv                the 174 templates, a line each
    something-something-v1-train.csv                 100218;Tearing something into two pieces
    something-something-v1-validation.csv            the same for the films that test in the papers
    20bn-something-something-v1/100218/00001.jpg     the films' frames

The official test films have no labels. As in version 2, whose films and labels are others
(`stlib.data.something`), the official validation films test and a tenth of the training films
validates. Films are never flipped: left and right are part of what they show.
"""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from stlib.data.clips import Origin, Split, held_back, mixed
from stlib.data.crops import Crops, spread
from stlib.data.damage import Damaged, Faults
from stlib.data.film_clips import FilmClips
from stlib.data.folders import find, missing
from stlib.data.images import check_images, count_images, read_images
from stlib.data.video import Frames, Short

__all__ = ["SomethingV1Clips", "something_v1_folder", "something_v1_missing", "something_v1_origin"]

NAME = "something-something-v1-{}.csv"
FILMS = "20bn-something-something-v1"
TENTH = 10
REMEDY = "it takes the three lists and the folders of frames as they were published"


class _Film(NamedTuple):
    """What a list says of one film."""

    number: str
    template: str


class SomethingV1Clips(FilmClips):
    """Clips from Something-Something V1.

    Source: Goyal et al. 2017; Miao et al., section 3.3.
    """

    def __init__(
        self,
        folder: str | Path | None = None,
        *,
        split: Split = "training",
        samples: int | None = None,
        frames: int = 8,
        canvas: int = 224,
        shorts: tuple[int, int] = (256, 320),
        crops: Crops = Crops(),
        seed: int = 0,
        damaged: Damaged = "error",
    ) -> None:
        """Find the films; frames are read later.

        Args:
            folder: that holds the lists and the films, or ``something-v1/`` with them; None is
                STLIB_DATA.
            split: 'training', 'validation' or 'test'.
            samples: how many films; None is all.
            frames: of a clip, over the whole film, one from each of as many equal parts.
            canvas, shorts, crops, seed: as in `FilmClips`.
            damaged: 'error' raises at the first film that is missing, and a broken one when it is
                read; 'skip' walks through all films now, leaves those out, and warns.

        Raises:
            FileNotFoundError: a list, or a film, is missing.
            ValueError: a number out of its range, a damaged list, fewer films than asked for.
        """
        spread(1, frames, 0.0)  # says what is wrong with the number
        found = _folder(folder)
        templates = _templates(found)
        label = {template: place for place, template in enumerate(templates)}
        films, faults = found / FILMS, Faults(damaged)
        listed = _listed(found, "validation" if split == "test" else "train")
        wrong = next((film for film in listed if film.template not in label), None)
        if wrong:
            raise ValueError(
                f"film {wrong.number}: {wrong.template!r} is not among the {len(label)} templates"
            )
        held = held_back(listed, split, TENTH)
        kept = [film for film in held if _is_there(films / film.number, faults)]
        faults.tell("Something-Something V1")
        self.skipped = tuple(faults.noted)
        taken = [kept[place] for place in mixed([film.number for film in kept], samples)]
        super().__init__(
            [films / film.number for film in taken],
            [label[film.template] for film in taken],
            templates,
            split=split,
            canvas=canvas,
            shorts=shorts,
            flips=False,
            crops=crops,
            seed=seed,
        )
        self.frames = frames

    def _count(self, film: Path) -> int:
        return count_images(film)

    def _places(self, count: int, when: float) -> tuple[int, ...]:
        return spread(count, self.frames, when)

    def _read(self, film: Path, places: Sequence[int], short: int) -> Frames:
        return read_images(film, places, size=Short(short), colour=True)


def something_v1_folder(folder: str | Path | None = None) -> Path | None:
    """The folder with the lists: `folder` itself, or ``something-v1`` in it; None if neither.

    Args:
        folder: where to look; None is the environment variable STLIB_DATA.

    Source: this book.
    """
    return find("something-v1", NAME.format("train"), folder)


def something_v1_origin(folder: str | Path | None = None) -> Origin:
    """How many films the lists name, and a hash of the lists.

    Args:
        folder: as for `SomethingV1Clips`.

    Raises:
        FileNotFoundError: a list is missing.
        ValueError: a damaged list.

    Source: this book.
    """
    found, summed = _folder(folder), hashlib.sha256()
    for which in ("labels", "train", "validation"):
        summed.update(_file(found, which).read_bytes())
    films = sum(len(_listed(found, which)) for which in ("train", "validation"))
    return Origin(f"Something-Something V1, {films} films", summed.hexdigest())


def something_v1_missing(folder: str | Path | None = None) -> list[str]:
    """The numbers of the films that the lists name and that are not there.

    Args:
        folder: as for `SomethingV1Clips`.

    Raises:
        FileNotFoundError: a list is missing, or the folder of all films.
        ValueError: a damaged list.

    Source: this book.
    """
    found = _folder(folder)
    if not (found / FILMS).is_dir():
        raise FileNotFoundError(f"{found / FILMS} is missing; {REMEDY}")
    there = {entry.name for entry in os.scandir(found / FILMS)}
    named = [film for which in ("train", "validation") for film in _listed(found, which)]
    return [film.number for film in named if film.number not in there]


def _folder(folder: str | Path | None) -> Path:
    found = something_v1_folder(folder)
    if found is None:
        raise missing("something-v1", NAME.format("train"), folder, REMEDY)
    return found


def _file(folder: Path, which: str) -> Path:
    path = folder / NAME.format(which)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; {REMEDY}")
    return path


def _lines(path: Path) -> list[str]:
    return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _templates(folder: Path) -> tuple[str, ...]:
    """All templates, in the order of the file of labels: their numbers."""
    path = _file(folder, "labels")
    templates = tuple(_lines(path))
    if not templates or len(set(templates)) < len(templates):
        raise ValueError(f"{path}: expected templates, a line each, each once")
    return templates


def _listed(folder: Path, which: str) -> list[_Film]:
    """What a list says of its films, by their numbers."""
    path, films = _file(folder, which), []
    for place, line in enumerate(_lines(path), start=1):
        number, mark, template = line.partition(";")
        if not (number.isdecimal() and mark and template):
            raise ValueError(f"{path}, film {place}: {line!r}, expected as in 100218;Tearing paper")
        films.append(_Film(number, template))
    if not films or len({film.number for film in films}) < len(films):
        raise ValueError(f"{path}: expected films, each once; found {len(films)}")
    return sorted(films, key=lambda film: int(film.number))


def _is_there(film: Path, faults: Faults) -> bool:
    """Whether a film's folder is there and, where damage is skipped, its frames are whole."""
    try:
        if not film.is_dir():
            raise FileNotFoundError(f"{film} is missing; a list names it")
        if faults.damaged == "skip":
            check_images(film)
    except (FileNotFoundError, ValueError) as fault:
        faults.meet(fault)
        return False
    return True
