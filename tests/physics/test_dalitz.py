"""Isobar models: published fit fractions, direct sampling against rejection, light-meson amplitudes."""

import math
from itertools import pairwise

import numpy as np
import pytest
from decay_chains import Model, flat_three_body, three_body_point
from scipy.integrate import quad
from scipy.stats import chi2

from physics.decays import registry
from physics.decays.dalitz import HEADER, TERM, dalitz
from physics.random import new_stream, open_stream, stream_key

D0, DP, DS = (421, 1.86484, 1), (411, 1.86966, 1), (431, 1.96835, 1)
KM, KP, PIP, PIM, PI0, KS = (
    (-321, 0.493677, 1), (321, 0.493677, 1), (211, 0.13957, 1), (-211, 0.13957, 1), (111, 0.134977, 1),
    (310, 0.497611, 1),
)  # fmt: skip
MODES = [
    (D0, [KM, PIP, PI0]), (D0, [KS, PIP, PIM]), (D0, [KS, KP, KM]), (D0, [PIP, PIM, PI0]),
    (DP, [KM, PIP, PIP]), (DP, [KS, PIP, PI0]), (DP, [KP, KM, PIP]), (DP, [KP, PIP, PIM]), (DP, [PIP, PIP, PIM]),
    (DS, [KP, KM, PIP]), (DS, [KP, PIP, PIM]), (DS, [PIP, PIP, PIM]),
]  # fmt: skip


def streams(seed=11):
    stream = new_stream()
    open_stream(stream, stream_key(seed, "test"), 0, 0, 0)
    return stream


def fractions(model, n=4000):
    """Fit fractions ∫|aᵢ|²/∫|Σa|² of every term, by phase-space Monte Carlo."""
    points, weights = flat_three_body(model.masses, n, np.random.default_rng(2))
    total = np.dot(weights, [model.rate(p) for p in points])
    result = []
    for k in range(int(model.parameters[0])):
        row = model.parameters.copy()
        row[0], row[1], row[2] = 1, 0, 0
        row[HEADER : HEADER + TERM] = model.parameters[HEADER + TERM * k : HEADER + TERM * (k + 1)]
        amp = np.zeros(1, complex)

        def strength(p, row=row, amp=amp):
            dalitz(row, p, model.masses, amp)
            return abs(amp[0]) ** 2

        result.append(np.dot(weights, [strength(p) for p in points]) / total)
    return result


def test_fit_fractions_of_d0_to_k_pi_pi0():
    """CLEO, Phys. Rev. D63 (2001) 092001, table: ρ⁺ 78.8 %, K̄*⁰ 12.7 %, K*⁻ 16.1 %, K₀*⁻ 3.3 %, K̄₀*⁰ 4.1 %."""
    rho, kstar0, kstar, scalar, scalar0, *_ = fractions(Model("D_DALITZ", [], *MODES[0]))
    assert rho == pytest.approx(0.788, abs=0.06)
    assert kstar0 == pytest.approx(0.127, abs=0.015)
    assert kstar == pytest.approx(0.161, abs=0.015)
    assert scalar == pytest.approx(0.033, abs=0.01)
    assert scalar0 == pytest.approx(0.041, abs=0.01)


def test_fit_fractions_of_ks_pi_pi():
    """CLEO, Phys. Rev. Lett. 89 (2002) 251802: K*⁻ 65.7 %, ρ⁰ 26.4 %, K₀*⁻ 7.3 %."""
    values = fractions(Model("D_DALITZ", [], *MODES[1]))
    assert values[0] == pytest.approx(0.657, abs=0.06)
    assert values[5] == pytest.approx(0.264, abs=0.03)
    assert values[1] == pytest.approx(0.073, abs=0.02)


