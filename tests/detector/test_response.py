"""Tracks of single particles: pulls, resolutions, efficiencies, what happens on the way, and paired studies."""

import dataclasses
import math

import numpy as np
import pytest

from detector.card import Detector, load_detector
from detector.flight import (
    ORIGIN_BREMSSTRAHLUNG,
    ORIGIN_CONVERSION,
    ORIGIN_DECAY,
    ORIGIN_NUCLEAR,
    ORIGIN_TRUTH,
    REGION_BARREL,
)
from detector.helix import helix_at_poca
from detector.response import fly, measure
from physics.particles import KAON_CTAU, KAON_MASS, PION_CTAU, PION_MASS, final_charge, final_mass
from physics.record import Particles

KEY = np.uint64(20)
DIAGONAL = [0, 5, 9, 12, 14]


@pytest.fixture(scope="module")
def run1():
    return load_detector("belle2-run1")


def with_processes(detector: Detector, **factors: float) -> Detector:
    """The detector with processes, or track finding, at other levels."""
    tracker = detector.tracker
    processes = {k: v for k, v in factors.items() if k in tracker.processes._fields}
    finding = {k: v for k, v in factors.items() if k in tracker.finding._fields}
    tracker = tracker._replace(
        processes=tracker.processes._replace(**processes), finding=tracker.finding._replace(**finding)
    )
    return dataclasses.replace(detector, tracker=tracker)


QUIET = {
    "decay_in_flight": 0.0,
    "conversion": 0.0,
    "bremsstrahlung": 0.0,
    "nuclear_interaction": 0.0,
    "fakes": 0.0,
    "clones": 0.0,
}


def gun(pdg, p, theta, phi, vertices=None, per_event=10):
    """Particles of given momenta, several in an event."""
    n = len(p)
    pdg = np.broadcast_to(np.asarray(pdg, np.int32), (n,)).copy()
    mass = np.array([final_mass(int(i)) for i in pdg])
    v = np.zeros((n, 3)) if vertices is None else np.asarray(vertices, float)
    return Particles(
        np.arange(0, n + 1, per_event, dtype=np.int64), pdg, p * np.sin(theta) * np.cos(phi), p * np.sin(theta) * np.sin(phi),
        p * np.cos(theta), np.sqrt(p**2 + mass**2), np.full(n, -1, np.int32), np.ones(n, np.int8), v[:, 0].copy(),
        v[:, 1].copy(), v[:, 2].copy(), np.zeros(n),
    )  # fmt: skip


def spread(n, seed, low, high, theta=(20.0, 145.0)):
    """Momenta (log-uniform), polar angles (in the cosine) and azimuths."""
    rng = np.random.default_rng(seed)
    p = np.exp(rng.uniform(math.log(low), math.log(high), n))
    cosine = rng.uniform(math.cos(math.radians(theta[1])), math.cos(math.radians(theta[0])), n)
    return p, np.arccos(cosine), rng.uniform(-math.pi, math.pi, n)


def flown(particles, detector):
    """Flights and tracks with the index of the particle of each track."""
    events = np.arange(len(particles.offsets) - 1)
    flights, tracks = fly(particles, events, detector, KEY)
    event = np.repeat(events, np.diff(tracks.offsets))
    return flights, tracks, np.where(tracks.mc >= 0, particles.offsets[event] + tracks.mc, -1)


def pulls(particles, tracks, index):
    """(n, 5) pulls of the helix parameters of the tracks of the particles themselves."""
    rows = []
    for k, i in enumerate(index):
        charge = float(final_charge(int(particles.pdg[i])))
        true = helix_at_poca(particles.vx[i], particles.vy[i], particles.vz[i], particles.px[i], particles.py[i], particles.pz[i], charge, 1.5)[:5]  # fmt: skip
        delta = np.array([tracks.d0[k], tracks.phi0[k], tracks.omega[k], tracks.z0[k], tracks.tanLambda[k]]) - true
        delta[1] = math.remainder(delta[1], 2.0 * math.pi)
        rows.append(delta / np.sqrt(tracks.covariance[k][DIAGONAL]))
    return np.array(rows)


