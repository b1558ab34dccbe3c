"""Clusters: response shape, resolutions, acceptance, merging, neutral hadrons, common random numbers."""

import numpy as np
import pytest
from numba import njit
from scipy import stats

from detector.calorimeter import (
    BACKWARD,
    BARREL,
    ENERGY,
    FORWARD,
    PHI,
    THETA,
    cluster_region,
    novosibirsk,
    novosibirsk_scale,
    resolution,
)
from detector.card import load_detector
from detector.draws import gauss, normal_table
from detector.flight import new_flights
from detector.gun import single_flights, single_tracks
from detector.outer import measure_outer

KEY = np.uint64(2311_14647)


@pytest.fixture(scope="module")
def outer():
    return load_detector("belle2-run1").outer


@pytest.fixture(scope="module")
def quiet(outer):
    """Without beam background."""
    return outer._replace(background=outer.background._replace(clusters=0.0))


def shoot(outer, pdg, p, theta, n):
    rng = np.random.default_rng(1)
    flights = single_flights(pdg, np.full(n, p), np.broadcast_to(theta, (n,)), rng.uniform(-np.pi, np.pi, n))
    tracks = single_tracks(flights)
    clusters, klm = measure_outer(KEY, np.arange(n), flights, tracks, outer)
    return flights, tracks, clusters, klm


@njit
def fill_novosibirsk(words, normal, tail, scale, out):
    for i in range(out.size):
        out[i] = novosibirsk(gauss(words[i], normal), tail, scale)


def test_novosibirsk_follows_its_density():
    tail = -0.25
    draws = np.zeros(40_000)
    words = np.random.default_rng(1).integers(0, 2**32, draws.size, dtype=np.uint32)
    fill_novosibirsk(words, normal_table(), tail, novosibirsk_scale(tail), draws)
    s = tail * np.sqrt(np.log(4.0))
    scale = np.sinh(s) / np.sqrt(np.log(4.0))
    x = np.linspace(-12.0, 1.0 / abs(scale) - 1e-6, 200_001)
    density = np.exp(-0.5 * (np.log1p(scale * x) ** 2 / tail**2 + tail**2))
    cumulative = np.cumsum(density)
    cumulative /= cumulative[-1]
    assert stats.kstest(draws, lambda v: np.interp(v, x, cumulative)).pvalue > 0.001
    assert abs(x[np.argmax(density)]) < 0.01  # peak at 0
    above = x[density > 0.5 * density.max()]
    assert (above[-1] - above[0]) / 2.3548 == pytest.approx(1.0, rel=0.01)  # width 1 as FWHM/2.355


@pytest.mark.parametrize(
    ("energy", "region", "expected"),
    [  # values of the basf2 functions at the middle background level
        (0.1, BARREL, (0.048, 8.1e-3, 10.0e-3)),
        (1.0, FORWARD, (0.021, 2.5e-3, 6.9e-3)),
        (4.0, BACKWARD, (0.025, 3.0e-3, 4.1e-3)),
        (0.01, BARREL, (0.1123, 11.62e-3, 12.68e-3)),
    ],
)
def test_resolutions_are_basf2_s(outer, energy, region, expected):
    found = [resolution(energy, region, quantity, outer.calorimeter) for quantity in (ENERGY, THETA, PHI)]
    np.testing.assert_allclose(found, expected, rtol=0.02)


@pytest.mark.parametrize("energy", [0.1, 0.5, 3.0])
def test_photon_energy_has_core_width_and_low_tail(quiet, energy):
    n = 30_000
    _, _, clusters, _ = shoot(quiet, 22, energy, np.radians(90.0), n)
    pull = (clusters.E - energy) / (energy * resolution(energy, BARREL, ENERGY, quiet.calorimeter))
    counts, edges = np.histogram(pull, np.linspace(-3.0, 3.0, 31))
    above = edges[:-1][counts > 0.5 * counts.max()] + 0.1
    assert abs(above.mean()) < 0.25  # the peak is the true energy
    assert (above[-1] - above[0] + 0.2) / 2.3548 == pytest.approx(1.0, abs=0.12)
    assert np.mean(pull < -3.0) > 5.0 * np.mean(pull > 3.0)
    assert np.mean(pull < -3.0) > 0.01


def test_photon_direction(quiet):
    n = 20_000
    flights, _, clusters, _ = shoot(quiet, 22, 1.0, np.radians(70.0), n)
    event = np.repeat(np.arange(n), np.diff(clusters.offsets))
    phi = np.arctan2(flights.y, flights.x)[event]
    d_phi = (clusters.phi - phi + np.pi) % (2.0 * np.pi) - np.pi
    assert d_phi.std() == pytest.approx(resolution(1.0, BARREL, PHI, quiet.calorimeter), rel=0.03)
    d_theta = clusters.theta - np.radians(70.0)
    assert d_theta.std() == pytest.approx(resolution(1.0, BARREL, THETA, quiet.calorimeter), rel=0.03)
    assert abs(d_theta.mean()) < 0.1e-3


def test_centroid_is_seen_from_the_origin(quiet):
    """A photon from a displaced vertex keeps its flight line, not its angle."""
    n = 2000
    flights = single_flights(22, np.full(n, 1.0), np.full(n, np.pi / 2), np.zeros(n))
    flights.z[:] += 10.0  # whole flight moved along z
    flights.z0[:] += 10.0
    clusters, _ = measure_outer(KEY, np.arange(n), flights, single_tracks(flights), quiet)
    expected = np.arctan2(clusters.r.mean(), 10.0)
    assert clusters.theta.mean() == pytest.approx(expected, abs=1e-3)


