"""The fast vertex fit: pulls, χ², and the detector's full fit with momenta as an independent computation."""

import math

import numpy as np
import pytest
from scipy import stats

from detector.helix import helix_at_poca, position
from detector.vertexing import NO_SPOT, beam_spot, fit_vertex, new_vertex
from sim.reconstruction.vertices import (
    add_normals,
    chi2_probability,
    crossing_point,
    relative_helix,
    set_helix,
    vertex_fit,
    vertex_near_origin,
)

FIELD = 1.5
FREE = np.zeros(6)
UPPER = np.triu_indices(5)


def random_covariance(rng, n):
    """Covariances (n, 5, 5) with the sizes and correlations of tracks with vertex-detector hits."""
    size = np.array([20e-4, 1e-3, 2e-5, 30e-4, 1e-3])
    mixing = np.eye(5) + 0.4 * rng.uniform(-1, 1, (n, 5, 5))
    return np.einsum("nij,nkj->nik", mixing, mixing) * size[:, None] * size[None, :]


def tracks_from(rng, vertex, n, smear=True):
    """Helices (n, 5), their matrices (n, 15) and rows for our fit, of tracks from ``vertex`` [cm]."""
    helices = []
    for _ in range(n):
        p = rng.normal(size=3) * 0.6 + [0, 0, 0.2]
        p[:2] *= max(1.0, 0.15 / np.hypot(p[0], p[1]))
        helices.append(helix_at_poca(*vertex, *p, float(rng.choice([-1, 1])), FIELD)[:5])
    helices = np.array(helices)
    covariance = random_covariance(rng, n)
    if smear:
        helices += np.einsum("nij,nj->ni", np.linalg.cholesky(covariance), rng.normal(size=(n, 5)))
    rows = np.zeros((n, 6))
    for t in range(n):
        set_helix(*helices[t], rows, t)
    return helices, np.ascontiguousarray(covariance[:, UPPER[0], UPPER[1]]), rows


def fitted(rows, covariance, n, spot=FREE):
    normals, fit = np.zeros((n, 10)), np.zeros((1, 10))
    add_normals(rows, covariance, n, normals)
    return vertex_near_origin(rows, covariance, normals, np.arange(n), n, spot, fit), fit


def test_pulls_are_unit_gaussians_and_p_values_flat():
    rng = np.random.default_rng(1)
    pulls, p_values = [], []
    for _ in range(2500):
        n = int(rng.integers(2, 9))
        vertex = rng.normal(size=3) * [50e-4, 50e-4, 200e-4]
        _, covariance, rows = tracks_from(rng, vertex, n)
        (x, y, z, chi2), fit = fitted(rows, covariance, n)
        information = np.zeros((3, 3))
        information[np.triu_indices(3)] = fit[0, :6]
        information = information + np.triu(information, 1).T
        error = np.sqrt(np.diag(np.linalg.inv(information)))
        pulls.append((np.array([x, y, z]) - vertex) / error)
        p_values.append(chi2_probability(chi2, 2 * n - 3))
    pulls = np.array(pulls)
    assert np.abs(pulls.mean(axis=0)).max() < 4 / math.sqrt(2500)
    assert np.abs(pulls.std(axis=0) - 1).max() < 0.05
    assert stats.kstest(p_values, "uniform").pvalue > 1e-3


@pytest.mark.parametrize("flight", [0.0, 0.1, 2.0])
def test_fit_agrees_with_the_detectors_full_fit(flight):
    """Position to 2 µm and χ² to 2 %, near the origin and for displaced vertices."""
    rng = np.random.default_rng(2)
    reference = new_vertex()
    for _ in range(150):
        n = int(rng.integers(2, 7))
        direction = rng.normal(size=3)
        vertex = rng.normal(size=3) * 20e-4 + flight * direction / np.linalg.norm(direction)
        helices, covariance, rows = tracks_from(rng, vertex, n)
        start = vertex + 0.002
        fit = np.zeros((1, 10))
        x, y, z, chi2 = vertex_fit(rows, covariance, np.arange(n), n, *start, FREE, fit)
        reference.position[:] = start
        assert fit_vertex(helices, covariance, np.arange(n), n, NO_SPOT, False, reference)
        error = np.sqrt(np.diag(reference.covariance))
        difference = np.abs(np.array([x, y, z]) - reference.position)
        assert (difference < 2e-4 + 0.1 * error).all()
        assert chi2 == pytest.approx(reference.numbers[0], rel=0.02, abs=0.05)


