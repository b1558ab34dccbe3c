"""Masses of resonances: relativistic Breit–Wigner shapes with orbital barriers, thresholds and windows."""

import math

import numpy as np

from physics.jit import kernel
from physics.kinematics import two_body_momentum
from physics.random import uniform

QUANTILES = 129
PROBABILITIES = 0.5 * (1.0 - np.cos(np.pi * np.arange(QUANTILES) / (QUANTILES - 1)))
"""Probabilities of the tabulated masses, dense at both ends so that straight lines between them serve the tails."""
DECAY_RADIUS = 3.0
"""Interaction radius [1/GeV] of the Blatt–Weisskopf factor of the resonance's decay (EvtGen's default)."""


@kernel
def blatt_weisskopf_squared(l, z):
    """Squared barrier factor at z = (pR)², without its threshold power: 1/(…) of Blatt and Weisskopf (1952)."""
    if l == 0:
        return 1.0
    if l == 1:
        return 1.0 / (1.0 + z)
    if l == 2:
        return 1.0 / (9.0 + z * (3.0 + z))
    if l == 3:
        return 1.0 / (225.0 + z * (45.0 + z * (6.0 + z)))
    return 1.0


BIRTH_RADIUS = 1.0
"""The same for the decay that makes the resonance (EvtGen's default)."""


@kernel
def barrier_weight(m, m1, m2, l, radius):
    """p^(2L+1) times the squared barrier factor of m → m1 m2, the mass dependence of a partial width."""
    p = two_body_momentum(m, m1, m2)
    w = p
    for _ in range(l):
        w *= p * p
    return w * blatt_weisskopf_squared(l, p * p * radius * radius)


def mass_quantiles(density: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Return the QUANTILES masses [GeV] at the probabilities PROBABILITIES of a density tabulated on ``grid``."""
    steps = 0.5 * (density[1:] + density[:-1]) * np.diff(grid)
    cumulative = np.concatenate(([0.0], np.cumsum(steps)))
    if cumulative[-1] <= 0.0:
        return np.linspace(grid[0], grid[-1], QUANTILES)
    keep = np.concatenate(([True], np.diff(cumulative) > 0.0))
    quantiles: np.ndarray = np.interp(PROBABILITIES * cumulative[-1], cumulative[keep], grid[keep])
    quantiles[-1] = grid[-1]
    return quantiles


def resonance_density(
    grid: np.ndarray, mass: float, width: float, m1: float, m2: float, wave: int, radius: float = DECAY_RADIUS
) -> np.ndarray:
    """Return the mass density of a resonance in its decay to ``m1 m2`` in ``wave``, at masses ``grid`` [GeV].

    ``radius`` [1/GeV] of its decay: |1/(m² − M² + iMΓ(m))|² p^(2L+1) F²(p) with the mass-dependent width Γ(m) =
    Γ (p/p₀)^(2L+1) F²(p)/F²(p₀) M/m (Jackson, Nuovo Cim. 34 (1964) 1644); EvtGen's K* is described within 0.001.
    """
    barrier = np.array([barrier_weight(m, m1, m2, wave, radius) for m in grid])
    running = width * barrier / barrier_weight(mass, m1, m2, wave, radius) * mass / grid
    density: np.ndarray = barrier / ((grid**2 - mass**2) ** 2 + (mass * running) ** 2)
    return density


def cauchy_density(grid: np.ndarray, mass: float, width: float) -> np.ndarray:
    """Return the non-relativistic Breit–Wigner density at masses ``grid`` [GeV]."""
    return 1.0 / ((grid - mass) ** 2 + 0.25 * width**2)


@kernel
def draw_quantile(stream, quantiles, first, high):
    """Mass [GeV] below ``high`` from the QUANTILES that begin at ``first``; −1 when all lie above."""
    if high <= quantiles[first]:
        return -1.0
    last = first + QUANTILES - 1
    top = 1.0
    if high < quantiles[last]:
        low, up = first, last
        while up - low > 1:
            middle = (low + up) // 2
            if quantiles[middle] < high:
                low = middle
            else:
                up = middle
        k = low - first
        share = (high - quantiles[low]) / (quantiles[up] - quantiles[low])
        top = PROBABILITIES[k] + share * (PROBABILITIES[k + 1] - PROBABILITIES[k])
    u = top * uniform(stream)
    k = min(int(math.acos(1.0 - 2.0 * u) * ((QUANTILES - 1) / math.pi)), QUANTILES - 2)
    share = (u - PROBABILITIES[k]) / (PROBABILITIES[k + 1] - PROBABILITIES[k])
    a = quantiles[first + k]
    return min(a + share * (quantiles[first + k + 1] - a), high)


@kernel
def draw_born_quantile(stream, quantiles, first, high, parent, sibling, wave):
    """As :func:`draw_quantile`, weighted with the barrier of parent → resonance sibling in ``wave``."""
    low = quantiles[first]
    high = min(high, parent - sibling)
    if high <= low:
        return -1.0
    most = barrier_weight(parent, low, sibling, wave, BIRTH_RADIUS)
    for _ in range(1000):
        m = draw_quantile(stream, quantiles, first, high)
        if barrier_weight(parent, m, sibling, wave, BIRTH_RADIUS) > most * uniform(stream):
            return m
    return -1.0
