"""What the layers of a network say: recorded, made into pictures, and measured.

A picture of a layer is easily read as one likes. So each reading stands here as a number: how much
of the frame is bright, how fine the pattern is, how well the next frame can be read off.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

__all__ = [
    "channel_rms",
    "channel_sum",
    "contrast",
    "cut_skip",
    "enlarged",
    "fit_readout",
    "foreground_area",
    "layer_outputs",
    "lens",
    "mean_frequency",
    "radial_spectrum",
    "recording",
    "silenced",
]


@contextmanager
def recording(layers: Iterable[nn.Module]) -> Iterator[list[list[Tensor]]]:
    """Keep what each layer returns while the block runs, without touching the network.

    Args:
        layers: modules that return a tensor, or a tuple that begins with one, as cells do.

    Yields:
        One list a layer, in the order given; it grows by a tensor, detached, at each call. When
        the block is left, also by an exception, nothing more is recorded.

    Raises:
        TypeError: in the block, where a layer returns something else.

    Source: this book, chapter 17.
    """
    told: list[list[Tensor]] = []
    hooks = []

    def keep(mine: list[Tensor]) -> Callable[[nn.Module, Any, Any], None]:
        def hook(module: nn.Module, _: Any, returned: Any) -> None:
            h = returned[0] if isinstance(returned, tuple) else returned
            if not isinstance(h, Tensor):
                raise TypeError(
                    f"{type(module).__name__} returned {type(h).__name__}, expected a tensor, or "
                    "a tuple that begins with one"
                )
            mine.append(h.detach())

        return hook

    try:
        for layer in layers:
            told.append([])
            hooks.append(layer.register_forward_hook(keep(told[-1])))
        yield told
    finally:
        for hook in hooks:
            hook.remove()


def layer_outputs(
    layers: Iterable[nn.Module], call: Callable[[], Any]
) -> list[Float[Tensor, "_batch _steps _channel _height _width"]]:
    """What each layer says at each step of a call.

    Args:
        layers: of a network, as `network.cells`.
        call: runs the network, over as many steps as it likes.

    Returns:
        One tensor a layer, ``[batch, steps, channel, height, width]``; sizes may differ by layer.

    Raises:
        ValueError: the call did not pass through one of the layers.
        TypeError: what `recording` raises.

    Source: Ma et al., *MS-LSTM*, Figure 5.
    """
    with recording(layers) as told:
        call()
    for place, steps in enumerate(told):
        if not steps:
            raise ValueError(f"layer {place} said nothing: the call did not pass through it")
    return [torch.stack(steps, dim=1) for steps in told]


@contextmanager
def silenced(layers: Iterable[nn.Module]) -> Iterator[None]:
    """While the block runs, the layers say zero to whoever reads them; their states go on.

    Args:
        layers: that return a tuple which begins with a tensor, as cells do.

    Source: this book, chapter 17.
    """

    def hush(_: nn.Module, __: Any, returned: tuple[Any, ...]) -> tuple[Any, ...]:
        return (torch.zeros_like(returned[0]), *returned[1:])

    hooks = [layer.register_forward_hook(hush) for layer in layers]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


@contextmanager
def cut_skip(source: nn.Module, reader: nn.Module) -> Iterator[None]:
    """While the block runs, what `source` says is taken off what `reader` reads.

    Where the network adds the one to the other, as `Pyramid` adds a layer of its first half to
    what its mirror reads, only the way around is left.

    Args:
        source: a cell.
        reader: a cell that is called after it, on maps of the same shape.

    Source: this book, chapter 17.
    """
    last: list[Tensor] = []

    def keep(_: nn.Module, __: Any, returned: tuple[Any, ...]) -> None:
        last[:] = [returned[0]]

    def take_off(_: nn.Module, read: tuple[Any, ...]) -> tuple[Any, ...]:
        return (read[0] - last[0], *read[1:])

    hooks = [source.register_forward_hook(keep), reader.register_forward_pre_hook(take_off)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def channel_sum(
    h: Float[Tensor, "*_some _channel height width"],
) -> Float[Tensor, "*_some height width"]:
    """One picture of a layer: its channels added. Opposite signs cancel.

    Source: this book, chapter 17.
    """
    return h.sum(-3)


def channel_rms(
    h: Float[Tensor, "*_some _channel height width"],
) -> Float[Tensor, "*_some height width"]:
    """One picture of a layer: the root of the mean square over its channels.

    Source: this book, chapter 17.
    """
    return h.square().mean(-3).sqrt()


def contrast(
    h: Float[Tensor, "*_some channel height width"],
) -> Float[Tensor, "*_some height width"]:
    """How far each pixel is from the background: `channel_rms` of what is left without it.

    The background of a channel is its median over the picture. So a layer that says the same
    everywhere has none, however loudly it says it.

    Source: this book, chapter 17.
    """
    background = h.flatten(-2).median(-1).values
    return channel_rms(h - background[..., None, None])


def foreground_area(
    pictures: Float[Tensor, "*some _height _width"], level: float = 0.5
) -> Float[Tensor, "*some"]:
    """The share of a picture that is at least `level` times as bright as its brightest pixel.

    Args:
        pictures: none below 0; the share does not depend on how fine their grid is.
        level: above 0, up to 1.

    Returns:
        From 0 to 1; 0 for a picture that is black.

    Raises:
        ValueError: a level out of its range, or a number below 0.

    Source: this book, chapter 17, for the 'fatter' digits of Ma et al., section 5.2.1.
    """
    if not 0 < level <= 1:
        raise ValueError(f"{level=}, expected above 0 and up to 1")
    if bool((pictures < 0).any()):
        raise ValueError(f"a pixel is {float(pictures.min()):.3g}, expected none below 0")
    brightest = pictures.amax((-2, -1), keepdim=True)
    return ((pictures >= level * brightest) & (brightest > 0)).to(pictures.dtype).mean((-2, -1))


def radial_spectrum(
    pictures: Float[Tensor, "*_some height width"],
) -> Float[Tensor, "*_some _rings"]:
    """How much of a picture's mean square lies at each spatial frequency.

    Ring k holds the waves that run between k - 1/2 and k + 1/2 times through the picture, in
    whatever direction; ring 0 is the square of the mean. By Parseval's identity the rings add up
    to the mean square, so that pictures on grids of different fineness can be compared.

    Returns:
        Rings 0 … those of the corner of the plane of frequencies.

    Source: this book, chapter 17.
    """
    height, width = pictures.shape[-2:]
    energy = torch.fft.fft2(pictures).abs().square() / (height * width) ** 2
    down = torch.fft.fftfreq(height, 1 / height, dtype=torch.float64)
    right = torch.fft.fftfreq(width, 1 / width, dtype=torch.float64)
    ring = torch.hypot(down[:, None], right).round().long().flatten()
    rings = energy.new_zeros(*energy.shape[:-2], int(ring.max()) + 1)
    return rings.index_add_(-1, ring.to(energy.device), energy.flatten(-2))


def mean_frequency(
    spectrum: Float[Tensor, "*some _rings"],
) -> Float[Tensor, "*some"]:
    """The mean of the rings' numbers, weighted by their energy: cycles a frame.

    Ring 0, the mean brightness, is no pattern and is left out. Without any pattern: NaN.

    Source: this book, chapter 17.
    """
    energy = spectrum[..., 1:]
    ring = torch.arange(1, spectrum.shape[-1], dtype=energy.dtype, device=energy.device)
    return (energy * ring).sum(-1) / energy.sum(-1)


def enlarged(
    pictures: Float[Tensor, "*_some _height _width"], side: int
) -> Float[Tensor, "*_some side side"]:
    """Bring square pictures to the frame's size as the pyramid does: doubled, and doubled again.

    Raises:
        ValueError: pictures that no doubling brings there.

    Source: Ma et al., *MS-LSTM*, section 4.1.
    """
    height, width = pictures.shape[-2:]
    doublings, rest = 0, side
    while rest > height and rest % 2 == 0:
        doublings, rest = doublings + 1, rest // 2
    if height != width or rest != height:
        raise ValueError(f"pictures of {height}x{width} cannot be doubled to {side}x{side}")
    y = pictures.reshape(-1, 1, height, width)
    for _ in range(doublings):
        y = F.interpolate(y, scale_factor=2, mode="bilinear")
    return y.reshape(*pictures.shape[:-2], side, side)


def lens(
    readout: nn.Conv2d, h: Float[Tensor, "*_some _channel height width"]
) -> Float[Tensor, "*_some _frame height width"]:
    """A readout applied to a layer that it was not made for.

    Args:
        readout: 1x1, as the network's own or one that `fit_readout` made.
        h: what the layer says.

    Returns:
        What would be predicted if this layer were the last, on the layer's own grid.

    Raises:
        ValueError: a layer of another width than the readout reads, or a readout that is not 1x1.

    Source: nostalgebraist 2020, 'logit lens'; here for pictures, this book, chapter 17.
    """
    if h.shape[-3] != readout.in_channels:
        raise ValueError(
            f"the layer has {h.shape[-3]} channels, the readout reads {readout.in_channels}: "
            "only a layer as wide as the last can be read through it"
        )
    if readout.kernel_size != (1, 1):
        raise ValueError(f"the readout is {readout.kernel_size}, expected (1, 1)")
    y = readout(h.reshape(-1, *h.shape[-3:]))
    return y.reshape(*h.shape[:-3], *y.shape[1:])


def fit_readout(
    h: Float[Tensor, "*some channel height width"], frames: Float[Tensor, "*some _frame side side"]
) -> nn.Conv2d:
    """The 1x1 readout that reads the frames off a layer with the least squared error.

    It is the best that any lens can do: what it cannot read, no weighted sum of the channels says
    at that pixel. A layer on a coarser grid is `enlarged` first.

    Args:
        h: what the layer says.
        frames: what is to be read.

    Returns:
        A `Conv2d` with bias, in the dtype of h. Of several equally good ones the smallest.

    Raises:
        ValueError: what `enlarged` raises.

    Source: Belrose et al. 2023, 'tuned lens'; by least squares, this book, chapter 17.
    """
    side, channels = frames.shape[-1], h.shape[-3]
    columns = _columns(enlarged(h, side))
    columns = torch.cat([columns, columns.new_ones(len(columns), 1)], dim=1)
    both, goal = columns.T @ columns, columns.T @ _columns(frames)
    weights = torch.linalg.pinv(both, hermitian=True) @ goal
    readout = nn.Conv2d(channels, frames.shape[-3], 1, dtype=h.dtype)
    with torch.no_grad():
        readout.weight.copy_(weights[:-1].T[..., None, None])
        assert readout.bias is not None
        readout.bias.copy_(weights[-1])
    return readout.requires_grad_(False)


def _columns(maps: Tensor) -> Tensor:
    """One row a pixel, one column a channel, in float64."""
    return maps.movedim(-3, -1).reshape(-1, maps.shape[-3]).double()