def test_beam_spot_constrains_as_in_the_detectors_fit():
    rng = np.random.default_rng(3)
    reference = new_vertex()
    size = np.array([10e-4, 5e-4, 300e-4])
    spot = np.array([1e-3, -1e-3, 2e-3, *size])
    constraint = beam_spot(1e-3, -1e-3, 2e-3, np.diag(size**2))
    for n in (1, 2, 5):
        for _ in range(30):
            helices, covariance, rows = tracks_from(rng, np.zeros(3), n)
            (x, y, z, chi2), _ = fitted(rows, covariance, n, spot)
            reference.position[:] = 0.0
            assert fit_vertex(helices, covariance, np.arange(n), n, constraint, True, reference)
            np.testing.assert_allclose([x, y, z], reference.position, atol=1e-4)
            assert chi2 == pytest.approx(reference.numbers[0], rel=0.02, abs=0.05)


def test_relative_helix_is_the_closest_approach():
    rng = np.random.default_rng(4)
    for _ in range(100):
        helices, _, rows = tracks_from(rng, rng.normal(size=3), 1, smear=False)
        x, y = rng.normal(size=2)
        d, cosine, sine, z, s = relative_helix(rows, 0, x, y)
        at = np.array(position(*helices[0], s))
        assert math.hypot(at[0] - x, at[1] - y) == pytest.approx(abs(d), abs=1e-7)
        assert at[2] == pytest.approx(z, abs=1e-7)
        np.testing.assert_allclose(at[:2], [x + d * sine, y - d * cosine], atol=1e-7)
        for step in (-0.01, 0.01):  # no nearer point beside
            near = position(*helices[0], s + step)
            assert math.hypot(near[0] - x, near[1] - y) >= abs(d) - 1e-9


def test_crossing_point_is_where_two_tracks_were_made():
    rng = np.random.default_rng(5)
    found = 0
    for _ in range(200):
        vertex = rng.normal(size=3) * 3.0
        _, _, rows = tracks_from(rng, vertex, 2, smear=False)
        found += np.allclose(crossing_point(rows, 0, 1), vertex, atol=1e-4)
    assert found > 190  # two circles cross twice; the other crossing may match in z by chance


def test_tracks_that_never_meet_have_no_crossing():
    rows = np.zeros((2, 6))
    set_helix(0.0, 0.0, 0.05, 0.0, 0.0, rows, 0)
    set_helix(90.0, 0.0, 0.05, 0.0, 0.0, rows, 1)
    assert math.isnan(crossing_point(rows, 0, 1)[0])


def test_a_broken_covariance_gives_nan():
    rng = np.random.default_rng(6)
    _, covariance, rows = tracks_from(rng, np.zeros(3), 3)
    covariance[1] = 0.0
    (x, _, _, chi2), _ = fitted(rows, covariance, 3)
    assert math.isnan(x)
    assert math.isnan(chi2)


def test_one_track_alone_has_no_vertex():
    rng = np.random.default_rng(7)
    _, covariance, rows = tracks_from(rng, np.zeros(3), 1)
    assert math.isnan(fitted(rows, covariance, 1)[0][3])


def test_chi2_probability_is_scipys():
    for ndf in range(1, 25):
        for chi2 in (1e-6, 0.1, 1.0, 5.0, 30.0, 200.0):
            assert chi2_probability(chi2, ndf) == pytest.approx(stats.chi2.sf(chi2, ndf), rel=1e-10, abs=1e-300)
    assert math.isnan(chi2_probability(math.nan, 3))
    assert chi2_probability(0.0, 3) == 1.0
    assert chi2_probability(1e5, 7) == 0.0
