"""Other atoms, or the same ones farther apart, in the place of those that are there."""

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TypeAlias

import torch
from torch import Tensor, nn

from stlib.joint_filter.geometry import Geometry, Triple
from stlib.joint_filter.layers import Conv3d, JointConv3d

__all__ = ["Swap", "swap"]

Change: TypeAlias = Callable[[Tensor], Tensor]


class Swap:
    """A swap that was made, and can be taken back; leaving a ``with`` block takes it back.

    Attributes:
        layers: names of the layers that were changed.

    Source: Miao et al., section 2.1.2.
    """

    def __init__(self, before: list[tuple[str, Conv3d, Geometry, dict[str, nn.Parameter]]]) -> None:
        self._before = before
        self.layers = tuple(name for name, *_ in before)

    def undo(self) -> None:
        """Put back what was there before, the very same parameters.

        Source: this book.
        """
        for _, layer, geometry, atoms in self._before:
            layer.geometry = geometry
            for name, parameter in atoms.items():
                setattr(layer, name, parameter)

    def __enter__(self) -> "Swap":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.undo()


def swap(
    network: nn.Module,
    *,
    spatial: Change | None = None,
    temporal: Change | None = None,
    spatial_dilation: int | None = None,
    temporal_dilation: int | None = None,
) -> Swap:
    """Swap atoms, or dilations, in every 3D layer of a network; nothing else is touched.

    Padding follows, so that outputs stay as many and where they were. Either all layers are changed
    or, where one refuses, none.

    Args:
        network: a layer, or anything that holds some.
        spatial: what becomes of the spatial atoms ``[M, height, width]``: as many, of any size.
        temporal: what becomes of the temporal atoms ``[N, time]``: as many, of any size.
        spatial_dilation: of all layers, from now on; None leaves each its own.
        temporal_dilation: the same along time.

    Returns:
        What was done; its ``undo`` takes it back.

    Raises:
        ValueError: no 3D layer; atoms where a layer has none; another number of atoms; a new span
            without the same middle.

    Source: Miao et al., section 2.1.2 and 2.3; dilations of the other two kinds: their section 3.1.
    """
    before, after = [], []
    for name, layer in _layers(network):
        new, size = {}, list(layer.size)
        if spatial or temporal:
            if not isinstance(layer, JointConv3d):
                raise ValueError(f"{name} is a {type(layer).__name__}: it has no atoms to swap")
            if spatial:
                new["spatial"] = _changed(name, "spatial", layer.spatial, spatial)
                size[1:] = new["spatial"].shape[1:]
            if temporal:
                new["temporal"] = _changed(name, "temporal", layer.temporal, temporal)
                size[:1] = new["temporal"].shape[1:]
        try:
            geometry = layer.geometry.swapped(
                layer.size,
                _triple(size),
                _dilation(layer.geometry.dilation, spatial_dilation, temporal_dilation),
            )
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        held = {part: getattr(layer, part) for part in new}
        before.append((name, layer, layer.geometry, held))
        after.append((layer, geometry, new))
    if not before:
        raise ValueError(f"{type(network).__name__} holds no 3D layer of stlib.joint_filter")
    for layer, geometry, new in after:
        layer.geometry = geometry
        for part, atoms in new.items():
            setattr(layer, part, nn.Parameter(atoms, getattr(layer, part).requires_grad))
    return Swap(before)


def _layers(network: nn.Module) -> Iterator[tuple[str, Conv3d]]:
    for name, module in network.named_modules():
        if isinstance(module, Conv3d):
            yield name or type(module).__name__, module


@torch.no_grad()
def _changed(name: str, part: str, atoms: Tensor, change: Change) -> Tensor:
    new = change(atoms.detach().clone())
    if new.dim() != atoms.dim() or len(new) != len(atoms):
        raise ValueError(
            f"{name}: {part} atoms {tuple(new.shape)} in place of {tuple(atoms.shape)}; there must "
            "be as many"
        )
    return new


def _dilation(now: Triple, spatial: int | None, temporal: int | None) -> Triple:
    time, height, width = now
    if temporal is not None:
        time = temporal
    if spatial is not None:
        height = width = spatial
    return time, height, width


def _triple(size: list[int]) -> Triple:
    time, height, width = size
    return time, height, width
