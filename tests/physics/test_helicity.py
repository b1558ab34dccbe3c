"""Two-body models against closed forms and against Cartesian tensors."""

import math

import numpy as np
import pytest
from decay_chains import Model, own_axes, two_body_point
from hypothesis import given, settings
from hypothesis import strategies as st

from physics.decays import registry
from physics.decays.helicity import allowed_waves, partial_waves
from physics.decays.species import Species, conjugated

B0, BPLUS, BMINUS = (511, 5.28, 1), (521, 5.28, 1), (-521, 5.28, 1)
KSTAR, K, PI, GAMMA = (313, 0.896, 3), (321, 0.494, 1), (-211, 0.14, 1), (22, 0.0, 2)
JPSI, MU_PLUS, MU_MINUS = (443, 3.097, 3), (-13, 0.10566, 2), (13, 0.10566, 2)
DSTAR, D = (413, 2.010, 3), (421, 1.865, 1)
TAU_MINUS, TAU_PLUS, NU, NUBAR = (15, 1.777, 2), (-15, 1.777, 2), (16, 0.0, 1), (-16, 0.0, 1)


def direction(cos_theta, phi=0.7):
    s = math.sqrt(1 - cos_theta**2)
    return s * math.cos(phi), s * math.sin(phi), cos_theta


def polarised_rate(model, m, cos_theta):
    """Σ |A|² for a mother in state m."""
    point = two_body_point(*model.masses, direction(cos_theta))
    return np.sum(np.abs(model(point)[m]) ** 2)


COS = np.linspace(-0.95, 0.95, 9)


@pytest.mark.parametrize(
    ("model", "state", "expected"),
    [
        (Model("VSS", [], DSTAR, [D, PI]), 0, lambda c: (1 - c * c) / 2),
        (Model("VSS", [], DSTAR, [D, PI]), 1, lambda c: c * c),
        (Model("VSP_PWAVE", [], (423, 2.007, 3), [D, GAMMA]), 1, lambda c: 1 - c * c),
        (Model("VSP_PWAVE", [], (423, 2.007, 3), [D, GAMMA]), 0, lambda c: (1 + c * c) / 2),
        (Model("TSS", [], (225, 1.27, 5), [PI, PI]), 2, lambda c: (1.5 * c * c - 0.5) ** 2),
        (Model("TSS", [], (225, 1.27, 5), [PI, PI]), 0, lambda c: 3 / 8 * (1 - c * c) ** 2),
        (Model("VSS_BMIX", [], (300553, 10.58, 3), [B0, (-511, 5.28, 1)]), 1, lambda c: c * c),
        # V → V γ by ε · (ε'* × ε_γ*): Σ over ε' leaves Σ |ε_γ × ε|²
        (Model("VVP", [], (20333, 1.426, 3), [(333, 1.02, 3), GAMMA]), 1, lambda c: 1 + c * c),
        (Model("VVP", [], (20333, 1.426, 3), [(333, 1.02, 3), GAMMA]), 0, lambda c: (3 - c * c) / 2),
        (Model("TVS_PWAVE", [0, 0, 1, 0, 0, 0], (415, 2.46, 5), [DSTAR, PI]), 2, lambda c: 3 * c * c * (1 - c * c)),
        (Model("VLL", [], JPSI, [MU_PLUS, MU_MINUS]), 1,
         lambda c: (1 - c * c) + (2 * 0.10566 / 3.097) ** 2 * c * c),
    ],
)  # fmt: skip
def test_angular_distribution(model, state, expected):
    """Distributions of polarised mothers: VLL is (1 − β² c²) for m = 0; scale left free."""
    values = np.array([polarised_rate(model, state, c) for c in COS])
    wanted = np.array([expected(c) for c in COS])
    assert np.allclose(values / values.sum(), wanted / wanted.sum(), atol=1e-12)


