"""Unweighted kinematics of τ → 3π ν for an unpolarised τ: the mass of the pions first, then their Dalitz plot.

With the hadronic current J of mass Q and x = Q²/m_τ² (Kühn and Santamaria, Z. Phys. C48 (1990) 445)

    dΓ/dQ² ∝ (1 − x)² (1 + 2x)/x² ∫∫ (−J·J*) ds₁ ds₂,

tabulated as quantiles of Q when the decay table is compiled.  At fixed Q the Dalitz plot is drawn by rejection under
a tabulated bound of −J·J*; a direction of the neutrino is kept with probability Σ|A|²/((m_τ² − Q²) max(2, m_τ²/Q²)
(−J·J*)), the factors 2, 0 and m_τ²/Q² being the weights of the three helicities of the current.
"""

import math

import numpy as np
from numba import njit

from physics.decays.tau import TABLE, hadronic_current, tau_decay
from physics.jit import kernel
from physics.kinematics import boost_to_parent_frame, two_body_momentum
from physics.random import isotropic_direction, uniform

QUANTILES = 256
"""Steps of equal probability in Q; the density is taken as flat in each."""
BOUND_POINTS = 64
"""Points in Q at which −J·J* is bounded."""
BOUND_MARGIN = 1.2
"""Above the largest value on a grid of the Dalitz plot."""
_GRID = 40
_FINE = 800


@kernel
def squared_current(j):
    """−J·J* of a complex current (t, x, y, z)."""
    total = -(j[0].real ** 2 + j[0].imag ** 2)
    for a in (j[1], j[2], j[3]):
        total += a.real**2 + a.imag**2
    return total


@kernel
def place_on_dalitz_plot(q, m1, m2, m3, s12, s23, p, i, j, k):
    """Write momenta of three particles, x–z plane of their rest frame; False outside of the physical region."""
    e1 = (q * q + m1 * m1 - s23) / (2.0 * q)
    e3 = (q * q + m3 * m3 - s12) / (2.0 * q)
    e2 = q - e1 - e3
    p1, p2, p3 = e1 * e1 - m1 * m1, e2 * e2 - m2 * m2, e3 * e3 - m3 * m3
    if p1 <= 0.0 or p2 < 0.0 or p3 < 0.0:
        return False
    p1 = math.sqrt(p1)
    z3 = (p2 - p1 * p1 - p3) / (2.0 * p1)
    x3 = p3 - z3 * z3
    if x3 < 0.0:
        return False
    x3 = math.sqrt(x3)
    p[i, 0], p[i, 1], p[i, 2], p[i, 3] = 0.0, 0.0, p1, e1
    p[j, 0], p[j, 1], p[j, 2], p[j, 3] = -x3, 0.0, -p1 - z3, e2
    p[k, 0], p[k, 1], p[k, 2], p[k, 3] = x3, 0.0, z3, e3
    return True


@njit(cache=True)
def tabulate_current(parameters, masses, order, q_points, integrals, largest):
    """Fill ∫∫ (−J·J*) ds₁₂ ds₂₃ and the largest −J·J* at each Q of ``q_points``."""
    p = np.zeros((4, 4))
    i, j, k = order
    m1, m2, m3 = masses[i + 1], masses[j + 1], masses[k + 1]
    for n in range(len(q_points)):
        q = q_points[n]
        low12, high12 = (m1 + m2) ** 2, (q - m3) ** 2
        low23, high23 = (m2 + m3) ** 2, (q - m1) ** 2
        total, most = 0.0, 0.0
        for a in range(_GRID):
            for b in range(_GRID):
                s12 = low12 + (a + 0.5) / _GRID * (high12 - low12)
                s23 = low23 + (b + 0.5) / _GRID * (high23 - low23)
                if place_on_dalitz_plot(q, m1, m2, m3, s12, s23, p, i, j, k):
                    value = squared_current(hadronic_current(parameters, p, masses, 3))
                    total += value
                    most = max(most, value)
        integrals[n] = total * (high12 - low12) * (high23 - low23)
        largest[n] = most


def three_pion_table(parameters: np.ndarray, masses: np.ndarray, order: tuple[int, int, int]) -> np.ndarray:
    """Return [smallest Q, largest Q, masses of the decay (5), quantiles, bounds], to go behind the parameters.

    ``masses`` float64 (5,) [GeV], τ first; ``order`` the places of the pions among the daughters, the odd one last.
    """
    low = sum(masses[i + 1] for i in order)
    high = masses[0]
    edges = np.linspace(low, high, _FINE + 1)
    centre = 0.5 * (edges[1:] + edges[:-1])
    integrals, largest = np.zeros(_FINE), np.zeros(_FINE)
    tabulate_current(parameters, masses, order, centre, integrals, largest)
    x = centre**2 / masses[0] ** 2
    density = (1.0 - x) ** 2 * (1.0 + 2.0 * x) / x**2 * integrals * centre  # in Q
    cumulative = np.concatenate([[0.0], np.cumsum(density)])
    quantiles = np.interp(np.linspace(0.0, 1.0, QUANTILES + 1), cumulative / cumulative[-1], edges)
    groups = np.array_split(largest, BOUND_POINTS)
    bounds = np.array([group.max() for group in groups])
    # a point's bound covers its neighbours too: Q is read from the cell it falls in
    padded = np.concatenate([bounds[:1], bounds, bounds[-1:]])
    bounds = BOUND_MARGIN * np.maximum(np.maximum(padded[:-2], padded[1:-1]), padded[2:])
    return np.concatenate([[low, high], masses, quantiles, bounds])


