"""Semileptonic amplitudes against textbook rates, covariant matrix elements and rotations."""

import math

import numpy as np
import pytest
from decay_chains import Model, boosted, flat_three_body, own_axes, three_body_point, two_body_point
from scipy.integrate import quad
from scipy.stats import chi2

from physics.decays import registry
from physics.decays.semileptonic import SEMILEPTONIC
from physics.decays.species import Species
from physics.form_factors.isgw2 import Isgw2
from physics.penguins import kstar_nunu_weights
from physics.random import new_stream, open_stream, stream_key

BGL_VECTOR = [0.02596, -0.06049, 0.01311, 0.01713, 0.00753, -0.09346]
BGL_SCALAR = [0.0126, -0.094, 0.34, -0.1, 0.0115, -0.057, 0.12, 0.4]
BBAR, B = (-511, 5.27966, 1), (511, 5.27966, 1)
DSTAR, D = (413, 2.01026, 3), (411, 1.86966, 1)
E, MU, TAU = (11, 0.000511, 2), (13, 0.105658, 2), (15, 1.77693, 2)


def nubar(lepton):
    return (-lepton[0] - 1, 0.0, 1)


def anti(particle):
    return (-particle[0], *particle[1:])


def at_q2(masses, q2, cos_theta, phi):
    """Daughters (meson along z, lepton, neutrino) with the lepton's angle in the W frame measured from the W's."""
    m0, m1, m2, m3 = masses
    first = two_body_point(m0, m1, math.sqrt(q2), (0, 0, 1))
    s = math.sqrt(1 - cos_theta**2)
    inner = two_body_point(math.sqrt(q2), m2, m3, (s * math.cos(phi), s * math.sin(phi), -cos_theta))
    return np.array([first[0], boosted(inner[0], first[1]), boosted(inner[1], first[1])])


def angular_average(model, q2, moment=lambda c: 1.0):
    """Mean of Σ|A|² (times a moment of cosθ_ℓ) over the lepton's direction, by Gauss–Legendre."""
    x, w = np.polynomial.legendre.leggauss(8)
    return sum(0.5 * b * moment(a) * model.rate(at_q2(model.masses, q2, a, 0.4)) for a, b in zip(x, w, strict=True))


def helicity_amplitudes(model_name, args, mother, meson, q2):
    """|H₊|², |H₋|², |H₀|², |H_t|² of the textbooks (Körner and Schuler 1990) from the form factors."""
    big, m = mother[1], meson[1]
    values = [v[0] for v in SEMILEPTONIC[model_name](args, np.array([q2]), Species(*mother), Species(*meson))]
    k = math.sqrt(((big + m) ** 2 - q2) * ((big - m) ** 2 - q2)) / (2 * big)
    root = math.sqrt(q2)
    if meson[2] == 1:
        plus, zero = values
        return 0.0, 0.0, 2 * big * k * plus / root, (big**2 - m**2) * zero / root
    v, a1, a2, a0 = values
    h0 = ((big**2 - m**2 - q2) * (big + m) * a1 - 4 * big**2 * k**2 * a2 / (big + m)) / (2 * m * root)
    bend = 2 * big * k * v / (big + m)
    return (big + m) * a1 - bend, (big + m) * a1 + bend, h0, 2 * big * k * a0 / root


CASES = [
    ("BGL", BGL_VECTOR, BBAR, DSTAR, MU),
    ("BGL", BGL_SCALAR, BBAR, D, MU),
    ("HQET3", [0.912, 1.205, 1.15, 1.404, 0.854], BBAR, DSTAR, TAU),
    ("HQET3", [1.0541, 1.128, 1.0], BBAR, D, TAU),
    ("LLSW", [0.71, -1.6, -0.5, 2.9], BBAR, (10413, 2.4221, 3), TAU),
    ("LLSW", [0.68, -0.2, 0.3], BBAR, (20413, 2.445, 3), MU),
    ("LLSW", [0.68, -0.2, 0.3], BBAR, (10411, 2.343, 1), MU),
    ("BCL", [0.424, -0.484, -0.658, 0, 0.561, -1.393, 0.763, 0], BBAR, (211, 0.13957, 1), MU),
    ("BCL", [-0.86, 1.43, 0.26, 0.38, 0.16, 0.29, 0.72, 0.37, 0.33, -0.87, 1.88], BBAR, (213, 0.775, 3), MU),
    ("ISGW2", [], (431, 1.96835, 1), (333, 1.01946, 3), anti(MU)),
    ("ISGW2", [], (-521, 5.279, 1), (221, 0.54786, 1), MU),
    ("SLPOLE", [1, -0.558, 0, 1, 0.85, -0.558, 0, 1, 1.5, -0.79, 0, 1, 0, -0.558, 0, 1],
     (411, 1.86966, 1), (-313, 0.8955, 3), anti(MU)),
    ("SLBKPOLE", [1, 0.303, 1, 2.112], (421, 1.86484, 1), (-321, 0.493677, 1), anti(E)),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c[0]}-{c[3][0]}")
