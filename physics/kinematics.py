"""Relativistic kinematics on plain floats, GeV with c = 1; the vocabulary of every kernel."""

import math

from physics.jit import kernel

SPEED_OF_LIGHT = 29.9792458
"""Speed of light in cm/ns (exact, SI)."""


@kernel
def kallen(x, y, z):
    """Källén function λ(x, y, z) = x² + y² + z² − 2xy − 2yz − 2zx."""
    return (x - y - z) ** 2 - 4.0 * y * z


@kernel
def two_body_momentum(mass, m1, m2):
    """Momentum [GeV] of either daughter in the rest frame of ``mass`` → ``m1 m2``; 0 below threshold.

    The factorised Källén function (PDG, Kinematics, eq. 49.17) keeps its precision near threshold.
    """
    product = (mass - m1 - m2) * (mass + m1 + m2) * (mass - m1 + m2) * (mass + m1 - m2)
    if product <= 0.0 or mass <= m1 + m2:
        return 0.0
    return math.sqrt(product) / (2.0 * mass)


@kernel
def energy(px, py, pz, mass):
    """Energy [GeV] on the mass shell."""
    return math.sqrt(px * px + py * py + pz * pz + mass * mass)


@kernel
def invariant_mass(px, py, pz, e):
    """Invariant mass [GeV]; 0 for a space-like vector (rounding of light-like ones)."""
    m2 = (e - pz) * (e + pz) - px * px - py * py
    return math.sqrt(m2) if m2 > 0.0 else 0.0


@kernel
def boost_to_parent_frame(px, py, pz, e, frame_px, frame_py, frame_pz, frame_e, frame_mass):
    """Take (p, E) from the rest frame of a parent to the frame where the parent has momentum ``frame_p``.

    Pure boost (axes unrotated); returns (px, py, pz, E).
    """
    e_out = (e * frame_e + px * frame_px + py * frame_py + pz * frame_pz) / frame_mass
    f = (e + e_out) / (frame_e + frame_mass)
    return px + f * frame_px, py + f * frame_py, pz + f * frame_pz, e_out


@kernel
def boost_to_rest_frame(px, py, pz, e, frame_px, frame_py, frame_pz, frame_e, frame_mass):
    """Take (p, E) to the rest frame of a parent with momentum ``frame_p``; the inverse pure boost."""
    return boost_to_parent_frame(px, py, pz, e, -frame_px, -frame_py, -frame_pz, frame_e, frame_mass)
