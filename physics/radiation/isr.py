"""Photons from the beams in e⁺e⁻ → γ* → f f̄: the spectrum of the pair's mass and the photons themselves.

The pair's mass √s' = √(s(1 − v)) is drawn from σ₀(s') H(v, s) by a tabulated inverse.  H is the radiator of
Kuraev and Fadin (Sov. J. Nucl. Phys. 41 (1985) 466; Nicrosini, Trentadue, Phys. Lett. B196 (1987) 551): soft
photons exponentiated, hard ones to O(α²) in the leading logarithm,

    H = Δ β v^(β−1) − β(1 − v/2) + β²/8 [(2 − v)(3 ln(1 − v) − 4 ln v) − 4 ln(1 − v)/v − 6 + v],
    β = (2α/π)(ln(s/mₑ²) − 1).

σ₀ has colour, charge, mass and threshold, the running α (Burkhardt, Pietrzyk, Phys. Lett. B513 (2001) 46)
and, for quarks, 1 + αₛ/π; no resonances, as in KKMC.

Soft photons are independent of each other, a Poisson process of intensity β dv/v.  Given the sum v of such a
process, its terms are the Poisson–Dirichlet fractions (Kingman, J. R. Stat. Soc. B37 (1975) 1), which
stick-breaking gives photon by photon: the multi-photon final state of Yennie, Frautschi and Suura (Ann. Phys.
13 (1961) 379) without any rejection.  Each photon has the polar angle of the two beams' eikonal current, with
the hard term of Bonneau and Martin (Nucl. Phys. B27 (1971) 381); the energies are scaled together so that s'
is exact.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from physics.jit import kernel
from physics.particles import ELECTRON_MASS, MUON_MASS
from physics.radiation.fsr import ALPHA, TAU_MASS
from physics.random import uniform

MIN_ISR_ENERGY = 1e-3
"""Photons below 1 MeV are left out, s' is then s: they change √s by less than the beam-energy spread does."""
GEV2_NB = 0.3893793721e6
"""(ħc)² in GeV² nb (CODATA 2022)."""
ALPHA_S = 0.177
"""αₛ at 10.58 GeV for αₛ(m_Z) = 0.118 (PDG)."""
TABLE_SIZE = 8192


class Fermion(NamedTuple):
    """What the Born cross section needs of a flavour."""

    charge: float  # |Q| [e]
    colours: int
    mass: float  # [GeV], in the phase space of the pair
    min_mass: float  # [GeV], smallest √s' that is generated


# Quark masses are effective ones: with them the cross sections of KKMC at 10.58 GeV (uū 1.6054, dd̄ 0.4009,
# ss̄ 0.3825, cc̄ 1.3280 nb) come out to 1 %.  The smallest √s' is where a final state exists: two π⁰, two K,
# and for charm, between the η_c and the J/ψ, to which a string too light for D D̄ collapses.
FERMIONS = {
    1: Fermion(1 / 3, 3, 0.12, 0.270),
    2: Fermion(2 / 3, 3, 0.12, 0.270),
    3: Fermion(1 / 3, 3, 0.24, 0.988),
    4: Fermion(2 / 3, 3, 1.33, 3.067),
    13: Fermion(1.0, 1, MUON_MASS, 2 * MUON_MASS),
    15: Fermion(1.0, 1, TAU_MASS, 2 * TAU_MASS),
}

# (upper limit of √s [GeV], A, B, C) of Δα_had = A + B ln(1 + C s), Burkhardt and Pietrzyk (2001)
_HADRONIC_SHIFT = (
    (0.7, 0.0, 0.0023092, 3.9925370),
    (2.0, 0.0, 0.0022333, 4.2191779),
    (4.0, 0.0, 0.0024402, 3.2496684),
    (10.0, 0.0, 0.0027340, 2.0995092),
    (91.2, 0.0010485, 0.0029431, 1.0),
)


class ISRTable(NamedTuple):
    """Inverse distribution of √s' for one flavour and one √s; see :func:`draw_isr`."""

    inverse: np.ndarray  # float64 (TABLE_SIZE + 1,), coordinate y at equal steps of probability
    beta: float  # exponent β at the nominal √s
    ratio_at_half: float  # √s'/√s at v = 1/2
    min_mass: float  # [GeV]
    cross_section: float  # [nb], with radiation, from twice the mass of the flavour on


def running_alpha(s: float) -> float:
    """Return α(s) = α/(1 − Δα(s)), s > 0 [GeV²]: one loop of leptons and the hadronic fit, real part."""
    shift = 0.0
    for mass in (ELECTRON_MASS, MUON_MASS, TAU_MASS):
        z = 4.0 * mass * mass / s
        if z < 1.0:
            root = math.sqrt(1.0 - z)
            log = root * math.log((1.0 + root) / (1.0 - root))
        else:
            root = math.sqrt(z - 1.0)
            log = 2.0 * root * math.atan(1.0 / root)
        shift += ALPHA / (3.0 * math.pi) * (-5.0 / 3.0 - z + (1.0 + 0.5 * z) * log)
    for limit, a, b, c in _HADRONIC_SHIFT:
        if s < limit * limit or limit == _HADRONIC_SHIFT[-1][0]:
            shift += a + b * math.log(1.0 + c * s)
            break
    return ALPHA / (1.0 - shift)


