"""Event shapes against brute force, numpy, scipy and ``vector`` on random events, and at their limits."""

import itertools
import math

import numpy as np
import pytest
from scipy.special import eval_legendre

from physics.event_shapes import (
    KSFW_NAMES,
    MAX_EXHAUSTIVE,
    N_CONES,
    N_KSFW,
    _thrust_exhaustive,
    _thrust_search,
    cleo_cones,
    fox_wolfram,
    fox_wolfram_ratios,
    harmonic_moments,
    ksfw_moments,
    legendre,
    new_shape_scratch,
    sphericity_eigenvalues,
    thrust,
)

VALUES = new_shape_scratch()


def random_events(n_events=1000, smallest=3, largest=12, seed=7):
    """Momenta (n, 3) of random multiplicity, between pencil-like and round, without net momentum."""
    rng = np.random.default_rng(seed)
    for _ in range(n_events):
        n = int(rng.integers(smallest, largest + 1))
        p = rng.normal(size=(n, 3)) * rng.exponential(size=(n, 1)) * rng.uniform(0.05, 1.0, 3)
        yield np.ascontiguousarray(p - p.mean(axis=0))


def brute_force_thrust(p):
    """Largest |Σ ±p| over all signs, divided by Σ|p|."""
    signs = np.array(list(itertools.product((1.0, -1.0), repeat=len(p) - 1)))
    sums = p[0] + signs @ p[1:]
    return np.sqrt((sums**2).sum(axis=1)).max() / np.linalg.norm(p, axis=1).sum()


def test_thrust_is_the_brute_force_maximum():
    for p in random_events(largest=10):
        value, *axis = thrust(p, len(p))
        assert value == pytest.approx(brute_force_thrust(p), rel=1e-12)
        assert np.linalg.norm(axis) == pytest.approx(1.0, abs=1e-12)
        assert np.abs(p @ np.array(axis)).sum() / np.linalg.norm(p, axis=1).sum() == pytest.approx(value, rel=1e-9)


def test_thrust_search_of_large_events_is_nearly_always_the_maximum():
    missed, worst = 0, 0.0
    for p in random_events(500, MAX_EXHAUSTIVE + 1, 24, seed=3):
        exact = np.linalg.norm(_thrust_exhaustive(p, len(p)))
        found = np.linalg.norm(_thrust_search(p, len(p)))
        assert found <= exact * (1 + 1e-12)
        missed += found < exact * (1 - 1e-9)
        worst = max(worst, 1 - found / exact)
    assert missed <= 5
    assert worst < 0.01


def test_thrust_ignores_further_columns_and_rows():
    p = next(random_events(1))
    wide = np.full((len(p) + 3, 4), 99.0)
    wide[: len(p), :3] = p
    assert thrust(wide, len(p)) == thrust(p, len(p))


def test_sphericity_is_numpys_eigenvalues():
    for p in random_events():
        expected = np.linalg.eigvalsh(p.T @ p / (p**2).sum())[::-1]
        np.testing.assert_allclose(sphericity_eigenvalues(p, len(p)), expected, atol=2e-15)


def test_legendre_is_scipys():
    x = np.linspace(-1, 1, 201)
    table = np.array([[legendre(float(v), 8, VALUES), *VALUES][1:] for v in x])
    np.testing.assert_allclose(table, eval_legendre(np.arange(9)[None, :], x[:, None]), atol=1e-14)


def test_fox_wolfram_is_scipys_double_sum():
    moments = np.zeros(9)
    for p in random_events():
        fox_wolfram(p, len(p), 8, VALUES, moments)
        m = np.linalg.norm(p, axis=1)
        cosines = np.clip(p @ p.T / np.outer(m, m), -1, 1)
        expected = [(np.outer(m, m) * eval_legendre(order, cosines)).sum() for order in range(9)]
        np.testing.assert_allclose(moments, expected, atol=1e-12 * moments[0])
        assert moments[1] == pytest.approx(0.0, abs=1e-12 * moments[0])  # no net momentum
        np.testing.assert_allclose(fox_wolfram_ratios(p, len(p)), moments[1:5] / moments[0], atol=1e-13)


