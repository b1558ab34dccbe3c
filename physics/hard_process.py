"""e⁺e⁻ → γ* → f f̄: collision, radiated photons and the direction of the pair, as continuum and τ pairs share
it.

Unpolarised beams couple to a photon of helicity ±1 along the beams: density matrix (1 − â âᵀ)/2 in Cartesian
components, with â the axis of the beams in the rest frame of the photon γ*.  After radiation the two beams
are no longer back to back there; â bisects them (Collins, Soper, Phys. Rev. D16 (1977) 2219).  A pair of
fermions of mass m then has

    dN/dcosθ ∝ 1 + cos²θ + (4m²/s') sin²θ,

and the helicity amplitudes H(±±)/H(±∓) = √2 m/√s' (vector current; Tsai, Phys. Rev. D4 (1971) 2821).

Frames: the rest frame of γ* is the one that the pure boost from the laboratory leads to, axes unrotated, as
for every decaying particle of the record.
"""

import math

from physics.beams import HER_ANGLE, LER_ANGLE, draw_collision, from_beam_axis
from physics.jit import kernel
from physics.kinematics import boost_to_parent_frame, boost_to_rest_frame, invariant_mass
from physics.radiation.isr import draw_isr
from physics.random import uniform
from physics.record import NO_MOTHER, STATUS_DECAYED, STATUS_FINAL, set_particle

VIRTUAL_PHOTON = 10022
"""EvtGen's identity of the virtual photon of e⁺e⁻ annihilation, the first entry of the event."""
PHOTON = 22
MAX_ISR_PHOTONS = 16


@kernel
def draw_pair_angle(stream, threshold_ratio):
    """Draw cosθ of the fermion to the axis; ``threshold_ratio`` = 4m²/s' in [0, 1]."""
    while True:
        c = 2.0 * uniform(stream) - 1.0
        if 2.0 * uniform(stream) < 1.0 + c * c + threshold_ratio * (1.0 - c * c):
            return c


@kernel
def about_axis(ax, ay, az, cos_theta, phi):
    """Unit vector at polar angle θ and azimuth ``phi`` about the unit vector (ax, ay, az).

    The frame about the axis is that of Duff et al., J. Comput. Graph. Tech. 6 (2017) 1.
    """
    sin_theta = math.sqrt(max(0.0, (1.0 - cos_theta) * (1.0 + cos_theta)))
    a, b = sin_theta * math.cos(phi), sin_theta * math.sin(phi)
    sign = 1.0 if az >= 0.0 else -1.0
    f = -1.0 / (sign + az)
    g = ax * ay * f
    return (
        a * (1.0 + sign * ax * ax * f) + b * g + cos_theta * ax,
        a * sign * g + b * (sign + ay * ay * f) + cos_theta * ay,
        -a * sign * ax - b * ay + cos_theta * az,
    )


@kernel
def beam_axis(px, py, pz, e, mass):
    """Axis of the beams, along the e⁻, in the rest frame of γ* with this laboratory momentum [GeV]."""
    x1, y1, z1, e1 = boost_to_rest_frame(math.sin(HER_ANGLE), 0.0, math.cos(HER_ANGLE), 1.0, px, py, pz, e, mass)
    x2, y2, z2, e2 = boost_to_rest_frame(math.sin(LER_ANGLE), 0.0, math.cos(LER_ANGLE), 1.0, px, py, pz, e, mass)
    x, y, z = x1 / e1 - x2 / e2, y1 / e1 - y2 / e2, z1 / e1 - z2 / e2
    norm = 1.0 / math.sqrt(x * x + y * y + z * z)
    return norm * x, norm * y, norm * z


@kernel
def start_event(stream, table, beams, radiation, photons, event):
    """Collide the beams: write γ* (entry 0, decayed) and the initial-state photons (final) of a scratch
    event.

    ``table`` :func:`physics.radiation.isr.build_isr_table`; ``radiation`` 0 switches the radiation off;
    ``photons`` float64 (MAX_ISR_PHOTONS, 4), scratch.  Returns (number of entries, √s' [GeV], axis x, y, z),
    the axis being that of the e⁻ in the rest frame of γ*.
    """
    px, py, pz, e, x, y, z = draw_collision(stream, beams)
    root_s = invariant_mass(px, py, pz, e)
    n_photons = 0
    mass = root_s
    if radiation != 0:
        mass, n_photons = draw_isr(stream, table, root_s, photons)
    qx, qy, qz, qe = px, py, pz, e
    for j in range(n_photons):
        kx, ky, kz = from_beam_axis(photons[j, 0], photons[j, 1], photons[j, 2], beams)
        kx, ky, kz, ke = boost_to_parent_frame(kx, ky, kz, photons[j, 3], px, py, pz, e, root_s)
        set_particle(event, 1 + j, PHOTON, kx, ky, kz, ke, NO_MOTHER, STATUS_FINAL, x, y, z, 0.0)
        qx -= kx
        qy -= ky
        qz -= kz
        qe -= ke
    set_particle(event, 0, VIRTUAL_PHOTON, qx, qy, qz, qe, NO_MOTHER, STATUS_DECAYED, x, y, z, 0.0)
    ax, ay, az = beam_axis(qx, qy, qz, qe, mass)
    return 1 + n_photons, mass, ax, ay, az


@kernel
def draw_pair_direction(stream, mass, fermion_mass, ax, ay, az):
    """Draw the direction (x, y, z) of f (not f̄) in the rest frame of γ* (laboratory axes)."""
    cos_theta = draw_pair_angle(stream, min(1.0, (2.0 * fermion_mass / mass) ** 2))
    return about_axis(ax, ay, az, cos_theta, 2.0 * math.pi * uniform(stream))


@kernel
def virtual_photon_density(ax, ay, az, rho):
    """Fill ``rho`` complex128 (3, 3), states m = +1, 0, −1 along z, with the density matrix of γ*.

    It is (δᵢⱼ − aᵢaⱼ)/2 taken to the states e(±1) = ∓(x̂ ± iŷ)/√2, e(0) = ẑ: trace 1, helicities ±1 along the
    axis with equal probability.
    """
    half = math.sqrt(0.5)
    # a·e(m)* for m = +1, 0, −1
    plus = complex(-half * ax, half * ay)
    zero = complex(az, 0.0)
    minus = complex(half * ax, half * ay)
    rho[0, 0] = 0.5 * (1.0 - plus * plus.conjugate())
    rho[0, 1] = -0.5 * plus * zero.conjugate()
    rho[0, 2] = -0.5 * plus * minus.conjugate()
    rho[1, 0] = -0.5 * zero * plus.conjugate()
    rho[1, 1] = 0.5 * (1.0 - zero * zero.conjugate())
    rho[1, 2] = -0.5 * zero * minus.conjugate()
    rho[2, 0] = -0.5 * minus * plus.conjugate()
    rho[2, 1] = -0.5 * minus * zero.conjugate()
    rho[2, 2] = 0.5 * (1.0 - minus * minus.conjugate())