@pytest.mark.parametrize("mode", range(len(MODES)))
def test_direct_sampling_equals_weighting(mode):
    """χ² of the three pair masses and of cos of daughter 1: drawn points against weighted phase space."""
    model = Model("D_DALITZ", [], *MODES[mode])
    stream, n = streams(mode), 4000
    drawn = np.empty((n, 3, 4))
    for i in range(n):
        assert model.draw(stream, drawn[i])
    assert np.allclose(drawn[:, :, :3].sum(axis=1), 0, atol=1e-9)
    assert np.allclose(drawn[:, :, 3].sum(axis=1), model.masses[0])
    assert np.allclose(drawn[..., 3] ** 2 - (drawn[..., :3] ** 2).sum(axis=-1), model.masses[1:] ** 2, atol=1e-9)
    points, weights = flat_three_body(model.masses, 20000, np.random.default_rng(7))
    weights = weights * [model.rate(p) for p in points]
    for value in (lambda p: p[:, 0, 3], lambda p: p[:, 1, 3], lambda p: p[:, 2, 3], lambda p: p[:, 0, 2]):
        edges = np.quantile(value(drawn), np.linspace(0, 1, 16))
        edges[0], edges[-1] = -np.inf, np.inf
        counts = np.histogram(value(drawn), edges)[0]
        wanted = np.histogram(value(points), edges, weights=weights)[0]
        spread = np.histogram(value(points), edges, weights=weights**2)[0]
        scale = n / weights.sum()
        statistic = np.sum((counts - scale * wanted) ** 2 / (counts + scale**2 * spread))
        assert chi2.sf(statistic, 14) > 1e-4


def test_charge_conjugate_is_the_same_plot():
    """D̄⁰ → K⁺π⁻π⁰ at the same momenta has the amplitude of D⁰ → K⁻π⁺π⁰, whatever the order of daughters."""
    one = Model("D_DALITZ", [], D0, [KM, PIP, PI0])
    two = Model("D_DALITZ", [], (-421, 1.86484, 1), [PI0, KP, PIM])
    p = three_body_point(one.masses, np.random.default_rng(1))
    assert one(p) == pytest.approx(two(p[[2, 0, 1]]), rel=1e-9)


def test_identical_pions_are_symmetric():
    for mode in (4, 8, 11):
        model = Model("D_DALITZ", [], *MODES[mode])
        same = [i for i, d in enumerate(MODES[mode][1]) if d == PIP]
        p = three_body_point(model.masses, np.random.default_rng(1))
        swapped = p.copy()
        swapped[same] = p[same[::-1]]
        assert abs(model(p).item()) == pytest.approx(abs(model(swapped).item()), rel=1e-9)


def test_phi_peak_of_ds():
    """D_s⁺ → K⁺K⁻π⁺: φπ⁺ and K̄*⁰K⁺ carry 41.4 % and 47.9 % (BaBar, arXiv:1011.4190)."""
    values = fractions(Model("D_DALITZ", [], *MODES[9]), 20000)
    assert values[3] == pytest.approx(0.414, abs=0.05)
    assert values[0] == pytest.approx(0.479, abs=0.05)


ETA, ETAP, OMEGA = (221, 0.547862, 1), (331, 0.95778, 1), (223, 0.78266, 3)


def test_eta_to_three_pi0_slope():
    """|A|² = 1 + 2αz with z from the radius in the Dalitz plot: symmetric, 1 in the middle."""
    model = Model("ETA_PI0DALITZ", [-0.0135], ETA, [PI0, PI0, PI0])
    p = three_body_point(model.masses, np.random.default_rng(3))
    z = 6 * np.sum((p[:, 3] - ETA[1] / 3) ** 2) / (ETA[1] - 3 * PI0[1]) ** 2
    assert model.rate(p) == pytest.approx(1 - 2 * 0.0135 * z)
    assert 0 <= z <= 1


