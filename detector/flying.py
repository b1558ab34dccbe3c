"""All particles of all events fly: from their vertex through the tracker to the calorimeter, leaving tracks and
secondaries behind.

Events are flown in batches, a batch in waves: first the true particles of all its events, then what they turned into,
and so on. Charged particles of a wave fly in groups of 32 of a kind (:mod:`detector.charged`), which group a
particle is in changes nothing for it.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from detector.charged import AGAIN, FLY, KINKED, fly_group
from detector.flight import ENTRY, MAX_FLIGHTS, ORIGIN_FAKE, ORIGIN_TRUTH, REGION_NONE
from detector.helix import FIELD_CONSTANT
from detector.lanes import LANES, Lanes, draw_bits, to_uniform
from detector.neutrals import convert_group, fly_neutrals
from detector.tracking import TRACK
from physics.jit import address_of, call_with_memory, kernel, value_at
from physics.particles import final_charge, final_mass
from physics.random import (
    STAGE_TRACKING,
    exponential,
    isotropic_direction,
    normal,
    open_stream,
    poisson,
    uniform,
    unit_circle,
)
from physics.record import MAX_EVENT_PARTICLES, STATUS_FINAL

DONE, FLIGHTS_FULL, TRACKS_FULL = 0, 1, 2
FAKE_SUBSTREAM = 65535
_FAKES, _ONE_BLOCK = np.uint64(STAGE_TRACKING | FAKE_SUBSTREAM << 16), np.int64(1)
BATCH_PARTICLES = 4096
"""A batch is closed when it has so many particles, with the mean number of fakes."""
MAX_ENTRIES = (BATCH_PARTICLES + 2 * MAX_EVENT_PARTICLES) * MAX_FLIGHTS
STRAIGHT, CONVERT = np.int64(3), np.int64(4)
"""Other things to do for a group, beside those of :mod:`detector.charged`: neutrals fly, photons convert."""
STEPS = 12
KINDS = 2 * STEPS + 4
"""Kinds of charged particles: see :func:`_kind`."""
NEUTRALS, PHOTONS, KINKS, ALONE = (np.int64(KINDS + i) for i in range(4))
"""Lists of entries: neutrals, photons that may convert, kinks to fit, and those that turned out not to be one track."""


class Batch(NamedTuple):
    """A batch of events and all that it is flown with."""

    stream: np.record
    key: np.uint64
    numbers: np.ndarray  # of the events
    tracker: Any
    lanes: Lanes
    entries: np.ndarray  # ENTRY
    rows: np.ndarray  # TRACK
    lists: np.ndarray  # (KINDS + 4, MAX_ENTRIES) of entries: charged ones by kind, then NEUTRALS and so on
    counts: np.ndarray  # entries, tracks, entries of the list being written; charged particles of each kind


def new_batch() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the last four fields of a :class:`Batch`; most of the memory is never touched."""
    return (
        np.zeros(MAX_ENTRIES, ENTRY),
        np.zeros(MAX_ENTRIES, TRACK),
        np.zeros((KINDS + 4, MAX_ENTRIES), np.int64),
        np.zeros(3 + KINDS, np.int64),
    )


@kernel
def _reset(entry, event, mc):
    """Prepare a new entry whose particle is already written."""
    entry.charge = final_charge(entry.pdg)
    entry.event, entry.mc = event, mc
    entry.next, entry.children, entry.first_child = -1, 0, 0
    entry.flown, entry.row, entry.clone, entry.track = 0, -1, -1, -1
    entry.nSVDHits, entry.nCDCHits = 0, 0
    entry.path = 0.0