@pytest.mark.parametrize("pdg", [211, -13, 321, -2212, 11])
@pytest.mark.parametrize("displaced", [False, True])
def test_pulls_are_unit_gaussians(run1, pdg, displaced):
    detector = with_processes(run1, **QUIET, tail_fraction=0.0)
    n = 12000
    p, theta, phi = spread(n, 3 + displaced, 0.4 if abs(pdg) == 2212 else 0.2, 4.0)
    vertices = None
    if displaced:
        flight = np.random.default_rng(9).exponential(4.0, n)
        direction = np.stack(
            [np.sin(theta) * np.cos(phi + 0.2), np.sin(theta) * np.sin(phi + 0.2), np.cos(theta)], axis=1
        )
        vertices = flight[:, None] * direction
    particles = gun(pdg, p, theta, phi, vertices)
    _, tracks, index = flown(particles, detector)
    found = pulls(particles, tracks, index)
    assert len(found) > (0.6 if displaced else 0.85) * n
    # 1/sqrt(2 n) is 0.7 %: within 2 % over all momenta and angles.
    np.testing.assert_allclose(found.std(axis=0), 1.0, atol=0.02 + 0.007)
    np.testing.assert_allclose(found.mean(axis=0), 0.0, atol=0.04)
    for low, high in ((0.2, 0.6), (0.6, 1.5), (1.5, 4.0)):
        part = (p[index] > low) & (p[index] < high)
        np.testing.assert_allclose(found[part].std(axis=0), 1.0, atol=0.05)


def test_tails_are_a_small_documented_fraction(run1):
    detector = with_processes(run1, **QUIET, tail_fraction=0.1, tail_scale=3.0)
    p, theta, phi = spread(20000, 5, 0.5, 3.0)
    particles = gun(13, p, theta, phi)
    _, tracks, index = flown(particles, detector)
    outside = np.abs(pulls(particles, tracks, index)[:, 0]) > 3.0
    expected = 0.1 * math.erfc(1.0 / math.sqrt(2.0)) + 0.9 * math.erfc(3.0 / math.sqrt(2.0))
    assert outside.mean() == pytest.approx(expected, abs=0.004)


def test_stiff_tracks_have_twelve_micrometres_in_d0(run1):
    # arXiv:2104.12624; tracks with a hit in pixel layer 1, across the beam.
    n = 4000
    rng = np.random.default_rng(1)
    particles = gun(13, np.full(n, 4.0), np.full(n, math.pi / 2), rng.uniform(-math.pi, math.pi, n))
    _, tracks, _ = flown(particles, with_processes(run1, **QUIET))
    first = tracks.firstPXDLayer == 1
    assert first.mean() > 0.95
    assert np.median(np.sqrt(tracks.covariance[first, 0])) == pytest.approx(12e-4, abs=1.5e-4)


def test_covariance_matrices_are_positive_definite(run1):
    p, theta, phi = spread(20000, 6, 0.05, 5.0, (10.0, 160.0))
    rng = np.random.default_rng(2)
    particles = gun(rng.choice([211, -211, 321, 2212, 11, -13], 20000), p, theta, phi, rng.normal(0, 3, (20000, 3)))
    _, tracks, _ = flown(particles, run1)
    full = np.zeros((len(tracks.d0), 5, 5))
    full[:, *np.triu_indices(5)] = tracks.covariance
    full += np.triu(full, 1).transpose(0, 2, 1)
    scale = np.sqrt(np.einsum("nii->ni", full))
    assert np.isfinite(scale).all()
    assert np.linalg.eigvalsh(full / scale[:, :, None] / scale[:, None, :]).min() > 0.0


def test_second_pixel_layer_of_run_two_adds_hits():
    p, theta, phi = spread(3000, 7, 0.5, 2.0, (40.0, 120.0))
    hits = {}
    for name in ("belle2-run1", "belle2-run2"):
        _, tracks, _ = flown(gun(13, p, theta, phi), load_detector(name))
        hits[name] = tracks.nPXDHits.mean()
    assert hits["belle2-run1"] == pytest.approx(1.17, abs=0.08)  # one, and a sixth of a second
    assert hits["belle2-run2"] == pytest.approx(2.0, abs=0.12)