@pytest.mark.parametrize("x", [0.02, 0.4, 0.83])
def test_rate_against_helicity_formula(case, x):
    """⟨Σ|A|²⟩ = (2/3) q² (1 − m²/q²) [(H₊² + H₋² + H₀²)(1 + m²/2q²) + (3m²/2q²) H_t²] (Körner and Schuler)."""
    name, args, mother, meson, lepton = case
    model = Model(name, args, mother, [meson, lepton, nubar(lepton) if lepton[0] > 0 else (1 - lepton[0], 0.0, 1)])
    low, high = lepton[1] ** 2, (mother[1] - meson[1]) ** 2
    q2 = low + x * (high - low)
    plus, minus, zero, time = helicity_amplitudes(name, args, mother, meson, q2)
    d = lepton[1] ** 2 / q2
    wanted = (plus**2 + minus**2 + zero**2) * (1 + d / 2) + 1.5 * d * time**2
    assert angular_average(model, q2) == pytest.approx(2 / 3 * q2 * (1 - d) * wanted, rel=2e-3)


@pytest.mark.parametrize(
    ("mother", "meson", "lepton"), [(BBAR, DSTAR, E), ((411, 1.86966, 1), (-313, 0.8955, 3), anti(E))]
)
def test_forward_backward_asymmetry(mother, meson, lepton):
    """∫ cosθ_ℓ dΓ: with the lepton's angle from the W direction, ℓ⁻ (ℓ⁺) gives −(+) (H₊² − H₋²)/2 … signs of V − A.

    b → c ℓ⁻ν̄: the ℓ⁻ goes with the W's spin reversed; H₋ dominates and A_FB = ¾ (H₋² − H₊²)/ΣH² > 0 for ℓ⁻.
    c → s ℓ⁺ν: the ℓ⁺ is emitted the other way round and A_FB < 0.
    """
    args = BGL_VECTOR if lepton[0] > 0 else CASES[11][1]
    name = "BGL" if lepton[0] > 0 else "SLPOLE"
    neutrino = nubar(lepton) if lepton[0] > 0 else (1 - lepton[0], 0.0, 1)
    model = Model(name, args, mother, [meson, lepton, neutrino])
    q2 = 0.5 * (mother[1] - meson[1]) ** 2
    plus, minus, zero, _ = helicity_amplitudes(name, args, mother, meson, q2)
    measured = angular_average(model, q2, lambda c: c) / angular_average(model, q2)
    wanted = 0.5 * (minus**2 - plus**2) / (plus**2 + minus**2 + zero**2)
    assert measured == pytest.approx(wanted if lepton[0] > 0 else -wanted, rel=2e-3)


def test_charge_conjugation_mirrors_helicities():
    """B → D̄*ℓ⁺ν has the rates of B̄ → D*ℓ⁻ν̄ with all helicities turned round."""
    model = Model("BGL", BGL_VECTOR, BBAR, [DSTAR, TAU, nubar(TAU)])
    mirrored = Model("BGL", BGL_VECTOR, B, [anti(DSTAR), anti(TAU), (16, 0.0, 1)])
    rng = np.random.default_rng(4)
    for _ in range(10):
        p = three_body_point(model.masses, rng)
        # parity: reversed momenta
        reverse = p * np.array([-1, -1, -1, 1])
        assert np.allclose(np.abs(model(p)), np.abs(mirrored(reverse))[:, ::-1, ::-1], rtol=1e-9)


