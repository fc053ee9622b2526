"""Where a 3D filter is laid: stride, padding and dilation along time, height and width."""

from typing import NamedTuple, TypeAlias

__all__ = ["PLAIN", "Geometry", "Triple"]

Triple: TypeAlias = tuple[int, int, int]


class Geometry(NamedTuple):
    """How a filter moves over a clip; every triple is time, height, width.

    Attributes:
        stride: steps from one output to the next.
        dilation: distance between taps.
        padding: zeros added on each side; None is ``dilation * (size // 2)``, which keeps the size
            of the clip where filters are odd and strides 1, at any dilation.
        groups: parts of the channels that do not see each other.

    Source: Dumoulin and Visin 2016, for the vocabulary.
    """

    stride: Triple = (1, 1, 1)
    dilation: Triple = (1, 1, 1)
    padding: Triple | None = None
    groups: int = 1

    def checked(self) -> "Geometry":
        """Itself.

        Raises:
            ValueError: a stride, dilation or number of groups below 1, or negative padding.
        """
        if min(*self.stride, *self.dilation, self.groups) < 1 or min(self.padding or (0,)) < 0:
            raise ValueError(f"{self}: strides, dilations, groups count from 1, padding from 0")
        return self

    def padding_of(self, size: Triple) -> Triple:
        """The padding for a filter of that size."""
        if self.padding is not None:
            return self.padding
        time, height, width = (d * (k // 2) for d, k in zip(self.dilation, size, strict=True))
        return time, height, width

    def swapped(self, size: Triple, new_size: Triple, dilation: Triple) -> "Geometry":
        """The geometry in which another filter gives as many outputs, in the same places.

        Padding that was given grows by half of what the span of the filter grows by.

        Args:
            size: of the filter that was there.
            new_size: of the one to come.
            dilation: of the one to come.

        Raises:
            ValueError: a dilation below 1; a span that grows by an odd number, or shrinks by more
                than twice the padding.
        """
        spans = [
            (d * (k - 1), new * (n - 1))
            for d, k, new, n in zip(self.dilation, size, dilation, new_size, strict=True)
        ]
        if any((after - before) % 2 for before, after in spans):
            raise ValueError(
                f"size {size} at dilation {self.dilation} and {new_size} at {dilation}: spans that "
                "differ by an odd number have no common middle"
            )
        time, height, width = (
            p + (after - before) // 2
            for p, (before, after) in zip(self.padding_of(size), spans, strict=True)
        )
        new = self._replace(dilation=dilation)
        if self.padding is None and new.padding_of(new_size) == (time, height, width):
            return new.checked()
        return new._replace(padding=(time, height, width)).checked()


PLAIN = Geometry()
"""Every pixel, undilated, 'same' padding, one group."""