def test_hits_follow_the_geometry(run1):
    detector = with_processes(run1, **QUIET)
    n = 500
    phi = np.linspace(-3.1, 3.1, n)

    def tracks_of(p, theta, radius=0.0):
        start = radius * np.stack([np.cos(phi), np.sin(phi), np.zeros(n)], axis=1)
        return flown(gun(13, np.full(n, p), np.full(n, theta), phi, start, per_event=5), detector)[1]

    central = tracks_of(1.0, math.pi / 2)
    assert np.median(central.nSVDHits) == 8
    assert (central.lastCDCLayer == 55).all()
    assert central.nCDCHits.mean() == pytest.approx(0.97 * 56, abs=0.5)
    forward = tracks_of(1.5, math.radians(20.0))
    assert (forward.lastCDCLayer < 25).all()
    curler = tracks_of(0.15, math.pi / 2)  # turns at a radius of 67 cm
    assert (curler.lastCDCLayer < 32).all()
    displaced = tracks_of(1.0, math.pi / 2, radius=6.0)  # behind layer 3
    assert (displaced.nPXDHits == 0).all()
    assert (displaced.firstSVDLayer >= 4).all()
    assert (tracks_of(1.0, math.pi / 2, radius=12.5).firstSVDLayer[:] >= 0).all()


def test_efficiency_has_plateau_and_turn_on_and_is_charge_symmetric(run1):
    n = 20000
    p, theta, phi = spread(n, 8, 0.05, 3.0, (25.0, 140.0))
    pdg = np.where(np.arange(n) % 2 == 0, 211, -211)
    _, _tracks, index = flown(gun(pdg, p, theta, phi), run1)
    found = np.isin(np.arange(n), index)
    pt = p * np.sin(theta)
    plateau, soft = found[pt > 0.4], found[(pt > 0.09) & (pt < 0.11)]
    assert 0.965 < plateau.mean() < 0.99
    assert 0.75 < soft.mean() < 0.95
    assert found[pt < 0.05].mean() < 0.5
    asymmetry = found[pdg > 0].mean() - found[pdg < 0].mean()
    assert abs(asymmetry) < 0.012
    tilted = with_processes(run1, charge_asymmetry=-0.1)
    _, _, index = flown(gun(pdg, p, theta, phi), tilted)
    found = np.isin(np.arange(n), index)
    assert found[pdg > 0].mean() - found[pdg < 0].mean() < -0.15


@pytest.mark.parametrize(("pdg", "mass", "ctau"), [(211, PION_MASS, PION_CTAU), (-321, KAON_MASS, KAON_CTAU)])
def test_decays_in_flight_follow_the_exponential_law(run1, pdg, mass, ctau):
    n, p = 20000, 0.7
    phi = np.random.default_rng(4).uniform(-math.pi, math.pi, n)
    detector = with_processes(run1, nuclear_interaction=0.0)
    flights, _, _ = flown(gun(pdg, np.full(n, p), np.full(n, math.pi / 2), phi), detector)
    primary = flights.origin == ORIGIN_TRUTH
    reached = flights.region[primary] == REGION_BARREL
    length = np.median(flights.path[primary][reached])
    # The momentum falls by a per cent on the way.
    assert reached.mean() == pytest.approx(math.exp(-length * mass / (p * ctau)), abs=0.01)
    daughters = flights.origin == ORIGIN_DECAY
    assert daughters.sum() >= (~reached).sum()
    assert set(np.abs(flights.pdg[daughters])) <= {11, 13, 22, 211}


def test_pion_decays_leave_short_merged_or_muon_tracks(run1):
    n = 20000
    phi = np.random.default_rng(4).uniform(-math.pi, math.pi, n)
    detector = with_processes(run1, **{**QUIET, "decay_in_flight": 5.0})
    _, tracks, index = flown(gun(211, np.full(n, 0.8), np.full(n, 1.3), phi), detector)
    muons = np.abs(tracks.mcPDG) == 13
    pions = tracks.mcPDG == 211
    assert muons.any()
    assert (tracks.nCDCHits[pions] < 40).mean() > 0.01
    assert len(np.unique(index[pions])) > 0.9 * n  # decays far out do not lose the track