def test_d_star_longitudinal_fraction():
    """F_L(D*) = ∫H₀²/∫ΣH² and D* → Dπ follows (1 − F_L) sin²/2 + F_L cos² through the density matrix."""
    model = Model("BGL", BGL_VECTOR, BBAR, [DSTAR, E, nubar(E)])
    decay = Model("VSS", [], DSTAR, [(421, 1.86484, 1), (211, 0.13957, 1)])
    q2 = 5.0
    plus, minus, zero, _ = helicity_amplitudes("BGL", BGL_VECTOR, BBAR, DSTAR, q2)
    fraction = zero**2 / (plus**2 + minus**2 + zero**2)
    x, w = np.polynomial.legendre.leggauss(8)
    phis = np.linspace(0, 2 * math.pi, 8, endpoint=False)
    amps = [(b, model(at_q2(model.masses, q2, a, f))[0, :, :, 0]) for a, b in zip(x, w, strict=True) for f in phis]
    rho = sum(b * a @ a.conj().T for b, a in amps)
    rates = []
    for c in x:
        d = decay(two_body_point(*decay.masses, (math.sqrt(1 - c * c), 0, c)))[:, 0, 0]
        rates.append((d @ rho @ d.conj()).real)
    wanted = (1 - fraction) * (1 - x**2) / 2 + fraction * x**2
    assert np.allclose(np.array(rates) / np.dot(w, rates), wanted / np.dot(w, wanted), atol=1e-4)


METRIC = np.diag([1.0, -1, -1, -1])
SIGMA = [np.eye(2), np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1.0, -1.0])]
GAMMA = [np.block([[np.zeros((2, 2)), SIGMA[0]], [SIGMA[0], np.zeros((2, 2))]])] + [
    np.block([[np.zeros((2, 2)), SIGMA[k]], [-SIGMA[k], np.zeros((2, 2))]]) for k in (1, 2, 3)
]
LEFT = np.diag([1, 1, 0, 0]).astype(complex)


def levi_civita():
    eps = np.zeros((4, 4, 4, 4))
    from itertools import permutations

    for perm in permutations(range(4)):
        eps[perm] = round(np.linalg.det(np.eye(4)[list(perm)]))
    return eps


def four(p):
    return np.array([p[3], *p[:3]])


def test_chain_against_covariant_matrix_element():
    """B̄ → D*(→ Dπ) τ⁻(→ πν) ν̄: joined helicity amplitudes = Feynman amplitude, all interferences and the τ mass.

    The D* propagates as Σ ε* ε, the τ as p̸ + m; no spinor of :mod:`physics.spin` is used on the covariant side.
    """
    args = [0.912, 1.205, 1.15, 1.404, 0.854]
    first = Model("HQET3", args, BBAR, [DSTAR, TAU, (-16, 0.0, 1)])
    dstar = Model("VSS", [], DSTAR, [(421, 1.86484, 1), (211, 0.13957, 1)])
    tau = Model("TAUSCALARNU", [], TAU, [(-211, 0.13957, 1), (16, 0.0, 1)])
    rng = np.random.default_rng(5)
    eps = levi_civita()
    ratios = []
    for _ in range(12):
        p = three_body_point(first.masses, rng)
        pd, pt = (
            two_body_point(*dstar.masses, rng.normal(size=3)),
            two_body_point(*tau.masses, rng.normal(size=3)),
        )
        chain = np.einsum("ij,i,j", first(p)[0, :, :, 0], dstar(pd)[:, 0, 0], tau(pt)[:, 0, 0])

        def into(frame, q):
            return boosted(np.array([*(own_axes(frame) @ q[:3]), q[3]]), frame)

        d, pi = (four(into(p[0], q)) for q in pd)
        tau_pi, tau_nu = (four(into(p[1], q)) for q in pt)
        pb, pv, q = np.array([BBAR[1], 0, 0, 0]), four(p[0]), four(p[1]) + four(p[2])
        q2, big, m = q @ METRIC @ q, BBAR[1], DSTAR[1]
        v, a1, a2, a0 = (x[0] for x in SEMILEPTONIC["HQET3"](args, np.array([q2]), Species(*BBAR), Species(*DSTAR)))
        e = (d - pi) - pv * (pv @ METRIC @ (d - pi)) / m**2  # Σ ε* (ε·(p_D − p_π)) up to a sign
        low = METRIC @ e
        a3 = (big + m) / (2 * m) * a1 - (big - m) / (2 * m) * a2
        eq = e @ METRIC @ q
        current = (big + m) * a1 * e - a2 / (big + m) * eq * (pb + pv) - 2 * m * (a3 - a0) / q2 * eq * q
        cross = METRIC @ np.einsum("mnab,n,a,b->m", eps, e, pb, pv)  # ε with upper arguments, index lowered
        slash = {name: sum((METRIC @ x)[k] * GAMMA[k] for k in range(4)) for name, x in
                 {"pi": tau_pi, "tau": four(p[1]), "nu": tau_nu, "nubar": four(p[2])}.items()}  # fmt: skip
        values = []
        for sign in (1, -1):
            total = current + sign * 2j * v / (big + m) * cross
            weak = sum((METRIC @ total)[k] * GAMMA[k] for k in range(4))
            chain_matrix = slash["pi"] @ LEFT @ (slash["tau"] + TAU[1] * np.eye(4)) @ weak @ LEFT
            bar = GAMMA[0] @ chain_matrix.conj().T @ GAMMA[0]
            values.append(np.trace(slash["nu"] @ chain_matrix @ slash["nubar"] @ bar).real)
        ratios.append([abs(chain) ** 2 / x for x in values])
        assert low is not None
    ratios = np.array(ratios) / np.mean(ratios, axis=0)
    spread = np.std(ratios, axis=0)
    assert spread.min() < 2e-3  # one of the two signs of ε_{µναβ} is the convention
    assert spread.max() > 0.05  # and the other one is told apart


