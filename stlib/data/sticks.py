"""Stick KTH: stick figures perform KTH's six actions, where KTH itself cannot be had.

A clip is a function of the seed, the split and its index, as in Moving MNIST. What it shows is a
function of time: tempo says how much of it passes from one frame to the next, so a clip of tempo 2
is every second frame of the same clip at tempo 1, to the bit, noise and all. Labels do not hang on
the tempo: `stlib.data.postures` makes the actions differ in single frames.
"""

import hashlib
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias, get_args

import numpy as np
import torch
from jaxtyping import Float, Float64, UInt8

from stlib.data.actions import ACTIONS, Action, chosen, subjects
from stlib.data.clips import Canvas, Clip, LabelledClips, Origin, Split, existing, sides
from stlib.data.moving_mnist import bounce
from stlib.data.postures import Body, radii, reach, shades, skeleton, stride
from stlib.data.segments import painted
from stlib.data.streams import natural, nearly_normal, stream, unit

__all__ = ["Background", "StickClips"]

Background: TypeAlias = Literal["plain", "textured"]
Bytes: TypeAlias = UInt8[np.ndarray, "_time _height _width"]

VERSION = 1  # of the drawing; one more whenever clips come out otherwise than before
WHITE = 255
HEIGHT = 0.56  # of a figure of average scale, as a share of the canvas's shorter side
FLOOR = 0.1  # of the canvas's height, below the feet
CADENCE = {  # cycles a frame: 25 frames are a second
    "walking": 0.040, "jogging": 0.048, "running": 0.056,
    "boxing": 0.046, "handwaving": 0.042, "handclapping": 0.052,
}  # fmt: skip
GRAIN = 7  # patches of the texture along each side
CHOICES = 7  # drawn for a clip: who, when, where, where to, how large, how bright, how dark behind
BODY = 9  # drawn for a subject
CLIPS, BODIES, TEXTURE, NOISE = range(4)  # streams of random numbers


class _Scene(NamedTuple):
    """What a clip shows, whatever its tempo."""

    action: str
    body: Body
    cadence: float  # cycles a frame at tempo 1
    phase: float
    place: float  # of the canvas's room, 0 to 1
    heading: int  # 1 to the right, -1 to the left
    height: float  # of the figure, in pixels
    ink: float
    behind: float