def test_photons_convert_as_the_matter_says(run1):
    n = 40000
    phi = np.random.default_rng(4).uniform(-math.pi, math.pi, n)
    flights, tracks, _ = flown(
        gun(22, np.full(n, 1.0), np.full(n, math.pi / 2), phi), with_processes(run1, fakes=0.0, bremsstrahlung=0.0)
    )
    converted = (flights.origin == ORIGIN_CONVERSION).sum() / 2 / n
    layer = run1.tracker.surfaces.layer
    chamber = run1.tracker.chamber
    # All layers but the missing ladders of pixel layer 2, at normal incidence; windmills and overlaps add.
    x0 = layer["x0"].sum() - 10 / 12 * layer["x0"][2] + 95 * chamber.gas.x0 + chamber.outer_wall.x0
    expected = 1.0 - math.exp(-7.0 / 9.0 * x0 / 1.03)
    assert converted == pytest.approx(expected, rel=0.2)
    assert converted > expected * 0.97
    assert np.isin(tracks.mcPDG, [11, -11]).all()
    pairs = flights.origin == ORIGIN_CONVERSION
    energy = np.add.reduceat(
        np.hypot(flights.px0, np.hypot(flights.py0, flights.pz0))[pairs], np.arange(0, pairs.sum(), 2)
    )
    np.testing.assert_allclose(energy, 1.0, atol=2e-3)


