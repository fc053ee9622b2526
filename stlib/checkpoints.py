"""Tensors and what is to be known of them, in one safetensors file that is whole or not there."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from stlib.extras import load
from stlib.files import replacing

__all__ = ["load_tensors", "save_tensors"]

# How a file starts that could run code. The first bytes of safetensors are a length and can be any.
PICKLES = {b"PK\x03\x04": "a zip archive as torch.save writes it", b"\x80": "a pickle"}


def save_tensors(tensors: Mapping[str, Tensor], about: Mapping[str, Any], path: str | Path) -> Path:
    """Write tensors, and a JSON text in the file's header; what stood there stays until then.

    Args:
        tensors: by name.
        about: what JSON can hold: step, history, recipe.
        path: of the file; its folder must exist.

    Raises:
        ImportError: safetensors is missing.
        OSError: the folder is missing or cannot be written.
        ValueError: `about` holds a number that is not finite.

    Source: this book; safetensors.
    """
    library = load("safetensors.torch", "train")
    # A copy each: safetensors refuses tensors that share their memory.
    held = {
        name: tensor.detach().clone(memory_format=torch.contiguous_format)
        for name, tensor in tensors.items()
    }
    text = json.dumps(dict(about), allow_nan=False)
    path = Path(path)
    with replacing(path) as file:
        file.write(library.save(held, metadata={"about": text}))
    return path


def load_tensors(path: str | Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `save_tensors` wrote. Nothing in the file is executed.

    Returns:
        The tensors on the CPU, and what is to be known of them.

    Raises:
        ImportError: safetensors is missing.
        OSError: the file cannot be read.
        ValueError: a pickle, a damaged file, or one that `save_tensors` did not write.

    Source: this book; safetensors.
    """
    path = Path(path)
    with path.open("rb") as file:
        start = file.read(4)
    safetensors = load("safetensors", "train")
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get("about", "")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except safetensors.SafetensorError as error:
        for mark, what in PICKLES.items():
            if start.startswith(mark):
                raise ValueError(
                    f"{path}: {what}, which could run code when it is read; expected safetensors"
                ) from error
        raise ValueError(f"{path}: expected safetensors, found a damaged file ({error})") from error
    try:
        about = json.loads(text)
    except ValueError:
        about = None
    if not isinstance(about, dict):
        raise ValueError(f"{path}: expected safetensors that this package wrote, found others")
    return tensors, about
