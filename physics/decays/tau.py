"""τ decays with a hadronic or leptonic current: τ → ℓνν̄, and τ → 2π ν, 3π ν through ρ, ρ' and a₁.

``A[m_τ, …] = J_µ ū_ν γ^µ P_L u_τ(m_τ)``.  Hadronic currents of Kühn and Santamaria, Z. Phys. C48 (1990) 445.
(Two-body τ decays are in helicity.py.)
"""

import math
from collections.abc import Sequence

import numpy as np

from physics.decays.species import Species, check_count, numbers, twice_spin
from physics.jit import kernel
from physics.spin import antiparticle_spinor, particle_spinor, weyl_current

LEPTONIC, HADRONIC = 0, 1
TABLE = 13
"""Where the table of a 3π mode begins in its parameters (:mod:`physics.decays.tau_draw`)."""


@kernel
def tau_current(p, neutrino, mass, particle, m):
    """Contravariant ``ū_ν γ^µ P_L u_τ`` (τ⁻) or ``v̄_τ γ^µ P_L v_ν`` (τ⁺) of a τ at rest in the state m = ±1."""
    if particle > 0.0:
        a = particle_spinor(p[neutrino, 0], p[neutrino, 1], p[neutrino, 2], p[neutrino, 3], -1, -1)
        b = particle_spinor(0.0, 0.0, 0.0, mass, m, -1)
    else:
        a = antiparticle_spinor(0.0, 0.0, 0.0, mass, m, -1)
        b = antiparticle_spinor(p[neutrino, 0], p[neutrino, 1], p[neutrino, 2], p[neutrino, 3], 1, -1)
    return weyl_current(a[0], a[1], b[0], b[1], -1)


@kernel
def _breit_wigner(s, mass, width, m1, m2):
    """P-wave Breit–Wigner m²/(m² − s − i√s Γ(s))."""
    threshold = (m1 + m2) ** 2
    gamma = 0.0
    if s > threshold:
        difference = (m1 - m2) ** 2
        at_s = (s - threshold) * (s - difference) / s
        at_pole = (mass * mass - threshold) * (mass * mass - difference) / (mass * mass)
        gamma = width * mass * mass / s * (at_s / at_pole) ** 1.5
    return mass * mass / complex(mass * mass - s, -math.sqrt(s) * gamma)


@kernel
def pion_form_factor(s, m1, m2, beta, m_rho, w_rho, m_prime, w_prime):
    """(ρ + β ρ')/(1 + β)."""
    rho = _breit_wigner(s, m_rho, w_rho, m1, m2)
    if beta == 0.0:
        return rho
    return (rho + beta * _breit_wigner(s, m_prime, w_prime, m1, m2)) / (1.0 + beta)


@kernel
def a1_phase_space(q2, m_rho, m_pi):
    """g(Q²) of the running a₁ width (Kühn and Santamaria, eq. 3.16)."""
    if q2 < (m_rho + m_pi) ** 2:
        x = q2 - 9.0 * m_pi * m_pi
        return 4.1 * x * x * x * (1.0 - 3.3 * x + 5.8 * x * x)
    return q2 * (1.623 + 10.38 / q2 - 9.32 / (q2 * q2) + 0.65 / (q2 * q2 * q2))


@kernel
def _square(p, i, j):
    e = p[i, 3] + p[j, 3]
    return e * e - (p[i, 0] + p[j, 0]) ** 2 - (p[i, 1] + p[j, 1]) ** 2 - (p[i, 2] + p[j, 2]) ** 2


@kernel
def hadronic_current(parameters, p, masses, n):
    """Contravariant hadronic current (t, x, y, z) of two or three pions."""
    beta, m_rho, w_rho, m_prime, w_prime = (
        parameters[6],
        parameters[7],
        parameters[8],
        parameters[9],
        parameters[10],
    )
    i, j, k = int(parameters[3]), int(parameters[4]), int(parameters[5])
    if n == 2:
        f = pion_form_factor(_square(p, i, j), masses[i + 1], masses[j + 1], beta, m_rho, w_rho, m_prime, w_prime)
        return (
            f * (p[i, 3] - p[j, 3]),
            f * (p[i, 0] - p[j, 0]),
            f * (p[i, 1] - p[j, 1]),
            f * (p[i, 2] - p[j, 2]),
        )
    # like pions i, j and the odd one k
    m_a1, w_a1 = parameters[11], parameters[12]
    qt = p[i, 3] + p[j, 3] + p[k, 3]
    qx, qy, qz = p[i, 0] + p[j, 0] + p[k, 0], p[i, 1] + p[j, 1] + p[k, 1], p[i, 2] + p[j, 2] + p[k, 2]
    q2 = qt * qt - qx * qx - qy * qy - qz * qz
    mass = masses[i + 1]
    width = w_a1 * a1_phase_space(q2, m_rho, mass) / a1_phase_space(m_a1 * m_a1, m_rho, mass)
    pole = m_a1 * m_a1 / complex(m_a1 * m_a1 - q2, -m_a1 * width)
    f1 = pole * pion_form_factor(_square(p, i, k), mass, masses[k + 1], beta, m_rho, w_rho, m_prime, w_prime)
    f2 = pole * pion_form_factor(_square(p, j, k), mass, masses[k + 1], beta, m_rho, w_rho, m_prime, w_prime)
    t = f1 * (p[i, 3] - p[k, 3]) + f2 * (p[j, 3] - p[k, 3])
    x = f1 * (p[i, 0] - p[k, 0]) + f2 * (p[j, 0] - p[k, 0])
    y = f1 * (p[i, 1] - p[k, 1]) + f2 * (p[j, 1] - p[k, 1])
    z = f1 * (p[i, 2] - p[k, 2]) + f2 * (p[j, 2] - p[k, 2])
    along = (qt * t - qx * x - qy * y - qz * z) / q2
    return t - along * qt, x - along * qx, y - along * qy, z - along * qz


