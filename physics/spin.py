"""Spin: Wigner functions, Clebsch–Gordan coefficients, polarisation vectors and Weyl spinors of helicity states.

One convention for the whole decay tree (Jacob and Wick, Ann. Phys. 7 (1959) 404, made uniform for all daughters):
the helicity states of a particle of momentum direction (θ, φ) are the states quantised along z, turned by
``R(φ, θ, 0) = R_z(φ) R_y(θ)`` and boosted along the momentum.  States are ordered ``m = +J … −J``.
A half-integer power of ``e^{iφ}`` is taken with −π < φ ≤ π; its other branch is a common sign of an amplitude.

Chiral (Weyl) representation: ``u(p, λ) = (u_L, u_R)`` with ``u_{L,R} = √(E ∓ 2λ|p|) χ_λ`` and ``v = i γ² u*``
(Peskin and Schroeder, An Introduction to Quantum Field Theory, eqs. 3.50 and 11.55; Dreiner, Haber and Martin,
Phys. Rept. 494 (2010) 1).
"""

import math

import numpy as np

from physics.jit import kernel

_FACTORIAL = np.array([math.factorial(k) for k in range(21)], np.float64)
_SQRT_HALF = math.sqrt(0.5)


@kernel
def wigner_d(j2, m2, n2, c, s):
    """Wigner ``d^j_{mn}(θ)`` from twice its spins and ``c = cos θ/2``, ``s = sin θ/2`` (PDG, sec. 48; Wigner)."""
    if j2 == 0:
        return 1.0
    if j2 == 1:
        if m2 == n2:
            return c
        return -s if m2 > n2 else s
    if j2 == 2:
        if m2 == 0:
            if n2 == 0:
                return c * c - s * s
            return (math.sqrt(2.0) if n2 > 0 else -math.sqrt(2.0)) * s * c
        if n2 == 0:
            return (-math.sqrt(2.0) if m2 > 0 else math.sqrt(2.0)) * s * c
        return c * c if m2 == n2 else s * s
    jpm, jmm, jpn, jmn = (j2 + m2) // 2, (j2 - m2) // 2, (j2 + n2) // 2, (j2 - n2) // 2
    shift = (m2 - n2) // 2
    total = 0.0
    for k in range(max(0, -shift), min(jpn, jmm) + 1):
        term = (
            c ** (j2 - shift - 2 * k)
            * s ** (shift + 2 * k)
            / (_FACTORIAL[jpn - k] * _FACTORIAL[k] * _FACTORIAL[shift + k] * _FACTORIAL[jmm - k])
        )
        total += -term if (shift + k) % 2 else term
    return total * math.sqrt(_FACTORIAL[jpm] * _FACTORIAL[jmm] * _FACTORIAL[jpn] * _FACTORIAL[jmn])


@kernel
def half_angles(px, py, pz):
    """Return ``cos θ/2, sin θ/2, cos φ/2, sin φ/2`` of a direction; the z axis for a vanishing momentum."""
    transverse2 = px * px + py * py
    p = math.sqrt(transverse2 + pz * pz)
    if p == 0.0:
        return 1.0, 0.0, 1.0, 0.0
    if pz >= 0.0:
        c = math.sqrt(0.5 * (1.0 + pz / p))
        s = math.sqrt(transverse2) / (2.0 * p * c)
    else:
        s = math.sqrt(0.5 * (1.0 - pz / p))
        c = math.sqrt(transverse2) / (2.0 * p * s)
    if transverse2 == 0.0:
        return c, s, 1.0, 0.0
    x = px / math.sqrt(transverse2)
    cos_half = math.sqrt(0.5 * (1.0 + x)) if x > -1.0 else 0.0
    sin_half = math.sqrt(0.5 * (1.0 - x)) if x < 1.0 else 0.0
    return c, s, cos_half, (sin_half if py >= 0.0 else -sin_half)


@kernel
def phase_power(cos_half, sin_half, m2):
    """Return ``e^{i m φ}`` from the half angle of φ and twice m."""
    step = complex(cos_half, sin_half if m2 >= 0 else -sin_half)
    result = complex(1.0, 0.0)
    for _ in range(abs(m2)):
        result *= step
    return result


@kernel
def wigner_big_d(j2, m2, n2, px, py, pz):
    """Wigner ``D^j_{mn}(φ, θ, 0) = e^{−imφ} d^j_{mn}(θ)`` of the direction of a momentum."""
    c, s, cos_half, sin_half = half_angles(px, py, pz)
    return wigner_d(j2, m2, n2, c, s) * phase_power(cos_half, sin_half, -m2)


