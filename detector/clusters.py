"""From showers to clusters: overlaps merged, tracks matched, thresholds applied, the record filled."""

import math

import numpy as np

from detector.background import background_showers
from detector.calorimeter import (
    ENERGY,
    OUTSIDE,
    PHI,
    THETA,
    cluster_region,
    resolution,
    timing_error,
)
from detector.flight import ORIGIN_DECAY
from detector.record import Clusters
from detector.showers import (
    ELECTRON,
    PHOTON,
    charged_shower,
    electromagnetic_shower,
    neutral_hadron_shower,
)
from physics.jit import kernel
from physics.particles import final_mass
from physics.random import STAGE_BACKGROUND, STAGE_CALORIMETER, normal, open_stream

MAX_DISTANCE = 250.0
"""Largest ``minC2TDist`` [cm] (basf2 ECLVariables.cc)."""
_CALIBRATION_SUBSTREAM = 65535  # no flight has this index: cluster times are drawn from it


def new_clusters(capacity: int, events: int) -> Clusters:
    """Return memory for ``capacity`` clusters of ``events`` events (``offsets[0] = 0``)."""
    integers = ("region", "track", "mc", "mcPDG")
    return Clusters(
        np.zeros(events + 1, np.int64),
        *(np.zeros(capacity, np.int32 if name in integers else np.float64) for name in Clusters._fields[1:]),
    )


def grown_clusters(clusters: Clusters) -> Clusters:
    """Return a copy with twice the capacity."""
    larger = new_clusters(2 * len(clusters.E), len(clusters.offsets) - 1)
    for old, new in zip(clusters, larger, strict=True):
        new[: len(old)] = old
    return larger


def trimmed_clusters(clusters: Clusters) -> Clusters:
    """Return views of the filled part."""
    n = clusters.offsets[-1]
    return Clusters(clusters.offsets, *(column[:n] for column in clusters[1:]))


@kernel
def carriers(flights, first, last, n_tracks, carrier):
    """Fill ``carrier[track]`` with the flight (index in the event) that carries a track on to the calorimeter.

    It is the track's own flight, or, after a decay in flight, the charged daughter; −1 where nothing arrives, −2 for
    a track without flight (a fake or a clone).
    """
    for t in range(n_tracks):
        carrier[t] = -2
    for i in range(first, last):
        t = flights.track[i]
        if t < 0 or carrier[t] >= 0:
            continue
        carrier[t] = -1
        if flights.region[i] > 0:
            carrier[t] = i - first
            continue
        for j in range(i + 1, last):  # a daughter begins where its mother ended
            if (
                flights.origin[j] == ORIGIN_DECAY
                and flights.charge[j] != 0
                and flights.region[j] > 0
                and flights.mc[j] == flights.mc[i]
                and abs(flights.x0[j] - flights.x[i]) + abs(flights.z0[j] - flights.z[i]) < 1.0
            ):
                carrier[t] = j - first
                break


@kernel
def event_showers(stream, key, event, flights, first, last, showers, depths, left, csi, calorimeter):
    """Showers of all flights of an event that reach the calorimeter; returns their number."""
    n = 0
    for i in range(first, last):
        k = i - first
        depths[k] = -1.0
        left[k] = 0.0
        if flights.region[i] <= 0:
            continue
        px, py, pz = flights.px[i], flights.py[i], flights.pz[i]
        p = math.sqrt(px * px + py * py + pz * pz)
        if p < 0.003:  # below a few MeV nothing reaches the cluster threshold
            continue
        open_stream(stream, key, event, STAGE_CALORIMETER, k)
        ux, uy, uz = px / p, py / p, pz / p
        x, y, z, t = flights.x[i], flights.y[i], flights.z[i], flights.t[i]
        pdg = np.int64(flights.pdg[i])
        species = abs(pdg)
        if species == 22:
            n = electromagnetic_shower(stream, showers, n, p, x, y, z, ux, uy, uz, t, PHOTON, k, calorimeter)
        elif species == 11:
            n = electromagnetic_shower(stream, showers, n, p, x, y, z, ux, uy, uz, t, ELECTRON, k, calorimeter)
        elif flights.charge[i] != 0:
            n = charged_shower(stream, showers, n, pdg, p, x, y, z, ux, uy, uz, t, k, depths, left, csi, calorimeter)
        else:
            mass = final_mass(pdg)
            if mass > 0.0:
                e = math.sqrt(p * p + mass * mass)
                n = neutral_hadron_shower(stream, showers, n, pdg, p, e, x, y, z, ux, uy, uz, t, k, depths, calorimeter)
    return n


@kernel
def merge_showers(showers, n, distance):
    """Merge every shower into a stronger one nearer than ``distance`` [cm]; the stronger one keeps place and shape.

    ``owner`` of a merged shower names the one it went to.
    """
    d2 = distance * distance
    for i in range(n):
        for j in range(i + 1, n):
            if showers.owner[i] >= 0:
                break
            if showers.owner[j] >= 0:
                continue
            dx, dy, dz = showers.x[i] - showers.x[j], showers.y[i] - showers.y[j], showers.z[i] - showers.z[j]
            if dx * dx + dy * dy + dz * dz > d2:
                continue
            strong, weak = (i, j) if showers.E[i] >= showers.E[j] else (j, i)
            total = showers.E[i] + showers.E[j]
            w = showers.E[weak] / total
            showers.x[strong] += w * (showers.x[weak] - showers.x[strong])
            showers.y[strong] += w * (showers.y[weak] - showers.y[strong])
            showers.z[strong] += w * (showers.z[weak] - showers.z[strong])
            # two maxima in one cluster: wider, with less in the centre
            showers.e1e9[strong] *= 1.0 - 0.6 * w
            showers.e9e21[strong] *= 1.0 - 0.5 * w
            showers.lat[strong] = min(0.98, showers.lat[strong] + 0.6 * w)
            showers.E[strong] = total
            showers.owner[weak] = strong


