"""Strings and shower: conservation laws, rates against Pythia 8, refusals."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numba import njit
from particle import PDGID

from physics.hadronization.hadronize import MAX_HADRONS, fragment_string, hadronize_pair, hadronize_partons, new_memory
from physics.hadronization.tune import Tune, compile_tune, read_tune
from physics.random import new_stream, open_stream

MEMORY = new_memory()
PDG, P = np.zeros(MAX_HADRONS, np.int64), np.zeros((MAX_HADRONS, 4))
STREAM = new_stream()
PYTHIA = json.loads((Path(__file__).parents[1] / "data" / "pythia_primary_hadrons.json").read_text())

GUN = {"second_shower": False, "pair_mass_ud": 0.33, "pair_mass_s": 0.5, "pair_mass_c": 1.5}
"""What the stored numbers of Pythia were made with: one forced shower, quarks with Pythia's masses."""


@njit
def hadronize(stream, tune, memory, quark, antiquark, mass, radiate, event, pdg, p):
    open_stream(stream, np.uint64(5), event, 0, 0)
    return hadronize_pair(stream, tune, memory, quark, antiquark, mass, radiate, pdg, p)


@njit
def count(stream, tune, memory, flavour, mass, radiate, events, pdg, p, counts, pt):
    total = 0
    for k in range(events):
        open_stream(stream, np.uint64(7), k, 0, 0)
        n = hadronize_pair(stream, tune, memory, flavour, -flavour, mass, radiate, pdg, p)
        total += n
        for i in range(n):
            counts[abs(pdg[i])] += 1.0
            pt[abs(pdg[i])] += np.sqrt(p[i, 0] ** 2 + p[i, 1] ** 2)
    return total / events


