"""Neutral B mesons from the Υ(4S): coherent mixing, decay times and time-dependent CP violation.

The pair is in a P wave, so until one decays the two are always one B⁰ and one anti-B⁰.  With proper decay
times t₁, t₂, Δt = t₁ − t₂, ΔΓ = 0 and |q/p| = 1 (Bigi, Sanda, Nucl. Phys. B193 (1981) 85; PDG, "B⁰–anti-B⁰
mixing"):

    flavours:   dN ∝ exp(−(t₁ + t₂)/τ) (1 ± cos Δm Δt),             + for opposite, − for equal flavours
    CP and tag: dN ∝ exp(−(t₁ + t₂)/τ) (1 + q (S sin Δm Δt − C cos Δm Δt)),     Δt = t_CP − t_tag,

q = +1 when the tag decays as a B⁰, λ = (q/p) Ā/A, S = 2 Im λ/(1 + |λ|²), C = (1 − |λ|²)/(1 + |λ|²).

How a generator uses it.  The times of all pairs have the same density, and so have the modes, as long as a CP
mode has the same branching fraction in the tables of B⁰ and anti-B⁰ (it has in DECAY_BELLE2.DEC).  So nothing
is rejected: call :func:`draw_mixed_pair`, let each B choose its mode from the table of its flavour; if
exactly one chose a CP mode, draw the flavour of the other again with :func:`tag_flavour`, and if that
changed, let the other choose again among its flavour's modes that are not CP modes.  Should both choose CP
modes (5e-5 of the pairs), the flavours stay as drawn: the correlation of two CP decays is not modelled.
"""

import cmath
import math

from numba import njit

from physics.random import exponential, uniform

B0_LIFETIME = 1.517e-3
"""Mean life [ns] of the B⁰: 1.517(4) ps (PDG 2024, HFLAV)."""
DELTA_M = 506.5
"""Oscillation frequency Δm_d [rad/ns]: 0.5065(19) ps⁻¹ (PDG 2024, HFLAV); DECAY_BELLE2.DEC has 0.507 ps⁻¹."""


def integrated_mixing(lifetime: float = B0_LIFETIME, delta_m: float = DELTA_M) -> float:
    """Return χ_d = x²/(2(1 + x²)), x = Δm τ, the probability that both B decay with the same flavour."""
    x = delta_m * lifetime
    return 0.5 * x * x / (1.0 + x * x)


def cp_parameters(
    q_over_p: float, q_over_p_phase: float, a: float, a_phase: float, a_bar: float, a_bar_phase: float
) -> tuple[float, float]:
    """Return (S, C) from |q/p|, arg(q/p), |A|, arg A, |Ā|, arg Ā, the last six numbers of EvtGen's SSD_CP.

    Raises ValueError when both amplitudes vanish.
    """
    if a == 0.0 and a_bar == 0.0:
        message = "SSD_CP: both amplitudes |A| and |A-bar| are 0; give at least one of them."
        raise ValueError(message)
    if a == 0.0:
        return 0.0, -1.0
    ratio = cmath.rect(q_over_p * a_bar / a, q_over_p_phase + a_bar_phase - a_phase)
    norm = 1.0 + abs(ratio) ** 2
    return 2.0 * ratio.imag / norm, (1.0 - abs(ratio) ** 2) / norm


def polarised_cp_parameters(
    beta: float, cp: float, parallel: float, longitudinal: float, perpendicular: float
) -> float:
    """Return S of a decay to two vectors (EvtGen's SVV_CP), summed over angles: −cp sin 2β (1 − 2 f⊥).

    ``cp`` is the CP eigenvalue of the longitudinal and parallel states, the perpendicular one has the
    opposite (Dighe, Dunietz, Fleischer, Eur. Phys. J. C6 (1999) 647); λ = ± cp e^(−2iβ), C = 0.  The three
    magnitudes are the arguments 4, 6 and 8 of SVV_CP, which stand for the helicity amplitudes
    H± = (A∥ ± A⊥)/√2 and H₀ = A₀/√2.  How the angles depend on the time is not modelled.
    """
    total = parallel**2 + 0.5 * longitudinal**2 + perpendicular**2
    return -cp * math.sin(2.0 * beta) * (1.0 - 2.0 * perpendicular**2 / total)


@njit(cache=True, nogil=True, _nrt=False)
def draw_mixed_pair(stream, lifetime, delta_m):
    """Draw (flavour₁, flavour₂, t₁, t₂): ±1 for B⁰ and anti-B⁰ at decay, proper times in units of
    ``lifetime``'s.

    ``delta_m`` is in rad per that unit; use ``exponential`` times alone for B⁺B⁻.
    """
    t1 = lifetime * exponential(stream)
    t2 = lifetime * exponential(stream)
    u = uniform(stream)
    opposite = 0.5 * (1.0 + math.cos(delta_m * (t1 - t2)))
    # one number for both choices: within each of the two intervals u is uniform again
    if u < opposite:
        flavour1 = 1 if u < 0.5 * opposite else -1
        return flavour1, -flavour1, t1, t2
    flavour1 = 1 if u - opposite < 0.5 * (1.0 - opposite) else -1
    return flavour1, flavour1, t1, t2


@njit(cache=True, nogil=True, _nrt=False)
def probability_of_b0_tag(s, c, delta_m, dt):
    """Probability that the tag decays as a B⁰ given Δt = t_CP − t_tag; its complement is the anti-B⁰'s."""
    return 0.5 * (1.0 + s * math.sin(delta_m * dt) - c * math.cos(delta_m * dt))


@njit(cache=True, nogil=True, _nrt=False)
def tag_flavour(stream, s, c, delta_m, dt):
    """Draw the flavour (±1) with which the tag of a CP decay decays; ``dt`` = t_CP − t_tag."""
    return 1 if uniform(stream) < probability_of_b0_tag(s, c, delta_m, dt) else -1


@njit(cache=True, nogil=True, _nrt=False)
def draw_cp_pair(stream, lifetime, delta_m, s, c):
    """Draw (flavour of the tag, t_CP, t_tag) when one B is known to decay to a CP mode (signal samples)."""
    t_cp = lifetime * exponential(stream)
    t_tag = lifetime * exponential(stream)
    return tag_flavour(stream, s, c, delta_m, t_cp - t_tag), t_cp, t_tag


@njit(cache=True, nogil=True, _nrt=False)
def delta_t_density(dt, lifetime, delta_m, sign):
    """Density in Δt of unmixed (``sign`` = +1) or mixed (−1) pairs: e^(−|Δt|/τ) (1 ± cos ΔmΔt)/(4τ)."""
    return math.exp(-abs(dt) / lifetime) * (1.0 + sign * math.cos(delta_m * dt)) / (4.0 * lifetime)
