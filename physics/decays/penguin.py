"""b → s(d) ℓ⁺ℓ⁻ decays to one meson (BTOSLLBALL, BTOSLLALI), with lepton masses and both leptons' helicities.

Naive factorisation: left- and right-handed lepton currents with C₉ ∓ C₁₀ and the photon's C₇ (Ali, Ball, Handoko and
Hiller, Phys. Rev. D61 (2000) 074024; amplitudes as in Altmannshofer et al., arXiv:0811.1214, eqs. 3.8–3.11), C₉ with
the one-loop quark functions.  No narrow charmonium: those decays have their own lines in the decay file.
"""

import math
from collections.abc import Sequence

import numpy as np

from physics.decays.semileptonic import (
    INTERVALS,
    QUANTILES,
    equal_probability,
    form_factor_grid,
    place_at_q2,
    quantile,
    table_row,
    transverse_product,
)
from physics.decays.species import CHARGED_LEPTONS, Species, check_count, conjugated, numbers
from physics.form_factors import sum_rules
from physics.jit import kernel
from physics.random import new_stream, uniform
from physics.spin import antiparticle_spinor, particle_spinor, weyl_current

# Standard-model Wilson coefficients at µ = 4.8 GeV, next-to-next-to-leading order (arXiv:0811.1214, table 2)
C1, C2, C3, C4, C5, C6 = -0.257, 1.009, -0.005, -0.078, 0.000, 0.001
C7_EFF, C9, C10 = -0.304, 4.211, -4.103
M_BOTTOM = 4.18  # GeV, MS-bar (PDG), in front of C₇
_M_B_POLE, _M_C_POLE = 4.8, 1.4  # GeV, in the quark loops (arXiv:0811.1214)

_TABLE = 7
_SCALAR_COLUMNS, _VECTOR_COLUMNS = 5, 9


def _loop(q2: float, mass: float) -> complex:
    """h(q², m) of the four-quark operators (Buras and Münz, Phys. Rev. D52 (1995) 186), µ = 4.8 GeV."""
    scale = 4.8
    if mass == 0.0:
        return 4 / 9 * (2 / 3 + math.log(scale**2 / q2) + 1j * math.pi)
    z = 4 * mass**2 / q2
    root = math.sqrt(abs(z - 1))
    bend = math.atan(1 / root) if z > 1 else math.log((1 + math.sqrt(1 - z)) / math.sqrt(z)) - 0.5j * math.pi
    return -4 / 9 * (math.log(mass**2 / scale**2) - 2 / 3 - z) - 4 / 9 * (2 + z) * root * bend


def c9_effective(q2: float) -> complex:
    """C₉ + Y(q²) (arXiv:0811.1214, eq. 3.5)."""
    q2 = max(q2, 1e-6)
    y = _loop(q2, _M_C_POLE) * (4 / 3 * C1 + C2 + 6 * C3 + 60 * C5)
    y -= 0.5 * _loop(q2, _M_B_POLE) * (7 * C3 + 4 / 3 * C4 + 76 * C5 + 64 / 3 * C6)
    y -= 0.5 * _loop(q2, 0.0) * (C3 + 4 / 3 * C4 + 16 * C5 + 64 / 3 * C6)
    return C9 + y + 4 / 3 * C3 + 64 / 9 * C5 + 64 / 27 * C6


