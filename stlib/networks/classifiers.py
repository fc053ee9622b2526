"""What a clip shows, read off the feature maps of its last steps: a paper's two descriptions.

Su et al. describe their classifier twice. Section 4.1: "two 2D convolutional layers and one
fully-connected layer". Appendix B.2: two 3D convolutions, each with a pooling, and a perceptron.
Both cannot be; both are here, and each says where its text leaves something open.

Both first bring every channel to mean 0 and variance 1 over what it reads of one clip. The text
has no such step. But clips differ by little in what gated layers say, next to what all clips have
in common; without it most of the classifier's units were dead before they had seen a difference.
"""

from jaxtyping import Float
from torch import Tensor, nn

__all__ = ["Classifier2D", "Classifier3D"]

SMALLEST = 3  # a stride of 2 leaves 2 of it, which a pooling can halve


class Classifier2D(nn.Module):
    """Two convolutions over space and one linear layer: section 4.1.

    The convolutions read each map by itself, and what they say is averaged over the maps: whatever
    of the motion is to be known must be in the maps already. Filters (3×3, stride 2), widths (those
    of appendix B.2) and the pooling to `side` by `side` places, which lets one classifier read
    canvases of all sizes, are ours.

    Args:
        inputs: channels of a map.
        classes: to tell apart.
        steps: how many maps, the last ones, it reads.
        width: channels of the convolutions.
        side: places along height and along width that the linear layer sees.

    Raises:
        ValueError: a number below 1.

    Source: Su et al., section 4.1.
    """

    def __init__(
        self, inputs: int, classes: int, steps: int = 16, width: int = 128, side: int = 7
    ) -> None:
        super().__init__()
        _check_counts(inputs, classes, steps, width, side)
        self.inputs, self.classes, self.steps = inputs, classes, steps
        self.convolve = nn.Sequential(
            nn.InstanceNorm2d(inputs),
            nn.Conv2d(inputs, width, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(side),
        )
        self.decide = nn.Linear(width * side**2, classes)

    def forward(
        self, maps: Float[Tensor, "batch time _channel _height _width"]
    ) -> Float[Tensor, "batch _classes"]:
        """Name the clip.

        Args:
            maps: the last `steps`, oldest first, ``[batch, steps, inputs, height, width]``.

        Returns:
            One logit a class, ``[batch, classes]``.

        Raises:
            ValueError: another number of maps or channels, or maps below 3×3.

        Source: Su et al., section 4.1.
        """
        _check_maps(maps, self.steps, self.inputs)
        batch, time = maps.shape[:2]
        said = self.convolve(maps.flatten(0, 1)).unflatten(0, (batch, time)).mean(dim=1)
        return self.decide(said.flatten(1))


class Classifier3D(nn.Module):
    """Two convolutions over time and space, each with a pooling, and a perceptron: appendix B.2.

    "These layers reduce the resolution from 56×56 to 7×7", says the text: by 8. But two strides of
    2 and two poolings of 2 reduce by 16. Sixteen maps, though, need just these four halvings to
    become one. So all four halve time, and the last of them leaves space alone. It is written as an
    average down to one step and `side` by `side` places, which lets one classifier read canvases of
    all sizes. Filters of 3×3×3, average pooling and ReLUs are ours.

    Args:
        inputs: channels of a map.
        classes: to tell apart.
        steps: how many maps, the last ones, it reads; 3 at least.
        width: channels of the convolutions.
        hidden: units of the perceptron.
        side: places along height and along width that the perceptron sees.

    Raises:
        ValueError: a number below 1, or too few steps.

    Source: Su et al., appendix B.2.
    """

    def __init__(
        self,
        inputs: int,
        classes: int,
        steps: int = 16,
        width: int = 128,
        hidden: int = 512,
        side: int = 7,
    ) -> None:
        super().__init__()
        _check_counts(inputs, classes, steps, width, hidden, side)
        if steps < SMALLEST:
            raise ValueError(f"{steps=}: expected {SMALLEST} at least, to be halved twice")
        self.inputs, self.classes, self.steps = inputs, classes, steps
        self.convolve = nn.Sequential(
            nn.InstanceNorm3d(inputs),
            nn.Conv3d(inputs, width, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.AvgPool3d(2, ceil_mode=True),
            nn.Conv3d(width, width, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.AdaptiveAvgPool3d((1, side, side)),
        )
        self.decide = nn.Sequential(
            nn.Linear(width * side**2, hidden), nn.ReLU(), nn.Linear(hidden, classes)
        )

    def forward(
        self, maps: Float[Tensor, "batch time _channel _height _width"]
    ) -> Float[Tensor, "batch _classes"]:
        """Name the clip.

        Args:
            maps: the last `steps`, oldest first, ``[batch, steps, inputs, height, width]``.

        Returns:
            One logit a class, ``[batch, classes]``.

        Raises:
            ValueError: another number of maps or channels, or maps below 3×3.

        Source: Su et al., appendix B.2.
        """
        _check_maps(maps, self.steps, self.inputs)
        return self.decide(self.convolve(maps.transpose(1, 2)).flatten(1))


def _check_counts(*counts: int) -> None:
    if min(counts) < 1:
        raise ValueError(f"{counts}: expected channels, classes, steps and widths from 1")


def _check_maps(maps: Tensor, steps: int, inputs: int) -> None:
    if maps.shape[1:3] != (steps, inputs):
        raise ValueError(
            f"{maps.shape[1]} maps of {maps.shape[2]} channels: the classifier reads {steps} "
            f"of {inputs}"
        )
    if min(maps.shape[3:]) < SMALLEST:
        raise ValueError(
            f"maps of {tuple(maps.shape[3:])}: expected {SMALLEST} pixels at least, to be halved "
            "twice"
        )
