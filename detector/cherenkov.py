"""Cherenkov light: time of propagation in the barrel's quartz bars (TOP), rings behind the forward aerogel (ARICH).

TOP: photons of one track at one azimuth on the Cherenkov cone reach one channel; what tells two hypotheses apart is
the difference of their arrival times, path/(βc) of the track plus the way of the photon in the bar.  For small
differences the separation of all photons together is the root mean square over the azimuths, so a track's light is
one effective time T(1/β) = ∫ rms dt/d(1/β), tabulated over cos θ, measured with σ² = σ_start² + σ_photon²/N.
ARICH: mean Cherenkov angle of N photons and N itself.  Both counts are Poisson numbers, which is what separates
species below threshold.
"""

import math
from typing import NamedTuple

import numpy as np
from pydantic import model_validator

from detector.draws import unit
from detector.units import Angle, Fraction, Length, Number, Scale, Section, Thickness, Time
from physics.elementary import circle_point, fast_atan2
from physics.jit import inlined_kernel
from physics.kinematics import SPEED_OF_LIGHT


class TopSection(Section):
    """The time-of-propagation counter in the section ``identification`` of a card."""

    radius: Thickness
    backward_z: Length
    forward_z: Length
    prism_length: Thickness
    bars: Scale
    bar_width: Thickness
    thickness: Thickness
    index: Number
    group_index: Number
    photons: Scale
    background_photons: Scale
    photon_time: Time
    dispersion: Fraction
    start_time: Time
    tail_probability: Fraction
    tail_time: Time
    kink_time: Time
    degrees_of_freedom: Scale

    @model_validator(mode="after")
    def _check_bar(self) -> "TopSection":
        if self.backward_z.number >= self.forward_z.number:
            msg = "backward_z must be below forward_z"
            raise ValueError(msg)
        if self.bars.number * 2.0 * math.atan(0.5 * self.bar_width.number / self.radius.number) > 2.0 * math.pi:
            msg = "bar_width: the bars overlap at this radius"
            raise ValueError(msg)
        return self


class ArichSection(Section):
    """The aerogel counter in the section ``identification`` of a card."""

    distance: Thickness
    inner_radius: Thickness
    outer_radius: Thickness
    index: Number
    photons: Scale
    background_photons: Scale
    photon_angle: Angle
    track_angle: Angle
    tail_probability: Fraction
    tail_angle: Angle
    geometric_efficiency: Fraction
    degrees_of_freedom: Scale


TOP_COSINES, TOP_SLOWNESSES = 40, 64
LAST = (TOP_SLOWNESSES - 1) * (1.0 - 1e-15)
"""Position of the last node, where light ends, but before it."""
ONE, TWO, THREE = np.uint64(1), np.uint64(2), np.uint64(3)


class Top(NamedTuple):
    """Constants of the TOP counter for kernels; cm, ns."""

    table: np.ndarray  # TOP_COSINES × TOP_SLOWNESSES × 2: effective time [ns], expected photons of the track
    cosine_low: float
    cosine_step: float
    slowness_step: float  # of 1/β from 1 to the refractive index
    radius: float
    backward_z: float
    forward_z: float
    sector: float  # azimuth [rad] of one bar's sector
    bars: float
    half_width: float
    thickness: float
    background_photons: float
    photon_time: float
    start_time: float
    tail_probability: float
    tail_time: float
    kink_time: float
    degrees_of_freedom: float


class Arich(NamedTuple):
    """Constants of the ARICH counter for kernels; cm, rad."""

    index: float  # type: ignore[assignment]
    photons: float  # expected at β = 1
    distance: float
    inner_radius: float
    outer_radius: float
    background_photons: float
    photon_angle: float
    track_angle: float
    tail_probability: float
    tail_angle: float
    geometric_efficiency: float
    degrees_of_freedom: float


