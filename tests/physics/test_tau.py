"""τ decays against the Michel spectrum, covariant sums and limits."""

import math

import numpy as np
import pytest
from decay_chains import Model, boosted, own_axes, three_body_point, two_body_point

from physics.decays import registry
from physics.decays.tau import pion_form_factor

TAU, TAUP = (15, 1.77693, 2), (-15, 1.77693, 2)
NU, NUBAR = (16, 0.0, 1), (-16, 0.0, 1)
E, NUEBAR = (11, 0.000511, 2), (-12, 0.0, 1)
MU, NUMUBAR = (13, 0.1056584, 2), (-14, 0.0, 1)
PI, PI0 = (-211, 0.13957, 1), (111, 0.134977, 1)
THREE_PI = [-0.108, 0.775, 0.149, 1.364, 0.400, 1.23, 0.4]


def dot(a, b):
    return a[3] * b[3] - a[:3] @ b[:3]


@pytest.mark.parametrize("lepton", [(E, NUEBAR), (MU, NUMUBAR)])
def test_leptonic_rate(lepton):
    """Σ|A|² = 16 (p_τ·p_ν̄)(p_ℓ·p_ν) exact in the lepton's mass (PDG, Muon decay)."""
    model = Model("TAULNUNU", [], TAU, [lepton[0], lepton[1], NU])
    rng = np.random.default_rng(1)
    rest = np.array([0, 0, 0, TAU[1]])
    for _ in range(10):
        p = three_body_point(model.masses, rng)
        assert model.rate(p) == pytest.approx(16 * dot(rest, p[1]) * dot(p[0], p[2]), rel=1e-9)


@pytest.mark.parametrize(("mother", "sign"), [(TAU, 1), (TAUP, -1)])
def test_polarised_michel_spectrum(mother, sign):
    """dΓ ∝ x² [3 − 2x ± cosθ (1 − 2x)] for τ∓ polarised along z, massless leptons (PDG, Muon decay parameters)."""
    daughters = [E, NUEBAR, NU] if sign > 0 else [(-11, 0.000511, 2), (12, 0.0, 1), NUBAR]
    model = Model("TAULNUNU", [], mother, daughters)
    big = TAU[1]
    for x in (0.3, 0.6, 0.9):
        for c in (-0.7, 0.2, 0.8):
            s = math.sqrt(1 - c * c)
            e = x * big / 2
            lepton = np.array([e * s, 0, e * c, e])
            pair = np.array([-lepton[0], 0, -lepton[2], big - e])
            total = 0.0
            nodes, weights = np.polynomial.legendre.leggauss(6)
            for a, b in zip(nodes, weights, strict=True):
                for phi in np.linspace(0, 2 * math.pi, 6, endpoint=False):
                    k = math.sqrt(big * (big - 2 * e)) / 2
                    r = math.sqrt(1 - a * a)
                    one = boosted(np.array([k * r * math.cos(phi), k * r * math.sin(phi), k * a, k]), pair)
                    amp = model(np.array([lepton, one, pair - one]))
                    total += b * np.sum(np.abs(amp[0]) ** 2)
            # rate/phase space ∝ x² (3 − 2x ± …)/x
            wanted = x * ((3 - 2 * x) + sign * c * (1 - 2 * x))
            if (x, c) == (0.3, -0.7):
                scale = total / wanted
            assert total == pytest.approx(scale * wanted, rel=1e-4)