def test_fast_fox_wolfram_ratios_with_net_momentum_and_without_particles():
    rng, moments = np.random.default_rng(1), np.zeros(9)
    for n in range(1, 30):
        p = rng.normal(size=(n, 3)) + np.array([0.5, 0.0, 1.0])
        fox_wolfram(p, n, 4, VALUES, moments)
        np.testing.assert_allclose(fox_wolfram_ratios(p, n), moments[1:5] / moments[0], atol=1e-13)
    assert all(math.isnan(value) for value in fox_wolfram_ratios(np.zeros((2, 3)), 2))


def test_harmonic_moments_and_cones_are_scipys():
    moments, flows = np.zeros(9), np.zeros(N_CONES)
    for p in random_events():
        axis = np.array(thrust(p, len(p))[1:])
        harmonic_moments(p, len(p), *axis, 10.58, 8, VALUES, moments)
        m = np.linalg.norm(p, axis=1)
        cosines = np.clip(p @ axis / m, -1, 1)
        expected = [(m * eval_legendre(order, cosines)).sum() / 10.58 for order in range(9)]
        np.testing.assert_allclose(moments, expected, atol=1e-13)
        cleo_cones(p, len(p), *axis, flows)
        angles = np.degrees(np.arccos(np.abs(cosines)))
        expected, _ = np.histogram(angles, np.linspace(0, 90, 10), weights=m)
        np.testing.assert_allclose(flows, expected, atol=1e-13)


def reference_ksfw(s, qs, o, qo, missing, scale):
    """The definition, written down term by term with scipy's polynomials."""
    out = {}
    e, v = missing[3], missing[:3]
    out["mm2"] = e**2 - v @ v if e > 0 else -(e**2) - v @ v
    out["et"] = np.hypot(s[:, 0], s[:, 1]).sum() + np.hypot(o[:, 0], o[:, 1]).sum()
    cos = lambda a, b: a @ b / np.linalg.norm(a) / np.linalg.norm(b)  # noqa: E731
    for kind, order in itertools.product(range(3), range(5)):
        total = 0.0
        for a, qa in zip(s, qs, strict=True):
            if kind == 2:
                total += np.linalg.norm(v) * eval_legendre(order, cos(a, v))
                continue
            for b, qb in zip(o, qo, strict=True):
                if (qb == 0) == (kind == 1):
                    total += (qa * qb if order % 2 else 1) * np.linalg.norm(b) * eval_legendre(order, cos(a, b))
        out[f"hso{kind}{order}"] = total / scale
    others, charges = np.vstack([o, v]), [*qo, 0.0]
    for order in range(5):
        total = 0.0
        for i, j in itertools.combinations(range(len(others)), 2):
            a, b = others[i], others[j]
            factor = charges[i] * charges[j] if order % 2 else 1.0
            total += factor * np.linalg.norm(a) * np.linalg.norm(b) * eval_legendre(order, cos(a, b))
        out[f"hoo{order}"] = total / scale**2
    return [out[name] for name in KSFW_NAMES]


def test_ksfw_moments_are_their_definition():
    rng = np.random.default_rng(5)
    out = np.zeros(N_KSFW)
    for p in random_events(300, 4, 14):
        n_signal = int(rng.integers(1, 3))
        charges = rng.choice([-1.0, 0.0, 1.0], len(p))
        missing = rng.normal(size=4)
        s, o = np.ascontiguousarray(p[:n_signal]), np.ascontiguousarray(p[n_signal:])
        ksfw_moments(s, charges[:n_signal], n_signal, o, charges[n_signal:], len(o), missing, 16.0, out)
        expected = reference_ksfw(s, charges[:n_signal], o, charges[n_signal:], missing, 16.0)
        np.testing.assert_allclose(out, expected, atol=1e-12)


