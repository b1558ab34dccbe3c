"""Beam background: calorimeter clusters that belong to no particle of the event.

Number, spectrum, directions and times are assumptions (nothing of this is published as one number; the spectrum
falls steeply and the endcaps see more); the level scales with the card's ``level``, which also picks basf2's
resolution functions.
"""

import math
from typing import NamedTuple

import numpy as np

from detector.draws import draw_blocks, poisson_number, unit
from detector.elementary import circle_point, fast_log
from detector.sheet import HADRONIC, TIME, E, X, Y, Z
from detector.showers import BACKGROUND, MAX_SHOWERS, SLOT_BLOCKS, put_shower
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
def draw_background(words, sheet, n, background, calorimeter):
    """Write energy, time, place and kind of ``n`` background showers to the sheet, by two blocks of words each.

    Energies above threshold fall exponentially with two slopes; times are uniform in the read-out window.
    """
    b, edges = background, calorimeter.edges
    forward, forward_end, barrel, barrel_end, backward, backward_end = (
        edges[0], edges[1], edges[2], edges[3], edges[4], edges[5],
    )  # fmt: skip
    for m in range(n):
        slope = b.hard_energy if unit(words[0, m]) < b.hard_fraction else b.soft_energy
        u = unit(words[2, m])
        low, high = (backward, backward_end) if u < b.endcap_fraction else (barrel, barrel_end)
        low, high = (forward, forward_end) if u < 0.5 * b.endcap_fraction else (low, high)
        cosine = low + unit(words[3, m]) * (high - low)
        sine = math.sqrt(1.0 - cosine * cosine)
        r = calorimeter.barrel_radius / sine
        z = min(max(cosine * r, calorimeter.backward_z), calorimeter.forward_z)
        r = r if z == cosine * r else z / cosine
        r += 6.0  # cm, depth of a soft shower (three radiation lengths)
        c, s = circle_point(unit(words[4, m]))
        sheet[E + m] = calorimeter.threshold - slope * fast_log(unit(words[1, m]))
        sheet[X + m], sheet[Y + m], sheet[Z + m] = r * sine * c, r * sine * s, r * cosine
        sheet[TIME + m] = r / SPEED_OF_LIGHT + b.time_window * (2.0 * unit(words[5, m]) - 1.0)
        sheet[HADRONIC + m] = 1.0 if unit(words[6, m]) < 0.5 else 0.0  # about half are neutrons (assumption)


@inlined_kernel
def background_showers(draws, key, event, showers, n, sheet, background, calorimeter):
    """Append the event's beam-background showers; returns the new number of showers."""
    words = draws.words
    draws.label[0] = np.uint64(STAGE_BACKGROUND)
    draws.first[0] = np.uint64(0)
    draw_blocks(draws, np.int64(1), key, event, np.int64(0), np.int64(1))
    number = min(poisson_number(words[0, 0], words[1, 0], background.clusters, draws), MAX_SHOWERS)
    for m in range(number):
        draws.label[m] = np.uint64(STAGE_BACKGROUND) | (np.uint64(m + 1) << np.uint64(16))
        draws.first[m] = np.uint64(0)
    draw_blocks(draws, np.int64(number), key, event, np.int64(0), np.int64(2))
    draw_background(words, sheet, (number + 7) & 0x3F8, background, calorimeter)
    for m in range(number):
        n = put_shower(
            showers, n, sheet[E + m], sheet[X + m], sheet[Y + m], sheet[Z + m], sheet[TIME + m], BACKGROUND,
            np.int64(sheet[HADRONIC + m]), -1, draws.label[m], SLOT_BLOCKS,
        )  # fmt: skip
    return n
