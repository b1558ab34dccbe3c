"""Inclusive decays: totals of the parton rates, moments of the spectra, kinematic limits."""

import math

import numpy as np
import pytest
from decay_chains import Model

from physics.decays import inclusive, registry
from physics.random import new_stream, open_stream, stream_key

BBAR, B = (-511, 5.27966, 1), (511, 5.27966, 1)
XS, XU = (30343, 1.1, 1), (30353, 1.0, 1)
E, NUEBAR = (11, 0.000511, 2), (-12, 0.0, 1)
MU, MUP = (13, 0.105658, 2), (-13, 0.105658, 2)
WEIGHTS = [0.30, 1.0, 1.2, 1.0]
HYBRID = [4.8, 1.29, 0.22, 20, 0.30, 0.54, 1.20, 0.95, 1.26, 0.78, 1.34, 0.98, 1.41, 0.91, 1.48, 1.23, 1.55, 1.36,
          1.61, 1.39, 1.67, 1.38, 1.73, 1.43, 1.79, 1.41, 1.84, 1.42, 1.90, 1.45, 1.95, 1.40, 2.00, 1.42, 2.50, 1.31,
          3.00, 1.36, 3.50, 1.15, 4.00, 1.01, 4.50, 1.51]  # fmt: skip


def stream():
    result = new_stream()
    open_stream(result, stream_key(3, "test"), 0, 0, 0)
    return result


def drawn(model, n):
    s, p, points, masses = stream(), np.empty((3, 4)), [], []
    for _ in range(n):
        m = model.masses.copy()
        assert registry.draw_masses(s, model.id, model.parameters, m)
        assert model.draw(s, p, m)
        points.append(p.copy())
        masses.append(m)
    return np.array(points), np.array(masses)


def integrated(alpha_s):
    """∫∫ dΓ/(dz dp̂²) in z and ln p̂², by the midpoint rule."""
    z = (np.arange(800) + 0.5) / 400
    ln = -10 * math.log(10) * (np.arange(1600) + 0.5) / 1600
    zz, pp = np.meshgrid(z, np.exp(ln), indexing="ij")
    rate = inclusive.parton_rate(zz.ravel(), pp.ravel(), alpha_s) * pp.ravel()
    return rate.sum() * (1 / 400) * (10 * math.log(10) / 1600)


def test_total_rate_of_b_to_u():
    """Γ = Γ₀ without QCD; Γ₀ [1 − (2α_s/3π)(π² − 25/4)] with it (De Fazio and Neubert, eq. 3.14)."""
    assert integrated(0.0) == pytest.approx(1.0, abs=0.01)
    for alpha_s in (0.1, 0.22):
        wanted = 1 - 2 * alpha_s / (3 * math.pi) * (math.pi**2 - 25 / 4)
        assert integrated(alpha_s) == pytest.approx(wanted, abs=0.04)


def test_dilogarithm():
    """Li₂(1/2) = π²/12 − ln²2/2, Li₂(−1) = −π²/12 (Lewin)."""
    values = inclusive._dilogarithm(np.array([0.5, -0.999999, 0.0]))
    assert values == pytest.approx([math.pi**2 / 12 - math.log(2) ** 2 / 2, -(math.pi**2) / 12, 0.0], abs=1e-5)


def test_photon_spectrum_moments():
    """Default spectrum: ⟨E_γ⟩ = 2.292 GeV, r.m.s. 0.225 GeV, 96 % above 1.8 GeV (trapezoid of the table)."""
    model = Model("BTOXSGAMMA", [2], B, [XS, (22, 0.0, 2)])
    s, m = stream(), np.empty((20000, 3))
    for row in m:
        row[:] = model.masses
        assert registry.draw_masses(s, model.id, model.parameters, row)
    assert m[:, 1].min() > 1.1
    assert m[:, 1].max() < 4.5
    energy = (B[1] ** 2 - m[:, 1] ** 2) / (2 * B[1])
    assert energy.mean() == pytest.approx(2.292, abs=0.006)
    assert energy.std() == pytest.approx(0.225, abs=0.01)
    assert np.mean(energy > 1.8) == pytest.approx(0.964, abs=0.006)


