"""The reconstruction of a run of events, one row per candidate: clean, cut, find, choose, describe."""

import math
from typing import NamedTuple

import numpy as np

from physics.jit import kernel
from physics.random import STAGE_RECONSTRUCTION, open_stream
from sim.reconstruction.candidates import (
    MAX_CANDIDATES,
    Found,
    choose,
    find_candidates,
    has_kaon_track,
    kaon_id,
    new_found,
)
from sim.reconstruction.charm import Charm, fill_charm, new_charm
from sim.reconstruction.columns import N_COLUMNS, at
from sim.reconstruction.control import make_control_event
from sim.reconstruction.describe import candidate_charge, fill_kinematics, fill_track
from sim.reconstruction.objects import Objects, clean_photons, clean_tracks, new_objects, prepare_fits
from sim.reconstruction.rest_of_event import (
    ROE_KLM,
    Whole,
    collect,
    count,
    fill_ksfw,
    fill_missing,
    fill_roe,
    fill_shapes,
    fill_vertices,
    new_whole,
)
from sim.reconstruction.selection import KPLUS, KSTAR0
from sim.reconstruction.truth import fill_truth

CUTS = (
    "events",
    "number of tracks",
    "visible energy",
    "direction of missing momentum",
    "signal candidate",
    "kaon identification",
)
"""Names of the cut flow: events that are left after each cut."""
(N_TRACKS, N_CLEANED, N_PHOTONS, N_KLM, N_MC, CONTINUUM) = at(
    "nTracks", "nCleanedTracks", "nPhotons", "nKLMClusters", "nMCParticles", "isContinuumEvent"
)
(ECMS, BEAM_E, BEAM_PX, BEAM_PY, BEAM_PZ, IP_X, IP_Y, IP_Z) = at(
    "Ecms", "beamE", "beamPx", "beamPy", "beamPz", "IPX", "IPY", "IPZ"
)


class Work(NamedTuple):
    """Scratch memory of a chunk."""

    objects: Objects
    found: Found
    whole: Whole
    charm: Charm
    order: np.ndarray  # float64 (MAX_CANDIDATES, 2)
    row: np.ndarray  # float64 (N_COLUMNS,)


def new_work() -> Work:
    """Return scratch memory, to be used by one thread at a time."""
    return Work(
        new_objects(),
        new_found(),
        new_whole(),
        new_charm(),
        np.zeros((MAX_CANDIDATES, 2)),
        np.zeros(N_COLUMNS),
    )


@kernel
def _event_sums(objects, n_good, n_photons):
    """Visible energy and momentum (px, py, pz, E) in the c.m. frame of all cleaned objects."""
    px = py = pz = e = 0.0
    for k in range(n_good):
        px += objects.track_cms[k, 0]
        py += objects.track_cms[k, 1]
        pz += objects.track_cms[k, 2]
        e += objects.track_cms[k, 3]
    for k in range(n_photons):
        px += objects.photon_cms[k, 0]
        py += objects.photon_cms[k, 1]
        pz += objects.photon_cms[k, 2]
        e += objects.photon_cms[k, 3]
    return px, py, pz, e


@kernel
def fill_event(reco, particles, i, n_good, n_photons, beams, row):
    """Columns that are the same for all candidates of event ``i``."""
    row[N_TRACKS] = reco.tracks.offsets[i + 1] - reco.tracks.offsets[i]
    row[N_CLEANED] = n_good
    row[N_PHOTONS] = n_photons
    row[N_KLM] = reco.klm.offsets[i + 1] - reco.klm.offsets[i]
    neutral = 0
    for k in range(reco.klm.offsets[i], reco.klm.offsets[i + 1]):
        neutral += reco.klm.track[k] < 0
    row[ROE_KLM] = neutral
    first, last = particles.offsets[i], particles.offsets[i + 1]
    row[N_MC] = last - first
    row[CONTINUUM] = 1.0 if last == first or particles.pdg[first] != 300553 else 0.0
    row[ECMS] = beams.root_s
    row[BEAM_E], row[BEAM_PX], row[BEAM_PY], row[BEAM_PZ] = beams.E, beams.px, beams.py, beams.pz
    row[IP_X] = row[IP_Y] = row[IP_Z] = 0.0