def test_acceptance_and_gaps(quiet):
    def efficiency(degrees):
        return np.diff(shoot(quiet, 22, 0.5, np.radians(degrees), 3000)[2].offsets).mean()

    assert efficiency(90.0) > 0.95
    assert efficiency(20.0) > 0.95
    assert efficiency(31.8) < 0.6
    assert efficiency(129.7) < 0.6
    assert efficiency(9.0) < 0.05
    edges = [cluster_region(np.cos(np.radians(a)), quiet.calorimeter) for a in (5, 20, 31.8, 90, 129.5, 140, 170)]
    assert edges == [0, 1, 11, 2, 13, 3, 0]


def test_threshold(outer):
    clusters = shoot(outer, 22, 0.025, np.radians(90.0), 3000)[2]
    assert clusters.E.min() >= 0.020
    soft = clusters.E < 0.050
    assert np.all(np.abs(clusters.timing[soft]) <= clusters.timing_error[soft])


def two_photons(separation, n):
    """Two 2 GeV photons at 90° whose impact points lie ``separation`` [cm] apart along z."""
    one = single_flights(22, np.full(n, 2.0), np.full(n, np.pi / 2), np.zeros(n))
    flights = new_flights(2 * n, n)
    flights.offsets[:] = 2 * np.arange(n + 1)
    for name in flights._fields[1:]:
        getattr(flights, name)[...] = np.repeat(getattr(one, name), 2)
    flights.z[1::2] += separation
    return flights


def test_photons_closer_than_crystals_merge(quiet):
    n = 500
    for separation, expected in ((2.0, 1), (30.0, 2)):
        flights = two_photons(separation, n)
        clusters, _ = measure_outer(KEY, np.arange(n), flights, single_tracks(flights), quiet)
        number = np.diff(clusters.offsets)
        assert np.mean(number == expected) > 0.9
        assert clusters.E.sum() / n == pytest.approx(4.0, rel=0.05)


def test_muons_leave_their_ionisation(quiet):
    _, tracks, clusters, _ = shoot(quiet, 13, 1.5, np.radians(80.0), 5000)
    assert 0.16 < np.median(clusters.E) < 0.24
    assert np.mean(clusters.E > 0.5) < 0.02
    assert np.mean(tracks.cluster == 0) > 0.97
    assert np.all(clusters.minC2TDist[clusters.track == 0] < quiet.calorimeter.match_distance)


def test_electrons_shower_completely(quiet):
    _, tracks, clusters, _ = shoot(quiet, 11, 1.5, np.radians(80.0), 3000)
    assert np.median(clusters.E) == pytest.approx(1.5, rel=0.02)
    assert np.mean(tracks.cluster == 0) > 0.95


def test_klong_efficiency_is_that_of_the_data(quiet):
    """Clusters above 100 MeV; Belle II data, arXiv:2311.14647, Fig. 5."""
    mass = 0.497611
    for energy, expected in ((1.84, 0.37), (2.32, 0.42), (2.80, 0.45), (3.28, 0.44), (3.76, 0.44)):
        n = 8000
        p = np.sqrt(energy**2 - mass**2)
        _, _, clusters, _ = shoot(quiet, 130, p, np.radians(75.0), n)
        event = np.repeat(np.arange(n), np.diff(clusters.offsets))
        seen = np.unique(event[clusters.E > 0.1]).size / n
        assert seen == pytest.approx(expected, abs=0.04)


def test_hadrons_split_off_clusters(quiet):
    _, _, clusters, _ = shoot(quiet, 211, 1.5, np.radians(75.0), 5000)
    number = np.diff(clusters.offsets)
    assert 0.2 < np.mean(number > 1) < 0.6
    extra = clusters.track < 0
    assert 0.03 < clusters.E[extra].mean() < 0.15
    assert clusters.pulse_shape[extra].mean() < 0.4


def test_background_leaves_the_photons_alone(outer, quiet):
    """Common random numbers: another background level changes no shower of the event."""
    n = 400
    with_background = shoot(outer, 22, 0.8, np.radians(90.0), n)[2]
    without = shoot(quiet, 22, 0.8, np.radians(90.0), n)[2]
    own = np.flatnonzero(with_background.mcPDG == 22)
    untouched = np.isin(without.E, with_background.E[own])
    assert untouched.mean() > 0.95  # a few merge with background
    assert with_background.E.size > without.E.size + n


def test_shapes_tell_photons_from_hadrons(quiet):
    photon = shoot(quiet, 22, 1.0, np.radians(90.0), 3000)[2]
    klong = shoot(quiet, 130, 1.5, np.radians(90.0), 6000)[2]
    klong_e = klong.E > 0.2
    assert np.median(photon.E9E21) > 0.93 > np.median(klong.E9E21[klong_e])
    assert 0.15 < np.median(photon.LAT) < 0.4 < np.median(klong.LAT[klong_e])
    cut = np.quantile(photon.pulse_shape, 0.1)
    assert np.mean(klong.pulse_shape[klong_e] > cut) < 0.25
