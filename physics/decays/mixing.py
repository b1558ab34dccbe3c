"""Neutral B mesons from the Υ(4S): coherent mixing, decay times and time-dependent CP violation.

The pair is in a P wave, so until one decays the two are always one B⁰ and one anti-B⁰.  With proper decay
times t₁, t₂, Δt = t₁ − t₂, ΔΓ = 0 and |q/p| = 1 (Bigi, Sanda, Nucl. Phys. B193 (1981) 85; PDG, "B⁰–anti-B⁰
mixing"):

    flavours:   dN ∝ exp(−(t₁ + t₂)/τ) (1 ± cos Δm Δt),             + for opposite, − for equal flavours
    CP and tag: dN ∝ exp(−(t₁ + t₂)/τ) (1 + q (S sin Δm Δt − C cos Δm Δt)),     Δt = t_CP − t_tag,

q = +1 when the tag decays as a B⁰, λ = (q/p) Ā/A, S = 2 Im λ/(1 + |λ|²), C = (1 − |λ|²)/(1 + |λ|²).

How a generator uses it.  The times of all pairs have the same density, and so have the modes, as long as a CP
mode has the same branching fraction in the tables of B⁰ and anti-B⁰ (it has in DECAY_BELLE2.DEC).  So nothing
is rejected: :func:`draw_pair_with_modes` draws flavours and times, lets each B choose its mode from the table
of its flavour, and if exactly one chose a CP mode, draws the flavour of the other again, given Δt; where that
changed, the other chooses again among its new flavour's modes that are not CP modes.  Should both choose CP
modes (5e-5 of the pairs), all stays as drawn: the correlation of two CP decays is not modelled.
"""

import cmath
import math
from collections.abc import Sequence

from physics.decays.table import draw_mode
from physics.jit import kernel
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
    H± = (A∥ ± A⊥)/√2 and H₀ = A₀/√2; :func:`evolve_transversity` makes the angles of any time.
    """
    total = parallel**2 + 0.5 * longitudinal**2 + perpendicular**2
    return -cp * math.sin(2.0 * beta) * (1.0 - 2.0 * perpendicular**2 / total)


def cp_asymmetry(model: str, arguments: Sequence[float]) -> tuple[float, float] | None:
    """Return (S, C) of a mode by its EvtGen model and arguments; None for a model without CP violation.

    SSD_CP with 8 arguments (Δm, ΔΓ/Γ, |q/p|, arg q/p, |A|, arg A, |Ā|, arg Ā) and SVV_CP with 9 (β, Δm, cp,
    then three transversity amplitudes with phases).  Raises ValueError for another number of arguments.
    """
    wanted = {"SSD_CP": 8, "SVV_CP": 9}.get(model)
    if wanted is None:
        return None
    if len(arguments) != wanted:
        message = f"{model} needs {wanted} arguments, not {len(arguments)}."
        raise ValueError(message)
    if model == "SSD_CP":
        return cp_parameters(*arguments[2:])
    return polarised_cp_parameters(arguments[0], arguments[2], *arguments[3::2]), 0.0


@kernel
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


@kernel
def probability_of_b0_tag(s, c, delta_m, dt):
    """Probability that the tag decays as a B⁰ given Δt = t_CP − t_tag; its complement is the anti-B⁰'s."""
    return 0.5 * (1.0 + s * math.sin(delta_m * dt) - c * math.cos(delta_m * dt))


@kernel
def tag_flavour(stream, s, c, delta_m, dt):
    """Draw the flavour (±1) with which the tag of a CP decay decays; ``dt`` = t_CP − t_tag."""
    return 1 if uniform(stream) < probability_of_b0_tag(s, c, delta_m, dt) else -1


@kernel
def draw_cp_pair(stream, lifetime, delta_m, s, c):
    """Draw (flavour of the tag, t_CP, t_tag) when one B is known to decay to a CP mode (signal samples)."""
    t_cp = lifetime * exponential(stream)
    t_tag = lifetime * exponential(stream)
    return tag_flavour(stream, s, c, delta_m, t_cp - t_tag), t_cp, t_tag