@kernel
def describe(reco, particles, i, n_good, n_photons, c, cuts, beams, objects, found, whole, charm, row):
    """Fill ``row`` with candidate ``c`` of event ``i``."""
    row[:] = math.nan
    fill_event(reco, particles, i, n_good, n_photons, beams, row)
    charge, flavour = candidate_charge(objects, found, c)
    fill_kinematics(found, c, charge, flavour, cuts, beams, whole, row)
    z_signal = fill_track(reco, reco.clusters.offsets[i], objects, found, c, cuts, row)
    n_signal, n, roe_tracks, roe_photons = collect(objects, n_good, n_photons, found, c, cuts, beams, whole)
    fill_missing(whole, n, beams, row)
    fill_shapes(whole, n, beams, row)
    fill_ksfw(whole, n_signal, n, charge, beams, row)
    fill_roe(whole, n_signal, n, roe_tracks, roe_photons, beams, row)
    count(objects, n_good, n_photons, cuts, row)
    fill_vertices(objects, found, c, cuts, roe_tracks, beams, z_signal, whole, row)
    if has_kaon_track(found, c, cuts):
        fill_charm(objects, found.tracks[c, 0], whole, roe_tracks, charm, row)
    fill_truth(particles, i, objects, found, c, cuts, row)


@kernel
def reconstruct_events(
    stream,
    key,
    numbers,
    reco,
    particles,
    first,
    last,
    cleanup,
    cuts,
    beams,
    work,
    out,
    event,
    candidate,
    candidates,
    n,
    flow,
):
    """Reconstruct the events ``first`` to ``last`` of ``reco`` into rows ``n`` onwards of ``out`` (columns,
    rows).

    ``event``, ``candidate``, ``candidates``: index of the event, of the candidate in it, and their number,
    of each row.  ``flow``: events left after each of ``CUTS``.  Returns (next event, number of rows): the
    next event is not ``last`` when the rows are full.
    """
    objects, found, whole, charm, row = work.objects, work.found, work.whole, work.charm, work.row
    order = work.order
    displaced = cuts.candidate not in (KPLUS, KSTAR0)
    for i in range(first, last):
        n_good, n_all = clean_tracks(reco.tracks, i, cleanup, displaced, beams, objects)
        if cuts.jpsi:
            open_stream(stream, key, numbers[i], STAGE_RECONSTRUCTION, 0)
            n_good = make_control_event(stream, objects, n_good, cuts, cleanup, beams)
        if not cuts.tracks_low <= n_good <= cuts.tracks_high:
            flow[0] += 1
            continue
        n_photons = clean_photons(reco.clusters, i, cleanup, beams, objects)
        px, py, pz, e = _event_sums(objects, n_good, n_photons)
        p = math.sqrt(px * px + py * py + pz * pz)
        seen = 1 + (e > cuts.visible_energy)
        kept = 0
        if seen == 2 and p > 0.0 and cuts.missing_cos_low < -pz / p < cuts.missing_cos_high:
            seen = 3
            prepare_fits(reco.tracks, n_good, n_all, objects)
            found_here = find_candidates(objects, n_good, n_all, n_photons, cuts, found)
            kept = choose(found, found_here, cuts, beams, order)
            if kept > 0:
                seen = 4
                if cuts.kaon_id >= 0.0 and cuts.candidate == KPLUS and not cuts.kaon_id_before_choice:
                    passed = 0
                    for k in range(kept):
                        c = np.int64(order[k, 0])
                        if kaon_id(objects, found.tracks[c, 0], found) > cuts.kaon_id:
                            order[passed, 0] = c
                            passed += 1
                    kept = passed
                if kept > 0:
                    seen = 5
        if n + kept > out.shape[1]:
            return i, n
        for cut in range(seen + 1):
            flow[cut] += 1
        for k in range(kept):
            c = np.int64(order[k, 0])
            describe(reco, particles, i, n_good, n_photons, c, cuts, beams, objects, found, whole, charm, row)
            for column in range(row.shape[0]):
                out[column, n] = row[column]
            event[n], candidate[n], candidates[n] = i, k, kept
            n += 1
    return last, n
