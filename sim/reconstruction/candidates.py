"""Signal candidates of an event, K⁺, K_S, K*⁰ → K⁺π⁻, K*⁺ → K_S π⁺ and K⁺π⁰, and which of them to keep."""

import math
from typing import NamedTuple

import numpy as np

from physics.jit import kernel
from physics.kinematics import SPEED_OF_LIGHT, energy, invariant_mass
from physics.particles import KAON_MASS, PION_MASS
from sim.reconstruction.objects import MAX_TRACKS, K, global_id
from sim.reconstruction.selection import HIGHEST_PT, KPLUS, KSHORT, KSTAR0, LOWEST_Q2
from sim.reconstruction.vertices import (
    chi2_probability,
    crossing_point,
    relative_helix,
    vertex_fit,
    vertex_near_origin,
)

MAX_CANDIDATES = 256
"""Candidates of an event that are kept before the choice; the first found stay (an event has a few)."""
MAX_KSHORTS = 32
NONE, ONE, PAIR = np.int64(-1), np.int64(1), np.int64(2)
"""Typed: numba compiles a function anew for every literal integer it is called with."""
PREWINDOW = 0.05
"""K_S masses [GeV] are first looked at this far around the window, with momenta at the crossing point."""


class Found(NamedTuple):
    """Candidates of one event; positions are those in ``Objects``, −1 for none."""

    tracks: np.ndarray  # int64 (n, 3); the kaon first, or the two pions of the K_S
    photons: np.ndarray  # int64 (n, 2)
    lab: np.ndarray  # float64 (n, 4): px, py, pz, E [GeV]
    vertex: np.ndarray  # float64 (n, 4): x, y, z [cm] and p-value, of the K_S or the K*; NaN for a K⁺
    flight: np.ndarray  # float64 (n, 3): distance [cm], time [ns], cosine of the pointing angle of the K_S
    kshort_tracks: np.ndarray  # int64 (m, 2)
    kshort: np.ndarray  # float64 (m, 11): px, py, pz, E, x, y, z, p-value, distance, time, pointing
    ids: np.ndarray  # float64 (MAX_TRACKS,), kaonID of the tracks, −1 where not asked for
    fit_index: np.ndarray  # int64, rows of the tracks that are fitted
    fit: np.ndarray  # float64 (1, 10)
    free: np.ndarray  # float64 (6,), no beam-spot constraint


def new_found() -> Found:
    """Return scratch memory for one event."""
    return Found(
        np.zeros((MAX_CANDIDATES, 3), np.int64),
        np.zeros((MAX_CANDIDATES, 2), np.int64),
        np.zeros((MAX_CANDIDATES, 4)),
        np.zeros((MAX_CANDIDATES, 4)),
        np.zeros((MAX_CANDIDATES, 3)),
        np.zeros((MAX_KSHORTS, 2), np.int64),
        np.zeros((MAX_KSHORTS, 11)),
        np.zeros(MAX_TRACKS),
        np.zeros(MAX_TRACKS, np.int64),
        np.zeros((1, 10)),
        np.zeros(6),
    )


@kernel
def momentum_at(helix, lab, t, mass, x, y):
    """Momentum (px, py, pz, E) of track ``t``, ``lab`` at its POCA, where it passes (x, y)."""
    _, cosine, sine, _, _ = relative_helix(helix, t, x, y)
    pt2 = lab[t, 0] * lab[t, 0] + lab[t, 1] * lab[t, 1]
    pt, pz = math.sqrt(pt2), lab[t, 2]
    return pt * cosine, pt * sine, pz, math.sqrt(pt2 + pz * pz + mass * mass)


@kernel
def pair_momentum(helix, lab, i, j, mass_i, mass_j, x, y):
    """Sum (px, py, pz, E) of tracks ``i`` and ``j`` where they pass (x, y)."""
    ax, ay, az, ae = momentum_at(helix, lab, i, mass_i, x, y)
    bx, by, bz, be = momentum_at(helix, lab, j, mass_j, x, y)
    return ax + bx, ay + by, az + bz, ae + be


@kernel
def _add(found, n, t0, t1, t2, g0, g1, px, py, pz, e):
    """Write candidate ``n``; returns the next free entry, ``n`` when the memory is full."""
    if n == MAX_CANDIDATES:
        return n
    found.tracks[n, 0], found.tracks[n, 1], found.tracks[n, 2] = t0, t1, t2
    found.photons[n, 0], found.photons[n, 1] = g0, g1
    lab = found.lab[n]
    lab[0], lab[1], lab[2], lab[3] = px, py, pz, e
    found.vertex[n] = math.nan
    found.flight[n] = math.nan
    return n + 1


