"""B → K(*)ℓ⁺ℓ⁻ against the textbook rates, with lepton masses, and the direct sampling."""

import math

import numpy as np
import pytest
from decay_chains import Model, boosted, flat_three_body, two_body_point
from scipy.stats import chi2

from physics.decays import penguin, registry
from physics.form_factors import sum_rules
from physics.random import new_stream, open_stream, stream_key

BBAR, BMINUS = (-511, 5.27966, 1), (-521, 5.27934, 1)
KM, KSTAR = (-321, 0.493677, 1), (-313, 0.8955, 3)
E, MU, TAU = (11, 0.000511, 2), (13, 0.105658, 2), (15, 1.77693, 2)


def anti(particle):
    return (-particle[0], *particle[1:])


def at_q2(masses, q2, cosine, phi=0.3):
    """Meson along z; the ℓ⁻ at ``cosine`` to the pair's direction in the pair's frame."""
    m0, m1, m2, m3 = masses
    first = two_body_point(m0, m1, math.sqrt(q2), (0, 0, 1))
    s = math.sqrt(1 - cosine**2)
    inner = two_body_point(math.sqrt(q2), m2, m3, (s * math.cos(phi), s * math.sin(phi), -cosine))
    return np.array([first[0], boosted(inner[0], first[1]), boosted(inner[1], first[1])])


def average(model, q2, moment=lambda c: 1.0):
    x, w = np.polynomial.legendre.leggauss(6)
    return sum(0.5 * b * moment(a) * model.rate(at_q2(model.masses, q2, a)) for a, b in zip(x, w, strict=True))


@pytest.mark.parametrize("lepton", [MU, TAU])
def test_k_ll_rate(lepton):
    """Mean Σ|A|² of B → Kℓℓ (Bobeth, Hiller and Piranishvili, arXiv:0709.4174, eqs. 2.3–2.8), lepton mass exact."""
    model = Model("BTOSLLBALL", [], BMINUS, [KM, lepton, anti(lepton)])
    big, m, ml = BMINUS[1], KM[1], lepton[1]
    for q2 in (1.2 * 4 * ml * ml + 0.3, 18.0):
        k = math.sqrt(((big + m) ** 2 - q2) * ((big - m) ** 2 - q2)) / (2 * big)
        plus, zero, tensor = sum_rules.kaon("ali01", q2, big)
        c9 = penguin.c9_effective(q2)
        vector = c9 * plus + 2 * penguin.M_BOTTOM * penguin.C7_EFF * tensor / (big + m)
        d = 4 * ml * ml / q2
        # four helicity sums of massive vector and axial currents, |H₀|² = 4M²k²|…|²/q², |H_t|² = (M² − m²)² f₀²/q²
        rate = 4 * big**2 * k**2 * (abs(vector) ** 2 * (1 + d / 2) + (penguin.C10 * plus) ** 2 * (1 - d))
        rate += 1.5 * d * (big**2 - m**2) ** 2 * (penguin.C10 * zero) ** 2
        assert average(model, q2) == pytest.approx(4 / 3 * rate, rel=3e-3)


def test_kstar_longitudinal_fraction_and_asymmetry():
    """F_L and A_FB of B̄ → K*µµ from the transversity amplitudes of arXiv:0811.1214 in the massless limit."""
    model = Model("BTOSLLBALL", [], BBAR, [KSTAR, E, anti(E)])
    big, m = BBAR[1], KSTAR[1]
    for q2 in (1.0, 6.0, 16.0):
        lam = ((big + m) ** 2 - q2) * ((big - m) ** 2 - q2)
        names = ("V", "A1", "A12", "A0", "T1", "T2", "T23")
        f = dict(zip(names, sum_rules.kstar("ali01", np.array(q2), big, m), strict=True))
        c9, c7 = penguin.c9_effective(q2), 2 * penguin.M_BOTTOM * penguin.C7_EFF
        perp, par, zero = [], [], []
        for sign in (-1, 1):
            c = c9 + sign * penguin.C10
            perp.append(math.sqrt(2 * lam) * (c * f["V"] / (big + m) + c7 / q2 * f["T1"]))
            par.append(-math.sqrt(2) * (big**2 - m**2) * (c * f["A1"] / (big - m) + c7 / q2 * f["T2"]))
            bracket = c * 16 * big * m**2 * f["A12"] + c7 * 8 * big * m**2 * f["T23"] / (big + m)
            zero.append(-bracket / (2 * m * math.sqrt(q2)))
        total = sum(abs(x) ** 2 for x in perp + par + zero)
        strength = np.zeros(3)
        x, w = np.polynomial.legendre.leggauss(6)
        for c, b in zip(x, w, strict=True):
            strength += b * np.sum(np.abs(model(at_q2(model.masses, q2, c))) ** 2, axis=(0, 2, 3))
        assert strength[1] / strength.sum() == pytest.approx(sum(abs(z) ** 2 for z in zero) / total, rel=5e-3)
        # ⟨cosθ⟩ of the ℓ⁻ to the pair: as in b → cℓ⁻ν̄ (forward) at high q², where C₉ − C₁₀ rules; C₇ turns it at low q²
        mean = average(model, q2, lambda c: c) / average(model, q2)
        wanted = sum(s * 2 * (p * q.conjugate()).real for s, p, q in zip((-1, 1), par, perp, strict=True)) / (2 * total)
        assert mean == pytest.approx(wanted, abs=4e-3)
        assert (mean > 0) == (q2 > 4)