class StickClips(LabelledClips):
    """Clips of stick figures, drawn when they are asked for; they stand in for KTH's films.

    Attributes:
        classes: the actions shown.

    Source: Schuldt, Laptev and Caputo 2004 for actions, subjects and frame rate; the figures are
    ours.
    """

    def __init__(
        self,
        samples: int,
        *,
        frames: int = 20,
        canvas: Canvas = 64,
        channels: int = 1,
        background: Background = "plain",
        noise: float = 0.0,
        tempo: float = 1.0,
        actions: Sequence[Action] = (),
        seed: int = 0,
        split: Split = "training",
    ) -> None:
        """Choose what to draw; nothing is drawn yet.

        Args:
            samples: clips in the data set; the actions take turns.
            frames: of a clip.
            canvas: height and width in pixels, each from 16; one number is both.
            channels: 1, or as many copies of the gray image.
            background: 'plain', or 'textured' with soft blotches that stand still.
            noise: standard deviation of what is added to each pixel, white being 1.
            tempo: time that passes between two frames; at 1 it is KTH's.
            actions: those shown, in the order of their labels; none is all six.
            seed: another one gives other subjects and other clips.
            split: 'training', 'validation' or 'test': other subjects and other clips in each.

        Raises:
            ValueError: a number out of its range, or an unknown split, background or action.
        """
        if min(samples, frames, channels) < 1:
            raise ValueError(f"{samples=}, {frames=}, {channels=}: each counts from 1")
        if min(sides(canvas)) < 16:
            raise ValueError(f"{canvas=}, expected at least 16: limbs would be lost")
        if background not in get_args(Background):
            raise ValueError(f"{background=}, expected one of {', '.join(get_args(Background))}")
        if not 0 <= noise <= 1:
            raise ValueError(f"{noise=}, expected 0 to 1")
        if not 0 < tempo < float("inf"):
            raise ValueError(f"{tempo=}, expected more than 0")
        self.people = subjects(split)
        self.samples, self.frames, self.channels = samples, frames, channels
        self.height, self.width = sides(canvas)
        self.background, self.noise, self.tempo = background, noise, tempo
        self.seed, self.split = natural(seed), split
        self.bodies = {subject: self._body(subject) for subject in self.people}
        self.classes: tuple[Action, ...] = chosen(actions)
        self.labels = tuple(index % len(self.classes) for index in range(samples))

    def __len__(self) -> int:
        return self.samples

    def __getitem__(self, index: int) -> Clip:
        """Clip `index`, in [0, 1].

        Raises:
            IndexError: there is no such clip.
        """
        gray = torch.from_numpy(self.draw(index))[:, None].float().div_(WHITE)
        return gray.expand(-1, self.channels, -1, -1).contiguous()

    def origin(self) -> Origin:
        """Which figures, and how they are drawn; the same for every split."""
        how = f"{self.background}, noise {self.noise:g}, tempo {self.tempo:g}"
        if self.classes != ACTIONS:
            how = f"{how}, {', '.join(self.classes)}"
        square = self.height == self.width
        canvas = self.height if square else (self.height, self.width)
        numbers = (VERSION, self.seed, canvas, self.channels, self.frames, how)
        name = f"stick figures in place of KTH ({how})"
        return Origin(name, hashlib.sha256(repr(numbers).encode()).hexdigest())

    def subject(self, index: int) -> int:
        """Who performs in clip `index`, from 1.

        Raises:
            IndexError: there is no such clip.
        """
        return self.people[int(self._choices(index)[0] * len(self.people))]

    def draw(self, index: int) -> Bytes:
        """Clip `index` in bytes.

        Raises:
            IndexError: there is no such clip.
        """
        scene = self._scene(index)
        time = np.arange(self.frames) * float(self.tempo)
        limbs = self._limbs(scene, time)
        thick = radii(scene.body) * scene.height
        figure = painted(limbs, thick, shades(scene.action), (self.height, self.width))
        clip = np.maximum(scene.ink * figure, self._behind(scene, index))
        if self.noise:
            clip += self.noise * self._grain(index, time)
        drawn: Bytes = np.rint(WHITE * clip.clip(0, 1)).astype(np.uint8)
        return drawn

    def _limbs(
        self, scene: _Scene, time: Float64[np.ndarray, " _time"]
    ) -> Float64[np.ndarray, "_time _limb 2 2"]:
        """Both ends of every limb, rows and columns in pixels."""
        cycles = scene.phase + scene.cadence * time
        limbs = skeleton(scene.action, 2 * np.pi * cycles, scene.body)
        edge = reach(scene.action) * scene.height  # so that the figure stays whole
        room = self.width - 2 * edge
        walked = scene.heading * stride(scene.action, scene.body) * scene.height * cycles
        line = scene.place * room + walked
        column = edge + bounce(line[:, None], np.array([room]))[:, 0]
        turned = np.where((line // room) % 2 == 0, scene.heading, -scene.heading)
        front = limbs[..., 0] * turned[:, None, None] * scene.height
        up = limbs[..., 1] * scene.height
        ground = self.height * (1 - FLOOR)
        return np.stack([ground - up, column[:, None, None] + front], axis=-1)

    def _scene(self, index: int) -> _Scene:
        choices = self._choices(index)
        subject = self.subject(index)
        _, phase, place, heading, large, bright, dark = choices.tolist()
        body, pace = self.bodies[subject]
        action = self.classes[self.labels[index]]
        return _Scene(
            action=action,
            body=body,
            cadence=CADENCE[action] * pace,
            phase=phase,
            place=place,
            heading=1 if heading < 0.5 else -1,
            height=HEIGHT * min(self.height, self.width) * (0.9 + 0.2 * large),
            ink=0.8 + 0.2 * bright,
            behind=0.05 + 0.2 * dark,
        )

    def _body(self, subject: int) -> tuple[Body, float]:
        """A subject's proportions and habits, and the factor on the cadence."""
        drawn = self._stream(BODIES, subject).random_raw(BODY)
        trunk, arm, leg, width, girth, swing, bend, lean, pace = (2 * unit(drawn) - 1).tolist()
        mean = Body()
        body = Body(
            trunk=mean.trunk * (1 + 0.1 * trunk),
            arm=mean.arm * (1 + 0.1 * arm),
            leg=mean.leg * (1 + 0.08 * leg),
            width=mean.width * (1 + 0.15 * width),
            girth=mean.girth * (1 + 0.2 * girth),
            swing=mean.swing * (1 + 0.1 * swing),
            bend=np.radians(8) * bend,
            lean=np.radians(2) * lean,
        )
        return body, 1 + 0.15 * pace

    def _behind(self, scene: _Scene, index: int) -> Float[np.ndarray, "_height _width"]:
        """What stands behind the figure in every frame."""
        if self.background == "plain":
            return np.full((self.height, self.width), scene.behind)
        knots = unit(self._stream(TEXTURE, index).random_raw((GRAIN + 1) ** 2))
        rows, columns = _hats(self.height), _hats(self.width)
        return scene.behind + 0.3 * (rows @ knots.reshape(GRAIN + 1, -1) @ columns.T)

    def _grain(
        self, index: int, time: Float64[np.ndarray, " _time"]
    ) -> Float[np.ndarray, "_time _height _width"]:
        """Noise for each moment rather than each frame, so that it does not hang on the tempo."""
        grains = []
        for moment in time.view(np.uint64).tolist():
            bits = self._stream(NOISE, index, moment).random_raw(self.height * self.width)
            grains.append(nearly_normal(bits.reshape(self.height, self.width)))
        return np.stack(grains)

    def _choices(self, index: int) -> Float64[np.ndarray, " _choices"]:
        index = existing(index, self.samples)
        return unit(self._stream(CLIPS, index).random_raw(CHOICES))

    def _stream(self, kind: int, number: int, moment: int = 0) -> np.random.Philox:
        """A stream of its own for each kind, clip or subject, and moment."""
        # Subjects are the same people whatever the split.
        split = "training" if kind == BODIES else self.split
        return stream(self.seed, split, kind, number, moment)


def _hats(side: int) -> Float64[np.ndarray, "_side _knot"]:
    """How much each knot of the texture counts at each pixel along a side."""
    place = np.linspace(0, GRAIN, side)
    return np.maximum(0, 1 - np.abs(place[:, None] - np.arange(GRAIN + 1)))