@kernel
def tau_decay(parameters, p, masses, amp):
    """Fill ``amp`` of a τ decay; the parameters are those of :func:`prepare_tau`."""
    kind, particle, neutrino = int(parameters[0]), parameters[1], int(parameters[2])
    if kind == HADRONIC:
        n = 2 if len(parameters) < TABLE else 3
        h = hadronic_current(parameters, p, masses, n)
        for m in range(2):
            current = tau_current(p, neutrino, masses[0], particle, 1 - 2 * m)
            amp[m] = h[0] * current[0] - h[1] * current[1] - h[2] * current[2] - h[3] * current[3]
        return
    lepton, other = int(parameters[3]), int(parameters[4])
    for m in range(2):
        current = tau_current(p, neutrino, masses[0], particle, 1 - 2 * m)
        for k in range(2):
            helicity = 1 - 2 * k
            if particle > 0.0:
                a = particle_spinor(p[lepton, 0], p[lepton, 1], p[lepton, 2], p[lepton, 3], helicity, -1)
                b = antiparticle_spinor(p[other, 0], p[other, 1], p[other, 2], p[other, 3], 1, -1)
            else:
                a = particle_spinor(p[other, 0], p[other, 1], p[other, 2], p[other, 3], -1, -1)
                b = antiparticle_spinor(p[lepton, 0], p[lepton, 1], p[lepton, 2], p[lepton, 3], helicity, -1)
            h = weyl_current(a[0], a[1], b[0], b[1], -1)
            amp[2 * m + k] = h[0] * current[0] - h[1] * current[1] - h[2] * current[2] - h[3] * current[3]


def prepare_tau(model: str, args: Sequence[float | str], mother: Species, daughters: Sequence[Species]) -> np.ndarray:
    """Return ``[kind, ±1, ν_τ, positions (3), β, m_ρ, Γ_ρ, m_ρ', Γ_ρ', m_a1, Γ_a1, table of 3π]``.

    Raises ValueError for wrong daughters or a wrong number of arguments.
    """
    values = numbers(model, args)
    sign = 1 if mother.pdg > 0 else -1
    others = [i for i, d in enumerate(daughters) if d.pdg != sign * 16]
    neutrinos = [i for i, d in enumerate(daughters) if d.pdg == sign * 16]
    if abs(mother.pdg) != 15 or len(neutrinos) != 1:
        message = f"{model} decays a tau to its neutrino and others; correct the daughters of {mother.pdg}."
        raise ValueError(message)
    if model == "TAULNUNU":
        check_count(model, values, [0])
        leptons = [i for i in others if daughters[i].pdg in (sign * 11, sign * 13)]
        if len(others) != 2 or len(leptons) != 1:
            message = f"{model} needs one charged lepton and two neutrinos; correct the daughters of {mother.pdg}."
            raise ValueError(message)
        (lepton,) = leptons
        other = next(i for i in others if i != lepton)
        if daughters[other].pdg != -daughters[lepton].pdg - sign:
            message = f"{model}: the second neutrino does not go with lepton {daughters[lepton].pdg}; correct the line."
            raise ValueError(message)
        return np.array([LEPTONIC, sign, neutrinos[0], lepton, other, 0.0])
    check_count(model, values, [{2: 5, 3: 7}.get(len(others), -1)])
    if any(twice_spin(daughters[i]) != 0 or abs(daughters[i].pdg) not in (111, 211) for i in others):
        message = f"{model} knows two or three pions; correct the daughters of {mother.pdg} or use PHSP."
        raise ValueError(message)
    if len(others) == 3:
        kinds = [daughters[i].pdg for i in others]
        odd = next((i for i in others if kinds.count(daughters[i].pdg) == 1), others[2])
        others = [i for i in others if i != odd] + [odd]
    positions = others + [0] * (3 - len(others))
    row = np.array([HADRONIC, sign, neutrinos[0], *positions, *values])
    if len(others) == 3:
        from physics.decays.tau_draw import three_pion_table

        masses = np.array([mother.mass, *(d.mass for d in daughters)])
        row = np.concatenate([row, three_pion_table(row, masses, (others[0], others[1], others[2]))])
    return row


TAU = ("TAULNUNU", "TAUHADNU")
