"""The instrument's answer to true particles, as the ordered list of its effects."""

import threading

import numpy as np

from detector.card import Detector
from detector.flight import Flights, grown_flights, new_flights, trimmed_flights
from detector.flying import DONE, FLIGHTS_FULL, TRACKS_FULL, Batch, fly_events, group_address, new_batch
from detector.lanes import new_lanes
from detector.outer import measure_outer
from detector.record import Reco, Tracks
from physics.jit import pinned
from physics.memory import Kind, side_by_side
from physics.random import new_stream
from physics.record import STATUS_FINAL, Particles


def new_tracks(capacity: int, events: int) -> Tracks:
    """Return memory for ``capacity`` tracks of ``events`` events (``offsets[0] = 0``)."""
    columns: dict[str, Kind] = dict.fromkeys(Tracks._fields[1:], (capacity, np.int32))
    for name in ("d0", "phi0", "omega", "z0", "tanLambda", "chi2"):
        columns[name] = capacity, np.float64
    columns["covariance"] = (capacity, 15), np.float64
    columns["log_likelihood"] = (capacity, 6, 6), np.float32
    return Tracks(np.zeros(events + 1, np.int64), *side_by_side(*columns.values()))


def fly(particles: Particles, event_numbers: np.ndarray, detector: Detector, key: np.uint64) -> tuple[Flights, Tracks]:
    """Fly all particles through the tracker; the tracks' columns of the outer detectors are not yet filled.

    The flights live in memory that the thread's next call overwrites.
    """
    n_events = len(event_numbers)
    numbers = np.ascontiguousarray(event_numbers, np.int64)
    finals = int(np.count_nonzero(particles.status == STATUS_FINAL))
    flights, tracks = _flights_memory(2 * finals + 256, n_events), new_tracks(finals + 256, n_events)
    if not hasattr(_memory, "batch"):
        _memory.batch = new_stream(), new_lanes(), *new_batch()
    stream, lanes, *arrays = _memory.batch
    batch = Batch(stream, np.uint64(key), numbers, detector.tracker, lanes, *arrays)
    group, memory = group_address(batch), pinned(batch)
    first, state = 0, -1
    while state != DONE:
        first, state = fly_events(group, memory.ctypes.data, batch, particles, flights, tracks, first)
        if state == FLIGHTS_FULL:
            flights = _memory.flights = grown_flights(flights)
        elif state == TRACKS_FULL:
            tracks = _grown(tracks)
    return trimmed_flights(flights), _trimmed(tracks, int(tracks.offsets[-1]))


_memory = threading.local()


def _flights_memory(capacity: int, n_events: int) -> Flights:
    """Memory of the flights, kept by each thread: fresh pages for every chunk would cost more than the
    flights.

    Nothing that :func:`measure` returns refers to it.
    """
    flights: Flights | None = getattr(_memory, "flights", None)
    if flights is None or len(flights.pdg) < capacity:
        flights = new_flights(capacity, 1)
        _memory.flights = flights
    return flights._replace(offsets=np.zeros(n_events + 1, np.int64))


def _grown(tracks: Tracks) -> Tracks:
    larger = new_tracks(2 * len(tracks.d0), len(tracks.offsets) - 1)
    for old, new in zip(tracks, larger, strict=True):
        new[: len(old)] = old
    return larger


def _trimmed(tracks: Tracks, n: int) -> Tracks:
    return Tracks(tracks.offsets, *(column[:n] for column in tracks[1:]))


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
