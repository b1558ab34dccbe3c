"""Wigner functions, Clebsch–Gordan coefficients, polarisation vectors and spinors against explicit forms."""

import math

import numpy as np
import pytest
from scipy.linalg import expm

from physics import spin

DIRECTIONS = [
    (0.3, 0.4, 0.5),
    (-0.3, 0.2, -0.9),
    (0.1, -0.7, 0.2),
    (-0.5, -0.5, 0.1),
    (0.0, 0.0, -1.0),
    (0.0, 0.0, 1.0),
]


def spin_matrices(j2):
    j = j2 / 2
    m = np.arange(j, -j - 1, -1)
    raising = np.diag(np.sqrt(j * (j + 1) - m[1:] * (m[1:] + 1)), 1)
    return (raising + raising.T) / 2, (raising - raising.T) / 2j, np.diag(m)


def angles(x, y, z):
    return math.acos(z / math.sqrt(x * x + y * y + z * z)), math.atan2(y, x)


@pytest.mark.parametrize("j2", range(9))
def test_big_d_is_matrix_of_rotation(j2):
    """⟨m|e^{−iφ J_z} e^{−iθ J_y}|n⟩ from the generators' matrix exponential."""
    _, jy, jz = spin_matrices(j2)
    for direction in DIRECTIONS:
        theta, phi = angles(*direction)
        expected = expm(-1j * phi * jz) @ expm(-1j * theta * jy)
        for a in range(j2 + 1):
            for b in range(j2 + 1):
                value = spin.wigner_big_d(j2, j2 - 2 * a, j2 - 2 * b, *direction)
                assert abs(value - expected[a, b]) < 1e-7  # half angles of φ near 0 and π lose half the digits


@pytest.mark.parametrize("j2", range(1, 7))
def test_d_functions_are_orthogonal(j2):
    """∫ d^j d^j' d cosθ = 2/(2j+1) δ_jj' (PDG)."""
    x, w = np.polynomial.legendre.leggauss(24)
    c, s = np.sqrt((1 + x) / 2), np.sqrt((1 - x) / 2)
    for other in range(j2, 9, 2):
        for m in range(-j2, j2 + 1, 2):
            for n in range(-j2, j2 + 1, 2):
                product = [
                    spin.wigner_d(j2, m, n, a, b) * spin.wigner_d(other, m, n, a, b) for a, b in zip(c, s, strict=True)
                ]
                expected = 2 / (j2 + 1) if other == j2 else 0.0
                assert abs(np.dot(w, product) - expected) < 1e-12


def test_clebsch_gordan_known_values():
    """PDG table: 1 × 1 and 3/2 × 1 entries with their signs."""
    cg = spin.clebsch_gordan
    assert cg(1, 1, 1, -1, 0, 0) == pytest.approx(math.sqrt(1 / 3))
    assert cg(1, 0, 1, 0, 0, 0) == pytest.approx(-math.sqrt(1 / 3))
    assert cg(2, 0, 1, 0, 1, 0) == pytest.approx(-math.sqrt(2 / 5))
    assert cg(2, 0, 1, 1, 2, 1) == pytest.approx(-math.sqrt(1 / 2))
    assert cg(1.5, 0.5, 1, 0, 0.5, 0.5) == pytest.approx(-math.sqrt(1 / 3))
    assert cg(1, 1, 1, 1, 1, 2) == 0.0


def test_clebsch_gordan_unitarity():
    for j1, j2 in [(0.5, 1), (2, 1), (1.5, 1.5), (3, 2)]:
        for j in np.arange(abs(j1 - j2), j1 + j2 + 1):
            for m in np.arange(-j, j + 1):
                total = sum(spin.clebsch_gordan(j1, m1, j2, m - m1, j, m) ** 2 for m1 in np.arange(-j1, j1 + 1))
                assert total == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_polarisation_vectors(direction):
    """Transverse, normalised, complete; and the rotated standard vectors of helicity ±1."""
    mass = 0.7
    p = 1.3 * np.array(direction)
    e = math.sqrt(p @ p + mass**2)
    metric = np.diag([1.0, -1, -1, -1])
    four = np.array([e, *p])
    vectors = [np.array(spin.polarisation_vector(*p, e, mass, h)) for h in (1, 0, -1)]
    for a, va in enumerate(vectors):
        assert abs(va @ metric @ four) < 1e-12
        for b, vb in enumerate(vectors):
            assert abs(va.conj() @ metric @ vb + (a == b)) < 1e-12
    completeness = sum(np.outer(v, v.conj()) for v in vectors)
    assert np.allclose(completeness, -metric + np.outer(four, four) / mass**2, atol=1e-12)
    _, jy, jz = spin_matrices(2)
    theta, phi = angles(*direction)
    spherical = np.array([[-1, 1j, 0], [0, 0, math.sqrt(2)], [1, 1j, 0]]).conj() / math.sqrt(2)
    d = expm(-1j * phi * jz) @ expm(-1j * theta * jy)
    expected = d[:, 0] @ spherical  # R|1 1⟩ = Σ_m |1 m⟩ D_m1
    assert np.allclose(vectors[0][1:], expected, atol=1e-12)


SIGMA = [np.eye(2), np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1.0, -1.0])]


def slash(p):
    """γ·p in the chiral representation."""
    minus = p[0] * SIGMA[0] - sum(p[k] * SIGMA[k] for k in (1, 2, 3))
    plus = p[0] * SIGMA[0] + sum(p[k] * SIGMA[k] for k in (1, 2, 3))
    zero = np.zeros((2, 2))
    return np.block([[zero, minus], [plus, zero]])


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_spinor_sums(direction):
    """Σ u ū = p̸ + m, Σ v v̄ = p̸ − m, and (p̸ − m) u = 0 (Peskin and Schroeder, eqs. 3.66, 3.67)."""
    mass = 1.777
    p = 0.9 * np.array(direction)
    e = math.sqrt(p @ p + mass**2)
    four = np.array([e, *p])
    gamma0 = slash([1, 0, 0, 0])
    total_u, total_v = np.zeros((4, 4), complex), np.zeros((4, 4), complex)
    for h in (1, -1):
        u = np.concatenate([spin.particle_spinor(*p, e, h, c) for c in (-1, 1)])
        v = np.concatenate([spin.antiparticle_spinor(*p, e, h, c) for c in (-1, 1)])
        assert np.allclose(slash(four) @ u, mass * u, atol=1e-12)
        assert np.allclose(slash(four) @ v, -mass * v, atol=1e-12)
        total_u += np.outer(u, u.conj() @ gamma0)
        total_v += np.outer(v, v.conj() @ gamma0)
    assert np.allclose(total_u, slash(four) + mass * np.eye(4), atol=1e-12)
    assert np.allclose(total_v, slash(four) - mass * np.eye(4), atol=1e-12)


def test_weyl_currents_are_pauli_matrices():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 2)) + 1j * rng.normal(size=(2, 2))
    for chirality in (-1, 1):
        expected = [a.conj() @ SIGMA[0] @ b] + [chirality * (a.conj() @ SIGMA[k] @ b) for k in (1, 2, 3)]
        assert np.allclose(spin.weyl_current(*a, *b, chirality), expected, atol=1e-14)
