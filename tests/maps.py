"""HDF5 files for the tests, written in the formats of the real ones."""

import numpy as np

from stlib.extras import load


def write_taxi_bj(path, dates, counts=None):
    """A file of TaxiBJ: what enters all cells in a slot is one number, what leaves is 7.

    Args:
        path: of the file.
        dates: as in ``'2013070101'``.
        counts: of the slots, or their places in the file.
    """
    numbers = np.arange(len(dates)) if counts is None else np.asarray(counts)
    data = np.full((len(dates), 2, 32, 32), 7, numbers.dtype)
    data[:, 0] = numbers[:, None, None]
    with load("h5py", "train").File(path, "w") as file:
        file.create_dataset(
            "data", data=data, chunks=(min(8, len(dates)), 2, 32, 32), compression="lzf"
        )
        file["date"] = np.array([date.encode() for date in dates])
    return path


def write_maps(path, maps):
    """A file of the German radar: arrays by their names."""
    with load("h5py", "train").File(path, "w") as file:
        for name, values in maps.items():
            file[name] = values
    return path