def quantum_numbers(pdg: int) -> np.ndarray:
    """Return three times the charge, and the net numbers of d, u, s, c quarks of a hadron, quark or diquark."""
    if pdg == 22:
        return np.zeros(5)
    size, sign = abs(pdg), 1 if pdg > 0 else -1
    net = np.zeros(5)
    if size < 10:
        net[size] = sign
    elif PDGID(pdg).is_meson:
        high, low = size // 100 % 10, size // 10 % 10
        if high != low:
            # positive: the heavier quark if up-like, else its antiquark
            quark, antiquark = (high, low) if (high % 2 == 0) == (sign > 0) else (low, high)
            net[quark] += 1
            net[antiquark] -= 1
    else:
        for digit in (size // 1000 % 10, size // 100 % 10, size // 10 % 10):
            if digit:
                net[digit] += sign
    net[0] = -net[1] + 2 * net[2] - net[3] + 2 * net[4]
    return net


@st.composite
def tunes(draw: st.DrawFn) -> Tune:
    """Draw a tune around the default."""
    number = lambda low, high: draw(st.floats(low, high))  # noqa: E731
    changes = {
        "a_lund": number(0.1, 1.5), "b_lund": number(0.2, 1.8), "sigma_pt": number(0.1, 0.8),
        "prob_s_to_ud": number(0.05, 0.5), "prob_qq_to_q": number(0.02, 0.4), "popcorn_rate": number(0.0, 2.0),
        "stop_mass": number(0.2, 1.2), "pt_min": number(0.45, 1.5), "alpha_s_mz": number(0.1, 0.15),
    }  # fmt: skip
    return compile_tune(read_tune(charm=draw(st.booleans())).model_copy(update=changes))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(tunes(), st.sampled_from([(1, -1), (2, -2), (3, -3), (4, -4), (4, -1), (2, -3)]), st.floats(3.0, 12.0),
       st.integers(0, 10**6))  # fmt: skip
def test_conservation_laws(tune: Tune, ends: tuple[int, int], mass: float, event: int) -> None:
    """Momentum to 1e-8 GeV, charge and every flavour exactly; so baryon number, strangeness and charm."""
    if ends == (4, -4) and mass < 3.2:
        mass = 3.2
    n = hadronize(STREAM, tune, MEMORY, *ends, mass, 1, event, PDG, P)
    assert n >= 2
    assert np.allclose(P[:n].sum(0), [0.0, 0.0, 0.0, mass], atol=1e-8)
    initial = sum(quantum_numbers(q) for q in ends)
    final = sum(quantum_numbers(int(q)) for q in PDG[:n])
    assert np.array_equal(final, initial)
    masses2 = P[:n, 3] ** 2 - (P[:n, :3] ** 2).sum(1)
    assert masses2[PDG[:n] != 22].min() > 0.13**2


def test_flavour_bookkeeping_of_the_test() -> None:
    assert np.array_equal(quantum_numbers(321), [3, 0, 1, -1, 0])
    assert np.array_equal(quantum_numbers(-411), [-3, 1, 0, 0, -1])
    assert np.array_equal(quantum_numbers(3122), [0, 1, 1, 1, 0])


@pytest.mark.parametrize(
    ("flavour", "radiate", "name"),
    [(2, 0, "2_straight"), (4, 0, "4_straight"), (2, 1, "2_shower"), (4, 1, "4_shower")],
)
def test_primary_hadrons_agree_with_pythia(flavour: int, radiate: int, name: str) -> None:
    """Mean number within 0.5 %; every species within 3 % or four standard deviations; mean pT
    within 3 % or four standard deviations."""
    tune = compile_tune(read_tune(charm=flavour == 4).model_copy(update=GUN))
    counts, pt = np.zeros(20_500), np.zeros(20_500)
    events = 30_000
    mean = count(STREAM, tune, MEMORY, flavour, 10.58, radiate, events, PDG, P, counts, pt)
    reference = PYTHIA[name]
    assert mean == pytest.approx(reference["mean"], rel=0.005)
    for species, (rate, _, mean_pt) in reference["species"].items():
        i = int(species)
        error = np.sqrt(rate / events + rate / PYTHIA["events"])
        assert abs(counts[i] / events - rate) < max(0.03 * rate, 4.0 * error), species
        if rate > 0.1:
            # pT of a species spreads by 0.6 of its mean
            allowed = max(0.03, 4.0 * 0.6 * error / rate)
            assert pt[i] / counts[i] == pytest.approx(mean_pt, rel=allowed), species


def test_small_systems() -> None:
    """Two pions near their threshold, η_c π⁰ below the one of two D, nothing below both."""
    light, charm = compile_tune(read_tune()), compile_tune(read_tune(charm=True))
    for event in range(50):
        assert hadronize(STREAM, light, MEMORY, 2, -2, 0.3, 1, event, PDG, P) == 2
        assert set(np.abs(PDG[:2])) <= {111, 211}
    assert hadronize(STREAM, charm, MEMORY, 4, -4, 3.5, 1, 0, PDG, P) == 2
    assert sorted(PDG[:2]) == [111, 441]
    assert hadronize(STREAM, light, MEMORY, 2, -2, 0.2, 1, 0, PDG, P) == -1


def test_closed_string_and_given_partons() -> None:
    """A loop of three gluons and a q g q̄ chain conserve momentum in the frame that they are given in."""
    tune = compile_tune(read_tune())
    angles = np.array([0.3, 2.2, 4.4])
    p = np.zeros((3, 4))
    p[:, 0], p[:, 1], p[:, 3] = np.cos(angles), np.sin(angles), 1.0
    p[:, :3] *= 3.0
    p[:, 3] *= 3.0
    for pdgs in ([21, 21, 21], [1, 21, -2]):
        open_stream(STREAM, np.uint64(3), 1, 0, 0)
        n = hadronize_partons(STREAM, tune, MEMORY, np.array(pdgs), p, 3, PDG, P)
        assert n > 2
        assert np.allclose(P[:n].sum(0), p.sum(0), atol=1e-8)
        assert sum(quantum_numbers(int(q)) for q in PDG[:n])[0] == sum(quantum_numbers(q)[0] for q in pdgs if q != 21)


def test_string_without_shower_has_little_transverse_momentum() -> None:
    tune = compile_tune(read_tune())
    open_stream(STREAM, np.uint64(3), 2, 0, 0)
    n = fragment_string(STREAM, tune, MEMORY, 2, -2, 10.0, PDG, P)
    assert np.hypot(P[:n, 0], P[:n, 1]).max() < 2.5


@pytest.mark.parametrize(
    ("text", "message"),
    [("a_lund: 5", "a_lund"), ("alund: 0.3", "alund"), ("- 1", "name: value"), (":\n - [", "cannot be read")],
)
def test_bad_tune_is_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "tune.yaml"
    file.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_tune(file)
