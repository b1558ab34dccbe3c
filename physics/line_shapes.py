"""Masses of resonances: relativistic Breit–Wigner shapes with orbital barriers, thresholds and windows."""

import math

from numba import njit

from physics.kinematics import two_body_momentum
from physics.random import uniform

DECAY_RADIUS = 3.0
"""Interaction radius [1/GeV] of the Blatt–Weisskopf factor of the resonance's decay (EvtGen's default)."""


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
def truncated_breit_wigner(stream, mass, width, low, high):
    """Mass [GeV] with density 1/((m² − M²)² + M²Γ²) in m², between ``low`` and ``high``."""
    mg = mass * width
    a = math.atan((low * low - mass * mass) / mg)
    b = math.atan((high * high - mass * mass) / mg)
    m2 = mass * mass + mg * math.tan(a + (b - a) * uniform(stream))
    return math.sqrt(max(m2, low * low))


@njit(cache=True, nogil=True)
def decay_weight(m, m1, m2, l, radius):
    """p^(2L+1) × barrier factor of the two-body decay m → m1 m2: the energy dependence of the partial width."""
    p = two_body_momentum(m, m1, m2)
    z = p * radius
    z *= z
    w = p
    for _ in range(l):
        w *= z
    return w * blatt_weisskopf_squared(l, z)