def test_charge_conjugate_mirrors():
    one = Model("BTOSLLBALL", [], BBAR, [KSTAR, TAU, anti(TAU)])
    two = Model("BTOSLLBALL", [], anti(BBAR), [anti(KSTAR), anti(TAU), TAU])
    p = at_q2(one.masses, 14.5, 0.4)
    reverse = p * np.array([-1, -1, -1, 1])
    assert np.allclose(np.abs(one(p)), np.abs(two(reverse))[:, ::-1, ::-1, ::-1], rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "mother", "meson", "lepton"),
    [
        ("BTOSLLBALL", BMINUS, KM, MU),
        ("BTOSLLBALL", BBAR, KSTAR, MU),
        ("BTOSLLBALL", BMINUS, KM, TAU),
        ("BTOSLLALI", (-531, 5.36692, 1), (333, 1.01946, 3), MU),
    ],
)
def test_direct_sampling_equals_weighting(name, mother, meson, lepton):
    model = Model(name, [], mother, [meson, anti(lepton), lepton])
    stream, n = new_stream(), 3000
    open_stream(stream, stream_key(5, "test"), 0, 0, 0)
    drawn = np.empty((n, 3, 4))
    for i in range(n):
        assert model.draw(stream, drawn[i])
    assert np.allclose(drawn[:, :, :3].sum(axis=1), 0, atol=1e-9)
    points, weights = flat_three_body(model.masses, 10000, np.random.default_rng(7))
    weights = weights * [model.rate(p) for p in points]
    for value in (lambda p: p[:, 0, 3], lambda p: p[:, 1, 3], lambda p: p[:, 2, 3]):
        edges = np.quantile(value(drawn), np.linspace(0, 1, 13))
        edges[0], edges[-1] = -np.inf, np.inf
        counts = np.histogram(value(drawn), edges)[0]
        wanted = np.histogram(value(points), edges, weights=weights)[0]
        spread = np.histogram(value(points), edges, weights=weights**2)[0]
        scale = n / weights.sum()
        statistic = np.sum((counts - scale * wanted) ** 2 / (counts + scale**2 * spread))
        assert chi2.sf(statistic, 11) > 1e-4


def test_electron_pole():
    """K*e⁺e⁻: a good part of the pairs sits at the photon pole, half of those below about 2 % of the muon threshold."""
    model = Model("BTOSLLBALL", [], BBAR, [KSTAR, anti(E), E])
    stream = new_stream()
    open_stream(stream, stream_key(5, "test"), 0, 0, 0)
    p = np.empty((3, 4))
    q2 = []
    for _ in range(2000):
        assert model.draw(stream, p)
        q2.append(BBAR[1] ** 2 + KSTAR[1] ** 2 - 2 * BBAR[1] * p[0, 3])
    low = np.mean(np.array(q2) < 4 * MU[1] ** 2)
    assert 0.1 < low < 0.4


def test_errors_say_what():
    with pytest.raises(ValueError, match="lepton pair"):
        registry.prepare("BTOSLLBALL", [], BBAR, [KSTAR, E, E])
    with pytest.raises(ValueError, match="no form factors"):
        registry.prepare("BTOSLLBALL", [], BBAR, [(-413, 2.01, 3), E, anti(E)])


def test_ball_zwicky_at_zero():
    """f₊(0) = 0.335, A₁(0) = 0.292 − T₁(0) = 0.333 and the relations at q² = 0 (hep-ph/0406232, hep-ph/0412079)."""
    plus, zero, tensor = sum_rules.kaon("ball_zwicky", np.array(0.0), 5.28)
    assert (plus, zero, tensor) == pytest.approx((0.335, 0.330, 0.359), abs=0.002)
    v, a1, a12, a0, t1, t2, t23 = sum_rules.kstar("ball_zwicky", np.array(1e-4), 5.28, 0.896)
    assert (v, a1, a0, t1, t2) == pytest.approx((0.412, 0.290, 0.374, 0.332, 0.332), abs=0.002)
    # A₁₂(0) and A₀(0): arXiv:1503.05534, eq. 23
    assert a12 == pytest.approx(a0 * (5.28**2 - 0.896**2) / (8 * 5.28 * 0.896), rel=0.03)
    assert t23 > 0


def test_kaon_spectrum_against_evtgen():
    """q² of B⁺ → K⁺µ⁺µ⁻ before radiation: means of EvtGen's BTOSLLBALL (200 000 events: 9.437 GeV²)."""
    model = Model("BTOSLLBALL", [], (521, 5.27934, 1), [(321, 0.493677, 1), anti(MU), MU])
    q2 = np.linspace(0.05, 22.85, 400)
    k = np.sqrt(((5.27934 + 0.493677) ** 2 - q2) * ((5.27934 - 0.493677) ** 2 - q2))
    rate = k * np.sqrt(1 - 4 * MU[1] ** 2 / q2) * [average(model, x) for x in q2]
    assert np.sum(q2 * rate) / np.sum(rate) == pytest.approx(9.437, abs=0.12)
