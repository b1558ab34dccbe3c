"""Spin correlations down the chain against closed forms, and that unpolarised mothers decay isotropically."""

import numpy as np
import pytest
from numba import njit
from scipy import stats

from physics.random import new_stream, open_stream
from physics.record import STATUS_UNDECAYED, append_event, new_event, new_particles, set_particle, trimmed
from sim.decay_table import load_described_table
from sim.generators.decay_tree import decay_prepared, new_work, prepare_entry

EVENTS = 12000
DECAYS = """
Alias B1 B+
Alias B2 B+
Alias B3 B+
Alias B4 B0
Alias B5 B+
Alias B6 B0
Alias MyJpsi J/psi
Alias MyDst D*-
Alias MyKst K*0
Alias MyPhi phi
Alias MyTau tau+
Alias MyRho rho0
Alias MyRho2 rho0
Alias MyDst0 anti-D*0
Decay B1
1.0 MyJpsi K+ SVS;
Enddecay
Decay MyJpsi
1.0 mu+ mu- VLL;
Enddecay
Decay B2
1.0 MyTau nu_tau SLN;
Enddecay
Decay MyTau
1.0 pi+ anti-nu_tau TAUSCALARNU;
Enddecay
Decay B3
1.0 MyDst0 pi+ SVS;
Enddecay
Decay MyDst0
1.0 anti-D0 gamma VSP_PWAVE;
Enddecay
Decay B4
1.0 MyKst gamma SVP_HELAMP 1.0 0.0 1.0 0.0;
Enddecay
Decay MyKst
1.0 K+ pi- VSS;
Enddecay
Decay B6
1.0 MyDst pi+ SVS;
Enddecay
Decay MyDst
1.0 anti-D0 pi- VSS;
Enddecay
Decay B5
1.0 MyKst MyRho pi+ PHSP;
Enddecay
Decay MyRho
1.0 pi+ pi- VSS;
Enddecay
End
"""


@njit(nogil=True)
def _chains(stream, table, work, event, particles, row, pdg, px, pz, mass, events):
    for k in range(events):
        open_stream(stream, np.uint64(3), k, 0, 0)
        e = np.sqrt(px * px + pz * pz + mass * mass)
        set_particle(event, 0, pdg, px, 0.0, pz, e, -1, STATUS_UNDECAYED, 0.0, 0.0, 0.0, 0.0)
        prepare_entry(table, work, event, 0)
        work.row[0] = row
        append_event(particles, k, event, decay_prepared(stream, table, work, event, 1))


@pytest.fixture(scope="module")
def decays(tmp_path_factory):
    path = tmp_path_factory.mktemp("dec") / "angles.dec"
    path.write_text(DECAYS)
    table, names = load_described_table([path], fsr=False)
    work, event = new_work(), new_event()

    def sample(alias):
        row = names.row(alias)
        mother = table.particles[row]
        particles = new_particles(60 * EVENTS, EVENTS)
        _chains(new_stream(), table, work, event, particles, row, mother["pdg"], 0.3, 1.4, mother["mass"], EVENTS)
        return trimmed(particles)

    return sample


def _momenta(particles, *pdgs):
    """Momenta (events, 4) of the first particle of each identity in every event."""
    number = np.repeat(np.arange(EVENTS), np.diff(particles.offsets))
    result = []
    for pdg in pdgs:
        rows = np.flatnonzero(particles.pdg == pdg)
        _, first = np.unique(number[rows], return_index=True)
        rows = rows[first]
        assert len(rows) == EVENTS
        result.append(np.c_[particles.px[rows], particles.py[rows], particles.pz[rows], particles.E[rows]])
    return result


def _boost(p, frame):
    """Momenta ``p`` in the rest frame of ``frame``."""
    mass = np.sqrt(frame[:, 3] ** 2 - np.sum(frame[:, :3] ** 2, axis=1))
    along = np.sum(p[:, :3] * frame[:, :3], axis=1)
    e = (p[:, 3] * frame[:, 3] - along) / mass
    f = (p[:, 3] + e) / (frame[:, 3] + mass)
    return np.c_[p[:, :3] - f[:, None] * frame[:, :3], e]


def _helicity_cosine(grandmother, mother, daughter):
    """Cosine between a daughter, in its mother's rest frame, and the mother's flight in the grandmother's."""
    d, g = _boost(daughter, mother)[:, :3], _boost(grandmother, mother)[:, :3]
    return -np.sum(d * g, axis=1) / np.linalg.norm(d, axis=1) / np.linalg.norm(g, axis=1)


def _agrees(cosine, cdf):
    return stats.kstest(cosine, cdf).pvalue > 1e-3


def _sine_squared(c):
    return 0.5 + 0.75 * (c - c**3 / 3.0)


def _cosine_squared(c):
    return 0.5 + 0.5 * c**3


def test_b_to_jpsi_k(decays):
    b, jpsi, lepton = _momenta(decays("B1"), 521, 443, 13)
    cosine = _helicity_cosine(b, jpsi, lepton)
    # massive leptons add (4 m²/M²) cos²θ to sin²θ: below 0.5 % of the rate
    assert _agrees(cosine, _sine_squared)
    assert not _agrees(cosine, lambda c: 0.5 * (1.0 + c))


def test_b_to_dstar_pi(decays):
    b, dstar, d = _momenta(decays("B6"), 511, -413, -421)
    assert _agrees(_helicity_cosine(b, dstar, d), _cosine_squared)


def test_dstar_to_d_gamma(decays):
    b, dstar, d = _momenta(decays("B3"), 521, -423, -421)
    assert _agrees(_helicity_cosine(b, dstar, d), _sine_squared)


def test_b_to_kstar_gamma(decays):
    b, kstar, kaon = _momenta(decays("B4"), 511, 313, 321)
    assert _agrees(_helicity_cosine(b, kstar, kaon), _sine_squared)


def test_b_to_tau_nu_tau_to_pi_nu(decays):
    # the τ⁺ has the helicity of the neutrino, −1/2, which V−A does not like; its right-handed antineutrino follows
    # the spin, backwards, and the π goes forwards as 1 + cos θ (as in H⁺ → τ⁺ν, and unlike W⁺ → τ⁺ν)
    b, tau, pion = _momenta(decays("B2"), 521, -15, 211)
    cosine = _helicity_cosine(b, tau, pion)
    assert _agrees(cosine, lambda c: 0.5 * (1.0 + c) + 0.25 * (c**2 - 1.0))


def test_unpolarised_daughters_decay_isotropically(decays):
    b, kstar, kaon = _momenta(decays("B5"), 521, 313, 321)
    assert _agrees(_helicity_cosine(b, kstar, kaon), lambda c: 0.5 * (1.0 + c))
