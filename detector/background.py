"""Beam background: calorimeter clusters that belong to no particle of the event.

Number, spectrum, directions and times are assumptions (nothing of this is published as one number; the spectrum
falls steeply and the endcaps see more); the level scales with the card's ``level``, which also picks basf2's
resolution functions.
"""

import math
from typing import NamedTuple

import numpy as np

from detector.draws import draw_blocks, name_stream, poisson_number, unit
from detector.sheet import FIRST, FLIGHT, HADRONIC, LABEL, MAX_SHOWERS, PLACE, SHARE, TIME, E, X, Y, Z, whole
from detector.units import Energy, Fraction, Scale, Section, Time
from physics.elementary import circle_point, fast_log
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
def draw_background(draws, column, key, numbers, begin, end, block, background):
    """Draw the random numbers of the background showers of the events from ``begin`` to ``end``.

    They lie in the columns of ``draws`` from ``column`` on, each event's from ``block.background``.
    """
    events = end - begin
    for k in range(events):
        name_stream(draws, column + k, np.uint64(numbers[begin + k]), STAGE_BACKGROUND, 0)
    draw_blocks(draws, column, column + events, key, np.int64(0), np.int64(1))
    words = draws.words
    first = whole(column + events)
    n = first
    for k in range(events):
        block.background[k] = n
        number = poisson_number(words[0, column + k], words[1, column + k], background.clusters, draws)
        number = min(number, MAX_SHOWERS)
        base, event = n & PLACE, np.uint64(numbers[begin + k])
        for m in range(number):
            name_stream(draws, base + m, event, STAGE_BACKGROUND, m + 1)
        n += number
    block.background[events] = n
    draw_blocks(draws, first, n, key, np.int64(0), np.int64(1))


@inlined_kernel
def add_background(draws, column, number, sheet, n, background, calorimeter):
    """Write ``number`` background showers behind the ``n`` others of an event, with the numbers from ``column`` on.

    Energies above threshold fall exponentially with two slopes; times are uniform in the read-out window.
    """
    words = draws.words
    hard_fraction, both, edges = background.hard_fraction, background.endcap_fraction, calorimeter.edges
    forward, forward_end, barrel, barrel_end, backward, backward_end = (
        edges[0], edges[1], edges[2], edges[3], edges[4], edges[5],
    )  # fmt: skip
    each = 0.5 * both
    to_hard, to_soft = 1.0 / hard_fraction, 1.0 / (1.0 - hard_fraction)
    to_endcap, to_barrel = 1.0 / each, 1.0 / (1.0 - both)
    for m in range(whole(number)):
        i, j = (n & PLACE) + m, (column & PLACE) + m
        u = unit(words[0, j])  # below the fraction it chooses, a uniform number is again one over the fraction
        hard = u < hard_fraction
        slope = background.hard_energy if hard else background.soft_energy
        u = u * to_hard if hard else (u - hard_fraction) * to_soft
        sheet[E + i] = calorimeter.threshold - slope * fast_log(u)
        u = unit(words[1, j])
        low, high, a, f = (
            (backward, backward_end, each, to_endcap) if u < both else (barrel, barrel_end, both, to_barrel)
        )
        low, high, a, f = (forward, forward_end, 0.0, to_endcap) if u < each else (low, high, a, f)
        cosine = low + (u - a) * f * (high - low)
        sine = math.sqrt(1.0 - cosine * cosine)
        r = calorimeter.barrel_radius / sine
        z = min(max(cosine * r, calorimeter.backward_z), calorimeter.forward_z)
        r = r if z == cosine * r else z / cosine
        r += 6.0  # cm, depth of a soft shower (three radiation lengths)
        c, s = circle_point(unit(words[2, j]))
        sheet[X + i], sheet[Y + i], sheet[Z + i] = r * sine * c, r * sine * s, r * cosine
        sheet[TIME + i] = r / SPEED_OF_LIGHT + background.time_window * (2.0 * unit(words[3, j]) - 1.0)
        sheet[HADRONIC + i] = np.float64(words[3, j] & np.uint32(1))  # about half are neutrons (assumption)
        sheet[SHARE + i], sheet[FLIGHT + i], sheet[FIRST + i] = 0.0, -1.0, 1.0
    for m in range(number):
        sheet[LABEL + n + m] = np.float64(draws.label[column + m])
    return n + number