@kernel
def _load_event(particles, event, entries, n):
    """Put the true particles of an event that interact into the entries; returns the number of entries."""
    begin, stop = np.uint64(particles.offsets[event]), np.uint64(particles.offsets[event + 1])
    for i in range(begin, stop):
        if particles.status[i] != STATUS_FINAL:
            continue
        pdg = np.int64(particles.pdg[i])
        species = abs(pdg)
        if species == 12 or species == 14 or species == 16 or final_mass(pdg) < 0.0:
            continue
        entry = entries[n]
        entry.pdg, entry.origin, entry.cover = pdg, ORIGIN_TRUTH, -1
        entry.x, entry.y, entry.z, entry.t = particles.vx[i], particles.vy[i], particles.vz[i], particles.t[i]
        entry.px, entry.py, entry.pz = particles.px[i], particles.py[i], particles.pz[i]
        _reset(entry, event, i - begin)
        entry.number, entry.family, entry.last, entry.members = 0, n, n, 1
        n += 1
    return n


@kernel
def _add_all_fakes(batch, first, last, n):
    """Add the fakes of the events from ``first`` to ``last``; returns the number of entries.

    Whether an event has any is seen from its stream's first number, drawn for a group of events at once.
    """
    lanes, numbers, mean = batch.lanes, batch.numbers, batch.tracker.finding.fakes
    none = math.exp(-mean)
    for lane in range(LANES):
        lanes.name[lane] = _FAKES
    for begin in range(first, last, LANES):
        for lane in range(LANES):
            lanes.event[lane] = np.uint64(numbers[min(begin + lane, last - 1)])
        draw_bits(lanes.bits, batch.key, lanes.event, lanes.name, _ONE_BLOCK)
        for lane in range(min(LANES, last - begin)):
            if to_uniform(lanes.bits[0, lane]) > none:
                event = begin + lane
                n = _add_fakes(batch.stream, batch.key, numbers[event], event, mean, batch.entries, n)
    return n


@kernel
def _add_fakes(stream, key, number, event, mean, entries, n):
    """Tracks that no particle made: soft pions' helices far from the collision. Returns the number of entries.

    Assumption: pT falls exponentially with 0.15 GeV from 0.06 GeV, d0 and z0 spread over 1 and 4 cm.
    """
    open_stream(stream, key, number, STAGE_TRACKING, FAKE_SUBSTREAM)
    fakes = poisson(stream, mean)
    for k in range(fakes):
        _, _, cosine = isotropic_direction(stream)
        cosine = min(max(cosine, -0.85), 0.95)
        pt = 0.06 + 0.15 * exponential(stream)
        tan_lambda = cosine / math.sqrt(1.0 - cosine * cosine)
        positive = uniform(stream) < 0.5
        cosine0, sine0 = unit_circle(uniform(stream))
        d0, z0 = normal(stream), 4.0 * normal(stream)
        entry = entries[n]
        entry.pdg, entry.origin, entry.cover = np.int64(211 if positive else -211), ORIGIN_FAKE, -1
        entry.x, entry.y, entry.z, entry.t = d0 * sine0, -d0 * cosine0, z0, 0.0
        entry.px, entry.py, entry.pz = pt * cosine0, pt * sine0, pt * tan_lambda
        _reset(entry, event, -1)
        entry.number, entry.family = k, -1
        n += 1
    return n


@kernel
def _kind(entry, tracker):
    """Kind of a charged particle: those of a kind cross nearly the same layers.

    By how far out they leave the drift chamber through an end plate or turn round, then particles from far out, and
    electrons that radiate. −1 for one that cannot leave the beam pipe.
    """
    pt2 = entry.px * entry.px + entry.py * entry.py
    if pt2 < 1e-6 * (pt2 + entry.pz * entry.pz) or pt2 < 1e-6:
        return -1
    if abs(entry.pdg) == 11:
        return KINDS - 1
    if entry.x * entry.x + entry.y * entry.y > 4.0:
        return KINDS - 2
    last = tracker.chamber.layer[tracker.chamber.layer.shape[0] - 1]
    forward = entry.pz > 0.0
    plate = (last.forward_z if forward else last.backward_z) / entry.pz
    share = math.sqrt(pt2) * min(2.0 / (FIELD_CONSTANT * tracker.field), plate) / last.radius
    return 2 * int(min(share, 1.0) * STEPS) + (1 if forward else 0)