@pytest.mark.parametrize("case", [*CASES, ("LLSW", [0.71, -1.6, -0.5, 2.9], BBAR, (415, 2.4611, 5), TAU)],
                         ids=lambda c: f"{c[0]}-{c[3][0]}")  # fmt: skip
def test_rotations_leave_rates_alone(case):
    """A turned event has the same |A| for every set of helicities."""
    name, args, mother, meson, lepton = case
    model = Model(name, args, mother, [meson, lepton, nubar(lepton) if lepton[0] > 0 else (1 - lepton[0], 0.0, 1)])
    rng = np.random.default_rng(6)
    p = three_body_point(model.masses, rng)
    turn = own_axes(rng.normal(size=3)) @ own_axes(rng.normal(size=3))
    turned = np.column_stack([p[:, :3] @ turn.T, p[:, 3]])
    assert np.allclose(np.abs(model(p)), np.abs(model(turned)), rtol=1e-7, atol=1e-9 * np.abs(model(p)).max())


def test_tensor_meson_left_handed():
    """B̄ → D₂*: helicity −1 beats +1 for LLSW and ISGW2 alike; helicities ±2 are absent."""
    for name, args in (("LLSW", [0.71, -1.6, 0.0, 0.0]), ("ISGW2", [])):  # leading order and model
        meson = (415, 2.4611, 5) if name == "LLSW" else (115, 1.3182, 5)
        model = Model(name, args, BBAR, [meson, MU, nubar(MU)])
        p = at_q2(model.masses, 4.0, 0.0, 0.3)
        strength = np.sum(np.abs(model(p)) ** 2, axis=(0, 2, 3))
        assert strength[0] == strength[4] == 0.0
        assert strength[3] > 1.3 * strength[1]


def test_total_rate_of_d_l_nu():
    """∫ dΓ by Monte Carlo-free quadrature of the amplitude = 1-D textbook integral ∫ k³ f₊² dq² up to 24-fold π's."""
    model = Model("BGL", BGL_SCALAR, BBAR, [D, E, nubar(E)])
    big, m = BBAR[1], D[1]

    def momentum(q2):
        return math.sqrt(((big + m) ** 2 - q2) * ((big - m) ** 2 - q2)) / (2 * big)

    def plus(q2):
        return SEMILEPTONIC["BGL"](BGL_SCALAR, np.array([q2]), Species(*BBAR), Species(*D))[0][0]

    high = (big - m) ** 2
    amplitude = quad(lambda q2: momentum(q2) * angular_average(model, q2), 1e-3, high * 0.999999, epsrel=1e-4)[0]
    textbook = quad(lambda q2: momentum(q2) ** 3 * plus(q2) ** 2, 1e-3, high * 0.999999, epsrel=1e-6)[0]
    assert amplitude == pytest.approx(8 / 3 * big**2 * textbook, rel=1e-3)


