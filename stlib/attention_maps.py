"""Where a network that names clips looks: Grad-CAM, summed maps, and the control they need.

A map that looks right says little, for a map of random weights may look right too. So each map is
drawn beside that of the same network with other weights, and how alike the two are is a number.
"""

from collections.abc import Iterator
from copy import deepcopy

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor, nn

from stlib.extras import load

__all__ = ["cascade", "grad_cam", "rank_correlation", "share_on", "summed_over"]


def grad_cam(
    network: nn.Module,
    layer: nn.Module,
    clips: Float[Tensor, "batch time _channel height width"],
    classes: Int64[Tensor, " batch"],
    rectified: bool = True,
) -> Float[Tensor, "batch time height width"]:
    """What of a layer speaks for a class, as a map over the clip.

    Each channel is weighted by the mean of its gradient, the class's logit being what is
    differentiated, and the weighted channels are added. Behind the last layer of a network that
    takes the mean over a clip and maps it linearly, the weights are those of the linear map, and
    the map shares the logit out, place by place.

    Args:
        network: from clips to one logit a class; in evaluation, or the clips of a batch mix.
        layer: of it, whose maps are ``[batch, channel, time, height, width]``.
        clips: ``[batch, time, channel, height, width]``.
        classes: asked about, one a clip.
        rectified: whether what speaks against the class is set to zero, as in print.

    Returns:
        One map a clip, brought to the clip's size by linear interpolation.

    Raises:
        ValueError: a network that is training.
        ImportError: captum is missing.

    Source: Selvaraju et al. 2017, section 3, as Miao et al. use it for Figure 7.
    """
    if network.training:
        raise ValueError("the network is training: call eval(), or the clips of a batch mix")
    attribution = load("captum.attr", "book").LayerGradCam(network, layer)
    maps = attribution.attribute(clips, target=classes, relu_attributions=rectified)
    return _enlarged(maps.detach(), clips)[:, 0]


def summed_over(
    maps: Float[Tensor, "batch _channel _frames _rows _columns"],
    clips: Float[Tensor, "batch time channel height width"],
) -> Float[Tensor, "batch time height width"]:
    """A layer's maps, added over channels, laid over the frames.

    The sum of each clip is stretched to 0 … 1 before it is added: what is printed does not say how
    the two are brought to one scale. It asks about no class.

    Args:
        maps: of a layer.
        clips: that it read, in [0, 1].

    Returns:
        From 0 to 2.

    Source: Miao et al., section 3.4 and Figure 6.
    """
    added = _enlarged(maps.sum(1, keepdim=True), clips)[:, 0]
    low, high = (each[:, None, None, None] for each in added.flatten(1).aminmax(dim=1))
    stretched = (added - low) / (high - low).clamp_min(torch.finfo(added.dtype).tiny)
    return clips.mean(2) + stretched


def cascade(network: nn.Module, fresh: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """The network with ever more of its layers drawn anew, from the last down to the first.

    Args:
        network: whose maps are to be doubted.
        fresh: the same architecture with weights of another draw.

    Yields:
        The name of the layer replaced last, and a copy in which it and all behind it hold the
        weights, and what normalisation has counted, of `fresh`; dilations stay. The last copy has
        nothing left of what was learned.

    Raises:
        ValueError: networks whose parameters differ in name or shape.

    Source: Adebayo et al. 2018, section 3.1, cascading randomisation.
    """
    ours, theirs = ({k: v.shape for k, v in each.state_dict().items()} for each in (network, fresh))
    if ours != theirs:
        odd = sorted(k for k in ours | theirs if ours.get(k) != theirs.get(k))
        raise ValueError(f"the two networks differ in {odd[0]}: expected the same parameters")
    mixed = deepcopy(network)
    layers = [
        (name or type(ours).__name__, _own(ours), _own(theirs))
        for (name, ours), theirs in zip(mixed.named_modules(), fresh.modules(), strict=True)
    ]
    for name, held, drawn in reversed(layers):
        if held:
            with torch.no_grad():
                for tensor, other in zip(held, drawn, strict=True):
                    tensor.copy_(other)
            yield name, deepcopy(mixed)


def rank_correlation(
    first: Float[Tensor, "batch *some"], second: Float[Tensor, "batch *some"]
) -> Float[Tensor, " batch"]:
    """How alike two maps order their pixels, clip by clip: Spearman's coefficient.

    1 where both order them alike, -1 where one is the other's reverse, near 0 where they have
    nothing to do with each other. Equal pixels share the mean of their ranks, as the many zeros of
    a rectified map do. NaN where a map is the same everywhere.

    Raises:
        ValueError: maps of a single pixel.

    Source: Spearman 1904; Adebayo et al. 2018, section 4, for its use on maps.
    """
    if first[0].numel() < 2:
        raise ValueError(f"maps {tuple(first.shape)}: expected two pixels at least")
    a, b = (_ranks(maps.flatten(1)) for maps in (first, second))
    a, b = a - a.mean(1, keepdim=True), b - b.mean(1, keepdim=True)
    return ((a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1))).to(first.dtype)


def share_on(
    maps: Float[Tensor, "batch *some"], places: Float[Tensor, "batch *some"]
) -> Float[Tensor, " batch"]:
    """The share of a map that lies on some of the pixels.

    Args:
        maps: none below 0.
        places: 1 where the pixel is meant, 0 elsewhere.

    Returns:
        From 0 to 1; NaN for a map that is zero.

    Raises:
        ValueError: a number below 0 in a map.

    Source: this book, chapter 21.
    """
    if bool((maps < 0).any()):
        raise ValueError(f"a map holds {float(maps.min()):.3g}, expected none below 0")
    return (maps * places).flatten(1).sum(1) / maps.flatten(1).sum(1)


def _own(module: nn.Module) -> list[Tensor]:
    """What a module holds itself, not through a part of it."""
    return [*module.parameters(recurse=False), *module.buffers(recurse=False)]


def _enlarged(maps: Tensor, clips: Tensor) -> Tensor:
    time, (height, width) = clips.shape[1], clips.shape[3:]
    return F.interpolate(maps, (time, height, width), mode="trilinear")


def _ranks(rows: Tensor) -> Tensor:
    """Ranks from 1 within each row, in float64; equals share the mean of theirs."""
    return torch.stack([_ranks_of(row) for row in rows])


def _ranks_of(row: Tensor) -> Tensor:
    _, place, count = torch.unique(row, return_inverse=True, return_counts=True)
    last = count.cumsum(0).double()
    return (last - (count - 1) / 2)[place]