@kernel
def _fly_wave(group, memory, batch, begin, end, n, k):
    """Fly the entries from ``begin`` to ``end``; returns the numbers of entries and of tracks."""
    entries, lists, counts, places = batch.entries, batch.lists, batch.counts, batch.lanes.entry
    neutrals, n_neutrals = lists[NEUTRALS], np.int64(0)
    counts[0], counts[1] = n, k
    numbers_of = counts[3:]
    for kind in range(KINDS):
        numbers_of[kind] = 0
    for e in range(begin, end):
        entry = entries[e]
        if entry.family < 0 and entry.origin != ORIGIN_FAKE:
            continue  # one more than a family may have
        if abs(entry.px) + abs(entry.py) + abs(entry.pz) <= 1e-4:
            continue
        entry.flown = 1
        if entry.charge == 0:
            neutrals[n_neutrals] = e
            n_neutrals += 1
            continue
        kind = _kind(entry, batch.tracker)
        if kind >= 0:
            lists[kind, numbers_of[kind]] = e
            numbers_of[kind] += 1
        else:
            entry.region = REGION_NONE
            entry.x_end, entry.y_end, entry.z_end, entry.t_end = entry.x, entry.y, entry.z, entry.t
            entry.px_end, entry.py_end, entry.pz_end = entry.px, entry.py, entry.pz
    m = np.int64(0)
    counts[2] = 0
    for kind in range(KINDS):
        for i in range(numbers_of[kind]):
            places[m] = lists[kind, i]
            m += 1
            if m == LANES:
                call_with_memory(group, memory, (FLY, m, KINKS))
                m = np.int64(0)
    if m > 0:
        call_with_memory(group, memory, (FLY, m, KINKS))
    _fly_list(group, memory, KINKED, lists[KINKS], counts[2], places, counts, ALONE)
    _fly_list(group, memory, AGAIN, lists[ALONE], counts[2], places, counts, KINKS)
    _fly_list(group, memory, STRAIGHT, neutrals, n_neutrals, places, counts, PHOTONS)
    _fly_list(group, memory, CONVERT, lists[PHOTONS], counts[2], places, counts, KINKS)
    return counts[0], counts[1]


@kernel
def _fly_list(group, memory, task, queue, length, places, counts, output):
    """Do ``task`` for all entries of a list; it may put some of them on the list ``output``."""
    counts[2] = 0
    for i in range(0, length, LANES):
        m = np.int64(min(length - i, LANES))
        for lane in range(m):
            places[lane] = queue[i + lane]
        call_with_memory(group, memory, (task, m, output))


def _do_group(pointer, memory):
    task, m, output = value_at(pointer)
    stream, key, numbers, tracker, lanes, entries, rows, lists, counts = value_at(memory)
    written = lists[output]
    if task == CONVERT:
        counts[0] = convert_group(stream, key, numbers, tracker, lanes, entries, counts[0], m)
    elif task == STRAIGHT:
        counts[0], counts[2] = fly_neutrals(
            stream, key, numbers, tracker.envelope, tracker.processes, tracker.matter, lanes, entries, counts[0], m,
            written, counts[2],
        )  # fmt: skip
    else:
        counts[0], counts[1], counts[2] = fly_group(
            stream, key, numbers, tracker, lanes, entries, counts[0], m, rows, counts[1], written, counts[2], task
        )
    return 0


def group_address(batch: Batch) -> int:
    """Address of what is done for a group of lanes of a batch, compiled once."""
    return address_of(_do_group, (FLY, np.int64(0), KINKS), batch)