@kernel
def penguin(parameters, p, masses, spins2, amp):
    """Fill ``amp`` of B → meson ℓ⁻ ℓ⁺ in any order of daughters."""
    mirror = parameters[0]
    meson, minus, plus = int(parameters[1]), int(parameters[2]), int(parameters[3])
    n_meson = spins2[meson + 1]
    n2, n3 = spins2[2], spins2[3]
    for k in range(spins2[1] * n2 * n3):
        amp[k] = 0.0
    strides = (n2 * n3, n3, 1)
    big, small = masses[0], masses[meson + 1]
    e = p[meson, 3]
    k = math.sqrt(p[meson, 0] ** 2 + p[meson, 1] ** 2 + p[meson, 2] ** 2)
    q2 = big * big + small * small - 2.0 * big * e
    if q2 <= 0.0 or k == 0.0:
        return
    nx, ny, nz = p[meson, 0] / k, p[meson, 1] / k, p[meson, 2] / k
    columns = _SCALAR_COLUMNS if n_meson == 1 else _VECTOR_COLUMNS
    row, t = table_row(_TABLE, columns, q2, big, small)
    c9 = complex(
        parameters[row] + t * (parameters[row + columns] - parameters[row]),
        parameters[row + 1] + t * (parameters[row + columns + 1] - parameters[row + 1]),
    )
    f0 = parameters[row + 2] + t * (parameters[row + columns + 2] - parameters[row + 2])
    f1 = parameters[row + 3] + t * (parameters[row + columns + 3] - parameters[row + 3])
    f2 = parameters[row + 4] + t * (parameters[row + columns + 4] - parameters[row + 4])
    tensor = 2.0 * M_BOTTOM * C7_EFF
    for chirality in (-1, 1):
        c = c9 + chirality * C10
        axial = chirality * C10
        h_plus, h_minus = complex(0.0, 0.0), complex(0.0, 0.0)
        if n_meson == 1:
            h_zero = 2.0 * big * k * (c * f0 + tensor * f2 / (big + small))  # √q² H₀
            h_time = axial * (big * big - small * small) * f1
        else:
            f3 = parameters[row + 5] + t * (parameters[row + columns + 5] - parameters[row + 5])
            f4 = parameters[row + 6] + t * (parameters[row + columns + 6] - parameters[row + 6])
            f5 = parameters[row + 7] + t * (parameters[row + columns + 7] - parameters[row + 7])
            f6 = parameters[row + 8] + t * (parameters[row + columns + 8] - parameters[row + 8])
            # f0 … f6 = V/(M+m), (M+m) A₁, A₁₂, A₀, T₁, T₂, T₂₃
            across = c * f1 + tensor / q2 * (big * big - small * small) * f5
            bend = mirror * 2.0 * big * k * (c * f0 + tensor / q2 * f4)
            h_plus, h_minus = across - bend, across + bend
            h_zero = c * 8.0 * big * small * f2 + tensor * 4.0 * big * small / (big + small) * f6
            h_time = axial * 2.0 * big * k * f3
        time = (h_time * (big - e) - h_zero * k) / q2
        along = (h_zero * (big - e) - h_time * k) / q2
        middle = n_meson // 2
        for i in range(2):
            for j in range(2):
                current = _pair_current(p, minus, plus, 1 - 2 * i, 1 - 2 * j, chirality)
                base = i * strides[minus] + j * strides[plus]
                amp[base + middle * strides[meson]] += time * current[0] - along * (
                    nx * current[1] + ny * current[2] + nz * current[3]
                )
                if n_meson == 3:
                    amp[base] += h_plus * transverse_product(p, meson, 1, current)
                    amp[base + 2 * strides[meson]] += h_minus * transverse_product(p, meson, -1, current)


@kernel
def _pair_current(p, minus, plus, h_minus, h_plus, chirality):
    """``ū(ℓ⁻) γ^µ P v(ℓ⁺)`` for given helicities."""
    a = particle_spinor(p[minus, 0], p[minus, 1], p[minus, 2], p[minus, 3], h_minus, chirality)
    b = antiparticle_spinor(p[plus, 0], p[plus, 1], p[plus, 2], p[plus, 3], h_plus, chirality)
    return weyl_current(a[0], a[1], b[0], b[1], chirality)


@kernel
def draw_penguin(stream, parameters, masses, p, states, amp):
    """Unweighted B → meson ℓ⁺ℓ⁻: q² from its tabulated spectrum (pole included), the angle by rejection.

    Only for the nominal meson mass; the angular distribution is a polynomial of second order in cosθ_ℓ, so that
    three times its mean bounds it.  The table is a staircase, which the rejection corrects.  ``states`` (mother first)
    and ``amp`` as in the registry's amplitude.
    """
    meson, minus = int(parameters[1]), int(parameters[2])
    if abs(masses[meson + 1] - parameters[5]) > 1e-6 or abs(masses[0] - parameters[6]) > 1e-6:
        return False
    columns = _SCALAR_COLUMNS if states[meson + 1] == 1 else _VECTOR_COLUMNS
    table = _TABLE + columns * (INTERVALS + 1)
    size = 4 * states[meson + 1]
    bound = 3.2 * parameters[table + QUANTILES + 1]
    big, small, lepton = masses[0], masses[meson + 1], masses[minus + 1]
    for _ in range(1000):
        u = uniform(stream)
        q2 = math.exp(quantile(parameters, table, u))
        k = table + min(int(u * QUANTILES), QUANTILES - 1)
        width = parameters[k + 1] - parameters[k]
        e = (big * big + small * small - q2) / (2.0 * big)
        beta2 = (1.0 - 4.0 * lepton * lepton / q2) * (e * e - small * small)
        if beta2 <= 0.0:
            continue
        phase_space = width * math.sqrt(beta2) * q2
        if not place_at_q2(stream, masses, meson, minus, q2, 2.0 * uniform(stream) - 1.0, p):
            continue
        penguin(parameters, p, masses, states, amp)
        total = 0.0
        for k in range(size):
            total += amp[k].real * amp[k].real + amp[k].imag * amp[k].imag
        if total * phase_space > bound * uniform(stream):
            return True
    return False


