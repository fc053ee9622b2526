"""A joint filter on a clip: three convolutions, or the filter multiplied out and one."""

from typing import Literal, TypeAlias, get_args

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from stlib.joint_filter.filters import JointFilter, joint_filter
from stlib.joint_filter.geometry import PLAIN, Geometry, Triple

__all__ = ["Way", "cheaper_way", "joint_convolution"]

Way: TypeAlias = Literal["atoms", "filter", "cheaper"]

PAYS = 3  # so many times fewer multiplications must the atoms need to be the cheaper way


def joint_convolution(
    clip: Float[Tensor, "batch _input _time _height _width"],
    parts: JointFilter,
    geometry: Geometry = PLAIN,
    way: Way = "cheaper",
) -> Float[Tensor, "batch _output _frames _rows _columns"]:
    """Cross-correlate a clip with a joint filter.

    Args:
        clip: ``[batch, input, time, height, width]``.
        parts: the filter.
        geometry: where it is laid.
        way: 'atoms' for three convolutions, spatial atoms first; 'filter' to multiply the filter
            out and convolve once; 'cheaper' for the one that `cheaper_way` names. All give the
            same.

    Raises:
        ValueError: channels or groups that do not fit, or an unknown way.

    Source: Miao et al., Eq. 1, its arguments completed: Z and Y depend on t and u too.
    """
    outputs, inputs, m, n = parts.coefficients.shape
    groups = geometry.groups
    if clip.shape[1] != inputs * groups or outputs % groups:
        raise ValueError(
            f"the clip has {clip.shape[1]} channels, the filter reads {inputs} in each of {groups} "
            f"groups and writes {outputs}"
        )
    if way not in get_args(Way):
        raise ValueError(f"{way=}, expected one of {', '.join(get_args(Way))}")
    size: Triple = (parts.temporal.shape[1], *parts.spatial.shape[1:])
    padding, stride, dilation = geometry.padding_of(size), geometry.stride, geometry.dilation
    if way == "cheaper":
        way = cheaper_way(parts, groups)
    if way == "filter":
        whole = joint_filter(*parts)
        return F.conv3d(clip, whole, None, stride, padding, dilation, groups)
    # Every channel meets the same atoms, so channels stand in the batch.
    z = F.conv3d(  # stdcf-eq-1
        clip.flatten(0, 1)[:, None],
        parts.spatial[:, None, None],
        stride=(1, *stride[1:]),
        padding=(0, *padding[1:]),
        dilation=(1, *dilation[1:]),
    )
    y = F.conv3d(
        z.flatten(0, 1)[:, None],
        parts.temporal[:, None, :, None, None],
        stride=(stride[0], 1, 1),
        padding=(padding[0], 0, 0),
        dilation=(dilation[0], 1, 1),
    )
    y = y.reshape(len(clip), -1, *y.shape[2:])  # channels in the order input, m, n
    mix = parts.coefficients.reshape(outputs, inputs * m * n, 1, 1, 1)
    return F.conv3d(y, mix, groups=groups)


def cheaper_way(parts: JointFilter, groups: int = 1) -> Way:
    """The atoms where they need less than a third of the multiplications, else the filter.

    At an output pixel, with strides of 1, the atoms cost ``M k² + M N t`` an input channel, the
    coefficients ``M N`` a pair of channels of one group; the whole filter costs ``t k²`` a pair.
    Fewer multiplications alone do not make the atoms faster, for between the convolutions they
    write and read ``M (1 + N)`` maps for each input channel, which training keeps as well. A third
    is about where both ways took as long, forward and in a training step, over layers of many sizes
    on one processor: benchmarks/joint_filter_ways.py. It is a fixed number all the same, so that a
    network computes alike on every machine.

    Args:
        parts: the filter, its input channels those of one group.
        groups: of the convolution.

    Source: this book, chapter 18; the counts: Miao et al., section 2.4.
    """
    outputs, inputs, m, n = parts.coefficients.shape
    (time,), pixels = parts.temporal.shape[1:], parts.spatial[0].numel()
    by_atoms = groups * inputs * (m * pixels + m * n * time) + outputs * inputs * m * n
    return "atoms" if PAYS * by_atoms < outputs * inputs * time * pixels else "filter"