def test_shapes_do_not_turn_with_the_event():
    """Rotations by the independent library ``vector`` leave thrust, sphericity and R_l alone."""
    import vector

    before, after = np.zeros(9), np.zeros(9)
    for p in random_events(100):
        turned = vector.array({"x": p[:, 0], "y": p[:, 1], "z": p[:, 2]}).rotateX(0.7).rotateZ(1.1)
        q = np.ascontiguousarray(np.column_stack([turned.x, turned.y, turned.z]))
        n = len(p)
        assert thrust(q, n)[0] == pytest.approx(thrust(p, n)[0], rel=1e-12)
        np.testing.assert_allclose(sphericity_eigenvalues(q, n), sphericity_eigenvalues(p, n), atol=1e-14)
        fox_wolfram(p, n, 8, VALUES, before)
        fox_wolfram(q, n, 8, VALUES, after)
        np.testing.assert_allclose(after, before, atol=1e-12 * before[0])


def test_nothing_is_nan():
    empty, moments, flows = np.zeros((4, 3)), np.zeros(5), np.zeros(N_CONES)
    for n in (0, 4):  # no particles, or particles at rest
        assert all(math.isnan(v) for v in thrust(empty, n))
        assert all(math.isnan(v) for v in sphericity_eigenvalues(empty, n))
        fox_wolfram(empty, n, 4, VALUES, moments)
        assert not moments.any()
        harmonic_moments(empty, n, *thrust(empty, n)[1:], 10.58, 4, VALUES, moments)
        assert np.isnan(moments).all()
        cleo_cones(empty, n, *thrust(empty, n)[1:], flows)
        assert np.isnan(flows).all()


@pytest.mark.parametrize("signs", [(1,), (1, -1), (1, 1), (2, -1, 3, -4), (1, 1, 1)])
def test_particles_on_a_line_have_thrust_one_and_no_sphericity(signs):
    direction = np.array([0.3, -0.5, 0.8])
    p = np.array(signs)[:, None] * direction
    value, *axis = thrust(p, len(p))
    assert value == pytest.approx(1.0, abs=1e-14)
    np.testing.assert_allclose(axis, direction / np.linalg.norm(direction), atol=1e-14)
    np.testing.assert_allclose(sphericity_eigenvalues(p, len(p)), [1, 0, 0], atol=1e-15)
    moments = np.zeros(9)
    fox_wolfram(p, len(p), 8, VALUES, moments)
    np.testing.assert_allclose(moments[::2] / moments[0], 1.0, atol=1e-12)
    flows = np.zeros(N_CONES)
    cleo_cones(p, len(p), *axis, flows)
    assert flows[0] == pytest.approx(np.linalg.norm(p, axis=1).sum())
    assert not flows[1:].any()


def test_two_particles_at_a_right_angle():
    p = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    assert thrust(p, 2)[0] == pytest.approx(math.sqrt(0.5))
    np.testing.assert_allclose(sphericity_eigenvalues(p, 2), [0.5, 0.5, 0.0], atol=1e-15)
    moments = np.zeros(5)
    fox_wolfram(p, 2, 4, VALUES, moments)
    np.testing.assert_allclose(moments, [4.0, 2.0, 2.0 - 1.0, 2.0, 2.0 + 0.75], atol=1e-14)


def test_ksfw_without_missing_momentum_or_others_is_finite():
    out = np.zeros(N_KSFW)
    one, none = np.array([[1.0, 2.0, 2.0]]), np.zeros((1, 3))
    ksfw_moments(one, np.ones(1), 1, none, np.zeros(1), 0, np.zeros(4), 16.0, out)
    assert out[1] == pytest.approx(math.sqrt(5.0))
    assert not np.delete(out, 1).any()