@kernel
def spinor(px, py, pz, twice_helicity):
    """Two-component ``χ_λ = R(φ, θ, 0) ξ_λ``; returns its upper and lower component."""
    c, s, cos_half, sin_half = half_angles(px, py, pz)
    e = complex(cos_half, sin_half)
    if twice_helicity > 0:
        return c * e.conjugate(), s * e
    return -s * e.conjugate(), c * e


@kernel
def particle_spinor(px, py, pz, e, twice_helicity, chirality):
    """Chiral half of ``u(p, λ)``: ``chirality`` −1 for left, +1 for right; upper and lower component."""
    p = math.sqrt(px * px + py * py + pz * pz)
    size2 = e + chirality * twice_helicity * p
    if size2 <= 0.0:
        return complex(0.0, 0.0), complex(0.0, 0.0)
    size = math.sqrt(size2)
    up, down = spinor(px, py, pz, twice_helicity)
    return size * up, size * down


@kernel
def antiparticle_spinor(px, py, pz, e, twice_helicity, chirality):
    """Chiral half of ``v(p, λ) = i γ² u*(p, λ)`` of an antiparticle of helicity λ."""
    up, down = particle_spinor(px, py, pz, e, twice_helicity, -chirality)
    if chirality < 0:
        return down.conjugate(), -up.conjugate()
    return -down.conjugate(), up.conjugate()


@kernel
def weyl_current(a_up, a_down, b_up, b_down, chirality):
    """Contravariant ``a† σ̄^µ b`` (left, chirality −1) or ``a† σ^µ b`` (right, +1) of two Weyl spinors."""
    a_up, a_down = a_up.conjugate(), a_down.conjugate()
    t = a_up * b_up + a_down * b_down
    x = a_up * b_down + a_down * b_up
    y = complex(0.0, 1.0) * (a_down * b_up - a_up * b_down)
    z = a_up * b_up - a_down * b_down
    if chirality < 0:
        return t, -x, -y, -z
    return t, x, y, z


@kernel
def polarisation_vector(px, py, pz, e, mass, helicity):
    """Contravariant ``ε^µ(p, λ)`` of a spin-1 particle, complex (t, x, y, z); only λ = ±1 for the photon."""
    p = math.sqrt(px * px + py * py + pz * pz)
    transverse = math.sqrt(px * px + py * py)
    if helicity == 0:
        if p == 0.0:
            return complex(0.0, 0.0), complex(0.0, 0.0), complex(0.0, 0.0), complex(1.0, 0.0)
        scale = e / (mass * p)
        return (
            complex(p / mass, 0.0),
            complex(scale * px, 0.0),
            complex(scale * py, 0.0),
            complex(scale * pz, 0.0),
        )
    cos_phi, sin_phi = 1.0, 0.0
    if transverse > 0.0:
        cos_phi, sin_phi = px / transverse, py / transverse
    cos_theta, sin_theta = 1.0, 0.0
    if p > 0.0:
        cos_theta, sin_theta = pz / p, transverse / p
    factor = -_SQRT_HALF * helicity
    imaginary = factor * helicity
    return (
        complex(0.0, 0.0),
        complex(factor * cos_theta * cos_phi, -imaginary * sin_phi),
        complex(factor * cos_theta * sin_phi, imaginary * cos_phi),
        complex(-factor * sin_theta, 0.0),
    )


def clebsch_gordan(j1: float, m1: float, j2: float, m2: float, j: float, m: float) -> float:
    """Return ⟨j1 m1 j2 m2 | j m⟩ (Condon–Shortley phases) by Racah's sum."""
    two = [round(2 * x) for x in (j1, m1, j2, m2, j, m)]
    a, alpha, b, beta, c, gamma = two
    if alpha + beta != gamma or not abs(a - b) <= c <= a + b or (a + b + c) % 2:
        return 0.0
    if abs(alpha) > a or abs(beta) > b or abs(gamma) > c or (a + alpha) % 2 or (b + beta) % 2 or (c + gamma) % 2:
        return 0.0
    f = math.factorial
    norm = (c + 1) * f((a + b - c) // 2) * f((c + a - b) // 2) * f((c + b - a) // 2) / f((a + b + c) // 2 + 1)
    norm *= f((c + gamma) // 2) * f((c - gamma) // 2) * f((a - alpha) // 2) * f((a + alpha) // 2)
    norm *= f((b - beta) // 2) * f((b + beta) // 2)
    total = 0.0
    for k in range((a + b + c) // 2 + 1):
        factors = (
            k,
            (a + b - c) // 2 - k,
            (a - alpha) // 2 - k,
            (b + beta) // 2 - k,
            (c - b + alpha) // 2 + k,
            (c - a - beta) // 2 + k,
        )
        if min(factors) >= 0:
            total += (-1) ** k / math.prod(f(x) for x in factors)
    return math.sqrt(norm) * total