def _photon_times(section: TopSection, cosine: float, slowness: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Arrival times less path (slowness, azimuth) [ns] and which photons are trapped, for a track from the origin."""
    sine = math.sqrt(1.0 - cosine * cosine)
    z = section.radius.number * cosine / sine
    cos_c = np.minimum(slowness / section.index.number, 1.0)[:, None]
    sin_c = np.sqrt(1.0 - cos_c**2)
    azimuth = (np.arange(72) + 0.5) * (2.0 * math.pi / 72)
    # bar frame: x through the quartz, z along the bar; the track lies in the x-z plane
    kx = cos_c * sine + sin_c * np.cos(azimuth) * cosine
    ky = sin_c * np.sin(azimuth) * np.ones_like(kx)
    kz = cos_c * cosine - sin_c * np.cos(azimuth) * sine
    critical = math.sqrt(1.0 - 1.0 / section.index.number**2)
    trapped = (np.abs(kx) < critical) & (np.abs(ky) < critical) & (np.abs(kz) > 0.15) & (sin_c > 0.0)
    sensors = section.backward_z.number - section.prism_length.number
    direct = z - sensors
    reflected = 2.0 * section.forward_z.number - z - sensors
    way = np.where(kz < 0.0, direct, reflected) / np.maximum(np.abs(kz), 0.15)
    return way * section.group_index.number / SPEED_OF_LIGHT, trapped


def compile_top(section: TopSection) -> Top:
    """Return the TOP counter's constants; tabulates effective time and yield."""
    r = section.radius.number
    low = section.backward_z.number / math.hypot(r, section.backward_z.number)
    high = section.forward_z.number / math.hypot(r, section.forward_z.number)
    cosines = np.linspace(low, high, TOP_COSINES)
    slowness = np.linspace(1.0, section.index.number, TOP_SLOWNESSES)
    step = slowness[1] - slowness[0]
    times, yields = np.zeros((2, TOP_COSINES, TOP_SLOWNESSES))
    _, reference = _photon_times(section, 0.0, slowness[:1])
    for i, cosine in enumerate(cosines):
        sine = math.sqrt(1.0 - cosine * cosine)
        t, trapped = _photon_times(section, float(cosine), slowness)
        derivative = r / sine / SPEED_OF_LIGHT + np.gradient(t, step, axis=0)
        # a photon that changes ends with β has no derivative: leave it out
        keep = trapped & (np.abs(derivative) < 80.0)
        # photons with a long way are blurred by dispersion and tell less
        weight = keep / (1.0 + (section.dispersion.number * t / section.photon_time.number) ** 2)
        rms = np.sqrt((weight * derivative**2).sum(axis=1) / np.maximum(trapped.sum(axis=1), 1))
        times[i] = np.concatenate([[0.0], np.cumsum(0.5 * (rms[1:] + rms[:-1]) * step)])
        light = (1.0 - (slowness / section.index.number) ** 2) / (1.0 - section.index.number**-2)
        yields[i] = section.photons.number * light * trapped.mean(axis=1) / reference.mean() / sine
    return Top(
        np.stack([times, np.maximum(yields, 0.0)], axis=-1).ravel(),
        float(low),
        float(cosines[1] - cosines[0]),
        float(step),
        r,
        section.backward_z.number,
        section.forward_z.number,
        2.0 * math.pi / section.bars.number,
        section.bars.number,
        0.5 * section.bar_width.number,
        section.thickness.number,
        section.background_photons.number,
        section.photon_time.number,
        section.start_time.number,
        section.tail_probability.number,
        section.tail_time.number,
        section.kink_time.number,
        section.degrees_of_freedom.number,
    )


def compile_arich(section: ArichSection) -> Arich:
    """Return the ARICH counter's constants."""
    return Arich(*(getattr(section, name).number for name in Arich._fields))


@inlined_kernel
def top_hypothesis(i, f, path, slowness, top):
    """Effective time [ns] and photons of a track with this 1/β in a quartz bar.

    Parameters
    ----------
    i, f : bin of :func:`cosine_bin`.
    path : part of the bar's thickness that it crosses.
    """
    position = min((slowness - 1.0) * (1.0 / top.slowness_step), LAST)
    j = int(position)
    g = position - j
    near = np.uint64(2 * (TOP_SLOWNESSES * i + j))
    far = near + np.uint64(2 * TOP_SLOWNESSES)
    table = top.table  # four neighbours each, which are read at once
    a = table[near] + f * (table[far] - table[near])
    b = table[near + ONE] + f * (table[far + ONE] - table[near + ONE])
    c = table[near + TWO] + f * (table[far + TWO] - table[near + TWO])
    d = table[near + THREE] + f * (table[far + THREE] - table[near + THREE])
    return a + g * (c - a), path * (b + g * (d - b))


@inlined_kernel
def path_in_bar(x, y, z, px, py, pz, top):
    """Part of the quartz bar's thickness that a straight line through (x, y, z) along (px, py, pz) crosses; 0: none.

    Slanted tracks near an edge enter or leave a bar through its side: some 6 % of all miss the bars, 3 % more cross
    a part of one (arXiv:2203.04847).
    """
    turn = np.floor(fast_atan2(y, x) * (1.0 / top.sector) + 0.5) * (1.0 / top.bars) + 0.125
    nx, ny = circle_point(turn - np.floor(turn))  # normal of the bar it points to
    forward = nx * px + ny * py
    depth = nx * x + ny * y - top.radius  # behind the bar's inner face
    f = 1.0 / forward
    z_bar = z - depth * f * pz
    slope = f * (nx * py - ny * px)
    near = nx * y - ny * x - depth * slope
    far = near + top.thickness * slope
    low, high = min(near, far), max(near, far)
    inside = min(high, top.half_width) - max(low, -top.half_width)
    part = inside / (high - low) if high - low > 1e-6 else 1.0
    hit = (inside > 0.0) & (z_bar > top.backward_z) & (z_bar < top.forward_z)
    hit &= (forward > 0.0) & (forward * forward > 0.0025 * (px * px + py * py)) & (x * x + y * y > 1.0)
    return part if hit else 0.0


@inlined_kernel
def in_arich(x, y, z, arich):
    """Whether the straight line from the origin through (x, y, z) crosses the aerogel."""
    rho2 = (x * x + y * y) * (arich.distance * arich.distance)
    inner, outer = arich.inner_radius * z, arich.outer_radius * z
    return (z > 0.0) & (inner * inner < rho2) & (rho2 < outer * outer)


@inlined_kernel
def cosine_bin(cosine, top):
    """Bin of the TOP counter's table over cos θ where a track crosses a bar, and how far it is to the next node."""
    position = (cosine - top.cosine_low) * (1.0 / top.cosine_step)
    i = max(min(np.int64(position), TOP_COSINES - 2), 0)
    return i, position - i


@inlined_kernel
def arich_photons(word, arich):
    """Photons expected of a track at β = 1: tile and sensor gaps cost some, which ones a track meets is known."""
    return arich.photons * (arich.geometric_efficiency + (1.0 - arich.geometric_efficiency) * unit(word))


@inlined_kernel
def arich_hypothesis(photons, slowness, arich):
    """Cherenkov angle [rad] and photons of a track with this 1/β, if there were ``photons`` at β = 1."""
    cosine = slowness * (1.0 / arich.index)
    full = 1.0 - 1.0 / (arich.index * arich.index)
    return math.acos(cosine) if cosine < 1.0 else 0.0, photons / full * max(1.0 - cosine * cosine, 0.0)
