"""Kinetics-400: films of ten seconds that show one of 400 actions, in files the reader has.

::

    train.csv, val.csv                                label,youtube_id,time_start,time_end,split
    train/riding a bike/aBc-d_000012_000022.mp4       the films, in folders one a class; blanks may
    val/riding_a_bike/xYz_9_000003_000013.mp4         be underscores

The test films are not named here: in the papers, the validation films test. A fiftieth of the
training films validates. Some films have left the web since the lists were made, so that nobody has
all of them: `absent` says whether that is an error.
"""

import csv
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from stlib.data.clips import Origin, Split, held_back, mixed
from stlib.data.crops import Crops, stretch
from stlib.data.damage import Damaged, Faults
from stlib.data.film_clips import FilmClips
from stlib.data.folders import find, missing
from stlib.data.video import Frames, Short, check_video, count_frames, read_places

__all__ = [
    "KineticsClips",
    "kinetics_folder",
    "kinetics_missing",
    "kinetics_origin",
    "read_films",
]

LISTS = {"train": ("train.csv",), "val": ("val.csv", "validate.csv")}  # of two publishers
COLUMNS = ("label", "youtube_id", "time_start", "time_end")
FIFTIETH = 50
REMEDY = (
    "fetch train.csv and val.csv of Kinetics-400, and films as they name them, as "
    "https://github.com/cvdfoundation/kinetics-dataset tells"
)


class Film(NamedTuple):
    """What a list says of one film.

    Attributes:
        label: its class.
        name: of its file.

    Source: Carreira and Zisserman 2017.
    """

    label: str
    name: str


class KineticsClips(FilmClips):
    """Clips from Kinetics-400's films.

    Source: Carreira and Zisserman 2017; Miao et al., section 3.2.1.
    """

    def __init__(
        self,
        folder: str | Path | None = None,
        *,
        split: Split = "training",
        samples: int | None = None,
        frames: int = 8,
        every: int = 8,
        canvas: int = 224,
        shorts: tuple[int, int] = (256, 320),
        flips: bool = True,
        crops: Crops = Crops(),
        seed: int = 0,
        absent: Damaged = "error",
        damaged: Damaged = "error",
    ) -> None:
        """Find the films; frames are read later.

        Args:
            folder: that holds the lists and the films, or ``kinetics/`` with them; None is
                STLIB_DATA.
            split: 'training', 'validation' or 'test'.
            samples: how many films; None is all.
            frames: of a clip, each the first of `every` consecutive ones of the film.
            every: see `frames`.
            canvas, shorts, flips, crops, seed: as in `FilmClips`.
            absent: 'error' raises at the first film that a list names and that is not there;
                'skip' leaves those out, and warns.
            damaged: 'error' raises when a broken film is read; 'skip' walks through all films now,
                leaves broken ones out, and warns.

        Raises:
            FileNotFoundError: a list, or a film, is missing.
            ValueError: a number out of its range, a damaged list, a film in the folder of another
                class, fewer films than asked for.
            ImportError: PyAV is missing, where damage is skipped.
        """
        stretch(1, frames, every, 0.0)  # says what is wrong with the numbers
        found = _folder(folder)
        listed = {which: read_films(_list(found, which)) for which in LISTS}
        classes = sorted({film.label for films in listed.values() for film in films})
        which = "val" if split == "test" else "train"
        there, gone, broken = _films(found / which), Faults(absent), Faults(damaged)
        paths, labels = [], []
        for film in held_back(listed[which], split, FIFTIETH):
            path = there.get(film.name)
            if path is None:
                lost = f"{found / which / film.label / film.name} is missing; a list names it"
                gone.meet(FileNotFoundError(lost))
            elif _is_whole(path, film, broken):
                paths.append(path)
                labels.append(classes.index(film.label))
        gone.tell("Kinetics-400")
        broken.tell("Kinetics-400")
        self.skipped = (*gone.noted, *broken.noted)
        taken = mixed([path.name for path in paths], samples)
        super().__init__(
            [paths[place] for place in taken],
            [labels[place] for place in taken],
            classes,
            split=split,
            canvas=canvas,
            shorts=shorts,
            flips=flips,
            crops=crops,
            seed=seed,
        )
        self.frames, self.every = frames, every

    def _count(self, film: Path) -> int:
        return count_frames(film)

    def _places(self, count: int, when: float) -> tuple[int, ...]:
        return stretch(count, self.frames, self.every, when)

    def _read(self, film: Path, places: Sequence[int], short: int) -> Frames:
        return read_places(film, places, size=Short(short), colour=True)


