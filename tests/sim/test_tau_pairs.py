"""τ pairs: conservation, and the spin correlations of τ → πν on both sides against the closed form."""

import math

import numpy as np
import pytest

from physics.beams import superkekb
from physics.hard_process import beam_axis
from physics.random import stream_key
from physics.record import STATUS_FINAL
from sim.decay_table import load_described_table
from sim.generators.setup import Setup
from sim.generators.tau_pairs import make_tau_pairs, pair_mode
from sim.samples import sample

TAU_TO_PI = """
Decay tau-
1.0 pi- nu_tau TAUSCALARNU;
Enddecay
CDecay tau+
End
"""
EVENTS = 60_000


@pytest.fixture(scope="module")
def pions(tmp_path_factory):
    path = tmp_path_factory.mktemp("tau") / "tau_to_pi.dec"
    path.write_text(TAU_TO_PI)
    table, names = load_described_table((path,), fsr=False)
    setup = Setup(stream_key(1, "taupair"), superkekb(), table, names)
    return make_tau_pairs(sample("taupair"), setup)(0, EVENTS)


def _column(events, pdg):
    """Momenta (n, 4) of the one particle of each event with this identity."""
    p = events.particles
    chosen = p.pdg == pdg
    assert chosen.sum() == len(events)
    return np.stack([p.px[chosen], p.py[chosen], p.pz[chosen], p.E[chosen]], axis=1)


def _to_rest(p, frame):
    """Boost rows of ``p`` to the rest frames of rows of ``frame`` (pure boosts)."""
    mass = np.sqrt(frame[:, 3] ** 2 - (frame[:, :3] ** 2).sum(1))
    e = (p[:, 3] * frame[:, 3] - (p[:, :3] * frame[:, :3]).sum(1)) / mass
    factor = (p[:, 3] + e) / (frame[:, 3] + mass)
    return np.column_stack([p[:, :3] - factor[:, None] * frame[:, :3], e])


def _unit(v):
    return v / np.linalg.norm(v, axis=1)[:, None]


def test_momentum_and_record(pions):
    p = pions.particles
    final = p.status == STATUS_FINAL
    first = p.offsets[:-1]
    assert np.all(p.pdg[first] == 10022)
    isr = (p.pdg == 22) & (p.mother == -1)
    for column in (p.px, p.py, p.pz, p.E):
        total = np.add.reduceat(np.where(final, column, 0.0), first)
        start = column[first] + np.add.reduceat(np.where(isr, column, 0.0), first)
        assert np.abs(total - start).max() < 1e-9
    mass = np.sqrt(p.E[first] ** 2 - p.px[first] ** 2 - p.py[first] ** 2 - p.pz[first] ** 2)
    assert np.allclose(mass, pions.columns["mcRootSPrime"], atol=1e-7)
    assert mass.min() > 2 * 1.77


def test_spin_correlation_of_two_pions(pions):
    """⟨n₁ᵢ n₂ⱼ⟩ = −Cᵢⱼ/9 with the spin correlations of e⁺e⁻ → γ* → τ⁺τ⁻ (Tsai, Phys. Rev. D4 (1971) 2821).

    Axes in the rest frame of γ*: k along the τ⁻, r in the production plane, n its normal.  With r = 4m²/s',
    averaged over the polar angle, C_kk = (2 − r)/(2 + r), C_rr = (1 + r)/(2 + r), C_nn = −(1 − r)/(2 + r).
    """
    minus, plus = _column(pions, 15), _column(pions, -15)
    photon = minus + plus
    mass = pions.columns["mcRootSPrime"]
    axis = np.array([beam_axis(*q, m) for q, m in zip(photon, mass, strict=True)])
    tau_minus, tau_plus = _to_rest(minus, photon), _to_rest(plus, photon)
    pi_minus = _unit(_to_rest(_to_rest(_column(pions, -211), photon), tau_minus)[:, :3])
    pi_plus = _unit(_to_rest(_to_rest(_column(pions, 211), photon), tau_plus)[:, :3])
    k = _unit(tau_minus[:, :3])
    n = _unit(np.cross(axis, k))
    r = np.cross(n, k)
    ratio = 4 * 1.77686**2 / mass**2
    expected = {"kk": (2 - ratio) / (2 + ratio), "rr": (1 + ratio) / (2 + ratio), "nn": -(1 - ratio) / (2 + ratio)}
    axes = {"k": k, "r": r, "n": n}
    error = 1 / (3 * math.sqrt(EVENTS))
    for first, a in axes.items():
        for second, b in axes.items():
            measured = ((pi_minus * a).sum(1) * (pi_plus * b).sum(1)).mean()
            wanted = -np.mean(expected.get(first + second, 0.0)) / 9
            assert abs(measured - wanted) < 4 * error, (first, second, measured, wanted)
        # a single τ is unpolarised
        assert abs((pi_minus * a).sum(1).mean()) < 4 / math.sqrt(3 * EVENTS)
        assert abs((pi_plus * a).sum(1).mean()) < 4 / math.sqrt(3 * EVENTS)
    # the energies of the pions in the rest frame of γ*: fast goes with fast, slow with slow
    energies = [_to_rest(_column(pions, pdg), photon)[:, 3] / mass for pdg in (-211, 211)]
    assert np.corrcoef(*energies)[0, 1] > 0.2


def test_polar_angle_of_the_tau(pions):
    minus, plus = _column(pions, 15), _column(pions, -15)
    photon, mass = minus + plus, pions.columns["mcRootSPrime"]
    axis = np.array([beam_axis(*q, m) for q, m in zip(photon, mass, strict=True)])
    cos_theta = (_unit(_to_rest(minus, photon)[:, :3]) * axis).sum(1)
    ratio = 4 * 1.77686**2 / mass**2
    # ⟨cos²θ⟩ of 1 + c² + r(1 − c²)
    wanted = np.mean((1 / 3 + 1 / 5 + ratio * (1 / 3 - 1 / 5)) / (4 / 3 + 2 * ratio / 3))
    assert abs(np.mean(cos_theta**2) - wanted) < 4 * 0.32 / math.sqrt(EVENTS)
    assert abs(np.mean(cos_theta)) < 4 * 0.64 / math.sqrt(EVENTS)


def test_events_do_not_depend_on_the_chunk(pions):
    table, names = load_described_table()
    setup = Setup(stream_key(2, "taupair"), superkekb(), table, names)
    generate = make_tau_pairs(sample("taupair"), setup)
    whole, part = generate(0, 60), generate(40, 20)
    first = whole.particles.offsets[40]
    assert np.array_equal(whole.particles.E[first:], part.particles.E)
    assert np.array_equal(whole.columns["mcRootSPrime"][40:], part.columns["mcRootSPrime"])


def test_a_decay_file_without_the_mode_is_explained(tmp_path):
    path = tmp_path / "upsilon.dec"
    path.write_text("Decay Upsilon(4S)\n1.0 B+ B- VSS;\nEnddecay\nEnd\n")
    table, names = load_described_table((path,))
    with pytest.raises(ValueError, match="tau pairs decay by the mode"):
        pair_mode(Setup(stream_key(1, "taupair"), superkekb(), table, names))