def test_kstar_nunu_longitudinal_fraction():
    """F_L(q²) of B → K*νν̄ from A₁₂ and V, A₁ (Buras et al., arXiv:1409.4557)."""
    model = Model("KSTARNUNU_REV", [], B, [(313, 0.8955, 3), (12, 0.0, 1), (-12, 0.0, 1)])
    for q2 in (0.5, 8.0, 17.0):
        plus, minus, zero, _ = helicity_amplitudes("KSTARNUNU_REV", [], B, (313, 0.8955, 3), q2)
        x, w = np.polynomial.legendre.leggauss(8)
        total = sum(
            b * np.abs(model(at_q2(model.masses, q2, a, 0.1))[0, :, 0, 0]) ** 2 for a, b in zip(x, w, strict=True)
        )
        assert total[1] / total.sum() == pytest.approx(zero**2 / (plus**2 + minus**2 + zero**2), rel=3e-3)


@pytest.mark.parametrize("mass", [0.75, 0.8955, 1.1])
def test_kstar_weights_are_those_of_the_model(mass):
    """Weighted phase space and the amplitude have the same F_L for a K* of any mass."""
    model = Model("KSTARNUNU", [], B, [(313, 0.8955, 3), (12, 0.0, 1), (-12, 0.0, 1)])
    x, w = np.polynomial.legendre.leggauss(8)
    for q2 in (0.5, 8.0, 15.0):
        model.masses[1] = mass  # the line shape's, not the nominal one
        total = sum(
            b * np.abs(model(at_q2(model.masses, q2, a, 0.1))[0, :, 0, 0]) ** 2 for a, b in zip(x, w, strict=True)
        )
        weight = kstar_nunu_weights(np.full(8, q2), x, np.full(8, mass), B[1], 0.8955)["weight_sm"]
        longitudinal = 2.5 * (w * weight) @ x**2 / (w @ weight) - 0.5
        assert total[1] / total.sum() == pytest.approx(longitudinal, rel=3e-3)


def test_knunu_shape_and_angle():
    """dΓ/dq² ∝ p_K³ f₊² and sin²θ_ν: |A|² = 4 M² k² f₊² q²-independent angle factor."""
    model = Model("KNUNU", [], (521, 5.27934, 1), [(321, 0.493677, 1), (14, 0.0, 1), (-14, 0.0, 1)])
    from physics.form_factors.b_to_k import f_plus_bsz14

    for q2 in (0.3, 9.0, 20.0):
        k = math.sqrt(((5.27934 + 0.493677) ** 2 - q2) * ((5.27934 - 0.493677) ** 2 - q2)) / (2 * 5.27934)
        for c in (-0.6, 0.0, 0.3):
            value = model.rate(at_q2(model.masses, q2, c, 1.0))
            assert value == pytest.approx(4 * 5.27934**2 * k**2 * f_plus_bsz14(q2) ** 2 * (1 - c * c), rel=2e-3)


def test_isgw2_at_zero_recoil():
    """B → D*: h_A1(1) near the heavy-quark limit, R₁ = 1.27 and R₂ = 1.02 (ISGW2 as quoted in hep-ex/9510014)."""
    m_b, m = 5.279, 2.010
    v, a1, a2, _ = Isgw2(511, 413, m_b, m)(np.array([(m_b - m) ** 2]))
    ratio = 1 - (m_b - m) ** 2 / (m_b + m) ** 2
    assert 0.85 < a1[0] * (m_b + m) / (2 * math.sqrt(m_b * m)) < 1.05
    assert ratio * v[0] / a1[0] == pytest.approx(1.27, abs=0.03)
    assert ratio * a2[0] / a1[0] == pytest.approx(1.02, abs=0.03)
    plus, _ = Isgw2(421, -321, 1.865, 0.494)(np.array([0.0, 1.88]))
    assert plus[1] > plus[0] > 0.5


