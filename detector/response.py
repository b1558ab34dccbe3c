"""The instrument's answer to true particles, as the ordered list of its effects."""

from typing import Any

import numpy as np

from detector.card import Detector
from detector.flight import Flights
from detector.flying import FLIGHT, fly_events
from detector.outer import measure_outer
from detector.record import Reco, Tracks
from detector.secondaries import MAX_WAITING, WAITING
from detector.trackfit import new_crossings
from detector.tracking import TRACK
from physics.random import new_stream
from physics.record import Particles


def fly(
    particles: Particles, event_numbers: np.ndarray, detector: Detector, key: np.uint64
) -> tuple[Flights, Tracks]:
    """Fly all particles through the tracker; the tracks' columns of the outer detectors are still empty."""
    n_events = len(event_numbers)
    numbers = np.asarray(event_numbers, np.int64)
    finals = len(particles.pdg)
    flights = np.zeros(2 * finals + 1024, FLIGHT)
    tracks = np.zeros(finals + 1024, TRACK)
    offsets = np.zeros((2, n_events + 1), np.int64)
    stream, work, waiting = new_stream(), new_crossings(), np.zeros(MAX_WAITING, WAITING)
    first = 0
    while True:
        first = fly_events(
            stream, key, numbers, particles, detector.tracker, work, waiting, flights, tracks, offsets, first
        )
        if first >= n_events:
            break
        flights = np.concatenate([flights, np.zeros_like(flights)])
        tracks = np.concatenate([tracks, np.zeros_like(tracks)])
    return _flights(offsets[0], flights), _tracks(offsets[1], tracks)


def _flights(offsets: np.ndarray, rows: np.ndarray) -> Flights:
    n = offsets[-1]
    return Flights(offsets.copy(), *(np.ascontiguousarray(rows[name][:n]) for name in Flights._fields[1:]))


def _tracks(offsets: np.ndarray, rows: np.ndarray) -> Tracks:
    n = offsets[-1]
    columns: dict[str, Any] = {name: np.ascontiguousarray(rows[name][:n]) for name in TRACK.names or ()}
    return Tracks(
        offsets=offsets.copy(),
        log_likelihood=np.zeros((n, 6, 6)),
        cluster=np.full(n, -1, np.int32),
        klm=np.full(n, -1, np.int32),
        **columns,
    )


def measure(particles: Particles, event_numbers: np.ndarray, detector: Detector, key: np.uint64) -> Reco:
    """Return what the detector records of true particles.

    Parameters
    ----------
    particles : the truth of ``n`` events.
    event_numbers : int64 ``(n,)``; with ``key`` they name the random streams, so that the same truth measured with
        another card keeps all numbers that the change does not touch.
    detector : from :func:`detector.card.load_detector`.
    key : of the run, :func:`physics.random.stream_key`.
    """
    # Through beam pipe, silicon and drift chamber: hits, decays, conversions, radiation, and what tracking makes of it.
    flights, tracks = fly(particles, event_numbers, detector, key)
    # Behind it: showers and clusters, muons and K_L, and the likelihoods of the tracks' identities.
    clusters, klm = measure_outer(key, event_numbers, flights, tracks, detector.outer)
    return Reco(tracks, clusters, klm)
