"""Answers to the exercises of chapter 20: right ones, each written twice, and mistakes."""

from functools import reduce
from math import gcd

import numpy as np

SLOW, FAST, UNSWAPPED = (-3, -6, 2, -1, -2, -8, 0), (-3, 2, -2, 0), (-2, -1, -2, -1)


def read_by_loops(row, atom, dilation, padding=None, flip=False):
    radius = len(atom) // 2
    middle = (dilation if padding is None else padding) * radius
    taps = atom[::-1] if flip else atom
    said = []
    for t in range(len(row)):
        places = [t - middle + dilation * tap for tap in range(len(atom))]
        said.append(
            sum(
                weight * row[place]
                for weight, place in zip(taps, places, strict=True)
                if 0 <= place < len(row)
            )
        )
    return said


def read_by_spreading(row, atom, dilation):
    wide = np.zeros(dilation * (len(atom) - 1) + 1)
    wide[::dilation] = atom
    margin = np.zeros(len(wide) // 2)
    return np.correlate(np.concatenate([margin, row, margin]), wide, "valid").tolist()


def read_circular(row, atom, dilation):
    radius = len(atom) // 2
    return [
        sum(w * row[(t + dilation * (tap - radius)) % len(row)] for tap, w in enumerate(atom))
        for t in range(len(row))
    ]


def by_gcd(dilations):
    return gcd(*dilations)


def by_euclid(dilations):
    def common(a, b):
        return common(b, a % b) if b else a

    return reduce(common, dilations)


def apart(row, atoms, dilation, relu=True, read=read_by_loops, first=0, shared=True):
    def said(film, spread):
        maps = film
        for place, atom in enumerate(atoms):
            if place and relu:
                maps = [max(0, each) for each in maps]
            maps = read(maps, atom, spread)
        return maps

    slow, fast = said(row, 2), said(row[first::2], dilation)
    slow = slow[first::2] if shared else slow
    return float(sum(abs(a - b) for a, b in zip(slow, fast, strict=False)))


def blinking(tempo):
    return [t // tempo % 2 for t in range(12)]


RIGHT = {
    "20-hand": [(SLOW, FAST, UNSWAPPED), [np.array(SLOW), list(FAST), list(UNSWAPPED)]],
    "20-code": [read_by_loops, read_by_spreading],
    "20-prove": [by_gcd, by_euclid],
    "20-measure": [
        apart,
        lambda row, atoms, dilation: apart(row, atoms, dilation, read=read_by_spreading),
    ],
    "20-break": [blinking, lambda tempo: np.repeat([1, 0] * 6, tempo)[:12]],
}

# By exercise: the largest size of a counterexample, and wrong answers by name.
WRONG = {
    "20-hand": (
        2,
        {
            "no zeros": ((2, 7, -3, 1, -2, 8, 1), FAST, UNSWAPPED),
            "not dilated": ((3, -11, 13, -13, 12, -13, 6), FAST, UNSWAPPED),
            "odd frames": (SLOW, (-6, -1, -8, 0), UNSWAPPED),
            "swapped all the same": (SLOW, FAST, FAST),
            "two rows": (SLOW, FAST),
        },
    ),
    "20-code": (
        7,
        {
            "padding stays": lambda row, atom, dilation: read_by_loops(row, atom, dilation, 1),
            "flipped": lambda row, atom, dilation: read_by_loops(row, atom, dilation, flip=True),
            "not dilated": lambda row, atom, dilation: read_by_loops(row, atom, 1),
            "circular": read_circular,
        },
    ),
    "20-prove": (
        3,
        {
            "the smallest": min,
            "the first": lambda dilations: dilations[0],
            "all of them": lambda dilations: int(np.prod(dilations)),
            "the last common multiple": lambda dilations: int(np.lcm.reduce(dilations)),
        },
    ),
    "20-measure": (
        12,
        {
            "no ReLU": lambda row, atoms, dilation: apart(row, atoms, dilation, relu=False),
            "odd frames": lambda row, atoms, dilation: apart(row, atoms, dilation, first=1),
            "first half": lambda row, atoms, dilation: apart(row, atoms, dilation, shared=False),
            "always equal": lambda row, atoms, dilation: 0.0,
            "as trained": lambda row, atoms, dilation: apart(row, atoms, 2),
        },
    ),
    "20-break": (
        1,
        {
            "dark": lambda tempo: [0] * 12,
            "alarm": lambda tempo: [t % 2 for t in range(12)],
            "always two": lambda tempo: blinking(2),
            "dimmed": lambda tempo: [t / 12 for t in range(12)],
        },
    ),
}
