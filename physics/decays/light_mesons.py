"""Decays of light mesons and hadronic transitions: η, η', ω → 3π, π⁰ → e⁺e⁻γ, V → V'ππ."""

import math
from collections.abc import Sequence

import numpy as np

from physics.decays.dalitz import place_three
from physics.decays.species import Species, check_count, check_spins, numbers
from physics.jit import kernel
from physics.random import uniform
from physics.spin import polarisation_vector

ETA_PI0, ETA_FULL, ETA_PRIME, OMEGA, PI0, VVPIPI, CLEO_PIPI = range(7)
"""First number of a row: which model."""

_RHO_MASS, _RHO_WIDTH = 0.768, 0.151  # GeV, vector dominance of π⁰ → γγ* as in EvtGen's PI0_DALITZ


@kernel
def _polynomial(kind, parameters, p, masses):
    """|A|² of η and η' in Dalitz variables X, Y or z.

    BESIII, Phys. Rev. D92 (2015) 012014; KLOE, Phys. Lett. B694 (2011) 16.
    """
    q = masses[0] - masses[1] - masses[2] - masses[3]
    if kind == ETA_PI0:
        z = 0.0
        for i in range(3):
            d = (3.0 * p[i, 3] - masses[0]) / q
            z += d * d
        return 1.0 + 2.0 * parameters[1] * z * 2.0 / 3.0
    x = math.sqrt(3.0) * (p[0, 3] - masses[1] - p[1, 3] + masses[2]) / q
    scale = 3.0 if kind == ETA_FULL else (masses[1] + masses[2] + masses[3]) / masses[2]
    y = scale * (p[2, 3] - masses[3]) / q - 1.0
    a, b, c, d = parameters[1], parameters[2], parameters[3], parameters[4]
    e, f = 0.0, 0.0
    if kind == ETA_FULL:
        e, f = parameters[5], parameters[6]
    return 1.0 + a * y + b * y * y + c * x + d * x * x + e * x * y + f * y * y * y


@kernel
def _dalitz_pair(q2, sine2, m, big):
    """|A|² of P → ℓ⁺ℓ⁻γ: (M² − q²)²/q² (2 − β² sin²θ) |F|² (Kroll and Wada, Phys. Rev. 98 (1955) 1355)."""
    beta2 = 1.0 - 4.0 * m * m / q2
    r2 = _RHO_MASS * _RHO_MASS
    form = 1.0 / ((1.0 - q2 / r2) ** 2 + _RHO_WIDTH * _RHO_WIDTH / r2)
    return (1.0 - q2 / (big * big)) ** 2 / q2 * (2.0 - beta2 * sine2) * form


@kernel
def light_meson(parameters, p, masses, spins2, amp):
    """Fill ``amp``; what is summed over unobserved spins sits in the first state."""
    kind = int(parameters[0])
    size = spins2[0] * spins2[1] * spins2[2] * spins2[3]
    for k in range(size):
        amp[k] = 0.0
    if kind <= ETA_PRIME:
        amp[0] = math.sqrt(max(0.0, _polynomial(kind, parameters, p, masses)))
    elif kind == OMEGA:
        # ε(m)·(p₁ × p₂), scaled by about the largest |p₁ × p₂|
        norm = 1.14 / (masses[0] * masses[0] / 9.0 - masses[1] * masses[1])
        x = norm * (p[0, 1] * p[1, 2] - p[0, 2] * p[1, 1])
        y = norm * (p[0, 2] * p[1, 0] - p[0, 0] * p[1, 2])
        z = norm * (p[0, 0] * p[1, 1] - p[0, 1] * p[1, 0])
        half = math.sqrt(0.5)
        amp[0], amp[1], amp[2] = complex(-half * x, -half * y), complex(z, 0.0), complex(half * x, -half * y)
    elif kind == PI0:
        first, second, photon = int(parameters[1]), int(parameters[2]), int(parameters[3])
        big, m, q2 = masses[0], masses[first + 1], masses[0] * (masses[0] - 2.0 * p[photon, 3])
        beta2 = 1.0 - 4.0 * m * m / q2
        if beta2 <= 0.0:
            return
        # E₁ − E₂ = β |p_γ| cosθ
        cosine2 = (p[first, 3] - p[second, 3]) ** 2 / (beta2 * p[photon, 3] ** 2)
        amp[0] = 2.0 * m * math.sqrt(_dalitz_pair(q2, max(0.0, 1.0 - cosine2), m, big))
    else:
        big, small = masses[0], masses[1]
        s = big * big + small * small - 2.0 * big * p[0, 3]
        if kind == VVPIPI:
            factor = s - 4.0 * masses[2] * masses[3]
        else:
            factor = math.sqrt(_cleo_matrix_element(parameters, p, masses, s))
        # S wave: −ε·ε'*, metric (+, −, −, −); ε' boosted along its momentum
        for j in range(3):
            e = polarisation_vector(p[0, 0], p[0, 1], p[0, 2], p[0, 3], small, 1 - j)
            half = math.sqrt(0.5)
            x, y, z = e[1].conjugate(), e[2].conjugate(), e[3].conjugate()
            amp[j] = factor * half * complex(-1.0, 0.0) * (x + complex(0.0, 1.0) * y)
            amp[3 + j] = factor * z
            amp[6 + j] = factor * half * (x - complex(0.0, 1.0) * y)


