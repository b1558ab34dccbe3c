"""Coherent B⁰ anti-B⁰ pairs: lifetimes, χ_d, the mixing and the CP asymmetry in Δt."""

import math
from itertools import pairwise

import numpy as np
import pytest
from numba import njit
from scipy.integrate import quad
from scipy.stats import chi2, kstest

from physics.decays.mixing import (
    B0_LIFETIME,
    DELTA_M,
    cp_asymmetry,
    cp_parameters,
    delta_t_density,
    draw_cp_pair,
    draw_mixed_pair,
    draw_pair_with_modes,
    evolve_transversity,
    integrated_mixing,
    polarised_cp_parameters,
)
from physics.decays.table import PARTICLE
from physics.random import new_stream, open_stream, stream_key

EVENTS = 400_000


@njit
def _pairs(stream, key, out):
    for k in range(out.shape[0]):
        open_stream(stream, key, k, 0, 0)
        out[k, 0], out[k, 1], out[k, 2], out[k, 3] = draw_mixed_pair(stream, B0_LIFETIME, DELTA_M)


@njit
def _cp_pairs(stream, key, s, c, out):
    for k in range(out.shape[0]):
        open_stream(stream, key, k, 0, 0)
        out[k, 0], out[k, 1], out[k, 2] = draw_cp_pair(stream, B0_LIFETIME, DELTA_M, s, c)


@pytest.fixture(scope="module")
def pairs():
    out = np.zeros((EVENTS, 4))
    _pairs(new_stream(), stream_key(1, "mixing"), out)
    return out


def test_each_b_lives_exponentially_and_flavours_balance(pairs):
    for column in (2, 3):
        assert kstest(pairs[:, column] / B0_LIFETIME, "expon").pvalue > 1e-4
    for column in (0, 1):
        assert abs(pairs[:, column].sum()) < 4 * math.sqrt(EVENTS)
    assert abs(np.corrcoef(pairs[:, 2], pairs[:, 3])[0, 1]) < 4 / math.sqrt(EVENTS)


def test_integrated_mixing_is_chi_d(pairs):
    chi_d = integrated_mixing()
    assert chi_d == pytest.approx(0.1858, abs=0.0025)  # PDG 2024: 0.1858(11)
    mixed = np.count_nonzero(pairs[:, 0] == pairs[:, 1])
    assert abs(mixed - EVENTS * chi_d) < 4 * math.sqrt(EVENTS * chi_d * (1 - chi_d))


def test_delta_t_of_mixed_and_unmixed_pairs(pairs):
    dt = pairs[:, 2] - pairs[:, 3]
    edges = B0_LIFETIME * np.array([-8, -5, -4, -3, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3, 4, 5, 8])
    for sign in (1, -1):
        chosen = dt[pairs[:, 0] * pairs[:, 1] == -sign]
        counts = np.histogram(chosen, edges)[0]
        expected = EVENTS * np.array(
            [quad(delta_t_density, a, b, (B0_LIFETIME, DELTA_M, sign))[0] for a, b in pairwise(edges)]
        )
        assert chi2.sf(((counts - expected) ** 2 / expected).sum(), len(counts)) > 1e-4


@pytest.mark.parametrize(("s", "c"), [(0.70, 0.0), (-0.67, -0.33), (0.0, 1.0)])
def test_cp_asymmetry_in_delta_t(s, c):
    out = np.zeros((EVENTS, 3))
    _cp_pairs(new_stream(), stream_key(2, "cp"), s, c, out)
    dt = out[:, 1] - out[:, 2]
    assert kstest(np.abs(dt) / B0_LIFETIME, "expon").pvalue > 1e-4
    edges = B0_LIFETIME * np.linspace(-3, 3, 25)
    b0 = np.histogram(dt[out[:, 0] > 0], edges)[0]
    total = np.histogram(dt, edges)[0]
    centre = 0.5 * (edges[1:] + edges[:-1])
    width = edges[1] - edges[0]
    smear = np.sinc(DELTA_M * width / 2 / math.pi)  # average of sin and cos over the bin, exponential slope apart
    p = 0.5 * (1 + smear * (s * np.sin(DELTA_M * centre) - c * np.cos(DELTA_M * centre)))
    pull2 = (b0 - total * p) ** 2 / (total * p * (1 - p) + (0.004 * total) ** 2)
    assert chi2.sf(pull2.sum(), len(p)) > 1e-4