@kernel
def _copy_kshort(found, s, n):
    """Give candidate ``n`` the vertex and the flight of K_S number ``s``."""
    for k in range(4):
        found.vertex[n, k] = found.kshort[s, 4 + k]
    for k in range(3):
        found.flight[n, k] = found.kshort[s, 8 + k]


@kernel
def find_kshorts(objects, n_all, cuts, found):
    """Fill ``found.kshort`` with K_S → π⁺π⁻ of an event; returns their number."""
    n = np.int64(0)
    for i in range(n_all):
        for j in range(i):
            if objects.charge[i] == objects.charge[j] or n == MAX_KSHORTS:
                continue
            x, y, z = crossing_point(objects.helix, i, j)
            if not x * x + y * y < 100.0 * 100.0:  # inside the drift chamber
                continue
            px, py, pz, e = pair_momentum(objects.helix, objects.track_lab, i, j, PION_MASS, PION_MASS, x, y)
            m = invariant_mass(px, py, pz, e)
            if not cuts.kshort_mass_low - PREWINDOW < m < cuts.kshort_mass_high + PREWINDOW:
                continue
            if x * px + y * py + z * pz <= 0.0:
                continue
            found.fit_index[0], found.fit_index[1] = i, j
            x, y, z, chi2 = vertex_fit(
                objects.helix, objects.covariance, found.fit_index, PAIR, x, y, z, found.free, found.fit
            )
            probability = chi2_probability(chi2, ONE)
            if not probability > cuts.kshort_probability:
                continue
            px, py, pz, e = pair_momentum(objects.helix, objects.track_lab, i, j, PION_MASS, PION_MASS, x, y)
            m = invariant_mass(px, py, pz, e)
            distance = math.sqrt(x * x + y * y + z * z)
            p = math.sqrt(px * px + py * py + pz * pz)
            pointing = (x * px + y * py + z * pz) / (distance * p)
            time = distance * m / (p * SPEED_OF_LIGHT)
            if not cuts.kshort_mass_low < m < cuts.kshort_mass_high:
                continue
            if time > cuts.kshort_time and pointing > cuts.kshort_pointing:
                found.kshort_tracks[n, 0], found.kshort_tracks[n, 1] = i, j
                row = found.kshort[n]
                row[0], row[1], row[2], row[3] = px, py, pz, e
                row[4], row[5], row[6], row[7] = x, y, z, probability
                row[8], row[9], row[10] = distance, time, pointing
                n += 1
    return n


@kernel
def _is_kaon_track(objects, k, cuts):
    return objects.hits[k, 0] >= cuts.pxd_hits and objects.hits[k, 1] >= cuts.cdc_hits


@kernel
def kaon_id(objects, k, found):
    """KaonID of track ``k`` of ``objects``, computed once an event."""
    if found.ids[k] < 0.0:
        found.ids[k] = global_id(objects.log_likelihood[k], K)
    return found.ids[k]