def test_electrons_radiate_photons_along_their_way(run1):
    n = 5000
    phi = np.random.default_rng(4).uniform(-math.pi, math.pi, n)
    particles = gun(11, np.full(n, 2.0), np.full(n, math.pi / 2), phi)
    flights, tracks, index = flown(particles, with_processes(run1, fakes=0.0))
    photons = flights.origin == ORIGIN_BREMSSTRAHLUNG
    layer = run1.tracker.surfaces.layer
    x0 = layer["x0"].sum() - 10 / 12 * layer["x0"][2]
    y = 0.01
    expected = x0 * (-4 / 3 * math.log(y) - 4 / 3 * (1 - y) + (1 - y * y) / 2)
    assert photons.sum() / n == pytest.approx(expected, rel=0.25)
    # Electron and its photons together keep the energy, up to the ionisation.
    primary = flights.origin == ORIGIN_TRUTH
    energy = np.hypot(flights.px, np.hypot(flights.py, flights.pz))
    event = np.repeat(np.arange(n // 10), np.diff(flights.offsets))
    total = np.zeros(n)
    np.add.at(total, 10 * event[primary | photons] + flights.mc[primary | photons], energy[primary | photons])
    assert np.median(np.abs(total - 2.0)) < 0.02
    assert np.quantile(total, 0.99) < 2.001
    # Lost energy makes the curvature larger: the tail has one sign.
    own = tracks.mcPDG == 11
    pull = pulls(particles, Selected(tracks, own), index[own])[:, 2]
    assert (pull < -5).mean() > 3 * (pull > 5).mean()


class Selected:
    """Some tracks."""

    def __init__(self, tracks, mask):
        for name in ("d0", "phi0", "omega", "z0", "tanLambda", "covariance"):
            setattr(self, name, getattr(tracks, name)[mask])


def test_hadrons_interact_and_leptons_do_not(run1):
    n = 10000
    phi = np.random.default_rng(4).uniform(-math.pi, math.pi, n)
    for pdg, some in ((211, True), (13, False)):
        flights, _, _ = flown(
            gun(pdg, np.full(n, 2.0), np.full(n, math.pi / 2), phi), with_processes(run1, decay_in_flight=0.0)
        )
        lost = (flights.region[flights.origin == ORIGIN_TRUTH] == 0).mean()
        assert (0.01 < lost < 0.03) if some else lost == 0.0
        assert (flights.origin == ORIGIN_NUCLEAR).any() == some


def test_flights_end_on_the_calorimeter(run1):
    p, theta, phi = spread(5000, 10, 0.5, 3.0, (14.0, 154.0))
    flights, _, _ = flown(gun(13, p, theta, phi), with_processes(run1, **QUIET))
    radius, forward, backward = np.hypot(flights.x, flights.y), flights.z == 196.2, flights.z == -102.2
    barrel = flights.region == REGION_BARREL
    assert barrel.sum() > 1000
    np.testing.assert_allclose(radius[barrel], 125.0, atol=1e-6)
    np.testing.assert_allclose(flights.z[flights.region == 2], 196.2, atol=1e-6)
    np.testing.assert_allclose(flights.z[flights.region == 3], -102.2, atol=1e-6)
    assert (flights.t >= flights.path / 29.9792458).all()
    assert forward.any() or backward.any() or barrel.any()
    p_end = np.sqrt(flights.px**2 + flights.py**2 + flights.pz**2)
    loss = p - p_end
    assert 0.001 < np.median(loss[barrel]) < 0.01


def test_fakes_and_clones_have_no_truth_of_their_own(run1):
    n = 20000
    particles = gun(22, np.full(n, 0.3), np.full(n, 1.2), np.zeros(n))
    detector = with_processes(run1, **{**QUIET, "fakes": 0.5})
    _, tracks, _ = flown(particles, detector)
    assert (tracks.mc == -1).all()
    assert (tracks.mcPDG == 0).all()
    assert 0.3 < len(tracks.d0) / (n / 10) <= 0.55
    p, theta, phi = spread(5000, 12, 0.1, 0.2, (60.0, 120.0))
    _, tracks, index = flown(gun(211, p, theta, phi), with_processes(run1, **{**QUIET, "clones": 0.2}))
    assert len(index) / len(np.unique(index)) == pytest.approx(1.2, abs=0.03)


def test_paired_study_changes_only_what_it_touches(run1):
    """Another momentum of one particle, or a thinner pipe, leaves the other particles' numbers alone."""
    p, theta, phi = spread(200, 13, 0.3, 2.0)
    particles = gun(211, p, theta, phi)
    _, before, index = flown(particles, run1)
    changed = particles._replace(px=particles.px.copy())
    changed.px[7] *= 1.5
    _, after, index_after = flown(changed, run1)
    kept = [i for i in set(index) & set(index_after) if i not in (-1, 7)]
    assert len(kept) > 150
    for i in kept:
        assert before.d0[np.flatnonzero(index == i)[0]] == after.d0[np.flatnonzero(index_after == i)[0]]


def test_answer_does_not_depend_on_the_cut_into_chunks(run1):
    p, theta, phi = spread(300, 14, 0.1, 2.0)
    rng = np.random.default_rng(3)
    whole = gun(rng.choice([211, -321, 11, 22, 130, 2212], 300), p, theta, phi)
    flights, tracks = fly(whole, np.arange(30), run1, KEY)
    flights_d0 = flights.x.copy()
    first = int(whole.offsets[20])
    part = Particles(whole.offsets[20:] - first, *(column[first:] for column in whole[1:]))
    flights, late = fly(part, np.arange(20, 30), run1, KEY)
    np.testing.assert_array_equal(late.omega, tracks.omega[tracks.offsets[20] :])
    np.testing.assert_array_equal(flights.x, flights_d0[-len(flights.x) :])


def test_grazed_ladders_leave_finite_tracks(run1):
    """Electrons from inside the outermost ladders; some come back to one on their arc and run along it."""
    p, theta, phi = spread(80_000, 13, 0.1, 0.4, theta=(45.0, 130.0))
    rng = np.random.default_rng(14)
    angle = rng.uniform(-math.pi, math.pi, len(p))
    vertices = np.stack([12.2 * np.cos(angle), 12.2 * np.sin(angle), rng.uniform(0.0, 28.0, len(p))], axis=1)
    flights, tracks, _ = flown(gun(11, p, theta, phi, vertices), run1)
    for column in (*flights[1:], *tracks[1:15]):
        assert np.all(np.isfinite(column))
    assert np.all(tracks.covariance[:, DIAGONAL] > 0.0)


def test_precision_of_the_record(run1):
    """What fits and sums go on from is double, other measured numbers single."""
    reco = measure(gun(-211, *spread(200, 15, 0.5, 2.0)), np.arange(20), run1, KEY)
    double = {
        "tracks": set(reco.tracks._fields[1:7]) | {"chi2"},
        "clusters": {"E", "theta", "phi", "r"},
        "klm": set("xyz"),
    }
    for name, table in reco._asdict().items():
        columns = {field: column.dtype for field, column in table._asdict().items() if field != "offsets"}
        assert {field for field, dtype in columns.items() if dtype == np.float64} == double[name]
        assert set(columns.values()) == {np.dtype(kind) for kind in (np.float64, np.float32, np.int32)}
