"""How far an output sees when layers recur and stand at several scales: exact arithmetic.

All arithmetic is along one axis; a square network has the same answer twice. A network is a
sequence of parts, from the frame to the output.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

__all__ = [
    "Bilinear",
    "Copies",
    "Part",
    "Pool",
    "Skip",
    "Unit",
    "as_printed",
    "cone",
    "encoder",
    "extent",
    "on_patches",
    "pyramid",
    "side",
]


class Unit(NamedTuple):
    """A recurrent layer: it reads what lies below, and its own last output, through its kernels.

    Kernels stand side by side, so that the widest rules. Between a memory and the gates that forget
    and fill it nothing is read but the pixel itself.

    Attributes:
        kernels: widths, odd.
        looks: whether the output gate reads each *new* memory, through a kernel as wide as that
            memory's own. Then a pixel passes two kernels in one step.

    Source: Ma et al., *MS-LSTM*, Eq. 2 (one kernel, no looks) and Eq. 3 (3 and 5, looks).
    """

    kernels: tuple[int, ...] = (3,)
    looks: bool = False

    @property
    def radius(self) -> int:
        """Pixels to either side that one step reads, of what lies below and of its last output."""
        return (max(self.kernels) // 2) * (2 if self.looks else 1)


class Pool(NamedTuple):
    """A mean or a maximum over `window` pixels, moved on by `stride`.

    On a canvas, every pixel is in a window and the last window may be cut, as `Pyramid` pools.

    Source: Dumoulin and Visin 2016.
    """

    window: int = 2
    stride: int = 2


class Bilinear(NamedTuple):
    """Interpolation to twice the pixels, corners not aligned: each reads two coarse neighbours.

    Source: torch.nn.functional.interpolate; Ma et al., *MS-LSTM*, section 4.1.
    """


class Copies(NamedTuple):
    """Each pixel becomes `times` pixels, equal or read from its channels.

    Source: this book.
    """

    times: int = 2


class Skip(NamedTuple):
    """What the parts make of a map, plus the map itself; what is too large is cut to its size.

    Source: Ma et al., *MS-LSTM*, Figure 2.
    """

    around: tuple["Part", ...]


Part: TypeAlias = Unit | Pool | Bilinear | Copies | Skip
Interval: TypeAlias = tuple[int, int]
Read: TypeAlias = list[Interval | None]


def encoder(unit: Unit, layers: int = 3, pools: int = 0) -> tuple[Part, ...]:
    """Layers with a pool behind each of the first `pools`.

    Args:
        unit: every layer.
        layers: how many.
        pools: at most ``layers - 1``, so that none stands at the end.

    Raises:
        ValueError: no layer, or pools that do not fit between the layers.

    Source: Ma et al., *MS-LSTM*, section 4.3.2: three layers, and two pools in SMS- and MS-LSTM.
    """
    if not 0 <= pools < max(layers, 1) or layers < 1:
        raise ValueError(f"{layers=}, {pools=}: at least one layer, and a pool only between two")
    return ((unit, Pool()) * pools) + (unit,) * (layers - pools)


def pyramid(unit: Unit, layers: int = 6) -> tuple[Part, ...]:
    """The parts of `stlib.networks.Pyramid`: down, up, and the skips that add.

    Args:
        unit: every layer.
        layers: an even number of them.

    Raises:
        ValueError: no layer, or an odd number of them.

    Source: Ma et al., *MS-LSTM*, section 4.1 and Figure 2.
    """
    if layers < 2 or layers % 2:
        raise ValueError(f"{layers=}: need an even number of layers")
    parts: tuple[Part, ...] = (unit, unit)
    for _ in range(layers // 2 - 1):
        parts = (unit, Skip((Pool(), *parts, Bilinear())), unit)
    return parts


def on_patches(parts: Sequence[Part], patch: int) -> tuple[Part, ...]:
    """The parts of `stlib.networks.Patched`: a patch is read as a pool reads, and written back.

    Raises:
        ValueError: a patch below 1.

    Source: Ma et al., *MS-LSTM*, section 6.
    """
    if patch < 1:
        raise ValueError(f"{patch=}: must be at least 1")
    return (Pool(patch, patch), *parts, Copies(patch))


def as_printed(parts: Sequence[Part]) -> tuple[Part, ...]:
    """The network that section 4.3.2 of Ma et al. seems to count in place of the real one.

    A unit counts as one convolution, that of its widest kernel: looks are left out. A pool keeps
    every second pixel, as if its window were one pixel wide. So `extent` gives 7 and 15 for the
    encoders of ConvLSTM and SMS-LSTM, as printed; the real ones have 7 and 18.

    Source: Ma et al., *MS-LSTM*, section 4.3.2, as we read it.
    """

    def counted(part: Part) -> Part:
        match part:
            case Unit():
                return part._replace(looks=False)
            case Pool():
                return part._replace(window=1)
            case Skip():
                return Skip(as_printed(part.around))
        return part

    return tuple(counted(part) for part in parts)


def cone(
    parts: Sequence[Part], at: int = 0, lags: int = 1, size: int | None = None
) -> list[Interval]:
    """First and last pixel that output pixel `at` can depend on, frame by frame.

    Where a pool's window is narrower than its stride there are gaps between the two.

    Args:
        parts: of the network, from the frame to the output.
        at: index of the output pixel.
        lags: how many frames; the first of the result is the last one read.
        size: pixels of the canvas, even or odd; None is a canvas without edges.

    Returns:
        Inclusive indices for lag 0, 1, …

    Raises:
        ValueError: a part that no network can have, a canvas without pixels, or negative lags.
        IndexError: `at` lies outside the output.

    Source: this book, chapters 3 and 14.
    """
    if lags < 0 or (size is not None and size < 1):
        raise ValueError(f"{lags=}, {size=}: lags count from 0, pixels from 1")
    for part in parts:
        _check(part)
    outputs = None if size is None else side(parts, size)
    if outputs is not None and not 0 <= at < outputs:
        raise IndexError(f"{at=} lies outside the output, {outputs} pixels")
    read: Read = [(at, at), *[None] * (lags - 1)][:lags]
    seen = _read(parts, read, size)
    # A network without a unit has no past.
    return [interval for interval in seen if interval is not None]


def extent(parts: Sequence[Part], lags: int = 1) -> list[int]:
    """How many pixels wide the cone is at lag 0, 1, …, on a canvas without edges.

    Behind a decoder it may differ by a pixel or two from one output to the next; this is output 0.

    Raises:
        ValueError: a part that no network can have, or negative lags.

    Source: this book, chapter 14.
    """
    return [last - first + 1 for first, last in cone(parts, 0, lags)]


def side(parts: Sequence[Part], size: int) -> int:
    """Pixels of the output for so many of the frame.

    Raises:
        ValueError: a part that no network can have, or a pool that has no room, which torch
            refuses.

    Source: this book, chapter 14.
    """
    for part in parts:
        _check(part)
        match part:
            case Pool(window, stride):
                # As many windows as it takes to cover all; none of them begins outside.
                outputs = min(-(-(size - window) // stride) + 1, -(-size // stride))
                if outputs < 1:
                    raise ValueError(f"{size} pixels for {part}: expected more")
                size = outputs
            case Bilinear():
                size = 2 * size
            case Copies(times):
                size = times * size
    return size


def _read(parts: Sequence[Part], read: Read, size: int | None) -> Read:
    """From what is read of the parts' output, lag by lag, to what is read of their input."""
    before = [None if size is None else side(parts[:place], size) for place in range(len(parts))]
    for part, canvas in zip(reversed(parts), reversed(before), strict=True):
        match part:
            case Unit():
                for lag in range(1, len(read)):  # its own past, then what lies below
                    back = _cut(_grown(read[lag - 1], part.radius), canvas)
                    read[lag] = _hull(read[lag], back)
                read = [_grown(one, part.radius) for one in read]
            case Pool(window, stride):
                read = [one and (one[0] * stride, one[1] * stride + window - 1) for one in read]
            case Bilinear():
                read = [one and ((one[0] - 1) // 2, (one[1] + 1) // 2) for one in read]
            case Copies(times):
                read = [one and (one[0] // times, one[1] // times) for one in read]
            case Skip(around):
                inside = _read(around, list(read), canvas)
                read = [_hull(*pair) for pair in zip(inside, read, strict=True)]
        read = [_cut(one, canvas) for one in read]
    return read


def _grown(one: Interval | None, by: int) -> Interval | None:
    return one and (one[0] - by, one[1] + by)


def _hull(one: Interval | None, other: Interval | None) -> Interval | None:
    if one is None or other is None:
        return one or other
    return min(one[0], other[0]), max(one[1], other[1])


def _cut(one: Interval | None, size: int | None) -> Interval | None:
    """What is on the canvas: a value outside is a zero, and no path leads through it."""
    if one is None or size is None:
        return one
    return max(one[0], 0), min(one[1], size - 1)


def _check(part: Part) -> None:
    match part:
        case Unit(kernels) if not kernels or any(k < 1 or k % 2 == 0 for k in kernels):
            raise ValueError(f"{part}: need one kernel at least, each odd and positive")
        case Pool(window, stride) if min(window, stride) < 1:
            raise ValueError(f"{part}: window and stride count from 1")
        case Copies(times) if times < 1:
            raise ValueError(f"{part}: must be at least one copy")
        case Skip(around):
            for inner in around:
                _check(inner)
