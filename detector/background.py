"""Beam background: calorimeter clusters that belong to no particle of the event.

Number, spectrum, directions and times are assumptions (nothing of this is published as one number; the spectrum
falls steeply and the endcaps see more); the level scales with the card's ``level``, which also picks basf2's
resolution functions.
"""

import math
from typing import NamedTuple

from detector.showers import BACKGROUND, draw_shape, put_shower
from detector.units import Energy, Fraction, Scale, Section, Time
from physics.jit import kernel
from physics.kinematics import SPEED_OF_LIGHT
from physics.random import exponential, poisson, uniform


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


@kernel
def background_showers(stream, showers, n, background, calorimeter):
    """Append the event's beam-background showers; returns the new number of showers.

    Energies above threshold fall exponentially with two slopes; times are uniform in the read-out window.
    """
    edges = calorimeter.edges
    for _ in range(poisson(stream, background.clusters)):
        hard = uniform(stream) < background.hard_fraction
        scale = background.hard_energy if hard else background.soft_energy
        energy = calorimeter.threshold + scale * exponential(stream)
        u, v = uniform(stream), uniform(stream)
        if u < 0.5 * background.endcap_fraction:
            low, high = edges[0], edges[1]
        elif u < background.endcap_fraction:
            low, high = edges[4], edges[5]
        else:
            low, high = edges[2], edges[3]
        cosine = low + v * (high - low)
        phi = 2.0 * math.pi * uniform(stream)
        sine = math.sqrt(1.0 - cosine * cosine)
        r = 1e9
        if sine > 1e-6:
            r = calorimeter.barrel_radius / sine
        if cosine > 1e-6:
            r = min(r, calorimeter.forward_z / cosine)
        elif cosine < -1e-6:
            r = min(r, calorimeter.backward_z / cosine)
        r += 6.0  # cm, depth of a soft shower (three radiation lengths)
        t = r / SPEED_OF_LIGHT + background.time_window * (2.0 * uniform(stream) - 1.0)
        x, y, z = r * sine * math.cos(phi), r * sine * math.sin(phi), r * cosine
        before = n
        n = put_shower(showers, n, energy, x, y, z, t, BACKGROUND, -1)
        if n > before:
            draw_shape(stream, showers, before, uniform(stream) < 0.5)  # neutrons are about half of it (assumption)
    return n