@kernel
def _adopt(entries, begin, end):
    """Make the children of a wave members of their families, in the order of their parents."""
    for e in range(begin, end):
        parent = entries[e]
        for child in range(parent.first_child, parent.first_child + parent.children):
            entry = entries[child]
            _reset(entry, parent.event, parent.mc)
            entry.family = -1
            head = entries[parent.family]
            if head.members < MAX_FLIGHTS:
                entry.family, entry.number = parent.family, head.members
                head.members += 1
                entries[head.last].next = child
                head.last = child


@kernel
def fly_events(group, memory, batch, particles, flights, tracks, first):
    """Fly all particles of the events from ``first`` on; returns (the event it stopped at, DONE or what was full).

    ``group`` is from :func:`group_address`, ``memory`` the address where ``batch`` is pinned. Flights and tracks are
    copied, batch by batch, behind the others of the columns ``flights`` and ``tracks``.
    """
    entries, rows, n_events = batch.entries, batch.rows, batch.numbers.shape[0]
    mean = batch.tracker.finding.fakes
    while first < n_events:
        n, last = np.int64(0), first
        while last < n_events and n + mean * (last - first) < BATCH_PARTICLES:
            n = _load_event(particles, last, entries, n)
            last += 1
        primaries = n
        n = fakes = _add_all_fakes(batch, first, last, n)
        k = np.int64(0)
        begin, end = np.int64(0), n
        while begin < end:
            n, k = _fly_wave(group, memory, batch, begin, end, n, k)
            _adopt(entries, begin, end)
            begin, end = end, n
        e, fake = np.int64(0), primaries
        for i_event in range(first, last):
            f, t = flights.offsets[i_event], tracks.offsets[i_event]
            while e < primaries and entries[e].event == i_event:
                member = e
                while member >= 0:
                    entry = entries[member]
                    if entry.flown != 0:
                        if f >= flights.pdg.shape[0]:
                            return i_event, FLIGHTS_FULL
                        if t + 2 > tracks.d0.shape[0]:
                            return i_event, TRACKS_FULL
                        if entry.row >= 0:
                            entry.track = t - tracks.offsets[i_event]
                            _append_track(tracks, t, rows[entry.row])
                            t += 1
                            if entry.clone >= 0:
                                _append_track(tracks, t, rows[entry.clone])
                                t += 1
                        elif entry.cover >= 0:
                            entry.track = entries[entry.cover].track
                        _append_flight(flights, f, entry)
                        f += 1
                    member = entry.next
                e += 1
            while fake < fakes and entries[fake].event == i_event:
                if entries[fake].row >= 0:
                    if t + 1 > tracks.d0.shape[0]:
                        return i_event, TRACKS_FULL
                    _append_track(tracks, t, rows[entries[fake].row])
                    t += 1
                fake += 1
            flights.offsets[i_event + 1] = f
            tracks.offsets[i_event + 1] = t
        first = last
    return n_events, DONE


@kernel
def _append_flight(flights, place, entry):
    """Copy an entry to a row of the columns."""
    j = np.uint64(place)  # unsigned: numba then takes no index as counted from the end
    flights.mc[j] = entry.mc
    flights.pdg[j] = entry.pdg
    flights.charge[j] = entry.charge
    flights.origin[j] = entry.origin
    flights.track[j] = entry.track
    flights.region[j] = entry.region
    flights.x0[j] = entry.x
    flights.y0[j] = entry.y
    flights.z0[j] = entry.z
    flights.px0[j] = entry.px
    flights.py0[j] = entry.py
    flights.pz0[j] = entry.pz
    flights.x[j] = entry.x_end
    flights.y[j] = entry.y_end
    flights.z[j] = entry.z_end
    flights.t[j] = entry.t_end
    flights.px[j] = entry.px_end
    flights.py[j] = entry.py_end
    flights.pz[j] = entry.pz_end
    flights.path[j] = entry.path
    flights.nSVDHits[j] = entry.nSVDHits
    flights.nCDCHits[j] = entry.nCDCHits


@kernel
def _append_track(tracks, place, row):
    """Copy a track to a row of the columns; what the outer detectors will fill is left empty."""
    j = np.uint64(place)
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
