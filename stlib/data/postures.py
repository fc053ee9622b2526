"""How a stick figure holds itself in KTH's six actions: joints as functions of a phase.

Walking, jogging and running differ in every single frame that shows a stride: by the bend of the
elbows, the lean of the trunk, the lift of the knees and by how far both feet leave the ground. So
they can be told apart at any tempo, and from frames in any order.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float

__all__ = ["Body", "radii", "reach", "shades", "skeleton", "stride"]

Phase: TypeAlias = Float[np.ndarray, " _time"]
Angles: TypeAlias = Float[np.ndarray, "_time 2"]  # of both sides, the near one first; in radians
Points: TypeAlias = Float[np.ndarray, "_time 2"]  # to the front and up, in body heights
Bones: TypeAlias = Float[np.ndarray, "_time 2 2"]  # of both sides: from one end to the other
Limbs: TypeAlias = Float[np.ndarray, "_time _limb 2 2"]


class Body(NamedTuple):
    """Proportions in body heights, and habits; one a subject.

    Attributes:
        trunk, arm, leg: lengths from hips to shoulders, shoulder to hand, hip to ankle.
        width: of the shoulders.
        girth: factor on the thickness of everything.
        swing: factor on how far arms and legs swing.
        bend: added to the elbows, in radians.
        lean: added to the trunk, in radians.

    Source: this book; the means are close to those of adults.
    """

    trunk: float = 0.30
    arm: float = 0.36
    leg: float = 0.49
    width: float = 0.22
    girth: float = 1.0
    swing: float = 1.0
    bend: float = 0.0
    lean: float = 0.0


class Gait(NamedTuple):
    """One way to get on, in degrees but for the last two."""

    lean: float
    hip: float  # half the angle between the thighs at their widest
    lift: float  # how far the thighs are to the front on average
    knee: float  # most bent, while its foot is off the ground
    shoulder: float
    elbow: float
    height: float  # below which the hips do not sink, as a share of the leg
    air: float  # share of a stride that is flown


class Pose(NamedTuple):
    """How joints stand, seen from the side; an angle turns what hangs down to the front.

    Knees alone bend to the back.
    """

    lean: Phase
    hips: Angles
    knees: Angles
    shoulders: Angles
    elbows: Angles
    height: float  # below which the hips do not sink, in body heights


GAITS = {
    "walking": Gait(2, hip=24, lift=2, knee=45, shoulder=22, elbow=8, height=0, air=0),
    "jogging": Gait(8, hip=27, lift=9, knee=75, shoulder=26, elbow=75, height=0.9, air=0.1),
    "running": Gait(17, hip=42, lift=17, knee=108, shoulder=42, elbow=100, height=0.95, air=0.2),
}
HEAD, NECK, FOOT = 0.066, 0.02, 0.075
FRONTAL = ("handwaving", "handclapping")
NEAR, FAR = 1.0, 0.65
# Head, trunk, shoulders; upper arm and forearm of either side; thigh, shin and foot of either side.
RADII = (HEAD, 0.06, 0.035, *(0.028, 0.024) * 2, *(0.038, 0.03, 0.024) * 2)  # in body heights
FROM_THE_SIDE = (NEAR, 0.85, 0.85, NEAR, NEAR, FAR, FAR, NEAR, NEAR, NEAR, FAR, FAR, FAR)
FROM_THE_FRONT = (NEAR, 0.85, 0.85, *(NEAR,) * 10)


def stride(action: str, body: Body) -> float:
    """How far one cycle of the legs carries the body, in body heights; 0 for those that stay.

    Twice the distance between the feet of straight legs at their widest, and what is flown.

    Source: this book.
    """
    if action not in GAITS:
        return 0.0
    gait = GAITS[action]
    widest = (
        2 * body.leg * np.sin(np.radians(gait.hip) * body.swing) * np.cos(np.radians(gait.lift))
    )
    return float(2 * widest / (1 - gait.air))


def radii(body: Body) -> Float[np.ndarray, " _limb"]:
    """Half the thickness of every limb that `skeleton` lists, in body heights.

    Source: this book.
    """
    return body.girth * np.array(RADII)


def reach(action: str) -> float:
    """How far a figure extends to either side, in body heights, whoever it is.

    Source: this book.
    """
    return 0.56 if action in FRONTAL else 0.5


def shades(action: str) -> Float[np.ndarray, " _limb"]:
    """The brightness of every limb that `skeleton` lists: what is behind the trunk is darker.

    Source: this book.
    """
    return np.array(FROM_THE_FRONT if action in FRONTAL else FROM_THE_SIDE)


def skeleton(action: str, phase: Phase, body: Body) -> Limbs:
    """Both ends of every limb, to the front and up from the ground under the hips.

    Args:
        action: of `stlib.data.actions.ACTIONS`.
        phase: of the movement, in radians; one cycle is 2 π.
        body: whose.

    Returns:
        Head, trunk, shoulders; upper arm and forearm of either side; thigh, shin and foot of
        either side; in body heights. Those who travel or box are seen from the side; those who
        wave or clap from the front, the second side mirrored.

    Raises:
        ValueError: an unknown action.

    Source: this book.
    """
    if action in GAITS:
        return _side(body, _gait(GAITS[action], phase, body))
    if action == "boxing":
        return _side(body, _boxing(phase, body))
    if action in FRONTAL:
        return _front(action, phase, body)
    known = ", ".join((*GAITS, "boxing", *FRONTAL))
    raise ValueError(f"{action=}, expected one of {known}")


def _gait(gait: Gait, phase: Phase, body: Body) -> Pose:
    both = phase[:, None] + np.array([0, np.pi])
    lean = np.full_like(phase, np.radians(gait.lean) + body.lean)
    hips = np.radians(gait.lift + gait.hip * body.swing * np.sin(both))
    # A knee bends while its thigh comes forward.
    knees = np.radians(6 + gait.knee * np.cos(both + 0.4).clip(0))
    shoulders = np.radians(-gait.shoulder * body.swing * np.sin(both))
    elbows = np.full_like(hips, np.radians(gait.elbow) + body.bend)
    return Pose(lean, hips, knees, shoulders, elbows, gait.height * body.leg)


def _boxing(phase: Phase, body: Body) -> Pose:
    """One fist goes out, then the other; both come back before the chin."""
    both = phase[:, None] + np.array([0, np.pi])
    punch = np.sin(both).clip(0)
    lean = np.radians(5 + 4 * np.abs(np.sin(phase))) + body.lean
    still = np.ones_like(both)
    hips = np.radians(20 * body.swing) * still * np.array([-1, 1])
    knees = np.radians(14) * still
    shoulders = np.radians(38 + 48 * punch)
    elbows = np.radians(132 - 124 * punch) + body.bend * (1 - punch)
    return Pose(lean, hips, knees, shoulders, elbows, 0.0)


def _side(body: Body, pose: Pose) -> Limbs:
    """The limbs as seen from the side."""
    lean, hips, knees, shoulders, elbows, height = pose
    half_leg, half_arm = body.leg / 2, body.arm / 2
    thighs = half_leg * _hanging(hips)
    shins = half_leg * _hanging(hips - knees)
    # The lower foot stands, unless the hips would sink too far: then both feet fly.
    up = np.maximum(-(thighs + shins)[..., 1].min(axis=1), height)
    hip = np.stack([np.zeros_like(up), up], axis=1)
    neck = hip - body.trunk * _hanging(-lean)
    upper = half_arm * _hanging(shoulders)
    fore = half_arm * _hanging(shoulders + elbows)
    feet = FOOT * _hanging(hips - knees + np.pi / 2)
    head = neck - (NECK + HEAD) * _hanging(-lean)
    return _limbs(head, hip, neck, (hip, hip), (neck, neck), (upper, fore), (thighs, shins, feet))


def _front(action: str, phase: Phase, body: Body) -> Limbs:
    """Both sides do the same, mirrored; 'to the front' is outwards here."""
    half_leg, half_arm = body.leg / 2, body.arm / 2
    there = np.zeros_like(phase)
    beat = np.sin(phase)
    if action == "handwaving":
        upper = half_arm * _hanging(np.radians(118 + 42 * body.swing * beat))
        fore = half_arm * _hanging(np.radians(128 + 50 * body.swing * beat) + body.bend)
    else:
        upper = half_arm * _hanging(np.full_like(phase, np.radians(28)))
        # The forearms lie nearly level and turn in towards each other: seen shorter on the way.
        turn = np.radians(70 + 60 * body.swing * beat)
        fore = half_arm * np.stack([-np.cos(turn), np.full_like(turn, 0.35 + body.bend)], axis=1)
    thigh = half_leg * _hanging(np.full_like(phase, np.radians(7)))
    foot = 0.4 * FOOT * _hanging(np.full_like(phase, np.radians(75)))
    hip = np.stack([there, there - 2 * thigh[:, 1]], axis=1)
    neck = hip + np.stack([there, there + body.trunk], axis=1)
    head = neck + np.stack([there, there + NECK + HEAD], axis=1)
    mirror = np.array([[1, 1], [-1, 1]])
    arms = [part[:, None] * mirror for part in (upper, fore)]
    legs = [part[:, None] * mirror for part in (thigh, thigh, foot)]
    shoulders, sockets = (
        [middle + side * np.array([across, 0]) for side in (1, -1)]
        for middle, across in ((neck, body.width / 2), (hip, body.width / 4))
    )
    return _limbs(head, hip, neck, sockets, shoulders, arms, legs)


def _limbs(
    head: Points,
    hip: Points,
    neck: Points,
    sockets: Sequence[Points],
    shoulders: Sequence[Points],
    arms: Sequence[Bones],
    legs: Sequence[Bones],
) -> Limbs:
    """Every limb, the chains of bones from where they are held to their ends."""
    lines = [(head, head), (hip, neck), (shoulders[0], shoulders[1])]
    for held, chain in ((shoulders, arms), (sockets, legs)):
        for side in (0, 1):
            start = held[side]
            for bone in chain:
                end = start + bone[:, side]
                lines.append((start, end))
                start = end
    return np.stack([np.stack(line, axis=1) for line in lines], axis=1)


def _hanging(angle: Float[np.ndarray, "*_axes"]) -> Float[np.ndarray, "*_axes 2"]:
    """A unit vector that hangs down, turned to the front."""
    return np.stack([np.sin(angle), -np.cos(angle)], axis=-1)