@pytest.mark.parametrize(
    ("model", "args", "spin", "pdg"),
    [("SVS", [], 1, 313), ("STS", [], 2, 315), ("SSD_CP", [507.0, 0, 1, -0.78, 1, 0, -1, 0], 1, 113)],
)
def test_spin_zero_to_meson_and_scalar(model, args, spin, pdg):
    """Only helicity 0: the meson decays as |P_J(cos θ)|² about its flight."""
    made = Model(model, args, B0, [(pdg, 1.4, 2 * spin + 1), PI])
    amp = made(two_body_point(*made.masses, direction(0.3)))[0, :, 0]
    assert np.flatnonzero(np.abs(amp) > 1e-12).tolist() == [spin]
    decay = Model("TSS" if spin == 2 else "VSS", [], (pdg, 1.4, 2 * spin + 1), [K, PI])
    legendre = np.polynomial.legendre.Legendre.basis(spin)
    rates = [np.abs(amp @ decay(two_body_point(*decay.masses, direction(c)))[:, 0, 0]) ** 2 for c in COS]
    assert np.allclose(np.array(rates) / rates[0], (legendre(COS) / legendre(COS[0])) ** 2)


def test_pure_waves_of_vvs():
    """D1 → D*π: the S wave keeps the polarisation, the D wave gives |(ε·n) n − ε/3|²."""
    s_wave = Model("VVS_PWAVE", [1, 0, 0, 0, 0, 0], (10413, 2.42, 3), [DSTAR, PI])
    d_wave = Model("VVS_PWAVE", [0, 0, 0, 0, 1, 0], (10413, 2.42, 3), [DSTAR, PI])
    assert np.allclose([polarised_rate(s_wave, m, c) for c in COS for m in range(3)], 1.0)
    ratio = [polarised_rate(d_wave, 1, c) / (c * c / 3 + 1 / 9) for c in COS]
    assert np.allclose(ratio, ratio[0])


@pytest.mark.parametrize(("b", "tau", "nu"), [(BMINUS, TAU_MINUS, NUBAR), (BPLUS, TAU_PLUS, NU)])
def test_tau_from_b_to_tau_nu(b, tau, nu):
    """B → τν, τ → πν: dN/dcosθ ∝ 1 + cosθ, θ between π and τ direction in the τ frame, for both charges."""
    first = Model("SLN", [], b, [tau, nu])
    second = Model("TAUSCALARNU", [], tau, [(-211, 0.14, 1), NU if tau[0] > 0 else NUBAR])
    parent = first(two_body_point(5.28, 1.777, 0.0, (0.3, -0.5, 0.2)))[0, :, 0]
    rates = [np.sum(np.abs(parent @ second(two_body_point(1.777, 0.14, 0.0, direction(c)))[:, 0, 0]) ** 2) for c in COS]
    assert np.allclose(np.array(rates) / np.mean(rates), 1 + COS)


@pytest.mark.parametrize(("tau", "nu", "sign"), [(TAU_MINUS, NU, 1), (TAU_PLUS, NUBAR, -1)])
def test_tau_to_vector(tau, nu, sign):
    """τ → ρν: 1 + P α cosθ with α = (m_τ² − 2 m_ρ²)/(m_τ² + 2 m_ρ²) for any drawn ρ mass (Tsai 1971)."""
    model = Model("TAUVECTORNU", [], tau, [(-213, 0.77, 3), nu])
    for mass in (0.5, 0.77, 1.1):
        alpha = sign * (1.777**2 - 2 * mass**2) / (1.777**2 + 2 * mass**2)
        masses = [1.777, mass, 0.0]
        rates = np.array([np.sum(np.abs(model(two_body_point(*masses, direction(c)), masses)[0]) ** 2) for c in COS])
        assert np.allclose(rates / rates.mean(), 1 + alpha * COS)


@pytest.mark.parametrize(("lam", "proton", "sign"), [((3122, 1.1157, 2), 2212, 1), ((-3122, 1.1157, 2), -2212, -1)])
def test_hyperon(lam, proton, sign):
    """Λ → pπ: 1 + α cosθ, ᾱ = −α."""
    model = Model("HypNonLepton", [0.748, -6.5], lam, [(proton, 0.938, 2), PI])
    rates = np.array([polarised_rate(model, 0, c) for c in COS])
    assert np.allclose(rates / rates.mean(), 1 + sign * 0.748 * COS)


def test_hyperon_gamma():
    """Longitudinal polarisation of the baryon from an unpolarised mother is α (PDG)."""
    model = Model("HypNonLepton", [-0.84, 3], (4122, 2.286, 2), [(3122, 1.1157, 2), (211, 0.14, 1)])
    amp = model(two_body_point(*model.masses, direction(0.3)))
    plus, minus = (np.sum(np.abs(amp[:, i]) ** 2) for i in (0, 1))
    assert (plus - minus) / (plus + minus) == pytest.approx(-0.84)