def test_eta_to_charged_pions():
    """|A|² = 1 − 1.128 Y …: falls with the π⁰ energy."""
    model = Model("ETA_FULLDALITZ", [-1.128, 0.153, 0, 0.085, 0, 0.173], ETA, [PIM, PIP, PI0])
    points, _ = flat_three_body(model.masses, 400, np.random.default_rng(3))
    y = 3 * (points[:, 2, 3] - PI0[1]) / (ETA[1] - 2 * PIP[1] - PI0[1]) - 1
    rates = np.array([model.rate(p) for p in points])
    x = math.sqrt(3) * (points[:, 0, 3] - points[:, 1, 3]) / (ETA[1] - 2 * PIP[1] - PI0[1])
    assert np.allclose(rates, 1 - 1.128 * y + 0.153 * y**2 + 0.085 * x**2 + 0.173 * y**3)


def test_eta_prime():
    model = Model("ETAPRIME_DALITZ", [-0.047, -0.069, 0.0, 0.073], ETAP, [PIP, PIM, ETA])
    p = three_body_point(model.masses, np.random.default_rng(3))
    q = ETAP[1] - ETA[1] - 2 * PIP[1]
    y = (ETA[1] + 2 * PIP[1]) / PIP[1] * (p[2, 3] - ETA[1]) / q - 1
    x = math.sqrt(3) * (p[0, 3] - p[1, 3]) / q
    assert model.rate(p) == pytest.approx(1 - 0.047 * y - 0.069 * y**2 + 0.073 * x**2)


def test_omega_is_normal_to_its_plane():
    """|A|² summed over m is |p₁ × p₂|²; a state m = 0 along z prefers the plane's normal along z: cos²."""
    model = Model("OMEGA_DALITZ", [], OMEGA, [PIM, PIP, PI0])
    points, _ = flat_three_body(model.masses, 20, np.random.default_rng(3))
    for p in points:
        normal = np.cross(p[0, :3], p[1, :3])
        norm = 1.14 / (OMEGA[1] ** 2 / 9 - PIP[1] ** 2)
        assert model.rate(p) == pytest.approx(norm**2 * normal @ normal)
        assert abs(model(p)[1].item()) ** 2 == pytest.approx(norm**2 * normal[2] ** 2)


def test_pi0_dalitz_spectrum():
    """Drawn q² against the Kroll–Wada integral (scipy), and |A|² against the same formula."""
    m, big = 0.000511, 0.134977
    model = Model("PI0_DALITZ", [], (111, big, 1), [(-11, m, 2), (11, m, 2), (22, 0.0, 2)])
    stream, n = streams(), 20000
    p = np.empty((3, 4))
    q2 = np.empty(n)
    for i in range(n):
        assert model.draw(stream, p)
        q2[i] = big * (big - 2 * p[2, 3])
    assert np.allclose(p[:, :3].sum(axis=0), 0, atol=1e-12)

    def spectrum(log_q2):
        s = math.exp(log_q2)
        form = 1 / ((1 - s / 0.768**2) ** 2 + (0.151 / 0.768) ** 2)
        beta = math.sqrt(max(0.0, 1 - 4 * m * m / s))
        return (1 - s / big**2) ** 3 * beta * (1 + 2 * m * m / s) * form

    low, high = math.log(4 * m * m), math.log(big**2)
    edges = np.linspace(low, high, 13)
    wanted = np.array([quad(spectrum, a, b)[0] for a, b in pairwise(edges)])
    wanted *= n / wanted.sum()
    counts = np.histogram(np.log(q2), edges)[0]
    keep = wanted > 5
    assert chi2.sf(np.sum((counts - wanted)[keep] ** 2 / wanted[keep]), keep.sum() - 1) > 1e-4
    # |A|² averaged over the angle at fixed q²
    s = 0.004
    rates = []
    x, w = np.polynomial.legendre.leggauss(4)
    for c in x:
        beta, e = math.sqrt(1 - 4 * m * m / s), (big**2 - s) / (2 * big)
        ea = 0.5 * (big - e + beta * e * c)
        point = np.array([[0, 0, 0, ea], [0, 0, 0, big - e - ea], [0, 0, -e, e]])
        rates.append(model.rate(point))
    expected = 4 * m * m / s * (1 - s / big**2) ** 2 * (4 / 3) * (1 + 2 * m * m / s)
    expected /= (1 - s / 0.768**2) ** 2 + (0.151 / 0.768) ** 2
    assert np.dot(w, rates) / 2 == pytest.approx(expected, rel=1e-4)


