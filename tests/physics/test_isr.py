"""Initial-state radiation: the pair's mass against integrals and KKMC, photons against the eikonal."""

import json
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numba import njit
from scipy.integrate import quad

from physics.particles import ELECTRON_MASS
from physics.radiation.isr import (
    FERMIONS,
    MIN_ISR_ENERGY,
    born_cross_section,
    build_isr_table,
    cross_section,
    draw_isr,
    draw_photon_angle,
    draw_reduced_mass,
    radiator,
    radiator_exponent,
    running_alpha,
)
from physics.random import new_stream, open_stream, stream_key

ROOT_S = 10.58
REFERENCE = json.loads((Path(__file__).parents[1] / "data/kkmc_pair_mass.json").read_text())


@njit
def _events(stream, key, table, root_s, mass, number, energies, angles, photons):
    worst = 0.0
    filled = 0
    for k in range(mass.shape[0]):
        open_stream(stream, key, k, 0, 0)
        mass[k], n = draw_isr(stream, table, root_s, photons)
        number[k] = n
        e, x, y, z = root_s, 0.0, 0.0, 0.0
        for j in range(n):
            x -= photons[j, 0]
            y -= photons[j, 1]
            z -= photons[j, 2]
            e -= photons[j, 3]
            light = photons[j, 3] ** 2 - photons[j, 0] ** 2 - photons[j, 1] ** 2 - photons[j, 2] ** 2
            worst = max(worst, abs(light) / root_s**2)
            if filled < energies.shape[0]:
                energies[filled] = photons[j, 3]
                angles[filled] = photons[j, 2] / photons[j, 3]
                filled += 1
        worst = max(worst, abs(e * e - x * x - y * y - z * z - mass[k] ** 2) / root_s**2)
    return worst, filled


@njit
def _reduced_masses(stream, key, table, root_s, v):
    for k in range(v.shape[0]):
        open_stream(stream, key, k, 0, 0)
        v[k] = draw_reduced_mass(stream, table, root_s)


@njit
def _angles(stream, key, x, beam, out):
    for k in range(out.shape[0]):
        open_stream(stream, key, k, 0, 0)
        out[k], _ = draw_photon_angle(stream, x, beam)


def simulate(flavour, events, sample, root_s=ROOT_S):
    mass, number = np.zeros(events), np.zeros(events, np.int64)
    energies, angles = np.zeros(3 * events), np.zeros(3 * events)
    table = build_isr_table(flavour, root_s)
    worst, filled = _events(
        new_stream(), stream_key(1, sample), table, root_s, mass, number, energies, angles, np.zeros((12, 4))
    )
    return mass, number, energies[:filled], angles[:filled], worst


def test_running_alpha():
    assert 1 / running_alpha(1e-6) == pytest.approx(137.036, abs=0.3)
    assert 1 / running_alpha(91.19**2) == pytest.approx(128.95, abs=0.15)  # PDG α(m_Z) on shell, top apart


@pytest.mark.parametrize(("flavour", "nb"), [(1, 0.4009), (2, 1.6054), (3, 0.3825), (4, 1.3280), (15, 0.919)])
def test_cross_sections_at_the_resonance_agree_with_kkmc(flavour, nb):
    assert cross_section(flavour, ROOT_S) == pytest.approx(nb, rel=0.01)


def test_cross_section_falls_with_s():
    ratio = cross_section(2, 10.52) / cross_section(2, 10.58)
    assert ratio == pytest.approx((10.58 / 10.52) ** 2, rel=2e-3)


