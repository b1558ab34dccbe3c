"""Final-state radiation against closed forms at O(α), four-momentum conservation, and its limits."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from scipy.integrate import quad

from physics.kinematics import two_body_momentum
from physics.particles import ELECTRON_MASS, KAON_MASS, MUON_MASS, PION_MASS
from physics.phase_space import unweighted_phase_space
from physics.radiation.fsr import ALPHA, MIN_PHOTON_ENERGY, radiate
from physics.random import new_stream, open_stream, stream_key, uniform

J_PSI, B, D0 = 3.0969, 5.27934, 1.86484  # [GeV], PDG


@njit
def _decays(stream, key, events, mass, masses, charges, hardest, photons_in, edges, p, photons):
    """Fill the hardest photon of each decay and count photons between ``edges``; returns the worst |Δp|."""
    n = masses.shape[0]
    worst = 0.0
    for k in range(events):
        open_stream(stream, key, k, 0, 0)
        unweighted_phase_space(stream, mass, masses, n, p)
        n_photons = radiate(stream, n, p, masses, charges, mass, photons)
        for axis in range(4):
            total = p[:n, axis].sum() + photons[:n_photons, axis].sum()
            worst = max(worst, abs(total - (mass if axis == 3 else 0.0)) / mass)
        for j in range(n):
            shell = p[j, 3] ** 2 - p[j, 0] ** 2 - p[j, 1] ** 2 - p[j, 2] ** 2 - masses[j] ** 2
            worst = max(worst, abs(shell) / mass**2)
        hardest[k] = 0.0
        for j in range(n_photons):
            hardest[k] = max(hardest[k], photons[j, 3])
            for b in range(edges.shape[0] - 1):
                if edges[b] <= photons[j, 3] < edges[b + 1]:
                    photons_in[b] += 1
    return worst


def simulate(mass, masses, charges, events, edges=(1e-3, 2e-3), sample="fsr"):
    hardest, counts = np.zeros(events), np.zeros(len(edges) - 1, np.int64)
    worst = _decays(new_stream(),
        stream_key(1, sample), events, float(mass), np.array(masses, float), np.array(charges, float),
        hardest, counts, np.array(edges, float), np.zeros((len(masses), 4)), np.zeros((20, 4)),
    )  # fmt: skip
    return hardest, counts, worst


def single_charge_soft(beta):
    """Coefficient of dω/ω for a charge that takes over from its mother at rest (Jackson, sec. 15)."""
    return 2 * ALPHA / math.pi * (math.log((1 + beta) / (1 - beta)) / (2 * beta) - 1)


def pair_soft(beta):
    """The same for a back-to-back pair of opposite charges of equal mass."""
    return 2 * ALPHA / math.pi * ((1 + beta**2) / (2 * beta) * math.log((1 + beta) / (1 - beta)) - 1)


@pytest.mark.parametrize(
    ("mass", "masses", "charges"),
    [
        (B, (PION_MASS, PION_MASS), (1, -1)),
        (J_PSI, (ELECTRON_MASS, ELECTRON_MASS), (1, -1)),
        (1.019, (KAON_MASS, KAON_MASS), (1, -1)),
        (B, (PION_MASS, D0), (1, 0)),
        (2.0, (KAON_MASS, 1.0), (1, 0)),
    ],
)
def test_soft_photons_follow_the_eikonal_current(mass, masses, charges):
    momentum = two_body_momentum(mass, *masses)
    beta = momentum / math.hypot(momentum, masses[0])
    soft = pair_soft(beta) if charges[1] else single_charge_soft(beta)
    edges = (1.2e-4, 3e-4, 1e-3)
    events = 1_000_000 if beta < 0.5 else 300_000
    _, counts, _ = simulate(mass, masses, charges, events, edges)
    # recoil changes the spectrum by O(ω/E) < 0.5 %; exponentiation leaves the inclusive soft spectrum
    for count, low, high in zip(counts, edges, edges[1:], strict=False):
        expected = events * soft * math.log(high / low)
        assert abs(count - expected) < 4 * math.sqrt(expected) + 0.01 * expected


def vector_to_pair(omega, mass, lepton):
    """O(α) photon spectrum of V → ℓ⁺ℓ⁻γ, mℓ ≪ M (e.g. Berends, Kleiss, Nucl. Phys. B177 (1981) 237)."""
    x = 2 * omega / mass
    log = math.log(mass**2 * (1 - x) / lepton**2)
    return ALPHA / math.pi * ((1 + (1 - x) ** 2) * (log - 1)) / omega


def scalar_single_charge(omega, mass, charged, neutral):
    """O(α) photon spectrum of M⁺ → φ⁺ Y⁰ γ in scalar QED, constant amplitude, by integration."""
    reduced = math.sqrt(mass * (mass - 2 * omega))
    momentum, energy = two_body_momentum(reduced, charged, neutral), 0.0
    energy = math.hypot(momentum, charged)
    k = omega * mass / reduced
    born = two_body_momentum(mass, charged, neutral)

    def current(c):
        p_k = k * (energy - momentum * c)
        p_total = energy * reduced + p_k
        return 2 * p_total / (p_k * mass * omega) - charged**2 / p_k**2 - 1 / omega**2

    integral = quad(current, -1, 1, points=[0.9, 0.99], epsrel=1e-8)[0]
    return ALPHA / (2 * math.pi) * omega * integral * (momentum / reduced) / (born / mass)


@pytest.mark.parametrize(
    ("mass", "masses", "charges", "spectrum", "tolerance"),
    [
        (J_PSI, (ELECTRON_MASS, ELECTRON_MASS), (1, -1), vector_to_pair, 0.015),
        (B, (PION_MASS, D0), (1, 0), scalar_single_charge, 0.004),
        (B, (KAON_MASS, 3.0969), (1, 0), scalar_single_charge, 0.004),
    ],
)
def test_hardest_photon_follows_the_first_order_spectrum(mass, masses, charges, spectrum, tolerance):
    events = 1_500_000
    limit = (mass**2 - (masses[0] + masses[1]) ** 2) / (2 * mass)
    hardest, _, _ = simulate(mass, masses, charges, events)
    edges = limit * np.array([0.003, 0.02, 0.1, 0.3, 0.6, 0.9])

    def spectrum_of_log(t):
        return math.exp(t) * spectrum(math.exp(t), mass, *masses[: spectrum.__code__.co_argcount - 2])

    def above(low):
        return quad(spectrum_of_log, math.log(low), math.log(limit * (1 - 1e-6)), epsrel=1e-6)[0]

    for low, high in pairwise(edges):
        expected = events * (math.exp(-above(high)) - math.exp(-above(low)))
        count = np.count_nonzero((hardest >= low) & (hardest < high))
        assert abs(count - expected) < 4 * math.sqrt(expected) + tolerance * expected, (low, count / expected)


def test_currents_of_a_slow_opposite_pair_add_up():
    """Back to back and slow, charges ± radiate twice what two lone charges do: the interference is in."""
    mass, masses = 0.3, (PION_MASS, PION_MASS)
    _, counts, _ = simulate(mass, masses, (1, -1), 1_000_000, (1.2e-4, 1e-3))
    beta = math.sqrt(1 - (2 * PION_MASS / mass) ** 2)
    coherent = pair_soft(beta) / (2 * single_charge_soft(beta))
    assert coherent > 1.8  # slow back-to-back opposite charges: the currents add up
    expected = 1e6 * pair_soft(beta) * math.log(1e-3 / 1.2e-4)
    assert abs(counts[0] - expected) < 4 * math.sqrt(expected) + 0.03 * expected


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([ELECTRON_MASS, MUON_MASS, PION_MASS, KAON_MASS, 0.0, 1.86484, 0.93827]),
            st.sampled_from([-1, 1]),
        ),
        min_size=2,
        max_size=6,
    ),
    st.floats(0.01, 4.0),
)
def test_four_momentum_is_conserved(daughters, excess):
    masses = [m for m, _ in daughters]
    charges = [0 if m in (0.0, 1.86484) else q for m, q in daughters]
    _, _, worst = simulate(sum(masses) + excess, masses, charges, 2000)
    assert worst < 1e-12


def test_neutral_daughters_are_left_alone_and_memory_is_respected():
    hardest, counts, worst = simulate(B, (D0, 0.135), (0, 0), 1000)
    assert not hardest.any()
    assert not counts.any()
    assert worst < 1e-14
    stream = new_stream()
    p = np.array([[0.0, 0.0, 1.0, math.hypot(1.0, ELECTRON_MASS)], [0.0, 0.0, -1.0, math.hypot(1.0, ELECTRON_MASS)]])
    for k in range(300):
        open_stream(stream, stream_key(2, "full"), k, 0, 0)
        q = p.copy()
        n = radiate(stream, 2, q, np.full(2, ELECTRON_MASS), np.array([1.0, -1.0]), 2 * p[0, 3], np.zeros((1, 4)))
        assert n <= 1
        assert (q != p).any() == (n == 1)


def test_photons_are_above_the_cut_off_in_the_emitting_frame():
    hardest, _, _ = simulate(B, (PION_MASS, D0), (1, 0), 200_000)
    emitted = hardest[hardest > 0]
    assert emitted.min() > 0.99 * MIN_PHOTON_ENERGY
    assert 0.05 < len(emitted) / 200_000 < 0.15


@njit
def _kstar_gamma(stream, key, events, limits, counts, p, photons):
    """B → K*γ, K* → Kπ: count photons from the K* above ``limits`` in the frame of the B."""
    masses, charges = np.array([KAON_MASS, PION_MASS]), np.array([1.0, -1.0])
    for k in range(events):
        open_stream(stream, key, k, 0, 0)
        mass = 0.0
        while not 0.65 < mass < 1.6:
            mass = 0.8955 + 0.5 * 0.0473 * math.tan(math.pi * (uniform(stream) - 0.5))
        unweighted_phase_space(stream, mass, masses, 2, p)
        momentum = two_body_momentum(B, mass, 0.0)
        energy = math.sqrt(momentum * momentum + mass * mass)
        for j in range(radiate(stream, 2, p, masses, charges, mass, photons)):
            e = (photons[j, 3] * energy + photons[j, 2] * momentum) / mass
            for limit in range(limits.shape[0]):
                counts[limit] += e > limits[limit]


def test_photons_of_kstar_gamma_agree_with_photos():
    """Per event above 20, 50, 100 MeV: 0.01136, 0.00700, 0.00424 (PHOTOS 3.64 under EvtGen, 200 000 events)."""
    events = 500_000
    reference = np.array([0.01136, 0.00700, 0.00424])
    counts = np.zeros(3)
    _kstar_gamma(
        new_stream(),
        stream_key(4, "kstar"),
        events,
        np.array([0.02, 0.05, 0.1]),
        counts,
        np.zeros((2, 4)),
        np.zeros((9, 4)),
    )
    error = np.sqrt(reference / 200_000 + counts / events**2)
    assert np.all(np.abs(counts / events - reference) < 4 * error)
    assert np.all(np.abs(counts / events / reference - 1) < 0.08)
