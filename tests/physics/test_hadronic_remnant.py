"""Partonic decays: quantum numbers, multiplicities as documented, and means found with PYTHIA 8.317."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from particle import Particle

from physics.decays.daughters import new_daughters
from physics.decays.hadronic_remnant import largest_weight, phase_space_weight, pick_hadrons, spectator_weight
from physics.phase_space import n_body, phase_space_bound
from physics.random import new_stream, open_stream

CHARGE3 = {1: -1, 2: 2, 3: -1, 4: 2}


def _charge3(code):
    sign, c = (1, code) if code > 0 else (-1, -code)
    if c > 1000:
        return sign * (CHARGE3[c // 1000] + CHARGE3[c // 100 % 10])
    return sign * CHARGE3[c]


def _pick(mode, mass, partons, events, known=0, seed=1, rearranged=False):
    stream = new_stream()
    open_stream(stream, np.uint64(seed), 0, 0, 0)
    codes, out, result = np.array(partons, np.int64), np.zeros(32, np.int64), []
    left = mass - 0.65 * len(partons)
    while len(result) < events:
        n = pick_hadrons(stream, mode, left, rearranged, known, codes, len(partons), out)
        if n > 0:
            result.append(out[:n].tolist())
    return result


@given(
    st.integers(0, 2**32),
    st.sampled_from([42, 43, 63, 65, 23]),
    st.sampled_from([(2, -1, -4, 2), (4, -3, -4, 1), (2, -3), (-4103, 2203), (-1, 2, 3, 3101)]),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_charge_is_conserved(seed, mode, partons, rearranged):
    if mode == 23 and len(partons) < 4:
        mode = 43
    for hadrons in _pick(mode, 5.28, partons, 3, seed=seed, rearranged=rearranged):
        charge = sum(int(Particle.from_pdgid(code).three_charge) for code in hadrons)
        assert charge == sum(map(_charge3, partons))


@pytest.mark.parametrize(("mode", "number"), [(62, 2), (63, 3), (65, 5)])
def test_fixed_multiplicities(mode, number):
    assert {len(h) for h in _pick(mode, 5.28, (2, -1, -4, 2), 200)} == {number}


@pytest.mark.parametrize(("mode", "least"), [(42, 2), (43, 3), (45, 5), (23, 3)])
def test_multiplicity_is_between_its_bounds(mode, least):
    numbers = {len(h) for h in _pick(mode, 5.28, (2, -1, -4, 2), 3000)}
    assert min(numbers) == least
    assert max(numbers) <= 10


def test_the_spectator_of_a_weak_decay_becomes_one_hadron():
    for hadrons in _pick(23, 5.28, (2, -1, -4, 2), 300):
        assert hadrons[0] in (-421, -423)
        assert all(abs(code) < 4000 and abs(code) // 100 % 10 != 4 for code in hadrons[1:])


def test_vector_share_and_strangeness():
    charm = [h[0] for h in _pick(23, 5.28, (2, -1, -4, 2), 6000)]
    vector = np.mean([code == -423 for code in charm])
    assert abs(vector - 0.88 / 1.88) < 4 * np.sqrt(0.25 / 6000)  # mesonCvector


def test_spectator_weight_grows_and_is_bounded():
    weights = [spectator_weight(1.9, p) for p in np.linspace(0.0, 3.0, 20)]
    assert weights[0] == 0.0
    assert np.all(np.diff(weights) > 0)
    assert weights[-1] < 1.0


def test_the_neutrino_of_a_tau_is_weighted_up_within_its_bound():
    """Massless three-body phase space times x (3 − 2x) is the Michel spectrum x² (3 − 2x) of V − A."""
    mass, daughters = 1.77693, new_daughters()
    stream, bound = new_stream(), phase_space_bound(mass, np.zeros(3), 3)
    open_stream(stream, np.uint64(4), 0, 0, 0)
    daughters.pdg[:3] = -211, 111, 16
    x, w = np.zeros(20_000), np.zeros(20_000)
    for k in range(len(x)):
        n_body(stream, mass, daughters.masses, 3, bound, daughters.p)
        x[k], w[k] = 2 * daughters.p[2, 3] / mass, phase_space_weight(21, mass, daughters, 3)
    assert w.max() <= largest_weight(21, mass, daughters.masses, 3) == 1.125
    mean = np.average(x, weights=w)
    assert mean == pytest.approx(
        (3 / 4 - 2 / 5) / (1 - 1 / 2), abs=4 * x.std() / np.sqrt(len(x))
    )  # ∫x³(3−2x)/∫x²(3−2x)
    daughters.masses[:3] = 0.9, 0.6, 0.0  # little room: the bound follows the largest energy of the neutrino
    top = 1 - (1.5 / mass) ** 2
    assert largest_weight(21, mass, daughters.masses, 3) == pytest.approx(top * (3 - 2 * top))