def test_dipion_transitions():
    """ψ(2S) → J/ψππ: |A|² ∝ (m² − 4m_π²)² (1 + p²/3m²-like boost of ε'); the mother's polarisation is handed on."""
    model = Model("VVPIPI", [], (100443, 3.686, 3), [(443, 3.0969, 3), PIP, PIM])
    points, _ = flat_three_body(model.masses, 30, np.random.default_rng(3))
    for p in points:
        s = 3.686**2 + 3.0969**2 - 2 * 3.686 * p[0, 3]
        k2 = p[0, :3] @ p[0, :3]
        assert model.rate(p) == pytest.approx((s - 4 * PIP[1] ** 2) ** 2 * (3 + k2 / 3.0969**2), rel=1e-9)
    cleo = Model("YMSTOYNSPIPICLEOBOOST", [-2.523, 1.189], (200553, 10.3552, 3), [(553, 9.4604, 3), PIP, PIM])
    p = flat_three_body(cleo.masses, 1, np.random.default_rng(3))[0][0]
    s = 10.3552**2 + 9.4604**2 - 2 * 10.3552 * p[0, 3]
    element = abs(s - 2 * PIP[1] ** 2 + complex(-2.523, 1.189) * p[1, 3] * p[2, 3]) ** 2
    assert cleo.rate(p) == pytest.approx(element * (3 + p[0, :3] @ p[0, :3] / 9.4604**2), rel=1e-9)


def test_unknown_final_state():
    with pytest.raises(ValueError, match="no isobar model"):
        registry.prepare("D_DALITZ", [], D0, [KM, KM, PIP])


def test_b0_to_three_pions_is_three_rhos():
    """BTO3PI_CP against ρ⁺, ρ⁻ and ρ⁰ of equal strength, written out: Zemach's p·q, Breit–Wigner, barriers."""
    big = 5.27972
    model = Model("BTO3PI_CP", [507.0, 1.365], (511, big, 1), [PIP, PIM, (111, 0.1349768, 1)])
    m = model.masses[1:]

    def mass2(p):
        return p[3] ** 2 - p[:3] @ p[:3]

    def momentum(a, b, c):
        return math.sqrt((a**2 - (b + c) ** 2) * (a**2 - (b - c) ** 2)) / (2 * a)

    def rho(p, a, b):
        c = 3 - a - b
        s, (m0, width) = mass2(p[a] + p[b]), (0.7753, 0.1491)
        q, q0 = momentum(math.sqrt(s), m[a], m[b]), momentum(m0, m[a], m[b])
        k, k0 = momentum(big, math.sqrt(s), m[c]), momentum(big, m0, m[c])
        f = (1 + (1.5 * q0) ** 2) / (1 + (1.5 * q) ** 2)
        g = (1 + (5.0 * k0) ** 2) / (1 + (5.0 * k) ** 2)
        running = width * (q / q0) ** 3 * (m0 / math.sqrt(s)) * f
        s_ac, s_bc = mass2(p[a] + p[c]), mass2(p[b] + p[c])
        spin = s_bc - s_ac + (big**2 - m[c] ** 2) * (m[a] ** 2 - m[b] ** 2) / s
        return math.sqrt(f * g) * spin / (m0**2 - s - 1j * m0 * running)

    rng, ratios = np.random.default_rng(8), []
    for _ in range(40):
        p = three_body_point(model.masses, rng)
        ratios.append(model.rate(p) / abs(rho(p, 0, 2) + rho(p, 2, 1) + rho(p, 1, 0)) ** 2)
    assert np.allclose(ratios, ratios[0], rtol=1e-6)
