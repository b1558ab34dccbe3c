"""Vertex fits: pulls, p-values, constraints, momenta, and an independent minimisation."""

import math

import numpy as np
import pytest
from scipy.optimize import least_squares
from scipy.stats import chi2 as chi2_distribution
from scipy.stats import kstest

from detector.helix import helix_at_poca, momentum
from detector.vertexing import (
    CHI2,
    NDF,
    NO_SPOT,
    beam_spot,
    chi2_probability,
    find_v0,
    fit_vertex,
    new_vertex,
    relative_helix,
    seed_vertex,
    update_momenta,
)

FIELD = 1.5
UPPER = np.triu_indices(5)


def smeared(rng, vertices, momenta, charges):
    """Helices drawn around the truth from a covariance with typical errors and correlations, (n, 5) and (n, 15)."""
    helices, covariances = [], []
    for vertex, p, charge in zip(vertices, momenta, charges, strict=True):
        helix = np.array(helix_at_poca(*vertex, *p, charge, FIELD)[:5])
        sigmas = np.array([25e-4, 1e-3, 3e-3 * abs(helix[2]), 30e-4, 1.2e-3])
        correlation = np.eye(5)
        correlation[0, 1] = correlation[1, 0] = -0.8
        correlation[1, 2] = correlation[2, 1] = 0.3
        correlation[3, 4] = correlation[4, 3] = -0.7
        covariance = correlation * np.outer(sigmas, sigmas)
        helices.append(rng.multivariate_normal(helix, covariance))
        covariances.append(covariance[UPPER])
    return np.array(helices), np.array(covariances)


def directions(rng, n, low=0.4, high=2.5):
    """Momenta (n, 3) over the acceptance."""
    p, cosine = rng.uniform(low, high, n), rng.uniform(-0.6, 0.8, n)
    phi, sine = rng.uniform(-math.pi, math.pi, n), np.sqrt(1 - cosine**2)
    return p[:, None] * np.stack([sine * np.cos(phi), sine * np.sin(phi), cosine], axis=1)


@pytest.mark.parametrize("ndf", [1, 2, 3, 4, 7, 20, 51])
@pytest.mark.parametrize("chi2", [1e-3, 0.5, 3.0, 20.0, 90.0])
def test_chi2_probability_against_scipy(chi2, ndf):
    assert chi2_probability(chi2, ndf) == pytest.approx(chi2_distribution.sf(chi2, ndf), rel=1e-10, abs=1e-300)


def test_chi2_probability_at_the_ends():
    assert chi2_probability(0.0, 3) == 1.0
    assert chi2_probability(1e5, 3) == 0.0


@pytest.mark.parametrize(
    ("n", "constrained", "flight"), [(2, False, 0.0), (2, False, 6.0), (4, False, 0.0), (3, True, 0.0)]
)
def test_pulls_of_position_and_momentum_are_unit_gaussians(n, constrained, flight):
    rng = np.random.default_rng(11)
    vertex, use = new_vertex(), np.arange(n)
    size = np.array([10e-4, 1e-4, 250e-4])
    spot = beam_spot(0.0, 0.0, 0.0, np.diag(size**2))
    pulls, probabilities = [], []
    for _ in range(1500):
        direction = directions(rng, 1)[0]
        point = size * rng.normal(size=3) + flight * rng.exponential() * direction / np.linalg.norm(direction)
        p = directions(rng, n)
        charges = rng.choice([-1.0, 1.0], n)
        helices, covariances = smeared(rng, np.tile(point, (n, 1)), p, charges)
        vertex.position[:] = point + rng.normal(0.0, 0.05, 3)
        assert fit_vertex(helices, covariances, use, n, spot, constrained, vertex)
        update_momenta(helices, use, n, FIELD, vertex)
        pulls.append(
            np.concatenate(
                [
                    (vertex.position - point) / np.sqrt(np.diag(vertex.covariance)),
                    (vertex.momentum - p.sum(axis=0)) / np.sqrt(np.diag(vertex.momentum_covariance)),
                ]
            )
        )
        assert vertex.numbers[NDF] == (2 * n if constrained else 2 * n - 3)
        probabilities.append(chi2_probability(vertex.numbers[CHI2], int(vertex.numbers[NDF])))
    # Errors of mean and width over 1500 fits are 2.6 % and 1.8 %.
    np.testing.assert_allclose(np.mean(pulls, axis=0), 0.0, atol=0.1)
    np.testing.assert_allclose(np.std(pulls, axis=0), 1.0, atol=0.06)
    assert kstest(probabilities, "uniform").pvalue > 1e-3


