"""B → D(*)πℓν: the B* pole against a trace over heavy-meson fields, rotations and charge conjugation."""

import numpy as np
import pytest
from decay_chains import Model, boosted, own_axes, three_body_point, two_body_point

from physics.decays import goity_roberts as gr
from physics.decays import registry
from physics.spin import antiparticle_spinor, particle_spinor, polarisation_vector, weyl_current

BBAR = (-511, 5.27966, 1)
PI, E, NUBAR = (111, 0.134977, 1), (11, 0.000511, 2), (-12, 0.0, 1)
METRIC = np.diag([1.0, -1, -1, -1])
SIGMA = [np.eye(2), np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1.0, -1.0])]
GAMMA = [np.block([[np.zeros((2, 2)), SIGMA[0]], [SIGMA[0], np.zeros((2, 2))]])] + [
    np.block([[np.zeros((2, 2)), SIGMA[k]], [-SIGMA[k], np.zeros((2, 2))]]) for k in (1, 2, 3)
]
GAMMA5 = np.diag([-1.0, -1, 1, 1])


def anti(particle):
    return (-particle[0], *particle[1:])


def slash(p):
    return sum((METRIC @ p)[k] * GAMMA[k] for k in range(4))


def four(p):
    return np.array([p[3], *p[:3]])


def point(masses, rng):
    """Four-body point: D and π and a pair that is a lepton and a neutrino."""
    pair = rng.uniform(0.5, masses[0] - masses[1] - masses[2] - 0.1)
    three = three_body_point([masses[0], masses[1], masses[2], pair], rng)
    inner = two_body_point(pair, masses[3], masses[4], rng.normal(size=3))
    return np.array([three[0], three[1], boosted(inner[0], three[2]), boosted(inner[1], three[2])])


@pytest.mark.parametrize("meson", [(421, 1.86484, 1), (423, 2.00685, 3)])
def test_b_star_pole_is_the_heavy_quark_trace(meson, monkeypatch):
    """B̄ → B̄*π, B̄* → D(*)ℓν̄ by Tr[H̄ γ^µ(1 − γ₅) H] (Falk, Nucl. Phys. B378 (1992) 79): magnitudes and all phases.

    The B* part is the change of the amplitude with the B* splitting: every other term drops out of the difference.
    """
    model = Model("GOITY_ROBERTS", [], BBAR, [meson, PI, E, NUBAR])
    rng = np.random.default_rng(2)
    ratios = []
    for _ in range(6):
        p = point(model.masses, rng)
        kernel = gr.goity_roberts.py_func
        values = []
        for split in (0.046, 0.2):
            monkeypatch.setattr(gr, "_B_SPLIT", complex(split, 0.0))
            amp = np.zeros(np.prod(model.states), complex)
            kernel(model.parameters, p, model.masses, model.states, amp)
            values.append(amp.reshape(model.states)[0, :, 0, :, 0])
        change = values[0] - values[1]
        v, vp, pi = np.array([1.0, 0, 0, 0]), four(p[0]) / meson[1], four(p[1])
        eps = pi - v * pi[0]
        xi = gr._isgur_wise(vp[0])[0]
        pole = 0.5 / 0.093 * 0.5 * xi * (1 / (pi[0] + 0.046) - 1 / (pi[0] + 0.2))
        wanted = np.zeros_like(change)
        for j in range(meson[2]):
            bar = GAMMA5 if meson[2] == 1 else slash(np.conj(polarisation_vector(*p[0], meson[1], 1 - j)))
            current = [
                np.trace(
                    bar
                    @ (np.eye(4) + slash(vp))
                    / 2
                    @ g
                    @ (np.eye(4) - GAMMA5)
                    @ (np.eye(4) + slash(v))
                    / 2
                    @ slash(eps)
                )
                for g in GAMMA
            ]
            for i in range(2):
                a, b = particle_spinor(*p[2], 1 - 2 * i, -1), antiparticle_spinor(*p[3], 1, -1)
                lepton = np.array(weyl_current(*a, *b, -1))
                wanted[j, i] = pole * np.array(current) @ METRIC @ lepton
        keep = np.abs(wanted) > 1e-6 * np.abs(wanted).max()
        ratios += list((change[keep] / wanted[keep]).ravel())
    assert np.allclose(ratios, ratios[0], rtol=1e-6)
    assert abs(abs(ratios[0]) - 1) < 1e-6


@pytest.mark.parametrize("meson", [(421, 1.86484, 1), (423, 2.00685, 3)])
def test_rotation_and_mirror(meson):
    one = Model("GOITY_ROBERTS", [], BBAR, [meson, PI, E, NUBAR])
    two = Model("GOITY_ROBERTS", [], anti(BBAR), [anti(meson), PI, anti(E), anti(NUBAR)])
    rng = np.random.default_rng(3)
    p = point(one.masses, rng)
    turn = own_axes(rng.normal(size=3)) @ own_axes(rng.normal(size=3))
    turned = np.column_stack([p[:, :3] @ turn.T, p[:, 3]])
    assert np.allclose(np.abs(one(p)), np.abs(one(turned)), rtol=1e-7, atol=1e-9 * np.abs(one(p)).max())
    reverse = p * np.array([-1, -1, -1, 1])
    mirrored = np.abs(two(reverse))
    mirrored = mirrored[:, ::-1, :, ::-1, :]
    assert np.allclose(np.abs(one(p)), mirrored, rtol=1e-9, atol=1e-12)
    swapped = Model("GOITY_ROBERTS", [], BBAR, [PI, NUBAR, meson, E])
    assert np.allclose(swapped(p[[1, 3, 0, 2]]).transpose(0, 3, 1, 4, 2), one(p))


def test_errors_say_what():
    with pytest.raises(ValueError, match="D or D"):
        registry.prepare("GOITY_ROBERTS", [], BBAR, [(421, 1.86, 1), E, NUBAR])