@pytest.mark.parametrize(
    ("name", "args", "mother", "daughters", "words"),
    [
        ("BGL", [1, 2], BBAR, [DSTAR, E, nubar(E)], "takes 6 arguments"),
        ("BGL", BGL_VECTOR, BBAR, [DSTAR, E, (12, 0.0, 1)], "lepton number"),
        ("BGL", BGL_VECTOR, BBAR, [DSTAR, E], "needs a spin-0 mother"),
        ("LLSW", [0.71, -1.6, -0.5, 2.9], BBAR, [DSTAR, E, nubar(E)], "no form factors"),
        ("ISGW2", [], BBAR, [(321, 0.49, 1), E, nubar(E)], "no form factors"),
    ],
)
def test_errors_say_what(name, args, mother, daughters, words):
    with pytest.raises(ValueError, match=words):
        registry.prepare(name, args, mother, daughters)


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c[0]}-{c[3][0]}")
def test_direct_sampling_equals_weighting(case):
    """χ² of q², the lepton's energy and cosθ_ℓ: drawn points against phase space weighted with Σ|A|²."""
    name, args, mother, meson, lepton = case
    model = Model(name, args, mother, [lepton, nubar(lepton) if lepton[0] > 0 else (1 - lepton[0], 0.0, 1), meson])
    stream, n = new_stream(), 3000
    open_stream(stream, stream_key(5, "test"), 0, 0, 0)
    drawn = np.empty((n, 3, 4))
    for i in range(n):
        assert model.draw(stream, drawn[i])
    assert np.allclose(drawn[:, :, :3].sum(axis=1), 0, atol=1e-9)
    assert np.allclose(drawn[..., 3] ** 2 - (drawn[..., :3] ** 2).sum(axis=-1), model.masses[1:] ** 2, atol=1e-7)
    points, weights = flat_three_body(model.masses, 8000, np.random.default_rng(7))
    weights = weights * [model.rate(p) for p in points]
    for value in (lambda p: p[:, 2, 3], lambda p: p[:, 0, 3], lambda p: p[:, 1, 3], lambda p: p[:, 0, 2]):
        edges = np.quantile(value(drawn), np.linspace(0, 1, 13))
        edges[0], edges[-1] = -np.inf, np.inf
        counts = np.histogram(value(drawn), edges)[0]
        wanted = np.histogram(value(points), edges, weights=weights)[0]
        spread = np.histogram(value(points), edges, weights=weights**2)[0]
        scale = n / weights.sum()
        statistic = np.sum((counts - scale * wanted) ** 2 / (counts + scale**2 * spread))
        assert chi2.sf(statistic, 11) > 1e-4


def test_direct_sampling_refuses_a_mass_far_off():
    model = Model("BGL", BGL_VECTOR, BBAR, [DSTAR, E, nubar(E)])
    stream = new_stream()
    open_stream(stream, stream_key(5, "test"), 0, 0, 0)
    masses = model.masses.copy()
    masses[1] += 1.0
    assert not model.draw(stream, np.zeros((3, 4)), masses)


@pytest.mark.parametrize(("case", "mass"), [(11, 0.80), (11, 1.05), (8, 0.60), (4, 2.45), (5, 2.2), (9, 1.03)])
def test_direct_sampling_off_the_nominal_mass(case, mass):
    """The same closure for a meson mass drawn from the line shape."""
    name, args, mother, meson, lepton = CASES[case]
    model = Model(name, args, mother, [meson, lepton, nubar(lepton) if lepton[0] > 0 else (1 - lepton[0], 0.0, 1)])
    stream, n = new_stream(), 3000
    open_stream(stream, stream_key(6, "test"), 0, 0, 0)
    masses = model.masses.copy()
    masses[1] = mass
    drawn = np.empty((n, 3, 4))
    for i in range(n):
        assert model.draw(stream, drawn[i], masses)
    assert np.allclose(drawn[:, 0, 3] ** 2 - (drawn[:, 0, :3] ** 2).sum(axis=1), mass**2, atol=1e-7)
    points, weights = flat_three_body(masses, 8000, np.random.default_rng(7))
    weights = weights * [model.rate(p, masses) for p in points]
    for value in (lambda p: p[:, 0, 3], lambda p: p[:, 1, 3], lambda p: p[:, 2, 3]):
        edges = np.quantile(value(drawn), np.linspace(0, 1, 13))
        edges[0], edges[-1] = -np.inf, np.inf
        counts = np.histogram(value(drawn), edges)[0]
        wanted = np.histogram(value(points), edges, weights=weights)[0]
        spread = np.histogram(value(points), edges, weights=weights**2)[0]
        scale = n / weights.sum()
        statistic = np.sum((counts - scale * wanted) ** 2 / (counts + scale**2 * spread))
        assert chi2.sf(statistic, 11) > 1e-4
