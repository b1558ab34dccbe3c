"""Two-body decays: helicity amplitudes and how EvtGen's two-body models fill them.

``A[m, λ1, λ2] = H(λ1, λ2) D^{J*}_{m, λ1−λ2}(φ1, θ1, 0)`` (Jacob and Wick, Ann. Phys. 7 (1959) 404; Richman,
CALT-68-1148 (1984)).  With daughter 2's states defined by ``R(φ2, θ2, 0)`` like any other daughter's, its states
equal Jacob and Wick's second-particle states (the phase ``(−1)^{s2−λ2}``) up to a common factor, so ``H`` in
Jacob–Wick convention enters without further phases; EvtGen's HELAMP, PARTWAVE and SVV_HELAMP arguments are in that
convention.

A row of parameters is ``[number of terms, (state 1, state 2, 2(λ1−λ2), 2J, mass code, Re H, Im H) …]``, scaled so
that ``Tr(ρ A A†) ≤ 1`` for any normalised ρ, the bound being reached; mass codes multiply H by an event's masses.
"""

import cmath
import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from physics.decays.species import NEUTRINOS, Species, check_count, check_spins, numbers, twice_helicities, twice_spin
from physics.jit import kernel
from physics.spin import clebsch_gordan, half_angles, phase_power, wigner_d

_SQRT_HALF = math.sqrt(0.5)
TERM = 7
"""Numbers that describe one helicity amplitude."""

CONSTANT = 0
SPIN_FLIP = 1
"""√2 m1 / M: the equal-helicity amplitude of V → ℓ⁺ℓ⁻ relative to the opposite-helicity one."""
LONGITUDINAL = 2
"""√2 m1 / M: the transverse amplitude of τ → Vν relative to the longitudinal one."""

Helicities = Mapping[tuple[int, int], complex]


@kernel
def two_body(parameters, p, masses, spins2, amp):
    """Fill ``amp[m, λ1, λ2]`` of a two-body decay from a row made by :func:`pack`."""
    n0, n1, n2 = spins2[0], spins2[1], spins2[2]
    for i in range(n0 * n1 * n2):
        amp[i] = 0.0
    terms = int(parameters[0])
    if n0 == 1:
        for k in range(terms):
            i = 1 + TERM * k
            amp[int(parameters[i]) * n2 + int(parameters[i + 1])] = complex(parameters[i + 5], parameters[i + 6])
        return
    if n0 == 3:
        _spin_one(parameters, terms, p, masses, n1, n2, amp)
        return
    c, s, cos_half, sin_half = half_angles(p[0, 0], p[0, 1], p[0, 2])
    for m in range(n0):
        m2 = n0 - 1 - 2 * m
        phase = phase_power(cos_half, sin_half, m2)
        for k in range(terms):
            i = 1 + TERM * k
            h = complex(parameters[i + 5], parameters[i + 6])
            if parameters[i + 4] != 0.0:
                h *= math.sqrt(2.0) * masses[1] / masses[0]
            d = wigner_d(n0 - 1, m2, int(parameters[i + 2]), c, s)
            amp[(m * n1 + int(parameters[i])) * n2 + int(parameters[i + 1])] = h * d * phase


@kernel
def _spin_one(parameters, terms, p, masses, n1, n2, amp):
    """The most frequent mother: d¹ and e^{imφ} without half angles."""
    x, y, z = p[0, 0], p[0, 1], p[0, 2]
    transverse2 = x * x + y * y
    inverse = 1.0 / math.sqrt(transverse2 + z * z) if transverse2 + z * z > 0.0 else 0.0
    c = z * inverse if inverse > 0.0 else 1.0
    # s e^{iφ} and the phase of (1 ± c)/2
    s = complex(x * inverse * _SQRT_HALF, y * inverse * _SQRT_HALF)
    transverse = math.sqrt(transverse2)
    phase = complex(x / transverse, y / transverse) if transverse > 0.0 else complex(1.0, 0.0)
    size = transverse * inverse * _SQRT_HALF
    for k in range(terms):
        i = 1 + TERM * k
        h = complex(parameters[i + 5], parameters[i + 6])
        if parameters[i + 4] != 0.0:
            h *= math.sqrt(2.0) * masses[1] / masses[0]
        index = int(parameters[i]) * n2 + int(parameters[i + 1])
        step = n1 * n2
        difference = parameters[i + 2]
        if difference == 0.0:
            amp[index] = -h * s
            amp[index + step] = h * c
            amp[index + 2 * step] = h * s.conjugate()
        else:
            same, other = (0.5 * (1.0 + c), 0.5 * (1.0 - c)) if difference > 0.0 else (0.5 * (1.0 - c), 0.5 * (1.0 + c))
            amp[index] = h * same * phase
            amp[index + step] = h * size if difference > 0.0 else -h * size
            amp[index + 2 * step] = h * other * phase.conjugate()


