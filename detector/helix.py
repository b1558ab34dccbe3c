"""Helices in the axial field, in basf2's parameters at the point of closest approach (POCA) to the z axis.

``d0`` [cm]: the POCA is ``d0 (sin φ0, −cos φ0)``; ``phi0`` [rad]: direction of the transverse momentum
there; ``omega`` [1/cm]: curvature with the sign of the charge, 0.00299792458 q B[T] / pT[GeV]; ``z0`` [cm];
``tanLambda`` = pz/pT (basf2 framework/dataobjects/Helix). A point of the helix is named by the transverse
arc length ``s`` from the POCA, positive along the momentum; the direction turns as φ(s) = φ0 − ω s.
"""

import math

from physics.jit import kernel

FIELD_CONSTANT = 0.00299792458
"""Curvature [1/cm] of a charge 1 with transverse momentum 1 GeV in 1 T."""


@kernel
def helix_at_poca(x, y, z, px, py, pz, charge, field):
    """Helix (d0, φ0, ω, z0, tanλ, s) of a particle at (x, y, z); ``s`` is that point's arc length from the
    POCA.
    """
    pt = math.sqrt(px * px + py * py)
    omega = FIELD_CONSTANT * field * charge / pt
    phi = math.atan2(py, px)
    # Centre of the circle: left of the direction for negative omega.
    cx = x + (py / pt) / omega
    cy = y - (px / pt) / omega
    sign = 1.0 if omega > 0.0 else -1.0
    r = math.sqrt(cx * cx + cy * cy)
    d0 = sign * r - 1.0 / omega  # the centre lies at (d0 + 1/ω) (sin φ0, −cos φ0)
    phi0 = math.atan2(sign * cx, -sign * cy)
    turn = phi0 - phi
    if turn > math.pi:
        turn -= 2.0 * math.pi
    elif turn < -math.pi:
        turn += 2.0 * math.pi
    s = turn / omega
    tan_lambda = pz / pt
    return d0, phi0, omega, z - s * tan_lambda, tan_lambda, s


@kernel
def position(d0, phi0, omega, z0, tan_lambda, s):
    """Point (x, y, z) [cm] of the helix at transverse arc length ``s``."""
    half = 0.5 * omega * s
    chord = s if abs(half) < 1e-12 else 2.0 * math.sin(half) / omega
    angle = phi0 - half
    return (
        d0 * math.sin(phi0) + chord * math.cos(angle),
        -d0 * math.cos(phi0) + chord * math.sin(angle),
        z0 + s * tan_lambda,
    )


@kernel
def momentum(phi0, omega, tan_lambda, s, field):
    """Momentum (px, py, pz) [GeV] of a unit charge at arc length ``s``."""
    pt = FIELD_CONSTANT * field / abs(omega)
    phi = phi0 - omega * s
    return pt * math.cos(phi), pt * math.sin(phi), pt * tan_lambda


@kernel
def arc_to_radius(d0, omega, r):
    """Arc length [cm] from the POCA to the outgoing crossing of the cylinder ``r``; −1 if never reached."""
    bow = 0.25 * (r * r - d0 * d0) * omega * omega / (1.0 + omega * d0)  # sin² of half the turning angle
    if not 0.0 <= bow <= 1.0:
        return -1.0
    return 2.0 * math.asin(math.sqrt(bow)) / abs(omega)
