"""Muon system: ranges, penetration, K_L."""

import numpy as np
import pytest

from detector.card import load_detector
from detector.gun import single_flights, single_tracks
from detector.klm import BARREL, FORWARD, expected_layer
from detector.outer import measure_outer
from detector.stopping import (
    CAESIUM_IODIDE,
    IRON,
    SILICON,
    mean_loss,
    range_table,
    ranges_behind,
    residual_beta_gamma,
    stopping_range,
)

KEY = np.uint64(2503_11351)


@pytest.fixture(scope="module")
def outer():
    return load_detector("belle2-run1").outer


def shoot(outer, pdg, p, degrees=80.0, n=2000):
    rng = np.random.default_rng(1)
    flights = single_flights(pdg, np.full(n, p), np.full(n, np.radians(degrees)), rng.uniform(-np.pi, np.pi, n))
    tracks = single_tracks(flights)
    clusters, klm = measure_outer(KEY, np.arange(n), flights, tracks, outer)
    return tracks, clusters, klm


@pytest.mark.parametrize(("substance", "minimum"), [(CAESIUM_IODIDE, 1.243), (IRON, 1.451), (SILICON, 1.664)])
def test_minimum_ionisation_is_the_pdg_s(substance, minimum):
    """PDG, Atomic and nuclear properties: minimum ionisation in MeV cm²/g."""
    loss = mean_loss(np.exp(np.linspace(0.0, 3.0, 400)), substance) * 1e3
    assert loss.min() == pytest.approx(minimum, rel=0.01)


def test_range_and_residual_agree():
    table = range_table(IRON)
    mass = 0.1056583755
    for beta_gamma in (2.0, 8.0, 30.0):
        whole = stopping_range(beta_gamma, mass, table)
        half = residual_beta_gamma(beta_gamma, mass, 0.5 * whole, table)
        assert stopping_range(half, mass, table) == pytest.approx(0.5 * whole, rel=0.01)
        assert residual_beta_gamma(beta_gamma, mass, 1.01 * whole, table) == 0.0
    # a minimum-ionising muon loses 1.45 MeV in each g/cm²
    lost = mass * (np.sqrt(1 + 3.5**2) - np.sqrt(1 + residual_beta_gamma(3.5, mass, 5.0, table) ** 2))
    assert lost == pytest.approx(5.0 * 1.451e-3, rel=0.03)


def test_ranges_behind_another_material():
    crystals, iron, mass = range_table(CAESIUM_IODIDE), range_table(IRON), 0.1056583755
    momenta = np.array([0.1, 0.25, 0.4, 0.7, 1.5, 5.0])
    left = [residual_beta_gamma(p / mass, mass, 135.3, crystals) for p in momenta]
    expected = [stopping_range(beta_gamma, mass, iron) for beta_gamma in left]
    assert expected[0] == 0.0 < expected[2]
    np.testing.assert_allclose(ranges_behind(momenta, mass, 135.3, crystals, iron), expected, rtol=1e-12)


def test_layers_expected_of_muons(outer):
    """From where muons with the losses of the PDG come through crystals, coil and plates, to the last layer."""
    klm = outer.klm
    barrel = [expected_layer(p, BARREL, 1.0, klm) for p in np.linspace(0.3, 3.0, 200)]
    assert barrel[0] == 0
    assert barrel[-1] == klm.barrel_layers
    assert barrel == sorted(barrel)
    for p in (0.6, 0.8, 1.0):
        kinetic = np.hypot(p, 0.1057) - 0.1057
        lost = outer.calorimeter.crystal_length * outer.calorimeter.density * 1.35e-3 + klm.coil_mass * 1.55e-3
        plates = (kinetic - lost) / (klm.plate * 1.55e-3)  # somewhat above the minimum of 1.243 and 1.451 MeV cm²/g
        assert expected_layer(p, BARREL, 1.0, klm) == pytest.approx(plates + 1.0, abs=1.0)
        assert expected_layer(p, FORWARD, 1.0, klm) in (expected_layer(p, BARREL, 1.0, klm) - 1, klm.forward_layers)


def test_muons_range_out(outer):
    """They reach the system from about 0.6 GeV/c and cross all of it above about 1.5 GeV/c."""
    found = {p: shoot(outer, 13, p) for p in (0.4, 0.6, 0.8, 1.0, 1.3, 2.0)}
    fraction = {p: np.mean(np.diff(klm.offsets) > 0) for p, (_, _, klm) in found.items()}
    assert fraction[0.4] < 0.01
    assert fraction[0.8] > 0.9
    layers = [found[p][2].layers.mean() for p in (0.8, 1.0, 1.3, 2.0)]
    assert layers == sorted(layers)
    assert layers[-1] > 13.0
    tracks, _, klm = found[2.0]
    assert np.mean(tracks.klm == 0) > 0.98
    assert np.all(klm.innermost_layer >= 1)


def test_pions_punch_through_exponentially(outer):
    _, _, klm = shoot(outer, 211, 2.5, n=6000)
    deep = [np.mean(np.bincount(np.repeat(np.arange(6000), np.diff(klm.offsets))[klm.layers >= k], minlength=6000) > 0)
            for k in (2, 6, 12)]  # fmt: skip
    assert deep[0] > deep[1] > deep[2]
    assert deep[1] < 0.25
    assert deep[2] < 0.06


def test_klong(outer):
    """Seen from about half a GeV, half of them with calorimeter or iron at 2-3 GeV; direction within 30 mrad."""
    efficiency = []
    for p in (0.4, 1.0, 2.5):
        _, clusters, klm = shoot(outer, 130, p, n=4000)
        in_iron = np.diff(klm.offsets) > 0
        event = np.repeat(np.arange(4000), np.diff(clusters.offsets))
        in_crystals = np.bincount(event[np.abs(clusters.mcPDG) == 130], minlength=4000) > 0
        efficiency.append(np.mean(in_iron))
        either = np.mean(in_iron | in_crystals)
    assert efficiency == sorted(efficiency)
    assert 0.15 < efficiency[-1] < 0.6
    assert 0.5 < either < 0.9
    theta = np.arccos(klm.z / np.sqrt(klm.x**2 + klm.y**2 + klm.z**2))
    assert np.std(theta - np.radians(80.0)) < 0.03


def test_endcaps(outer):
    for degrees in (30.0, 140.0):
        _, _, klm = shoot(outer, 13, 2.0, degrees)
        assert np.diff(klm.offsets).mean() > 0.9
    _, _, forward = shoot(outer, 13, 2.0, 30.0)
    assert forward.layers.max() <= 14
    assert np.all(forward.z > 270.0)


def test_photons_leave_nothing(outer):
    assert shoot(outer, 22, 3.0)[2].x.size == 0
