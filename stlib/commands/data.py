"""`data`: fetch the real digits, or write clips to disk."""

from pathlib import Path

from stlib.data.clips import Split
from stlib.data.digits import digits, download_mnist, fingerprint
from stlib.data.moving_mnist import Preset
from stlib.files import unused
from stlib.recipes import Scale, experiment

__all__ = ["fetch", "write"]


def fetch(folder: Path, /) -> None:
    """Download MNIST's four files, 12 MB, and check their hashes.

    Args:
        folder: to put them in; set STLIB_DATA to it afterwards.
    """
    download_mnist(folder)
    print(f"MNIST is in {folder}. Say so to later commands: export STLIB_DATA={folder}")


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