def test_a_flavour_specific_decay_is_the_limit_c_equal_one():
    """λ = 0 (only B⁰ → f): the CP formula becomes the mixing formula, tag B⁰ = mixed."""
    out = np.zeros((EVENTS, 3))
    _cp_pairs(new_stream(), stream_key(3, "limit"), 0.0, 1.0, out)
    chi_d = integrated_mixing()
    assert abs(np.count_nonzero(out[:, 0] > 0) - EVENTS * chi_d) < 4 * math.sqrt(EVENTS * chi_d)


def test_parameters_of_evtgen_models():
    # B⁰ → J/ψ K_S as in DECAY_BELLE2.DEC: arg(q/p) = −2β = −0.78, Ā/A = −1
    s, c = cp_parameters(1.0, -0.78, 1.0, 0.0, -1.0, 0.0)
    assert s == pytest.approx(math.sin(0.78))
    assert c == pytest.approx(0.0)
    s, c = cp_parameters(1.0, -0.78, 1.0, 0.0, 1.0, 0.0)  # J/ψ K_L
    assert s == pytest.approx(-math.sin(0.78))
    assert cp_parameters(1.0, 0.0, 1.0, 0.0, 0.0, 0.0) == (0.0, 1.0)
    assert cp_parameters(1.0, 0.0, 0.0, 0.0, 1.0, 0.0) == (0.0, -1.0)
    with pytest.raises(ValueError, match="amplitudes"):
        cp_parameters(1.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    # a CP-even pure state, such as J/ψ K_L's partner: S = −sin 2β
    assert polarised_cp_parameters(0.39, 1, 1.0, 1.0, 0.0) == pytest.approx(-math.sin(0.78))
    assert polarised_cp_parameters(0.39, 1, 0.0, 0.0, 1.0) == pytest.approx(math.sin(0.78))
    assert cp_asymmetry("SSD_CP", [507.0, 0.0, 1.0, -0.78, 1.0, 0.0, -1.0, 0.0])[0] == pytest.approx(math.sin(0.78))
    assert cp_asymmetry("SVV_CP", [0.39, 507.0, 1.0, 0.0, 0.0, 1.1, 0.0, 0.0, 0.0]) == (-math.sin(0.78), 0.0)
    assert cp_asymmetry("PHSP", []) is None
    with pytest.raises(ValueError, match="8 arguments"):
        cp_asymmetry("SSD_CP", [1.0])


@njit
def _full_pairs(stream, key, particles, cumulative, asymmetry, out):
    for k in range(out.shape[0]):
        open_stream(stream, key, k, 0, 0)
        f1, f2, t1, t2, m1, m2 = draw_pair_with_modes(
            stream, particles, cumulative, asymmetry, 0, 1, 0, 1, B0_LIFETIME, DELTA_M
        )
        out[k, 0], out[k, 1], out[k, 2], out[k, 3], out[k, 4], out[k, 5] = f1, f2, t1, t2, m1, m2


def test_modes_flavours_and_times_of_generic_pairs():
    """A toy table: B⁰ → a CP mode (10 %) or one of two modes of its flavour; anti-B⁰ likewise."""
    particles = np.zeros(2, PARTICLE)
    particles["first_mode"], particles["n_modes"] = (0, 3), (3, 3)
    cumulative = np.array([0.1, 0.4, 1.0, 0.1, 0.4, 1.0])
    asymmetry = np.full((6, 2), np.nan)
    asymmetry[[0, 3]] = 0.7, 0.0
    out = np.zeros((1_000_000, 6))
    _full_pairs(new_stream(), stream_key(4, "pairs"), particles, cumulative, asymmetry, out)
    f1, f2, t1, t2, m1, m2 = out.T
    # branching fractions and flavours of the modes are those of the table
    for mode, fraction in ((0, 0.1), (1, 0.3), (2, 0.6)):
        for m in (m1, m2):
            count = np.count_nonzero(m % 3 == mode)
            assert abs(count - fraction * len(out)) < 4 * math.sqrt(len(out) * fraction)
    assert np.array_equal(f1 > 0, m1 < 3)
    assert np.array_equal(f2 > 0, m2 < 3)
    # with the CP mode on either side, the asymmetry of the tag
    for cp_mode, tag_mode, tag, dt in ((m1, m2, f2, t1 - t2), (m2, m1, f1, t2 - t1)):
        chosen = (cp_mode % 3 == 0) & (tag_mode % 3 > 0)
        sine = np.sin(DELTA_M * dt[chosen])
        measured = (tag[chosen] * sine).sum() / (sine**2).sum()
        assert abs(measured - 0.7) < 4 / math.sqrt((sine**2).sum())
    # and without, plain mixing
    plain = (m1 % 3 > 0) & (m2 % 3 > 0)
    mixed = np.count_nonzero(f1[plain] == f2[plain])
    chi_d = integrated_mixing()
    assert abs(mixed - plain.sum() * chi_d) < 4 * math.sqrt(plain.sum() * chi_d)


@pytest.mark.parametrize("tag", [1, -1])
@pytest.mark.parametrize("flavour", [1, -1])
@pytest.mark.parametrize("dt", [-2e-3, 0.0, 0.7e-3, 3e-3])
def test_transversity_amplitudes_in_time(tag, flavour, dt):
    """dΓ_k ∝ |a_k|² (1 − tag η_k sin 2β sin ΔmΔt) by amplitude, and ⟨A₀ A⊥*⟩ as in Dighe et al., eq. 2.12."""
    beta, cp = 0.39, 1.0
    a_parallel, a_zero, a_perpendicular = 0.5 * np.exp(0.3j), 0.72, 0.46 * np.exp(1.1j)
    perpendicular = flavour * a_perpendicular
    amp = np.zeros(9, complex)
    amp[0], amp[8] = (a_parallel + perpendicular) / math.sqrt(2), (a_parallel - perpendicular) / math.sqrt(2)
    amp[4] = a_zero
    evolve_transversity(amp, beta, cp, float(flavour), tag, DELTA_M * dt)
    parallel, odd = (amp[0] + amp[8]) / math.sqrt(2), (amp[0] - amp[8]) / math.sqrt(2)
    sine = math.sin(2 * beta) * math.sin(DELTA_M * dt)
    assert abs(parallel) ** 2 == pytest.approx(abs(a_parallel) ** 2 * (1 - tag * cp * sine))
    assert abs(amp[4]) ** 2 == pytest.approx(abs(a_zero) ** 2 * (1 - tag * cp * sine))
    assert abs(odd) ** 2 == pytest.approx(abs(a_perpendicular) ** 2 * (1 + tag * cp * sine))
    # Im(A∥* A⊥) ∝ e^(−Γt) [sin δ cos ΔmΔt − cos δ cos 2β sin ΔmΔt] for a B⁰, opposite for an anti-B⁰
    delta = np.angle(a_perpendicular / a_parallel)
    mixed = math.sin(delta) * math.cos(DELTA_M * dt) - math.cos(delta) * math.cos(2 * beta) * math.sin(DELTA_M * dt)
    product = (parallel.conjugate() * odd).imag
    assert product == pytest.approx(-tag * abs(a_parallel * a_perpendicular) * mixed, abs=1e-12)
