"""Single particles and single decays for the detector's validation, as truth records of one each event."""

import numpy as np

from physics.particles import ctau, mass
from physics.record import NO_MOTHER, STATUS_DECAYED, STATUS_FINAL, Particles, new_particles

LUMINOUS_REGION = np.array([10e-4, 0.3e-4, 250e-4])
"""Gaussian sizes [cm], arXiv:2108.03216."""


def directions(n: int, rng: np.random.Generator, low: float = -0.82, high: float = 0.93) -> np.ndarray:
    """Unit vectors (n, 3), uniform in φ and in cos θ from ``low`` to ``high``; the default is inside the tracker."""
    cosine, phi = rng.uniform(low, high, n), rng.uniform(-np.pi, np.pi, n)
    sine = np.sqrt(1.0 - cosine**2)
    return np.stack([sine * np.cos(phi), sine * np.sin(phi), cosine], axis=1)


def _record(generations: list[tuple[int, np.ndarray, int, int, np.ndarray, np.ndarray]], n: int) -> Particles:
    """Interleave columns of particles (pdg, p (n, 3), mother, status, vertex (n, 3), time) into one record."""
    k = len(generations)
    particles = new_particles(n * k, n)
    particles.offsets[:] = k * np.arange(n + 1)
    for i, (pdg, p, mother, status, vertex, time) in enumerate(generations):
        rows = slice(i, None, k)
        particles.pdg[rows] = pdg
        particles.px[rows], particles.py[rows], particles.pz[rows] = p.T
        particles.E[rows] = np.sqrt(np.sum(p**2, axis=1) + mass(pdg) ** 2)
        particles.mother[rows], particles.status[rows] = mother, status
        particles.vx[rows], particles.vy[rows], particles.vz[rows] = vertex.T
        particles.t[rows] = time
    return particles


def single(pdg: int, p: np.ndarray, direction: np.ndarray, rng: np.random.Generator) -> Particles:
    """One particle for each event, from the luminous region."""
    n = len(p)
    vertex = rng.normal(size=(n, 3)) * LUMINOUS_REGION
    return _record([(pdg, p[:, None] * direction, NO_MOTHER, STATUS_FINAL, vertex, np.zeros(n))], n)


def _decay(parent: int, p: np.ndarray, first: int, second: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Momenta (n, 3) of the daughters of an isotropic two-body decay."""
    n, m, m1, m2 = len(p), mass(parent), mass(first), mass(second)
    q = np.sqrt((m**2 - (m1 + m2) ** 2) * (m**2 - (m1 - m2) ** 2)) / (2.0 * m)
    rest = q * directions(n, rng, -1.0, 1.0)
    energy = np.sqrt(np.sum(p**2, axis=1) + m**2)
    daughters = []
    for sign, m_d in ((1.0, m1), (-1.0, m2)):
        k, e = sign * rest, np.sqrt(q**2 + m_d**2)
        along = np.sum(k * p, axis=1)
        daughters.append(k + p * ((along / (energy + m) + e) / m)[:, None])
    return daughters


def _flight(parent: int, p: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Displacement (n, 3) [cm] and time [ns] of a decay."""
    length = ctau(parent) if mass(parent) < 3.0 and parent not in (333, 413) else 0.0
    proper = rng.exponential(size=len(p)) * (length if np.isfinite(length) else 0.0)
    energy = np.sqrt(np.sum(p**2, axis=1) + mass(parent) ** 2)
    return p * (proper / mass(parent))[:, None], proper * energy / mass(parent) / 29.9792458


def pair(
    parent: int, daughters: tuple[int, int], p: np.ndarray, direction: np.ndarray, rng: np.random.Generator
) -> Particles:
    """One two-body decay for each event: entry 0 the parent, 1 and 2 the daughters."""
    n = len(p)
    momentum = p[:, None] * direction
    vertex = rng.normal(size=(n, 3)) * LUMINOUS_REGION
    away, time = _flight(parent, momentum, rng)
    p1, p2 = _decay(parent, momentum, *daughters, rng)
    return _record(
        [
            (parent, momentum, NO_MOTHER, STATUS_DECAYED, vertex, np.zeros(n)),
            (daughters[0], p1, 0, STATUS_FINAL, vertex + away, time),
            (daughters[1], p2, 0, STATUS_FINAL, vertex + away, time),
        ],
        n,
    )


def dstar(p: np.ndarray, direction: np.ndarray, rng: np.random.Generator) -> Particles:
    """D*⁺ → D⁰ π⁺, D⁰ → K⁻ π⁺: entries D*, D⁰, slow pion, kaon, pion."""
    n = len(p)
    momentum = p[:, None] * direction
    vertex = rng.normal(size=(n, 3)) * LUMINOUS_REGION
    p_d, p_slow = _decay(413, momentum, 421, 211, rng)
    away, time = _flight(421, p_d, rng)
    p_k, p_pi = _decay(421, p_d, -321, 211, rng)
    zero = np.zeros(n)
    return _record(
        [
            (413, momentum, NO_MOTHER, STATUS_DECAYED, vertex, zero),
            (421, p_d, 0, STATUS_DECAYED, vertex, zero),
            (211, p_slow, 0, STATUS_FINAL, vertex, zero),
            (-321, p_k, 1, STATUS_FINAL, vertex + away, time),
            (211, p_pi, 1, STATUS_FINAL, vertex + away, time),
        ],
        n,
    )
