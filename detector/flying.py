"""All particles of all events fly: from their vertex through the tracker to the calorimeter, leaving tracks and
secondaries behind.
"""

import math

import numpy as np

from detector.charged import SECONDARY_STREAMS, fly_charged, wrapped
from detector.crossing import EXACT, cross_layers
from detector.flight import ORIGIN_TRUTH, Flights
from detector.helix import FIELD_CONSTANT
from detector.neutrals import fly_neutral
from detector.trackfit import filter_inward
from detector.tracking import count_hits, draw_chi2, draw_parameters
from physics.jit import inlined_kernel, kernel
from physics.particles import PION_MASS, final_charge, final_mass
from physics.random import (
    STAGE_MATERIAL,
    STAGE_TRACKING,
    exponential,
    isotropic_direction,
    normal,
    open_stream,
    poisson,
    uniform,
)
from physics.record import STATUS_FINAL

FLIGHT = np.dtype(
    [
        (name, np.int32 if name in ("mc", "pdg", "charge", "origin", "track", "region", "nSVDHits", "nCDCHits")
         else np.float64)
        for name in Flights._fields[1:]
    ]
)  # fmt: skip
"""One row of :class:`detector.flight.Flights`."""

DONE, FLIGHTS_FULL, TRACKS_FULL = 0, 1, 2
FAKE_SUBSTREAM = 65535
MAX_FLIGHTS = 32
"""Flights from one true particle; SECONDARY_STREAMS times this stays within the substreams."""


@inlined_kernel
def add_fakes(stream, tracker, work, tracks, n_tracks, key, event):
    """Tracks that no particle made: soft pions' helices far from the collision. Returns the number of tracks.

    Assumption: pT falls exponentially with 0.15 GeV from 0.06 GeV, d0 and z0 spread over 1 and 4 cm.
    """
    open_stream(stream, key, event, STAGE_TRACKING, FAKE_SUBSTREAM)
    for _ in range(poisson(stream, tracker.finding.fakes)):
        if n_tracks >= tracks.shape[0]:
            break
        _, _, cosine = isotropic_direction(stream)
        cosine = min(max(cosine, -0.85), 0.95)
        pt = 0.06 + 0.15 * exponential(stream)
        tan_lambda = cosine / math.sqrt(1.0 - cosine * cosine)
        omega = FIELD_CONSTANT * tracker.field / pt
        if uniform(stream) < 0.5:
            omega = -omega
        phi0 = math.pi * (2.0 * uniform(stream) - 1.0)
        d0, z0 = normal(stream), 4.0 * normal(stream)
        p = pt * math.sqrt(1.0 + tan_lambda * tan_lambda)
        cross_layers(stream, tracker, work, d0, phi0, omega, z0, tan_lambda, PION_MASS, p, 0.0, 60.0, np.inf, EXACT)
        track = tracks[n_tracks]
        strip_layers = count_hits(track, tracker, work)
        if (
            strip_layers < tracker.finding.minimum_strip_layers
            and track.nCDCHits < tracker.finding.minimum_chamber_hits
        ):
            continue
        for i in range(5):
            work.bias[i] = 0.0
        filter_inward(tracker, work, d0, phi0, omega, tan_lambda, PION_MASS, p, np.inf)
        draw_parameters(stream, track, work, 0.0, 1.0, d0, phi0, omega, z0, tan_lambda)
        if track.omega * omega <= 0.0:
            continue
        draw_chi2(stream, track, 0.0)
        track.chi2 *= 2.0  # hits that do not belong together
        track.mc = -1
        track.mcPDG = 0
        n_tracks += 1
    return n_tracks


@kernel
def fly_events(stream, key, numbers, particles, tracker, work, waiting, rows, track_rows, flights, tracks, first):
    """Fly all particles of the events from ``first`` on; returns (the event it stopped at, DONE or what was
    full).

    ``rows`` and ``track_rows`` are record arrays for one event; a finished event is copied behind the others
    of the columns ``flights`` and ``tracks``.
    """
    n_events = numbers.shape[0]
    clone_omega = FIELD_CONSTANT * tracker.field / max(tracker.finding.clone_momentum, 1e-6)
    for i_event in range(first, n_events):
        event = numbers[i_event]
        begin, stop = particles.offsets[i_event], particles.offsets[i_event + 1]
        f, k = np.int64(0), np.int64(0)
        for i in range(begin, stop):
            if particles.status[i] != STATUS_FINAL:
                continue
            pdg = np.int64(particles.pdg[i])
            species = abs(pdg)
            if species == 12 or species == 14 or species == 16 or final_mass(pdg) < 0.0:
                continue
            mc = i - begin
            entry = waiting[0]
            entry.pdg = pdg
            entry.origin = ORIGIN_TRUTH
            entry.track = -1
            entry.x, entry.y, entry.z, entry.t = particles.vx[i], particles.vy[i], particles.vz[i], particles.t[i]
            entry.px, entry.py, entry.pz = particles.px[i], particles.py[i], particles.pz[i]
            n, q = np.int64(1), np.int64(0)
            while q < n and q < MAX_FLIGHTS and f < rows.shape[0] and k + 1 < track_rows.shape[0]:
                substream = mc + SECONDARY_STREAMS * q
                entry = waiting[q]
                energetic = abs(entry.px) + abs(entry.py) + abs(entry.pz) > 1e-4
                if energetic and final_charge(entry.pdg) == 0:
                    open_stream(stream, key, event, STAGE_MATERIAL, substream)
                    n = fly_neutral(stream, tracker, work, waiting, q, n, rows[f], mc)
                    f += 1
                elif energetic:
                    n, seen = fly_charged(
                        stream, tracker, work, waiting, q, n, rows[f], track_rows[k], k, key, event, mc, substream
                    )
                    f += 1
                    if seen:
                        track = track_rows[k]
                        k += 1
                        if abs(track.omega) > clone_omega and uniform(stream) < tracker.finding.clones:
                            clone(stream, track_rows[k], track)
                            k += 1
                q += 1
        k = add_fakes(stream, tracker, work, track_rows, k, key, event)
        f0, k0 = flights.offsets[i_event], tracks.offsets[i_event]
        if f0 + f > flights.pdg.shape[0]:
            return i_event, FLIGHTS_FULL
        if k0 + k > tracks.d0.shape[0]:
            return i_event, TRACKS_FULL
        _append_flights(flights, f0, rows, f)
        _append_tracks(tracks, k0, track_rows, k)
        flights.offsets[i_event + 1] = f0 + f
        tracks.offsets[i_event + 1] = k0 + k
    return n_events, DONE