@kernel
def _draw_dalitz_plot(stream, parameters, masses, q, largest, p):
    """Write the pions of mass ``q``, in the x–z plane of their rest frame, by −J·J*; returns it, 0 in failure."""
    i, j, k = int(parameters[3]), int(parameters[4]), int(parameters[5])
    m1, m2, m3 = masses[i + 1], masses[j + 1], masses[k + 1]
    low12, span12 = (m1 + m2) ** 2, (q - m3) ** 2 - (m1 + m2) ** 2
    low23, span23 = (m2 + m3) ** 2, (q - m1) ** 2 - (m2 + m3) ** 2
    for _ in range(10000):
        s12, s23 = low12 + span12 * uniform(stream), low23 + span23 * uniform(stream)
        if place_on_dalitz_plot(q, m1, m2, m3, s12, s23, p, i, j, k):
            square = squared_current(hadronic_current(parameters, p, masses, 3))
            if square > largest * uniform(stream):
                return square
    return 0.0


@kernel
def draw_three_pions(stream, parameters, masses, p, amp):
    """Write an unweighted decay to ``p`` (≥ 4, 4); False when ``masses`` are not those that were tabulated."""
    for n in range(5):
        if abs(masses[n] - parameters[TABLE + 2 + n]) > 1e-6:
            return False
    mass = masses[0]
    low, high = parameters[TABLE], parameters[TABLE + 1]
    quantiles = TABLE + 7
    bounds = quantiles + QUANTILES + 1
    u = uniform(stream) * QUANTILES
    n = int(u)
    q = parameters[quantiles + n] + (u - n) * (parameters[quantiles + n + 1] - parameters[quantiles + n])
    largest = parameters[bounds + min(int((q - low) / (high - low) * BOUND_POINTS), BOUND_POINTS - 1)]
    square = _draw_dalitz_plot(stream, parameters, masses, q, largest, p)
    if square <= 0.0:
        return False

    # the plane of the pions gets any orientation: axes e, f, d with d isotropic (frame of Duff et al., 2017)
    dx, dy, dz = isotropic_direction(stream)
    angle = 2.0 * math.pi * uniform(stream)
    c, s = math.cos(angle), math.sin(angle)
    sign = 1.0 if dz >= 0.0 else -1.0
    a = -1.0 / (sign + dz)
    b = dx * dy * a
    ex = c * (1.0 + sign * dx * dx * a) + s * b
    ey = c * sign * b + s * (sign + dy * dy * a)
    ez = -c * sign * dx - s * dy
    i, j, k = int(parameters[3]), int(parameters[4]), int(parameters[5])
    for n in (i, j, k):
        x, z = p[n, 0], p[n, 2]
        p[n, 0], p[n, 1], p[n, 2] = x * ex + z * dx, x * ey + z * dy, x * ez + z * dz

    # the mean over the directions of the neutrino is the same all over the Dalitz plot: only they are drawn again
    momentum = two_body_momentum(mass, q, 0.0)
    energy = math.sqrt(momentum * momentum + q * q)
    helicities = (mass * mass - q * q) * max(2.0, (mass / q) ** 2)
    nu = int(parameters[2])
    for _ in range(1000):
        x, y, z = isotropic_direction(stream)
        x, y, z = momentum * x, momentum * y, momentum * z
        for n in (i, j, k):
            p[n, 0], p[n, 1], p[n, 2], p[n, 3] = boost_to_parent_frame(
                p[n, 0], p[n, 1], p[n, 2], p[n, 3], x, y, z, energy, q
            )
        p[nu, 0], p[nu, 1], p[nu, 2], p[nu, 3] = -x, -y, -z, momentum
        tau_decay(parameters, p, masses, amp)
        rate = 0.0
        for n in range(2):
            rate += amp[n].real ** 2 + amp[n].imag ** 2
        if rate > helicities * square * uniform(stream):
            return True
        for n in (i, j, k):
            p[n, 0], p[n, 1], p[n, 2], p[n, 3] = boost_to_parent_frame(
                p[n, 0], p[n, 1], p[n, 2], p[n, 3], -x, -y, -z, energy, q
            )
    return False
