"""What particles do in the tracker besides leaving hits, and what comes out of it.

Decays in flight, photon conversions, bremsstrahlung and nuclear interactions. The kernels put the new particles behind
the other entries (:data:`detector.flight.ENTRY`) and return their new number; whether the process happens is decided by
the caller, who knows the matter on the way.
"""

import math
from typing import NamedTuple

import numpy as np

from detector import flight
from detector.lanes import lane_function, select
from detector.units import Fraction, Scale, Section
from physics.jit import kernel
from physics.kinematics import boost_to_parent_frame, two_body_momentum
from physics.particles import (
    DEUTERON_MASS,
    ELECTRON_MASS,
    KAON_CTAU,
    KAON_MASS,
    MUON_MASS,
    PION_CTAU,
    PION_MASS,
    PROTON_MASS,
    final_charge,
    final_mass,
)
from physics.random import isotropic_direction, normal, uniform

# Numba compiles a kernel once for each plain integer handed to it, but only once for these.
ORIGIN_DECAY, ORIGIN_CONVERSION = np.int64(flight.ORIGIN_DECAY), np.int64(flight.ORIGIN_CONVERSION)
ORIGIN_BREMSSTRAHLUNG, ORIGIN_NUCLEAR = np.int64(flight.ORIGIN_BREMSSTRAHLUNG), np.int64(flight.ORIGIN_NUCLEAR)
PHOTON = np.int64(22)
PI0_MASS = 0.1349768
"""π⁰ mass [GeV], PDG 2026."""
K_LONG_CTAU = 1533.7
"""K_L proper decay length [cm] (51.16 ns, PDG 2026)."""

# Decay modes: cumulative probability and daughters, the neutrino as 12; PDG 2026 branching fractions, scaled to 1.
KAON_MODES = np.array(
    [
        [0.6356, -13, 12, 0],  # µ⁺ν
        [0.8423, 211, 111, 0],
        [0.8981, 211, 211, -211],
        [0.9488, -11, 111, 12],
        [0.9823, -13, 111, 12],
        [1.0000, 211, 111, 111],
    ]
)
K_LONG_MODES = np.array(
    [
        [0.4069, 211, 11, 12],  # and its conjugate
        [0.6783, 211, 13, 12],
        [0.8742, 111, 111, 111],
        [1.0000, 211, -211, 111],
    ]
)


class ProcessesSection(Section):
    """Factors on the probability of each process; 1 is the physics, 0 switches it off."""

    decay_in_flight: Scale
    conversion: Scale
    bremsstrahlung: Scale
    nuclear_interaction: Scale
    bremsstrahlung_cut: Fraction


class Processes(NamedTuple):
    """Constants for kernels."""

    decay_in_flight: float
    conversion: float
    bremsstrahlung: float
    nuclear_interaction: float
    bremsstrahlung_cut: float


def build_processes(section: ProcessesSection) -> Processes:
    """Compile the section."""
    return Processes(*(getattr(section, name).number for name in Processes._fields))


@kernel
def put(waiting, n, pdg, origin, x, y, z, t, px, py, pz):
    """Add a particle to the entries; neutrinos and what does not fit are left out."""
    species = abs(pdg)
    if n >= waiting.shape[0] or species == 12 or species == 14 or species == 16:
        return n
    entry = waiting[n]
    entry.pdg = pdg
    entry.origin = origin
    entry.cover = -1
    entry.x, entry.y, entry.z, entry.t = x, y, z, t
    entry.px, entry.py, entry.pz = px, py, pz
    return n + 1


