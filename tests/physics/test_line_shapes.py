"""Masses of resonances against the densities they are drawn from."""

import numpy as np
import pytest
from numba import njit
from scipy import stats

from physics.line_shapes import (
    PROBABILITIES,
    QUANTILES,
    barrier_weight,
    cauchy_density,
    draw_born_quantile,
    draw_quantile,
    mass_quantiles,
    resonance_density,
)
from physics.random import new_stream, open_stream

RHO = (0.77526, 0.1491)
PION = 0.13957


@njit(nogil=True)
def _draws(stream, quantiles, high, parent, sibling, wave, out):
    open_stream(stream, np.uint64(5), 1, 0, 0)
    for i in range(len(out)):
        if wave < 0:
            out[i] = draw_quantile(stream, quantiles, 0, high)
        else:
            out[i] = draw_born_quantile(stream, quantiles, 0, high, parent, sibling, wave)


def _cdf(density, grid, high):
    steps = np.concatenate(([0.0], np.cumsum(0.5 * (density[1:] + density[:-1]) * np.diff(grid))))
    return lambda m: np.interp(m, grid, steps) / np.interp(high, grid, steps)


@pytest.mark.parametrize("high", [1.2553, 0.9, 0.6])
def test_a_resonance_follows_its_density_below_the_upper_limit(high):
    grid = np.linspace(2 * PION, 1.2553, 3000)
    density = resonance_density(grid, *RHO, PION, PION, 1)
    out = np.empty(20000)
    _draws(new_stream(), mass_quantiles(density, grid), high, 0.0, 0.0, -1, out)
    assert out.max() <= high
    assert stats.kstest(out, _cdf(density, grid, high)).pvalue > 1e-3


def test_the_barrier_of_the_production_is_in_the_density():
    grid = np.linspace(2 * PION, 1.2553, 3000)
    parent, sibling = 1.5, PION
    density = resonance_density(grid, *RHO, PION, PION, 1)
    birth = np.array([barrier_weight(parent, m, sibling, 1, 1.0) for m in grid])
    out = np.empty(20000)
    _draws(new_stream(), mass_quantiles(density, grid), parent, parent, sibling, 1, out)
    assert stats.kstest(out, _cdf(density * birth, grid, 1.2553)).pvalue > 1e-3


def test_cauchy_against_scipy():
    grid = np.linspace(0.9, 1.1, 4000)
    quantiles = mass_quantiles(cauchy_density(grid, 1.0, 0.02), grid)
    law = stats.cauchy(1.0, 0.01)
    low, high = law.cdf([0.9, 1.1])
    # the quantiles are joined by straight lines; the ends of the window are exact
    assert np.allclose(quantiles, law.ppf(low + (high - low) * PROBABILITIES), atol=2e-5)


def test_no_room_is_reported():
    quantiles = np.linspace(1.0, 2.0, QUANTILES)
    assert draw_quantile(new_stream(), quantiles, 0, 0.9) == -1.0
    assert draw_born_quantile(new_stream(), quantiles, 0, 5.0, 1.5, 0.6, 0) == -1.0


def test_barrier_near_threshold_has_its_power():
    for wave in range(4):
        p = np.array([1e-3, 2e-3])
        m = 2 * np.sqrt(PION**2 + p**2)
        w = [barrier_weight(x, PION, PION, wave, 3.0) for x in m]
        assert np.isclose(w[1] / w[0], 2.0 ** (2 * wave + 1), rtol=1e-3)
