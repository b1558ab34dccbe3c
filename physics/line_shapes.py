"""Masses of resonances: relativistic Breit–Wigner shapes with orbital barriers, thresholds and windows."""

import math

from numba import njit

from physics.kinematics import two_body_momentum
from physics.random import uniform

DECAY_RADIUS = 3.0
"""Interaction radius [1/GeV] of the Blatt–Weisskopf factor of the resonance's decay (EvtGen's default)."""


@njit(cache=True, nogil=True, _nrt=False)
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


@njit(cache=True, nogil=True, _nrt=False)
def truncated_breit_wigner(stream, mass, width, low, high):
    """Mass [GeV] with density 1/((m² − M²)² + M²Γ²) in m², between ``low`` and ``high``."""
    mg = mass * width
    a = math.atan((low * low - mass * mass) / mg)
    b = math.atan((high * high - mass * mass) / mg)
    m2 = mass * mass + mg * math.tan(a + (b - a) * uniform(stream))
    return math.sqrt(max(m2, low * low))


BIRTH_RADIUS = 1.0
"""The same for the decay that makes the resonance (EvtGen's default)."""


@njit(cache=True, nogil=True, _nrt=False)
def truncated_cauchy(stream, mass, width, low, high):
    """Mass [GeV] from the non-relativistic Breit–Wigner between ``low`` and ``high``."""
    half = 0.5 * width
    a = math.atan((low - mass) / half)
    b = math.atan((high - mass) / half)
    return mass + half * math.tan(a + (b - a) * uniform(stream))


@njit(cache=True, nogil=True, _nrt=False)
def barrier_weight(m, m1, m2, l, radius):
    """p^(2L+1) times the squared barrier factor of m → m1 m2, the mass dependence of a partial width."""
    p = two_body_momentum(m, m1, m2)
    z = p * radius
    z *= z
    w = p
    for _ in range(l):
        w *= z
    return w * blatt_weisskopf_squared(l, z)


@njit(cache=True, nogil=True, _nrt=False)
def draw_resonance_mass(stream, mass, width, low, high, m1, m2, l, parent, sibling, birth_l):
    """Mass [GeV] of a resonance that decays to ``m1 m2`` in wave ``l``, from ``parent`` → resonance ``sibling``.

    Density in m: |1/(m² − M² + iMΓ)|² p^(2l+1) F²(p) × q^(2L+1) F²(q), p the decay's momentum and q that of the
    production in wave ``birth_l`` (−1: no factor), as EvtGen's EvtRelBreitWignerBarrierFact has it.
    """
    low = max(low, m1 + m2)
    if parent > 0.0 and birth_l >= 0:
        high = min(high, parent - sibling)
    else:
        birth_l = -1
    if high <= low:
        return -1.0
    most = barrier_weight(high, m1, m2, l, DECAY_RADIUS) / high
    if birth_l >= 0:
        most *= barrier_weight(parent, low, sibling, birth_l, BIRTH_RADIUS)
    for _ in range(1000):
        m = truncated_breit_wigner(stream, mass, width, low, high)
        w = barrier_weight(m, m1, m2, l, DECAY_RADIUS) / m
        if birth_l >= 0:
            w *= barrier_weight(parent, m, sibling, birth_l, BIRTH_RADIUS)
        if w > most * uniform(stream):
            return m
    return -1.0
