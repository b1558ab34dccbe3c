"""B → K(*) νν̄ against published branching fractions, independent spectra and integrals."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate

from physics import penguins
from physics.form_factors import b_to_k, b_to_kstar
from physics.kinematics import two_body_momentum
from physics.penguins import (
    BELLE2_2023,
    K_WEIGHTS,
    KSTAR_WEIGHTS,
    k_nunu_branching_fraction,
    k_nunu_spectrum,
    k_nunu_weights,
    kstar_longitudinal_fraction,
    kstar_nunu_branching_fraction,
    kstar_nunu_weights,
    tau_pole_spectrum,
)
from sim.samples import SAMPLES

SPECTRA = json.loads((Path(__file__).parents[1] / "data" / "b_to_k_nunu_spectra.json").read_text())


@pytest.mark.parametrize(
    ("name", "masses", "lifetime"),
    [("charged", (5.27934, 0.493677), 1.638), ("neutral", (5.27965, 0.497611), 1.519)],
)
def test_spectrum_matches_the_stored_calculation(name, masses, lifetime):
    q2, expected = np.array(SPECTRA["q2"][name]), np.array(SPECTRA["hpqcd22"][name])
    inside = expected > 0
    spectrum = k_nunu_spectrum(q2[inside], *masses, lifetime)
    np.testing.assert_allclose(spectrum, expected[inside], rtol=1e-9)


def test_default_shape_matches_the_stored_calculation():
    q2, expected = np.array(SPECTRA["q2"]["charged"]), np.array(SPECTRA["bsz14_shape"])
    inside = expected > 1e-3 * expected.max()
    ratio = k_nunu_spectrum(q2[inside], 5.27934, 0.493677, 1.638, model="bsz14") / expected[inside]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-9)


def test_published_branching_fractions():
    # HPQCD, arXiv:2207.13371 table 6: 5.04e-6 (short distance, B+), 4.67e-6 (B0); Belle II's null 4.97e-6
    assert k_nunu_branching_fraction(5.27934, 0.493677, 1.638) == pytest.approx(5.04e-6, abs=0.005e-6)
    assert k_nunu_branching_fraction(5.27965, 0.497611, 1.519) == pytest.approx(4.66e-6, abs=0.005e-6)
    belle2 = k_nunu_branching_fraction(5.279495, 0.495644, 1.638, inputs=BELLE2_2023)
    assert belle2 == pytest.approx(4.97e-6, abs=0.015e-6)


def test_rates_against_eos():
    """EOS 1.0.21: B(B+ → K+νν̄) = 1.1002e-7 |C|², C = 6.6131, with α = 1/133 and the FLAG 2021 + HPQCD 2022 fit."""
    inputs = penguins.Electroweak(1.1663787e-5, 1 / 133, 6.6131 * 0.23116, 0.23116, 0.041212 * 0.99911)
    ours = k_nunu_branching_fraction(5.27934, 0.493677, 1.641, model="flag21", inputs=inputs)
    assert ours == pytest.approx(1.1002e-7 * 6.6131**2, rel=5e-4)


def test_kstar_branching_fraction():
    # arXiv:1409.4557 finds 9.2(1.0)e-6 for the K*0 with |V_tb V_ts*| = 0.0401 and an earlier version of the same fit
    inputs = penguins.Electroweak(1.1663787e-5, 1 / 127.925, 1.469, 0.23126, 0.0401)
    assert kstar_nunu_branching_fraction(5.27966, 0.8955, 1.519, inputs=inputs) == pytest.approx(9.2e-6, rel=0.05)


@pytest.mark.parametrize(
    ("sample", "m_k", "lifetime", "share"),
    [
        ("kshort-nunu", 0.497611, 1.519, 0.5),
        ("kstar0-nunu", 0.89555, 1.519, 1.0),
        ("kstarplus-nunu", 0.89167, 1.638, 1.0),
    ],
)
def test_samples_carry_the_predicted_branching_fractions(sample, m_k, lifetime, share):
    predict = k_nunu_branching_fraction if sample == "kshort-nunu" else kstar_nunu_branching_fraction
    m_b = 5.27941 if sample == "kstarplus-nunu" else 5.27972
    expected = share * predict(m_b, m_k, lifetime, inputs=BELLE2_2023)
    assert SAMPLES[sample].branching_fraction == pytest.approx(expected, rel=2e-3)


def test_form_factors_at_the_end_points():
    # arXiv:1409.4557: f+(0) = 0.3095, f+(q²max) = 2.62; arXiv:2207.12468: 0.332 and 2.78
    q2_max = (b_to_k.M_B - b_to_k.M_K) ** 2
    assert b_to_k.f_plus_bsz14(0.0) == pytest.approx(0.3095, abs=5e-5)
    assert b_to_k.f_plus_bsz14(q2_max) == pytest.approx(2.622, abs=2e-3)
    assert b_to_k.f_plus_hpqcd22(0.0) == pytest.approx(0.332, abs=5e-4)
    hpqcd_end = (b_to_k.HPQCD22_M_B - b_to_k.HPQCD22_M_K) ** 2
    assert b_to_k.f_plus_hpqcd22(hpqcd_end) == pytest.approx(2.78, abs=5e-3)
    assert b_to_k.f_zero(0.0) == pytest.approx(b_to_k.f_plus_flag21(0.0))
    # FLAG 2021 synthetic points
    assert b_to_k.f_plus_flag21(16.905) == pytest.approx(1.16396, rel=0.01)
    assert b_to_k.f_zero(22.905) == pytest.approx(0.84889, rel=0.01)
    assert b_to_k.f_tensor(19.905) == pytest.approx(1.64983, rel=0.01)


def test_eigenvectors_rebuild_the_covariance():
    for covariance in (b_to_k.BSZ14_COVARIANCE, b_to_k.HPQCD22_COVARIANCE):
        rows = b_to_k.eigenvectors(covariance)
        np.testing.assert_allclose(rows.T @ rows, covariance, rtol=1e-10, atol=1e-15)


def test_eigenvector_variations_of_the_branching_fraction():
    # arXiv:1409.4557: +1.9/−1.8 %, +5.8/−5.6 %, +4.8/−4.7 %
    q2 = np.linspace(1e-6, 22.88, 4000)
    bases = np.array([b_to_k.f_plus_bsz14_basis(x) for x in q2])
    p3 = np.array([two_body_momentum(5.27934, 0.493677, np.sqrt(x)) ** 3 for x in q2])
    rate = lambda a: integrate.trapezoid(p3 * (bases @ a) ** 2, q2)  # noqa: E731
    central = b_to_k.BSZ14_COEFFICIENTS
    for shift, up, down in zip(
        b_to_k.eigenvectors(b_to_k.BSZ14_COVARIANCE), (1.0188, 1.0583, 1.0481), (0.9820, 0.9440, 0.9530), strict=True
    ):
        assert rate(central + shift) / rate(central) == pytest.approx(up, abs=2e-4)
        assert rate(central - shift) / rate(central) == pytest.approx(down, abs=2e-4)


def test_k_weights_have_mean_one_over_phase_space():
    m_b, m_k = 5.27941, 0.493677
    x, w = np.polynomial.legendre.leggauss(300)
    q2 = 0.5 * (m_b - m_k) ** 2 * (x + 1)
    density = w * np.array([two_body_momentum(m_b, m_k, np.sqrt(v)) for v in q2])
    weights = k_nunu_weights(q2, m_b, m_k)
    assert tuple(weights) == K_WEIGHTS
    for name, values in weights.items():
        assert values @ density / density.sum() == pytest.approx(1.0, abs=1e-6), name


def test_sm_weight_is_the_spectrum_over_phase_space():
    m_b, m_k = 5.27934, 0.493677
    q2 = np.linspace(0.1, 22.5, 50)
    p = np.array([two_body_momentum(m_b, m_k, np.sqrt(v)) for v in q2])
    for name, model in (("weight_sm", "bsz14"), ("weight_sm_hpqcd22", "hpqcd22")):
        ratio = k_nunu_weights(q2, m_b, m_k)[name] * p / k_nunu_spectrum(q2, m_b, m_k, 1.638, model=model)
        np.testing.assert_allclose(ratio, ratio[0], rtol=1e-3)


def test_effective_sample_size_of_weighted_phase_space():
    m_b, m_k = 5.27941, 0.493677
    q2 = np.linspace(1e-9, (m_b - m_k) ** 2 - 1e-9, 20_001)
    p = np.array([two_body_momentum(m_b, m_k, np.sqrt(v)) for v in q2])
    weights = k_nunu_weights(q2, m_b, m_k)
    ess = {n: (p @ w) ** 2 / (p.sum() * (p @ w**2)) for n, w in weights.items()}
    assert ess["weight_sm"] == pytest.approx(0.97, abs=0.005)
    assert ess["weight_scalar"] == pytest.approx(0.42, abs=0.02)


def test_kstar_weights_have_mean_one_over_phase_space():
    m_b = 5.27972
    x, w = np.polynomial.legendre.leggauss(60)
    for m_v in (0.75, 0.8955, 1.2):
        q2 = 0.5 * (m_b - m_v) ** 2 * (x + 1)
        density = w * np.array([two_body_momentum(m_b, m_v, np.sqrt(v)) for v in q2])
        grid, cosines = np.meshgrid(q2, x, indexing="ij")
        weights = kstar_nunu_weights(grid.ravel(), cosines.ravel(), np.full(grid.size, m_v), m_b, 0.8955)
        assert tuple(weights) == KSTAR_WEIGHTS
        volume = np.outer(density, w).ravel()
        for name, values in weights.items():
            assert values @ volume / volume.sum() == pytest.approx(1.0, abs=2e-3), (name, m_v)


def test_kstar_weight_reproduces_the_longitudinal_fraction():
    m_b, m_v = 5.27972, 0.8955
    x, w = np.polynomial.legendre.leggauss(20)
    for q2 in (1.0, 8.0, 16.0):
        weight = kstar_nunu_weights(np.full(20, q2), x, np.full(20, m_v), m_b, m_v)["weight_sm"]
        # <cos²θ> = 3/5 F_L + 1/5 (1 − F_L)
        mean = (w * weight) @ x**2 / (w @ weight)
        expected = kstar_longitudinal_fraction(q2, m_b, m_v, b_to_kstar.coefficients())
        assert mean == pytest.approx(0.2 + 0.4 * expected, abs=1e-9)


def test_longitudinal_fraction_limits():
    a = b_to_kstar.coefficients()
    # helicity: all longitudinal at q² = 0; isotropic (1/3) at the end point, where no direction is left
    assert kstar_longitudinal_fraction(1e-9, 5.27972, 0.8955, a) == pytest.approx(1.0, abs=1e-6)
    assert kstar_longitudinal_fraction((5.27972 - 0.8955) ** 2 - 1e-9, 5.27972, 0.8955, a) == pytest.approx(
        1 / 3, abs=0.03
    )


def test_kstar_eigenvectors():
    # square roots of the nine eigenvalues of the (A1, A12, V) block of arXiv:1503.05534v2
    norms = np.linalg.norm((b_to_kstar.eigen_coefficients()[:, 0] - b_to_kstar.coefficients()).reshape(9, -1), axis=1)
    np.testing.assert_allclose(norms[:4], [1.57728, 1.06016, 0.52088, 0.23284], rtol=1e-4)


def test_tau_pole():
    q2 = np.linspace(0, 23, 100_001)
    spectrum = tau_pole_spectrum(q2)
    assert integrate.trapezoid(spectrum, q2) == pytest.approx(6.26e-7, rel=1e-4)
    np.testing.assert_allclose(np.interp(SPECTRA["q2"]["tau_pole"], q2, spectrum), SPECTRA["tau_pole"], atol=2e-11)


def test_every_weight_is_described():
    for name in (*K_WEIGHTS, *KSTAR_WEIGHTS):
        assert len(penguins.weight_description(name)) > 20
