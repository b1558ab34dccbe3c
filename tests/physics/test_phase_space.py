"""Exact phase space: conservation, closed forms, bounds, and moments of an independent generator."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from scipy import integrate, optimize, stats

from physics.kinematics import two_body_momentum
from physics.phase_space import BOUND_MARGIN, n_body, phase_space_bound, unweighted_phase_space
from physics.random import new_stream, open_stream, stream_key

MOMENTS = json.loads((Path(__file__).parents[1] / "data" / "phase_space_moments.json").read_text())


@njit
def _fill(stream, key, mass, masses, bound, out):
    for i in range(len(out)):
        open_stream(stream, key, i, 0, 0)
        n_body(stream, mass, masses, len(masses), bound, out[i])


def events(mass, masses, n=20_000, seed=1):
    masses = np.array(masses, float)
    out = np.empty((n, len(masses), 4))
    _fill(new_stream(), stream_key(seed, "ps"), mass, masses, phase_space_bound(mass, masses, len(masses)), out)
    return out


def mass_squared(p):
    return p[..., 3] ** 2 - (p[..., :3] ** 2).sum(axis=-1)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.one_of(st.just(0.0), st.floats(1e-4, 2.0)), min_size=2, max_size=10),
    st.floats(1e-3, 10.0),
    st.integers(0, 2**32),
)
def test_four_momentum_and_masses(masses, kinetic, seed):
    mass = sum(masses) + kinetic
    p = np.empty((len(masses), 4))
    stream = new_stream()
    open_stream(stream, stream_key(seed, "h"), 0, 0, 0)
    assert unweighted_phase_space(stream, mass, np.array(masses), len(masses), p)
    np.testing.assert_allclose(p.sum(axis=0), [0, 0, 0, mass], atol=1e-12 * mass)
    np.testing.assert_allclose(mass_squared(p), np.square(masses), atol=1e-11 * mass**2)


def test_below_threshold_is_refused():
    p = np.empty((3, 4))
    assert not unweighted_phase_space(new_stream(), 1.0, np.array([0.5, 0.4, 0.2]), 3, p)


def test_three_massless_bodies_fill_the_dalitz_plot_evenly():
    m = mass_squared(events(1.0, [0.0] * 3)[:, :2].sum(axis=1))
    # s12 of a flat triangle: density 2 (1 − s)
    assert stats.kstest(m, lambda s: 1 - (1 - s) ** 2).pvalue > 0.01


def test_three_massive_bodies():
    # dΦ/dm12 ∝ p1(m12) p3(m12), by numerical integration
    mass, m1, m2, m3 = 1.86484, 0.493677, 0.13957, 0.13498
    grid = np.linspace(m1 + m2, mass - m3, 4001)
    density = [two_body_momentum(x, m1, m2) * two_body_momentum(mass, x, m3) for x in grid]
    cdf = integrate.cumulative_trapezoid(density, grid, initial=0.0)
    m12 = np.sqrt(mass_squared(events(mass, [m1, m2, m3])[:, :2].sum(axis=1)))
    assert stats.kstest(m12, lambda x: np.interp(x, grid, cdf / cdf[-1])).pvalue > 0.01


@pytest.mark.parametrize("n", [3, 4, 6, 9])
def test_energy_of_one_of_n_massless_bodies(n):
    # E/(M/2) of one massless body is Beta(2, 2n − 4) … from R_{n−1}(M²(1 − x)) ∝ (1 − x)^(n−3):  x (1 − x)^(n−3)
    x = 2.0 * events(1.0, [0.0] * n)[:, n // 2, 3]
    assert stats.kstest(x, stats.beta(2, n - 2).cdf).pvalue > 0.01


def test_directions_are_isotropic_and_bodies_equivalent():
    p = events(5.2794, [0.13957] * 5)
    for k in (0, 2, 4):
        cosines = p[:, k, 2] / np.linalg.norm(p[:, k, :3], axis=1)
        assert stats.kstest(cosines, stats.uniform(-1, 2).cdf).pvalue > 0.01
    assert stats.ks_2samp(p[:, 0, 3], p[:, 4, 3]).pvalue > 0.01


@pytest.mark.parametrize("case", MOMENTS["cases"], ids=lambda c: c["name"])
def test_moments_of_an_independent_generator(case):
    p = events(case["mass"], case["masses"], n=40_000)
    for moment in case["moments"]:
        i, j = moment["pair"]
        x = mass_squared(p[:, i] + p[:, j]) if i != j else p[:, i, 3]
        error = math.hypot(x.std() / math.sqrt(len(x)), moment["error"])
        assert abs(x.mean() - moment["mean"]) < 4 * error, moment


@pytest.mark.parametrize("n", range(3, 13))
def test_bound_holds_and_is_close(n):
    """The bound against a numerical maximum over random mass configurations, from massless to heavy."""
    rng = np.random.default_rng(n)
    for kind in range(24):
        if kind % 4 == 0:
            masses = np.full(n, 1e-9)
        elif kind % 4 == 1:
            masses = rng.choice([1e-9, 0.13498, 0.13957, 0.49368, 0.7753, 0.9396, 1.8697], n)
        elif kind % 4 == 2:
            masses = 10 ** rng.uniform(-4, 0.5, n)
        else:
            masses = np.full(n, 0.13957)
        mass = masses.sum() + 10 ** rng.uniform(-2, 1)
        ratio = _maximum(mass, masses) / math.sqrt(phase_space_bound(mass, masses, n))
        assert ratio <= 1.0, (mass, masses)
        assert ratio > 1.0 / BOUND_MARGIN - 1e-6


def _maximum(mass, masses):
    """Numerical maximum of Π pₖ over the shares of kinetic energy."""
    n, kinetic = len(masses), mass - masses.sum()
    below = np.cumsum(masses)

    def negative_log(u):
        shares = np.exp(np.concatenate([[0.0], u]))
        m = below + kinetic * np.concatenate([[0.0], np.cumsum(shares) / shares.sum()])
        return -sum(
            0.5 * math.log(max((b - a - c) * (b + a + c) * (b - a + c) * (b + a - c) / (4 * b * b), 1e-300))
            for a, b, c in zip(m[:-1], m[1:], masses[1:], strict=True)
        )

    return math.exp(-optimize.minimize(negative_log, np.zeros(n - 2), method="BFGS").fun)