@kernel
def charged_constants(pdg):
    """Mass [GeV] of a charged particle, mean decay length over momentum [cm/GeV], and nuclear interaction length.

    The latter in units of nucleons'; infinite for leptons as both are for what does not decay in the tracker. That of
    pions is 1.27 (PDG, Atomic and nuclear properties, silicon); kaons and antiprotons: assumption from their cross
    sections on nucleons.
    """
    species = abs(pdg)
    if species == 211:
        return PION_MASS, PION_CTAU / PION_MASS, 1.27
    if species == 321:
        return KAON_MASS, KAON_CTAU / KAON_MASS, 1.6 if pdg > 0 else 1.3
    if species == 11:
        return ELECTRON_MASS, np.inf, np.inf
    if species == 13:
        return MUON_MASS, np.inf, np.inf
    if species == 2212:
        return PROTON_MASS, np.inf, 1.0 if pdg > 0 else 0.7
    return DEUTERON_MASS, np.inf, 1.0


@kernel
def _daughter_mass(pdg):
    if pdg == 111:
        return PI0_MASS
    return final_mass(pdg)


@kernel
def _put_daughter(stream, waiting, n, pdg, m, x, y, z, t, qx, qy, qz, px, py, pz, e, mass):
    """Boost one daughter to the laboratory and add it, a π⁰ as its two photons."""
    qe = math.sqrt(qx * qx + qy * qy + qz * qz + m * m)
    qx, qy, qz, qe = boost_to_parent_frame(qx, qy, qz, qe, px, py, pz, e, mass)
    if pdg != 111:
        return put(waiting, n, pdg, ORIGIN_DECAY, x, y, z, t, qx, qy, qz)
    ux, uy, uz = isotropic_direction(stream)
    half = 0.5 * PI0_MASS
    for sign in (1.0, -1.0):
        gx, gy, gz, _ = boost_to_parent_frame(
            sign * half * ux, sign * half * uy, sign * half * uz, half, qx, qy, qz, qe, PI0_MASS
        )
        n = put(waiting, n, PHOTON, ORIGIN_DECAY, x, y, z, t, gx, gy, gz)
    return n


@kernel
def decay(stream, waiting, n, pdg, x, y, z, t, px, py, pz):
    """Decay a π±, K± or K_L; uniform phase space (assumption for three bodies, exact for two). Returns n."""
    mass = final_mass(pdg)
    e = math.sqrt(px * px + py * py + pz * pz + mass * mass)
    a, b, c = np.int64(-13), np.int64(12), np.int64(0)
    if abs(pdg) == 321:
        number = uniform(stream)
        i = 0
        while number > KAON_MODES[i, 0]:
            i += 1
        a, b, c = np.int64(KAON_MODES[i, 1]), np.int64(KAON_MODES[i, 2]), np.int64(KAON_MODES[i, 3])
    elif pdg == 130:
        number = uniform(stream)
        i = 0
        while number > K_LONG_MODES[i, 0]:
            i += 1
        a, b, c = np.int64(K_LONG_MODES[i, 1]), np.int64(K_LONG_MODES[i, 2]), np.int64(K_LONG_MODES[i, 3])
    conjugate = pdg < 0 or (pdg == 130 and uniform(stream) < 0.5)
    if conjugate:
        a = -a if a != 111 else a
        b = -b if b != 111 else b
        c = -c if c != 111 else c
    m1, m2, m3 = _daughter_mass(a), _daughter_mass(b), 0.0
    ux, uy, uz = isotropic_direction(stream)
    if c == 0:
        q = two_body_momentum(mass, m1, m2)
        n = _put_daughter(stream, waiting, n, a, m1, x, y, z, t, q * ux, q * uy, q * uz, px, py, pz, e, mass)
        return _put_daughter(stream, waiting, n, b, m2, x, y, z, t, -q * ux, -q * uy, -q * uz, px, py, pz, e, mass)
    m3 = _daughter_mass(c)
    low, high = m1 + m2, mass - m3
    bound = two_body_momentum(mass, low, m3) * two_body_momentum(high, m1, m2)
    m12, q, k = low, 0.0, 0.0
    for _ in range(1000):
        m12 = low + (high - low) * uniform(stream)
        q, k = two_body_momentum(mass, m12, m3), two_body_momentum(m12, m1, m2)
        if q * k > bound * uniform(stream):
            break
    n = _put_daughter(stream, waiting, n, c, m3, x, y, z, t, -q * ux, -q * uy, -q * uz, px, py, pz, e, mass)
    vx, vy, vz = isotropic_direction(stream)
    e12 = math.sqrt(q * q + m12 * m12)
    for sign in (1.0, -1.0):
        m = m1 if sign > 0.0 else m2
        hx, hy, hz, _ = boost_to_parent_frame(
            sign * k * vx, sign * k * vy, sign * k * vz, math.sqrt(k * k + m * m),
            q * ux, q * uy, q * uz, e12, m12,
        )  # fmt: skip
        n = _put_daughter(stream, waiting, n, a if sign > 0.0 else b, m, x, y, z, t, hx, hy, hz, px, py, pz, e, mass)
    return n


