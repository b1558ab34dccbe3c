"""Decays to strings: conservation, the spectra of onium gluons, and PYTHIA's means."""

from itertools import pairwise

import numpy as np
import pytest
from numba import njit
from particle import Particle
from scipy.integrate import dblquad

from physics.decays.daughters import new_daughters
from physics.decays.strings import ONIUM_MODE, STRING_MODE, make_strings, new_string_memory
from physics.hadronization.regions import light_like_pair
from physics.random import new_stream, open_stream

EVENTS = 4000
GLUON, PHOTON = 21, 22
CASES = {
    "B": (STRING_MODE, -3, 1, 0, 5.28),
    "J/psi": (ONIUM_MODE, GLUON, GLUON, 0, 3.097),
    "J/psi gamma": (ONIUM_MODE, GLUON, GLUON, 1, 3.097),
    "eta_c": (STRING_MODE, GLUON, GLUON, 0, 2.984),
}
# PYTHIA 8.317, 6000 decays each: hadrons (with the photon) by decay, π± (primary), K±, p
MEANS = {
    "B": (4.83, 1.17, 0.460, 0.075),
    "J/psi": (3.40, 0.97, 0.213, 0.112),
    "J/psi gamma": (3.43, 0.75, 0.157, 0.051),
    "eta_c": (3.29, 0.93, 0.214, 0.108),
}


@njit
def _run(stream, memory, daughters, mode, first, second, photon, mass, counts, pdg, p):
    for k in range(counts.shape[0]):
        open_stream(stream, np.uint64(5), k, 0, 0)
        counts[k] = make_strings(stream, memory, mode, first, second, photon, mass, daughters)
        for j in range(counts[k]):
            pdg[k, j] = daughters.pdg[j]
            for i in range(4):
                p[k, j, i] = daughters.p[j, i]


@pytest.fixture(scope="module")
def decays():
    memory = new_string_memory()

    def make(case):
        counts, pdg, p = np.zeros(EVENTS, np.int64), np.zeros((EVENTS, 32), np.int64), np.zeros((EVENTS, 32, 4))
        _run(new_stream(), memory, new_daughters(), *CASES[case], counts, pdg, p)
        return counts, pdg, p

    return {case: make(case) for case in CASES}


@pytest.mark.parametrize("case", CASES)
def test_four_momentum_charge_and_isotropy(decays, case):
    counts, pdg, p = decays[case]
    assert counts.min() >= 2
    assert np.abs(p.sum(axis=1) - [0, 0, 0, CASES[case][4]]).max() < 1e-9
    charge = {code: int(Particle.from_pdgid(code).three_charge) for code in set(pdg.ravel().tolist()) - {0}}
    assert all(sum(charge[c] for c in row if c) == 0 for row in pdg.tolist())
    cosine = p[:, 0, 2] / np.linalg.norm(p[:, 0, :3], axis=1)
    assert abs(cosine.mean()) < 4 / np.sqrt(3 * EVENTS)
    assert abs(np.mean(cosine**2) - 1 / 3) < 4 * np.sqrt(4 / 45 / EVENTS)


@pytest.mark.parametrize("case", CASES)
def test_means_of_pythia(decays, case):
    counts, pdg, _ = decays[case]
    total, pions, kaons, protons = MEANS[case]
    assert counts.mean() == pytest.approx(total, rel=0.05)
    for species, mean in ((211, pions), (321, kaons), (2212, protons)):
        found = np.mean(np.sum(np.abs(pdg) == species, axis=1))
        assert abs(found - mean) < 0.12 * mean + 4 * np.sqrt(mean / EVENTS)


def test_photon_of_onium_follows_ore_and_powell(decays):
    mass = CASES["J/psi gamma"][4]
    _, pdg, p = decays["J/psi gamma"]
    assert np.all(pdg[:, 0] == PHOTON)
    x = 2 * p[:, 0, 3] / mass
    top = 1 - (1.6 / mass) ** 2  # lighter pairs of gluons are left out

    def density(y, z):
        w = 2 - y - z
        return ((1 - z) / (y * w)) ** 2 + ((1 - y) / (z * w)) ** 2 + ((1 - w) / (y * z)) ** 2

    edges = np.linspace(0.0, top, 9)
    share = np.array([dblquad(density, a, b, lambda z: 1 - z, 1.0)[0] for a, b in pairwise(edges)])
    expected = EVENTS * share / share.sum()
    assert np.sum((np.histogram(x, edges)[0] - expected) ** 2 / expected) < 26.1  # χ², 8 bins, 1e-3


def test_a_string_of_one_direction_has_no_ends():
    """Both halves of an unbroken closed string of two gluons have the same momentum, but for rounding."""
    half = np.array([0.1, 0.2, -0.3, 1.5])
    first, second = np.zeros(4), np.zeros(4)
    for ulp in range(-4, 5):
        other = half * (1.0 + ulp * np.finfo(float).eps)
        other[3] = half[3]
        assert not light_like_pair(half, other, first, second)
    assert light_like_pair(half, np.array([-0.1, 0.2, 0.3, 1.5]), first, second)
    np.testing.assert_allclose(first + second, [0.0, 0.4, 0.0, 3.0], atol=1e-12)