@kernel
def evolve_transversity(amp, beta, cp, flavour, tag, phase):
    """Take the helicity amplitudes ``amp`` (3 × 3, flat) of B → V V from decay time zero to Δt.

    ``flavour`` ±1: of which of B⁰ and anti-B⁰ they are; ``tag`` ±1: as which the other B decayed; ``phase`` = Δm Δt.
    A state that is B⁰ at Δt = 0 (tag −1) has A_k (cos φ + i λ_k sin φ), φ = phase/2, an anti-B⁰ A_k (λ_k cos φ +
    i sin φ) but for a common phase, λ_k = ±cp e^(−2iβ) with + for A₀ and A∥ and − for A⊥ (Dighe et al. 1999).
    """
    c, s = math.cos(0.5 * phase), math.sin(0.5 * phase)
    ratio = cp * complex(math.cos(2.0 * beta), -math.sin(2.0 * beta))
    if tag > 0:
        even, odd = ratio * c + 1j * s, -ratio * c + 1j * s
    else:
        even, odd = c + 1j * s * ratio, c - 1j * s * ratio
    parallel = 0.5 * (amp[0] + amp[8]) * even
    perpendicular = 0.5 * flavour * (amp[0] - amp[8]) * odd
    amp[0] = parallel + perpendicular
    amp[4] = amp[4] * even
    amp[8] = parallel - perpendicular


@kernel
def _is_cp(asymmetry, m):
    return not math.isnan(asymmetry[m, 0])


@kernel
def _draw_flavour_mode(stream, particles, cumulative, asymmetry, row):
    """Draw a mode of particle ``row`` that is not a CP mode (any mode when it has hardly another)."""
    m = draw_mode(particles, cumulative, row, uniform(stream))
    for _ in range(1000):
        if not _is_cp(asymmetry, m):
            break
        m = draw_mode(particles, cumulative, row, uniform(stream))
    return m


@kernel
def draw_pair_with_modes(stream, particles, cumulative, asymmetry, row1, anti_row1, row2, anti_row2, lifetime, delta_m):
    """Draw (flavour₁, flavour₂, t₁, t₂, mode₁, mode₂) of a neutral pair with mixing and CP violation.

    ``particles``, ``cumulative``, ``asymmetry`` of the :class:`physics.decays.table.DecayTable`; rows of each
    B as B⁰ and as anti-B⁰ (of a signal B, its aliases).  Flavours ±1 and proper times are those at decay,
    modes are rows of the table, −1 where a particle has none.
    """
    flavour1, flavour2, t1, t2 = draw_mixed_pair(stream, lifetime, delta_m)
    mode1 = draw_mode(particles, cumulative, row1 if flavour1 > 0 else anti_row1, uniform(stream))
    mode2 = draw_mode(particles, cumulative, row2 if flavour2 > 0 else anti_row2, uniform(stream))
    if mode1 < 0 or mode2 < 0 or _is_cp(asymmetry, mode1) == _is_cp(asymmetry, mode2):
        return flavour1, flavour2, t1, t2, mode1, mode2
    if _is_cp(asymmetry, mode1):
        flavour = tag_flavour(stream, asymmetry[mode1, 0], asymmetry[mode1, 1], delta_m, t1 - t2)
        if flavour != flavour2:
            flavour2 = flavour
            row = row2 if flavour2 > 0 else anti_row2
            mode2 = _draw_flavour_mode(stream, particles, cumulative, asymmetry, row)
    else:
        flavour = tag_flavour(stream, asymmetry[mode2, 0], asymmetry[mode2, 1], delta_m, t2 - t1)
        if flavour != flavour1:
            flavour1 = flavour
            row = row1 if flavour1 > 0 else anti_row1
            mode1 = _draw_flavour_mode(stream, particles, cumulative, asymmetry, row)
    return flavour1, flavour2, t1, t2, mode1, mode2


@kernel
def delta_t_density(dt, lifetime, delta_m, sign):
    """Density in Δt of unmixed (``sign`` = +1) or mixed (−1) pairs: e^(−|Δt|/τ) (1 ± cos ΔmΔt)/(4τ)."""
    return math.exp(-abs(dt) / lifetime) * (1.0 + sign * math.cos(delta_m * dt)) / (4.0 * lifetime)