H = [(0.16, 1.56), (0.775, 0.0), (0.61, 2.71)]


def test_vector_vector_with_azimuth():
    """B → V V, V → PP with complex helicity amplitudes against the Cartesian amplitude M_ij k1_i k2_j.

    M = −(H₊ + H₋)/2 δ + i(H₊ − H₋)/2 ε_ijk n_k + (H₀ + (H₊ + H₋)/2) n n: tests θ1, θ2 and χ at once.
    """
    first = Model("SVV_HELAMP", [x for pair in H for x in pair], B0, [JPSI, KSTAR])
    one = Model("VSS", [], (443, 3.097, 3), [(411, 1.4, 1), (-411, 1.4, 1)])
    two = Model("VSS", [], KSTAR, [K, PI])
    plus, zero, minus = (size * np.exp(1j * phase) for size, phase in H)
    rng = np.random.default_rng(3)
    ratios = []
    for _ in range(20):
        p = two_body_point(5.28, 3.097, 0.896, rng.normal(size=3))
        n = p[0, :3] / np.linalg.norm(p[0, :3])
        k = [two_body_point(*m.masses, rng.normal(size=3)) for m in (one, two)]
        amp = np.einsum("ij,i,j", first(p)[0], one(k[0])[:, 0, 0], two(k[1])[:, 0, 0])
        k1, k2 = (own_axes(p[i]) @ k[i][0, :3] / np.linalg.norm(k[i][0, :3]) for i in (0, 1))
        mean, half = (plus + minus) / 2, (plus - minus) / 2
        cartesian = -mean * (k1 @ k2) + 1j * half * (n @ np.cross(k1, k2)) + (zero + mean) * (k1 @ n) * (k2 @ n)
        ratios.append(abs(amp / cartesian))
    assert np.allclose(ratios, ratios[0], rtol=1e-7)


def test_jpsi_k_star_gamma():
    """J/ψK: sin²θ_ℓ up to the muon mass; K*γ: sin²θ; D*π: cos²θ."""
    jpsi = Model("SVS", [], BPLUS, [JPSI, K])(two_body_point(5.28, 3.097, 0.494, (1, 2, 3)))[0, :, 0]
    muons = Model("VLL", [], JPSI, [MU_PLUS, MU_MINUS])
    rates = [
        np.sum(np.abs(np.einsum("i,ijk", jpsi, muons(two_body_point(*muons.masses, direction(c))))) ** 2) for c in COS
    ]
    wanted = (1 - COS**2) + (2 * 0.10566 / 3.097) ** 2 * COS**2
    assert np.allclose(rates / np.sum(rates), wanted / wanted.sum())
    photon = Model("SVP_HELAMP", [1, 0, 1, 0], B0, [KSTAR, GAMMA])(two_body_point(5.28, 0.896, 0.0, (1, 2, 3)))[0]
    kpi = Model("VSS", [], KSTAR, [K, PI])
    rates = [
        np.sum(np.abs(np.einsum("ij,i", photon, kpi(two_body_point(*kpi.masses, direction(c)))[:, 0, 0])) ** 2)
        for c in COS
    ]
    assert np.allclose(rates / np.sum(rates), (1 - COS**2) / np.sum(1 - COS**2))


def test_partial_wave_order_and_norm():
    """V → V S has S, P, D (as EvtGen reads PARTWAVE); Σ|H|² = Σ|a|² (Jacob and Wick)."""
    vector, star, scalar = Species(30443, 3.77, 3), Species(113, 0.77, 3), Species(111, 0.135, 1)
    assert allowed_waves(vector, [star, scalar]) == [(0, 2), (1, 2), (2, 2)]
    tensor = Species(115, 1.3, 5)
    waves = {w: 0.3 + 0.1 * k for k, w in enumerate(allowed_waves(tensor, [star, vector]))}
    total = sum(abs(h) ** 2 for h in partial_waves(tensor, [star, vector], waves).values())
    assert total == pytest.approx(sum(abs(a) ** 2 for a in waves.values()))