@kernel
def _append_flights(flights, start, rows, n):
    """Copy an event's flights from rows to columns."""
    for i in range(n):
        row = rows[i]
        j = start + i
        flights.mc[j] = row.mc
        flights.pdg[j] = row.pdg
        flights.charge[j] = row.charge
        flights.origin[j] = row.origin
        flights.track[j] = row.track
        flights.region[j] = row.region
        flights.x0[j] = row.x0
        flights.y0[j] = row.y0
        flights.z0[j] = row.z0
        flights.t0[j] = row.t0
        flights.px0[j] = row.px0
        flights.py0[j] = row.py0
        flights.pz0[j] = row.pz0
        flights.x[j] = row.x
        flights.y[j] = row.y
        flights.z[j] = row.z
        flights.t[j] = row.t
        flights.px[j] = row.px
        flights.py[j] = row.py
        flights.pz[j] = row.pz
        flights.path[j] = row.path
        flights.path_cdc[j] = row.path_cdc
        flights.nSVDHits[j] = row.nSVDHits
        flights.nCDCHits[j] = row.nCDCHits


@kernel
def _append_tracks(tracks, start, rows, n):
    """Copy an event's tracks from rows to columns; what the outer detectors will fill is left empty."""
    for i in range(n):
        row = rows[i]
        j = start + i
        for m in range(15):
            tracks.covariance[j, m] = row.covariance[m]
        tracks.d0[j] = row.d0
        tracks.phi0[j] = row.phi0
        tracks.omega[j] = row.omega
        tracks.z0[j] = row.z0
        tracks.tanLambda[j] = row.tanLambda
        tracks.chi2[j] = row.chi2
        tracks.ndf[j] = row.ndf
        tracks.nPXDHits[j] = row.nPXDHits
        tracks.nSVDHits[j] = row.nSVDHits
        tracks.nCDCHits[j] = row.nCDCHits
        tracks.firstPXDLayer[j] = row.firstPXDLayer
        tracks.firstSVDLayer[j] = row.firstSVDLayer
        tracks.firstCDCLayer[j] = row.firstCDCLayer
        tracks.lastCDCLayer[j] = row.lastCDCLayer
        tracks.mc[j] = row.mc
        tracks.mcPDG[j] = row.mcPDG
        tracks.cluster[j] = -1
        tracks.klm[j] = -1


@kernel
def clone(stream, copy, track):
    """A second track from a particle's other hits: parameters spread anew with three times the errors
    (assumption).
    """
    copy.mc, copy.mcPDG = track.mc, track.mcPDG
    for i in range(15):
        copy.covariance[i] = 9.0 * track.covariance[i]
    copy.d0 = track.d0 + 3.0 * math.sqrt(track.covariance[0]) * normal(stream)
    copy.phi0 = wrapped(track.phi0 + 3.0 * math.sqrt(track.covariance[5]) * normal(stream))
    copy.omega = track.omega * (1.0 + 3.0 * math.sqrt(track.covariance[9]) / abs(track.omega) * normal(stream))
    copy.z0 = track.z0 + 3.0 * math.sqrt(track.covariance[12]) * normal(stream)
    copy.tanLambda = track.tanLambda + 3.0 * math.sqrt(track.covariance[14]) * normal(stream)
    copy.chi2, copy.ndf = track.chi2, track.ndf
    copy.nPXDHits, copy.nSVDHits, copy.nCDCHits = 0, track.nSVDHits // 2, track.nCDCHits // 2
    copy.firstPXDLayer, copy.firstSVDLayer = 0, track.firstSVDLayer
    copy.firstCDCLayer, copy.lastCDCLayer = track.firstCDCLayer, track.lastCDCLayer