def test_agrees_with_an_independent_minimisation():
    rng = np.random.default_rng(5)
    point = np.array([1.0, -0.6, 0.8])
    p = directions(rng, 3)
    charges = np.array([1.0, -1.0, 1.0])
    helices, covariances = smeared(rng, np.tile(point, (3, 1)), p, charges)
    roots = []
    for row in covariances:
        full = np.zeros((5, 5))
        full[UPPER] = row
        full = full + full.T - np.diag(np.diag(full))
        roots.append(np.linalg.inv(np.linalg.cholesky(full)))

    def residuals(parameters):
        vertex, momenta = parameters[:3], parameters[3:].reshape(3, 3)
        out = []
        for helix, root, q, charge in zip(helices, roots, momenta, charges, strict=True):
            delta = np.array(helix_at_poca(*vertex, *q, charge, FIELD)[:5]) - helix
            delta[1] = math.remainder(delta[1], 2 * math.pi)
            out.append(root @ delta)
        return np.concatenate(out)

    best = least_squares(
        residuals, np.concatenate([point, p.ravel()]), x_scale=1e-2, xtol=1e-14, ftol=1e-14, gtol=1e-14
    )
    vertex, use = new_vertex(), np.arange(3)
    vertex.position[:] = point
    assert fit_vertex(helices, covariances, use, 3, NO_SPOT, False, vertex)
    update_momenta(helices, use, 3, FIELD, vertex)
    sigma = np.sqrt(np.diag(vertex.covariance))
    np.testing.assert_allclose((vertex.position - best.x[:3]) / sigma, 0.0, atol=0.02)
    assert vertex.numbers[CHI2] == pytest.approx(2 * best.cost, abs=0.02)
    sigma_p = np.sqrt(np.diag(vertex.momentum_covariance))
    np.testing.assert_allclose((vertex.momentum - best.x[3:].reshape(3, 3).sum(axis=0)) / sigma_p, 0.0, atol=0.02)
    covariance = np.linalg.inv(best.jac.T @ best.jac)
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)[:3]) / sigma, 1.0, atol=0.02)
    total = np.kron(np.ones((1, 3)), np.eye(3)) @ covariance[3:, 3:] @ np.kron(np.ones((3, 1)), np.eye(3))
    np.testing.assert_allclose(np.sqrt(np.diag(total)) / sigma_p, 1.0, atol=0.02)
    cross = np.kron(np.ones((1, 3)), np.eye(3)) @ covariance[3:, :3]
    np.testing.assert_allclose(
        vertex.correlation / np.outer(sigma_p, sigma), cross / np.outer(sigma_p, sigma), atol=0.03
    )


def test_relative_helix_keeps_the_curve():
    rng = np.random.default_rng(2)
    for _ in range(50):
        helix = np.array(
            [
                [
                    rng.normal(),
                    rng.uniform(-3, 3),
                    rng.choice([-1, 1]) * rng.uniform(1e-3, 0.05),
                    rng.normal(),
                    rng.normal(),
                ]
            ]
        )
        x, y = rng.normal(0, 3, 2)
        d, phi, z, s = relative_helix(helix, 0, x, y)
        px, py, _ = momentum(helix[0, 1], helix[0, 2], helix[0, 4], s, FIELD)
        assert math.remainder(math.atan2(py, px) - phi, 2 * math.pi) == pytest.approx(0.0, abs=1e-9)
        assert z == pytest.approx(helix[0, 3] + s * helix[0, 4])
        shifted = helix_at_poca(helix[0, 0] * math.sin(helix[0, 1]) - x, -helix[0, 0] * math.cos(helix[0, 1]) - y, helix[0, 3],
                                *momentum(*helix[0, [1, 2, 4]], 0.0, FIELD), math.copysign(1.0, helix[0, 2]), FIELD)  # fmt: skip
        assert d == pytest.approx(shifted[0], abs=1e-8)


def test_v0_is_found_where_it_decays_and_prompt_pairs_are_not():
    rng = np.random.default_rng(8)
    vertex, use = new_vertex(), np.zeros(2, np.int64)
    spot = beam_spot(0.0, 0.0, 0.0, np.diag([1e-6, 1e-8, 6e-4]))
    found = prompt = 0
    for _ in range(300):
        parent = directions(rng, 1, 0.5, 1.5)[0]
        transverse = np.cross(parent, rng.normal(size=3))
        transverse *= 0.2 / np.linalg.norm(transverse)
        p = np.array([0.5 * parent + transverse, 0.5 * parent - transverse])
        point = parent / np.linalg.norm(parent) * rng.uniform(2.0, 10.0)
        helices, covariances = smeared(rng, [point, point], p, [1.0, -1.0])
        if find_v0(helices, covariances, 0, 1, use, spot, FIELD, 0.5, 20.0, vertex):
            found += np.linalg.norm(vertex.position - point) < 0.5
        helices, covariances = smeared(rng, np.zeros((2, 3)), directions(rng, 2), [1.0, -1.0])
        prompt += find_v0(helices, covariances, 0, 1, use, spot, FIELD, 0.5, 20.0, vertex)
    assert found > 285
    assert prompt < 30


def test_seed_lies_on_both_helices():
    point, p = np.array([4.0, 2.0, 1.0]), np.array([[0.5, 0.1, 0.2], [0.3, 0.4, 0.1]])
    helices = np.array([helix_at_poca(*point, *q, c, FIELD)[:5] for q, c in zip(p, (1.0, -1.0), strict=True)])
    *seed, gap = seed_vertex(helices, 0, 1)
    np.testing.assert_allclose(seed, point, atol=1e-6)
    assert gap < 1e-6


def test_impossible_fits_are_refused():
    vertex, use = new_vertex(), np.zeros(2, np.int64)
    helices, covariances = smeared(np.random.default_rng(1), np.zeros((1, 3)), [[0.5, 0.0, 0.1]], [1.0])
    assert not fit_vertex(helices, covariances, use, 1, NO_SPOT, False, vertex)
    assert not fit_vertex(helices, np.zeros((1, 15)), use, 2, NO_SPOT, False, vertex)
    with pytest.raises(ValueError, match="positive definite"):
        beam_spot(0.0, 0.0, 0.0, np.diag([1e-6, 0.0, 1e-4]))
