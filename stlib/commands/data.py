"""`data`: fetch the real digits, list what there is, or write clips to disk."""

import os
from collections.abc import Callable
from pathlib import Path

from stlib.data.clips import Split
from stlib.data.digits import digits, download_mnist, fingerprint, mnist_folder
from stlib.data.german_radar import german_radar_folder, german_radar_origin
from stlib.data.kinetics import kinetics_folder, kinetics_missing, kinetics_origin
from stlib.data.kth import KTHClips, kth_folder, kth_missing, kth_origin
from stlib.data.moving_mnist import Preset
from stlib.data.something import something_folder, something_missing, something_origin
from stlib.data.something_v1 import (
    something_v1_folder,
    something_v1_missing,
    something_v1_origin,
)
from stlib.data.taxi_bj import TaxiBJClips, taxi_bj_folder, taxi_bj_missing, taxi_bj_origin
from stlib.files import unused
from stlib.recipes import Scale, experiment

__all__ = ["fetch", "listing", "write"]


def fetch(folder: Path, /) -> None:
    """Download MNIST's four files, 12 MB, and check their hashes.

    Args:
        folder: to put them in; set STLIB_DATA to it afterwards.
    """
    download_mnist(folder)
    print(f"MNIST is in {folder}. Say so to later commands: export STLIB_DATA={folder}")


def listing() -> None:
    """Say which data sets lie below STLIB_DATA, and what is missing."""
    print(f"{'STLIB_DATA':24}{os.environ.get('STLIB_DATA') or 'not set; export it'}")
    for name, tell in DATA_SETS.items():
        print(f"{name:24}{_told(tell)}")


def write(
    name: str, path: Path, /, scale: Scale = "lab", split: Split = "training", seed: int = 0
) -> None:
    """Write the clips of a Moving MNIST experiment to one .npy file of bytes.

    Args:
        name: of the experiment whose clips they are.
        path: of the file; it must not exist.
        scale: smoke, lab or paper.
        split: training, validation or test.
        seed: of the clips; the experiments use 0.

    Raises:
        FileExistsError: there is a file of that name.
        OSError: the file cannot be written.
        ValueError: an unknown name, one of other clips, or a split without clips.
    """
    preset = experiment(name).at(scale).data
    if not isinstance(preset, Preset):
        raise ValueError(f"{name=} has {type(preset).__name__}, expected Moving MNIST")
    unused(path)
    found = digits(preset.digits)
    clips = preset.dataset(found, split, seed)
    clips.to_disk(path)
    print(f"{len(clips)} clips of {found.name} ({fingerprint(found)[:12]}) in {path}")


def _mnist() -> str:
    return f"{digits('mnist').name}, in {mnist_folder()}"


def _kth() -> str:
    """With the numbers of clips as a paper takes them, for it prints them."""
    origin, lost = kth_origin().name, kth_missing()
    if lost:
        return f"{_counted(origin, lost)}, in {kth_folder()}"
    parts: tuple[Split, ...] = ("training", "validation")
    train, hold = (KTHClips(split=part, frames=16, division="eight train") for part in parts)
    clips = f"of eight subjects {len(train):,} clips of 16 frames, of eight others {len(hold):,}"
    return f"{origin}: {clips}, in {kth_folder()}"


def _kinetics() -> str:
    return f"{_counted(kinetics_origin().name, kinetics_missing())}, in {kinetics_folder()}"


def _something_v1() -> str:
    found = something_v1_folder()
    return f"{_counted(something_v1_origin().name, something_v1_missing())}, in {found}"


def _something() -> str:
    return f"{_counted(something_origin().name, something_missing())}, in {something_folder()}"


def _taxi_bj() -> str:
    """With the numbers of clips, for the paper prints them."""
    origin, lost = taxi_bj_origin().name, taxi_bj_missing()
    if lost:
        return f"{_counted(origin, lost)}, in {taxi_bj_folder()}"
    training, test = (TaxiBJClips(split=split, validating=0) for split in SPLITS)
    clips = f"{len(training):,} clips of 8 train, {len(test):,} test"
    return f"{origin}, {test.days} whole days: {clips}, in {taxi_bj_folder()}"


def _german_radar() -> str:
    return f"{german_radar_origin().name}, in {german_radar_folder()}"


def _told(tell: Callable[[], str]) -> str:
    """What is there, or what is wrong with it: one data set's fault hides no other."""
    try:
        return tell()
    except (ImportError, OSError, ValueError) as fault:
        return f"missing: {fault}"


def _counted(name: str, missing: list[str]) -> str:
    return f"{name}; {len(missing)} missing, the first {missing[0]}" if missing else name


SPLITS: tuple[Split, ...] = ("training", "test")
DATA_SETS: dict[str, Callable[[], str]] = {
    "MNIST": _mnist,
    "KTH": _kth,
    "Kinetics-400": _kinetics,
    "Something-Something V1": _something_v1,
    "Something-Something V2": _something,
    "TaxiBJ": _taxi_bj,
    "German radar": _german_radar,
}