@kernel
def _cleo_matrix_element(parameters, p, masses, s):
    """|A Q + B E₁E₂|² of Υ(mS) → Υ(nS) ππ (CLEO, Phys. Rev. D76 (2007) 072001), parameters Re, Im of B/A."""
    e1, e2 = p[1, 3], p[2, 3]
    q = s - masses[2] * masses[2] - masses[3] * masses[3]
    re, im = parameters[1], parameters[2]
    return (q + re * e1 * e2) ** 2 + (im * e1 * e2) ** 2


@kernel
def draw_pi0(stream, parameters, masses, p):
    """Unweighted π⁰ → e⁺e⁻γ: q² from 1/q², then rejection (efficiency about 0.6)."""
    if int(parameters[0]) != PI0:
        return False
    first, photon = int(parameters[1]), int(parameters[3])
    big, m = masses[0], masses[first + 1]
    low, high = 4.0 * m * m, big * big
    span = math.log(high / low)
    for _ in range(100000):
        q2 = low * math.exp(span * uniform(stream))
        cosine = 2.0 * uniform(stream) - 1.0
        beta2 = 1.0 - low / q2
        if beta2 <= 0.0:
            continue
        weight = q2 * _dalitz_pair(q2, 1.0 - cosine * cosine, m, big) * (1.0 - q2 / high) * math.sqrt(beta2)
        if uniform(stream) * 2.05 < weight:
            e_photon = (high - q2) / (2.0 * big)
            e_first = 0.5 * (big - e_photon + math.sqrt(beta2) * e_photon * cosine)
            e_second = big - e_photon - e_first
            e_one = e_photon if photon == 0 else (e_first if first == 0 else e_second)
            e_three = e_photon if photon == 2 else (e_first if first == 2 else e_second)
            s_first = big * big + masses[1] * masses[1] - 2.0 * big * e_one
            s_last = big * big + masses[3] * masses[3] - 2.0 * big * e_three
            if place_three(stream, big, masses, s_first, s_last, p):
                return True
    return False


def prepare_light_meson(
    model: str, args: Sequence[float | str], mother: Species, daughters: Sequence[Species]
) -> np.ndarray:
    """Return ``[kind, arguments …]``; raises ValueError on wrong counts or spins."""
    kind, spins, counts = LIGHT_MESONS[model]
    values = numbers(model, args)
    check_count(model, values, [counts])
    check_spins(model, mother, daughters, *spins)
    if kind == PI0:
        leptons = [i for i, d in enumerate(daughters) if abs(d.pdg) in (11, 13)]
        if len(leptons) != 2 or 22 not in [d.pdg for d in daughters]:
            message = f"{model} needs two leptons and a photon; correct the daughters of {mother.pdg}."
            raise ValueError(message)
        values = [*leptons, 3 - sum(leptons)]
    return np.array([kind, *values], float)


LIGHT_MESONS: dict[str, tuple[int, tuple[int | None, ...], int]] = {
    "ETA_PI0DALITZ": (ETA_PI0, (0, 0, 0, 0), 1),
    "ETA_FULLDALITZ": (ETA_FULL, (0, 0, 0, 0), 6),
    "ETAPRIME_DALITZ": (ETA_PRIME, (0, 0, 0, 0), 4),
    "OMEGA_DALITZ": (OMEGA, (2, 0, 0, 0), 0),
    "PI0_DALITZ": (PI0, (0, None, None, None), 0),
    "VVPIPI": (VVPIPI, (2, 2, 0, 0), 0),
    "YMSTOYNSPIPICLEOBOOST": (CLEO_PIPI, (2, 2, 0, 0), 2),
}
"""Model → (kind, 2J of mother and daughters, number of arguments)."""