def pack(
    mother: Species,
    daughters: Sequence[Species],
    helicities: Helicities,
    codes: dict[tuple[int, int], int] | None = None,
) -> np.ndarray:
    """Return the parameter row of ``{(2λ1, 2λ2): H}``; raises ValueError when nothing is left to decay to."""
    first, second = daughters
    codes = codes or {}
    row: list[float] = []
    strength: dict[int, float] = {}
    for i1, l1 in enumerate(twice_helicities(first)):
        for i2, l2 in enumerate(twice_helicities(second)):
            h = helicities.get((l1, l2), 0.0)
            if h == 0.0 or abs(l1 - l2) > twice_spin(mother):
                continue
            code = codes.get((l1, l2), CONSTANT)
            size = abs(h) if code == CONSTANT else abs(h) * math.sqrt(2.0) * first.mass / mother.mass
            strength[l1 - l2] = strength.get(l1 - l2, 0.0) + size**2
            row += [i1, i2, l1 - l2, twice_spin(mother), code, complex(h).real, complex(h).imag]
    if not row:
        message = f"Decay of {mother.pdg} to {first.pdg} {second.pdg} has no helicity amplitude; check its arguments."
        raise ValueError(message)
    scale = 1.0 / math.sqrt(max(strength.values()) if mother.states > 1 else sum(strength.values()))
    values = np.array([len(row) // TERM, *row])
    for k in range(len(row) // TERM):
        values[1 + TERM * k + 5 : 1 + TERM * k + 7] *= scale
    return values


def partial_waves(mother: Species, daughters: Sequence[Species], waves: dict[tuple[int, int], complex]) -> Helicities:
    """Return helicity amplitudes of partial waves ``{(L, 2S): a}``.

    ``H = Σ √((2L+1)/(2J+1)) a_LS ⟨L 0 S λ|J λ⟩ ⟨s1 λ1 s2 −λ2|S λ⟩``, λ = λ1 − λ2 (Jacob and Wick, 1959, eq. B5).
    """
    first, second = daughters
    j, s1, s2 = (twice_spin(x) / 2 for x in (mother, first, second))
    result: dict[tuple[int, int], complex] = {}
    for l1 in twice_helicities(first):
        for l2 in twice_helicities(second):
            difference = (l1 - l2) / 2
            result[l1, l2] = sum(
                a
                * math.sqrt((2 * wave + 1) / (2 * j + 1))
                * clebsch_gordan(wave, 0, spin2 / 2, difference, j, difference)
                * clebsch_gordan(s1, l1 / 2, s2, -l2 / 2, spin2 / 2, difference)
                for (wave, spin2), a in waves.items()
            )
    return result


def allowed_waves(mother: Species, daughters: Sequence[Species]) -> list[tuple[int, int]]:
    """Return the (L, 2S) of a decay in EvtGen's order of PARTWAVE arguments: L rising, then S rising."""
    j2, s1, s2 = (twice_spin(x) for x in (mother, *daughters))
    waves: list[tuple[int, int]] = []
    for l2 in range(max(0, j2 - s1 - s2, s1 - j2 - s2, s2 - j2 - s1), j2 + s1 + s2 + 1, 2):
        spins = range(max(abs(l2 - j2), abs(s1 - s2)), min(l2 + j2, s1 + s2) + 1, 2)
        waves.extend((l2 // 2, spin2) for spin2 in spins)
    return waves


def _polar(args: Sequence[float]) -> list[complex]:
    return [cmath.rect(size, phase) for size, phase in zip(args[::2], args[1::2], strict=True)]


def _single(*spins: int | None) -> Callable[..., np.ndarray]:
    """Return the ``prepare`` of a model whose only helicity amplitude is H(0, 0)."""

    def prepare(model: str, _args: Sequence[float], mother: Species, daughters: Sequence[Species]) -> np.ndarray:
        check_spins(model, mother, daughters, *spins)
        return pack(mother, daughters, {(0, 0): 1.0})

    return prepare


def _vsp_pwave(model: str, _args: Sequence[float], mother: Species, daughters: Sequence[Species]) -> np.ndarray:
    # P-parity fixes H(0, −1) = −H(0, +1) for 1⁻ → 0⁻ γ.
    check_spins(model, mother, daughters, 2, 0, 2)
    return pack(mother, daughters, {(0, 2): 1.0, (0, -2): -1.0})


def _vvs_pwave(model: str, args: Sequence[float], mother: Species, daughters: Sequence[Species]) -> np.ndarray:
    """S, P and D wave; EvtGen's operator is ``S g^{µν} + D (p^µ p^ν / p² + g^{µν}/3)``, its P wave is not defined."""
    check_count(model, args, [6])
    check_spins(model, mother, daughters, 2, 2, 0)
    s, p, d = _polar(args)
    odd = math.sqrt(0.5) * p
    return pack(mother, daughters, {(2, 0): s + d / 3 + odd, (0, 0): s - 2 * d / 3, (-2, 0): s + d / 3 - odd})


def _tvs_pwave(model: str, args: Sequence[float], mother: Species, daughters: Sequence[Species]) -> np.ndarray:
    """P, D and F wave."""
    check_count(model, args, [6])
    check_spins(model, mother, daughters, 4, 2, 0)
    waves = dict(zip([(1, 2), (2, 2), (3, 2)], _polar(args), strict=True))
    return pack(mother, daughters, partial_waves(mother, daughters, waves))


def _svv_helamp(model: str, args: Sequence[float], mother: Species, daughters: Sequence[Species]) -> np.ndarray:
    """H₊, H₀, H₋ as (size, phase)."""
    check_count(model, args, [6])
    check_spins(model, mother, daughters, 0, 2, 2)
    plus, zero, minus = _polar(args)
    return pack(mother, daughters, {(2, 2): plus, (0, 0): zero, (-2, -2): minus})


def _svp_helamp(model: str, args: Sequence[float], mother: Species, daughters: Sequence[Species]) -> np.ndarray:
    """H₊, H₋ as (size, phase)."""
    check_count(model, args, [4])
    check_spins(model, mother, daughters, 0, 2, 2)
    plus, minus = _polar(args)
    return pack(mother, daughters, {(2, 2): plus, (-2, -2): minus})


def _svv_cp(model: str, args: Sequence[float], mother: Species, daughters: Sequence[Species]) -> np.ndarray:
    """weak phase, Δm, η, then |A∥| …: the amplitude at decay time zero.

    EvtGen's arguments 4–9 are transversity amplitudes G₁₊ (parallel), G₀₊ (longitudinal), G₁₋ (perpendicular):
    H₀ = G₀₊/√2, H± = (G₁₊ ± G₁₋)/√2; G₁₋ changes sign for the B̄⁰.  The weak phase and η are left at the end of the
    row for :func:`physics.decays.mixing.evolve_transversity`, which makes the amplitude at any other time.
    """
    check_count(model, args, [9])
    check_spins(model, mother, daughters, 0, 2, 2)
    parallel, zero, perpendicular = _polar(args[3:])
    if mother.pdg < 0:
        perpendicular = -perpendicular
    helicities = {(2, 2): parallel + perpendicular, (0, 0): zero, (-2, -2): parallel - perpendicular}
    return np.append(pack(mother, daughters, helicities), [args[0], args[2]])


def _helamp(model: str, args: Sequence[float], mother: Species, daughters: Sequence[Species]) -> np.ndarray:
    """(size, phase) of every allowed H(λ1, λ2), λ1 falling, then λ2 falling."""
    check_spins(model, mother, daughters, None, None, None)
    pairs = [
        (l1, l2)
        for l1 in twice_helicities(daughters[0])
        for l2 in twice_helicities(daughters[1])
        if abs(l1 - l2) <= twice_spin(mother)
    ]
    check_count(model, args, [2 * len(pairs)])
    return pack(mother, daughters, dict(zip(pairs, _polar(args), strict=True)))


def _partwave(model: str, args: Sequence[float], mother: Species, daughters: Sequence[Species]) -> np.ndarray:
    """(size, phase) of every allowed partial wave, L rising, then S rising."""
    check_spins(model, mother, daughters, None, None, None)
    waves = allowed_waves(mother, daughters)
    check_count(model, args, [2 * len(waves)])
    return pack(mother, daughters, partial_waves(mother, daughters, dict(zip(waves, _polar(args), strict=True))))


def _vll(model: str, _args: Sequence[float], mother: Species, daughters: Sequence[Species]) -> np.ndarray:
    """Vector current: H(±, ∓) = 1, H(±, ±) = √2 m/M, all of one sign (³S₁ at threshold)."""
    check_spins(model, mother, daughters, 2, 1, 1)
    helicities = {(1, -1): 1.0, (-1, 1): 1.0, (1, 1): 1.0, (-1, -1): 1.0}
    return pack(mother, daughters, helicities, {(1, 1): SPIN_FLIP, (-1, -1): SPIN_FLIP})


def _vvp(model: str, args: Sequence[float], mother: Species, daughters: Sequence[Species]) -> np.ndarray:
    """1⁺ → 1⁻ γ by ``ε · (ε'* × ε_γ*)``; EvtGen's eight arguments are read and not used, there as here."""
    check_count(model, args, [0, 8])
    check_spins(model, mother, daughters, 2, 2, 2)
    return pack(mother, daughters, {(2, 2): 1.0, (0, 2): 1.0, (0, -2): -1.0, (-2, -2): -1.0})


def _sln(model: str, _args: Sequence[float], mother: Species, daughters: Sequence[Species]) -> np.ndarray:
    """Leptonic decay: the lepton has the helicity the neutrino forces on it."""
    check_spins(model, mother, daughters, 0, 1, 1)
    neutrinos = [d for d in daughters if abs(d.pdg) in NEUTRINOS]
    if len(neutrinos) != 1:
        message = f"{model} needs a lepton and its neutrino; correct the daughters of {mother.pdg}."
        raise ValueError(message)
    (helicity,) = twice_helicities(neutrinos[0])
    return pack(mother, daughters, {(helicity, helicity): 1.0})


def _hyperon(model: str, args: Sequence[float], mother: Species, daughters: Sequence[Species]) -> np.ndarray:
    """½ → ½ 0 by its asymmetry α and angle φ [degrees] (PDG, Baryon decay parameters): H± = S ± P.

    The arguments are the particle's; an antiparticle gets the CP-mirrored amplitudes (ᾱ = −α, β̄ = −β).
    """
    check_count(model, args, [2, 3])
    check_spins(model, mother, daughters, 1, 1, 0)
    alpha, phi = args[0], math.radians(args[1])
    if not -1.0 <= alpha <= 1.0:
        message = f"{model}: the asymmetry α = {alpha:g} is not between −1 and 1; correct the decay line."
        raise ValueError(message)
    beta = math.sqrt(1.0 - alpha**2) * math.sin(phi)
    gamma = math.sqrt(1.0 - alpha**2) * math.cos(phi)
    s = math.sqrt(0.5 * (1.0 + gamma))
    p = math.sqrt(0.5 * max(0.0, 1.0 - gamma)) * cmath.exp(1j * math.atan2(beta, alpha))
    if mother.pdg < 0:
        p = -p
    return pack(mother, daughters, {(1, 0): s + p, (-1, 0): s - p})


def _tau_scalar(model: str, _args: Sequence[float], mother: Species, daughters: Sequence[Species]) -> np.ndarray:
    check_spins(model, mother, daughters, 1, 0, 1)
    return pack(mother, daughters, {(0, twice_helicities(daughters[1])[0]): 1.0})


def _tau_vector(model: str, _args: Sequence[float], mother: Species, daughters: Sequence[Species]) -> np.ndarray:
    """τ → V ν: |H(transverse)/H(0)| = √2 m_V/m_τ (Tsai, Phys. Rev. D4 (1971) 2821)."""
    check_spins(model, mother, daughters, 1, 2, 1)
    nu = twice_helicities(daughters[1])[0]
    return pack(mother, daughters, {(0, nu): 1.0, (2 * nu, nu): 1.0}, {(2 * nu, nu): LONGITUDINAL})


TWO_BODY: dict[str, Callable[..., np.ndarray]] = {
    "VSS": _single(2, 0, 0),
    "VSS_BMIX": _single(2, 0, 0),
    "SVS": _single(0, 2, 0),
    "STS": _single(0, 4, 0),
    "TSS": _single(4, 0, 0),
    "SSD_CP": _single(0, None, None),
    "SVV_CP": _svv_cp,
    "SVV_HELAMP": _svv_helamp,
    "SVP_HELAMP": _svp_helamp,
    "VSP_PWAVE": _vsp_pwave,
    "VVS_PWAVE": _vvs_pwave,
    "TVS_PWAVE": _tvs_pwave,
    "HELAMP": _helamp,
    "PARTWAVE": _partwave,
    "VLL": _vll,
    "VVP": _vvp,
    "SLN": _sln,
    "HypNonLepton": _hyperon,
    "TAUSCALARNU": _tau_scalar,
    "TAUVECTORNU": _tau_vector,
}


def prepare_two_body(
    model: str, args: Sequence[float | str], mother: Species, daughters: Sequence[Species]
) -> np.ndarray:
    """Return the parameter row of a two-body model; raises ValueError on wrong counts, spins or numbers."""
    return TWO_BODY[model](model, numbers(model, args), mother, daughters)
