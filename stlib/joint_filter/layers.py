"""3D convolutions of three kinds as modules: whole, rank-1, joint; and the joint one in 2D."""

from abc import ABC, abstractmethod
from math import sqrt

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from stlib.joint_filter.convolve import Way, joint_convolution
from stlib.joint_filter.filters import JointFilter, Rank1Filter, joint_filter, rank_1_filter
from stlib.joint_filter.geometry import PLAIN, Geometry, Triple

__all__ = ["Conv3d", "JointConv2d", "JointConv3d", "Rank1Conv3d", "RegularConv3d"]


class Conv3d(nn.Module, ABC):
    """What the three kinds have in common.

    Attributes:
        geometry: where the filter is laid; `swap` replaces it.
        bias: one number an output channel, added last, or None.

    Source: Miao et al., section 2.1.
    """

    geometry: Geometry
    bias: nn.Parameter | None

    def __init__(
        self, inputs: int, outputs: int, size: Triple, geometry: Geometry, bias: bool
    ) -> None:
        super().__init__()
        groups = geometry.checked().groups
        if min(inputs, outputs, *size) < 1 or inputs % groups or outputs % groups:
            raise ValueError(
                f"{inputs=}, {outputs=}, {size=}, {groups=}: each counts from 1, and groups must "
                "divide both numbers of channels"
            )
        self.geometry = geometry
        fan = inputs // groups * size[0] * size[1] * size[2]
        self.bias = _even(outputs, bound=1 / sqrt(fan)) if bias else None

    @property
    @abstractmethod
    def size(self) -> Triple:
        """Taps along time, height and width."""

    @abstractmethod
    def filter(self) -> Float[Tensor, "_output _input _time _height _width"]:
        """The filter, multiplied out."""

    @abstractmethod
    def convolve(self, clip: Tensor) -> Tensor:
        """The convolution without its bias."""

    def forward(
        self, clip: Float[Tensor, "batch _input _time _height _width"]
    ) -> Float[Tensor, "batch _output _frames _rows _columns"]:
        """Read one batch of clips.

        Args:
            clip: ``[batch, channel, time, height, width]``: channels before time, as torch's own 3D
                layers have it.

        Raises:
            ValueError: channels that do not fit.

        Source: Miao et al., Eq. 1.
        """
        y = self.convolve(clip)
        return y if self.bias is None else y + self.bias[:, None, None, None]


class RegularConv3d(Conv3d):
    """A filter with a number of its own at every place.

    Args:
        inputs, outputs: channels.
        size: taps along time, height and width.
        geometry: stride, dilation, padding and groups.
        bias: whether there is one.

    Raises:
        ValueError: a number out of its range, or groups that do not divide the channels.

    Source: Miao et al., Table 2, row Reg. 3D.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        size: Triple = (3, 3, 3),
        geometry: Geometry = PLAIN,
        bias: bool = True,
    ) -> None:
        super().__init__(inputs, outputs, size, geometry, bias)
        read = inputs // geometry.groups
        self.weight = _even(
            outputs, read, *size, bound=1 / sqrt(read * size[0] * size[1] * size[2])
        )

    @property
    def size(self) -> Triple:
        """Taps along time, height and width."""
        time, height, width = self.weight.shape[2:]
        return time, height, width

    def filter(self) -> Float[Tensor, "_output _input _time _height _width"]:
        """The filter as it is stored."""
        return self.weight

    def convolve(self, clip: Tensor) -> Tensor:
        """One convolution."""
        stride, dilation, _, groups = self.geometry
        padding = self.geometry.padding_of(self.size)
        return F.conv3d(clip, self.weight, None, stride, padding, dilation, groups)


class Rank1Conv3d(Conv3d):
    """A spatial convolution and a temporal one behind it, with nothing but channels between.

    Args:
        inputs, outputs: channels.
        between: channels between the two, C''; None is as many as outputs, as in the paper.
        size: taps along time, height and width.
        geometry: stride, dilation, padding and groups; each half takes its axes.
        bias: whether there is one, behind the second.

    Raises:
        ValueError: a number out of its range, or groups that do not divide the channels.

    Source: Miao et al., section 2.1.1; Tran et al. 2018, whose R(2+1)D has a ReLU between, which
    this has not.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        between: int | None = None,
        size: Triple = (3, 3, 3),
        geometry: Geometry = PLAIN,
        bias: bool = True,
    ) -> None:
        super().__init__(inputs, outputs, size, geometry, bias)
        between = outputs if between is None else between
        if between < 1 or between % geometry.groups:
            raise ValueError(f"{between=}: expected a multiple of groups={geometry.groups}, from 1")
        read, kept = inputs // geometry.groups, between // geometry.groups
        self.spatial = _even(between, read, *size[1:], bound=1 / sqrt(read * size[1] * size[2]))
        # Three times torch's variance, so that the product of the two has what a whole filter has.
        self.temporal = _even(outputs, kept, size[0], bound=sqrt(3 / (kept * size[0])))

    @property
    def size(self) -> Triple:
        """Taps along time, height and width."""
        height, width = self.spatial.shape[2:]
        return self.temporal.shape[2], height, width

    def filter(self) -> Float[Tensor, "_output _input _time _height _width"]:
        """The filter, multiplied out, group by group."""
        groups = self.geometry.groups
        parts = zip(self.spatial.chunk(groups), self.temporal.chunk(groups), strict=True)
        return torch.cat([rank_1_filter(*part) for part in parts])

    def convolve(self, clip: Tensor) -> Tensor:
        """Two convolutions."""
        stride, dilation, _, groups = self.geometry
        padding = self.geometry.padding_of(self.size)
        y = F.conv3d(
            clip,
            self.spatial[:, :, None],
            stride=(1, *stride[1:]),
            padding=(0, *padding[1:]),
            dilation=(1, *dilation[1:]),
            groups=groups,
        )
        return F.conv3d(
            y,
            self.temporal[..., None, None],
            stride=(stride[0], 1, 1),
            padding=(padding[0], 0, 0),
            dilation=(dilation[0], 1, 1),
            groups=groups,
        )

    def load(self, parts: Rank1Filter) -> None:
        """Take over the parts of a filter, as `nearest_rank_1` gives them.

        Raises:
            ValueError: parts of another shape.

        Source: this book.
        """
        _copy({"spatial": self.spatial, "temporal": self.temporal}, parts._asdict())


