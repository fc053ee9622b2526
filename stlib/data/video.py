"""Films read from files: bytes of chosen frames, gray or in colour, resized."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

import numpy as np
import torch
from jaxtyping import UInt8
from torch.nn import functional as F

from stlib.data.clips import Canvas, sides
from stlib.extras import load

__all__ = [
    "Filter",
    "Frames",
    "Short",
    "Size",
    "check_video",
    "count_frames",
    "gray_or_colour",
    "read_evenly",
    "read_places",
    "read_video",
    "resized",
]

Filter: TypeAlias = Literal["bilinear", "area"]


class Short(NamedTuple):
    """A size by its shorter side; proportions are kept.

    Attributes:
        side: in pixels.

    Source: this book.
    """

    side: int


Size: TypeAlias = Canvas | Short
Frames: TypeAlias = UInt8[np.ndarray, "_time _channel _height _width"]

LUMA = np.array([299, 587, 114])  # thousandths of red, green and blue in gray: ITU-R BT.601
SLACK = 1.5  # frames that a header may announce and the file not hold, where nothing was cut off


def read_video(
    path: str | Path,
    frames: range,
    *,
    size: Size,
    colour: bool = False,
    filter: Filter = "bilinear",
) -> Frames:
    """Read chosen frames of a film.

    The film is decoded from its beginning, since many files tell wrongly where a frame lies.

    Args:
        path: of the file.
        frames: which, counted from 0; a step of 2 is every second.
        size: of the result: height and width, or one number for both, where proportions are not
            kept; or `Short`.
        colour: red, green and blue, rather than gray.
        filter: as in `resized`.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no film, is damaged, or ends before the last frame asked for; a range
            that is empty, runs backwards or begins before 0.
        ImportError: PyAV is missing.

    Source: this book; decoded by FFmpeg.
    """
    if not frames or frames[0] < 0 or frames.step < 0:
        raise ValueError(f"{frames=}, expected a range upwards from 0 or more")
    return read_places(path, frames, size=size, colour=colour, filter=filter)


def read_places(
    path: str | Path,
    places: Sequence[int],
    *,
    size: Size,
    colour: bool = False,
    filter: Filter = "bilinear",
) -> Frames:
    """Read frames of a film in any order, some perhaps twice; no others are kept in memory.

    Args:
        path: of the file.
        places: of the frames, counted from 0.
        size, colour, filter: as in `read_video`.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no film, is damaged, or ends before the last frame asked for; no place,
            or one before 0.
        ImportError: PyAV is missing.

    Source: this book; decoded by FFmpeg.
    """
    if not places or min(places) < 0:
        raise ValueError(f"{places=}, expected some, from 0 or more")
    last, taken, number = max(places), {}, -1
    wanted = set(places)
    with _opened(path) as (container, stream):
        for number, frame in enumerate(_decoded(path, container, stream)):
            if number in wanted:
                taken[number] = _shrunk(frame, size, colour, filter)
            if number == last:
                break
    if number < last:
        raise ValueError(f"{path}: expected frames 0 to {last}, found {number + 1}")
    return np.stack([taken[place] for place in places])


def read_evenly(
    path: str | Path,
    count: int,
    *,
    size: Size,
    share: float = 1.0,
    colour: bool = False,
    filter: Filter = "bilinear",
) -> Frames:
    """Read frames that lie evenly in a film, each in the middle of an equal part of it.

    Args:
        path: of the file.
        count: how many frames; a film of fewer shows some of them twice.
        size, colour, filter: as in `read_video`.
        share: of the film, from its beginning, in which they lie.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no film, is damaged or cut off; a number out of its range.
        ImportError: PyAV is missing.

    Source: this book; decoded by FFmpeg.
    """
    if count < 1 or not 0 < share <= 1:
        raise ValueError(f"{count=}, {share=}: expected a frame at least, and a share up to 1")
    with _opened(path) as (container, stream):
        whole = list(_decoded(path, container, stream))
        _check_end(path, container, stream, len(whole), _seconds(whole[-1:]))
    places = ((np.arange(count) + 0.5) / count * share * len(whole)).astype(np.intp)
    chosen = {place: _shrunk(whole[place], size, colour, filter) for place in places.tolist()}
    return np.stack([chosen[place] for place in places.tolist()])


def check_video(path: str | Path, least: int = 1) -> None:
    """Walk through a film without decoding more than its first frame.

    Args:
        path: of the file.
        least: frames that it must hold.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no film, is cut off, or holds fewer frames.
        ImportError: PyAV is missing.

    Source: this book.
    """
    with _opened(path) as (container, stream):
        next(_decoded(path, container, stream), None)
    with _opened(path) as (container, stream):
        packets = _packets(container, stream)
        if any(packet.is_corrupt for packet in packets):
            raise ValueError(f"{path}: expected whole packets, found a damaged one")
        last = max(packets, key=lambda packet: packet.pts or 0, default=None)
        seconds = None if last is None or last.pts is None else float(last.pts * last.time_base)
        _check_end(path, container, stream, len(packets), seconds)
        if len(packets) < least:
            raise ValueError(f"{path}: expected at least {least} frames, found {len(packets)}")


def count_frames(path: str | Path) -> int:
    """How many frames a film holds, without decoding any.

    Args:
        path: of the file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no film, or holds no frame.
        ImportError: PyAV is missing.

    Source: this book.
    """
    with _opened(path) as (container, stream):
        count = len(_packets(container, stream))
    if not count:
        raise ValueError(f"{path}: expected frames, found none")
    return count


def resized(images: Frames, size: Size, filter: Filter = "bilinear") -> Frames:
    """The same images in another size, each value rounded to a whole number.

    Args:
        images: bytes.
        size: of the result, as in `read_video`.
        filter: 'bilinear', widened where the image shrinks so that no pixel is left out; 'area',
            the mean of the pixels covered, for whole factors.

    Raises:
        ValueError: a height or width below 1, or an unknown filter.

    Source: PyTorch's interpolate, antialiased.
    """
    wanted = _scaled(images.shape[-2:], size.side) if isinstance(size, Short) else sides(size)
    if min(wanted) < 1 or filter not in get_args(Filter):
        raise ValueError(f"{size=}, {filter=}: expected from 1, and one of {get_args(Filter)}")
    if images.shape[-2:] == wanted:
        return images
    given = torch.from_numpy(np.ascontiguousarray(images)).float()
    if filter == "area":
        made = F.interpolate(given, wanted, mode="area")
    else:
        made = F.interpolate(given, wanted, mode="bilinear", align_corners=False, antialias=True)
    rounded: Frames = made.round().clamp(0, 255).to(torch.uint8).numpy()
    return rounded


def gray_or_colour(
    pixels: UInt8[np.ndarray, "height width 3"], colour: bool
) -> UInt8[np.ndarray, "_channel height width"]:
    """Pixels as planes: red, green and blue, or one of gray.

    Args:
        pixels: with red, green and blue last.
        colour: whether to keep them.

    Source: ITU-R BT.601 for gray.
    """
    if colour:
        return np.moveaxis(pixels, -1, 0)
    return ((pixels @ LUMA + 500) // 1000).astype(np.uint8)[None]


@contextmanager
def _opened(path: str | Path) -> Iterator[tuple[Any, Any]]:
    """The container and its first film; what FFmpeg complains of inside becomes a ValueError."""
    av = load("av", "train")
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise ValueError(f"{path}: expected a film, found {container.format.name} without")
            stream = container.streams.video[0]
            stream.codec_context.thread_count = 1  # loaders have processes of their own
            yield container, stream
    except av.FFmpegError as error:
        raise ValueError(f"{path}: expected an undamaged film, found: {error}") from error


def _decoded(path: str | Path, container: Any, stream: Any) -> Iterator[Any]:
    """Every frame, first to last.

    Raises:
        ValueError: a frame is damaged, or there is none.
    """
    number = -1
    for number, frame in enumerate(container.decode(stream)):
        if frame.is_corrupt:
            raise ValueError(f"{path}: expected undamaged frames, found frame {number} damaged")
        yield frame
    if number < 0:
        raise ValueError(f"{path}: expected frames, found none")


def _check_end(
    path: str | Path, container: Any, stream: Any, found: int, seconds: float | None
) -> None:
    """Compare with what the header announces: a count, or else a duration.

    Raises:
        ValueError: the film ends earlier.
    """
    if stream.frames - found > SLACK:
        raise ValueError(f"{path}: cut off: expected {stream.frames} frames, found {found}")
    rate = stream.average_rate
    if stream.frames or seconds is None or not container.duration or not rate:
        return
    announced, ends = container.duration / 1e6, seconds + 1 / float(rate)
    if announced - ends > SLACK / float(rate):
        raise ValueError(f"{path}: cut off: expected {announced:.2f} s, found {ends:.2f} s")


def _seconds(frames: list[Any]) -> float | None:
    return frames[0].time if frames else None


def _packets(container: Any, stream: Any) -> list[Any]:
    """One for each frame: that without a time ends the stream, an empty one repeats a frame."""
    return [packet for packet in container.demux(stream) if packet.dts is not None]


def _scaled(given: tuple[int, ...], short: int) -> tuple[int, int]:
    """Height and width of which the shorter is `short`."""
    height, width = given
    if height <= width:
        return short, round(width * short / height)
    return round(height * short / width), short


def _shrunk(
    frame: Any, size: Size, colour: bool, filter: Filter
) -> UInt8[np.ndarray, "_channel _height _width"]:
    planes = gray_or_colour(frame.to_ndarray(format="rgb24"), colour)
    return resized(planes[None], size, filter)[0]