@kernel
def convert(stream, waiting, n, energy, x, y, z, t, ux, uy, uz):
    """Replace a photon by e⁺e⁻ along its direction; energy shares 1 − 4/3 x(1−x) (PDG eq. 34.31). Returns n."""
    share = uniform(stream)
    while uniform(stream) > 1.0 - 4.0 / 3.0 * share * (1.0 - share):
        share = uniform(stream)
    kinetic = energy - 2.0 * ELECTRON_MASS
    for sign in range(2):
        pdg = np.int64(11 - 22 * sign)
        e = ELECTRON_MASS + kinetic * (share if sign == 0 else 1.0 - share)
        p = math.sqrt(max(e * e - ELECTRON_MASS * ELECTRON_MASS, 1e-12))
        n = put(waiting, n, pdg, ORIGIN_CONVERSION, x, y, z, t, p * ux, p * uy, p * uz)
    return n


@lane_function
def conversion_rate(energy):
    """Pair-production cross section relative to its high-energy limit.

    Assumption: E / (E + 30 MeV), which is 0.77 at 100 MeV and 0.25 at 10 MeV, near the curve of light
    elements in the PDG's figure of the photon cross sections.
    """
    return select(energy > 2.2 * ELECTRON_MASS, energy / (energy + 0.03), 0.0)


@kernel
def photons_per_length(cut):
    """Photons above the energy fraction ``cut`` that an electron radiates in one radiation length (PDG eq.
    34.29).
    """
    return -4.0 / 3.0 * math.log(cut) - 4.0 / 3.0 * (1.0 - cut) + 0.5 * (1.0 - cut * cut)


@kernel
def photon_share(stream, cut):
    """Energy fraction y of a bremsstrahlung photon above ``cut``: (4/3 − 4/3 y + y²)/y (PDG eq. 34.29)."""
    while True:
        y = math.exp(math.log(cut) * uniform(stream))
        if uniform(stream) * 4.0 / 3.0 < 4.0 / 3.0 * (1.0 - y) + y * y:
            return y


@kernel
def put_photon(waiting, n, energy, x, y, z, t, ux, uy, uz):
    """Add a bremsstrahlung photon along the electron's direction. Returns n."""
    return put(waiting, n, PHOTON, ORIGIN_BREMSSTRAHLUNG, x, y, z, t, energy * ux, energy * uy, energy * uz)


@kernel
def interact(stream, waiting, n, pdg, x, y, z, t, px, py, pz):
    """What leaves a nuclear interaction: half of the time the hadron itself with 20-90 % of its momentum.

    Assumption: transverse kick of 0.25 GeV in each direction; fragments of the nucleus stay in the material.
    """
    if uniform(stream) > 0.5:
        return n
    p = math.sqrt(px * px + py * py + pz * pz)
    keep = 0.2 + 0.7 * uniform(stream)
    kick = min(0.25, 0.5 * p)
    qx, qy, qz = (
        keep * px + kick * normal(stream), keep * py + kick * normal(stream), keep * pz + kick * normal(stream)
    )  # fmt: skip
    q = math.sqrt(qx * qx + qy * qy + qz * qz)
    if q > p:
        qx, qy, qz = qx * p / q, qy * p / q, qz * p / q
    return put(waiting, n, pdg, ORIGIN_NUCLEAR, x, y, z, t, qx, qy, qz) if final_charge(pdg) != 0 else n