@kernel
def fill_clusters(
    stream, key, event, i_event, flights, first, showers, n, carrier, points, n_tracks, tracks, clusters, calorimeter
):
    """Write the clusters of an event behind the others and match them with tracks; False when the memory is full.

    ``tracks`` are the event's tracks from ``tracks.offsets[i_event]``; their column ``cluster`` is written.
    """
    out = clusters.offsets[i_event]
    start = out
    first_track = tracks.offsets[i_event]
    for t in range(tracks.offsets[i_event + 1] - first_track):
        tracks.cluster[first_track + t] = -1
    for t in range(n_tracks):  # where each track is three radiation lengths behind the face
        if carrier[t] < 0:
            continue
        i = first + carrier[t]
        p = math.sqrt(flights.px[i] ** 2 + flights.py[i] ** 2 + flights.pz[i] ** 2)
        f = 3.0 * calorimeter.radiation_length / max(p, 1e-6)
        points[t, 0] = flights.x[i] + f * flights.px[i]
        points[t, 1] = flights.y[i] + f * flights.py[i]
        points[t, 2] = flights.z[i] + f * flights.pz[i]
    open_stream(stream, key, event, STAGE_CALORIMETER, _CALIBRATION_SUBSTREAM)
    for s in range(n):
        if showers.owner[s] >= 0:
            continue
        energy = showers.E[s]
        if energy < calorimeter.threshold:
            continue
        x, y, z = showers.x[s], showers.y[s], showers.z[s]
        r = math.sqrt(x * x + y * y + z * z)
        region = cluster_region(z / r, calorimeter)
        if region == OUTSIDE:
            continue
        dt99 = timing_error(energy, showers.e1e9[s], calorimeter)
        timing = showers.t[s] + dt99 / 2.5758293 * normal(stream)
        if energy < calorimeter.timing_energy and abs(timing) > dt99:
            continue
        if out >= clusters.E.shape[0]:
            return False
        nearest, d2_nearest = -1, MAX_DISTANCE * MAX_DISTANCE
        ux, uy, uz = x / r, y / r, z / r
        for t in range(n_tracks):
            if carrier[t] < 0:
                continue
            dx, dy, dz = points[t, 0] - x, points[t, 1] - y, points[t, 2] - z
            along = dx * ux + dy * uy + dz * uz  # depths differ from shower to shower: compare across
            d2 = dx * dx + dy * dy + dz * dz - along * along
            if d2 < d2_nearest and abs(along) < 60.0:
                nearest, d2_nearest = t, d2
        distance = math.sqrt(max(d2_nearest, 0.0))
        clusters.E[out] = energy
        clusters.theta[out] = math.acos(z / r)
        clusters.phi[out] = math.atan2(y, x)
        clusters.r[out] = r
        clusters.E_error[out] = energy * resolution(energy, region, ENERGY, calorimeter)
        clusters.theta_error[out] = resolution(energy, region, THETA, calorimeter)
        clusters.phi_error[out] = resolution(energy, region, PHI, calorimeter)
        clusters.timing[out] = timing
        clusters.timing_error[out] = dt99
        clusters.E1E9[out] = showers.e1e9[s]
        clusters.E9E21[out] = showers.e9e21[s]
        clusters.LAT[out] = showers.lat[s]
        clusters.pulse_shape[out] = showers.pulse[s]
        # crystals above a few MeV grow with the logarithm of the energy and with the width (assumption)
        clusters.n_crystals[out] = max(1.0, (9.0 + 3.0 * math.log(energy / 0.1)) * (0.7 + showers.lat[s]))
        clusters.region[out] = region
        clusters.minC2TDist[out] = distance
        matched = nearest >= 0 and distance < calorimeter.match_distance
        clusters.track[out] = nearest if matched else -1
        if matched:
            old = tracks.cluster[first_track + nearest]
            if old < 0 or clusters.E[start + old] < energy:
                tracks.cluster[first_track + nearest] = out - start
        flight = showers.flight[s]
        clusters.mc[out] = -1 if flight < 0 else flights.mc[first + flight]
        clusters.mcPDG[out] = 0 if flight < 0 else flights.pdg[first + flight]
        out += 1
    clusters.offsets[i_event + 1] = out
    return True


@kernel
def measure_calorimeter(
    stream, key, event, i_event, flights, tracks, clusters, showers, depths, left, carrier, points, csi, calorimeter,
    background,
):  # fmt: skip
    """Clusters of event ``i_event`` (number ``event``) behind the others; False when their memory is full.

    Reads the flights, writes ``tracks.cluster``; leaves in ``depths`` and ``left`` what arrives at the muon system
    (see :mod:`detector.showers`) and in ``carrier`` the flight that each track ends with.
    """
    first, last = flights.offsets[i_event], flights.offsets[i_event + 1]
    n_tracks = tracks.offsets[i_event + 1] - tracks.offsets[i_event]
    carriers(flights, first, last, n_tracks, carrier)
    n = event_showers(stream, key, event, flights, first, last, showers, depths, left, csi, calorimeter)
    open_stream(stream, key, event, STAGE_BACKGROUND, 0)
    n = background_showers(stream, showers, n, background, calorimeter)
    merge_showers(showers, n, calorimeter.merging_distance)
    return fill_clusters(
        stream, key, event, i_event, flights, first, showers, n, carrier, points, n_tracks, tracks, clusters,
        calorimeter,
    )  # fmt: skip
