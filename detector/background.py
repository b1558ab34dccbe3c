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
from detector.showers import BACKGROUND, SLOT_BLOCKS, put_shower
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
def background_showers(draws, key, event, showers, n, background, calorimeter):
    """Append the event's beam-background showers; returns the new number of showers.

    Energies above threshold fall exponentially with two slopes; times are uniform in the read-out window.
    """
    words, edges = draws.words, calorimeter.edges
    draws.label[0] = np.uint64(STAGE_BACKGROUND)
    draws.first[0] = np.uint64(0)
    draw_blocks(draws, np.int64(1), key, event, np.int64(0), np.int64(1))
    number = min(poisson_number(words[0, 0], words[1, 0], background.clusters, draws), draws.label.shape[0])
    for m in range(number):
        draws.label[m] = np.uint64(STAGE_BACKGROUND) | (np.uint64(m + 1) << np.uint64(16))
        draws.first[m] = np.uint64(0)
    draw_blocks(draws, np.int64(number), key, event, np.int64(0), np.int64(2))
    for m in range(number):
        hard = unit(words[0, m]) < background.hard_fraction
        scale = background.hard_energy if hard else background.soft_energy
        energy = calorimeter.threshold - scale * fast_log(unit(words[1, m]))
        u = unit(words[2, m])
        if u < 0.5 * background.endcap_fraction:
            low, high = edges[0], edges[1]
        elif u < background.endcap_fraction:
            low, high = edges[4], edges[5]
        else:
            low, high = edges[2], edges[3]
        cosine = low + unit(words[3, m]) * (high - low)
        c, s = circle_point(unit(words[4, m]))
        sine = math.sqrt(1.0 - cosine * cosine)
        r = calorimeter.barrel_radius / sine
        if cosine * r > calorimeter.forward_z:
            r = calorimeter.forward_z / cosine
        elif cosine * r < calorimeter.backward_z:
            r = calorimeter.backward_z / cosine
        r += 6.0  # cm, depth of a soft shower (three radiation lengths)
        t = r / SPEED_OF_LIGHT + background.time_window * (2.0 * unit(words[5, m]) - 1.0)
        x, y, z = r * sine * c, r * sine * s, r * cosine
        neutron = 1 if unit(words[6, m]) < 0.5 else 0  # about half of it (assumption)
        n = put_shower(showers, n, energy, x, y, z, t, BACKGROUND, neutron, -1, draws.label[m], SLOT_BLOCKS)
    return n