def born_cross_section(flavour: int, s: float) -> float:
    """Return σ₀ [nb] of e⁺e⁻ → γ* → f f̄ without initial-state radiation at s [GeV²], 0 below threshold."""
    f = FERMIONS[flavour]
    ratio = 4.0 * f.mass**2 / s
    if ratio >= 1.0:
        return 0.0
    sigma = 4.0 * math.pi * running_alpha(s) ** 2 / (3.0 * s) * GEV2_NB * f.charge**2 * f.colours
    final = 1.0 + ALPHA_S / math.pi if f.colours > 1 else 1.0 + 0.75 * ALPHA / math.pi
    return sigma * math.sqrt(1.0 - ratio) * (1.0 + 0.5 * ratio) * final


def radiator_exponent(s: float) -> float:
    """Return β = (2α/π)(ln(s/mₑ²) − 1)."""
    return 2.0 * ALPHA / math.pi * (math.log(s / ELECTRON_MASS**2) - 1.0)


def radiator(v: np.ndarray, s: float) -> tuple[float, np.ndarray]:
    """Return (Δ, regular part of H(v, s)); H = Δ β v^(β−1) + the regular part."""
    beta = radiator_exponent(s)
    log = math.log(s / ELECTRON_MASS**2)
    soft = (
        1.0
        + ALPHA / math.pi * (1.5 * log + math.pi**2 / 3.0 - 2.0)
        + (ALPHA / math.pi) ** 2 * log**2 * (9.0 / 8.0 - math.pi**2 / 3.0)
    )
    ln1, ln = np.log1p(-v), np.log(v)
    second = (2.0 - v) * (3.0 * ln1 - 4.0 * ln) - 4.0 * ln1 / v - 6.0 + v
    return soft, -beta * (1.0 - 0.5 * v) + beta**2 / 8.0 * second


@lru_cache(maxsize=32)
def build_isr_table(flavour: int, root_s: float) -> ISRTable:
    """Return the table of flavour 1–4 (quarks), 13 or 15 at the nominal ``root_s`` [GeV]; takes 0.2 s,
    cached.

    Raises ValueError for an unknown flavour or when ``root_s`` is below the threshold.
    """
    if flavour not in FERMIONS:
        message = f"Flavour {flavour} has no e+e- cross section here; choose one of {sorted(FERMIONS)}."
        raise ValueError(message)
    f = FERMIONS[flavour]
    if root_s <= 1.02 * f.min_mass:
        message = (
            f"sqrt(s) = {root_s:g} GeV is too low for pairs of flavour {flavour}: "
            f"it must exceed {1.02 * f.min_mass:.3f} GeV."
        )
        raise ValueError(message)
    s = root_s**2
    beta = radiator_exponent(s)
    # coordinate y: 0 … 1/2 is v^β up to v = 1/2, 1/2 … 1 is √s' from there down to the threshold
    v_max = 1.0 - f.min_mass**2 / s
    v_half = min(0.5, 0.5 * v_max)
    ratio_at_half = math.sqrt(1.0 - v_half)
    steps = 6000
    edges = np.linspace(0.0, 1.0, steps + 1)
    t = (np.linspace(0.0, 1.0, steps + 1)[1:] - 0.5 / steps) * v_half**beta
    v = t ** (1.0 / beta)
    soft, regular = radiator(np.maximum(v, 1e-300), s)
    born = np.array([born_cross_section(flavour, x) for x in s * (1.0 - v)])
    low = born * (soft + regular * v ** (1.0 - beta) / beta) * v_half**beta / steps
    span = ratio_at_half * root_s - f.min_mass
    mass = ratio_at_half * root_s - (edges[1:] - 0.5 / steps) * span
    v = 1.0 - mass**2 / s
    soft, regular = radiator(v, s)
    born = np.array([born_cross_section(flavour, m * m) for m in mass])
    high = born * (soft * beta * v ** (beta - 1.0) + regular) * 2.0 * mass / s * span / steps
    cumulative = np.concatenate([[0.0], np.cumsum(np.concatenate([low, high]))])
    y = np.concatenate([0.5 * edges, 0.5 + 0.5 * edges[1:]])
    inverse = np.interp(np.linspace(0.0, 1.0, TABLE_SIZE + 1), cumulative / cumulative[-1], y)
    # the part of the model's cross section below the smallest mass that is generated
    span = f.min_mass - 2.0 * f.mass
    mass = 2.0 * f.mass + (edges[1:] - 0.5 / steps) * span
    v = 1.0 - mass**2 / s
    soft, regular = radiator(v, s)
    born = np.array([born_cross_section(flavour, m * m) for m in mass])
    below = float(np.sum(born * (soft * beta * v ** (beta - 1.0) + regular) * 2.0 * mass / s) * span / steps)
    return ISRTable(inverse, beta, ratio_at_half, f.min_mass, float(cumulative[-1]) + below)