def test_vub_kinematics_and_moments():
    """Momentum conservation; ⟨E_ℓ⟩ and ⟨q²⟩ near the parton model's 7/20 m_b and m_b²·3/10; endpoint m_B/2."""
    model = Model("VUB", [4.8, 1.29, 0.22, 2, *WEIGHTS], BBAR, [XU, E, NUEBAR])
    p, masses = drawn(model, 6000)
    assert np.allclose(p[:, :, :3].sum(axis=1), 0, atol=1e-9)
    assert np.allclose(p[:, :, 3].sum(axis=1), BBAR[1])
    assert np.allclose(p[:, 0, 3] ** 2 - (p[:, 0, :3] ** 2).sum(axis=1), masses[:, 1] ** 2, atol=1e-7)
    assert masses[:, 1].min() > 0.30
    q2 = BBAR[1] ** 2 + masses[:, 1] ** 2 - 2 * BBAR[1] * p[:, 0, 3]
    assert p[:, 1, 3].max() < BBAR[1] / 2
    assert p[:, 1, 3].mean() == pytest.approx(0.35 * 4.8, rel=0.06)
    assert p[:, 2, 3].mean() == pytest.approx(0.30 * 4.8, rel=0.08)
    assert q2.mean() == pytest.approx(0.30 * 4.8**2, rel=0.12)


def test_vub_mass_weights():
    """The weights of the hybrid model scale the spectrum of m_X bin by bin."""
    flat = Model("VUB", [4.8, 1.29, 0.22, 2, *WEIGHTS], BBAR, [XU, E, NUEBAR])
    heavy = Model("VUB", [4.8, 1.29, 0.22, 2, 0.30, 0.25, 1.2, 1.0], BBAR, [XU, E, NUEBAR])
    levels = np.linspace(0, 1, inclusive.QUANTILES + 1)
    below = [np.interp(1.2, m.parameters[inclusive.HEADER :][: len(levels)], levels) for m in (flat, heavy)]
    assert below[1] == pytest.approx(0.25 * below[0] / (0.25 * below[0] + 1 - below[0]), abs=0.01)
    real = Model("VUB", HYBRID, BBAR, [XU, E, NUEBAR])
    assert 1.2 < np.interp(0.5, levels, real.parameters[inclusive.HEADER :][: len(levels)]) < 2.0


def test_vub_charge_conjugation():
    """The ℓ⁺ of B → X_u ℓ⁺ν has the spectrum of the ℓ⁻ of B̄ (the harder lepton: V − A)."""
    one, _ = drawn(Model("VUB", HYBRID, BBAR, [XU, E, NUEBAR]), 3000)
    two, _ = drawn(Model("VUB", HYBRID, B, [XU, (-11, 0.000511, 2), (12, 0.0, 1)]), 3000)
    assert np.allclose(one[:, 1, 3], two[:, 1, 3])
    assert one[:, 1, 3].mean() > one[:, 2, 3].mean() + 0.1


@pytest.mark.parametrize("lepton", [MU, E])
def test_x_s_ll(lepton):
    """m_X > 1.1 GeV, q² down to the threshold, b → s: the ℓ⁻ forward at high q² and mirrored for b̄."""
    model = Model("BTOXSLL", [4.8, 0.2, 0.0, 0.41], BBAR, [XS, (-lepton[0], *lepton[1:]), lepton])
    p, masses = drawn(model, 3000)
    assert np.allclose(p[:, :, :3].sum(axis=1), 0, atol=1e-9)
    assert masses[:, 1].min() > 1.1
    q2 = BBAR[1] ** 2 + masses[:, 1] ** 2 - 2 * BBAR[1] * p[:, 0, 3]
    assert q2.min() > 4 * lepton[1] ** 2
    assert 1.5 < masses[:, 1].mean() < 2.8
    high = q2 > 8
    assert (p[high, 2, 3] - p[high, 1, 3]).mean() > 0.03
    mirrored, m2 = drawn(Model("BTOXSLL", [4.8, 0.2, 0.0, 0.41], B, [XS, (-lepton[0], *lepton[1:]), lepton]), 3000)
    high = B[1] ** 2 + m2[:, 1] ** 2 - 2 * B[1] * mirrored[:, 0, 3] > 8
    assert (mirrored[high, 2, 3] - mirrored[high, 1, 3]).mean() < -0.03


def test_no_room_for_x():
    model = Model("BTOXSGAMMA", [2], B, [XS, (22, 0.0, 2)])
    masses = np.array([1.0, 0.5, 0.0])
    assert not registry.draw_masses(stream(), model.id, model.parameters, masses)


def test_errors_say_what():
    with pytest.raises(ValueError, match="pairs of rising mass"):
        registry.prepare("VUB", [4.8, 1.29, 0.22, 3, *WEIGHTS], BBAR, [XU, E, NUEBAR])
    with pytest.raises(ValueError, match="two leptons"):
        registry.prepare("BTOXSLL", [], BBAR, [XS, E])
