"""A data set small enough for tests: a block glides, and its direction is the class."""

from dataclasses import dataclass

import torch

from stlib.data.clips import LabelledClips, Origin
from stlib.data.moving_mnist import Preset

STEPS = {"left": (0, -1), "right": (0, 1), "up": (-1, 0)}
PARTS = ("training", "validation", "test")


class Glides(LabelledClips):
    """Blocks of 4 pixels on a torus; a clip is a function of split and index."""

    classes = tuple(STEPS)

    def __init__(self, samples, frames, canvas, split):
        self.samples, self.frames, self.canvas = samples, frames, canvas
        self.first = 1000 * PARTS.index(split)
        self.labels = tuple((self.first + index) % 3 for index in range(samples))

    def __len__(self):
        return self.samples

    def __getitem__(self, index):
        if not 0 <= index < self.samples:
            raise IndexError(index)
        number = self.first + index
        row, column = (7 * number) % self.canvas, (3 * number) % self.canvas
        down, right = tuple(STEPS.values())[self.labels[index]]
        block = torch.zeros(self.canvas, self.canvas)
        block[:4, :4] = 1
        places = [(row + t * down, column + t * right) for t in range(self.frames)]
        return torch.stack([block.roll(place, (0, 1)) for place in places])[:, None]


@dataclass(frozen=True)
class GlidesOf(Preset):
    """A choice of data as a recipe wants it."""

    def open(self, split):
        return Glides(getattr(self, split), self.frames, self.canvas, split)

    def origin(self):
        return Origin("blocks that glide", "0" * 64)


class Unnamed(Glides):
    """With one class more than clips show."""

    classes = (*STEPS, "down")


@dataclass(frozen=True)
class UnnamedOf(GlidesOf):
    """A choice of those."""

    def open(self, split):
        return Unnamed(getattr(self, split), self.frames, self.canvas, split)