class JointConv3d(Conv3d):
    """A filter of M spatial and N temporal atoms, shared by all channels, and coefficients.

    The atoms start orthonormal, the coefficients as those of a 1x1 layer that reads M N maps of
    each input channel.

    Args:
        inputs, outputs: channels.
        m: spatial atoms.
        n: temporal atoms.
        size: taps along time, height and width.
        geometry: stride, dilation, padding and groups.
        bias: whether there is one.
        way: of computing, as `joint_convolution` has it; changes nothing but rounding.

    Raises:
        ValueError: a number out of its range, or groups that do not divide the channels.

    Source: Miao et al., section 2.1 and Figure 1.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        m: int = 3,
        n: int = 2,
        size: Triple = (3, 3, 3),
        geometry: Geometry = PLAIN,
        bias: bool = True,
        way: Way = "cheaper",
    ) -> None:
        super().__init__(inputs, outputs, size, geometry, bias)
        if min(m, n) < 1:
            raise ValueError(f"{m=}, {n=}: must be at least 1")
        self.way: Way = way
        self.spatial = _orthonormal(m, *size[1:])
        self.temporal = _orthonormal(n, size[0])
        read = inputs // geometry.groups
        self.coefficients = _even(outputs, read, m, n, bound=1 / sqrt(read * m * n))

    @property
    def size(self) -> Triple:
        """Taps along time, height and width."""
        height, width = self.spatial.shape[1:]
        return self.temporal.shape[1], height, width

    @property
    def parts(self) -> JointFilter:
        """Atoms and coefficients."""
        return JointFilter(self.spatial, self.temporal, self.coefficients)

    def filter(self) -> Float[Tensor, "_output _input _time _height _width"]:
        """The filter, multiplied out."""
        return joint_filter(*self.parts)

    def convolve(self, clip: Tensor) -> Tensor:
        """Three convolutions, or one."""
        return joint_convolution(clip, self.parts, self.geometry, self.way)

    def load(self, parts: JointFilter) -> None:
        """Take over the parts of a filter, as `nearest_joint` gives them.

        Raises:
            ValueError: parts of another shape.

        Source: this book.
        """
        _copy(self.parts._asdict(), parts._asdict())


class JointConv2d(nn.Module):
    """The decomposition it grew from: M spatial atoms, shared by all channels, and coefficients.

    Args:
        inputs, outputs: channels.
        m: atoms.
        kernel: width of the atoms, odd.
        bias: whether there is one.

    Raises:
        ValueError: a number out of its range, or an even kernel.

    Source: Qiu et al. 2018, as Miao et al. quote it in section 2.1.
    """

    def __init__(
        self, inputs: int, outputs: int, m: int = 3, kernel: int = 3, bias: bool = True
    ) -> None:
        super().__init__()
        if kernel % 2 == 0:
            raise ValueError(f"{kernel=}: must be odd")
        self.layer = JointConv3d(inputs, outputs, m, 1, (1, kernel, kernel), bias=bias)
        # One frame has one moment: its atom is the number 1.
        self.layer.temporal.requires_grad_(False).fill_(1)

    def filter(self) -> Float[Tensor, "_output _input _height _width"]:
        """The filter, multiplied out."""
        return self.layer.filter()[:, :, 0]

    def forward(
        self, frame: Float[Tensor, "batch _input height width"]
    ) -> Float[Tensor, "batch _output height width"]:
        """Read one batch of frames, ``[batch, channel, height, width]``.

        Raises:
            ValueError: channels that do not fit.

        Source: Qiu et al. 2018.
        """
        y: Tensor = self.layer(frame[:, :, None])
        return y[:, :, 0]


def _even(*shape: int, bound: float) -> nn.Parameter:
    return nn.Parameter(torch.empty(shape).uniform_(-bound, bound))


def _orthonormal(count: int, *shape: int) -> nn.Parameter:
    atoms = nn.init.orthogonal_(torch.empty(count, *shape).flatten(1))
    return nn.Parameter(atoms.reshape(count, *shape))


def _copy(held: dict[str, Tensor], parts: dict[str, Tensor]) -> None:
    for name, value in parts.items():
        if value.shape != held[name].shape:
            raise ValueError(
                f"{name} is {tuple(value.shape)}, the layer's is {tuple(held[name].shape)}"
            )
    with torch.no_grad():
        for name, value in parts.items():
            held[name].copy_(value)
