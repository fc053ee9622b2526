"""`doctor`: what this machine has, and what to run on it."""

import os
import platform
from importlib.util import find_spec

import torch

from stlib.data.digits import mnist_folder

__all__ = ["doctor", "findings"]

# What must import, by the extra of pyproject.toml that brings it.
EXTRAS = {
    "train": (
        "accelerate", "av", "filelock", "h5py", "lpips", "pooch", "safetensors", "skimage",
        "sklearn", "tensorboard", "torchvision", "tqdm", "tyro",
    ),
    "book": (
        "anywidget", "captum", "hypothesis", "ipywidgets", "jupyter_book", "jupyterlab",
        "matplotlib", "plotly", "scipy", "sphinx_exercise", "sphinx-mathjax-offline",
        "sphinx_proof", "sympy", "tensorly",
    ),
}  # fmt: skip


def findings() -> dict[str, str]:
    """What matters for training and for the labs, by name.

    Source: this book.
    """
    cuda = torch.cuda.is_available()
    found = {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "processor": f"{os.cpu_count()} cores, {torch.get_num_threads()} threads",
        "gpu": _gpus() if cuda else "none",
    }
    for extra, modules in EXTRAS.items():
        missing = [module for module in modules if find_spec(module) is None]
        install = f"pip install 'stlib[{extra}]'"
        found[extra] = f"lacks {', '.join(missing)}: {install}" if missing else "complete"
    folder = mnist_folder()
    found["STLIB_DATA"] = os.environ.get("STLIB_DATA") or "not set"
    found["digits"] = f"MNIST, {folder}" if folder else "scikit-learn's; see `data fetch`"
    found["scale"] = "paper" if cuda else "lab"
    return found


def doctor() -> None:
    """Say what this machine has, and which scale to run on it."""
    for name, what in findings().items():
        print(f"{name:12}{what}")


def _gpus() -> str:
    names = []
    for number in range(torch.cuda.device_count()):
        device = torch.cuda.get_device_properties(number)
        names.append(f"{device.name}, {device.total_memory / 2**30:.0f} GiB")
    return "; ".join(names)