def cross_section(flavour: int, root_s: float) -> float:
    """Return σ(e⁺e⁻ → f f̄ (γ)) [nb] at ``root_s`` [GeV], initial-state radiation included."""
    return build_isr_table(flavour, root_s).cross_section


@kernel
def draw_reduced_mass(stream, table, root_s):
    """Draw v = 1 − s'/s for the √s of the event, which the energy spread lets differ from the table's."""
    u = uniform(stream) * (table.inverse.shape[0] - 1)
    i = int(u)
    y = table.inverse[i] + (u - i) * (table.inverse[i + 1] - table.inverse[i])
    half = 1.0 - table.ratio_at_half * table.ratio_at_half
    if y < 0.5:
        return half * (2.0 * y) ** (1.0 / table.beta)
    low = table.min_mass / root_s
    ratio = table.ratio_at_half + (2.0 * y - 1.0) * (low - table.ratio_at_half)
    return 1.0 - ratio * ratio


@kernel
def draw_photon_angle(stream, x, beam_energy):
    """Draw (cosθ, sinθ) of a photon with energy ``x`` · ``beam_energy`` to the e⁻, in the c.m. frame.

    Density ∝ sin²θ/(1 − b² cos²θ)² · [1 − x² sin²θ/(2 − 2x + x²)], b the velocity of the beams.
    """
    small = (ELECTRON_MASS / beam_energy) ** 2  # 1 − b²
    b = math.sqrt(1.0 - small)
    log = 0.5 * math.log((1.0 + b) ** 2 / small)
    hard = x * x / (2.0 - 2.0 * x + x * x)
    while True:
        # cosθ from 1/(1 − b² cos²θ): b cosθ = tanh(log (2u − 1)), kept as distances from ±1
        tail = math.exp(-2.0 * log * abs(2.0 * uniform(stream) - 1.0))
        one_minus = 2.0 * tail / (1.0 + tail)  # 1 − b |cosθ|
        cos_theta = (1.0 - one_minus) / b
        sin2 = (one_minus - small / (1.0 + b)) / b * (1.0 + cos_theta)
        if sin2 <= 0.0:
            continue
        u = uniform(stream)
        keep = sin2 / (one_minus * (2.0 - one_minus)) * (1.0 - hard * sin2)
        if u < keep:
            # the sign re-uses the accepted number, uniform below ``keep``
            sign = 1.0 if u < 0.5 * keep else -1.0
            return sign * cos_theta, math.sqrt(sin2)


@kernel
def draw_isr(stream, table, root_s, photons):
    """Draw the initial-state radiation of one event: returns (√s' [GeV], number of photons).

    ``table`` :func:`build_isr_table`; ``root_s`` the collision's own √s; ``photons`` float64 (k, 4) takes
    (px, py, pz, E) in the c.m. frame with z along the e⁻.  The f f̄ pair has momentum −Σk and energy √s − ΣE.
    """
    v = draw_reduced_mass(stream, table, root_s)
    beam = 0.5 * root_s
    smallest = MIN_ISR_ENERGY / beam
    if v < smallest or photons.shape[0] == 0:
        return root_s, 0
    n = 0
    rest = v
    sx, sy, sz, se = 0.0, 0.0, 0.0, 0.0
    while n < photons.shape[0] and rest > smallest:
        left = rest * uniform(stream) ** (1.0 / table.beta)  # stick-breaking: z ~ Beta(1, β)
        x = rest - left if n < photons.shape[0] - 1 else rest
        rest = left
        if x < smallest:
            continue
        cos_theta, sin_theta = draw_photon_angle(stream, x, beam)
        phi = 2.0 * math.pi * uniform(stream)
        photons[n, 0] = x * sin_theta * math.cos(phi)
        photons[n, 1] = x * sin_theta * math.sin(phi)
        photons[n, 2] = x * cos_theta
        photons[n, 3] = x
        sx += photons[n, 0]
        sy += photons[n, 1]
        sz += photons[n, 2]
        se += x
        n += 1
    if n == 0:
        return root_s, 0
    # one factor for all energies makes (P − Σk)² = s(1 − v) exact
    k2 = max(0.0, se * se - sx * sx - sy * sy - sz * sz)
    scale = root_s * v / (se + math.sqrt(max(0.0, se * se - v * k2)))
    for j in range(n):
        for axis in range(4):
            photons[j, axis] *= scale
    return root_s * math.sqrt(1.0 - v), n