def test_two_pions_through_rho():
    """τ → ππ⁰ν equals τ → ρν, ρ → ππ⁰ with the ρ at the drawn mass: the same angular distribution."""
    pi0 = (111, PI[1], 1)  # equal masses: else π − π⁰ has a part along the ρ
    model = Model("TAUHADNU", [-0.108, 0.775, 0.149, 1.364, 0.400], TAU, [PI, pi0, NU])
    rng = np.random.default_rng(3)
    ratios = []
    for _ in range(8):
        first = two_body_point(TAU[1], 0.8, 0.0, rng.normal(size=3))
        inner = two_body_point(0.8, PI[1], PI[1], rng.normal(size=3))
        turned = [np.array([*(own_axes(first[0]) @ q[:3]), q[3]]) for q in inner]
        p = np.array([boosted(turned[0], first[0]), boosted(turned[1], first[0]), first[1]])
        vector = Model("TAUVECTORNU", [], TAU, [(-213, 0.8, 3), NU])(first)
        rho = Model("VSS", [], (-213, 0.8, 3), [PI, pi0])(inner)[:, 0, 0]
        chain = np.einsum("mij,i->mj", vector, rho)[:, 0]
        direct = model(p)[:, 0, 0, 0]
        ratios.append(abs(direct / chain))
        assert direct[0] / direct[1] == pytest.approx(chain[0] / chain[1], rel=1e-6)  # phases, too
    assert np.allclose(ratios, np.mean(ratios), rtol=1e-6)


def test_three_pions_transverse_and_symmetric():
    """3π current: conserved (no pseudoscalar part), symmetric in the like pions, unpolarised rate isotropic."""
    model = Model("TAUHADNU", THREE_PI, TAU, [PI, PI0, PI0, NU])
    rng = np.random.default_rng(4)
    first = two_body_point(TAU[1], 1.2, 0.0, rng.normal(size=3))
    three = three_body_point([1.2, PI[1], PI0[1], PI0[1]], rng)
    p = np.array([*(boosted(q, first[0]) for q in three), first[1]])
    swapped = p[[0, 2, 1, 3]]
    assert np.allclose(model(p), model(swapped))
    turn = own_axes(rng.normal(size=3)) @ own_axes(rng.normal(size=3))
    assert model.rate(np.column_stack([p[:, :3] @ turn.T, p[:, 3]])) == pytest.approx(model.rate(p), rel=1e-9)
    # other order of daughters: same physics
    other = Model("TAUHADNU", THREE_PI, TAU, [PI0, PI, PI0, NU])
    assert other.rate(p[[1, 0, 2, 3]]) == pytest.approx(model.rate(p), rel=1e-12)


def test_tau_plus_is_the_mirror():
    model = Model("TAUHADNU", THREE_PI, TAU, [PI, PI0, PI0, NU])
    mirror = Model("TAUHADNU", THREE_PI, TAUP, [(211, 0.13957, 1), PI0, PI0, NUBAR])
    rng = np.random.default_rng(5)
    first = two_body_point(TAU[1], 1.1, 0.0, rng.normal(size=3))
    three = three_body_point([1.1, PI[1], PI0[1], PI0[1]], rng)
    p = np.array([*(boosted(q, first[0]) for q in three), first[1]])
    # CP: reversed momenta, the same spin states
    assert np.allclose(np.abs(model(p)).ravel(), np.abs(mirror(p * np.array([-1, -1, -1, 1]))).ravel(), rtol=1e-9)


def test_pion_form_factor_peak():
    """|F|² of a single ρ is 1 at s = 0 and (m/Γ)² on the pole."""
    assert abs(pion_form_factor(0.775**2, 0.13957, 0.13957, 0.0, 0.775, 0.149, 1.364, 0.4)) == pytest.approx(
        0.775 / 0.149
    )
    assert abs(pion_form_factor(0.08, 0.13957, 0.13957, 0.0, 0.775, 0.149, 1.364, 0.4)) == pytest.approx(
        1.153, abs=0.01
    )


@pytest.mark.parametrize(
    ("model", "args", "daughters", "words"),
    [
        ("TAULNUNU", [], [E, NUMUBAR, NU], "does not go with"),
        ("TAUHADNU", [1, 2], [PI, PI0, PI0, NU], "takes 7"),
        ("TAUHADNU", THREE_PI, [(-321, 0.49, 1), PI0, PI0, NU], "two or three pions"),
        ("TAULNUNU", [], [E, NUEBAR, NUBAR], "its neutrino"),
    ],
)
def test_errors_say_what(model, args, daughters, words):
    with pytest.raises(ValueError, match=words):
        registry.prepare(model, args, TAU, daughters)