PENGUIN = {"BTOSLLBALL": 1, "BTOSLLALI": 2}
"""Models and the form factors they use by default."""


def _form_factors(which: str, q2: np.ndarray, mother: Species, meson: Species) -> list[np.ndarray]:
    big, small = mother.mass, meson.mass
    flavour = abs(meson.pdg)
    if flavour in (311, 310, 130, 321):
        return list(sum_rules.kaon(which, q2, big))
    if flavour in (111, 211):
        return list(sum_rules.pion(which, q2, big))
    if flavour in (313, 323, 333):  # φ with the functions of the K*, as EvtGen does
        v, a1, *others = sum_rules.kstar(which, np.maximum(q2, 1e-4), big, small)
        return [v / (big + small), a1 * (big + small), *others]
    message = f"BTOSLLBALL has no form factors for particle {meson.pdg}; it knows K, K*, phi and pi."
    raise ValueError(message)


def prepare_penguin(
    model: str, args: Sequence[float | str], mother: Species, daughters: Sequence[Species]
) -> np.ndarray:
    """Return the row of one line; raises ValueError when the daughters are not a known meson and ℓ⁺ℓ⁻."""
    values = numbers(model, args)
    check_count(model, values, [0, 1])
    which = sum_rules.SETS.get(int(values[0]) if values else PENGUIN[model])
    if which is None:
        message = f"{model} knows the form factors {sorted(sum_rules.SETS)} of EvtGen's list, not {values[0]:g}."
        raise ValueError(message)
    leptons = [i for i, d in enumerate(daughters) if abs(d.pdg) in CHARGED_LEPTONS]
    if len(daughters) != 3 or len(leptons) != 2 or daughters[leptons[0]].pdg != -daughters[leptons[1]].pdg:
        message = f"{model} needs a meson and a lepton pair; correct the daughters of {mother.pdg}."
        raise ValueError(message)
    minus = next(i for i in leptons if daughters[i].pdg > 0)
    plus, meson = leptons[1 - leptons.index(minus)], 3 - sum(leptons)
    particle, m_l = daughters[meson], daughters[minus].mass
    q2 = form_factor_grid(mother, particle)
    c9 = np.array([c9_effective(x) for x in q2])
    table = np.stack([c9.real, c9.imag, *_form_factors(which, q2, mother, particle)], axis=1)
    mirror = -1.0 if conjugated(mother) else 1.0
    row = np.concatenate([[mirror, meson, minus, plus, particle.states, particle.mass, mother.mass], table.ravel()])
    return np.concatenate([row, _quantiles(row, mother, daughters, meson, minus, m_l)])


def _quantiles(
    row: np.ndarray, mother: Species, daughters: Sequence[Species], meson: int, minus: int, m_l: float
) -> np.ndarray:
    """Return ln q² of equally probable intervals and the largest density times width of an interval."""
    masses = np.array([mother.mass, *(d.mass for d in daughters)])
    states = np.array([1, *(d.states for d in daughters)])
    big, small = mother.mass, daughters[meson].mass
    low, high = 4 * m_l**2, (big - small) ** 2
    grid = np.linspace(math.log(low) + 1e-9, math.log(high) - 1e-9, 601)
    amp, p, stream = np.zeros(4 * daughters[meson].states, complex), np.zeros((3, 4)), new_stream()
    mean, density = np.zeros(len(grid)), np.zeros(len(grid))
    node = math.sqrt(1 / 3)  # two Gauss points are exact for a polynomial of second order
    for i, x in enumerate(grid):
        q2 = math.exp(x)
        for c in (-node, node):
            if place_at_q2(stream, masses, meson, minus, q2, c, p):
                penguin(row, p, masses, states, amp)
                mean[i] += 0.5 * np.sum(np.abs(amp) ** 2)
        e = (big**2 + small**2 - q2) / (2 * big)
        k = math.sqrt(max(0.0, e * e - small**2))
        density[i] = k * math.sqrt(max(0.0, 1 - low / q2)) * mean[i] * q2
    points = equal_probability(grid, density)
    fine = np.linspace(points[:-1], points[1:], 12)
    return np.append(points, 1.05 * (np.interp(fine, grid, density) * np.diff(points)).max())
