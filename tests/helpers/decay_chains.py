"""Helpers of the decay-model tests: kinematic points, amplitudes as arrays, decay chains joined by hand."""

import math

import numpy as np

from physics.decays import registry


def species(pdg, mass, states):
    return (pdg, mass, states)


def rotation(phi, theta):
    """R_z(φ) R_y(θ) on column vectors."""
    c, s = math.cos(theta), math.sin(theta)
    cp, sp = math.cos(phi), math.sin(phi)
    return np.array([[cp, -sp, 0], [sp, cp, 0], [0, 0, 1]]) @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def own_axes(p):
    """Axes of a daughter's own frame, as the columns of R(φ, θ, 0)."""
    return rotation(math.atan2(p[1], p[0]), math.acos(max(-1.0, min(1.0, p[2] / np.linalg.norm(p[:3])))))


def two_body_point(mass, m1, m2, direction):
    """Momenta (2, 4) of a two-body decay with daughter 1 along ``direction``."""
    n = np.array(direction) / np.linalg.norm(direction)
    k = math.sqrt((mass**2 - (m1 + m2) ** 2) * (mass**2 - (m1 - m2) ** 2)) / (2 * mass)
    return np.array([[*(k * n), math.hypot(k, m1)], [*(-k * n), math.hypot(k, m2)]])


def boosted(p, frame):
    """Momentum (px, py, pz, E) from the rest frame of ``frame`` to the frame where that has its momentum."""
    mass = math.sqrt(frame[3] ** 2 - frame[:3] @ frame[:3])
    e = (p[3] * frame[3] + p[:3] @ frame[:3]) / mass
    return np.array([*(p[:3] + (p[3] + e) / (frame[3] + mass) * frame[:3]), e])


def three_body_point(masses, rng):
    """Momenta (3, 4) of a random three-body configuration with a random orientation."""
    m0, m1, m2, m3 = masses
    m23 = rng.uniform(m2 + m3, m0 - m1)
    first = two_body_point(m0, m1, m23, rng.normal(size=3))
    inner = two_body_point(m23, m2, m3, rng.normal(size=3))
    return np.array([first[0], boosted(inner[0], first[1]), boosted(inner[1], first[1])])


def flat_three_body(masses, n, rng):
    """Phase-space points (n, 3, 4) with weights ∝ dΦ3."""
    m0, m1, m2, m3 = masses
    points, weights = np.empty((n, 3, 4)), np.empty(n)
    for i in range(n):
        m23 = rng.uniform(m2 + m3, m0 - m1)
        first = two_body_point(m0, m1, m23, rng.normal(size=3))
        inner = two_body_point(m23, m2, m3, rng.normal(size=3))
        points[i] = first[0], boosted(inner[0], first[1]), boosted(inner[1], first[1])
        weights[i] = np.linalg.norm(first[0, :3]) * np.linalg.norm(inner[0, :3])
    return points, weights


class Model:
    """One decay line, its amplitude as an array ``[m0, λ1, …]``."""

    def __init__(self, name, args, mother, daughters):
        self.id = registry.MODELS[name]
        self.parameters = registry.prepare(name, args, mother, daughters)
        self.states = np.array([mother[2], *(d[2] for d in daughters)])
        self.masses = np.array([mother[1], *(d[1] for d in daughters)], float)
        self.amp = np.zeros(np.prod(self.states), complex)

    def __call__(self, p, masses=None):
        masses = self.masses if masses is None else np.asarray(masses, float)
        registry.amplitude(self.id, self.parameters, np.ascontiguousarray(p), masses, self.states, self.amp)
        return self.amp.reshape(self.states).copy()

    def rate(self, p, masses=None):
        return float(np.sum(np.abs(self(p, masses)) ** 2))

    def draw(self, stream, p, masses=None):
        """Kinematics by the model's own sampling, into ``p``."""
        masses = self.masses if masses is None else masses
        return registry.draw_kinematics(stream, self.id, self.parameters, masses, p, self.states, self.amp)