def kinetics_folder(folder: str | Path | None = None) -> Path | None:
    """The folder with the lists: `folder` itself, or ``kinetics`` in it; None if neither.

    Args:
        folder: where to look; None is the environment variable STLIB_DATA.

    Source: this book.
    """
    return find("kinetics", LISTS["train"][0], folder)


def kinetics_origin(folder: str | Path | None = None) -> Origin:
    """How many films the lists name and how many of them are there; a hash of both.

    Args:
        folder: as for `KineticsClips`.

    Raises:
        FileNotFoundError: a list is missing.
        ValueError: a damaged list, or two films of one name.

    Source: this book.
    """
    found = _folder(folder)
    summed, named = hashlib.sha256(), 0
    for which in LISTS:
        path = _list(found, which)
        summed.update(path.read_bytes())
        named += len(read_films(path))
    lost = kinetics_missing(folder)
    summed.update(repr(lost).encode())
    return Origin(f"Kinetics-400, {named - len(lost)} of {named} films", summed.hexdigest())


def kinetics_missing(folder: str | Path | None = None) -> list[str]:
    """The names of the films that the lists name and that are not there.

    Args:
        folder: as for `KineticsClips`.

    Raises:
        FileNotFoundError: a list is missing.
        ValueError: a damaged list, or two films of one name.

    Source: this book.
    """
    return list(_missing(_folder(folder)))


def read_films(path: Path) -> list[Film]:
    """The films of a list, in its order.

    Args:
        path: of a CSV file whose head names ``label``, ``youtube_id``, ``time_start`` and
            ``time_end``, in seconds; other columns are left alone.

    Raises:
        OSError: the file cannot be read.
        ValueError: another head, a line that lacks an entry or a time, no film, or one twice.

    Source: Carreira and Zisserman 2017.
    """
    films = []
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        if not set(COLUMNS) <= set(rows.fieldnames or ()):
            raise ValueError(f"{path}: expected a head with {', '.join(COLUMNS)}")
        for row in rows:
            label, name, start, end = (row[column] or "" for column in COLUMNS)
            if not (label and name and start.isdecimal() and end.isdecimal()):
                told = f"{label},{name},{start},{end}"
                raise ValueError(
                    f"{path}, line {rows.line_num}: {told!r}, expected {', '.join(COLUMNS)}"
                )
            films.append(Film(label, f"{name}_{int(start):06}_{int(end):06}.mp4"))
    if not films or len({film.name for film in films}) < len(films):
        raise ValueError(f"{path}: expected films, each once; found {len(films)}")
    return films


def _folder(folder: str | Path | None) -> Path:
    found = kinetics_folder(folder)
    if found is None:
        raise missing("kinetics", LISTS["train"][0], folder, REMEDY)
    return found


def _list(folder: Path, which: str) -> Path:
    places = [folder / name for name in LISTS[which]]
    there = next((place for place in places if place.is_file()), None)
    if there is None:
        raise FileNotFoundError(f"{places[0]} is missing; {REMEDY}")
    return there


def _films(folder: Path) -> dict[str, Path]:
    """Every film in the folders of the classes, by its name.

    Raises:
        ValueError: two of one name.
    """
    films: dict[str, Path] = {}
    for path in sorted(folder.glob("*/*.mp4")):
        if path.name in films:
            raise ValueError(f"{path} and {films[path.name]}: expected one film of that name")
        films[path.name] = path
    return films


def _missing(folder: Path) -> Iterator[str]:
    for which in LISTS:
        there = _films(folder / which)
        yield from (
            film.name for film in read_films(_list(folder, which)) if film.name not in there
        )


def _is_whole(path: Path, film: Film, faults: Faults) -> bool:
    """Whether a film lies in the folder of its class and, where damage is skipped, is whole."""
    try:
        if path.parent.name.replace("_", " ") != film.label.replace("_", " "):
            raise ValueError(f"{path}: expected in the folder of its class, {film.label!r}")
        if faults.damaged == "skip":
            check_video(path)
    except ValueError as fault:
        faults.meet(fault)
        return False
    return True