@kernel
def find_candidates(objects, n_good, n_all, n_photons, cuts, found):
    """Fill ``found`` with all candidates of an event before the choice; returns their number."""
    for k in range(n_good):
        found.ids[k] = -1.0
    n = np.int64(0)
    if cuts.candidate == KPLUS:
        for k in range(n_good):
            if _is_kaon_track(objects, k, cuts) and (
                not cuts.kaon_id_before_choice or cuts.kaon_id < 0.0 or kaon_id(objects, k, found) > cuts.kaon_id
            ):
                lab = objects.track_lab[k]
                n = _add(
                    found,
                    n,
                    k,
                    NONE,
                    NONE,
                    NONE,
                    NONE,
                    lab[0],
                    lab[1],
                    lab[2],
                    energy(lab[0], lab[1], lab[2], KAON_MASS),
                )
        return n
    if cuts.candidate == KSTAR0:
        for k in range(n_good):
            if not _is_kaon_track(objects, k, cuts):
                continue
            if cuts.kaon_id >= 0.0 and kaon_id(objects, k, found) <= cuts.kaon_id:
                continue
            for i in range(n_good):
                if objects.charge[i] != -objects.charge[k]:
                    continue
                px, py, pz, e = pair_momentum(objects.helix, objects.track_lab, k, i, KAON_MASS, PION_MASS, 0.0, 0.0)
                if abs(invariant_mass(px, py, pz, e) - cuts.kstar0_mass) > cuts.kstar_window:
                    continue
                found.fit_index[0], found.fit_index[1] = k, i
                x, y, z, chi2 = vertex_near_origin(
                    objects.helix,
                    objects.covariance,
                    objects.normals,
                    found.fit_index,
                    PAIR,
                    found.free,
                    found.fit,
                )
                probability = chi2_probability(chi2, ONE)
                if probability > cuts.kstar_probability:
                    n = _add(found, n, k, i, NONE, NONE, NONE, px, py, pz, e)
                    vertex = found.vertex[n - 1]
                    vertex[0], vertex[1], vertex[2], vertex[3] = x, y, z, probability
        return n
    kshorts = find_kshorts(objects, n_all, cuts, found)
    for s in range(kshorts):
        row = found.kshort[s]
        i, j = found.kshort_tracks[s, 0], found.kshort_tracks[s, 1]
        if cuts.candidate == KSHORT:
            n = _add(found, n, i, j, NONE, NONE, NONE, row[0], row[1], row[2], row[3])
            _copy_kshort(found, s, n - 1)
            continue
        for k in range(n_good):
            if k in (i, j):
                continue
            lab = objects.track_lab[k]
            e = row[3] + energy(lab[0], lab[1], lab[2], PION_MASS)
            px, py, pz = row[0] + lab[0], row[1] + lab[1], row[2] + lab[2]
            if abs(invariant_mass(px, py, pz, e) - cuts.kstarplus_mass) < cuts.kstar_window:
                n = _add(found, n, i, j, k, NONE, NONE, px, py, pz, e)
                _copy_kshort(found, s, n - 1)
    if cuts.candidate != KSHORT:
        n = _find_kaon_pizero(objects, n_good, n_photons, cuts, found, n)
    return n


@kernel
def _find_kaon_pizero(objects, n_good, n_photons, cuts, found, n):
    """Add K*⁺ → K⁺π⁰, π⁰ → γγ."""
    for a in range(n_photons):
        for b in range(a):
            ga, gb = objects.photon_lab[a], objects.photon_lab[b]
            gx, gy, gz, ge = ga[0] + gb[0], ga[1] + gb[1], ga[2] + gb[2], ga[3] + gb[3]
            if not cuts.pizero_mass_low < invariant_mass(gx, gy, gz, ge) < cuts.pizero_mass_high:
                continue
            for k in range(n_good):
                if not _is_kaon_track(objects, k, cuts):
                    continue
                if cuts.kaon_id >= 0.0 and kaon_id(objects, k, found) <= cuts.kaon_id:
                    continue
                lab = objects.track_lab[k]
                px, py, pz = gx + lab[0], gy + lab[1], gz + lab[2]
                e = ge + energy(lab[0], lab[1], lab[2], KAON_MASS)
                if abs(invariant_mass(px, py, pz, e) - cuts.kstarplus_mass) < cuts.kstar_window:
                    n = _add(found, n, k, NONE, NONE, a, b, px, py, pz, e)
    return n


@kernel
def daughter_mass(found, c, k, cuts):
    """Mass [GeV] assumed for the ``k``-th track of candidate ``c``."""
    if k == 0 and has_kaon_track(found, c, cuts):
        return KAON_MASS
    return PION_MASS


@kernel
def has_kaon_track(found, c, cuts):
    """Whether the first track of candidate ``c`` is a charged kaon (else a pion of a K_S)."""
    if cuts.candidate in (KPLUS, KSTAR0):
        return True
    return found.photons[c, 0] >= 0


@kernel
def choose(found, n, cuts, beams, order):
    """Sort the candidates by the choice, best first, into ``order``; returns how many are to be kept.

    q²_rec falls with the c.m. energy for a candidate of given mass.
    """
    for c in range(n):
        lab = found.lab[c]
        if cuts.choice == LOWEST_Q2:
            e_cms = (lab[3] * beams.E - lab[0] * beams.px - lab[1] * beams.py - lab[2] * beams.pz) / beams.root_s
            m = invariant_mass(lab[0], lab[1], lab[2], lab[3])
            merit = beams.root_s * e_cms - m * m
        else:
            merit = lab[0] * lab[0] + lab[1] * lab[1]
        k = c
        while k > 0 and order[k - 1, 1] < merit:
            order[k, 0], order[k, 1] = order[k - 1, 0], order[k - 1, 1]
            k -= 1
        order[k, 0], order[k, 1] = c, merit
    if cuts.choice in (HIGHEST_PT, LOWEST_Q2):
        return min(n, 1)
    return n