@pytest.mark.parametrize("flavour", [2, 4, 15])
def test_pair_mass_follows_the_radiator(flavour):
    """The table against an adaptive integral of σ₀ H, in bins from soft to the threshold."""
    s = ROOT_S**2
    beta = radiator_exponent(s)
    soft, _ = radiator(np.array([0.5]), s)
    v_max = 1 - FERMIONS[flavour].min_mass ** 2 / s

    def soft_part(t):
        return soft * born_cross_section(flavour, s * (1 - t ** (1 / beta)))

    def regular_part(u):
        return radiator(np.array([u]), s)[1][0] * born_cross_section(flavour, s * (1 - u))

    def integral(low, high):
        first = quad(soft_part, low**beta, high**beta, epsrel=1e-7, limit=200)[0]
        return first + quad(regular_part, max(low, 1e-12), high, epsrel=1e-7, limit=200)[0]

    v = np.zeros(400_000)
    _reduced_masses(new_stream(), stream_key(2, "table"), build_isr_table(flavour, ROOT_S), ROOT_S, v)
    assert v.max() <= v_max * (1 + 1e-9)
    edges = [0.0, 1e-6, 1e-4, 1e-3, 0.01, 0.03, 0.1, 0.2, 0.4, 0.6, 0.8]
    edges = [x for x in edges if x < 0.95 * v_max] + [v_max]
    total = integral(0.0, v_max)
    counts = np.histogram(v, edges)[0]
    for count, low, high in zip(counts, edges, edges[1:], strict=False):
        expected = len(v) * integral(low, high) / total
        assert abs(count - expected) < 4 * math.sqrt(expected) + 0.003 * expected, (low, high)


@pytest.mark.parametrize(("flavour", "name", "limit"), [(2, "uubar", 0.008), (4, "ccbar", 0.006)])
def test_pair_mass_agrees_with_kkmc(flavour, name, limit):
    mass, _, _, _, _ = simulate(flavour, 300_000, name)
    cumulative = np.array([np.count_nonzero(mass < e) for e in REFERENCE["edges"]]) / len(mass)
    assert np.abs(cumulative - REFERENCE[name]).max() < limit
    assert mass.mean() == pytest.approx(REFERENCE["mean_" + name][0], rel=0.007)


def test_momentum_is_conserved_and_photons_are_hard_enough():
    for flavour in (1, 3, 15):
        _, number, energies, _, worst = simulate(flavour, 50_000, "conservation")
        assert worst < 1e-12
        assert energies.min() > 0.99 * MIN_ISR_ENERGY
        assert number.max() < 12


def test_soft_photons_are_a_poisson_process():
    """Inclusive spectrum β dω/ω where recoil is small; the cross section for charm varies slowly."""
    events = 1_000_000
    _, number, energies, _, _ = simulate(4, events, "soft")
    beta = radiator_exponent(ROOT_S**2)
    for low, high in pairwise([0.003, 0.01, 0.03]):
        expected = events * beta * math.log(high / low)
        count = np.count_nonzero((energies >= low) & (energies < high))
        assert abs(count - expected) < 4 * math.sqrt(expected) + 0.02 * expected
    assert number.max() >= 3


@pytest.mark.parametrize("x", [1e-4, 0.5, 0.95])
def test_photon_angle(x):
    beam = ROOT_S / 2
    cos_theta = np.zeros(300_000)
    _angles(new_stream(), stream_key(3, "angle"), x, beam, cos_theta)
    small = (ELECTRON_MASS / beam) ** 2

    def density(eta):  # in rapidity, cosθ = tanh η
        c, s2 = math.tanh(eta), 1 / math.cosh(eta) ** 2
        jacobian = s2
        return jacobian * s2 / (s2 + small * c * c) ** 2 * (1 - x * x * s2 / (2 - 2 * x + x * x))

    edges = np.array([-30.0, -9, -7, -5, -3, -1.5, -0.5, 0, 0.5, 1.5, 3, 5, 7, 9, 30])
    weights = np.array([quad(density, a, b, epsrel=1e-8, limit=200)[0] for a, b in pairwise(edges)])
    inner = np.abs(edges) < 8  # cosθ of the last bins is within rounding of 1
    counts = np.histogram(cos_theta, np.tanh(edges[inner]))[0]
    expected = len(cos_theta) * weights / weights.sum()
    expected = expected[2:-2]
    assert np.all(np.abs(counts - expected) < 4.5 * np.sqrt(expected))
    forward = np.count_nonzero(cos_theta > 0)
    assert abs(forward - len(cos_theta) / 2) < 2 * math.sqrt(len(cos_theta))


def test_impossible_requests_get_one_sentence():
    with pytest.raises(ValueError, match="too low for pairs of flavour 4"):
        build_isr_table(4, 3.0)
    with pytest.raises(ValueError, match="no e\\+e- cross section"):
        build_isr_table(5, 10.58)
