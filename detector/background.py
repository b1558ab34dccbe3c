"""Beam background: calorimeter clusters that belong to no particle of the event.

Number, spectrum, directions and times are assumptions (nothing of this is published as one number; the spectrum
falls steeply and the endcaps see more); the level scales with the card's ``level``, which also picks basf2's
resolution functions.
"""

import math
from typing import NamedTuple

import numpy as np

from detector.draws import draw_blocks, name_stream, poisson_number, unit
from detector.elementary import circle_point, fast_log
from detector.sheet import FIRST, FLIGHT, HADRONIC, LABEL, MAX_SHOWERS, PLACE, SHARE, TIME, WHOLE, E, X, Y, Z
from detector.units import Energy, Fraction, Scale, Section, Time
from physics.jit import inlined_kernel
from physics.kinematics import SPEED_OF_LIGHT
from physics.random import STAGE_BACKGROUND


class BackgroundSection(Section):
    """The section ``background`` of a card."""

    level: Scale
    clusters: Scale
    soft_energy: Energy
    hard_energy: Energy
    hard_fraction: Fraction
    endcap_fraction: Fraction
    time_window: Time


class Background(NamedTuple):
    """Constants of the beam background for kernels; GeV, ns."""

    level: float  # in units of the nominal background of basf2
    clusters: float  # mean number above threshold in the time window
    soft_energy: float
    hard_energy: float
    hard_fraction: float
    endcap_fraction: float
    time_window: float


def compile_background(section: BackgroundSection) -> Background:
    """Return the kernel constants."""
    return Background(*(getattr(section, name).number for name in Background._fields))


@inlined_kernel
def draw_background(words, showers, begin, n, background, calorimeter):
    """Write ``n`` background showers from ``begin`` on, by one block of words each.

    Energies above threshold fall exponentially with two slopes; times are uniform in the read-out window.
    """
    hard_fraction, both, edges = background.hard_fraction, background.endcap_fraction, calorimeter.edges
    forward, forward_end, barrel, barrel_end, backward, backward_end = (
        edges[0], edges[1], edges[2], edges[3], edges[4], edges[5],
    )  # fmt: skip
    each = 0.5 * both
    for m in range(n):
        i = begin + m
        u = unit(words[0, m])  # below the fraction it chooses, a uniform number is again one over the fraction
        hard = u < hard_fraction
        slope = background.hard_energy if hard else background.soft_energy
        u = u / hard_fraction if hard else (u - hard_fraction) / (1.0 - hard_fraction)
        showers[E + i] = calorimeter.threshold - slope * fast_log(u)
        u = unit(words[1, m])
        low, high, a, b = (backward, backward_end, each, both) if u < both else (barrel, barrel_end, both, 1.0)
        low, high, a, b = (forward, forward_end, 0.0, each) if u < each else (low, high, a, b)
        cosine = low + (u - a) / (b - a) * (high - low)
        sine = math.sqrt(1.0 - cosine * cosine)
        r = calorimeter.barrel_radius / sine
        z = min(max(cosine * r, calorimeter.backward_z), calorimeter.forward_z)
        r = r if z == cosine * r else z / cosine
        r += 6.0  # cm, depth of a soft shower (three radiation lengths)
        c, s = circle_point(unit(words[2, m]))
        showers[X + i], showers[Y + i], showers[Z + i] = r * sine * c, r * sine * s, r * cosine
        showers[TIME + i] = r / SPEED_OF_LIGHT + background.time_window * (2.0 * unit(words[3, m]) - 1.0)
        showers[HADRONIC + i] = np.float64(words[3, m] & np.uint32(1))  # about half are neutrons (assumption)
        showers[SHARE + i], showers[FLIGHT + i], showers[FIRST + i] = 0.0, -1.0, 3.0


@inlined_kernel
def background_showers(draws, key, numbers, begin, end, block, background, calorimeter):
    """Write the beam-background showers of a block's events behind those of the flights."""
    for i_event in range(begin, end):
        name_stream(draws, i_event - begin, np.uint64(numbers[i_event]), STAGE_BACKGROUND, 0)
    draw_blocks(draws, end - begin, key, np.int64(0), np.int64(1))
    first = block.own[end - begin]
    n = 0
    for k in range(end - begin):
        block.background[k] = first + n
        number = poisson_number(draws.words[0, k], draws.words[1, k], background.clusters, draws)
        number = min(number, MAX_SHOWERS - block.own[k + 1] + block.own[k])
        for m in range(number):
            name_stream(draws, n, np.uint64(numbers[begin + k]), STAGE_BACKGROUND, m + 1)
            block.showers[LABEL + first + n] = np.float64(draws.label[n])
            n += 1
    block.background[end - begin] = first + n
    draw_blocks(draws, np.int64(n), key, np.int64(0), np.int64(1))
    draw_background(draws.words, block.showers, first & PLACE, (n + 7) & WHOLE, background, calorimeter)
