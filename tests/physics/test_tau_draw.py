"""τ → 3π ν drawn by tables against plain rejection from phase space."""

import numpy as np
import pytest
from numba import njit
from scipy.stats import ks_2samp

from physics.decays.registry import MODELS, amplitude, draw_kinematics, draws_kinematics, prepare
from physics.phase_space import unweighted_phase_space
from physics.random import new_stream, open_stream, stream_key, uniform

M_TAU, M_PI, M_PI0 = 1.77693, 0.13957039, 0.1349768
ARGUMENTS = [-0.108, 0.775, 0.149, 1.364, 0.400, 1.23, 0.4]  # DECAY_BELLE2.DEC
MODEL = MODELS["TAUHADNU"]


@njit
def _numbers(p, pair, out):
    """Q², the mass² of the pair of pions, and the cosine of the first pion to the neutrino in the τ frame."""
    nu = 3
    e = p[0, 3] + p[1, 3] + p[2, 3]
    out[0] = e * e - p[nu, 3] ** 2
    i, j = pair
    e = p[i, 3] + p[j, 3]
    out[1] = e * e - (p[i, 0] + p[j, 0]) ** 2 - (p[i, 1] + p[j, 1]) ** 2 - (p[i, 2] + p[j, 2]) ** 2
    dot = p[0, 0] * p[nu, 0] + p[0, 1] * p[nu, 1] + p[0, 2] * p[nu, 2]
    out[2] = dot / np.sqrt(p[0, 0] ** 2 + p[0, 1] ** 2 + p[0, 2] ** 2) / p[nu, 3]


@njit
def _draw(stream, key, model, parameters, masses, states, pair, direct, maximum, out):
    p, amp = np.zeros((4, 4)), np.zeros(2, np.complex128)
    worst = 0.0
    for k in range(out.shape[0]):
        open_stream(stream, key, k, 0, 0)
        if direct:
            if not draw_kinematics(stream, model, parameters, masses, p, states, amp):
                return -1.0
        else:
            while True:
                unweighted_phase_space(stream, masses[0], masses[1:], 4, p)
                amplitude(model, parameters, p, masses, states, amp)
                weight = abs(amp[0]) ** 2 + abs(amp[1]) ** 2
                worst = max(worst, weight / maximum)
                if weight > maximum * uniform(stream):
                    break
        _numbers(p, pair, out[k])
        for axis in range(4):
            worst_sum = abs(p[:, axis].sum() - (masses[0] if axis == 3 else 0.0))
            if worst_sum > 1e-9:
                return -2.0
    return worst


@pytest.mark.parametrize(("pions", "pair"), [((-211, 111, 111), (0, 1)), ((-211, -211, 211), (0, 2))])
def test_tables_draw_what_the_amplitude_says(pions, pair):
    pion_masses = [M_PI0 if pdg == 111 else M_PI for pdg in pions]
    daughters = [*((pdg, m, 1) for pdg, m in zip(pions, pion_masses, strict=True)), (16, 0.0, 1)]
    parameters = prepare("TAUHADNU", ARGUMENTS, (15, M_TAU, 2), daughters)
    assert draws_kinematics(MODEL)
    masses, states = np.array([M_TAU, *pion_masses, 0.0]), np.array([2, 1, 1, 1, 1])
    drawn, rejected = np.zeros((40_000, 3)), np.zeros((20_000, 3))
    assert (
        _draw(new_stream(), stream_key(1, "direct"), MODEL, parameters, masses, states, pair, True, 1.0, drawn) >= 0.0
    )
    trial = np.zeros((50, 3))
    maximum = 1e-6
    for _ in range(60):  # find a maximum that holds
        worst = _draw(
            new_stream(), stream_key(2, "plain"), MODEL, parameters, masses, states, pair, False, maximum, trial
        )
        if worst <= 1.0:
            break
        maximum *= 1.2 * worst
    worst = _draw(
        new_stream(), stream_key(3, "plain"), MODEL, parameters, masses, states, pair, False, 1.5 * maximum, rejected
    )
    assert 0.0 < worst <= 1.1
    for column in range(3):
        assert ks_2samp(drawn[:, column], rejected[:, column]).pvalue > 1e-4, column
    # another τ mass is not tabulated: the caller has to reject from phase space
    p, amp = np.zeros((4, 4)), np.zeros(2, complex)
    other = masses.copy()
    other[0] = 1.8
    assert not draw_kinematics(new_stream(), MODEL, parameters, other, p, states, amp)