CASES = [
    ("PARTWAVE", [0, 0, 1, 0, 0, 0], (443, 3.097, 3), [(213, 0.77, 3), PI]),
    ("HELAMP", [1, 0, 1, 0, -1, 0, -1, 0], (553, 9.46, 3), [GAMMA, (20443, 3.51, 3)]),
    ("HELAMP", [2.4494897, 0, 1.7320508, 0, 1, 0, 1, 0, 1.7320508, 0, 2.4494897, 0], (100443, 3.69, 3),
     [GAMMA, (445, 3.556, 5)]),
    ("HELAMP", [1, 0, 0, 0], (5122, 5.62, 2), [(3122, 1.1157, 2), GAMMA]),
    ("VVP", [1, 0, 0, 0, 0, 0, 0, 0], (20333, 1.426, 3), [(333, 1.02, 3), GAMMA]),
    ("VLL", [], (100443, 3.69, 3), [TAU_MINUS, TAU_PLUS]),
    ("HypNonLepton", [0.748, -6.5], (3122, 1.1157, 2), [(2212, 0.938, 2), PI]),
    ("TAUVECTORNU", [], TAU_MINUS, [(-213, 0.77, 3), NU]),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES)
@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.floats(-1, 1), st.floats(-3.1, 3.1))
def test_unpolarised_is_isotropic_and_bounded(case, cos_theta, phi):
    """ρ = 1/(2J+1) gives an isotropic rate; no pure state exceeds the bound 1, some state reaches it."""
    model = Model(*case)
    amp = model(two_body_point(*model.masses, direction(cos_theta, phi)))
    reference = model(two_body_point(*model.masses, (0, 0, 1)))
    assert np.sum(np.abs(amp) ** 2) == pytest.approx(np.sum(np.abs(reference) ** 2), rel=1e-9)
    matrix = amp.reshape(amp.shape[0], -1)
    assert np.linalg.eigvalsh(matrix @ matrix.conj().T)[-1] == pytest.approx(1.0, abs=1e-9)


def test_heavy_antiquark():
    """B⁺, B⁰, B_s, D⁻ hold the heavy antiquark."""
    assert all(conjugated(Species(pdg, 5.0, 1)) for pdg in (521, 511, 531, -411, -421, -431))
    assert not any(conjugated(Species(pdg, 5.0, 1)) for pdg in (-521, -511, 411, 421, 431))


@pytest.mark.parametrize(
    ("model", "args", "mother", "daughters", "words"),
    [
        ("SVV_HELAMP", [1, 0], B0, [JPSI, KSTAR], "takes 6 arguments"),
        ("VSS", [], B0, [K, PI], "needs spin 1"),
        ("SVV_HELAMP", [1, 0, "beta", 0, 1, 0], B0, [JPSI, KSTAR], "'beta' is not a number"),
        ("SVS", [], B0, [KSTAR, K, PI], "daughters"),
        ("NOSUCH", [], B0, [K, PI], "not implemented"),
        ("HypNonLepton", [1.2, 0], (3122, 1.1157, 2), [(2212, 0.938, 2), PI], "between"),
    ],
)
def test_errors_say_what(model, args, mother, daughters, words):
    with pytest.raises(ValueError, match=words):
        registry.prepare(model, args, mother, daughters)


def test_models_of_the_decay_file():
    """All 46 models that DECAY_BELLE2.DEC names (and the νν̄ signals) are implemented."""
    names = (
        "PHSP VSS PYTHIA D_DALITZ SVS VSP_PWAVE OMEGA_DALITZ SVV_HELAMP BGL VVS_PWAVE SLBKPOLE ETA_PI0DALITZ "
        "SLPOLE ETA_FULLDALITZ LLSW ETAPRIME_DALITZ PI0_DALITZ HQET3 SVP_HELAMP ISGW2 PARTWAVE TAULNUNU TSS "
        "TAUVECTORNU SLN TVS_PWAVE TAUHADNU GOITY_ROBERTS STS TAUSCALARNU VUB SSD_CP VLL VVPIPI BCL SVV_CP "
        "VVP HypNonLepton BTOXSGAMMA HELAMP BTO3PI_CP BTOXSLL BTOSLLBALL VSS_BMIX BTOSLLALI "
        "YMSTOYNSPIPICLEOBOOST KNUNU KSTARNUNU KSTARNUNU_REV"
    )
    wanted = names.split()
    assert not set(wanted) - set(registry.MODELS)
    assert len(set(registry.MODELS.values())) == len(registry.MODELS)
    assert all(registry.is_isotropic(registry.MODELS[name]) == (name in ("PHSP", "PYTHIA")) for name in wanted)
